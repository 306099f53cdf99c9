// SPDX-License-Identifier: MIT
// The sealed envelope v1 (docs/FORMAT.md): a header, then AES-256-GCM chunks of 64 KiB.  Streams in
// constant memory; scrypt is passed in, so that the same code runs in a Worker, in node and in tests.

import { concat, utf8, wipe, type Bytes } from '../base/bytes';
import { METADATA_MAX, readMetadata, writeMetadata, type Metadata } from './metadata';
import { PASSPHRASE_MAX, passphraseBytes } from './passphrase';

export const HEADER_LENGTH = 32;
export const CHUNK = 65536;
export const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
const IN_FLIGHT = 8;

/** Which rule an envelope broke. */
export type FailureKind = 'header failure' | 'payload failure' | 'content failure';

/** Thrown for every envelope that is refused. */
export class EnvelopeError extends Error {
  readonly kind: FailureKind;
  constructor(kind: FailureKind, why: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
  }
}

/** Thrown for content that is not what it was when its length or checksum was taken. */
export class ChangedError extends Error {}

/** Thrown before deriving, where a proof of a passphrase would be too cheap to guess. */
export class WeakCostError extends Error {}

export interface Cost {
  logN: number;
  r: number;
  p: number;
}

/** Enough for a link key alone: it has 190 bits of its own. */
export const COST_KEY: Cost = { logN: 14, r: 8, p: 1 };
/** For a person's passphrase, or a link key that travels apart. */
export const COST_PASSPHRASE: Cost = { logN: 15, r: 8, p: 3 };

/** scrypt(input, salt) to 64 bytes, on the caller's thread. `onProgress` gets shares from 0 to 1. */
export type Scrypt = (input: Bytes, salt: Bytes, cost: Cost, onProgress?: (share: number) => void) => Bytes | Promise<Bytes>;

/** Both halves of what scrypt gives: the cipher's key, and the proof that goes to the server. */
export interface Keys {
  cipher: CryptoKey;
  access: Bytes;
}

export function writeHeader(cost: Cost, salt: Uint8Array): Bytes {
  return concat([utf8('ESv1'), Uint8Array.of(cost.logN, cost.r, cost.p, 0), salt]);
}

/** Cost and salt of a header; throws `header failure` before anything is derived. */
export function readHeader(header: Uint8Array): { cost: Cost; salt: Bytes } {
  const fail = (why: string) => new EnvelopeError('header failure', why);
  if (header.length < HEADER_LENGTH) throw fail('too short');
  const [m0, m1, m2, m3, logN = 0, r = 0, p = 0, reserved] = header;
  if (String.fromCharCode(m0!, m1!, m2!, m3!) !== 'ESv1') throw fail('magic');
  if (reserved !== 0) throw fail('reserved byte');
  if (logN < 10 || logN > 20 || r < 1 || r > 32 || p < 1 || p > 16) throw fail('cost out of bounds');
  const work = 2 ** logN * r;
  if (128 * work > 2 ** 28 || work * p > 2 ** 22) throw fail('cost too high');
  return { cost: { logN, r, p }, salt: header.slice(8, HEADER_LENGTH) as Bytes };
}

/**
 * Refuse a header whose derivation takes less memory or less work than ours with a passphrase. A
 * server that lies about the header would otherwise get a proof that is cheap to guess from.
 *
 * @throws WeakCostError if it is below the floor
 */
export function requireStrongCost(header: Uint8Array): void {
  const { logN, r, p } = readHeader(header).cost;
  const floor = 2 ** COST_PASSPHRASE.logN * COST_PASSPHRASE.r;
  const memory = 2 ** logN * r;
  if (memory < floor || memory * p < floor * COST_PASSPHRASE.p) throw new WeakCostError(`2^${logN} ${r} ${p}`);
}

/** What scrypt derives from: the link key, and the passphrase where there is one, in NFC. */
export function secretInput(linkKey: string, passphrase = ''): Bytes {
  if (passphrase === '') return utf8(linkKey);
  const bytes = passphraseBytes(passphrase);
  // Forms ask before; no other reader would take what is sealed with it.
  if (bytes.length > PASSPHRASE_MAX) throw new TypeError('the passphrase is too long');
  const input = concat([utf8(linkKey), Uint8Array.of(0), bytes]);
  wipe(bytes);
  return input;
}

