// SPDX-License-Identifier: MIT
// What C seals, others open, and the reverse: classic records against node's crypto only, envelopes against
// the page's code and, for envelopes that neither writer makes, against node's crypto.

import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { after, test } from 'node:test';
import { load } from '../../web/lib/load.mjs';
import { startSealtool } from '../support/sealtool.mjs';

const page = await load('crypto/envelope.ts');
const sealtool = startSealtool();
after(() => sealtool.stop());

const seed = Number(process.env.TEST_SEED ?? 20250917);
console.log(`TEST_SEED=${seed}`);
let state = seed >>> 0;
/** The next number below `bound` of a sequence that the seed repeats (xorshift). */
function below(bound) {
  state ^= state << 13; state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5; state >>>= 0;
  return state % bound;
}

const CHUNK = 65536;
/** Half of them for texts, half for files: the edges of chunks, and random ones if there are more. */
const SIZES = Number(process.env.SIZES ?? 1000);
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));

// Classic records.

const classicKey = (passphrase, salt) =>
  scryptSync(passphrase, salt, 32, { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 });

function classicSeal(passphrase, content) {
  const [salt, header, nonce] = [randomBytes(16), randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-gcm', classicKey(passphrase, salt), nonce).setAAD(header);
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  const record = { salt, header, nonce, tag: cipher.getAuthTag(), data };
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, base64(value)]));
}

function classicOpen(passphrase, record) {
  const [salt, header, nonce, tag, data] =
    ['salt', 'header', 'nonce', 'tag', 'data'].map((name) => Buffer.from(record[name], 'base64'));
  const cipher = createDecipheriv('aes-256-gcm', classicKey(passphrase, salt), nonce);
  cipher.setAAD(header).setAuthTag(tag);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

test('classic records: C and node open what the other sealed', async () => {
  for (let i = 0; i < 15; i++) {
    const passphrase = i % 5 === 0 ? 'пароль 🔑' : randomBytes(24).toString('base64');
    const content = randomBytes(i < 4 ? i : below(2 ** (4 + below(14))));
    const made = await sealtool.ask({ op: 'classic-seal', passphrase, content: base64(content) });
    assert.equal(bytes(made.nonce).length, 16);
    assert.ok(classicOpen(passphrase, made).equals(content));
    const record = classicSeal(passphrase, content);
    const opened = await sealtool.ask({ op: 'classic-open', passphrase, ...record });
    assert.deepEqual(opened, { outcome: 'ok', content: base64(content) });
  }
});

test('classic records: C refuses what node changed', async () => {
  const record = classicSeal('a passphrase', Buffer.from('text'));
  for (const field of ['salt', 'header', 'nonce', 'tag', 'data']) {
    const changed = bytes(record[field]);
    changed[0] ^= 1;
    const answer = await sealtool.ask({ op: 'classic-open', passphrase: 'a passphrase', ...record, [field]: base64(changed) });
    assert.deepEqual(answer, { outcome: 'refused' }, field);
  }
});

// Envelopes.

const LINK_KEY = 'abcdefghijklmnopABCDEFGHIJKLMNOP';
const cheap = { logN: 10, r: 1, p: 1 };
const scrypt = (input, salt, { logN, r, p }) => new Uint8Array(scryptSync(input, salt, 64, { N: 2 ** logN, r, p }));

async function* pieces(all, size) {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

async function pageSeal(content, meta, piece) {
  const header = page.writeHeader(cheap, new Uint8Array(randomBytes(24)));
  const keys = await page.deriveKeys(header, page.secretInput(LINK_KEY), scrypt);
  const out = [];
  const sealed = page.seal(header, keys, { size: content.length, ...meta }, pieces(content, piece));
  for await (const part of sealed) out.push(part);
  return Buffer.concat(out);
}

async function pageOpen(envelope, piece) {
  try {
    const header = envelope.subarray(0, 32);
    const keys = await page.deriveKeys(header, page.secretInput(LINK_KEY), scrypt);
    const opened = { outcome: 'ok' };
    const content = [];
    for await (const part of page.open(header, keys.cipher, pieces(envelope.subarray(32), piece))) {
      if ('meta' in part) Object.assign(opened, part.meta);
      else content.push(part.bytes);
    }
    return { ...opened, content: base64(Buffer.concat(content)), access: base64(keys.access) };
  } catch (error) {
    if (error.kind === undefined) throw error;
    return { outcome: error.kind };
  }
}

/** Sizes around each edge of a chunk, with the metadata in front of the content, and random ones. */
function sizes(count, metaLength) {
  const out = [0, 1, 2, 255, 256, 257];
  for (let chunk = 1; chunk <= 4; chunk++) {
    for (const off of [-1, 0, 1]) out.push(chunk * CHUNK + off, chunk * CHUNK - 4 - metaLength + off);
  }
  while (out.length < count) out.push(below(2 ** (1 + below(18))));
  return out;
}

async function exchange(size, meta) {
  const content = randomBytes(size);
  const piece = 1 + Math.ceil(size / 50) + below(2 ** (1 + below(18)));
  const expected = { outcome: 'ok', size, ...meta, content: base64(content) };
  const made = await sealtool.ask({
    op: 'seal', link_key: LINK_KEY, log2_n: cheap.logN, r: cheap.r, p: cheap.p, content: base64(content), piece, ...meta,
  });
  const openedByPage = await pageOpen(bytes(made.envelope), piece);
  assert.deepEqual(openedByPage, { ...expected, access: made.access }, `C to page, ${size} bytes`);
  const sealed = await pageSeal(content, meta, piece);
  assert.equal(sealed.length, bytes(made.envelope).length, 'both pad alike');
  const { access, ...openedByC } =
    await sealtool.ask({ op: 'open', link_key: LINK_KEY, envelope: base64(sealed), piece });
  assert.deepEqual(openedByC, expected, `page to C, ${size} bytes`);
  assert.equal(bytes(access).length, 32);
}

test(`envelopes: C and the page open what the other sealed, at least ${SIZES} sizes`, async () => {
  const texts = sizes(SIZES / 2, '{"size":65536}'.length);
  const files = sizes(SIZES / 2, '{"size":65536,"name":"имя.txt","type":"text/plain"}'.length);
  const name = { name: 'имя.txt', type: 'text/plain' };
  const work = [...texts.map((size) => [size, {}]), ...files.map((size) => [size, name])];
  for (let at = 0; at < work.length; at += 10) {
    await Promise.all(work.slice(at, at + 10).map(([size, meta]) => exchange(size, meta)));
  }
  assert.ok(work.length >= SIZES);
});

test('envelopes: a passphrase is taken in as the page does', async () => {
  const passphrase = 'пароль é 🔑';
  const header = page.writeHeader(cheap, new Uint8Array(randomBytes(24)));
  const keys = await page.deriveKeys(header, page.secretInput(LINK_KEY, passphrase), scrypt);
  const out = [];
  for await (const part of page.seal(header, keys, { size: 2 }, pieces(Buffer.from('hi'), 9))) out.push(part);
  const request = { op: 'open', link_key: LINK_KEY, envelope: base64(Buffer.concat(out)) };
  const opened = await sealtool.ask({ ...request, passphrase });
  assert.equal(opened.content, base64('hi'));
  assert.equal(opened.access, base64(keys.access));
  assert.deepEqual(await sealtool.ask(request), { outcome: 'payload failure' });
});

/** Seal `plain` as it is, whatever it says: chunk by chunk, with node's crypto only. */
function sealRaw(plain) {
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([10, 1, 1, 0]), randomBytes(24)]);
  const key = scrypt(Buffer.from(LINK_KEY), header.subarray(8), cheap).subarray(0, 32);
  const out = [header];
  const last = Math.max(0, Math.ceil(plain.length / CHUNK) - 1);
  for (let number = 0; number <= last; number++) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(number, 7);
    nonce[11] = number === last ? 1 : 0;
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(header);
    out.push(cipher.update(plain.subarray(number * CHUNK, (number + 1) * CHUNK)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(out);
}

function plaintext(metadata, rest) {
  const json = Buffer.from(metadata);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, rest]);
}

