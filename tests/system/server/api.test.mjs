// SPDX-License-Identifier: MIT
// The whole API against a real secretsd, every request and answer held to docs/openapi.yaml.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { base64url, checkAnswer, describedApi, description, makeAnswer, makeRequest, makeSecret, makeToken } from '../support/api.mjs';
import { kind, startServer } from '../support/kinds.mjs';
import { startServer as startPlain } from '../support/server.mjs';

const origin = 'https://page.example';
let server;
let api;

before(async () => {
  server = await startServer({ env: { SECRETS_ORIGINS: origin, SECRETS_PART_SIZE: '64 KiB', SECRETS_MAX_TEXT: '64 KiB' } });
  api = describedApi(server);
});
after(async () => {
  api.close();
  await server.stop();
});

const expect = (...args) => expectBy(api, ...args);

async function expectBy(by, status, ...request) {
  const answer = await by.ask(...request);
  assert.equal(answer.status, status, `${request[0]} ${request[1]}: ${answer.body.toString().slice(0, 300)}`);
  return answer;
}

async function create(secret) {
  const { json } = await expect(201, 'POST', '/api/v1/secrets', { json: secret.create });
  return { ...secret, id: json.id, owner: json.owner_token, path: `/api/v1/secrets/${json.id}`, partSize: json.part_size };
}

const open = (status, s, lease, access = s.access) => expect(status, 'POST', `${s.path}/open`, { json: { access, lease, gate: s.gate } });
const receipt = async (s) => (await expect(200, 'GET', `${s.path}/receipt`, { token: s.owner })).json;
const events = (r) => r.events.map(({ event }) => event).join(' ');

test('health and config', async () => {
  await expect(200, 'GET', '/healthz');
  await expect(200, 'GET', '/readyz');
  const { json } = await expect(200, 'GET', '/api/v1/config');
  assert.equal(json.part_size, 65536);
  assert.equal(json.text_max, 65536);
  assert.equal(json.ttl_default, 5 * 86400);
  assert.ok(json.ttl_choices.includes(json.ttl_default));
});

test('classic: a text, as often as asked', async () => {
  const secret = 'пароль 🔑 "quoted" \\ \u0000 \u001f end';
  const { json } = await expect(200, 'POST', '/encrypt', { json: { secret, view_count: '2', ttl: 3600 } });
  await expect(404, 'POST', '/decrypt', { json: { ...json, passphrase: 'wrong' } });
  for (let i = 0; i < 2; i++) assert.deepEqual((await expect(200, 'POST', '/decrypt', { json })).json, { data: secret });
  await expect(404, 'POST', '/decrypt', { json });
});

test('classic: a file, once, with any Content-Type', async () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i & 255));
  const path = `/encrypt?file_name=${encodeURIComponent('имя файла "x".bin')}`;
  const { json } = await expect(200, 'POST', path, { body: bytes, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  const opened = (await expect(200, 'POST', '/decrypt', { json, headers: { 'Content-Type': 'text/plain' } })).json;
  assert.equal(opened.file_name, 'имя файла "x".bin');
  assert.deepEqual(Buffer.from(opened.data, 'base64'), bytes);
  await expect(404, 'POST', '/decrypt', { json });
});

test('v1: open, lose the answer, open again, confirm', async () => {
  const s = await create(makeSecret({ views: 2, size: 5000 }));
  const info = (await expect(200, 'GET', s.path)).json;
  assert.deepEqual([info.size, info.part_size, info.views_left, info.passphrase], [5000, 0, 2, false]);
  assert.equal(events(await receipt(s)), 'created');
  const lease = makeToken();
  const first = (await open(200, s, lease)).json;
  assert.equal(first.content, base64url(s.envelope));
  assert.equal(first.lease, lease);
  const again = (await open(200, s, lease)).json;
  assert.equal(again.content, first.content);
  assert.equal(again.views_left, 1);
  await expect(204, 'DELETE', `${s.path}/lease`, { token: lease });
  await expect(204, 'DELETE', `${s.path}/lease`, { token: lease });
  assert.equal((await open(409, s, lease)).json.code, 'lease_ended');
  const own = (await open(200, s, undefined)).json.lease;
  await open(404, s, makeToken());
  await expect(204, 'DELETE', s.path, { token: own });
  await expect(404, 'GET', s.path);
  const end = await receipt(s);
  assert.equal(end.state, 'burnt');
  assert.deepEqual(events(end).split(' ').sort(), ['burnt_by_opener', 'confirmed', 'created', 'opened', 'opened']);
});

