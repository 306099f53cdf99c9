// SPDX-License-Identifier: MIT
// The listener of /metrics: clients that connect and send nothing never keep Prometheus out, and a
// page of another name cannot read it.

import assert from 'node:assert/strict';
import { createServer, connect } from 'node:net';
import { test } from 'node:test';

import { Connection } from '../support/client.mjs';
import { get, patience, startServer } from '../support/server.mjs';

const IDLE = 60; // connections that say nothing, more than the listener keeps
const KEPT = 16;
const WAIT_MS = 4500; // a scrape that waits for one of them takes longer

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Connect, send ${text} and continue as ${drip} says; closed becomes true when the server ends it. */
function idle(port, text = '', drip) {
  const one = { closed: false, socket: connect(port, '127.0.0.1') };
  one.socket.on('error', () => undefined);
  one.socket.on('close', () => (one.closed = true));
  one.socket.resume();
  if (text !== '') one.socket.write(text);
  if (drip !== undefined) {
    const timer = setInterval(() => one.closed || one.socket.write(drip), 500);
    one.socket.on('close', () => clearInterval(timer));
  }
  return one;
}

async function until(condition, ms) {
  const end = Date.now() + ms * patience;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
  return condition();
}

test('idle connections keep nobody away from /metrics', async (t) => {
  const port = await freePort();
  const server = await startServer({ env: { SECRETS_METRICS_LISTEN: `127.0.0.1:${port}`, SECRETS_HOSTS: 'metrics.example' } });
  t.after(() => server.stop());
  const metrics = { url: `http://127.0.0.1:${port}` };
  assert.equal((await get(metrics, '/metrics')).status, 200);

  // A page of another name that is made to resolve here (DNS rebinding) reads nothing.
  const named = async (host) => {
    const c = new Connection({ port });
    const { status } = await c.request('GET', '/metrics', { headers: { Host: host } });
    c.close();
    return status;
  };
  for (const host of ['evil.example', `evil.example:${port}`]) assert.equal(await named(host), 421, host);
  for (const host of [`localhost:${port}`, `metrics.example:${port}`]) assert.equal(await named(host), 200, host);

  // Half of them say nothing, half trickle a head.
  const all = Array.from({ length: IDLE }, (_, i) => (i % 2 === 0 ? idle(port) : idle(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n')));
  const began = Date.now();
  for (let i = 0; i < 20; i++) {
    const { status, body } = await get(metrics, '/metrics');
    assert.equal(status, 200);
    assert.match(body, /^secrets_request_seconds_count/m);
  }
  const took = Date.now() - began;
  t.diagnostic(`20 scrapes took ${took} ms beside ${IDLE} idle connections`);
  assert.ok(took < WAIT_MS, `${took} ms`);
  assert.ok(await until(() => all.filter((one) => !one.closed).length <= KEPT, 2000), 'the oldest gave way');

  // Those that stay are closed for saying nothing.
  assert.ok(await until(() => all.filter((one, i) => !one.closed && i % 2 === 0).length === 0, 13_000), 'idle ones are closed');
  for (const one of all) one.socket.destroy();
  assert.equal((await get(metrics, '/metrics')).status, 200);
});
