// SPDX-License-Identifier: MIT
// kill -9 while many answer: an acknowledged answer is there afterwards and can be opened, and no request has an
// answer more than it asked for.  Whoever got no response repeats the complete.  Each answer has one event, and the
// chain of events is whole.  Three flawed stores are caught by the same checks.
//
// KILLS is how often (30 without it); SEED repeats a run.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeAnswer, makeRequest } from '../support/api.mjs';
import { Connection, base64url, json, newLease } from '../support/client.mjs';
import { refOf } from '../support/ctl.mjs';
import { connectionEnded, countEvents, numbers } from '../support/kills.mjs';
import { assertSandboxed, startServer } from '../support/server.mjs';
import { testServer } from '../support/variant.mjs';

const KILLS = Number(process.env.KILLS ?? 30);
const ANSWERERS = 12;
const ASKED = 3;
const seed = Number(process.env.SEED ?? Date.now() % 1e9);
const below = numbers(seed);

const post = (c, path, body, token) => c.request('POST', path, { body: JSON.stringify(body), headers: { ...json, ...(token && { Authorization: `Bearer ${token}` }) } });

async function ask(c) {
  const request = makeRequest({ answers: ASKED });
  const { status, body } = await post(c, '/api/v1/requests', request.ask);
  assert.equal(status, 201, body.toString());
  return { ...request, path: `/api/v1/requests/${JSON.parse(body).id}`, answers: [] };
}

async function complete(c, answer) {
  const { status } = await post(c, `/api/v1/secrets/${answer.id}/complete`, { wrap: answer.wrap }, answer.owner);
  return status;
}

/** Answer ${requests} at random until the server dies. */
async function answer(server, requests) {
  const c = new Connection(server);
  try {
    for (;;) {
      const request = requests[below(requests.length)];
      const made = makeAnswer(request);
      const { status, body } = await post(c, `${request.path}/answers`, made.begin);
      if (status === 404 || status === 429) continue; // full, or too many at once
      assert.equal(status, 201, body.toString());
      const { id, owner_token } = JSON.parse(body);
      const one = { ...made, id, owner: owner_token, wrap: base64url(randomBytes(40)), outcome: 'unknown' };
      request.answers.push(one);
      const outcome = await complete(c, one);
      assert.ok([204, 404, 409].includes(outcome), String(outcome));
      one.outcome = outcome === 204 ? 'taken' : 'refused';
    }
  } catch (error) {
    if (!connectionEnded(error)) throw error;
  } finally {
    c.close();
  }
}

async function list(c, request) {
  const { status, body } = await c.request('GET', `${request.path}/answers`, { headers: { Authorization: `Bearer ${request.owner}` } });
  assert.equal(status, 200, 'an acknowledged request is lost');
  return JSON.parse(body).answers;
}

/** What the server lists of ${request} fits what its answerers were told. */
async function audit(c, request) {
  const wraps = (await list(c, request)).map((one) => one.wrap);
  assert.ok(wraps.length <= ASKED, `${wraps.length} answers of ${ASKED}`);
  for (const one of request.answers) {
    if (one.outcome === 'taken') assert.ok(wraps.includes(one.wrap), 'an acknowledged answer is lost');
    if (one.outcome === 'refused') assert.ok(!wraps.includes(one.wrap), 'a refused answer is listed');
  }
}

/** The requests of ${all} that have another number of events of answers than answers in their list. */
async function wrongEvents(c, all, env) {
  const counts = await countEvents(env, KILLS);
  const wrong = [];
  for (const request of all) {
    const { answered = 0 } = counts.get(refOf(request.path.split('/').at(-1))) ?? {};
    if (answered !== (await list(c, request)).length) wrong.push(request);
  }
  return wrong;
}

/** Repeat what got no response, and then open every answer. */
async function finish(c, request) {
  for (const one of request.answers.filter(({ outcome }) => outcome === 'unknown')) {
    const before = (await list(c, request)).map(({ wrap }) => wrap);
    const status = await complete(c, one);
    if (before.includes(one.wrap)) assert.equal(status, 204, 'a listed answer is complete');
    assert.ok([204, 404, 409].includes(status), String(status));
    one.outcome = status === 204 ? 'taken' : 'refused';
  }
  await audit(c, request);

  let opened = 0;
  for (const one of request.answers) {
    const { status, body } = await post(c, `/api/v1/secrets/${one.id}/open`, { access: one.access, lease: newLease() });
    assert.equal(status === 200, one.outcome === 'taken', `${one.outcome}: ${status}`);
    if (status !== 200) continue;
    opened++;
    assert.equal(createHash('sha256').update(JSON.parse(body).content).digest('hex'), createHash('sha256').update(base64url(one.envelope)).digest('hex'));
  }
  assert.ok(opened <= ASKED, `${opened} answers of ${ASKED} were opened`);
  return opened;
}

