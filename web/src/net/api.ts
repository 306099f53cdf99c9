// SPDX-License-Identifier: MIT
// The HTTP API as functions. Every failure is a ConnectionError, an ApiError, or the signal's reason.

import {
  readConfig, readCreated, readInfo, readOpenResponse, readReceipt,
  type Config, type Created, type Info, type OpenResponse, type Receipt,
} from './messages';
import { toBase64url, type Bytes } from '../base/bytes';
import { EnvelopeError } from '../crypto/envelope';
import { ApiError, ConnectionError } from './retry';
import { putWithProgress } from './put';

export interface NewSecret {
  verifier: Bytes;
  header: Bytes;
  views: number;
  ttl: number;
  attempts: number | null;
  passphrase: boolean;
  size: number;
  content: Bytes | null;
}

/** Milliseconds without a byte of a part until it is tried again; half of it for all of a short request. */
export const STALL = 60_000;
/** A slow connection hides in buffers that bytes move: each further try waits longer, up to this many times. */
const LONGEST = 8;
/** So many times for open: each try ends while the lease that it takes has a minute to live, for one more press of the button. */
const LONGEST_OPEN = 2;

type Json = Record<string, unknown>;

interface Call {
  method?: string;
  token?: string;
  json?: Json;
  signal?: AbortSignal;
  /** How often it was tried before, and how many times longer it may take at most for that. */
  attempt?: number;
  longest?: number;
  /** In place of a timeout: when it aborts, the connection is lost. */
  limit?: AbortSignal;
  /** Whether the request outlives the page. */
  keepalive?: boolean;
}

export class Api {
  private readonly base: string;
  private readonly stall: number;
  private readonly fetch: typeof fetch;

  /** `base` ends with a slash; paths of the API go behind it. */
  constructor(base: string, stall = STALL, fetcher: typeof fetch = (...args) => globalThis.fetch(...args)) {
    this.base = base;
    this.stall = stall;
    this.fetch = fetcher;
  }

  /** What stands in config.json, which a static host has beside the page. */
  async pageConfig(): Promise<unknown> {
    return this.json('config.json', {});
  }

  async config(signal?: AbortSignal): Promise<Config> {
    return readConfig(await this.json('api/v1/config', { signal }));
  }

  async create(secret: NewSecret, attempt: number, signal?: AbortSignal): Promise<Created> {
    const { verifier, header, views, ttl, attempts, passphrase, size, content } = secret;
    const json = {
      verifier: toBase64url(verifier), header: toBase64url(header), views, ttl, size, passphrase,
      ...(attempts === null ? {} : { attempts }),
      ...(content === null ? {} : { content: toBase64url(content) }),
    };
    return readCreated(await this.json('api/v1/secrets', { method: 'POST', json, attempt, signal }));
  }

  /** Send part `index`; `attempt` counts from 0 how often it was tried. */
  async putPart(id: string, token: string, index: number, bytes: Bytes, { attempt = 0, signal, onProgress }: {
    attempt?: number; signal?: AbortSignal; onProgress?: (sent: number) => void;
  }): Promise<void> {
    const response = await putWithProgress({
      url: `${this.base}api/v1/secrets/${id}/parts/${index}`,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' },
      // Bytes that are sent as such are copied into the page's memory and stay there until it is
      // collected; a blob's are not in the page.
      body: new Blob([bytes]), stall: this.stall * longer(attempt), signal, onProgress,
    });
    if (!response.ok) throw await refusal(response);
  }

  async complete(id: string, token: string, signal?: AbortSignal): Promise<void> {
    await this.call(`api/v1/secrets/${id}/complete`, { method: 'POST', token, signal });
  }

  async info(id: string, signal?: AbortSignal): Promise<Info> {
    return readInfo(await this.json(`api/v1/secrets/${id}`, { signal }));
  }

  async open(id: string, access: Bytes, lease: string, attempt: number, signal?: AbortSignal): Promise<OpenResponse> {
    const json = { access: toBase64url(access), lease };
    return readOpenResponse(await this.json(`api/v1/secrets/${id}/open`, { method: 'POST', json, attempt, longest: LONGEST_OPEN, signal }));
  }

