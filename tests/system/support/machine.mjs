// SPDX-License-Identifier: MIT
// A Debian of its own: a copy of a root directory, booted with its own systemd by systemd-nspawn.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until ${probe} gives something true, which is returned; rejects, saying ${what}, after ${ms}. */
export async function until(what, probe, ms = 20_000) {
  for (const end = Date.now() + ms; ; await later(50)) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
  }
}

// Where this machine's own systemd runs, it makes a scope for the other.  Elsewhere nobody does, and the hierarchy of
// control groups may be of the old kind: the other one is shown a new one.
const start = existsSync('/run/systemd/system')
  ? 'exec systemd-nspawn "$@"'
  : `[ -e /sys/fs/cgroup/cgroup.controllers ] || { umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; }
     exec systemd-nspawn --keep-unit "$@"`;

/**
 * Boot the system in folder ${root}.  It has no network but loopback.  Resolves to
 *
 *   pid           its first process, as seen from here
 *   path(file)    where from here its ${file} is, sockets and what lies in memory too
 *   run(words)    the output of a command in it; rejects if that fails
 *   sh(script)    the output of a shell script in it, also if that fails
 *   stop()        shut it down
 */
export async function boot(root) {
  const options = ['--boot', `--directory=${root}`, '--machine=check-deb', '--register=no', '--link-journal=no', '--private-network', '--console=pipe', 
    // What services may want and systemd-nspawn by itself denies them.
    '--system-call-filter=@memlock bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self'];
  const env = { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
  const nspawn = spawn('unshare', ['--mount', 'sh', '-c', start, 'nspawn', ...options], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const pipe of [nspawn.stdout, nspawn.stderr]) pipe.on('data', (text) => (said += text));
  let over = false;
  const ended = new Promise((done) => nspawn.on('close', () => { over = true; done(); }));
  const child = () => {
    if (over) throw new Error(`the machine does not start: ${said}`);
    try {
      return Number(execFileSync('pgrep', ['-P', String(nspawn.pid), '-x', 'systemd'], { encoding: 'utf8' }));
    } catch {
      return 0; // not yet
    }
  };
  const pid = await until('the machine has a first process', child);
  const enter = ['-t', String(pid), '-a', '--'];
  const machine = {
    pid,
    path: (file) => `/proc/${pid}/root${file}`,
    run: async (...words) => (await run('nsenter', [...enter, ...words], { maxBuffer: 1 << 26 })).stdout,
    sh: (script) => machine.run('sh', '-c', `( ${script}\n ) 2>&1 || true`),
    async stop() {
      if (!over) process.kill(nspawn.pid, 'SIGTERM');
      if (await Promise.race([ended.then(() => true), later(20_000)])) return;
      process.kill(pid, 'SIGKILL');
      await ended;
    },
  };
  await until('it is up', async () => /^(running|degraded)/.test(await machine.sh('systemctl is-system-running')), 60_000);
  return machine;
}
