// SPDX-License-Identifier: MIT
// The page's scrypt against the vectors of RFC 7914, section 12, and against OpenSSL's.

import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import test from 'node:test';
import { load } from './lib/load.mjs';

const { scrypt } = await load('crypto/scrypt.ts');
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const utf8 = (text) => new TextEncoder().encode(text);

test('the vectors of the RFC', () => {
  const vectors = [
    ['', '', { logN: 4, r: 1, p: 1 }, '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906'],
    ['password', 'NaCl', { logN: 10, r: 8, p: 16 }, 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640'],
    ['pleaseletmein', 'SodiumChloride', { logN: 14, r: 8, p: 1 }, '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'],
  ];
  for (const [input, salt, cost, expected] of vectors) assert.equal(hex(scrypt(utf8(input), utf8(salt), cost)), expected);
});

test('the same as OpenSSL for every shape of a header', () => {
  for (const logN of [1, 2, 5, 10])
    for (const r of [1, 2, 3, 7, 8])
      for (const p of [1, 2, 3, 5]) {
        const [input, salt] = [randomBytes(1 + r * p), randomBytes(24)];
        const expected = scryptSync(input, salt, 64, { N: 2 ** logN, r, p });
        assert.equal(hex(scrypt(new Uint8Array(input), new Uint8Array(salt), { logN, r, p })), hex(expected), `${logN} ${r} ${p}`);
      }
});

test('it tells how far it is, and takes no more memory than a header may ask for', () => {
  const shares = [];
  scrypt(utf8('a'), utf8('b'), { logN: 10, r: 8, p: 3 }, (share) => shares.push(share));
  assert.ok(shares.length >= 10, String(shares));
  assert.deepEqual(shares, [...shares].sort((a, b) => a - b));
  assert.equal(shares.at(-1), 1);
  assert.throws(() => scrypt(utf8('a'), utf8('b'), { logN: 20, r: 8, p: 1 }), RangeError);
});