test('v1: a wrap is for the gate, takes no view, and goes with the content', async () => {
  const made = makeSecret({ wrap: Buffer.from('the server does not look into it') });
  const s = await create(made);
  assert.equal((await expect(200, 'GET', s.path)).json.wrap, true);
  const ask = (status, gate) => expect(status, 'POST', `${s.path}/wrap`, { json: { gate } });
  assert.deepEqual((await ask(200, s.gate)).json, { wrap: made.create.wrap });
  assert.equal((await ask(403, makeToken())).json.code, 'wrong_key');
  await expect(422, 'POST', '/api/v1/secrets', { json: { ...made.create, passphrase: false } });
  const lease = makeToken();
  await open(200, s, lease);
  await expect(204, 'DELETE', `${s.path}/lease`, { token: lease });
  await ask(404, s.gate);
  const plain = await create(makeSecret({ attempts: 1 }));
  await expect(404, 'POST', `${plain.path}/wrap`, { json: { gate: plain.gate } });
});

test('v1: of many at once exactly as many as there are views', async () => {
  for (const views of [1, 3]) {
    const s = await create(makeSecret({ views }));
    const leases = Array.from({ length: 32 }, makeToken);
    const answers = await Promise.all(leases.map((lease) => api.ask('POST', `${s.path}/open`, { json: { access: s.access, lease, gate: s.gate } })));
    assert.equal(answers.filter(({ status }) => status === 200).length, views);
    assert.equal(answers.filter(({ status }) => status === 404).length, 32 - views);
  }
});

test('v1: a thousand guesses get as many as were allowed', async () => {
  const s = await create(makeSecret({ attempts: 10 }));
  const guess = () => api.ask('POST', `${s.path}/open`, { json: { access: makeToken().slice(0, 42) + 'A', lease: makeToken(), gate: s.gate } });
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(...(await Promise.all(Array.from({ length: 50 }, guess))));
  assert.equal(answers.filter(({ status }) => status === 403).length, 10);
  assert.equal(answers.filter(({ status }) => status === 404).length, 990);
  await open(404, s, makeToken());
  const end = await receipt(s);
  assert.equal(end.state, 'locked');
  assert.equal(end.attempts_left, 0);
});

test('v1: parts, any order, several at once, interrupted, and fetched', async () => {
  const s = await create(makeSecret({ size: 3 * 65536 + 17, inline: false, views: 1 }));
  const part = (k) => s.envelope.subarray(k * 65536, (k + 1) * 65536);
  const put = (status, k, body, token = s.owner) => expect(status, 'PUT', `${s.path}/parts/${k}`, { body, token });
  assert.equal((await expect(409, 'GET', s.path)).json.code, 'uploading');
  await put(204, 3, part(3));
  assert.equal((await expect(409, 'POST', `${s.path}/complete`, { token: s.owner })).json.missing, 3);
  await Promise.all([0, 1, 2, 0, 1, 2].map((k) => put(204, k, part(k))));
  await put(409, 0, part(1));
  await put(409, 0, part(3));
  await put(404, 4, part(3));
  await put(404, 0, part(0), makeToken());
  await put(404, 0, part(3), makeToken());
  await expect(204, 'POST', `${s.path}/complete`, { token: s.owner });
  await put(409, 0, part(0));
  const lease = makeToken();
  assert.equal((await open(200, s, lease)).json.content, undefined);
  const got = await Promise.all([0, 1, 2, 3].map((k) => expect(200, 'GET', `${s.path}/parts/${k}`, { token: lease })));
  assert.deepEqual(Buffer.concat(got.map(({ body }) => body)), s.envelope);
  const head = await expect(200, 'HEAD', `${s.path}/parts/3`, { token: lease });
  assert.equal(head.headers['content-length'], '17');
  await expect(404, 'GET', `${s.path}/parts/4`, { token: lease });
  await expect(401, 'GET', `${s.path}/parts/0`);
  await expect(204, 'DELETE', `${s.path}/lease`, { token: lease });
  await expect(404, 'GET', `${s.path}/parts/0`, { token: lease });
  assert.equal((await receipt(s)).state, 'used_up');
});

