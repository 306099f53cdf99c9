// SPDX-License-Identifier: MIT
// What other clients see of a server that is under attack: how long it takes to answer them, and the
// memory that it takes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sealed } from './client.mjs';
import { patience, startServer } from './server.mjs';
import { loadGenerator } from './variant.mjs';

const P99_US = 50_000;
const GROWTH_KIB = 64 * 1024;
// In memory where that is possible: how fast the disk is does not matter here.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bystander-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A server for measureBystander(), with the settings ${env}. */
export function quickServer(env = {}) {
  loadGenerator();
  return startServer({ env: { SECRETS_DATA: mkdtempSync(join(folder, 'data-')), ...env } });
}

/** Some hundred requests a second on one connection, by another process; resolves to their figures. */
async function probe(server, seconds, ...request) {
  const child = spawn(loadGenerator(), [server.port, '1', seconds, ...request, '-w', '4'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  await once(child, 'close');
  return JSON.parse(out);
}

/** What other clients see, for ${seconds}: { healthz, create, open }, each the figures of bench/load. */
export async function measureBystander(server, seconds) {
  const file = (name, text) => (text === undefined || writeFileSync(join(folder, name), text), join(folder, name));
  const secret = sealed();
  const healthz = probe(server, seconds, 'GET', '/healthz');
  const create = await probe(server, seconds / 2, 'POST', '/api/v1/secrets', '-b', file('create', JSON.stringify(secret.create)), '-o', file('ids'));
  const open = await probe(server, seconds / 2, 'POST', '/api/v1/secrets/%s/open', '-b', file('open', JSON.stringify({ access: secret.access })), '-i', file('ids'));
  return { healthz: await healthz, create, open };
}

/** The bystander did not notice, and memory stayed in bounds: ${base} and ${peak} in KiB. */
export function judge(t, figures, base, peak) {
  t.diagnostic(`${Object.entries(figures).map(([name, { p99, requests }]) => `${name} ${requests} requests, p99 ${p99 / 1000} ms`).join('; ')}; memory ${base} KiB, at most ${peak} KiB`);
  for (const [name, { p99, failed, status, requests }] of Object.entries(figures)) {
    assert.equal(failed, 0, name);
    assert.deepEqual(Object.keys(status), [name === 'create' ? '201' : '200'], name);
    assert.ok(requests > 100 || patience > 1, `${name}: ${requests} requests`);
    assert.ok(p99 < P99_US || patience > 1, `${name} took ${p99} us at p99`);
  }
  assert.ok(peak <= base + GROWTH_KIB || patience > 1, `memory grew to ${peak} KiB from ${base} KiB`);
}
