// SPDX-License-Identifier: MIT
// Whom events name, and whose events are kept.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { ctl, refOf } from '../support/ctl.mjs';
import { startServer } from '../support/server.mjs';
import { testServer } from '../support/variant.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** A server with the settings ${more} and a folder of its own, and its events. */
async function start(t, more, build) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-events-'));
  const env = { SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}` };
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'tokens'), more.tokens ?? '');
  const settings = { ...env, ...more.settings };
  if (more.tokens) settings.SECRETS_API_TOKENS = join(folder, 'tokens');
  const server = await startServer({ data: join(folder, 'data'), env: settings, build });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { server, env, events: async () => lines((await ctl(['events'], { env })).stdout) };
}

const token = newLease(); // of the same form
const proxy = { SECRETS_USER_HEADER: 'X-User', SECRETS_USER_PROXIES: '127.0.0.0/8' };
const anyone = [['anna@example.org', 'Анна', undefined], [undefined, undefined, undefined]];

for (const [what, more, [created, opened]] of [
  ['a proxy that names users', { settings: proxy }, anyone],
  ['a proxy that may not', { settings: { ...proxy, SECRETS_USER_PROXIES: '192.0.2.1' } }, [[undefined, undefined, undefined], [undefined, undefined, undefined]]],
  ['an operator who asks who opens', { settings: { ...proxy, SECRETS_EVENTS_OPENERS: 'on' } }, [anyone[0], ['bert', 'Анна', undefined]]],
  ['API tokens', { settings: { ...proxy, SECRETS_CREATE: 'token,user' }, tokens: `ci ${sha256(token)}\n` }, [['anna@example.org', 'Анна', 'token:ci'], anyone[1]]],
]) {
  test(`whom events name: ${what}`, async (t) => {
    const { server, events } = await start(t, more);
    const c = new Connection(server);
    const post = (path, body, headers) => c.request('POST', path, { body: JSON.stringify(body), headers: { ...json, ...headers } });
    const secret = sealed();
    const third = sealed();
    const made = [
      await post('/api/v1/secrets', secret.create, { 'X-User': 'anna@example.org' }),
      await post('/encrypt', { secret: 'x' }, { 'X-User': 'Анна' }),
      await post('/api/v1/secrets', third.create, { 'Secrets-Token': token }),
    ];
    assert.deepEqual(made.map(({ status }) => status), [201, 200, 201]);

    const [first, classic, last] = made.map(({ body }) => JSON.parse(body));
    const used = [
      await c.request('POST', `/api/v1/secrets/${first.id}/open`, { body: openBody(secret, newLease()), headers: { ...json, 'X-User': 'bert' } }),
      await post('/decrypt', classic, { 'X-User': 'Анна' }),
      await c.request('POST', `/api/v1/secrets/${last.id}/open`, { body: openBody(third, newLease()), headers: json }),
    ];
    assert.deepEqual(used.map(({ status }) => status), [200, 200, 200]);
    c.close();

    const all = await events();
    assert.deepEqual(all.filter(({ kind }) => kind === 'created').map(({ by }) => by), created);
    assert.deepEqual(all.filter(({ kind }) => kind === 'opened').map(({ by }) => by), opened);
    assert.ok(all.every(({ kind, by }) => by === undefined || kind === 'created' || kind === 'opened'));
    assert.equal((await ctl(['audit', '-'], { input: all.map((e) => `${JSON.stringify(e)}\n`).join('') })).code, 0, JSON.stringify(all));
  });
}

/** The kinds of events that are left of a secret of one network, after another has flooded them. */
async function floodEvents(t, unshared) {
  const MAX = 1000;
  const build = unshared ? testServer() : undefined;
  const settings = { SECRETS_EVENTS_MAX: String(MAX), SECRETS_RATE_CREATE: '0', ...(unshared && { TEST_UNSHARED: 'storage' }) };
  const { server, env, events } = await start(t, { settings }, build);
  const at = (address) => ({ ...json, 'X-Forwarded-For': address });
  const c = new Connection(server);
  const mine = sealed({ views: 2 });
  const { id } = JSON.parse((await c.request('POST', '/api/v1/secrets', { body: JSON.stringify(mine.create), headers: at('203.0.113.7') })).body);
  const lease = newLease();
  assert.equal((await c.request('POST', `/api/v1/secrets/${id}/open`, { body: openBody(mine, lease), headers: at('203.0.113.7') })).status, 200);
  assert.equal((await c.request('DELETE', `/api/v1/secrets/${id}/lease`, { headers: { ...at('203.0.113.7'), Authorization: `Bearer ${lease}` } })).status, 204);

  let left = MAX + 200;
  let other;
  await Promise.all([...Array(16).keys()].map(async (n) => {
    const flood = new Connection(server);
    while (left-- > 0) {
      const made = await flood.request('POST', '/api/v1/secrets', { body: JSON.stringify(sealed().create), headers: at(`198.51.100.${n}`) });
      assert.equal(made.status, 201);
      other = JSON.parse(made.body).id;
    }
    flood.close();
  }));
  c.close();

  // A removal scrubs, as a sweep does.
  assert.equal((await ctl(['remove', other], { env })).code, 0);
  const all = await events();
  assert.equal(all.length, MAX);
  assert.equal(all.at(-1).kind, 'removed');
  return all.filter(({ ref }) => ref === refOf(id)).map(({ kind }) => kind);
}

test('a network that makes many events pushes out its own', async (t) => {
  assert.deepEqual(await floodEvents(t, false), ['created', 'opened', 'confirmed']);
  assert.deepEqual(await floodEvents(t, true), [], 'the control: a server without shares');
});