/** Ask with ${more} and complete ${count} answers to it. */
async function ask(more, count = 0) {
  const request = makeRequest(more);
  request.id = (await expect(201, 'POST', '/api/v1/requests', { json: request.ask })).json.id;
  request.path = `/api/v1/requests/${request.id}`;
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await begin(request));
  for (const answer of answers) await complete(204, answer);
  return { ...request, answers };
}

async function begin(request, shape) {
  const answer = makeAnswer(request, shape);
  const { json } = await expect(201, 'POST', `${request.path}/answers`, { json: answer.begin });
  return { ...answer, owner: json.owner_token, path: `/api/v1/secrets/${json.id}`, partSize: json.part_size };
}

const complete = (status, answer, wrap = 'a wrap') => expect(status, 'POST', `${answer.path}/complete`, { token: answer.owner, json: { wrap: base64url(wrap) } });
const list = async (request) => (await expect(200, 'GET', `${request.path}/answers`, { token: request.owner })).json;

test('requests: ask, answer, list, collect', async () => {
  const request = await ask({ answers: 2, answer_size: 1000 }, 1);
  const info = (await expect(200, 'GET', request.path)).json;
  assert.deepEqual([info.answers_left, info.answer_size, info.description], [1, 1000, request.ask.description]);
  const [answer] = request.answers;
  const { answers, ...rest } = await list(request);
  assert.deepEqual([rest.state, rest.answers_left, rest.header], ['open', 1, request.ask.header]);
  assert.deepEqual(answers.map(({ size, state, wrap }) => [size, state, wrap]), [[304, 'waiting', base64url('a wrap')]]);

  // Opened as any secret, by what its wrap says.
  const lease = makeToken();
  assert.equal((await open(200, answer, lease)).json.content, base64url(answer.envelope));
  await expect(204, 'DELETE', `${answer.path}/lease`, { token: lease });
  assert.deepEqual((await list(request)).answers.map(({ state, wrap }) => [state, wrap]), [['used_up', undefined]]);
  assert.equal(events(await receipt(answer)), 'created opened confirmed');
});

test('requests: an answer in parts', async () => {
  const request = await ask({ answer_size: 1 << 20 });
  const answer = await begin(request, { size: 65536 + 400, inline: false });
  assert.equal((await expect(409, 'GET', answer.path)).json.code, 'uploading');
  await expect(204, 'PUT', `${answer.path}/parts/1`, { body: answer.envelope.subarray(65536), token: answer.owner });
  assert.equal((await complete(409, answer)).json.code, 'incomplete');
  await expect(204, 'PUT', `${answer.path}/parts/0`, { body: answer.envelope.subarray(0, 65536), token: answer.owner });
  await complete(204, answer);
  const lease = makeToken();
  await open(200, answer, lease);
  const parts = await Promise.all([0, 1].map((k) => expect(200, 'GET', `${answer.path}/parts/${k}`, { token: lease })));
  assert.deepEqual(Buffer.concat(parts.map(({ body }) => body)), answer.envelope);
});

test('requests: of many answers at once exactly as many as were asked for', async () => {
  for (const asked of [1, 3]) {
    const request = await ask({ answers: asked });
    const all = [];
    for (let i = 0; i < 4; i++) all.push(...await Promise.all([0, 1].map(() => begin(request))));
    const statuses = await Promise.all([...all, ...all].map((answer) => api.ask('POST', `${answer.path}/complete`, { token: answer.owner, json: { wrap: base64url('w') } }).then(({ status }) => status)));
    // Each of them is sent twice: the second one of an erased answer is a 404.
    assert.equal(statuses.filter((status) => status === 204).length, 2 * asked);
    assert.ok(statuses.every((status) => [204, 404, 409].includes(status)), statuses.join(' '));
    assert.equal((await list(request)).answers.length, asked);
    assert.equal((await list(request)).state, 'full');
  }
});

test('requests: the owner ends one', async () => {
  const request = await ask({ answers: 3 }, 1);
  const late = await begin(request);
  await expect(404, 'DELETE', request.path, { token: makeToken() });
  await expect(204, 'DELETE', request.path, { token: request.owner });
  await expect(404, 'GET', request.path);
  await complete(404, late);
  await expect(404, 'POST', `${request.path}/answers`, { json: makeAnswer(request).begin });
  const { state, answers } = await list(request);
  assert.deepEqual([state, answers.map((one) => one.state)], ['ended', ['burnt']]);
  await open(404, request.answers[0], makeToken());
});

