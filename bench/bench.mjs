// SPDX-License-Identifier: MIT
// `make bench`: what the server does, each figure next to its goal and next to what the same machine can
// do at all.  Run it on a machine that does nothing else; the load generator shares its processors.  What is
// compared takes turns in each round, so that noise meets all of it, and the ratios hold on a noisy machine.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { Connection, sealed } from '../tests/system/support/client.mjs';
import { buildFolder, get, startServer, top } from '../tests/system/support/server.mjs';
import { testServer } from '../tests/system/support/variant.mjs';
import { runLoad } from './load.mjs';
import { Report, median, processorMs, residentMiB, text } from './report.mjs';

const SECONDS = process.env.BENCH_SECONDS ?? '4';
const KDF_SHARE = 16; // derivations of one client that may wait
const LANES = 8; // of any path
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const threads = availableParallelism();
// Next to the data of `make run`, on a real disk: /tmp may be in memory.
const folder = mkdtempSync(join(top, 'build/bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const kdfOnly = process.argv[2] === 'kdf'; // `make bench-kdf` measures the derivations only
const report = new Report(kdfOnly ? 'Derivations' : 'Server', kdfOnly ? 'make bench-kdf' : 'make bench', `medians of ${ROUNDS} runs of ${SECONDS} s`);
const show = (...row) => report.row(...row);

const load = (port, connections, ...args) => runLoad(port, connections, SECONDS, ...args);

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
      rss = residentMiB(server.pid);
    });
  }
  show('start to first answer of /readyz', median(starts), 'ms', 'goal at most 15');
  show('resident memory when idle', rss, 'MiB', 'goal at most 6');
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

/** Run the load and add what it cost the server ${pid}. */
async function costed(pid, ...what) {
  const before = processorMs(pid);
  const result = await load(...what);
  return { ...result, processor: ((processorMs(pid) - before) * 1000) / result.requests };
}

/** The median of one figure of all runs. */
const middle = (all, name) => median(all.map((r) => r[name]));

function showRequests(what, all, wanted, bare, syncs, goal) {
  const rate = middle(all, 'rate');
  show(what, rate, '/s', goal);
  for (const [name, column] of [['p50', 'p50'], ['p99', 'p99'], ['p99.9', 'p999']]) show(`  ${name}`, middle(all, column) / 1000, 'ms');
  show('  processor of the server for each', middle(all, 'processor'), 'us');
  show('  share of a bare libmicrohttpd answer of the same run', median(all.map((r, i) => r.rate / bare[i].rate)), '');
  show('  for each fdatasync of the same run', median(all.map((r, i) => r.rate / syncs[i])), '');
  const others = all.reduce((sum, r) => sum + r.requests - (r.status[wanted] ?? 0), 0);
  show(`  answers that were not ${wanted}`, others, '', 'goal 0');
}

async function v1(connections) {
  const secret = sealed({ views: 1 });
  const createFile = join(folder, 'create.json');
  const openFile = join(folder, 'open.json');
  const ids = join(folder, 'ids');
  writeFileSync(createFile, JSON.stringify(secret.create));
  writeFileSync(openFile, JSON.stringify({ access: secret.access }));
  writeFileSync(join(folder, 'body'), 'x'.repeat(700));
  const creates = [];
  const opens = [];
  const bare = [];
  const syncs = [];
  let resident = 0;
  for (let i = 0; i < ROUNDS; i++) {
    syncs.push(fdatasyncRate());
    bare.push(await withBare(150, (port) => load(port, connections, 'POST', '/', '-b', join(folder, 'body'))));
    await withServer(async (server) => {
      creates.push(await costed(server.pid, server.port, connections, 'POST', '/api/v1/secrets', '-b', createFile, '-o', ids));
      opens.push(await costed(server.pid, server.port, connections, 'POST', '/api/v1/secrets/%s/open', '-b', openFile, '-i', ids));
      resident = Math.max(resident, residentMiB(server.pid, 'VmHWM'));
    });
  }
  show(`bare libmicrohttpd, ${connections} connections`, middle(bare, 'rate'), '/s');
  show('fdatasync of 4 KiB appended', median(syncs), '/s');
  const goal = connections === 256 ? 'goal at least 25,000, or 0.27 of bare' : 'goal at least 20,000, or 0.16 of bare';
  showRequests(`v1 creates, durable, ${connections} connections`, creates, 201, bare, syncs, goal);
  showRequests(`v1 opens, durable, ${connections} connections`, opens, 200, bare, syncs, goal);
  show(`largest resident memory, ${connections} connections`, resident, 'MiB');
}

if (!kdfOnly) {
  await small();
  await disk();
}
await classic();
if (!kdfOnly) {
  await withServer(async (server) => {
    await get(server, '/healthz');
    show('GET /healthz, 32 connections', (await load(server.port, 32, 'GET', '/healthz')).rate, '/s');
  });
  for (const connections of [32, 256]) await v1(connections);
}
report.save();
