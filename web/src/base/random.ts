// SPDX-License-Identifier: MIT
// Random bytes and characters from the browser's generator.

import { toBase64url, wipe, type Bytes } from './bytes';

export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export const LINK_KEY_LENGTH = 32;

export type RandomBytes = (length: number) => Bytes;

export const randomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** `length` characters, each uniform over `alphabet` (at most 256 of them). */
export function randomText(length: number, alphabet: string, random: RandomBytes = randomBytes): string {
  const limit = 256 - (256 % alphabet.length);
  let out = '';
  while (out.length < length) {
    const bytes = random(length);
    for (const byte of bytes) {
      // Bytes at or above the limit would favour the alphabet's first characters.
      if (byte < limit && out.length < length) out += alphabet.charAt(byte % alphabet.length);
    }
    wipe(bytes);
  }
  return out;
}

export function mintLinkKey(random: RandomBytes = randomBytes): string {
  return randomText(LINK_KEY_LENGTH, LETTERS, random);
}

/** A token of the API's form: base64url of 32 random bytes. */
export function mintToken(random: RandomBytes = randomBytes): string {
  return toBase64url(random(32));
}
