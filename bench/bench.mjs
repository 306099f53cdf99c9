// SPDX-License-Identifier: MIT
// `make bench`: what the server does, each figure beside its goal and beside what the same machine can
// do at all.  Run it on a machine that does nothing else; the load generator shares its processors.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';

import { Connection, sealed } from '../tests/system/support/client.mjs';
import { buildFolder, get, startServer, top } from '../tests/system/support/server.mjs';

const SECONDS = process.env.BENCH_SECONDS ?? '4';
const KDF_SHARE = 16; // derivations of one client that may wait
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const threads = availableParallelism?.() ?? cpus().length;
// Beside the data of `make run`, on a real disk: /tmp may be memory.
const folder = mkdtempSync(join(top, 'build/bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const text = (n) => n.toLocaleString('en', { maximumFractionDigits: n < 10 ? 2 : 0 });

function show(what, figure, unit, goal = '') {
  console.log(`${what.padEnd(58)} ${text(figure).padStart(9)} ${unit.padEnd(5)} ${goal}`);
}

/** Run the load generator; resolves to its figures. */
async function load(port, connections, method, path, ...more) {
  const child = spawn(join(buildFolder, 'bench/load'), [port, connections, SECONDS, method, path, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  await once(child, 'close');
  const result = JSON.parse(out);
  if (result.failed > 0) throw new Error(`requests failed: ${out}`);
  return result;
}

/** The middle of several runs: { rate, p99, statuses }. */
async function several(run) {
  const all = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await run(i));
  return { rate: median(all.map((r) => r.rate)), p99: median(all.map((r) => r.p99)), all };
}

function fdatasyncRate() {
  const fd = openSync(join(folder, 'sync'), 'w');
  const page = Buffer.alloc(4096, 1);
  const until = process.hrtime.bigint() + 1_000_000_000n;
  let n = 0;
  for (; process.hrtime.bigint() < until; n++) {
    writeSync(fd, page);
    fdatasyncSync(fd);
  }
  closeSync(fd);
  return n;
}

async function withBare(bytes, use) {
  const child = spawn(join(buildFolder, 'bench/bare'), [bytes, Math.max(threads, 2)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const result = await use(Number(line));
  child.stdin.end();
  await once(child, 'close');
  return result;
}

/** A server whose log goes to a file: a reader of thousands of lines a second would take its share of the processors. */
async function withServer(use, env = {}) {
  const server = await startServer({ data: folder, log: join(folder, 'log'), env: { SECRETS_DATA: join(folder, 'data'), ...env } });
  try {
    return await use(server);
  } finally {
    await server.stop();
    rmSync(join(folder, 'data'), { recursive: true, force: true });
  }
}

async function small() {
  const starts = [];
  let rss = 0;
  for (let i = 0; i < 9; i++) {
    await withServer(async (server) => {
      starts.push(server.started);
      rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
    });
  }
  show('start to first answer of /readyz', median(starts), 'ms', 'goal at most 30');
  show('resident memory when idle', rss / 1024, 'MiB', 'goal at most 8');
}

/** What a short secret takes on the disk, once the server has put its log away. */
async function disk() {
  const data = join(folder, 'data');
  const server = await startServer({ data: folder, env: { SECRETS_DATA: data } });
  const { create } = sealed({ views: 1 });
  writeFileSync(join(folder, 'create.json'), JSON.stringify(create));
  const { requests } = await load(server.port, 32, 'POST', '/api/v1/secrets', '-b', join(folder, 'create.json'));
  await server.stop();
  show('disk for a short secret', statSync(join(data, 'secrets.db')).size / 1024 / requests, 'KiB');
  rmSync(data, { recursive: true });
}

async function classic() {
  await withServer(async (server) => {
    // One derivation alone: a create that finds the server idle, without what any request takes.
    const c = new Connection(server);
    const alone = [];
    const beside = [];
    const body = '{"secret":"a short text"}';
    const ask = async (method, path, options) => {
      const from = process.hrtime.bigint();
      const answer = await c.request(method, path, options);
      if (answer.status !== 200) throw new Error(String(answer.body));
      return Number(process.hrtime.bigint() - from) / 1e6;
    };
    for (let i = 0; i < 20; i++) {
      alone.push(await ask('POST', '/encrypt', { body }));
      beside.push(await ask('GET', '/readyz'));
    }
    c.close();
    const one = Math.min(...alone) - median(beside);
    writeFileSync(join(folder, 'classic.json'), body);
    const { rate } = await several(() => load(server.port, Math.min(8 * threads, threads + KDF_SHARE), 'POST', '/encrypt', '-b', join(folder, 'classic.json')));
    show('one derivation alone', one, 'ms');
    show(`classic creates, ${threads} derivations at once`, rate, '/s');
    show('  share of threads / time of one derivation', (rate * one) / 1000 / threads, '', 'goal at least 0.9');
  }, { SECRETS_KDF_THREADS: String(threads) });
}

async function v1(bare) {
  const secret = sealed({ views: 1 });
  const createFile = join(folder, 'create.json');
  const openFile = join(folder, 'open.json');
  const ids = join(folder, 'ids');
  writeFileSync(createFile, JSON.stringify(secret.create));
  writeFileSync(openFile, JSON.stringify({ access: secret.access }));
  for (const connections of [32, 256]) {
    const creates = [];
    const opens = [];
    for (let i = 0; i < ROUNDS; i++) {
      await withServer(async (server) => {
        const made = await load(server.port, connections, 'POST', '/api/v1/secrets', '-b', createFile, '-o', ids);
        const opened = await load(server.port, connections, 'POST', '/api/v1/secrets/%s/open', '-b', openFile, '-i', ids);
        if (Object.keys(made.status).join() !== '201' || Object.keys(opened.status).join() !== '200') throw new Error(JSON.stringify([made, opened]));
        creates.push(made);
        opens.push(opened);
      });
    }
    const goal = connections === 256 ? 'goal at least 20,000' : '';
    for (const [what, all] of [['creates', creates], ['opens', opens]]) {
      const rate = median(all.map((r) => r.rate));
      show(`v1 ${what}, durable, ${connections} connections`, rate, '/s', goal);
      show('  at p99', median(all.map((r) => r.p99)) / 1000, 'ms');
      show('  share of a bare libmicrohttpd answer of that size', rate / bare[connections], '');
    }
  }
}

console.log(`${cpus()[0].model}, ${threads} processors, load ${loadavg()[0].toFixed(2)}, medians of ${ROUNDS} runs of ${SECONDS} s\n`);
await small();
await disk();
await classic();
show('fdatasync of 4 KiB appended', fdatasyncRate(), '/s');
const bare = {};
writeFileSync(join(folder, 'body'), 'x'.repeat(700));
for (const connections of [32, 256]) {
  bare[connections] = (await withBare(150, (port) => several(() => load(port, connections, 'POST', '/', '-b', join(folder, 'body'))))).rate;
  show(`bare libmicrohttpd, ${connections} connections`, bare[connections], '/s');
}
await withServer(async (server) => {
  await get(server, '/healthz');
  show('GET /healthz, 32 connections', (await load(server.port, 32, 'GET', '/healthz')).rate, '/s');
});
await v1(bare);
