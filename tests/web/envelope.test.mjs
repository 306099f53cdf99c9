// SPDX-License-Identifier: MIT
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, scryptSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

const e = await load('crypto/envelope.ts');
const vectors = JSON.parse(readFileSync(join(top, 'tests/vectors/envelope-v1.json'), 'utf8'));

let derivations = 0;
/** What was derived already: most damaged envelopes have the key of a whole one. */
const derived = new Map();
const scrypt = (input, salt, { logN, r, p }) => {
  derivations++;
  const name = JSON.stringify([[...input], [...salt], logN, r, p]);
  if (!derived.has(name)) derived.set(name, scryptSync(input, salt, 64, { N: 2 ** logN, r, p, maxmem: 2 ** 29 }));
  return new Uint8Array(derived.get(name));
};
const bytes = (b64) => new Uint8Array(Buffer.from(b64, 'base64url'));
const cheap = { logN: 10, r: 1, p: 1 };

async function* pieces(all, size) {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

async function outcome(envelope, linkKey, passphrase, pieceSize = 70000) {
  try {
    const header = envelope.subarray(0, 32);
    const keys = await e.deriveKeys(header, e.secretInput(linkKey, passphrase), scrypt);
    let meta = null;
    const out = [];
    for await (const part of e.open(header, keys.cipher, pieces(envelope.subarray(32), pieceSize))) {
      if (part.meta) meta = part.meta;
      else out.push(Buffer.from(part.bytes));
    }
    return { outcome: 'ok', meta, content: Buffer.concat(out), access: Buffer.from(keys.access).toString('base64url') };
  } catch (error) {
    if (!error.kind) throw error;
    return { outcome: error.kind };
  }
}

async function sealAll(content, meta = {}, cost = cheap, linkKey = 'k'.repeat(32), piece = 50000) {
  const header = e.writeHeader(cost, new Uint8Array(randomBytes(24)));
  const keys = await e.deriveKeys(header, e.secretInput(linkKey), scrypt);
  const out = [];
  for await (const part of e.seal(header, keys, { size: content.length, ...meta }, pieces(content, piece))) out.push(part);
  return new Uint8Array(Buffer.concat(out));
}

test('every vector has its stated outcome', async () => {
  assert.equal(vectors.vectors.length, 43);
  const counts = {};
  for (const v of vectors.vectors) {
    const before = derivations;
    const got = await outcome(bytes(v.envelope), v.link_key, v.passphrase);
    assert.equal(got.outcome, v.expect, v.name);
    counts[v.expect] = (counts[v.expect] ?? 0) + 1;
    if (v.expect === 'header failure') assert.equal(derivations, before, `${v.name}: derived`);
    if (v.expect !== 'ok') continue;
    assert.equal(createHash('sha256').update(got.content).digest('hex'), v.content_sha256, v.name);
    assert.equal(got.access, v.access, v.name);
    assert.equal(got.meta.size, v.size, v.name);
    if (v.metadata?.name) assert.equal(got.meta.name, v.metadata.name, v.name);
    assert.equal(Buffer.from(await e.verifierOf(bytes(v.access))).toString('base64url'), v.verifier);
  }
  assert.deepEqual(counts, { ok: 15, 'header failure': 11, 'payload failure': 11, 'content failure': 6 });
});

test('padded lengths', () => {
  for (const [length, padded] of vectors.padded_length) assert.equal(e.paddedLength(length), padded, `${length}`);
});

test('a passphrase beyond the format’s bound derives nothing', () => {
  const fits = 'é'.normalize('NFD').repeat(512);
  assert.equal(e.secretInput('k'.repeat(32), fits).length, 32 + 1 + 1024);
  for (const long of ['x'.repeat(1025), `${fits}x`]) assert.throws(() => e.secretInput('k'.repeat(32), long), TypeError);
});

test('every bit flip of a small envelope is refused', async () => {
  const envelope = await sealAll(new Uint8Array(Buffer.from('a small secret')));
  assert.equal((await outcome(envelope, 'k'.repeat(32))).outcome, 'ok');
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const flipped = envelope.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    // A header that asks for a high cost would only take long: its bounds are tested by the vectors.
    if (bit >> 3 >= 4 && bit >> 3 < 7 && 2 ** flipped[4] * flipped[5] * flipped[6] > 2 ** 15) continue;
    const { outcome: got } = await outcome(flipped, 'k'.repeat(32));
    assert.notEqual(got, 'ok', `bit ${bit}`);
  }
});

test('round trips at the chunk edges, however the stream is cut', async () => {
  for (const size of [0, 1, 255, 65500, 65535, 65536, 65537, 131071, 131072, 131073, 400000]) {
    const content = new Uint8Array(randomBytes(size));
    const name = size % 2 ? 'a name.txt' : undefined;
    const envelope = await sealAll(content, name ? { name, type: 'text/plain' } : {}, cheap, 'k'.repeat(32), 1 + size % 7777);
    assert.equal(envelope.length, e.envelopeLength({ size, ...(name && { name, type: 'text/plain' }) }));
    for (const piece of [1 + size % 999, 65552, 1 << 20]) {
      const got = await outcome(envelope, 'k'.repeat(32), '', piece);
      assert.equal(got.outcome, 'ok');
      assert.ok(got.content.equals(Buffer.from(content)), `${size}`);
      assert.equal(got.meta.name, name);
    }
  }
});

test('content that grew or shrank while it was read ends the sealing', async () => {
  const header = e.writeHeader(cheap, new Uint8Array(24));
  const keys = await e.deriveKeys(header, e.secretInput('k'), scrypt);
  for (const size of [9, 11]) {
    await assert.rejects(async () => {
      for await (const part of e.seal(header, keys, { size }, pieces(new Uint8Array(10), 4))) void part;
    }, e.ChangedError);
  }
});

test('metadata that the format does not allow is refused', async () => {
  const m = await load('crypto/metadata.ts');
  const read = (text) => m.readMetadata(new TextEncoder().encode(text));
  assert.deepEqual(read(' { "size" : 3 } '), { size: 3 });
  assert.deepEqual(read('{"size":3,"name":"\\u0061","type":""}'), { size: 3, name: 'a', type: '' });
  for (const text of [
    '', '[]', 'null', '3', '{}', '{"size":-1}', '{"size":"3"}', '{"size":1.5}', '{"size":1e99}', '{"size":3,"size":3}',
    '{"size":3,"s\\u0069ze":3}', '{"size":3,"name":"a"}', '{"size":3,"type":"a"}', '{"size":3,"name":"","type":""}',
    `{"size":3,"name":"${'n'.repeat(256)}","type":""}`, `{"size":3,"name":"n","type":"${'t'.repeat(128)}"}`,
    '\ufeff{"size":3}', '{"size":3}x', '{"size":3,"name":1,"type":""}',
    '{"size":3,"other":1}', '{"size":3,"name":"\\ud800","type":""}',
  ]) assert.throws(() => read(text), undefined, text);
  assert.throws(() => m.readMetadata(new Uint8Array([0x7b, 0xff, 0x7d])));
});

test('names are cut to what metadata holds, with their extension', async () => {
  const m = await load('crypto/metadata.ts');
  assert.equal(m.fitName('a.txt'), 'a.txt');
  assert.equal(m.fitName(''), 'file');
  const cut = m.fitName(`${'ж'.repeat(300)}.tar.gz`);
  assert.ok(Buffer.byteLength(cut) <= 255 && cut.endsWith('.tar.gz'));
  assert.equal(m.fitType('x'.repeat(200)), '');
});
