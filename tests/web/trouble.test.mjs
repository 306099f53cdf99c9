// SPDX-License-Identifier: MIT
// What goes wrong: waits, lost answers, odd answers, workers that end.
import test from 'node:test';
import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { load } from './lib/load.mjs';

const events = new EventTarget();
globalThis.addEventListener ??= events.addEventListener.bind(events);
globalThis.removeEventListener ??= events.removeEventListener.bind(events);
const back = () => (globalThis instanceof EventTarget ? globalThis : events).dispatchEvent(new Event('online'));

const within = (ms, promise) => Promise.race([promise.then(() => true), new Promise((done) => { setTimeout(() => done(false), ms); })]);

test('the network’s return ends the wait for it, and no wait that the server asked for', async () => {
  const { withRetry, ApiError, ConnectionError } = await load('net/retry.ts', 'net/errors.ts');
  for (const [error, early] of [[new ConnectionError('cut'), true], [new ApiError(503, { code: 'busy' }, 2), false]]) {
    let tries = 0;
    const options = { signal: new AbortController().signal, patience: 60_000, onWaiting: () => setTimeout(back, 1) };
    const slow = { ...options, retryIf: () => true };
    // The fifth wait of a lost connection is 3.2 s and more: what ends before was woken.
    const task = withRetry(async () => { if (tries++ < (early ? 5 : 1)) throw error; }, slow);
    assert.equal(await within(1500, task), early, error.constructor.name);
    await task;
  }
});

test('no try begins later than it may', async () => {
  const { withRetry, ConnectionError } = await load('net/retry.ts', 'net/errors.ts');
  let tries = 0;
  const slow = async () => {
    tries++;
    await new Promise((done) => { setTimeout(done, 300); });
    throw new ConnectionError('slow');
  };
  const options = { signal: new AbortController().signal, patience: 60_000 };
  await assert.rejects(withRetry(slow, { ...options, within: 400 }), ConnectionError);
  assert.equal(tries, 1);
});

const parts = await load('crypto/envelope.ts', 'crypto/gate.ts', 'worker/opening.ts', 'net/api.ts', 'net/put.ts', 'model/failure.ts');
const LINK_KEY = 'k'.repeat(32);
const JSON_TYPE = { 'Content-Type': 'application/json' };
const PROBLEM = { 'Content-Type': 'application/problem+json' };
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

/** A text sealed for `LINK_KEY` and `passphrase`, and the order to open it. */
async function sealed(passphrase = '', cost = passphrase === '' ? { logN: 10, r: 1, p: 1 } : parts.COST_PASSPHRASE) {
  const header = parts.writeHeader(cost, new Uint8Array(24));
  const scrypt = (input, salt, { logN, r, p }) => new Uint8Array(scryptSync(input, salt, 64, { N: 2 ** logN, r, p, maxmem: 2 ** 29 }));
  const keys = await parts.deriveKeys(header, parts.secretInput(LINK_KEY, passphrase), scrypt);
  const pieces = [];
  for await (const piece of parts.seal(header, keys, { size: 2 }, (async function* () { yield new TextEncoder().encode('hi'); })())) pieces.push(piece);
  const content = Buffer.concat(pieces);
  const info = { header, size: content.length, partSize: 0, passphrase: passphrase !== '', viewsLeft: 1, expiresAt: 1, attemptsLeft: null, gate: false };
  const order = { id: 'i'.repeat(22), lease: 'l'.repeat(43), linkKey: LINK_KEY, passphrase, info, textMax: 1000 };
  return { content, order };
}

/** The outcomes of opening with a server that answers open with `answers` in turn. */
async function openWith(...answers) {
  return openSealed(await sealed(), answers);
}

async function openSealed({ content, order }, answers) {
  const { Opening, Api, failureOf } = parts;
  const stop = new AbortController();
  const leases = [];
  const fetcher = async (url, { body, signal }) => {
    leases.push(JSON.parse(body).lease);
    const answer = answers.shift();
    if (answer === 'lost') throw new TypeError('cut');
    if (answer === 'held') {
      setTimeout(() => stop.abort(), 20);
      return new Promise((_, failed) => { signal.addEventListener('abort', () => failed(signal.reason)); });
    }
    if (typeof answer === 'object') return new Response(JSON.stringify({ code: answer.code }), { status: answer.status, headers: { ...PROBLEM, 'Retry-After': answer.wait ?? '0' } });
    return new Response(JSON.stringify({ views_left: 0, content: b64(content) }), { headers: JSON_TYPE });
  };
  const opening = new Opening(new Api('http://x/', false, 1000, fetcher));
  const outcome = await opening.open(order, () => undefined, stop.signal).then(({ text }) => text, (error) => failureOf(error).kind);
  return { outcome, order, opening, leases };
}

test('an opening is called lost where it may have been counted, and nowhere else', async () => {
  const busy = { status: 503, code: 'busy' };
  const giveUp = { status: 503, code: 'busy', wait: '60' };
  const unknown = { status: 503, code: 'unknown_outcome', wait: '60' };
  const cases = [
    [['fine'], 'hi'], [['lost', 'fine'], 'hi'], [[busy, 'fine'], 'hi'],
    [[giveUp], 'busy'], [[busy, giveUp], 'busy'], [[{ status: 404, code: 'not_found' }], 'gone'], [[{ status: 403, code: 'wrong_proof' }], 'wrong-proof'],
    [[unknown], 'lost'], [['lost', giveUp], 'lost'], [['held'], 'lost'], [['lost', { status: 409, code: 'lease_ended' }], 'ended'],
  ];
  for (const [answers, expected] of cases) {
    const { outcome, leases } = await openWith(...answers);
    assert.equal(outcome, expected, JSON.stringify(answers));
    assert.equal(new Set(leases).size, 1);
  }
});