  /**
   * Part `index`, which fills `into`. Less than that is a lost connection, more is a damaged
   * envelope; slow is neither, as long as bytes come.
   */
  async part(id: string, lease: string, index: number, into: Bytes, signal?: AbortSignal): Promise<void> {
    const stall = new AbortController();
    const stalled = () => stall.abort();
    let timer = setTimeout(stalled, this.stall);
    try {
      const { body } = await this.call(`api/v1/secrets/${id}/parts/${index}`, { token: lease, signal, limit: stall.signal });
      await fillFrom(body!.getReader(), into, () => {
        clearTimeout(timer);
        timer = setTimeout(stalled, this.stall);
      });
    } catch (error) {
      signal?.throwIfAborted();
      stall.abort(); // nothing more of it is wanted
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async confirm(id: string, lease: string, signal?: AbortSignal): Promise<void> {
    await this.call(`api/v1/secrets/${id}/lease`, { method: 'DELETE', token: lease, signal });
  }

  async burn(id: string, token: string, signal?: AbortSignal): Promise<void> {
    await this.call(`api/v1/secrets/${id}`, { method: 'DELETE', token, signal });
  }

  /** Burn it while the page ends: what comes of it nobody hears. */
  burnAndLeave(id: string, token: string): void {
    this.call(`api/v1/secrets/${id}`, { method: 'DELETE', token, keepalive: true }).catch(() => undefined);
  }

  async receipt(id: string, token: string, signal?: AbortSignal): Promise<Receipt> {
    return readReceipt(await this.json(`api/v1/secrets/${id}/receipt`, { token, signal }));
  }

  /** The classic API: the server decrypts. */
  async decryptClassic(id: string, passphrase: string, signal?: AbortSignal): Promise<{ data: string; fileName: string | null }> {
    const json = { secret_id: id, passphrase };
    // Whole files come in one answer, and one that is given up has used an opening.
    const limit = AbortSignal.timeout(this.stall * LONGEST);
    const answer = await this.json('decrypt', { method: 'POST', json, signal, limit });
    const name = answer['file_name'];
    if (typeof answer['data'] !== 'string') throw new SyntaxError('data');
    return { data: answer['data'], fileName: typeof name === 'string' ? name : null };
  }

  private async json(path: string, call: Call): Promise<Json> {
    const body = await this.body(await this.call(path, call));
    return parseObject(new TextDecoder().decode(body));
  }

  private async body(response: Response): Promise<Bytes> {
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw new ConnectionError('the answer was cut off', { cause: error });
    }
  }

  private async call(path: string, call: Call): Promise<Response> {
    const { method = 'GET', token, json, signal, attempt = 0, longest = LONGEST, keepalive = false } = call;
    const limit = call.limit ?? AbortSignal.timeout((this.stall / 2) * longer(attempt, longest));
    const headers: Record<string, string> = {};
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    try {
      response = await this.fetch(this.base + path, {
        method, headers, body: json === undefined ? null : JSON.stringify(json),
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        keepalive, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer', redirect: 'error',
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new ConnectionError('no answer', { cause: error });
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

async function fillFrom(reader: ReadableStreamDefaultReader<Uint8Array>, into: Bytes, onProgress: () => void): Promise<void> {
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new ConnectionError('the answer was cut off', { cause });
    });
    if (done) break;
    if (filled + value.length > into.length) throw new EnvelopeError('payload failure', 'a part is too long');
    into.set(value, filled);
    filled += value.length;
    onProgress();
  }
  if (filled < into.length) throw new ConnectionError('the answer was cut off');
}

function parseObject(text: string): Json {
  const json = JSON.parse(text) as unknown;
  if (typeof json !== 'object' || json === null) throw new SyntaxError('not an object');
  return json as Json;
}

function longer(attempt: number, longest = LONGEST): number {
  return Math.min(longest, 2 ** attempt);
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  let details: Json = {};
  try {
    const text = await response.text();
    if (text !== '') details = parseObject(text);
  } catch {
    // An answer of a proxy on the way: its status is all there is.
  }
  return new ApiError(response.status, details, Number.isNaN(retryAfter) ? null : retryAfter);
}
