// SPDX-License-Identifier: MIT
// Part of `make bench`: a long stream through the client, next to what the same machine's cipher and a
// plain upload of the same bytes can do.  BENCH_MIB sets the length, 4096 by default.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newHome } from '../tests/system/support/cli.mjs';
import { startServer } from '../tests/system/support/server.mjs';

const mib = Number(process.env.BENCH_MIB ?? 4096);
const show = (what, figure, unit, goal = '') =>
  console.log(`${what.padEnd(58)} ${figure.toFixed(0).padStart(9)} ${unit.padEnd(5)} ${goal}`);

/** MiB/s and largest resident MiB of a child from now to its end. */
async function measure(child) {
  let most = 0;
  const timer = setInterval(() => {
    try {
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
    } catch { /* it has ended */ }
  }, 20);
  const from = process.hrtime.bigint();
  const result = await (child.done ?? once(child, 'close').then(([code]) => ({ code })));
  clearInterval(timer);
  if (result.code !== 0) throw new Error(result.stderr ?? `exit ${result.code}`);
  return { ...result, rate: mib / (Number(process.hrtime.bigint() - from) / 1e9), resident: most / 1024 };
}

const folder = await mkdtemp(join(tmpdir(), 'bench-cli-'));
const server = await startServer({ env: { SECRETS_MAX_FILE: '64 GiB', SECRETS_QUOTA: '128 GiB' } });
const cli = await newHome(server.url);
try {
  const file = join(folder, 'content');
  spawnSync('sh', ['-c', `head -c ${mib}M /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00 >'${file}' 2>/dev/null`]);
  const speed = spawnSync('openssl', ['speed', '-seconds', '2', '-bytes', '65536', '-evp', 'aes-256-gcm'], { encoding: 'utf8' });
  const rate = Number(/AES-256-GCM +([0-9.]+)k/i.exec(speed.stdout)?.[1] ?? 0) / 1048.576;

  const sink = createServer((req, res) => req.on('data', () => {}).on('end', () => res.end()));
  await once(sink.listen(0, '127.0.0.1'), 'listening');
  const curl = await measure(spawn('curl', ['-s', '-T', file, `http://127.0.0.1:${sink.address().port}/`], { stdio: 'ignore' }));
  sink.closeAllConnections();
  sink.close();

  const putting = cli.start(['put', '-q'], { timeout: 600_000 });
  createReadStream(file, { highWaterMark: 1 << 20 }).pipe(putting.stdin);
  const put = await measure(putting);
  const getting = cli.start(['get', '-q', '-o', '-', put.stdout.toString().trim()], { timeout: 600_000 });
  getting.stdout.removeAllListeners('data');
  getting.stdout.resume();
  const get = await measure(getting);

  show('AES-256-GCM of openssl speed, one processor', rate, 'MiB/s');
  show(`curl, plain upload of ${mib} MiB to a server that drops it`, curl.rate, 'MiB/s');
  show(`secrets put of the same from a pipe, durable on the server`, put.rate, 'MiB/s');
  show('  largest resident size', put.resident, 'MiB', 'goal under 24');
  show('secrets get of it to a pipe', get.rate, 'MiB/s');
  show('  largest resident size', get.resident, 'MiB', 'goal under 24');
} finally {
  await cli.remove();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
