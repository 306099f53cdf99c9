// SPDX-License-Identifier: MIT
// Many clients open one secret at the same moment, and exactly as many as it has views get it.
//
// ROUNDS is how many secrets are raced for (2,000 without it).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { kind, startServer } from '../support/kinds.mjs';
import { testServer } from '../support/variant.mjs';

const RACERS = 64;
const VIEWS = [1, 2, 3, 10];
const rounds = Number(process.env.ROUNDS ?? 2000);

/** One round: all racers open ${secret} at once; resolves to the number of each status. */
async function race(racers, secret) {
  const answers = racers.map((c) => c.prepare('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, newLease()), headers: json }));
  for (const c of racers) c.release();
  const count = {};
  for (const { status } of await Promise.all(answers)) count[status] = (count[status] ?? 0) + 1;
  return count;
}

/** Race for up to ${max} secrets; resolves to the first round that was not exact, or 0. */
async function firstWrong(server, max) {
  const racers = Array.from({ length: RACERS }, () => new Connection(server));
  await Promise.all(racers.map((c) => c.ready));
  try {
    for (let round = 1; round <= max; round++) {
      const views = VIEWS[round % VIEWS.length];
      const count = await race(racers, await create(racers[0], sealed({ views })));
      if (count[200] !== views || count[404] !== RACERS - views) return { round, views, count };
    }
    return undefined;
  } finally {
    for (const c of racers) c.close();
  }
}

test(`${RACERS} open at once: exactly as many get it as it has views, ${rounds} times`, async () => {
  const server = await startServer();
  try {
    assert.equal(await firstWrong(server, rounds), undefined);
  } finally {
    await server.stop();
  }
});

test('the same race finds a server that reads views and then writes them, within 100 rounds', { skip: kind !== 'secretsd' }, async () => {
  const server = await startServer({ build: testServer(), env: { TEST_RACY: '1' } });
  try {
    const wrong = await firstWrong(server, 100);
    assert.ok(wrong, 'a racy server was not found');
    assert.ok(wrong.count[200] > wrong.views, JSON.stringify(wrong));
  } finally {
    await server.stop();
  }
});

test('the lease is the view: 64 opens under one lease count once', async () => {
  const server = await startServer();
  const racers = Array.from({ length: RACERS }, () => new Connection(server));
  try {
    const secret = await create(racers[0], sealed({ views: 2 }));
    const body = openBody(secret, newLease());
    const answers = await Promise.all(racers.map((c) => c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body, headers: json })));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([200]));
    assert.deepEqual(new Set(answers.map((a) => JSON.parse(a.body).views_left)), new Set([1]));
  } finally {
    for (const c of racers) c.close();
    await server.stop();
  }
});

test('a thousand wrong proofs at once use ten attempts, and the secret is locked', async () => {
  const server = await startServer();
  const racers = Array.from({ length: RACERS }, () => new Connection(server));
  try {
    const secret = await create(racers[0], sealed({ views: 2, attempts: 10, passphrase: true }));
    const wrong = { access: sealed().access, gate: secret.gate };
    const count = {};
    await Promise.all(
      racers.map(async (c) => {
        for (let i = 0; i < 1000 / RACERS; i++) {
          const { status } = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(wrong, newLease()), headers: json });
          count[status] = (count[status] ?? 0) + 1;
        }
      }),
    );
    assert.equal(count[403], 10, JSON.stringify(count));
    const right = await racers[0].request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, newLease()), headers: json });
    assert.equal(right.status, 404);
  } finally {
    for (const c of racers) c.close();
    await server.stop();
  }
});

test('classic secrets: exactly as many decrypt them as they have views', async () => {
  const server = await startServer();
  const racers = Array.from({ length: 16 }, () => new Connection(server));
  try {
    for (const views of VIEWS) {
      const made = await racers[0].request('POST', '/encrypt', { body: JSON.stringify({ secret: 'raced for', view_count: views }) });
      assert.equal(made.status, 200);
      const answers = racers.map((c) => c.prepare('POST', '/decrypt', { body: made.body }));
      for (const c of racers) c.release();
      const statuses = (await Promise.all(answers)).map((a) => a.status);
      assert.equal(statuses.filter((s) => s === 200).length, views, statuses.join());
      assert.equal(statuses.filter((s) => s === 404).length, racers.length - views, statuses.join());
    }
  } finally {
    for (const c of racers) c.close();
    await server.stop();
  }
});
