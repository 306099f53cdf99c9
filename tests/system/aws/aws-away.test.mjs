// SPDX-License-Identifier: MIT
// A table that accepts every request and responds to none.  The server stays alive and keeps pinging
// systemd, and a stop ends in time with a response to every client that waits, whatever is running.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startReceiver } from '../support/notify.mjs';
import { get, patience, startServer } from '../support/server.mjs';

const DRAIN_MS = 10_000; // for requests that run
const MARGIN_MS = 5000 * patience; // what waits for the table is given up within a second
const SWEEP_MS = 25_000; // between two sweeps

/** A table that is empty until `away` is set: then it emits 'asked' with each request and answers what `but` returns. */
async function startTable(t) {
  const table = createServer();
  table.but = () => null;
  table.on('request', (req, res) => {
    const answer = table.away ? table.but(req.headers['x-amz-target']) : '{}';
    if (answer === null) return void table.emit('asked');
    res.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' });
    res.end(answer);
  });
  table.listen(0, '127.0.0.1');
  await once(table, 'listening');
  t.after(() => {
    table.close();
    table.closeAllConnections();
  });
  table.env = {
    DYNAMO_TABLE: 'Secrets', AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: `http://127.0.0.1:${table.address().port}`,
    AWS_EC2_METADATA_DISABLED: 'true', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', HOME: '/nonexistent',
  };
  return table;
}

async function start(t, table, env) {
  const server = await startServer({ env: { ...table.env, ...env } });
  t.after(() => server.kill());
  return server;
}

async function watch(t, interval) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-away-'));
  const systemd = await startReceiver(join(folder, 'notify'));
  t.after(async () => {
    await systemd.stop();
    rmSync(folder, { recursive: true });
  });
  return { systemd, env: { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: String(interval * 1000) } };
}

const create = (server) => fetch(`${server.url}/encrypt`, { method: 'POST', body: '{"secret": "x"}' });

describe('a table that does not answer', { concurrency: true }, () => {
  test('stops no beat, and gives requests their time when the server stops', async (t) => {
    const interval = 1000 * patience;
    const table = await startTable(t);
    const { systemd, env } = await watch(t, interval);
    const server = await start(t, table, env);
    table.away = true;
    const from = Date.now();
    const running = [create(server), create(server), get(server, '/readyz')];
    await once(table, 'asked');
    // Longer than a server would wait for an answer of the table.
    while (Date.now() - from < 4 * interval) assert.ok(await systemd.next('WATCHDOG=1', 2 * interval), 'a beat');
    // A request that is being retried when the stop comes.
    running.push(create(server));
    await once(table, 'asked');
    const { code, ms } = await server.stop();
    for (const answer of await Promise.all(running)) assert.equal(answer.status, 503);
    assert.equal(code, 0, server.stderr());
    assert.ok(ms < DRAIN_MS + MARGIN_MS, `the end took ${ms} ms`);
    assert.doesNotMatch(server.stderr(), /event=watchdog/);
  });

  test('does not keep a sweep from ending with the server', async (t) => {
    const table = await startTable(t);
    const due = Array.from({ length: 100 }, (_, i) => ({ secret_id: { S: `Name${1e10 + i}` }, sweep_at: { N: '1' } }));
    const server = await start(t, table);
    table.but = (target) => (target.endsWith('.Query') ? JSON.stringify({ Items: due }) : null);
    table.away = true;
    const sweeping = once(table, 'asked');
    assert.equal(await Promise.race([sweeping.then(() => 'sweeps'), new Promise((late) => setTimeout(late, SWEEP_MS + 10_000 * patience))]), 'sweeps');
    const { code, ms } = await server.stop();
    assert.equal(code, 0, server.stderr());
    assert.ok(ms < MARGIN_MS, `the end took ${ms} ms`);
  });
});
