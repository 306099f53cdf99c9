// SPDX-License-Identifier: MIT
// Requests: the derivations, and what a server, or an answerer, could put in the place of something.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

const m = await load('crypto/request.ts', 'crypto/age/x25519.ts', 'crypto/age/bech32.ts', 'crypto/age/file.ts', 'model/request.ts', 'net/requests.ts', 'storage/asked.ts', 'worker/description.ts', 'crypto/envelope.ts');
const { vectors } = JSON.parse(readFileSync(join(top, 'tests/vectors/request-v1.json'), 'utf8'));
const bytesOf = (base64url) => new Uint8Array(Buffer.from(base64url, 'base64url'));
const utf8 = (text) => new TextEncoder().encode(text);
const answerOf = (text) => { const [, id, linkKey] = text.split('.'); return { id, linkKey }; };

test('seeds, descriptions and wraps give what the vectors say', async () => {
  assert.ok(vectors.length >= 4);
  for (const { seed, identity, recipient, owner_token: token, owner, description, link_key: key, answer, wrap } of vectors) {
    const asker = await m.askerOf(seed);
    assert.equal(m.encodeBech32('age-secret-key-', asker.identity).toUpperCase(), identity);
    assert.deepEqual([asker.recipient, asker.owner], [recipient, token]);
    assert.equal(createHash('sha256').update(asker.owner).digest('base64url'), owner);
    const read = await m.readDescription(bytesOf(description), key);
    const written = JSON.parse(Buffer.from(description, 'base64url'));
    assert.equal(read.note, written.note);
    assert.deepEqual(read.recipients.map(m.writeRecipient), written.recipients);
    assert.deepEqual(await m.unwrapAnswer(asker.identity, key, bytesOf(wrap)), answerOf(answer));
  }
});

// Made by typage 0.3.1 for the askers of the first two vectors, of the answer of the first.
const BY_TYPAGE = [
  'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0-IFgyNTUxOSBLa1I3QnA0OXBQeWszVW9WeGZuVmtScnBZZ3Y5ckYyTnE3NW1sVWxJTENRCmgvbU1yeU5qRkxYazBiYTNxa0FuMmZzUGVob3U1',
  'TEZaUUNqWG1FRWQ5a28KLT4gWDI1NTE5IEtrNFJjYTFUYkJxUUpqdS9CNU1aZ3p1SkY2aFd0akRjeWQxMkFFT0sxVXMKTndacHFoNmZCdHpUdlV1UkoySDF2bmF5SjFCNnhNakh6aUhv',
  'dnVtZkZXWQotLS0gNVBQU2NUZ2pyRnRtUksvRyt2ZlpkUG1KckU0SnR1WjhiZmFKMCs0VWNPQQoV5xwqh8u79ctbGZKkcgTNOdKCr69OGjv-0LZu64kgGQwryTJ_UmKmjxlTdyUDNAWQ',
  'NGI3EdrYplMHOXmyPNpX7RnFwIHEHB2Ebrcyqaq2GxxANyODqmKm2yROWF3-ievlp69Yx3HUXSDiJBn-LKGBj6Zq255cE5U',
].join('');

test('a wrap that typage made is an answer', async () => {
  for (const { seed } of vectors.slice(0, 2)) {
    const { identity } = await m.askerOf(seed);
    assert.deepEqual(await m.unwrapAnswer(identity, vectors[0].link_key, bytesOf(BY_TYPAGE)), answerOf(vectors[0].answer));
  }
});

test('what the page asks and answers, the page reads', async () => {
  const asker = await m.askerOf(vectors[0].seed);
  for (const note of ['', 'The password, please', '"\\\n\u2028 \u{1f511}', '\ufeffmark']) {
    const bytes = m.writeDescription(note, asker.recipient);
    const key = await m.linkKeyOf(bytes);
    const { note: read, recipients } = await m.readDescription(bytes, key);
    assert.equal(read, note);
    const wrap = await m.wrapAnswer(recipients, key, answerOf(vectors[0].answer));
    assert.ok(wrap.length <= 4096);
    assert.deepEqual(await m.unwrapAnswer(asker.identity, key, wrap), answerOf(vectors[0].answer));
  }
  const mended = m.writeDescription('a\ud800b\0c', asker.recipient);
  assert.equal((await m.readDescription(mended, await m.linkKeyOf(mended))).note, 'a\ufffdb\ufffdc');
  const most = Array.from({ length: 16 }, () => m.readRecipient(asker.recipient));
  assert.ok((await m.wrapAnswer(most, vectors[0].link_key, answerOf(vectors[0].answer))).length <= 4096);
});

