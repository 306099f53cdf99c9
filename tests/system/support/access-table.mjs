// SPDX-License-Identifier: MIT
// Who may create: every operation of docs/openapi.yaml × the main and the open plane × every right.
//
//   await checkTable(ask);    // ask(plane, right, method, path, {json, token}) resolves to an answer
//
// An operation with x-creates needs a right on the main plane and does not exist on the open one. Every
// other operation is the same on both planes, whatever the client brings.

import assert from 'node:assert/strict';

import { description, makeRequest, makeSecret } from './api.mjs';

export const NETWORK = '198.51.100.0/24';
export const INSIDE = '198.51.100.7';
export const USER_HEADER = 'X-Forwarded-User';

/** What a client brings, and whether that gives the right to create. */
export const RIGHTS = { none: false, token: true, user: true, forged: false, network: true };

const operations = Object.entries(description.paths).flatMap(([template, item]) =>
  Object.entries(item).filter(([, operation]) => operation.operationId !== undefined).map(([method, operation]) => ({ template, method: method.toUpperCase(), creates: operation['x-creates'] === true })),
);

const isCreatorsOnly = ({ status, json, headers }) => status === 401 && json.code === 'creators_only' && headers['www-authenticate'] === 'Bearer';

/** The body of a request that ${template} takes if the client may send it. */
function bodyFor(template) {
  if (template === '/encrypt') return { secret: 'x' };
  if (template === '/api/v1/requests') return makeRequest().ask;
  return template === '/api/v1/secrets' ? makeSecret().create : {};
}

async function checkCreating(ask, { template, method }, nothing) {
  for (const [right, allowed] of Object.entries(RIGHTS)) {
    const what = `${method} ${template} by ${right}`;
    const main = await ask('main', right, method, template, { json: bodyFor(template) });
    if (allowed) assert.ok(main.status === 200 || main.status === 201, `${what}: ${main.status}`);
    else assert.ok(isCreatorsOnly(main), `${what}: ${main.status}`);

    for (const each of [method, 'GET', 'OPTIONS']) {
      const open = await ask('open', right, each, template, each === method ? { json: bodyFor(template) } : {});
      assert.deepEqual([open.status, open.json, open.headers.allow], [404, nothing, undefined], `${each} ${template} by ${right} on the open plane`);
    }
  }
}

async function checkOther(ask, { template, method }, id) {
  const path = template.replace('{id}', id).replace('{k}', '0');
  const options = method === 'POST' ? { json: {} } : {};
  const expected = await ask('main', 'none', method, path, options);
  assert.notEqual(expected.status, 404, `${method} ${path} exists`);
  for (const plane of ['main', 'open'])
    for (const right of Object.keys(RIGHTS)) {
      const { status } = await ask(plane, right, method, path, options);
      // An API token is nobody's owner or lease token.
      const wanted = right === 'token' && expected.status === 401 ? 404 : expected.status;
      assert.equal(status, wanted, `${method} ${path} by ${right} on the ${plane} plane`);
    }
}

async function checkConfigs(ask) {
  for (const [right, allowed] of Object.entries(RIGHTS)) {
    const { json: main } = await ask('main', right, 'GET', '/api/v1/config');
    const user = right === 'user' ? { user: 'ada' } : {};
    assert.deepEqual(main.create, { allowed, ways: ['token', 'user', 'network'], ...user }, right);
    const { json: open } = await ask('open', right, 'GET', '/api/v1/config');
    assert.deepEqual(open.create, { allowed: false, ways: [] }, right);
  }
}

/** Fail unless each request of the table gives what it should. */
export async function checkTable(ask) {
  assert.deepEqual(operations.filter((one) => one.creates).map((one) => one.template), ['/encrypt', '/api/v1/secrets', '/api/v1/requests']);
  assert.ok(operations.length >= 19);
  const { json: nothing, status } = await ask('main', 'none', 'GET', '/nothing');
  assert.equal(status, 404);
  const { json: { id } } = await ask('main', 'token', 'POST', '/api/v1/secrets', { json: makeSecret().create });

  const { json: request } = await ask('main', 'token', 'POST', '/api/v1/requests', { json: makeRequest().ask });

  const idFor = ({ template }) => (template.startsWith('/api/v1/requests/') ? request.id : id);
  for (const one of operations) await (one.creates ? checkCreating(ask, one, nothing) : checkOther(ask, one, idFor(one)));
  await checkOther(ask, { template: '/', method: 'GET' }, id);
  await checkConfigs(ask);
}
