// SPDX-License-Identifier: MIT
// X25519 (RFC 7748) and the recipients of age. Not every browser has X25519 in WebCrypto, so the
// ladder is that of @noble/curves, and the same in each.

import { montgomery } from '@noble/curves/abstract/montgomery';
import type { Bytes } from '../../base/bytes';
import { decodeBech32, encodeBech32 } from './bech32';

export const KEY_LENGTH = 32;
const PREFIX = 'age';
const P = 2n ** 255n - 19n;

// n to the power of P - 2, its inverse modulo P.
function inverse(n: bigint): bigint {
  let result = 1n;
  let square = n;
  for (let power = P - 2n; power > 0n; power >>= 1n) {
    if (power & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function clamp(scalar: Uint8Array): Uint8Array {
  scalar[0]! &= 248;
  scalar[31]! &= 127;
  scalar[31]! |= 64;
  return scalar;
}

const curve = montgomery({ P, type: 'x25519', powPminus2: inverse, adjustScalarBytes: clamp });

/** The public key of an identity. */
export function publicKey(identity: Uint8Array): Bytes {
  return curve.getPublicKey(identity) as Bytes;
}

/** The secret that `identity` and the holder of `key` share; null if `key` allows none. */
export function sharedSecret(identity: Uint8Array, key: Uint8Array): Bytes | null {
  try {
    return curve.getSharedSecret(identity, key) as Bytes;
  } catch {
    return null; // a point of low order, for which everybody gets zeros
  }
}

/** A public key as age writes it: `age1...`. */
export function writeRecipient(key: Uint8Array): string {
  return encodeBech32(PREFIX, key);
}

/** The public key in `age1...`, or null if `text` is anything else. */
export function readRecipient(text: string): Bytes | null {
  const key = decodeBech32(PREFIX, text);
  return key?.length === KEY_LENGTH ? key as Bytes : null;
}