test('v1: the owner burns', async () => {
  const s = await create(makeSecret({ views: 5 }));
  await expect(404, 'DELETE', s.path, { token: makeToken() });
  await expect(204, 'DELETE', s.path, { token: s.owner });
  await expect(404, 'GET', s.path);
  assert.equal(events(await receipt(s)), 'created burnt_by_owner');
});

test('bodies over their bound get a 413 that a client still sending can read', async () => {
  // What is above 6 MB no gateway hands to a function.
  const big = Buffer.alloc((kind.startsWith('lambda') ? 4 : 20) * 1024 * 1024, 0x20);
  for (const path of ['/encrypt', '/encrypt?file_name=a', '/decrypt', '/api/v1/secrets'])
    assert.equal((await expect(413, 'POST', path, { body: big, headers: { 'Content-Type': 'application/json' } })).json.code, 'too_large');
});

test('wrong types, encodings and methods', async () => {
  const { create: json } = makeSecret();
  await expect(415, 'POST', '/api/v1/secrets', { json, headers: { 'Content-Type': 'text/plain' } });
  await expect(415, 'POST', '/encrypt', { json: { secret: 'x' }, headers: { 'Content-Encoding': 'gzip' } });
  await expect(400, 'POST', '/encrypt', { body: '{"secret":"x","secret":"y"}' });
  await expect(400, 'POST', '/encrypt', { body: Buffer.from([0x7b, 0xff]) });
  await expect(422, 'POST', '/encrypt?file_name=a%0d%0ab', { body: 'x' });
  await expect(405, 'GET', '/encrypt');
  await expect(405, 'PATCH', '/api/v1/secrets');
  await expect(404, 'GET', '/api/v2');
});

// Gateways join what came twice, but for the lists of REST APIs: see lambda.test.mjs.
test('a header that came twice is refused, with all headers of an answer', { skip: kind.startsWith('lambda') }, async () => {
  for (const name of ['Origin', 'Authorization'])
    assert.equal((await expect(400, 'GET', '/api/v1/config', { headers: { [name]: ['a', 'b'] } })).json.code, 'malformed');
});

test('only a page of a configured origin may read', async () => {
  const ask = (method, path, headers) => api.ask(method, path, { headers });
  const good = await ask('GET', '/api/v1/config', { Origin: origin });
  assert.equal(good.headers['access-control-allow-origin'], origin);
  const preflight = await ask('OPTIONS', '/api/v1/secrets', { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-methods'], 'POST, OPTIONS');
  assert.equal(preflight.headers['access-control-allow-headers'], 'Authorization, Content-Type, Secrets-Token');
  for (const bad of ['null', 'https://page.example.evil', 'http://page.example']) {
    const answer = await ask('OPTIONS', '/api/v1/secrets', { Origin: bad, 'Access-Control-Request-Method': 'POST' });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal(answer.headers['access-control-allow-methods'], undefined);
  }
});

test('replaying GET, HEAD and OPTIONS, as previews and scanners do, changes nothing', async () => {
  const s = await create(makeSecret({ views: 3, attempts: 5 }));
  const lease = makeToken();
  await open(200, s, lease);
  const was = await receipt(s);
  const disguises = [{}, { Purpose: 'prefetch' }, { 'Sec-Purpose': 'prefetch;prerender' }, { 'X-Moz': 'prefetch' }, { 'User-Agent': 'facebookexternalhit/1.1' }];
  const tails = ['', '/open', '/receipt', '/lease', '/complete'];
  for (let i = 0; i < 1000; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, k) => i + k).flatMap((n) =>
        ['GET', 'HEAD', 'OPTIONS'].map((method) => api.ask(method, s.path + tails[n % tails.length], { headers: disguises[n % disguises.length], token: n % 2 ? lease : s.owner })),
      ),
    );
  assert.deepEqual(await receipt(s), was);
  const classic = (await expect(200, 'POST', '/encrypt', { json: { secret: 'x' } })).json;
  for (let i = 0; i < 100; i++) await expect(405, i % 2 ? 'GET' : 'HEAD', `/decrypt?secret_id=${classic.secret_id}&passphrase=${encodeURIComponent(classic.passphrase)}`);
  await expect(200, 'POST', '/decrypt', { json: classic });
});

