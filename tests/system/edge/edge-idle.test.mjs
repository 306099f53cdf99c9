// SPDX-License-Identifier: MIT
// Very many connections that do nothing, more than one client may have, more than there are descriptors for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection } from '../support/client.mjs';
import { judge, measureBystander, quickServer } from '../support/bystander.mjs';
import { memory, processorTime, sockets } from '../support/process.mjs';
import { buildFolder, get, patience, startServer } from '../support/server.mjs';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
// Node has raised its soft limit to the hard one; the server does too.
const files = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).replace('unlimited', '1000000'));
const COUNT = Math.min(10_000, files - 500);
const PER_CLIENT = 128;
const KEPT = 1024; // that stay open after an answer
const LEFT_KIB = 16 * 1024;
const local = (n) => `127.3.${n}.1`; // each in a network of its own
// The loopback is no trusted proxy here: each of its addresses is one client.
const clients = { SECRETS_TRUSTED_PROXIES: '' };

/** ${count} connections of as many addresses as that takes; the first ${used} have asked something and got an answer. */
async function open(server, count, used) {
  const all = [];
  const failed = [];
  for (let begun = 0; begun < count; begun += 500)
    await Promise.all(Array.from({ length: Math.min(500, count - begun) }, (_, i) => new Promise((done) => {
      const n = begun + i;
      const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: local(2 + Math.floor(n / 100)) });
      socket.on('error', (error) => { failed.push(error.message); done(); });
      socket.once('connect', () => {
        if (n >= used) done();
        else socket.once('data', done).write(request);
      });
      all.push(socket);
    })));
  assert.deepEqual(failed, []);
  return all;
}

const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

/** After the connections have closed, most of their memory goes back to the system. A sanitizer's heap keeps it. */
async function givesBack(t, server, base) {
  let now = memory(server.pid, 'VmRSS');
  for (let i = 0; i < 100 && now > base + LEFT_KIB; i++) {
    await pause(100 * patience);
    now = memory(server.pid, 'VmRSS');
  }
  t.diagnostic(`memory ${now} KiB after they have closed`);
  assert.ok(now <= base + LEFT_KIB || patience > 1, `${now} KiB are left, ${base} KiB before`);
}

for (const [what, used] of [['new', 0], ['used', COUNT], ['new, or used and kept', KEPT]])
  test(`${COUNT} connections that are ${what}: little memory, and others do not notice`, { skip: COUNT < 1000 }, async (t) => {
    const server = await quickServer(clients);
    try {
      await measureBystander(server, 2); // once, for the memory that any use takes
      const base = memory(server.pid, 'VmRSS');
      const all = await open(server, COUNT, used);
      const held = sockets(server.pid);
      const figures = await measureBystander(server, 4);
      const peak = memory(server.pid, 'VmHWM');
      t.diagnostic(`the server holds ${held}, ${((peak - base) / COUNT).toFixed(1)} KiB for each that came`);
      assert.ok(held >= (used === COUNT ? KEPT : COUNT), `the server holds ${held} sockets`);
      for (const socket of all) socket.destroy();
      judge(t, figures, base, peak);
      await givesBack(t, server, base);
    } finally {
      await server.stop();
    }
  });

test('connections that are used again are kept, but for those above the bound', async () => {
  const server = await startServer();
  try {
    const all = Array.from({ length: 1500 }, () => new Connection(server));
    const kept = [];
    for (const c of all) {
      await c.ready;
      const { headers } = await c.request('GET', '/healthz');
      if (headers.connection === undefined) kept.push(c);
    }
    assert.equal(kept.length, KEPT);
    assert.equal((await kept[0].request('GET', '/healthz')).status, 200);
    kept[0].close();
    await pause(200);
    const c = new Connection(server);
    assert.equal((await c.request('GET', '/healthz')).headers.connection, undefined, 'there is room again');
    for (const one of [...all, c]) one.close();
  } finally {
    await server.stop();
  }
});

