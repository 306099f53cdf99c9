// SPDX-License-Identifier: MIT
// Open: prove the key, take a lease, fetch, verify, hand out.  The keys stay in this worker.

import type { Api } from '../net/api';
import type { Info, OpenResponse } from '../net/messages';
import { concat, wipe, type Bytes } from '../base/bytes';
import type { OpenOrder, OpenResult, Progress, SaveOrder, OpenedContent } from './protocol';
import { deriveKeys, HEADER_LENGTH, open, secretInput, type Opened } from '../crypto/envelope';
import type { Metadata } from '../crypto/metadata';
import { ApiError, isTransient, serverDidNothing, LostError, withRetry, type RetryOptions } from '../net/retry';
import { noble } from '../crypto/scrypt';
import { Sink } from './sink';

const PATIENCE_OPEN = 20_000;
const PATIENCE_PARTS = 10 * 60_000;
/** No try of what someone waits for begins later than this. */
const WITHIN_OPEN = 3 * 60_000;
const AHEAD = 3;

type Report = (progress: Progress) => void;

/** What is kept of an order. */
interface Claim {
  id: string;
  lease: string;
  info: Info;
  textMax: number;
}

export class Opening {
  private readonly api: Api;
  private claim: Claim | null = null;
  private cipher: CryptoKey | null = null;
  /** The proof, as long as the lease may have to be renewed. */
  private access: Bytes | null = null;
  /** The envelope, where it came with the answer. */
  private content: Bytes | null = null;
  /** The first part: looked at for the name, and kept for the download. */
  private first: Bytes | null = null;

  constructor(api: Api) {
    this.api = api;
  }

  /** Repeating it with the same lease gives the same view. */
  async open(order: OpenOrder, report: Report, signal: AbortSignal): Promise<OpenResult> {
    report({ phase: 'deriving' });
    const { id, lease, info, textMax } = order;
    this.claim = { id, lease, info, textMax };
    const { cipher, access } = await deriveKeys(info.header, secretInput(order.linkKey, order.passphrase), noble);
    order.linkKey = order.passphrase = ''; // held no longer than it takes to derive the keys
    this.cipher = cipher;
    let result: OpenResult;
    try {
      signal.throwIfAborted();
      report({ phase: 'opening' });
      const answer = await this.claimView(access, report, signal);
      this.content = answer.content;
      result = { viewsLeft: answer.viewsLeft, ...(await this.inspect(report, signal)) };
    } catch (error) {
      wipe(access);
      throw error;
    }
    // A file of several parts is still to be fetched: that takes the lease, and the lease the proof.
    if ('file' in result && this.content === null && info.size > info.partSize) this.access = access;
    else wipe(access);
    return result;
  }

  /** Put off the moment at which the lease lapses, where something still hangs on it: the same open once more. */
  async renew(signal: AbortSignal): Promise<null> {
    const { id, lease } = this.claimed();
    if (this.access === null) return null;
    const access = this.access.slice(); // what is wiped meanwhile would be a wrong proof
    const retry = { ...this.retry(PATIENCE_OPEN, () => undefined, signal), within: WITHIN_OPEN };
    await withRetry((attempt) => this.api.open(id, access, lease, attempt, signal), retry).finally(() => wipe(access));
    return null;
  }

  /** Write the file to where it shall go. Ends without an error only if all of it verified. */
  async save(order: SaveOrder, report: Report, signal: AbortSignal): Promise<Blob | null> {
    const sink = await Sink.to(order);
    try {
      let done = 0;
      let total = 0;
      for await (const block of this.blocks(report, signal)) {
        if ('meta' in block) {
          total = block.meta.size;
          continue;
        }
        await sink.write(block.bytes);
        done += block.bytes.length;
        report({ phase: 'moving', done, total });
      }
      report({ phase: 'finishing' });
      return await sink.close();
    } catch (error) {
      await sink.abort();
      throw error;
    }
  }

