// SPDX-License-Identifier: MIT
// `make bench-stored`: what the whole server does with 10,000 secrets in its store and with STORED (1,000,000).
// Two servers take turns.  Each run starts the server, creates COUNT secrets, and then opens COUNT of those that
// were stored before, in no order.  The small store is a copy of the same 10,000 secrets each time.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sealed } from '../tests/system/support/client.mjs';
import { startServer, top } from '../tests/system/support/server.mjs';
import { runLoad } from './load.mjs';
import { Report, median, processorMs } from './report.mjs';

const FEW = 10_000;
const STORED = Number(process.env.STORED ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const COUNT = 5_000;
const CONNECTIONS = [32, 256];
const FILLING_S = 7200; // at most
const folder = mkdtempSync(join(top, 'build/bench-'));
const file = (name) => join(folder, name);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const { create, access } = sealed({ views: 1, ttl: 432_000 });
writeFileSync(file('create.json'), JSON.stringify(create));
writeFileSync(file('open.json'), JSON.stringify({ access }));
const creates = ['POST', '/api/v1/secrets', '-b', file('create.json')];
const opens = ['POST', '/api/v1/secrets/%s/open', '-b', file('open.json')];
const report = new Report('Many stored secrets', `make bench-stored STORED=${STORED}`, `medians of ${ROUNDS} runs of ${COUNT} requests`);

const start = (data) =>
  startServer({ data: folder, log: file('log'), timeout: 60_000, env: { SECRETS_DATA: data, SECRETS_QUOTA: '1024 GiB' } });

function shuffle(all) {
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}

/** Store ${count} secrets in a data directory called ${name}; { data, ids }, the ids in no order. */
async function fill(name, count) {
  const data = file(name);
  const server = await start(data);
  await runLoad(server.port, 256, FILLING_S, ...creates, '-n', count, '-o', file('ids'));
  await server.stop();
  return { data, ids: shuffle(readFileSync(file('ids'), 'utf8').trim().split('\n')) };
}

/** One run on ${store}: how long the start took, and the rate and the processor time of creates and of opens. */
async function run(store, connections) {
  const server = await start(store.data);
  const measured = async (wanted, ...what) => {
    const before = processorMs(server.pid);
    const { rate, requests, p99, status } = await runLoad(server.port, connections, 600, ...what);
    if (status[wanted] !== COUNT) throw new Error(JSON.stringify(status));
    return { rate, p99, processor: ((processorMs(server.pid) - before) * 1000) / requests };
  };
  try {
    writeFileSync(file('chosen'), `${store.ids.splice(0, COUNT).join('\n')}\n`);
    const made = await measured(201, ...creates, '-n', COUNT);
    const opened = await measured(200, ...opens, '-i', file('chosen'));
    return { start: server.started, creates: made, opens: opened };
  } finally {
    await server.stop();
  }
}

function copyOf(store) {
  rmSync(file('copy'), { recursive: true, force: true });
  execFileSync('cp', ['-a', store.data, file('copy')]);
  return { data: file('copy'), ids: shuffle([...store.ids]) };
}

const few = await fill('few', FEW);
const many = await fill('many', STORED);
for (const connections of CONNECTIONS) {
  const pairs = [];
  for (let i = 0; i < ROUNDS; i++) {
    const small = () => run(copyOf(few), connections);
    const large = () => run(many, connections);
    if (i % 2 === 0) pairs.push({ few: await small(), many: await large() });
    else pairs.push({ many: await large(), few: await small() });
  }

  const middle = (of) => median(pairs.map(of));
  for (const what of ['creates', 'opens']) {
    report.row(`${what} with ${FEW} stored, ${connections} connections`, middle((p) => p.few[what].rate), '/s');
    report.row('  processor of the server for each', middle((p) => p.few[what].processor), 'us');
    report.row(`${what} with ${STORED} stored, ${connections} connections`, middle((p) => p.many[what].rate), '/s');
    report.row('  processor of the server for each', middle((p) => p.many[what].processor), 'us');
    report.row(`  share of the rate with ${FEW}`, middle((p) => p.many[what].rate / p.few[what].rate), '', 'goal at least 0.8');
    report.row(`  share by processor time`, middle((p) => p.few[what].processor / p.many[what].processor), '');
  }
  report.row(`start with ${STORED} stored`, middle((p) => p.many.start), 'ms', 'goal at most 20');
  report.row(`start with ${FEW} stored`, middle((p) => p.few.start), 'ms');
}
report.save();
