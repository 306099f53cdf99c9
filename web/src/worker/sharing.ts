// SPDX-License-Identifier: MIT
// Shares a secret: seals while it reads, sends parts side by side, keeps each until the server has it.

import type { Api, NewSecret } from '../net/api';
import type { Created } from '../net/messages';
import { concat, utf8, wipe, type Bytes } from '../base/bytes';
import type { ShareOrder, Shared } from './protocol';
import type { Report } from './report';
import {
  COST_KEY, COST_PASSPHRASE, deriveKeys, envelopeLength, seal, secretInput, verifierOf, writeHeader,
} from '../crypto/envelope';
import { fitName, fitType, type Metadata } from '../crypto/metadata';
import { deriveGate, gateVerifierOf } from '../crypto/gate';
import { mintLinkKey, randomBytes } from '../base/random';
import { Line } from '../net/line';
import { withRetry, type RetryOptions, type Waiting } from '../net/retry';
import { ApiError, IntermediaryError } from '../net/errors';
import { failureOf } from '../model/failure';
import { abortReason, anySignal, throwIfAborted } from '../base/abort';
import type { Pause } from './pause';
import { zip, zipLength, type ZipEntry } from '../base/zip';
import { scrypt } from '../crypto/scrypt';

const ATTEMPTS = 10;
const SIDE_BY_SIDE = 3;
const PATIENCE = 5 * 60_000;
const SLICE = 1 << 18;

interface Source {
  meta: Metadata;
  bytes: () => AsyncIterable<Uint8Array>;
}

/** Share what `order` names, or begin an answer with it. An upload that something before the server refuses waits in `pause`. */
export async function share(api: Api, order: ShareOrder, pause: Pause, report: Report, signal: AbortSignal): Promise<Shared> {
  const { meta, bytes } = sourceOf(order);
  const strong = order.passphrase !== '' || order.keyApart;
  const header = writeHeader(strong ? COST_PASSPHRASE : COST_KEY, randomBytes(24));
  const linkKey = mintLinkKey();
  report({ phase: 'deriving', share: 0 });
  const keys = await deriveKeys(header, secretInput(linkKey, order.passphrase), scrypt, (done) => report({ phase: 'deriving', share: done }));
  report({ phase: 'deriving', share: 1 });
  throwIfAborted(signal);

  const size = envelopeLength(meta);
  const sealed = seal(header, keys, meta, bytes());
  const content = size <= order.inlineMax ? await all(sealed) : null;
  const options = retryOptions(report, signal);
  const passphrase = order.passphrase !== '';
  const secret: NewSecret = {
    verifier: await verifierOf(keys.access), header, views: order.views, ttl: order.ttl, size, content, passphrase,
    gateVerifier: order.gate ? await makeGateVerifier(linkKey, header) : null,
    // Without a gate, anybody who has the id could use the attempts up.
    attempts: passphrase && order.gate ? ATTEMPTS : null,
  };
  wipe(keys.access);

  const created = await withRetry((attempt) => begin(api, order, secret, attempt, signal), options);
  const { id, ownerToken } = created;
  // Until it is whole, an upload counts against others.
  if (content === null || order.answers !== null) report({ phase: 'created', id, ownerToken });
  if (content === null) {
    await orBurn(api, id, ownerToken, signal, async () => {
      await uploadParts(api, created, sealed, size, pause, report, signal);
      if (order.answers === null) await complete(api, { id, ownerToken, wrap: null }, pause, report, signal);
    });
  }
  return { id, linkKey, ownerToken, expiresAt: created.expiresAt };
}

function begin(api: Api, { answers, apiToken }: ShareOrder, secret: NewSecret, attempt: number, signal: AbortSignal): Promise<Created> {
  if (answers === null) return api.create(secret, apiToken, attempt, signal);
  return api.beginAnswer(answers.request, answers.gate, secret, attempt, signal);
}

/** Make it whole, which delivers an answer. It can be repeated, also after a failure. */
export async function complete(
  api: Api, { id, ownerToken, wrap }: { id: string; ownerToken: string; wrap: Bytes | null },
  pause: Pause, report: Report, signal: AbortSignal,
): Promise<void> {
  report({ phase: 'finishing' });
  await whenLetThrough(() => withRetry(() => api.complete(id, ownerToken, wrap, signal), retryOptions(report, signal)), pause, report, signal);
}

// What was sent is of no use to anyone if the rest fails. The server would drop it by itself an hour later.
async function orBurn(api: Api, id: string, ownerToken: string, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    await api.burn(id, ownerToken).catch(() => undefined);
    throw signal.aborted ? abortReason(signal) : error;
  }
}

function retryOptions(report: Report, signal: AbortSignal): RetryOptions {
  return { signal, patience: PATIENCE, onWaiting: (why) => report({ phase: 'waiting', why }) };
}

