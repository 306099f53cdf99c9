// SPDX-License-Identifier: MIT
// What the page drops because of a refusal: nothing, unless the server marked it as its own. A proxy
// can answer with a problem document too (docs/DESIGN.md, P11).
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

globalThis.addEventListener ??= () => undefined;
globalThis.removeEventListener ??= () => undefined;
const m = await load('net/api.ts', 'net/errors.ts', 'net/retry.ts', 'model/failure.ts', 'model/outcome.ts', 'model/request.ts',
  'storage/begun.ts', 'text/languages.ts', 'text/ask/languages.ts', 'ui/ask/status.ts', 'ui/share/status.ts', 'worker/sharing.ts');
const words = await m.wordsFor(['en']);
await m.learnAsk(words);

const MARK = { 'Secrets-Answer': '1' };
const refusal = (status, code, headers, more) => new Response(JSON.stringify({ code, ...more }), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });
const apiOf = (answer, strict = true) => new m.Api('https://h.example/', strict, 1000, async () => answer());
const errorOf = (...args) => apiOf(() => refusal(...args)).info('i').catch((error) => error);
const later = Math.floor(Date.now() / 1000) + 3600;
const token = 't'.repeat(43);
const one = { id: 'i'.repeat(22), token, seed: 's'.repeat(32), key: 'k'.repeat(32), made: 1, until: later, ends: later };

/** What a status line needs of the page. Calls `run` with a context for `api`. */
async function onPage(api, run) {
  globalThis.document = { createElement: () => ({ dataset: {}, setAttribute: () => undefined, replaceChildren: () => undefined }) };
  try {
    return await run({ words, api, now: () => later - 60, poller: { add: () => undefined, remove: () => undefined }, countUnread: () => undefined, announce: () => undefined });
  } finally {
    delete globalThis.document;
  }
}

/** What burnLeft() keeps after `burn`. */
async function keptAfter(burn) {
  const stored = new Map([['ephemeral-secrets-begun', JSON.stringify([{ id: one.id, token }])]]);
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  globalThis.localStorage = { getItem: (name) => stored.get(name) ?? null, setItem: (name, value) => stored.set(name, value), removeItem: (name) => stored.delete(name) };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks: { request: async (name, options, run) => run({}) } } });
  try {
    await m.burnLeft(burn);
    return stored.size;
  } finally {
    delete globalThis.localStorage;
    if (own === undefined) delete globalThis.navigator;
    else Object.defineProperty(globalThis, 'navigator', own);
  }
}

const REFUSALS = [
  [404, 'not_found'], [409, 'lease_ended'], [409, 'request_full'], [403, 'wrong_proof', { attempts_left: 0 }], [403, 'wrong_key'], [410, 'gone'],
];

test('a refusal without the mark ends no view, and says the same', async () => {
  const messages = [(f) => m.openMessage(f, { key: false, passphrase: true }), m.saveMessage, m.answerMessage, m.collectMessage];
  let ends = 0;
  for (const [status, code, more] of REFUSALS) {
    const proxied = m.failureOf(await errorOf(status, code, {}, more));
    const own = m.failureOf(await errorOf(status, code, MARK, more));
    assert.equal(proxied.kind, own.kind);
    for (const message of messages) {
      const [said, ended] = [message(proxied), message(own)];
      assert.equal(said.kind, 'line', `${code}: ${said.text}`);
      if (ended.kind === 'end') ends++;
      if (message !== m.saveMessage) assert.equal(said.text, ended.text, code);
    }
  }
  assert.ok(ends >= 8, `${ends} ends with the mark`);
});

test('a server without the mark is believed as it is', async () => {
  const error = await apiOf(() => refusal(404, 'not_found'), false).info('i').catch((e) => e);
  assert.deepEqual(m.failureOf(error), { kind: 'gone' });
});

test('a request or a secret is not over by a refusal without the mark', async () => {
  const ways = [
    (context, over) => new m.RequestStatus(context, one, 'row', { onFinal: over }).end(),
    (context, over) => new m.LiveStatus(context, one, 'row', over).burn(),
  ];
  for (const way of ways) {
    for (const [headers, over] of [[{}, false], [MARK, true]]) {
      let wasOver = false;
      const problem = await onPage(apiOf(() => refusal(404, 'not_found', headers)), (context) => way(context, () => { wasOver = true; }));
      assert.equal(wasOver, over);
      if (over) assert.equal(problem, null);
      else assert.match(problem[0], /could not be burnt/);
    }
  }
});

test('the token of an upload is kept until the server itself has nothing more of it', async () => {
  const burn = (answer) => keptAfter((id, owner) => apiOf(answer).burn(id, owner));
  assert.equal(await burn(() => refusal(404, 'not_found')), 1);
  assert.equal(await burn(() => refusal(503, 'busy', MARK)), 1);
  assert.equal(await burn(() => refusal(404, 'not_found', MARK)), 0);
  assert.equal(await burn(() => new Response(null, { status: 204, headers: MARK })), 0);
});

test('an upload waits after a refusal without the mark, and ends by one with it', async () => {
  const complete = async (headers) => {
    const answers = [refusal(409, 'upload_incomplete', headers), new Response(null, { status: 204, headers: MARK })];
    const said = [];
    const pause = { wait: async () => undefined };
    const done = await m.complete(apiOf(() => answers.shift()), { id: one.id, ownerToken: token, wrap: null }, pause, (what) => said.push(what), new AbortController().signal)
      .then(() => 'done', () => 'refused');
    return [done, said.filter(({ phase }) => phase === 'blocked').map(({ failure }) => failure)];
  };
  assert.deepEqual(await complete({}), ['done', [{ kind: 'between', status: 409 }]]);
  assert.deepEqual(await complete(MARK), ['refused', []]);
});

test('only the server itself can say that it did nothing', async () => {
  assert.equal(m.serverDidNothing(await errorOf(503, 'busy')), false);
  assert.equal(m.serverDidNothing(await errorOf(503, 'busy', MARK)), true);
});

// A view that decides by the kind alone drops what a proxy tells it to.
test('what ends something in a view is asked of isFinal()', () => {
  const folder = join(top, 'web/src/ui');
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'));
  assert.ok(files.length > 30);
  const own = files.filter((name) => /kind [!=]== '(gone|ended|creators-only)'/.test(readFileSync(join(folder, name), 'utf8')));
  // These two only word a line. The line of a status is final by the page's own clock.
  assert.deepEqual(own.sort(), ['open/classic.ts', 'parts/status-line.ts']);
});
