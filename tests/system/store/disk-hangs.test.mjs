// SPDX-License-Identifier: MIT
// A disk that hangs: every request gets 503 in time, so does /readyz, and the server recovers by itself
// with the disk; a server can be stopped meanwhile, as it can while a long erase runs or a thread
// that reads from connections hangs.  What hangs are the calls of a real server (tests/system/support/tools/hang.c).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { assertSandboxed, patience, startServer } from '../support/server.mjs';
import { preload } from '../support/variant.mjs';

const DEADLINE_MS = 5000; // of the stores
const CLOSE_MS = 7000; // for everything to close
const MARGIN_MS = 4000; // less than either: what waits for one of them is found out
const ERASE_MS = 20_000; // of a gibibyte in parts of 64 KiB takes longer: 512 syncs of 50 ms
const WIDTH = 100; // requests at once, more than there are threads

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** One request on a connection of its own; resolves to { status, body, ms, headers }. */
async function ask(server, method, path, options) {
  const from = Date.now();
  const c = new Connection(server);
  const answer = await c.request(method, path, options);
  c.close();
  return { ...answer, ms: Date.now() - from };
}

/** Whether this build can be given a disk that hangs. */
function skipped(t) {
  if (patience === 1) return false;
  console.log('SKIP disk-hangs: sanitizers want to be loaded first');
  t.skip();
  return true;
}

/** A new directory, and the path in it of the file that makes calls hang while it is there. */
function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-hang-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, flag: join(folder, 'hangs') };
}

