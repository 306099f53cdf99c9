// SPDX-License-Identifier: MIT
// `make bench-events`: what events cost.  Two servers on the same disk, one with the operator's socket,
// take turns; each figure is the processor time of the server for a request, without events over with.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealed } from '../tests/system/support/client.mjs';
import { buildFolder, startServer, top } from '../tests/system/support/server.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const COUNT = Number(process.env.BENCH_COUNT ?? 4000);
const folder = mkdtempSync(join(top, 'build/bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

async function load(port, ...args) {
  const child = spawn(join(buildFolder, 'bench/load'), [port, 32, 60, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  await once(child, 'close');
  const result = JSON.parse(out);
  if (result.failed > 0) throw new Error(out);
  return result;
}

/** Processor time that process ${pid} has used, in ticks. */
function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const { create, access } = sealed({ views: 100 });
const file = (name) => join(folder, name);
writeFileSync(file('create.json'), JSON.stringify(create));
writeFileSync(file('open.json'), JSON.stringify({ access }));
const servers = [];
for (const on of [false, true]) {
  const env = { SECRETS_DATA: file(`data-${on}`), ...(on && { SECRETS_ADMIN_LISTEN: `unix:${file('admin.sock')}` }) };
  servers.push({ on, server: await startServer({ data: folder, log: file(`log-${on}`), env }) });
}

const ratios = { creates: [], opens: [] };
for (let round = 0; round < ROUNDS; round++) {
  const used = { creates: [], opens: [] };
  for (const { on, server } of round % 2 ? servers : [...servers].reverse()) {
    const spent = async (what, ...args) => {
      const before = ticks(server.pid);
      const { requests } = await load(server.port, ...args);
      used[what][Number(on)] = (ticks(server.pid) - before) / requests;
    };
    await spent('creates', 'POST', '/api/v1/secrets', '-b', file('create.json'), '-n', COUNT, '-o', file(`ids-${on}`));
    await spent('opens', 'POST', '/api/v1/secrets/%s/open', '-b', file('open.json'), '-i', file(`ids-${on}`));
  }
  for (const [what, [without, withEvents]] of Object.entries(used)) ratios[what].push(without / withEvents);
}
for (const { server } of servers) await server.stop();
for (const [what, all] of Object.entries(ratios))
  console.log(`${what} with events, of those without: ${median(all).toFixed(3)} (${all.map((r) => r.toFixed(2)).join(' ')})  goal at least 0.95`);
