// SPDX-License-Identifier: MIT
// Opens a secret: proves the key, takes a lease, fetches, verifies, hands out. The keys stay in this worker.

import { anySignal, throwIfAborted } from '../base/abort';
import type { Api, Proof } from '../net/api';
import type { Info, OpenResponse } from '../net/messages';
import { concat, wipe, type Bytes } from '../base/bytes';
import type { OpenOrder, OpenResult, OpenedContent, SaveOrder } from './protocol';
import type { Report } from './report';
import { deriveKeys, HEADER_LENGTH, open, requireStrongCost, secretInput, type Opened } from '../crypto/envelope';
import { deriveGate } from '../crypto/gate';
import type { Metadata } from '../crypto/metadata';
import { ApiError, LostError } from '../net/errors';
import { Line } from '../net/line';
import { isTransient, serverDidNothing, withRetry, type RetryOptions, type Waiting } from '../net/retry';
import { scrypt } from '../crypto/scrypt';
import { Sink } from './sink';

const PATIENCE_OPEN = 20_000;
const PATIENCE_PARTS = 10 * 60_000;
/** Milliseconds after which no other try begins of what somebody waits for. */
const WITHIN_OPEN = 3 * 60_000;
const AHEAD = 3;

/** The part of an order that is kept. */
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
  private proof: Proof | null = null;
  /** The envelope, if it came with the response to open. */
  private content: Bytes | null = null;
  /** The first part, which was read for the name and is kept for the download. */
  private first: Bytes | null = null;

  constructor(api: Api) {
    this.api = api;
  }

  /**
   * Open what `order` names. With the same lease it gives the same view, however often it is repeated.
   *
   * @throws WeakCostError before anything is derived or sent, if a proof would be cheap to guess from
   * @throws LostError if a view may have been taken
   */
  async open(order: OpenOrder, report: Report, signal: AbortSignal): Promise<OpenResult> {
    const { id, lease, info, textMax } = order;
    this.claim = { id, lease, info, textMax };
    if (order.passphrase !== '') requireStrongCost(info.header);

    report({ phase: 'deriving', share: 0 });
    const proof = await this.prove(order, report);
    let result: OpenResult;
    try {
      throwIfAborted(signal);
      report({ phase: 'opening' });
      const response = await this.claimView(proof, report, signal);
      this.content = response.content;
      result = { viewsLeft: response.viewsLeft, ...(await this.inspect(report, signal)) };
    } catch (error) {
      wipeProof(proof);
      throw error;
    }

    // A file of several parts is still to be fetched. That needs the lease, and renewing it the proof.
    if ('file' in result && this.content === null && info.size > info.partSize) this.proof = proof;
    else wipeProof(proof);
    return result;
  }

  /** Repeat the open, so that the lease does not lapse while a file waits to be saved. */
  async renew(signal: AbortSignal): Promise<null> {
    const { id, lease } = this.claimed();
    if (this.proof === null) return null;
    // A copy: what is wiped meanwhile would be a wrong proof.
    const proof = { access: this.proof.access.slice(), gate: this.proof.gate?.slice() ?? null };
    const retry = { ...this.retry(PATIENCE_OPEN, () => undefined, signal), within: WITHIN_OPEN };
    await withRetry((attempt) => this.api.open(id, proof, lease, attempt, signal), retry).finally(() => wipeProof(proof));
    return null;
  }

  /** Write the file to its place. Resolves only if all of it verified. */
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
    wipeProof(this.proof);
    this.proof = null;
    await withRetry(() => this.api.confirm(id, lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  async burn(signal: AbortSignal): Promise<null> {
    const { id, lease } = this.claimed();
    await withRetry(() => this.api.burn(id, lease, signal), this.retry(PATIENCE_OPEN, () => undefined, signal));
    return null;
  }

  // Derive the keys and what the server is shown of them. Link key and passphrase are dropped.
  private async prove(order: OpenOrder, report: Report): Promise<Proof> {
    const { header, gate: hasGate } = order.info;
    const input = secretInput(order.linkKey, order.passphrase);
    const gate = hasGate ? await deriveGate(order.linkKey, header) : null;
    order.linkKey = order.passphrase = '';
    const { cipher, access } = await deriveKeys(header, input, scrypt, (share) => report({ phase: 'deriving', share }));
    this.cipher = cipher;
    return { access, gate };
  }

  // Take the view. A LostError means that it may have been counted without our knowing.
  private async claimView(proof: Proof, report: Report, signal: AbortSignal): Promise<OpenResponse> {
    const { id, lease } = this.claimed();
    let lost = false;
    const attemptOnce = async (attempt: number) => {
      const before = lost;
      lost = true; // until the server says otherwise
      try {
        return await this.api.open(id, proof, lease, attempt, signal);
      } catch (error) {
        if (serverDidNothing(error)) lost = before;
        throw error;
      }
    };
    try {
      return await withRetry(attemptOnce, { ...this.retry(PATIENCE_OPEN, report, signal), within: WITHIN_OPEN });
    } catch (error) {
      const decided = error instanceof ApiError && !isTransient(error);
      throw lost && !decided ? new LostError('the response to open', { cause: error }) : error;
    }
  }

  // Read what was opened. The view is taken, so a failure that passes loses nothing.
  private async inspect(report: Report, signal: AbortSignal): Promise<OpenedContent> {
    try {
      return await this.look(report, signal);
    } catch (error) {
      throw signal.aborted || isTransient(error) ? new LostError('the content', { cause: error }) : error;
    }
  }

  // Read the metadata, and the text itself if it is one.
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

  // The parts in order. The next few are fetched ahead.
  private async *parts(report: Report, signal: AbortSignal, within: number): AsyncGenerator<Uint8Array> {
    const { id, lease, info } = this.claimed();
    if (info.partSize === 0) throw new SyntaxError('part_size');
    const stop = new AbortController();
    const either = anySignal([signal, stop.signal]);
    const line = new Line(AHEAD, this.api.stall);
    const onWaiting = (why: Waiting) => {
      if (why === 'offline') line.cut();
      report({ phase: 'waiting', why });
    };
    const retry = { signal: either, patience: PATIENCE_PARTS, within, onWaiting };
    const count = Math.ceil(info.size / info.partSize);
    const pool: Bytes[] = [];
    const fetchPart = async (k: number) => {
      const buffer = pool.pop() ?? new Uint8Array(info.partSize);
      const part = buffer.subarray(0, info.size - k * info.partSize);
      await withRetry(() => line.turn(() => this.api.part(id, lease, k, part, either)), retry);
      return part;
    };
    const coming: Promise<Bytes>[] = [];
    try {
      this.first ??= await fetchPart(0);
      yield this.first.subarray(HEADER_LENGTH);
      for (let next = 1, k = 1; k < count; k++) {
        for (; next < count && next < k + line.sideBySide; next++) {
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

function wipeProof(proof: Proof | null): void {
  wipe(proof?.access, proof?.gate);
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

