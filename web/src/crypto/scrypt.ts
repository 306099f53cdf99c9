// SPDX-License-Identifier: MIT
// scrypt (RFC 7914), on the thread it is called on. Engines compile one long function of local variables
// well, and calls of small ones badly. This takes half as long as @noble/hashes in Firefox and WebKit.

import { pbkdf2 } from '@noble/hashes/pbkdf2';
import { sha256 } from '@noble/hashes/sha2';
import { swap32IfBE } from '@noble/hashes/utils';
import type { Scrypt } from './envelope';
import type { Bytes } from '../base/bytes';

const LARGEST = 2 ** 28 + 2 ** 20; // bytes
const REPORT_EVERY = 256; // blocks, a power of 2

/** Add `block[at …]` to the state `x`, apply Salsa20/8, and write the state to `out[to …]` as well. */
function salsa(x: Int32Array, block: Int32Array, at: number, out: Int32Array, to: number): void {
  const y00 = x[0]! ^ block[at]!, y01 = x[1]! ^ block[at + 1]!, y02 = x[2]! ^ block[at + 2]!, y03 = x[3]! ^ block[at + 3]!;
  const y04 = x[4]! ^ block[at + 4]!, y05 = x[5]! ^ block[at + 5]!, y06 = x[6]! ^ block[at + 6]!, y07 = x[7]! ^ block[at + 7]!;
  const y08 = x[8]! ^ block[at + 8]!, y09 = x[9]! ^ block[at + 9]!, y10 = x[10]! ^ block[at + 10]!, y11 = x[11]! ^ block[at + 11]!;
  const y12 = x[12]! ^ block[at + 12]!, y13 = x[13]! ^ block[at + 13]!, y14 = x[14]! ^ block[at + 14]!, y15 = x[15]! ^ block[at + 15]!;
  let t = 0;
  let x00 = y00, x01 = y01, x02 = y02, x03 = y03;
  let x04 = y04, x05 = y05, x06 = y06, x07 = y07;
  let x08 = y08, x09 = y09, x10 = y10, x11 = y11;
  let x12 = y12, x13 = y13, x14 = y14, x15 = y15;

  for (let i = 0; i < 4; i++) {
    t = x00 + x12 | 0; x04 ^= t << 7 | t >>> 25; t = x04 + x00 | 0; x08 ^= t << 9 | t >>> 23;
    t = x08 + x04 | 0; x12 ^= t << 13 | t >>> 19; t = x12 + x08 | 0; x00 ^= t << 18 | t >>> 14;
    t = x05 + x01 | 0; x09 ^= t << 7 | t >>> 25; t = x09 + x05 | 0; x13 ^= t << 9 | t >>> 23;
    t = x13 + x09 | 0; x01 ^= t << 13 | t >>> 19; t = x01 + x13 | 0; x05 ^= t << 18 | t >>> 14;
    t = x10 + x06 | 0; x14 ^= t << 7 | t >>> 25; t = x14 + x10 | 0; x02 ^= t << 9 | t >>> 23;
    t = x02 + x14 | 0; x06 ^= t << 13 | t >>> 19; t = x06 + x02 | 0; x10 ^= t << 18 | t >>> 14;
    t = x15 + x11 | 0; x03 ^= t << 7 | t >>> 25; t = x03 + x15 | 0; x07 ^= t << 9 | t >>> 23;
    t = x07 + x03 | 0; x11 ^= t << 13 | t >>> 19; t = x11 + x07 | 0; x15 ^= t << 18 | t >>> 14;
    t = x00 + x03 | 0; x01 ^= t << 7 | t >>> 25; t = x01 + x00 | 0; x02 ^= t << 9 | t >>> 23;
    t = x02 + x01 | 0; x03 ^= t << 13 | t >>> 19; t = x03 + x02 | 0; x00 ^= t << 18 | t >>> 14;
    t = x05 + x04 | 0; x06 ^= t << 7 | t >>> 25; t = x06 + x05 | 0; x07 ^= t << 9 | t >>> 23;
    t = x07 + x06 | 0; x04 ^= t << 13 | t >>> 19; t = x04 + x07 | 0; x05 ^= t << 18 | t >>> 14;
    t = x10 + x09 | 0; x11 ^= t << 7 | t >>> 25; t = x11 + x10 | 0; x08 ^= t << 9 | t >>> 23;
    t = x08 + x11 | 0; x09 ^= t << 13 | t >>> 19; t = x09 + x08 | 0; x10 ^= t << 18 | t >>> 14;
    t = x15 + x14 | 0; x12 ^= t << 7 | t >>> 25; t = x12 + x15 | 0; x13 ^= t << 9 | t >>> 23;
    t = x13 + x12 | 0; x14 ^= t << 13 | t >>> 19; t = x14 + x13 | 0; x15 ^= t << 18 | t >>> 14;
  }

  out[to] = x[0] = x00 + y00 | 0;
  out[to + 1] = x[1] = x01 + y01 | 0;
  out[to + 2] = x[2] = x02 + y02 | 0;
  out[to + 3] = x[3] = x03 + y03 | 0;
  out[to + 4] = x[4] = x04 + y04 | 0;
  out[to + 5] = x[5] = x05 + y05 | 0;
  out[to + 6] = x[6] = x06 + y06 | 0;
  out[to + 7] = x[7] = x07 + y07 | 0;
  out[to + 8] = x[8] = x08 + y08 | 0;
  out[to + 9] = x[9] = x09 + y09 | 0;
  out[to + 10] = x[10] = x10 + y10 | 0;
  out[to + 11] = x[11] = x11 + y11 | 0;
  out[to + 12] = x[12] = x12 + y12 | 0;
  out[to + 13] = x[13] = x13 + y13 | 0;
  out[to + 14] = x[14] = x14 + y14 | 0;
  out[to + 15] = x[15] = x15 + y15 | 0;
}

