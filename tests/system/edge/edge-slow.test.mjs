// SPDX-License-Identifier: MIT
// Clients that are slow on purpose: a deadline ends each of them, and other clients do not notice.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { has } from '../support/nginx.mjs';
import { judge, measureBystander, quickServer } from '../support/bystander.mjs';
import { memory, sockets } from '../support/process.mjs';

const EACH = 100; // connections of each kind
const LATE_S = 45; // by when the last one is gone; a connection that does nothing would be ended after 75 s
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What a client does: the head it begins with, what it sends every second, and between which seconds it is ended. */
const kinds = {
  'a head by the line': { first: 'GET / HTTP/1.1\r\nHost: x\r\n', then: 'X-A: b\r\n', ends: [9, 25] },
  'a request line by the byte': { first: 'GET /', then: 'a', ends: [9, 25] },
  'nothing at all': { first: '', ends: [9, 25] },
  'the second head by the line': { first: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n', then: 'X-A: b\r\n', ends: [9, 25] },
  'a small body': { first: 'POST /decrypt HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{', then: ' ', ends: [14, 37] },
  // What its length allows would be half a minute more: it has to keep the pace all along.
  'a large body': { first: 'POST /encrypt?file_name=a HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n', then: 'x', ends: [14, 37] },
  'a body in chunks': { first: 'POST /encrypt?file_name=a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n', then: 'x', ends: [14, 37] },
  // Responses that nobody reads, 16 MB: many more than the kernel takes.
  reading: { first: 'GET /worker.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400), reads: false },
  ranges: { first: `GET /worker.js HTTP/1.1\r\nHost: x\r\nRange: bytes=0-${Array.from({ length: 300 }, (_, i) => `,5-${i}`).join('')}\r\n\r\n`.repeat(400), reads: false },
};

/** Be slow as ${kind} says until the server ends it; resolves to the seconds that took, or that it has lasted. */
function slow(server, kind, n) {
  return new Promise((done) => {
    const began = performance.now();
    const end = () => {
      clearInterval(drip);
      clearTimeout(late);
      done((performance.now() - began) / 1000);
    };
    const late = setTimeout(end, LATE_S * 1000);
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: `127.2.${n % 200}.1` });
    socket.write(kind.first);
    const drip = kind.then === undefined ? undefined : setInterval(() => socket.write(kind.then), 1000);
    socket.on('error', () => undefined);
    socket.on('close', end);
    if (kind.reads !== false) socket.resume();
    else (server.stuck ??= []).push(socket);
  });
}

describe('slow clients', () => {
  let server;
  before(async () => {
    server = await quickServer();
  });
  after(() => server.stop());

  test(`${EACH} of each kind are ended by their deadlines, and others do not notice`, async (t) => {
    await measureBystander(server, 2); // once, for the memory that any use takes
    const base = memory(server.pid, 'VmRSS');
    const before = sockets(server.pid);
    const began = performance.now();
    const all = Object.entries(kinds).map(([name, kind]) => [name, kind, Array.from({ length: EACH }, (_, i) => slow(server, kind, i))]);
    for (let i = 0; sockets(server.pid) < before + EACH * all.length; i++) {
      assert.ok(i < 80, `the server holds ${sockets(server.pid) - before} of ${EACH * all.length}`);
      await pause(100);
    }
    await pause(1000); // a client is not slow while the kernel can buffer the responses
    const figures = await measureBystander(server, 8);
    for (const [name, { ends }, times] of all) {
      if (ends === undefined) continue;
      const seconds = (await Promise.all(times)).sort((a, b) => a - b);
      t.diagnostic(`${name}: ended after ${seconds[0]} to ${seconds.at(-1)} s`);
      assert.ok(seconds[0] >= ends[0], `${name}: ended after ${seconds[0]} s already`);
      assert.ok(seconds.at(-1) <= ends[1], `${name}: not ended after ${seconds.at(-1)} s`);
    }
    // A client that does not read does not see the end either.  The server holds nothing for it any more.
    while (sockets(server.pid) > before && performance.now() < began + LATE_S * 1000) await pause(100);
    assert.equal(sockets(server.pid), before, 'the server still holds sockets');
    for (const socket of server.stuck) socket.destroy();
    judge(t, figures, base, memory(server.pid, 'VmHWM'));
  });
});

describe('slowhttptest', { skip: !has('slowhttptest') }, () => {
  const modes = {
    'slow heads (slowloris)': ['-H', '-i', '2'],
    'slow bodies': ['-B', '-i', '2', '-s', '8192', '-t', 'POST', '/encrypt'],
    ranges: ['-R', '-a', '10', '-b', '3000', '-t', 'HEAD'],
    'slow reading': ['-X', '-w', '10', '-y', '20', '-n', '2', '-z', '32', '-k', '3', '/page.js'],
  };

  test('its four modes at once', async (t) => {
    const server = await quickServer();
    try {
      await measureBystander(server, 2); // once, for the memory that any use takes
      const base = memory(server.pid, 'VmRSS');
      const runs = Object.values(modes).map((options) => {
        const path = options.at(-1).startsWith('/') ? options.pop() : '/';
        return promisify(execFile)('slowhttptest', [...options, '-c', '200', '-r', '200', '-l', '8', '-p', '3', '-u', `http://127.0.0.1:${server.port}${path}`]);
      });
      await pause(1000);
      const figures = await measureBystander(server, 6);
      for (const [i, run] of runs.entries()) {
        const { stdout } = await run;
        const said = stdout.replace(/\x1b\[[0-9;]*m/g, '');
        const available = [...said.matchAll(/service available:\s+(\w+)/g)].map(([, word]) => word);
        t.diagnostic(`${Object.keys(modes)[i]}: service available ${[...new Set(available)]}, ${/Exit status: .*/.exec(said)}`);
        assert.ok(available.length > 0 && available.every((word) => word === 'YES'), said);
      }
      judge(t, figures, base, memory(server.pid, 'VmHWM'));
    } finally {
      await server.stop();
    }
  });
});