/** Derive the keys of an envelope. `input` is wiped. */
export async function deriveKeys(
  header: Uint8Array, input: Bytes, scrypt: Scrypt, onProgress?: (share: number) => void,
): Promise<Keys> {
  let okm: Bytes;
  try {
    const { cost, salt } = readHeader(header);
    okm = await scrypt(input, salt, cost, onProgress);
  } finally {
    wipe(input);
  }
  const key = okm.slice(0, 32);
  const cipher = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const access = okm.slice(32, 64);
  wipe(okm, key);
  return { cipher, access };
}

/** What the server keeps of the proof. */
export async function verifierOf(access: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', access));
}

/** `length` rounded up by Padmé, at least 256. */
export function paddedLength(length: number): number {
  if (length <= 256) return 256;
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  const step = 2 ** (e - s);
  return Math.ceil(length / step) * step;
}

/** Length of the whole envelope for metadata and content of these lengths. */
export function sealedLength(metadataLength: number, contentLength: number): number {
  const plain = paddedLength(4 + metadataLength + contentLength);
  return HEADER_LENGTH + plain + TAG * Math.ceil(plain / CHUNK);
}

/** Length of the envelope that `seal` makes. */
export function envelopeLength(meta: Metadata): number {
  return sealedLength(writeMetadata(meta).length, meta.size);
}

/**
 * Seal `content`, which must give exactly `meta.size` bytes: yields the header, then chunk after
 * chunk. A caller keeps what came out until it is stored; the same content is never sealed twice
 * under one header.
 */
export async function* seal(
  header: Uint8Array, keys: Keys, meta: Metadata, content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Bytes> {
  yield header.slice() as Bytes;
  const metadata = writeMetadata(meta);
  const total = paddedLength(4 + metadata.length + meta.size);
  const last = Math.ceil(total / CHUNK) - 1;
  const pending: Promise<Bytes>[] = [];
  const pool: Bytes[] = [];
  let index = 0;
  for await (const chunk of plainChunks(metadata, meta.size, content, total, pool)) {
    pending.push(encrypt(keys, header, index, index === last, chunk).finally(() => pool.push(chunk)));
    index++;
    if (pending.length >= IN_FLIGHT) yield await pending.shift()!;
  }
  for (const sealed of pending) yield await sealed;
}

/** What comes out of an envelope: first the metadata, then content. */
export type Opened = { meta: Metadata } | { bytes: Bytes };

/**
 * Open the chunks that follow `header`. Each piece is released only after its tag verified; the
 * content is whole and good only when the generator ends without an error.
 */
export async function* open(
  header: Uint8Array, cipher: CryptoKey, sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Opened> {
  const plain = new PlaintextReader();
  const pending: Promise<Bytes>[] = [];
  const pool: Bytes[] = [];
  let index = 0;
  for await (const { chunk, isLast } of sealedChunks(sealed, pool)) {
    if (isLast && index > 0 && chunk.length === TAG) throw new EnvelopeError('payload failure', 'empty last chunk');
    const promise = decrypt(cipher, header, index++, isLast, chunk).finally(() => { if (!isLast) pool.push(chunk); });
    promise.catch(() => undefined); // reported where it is awaited
    pending.push(promise);
    // The first chunk is not kept waiting: it holds the metadata.
    if (index === 1 || pending.length >= IN_FLIGHT) yield* plain.push(await pending.shift()!);
  }
  for (const chunk of pending) yield* plain.push(await chunk);
  plain.end();
}

function nonce(index: number, isLast: boolean): Bytes {
  const out = new Uint8Array(12);
  new DataView(out.buffer).setUint32(7, index);
  out[11] = isLast ? 1 : 0;
  return out;
}

async function encrypt(keys: Keys, header: Uint8Array, index: number, isLast: boolean, chunk: Bytes): Promise<Bytes> {
  const algorithm = { name: 'AES-GCM', iv: nonce(index, isLast), additionalData: header as Bytes };
  const out = new Uint8Array(await crypto.subtle.encrypt(algorithm, keys.cipher, chunk));
  wipe(chunk);
  return out;
}

async function decrypt(cipher: CryptoKey, header: Uint8Array, index: number, isLast: boolean, chunk: Bytes): Promise<Bytes> {
  if (chunk.length < TAG) throw new EnvelopeError('payload failure', 'cut');
  const algorithm = { name: 'AES-GCM', iv: nonce(index, isLast), additionalData: header as Bytes };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, cipher, chunk));
  } catch {
    throw new EnvelopeError('payload failure', `chunk ${index}`);
  }
}

