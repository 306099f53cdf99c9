// SPDX-License-Identifier: MIT
// What an operator sees and relies on: metrics, the sandbox that is on, and how loud it is when off.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startServer } from './lib/server.mjs';

const freePort = () =>
  new Promise((done) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

const figure = (text, name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);

describe('metrics', () => {
  let server, url;
  before(async () => {
    const port = await freePort();
    server = await startServer({ env: { SECRETS_METRICS_LISTEN: `127.0.0.1:${port}` } });
    url = `http://127.0.0.1:${port}`;
  });
  after(() => server.stop());

  test('they count what happened, by route and code', async () => {
    const made = await (await fetch(`${server.url}/encrypt`, { method: 'POST', body: '{"secret":"x","view_count":2}' })).text();
    await fetch(`${server.url}/decrypt`, { method: 'POST', body: made });
    await fetch(`${server.url}/decrypt`, { method: 'POST', body: '{"secret_id":"aaaaaaaaaaaaaaaa","passphrase":"x"}' });
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/encrypt",code="200"}'), 1);
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/decrypt",code="200"}'), 1);
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/decrypt",code="404"}'), 1);
    assert.equal(figure(text, 'secrets_views_claimed_total'), 1);
    assert.equal(figure(text, 'secrets_kdf_done_total'), 2);
    assert.ok(figure(text, 'secrets_bytes_held') > 0);
    assert.ok(figure(text, 'process_resident_memory_bytes') > 1e6);
    assert.ok(Math.abs(figure(text, 'secrets_sweep_last_timestamp_seconds') - Date.now() / 1000) < 120);
  });

  test('they are written as Prometheus reads them', async (t) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    try {
      execFileSync('promtool', ['check', 'metrics'], { input: text });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      console.log('SKIP operate: promtool is not on this machine');
      t.skip();
    }
  });

  test('clients do not reach them, and nothing else is there', async () => {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
    assert.equal((await fetch(`${url}/encrypt`)).status, 404);
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100) })).status, 405);
  });
});

describe('sandbox', () => {
  const status = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');

  test('it is on, for every thread', async () => {
    const server = await startServer();
    assert.match(status(server.pid), /^Seccomp:\t2$/m);
    assert.match(status(server.pid), /^NoNewPrivs:\t1$/m);
    assert.doesNotMatch(server.stderr(), /event=sandbox/);
    await server.stop();
  });

  test('off is loud', async () => {
    const server = await startServer({ env: { SECRETS_SANDBOX: 'off' } });
    assert.match(status(server.pid), /^Seccomp:\t0$/m);
    assert.match(server.stderr(), /level=warn event=sandbox state=off/);
    await server.stop();
  });
});
