// SPDX-License-Identifier: MIT
// kill -9 under load: acknowledged work is there afterwards, nothing is opened more often than it has
// views, and each view is one event.
//
// The servers run in their sandbox.  KILLS is how often (50 without it); SEED repeats a run.  kill -9 keeps what the system has not
// written yet, so this says nothing about power loss: tests/unit/store/test_sqlite_power.c does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { refOf } from '../support/ctl.mjs';
import { connectionEnded, countEvents, numbers } from '../support/kills.mjs';
import { assertSandboxed, patience, startServer } from '../support/server.mjs';
import { testServer } from '../support/variant.mjs';

const KILLS = Number(process.env.KILLS ?? 50);
const WRITERS = 8;
const READERS = 8;
const seed = Number(process.env.SEED ?? Date.now() % 1e9);

/** Make secrets until the server dies; each that was acknowledged goes to ${ledger}. */
async function write(server, ledger, below) {
  const c = new Connection(server);
  try {
    for (;;) {
      const secret = await create(c, sealed({ views: 1 + below(3) }));
      ledger.push({ ...secret, views: secret.create.views, opened: 0, maybe: 0, leases: [] });
    }
  } catch (error) {
    if (!connectionEnded(error)) throw error;
  } finally {
    c.close();
  }
}

/** Open acknowledged secrets at random until the server dies. */
async function read(server, ledger, below) {
  const c = new Connection(server);
  let secret;
  let pending;
  try {
    for (;;) {
      secret = ledger[below(ledger.length + 1)];
      if (!secret) {
        await c.request('GET', '/healthz');
        continue;
      }
      pending = newLease();
      const { status, body } = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, pending), headers: json });
      if (status === 200) {
        secret.opened++;
        secret.leases.push(pending);
        assert.equal(JSON.parse(body).content, secret.create.content, 'what was opened is what was stored');
      } else assert.equal(status, 404, body.toString());
      pending = undefined;
    }
  } catch (error) {
    if (!connectionEnded(error)) throw error;
    // The view may have been taken; nobody has seen it.
    if (pending) secret.maybe++;
  } finally {
    c.close();
  }
}

/** Classic secrets: made, opened, and made again until the server dies. */
async function classic(server, ledger, below) {
  const c = new Connection(server);
  let secret;
  let asking = false;
  try {
    for (;;) {
      asking = false;
      if (ledger.length === 0 || below(2) === 0) {
        const { status, body } = await c.request('POST', '/encrypt', { body: '{"secret":"kept","view_count":2}' });
        if (status === 200) ledger.push({ body: body.toString(), views: 2, opened: 0, maybe: 0 });
        else assert.equal(status, 503);
        continue;
      }
      secret = ledger[below(ledger.length)];
      asking = true;
      const { status } = await c.request('POST', '/decrypt', { body: secret.body });
      if (status === 200) secret.opened++;
      else assert.ok(status === 404 || status === 503, String(status));
    }
  } catch (error) {
    if (!connectionEnded(error)) throw error;
    if (asking) secret.maybe++;
  } finally {
    c.close();
  }
}

/** What the server says of ${secret} fits what was seen of it. */
async function audit(c, secret) {
  const { status, body } = await c.request('GET', `/api/v1/secrets/${secret.id}/receipt`, { headers: { Authorization: `Bearer ${secret.owner}` } });
  assert.equal(status, 200, 'an acknowledged secret is lost');
  const left = JSON.parse(body).views_left;
  assert.ok(secret.opened + left <= secret.views, `opened ${secret.opened} times, ${left} of ${secret.views} views are left`);
  assert.ok(secret.opened + secret.maybe + left >= secret.views, `a view is lost: ${secret.opened} + ${secret.maybe} + ${left} of ${secret.views}`);
}

/** Who holds a lease can fetch again after the restart, and nothing is counted. */
async function holderFetches(c, secret) {
  const lease = secret.leases.at(-1);
  const before = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, lease), headers: json });
  assert.equal(before.status, 200, 'the holder of a lease lost it');
  assert.equal(JSON.parse(before.body).content, secret.create.content);
  const stranger = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody({ access: sealed().access }, lease), headers: json });
  assert.ok([403, 404].includes(stranger.status), 'nobody else has it');
}

function checkIntegrity(data, folder) {
  const copy = join(folder, 'copy');
  cpSync(data, copy, { recursive: true });
  for (const name of readdirSync(copy).filter((n) => n.endsWith('.db') || n.endsWith('.sqlite')))
    assert.equal(execFileSync('sqlite3', [join(copy, name), 'PRAGMA integrity_check'], { encoding: 'utf8' }).trim(), 'ok');
  rmSync(copy, { recursive: true });
}

