// SPDX-License-Identifier: MIT
// Files of age as the page reads and writes them: the vectors of age itself, and both directions with the age program.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

const m = await load('crypto/age/file.ts', 'crypto/age/x25519.ts', 'crypto/age/bech32.ts', 'crypto/request.ts', 'base/random.ts');
const { vectors } = JSON.parse(readFileSync(join(top, 'tests/vectors/request-v1.json'), 'utf8'));
const identityOf = (text) => m.decodeBech32('age-secret-key-', text.toLowerCase());
const kindOf = (promise) => promise.then(() => 'success', (error) => error.kind ?? error);
const text = (bytes) => new TextDecoder().decode(bytes);

const VECTORS = join(process.env.SHARED ?? join(top, '../shared'), 'vectors/external/age');
// The identities of the page are X25519 alone. Armor, scrypt and hybrid files are not wraps, nor is what has several chunks.
const OURS = /^(x25519|hmac|header|stanza|stream|version|empty)/;

/** A vector: its fields and its file. */
function readVector(name) {
  const all = readFileSync(join(VECTORS, name));
  const end = all.indexOf('\n\n');
  const fields = Object.fromEntries(all.subarray(0, end).toString().split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  return { ...fields, file: all.subarray(end + 2) };
}

test('the vectors of age give the same outcome', { skip: !existsSync(VECTORS) && 'no vectors of age here' }, async () => {
  const seen = {};
  for (const name of readdirSync(VECTORS).filter((one) => OURS.test(one))) {
    const { expect, identity, payload, compressed, file } = readVector(name);
    if (compressed !== undefined || file.length > m.FILE_MAX || identity === undefined) continue;
    const opened = m.openFile(identityOf(identity), file);
    assert.equal(await kindOf(opened), expect, name);
    if (expect === 'success') assert.equal(createHash('sha256').update(await opened).digest('hex'), payload, name);
    seen[expect] = (seen[expect] ?? 0) + 1;
  }
  for (const expect of ['success', 'header failure', 'HMAC failure', 'no match', 'payload failure']) assert.ok(seen[expect] > 0, `${expect}: ${JSON.stringify(seen)}`);
  assert.ok(Object.values(seen).reduce((a, b) => a + b) >= 40, JSON.stringify(seen));
});

test('every damage to a wrap is noticed', async () => {
  const { identity, wrap, answer } = vectors[0];
  const file = new Uint8Array(Buffer.from(wrap, 'base64url'));
  const key = identityOf(identity);
  assert.equal(text(await m.openFile(key, file)), answer);
  for (let at = 0; at < file.length; at++) {
    const damaged = file.slice();
    damaged[at] ^= 1 << (at % 8);
    assert.notEqual(await kindOf(m.openFile(key, damaged)), 'success', `byte ${at}`);
    if (at % 16 === 0) assert.notEqual(await kindOf(m.openFile(key, file.subarray(0, at))), 'success', `${at} bytes`);
  }
  assert.equal(await kindOf(m.openFile(key, new Uint8Array(m.FILE_MAX + 1))), 'header failure');
});

test('recipients are X25519 in small letters, and nothing else', () => {
  const { recipient, identity } = vectors[0];
  assert.equal(m.writeRecipient(m.publicKey(identityOf(identity))), recipient);
  assert.equal(m.writeRecipient(m.readRecipient(recipient)), recipient);
  const others = ['', 'age1', recipient.toUpperCase(), `${recipient}q`, recipient.slice(0, -1), recipient.replace('age1', 'age1evil1'),
    recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')), identity, ` ${recipient}`, m.encodeBech32('age', new Uint8Array(31)), m.encodeBech32('age1pq', new Uint8Array(32))];
  for (const other of others) assert.equal(m.readRecipient(other), null, other);
});

const age = spawnSync('age', ['--version']).status === 0;

test('what the age program encrypts opens here, and the other way round', { skip: !age && 'age is not installed' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'age-test-'));
  try {
    const keys = join(folder, 'key.txt');
    const file = join(folder, 'file');
    const { identity, recipient } = vectors[1];
    writeFileSync(keys, identity);
    const theirs = spawnSync('age', ['-r', recipient, '-r', vectors[2].recipient], { input: 'by age' }).stdout;
    assert.equal(text(await m.openFile(identityOf(identity), theirs)), 'by age');
    assert.equal(await kindOf(m.openFile(identityOf(vectors[0].identity), theirs)), 'no match');

    for (const recipients of [[recipient], [vectors[0].recipient, recipient, vectors[2].recipient]]) {
      writeFileSync(file, await m.sealFile(recipients.map((one) => m.readRecipient(one)), Buffer.from('by the page')));
      const { stdout, stderr } = spawnSync('age', ['-d', '-i', keys, file]);
      assert.equal(stdout.toString(), 'by the page', stderr.toString());
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the file key is wiped, also where nothing can be encrypted to a recipient', async () => {
  for (const [recipient, outcome] of [[m.readRecipient(vectors[0].recipient), 'success'], [new Uint8Array(32), 'header failure']]) {
    const drawn = [];
    const random = (n) => {
      drawn.push(m.randomBytes(n));
      return drawn.at(-1);
    };
    assert.equal(await kindOf(m.sealFile([recipient], Buffer.from('x'), random)), outcome);
    assert.deepEqual(drawn[0], new Uint8Array(16), outcome);
  }
});
