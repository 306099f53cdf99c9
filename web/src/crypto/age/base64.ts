// SPDX-License-Identifier: MIT
// Base64 as the headers of age have it: the standard alphabet, unpadded and canonical.

import { fromBase64, type Bytes } from '../../base/bytes';

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, '');
}

/** The bytes of `text`, or null if no writer makes it. */
export function decodeBase64(text: string): Bytes | null {
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = fromBase64(text);
  return encodeBase64(bytes) === text ? bytes : null;
}
