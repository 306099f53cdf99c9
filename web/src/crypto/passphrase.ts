// SPDX-License-Identifier: MIT
// Passwords and passphrases: made, and judged.

import { utf8, type Bytes } from '../base/bytes';
import { randomText, type RandomBytes } from '../base/random';

/** What the format takes of a passphrase, in bytes of its normal form. */
export const PASSPHRASE_MAX = 1024;

/** The bytes of `passphrase` that count: UTF-8 of normal form C. */
export function passphraseBytes(passphrase: string): Bytes {
  return utf8(passphrase.normalize('NFC'));
}

export function isTooLong(passphrase: string): boolean {
  return passphraseBytes(passphrase).length > PASSPHRASE_MAX;
}

// Without the characters that look alike in many fonts.
const CLEAR = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const SIGNS = '!#$%&*+-=?@_~';

/** A password of 20 characters with at least one digit and one sign: about 118 bits. */
export function makePassword(random: RandomBytes): string {
  for (;;) {
    const made = randomText(20, CLEAR + SIGNS, random);
    if (/\d/.test(made) && /[^A-Za-z0-9]/.test(made)) return made;
  }
}

/** A passphrase that can be read out: five groups of four, 116 bits. */
export function makePassphrase(random: RandomBytes): string {
  return randomText(20, CLEAR.toLowerCase().replace(/(.)(?=.*\1)/g, ''), random).match(/.{4}/g)!.join('-');
}

/** Whether `text` looks like a passphrase that was generated, by a page or by a server for a classic link. */
export function isGenerated(text: string): boolean {
  return /^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/.test(text) || /^[A-Za-z0-9!#$%&*+=?@_~-]{32}$/.test(text);
}

/** 0 quickly guessed, 1 fair, 2 strong: a rough count of guesses, and no promise. */
export function strengthOf(passphrase: string): 0 | 1 | 2 {
  const bits = guessBits(passphrase);
  return bits < 40 ? 0 : bits < 64 ? 1 : 2;
}

const COMMON = /pass(word|wort)?|qwert[yz]|azerty|letmein|welcome|admin|secret|iloveyou|dragon|monkey|abc|123(4(5(6(7(89?)?)?)?)?)?/gi;

// Repeated characters, runs and common words count for little; what is left counts by its alphabet.
function guessBits(text: string): number {
  const rest = text.replace(COMMON, '*').replace(/(.)\1+/gu, '$1').replace(/(19|20)\d\d/g, '*');
  const words = rest.match(/\p{L}{3,}/gu) ?? [];
  const letters = [...rest].length;
  const wordLetters = words.reduce((sum, word) => sum + [...word].length, 0);
  const natural = words.reduce((sum, word) => sum + Math.min(13, [...word].length * 2.2), 0);
  return natural + (letters - wordLetters) * Math.log2(alphabetOf(rest));
}

function alphabetOf(text: string): number {
  let size = 0;
  if (/\d/.test(text)) size += 10;
  if (/[a-z]/.test(text)) size += 26;
  if (/[A-Z]/.test(text)) size += 26;
  if (/[^A-Za-z0-9]/.test(text)) size += 30;
  return Math.max(2, size);
}
