// SPDX-License-Identifier: MIT
// The gate and the floor: what a server, or somebody who has only the id, can learn and spoil.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

const m = await load('crypto/envelope.ts', 'crypto/gate.ts', 'net/api.ts', 'worker/opening.ts', 'model/failure.ts', 'model/outcome.ts', 'net/errors.ts', 'text/languages.ts', 'text/later/languages.ts');
const english = await m.wordsFor(['en']);
await m.learnLater(english);
const said = (key) => english.say(key);
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const { vectors } = JSON.parse(readFileSync(join(top, 'tests/vectors/gate-v1.json'), 'utf8'));

test('gates are those of the vectors', async () => {
  assert.ok(vectors.length >= 5);
  for (const { link_key: key, salt, gate, gate_verifier: verifier } of vectors) {
    const header = m.writeHeader(m.COST_KEY, Buffer.from(salt, 'hex'));
    const derived = await m.deriveGate(key, header);
    assert.equal(hex(derived), gate);
    assert.equal(hex(await m.gateVerifierOf(derived)), verifier);
    assert.notEqual(hex(await m.deriveGate(`${key.slice(1)}x`, header)), gate);
  }
});

const CASES = [[11, 24, 16, false], [14, 8, 6, false], [15, 8, 3, true], [16, 8, 2, true], [17, 8, 1, true]];

/** What opening asks the server for, where its info names this header. */
async function openWith(header, passphrase, gate = false) {
  const asked = [];
  const api = new m.Api('https://h.example/', true, 1000, async (url, { body }) => {
    asked.push(JSON.parse(body));
    return new Response('{"code":"not_found"}', { status: 404, headers: { 'Content-Type': 'application/problem+json' } });
  });
  const phases = [];
  const info = { header, size: 304, partSize: 0, passphrase: passphrase !== '', viewsLeft: 1, expiresAt: 1, attemptsLeft: null, gate, wrap: false };
  const order = { id: 'i', lease: 'l', linkKey: 'k'.repeat(32), passphrase, info, textMax: 1 };
  const failure = await new m.Opening(api).open(order, ({ phase }) => phases.push(phase), new AbortController().signal).catch(m.failureOf);
  return { failure, asked, phases };
}

test('a header below the floor is refused before anything is derived, where there is a passphrase', async () => {
  for (const [logN, r, p, taken] of CASES) {
    const header = m.writeHeader({ logN, r, p }, new Uint8Array(24));
    if (taken) assert.doesNotThrow(() => m.requireStrongCost(header), `${logN} ${r} ${p}`);
    else {
      const { failure, asked, phases } = await openWith(header, 'a passphrase');
      assert.deepEqual([failure.kind, asked, phases], ['weak', [], []], `${logN} ${r} ${p}`);
    }
  }
  assert.match(said(m.openMessage({ kind: 'weak' }, { key: false, passphrase: true }).text), /easy to guess. Nothing was sent/);
  // A link key has 190 bits of its own: what is derived from it alone needs no floor.
  const { failure, asked } = await openWith(m.writeHeader({ logN: 10, r: 1, p: 1 }, new Uint8Array(24)), '');
  assert.deepEqual([failure.kind, asked.length], ['gone', 1]);
});

test('the gate is sent exactly where the secret has one', async () => {
  const header = m.writeHeader({ logN: 10, r: 1, p: 1 }, new Uint8Array(24));
  for (const gate of [true, false]) {
    const { asked } = await openWith(header, '', gate);
    const derived = Buffer.from(await m.deriveGate('k'.repeat(32), header)).toString('base64url');
    assert.equal(asked[0].gate, gate ? derived : undefined);
  }
});

test('with a gate, a damaged link is told from a wrong passphrase', () => {
  const text = (failure, asked) => { const { title, text: line } = m.openMessage(failure, asked); return said(title ?? line); };
  const wrong = { kind: 'wrong-proof', attemptsLeft: 3 };
  assert.equal(text({ kind: 'wrong-key' }, { key: false, passphrase: true, gate: true }), 'This link is damaged');
  assert.equal(text({ kind: 'wrong-key' }, { key: true, passphrase: true, gate: true }), 'That key is wrong.');
  assert.equal(text(wrong, { key: true, passphrase: true, gate: true }), 'That passphrase is wrong.');
  assert.equal(text(wrong, { key: true, passphrase: true, gate: false }), 'The key or the passphrase is wrong.');
});