describe('a disk that hangs', { concurrency: true, timeout: 120_000 }, () => {
  test('a server can be stopped, and has what it acknowledged', async (t) => {
    if (skipped(t)) return;
    const { folder, flag } = scratch(t);
    const env = { LD_PRELOAD: preload('hang'), HANG: flag };
    const server = await startServer({ data: folder, env });
    const text = (await ask(server, 'POST', '/encrypt', { body: '{"secret":"kept"}' })).body;
    writeFileSync(flag, '');
    assert.equal((await ask(server, 'POST', '/encrypt', { body: '{"secret":"more"}' })).status, 503);
    const { code, ms } = await server.stop();
    assert.equal(code, 1);
    assert.ok(ms < CLOSE_MS + MARGIN_MS, `the end took ${ms} ms`);
    assert.match(server.stderr(), /event=stopped reason="not everything closed in time"/);
    rmSync(flag);
    const again = await startServer({ data: folder, env });
    const { status, body } = await ask(again, 'POST', '/decrypt', { body: text });
    assert.equal(status, 200, body.toString());
    await again.stop();
  });

  test('a server can be stopped while a long erase runs, and it is burnt', async (t) => {
    if (skipped(t)) return;
    const { folder, flag } = scratch(t);
    const env = { LD_PRELOAD: preload('hang'), HANG_SLOW: flag, SECRETS_PART_SIZE: '64 KiB' };
    const server = await startServer({ data: folder, env });
    const upload = sealed();
    delete upload.create.content;
    upload.create.size = 2 ** 30;
    const c = new Connection(server);
    await create(c, upload);
    // Without one there is no directory, and nothing to erase.
    const part = await c.request('PUT', `/api/v1/secrets/${upload.id}/parts/0`, { body: Buffer.alloc(64 << 10), headers: bearer(upload.owner) });
    assert.equal(part.status, 204);
    c.close();
    const receipt = ['GET', `/api/v1/secrets/${upload.id}/receipt`, { headers: bearer(upload.owner) }];
    const state = async (at) => JSON.parse((await ask(at, ...receipt)).body).state;
    assert.equal(await state(server), 'uploading');
    writeFileSync(flag, '');
    const from = Date.now();
    const burn = ask(server, 'DELETE', `/api/v1/secrets/${upload.id}`, { headers: bearer(upload.owner) });
    while ((await state(server)) !== 'burnt') assert.ok(Date.now() - from < DEADLINE_MS);
    const { code } = await server.stop();
    const all = Date.now() - from;
    const { status, ms } = await burn;
    assert.equal(status, 204); // it is burnt; nobody waits for the erase
    assert.ok(ms > DEADLINE_MS / 2, `control: the erase took ${ms} ms`);
    assert.equal(code, 0, server.stderr());
    assert.ok(all < ERASE_MS, `the end came after ${all} ms`);
    rmSync(flag);
    const again = await startServer({ data: folder, env });
    assert.equal(await state(again), 'burnt');
    await again.stop();
  });

  test('a server can be stopped whose input hangs', async (t) => {
    if (skipped(t)) return;
    const { flag } = scratch(t);
    const server = await startServer({ env: { LD_PRELOAD: preload('hang'), HANG_INPUT: flag } });
    writeFileSync(flag, '');
    const c = new Connection(server);
    void c.request('GET', '/healthz');
    const from = Date.now();
    while (!server.stderr().includes('hang: input')) {
      assert.ok(Date.now() - from < DEADLINE_MS);
      await new Promise((done) => setTimeout(done, 10));
    }
    const { code, ms } = await server.stop();
    c.close();
    assert.equal(code, 1);
    assert.ok(ms > CLOSE_MS && ms < CLOSE_MS + 2 * MARGIN_MS, `the end took ${ms} ms`);
    assert.match(server.stderr(), /event=stopped reason="not everything closed in time"/);
  });

  test('requests are answered in time, and all goes on when the disk does', async (t) => {
    if (skipped(t)) return;
    const { flag } = scratch(t);
    const server = await startServer({ env: { LD_PRELOAD: preload('hang'), HANG: flag } });
    const c = new Connection(server);
    try {
      assertSandboxed(server);
      const text = (await c.request('POST', '/encrypt', { body: '{"secret":"kept","view_count":10}' })).body;
      const inline = await create(c, sealed({ views: 5 }));
      const upload = sealed();
      const part = Buffer.from(upload.create.content, 'base64url');
      delete upload.create.content;
      await create(c, upload);

      const lease = newLease();
      const requests = [
        ['POST', '/encrypt', { body: '{"secret":"more"}' }],
        ['POST', '/encrypt?file_name=more', { body: Buffer.alloc(2 << 20) }],
        ['POST', '/decrypt', { body: text }],
        ['POST', '/api/v1/secrets', { body: JSON.stringify(sealed().create), headers: json }],
        ['POST', `/api/v1/secrets/${inline.id}/open`, { body: openBody(inline, lease), headers: json }],
        ['PUT', `/api/v1/secrets/${upload.id}/parts/0`, { body: part, headers: bearer(upload.owner) }],
      ];
      writeFileSync(flag, '');
      const from = Date.now();
      const pending = Array.from({ length: WIDTH }, (_, i) => ask(server, ...requests[i % requests.length]));
      // /readyz waits in the same queue as all of them.
      const ready = ask(server, 'GET', '/readyz');
      assert.equal((await ask(server, 'GET', '/healthz')).status, 200);
      for (const { status, body, headers } of await Promise.all(pending)) {
        assert.equal(status, 503, body.toString());
        assert.match(JSON.parse(body).code, /^(unavailable|unknown_outcome|busy)$/);
        assert.ok(headers['retry-after']);
      }
      assert.ok([200, 503].includes((await ready).status)); // it may have been faster than they
      const all = Date.now() - from;
      // Some derive first, and then wait as long as any other.
      assert.ok(all < 2 * DEADLINE_MS + MARGIN_MS, `the last answer came after ${all} ms`);

      // The hang is known by now, and nobody waits.
      for (const request of [...requests, ['GET', '/readyz']]) {
        const { status, ms } = await ask(server, ...request);
        assert.equal(status, 503, request[1]);
        assert.ok(ms < MARGIN_MS, `${request[1]} took ${ms} ms`);
      }

      // The disk works again.
      rmSync(flag);
      const recovering = Date.now();
      while ((await ask(server, 'GET', '/readyz')).status !== 200) assert.ok(Date.now() - recovering < DEADLINE_MS);
      for (const [method, path, options] of requests) {
        const { status, body } = await c.request(method, path, options);
        assert.ok([200, 201, 204].includes(status), `${path}: ${status} ${body}`);
      }
      // However often that one lease was asked for: it is one view.
      const again = JSON.parse((await c.request('POST', `/api/v1/secrets/${inline.id}/open`, { body: openBody(inline, lease), headers: json })).body);
      assert.equal(again.views_left, 4);
      assert.equal((await c.request('POST', `/api/v1/secrets/${upload.id}/complete`, { headers: bearer(upload.owner) })).status, 204);
      t.diagnostic(`${WIDTH} requests were answered in ${all} ms`);
    } finally {
      rmSync(flag, { force: true });
      c.close();
      await server.stop();
    }
  });
});