test('limits by client answer 429 with Retry-After', async () => {
  const limited = await startPlain({ env: { SECRETS_RATE_CREATE: '3', SECRETS_RATE_OPEN: '4' } });
  const few = describedApi(limited);
  try {
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await few.ask('POST', '/encrypt', { json: {} })).status);
    assert.deepEqual(statuses, [422, 422, 422, 429, 429, 429]);
    for (let i = 0; i < 4; i++) assert.equal((await few.ask('GET', '/api/v1/secrets/x')).status, 404);
    const refused = await few.ask('GET', '/api/v1/secrets/x');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.match(refused.json.detail, /the limit of opens/);

    // An operator learns from the log which limit it was.
    const line = /event=request route=\/api\/v1\/secrets\/\{id\} status=429 .*limit=open/;
    for (let i = 0; i < 100 && !line.test(limited.stderr()); i++) await new Promise((done) => setTimeout(done, 50));
    assert.match(limited.stderr(), line);
    assert.match(limited.stderr(), /route=\/encrypt status=429 .*limit=create/);
    assert.doesNotMatch(limited.stderr(), /status=4(04|22) .*limit=/, 'the control: other requests have none');
    // The proxy on this machine may name other clients.
    assert.equal((await few.ask('GET', '/api/v1/secrets/x', { headers: { 'X-Forwarded-For': '203.0.113.1, 203.0.113.9' } })).status, 404);
  } finally {
    few.close();
    await limited.stop();
  }
});

test('a fifth unfinished upload of one client waits', async () => {
  const { create: json } = makeSecret({ size: 65536, inline: false });
  const made = [];
  // One connection: of several servers each counts by itself.
  const one = describedApi(server, 1);
  const expect = (...args) => expectBy(one, ...args);
  for (let i = 0; i < 4; i++) made.push((await expect(201, 'POST', '/api/v1/secrets', { json })).json);
  assert.equal((await expect(429, 'POST', '/api/v1/secrets', { json })).json.code, 'too_many_uploads');
  for (const { id, owner_token } of made) await expect(204, 'DELETE', `/api/v1/secrets/${id}`, { token: owner_token });
  const { json: last } = await expect(201, 'POST', '/api/v1/secrets', { json });
  await expect(204, 'DELETE', `/api/v1/secrets/${last.id}`, { token: last.owner_token });
  one.close();
});

test('the log holds no id, token, name or passphrase', async () => {
  const s = await create(makeSecret());
  const lease = makeToken();
  await open(200, s, lease);
  await expect(204, 'DELETE', s.path, { token: lease });
  const { json } = await expect(200, 'POST', '/encrypt?file_name=canary-name', { body: 'canary-content' });
  await expect(200, 'POST', '/decrypt', { json });
  await expect(404, 'GET', '/canary-path?canary-query');
  const log = server.stderr();
  assert.ok(log.length > 0);
  for (const secret of [s.id, s.owner, s.access, lease, json.secret_id, json.passphrase, 'canary']) assert.ok(!log.includes(secret), `the log holds ${secret}`);
});

test('every operation of the description was used', () => {
  const all = Object.values(description.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId));
  assert.deepEqual(
    all.filter((id) => id !== undefined && !api.used.has(id)),
    [],
  );
  assert.ok(api.count > 4000, `${api.count} requests were held to the description`);
});

// The control: answers that are not as described do not pass.
test('the description is held to', async () => {
  const good = await api.ask('GET', '/api/v1/config');
  const changed = (change) => ({ ...good, ...change });
  const wrong = [
    changed({ status: 201 }),
    changed({ status: 404 }),
    changed({ json: { ...good.json, more: 1 } }),
    changed({ json: { ...good.json, part_size: '65536' } }),
    changed({ json: (({ version: _, ...rest }) => rest)(good.json) }),
    changed({ headers: { ...good.headers, 'content-type': 'text/plain' } }),
    changed({ headers: { ...good.headers, 'cache-control': 'private' } }),
    changed({ headers: { ...good.headers, 'x-content-type-options': undefined } }),
  ];
  checkAnswer('GET', '/api/v1/config', good);
  for (const answer of wrong) assert.throws(() => checkAnswer('GET', '/api/v1/config', answer), assert.AssertionError);
});