// A link names the hash of its description, so who puts another one behind it is noticed. Some askers lie, too.
const right = { v: 1, note: 'n', recipients: [vectors[0].recipient], nonce: 'A'.repeat(43) };
const BAD = {
  'another version': { ...right, v: 2 },
  'the version as a text': { ...right, v: '1' },
  'an unknown key': { ...right, reply_to: 'https://evil.example/' },
  'no note': { ...right, note: undefined },
  'a note that is no text': { ...right, note: 5 },
  'a note with half a character': { ...right, note: '\ud800' },
  'no recipient': { ...right, recipients: [] },
  'seventeen recipients': { ...right, recipients: Array(17).fill(right.recipients[0]) },
  'a plugin': { ...right, recipients: ['age1evil1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq'] },
  'an SSH key': { ...right, recipients: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN'] },
  'a recipient in capitals': { ...right, recipients: [right.recipients[0].toUpperCase()] },
  'a good one and a plugin': { ...right, recipients: [right.recipients[0], 'age1evil1qqqqqqqq'] },
  'a short nonce': { ...right, nonce: 'A'.repeat(42) },
  'a nonce that no writer makes': { ...right, nonce: `${'A'.repeat(42)}B` },
  'a list': [right],
};
const BAD_TEXT = {
  'a key twice': '{"v":1,"note":"a","note":"b","recipients":["R"],"nonce":"N"}',
  'a key twice, spelled differently': '{"v":1,"note":"a","n\\u006fte":"b","recipients":["R"],"nonce":"N"}',
  'something behind it': '{"v":1,"note":"a","recipients":["R"],"nonce":"N"}x',
  'nothing': '',
};

test('a description is refused that says what this version does not know', async () => {
  const texts = Object.entries(BAD_TEXT).map(([what, text]) => [what, utf8(text.replace('"R"', JSON.stringify(right.recipients[0])).replace('"N"', JSON.stringify(right.nonce)))]);
  const bad = [...Object.entries(BAD).map(([what, value]) => [what, utf8(JSON.stringify(value))]), ...texts,
    ['more than 4 KiB', utf8(JSON.stringify({ ...right, note: 'n'.repeat(4096) }))], ['no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d)]];
  for (const [what, bytes] of bad) await assert.rejects(m.readDescription(bytes, await m.linkKeyOf(bytes)), m.DescriptionError, what);
  const good = utf8(JSON.stringify(right));
  assert.equal((await m.readDescription(good, await m.linkKeyOf(good))).note, 'n');
});

test('a description that is not the one of its link is refused', async () => {
  const [mine, other] = vectors;
  await assert.rejects(m.readDescription(bytesOf(other.description), mine.link_key), m.DescriptionError);
  const swapped = JSON.parse(Buffer.from(mine.description, 'base64url'));
  swapped.recipients = [other.recipient];
  await assert.rejects(m.readDescription(utf8(JSON.stringify(swapped)), mine.link_key), m.DescriptionError);
});

test('a wrap is taken only if it names the own request, and holds an answer and nothing else', async () => {
  const { seed, link_key: key, answer, wrap, recipient } = vectors[0];
  const { identity } = await m.askerOf(seed);
  const seal = (text) => m.sealFile([m.readRecipient(recipient)], utf8(text));
  const read = async (bytes) => m.unwrapAnswer(identity, key, await bytes);
  assert.deepEqual(await read(seal(`${answer}\n`)), answerOf(answer));
  const moved = `${vectors[1].link_key}.${answer.split('.').slice(1).join('.')}`;
  for (const text of [moved, '', 'https://evil.example/', `${answer}\n\n`, ` ${answer}`, `${answer}.x`, answer.slice(1), answer.replaceAll('.', ':'), `x\n${answer}`]) {
    assert.equal(await read(seal(text)), 'damaged', JSON.stringify(text));
  }
  assert.equal(await read(bytesOf(vectors[1].wrap)), 'not for us');
  assert.equal(await read(bytesOf(wrap).slice(0, -1)), 'damaged');
  assert.equal(await read(new Uint8Array(4097)), 'damaged');
  const { identity: other } = await m.askerOf(vectors[1].seed);
  assert.equal(await m.unwrapAnswer(other, key, bytesOf(wrap)), 'not for us');
});

test('the line of a request, and what became of each answer', () => {
  const list = (state, ...states) => ({ state, expiresAt: 9, sealed: null, answers: states.map((one, at) => ({ at, state: one, wrap: one === 'waiting' ? new Uint8Array(1) : null })) });
  const line = (...args) => { const { key, n, final } = m.requestStatus(list(...args)); return [key, n, final]; };
  const also = (...args) => m.requestStatus(list(...args)).also?.map(({ key, n }) => [key, n]);
  assert.deepEqual(line('open'), ['statusNoAnswer', undefined, false]);
  assert.deepEqual(line('open', 'waiting', 'waiting'), ['statusAnswers', 2, false]);
  assert.deepEqual(line('full', 'waiting'), ['statusAnswers', 1, false]);
  assert.deepEqual(line('full', 'burnt'), ['statusTakenBack', undefined, false]);
  assert.deepEqual([also('full', 'waiting'), also('full', 'used_up')], [[], [['answerOpened', undefined]]]);
  assert.deepEqual([also('full', 'waiting', 'used_up'), also('open', 'burnt', 'waiting')],
    [[['statusUnread', 1]], [['statusUnread', 1], ['statusTakenBackCount', 1]]]);
  assert.deepEqual(line('expired'), ['statusUnanswered', undefined, true]);
  assert.deepEqual(line('expired', 'waiting'), ['statusAnswers', 1, false]);
  assert.deepEqual(line('ended', 'burnt'), ['statusEnded', undefined, true]);
  assert.deepEqual(line('removed'), ['statusTakenDown', undefined, true]);
  assert.deepEqual(['waiting', 'used_up', 'burnt', 'expired', 'removed'].map((state) => m.answerStatus(list('open', state).answers[0])),
    [null, 'answerOpened', 'answerBurnt', 'answerExpired', 'answerGone']);
  assert.deepEqual([['open'], ['open', 'used_up'], ['full', 'waiting'], ['full', 'used_up'], ['expired']].map((args) => m.isOver(list(...args))), [false, false, false, true, true]);
});

test('nothing but the answer that was listed is opened', () => {
  const info = { size: 304, viewsLeft: 1, passphrase: false, wrap: false, gate: false, attemptsLeft: null };
  for (const viewsLeft of [0, 1]) assert.equal(m.isAnswer({ size: 304 }, { ...info, viewsLeft }), true);
  for (const change of [{ size: 20 << 20 }, { size: 303 }, { viewsLeft: 2 }, { passphrase: true }, { wrap: true }, { gate: true }, { attemptsLeft: 5 }])
    assert.equal(m.isAnswer({ size: 304 }, { ...info, ...change }), false, JSON.stringify(change));
});

test('responses that make no sense are refused', () => {
  const list = { state: 'open', expires_at: 1, answers_left: 1, answers: [{ at: 1, size: 304, state: 'waiting', wrap: 'AAAA' }] };
  assert.equal(m.readAnswers(list).answers[0].wrap.length, 3);
  for (const change of [{ state: 'weird' }, { answers: null }, { answers: [null] }, { answers: [{ ...list.answers[0], state: 'x' }] }, { answers: [{ ...list.answers[0], size: 303 }] }, { answers: [{ ...list.answers[0], wrap: '!' }] },
    { answers: Array(101).fill(list.answers[0]) }, { expires_at: '1' }, { answers_left: -1 }, { description: 'AAAA', header: 'AAAA' }]) assert.throws(() => m.readAnswers({ ...list, ...change }), SyntaxError, JSON.stringify(change));
  const request = { header: 'A'.repeat(43), description: 'A'.repeat(600), answers_left: 1, expires_at: 1, answer_ttl: 60, answer_size: 1 };
  assert.equal(m.readRequest(request).answerSize, 1);
  for (const name of Object.keys(request)) assert.throws(() => m.readRequest({ ...request, [name]: undefined }), SyntaxError, name);
});

test('a description is sealed for its link, and opened by it alone', async () => {
  const quiet = () => undefined;
  const description = m.writeDescription('n', vectors[0].recipient);
  const linkKey = await m.linkKeyOf(description);
  const sealed = await m.describe({ description, linkKey }, quiet);
  const { description: opened, gate } = await m.reveal({ ...sealed, linkKey }, quiet);
  assert.deepEqual(opened, description);
  assert.deepEqual(new Uint8Array(createHash('sha256').update(gate).digest()), sealed.gateVerifier);
  await assert.rejects(m.reveal({ ...sealed, linkKey: vectors[0].link_key }, quiet), m.EnvelopeError);
  await assert.rejects(m.reveal({ ...sealed, header: m.writeHeader(m.COST_KEY, new Uint8Array(24)), linkKey }, quiet), m.EnvelopeError);
});

test('what this browser keeps of requests is dropped once their answers have expired', () => {
  const one = { id: 'a'.repeat(22), seed: 's'.repeat(32), key: 'k'.repeat(32), made: 1, ends: 50, until: 100 };
  assert.deepEqual(m.readAskedList(JSON.stringify([one]), 99), [one]);
  assert.deepEqual(m.readAskedList(JSON.stringify([one]), 100), []);
  for (const change of [{ seed: 's' }, { key: '' }, { ends: 'x' }, { until: 1e99 }, { id: '../..' }]) assert.deepEqual(m.readAskedList(JSON.stringify([{ ...one, ...change }]), 1), [], JSON.stringify(change));
  assert.deepEqual(m.readAskedList('{', 1), []);
});
