// SPDX-License-Identifier: MIT
// One client that does not read its responses keeps no other from opening and fetching: responses are
// reserved from the client's share before a view is taken, and parts have a budget of their own.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';

import { Connection, base64url, json } from '../support/client.mjs';
import { memory } from '../support/process.mjs';
import { patience, startServer } from '../support/server.mjs';
import { testServer } from '../support/variant.mjs';

const MIB = 1024 * 1024;
const FILE = 10 * MIB - 4096;
const HELD_KIB = 2 * 14 * 1024; // by two responses of such files
const UNREAD = 5; // what a client holds at most is the response of one such file
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const env = { SECRETS_RATE_CREATE: '0', SECRETS_RATE_OPEN: '0' };

/** Requests of one client, who is named as a proxy names it; each on a connection of its own. */
function client(server, address) {
  return async (method, path, { body = '', headers = {} } = {}) => {
    const connection = new Connection(server);
    await connection.ready;
    try {
      return await connection.request(method, path, { body, headers: { 'X-Forwarded-For': address, ...headers } });
    } finally {
      connection.close();
    }
  };
}

async function encryptFile(request) {
  const { status, body } = await request('POST', '/encrypt?file_name=a', { body: randomBytes(FILE) });
  assert.equal(status, 200, body.toString());
  return body.toString(); // what /decrypt takes
}

/** Ask for ${path} and read nothing; finish() reads the response and resolves to { status, length }. */
function unread(server, address, method, path, body, headers = {}) {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const fields = Object.entries({ Host: 'localhost', 'X-Forwarded-For': address, Connection: 'close', 'Content-Length': body.length, ...headers });
  socket.write(`${method} ${path} HTTP/1.1\r\n${fields.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`);
  socket.pause();
  return {
    async finish() {
      let text = '';
      let length = 0;
      for await (const piece of socket) {
        if (text.length < 1000) text += piece.toString('latin1');
        length += piece.length;
      }
      return { status: Number(text.split(' ')[1]), retry: /\r\nRetry-After: \d+/i.test(text), length };
    },
    close: () => socket.destroy(),
  };
}

/** A secret in parts of 1 MiB, opened with a lease: the paths of its parts and the header that fetches them. */
async function openParts(request, count) {
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([14, 8, 1, 0]), randomBytes(24)]);
  const content = Buffer.concat([header, randomBytes(count * MIB - 32)]);
  const access = randomBytes(32);
  const verifier = createHash('sha256').update(access).digest();
  const created = await request('POST', '/api/v1/secrets', { headers: json, body: JSON.stringify({ verifier: base64url(verifier), header: base64url(header), views: 1, ttl: 3600, size: content.length }) });
  assert.equal(created.status, 201, created.body.toString());
  const { id, owner_token: owner } = JSON.parse(created.body);
  for (let k = 0; k < count; k++) {
    const put = await request('PUT', `/api/v1/secrets/${id}/parts/${k}`, { headers: { Authorization: `Bearer ${owner}` }, body: content.subarray(k * MIB, (k + 1) * MIB) });
    assert.equal(put.status, 204);
  }
  assert.equal((await request('POST', `/api/v1/secrets/${id}/complete`, { headers: { ...json, Authorization: `Bearer ${owner}` } })).status, 204);
  const opened = await request('POST', `/api/v1/secrets/${id}/open`, { headers: json, body: JSON.stringify({ access: base64url(access) }) });
  assert.equal(opened.status, 200, opened.body.toString());
  return {
    paths: Array.from({ length: count }, (_, k) => `/api/v1/secrets/${id}/parts/${k}`),
    headers: { Authorization: `Bearer ${JSON.parse(opened.body).lease}` },
  };
}