/** Make ${count} requests, answer them, and kill ${server} meanwhile; return the requests. */
async function askUntilKilled(server, count = 40) {
  const c = new Connection(server);
  const requests = [];
  for (let i = 0; i < count; i++) requests.push(await ask(c));
  c.close();

  const work = Array.from({ length: ANSWERERS }, () => answer(server, requests));
  await new Promise((done) => setTimeout(done, 20 + below(120)));
  await server.kill();
  await Promise.all(work);
  return requests;
}

/** A folder of the test ${t} with its variables; t.after kills the server that ${running} returns. */
function stage(t, running, more = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-answers-'));
  t.after(async () => {
    await running()?.kill(); // after a failed assertion it would keep the test from ending
    rmSync(folder, { recursive: true, force: true });
  });
  const env = {
    SECRETS_RATE_CREATE: '0', SECRETS_RATE_OPEN: '0', SECRETS_EVENTS_MAX: '10000000',
    SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}`, ...more,
  };
  return { folder, env };
}

test(`${KILLS} times kill -9 while many answer (SEED=${seed})`, async (t) => {
  let server;
  const { folder, env } = stage(t, () => server);
  const all = [];
  for (let kill = 0; kill < KILLS; kill++) {
    server = await startServer({ data: folder, env });
    assertSandboxed(server);
    const c = new Connection(server);
    for (const request of all.slice(-40)) await audit(c, request);
    c.close();
    all.push(...(await askUntilKilled(server)));
  }
  const interrupted = all.flatMap((one) => one.answers).filter(({ outcome }) => outcome === 'unknown').length;

  server = await startServer({ data: folder, env });
  const c = new Connection(server);
  let opened = 0;
  for (const request of all) opened += await finish(c, request);
  assert.equal((await wrongEvents(c, all, env)).length, 0, 'requests have other events than answers');
  c.close();
  await server.stop();
  t.diagnostic(`${all.length} requests, ${opened} answers, ${interrupted} completes without a response`);
  assert.ok(opened > KILLS && interrupted > 0, 'there was load, and kills came between');
});

/** What the checks of the test above say of a server of ${env} after one kill among ${count} requests; ${damage} changes its files first. */
async function verdictAfterKill(t, { env, count, damage = () => {} }) {
  let server;
  const here = stage(t, () => server, env);
  const build = testServer();
  server = await startServer({ data: here.folder, env: here.env, build });
  const requests = await askUntilKilled(server, count);
  damage(server.data);

  server = await startServer({ data: here.folder, env: here.env, build });
  const c = new Connection(server);
  try {
    for (const request of requests) await audit(c, request);
    return (await wrongEvents(c, requests, here.env)).length > 0 ? 'wrong events' : 'nothing';
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) throw error;
    return error.message.split('\n')[0];
  } finally {
    c.close();
    await server.kill();
  }
}

/** Repeat verdictAfterKill() until it matches ${expected}: a kill can come at a moment without harm. */
async function assertCaught(t, expected, flaw) {
  const verdicts = [];
  for (let i = 0; i < 20 && !expected.test(verdicts.at(-1)); i++) verdicts.push(await verdictAfterKill(t, flaw));
  assert.match(verdicts.at(-1), expected, verdicts.join(', '));
}

test('a store that loses the end of its log is caught', async (t) => {
  const damage = (data) => {
    const log = join(data, 'secrets.db-wal');
    truncateSync(log, Math.floor(statSync(log).size / 2));
  };
  await assertCaught(t, /acknowledged (answer|request) is lost/, { damage });
});

test('a store that reads first and writes later is caught', async (t) => {
  await assertCaught(t, /answers of 3|answer is lost|answer is listed|wrong events/, { env: { TEST_RACY: '1' }, count: 2 });
});

test('a store that writes events after the commit is caught', async (t) => {
  await assertCaught(t, /wrong events/, { env: { TEST_LATE_EVENTS: '1' } });
});