const taken = [
  ' {\n\t"size" : 5\r}', '{"si\\u007ae":5}', '{"size":5.0}', '{"size":0.5e1}', '{"size":5,"name":"a","type":""}',
  '{"type":"t","name":"\\u0000/../\\n","size":5}', '{"size":5,"name":"\\ufeffa","type":""}', `{"size":5,"name":"${'я'.repeat(127)}n","type":"${'t'.repeat(127)}"}`,
];
const refused = [
  '', '{}', '[]', 'null', '5', '{"size":-5}', '{"size":5.5}', '{"size":"5"}', '{"size":null}', '{"size":1e999}',
  '{"size":5,"size":5}', '{"size":5,"s\\u0069ze":5}', '{"size":5,}', "{'size':5}", '{"size":05}', '{"size":+5}',
  '{"size":5}x', '\ufeff{"size":5}', '{"size":5}\0', '{"size":5,"name":"a"}', '{"size":5,"type":"a"}',
  '{"size":5,"name":"","type":"a"}', '{"size":5,"name":1,"type":"a"}', '{"size":5,"name":"a","type":null}',
  '{"size":5,"name":null,"type":null}', '{"size":5,"other":1}', '{"size":5,"__proto__":1}', '{"size":5,"name":"a","type":"b","c":[]}',
  '{"size":5,"name":"\\ud800","type":"a"}', '{"size":5,"name":"a","type":"\\udc00"}', '{"Size":5}', '{"size":9007199254740994}',
  `{"size":5,"name":"${'я'.repeat(128)}","type":"a"}`, `{"size":5,"name":"a","type":"${'t'.repeat(128)}"}`,
  `{"size":5${' '.repeat(4096)}}`, Buffer.from('7b2273697a65223a352c226e616d65223a22ff222c2274797065223a22227d', 'hex'),
];

test('envelopes: C and the page agree on every spelling of the metadata', async () => {
  for (const [outcome, cases] of [['ok', taken], ['content failure', refused]]) {
    for (const metadata of cases) {
      const envelope = sealRaw(plaintext(metadata, Buffer.concat([Buffer.from('hello'), Buffer.alloc(7)])));
      const c = await sealtool.ask({ op: 'open', link_key: LINK_KEY, envelope: base64(envelope), piece: 100 });
      assert.equal(c.outcome, outcome, `C: ${metadata}`);
      const ours = await pageOpen(new Uint8Array(envelope), 100);
      assert.deepEqual(ours, c, `page: ${metadata}`);
    }
  }
});

test('envelopes: C and the page agree on padding and lengths', async () => {
  const cases = [
    ['ok', Buffer.from('hello')],
    ['ok', Buffer.concat([Buffer.from('hello'), Buffer.alloc(200000)])],
    ['content failure', Buffer.from('hell')],
    ['content failure', Buffer.from('hello\x01')],
    ['content failure', Buffer.concat([Buffer.from('hello'), Buffer.alloc(199999), Buffer.from([1])])],
  ];
  for (const [outcome, rest] of cases) {
    const envelope = sealRaw(plaintext('{"size":5}', rest));
    const c = await sealtool.ask({ op: 'open', link_key: LINK_KEY, envelope: base64(envelope), piece: 5000 });
    assert.equal(c.outcome, outcome);
    assert.deepEqual(await pageOpen(new Uint8Array(envelope), 5000), c);
  }
});