describe('responses that nobody reads', () => {
  for (const bounded of [true, false]) {
    test(bounded ? 'of files: the others go on, and what is refused uses no view' : 'control: without a share of its own the client holds all that there is for responses', async (t) => {
      const server = await startServer(bounded ? { env } : { build: testServer(), env: { ...env, TEST_UNSHARED: 'responses' } });
      t.after(() => server.stop());
      const hostile = client(server, '192.0.2.1');
      const other = client(server, '192.0.2.2');
      const files = [];
      for (let i = 0; i < UNREAD; i++) files.push(await encryptFile(hostile));
      const mine = await encryptFile(other);
      const parts = await openParts(other, 4);
      const base = memory(server.pid, 'VmRSS');

      const held = files.map((body) => unread(server, '192.0.2.1', 'POST', '/decrypt', body));
      await pause(2000 * patience);
      for (let i = 0; !bounded && memory(server.pid, 'VmRSS') - base <= HELD_KIB && i < 200; i++) await pause(100);
      const grown = memory(server.pid, 'VmRSS') - base;
      const statuses = [];
      for (const path of parts.paths) statuses.push((await other('GET', path, { headers: parts.headers })).status);
      const opened = await other('POST', '/decrypt', { body: mine });
      const results = await Promise.all(held.map((one) => one.finish()));
      t.diagnostic(`resident memory grew by ${grown} KiB; the client got ${results.map((r) => r.status)}`);

      if (!bounded) {
        assert.equal(results.filter((r) => r.status === 200).length, UNREAD, 'they fit all together');
        assert.ok(grown > HELD_KIB, `${grown} KiB`);
        return;
      }
      assert.deepEqual(statuses, [200, 200, 200, 200], 'parts of another client');
      assert.equal(opened.status, 200, 'a file of another client');
      assert.equal(results.filter((r) => r.status === 200).length, 1, 'one response fits the share');
      assert.ok(results.every((r) => r.status === 200 || (r.status === 503 && r.retry)), JSON.stringify(results));
      // The response, its ciphertext and the file itself, for one request.
      assert.ok(grown < 64 * 1024 * patience, `${grown} KiB`);

      // What was refused is still there, once; what was sent is not.
      const left = [];
      for (const body of files) left.push((await hostile('POST', '/decrypt', { body })).status);
      assert.equal(left.filter((status) => status === 200).length, UNREAD - 1, left.join());
    });
  }

  test('of files of four clients, each in a network of its own: the texts of others are opened', async (t) => {
    const server = await startServer({ env });
    t.after(() => server.stop());
    const hostile = Array.from({ length: 6 }, (_, i) => `192.0.${i}.1`);
    const other = client(server, '198.51.100.1');
    const text = (await other('POST', '/encrypt', { body: JSON.stringify({ secret: 'x'.repeat(900_000) }) })).body.toString();
    const held = [];
    for (const address of hostile) {
      const body = await encryptFile(client(server, address));
      held.push(unread(server, address, 'POST', '/decrypt', body));
      await pause(500 * patience);
    }
    assert.equal((await other('POST', '/decrypt', { body: text })).status, 200);
    const statuses = (await Promise.all(held.map((one) => one.finish()))).map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 503, 503], 'large files have half of the memory');
  });

  test('of parts: the others fetch theirs, and files are opened', async (t) => {
    const server = await startServer({ env });
    t.after(() => server.stop());
    const hostile = client(server, '192.0.2.1');
    const other = client(server, '192.0.2.2');
    const theirs = await openParts(hostile, 4);
    const parts = await openParts(other, 4);
    const mine = await encryptFile(other);
    const held = Array.from({ length: 60 }, (_, i) => unread(server, '192.0.2.1', 'GET', theirs.paths[i % 4], '', theirs.headers));
    await pause(2000 * patience);
    for (const path of parts.paths) assert.equal((await other('GET', path, { headers: parts.headers })).status, 200);
    assert.equal((await other('POST', '/decrypt', { body: mine })).status, 200);
    const results = await Promise.all(held.map((one) => one.finish()));
    const sent = results.filter((r) => r.status === 200).length;
    t.diagnostic(`of ${held.length} parts ${sent} were sent`);
    assert.ok(sent >= 10 && sent < held.length, `${sent} were sent`);
    assert.ok(results.every((r) => r.status === 200 || (r.status === 503 && r.retry)), JSON.stringify(results));
  });
});

describe('clients of one network', () => {
  const network = Array.from({ length: 24 }, (_, i) => `2001:db8:7:${i.toString(16)}::1`);
  const other = '2001:db8:8::1';

  test('that read no parts: another network fetches its own', async (t) => {
    const server = await startServer({ env });
    t.after(() => server.stop());
    const theirs = await openParts(client(server, network[0]), 1);
    const mine = await openParts(client(server, other), 4);
    const held = network.flatMap((address) => Array.from({ length: 12 }, () => unread(server, address, 'GET', theirs.paths[0], '', theirs.headers)));
    t.after(() => held.forEach((one) => one.close()));
    await pause(1000 * patience);
    assert.equal((await client(server, network.at(-1))('GET', theirs.paths[0], { headers: theirs.headers })).status, 503, 'the network has its share');
    for (const path of mine.paths) assert.equal((await client(server, other)('GET', path, { headers: mine.headers })).status, 200);
  });

  test('that announce bodies: another network shares a file', async (t) => {
    const server = await startServer({ env });
    t.after(() => server.stop());
    const held = [];
    t.after(() => held.forEach((one) => one.destroy()));
    let refused = 0;
    for (const address of network)
      for (const size of [10 * MIB, 2 * MIB, 2 * MIB]) {
        const one = connect(server.port, '127.0.0.1').on('error', () => undefined);
        held.push(one);
        one.write(`POST /encrypt?file_name=a HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${address}\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`);
        refused += String(await once(one, 'data')).startsWith('HTTP/1.1 503 ');
      }
    assert.ok(refused > 0, 'the network has its share');
    assert.equal((await client(server, other)('POST', '/encrypt?file_name=a', { body: randomBytes(FILE) })).status, 200);
  });
});
