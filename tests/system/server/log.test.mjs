// SPDX-License-Identifier: MIT
// The log: one line a request, in either form; the lines of one secret have the same tag, and no line
// reveals the secret or the client.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { get, patience, startServer } from '../support/server.mjs';

const lines = (server, event = 'request') =>
  server.stderr().trim().split('\n').map((line) => JSON.parse(line)).filter((line) => line.event === event && line.route !== '/readyz');

async function settled(server, count) {
  for (let i = 0; i < 100 && lines(server).length < count; i++) await new Promise((done) => setTimeout(done, 20));
  return lines(server);
}

test('JSON: every line is one object, and tells route, status, time, network and which secret', async (t) => {
  const server = await startServer({ env: { SECRETS_LOG: 'json', SECRETS_LOG_LEVEL: 'debug' } });
  t.after(() => server.kill());
  const c = new Connection(server);
  const from = (address) => ({ 'X-Forwarded-For': address });
  const made = await create(c, sealed({ views: 1 }));
  const path = `/api/v1/secrets/${made.id}`;
  await c.request('GET', path, { headers: from('203.0.113.77') });
  await c.request('POST', `${path}/open`, { body: openBody(made, newLease()), headers: { ...json, ...from('2001:db8:1:2:3:4:5:6') } });
  const text = await c.request('POST', '/encrypt', { body: '{"secret": "x"}' });
  await c.request('POST', '/decrypt', { body: text.body });
  await c.request('GET', '/"\\\u{7f}?a"b', {}).catch(() => {});
  await get(server, '/healthz');
  const [created, asked, opened, encrypted, decrypted] = await settled(server, 7);
  assert.equal(created.route, '/api/v1/secrets');
  assert.equal(created.status, 201);
  assert.equal(created.client, '127.0.0.0/24');
  assert.equal(asked.client, '203.0.113.0/24');
  assert.equal(opened.client, '2001:db8:1::/48');
  for (const line of [created, asked, opened, encrypted, decrypted]) {
    assert.match(line.secret, /^[0-9a-f]{16}$/);
    assert.ok(Number.isInteger(line.us) && line.us > 0);
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  assert.equal(new Set([created.secret, asked.secret, opened.secret]).size, 1, 'one secret');
  assert.equal(encrypted.secret, decrypted.secret, 'the other');
  assert.notEqual(created.secret, encrypted.secret);
  const { secret_id: id, passphrase } = JSON.parse(text.body);
  for (const secret of [made.id, made.owner, id, passphrase, '113.77', ':2:3']) assert.ok(!server.stderr().includes(secret), secret);
  assert.equal(lines(server, 'listening').length, 1);
  c.close();
});

test('a request that never comes to its end is the fault of its client', async (t) => {
  const server = await startServer({ env: { SECRETS_LOG: 'json' } });
  t.after(() => server.kill());
  const heads = [
    'POST /encrypt HTTP/1.1\r\nHost: x',
    'POST /encrypt HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"sec',
    'POST /encrypt HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n',
    'POST /encrypt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sec\r\n',
  ];
  for (const head of heads) {
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((done) => socket.end(head, done));
  }
  const cut = await settled(server, heads.length);
  assert.deepEqual(cut.map(({ status, cut }) => [status, cut]), heads.map(() => [400, true]));
});

test('the name of a secret is another one after a restart', async () => {
  const names = [];
  for (let i = 0; i < 2; i++) {
    const server = await startServer({ env: { SECRETS_LOG: 'json' } });
    await get(server, '/api/v1/secrets/AAAAAAAAAAAAAAAAAAAAAA');
    names.push((await settled(server, 1))[0].secret);
    await server.stop();
  }
  assert.notEqual(names[0], names[1]);
});

test('logfmt: the same, quoted where it has to be', async () => {
  const server = await startServer();
  await get(server, '/api/v1/secrets/AAAAAAAAAAAAAAAAAAAAAA');
  await server.stop();
  assert.match(server.stderr(), /^time=\S+Z level=info event=request route=\/api\/v1\/secrets\/\{id\} status=404 us=\d+ client=127\.0\.0\.0\/24 secret=[0-9a-f]{16}$/m);
});

test('a level leaves out what is less', async () => {
  // Only the line that says where it listens shows that it is ready.
  await assert.rejects(startServer({ env: { SECRETS_LOG_LEVEL: 'warn', SECRETS_SANDBOX: 'off' }, timeout: 700 * patience }), (error) => {
    assert.match(error.message, /level=warn event=sandbox/);
    return !error.message.includes('level=info');
  });
});
