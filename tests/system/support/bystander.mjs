// SPDX-License-Identifier: MIT
// What other clients see of a server that is under attack: how long it takes to answer them, and the
// memory that it takes.  A second server of the same build, which nobody attacks, is asked the same at the
// same time: what a busy machine does to both is no effect of the attack.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sealed } from './client.mjs';
import { patience, startServer } from './server.mjs';
import { loadGenerator } from './variant.mjs';

// What is quick where the server that nobody attacks takes TWIN_US, as on a machine of two cores that does nothing
// else.  Where that one takes longer, the machine is slow or busy by as much.
const P99_US = 50_000;
const TWIN_US = 2500;
const GROWTH_KIB = 64 * 1024;
// In memory where that is possible: how fast the disk is does not matter here.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bystander-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A server for measureBystander(), with the settings ${env}, and its quiet twin. */
export async function quickServer(env = {}) {
  loadGenerator();
  const start = () => startServer({ env: { SECRETS_DATA: mkdtempSync(join(folder, 'data-')), ...env } });
  const server = await start();
  const twin = await start();
  const stop = async () => {
    await twin.stop();
    return ended();
  };
  const { stop: ended } = server;
  return Object.assign(server, { twin, stop });
}

/** Some hundred requests a second on each of ${width} connections, by another process; resolves to their figures. */
async function probe(server, width, seconds, ...request) {
  const child = spawn(loadGenerator(), [server.port, width, seconds, ...request, '-w', '4'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  await once(child, 'close');
  return JSON.parse(out);
}

/** What the clients of ${server} see, for ${seconds}: { healthz, create, open }, each the figures of bench/load. */
async function measure(server, seconds) {
  const file = (name, text) => {
    const path = join(folder, `${name}-${server.pid}`);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  const secret = sealed();
  const healthz = probe(server, 1, seconds, 'GET', '/healthz');
  const create = await probe(server, 1, seconds / 2, 'POST', '/api/v1/secrets', '-b', file('create', JSON.stringify(secret.create)), '-o', file('ids'));
  const open = await probe(server, 1, seconds / 2, 'POST', '/api/v1/secrets/%s/open', '-b', file('open', JSON.stringify({ access: secret.access })), '-i', file('ids'));
  return { healthz: await healthz, create, open };
}

/** What other clients of ${server}, of quickServer(), see for ${seconds}, and those of its twin. */
export async function measureBystander(server, seconds) {
  const [seen, twin] = await Promise.all([measure(server, seconds), measure(server.twin, seconds)]);
  return { seen, twin };
}

/** GET /healthz on four connections for ${seconds}, of ${server} and of its twin. */
export async function measureHealth(server, seconds) {
  const [seen, twin] = await Promise.all([server, server.twin].map((one) => probe(one, 4, seconds, 'GET', '/healthz')));
  return { seen, twin };
}

/** What took ${seen} us was quick, on a machine where the same of the twin took ${twin} us. */
export function assertQuick(name, seen, twin) {
  assert.ok(seen < P99_US * Math.max(1, twin / TWIN_US), `${name} took ${seen} us at p99, and ${twin} us without an attack`);
}

/** The bystander did not notice, and memory stayed in bounds: ${base} and ${peak} in KiB. */
export function judge(t, { seen, twin }, base, peak) {
  const text = ([name, { p99, requests }]) => `${name} ${requests} requests, p99 ${p99 / 1000} ms (${twin[name].requests}, ${twin[name].p99 / 1000} ms without an attack)`;
  t.diagnostic(`${Object.entries(seen).map(text).join('; ')}; memory ${base} KiB, at most ${peak} KiB`);
  for (const [name, { p99, failed, status, requests }] of Object.entries(seen)) {
    assert.equal(failed, 0, name);
    assert.deepEqual(Object.keys(status), [name === 'create' ? '201' : '200'], name);
    assert.ok(requests > Math.min(100, twin[name].requests / 4), `${name}: ${requests} requests`);
    assertQuick(name, p99, twin[name].p99);
  }
  assert.ok(peak <= base + GROWTH_KIB || patience > 1, `memory grew to ${peak} KiB from ${base} KiB`);
}
