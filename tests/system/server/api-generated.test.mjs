// SPDX-License-Identifier: MIT
// Requests made from the schemas of docs/openapi.yaml, valid and broken, against a real secretsd.  Every
// response is described there, and the only 5xx are 503 and 507.  The server derives keys at a low cost.
//
// SEED=n repeats a run; RUNS=n makes more of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import fc from 'fast-check';

import { base64url, describedApi, describedOperation, description, makeRequest, makeSecret, makeToken } from '../support/api.mjs';
import { broken, fitting } from '../support/generate.mjs';
import { patience, startServer } from '../support/server.mjs';
import { cheapServer } from '../support/variant.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.RUNS ?? 400);
console.log(`# SEED=${seed} RUNS=${runs}`);

const schemas = description.components.schemas;
let server;
let api;
let secret; // one that is really there
let request; // likewise

before(async () => {
  server = await startServer({ build: cheapServer(), env: { SECRETS_QUOTA: '64 MiB' } });
  api = describedApi(server);
  secret = makeSecret({ views: 100 });
  const { json } = await api.ask('POST', '/api/v1/secrets', { json: secret.create });
  secret = { ...secret, id: json.id, owner: json.owner_token };
  request = makeRequest({ answers: 100 });
  request.id = (await api.ask('POST', '/api/v1/requests', { json: request.ask })).json.id;
});
after(async () => {
  api.close();
  const ended = await server.stop();
  assert.equal(ended.code, 0, server.stderr().slice(-2000));
});

/** The answer must be one that a client can live with; ask() has held it to the description. */
function acceptable(answer) {
  assert.ok(answer.status < 500 || answer.status === 503 || answer.status === 507, `status ${answer.status}`);
}

const property = (arbitrary, count, check) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      acceptable(await check(value));
    }),
    { seed, numRuns: Math.ceil(count / (patience > 1 ? 4 : 1)), endOnFailure: true },
  );

// A header that is one, as no schema can say it.
const header = fc.tuple(fc.integer({ min: 10, max: 14 }), fc.uint8Array({ minLength: 24, maxLength: 24 })).map(([log2n, salt]) => base64url(Buffer.concat([Buffer.from([0x45, 0x53, 0x76, 0x31, log2n, 8, 1, 0]), salt])));
const id = () => fc.oneof(fc.constant(secret.id), fc.constant(request.id), fc.stringMatching(/^[A-Za-z0-9]{22}$/), fc.string({ maxLength: 60 }).map(encodeURIComponent).filter((s) => s.length > 0));
const token = () => fc.oneof(fc.constant(secret.owner), fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), fc.constant(undefined), fc.stringMatching(/^[!-~]{1,60}$/));

test('fitting creates are stored, or refused for what no schema can say', async () => {
  const whole = fc.record({ views: fc.integer({ min: 1, max: 100 }), ttl: fc.integer({ min: 60, max: 86400 }), size: fc.integer({ min: 304, max: 3000 }), attempts: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }) });
  await property(whole, runs, async (choice) => {
    const answer = await api.ask('POST', '/api/v1/secrets', { json: makeSecret(choice).create });
    assert.equal(answer.status, 201);
    return answer;
  });
  await property(fitting(schemas.CreateRequest, { header }), runs, async (json) => {
    const answer = await api.ask('POST', '/api/v1/secrets', { json });
    assert.ok([201, 422, 429].includes(answer.status), `status ${answer.status}`);
    return answer;
  });
});

test('fitting opens prove nothing', async () => {
  await property(fc.tuple(id(), fitting(schemas.OpenRequest)), runs, async ([where, json]) => {
    const answer = await api.ask('POST', `/api/v1/secrets/${where}/open`, { json });
    assert.ok([403, 404].includes(answer.status), `status ${answer.status}`);
    return answer;
  });
});

test('fitting requests for a secret, and answers', async () => {
  await property(fitting(schemas.AskRequest, { header }), runs, async (json) => {
    const answer = await api.ask('POST', '/api/v1/requests', { json });
    assert.ok([201, 422].includes(answer.status), `status ${answer.status}`);
    return answer;
  });
  await property(fc.tuple(id(), fitting(schemas.AnswerRequest, { header })), runs, async ([where, json]) => {
    const answer = await api.ask('POST', `/api/v1/requests/${where}/answers`, { json });
    assert.ok([403, 404, 422].includes(answer.status), `status ${answer.status}`);
    return answer;
  });
});

