// SPDX-License-Identifier: MIT
// The HTTP API as functions. Each rejects with a ConnectionError, an ApiError, an IntermediaryError,
// a SyntaxError if the server's own response makes no sense, or the signal's reason.

import { anySignal, throwIfAborted, timeoutSignal } from '../base/abort';
import { toBase64url, type Bytes } from '../base/bytes';
import { EnvelopeError } from '../crypto/envelope';
import { ConnectionError, IntermediaryError } from './errors';
import {
  readClassic, readConfig, readCreated, readInfo, readOpenResponse, readReceipt,
  type Classic, type Config, type Created, type Info, type OpenResponse, type Receipt,
} from './messages';
import { NO_RESPONSE, putWithProgress } from './put';
import { checkResponse, isMarked, readJson, type Expected, type Json } from './response';

/** What a secret is created from. */
export interface NewSecret {
  verifier: Bytes;
  header: Bytes;
  views: number;
  ttl: number;
  /** Wrong passphrases after which it is locked; null for no limit. Needs a gate. */
  attempts: number | null;
  /** Null for a server that knows no gate. */
  gateVerifier: Bytes | null;
  passphrase: boolean;
  size: number;
  /** Null if parts follow. */
  content: Bytes | null;
}

/** What the answer to a request begins with. */
export type NewAnswer = Pick<NewSecret, 'verifier' | 'header' | 'size' | 'content'>;

/** What proves that an opener may open. */
export interface Proof {
  access: Bytes;
  /** Sent exactly where the secret has a gate. */
  gate: Bytes | null;
}

/** Milliseconds without a byte of a part until it is tried again. A short request gets half of it in all. */
export const STALL = 60_000;
/** Each further try may take twice as long as the one before, up to this many times: slow lines hide in buffers. */
const LONGEST = 8;
/** The same for open: each try must end while the lease that it takes has a minute to live. */
const LONGEST_OPEN = 2;
const PROBE_LIMIT = 5000;

export interface Call {
  method?: string;
  token?: string;
  json?: Json;
  signal?: AbortSignal;
  expected?: Expected;
  /** How often it was tried before, and how many times longer it may take at most for that. */
  attempt?: number;
  longest?: number;
  /** In place of a timeout: when it aborts, the connection is lost. */
  limit?: AbortSignal;
  /** Whether the request outlives the page. */
  keepalive?: boolean;
}

export class Api {
  /** The address of the server, ending with a slash. */
  readonly base: string;
  /** Milliseconds without a byte until a connection counts as lost. */
  readonly stall: number;
  private readonly fetch: typeof fetch;
  private marks: boolean;
  /** Something before the server may claim Authorization for itself. */
  private tokenHeader: 'Authorization' | 'Secrets-Token' = 'Authorization';

  /**
   * @param base the address of the server, ending with a slash
   * @param marks whether the server is known to mark its responses; config() finds out
   */
  constructor(base: string, marks = false, stall = STALL, fetcher: typeof fetch = (...args) => globalThis.fetch(...args)) {
    this.base = base;
    this.marks = marks;
    this.stall = stall;
    this.fetch = fetcher;
  }

  /** The server's name, as a person knows it. */
  get host(): string {
    return new URL(this.base).host;
  }

  /** Whether the server marks its responses: then one without the mark is not believed. */
  get isStrict(): boolean {
    return this.marks;
  }

  /** The content of config.json, which a static host has next to the page. */
  async pageConfig(): Promise<Json> {
    const response = await this.send('config.json', {});
    if (!response.ok || response.type === 'opaqueredirect') throw new IntermediaryError(response.status);
    return readJson(response, (json) => json);
  }

  async config(signal?: AbortSignal): Promise<Config> {
    const response = await this.call('api/v1/config', { signal, expected: 'json' });
    const config = await readJson(response, readConfig);
    this.marks = isMarked(response);
    return config;
  }

