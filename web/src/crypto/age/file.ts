// SPDX-License-Identifier: MIT
// Small files in the format of age (C2SP age v1, binary): something short that is encrypted to X25519
// recipients. A file of FILE_MAX bytes has one chunk of payload.

import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { concat, utf8, wipe, type Bytes } from '../../base/bytes';
import { randomBytes, type RandomBytes } from '../../base/random';
import { hkdf } from '../hkdf';
import { decodeBase64, encodeBase64 } from './base64';
import { KEY_LENGTH, publicKey, sharedSecret } from './x25519';

/** Bytes of a file. */
export const FILE_MAX = 16 * 1024;

const VERSION = 'age-encryption.org/v1';
const X25519_INFO = utf8(`${VERSION}/X25519`);
const COLUMNS = 64;
const FILE_KEY = 16;
const TAG = 16;
const NONCE = 16;
const MAC = 32;
const NO_SALT: Bytes = new Uint8Array(0);
const STREAM_LAST = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Which rule a file broke, in the words of the test vectors of age. */
export type AgeFailure = 'header failure' | 'HMAC failure' | 'no match' | 'payload failure';

/** Thrown for every file that is refused. */
export class AgeError extends Error {
  readonly kind: AgeFailure;
  constructor(kind: AgeFailure, why: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
  }
}

interface Stanza {
  type: string;
  args: string[];
  body: Bytes;
}

interface Header {
  stanzas: Stanza[];
  /** What the MAC is over. */
  signed: Bytes;
  mac: Bytes;
  /** Where the payload begins. */
  length: number;
}

/** Encrypt `plain` to the X25519 public keys `recipients`. */
export async function sealFile(recipients: readonly Uint8Array[], plain: Uint8Array, random: RandomBytes = randomBytes): Promise<Bytes> {
  const fileKey = random(FILE_KEY);
  try {
    const stanzas: string[] = [];
    for (const recipient of recipients) stanzas.push(await wrapFileKey(fileKey, recipient, random));
    const signed = `${VERSION}\n${stanzas.join('')}---`;
    const mac = await headerMac(fileKey, utf8(signed));

    const nonce = random(NONCE);
    const key = await hkdf(fileKey, nonce, 'payload');
    const payload = chacha20poly1305(key, STREAM_LAST).encrypt(plain);
    wipe(key);
    return concat([utf8(`${signed} ${encodeBase64(mac)}\n`), nonce, payload]);
  } finally {
    wipe(fileKey);
  }
}

/**
 * Decrypt `file` with an X25519 identity.
 *
 * @throws AgeError if it is damaged, or not for this identity
 */
export async function openFile(identity: Uint8Array, file: Uint8Array): Promise<Bytes> {
  if (file.length > FILE_MAX) throw new AgeError('header failure', 'too long');
  const header = readHeader(file);
  const fileKey = await findFileKey(header.stanzas, identity);
  try {
    if (!isEqual(await headerMac(fileKey, header.signed), header.mac)) throw new AgeError('HMAC failure', 'the MAC of the header');
    return await openPayload(fileKey, file.subarray(header.length));
  } finally {
    wipe(fileKey);
  }
}

async function wrapFileKey(fileKey: Bytes, recipient: Uint8Array, random: RandomBytes): Promise<string> {
  const ephemeral = random(KEY_LENGTH);
  const share = publicKey(ephemeral);
  const shared = sharedSecret(ephemeral, recipient);
  wipe(ephemeral);
  if (shared === null) throw new AgeError('header failure', 'a recipient that nothing can be encrypted to');

  const key = await wrapKey(shared, share, recipient);
  const body = chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey);
  wipe(key);
  return `-> X25519 ${encodeBase64(share)}\n${encodeBase64(body)}\n`; // 43 columns, which is less than a full line
}

// The key under which a stanza holds the file key. The shared secret is wiped.
async function wrapKey(shared: Bytes, share: Uint8Array, recipient: Uint8Array): Promise<Bytes> {
  const key = await hkdf(shared, concat([share, recipient]), X25519_INFO);
  wipe(shared);
  return key;
}