test('no try to open takes longer than half of what the lease that it takes may live', async (t) => {
  const { Api } = parts;
  const given = [];
  t.mock.method(AbortSignal, 'timeout', (ms) => { given.push(ms); return new AbortController().signal; });
  const api = new Api('http://x/', false, 60_000, async () => new Response('{"views_left":0,"content":""}', { headers: JSON_TYPE }));
  for (let attempt = 0; attempt < 5; attempt++) await api.open('i', { access: new Uint8Array(32), gate: null }, 'l', attempt);
  assert.deepEqual(given, [30_000, 60_000, 60_000, 60_000, 60_000]);
});

/** Whether `needle` is in anything that `value` reaches. */
function reaches(value, needle, seen = new Set()) {
  if (typeof value === 'string') return value.includes(needle);
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer).includes(needle);
  return Object.values(value).some((inner) => reaches(inner, needle, seen));
}

test('the worker keeps neither the link’s key nor the passphrase', async () => {
  const { content, order: fresh } = await sealed('a passphrase');
  assert.ok(reaches({ fresh }, LINK_KEY) && reaches({ fresh }, 'a passphrase'), 'the search finds them where they are');
  for (const answers of [['fine'], [{ status: 403, code: 'wrong_proof' }]]) {
    const { order, opening } = await openSealed({ content, order: { ...fresh } }, answers);
    for (const what of [LINK_KEY, 'a passphrase']) assert.ok(!reaches({ order, opening }, what), what);
  }
});

/** A worker that does what `script` says. */
function fakeWorker(script = () => undefined) {
  const worker = { posted: [], ended: false, terminate: () => { worker.ended = true; } };
  worker.postMessage = (message) => { worker.posted.push(message); script(worker, message); };
  return worker;
}

test('a worker that ended is told of by every call', { timeout: 5000 }, async () => {
  globalThis.ErrorEvent ??= class extends Event {};
  const { Engine } = await load('worker/engine.ts');
  const { failureOf } = await load('model/failure.ts');
  assert.equal(failureOf(new RangeError('Invalid array length')).kind, 'unexpected', 'not a file that changed');
  const ways = {
    offline: (engine, worker) => worker.onerror(new Event('error')),
    unexpected: (engine, worker) => worker.onerror(new globalThis.ErrorEvent('error')),
    cancelled: (engine) => engine.close(),
  };
  for (const [kind, end] of Object.entries(ways)) {
    const worker = fakeWorker();
    const engine = new Engine(worker, { base: 'http://x/', isStrict: false });
    const running = engine.call('confirm', null);
    assert.ok(!engine.ended);
    end(engine, worker);
    await assert.rejects(running, { failure: { kind } });
    await assert.rejects(engine.call('confirm', null), { failure: { kind } });
    assert.ok(engine.ended && worker.ended);
  }
});

test('a call is cancelled by the worker that runs, and without one that does not', { timeout: 5000 }, async () => {
  const { Engine } = await load('worker/engine.ts');
  const stop = new AbortController();
  const silent = new Engine(fakeWorker(), { base: 'http://x/', isStrict: false });
  const call = silent.call('confirm', null, undefined, stop.signal);
  stop.abort();
  await assert.rejects(call, { failure: { kind: 'cancelled' } });
  const worker = fakeWorker((self, { type, call: number }) => {
    if (type === 'call') self.onmessage({ data: { type: 'progress', call: number, progress: { phase: 'opening' } } });
    if (type === 'cancel') self.onmessage({ data: { type: 'failed', call: number, failure: { kind: 'lost' } } });
  });
  const again = new AbortController();
  const engine = new Engine(worker, { base: 'http://x/', isStrict: false });
  const running = engine.call('confirm', null, undefined, again.signal);
  again.abort();
  await assert.rejects(running, { failure: { kind: 'lost' } });
  assert.ok(!engine.ended);
});

/** PUT over an XMLHttpRequest that ends with `answer`. */
async function put(answer) {
  const { putWithProgress } = parts;
  globalThis.XMLHttpRequest = class {
    upload = {};
    open(method, url) { this.responseURL = url; }
    setRequestHeader() { /* nothing is sent */ }
    getAllResponseHeaders() { return 'content-type: text/plain\r\nsecrets-answer: 1\r\n'; }
    abort() { this.onabort(); }
    send() { Object.assign(this, { responseText: '' }, answer); setTimeout(() => this.onload()); }
  };
  return putWithProgress({ url: 'http://x/parts/0', headers: {}, body: new Blob(['x']), stall: 1000 });
}

test('a part that is sent elsewhere is not sent again', { timeout: 5000 }, async () => {
  const { failureOf } = parts;
  const error = await put({ status: 204, responseURL: 'http://y/' }).then(() => null, (e) => e);
  assert.equal(failureOf(error).kind, 'sign-in');
});

test('odd answers to a part settle it', { timeout: 5000 }, async () => {
  for (const status of [204, 205, 304, 200, 404, 503, 599]) {
    const response = await put({ status, responseText: [204, 205, 304].includes(status) ? 'odd' : '{}' });
    assert.equal(response.status, status);
    assert.equal(response.headers.get('Secrets-Answer'), '1');
  }
  for (const status of [0, 100, 101, 199, 600, 999]) await assert.rejects(put({ status }), { message: `status ${status}` });
});
