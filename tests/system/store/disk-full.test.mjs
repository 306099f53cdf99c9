// SPDX-License-Identifier: MIT
// A full disk: new content is refused and leaves nothing, existing secrets can still be opened, and the
// server recovers by itself once there is room.
//
// The disk is a small one in memory, which takes root to mount.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { assertSandboxed, startServer } from '../support/server.mjs';

const MIB = 1 << 20;
const DISK_MIB = 96;
const RESERVE = 64 * MIB; // of the server, for all but new content
const PART = MIB;
const OPENS = 90;

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** A separate disk in a new directory, or undefined where this process may not mount one. */
function mountDisk(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0700`, 'secretsd-test', folder], { stdio: 'pipe' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const free = (folder) => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/** Another program fills the disk to the last byte. */
function fill(folder) {
  const file = openSync(join(folder, 'filler'), 'w');
  for (let size = MIB; size > 0; size = Math.floor(size / 2)) {
    try {
      for (;;) if (writeSync(file, Buffer.alloc(size, 1)) < size) break;
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  }
  closeSync(file);
  assert.equal(free(folder), 0);
}

const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesBelow(join(folder, e.name)) : [join(folder, e.name)]));

/** A sealed secret whose parts are yet to come: its parts are noise of PART bytes each. */
async function beginUpload(c, parts, views) {
  const secret = sealed({ views });
  delete secret.create.content;
  secret.create.size = parts * PART;
  await create(c, secret);
  secret.parts = Array.from({ length: Math.min(parts, 2) }, () => randomBytes(PART));
  Buffer.from(secret.create.header, 'base64url').copy(secret.parts[0]);
  return secret;
}

const putPart = (c, secret, k) => c.request('PUT', `/api/v1/secrets/${secret.id}/parts/${k}`, { body: secret.parts[k % 2], headers: bearer(secret.owner) });

async function expect(status, answer) {
  const { status: got, body } = await answer;
  assert.ok([status].flat().includes(got), `${got}, not ${status}: ${body}`);
  return body;
}

const encrypt = (c, body, query = '') => c.request('POST', `/encrypt${query}`, { body });
const decrypt = (c, secret) => c.request('POST', '/decrypt', { body: secret });
const open = (c, secret, lease) => c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, lease), headers: json });

/** Every way to bring something new is refused. */
async function nothingNewIsTaken(c, refused, upload, next) {
  await expect(refused, encrypt(c, '{"secret":"more"}'));
  await expect(refused, encrypt(c, Buffer.alloc(2 * MIB), '?file_name=more'));
  await expect(refused, c.request('POST', '/api/v1/secrets', { body: JSON.stringify(sealed().create), headers: json }));
  await expect(refused, putPart(c, upload, next));
}

async function opensByParts(c, secret) {
  const lease = newLease();
  await expect(200, open(c, secret, lease));
  for (const k of [0, 1]) {
    const body = await expect(200, c.request('GET', `/api/v1/secrets/${secret.id}/parts/${k}`, { headers: bearer(lease) }));
    assert.ok(secret.parts[k].equals(body));
  }
  await expect(204, c.request('DELETE', `/api/v1/secrets/${secret.id}/lease`, { headers: bearer(lease) }));
}

async function opensText(c, secret) {
  assert.equal(JSON.parse(await expect(200, decrypt(c, secret))).data, 'kept');
}

test('a full disk takes nothing new, opens what it has, and goes on when there is room', async (t) => {
  const folder = mountDisk(t);
  if (!folder) {
    console.log('SKIP disk-full: a disk of its own cannot be mounted here');
    t.skip();
    return;
  }
  const server = await startServer({ data: folder });
  const c = new Connection(server);
  try {
    assertSandboxed(server);
    const text = await expect(200, encrypt(c, '{"secret":"kept","view_count":10}'));
    const file = await expect(200, encrypt(c, Buffer.alloc(2 * MIB, 'f'), '?file_name=kept'));
    const inline = await create(c, sealed({ views: 100 }));
    const whole = await beginUpload(c, 2, 10);
    for (const k of [0, 1]) await expect(204, putPart(c, whole, k));
    await expect(204, c.request('POST', `/api/v1/secrets/${whole.id}/complete`, { headers: bearer(whole.owner) }));

    // What clients send never takes the room that opening needs.
    const upload = await beginUpload(c, 500, 1);
    let kept = 0;
    for (;;) {
      const { status } = await putPart(c, upload, kept);
      if (status !== 204) {
        assert.equal(status, 507);
        break;
      }
      kept++;
    }
    assert.ok(kept > 5 && free(folder) > RESERVE - PART, `${kept} parts, ${free(folder)} bytes are free`);
    await opensText(c, text);
    await opensByParts(c, whole);

    // Others take it.
    fill(folder);
    await nothingNewIsTaken(c, [507, 503], upload, kept);
    await opensText(c, text);
    await opensByParts(c, whole);
    for (let i = 0; i < OPENS; i++) {
      const lease = newLease();
      assert.equal(JSON.parse(await expect(200, open(c, inline, lease))).content, inline.create.content);
      await expect(204, c.request('DELETE', `/api/v1/secrets/${inline.id}/lease`, { headers: bearer(lease) }));
    }
    assert.equal(Buffer.from(JSON.parse(await expect(200, decrypt(c, file))).data, 'base64').length, 2 * MIB);
    await nothingNewIsTaken(c, [507, 503], upload, kept);
    assert.equal(filesBelow(join(server.data, 'parts')).length, kept + whole.parts.length, 'pieces of what was refused');
    assert.match(server.stderr(), /event=store\.full/);

    // There is room again.
    rmSync(join(folder, 'filler'));
    await expect(204, c.request('DELETE', `/api/v1/secrets/${upload.id}`, { headers: bearer(upload.owner) }));
    assert.equal(filesBelow(join(server.data, 'parts')).length, whole.parts.length);
    await expect(200, encrypt(c, '{"secret":"more"}'));
    await expect(200, encrypt(c, Buffer.alloc(2 * MIB), '?file_name=more'));
    await create(c, sealed());
    await expect(204, putPart(c, await beginUpload(c, 2, 1), 0));
    await expect(200, c.request('GET', '/readyz'));
    await opensText(c, text);
  } finally {
    c.close();
    await server.stop();
  }
});