  /** With an API token if the visitor has the right to create by it alone. */
  async create(secret: NewSecret, apiToken: string | null, attempt: number, signal?: AbortSignal): Promise<Created> {
    const { verifier, header, views, ttl, attempts, gateVerifier, passphrase, size, content } = secret;
    const json: Json = { verifier: toBase64url(verifier), header: toBase64url(header), views, ttl, size, passphrase };
    if (gateVerifier !== null) json['gate_verifier'] = toBase64url(gateVerifier);
    if (attempts !== null) json['attempts'] = attempts;
    if (content !== null) json['content'] = toBase64url(content);
    return this.json('api/v1/secrets', { method: 'POST', json, token: apiToken ?? undefined, attempt, signal }, readCreated);
  }

  /** Send part `index`; `attempt` counts from 0 how often it was tried. */
  async putPart(id: string, token: string, index: number, bytes: Bytes, { attempt = 0, signal, onProgress }: {
    attempt?: number; signal?: AbortSignal; onProgress?: (sent: number) => void;
  }): Promise<void> {
    // Bytes sent as such are copied into the page's memory until it is collected; those of a blob are not.
    const body = new Blob([bytes]);
    const put = (headers: Record<string, string>) => putWithProgress({
      url: `${this.base}api/v1/secrets/${id}/parts/${index}`,
      headers: { ...headers, 'Content-Type': 'application/octet-stream' },
      body, stall: this.stall * longer(attempt), signal, onProgress,
    });

    try {
      await this.withToken(token, async (headers) => checkResponse(await put(headers), 'nothing', this.marks));
    } catch (error) {
      // A redirect to another origin fails like a lost connection.
      if (error instanceof ConnectionError && error.message === NO_RESPONSE) await this.refuseRedirect(signal);
      throw error;
    }
  }

  /** All parts are sent. The answer to a request also needs its wrap. */
  async complete(id: string, token: string, wrap: Bytes | null = null, signal?: AbortSignal): Promise<void> {
    const json = wrap === null ? undefined : { wrap: toBase64url(wrap) };
    await this.call(`api/v1/secrets/${id}/complete`, { method: 'POST', json, token, signal });
  }

  /** Begin the answer to the request `id`. It is like a secret from then on, and complete() delivers it. */
  async beginAnswer(id: string, gate: Bytes, answer: NewAnswer, attempt: number, signal?: AbortSignal): Promise<Created> {
    const { verifier, header, size, content } = answer;
    const json: Json = { gate: toBase64url(gate), verifier: toBase64url(verifier), header: toBase64url(header), size };
    if (content !== null) json['content'] = toBase64url(content);
    return this.json(`api/v1/requests/${id}/answers`, { method: 'POST', json, attempt, signal }, readCreated);
  }

  async info(id: string, signal?: AbortSignal): Promise<Info> {
    return this.json(`api/v1/secrets/${id}`, { signal }, readInfo);
  }

  async open(id: string, { access, gate }: Proof, lease: string, attempt: number, signal?: AbortSignal): Promise<OpenResponse> {
    const json: Json = { access: toBase64url(access), lease };
    if (gate !== null) json['gate'] = toBase64url(gate);
    return this.json(`api/v1/secrets/${id}/open`, { method: 'POST', json, attempt, longest: LONGEST_OPEN, signal }, readOpenResponse);
  }

