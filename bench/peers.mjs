// SPDX-License-Identifier: MIT
// `make bench-peers`: creates and opens of this server beside SET and GETDEL of Redis, which some services of
// this kind are built on: durable as ours (each write synced), and as a memory that keeps nothing.  They take
// turns on the same disk.  Redis speaks no HTTP, checks no proof and has no leases: this is what its store alone does.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sealed } from '../tests/system/support/client.mjs';
import { startServer, top } from '../tests/system/support/server.mjs';
import { runLoad } from './load.mjs';
import { Report, median, residentMiB } from './report.mjs';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
// Redis's keys are drawn at random.  With three times as many SET as keys, and a quarter as many GETDEL, five in six
// GETDEL find their key.
const KEYS = SECONDS * 8_000;
const secret = sealed({ views: 1 });
const folder = mkdtempSync(join(top, 'build/bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.log('SKIP: install redis-server and redis-tools to compare with Redis');
  process.exit(0);
}

/** Requests a second of one command of redis-benchmark, and p99 in ms. */
function redisBenchmark(socket, connections, requests, ...command) {
  const args = ['-s', socket, '-c', String(connections), '-n', String(requests), '-r', String(KEYS), '--csv', ...command];
  const line = execFileSync('redis-benchmark', args, { encoding: 'utf8' }).trim().split('\n').at(-1);
  const [, rate, , , , , p99] = line.split('","').map((cell) => Number(cell.replaceAll('"', '')));
  return { rate, p99 };
}

/** SET and GETDEL of as many bytes as a create of ours has. */
async function redis(connections, durable) {
  const socket = join(folder, 'redis.sock');
  const keep = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', ...keep], { stdio: 'ignore' });
  const ended = once(server, 'close');
  while (spawnSync('redis-cli', ['-s', socket, 'ping']).stdout?.toString() !== 'PONG\n') {
    if (server.exitCode !== null) throw new Error('redis-server does not start');
    await new Promise((done) => setTimeout(done, 20));
  }
  const set = redisBenchmark(socket, connections, 3 * KEYS, 'SET', 'key:__rand_int__', 'x'.repeat(JSON.stringify(secret.create).length));
  const getdel = redisBenchmark(socket, connections, KEYS / 4, 'GETDEL', 'key:__rand_int__');
  const resident = residentMiB(server.pid, 'VmHWM');
  server.kill();
  await ended;
  rmSync(join(folder, 'appendonlydir'), { recursive: true, force: true });
  return { create: set, open: getdel, resident };
}

async function load(port, connections, ...args) {
  const { rate, p99 } = await runLoad(port, connections, SECONDS, 'POST', ...args);
  return { rate, p99: p99 / 1000 };
}

async function ours(connections) {
  const at = (name) => join(folder, name);
  writeFileSync(at('create.json'), JSON.stringify(secret.create));
  writeFileSync(at('open.json'), JSON.stringify({ access: secret.access, gate: secret.gate }));
  const server = await startServer({ data: folder, log: at('log'), env: { SECRETS_DATA: at('data') } });
  try {
    const create = await load(server.port, connections, '/api/v1/secrets', '-b', at('create.json'), '-o', at('ids'));
    const open = await load(server.port, connections, '/api/v1/secrets/%s/open', '-b', at('open.json'), '-i', at('ids'));
    return { create, open, resident: residentMiB(server.pid, 'VmHWM') };
  } finally {
    await server.stop();
    rmSync(at('data'), { recursive: true, force: true });
  }
}

const report = new Report('Others', 'make bench-peers', `medians of ${ROUNDS} runs of ${SECONDS} s`);
for (const connections of [32, 256]) {
  const all = [];
  for (let i = 0; i < ROUNDS; i++)
    all.push({ ours: await ours(connections), synced: await redis(connections, true), memory: await redis(connections, false) });

  for (const [what, command] of [['create', 'SET'], ['open', 'GETDEL']]) {
    const row = (name, who) => {
      report.row(`${name}, ${connections} connections`, median(all.map((r) => r[who][what].rate)), '/s');
      report.row('  p99', median(all.map((r) => r[who][what].p99)), 'ms');
    };
    const share = (who) => median(all.map((r) => r.ours[what].rate / r[who][what].rate));
    row(`${what}s of secretsd`, 'ours');
    row(`${command} of Redis, each write synced`, 'synced');
    report.row('  secretsd to this, in the same run', share('synced'), '');
    row(`${command} of Redis that keeps nothing`, 'memory');
    report.row('  secretsd to this, in the same run', share('memory'), '');
  }
  for (const [name, who] of [['secretsd', 'ours'], ['Redis, each write synced', 'synced']])
    report.row(`largest resident memory of ${name}, ${connections} connections`, median(all.map((r) => r[who].resident)), 'MiB');
}
report.save();