/** The secrets of ${all} whose events are not those of the views that were taken of them. */
function wrongEvents(counts, all, left) {
  return all.filter((secret) => {
    const of = counts.get(refOf(secret.id)) ?? {};
    const taken = secret.views - left(secret);
    return of.created !== 1 || (of.opened ?? 0) !== taken || (of.used_up ?? 0) !== (taken === secret.views ? 1 : 0);
  });
}

test(`${KILLS} times kill -9 under load: nothing acknowledged is lost, nothing opens too often (SEED=${seed})`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-kill-'));
  const env = { SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}`, SECRETS_EVENTS_MAX: '100000000' };
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const below = numbers(seed);
  const all = [];
  const classics = [];
  const restarts = [];
  for (let kill = 0; kill <= KILLS; kill++) {
    const server = await startServer({ data: folder, env });
    assertSandboxed(server);
    if (kill > 0) restarts.push(server.started);
    const c = new Connection(server);
    const fresh = all.slice(-400);
    for (const secret of fresh) await audit(c, secret);
    for (const secret of fresh.filter((s) => s.leases.length > 0).slice(-20)) await holderFetches(c, secret);
    c.close();
    if (kill === KILLS) {
      await server.stop();
      break;
    }
    const ledger = fresh.slice(-200);
    const known = ledger.length;
    const work = [];
    for (let i = 0; i < WRITERS; i++) work.push(write(server, ledger, below));
    for (let i = 0; i < READERS; i++) work.push(read(server, ledger, below));
    for (let i = 0; i < 2; i++) work.push(classic(server, classics, below));
    await new Promise((done) => setTimeout(done, 50 + below(300)));
    await server.kill();
    await Promise.all(work);
    all.push(...ledger.slice(known));
    if (kill % 10 === 0) checkIntegrity(server.data, folder);
  }

  // All of them once more, to the last view.
  const server = await startServer({ data: folder, env });
  const c = new Connection(server);
  for (const secret of all) {
    await audit(c, secret);
    for (;;) {
      const { status } = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, newLease()), headers: json });
      if (status !== 200) break;
      secret.opened++;
    }
    assert.ok(secret.opened <= secret.views, `opened ${secret.opened} times of ${secret.views}`);
    assert.ok(secret.opened + secret.maybe >= secret.views, 'a view is lost');
  }
  for (const secret of classics.slice(-60)) {
    while ((await c.request('POST', '/decrypt', { body: secret.body })).status === 200) secret.opened++;
    assert.ok(secret.opened <= secret.views && secret.opened + secret.maybe >= secret.views, JSON.stringify(secret));
  }
  const counts = await countEvents(env, KILLS);
  const wrong = wrongEvents(counts, all, () => 0);
  assert.equal(wrong.length, 0, `${wrong.length} secrets have other events than views`);
  c.close();
  await server.stop();
  checkIntegrity(server.data, folder);

  // The machine may have been busy during some of the restarts.
  restarts.sort((a, b) => a - b);
  const usual = restarts[Math.floor(restarts.length / 2)];
  const views = [...counts.values()].reduce((sum, { opened = 0 }) => sum + opened, 0);
  t.diagnostic(`${all.length} sealed and ${classics.length} classic secrets, ${views} views, restart ${usual.toFixed(0)} ms, slowest ${restarts.at(-1).toFixed(0)} ms`);
  assert.ok(all.length > KILLS, 'there was load');
  assert.ok(usual < 1000 * patience, `a restart takes ${usual} ms`);
});

/** Views left of ${secret}, by its receipt. */
async function viewsLeft(c, secret) {
  const { body } = await c.request('GET', `/api/v1/secrets/${secret.id}/receipt`, { headers: { Authorization: `Bearer ${secret.owner}` } });
  return JSON.parse(body).views_left;
}

test('a build that writes events after the commit is caught', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-kill-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}`, TEST_LATE_EVENTS: '1' };
  const below = numbers(seed);
  const ledger = [];
  let wrong = 0;
  for (let kill = 0; kill < 40 && wrong === 0; kill++) {
    const server = await startServer({ data: folder, env, build: testServer() });
    const work = [];
    for (let i = 0; i < WRITERS; i++) work.push(write(server, ledger, below));
    for (let i = 0; i < READERS; i++) work.push(read(server, ledger, below));
    await new Promise((done) => setTimeout(done, 50 + below(200)));
    await server.kill();
    await Promise.all(work);

    const again = await startServer({ data: folder, env });
    const c = new Connection(again);
    const left = new Map();
    for (const secret of ledger.slice(-300)) left.set(secret.id, await viewsLeft(c, secret));
    wrong = wrongEvents(await countEvents(env, KILLS), ledger.slice(-300), (secret) => left.get(secret.id)).length;
    c.close();
    await again.stop();
  }
  assert.ok(wrong > 0, 'no event was lost');
});
