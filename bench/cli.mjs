// SPDX-License-Identifier: MIT
// Part of `make bench`: a long file through the client, next to what the same machine's cipher can do, and
// to a plain upload of the same bytes by curl to nginx on the same disk.  BENCH_MIB sets the length.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newHome, program } from '../tests/system/support/cli.mjs';
import { watchPeak } from '../tests/system/support/process.mjs';
import { startServer } from '../tests/system/support/server.mjs';
import { Report, median, processorMs, residentMiB } from './report.mjs';

const mib = Number(process.env.BENCH_MIB ?? 1024);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const report = new Report('Files', 'make bench', `medians of ${ROUNDS} runs with ${mib} MiB`);
const folder = await mkdtemp(join(tmpdir(), 'bench-cli-'));
const file = join(folder, 'content');
const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9;

/** MiB/s and largest resident MiB of a child from now to its end. */
async function measure(child) {
  const peak = watchPeak(child);
  const from = process.hrtime.bigint();
  const result = await (child.done ?? once(child, 'close').then(([code]) => ({ code })));
  const resident = peak() / 1024;
  if (result.code !== 0) throw new Error(result.stderr ?? `exit ${result.code}`);
  return { ...result, rate: mib / seconds(from), resident };
}

/** MiB/s of an upload by curl to nginx, which keeps it beside ${folder}, with its bytes synced.  null without nginx. */
async function plainUpload() {
  const socket = join(folder, 'nginx.sock');
  const config = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log off; client_body_temp_path ${folder}/body; client_max_body_size 0;
      server { listen unix:${socket}; location / { root ${folder}/dav; dav_methods PUT; } } }`;
  await mkdir(join(folder, 'dav'), { recursive: true });
  await writeFile(join(folder, 'nginx.conf'), `user root;\n${config}`);
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const ended = once(nginx, 'close').catch(() => {});
  for (let i = 0; i < 100 && spawnSync('curl', ['-s', '--unix-socket', socket, 'http://x/']).status !== 0; i++) {
    if (nginx.exitCode !== null || nginx.pid === undefined) return null;
    await new Promise((done) => setTimeout(done, 20));
  }

  const from = process.hrtime.bigint();
  const put = spawnSync('curl', ['-sf', '--unix-socket', socket, '-T', file, 'http://x/content']);
  const synced = spawnSync('sync', [join(folder, 'dav/content')]);
  const rate = mib / seconds(from);
  nginx.kill();
  await ended;
  const whole = put.status === 0 && statSync(join(folder, 'dav/content')).size === mib << 20;
  rmSync(join(folder, 'dav'), { recursive: true });
  return whole && synced.status === 0 ? rate : null;
}

/** MiB/s of AES-256-GCM on one processor, as openssl speed measures it. */
function cipherRate() {
  const { stdout } = spawnSync('openssl', ['speed', '-seconds', '1', '-bytes', '65536', '-evp', 'aes-256-gcm'], { encoding: 'utf8' });
  return Number(/AES-256-GCM +([0-9.]+)k/i.exec(stdout)?.[1] ?? 0) / 1048.576;
}

/** What the log of ${server} says of the time that the confirm took, in ms. */
const confirmMs = (server) => Number(/route=\S+\/lease status=204 us=(\d+)/.exec(server.stderr())?.[1] ?? NaN) / 1000;

/** Start the client of ${cli} to get ${link} into a pipe that cat empties: a stream of this process is a socket, and slower. */
function getToPipe(cli, link) {
  const pipe = join(cli.folder, 'pipe');
  spawnSync('mkfifo', [pipe]);
  spawn('sh', ['-c', 'exec cat "$0" >/dev/null', pipe], { stdio: 'ignore' });
  const env = { PATH: process.env.PATH, HOME: cli.folder };
  return spawn('sh', ['-c', 'exec "$0" get -q -o - "$1" >"$2"', program, link, pipe], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function roundTrip() {
  const server = await startServer({ env: { SECRETS_MAX_FILE: '64 GiB', SECRETS_QUOTA: '128 GiB' } });
  const cli = await newHome(server.url);
  const cost = (before) => ((processorMs(server.pid) - before) / 1000 / mib) * 1024;
  try {
    let before = processorMs(server.pid);
    const put = await measure(cli.start(['put', '-q', file], { timeout: 600_000 }));
    const putCost = cost(before);
    before = processorMs(server.pid);
    const get = await measure(getToPipe(cli, put.stdout.toString().trim()));
    const getCost = cost(before);
    return { put, putCost, get, getCost, confirm: confirmMs(server), resident: residentMiB(server.pid, 'VmHWM') };
  } finally {
    await cli.remove();
    await server.stop();
  }
}

try {
  spawnSync('sh', ['-c', `head -c ${mib}M /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00 >'${file}' 2>/dev/null`]);
  const all = [];
  for (let i = 0; i < ROUNDS; i++) all.push({ cipher: cipherRate(), curl: await plainUpload(), ...(await roundTrip()) });
  const middle = (of) => median(all.map(of));
  const plain = all.every((r) => r.curl !== null);

  report.row('AES-256-GCM of openssl speed, one processor', middle((r) => r.cipher), 'MiB/s');
  if (plain) report.row('curl to nginx, the bytes synced', middle((r) => r.curl), 'MiB/s');
  else console.log('nginx is not installed: no upload to compare with');
  report.row('secrets put, durable on the server', middle((r) => r.put.rate), 'MiB/s');
  if (plain) report.row('  share of curl to nginx of the same run', middle((r) => r.put.rate / r.curl), '', 'goal at least 0.5');
  report.row('  processor of the server for a GiB', middle((r) => r.putCost), 's', 'goal at most 2');
  report.row('  largest resident memory of the client', middle((r) => r.put.resident), 'MiB', 'goal under 24');
  report.row('secrets get to a pipe', middle((r) => r.get.rate), 'MiB/s', 'goal at least 1,024, or 0.45 of openssl');
  report.row('  share of openssl speed of the same run', middle((r) => r.get.rate / r.cipher), '');
  report.row('  processor of the server for a GiB', middle((r) => r.getCost), 's', 'goal at most 2');
  report.row('  the confirm at its end', middle((r) => r.confirm), 'ms');
  report.row('  largest resident memory of the client', middle((r) => r.get.resident), 'MiB', 'goal under 24');
  report.row('largest resident memory of the server', middle((r) => r.resident), 'MiB', 'goal under 24');
  report.save();
} finally {
  await rm(folder, { recursive: true, force: true });
}
