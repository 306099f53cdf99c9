// SPDX-License-Identifier: MIT
// `make bench`: what the server does, each figure next to its goal and next to what the same machine can
// do at all.  Run it on a machine that does nothing else; the load generator shares its processors.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';

import { Connection, sealed } from '../tests/system/support/client.mjs';
import { buildFolder, get, startServer, top } from '../tests/system/support/server.mjs';
import { testServer } from '../tests/system/support/variant.mjs';

const SECONDS = process.env.BENCH_SECONDS ?? '4';
const KDF_SHARE = 16; // derivations of one client that may wait
const LANES = 8; // of any path
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const threads = availableParallelism?.() ?? cpus().length;
// Next to the data of `make run`, on a real disk: /tmp may be in memory.
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
async function withServer(use, env = {}, build = buildFolder) {
  const server = await startServer({ data: folder, build, log: join(folder, 'log'), env: { SECRETS_DATA: join(folder, 'data'), ...env } });
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

/** What a short secret takes on the disk, once the server has truncated its log. */
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

/** The paths of crypto/kdf/lanes.c that this processor can run, from libscrypt-kdf to the widest vectors, each with its lanes. */
function derivationPaths() {
  const lines = execFileSync(join(buildFolder, 'bench/kdf'), [String(2 * ROUNDS + 1)], { encoding: 'utf8' });
  process.stdout.write(lines);
  const lanes = new Map();
  for (const [, name, count] of lines.matchAll(/^(\S+) +(\d+) at once/gm)) lanes.set(name, Number(count));
  return [...lanes].sort(([, a], [, b]) => a - b);
}

const laneGoals = { avx512: 4, avx2: 3, sse2: 1.8 };

/** The processor time that a process has used, in ms. */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // in ticks of 10 ms
}

/** One create after another on an idle server: the median, in ms. */
async function createsAlone(server, body) {
  const c = new Connection(server);
  const alone = [];
  for (let i = 0; i < 20; i++) {
    const from = process.hrtime.bigint();
    const answer = await c.request('POST', '/encrypt', { body });
    if (answer.status !== 200) throw new Error(String(answer.body));
    alone.push(Number(process.hrtime.bigint() - from) / 1e6);
  }
  c.close();
  return median(alone);
}

/** Each path derives in turn, in the test server, so that noise of the machine meets all of them. */
async function classic() {
  const body = '{"secret":"a short text"}';
  const file = join(folder, 'classic.json');
  const paths = derivationPaths();
  const build = testServer();
  const all = Object.fromEntries(paths.map(([path]) => [path, { alone: [], rate: [], p99: [], processor: [] }]));
  writeFileSync(file, body);

  for (let i = 0; i < ROUNDS; i++)
    for (const [path, lanes] of paths) {
      await withServer(async (server) => {
        all[path].alone.push(await createsAlone(server, body));
        const before = processorMs(server.pid);
        const made = await load(server.port, threads * lanes + KDF_SHARE, 'POST', '/encrypt', '-b', file);
        if (Object.keys(made.status).join() !== '200') throw new Error(JSON.stringify(made));
        all[path].processor.push((processorMs(server.pid) - before) / made.requests);
        all[path].rate.push(made.rate);
        all[path].p99.push(made.p99);
      }, { SECRETS_KDF_THREADS: String(threads), SECRETS_KDF_MEMORY: `${threads * LANES * 16} MiB`, TEST_KDF_PATH: path }, build);
    }

  const base = all['libscrypt-kdf'];
  for (const [path] of paths) {
    const { alone, rate, p99, processor } = all[path];
    show(`classic creates, ${path}`, median(rate), '/s');
    show('  at p99', median(p99) / 1000, 'ms');
    show('  processor for each', median(processor), 'ms');
    if (path in laneGoals)
      show('  times libscrypt-kdf', median(rate) / median(base.rate), '', `goal at least ${laneGoals[path]}`);
    if (path in laneGoals) show('  times libscrypt-kdf, by processor', median(base.processor) / median(processor), '');
    show('  one alone', median(alone), 'ms', path in laneGoals ? `goal at most ${text(median(base.alone) + 2)}` : '');
  }
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
// `make bench-kdf` measures the derivations only.
if (process.argv[2] === 'kdf') {
  await classic();
  process.exit(0);
}
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