test('fitting classic requests', async () => {
  await property(fitting(schemas.EncryptRequest, { ttl: fc.integer({ min: 60, max: 86400 }) }), 40, async (json) => {
    const answer = await api.ask('POST', '/encrypt', { json });
    assert.equal(answer.status, 200, answer.body.toString());
    const opened = await api.ask('POST', '/decrypt', { json: answer.json });
    assert.equal(opened.json.data, json.secret);
    return answer;
  });
  await property(fitting(schemas.DecryptRequest), runs, async (json) => {
    const answer = await api.ask('POST', '/decrypt', { json });
    assert.equal(answer.status, 404);
    return answer;
  });
});

test('broken bodies', async () => {
  const routes = [
    ['/api/v1/secrets', schemas.CreateRequest],
    [`/api/v1/secrets/${secret.id}/open`, schemas.OpenRequest],
    [`/api/v1/secrets/${secret.id}/wrap`, schemas.WrapRequest],
    ['/api/v1/requests', schemas.AskRequest],
    [`/api/v1/requests/${request.id}/answers`, schemas.AnswerRequest],
    ['/decrypt', schemas.DecryptRequest],
  ];
  for (const [path, schema] of routes)
    await property(broken(schema, { header }), runs, (body) => api.ask('POST', path, { body, headers: { 'Content-Type': 'application/json' } }));
  // Those that happen to fit cost a derivation each.
  await property(broken(schemas.EncryptRequest), Math.min(runs, 200), (body) => api.ask('POST', '/encrypt', { body }));
});

test('file names and query strings', async () => {
  const anything = fc.oneof(
    fc.string({ maxLength: 40 }).map((s) => `file_name=${encodeURIComponent(s)}`),
    fc.stringMatching(/^[!-~]{0,60}$/).map((s) => s.replaceAll('#', '')),
    fc.stringMatching(/^(file_name|%|=|&|\+|[0-9a-f]|x){0,20}$/),
    fc.stringMatching(/^file_name=(%[0-9A-F][0-9A-F]){1,90}$/),
  );
  await property(anything, Math.min(runs, 200), (query) => api.ask('POST', `/encrypt?${query}`, { body: 'x' }));
});

test('any method, path, token and header', async () => {
  const template = fc.constantFrom(...Object.keys(description.paths).filter((path) => path !== '/encrypt'));
  const path = fc.oneof(
    fc.tuple(template, id(), fc.oneof(fc.nat(5).map(String), fc.string({ maxLength: 12 }).map((s) => encodeURIComponent(s) || '-'))).map(([t, i, k]) => t.replace('{id}', i).replace('{k}', k)),
    fc.webPath().filter((p) => p.startsWith('/') && p.length > 1 && !p.startsWith('//')),
    fc.stringMatching(/^\/api\/v1\/[!-~]{0,40}$/).map((s) => s.replace(/[#?]/g, '')),
  );
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    path,
    token: token(),
    origin: fc.option(fc.webUrl(), { nil: undefined }),
    type: fc.constantFrom(undefined, 'application/json', 'text/plain', 'multipart/form-data'),
    body: fc.oneof(fc.constant(undefined), fc.constant('{}'), fc.uint8Array({ maxLength: 50 }).map((b) => Buffer.from(b))),
  });
  await property(request, 3 * runs, async ({ method, path: where, token: bearer, origin, type, body }) => {
    // Spare the one that is there: it has an owner who could burn it.
    if (method === 'DELETE' && where.includes(secret.id)) bearer = makeToken();
    const headers = { ...(origin && { Origin: origin }), ...(type && { 'Content-Type': type }) };
    const sent = method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? undefined : body;
    const answer = await api.ask(method, where, { token: bearer, headers, body: sent });
    if (describedOperation(method, where).operation === undefined && method !== 'OPTIONS') assert.ok([404, 405].includes(answer.status), `status ${answer.status}`);
    return answer;
  });
});

test('the secret that was there still is', async () => {
  const { json } = await api.ask('GET', `/api/v1/secrets/${secret.id}`);
  assert.equal(json.views_left, 100);
  const { json: opened } = await api.ask('POST', `/api/v1/secrets/${secret.id}/open`, { json: { access: secret.access } });
  assert.equal(opened.content, base64url(secret.envelope));
});