async function headerMac(fileKey: Bytes, signed: Bytes): Promise<Bytes> {
  const raw = await hkdf(fileKey, NO_SALT, 'header');
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  wipe(raw);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, signed));
}

async function findFileKey(stanzas: readonly Stanza[], identity: Uint8Array): Promise<Bytes> {
  let found: Bytes | null = null;
  const own = publicKey(identity);
  if (stanzas.length > 1 && stanzas.some(({ type }) => type === 'scrypt')) throw new AgeError('header failure', 'scrypt is not alone');
  for (const stanza of stanzas) if (stanza.type === 'X25519') found ??= await unwrapFileKey(stanza, identity, own);
  if (found === null) throw new AgeError('no match', 'no stanza for this identity');
  return found;
}

// The file key in `stanza`, or null if it is for another identity.
async function unwrapFileKey({ args, body }: Stanza, identity: Uint8Array, own: Bytes): Promise<Bytes | null> {
  const share = args.length === 1 ? decodeBase64(args[0]!) : null;
  if (share?.length !== KEY_LENGTH) throw new AgeError('header failure', 'the share of a stanza');
  if (body.length !== FILE_KEY + TAG) throw new AgeError('header failure', 'the body of a stanza');
  const shared = sharedSecret(identity, share);
  if (shared === null) throw new AgeError('header failure', 'a share of low order');

  const key = await wrapKey(shared, share, own);
  try {
    return chacha20poly1305(key, new Uint8Array(12)).decrypt(body) as Bytes;
  } catch {
    return null;
  } finally {
    wipe(key);
  }
}

async function openPayload(fileKey: Bytes, payload: Uint8Array): Promise<Bytes> {
  if (payload.length < NONCE) throw new AgeError('header failure', 'the nonce of the payload is cut');
  const key = await hkdf(fileKey, payload.slice(0, NONCE), 'payload');
  try {
    return chacha20poly1305(key, STREAM_LAST).decrypt(payload.subarray(NONCE)) as Bytes;
  } catch {
    throw new AgeError('payload failure', 'the payload');
  } finally {
    wipe(key);
  }
}

// Every check of the format that needs no key.
function readHeader(file: Uint8Array): Header {
  const lines = new HeaderLines(file);
  if (lines.next() !== VERSION) throw new AgeError('header failure', 'the version');
  const stanzas: Stanza[] = [];
  for (;;) {
    const begin = lines.at;
    const line = lines.next();
    if (line.startsWith('--- ')) {
      const mac = decodeBase64(line.slice(4));
      if (mac?.length !== MAC || stanzas.length === 0) throw new AgeError('header failure', 'the last line');
      return { stanzas, signed: file.slice(0, begin + 3) as Bytes, mac, length: lines.at };
    }
    stanzas.push(readStanza(line, lines));
  }
}

function readStanza(line: string, lines: HeaderLines): Stanza {
  const [arrow, type = '', ...args] = line.split(' ');
  if (arrow !== '->' || ![type, ...args].every((arg) => /^[\x21-\x7e]+$/.test(arg))) throw new AgeError('header failure', 'a stanza');
  const body: Uint8Array[] = [];
  for (;;) {
    const text = lines.next();
    const bytes = text.length > COLUMNS ? null : decodeBase64(text);
    if (bytes === null) throw new AgeError('header failure', 'the body of a stanza');
    body.push(bytes);
    if (text.length < COLUMNS) return { type, args, body: concat(body) };
  }
}

class HeaderLines {
  at = 0;
  private readonly file: Uint8Array;

  constructor(file: Uint8Array) {
    this.file = file;
  }

  /** The next line, one character a byte. */
  next(): string {
    const end = this.file.indexOf(0x0a, this.at);
    if (end < 0) throw new AgeError('header failure', 'a line without its end');
    const line = String.fromCharCode(...this.file.subarray(this.at, end));
    this.at = end + 1;
    return line;
  }
}

// Not of secrets: a MAC is compared, and its time tells nothing that helps with a single file.
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((differs, byte, i) => differs | (byte ^ b[i]!), 0) === 0;
}