// Metadata, content and padding, cut into chunks. Buffers come from `pool` where one is free: with
// gigabytes passing through, new ones would pile up faster than they are collected.
async function* plainChunks(
  metadata: Uint8Array, size: number, content: AsyncIterable<Uint8Array>, total: number, pool: Bytes[],
): AsyncGenerator<Bytes> {
  const source = plainBlocks(metadata, size, content, total);
  let chunk = new Uint8Array(Math.min(CHUNK, total));
  let filled = 0;
  let left = total;
  for await (const block of source) {
    for (let at = 0; at < block.length;) {
      const n = Math.min(block.length - at, chunk.length - filled);
      chunk.set(block.subarray(at, at + n), filled);
      at += n;
      filled += n;
      if (filled < chunk.length) continue;
      left -= filled;
      yield chunk;
      chunk = left < CHUNK ? new Uint8Array(left) : pool.pop() ?? new Uint8Array(CHUNK);
      filled = 0;
    }
  }
}

async function* plainBlocks(
  metadata: Uint8Array, size: number, content: AsyncIterable<Uint8Array>, total: number,
): AsyncGenerator<Uint8Array> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, metadata.length);
  yield length;
  yield metadata;
  let given = 0;
  for await (const block of content) {
    given += block.length;
    if (given > size) break;
    yield block;
  }
  if (given !== size) throw new ChangedError('the content changed while it was read');
  for (let left = total - 4 - metadata.length - size; left > 0; left -= CHUNK) {
    yield new Uint8Array(Math.min(CHUNK, left));
  }
}

// Cut a stream into sealed chunks. Which one is the last is known only when the stream ends.
async function* sealedChunks(
  source: AsyncIterable<Uint8Array>, pool: Bytes[],
): AsyncGenerator<{ chunk: Bytes; isLast: boolean }> {
  let buffer = new Uint8Array(SEALED_CHUNK);
  let filled = 0;
  for await (const block of source) {
    for (let at = 0; at < block.length;) {
      if (filled === SEALED_CHUNK) {
        yield { chunk: buffer, isLast: false };
        buffer = pool.pop() ?? new Uint8Array(SEALED_CHUNK);
        filled = 0;
      }
      const n = Math.min(block.length - at, SEALED_CHUNK - filled);
      buffer.set(block.subarray(at, at + n), filled);
      at += n;
      filled += n;
    }
  }
  yield { chunk: buffer.subarray(0, filled), isLast: true };
}

// Takes decrypted chunks apart into metadata, content and padding.
class PlaintextReader {
  private head: Bytes = new Uint8Array(0);
  private meta: Metadata | null = null;
  private contentLeft = 0;

  *push(chunk: Bytes): Generator<Opened> {
    let rest = chunk;
    if (this.meta === null) {
      this.head = concat([this.head, chunk]);
      const length = this.metadataLength();
      if (length === null || this.head.length < 4 + length) return;
      this.meta = this.parse(this.head.subarray(4, 4 + length));
      this.contentLeft = this.meta.size;
      rest = this.head.subarray(4 + length);
      yield { meta: this.meta };
    }
    const content = rest.subarray(0, Math.min(rest.length, this.contentLeft));
    this.contentLeft -= content.length;
    // Before the content is given away, and with it perhaps the memory.
    for (const byte of rest.subarray(content.length)) {
      if (byte !== 0) throw new EnvelopeError('content failure', 'padding');
    }
    if (content.length > 0) yield { bytes: content };
  }

  end(): void {
    if (this.meta === null) throw new EnvelopeError('content failure', 'metadata cut');
    if (this.contentLeft > 0) throw new EnvelopeError('content failure', 'size beyond the plaintext');
  }

  private metadataLength(): number | null {
    if (this.head.length < 4) return null;
    const length = new DataView(this.head.buffer, this.head.byteOffset).getUint32(0);
    if (length > METADATA_MAX) throw new EnvelopeError('content failure', 'metadata too long');
    return length;
  }

  private parse(bytes: Uint8Array): Metadata {
    try {
      return readMetadata(bytes);
    } catch {
      throw new EnvelopeError('content failure', 'metadata');
    }
  }
}
