// SPDX-License-Identifier: MIT
// Runs secretsctl, and knows how events name secrets.
//
//   const { code, stdout, stderr } = await ctl(['audit', '-'], { input: lines });

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildFolder, patience } from './server.mjs';

const ctlProgram = join(buildFolder, 'secretsctl');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Start secretsctl; nothing waits.  The child has ${done}: a promise of { code, signal, stdout, stderr }. */
export function startCtl(args, { input, env = {}, cwd, timeout = 60_000 } = {}) {
  const child = spawn(ctlProgram, args, { cwd, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', ...env }, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  running.add(child);
  child.stdout.on('data', (d) => (stdout += d));
  child.stderr.on('data', (d) => (stderr += d));
  child.stdin.on('error', () => {}); // it may end before it read everything
  child.stdin.end(input ?? '');
  child.soFar = () => stdout;
  child.errorsSoFar = () => stderr;
  child.done = new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), timeout * patience);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      running.delete(child);
      if (/Sanitizer|runtime error:/.test(stderr)) reject(new Error(stderr));
      else resolve({ code, signal, stdout, stderr });
    });
  });
  return child;
}

export const ctl = (args, options) => startCtl(args, options).done;

/** The ref by which events name the secret or request ${id}. */
export const refOf = (id) => createHash('sha256').update(id).digest('hex').slice(0, 16);