test('one client has as many connections as it may and not one more, however fast they come', async () => {
  const server = await startServer({ env: clients });
  try {
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 400 }, () => new Promise((done) => {
        const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.4.0.1' });
        socket.on('error', () => done({ socket }));
        socket.on('close', () => done({ socket }));
        socket.once('data', () => done({ socket, answered: true }));
        socket.write(request);
      })));
      assert.equal(answers.filter(({ answered }) => answered).length, PER_CLIENT);
      assert.equal((await get(server, '/healthz')).status, 200, 'another client is served');
      for (const { socket } of answers) socket.destroy();
      for (let i = 0; sockets(server.pid) > 10 && i < 100; i++) await pause(20);
    }
  } finally {
    await server.stop();
  }
});

test('clients never take the descriptors that the stores need', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const limit = 1408; // of which the server keeps 652
  writeFileSync(join(folder, 'secretsd'), `#!/bin/sh\nulimit -n ${limit}\nexec "${join(buildFolder, 'secretsd')}" "$@"\n`, { mode: 0o700 });
  const server = await startServer({ build: folder });
  const all = [];
  t.after(() => server.kill());
  const first = new Connection(server);
  assert.equal((await first.request('GET', '/healthz')).status, 200);
  // Refused while they still send: each lingers.
  for (let i = 0; i < limit; i++) {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    all.push(socket);
    socket.write('POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\nx');
    assert.match(await new Promise((done) => socket.once('data', (data) => done(data.toString()))), /^HTTP\/1.1 413 /);
  }
  // And as many more as will fit.
  for (let i = 0; i < limit; i++) {
    const c = new Connection(server);
    await c.ready;
    all.push(c.socket);
  }
  for (let before = -1, now = sockets(server.pid); now !== before; [before, now] = [now, sockets(server.pid)]) await pause(300);
  t.diagnostic(`${sockets(server.pid)} sockets of ${limit} descriptors`);
  const file = Buffer.alloc(2 << 20, 'x');
  const made = await first.request('POST', '/encrypt?file_name=large', { body: file });
  assert.equal(made.status, 200, made.body.toString());
  const opened = await first.request('POST', '/decrypt', { body: made.body });
  assert.equal(opened.status, 200);
  assert.doesNotMatch(server.stderr(), /Too many open files|limit on open files is low/);
  for (const socket of all) socket.destroy();
  first.close();
});

test('a server out of descriptors serves whom it has, rests meanwhile, and recovers', async (t) => {
  const server = await startServer();
  const setLimit = (n) => execFileSync('prlimit', [`--pid=${server.pid}`, `--nofile=${n}:`]);
  try {
    const limit = 120;
    const first = new Connection(server);
    assert.equal((await first.request('GET', '/healthz')).status, 200);
    setLimit(limit);
    const many = Array.from({ length: 2 * limit }, () => new Connection(server));
    await Promise.all(many.map((c) => c.ready)); // by the kernel: most wait in the listening socket
    for (let i = 0; sockets(server.pid) < limit - 40 && i < 100; i++) await pause(20);
    await pause(200);
    const from = processorTime(server.pid);
    await pause(2000);
    const took = processorTime(server.pid) - from;
    t.diagnostic(`${took} s of processor time in 2 s without descriptors`);
    assert.ok(took <= 0.1 * patience, `it spins: ${took} s of processor time in 2 s`);
    assert.equal((await first.request('GET', '/healthz')).status, 200);
    assert.match(server.stderr(), /event=accept error="Too many open files"/);
    assert.equal(server.stderr().match(/event=accept /g).length, 1, 'it is said once');
    for (const c of many) c.close();
    assert.equal((await get(server, '/healthz')).status, 200);
    const made = await first.request('POST', '/encrypt', { body: '{"secret":"after"}' });
    assert.equal(made.status, 200);
    first.close();

    // None at all, and nobody to close one: what waits is served as soon as there are some again.
    setLimit(10);
    const waiting = new Connection(server);
    const answer = waiting.request('GET', '/healthz');
    await pause(300);
    const idle = processorTime(server.pid);
    await pause(1000);
    assert.ok(processorTime(server.pid) - idle <= 0.05 * patience, 'it spins with nobody to serve');
    setLimit(1000);
    assert.equal((await answer).status, 200);
    waiting.close();
  } finally {
    await server.stop();
  }
});
