// SPDX-License-Identifier: MIT
// Bech32 (BIP 173) as age uses it: without its limit on the length.

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM = 6;

/** The checksum of BIP 173 over `values` of 5 bits. */
function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((term, bit) => { if ((top >>> bit) & 1) sum ^= term; });
  }
  return sum;
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

/** `values` of `from` bits as values of `to` bits; null if bits that are left over are not zero padding. */
function regroup(values: Iterable<number>, from: number, to: number, pad: boolean): number[] | null {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    for (; bits >= to; bits -= to) out.push((held >>> (bits - to)) & ((1 << to) - 1));
  }

  const rest = held & ((1 << bits) - 1);
  if (!pad) return bits < from && rest === 0 ? out : null;
  if (bits > 0) out.push((rest << (to - bits)) & ((1 << to) - 1));
  return out;
}

/** The text in small letters that stands for `bytes`. `prefix` is in small letters too. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const data = regroup(bytes, 8, 5, true)!;
  const sum = polymod([...expanded(prefix), ...data, ...new Array<number>(CHECKSUM).fill(0)]) ^ 1;
  for (let i = 0; i < CHECKSUM; i++) data.push((sum >>> (5 * (CHECKSUM - 1 - i))) & 31);
  return `${prefix}1${data.map((value) => CHARSET.charAt(value)).join('')}`;
}

/** The bytes that `text` stands for, or null if it is not in small letters, or not of `prefix`. */
export function decodeBech32(prefix: string, text: string): Uint8Array | null {
  if (!text.startsWith(`${prefix}1`)) return null;
  const values = [...text.slice(prefix.length + 1)].map((letter) => CHARSET.indexOf(letter));
  if (values.length < CHECKSUM || values.includes(-1)) return null;
  if (polymod([...expanded(prefix), ...values]) !== 1) return null;

  const bytes = regroup(values.slice(0, -CHECKSUM), 5, 8, false);
  return bytes === null ? null : Uint8Array.from(bytes);
}
