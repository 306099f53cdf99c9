// SPDX-License-Identifier: MIT
// A large secret through parts: constant memory in the server, an upload that resumes after every
// interruption, a download that resumes at any byte under the same lease, and an erase that erases from
// every file.  LARGE_MIB sets the size (1024).

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection, base64url, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { memory } from '../support/process.mjs';
import { patience, startServer } from '../support/server.mjs';

const MIB = 1 << 20;
const LARGE = Number(process.env.LARGE_MIB ?? (patience > 1 ? 64 : 1024)) * MIB;
const PART = MIB;
const MEMORY_KIB = 32 * 1024;
const block = randomBytes(PART);

/** Part ${k} of the content: noise, the envelope's header in front, each part different. */
function partOf(secret, k) {
  const bytes = Buffer.from(block.subarray(0, Math.min(PART, LARGE - k * PART)));
  bytes.writeUInt32BE(k, 100);
  if (k === 0) Buffer.from(secret.create.header, 'base64url').copy(bytes);
  return bytes;
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesBelow(join(folder, e.name)) : e.isFile() ? [join(folder, e.name)] : []));

/** What the file has; nothing if the sweeper has erased it since it was listed. */
function contentOf(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    assert.equal(error.code, 'ENOENT');
    return Buffer.alloc(0);
  }
}

/** Send the head of a PUT and ${sent} bytes of its body, then cut the connection. */
function cutUpload(server, path, token, bytes, sent) {
  return new Promise((done) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', done);
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, sent), () => socket.destroy());
  });
}

/** Ask for a part and read ${wanted} bytes of the answer, then cut the connection. */
function cutDownload(server, path, token, wanted) {
  return new Promise((done) => {
    const socket = connect(server.port, '127.0.0.1');
    let seen = 0;
    socket.on('error', () => {});
    socket.on('close', () => done(seen));
    socket.on('data', (piece) => (seen += piece.length) >= wanted && socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  });
}

/** Run ${each}(connection, i) for 0 <= i < count over ${width} connections. */
async function parallel(server, width, count, each) {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      const c = new Connection(server);
      for (let i = next++; i < count; i = next++) await each(c, i);
      c.close();
    }),
  );
}

/** Wait until ${check} says nothing is wrong any more, for ${seconds} at most. */
async function within(seconds, check) {
  const end = Date.now() + seconds * 1000;
  let wrong;
  while ((wrong = await check()) && Date.now() < end) await new Promise((done) => setTimeout(done, 500));
  assert.equal(wrong, undefined);
}

