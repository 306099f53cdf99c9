// SPDX-License-Identifier: MIT
// Open: prove the key, take a lease, fetch, verify, hand out.  Keys and lease stay in this worker.

import type { Api } from '../api';
import { concat, wipe, type Bytes } from '../bytes';
import type { OpenOrder, OpenResult, Progress, SaveOrder } from '../engine.model';
import { deriveKeys, HEADER_LENGTH, open, secretInput, type Keys, type Opened } from '../envelope';
import type { Metadata } from '../metadata.model';
import { mintToken } from '../random';
import { withRetry, type RetryOptions } from '../retry';
import { noble } from './derive';
import { Sink } from './sink';

const PATIENCE_OPEN = 20_000;
const PATIENCE_PARTS = 10 * 60_000;
const AHEAD = 3;

type Report = (progress: Progress) => void;

export class Opening {
  private readonly api: Api;
  private readonly lease = mintToken();
  private order: OpenOrder | null = null;
  private keys: Keys | null = null;
  /** The envelope, where it came with the answer. */
  private content: Bytes | null = null;
  /** The first part: looked at for the name, and kept for the download. */
  private first: Bytes | null = null;

  constructor(api: Api) {
    this.api = api;
  }

  /** Repeating it uses the same lease, so the same view. */
  async open(order: OpenOrder, report: Report, signal: AbortSignal): Promise<OpenResult> {
    report({ phase: 'deriving' });
    const { id, info, linkKey, passphrase } = order;
    this.order = order;
    this.keys = await deriveKeys(info.header, secretInput(linkKey, passphrase), noble);
    signal.throwIfAborted();
    const { access } = this.keys;
    report({ phase: 'opening' });
    const retry = this.retry(PATIENCE_OPEN, report, signal);
    const answer = await withRetry((attempt) => this.api.open(id, access, this.lease, attempt, signal), retry);
    wipe(access);
    this.content = answer.content;
    return { viewsLeft: answer.viewsLeft, ...(await this.look(report, signal)) };
  }

  /** Write the file to where it shall go. Ends without an error only if all of it verified. */
  async save(order: SaveOrder, report: Report, signal: AbortSignal): Promise<Blob | null> {
    const sink = await Sink.to(order);
    try {
      let done = 0;
      let total = 0;
      for await (const piece of this.pieces(report, signal)) {
        if ('meta' in piece) {
          total = piece.meta.size;
          continue;
        }
        await sink.write(piece.bytes);
        done += piece.bytes.length;
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
    const { id } = this.opened();
    await withRetry(() => this.api.confirm(id, this.lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  async burn(signal: AbortSignal): Promise<null> {
    const { id } = this.opened();
    await withRetry(() => this.api.burn(id, this.lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  // The metadata; and the text itself, if that is what it is.
  private async look(report: Report, signal: AbortSignal): Promise<{ text: string } | { file: { name: string; type: string; size: number } }> {
    const { textMax } = this.opened();
    let meta: Metadata | null = null;
    const text: Bytes[] = [];
    for await (const piece of this.pieces(report, signal)) {
      if ('meta' in piece) {
        meta = piece.meta;
        if (meta.name !== undefined) return { file: { name: meta.name, type: meta.type ?? '', size: meta.size } };
        if (meta.size > textMax) return { file: { name: 'secret.txt', type: 'text/plain', size: meta.size } };
      } else text.push(piece.bytes);
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

  private async *pieces(report: Report, signal: AbortSignal): AsyncGenerator<Opened> {
    const { info } = this.opened();
    const source = this.content === null ? this.parts(report, signal) : one(this.content.subarray(HEADER_LENGTH));
    yield* open(info.header, this.keys!, source);
  }

  // The parts in order, the next few already on their way.
  private async *parts(report: Report, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { id, info } = this.opened();
    if (info.partSize === 0) throw new SyntaxError('part_size');
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const retry = this.retry(PATIENCE_PARTS, report, either);
    const count = Math.ceil(info.size / info.partSize);
    const pool: Bytes[] = [];
    const fetchPart = async (k: number) => {
      const buffer = pool.pop() ?? new Uint8Array(info.partSize);
      const part = buffer.subarray(0, info.size - k * info.partSize);
      await withRetry(() => this.api.part(id, this.lease, k, part, either), retry);
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

  private opened(): OpenOrder {
    if (this.order === null) throw new TypeError('nothing is open');
    return this.order;
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

