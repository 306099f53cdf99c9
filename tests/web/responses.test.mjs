// SPDX-License-Identifier: MIT
// Whose response it is, and what follows from one that is not the server's (docs/DESIGN.md, P11).
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './lib/load.mjs';

const m = await load('net/api.ts', 'net/errors.ts', 'net/retry.ts', 'model/failure.ts', 'model/outcome.ts', 'text/languages.ts', 'text/later/languages.ts');
const english = await m.wordsFor(['en']);
await m.learnLater(english);
const said = ({ text, status = '' }) => english.say(text, { host: 'HOST', status });
globalThis.addEventListener ??= () => undefined;
globalThis.removeEventListener ??= () => undefined;

const MARK = { 'Secrets-Answer': '1' };
const PROBLEM = { 'Content-Type': 'application/problem+json' };
const HTML = { 'Content-Type': 'text/html' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const response = (status, headers = {}, body = status === 204 ? null : '') => new Response(body, { status, headers });
const redirect = () => ({ type: 'opaqueredirect', ok: false, status: 0, headers: new Headers() });
const problem = (status, code, headers = {}) => response(status, { ...PROBLEM, ...headers }, JSON.stringify({ code }));

/** The failures of each call of the API to a server that answers `answer`. */
async function failuresOf(answer, strict) {
  const api = new m.Api('https://h.example/', strict, 1000, async () => answer());
  const calls = {
    info: () => api.info('i'), receipt: () => api.receipt('i', 't'), burn: () => api.burn('i', 't'), confirm: () => api.confirm('i', 't'),
    complete: () => api.complete('i', 't'), open: () => api.open('i', { access: new Uint8Array(32), gate: null }, 'l', 0),
    part: () => api.part('i', 't', 0, new Uint8Array(1)), config: () => api.config(),
  };
  const out = {};
  for (const [name, call] of Object.entries(calls)) out[name] = await call().then(() => 'done', (error) => error);
  return out;
}

const FOREIGN = {
  'a proxy’s 404': () => response(404, HTML, '<html>not found</html>'),
  'a firewall’s 403': () => response(403, HTML, '<html>no</html>'),
  'a guest network’s 200': () => response(200, HTML, '<html>welcome</html>'),
  'a gateway’s 404 in JSON': () => response(404, JSON_TYPE, '{"message":"no route"}'),
  'a gateway’s 403 with a code': () => response(403, JSON_TYPE, '{"code":"wrong_proof","attempts_left":0}'),
  'a gateway’s 200 in JSON': () => response(200, JSON_TYPE, '{"message":"ok"}'),
  'a gateway’s 409': () => response(409, HTML, ''),
  'an empty 404': () => response(404),
  'an empty 502': () => response(502),
  'a 401': () => response(401, { 'WWW-Authenticate': 'Basic' }, 'who?'),
};

test('a response that is not the server’s is never taken for one', async () => {
  for (const strict of [true, false]) {
    for (const [what, answer] of Object.entries(FOREIGN)) {
      for (const [call, error] of Object.entries(await failuresOf(answer, strict))) {
        assert.ok(error instanceof m.IntermediaryError, `${what}, ${call}, ${strict}: ${error}`);
        assert.deepEqual(m.failureOf(error), { kind: 'between', status: answer().status }, `${what}, ${call}`);
      }
    }
    for (const error of Object.values(await failuresOf(redirect, strict))) assert.deepEqual(m.failureOf(error), { kind: 'sign-in' });
  }
});

test('a refusal of the server is taken as its own, by its code or its mark', async () => {
  const kinds = [
    [problem(404, 'not_found'), 'gone'], [response(404, MARK), 'gone'], [problem(403, 'wrong_proof'), 'wrong-proof'],
    [problem(403, 'wrong_key'), 'wrong-key'], [problem(403, 'not_known_yet'), 'unexpected'], [problem(409, 'lease_ended'), 'ended'],
    [problem(503, 'unavailable'), 'busy'], [response(503, { ...MARK, ...HTML }, 'busy'), 'busy'], [problem(507, 'full'), 'full'],
    [problem(411, 'length_required'), 'between'],
  ];
  for (const [answer, kind] of kinds) {
    const { info } = await failuresOf(() => answer.clone(), true);
    assert.equal(m.failureOf(info).kind, kind, `${answer.status} ${kind}`);
  }
});

test('a 204 needs the mark, but from a server that has none', async () => {
  for (const [headers, strict, done] of [[MARK, true, true], [{}, true, false], [{}, false, true], [MARK, false, true]]) {
    const { burn, confirm, complete } = await failuresOf(() => response(204, headers), strict);
    for (const outcome of [burn, confirm, complete]) assert.equal(outcome === 'done', done, JSON.stringify({ headers, strict }));
  }
  const { burn } = await failuresOf(() => response(200, HTML, 'fine'), false);
  assert.ok(burn instanceof m.IntermediaryError, 'a success of another kind');
});

test('whether the server marks its responses is found out from its configuration', async () => {
  const config = { part_size: 65536, inline_max: 304, text_max: 1, file_max: 1, views_max: 1, ttl_default: 60, ttl_max: 60, ttl_choices: [60], features: ['gate', 3], later: {} };
  for (const marked of [true, false]) {
    const api = new m.Api('https://h.example/', false, 1000, async () => response(200, { ...JSON_TYPE, ...(marked && MARK) }, JSON.stringify(config)));
    assert.deepEqual((await api.config()).features, ['gate']);
    assert.equal(api.isStrict, marked);
  }
});

test('a classic secret is gone by an empty 404 only where that is the server’s', async () => {
  const decrypt = (answer, strict) => new m.Api('https://h.example/', strict, 1000, async () => answer).decryptClassic('i', 'p').catch((error) => m.failureOf(error).kind);
  assert.equal(await decrypt(response(404), false), 'gone');
  assert.equal(await decrypt(response(404), true), 'between');
  assert.equal(await decrypt(response(404, MARK), true), 'gone');
  assert.equal(await decrypt(response(404, HTML, '<html>'), false), 'between');
});

test('what may pass is tried again, at most 20 times; what is refused is reported at once', async () => {
  const tries = async (make, patience = 1e9) => {
    let count = 0;
    const tick = setImmediate.bind(globalThis);
    const original = globalThis.setTimeout;
    globalThis.setTimeout = (run) => tick(run); // no wait takes time
    try {
      await m.withRetry(async () => { count++; throw make(); }, { signal: new AbortController().signal, patience }).catch(() => undefined);
    } finally {
      globalThis.setTimeout = original;
    }
    return count;
  };
  for (const status of [200, 404, 408, 425, 429, 500, 502, 503, 504]) assert.equal(await tries(() => new m.IntermediaryError(status)), 20, `${status}`);
  for (const status of [0, 400, 401, 403, 405, 407, 409, 410, 451]) assert.equal(await tries(() => new m.IntermediaryError(status)), 1, `${status}`);
  assert.equal(await tries(() => new m.ApiError(404, { code: 'not_found' }, null)), 1);
});

test('because of what is not the server’s, nothing is called gone, wrong or damaged, and nothing unused', async () => {
  const asked = { key: true, passphrase: true };
  for (const status of [200, 403, 404, 502]) {
    for (const message of [m.openMessage({ kind: 'between', status }, asked), m.saveMessage({ kind: 'between', status })]) {
      assert.equal(message.kind, 'line', 'no end');
      assert.equal(said(message), `A proxy responded instead of HOST, with status ${status}.`);
    }
  }
  for (const line of [m.eraseMessage, m.burnMessage, m.shareMessage]) {
    assert.match(said(line({ kind: 'between', status: 404 })), /with status 404/);
    assert.match(said(line({ kind: 'sign-in' })), /asks you to sign in/);
    assert.ok(line({ kind: 'sign-in' }).signIn);
  }
  const lost = new m.LostError('', { cause: new m.IntermediaryError(502) });
  assert.deepEqual(m.failureOf(lost), { kind: 'between', status: 502 });
});

test('where something claims Authorization, the token goes another way, once and from then on', async () => {
  const seen = [];
  const api = new m.Api('https://h.example/', true, 1000, async (url, { headers }) => {
    seen.push(Object.keys(headers).join());
    return 'Authorization' in headers ? response(401, { 'WWW-Authenticate': 'Basic' }) : response(204, MARK);
  });
  await api.burn('i', 't');
  await api.confirm('i', 't');
  assert.deepEqual(seen, ['Authorization', 'Secrets-Token', 'Secrets-Token']);
  const never = new m.Api('https://h.example/', true, 1000, async (url, { headers }) => { seen.push(Object.keys(headers).join()); return response(401); });
  seen.length = 0;
  await assert.rejects(never.burn('i', 't'), m.IntermediaryError);
  assert.deepEqual(seen, ['Authorization', 'Secrets-Token'], 'no 401 is sent again and again');
});