/** What the server keeps of the gate. */
export async function makeGateVerifier(linkKey: string, header: Bytes): Promise<Bytes> {
  const gate = await deriveGate(linkKey, header);
  const verifier = await gateVerifierOf(gate);
  wipe(gate);
  return verifier;
}

function sourceOf({ text, files, zipName }: ShareOrder): Source {
  if (text !== null) {
    const bytes = utf8(text);
    return { meta: { size: bytes.length }, bytes: async function* () { yield bytes; } };
  }
  const [first] = files;
  if (files.length === 1 && first !== undefined) {
    const { file } = first;
    const meta = { size: file.size, name: fitName(file.name), type: fitType(file.type) };
    return { meta, bytes: () => slices(file) };
  }
  const entries: ZipEntry[] = files.map(({ path, file }) => ({
    name: path, size: file.size, modified: file.lastModified, stream: () => slices(file),
  }));
  return { meta: { size: zipLength(entries), name: zipName, type: 'application/zip' }, bytes: () => zip(entries) };
}

async function* slices(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += SLICE) {
    yield new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer());
  }
}

/** What `blocks` hold. */
export async function all(blocks: AsyncIterable<Bytes>): Promise<Bytes> {
  const out: Bytes[] = [];
  for await (const block of blocks) out.push(block);
  return concat(out);
}

async function uploadParts(
  api: Api, { id, ownerToken, partSize }: Created, sealed: AsyncIterable<Bytes>, total: number,
  pause: Pause, report: Report, signal: AbortSignal,
): Promise<void> {
  if (partSize === 0) throw new SyntaxError('part_size');
  const stop = new AbortController();
  const either = anySignal([signal, stop.signal]);
  const line = new Line(SIDE_BY_SIDE, api.stall);
  const onWaiting = (why: Waiting) => {
    if (why === 'offline') line.cut();
    report({ phase: 'waiting', why });
  };
  const options = { signal: either, patience: PATIENCE, onWaiting };
  const running = new Set<Promise<void>>();
  const uploaded = new UploadProgress(total, report);
  let failure: unknown = null;

  const send = async (index: number, part: Bytes) => {
    const onProgress = (sent: number) => uploaded.sent(index, Math.min(sent, part.length));
    const put = (attempt: number) => line.turn(() =>
      api.putPart(id, ownerToken, index, part, { attempt: Math.max(attempt, line.triesBefore), signal: either, onProgress }));
    await whenLetThrough(() => withRetry(put, options), pause, report, either);
    uploaded.stored(index, part.length);
  };

  try {
    report({ phase: 'moving', done: 0, total });
    let index = 0;
    const pool: Bytes[] = [];
    for await (const part of cut(sealed, partSize, pool)) {
      const sending = send(index++, part)
        .catch((error: unknown) => { failure ??= error; stop.abort(); })
        .finally(() => {
          running.delete(sending);
          pool.push(part);
        });
      running.add(sending);
      while (running.size >= line.sideBySide && failure === null) await Promise.race(running);
      if (failure !== null) break;
    }
    await Promise.all(running);
    if (failure !== null) throw failure;
  } finally {
    stop.abort();
  }
}

// What something before the server refuses is kept, and tried again when the person wants it.
async function whenLetThrough(task: () => Promise<void>, pause: Pause, report: Report, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await task();
    } catch (error) {
      const isUnmarked = error instanceof ApiError && !error.marked;
      if (!isUnmarked && !(error instanceof IntermediaryError)) throw error;
      report({ phase: 'blocked', failure: isUnmarked ? { kind: 'between', status: error.status } : failureOf(error) });
      await pause.wait(signal);
    }
  }
}

// How much of an upload is sent: the parts that the server has, and what has gone out of the others.
class UploadProgress {
  private readonly total: number;
  private readonly report: Report;
  private readonly underWay = new Map<number, number>();
  private settled = 0;

  constructor(total: number, report: Report) {
    this.total = total;
    this.report = report;
  }

  /** `sent` bytes of part `index` have gone out. */
  sent(index: number, sent: number): void {
    this.underWay.set(index, sent);
    this.sum();
  }

  /** The server has part `index`. */
  stored(index: number, length: number): void {
    this.underWay.delete(index);
    this.settled += length;
    this.sum();
  }

  private sum(): void {
    const done = [...this.underWay.values()].reduce((sum, n) => sum + n, this.settled);
    this.report({ phase: 'moving', done, total: this.total });
  }
}

// Parts of exactly `size` bytes, the last one shorter, in buffers of `pool` where one is free.
async function* cut(source: AsyncIterable<Bytes>, size: number, pool: Bytes[]): AsyncGenerator<Bytes> {
  let part = new Uint8Array(size);
  let filled = 0;
  for await (const block of source) {
    for (let at = 0; at < block.length;) {
      const n = Math.min(block.length - at, size - filled);
      part.set(block.subarray(at, at + n), filled);
      at += n;
      filled += n;
      if (filled < size) continue;
      yield part;
      part = pool.pop() ?? new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield part.slice(0, filled);
}
