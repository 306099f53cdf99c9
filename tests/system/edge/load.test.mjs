// SPDX-License-Identifier: MIT
// More requests than the server can take: its memory stays limited, cheap requests stay quick, the rest are
// refused with 503, and acknowledged work is durable.
//
// CREATES is how many classic creates come at once (2,000 without it).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';

import { assertQuick, measureHealth, quickServer } from '../support/bystander.mjs';
import { Connection } from '../support/client.mjs';
import { memory } from '../support/process.mjs';
import { get, patience, startServer } from '../support/server.mjs';

const CREATES = Number(process.env.CREATES ?? 2000);
const MIB = 1024; // of the KiB in /proc
const KDF_MEMORY = 128 * MIB;

test(`${CREATES} creates at once: bounded memory, quick health, 503 for the excess, and every answer holds`, async (t) => {
  const threads = 2;
  const server = await quickServer({ SECRETS_KDF_THREADS: String(threads), SECRETS_KDF_MEMORY: `${KDF_MEMORY / MIB} MiB` });
  try {
    const base = memory(server.pid, 'VmRSS');
    const connections = Array.from({ length: CREATES }, () => new Connection(server));
    await Promise.all(connections.map((c) => c.ready));
    const answers = connections.map((c, i) => c.prepare('POST', '/encrypt', { body: JSON.stringify({ secret: `text ${i}` }) }));
    const health = measureHealth(server, 2);
    for (const c of connections) c.release();
    const made = [];
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      if (answer.status === 200) made.push([i, answer.body.toString()]);
      else {
        assert.equal(answer.status, 503);
        assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
        assert.equal(JSON.parse(answer.body).code, 'busy');
      }
    }
    const { seen, twin } = await health;
    const peak = memory(server.pid, 'VmHWM');
    t.diagnostic(`${made.length} made, ${CREATES - made.length} refused; memory ${base} KiB, at most ${peak} KiB; /healthz p99 ${seen.p99 / 1000} ms, without them ${twin.p99 / 1000} ms`);
    assert.ok(made.length >= threads, 'some were made');
    assert.ok(made.length < CREATES, 'the queue is bounded');
    assert.ok(peak <= base + KDF_MEMORY + 64 * MIB || patience > 1, `memory grew to ${peak} KiB from ${base} KiB`);
    assert.deepEqual(Object.keys(seen.status), ['200']);
    assertQuick('/healthz', seen.p99, twin.p99);
    for (const c of connections) c.close();
    for (const [i, body] of made) {
      const c = new Connection(server); // one each: so many were open that none may be kept yet
      const opened = await c.request('POST', '/decrypt', { body });
      c.close();
      assert.equal(opened.status, 200);
      assert.equal(JSON.parse(opened.body).data, `text ${i}`);
    }
  } finally {
    await server.stop();
  }
});

test('a body over its bound gets an answer that a client still sending can read', async () => {
  const server = await startServer();
  try {
    for (const size of [7 * 1024 * 1024, 60 * 1024 * 1024]) {
      const c = new Connection(server);
      const { status, headers, body } = await c.request('POST', '/encrypt', { body: Buffer.alloc(size, 0x20) });
      assert.equal(status, 413);
      assert.equal(headers.connection.toLowerCase(), 'close');
      assert.equal(JSON.parse(body).code, 'too_large');
      c.close();
    }
    // With "Expect: 100-continue" nothing needs to be sent at all.
    const c = new Connection(server);
    c.socket.write('POST /encrypt HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n');
    const [answer] = await once(c.socket, 'data');
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
    c.close();
  } finally {
    await server.stop();
  }
});

test('requests that two readers could read differently are refused, and the connection ends', async () => {
  const server = await startServer();
  const body = '{"secret":"x"}';
  const head = (lines) => `POST /encrypt HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
  try {
    for (const lines of [
      ['Content-Length: 14', 'Content-Length: 14'],
      ['Content-Length: 14', 'Content-Length: 15'],
      ['Content-Length: 14', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked'],
      ['Transfer-Encoding: identity', 'Content-Length: 14'],
      ['Transfer-Encoding: xchunked', 'Content-Length: 14'],
      ['Content-Length: +14'],
      ['Content-Length: 0x0e'],
      ['Content-Length: 14,14'],
      ['Content-Length: 99999999999999999999'],
      ['Content-Length: -1'],
      ['Content-Length: 14', 'Content-Type: a/b', 'Content-Type: a/c'],
      ['Content-Length: 14', 'Authorization: Bearer a', 'Authorization: Bearer b'],
    ]) {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(head(lines));
      let answer = '';
      for await (const piece of socket) answer += piece;
      assert.match(answer, /^HTTP\/1\.[01] 4\d\d /, lines.join());
      assert.equal(answer.match(/HTTP\/1\.[01] \d/g).length, 1, lines.join());
    }
  } finally {
    await server.stop();
  }
});

test('connections that nobody uses cost little, and other clients are served meanwhile', async (t) => {
  const COUNT = 1000;
  const server = await quickServer();
  try {
    await get(server, '/healthz');
    const base = memory(server.pid, 'VmRSS');
    const idle = Array.from({ length: COUNT }, () => new Connection(server));
    await Promise.all(idle.map((c) => c.ready));
    const { seen, twin } = await measureHealth(server, 1);
    const each = (memory(server.pid, 'VmRSS') - base) / COUNT;
    t.diagnostic(`${each.toFixed(1)} KiB each; /healthz p99 ${seen.p99 / 1000} ms, without them ${twin.p99 / 1000} ms`);
    assert.equal(seen.failed, 0);
    assertQuick('/healthz', seen.p99, twin.p99);
    assert.ok(each < 4 || patience > 1, `${each} KiB each`);
    for (const c of idle) c.close();
  } finally {
    await server.stop();
  }
});
