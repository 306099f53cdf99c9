// SPDX-License-Identifier: MIT
// Bytes: joining, wiping, and the spelling of them in links and JSON.

/** Bytes over a buffer of their own, as WebCrypto and Blob want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}

export function concat(blocks: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(blocks.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of blocks) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Overwrite what JavaScript lets us reach; copies that the engine made stay out of reach. */
export function wipe(...all: (Uint8Array | null | undefined)[]): void {
  for (const bytes of all) bytes?.fill(0);
}

/** base64url without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes of unpadded base64url; throws a SyntaxError if it is anything else. */
export function fromBase64url(text: string): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new SyntaxError('not base64url');
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** The bytes of standard base64, padded or not; throws if it is anything else. */
export function fromBase64(text: string): Bytes {
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}
