// SPDX-License-Identifier: MIT
// The quota bounds the disk: what it counts is what secrets occupy, however small they are.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection, json, openBody, sealed } from '../support/client.mjs';
import { startServer } from '../support/server.mjs';

const KIB = 1024;
const QUOTA = 512 * KIB;

/** Send with ${ask} until a response is 507; resolves to the bodies of those before. */
async function untilFull(ask) {
  const bodies = [];
  for (let i = 0; i < 1000; i++) {
    const { status, body } = await ask(i);
    if (status === 507) return bodies;
    assert.ok(status === 200 || status === 201, `${status} ${body}`);
    bodies.push(JSON.parse(body));
  }
  assert.fail(`${bodies.length} secrets, and no end`);
}

test('the smallest secrets fill the quota, not the disk', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'secrets-storage-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const server = await startServer({ data, env: { SECRETS_QUOTA: String(QUOTA) } });
  t.after(() => server.stop());
  const connection = new Connection(server);
  await connection.ready;
  t.after(() => connection.close());
  const send = (network, method, path, body, headers = {}) =>
    connection.request(method, path, { body: JSON.stringify(body), headers: { ...json, 'X-Forwarded-For': network, ...headers } });

  // Texts of one byte, by one network: a third of the quota.
  const texts = await untilFull(() => send('192.0.2.1', 'POST', '/encrypt', { secret: 'x' }));
  assert.ok(texts.length > 30 && texts.length <= QUOTA / 3 / (4 * KIB), `${texts.length} texts`);

  // Uploads that only begin, by the clients of another network: a third of what is left.
  const { create } = sealed();
  const { content, ...upload } = create;
  assert.ok(content);
  const uploads = await untilFull((i) => send(`198.51.100.${i >> 2}`, 'POST', '/api/v1/secrets', upload));
  assert.ok(uploads.length > 15 && uploads.length <= (2 * QUOTA) / 9 / (4 * KIB), `${uploads.length} uploads`);

  // Secrets of many views, by more networks, until nobody can store anything.
  const secret = sealed({ views: 100 });
  const made = [];
  for (let network = 0, more = 1; more > 0; network++) {
    const got = await untilFull(() => send(`203.0.${network}.1`, 'POST', '/api/v1/secrets', secret.create));
    made.push(...got);
    more = got.length;
  }

  // Each view leaves a lease in the record.
  for (const { id } of made.slice(0, 2))
    for (let i = 0; i < 100; i++) assert.equal((await connection.request('POST', `/api/v1/secrets/${id}/open`, { headers: json, body: openBody(secret) })).status, 200);

  // A server that stops copies its log into the file.
  await server.stop();
  const { size } = statSync(join(data, 'data', 'secrets.db'));
  t.diagnostic(`${texts.length} texts, ${uploads.length} uploads and ${made.length} secrets of 100 views take ${(size / QUOTA).toFixed(2)} of the quota`);
  assert.ok(size < 1.25 * QUOTA, `${size} bytes`);
});
