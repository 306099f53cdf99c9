// SPDX-License-Identifier: MIT
// `make bench-events`: what events cost.  Two servers on the same disk, one with the operator's socket,
// take turns; each figure is the processor time of the server for a request, without events over with.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sealed } from '../tests/system/support/client.mjs';
import { startServer, top } from '../tests/system/support/server.mjs';
import { runLoad } from './load.mjs';
import { median, processorMs } from './report.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const COUNT = Number(process.env.BENCH_COUNT ?? 4000);
const folder = mkdtempSync(join(top, 'build/bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

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
      const before = processorMs(server.pid);
      const { requests } = await runLoad(server.port, 32, 60, ...args);
      used[what][Number(on)] = (processorMs(server.pid) - before) / requests;
    };
    await spent('creates', 'POST', '/api/v1/secrets', '-b', file('create.json'), '-n', COUNT, '-o', file(`ids-${on}`));
    await spent('opens', 'POST', '/api/v1/secrets/%s/open', '-b', file('open.json'), '-i', file(`ids-${on}`));
  }
  for (const [what, [without, withEvents]] of Object.entries(used)) ratios[what].push(without / withEvents);
}
for (const { server } of servers) await server.stop();
for (const [what, all] of Object.entries(ratios))
  console.log(`${what} with events, of those without: ${median(all).toFixed(3)} (${all.map((r) => r.toFixed(2)).join(' ')})  goal at least 0.95`);
