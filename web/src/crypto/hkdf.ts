// SPDX-License-Identifier: MIT
// HKDF-SHA256 (RFC 5869).

import { utf8, type Bytes } from '../base/bytes';

/** `length` bytes of HKDF-SHA256. A salt of no bytes is none. */
export async function hkdf(input: Bytes, salt: Bytes, info: string | Bytes, length = 32): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', input, 'HKDF', false, ['deriveBits']);
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt, info: typeof info === 'string' ? utf8(info) : info };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, length * 8));
}