  /**
   * Fetch part `index` into `into`, which it fills. Fewer bytes are a lost connection, more are a
   * damaged envelope. It may be slow as long as bytes come.
   */
  async part(id: string, lease: string, index: number, into: Bytes, signal?: AbortSignal): Promise<void> {
    const stall = new AbortController();
    const stalled = () => stall.abort();
    let timer = setTimeout(stalled, this.stall);
    try {
      const { body } = await this.call(`api/v1/secrets/${id}/parts/${index}`, { token: lease, signal, limit: stall.signal, expected: 'bytes' });
      await fillFrom(body!.getReader(), into, () => {
        clearTimeout(timer);
        timer = setTimeout(stalled, this.stall);
      });
    } catch (error) {
      throwIfAborted(signal);
      stall.abort(); // the rest of the body is not needed
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

  /** Burn it while the page ends. The outcome is not reported. */
  burnAndLeave(id: string, token: string): void {
    this.call(`api/v1/secrets/${id}`, { method: 'DELETE', token, keepalive: true }).catch(() => undefined);
  }

  async receipt(id: string, token: string, signal?: AbortSignal): Promise<Receipt> {
    return this.json(`api/v1/secrets/${id}/receipt`, { token, signal }, readReceipt);
  }

  /** The classic API, with which the server decrypts. */
  async decryptClassic(id: string, passphrase: string, signal?: AbortSignal): Promise<Classic> {
    const json = { secret_id: id, passphrase };
    // A whole file comes in one response, and giving up on it would waste an opening.
    const limit = timeoutSignal(this.stall * LONGEST);
    return this.json('decrypt', { method: 'POST', json, signal, limit, expected: 'decryption' }, readClassic);
  }

  /** A request whose response is JSON, from which `read` makes the result. */
  async json<T>(path: string, call: Call, read: (json: Json) => T): Promise<T> {
    return readJson(await this.call(path, { expected: 'json', ...call }), read);
  }

  /** One request. Resolves to a response that is the server's and a success. */
  async call(path: string, call: Call): Promise<Response> {
    const { token, expected = 'nothing' } = call;
    return this.withToken(token, async (headers) => {
      const response = await this.send(path, call, headers);
      await checkResponse(response, expected, this.marks);
      return response;
    });
  }

  // Proxies that ask for a password claim Authorization, and answer 401 to ours: the other header passes.
  private async withToken<T>(token: string | undefined, run: (headers: Record<string, string>) => Promise<T>): Promise<T> {
    if (token === undefined) return run({});
    // Of several requests at once each has to be sent again, whoever learned first.
    const { tokenHeader } = this;
    try {
      return await run(this.headersFor(token));
    } catch (error) {
      const isClaimed = error instanceof IntermediaryError && error.status === 401 && tokenHeader === 'Authorization';
      if (!isClaimed) throw error;
      this.tokenHeader = 'Secrets-Token';
      return run(this.headersFor(token));
    }
  }

  private headersFor(token: string): Record<string, string> {
    return this.tokenHeader === 'Authorization' ? { Authorization: `Bearer ${token}` } : { 'Secrets-Token': token };
  }

  private async send(path: string, call: Call, headers: Record<string, string> = {}): Promise<Response> {
    const { method = 'GET', json, signal, attempt = 0, longest = LONGEST, keepalive = false } = call;
    const limit = call.limit ?? timeoutSignal((this.stall / 2) * longer(attempt, longest));
    try {
      return await this.fetch(this.base + path, {
        method,
        headers: json === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
        body: json === undefined ? null : JSON.stringify(json),
        signal: signal === undefined ? limit : anySignal([signal, limit]),
        // Its own origin may sit behind a sign-in; no other one gets a cookie.
        credentials: 'same-origin',
        keepalive, cache: 'no-store', referrerPolicy: 'no-referrer', redirect: 'manual',
      });
    } catch (error) {
      throwIfAborted(signal);
      throw new ConnectionError(NO_RESPONSE, { cause: error });
    }
  }

  private async refuseRedirect(signal?: AbortSignal): Promise<void> {
    const response = await this.send('api/v1/config', { signal, limit: timeoutSignal(PROBE_LIMIT) }).catch(() => null);
    if (response?.type === 'opaqueredirect') throw new IntermediaryError(0);
  }
}

async function fillFrom(reader: ReadableStreamDefaultReader<Uint8Array>, into: Bytes, onProgress: () => void): Promise<void> {
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new ConnectionError('the response was cut off', { cause });
    });
    if (done) break;

    if (filled + value.length > into.length) throw new EnvelopeError('payload failure', 'a part is too long');
    into.set(value, filled);
    filled += value.length;
    onProgress();
  }
  if (filled < into.length) throw new ConnectionError('the response was cut off');
}

function longer(attempt: number, longest = LONGEST): number {
  return Math.min(longest, 2 ** attempt);
}
