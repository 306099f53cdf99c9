// SPDX-License-Identifier: MIT
// Requests for a secret (docs/FORMAT.md): what the asker's seed gives, the description and the link key
// that is its hash, and what an answer seals to the asker.

import { fromBase64url, toBase64url, utf8, wipe, type Bytes } from '../base/bytes';
import { LETTERS, LINK_KEY_LENGTH, randomBytes, type RandomBytes } from '../base/random';
import { AgeError, openFile, sealFile } from './age/file';
import { publicKey, readRecipient, writeRecipient } from './age/x25519';
import { hkdf } from './hkdf';
import { readObject } from './json';

/** Bytes of a description. */
export const DESCRIPTION_MAX = 4096;
const RECIPIENTS_MAX = 16;
const NONCE = 32;
/** Bytes of a wrap in an answer. */
const WRAP_MAX = 4096;
const KEY_INFO = 'ESv1 request key';
const NO_SALT: Bytes = new Uint8Array(0);

/** What the asker's seed gives. */
export interface Asker {
  /** The X25519 identity that reads the answers. */
  identity: Bytes;
  recipient: string;
  /** The token that owns the request. */
  owner: string;
}

/** Thrown for a description that is not one, or not the one that its link names. */
export class DescriptionError extends Error {}

export interface Description {
  note: string;
  /** X25519 public keys. */
  recipients: Bytes[];
}

/** Where an answer is, and what opens it. */
export interface AnswerLink {
  id: string;
  linkKey: string;
}

/** Why a wrap gives no answer: it is damaged, or it is for another identity. */
export type BadWrap = 'damaged' | 'not for us';

export async function askerOf(seed: string): Promise<Asker> {
  const input = utf8(seed);
  const identity = await hkdf(input, NO_SALT, 'ESv1 request identity');
  wipe(input);
  return { identity, recipient: writeRecipient(publicKey(identity)), owner: await ownerOf(seed) };
}

/** The token that owns the request of `seed`. */
export async function ownerOf(seed: string): Promise<string> {
  const input = utf8(seed);
  const owner = await hkdf(input, NO_SALT, 'ESv1 request owner');
  wipe(input);
  return toBase64url(owner);
}

/** The bytes of a description whose answers `recipient` reads. They may exceed DESCRIPTION_MAX. */
export function writeDescription(note: string, recipient: string, random: RandomBytes = randomBytes): Bytes {
  // Lone surrogates and NUL have no place in a text; other programs refuse them.
  const text = wellFormed(note).replaceAll('\0', '\ufffd');
  return utf8(JSON.stringify({ v: 1, note: text, recipients: [recipient], nonce: toBase64url(random(NONCE)) }));
}

/**
 * Read the description in `bytes`, which `linkKey` must be the hash of.
 *
 * @throws DescriptionError if it is another one, or has what this version does not know
 */
export async function readDescription(bytes: Bytes, linkKey: string): Promise<Description> {
  if (bytes.length > DESCRIPTION_MAX) throw new DescriptionError('too long');
  if (await linkKeyOf(bytes) !== linkKey) throw new DescriptionError('not the one of this link');
  try {
    return parse(bytes);
  } catch (error) {
    throw new DescriptionError('not a description', { cause: error });
  }
}

/** The link key of a description: characters of the HKDF of its bytes. */
export async function linkKeyOf(description: Bytes): Promise<string> {
  const limit = 256 - (256 % LETTERS.length);
  for (let length = 2 * LINK_KEY_LENGTH; ; length *= 2) {
    const stream = await hkdf(description, NO_SALT, KEY_INFO, length);
    const fit = [...stream].filter((byte) => byte < limit).slice(0, LINK_KEY_LENGTH);
    wipe(stream);
    if (fit.length === LINK_KEY_LENGTH) return fit.map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  }
}

/** The wrap of an answer: only the recipients of the request learn where the answer is and what opens it. */
export async function wrapAnswer(recipients: readonly Bytes[], requestKey: string, { id, linkKey }: AnswerLink): Promise<Bytes> {
  const text = utf8(`${requestKey}.${id}.${linkKey}`);
  try {
    return await sealFile(recipients, text);
  } finally {
    wipe(text);
  }
}

/** The answer in `wrap`, or why there is none. A wrap that names another request is damaged. */
export async function unwrapAnswer(identity: Bytes, requestKey: string, wrap: Bytes): Promise<AnswerLink | BadWrap> {
  if (wrap.length > WRAP_MAX) return 'damaged';
  let plain: Bytes;
  try {
    plain = await openFile(identity, wrap);
  } catch (error) {
    return error instanceof AgeError && error.kind === 'no match' ? 'not for us' : 'damaged';
  }

  const text = String.fromCharCode(...plain);
  wipe(plain);
  const [, key, id, linkKey] = /^([A-Za-z0-9]{32})\.([A-Za-z0-9]{22})\.([A-Za-z0-9]{32})\n?$/.exec(text) ?? [];
  return key === requestKey ? { id: id!, linkKey: linkKey! } : 'damaged';
}

function parse(bytes: Bytes): Description {
  const { v, note, recipients, nonce, ...others } = readObject(bytes);
  if (v !== 1 || Object.keys(others).length > 0) throw new SyntaxError('another version');
  if (typeof note !== 'string' || wellFormed(note) !== note) throw new SyntaxError('note');
  if (typeof nonce !== 'string' || !isCanonical(nonce, NONCE)) throw new SyntaxError('nonce');
  if (!Array.isArray(recipients) || recipients.length < 1 || recipients.length > RECIPIENTS_MAX) throw new SyntaxError('recipients');
  return { note, recipients: recipients.map(readOne) };
}

function readOne(text: unknown): Bytes {
  const key = typeof text === 'string' ? readRecipient(text) : null;
  if (key === null) throw new SyntaxError('a recipient');
  return key;
}

function isCanonical(text: string, length: number): boolean {
  const bytes = fromBase64url(text);
  return bytes.length === length && toBase64url(bytes) === text;
}

// Lone surrogates become U+FFFD.
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8(text));
}