  async confirm(signal: AbortSignal): Promise<null> {
    const { id, lease } = this.claimed();
    wipe(this.access);
    this.access = null;
    await withRetry(() => this.api.confirm(id, lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  async burn(signal: AbortSignal): Promise<null> {
    const { id, lease } = this.claimed();
    await withRetry(() => this.api.burn(id, lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  // The view. A LostError is one that may have been counted without our knowing.
  private async claimView(access: Bytes, report: Report, signal: AbortSignal): Promise<OpenResponse> {
    const { id, lease } = this.claimed();
    let lost = false;
    const attemptOnce = async (attempt: number) => {
      const before = lost;
      lost = true; // until the server says otherwise
      try {
        return await this.api.open(id, access, lease, attempt, signal);
      } catch (error) {
        if (serverDidNothing(error)) lost = before;
        throw error;
      }
    };
    try {
      return await withRetry(attemptOnce, { ...this.retry(PATIENCE_OPEN, report, signal), within: WITHIN_OPEN });
    } catch (error) {
      const decided = error instanceof ApiError && !isTransient(error);
      throw lost && !decided ? new LostError('the answer to open', { cause: error }) : error;
    }
  }

  // The view is taken: what keeps us from looking at it loses nothing.
  private async inspect(report: Report, signal: AbortSignal): Promise<OpenedContent> {
    try {
      return await this.look(report, signal);
    } catch (error) {
      throw signal.aborted || isTransient(error) ? new LostError('the content', { cause: error }) : error;
    }
  }

  // The metadata; and the text itself, if that is what it is.
  private async look(report: Report, signal: AbortSignal): Promise<OpenedContent> {
    const { textMax } = this.claimed();
    let meta: Metadata | null = null;
    const text: Bytes[] = [];
    for await (const block of this.blocks(report, signal, WITHIN_OPEN)) {
      if ('meta' in block) {
        meta = block.meta;
        if (meta.name !== undefined) return { file: { name: meta.name, type: meta.type ?? '', size: meta.size } };
        if (meta.size > textMax) return { file: { name: 'secret.txt', type: 'text/plain', size: meta.size } };
      } else text.push(block.bytes);
    }
    const bytes = concat(text);
    wipe(...text);
    try {
      return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      return { file: { name: 'secret.bin', type: '', size: bytes.length } };
    } finally {
      wipe(bytes);
    }
  }

  private async *blocks(report: Report, signal: AbortSignal, within = Infinity): AsyncGenerator<Opened> {
    const { info } = this.claimed();
    const source = this.content === null ? this.parts(report, signal, within) : one(this.content.subarray(HEADER_LENGTH));
    yield* open(info.header, this.cipher!, source);
  }

  // The parts in order, the next few already on their way.
  private async *parts(report: Report, signal: AbortSignal, within: number): AsyncGenerator<Uint8Array> {
    const { id, lease, info } = this.claimed();
    if (info.partSize === 0) throw new SyntaxError('part_size');
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const retry = { ...this.retry(PATIENCE_PARTS, report, either), within };
    const count = Math.ceil(info.size / info.partSize);
    const pool: Bytes[] = [];
    const fetchPart = async (k: number) => {
      const buffer = pool.pop() ?? new Uint8Array(info.partSize);
      const part = buffer.subarray(0, info.size - k * info.partSize);
      await withRetry(() => this.api.part(id, lease, k, part, either), retry);
      return part;
    };
    const coming: Promise<Bytes>[] = [];
    try {
      this.first ??= await fetchPart(0);
      yield this.first.subarray(HEADER_LENGTH);
      for (let next = 1, k = 1; k < count; k++) {
        for (; next < count && next < k + AHEAD; next++) {
          const part = fetchPart(next);
          part.catch(() => undefined); // reported where it is awaited
          coming.push(part);
        }
        const part = await coming.shift()!;
        yield part;
        pool.push(new Uint8Array(part.buffer));
      }
    } finally {
      stop.abort();
    }
  }

  private retry(patience: number, report: Report, signal: AbortSignal): RetryOptions {
    return { signal, patience, onWaiting: (why) => report({ phase: 'waiting', why }) };
  }

  private claimed(): Claim {
    if (this.claim === null) throw new TypeError('nothing is open');
    return this.claim;
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

