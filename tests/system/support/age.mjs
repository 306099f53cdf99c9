// SPDX-License-Identifier: MIT
// An independent writer of age files for X25519 recipients (C2SP age v1), with every part open to damage.

import { createCipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';

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

const raw = (key) => Buffer.from(key.export({ format: 'jwk' }).x, 'base64url');
const unpadded = (bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const hkdf = (key, salt, info, len = 32) => Buffer.from(hkdfSync('sha256', key, salt, info, len));
function seal(key, nonce, plain) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** A new key pair: `recipient` and `identity` as age writes them, and the bytes of the recipient. */
export function ageKey() {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url');
  return { bytes: raw(publicKey), recipient: bech32('age', raw(publicKey)), identity: bech32('age-secret-key-', secret).toUpperCase() };
}

function stanza(fileKey, recipient) {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const share = raw(publicKey);
  const peer = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: recipient.toString('base64url') }, format: 'jwk' });
  const shared = diffieHellman({ privateKey: createPrivateKey({ key: privateKey.export({ format: 'jwk' }), format: 'jwk' }), publicKey: peer });
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