/** BlockMix of `words` words: `block[at …]` becomes `out[to …]`. `x` is room for 16 words. */
function blockMix(x: Int32Array, words: number, block: Int32Array, at: number, out: Int32Array, to: number): void {
  for (let k = 0; k < 16; k++) x[k] = block[at + words - 16 + k]!;
  for (let k = 0; k < words; k += 32, to += 16) {
    salsa(x, block, at + k, out, to);
    salsa(x, block, at + k + 16, out, to + words / 2);
  }
}

/** Of noble's functions the derivation around the slow part, which is here. */
export const scrypt: Scrypt = (input, salt, { logN, r, p }, onProgress) => {
  const n = 2 ** logN;
  const words = 32 * r;
  if (4 * words * (n + p) > LARGEST) throw new RangeError('the derivation needs too much memory');

  const bytes = pbkdf2(sha256, input, salt, { c: 1, dkLen: 4 * words * p }) as Bytes;
  const lanes = new Int32Array(bytes.buffer);
  const table = new Int32Array(words * n);
  const mixed = new Int32Array(words);
  const x = new Int32Array(16);
  let blocks = 0;
  const count = () => {
    if (++blocks % REPORT_EVERY === 0) onProgress?.(blocks / (2 * n * p));
  };

  swap32IfBE(new Uint32Array(bytes.buffer));
  for (let lane = 0; lane < words * p; lane += words) {
    table.set(lanes.subarray(lane, lane + words));
    for (let at = 0; at < words * (n - 1); at += words, count()) blockMix(x, words, table, at, table, at + words);
    blockMix(x, words, table, words * (n - 1), lanes, lane);
    count();

    for (let i = 0; i < n; i++, count()) {
      const from = words * (lanes[lane + words - 16]! & (n - 1));
      for (let k = 0; k < words; k++) mixed[k] = lanes[lane + k]! ^ table[from + k]!;
      blockMix(x, words, mixed, 0, lanes, lane);
    }
  }
  swap32IfBE(new Uint32Array(bytes.buffer));

  const out = pbkdf2(sha256, input, bytes, { c: 1, dkLen: 64 }) as Bytes;
  for (const secret of [lanes, table, mixed, x]) secret.fill(0);
  return out;
};