test(`${LARGE / MIB} MiB through parts, interrupted both ways, in bounded memory`, async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const c = new Connection(server);
  const base = memory(server.pid, 'VmRSS');
  const secret = sealed({ size: 304 });
  delete secret.create.content;
  secret.create.size = LARGE;
  await create(c, secret);
  const at = `/api/v1/secrets/${secret.id}`;
  const count = LARGE / PART;
  const put = (conn, k, bytes = partOf(secret, k)) => conn.request('PUT', `${at}/parts/${k}`, { body: bytes, headers: bearer(secret.owner) });

  await t.test('an upload that is cut, repeated and out of order', async () => {
    for (const sent of [0, 1, PART / 2, PART - 1]) await cutUpload(server, `${at}/parts/1`, secret.owner, partOf(secret, 1), sent);
    await parallel(server, 4, count, async (conn, i) => {
      const k = count - 1 - i;
      if (k % 97 === 5) await cutUpload(server, `${at}/parts/${k}`, secret.owner, partOf(secret, k), 777);
      assert.equal((await put(conn, k)).status, 204);
    });
    assert.equal((await put(c, 3)).status, 204, 'the same bytes again');
    assert.equal((await put(c, 3, partOf(secret, 4))).status, 409, 'other bytes');
    const done = await c.request('POST', `${at}/complete`, { headers: bearer(secret.owner) });
    assert.equal(done.status, 204, done.body.toString());
  });

  const lease = newLease();
  await t.test('a download that is cut anywhere goes on under its lease', async () => {
    const opened = await c.request('POST', `${at}/open`, { body: openBody(secret, lease), headers: json });
    assert.equal(opened.status, 200, opened.body.toString());
    for (const bytes of [1, 1000, PART / 2, PART]) assert.ok((await cutDownload(server, `${at}/parts/0`, lease, bytes)) >= bytes);
    const sums = new Map();
    await parallel(server, 4, count, async (conn, k) => {
      const got = await conn.request('GET', `${at}/parts/${k}`, { headers: bearer(lease) });
      assert.equal(got.status, 200);
      sums.set(k, createHash('sha256').update(got.body).digest('hex'));
    });
    for (const k of [0, 1, count >> 1, count - 1]) assert.equal(sums.get(k), createHash('sha256').update(partOf(secret, k)).digest('hex'));
    assert.equal(new Set(sums.values()).size, count);
    assert.equal((await c.request('GET', `${at}/parts/0`, { headers: bearer(newLease()) })).status, 404, 'another token');
  });

  await t.test('memory stayed bounded', () => {
    const peak = memory(server.pid, 'VmHWM');
    t.diagnostic(`memory ${base} KiB at first, ${peak} KiB at most`);
    assert.ok(peak <= base + MEMORY_KIB || patience > 1, `${base} KiB grew to ${peak} KiB`);
  });

  await t.test('confirmed, its parts are gone and the receipt tells', async () => {
    assert.equal((await c.request('DELETE', `${at}/lease`, { headers: bearer(lease) })).status, 204);
    await within(60, () => filesBelow(join(server.data, 'parts')).find((f) => contentOf(f).includes(block.subarray(5000, 5064))));
    const receipt = await c.request('GET', `${at}/receipt`, { headers: bearer(secret.owner) });
    assert.equal(JSON.parse(receipt.body).state, 'used_up');
    assert.equal((await c.request('GET', `${at}/parts/0`, { headers: bearer(lease) })).status, 404);
  });
  c.close();
});

test('what ended is gone from every file within 60 s, and its receipt tells the truth', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const c = new Connection(server);
  const ways = {
    used_up: async (s, path) => {
      const lease = newLease();
      await c.request('POST', `${path}/open`, { body: openBody(s, lease), headers: json });
      return c.request('DELETE', `${path}/lease`, { headers: bearer(lease) });
    },
    burnt: (s, path) => c.request('DELETE', path, { headers: bearer(s.owner) }),
    locked: (s, path) => c.request('POST', `${path}/open`, { body: JSON.stringify({ access: base64url(randomBytes(32)), gate: s.gate }), headers: json }),
  };
  const kept = await create(c, sealed({ size: 5000 }));
  // The pages of a database split its content: look for several parts of it.
  const holds = (s) => {
    const pieces = [400, 1300, 2500, 3300, 4700].map((from) => Buffer.from(s.content, 'base64url').subarray(from, from + 32));
    return filesBelow(server.data).find((f) => pieces.some((piece) => contentOf(f).includes(piece)));
  };
  const ended = [];
  for (const [state, end] of Object.entries(ways)) {
    const s = await create(c, sealed({ size: 5000, attempts: 1 }));
    const path = `/api/v1/secrets/${s.id}`;
    assert.ok(holds(s), 'the control: it lies in a file while it can be opened');
    assert.ok((await end(s, path)).status < 500);
    assert.equal((await c.request('GET', path)).status, 404, state);
    const receipt = JSON.parse((await c.request('GET', `${path}/receipt`, { headers: bearer(s.owner) })).body);
    assert.equal(receipt.state, state);
    ended.push(s);
  }
  await within(60, () => ended.map(holds).find(Boolean));
  assert.equal((await c.request('GET', `/api/v1/secrets/${kept.id}`)).status, 200, 'what was not ended is still there');
  c.close();
});
