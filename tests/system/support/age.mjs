// SPDX-License-Identifier: MIT
// An independent writer of age files for X25519 recipients (C2SP age v1), with every part open to damage.

import { createCipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from 'node:crypto';

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const polymod = (values) => values.reduce((sum, v) => generator.reduce((s, g, i) => ((sum >>> 25) >>> i) & 1 ? s ^ g : s, ((sum & 0x1ffffff) << 5) ^ v), 1);

/** The Bech32 text (BIP 173) of 32 bytes. */
export function bech32(prefix, bytes) {
  const bits = [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('').padEnd(260, '0');
  const groups = bits.match(/.{5}/g).map((g) => parseInt(g, 2));
  const codes = [...prefix].map((c) => c.charCodeAt(0));
  const head = [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31)];
  const sum = polymod([...head, ...groups, 0, 0, 0, 0, 0, 0]) ^ 1;
  return `${prefix}1${[...groups, ...[5, 4, 3, 2, 1, 0].map((i) => (sum >>> (5 * i)) & 31)].map((g) => alphabet[g]).join('')}`;
}

const unpadded = (bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const hkdf = (key, salt, info, len = 32) => Buffer.from(hkdfSync('sha256', key, salt, info, len));
function seal(key, nonce, plain) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex'); // RFC 8410, before the 32 bytes

/**
 * The X25519 key pair of the private key ${secret}: its object, and the bytes of the public key.  It does without
 * generateKeyPairSync(), because Node 20 can hang when such a key is exported while garbage is collected.
 */
export function keyPair(secret) {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: 'der', type: 'pkcs8' });
  return { privateKey, bytes: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32) };
}

/** A new key pair: `recipient` and `identity` as age writes them, and the bytes of the recipient. */
export function ageKey() {
  const secret = randomBytes(32);
  const { bytes } = keyPair(secret);
  return { bytes, recipient: bech32('age', bytes), identity: bech32('age-secret-key-', secret).toUpperCase() };
}

function stanza(fileKey, recipient) {
  const { privateKey, bytes: share } = keyPair(randomBytes(32));
  const peer = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: recipient.toString('base64url') }, format: 'jwk' });
  const shared = diffieHellman({ privateKey, publicKey: peer });
  const key = hkdf(shared, Buffer.concat([share, recipient]), 'age-encryption.org/v1/X25519');
  return `-> X25519 ${unpadded(share)}\n${unpadded(seal(key, Buffer.alloc(12), fileKey))}\n`;
}

/** A file of age that holds ${plain} for ${keys}; ${before} is text of further stanzas. */
export function ageFile(plain, keys, before = '') {
  const fileKey = randomBytes(16);
  const head = `age-encryption.org/v1\n${before}${keys.map((k) => stanza(fileKey, k.bytes)).join('')}---`;
  const mac = createHmac('sha256', hkdf(fileKey, Buffer.alloc(0), 'header')).update(head).digest();
  const nonce = randomBytes(16);
  const last = Buffer.alloc(12);
  last[11] = 1;
  return Buffer.concat([Buffer.from(`${head} ${unpadded(mac)}\n`), nonce, seal(hkdf(fileKey, nonce, 'payload'), last, Buffer.from(plain))]);
}
