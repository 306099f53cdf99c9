// SPDX-License-Identifier: MIT
// Runs the command line client in a home of its own.
//
//   const cli = await newHome(server.url);
//   const { code, stdout, stderr } = await cli.run(['put'], { input: 'hunter2' });
//   await cli.remove();

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { buildFolder, patience, startServer } from './server.mjs';
import { cheapClient } from './variant.mjs';

export const program = join(buildFolder, 'secrets');
let usual = program;

/**
 * From here on, clients derive keys at the least cost, but for those of newHome(url, { shipped: true }).  Returns the
 * path of that program.
 */
export function useCheapClient() {
  usual = cheapClient();
  return usual;
}

// The program lets no other process look into it, so that only root's leak checker can.
const leaks = process.env.ASAN_OPTIONS ?? `detect_leaks=${process.getuid() === 0 ? 1 : 0}`;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Start the client; nothing waits.  The child has ${done}: a promise of { code, signal, stdout (a
 * Buffer), stderr }.  It rejects if a sanitizer had something to say.
 */
function start(client, folder, env, args, { input, extra = {}, cwd, stdin, timeout = 60_000 } = {}) {
  const child = spawn(client, args, {
    cwd: cwd ?? folder,
    env: { PATH: process.env.PATH, HOME: folder, TZ: 'UTC', LC_ALL: 'C.UTF-8', ASAN_OPTIONS: leaks, ...env, ...extra },
    stdio: [stdin ?? 'pipe', 'pipe', 'pipe'],
  });
  const pieces = [];
  let stderr = '';
  running.add(child);
  child.stdout.on('data', (d) => pieces.push(d));
  child.stderr.on('data', (d) => (stderr += d));
  child.stdin?.on('error', () => {}); // it may end before it read everything
  if (input !== undefined) child.stdin?.end(input);
  child.stderrSoFar = () => stderr;
  child.done = new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), timeout * patience);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      running.delete(child);
      if (/Sanitizer|runtime error:/.test(stderr)) reject(new Error(stderr));
      else resolve({ code, signal, stdout: Buffer.concat(pieces), stderr });
    });
  });
  return child;
}

/** A home folder, and the client in it; new secrets go to ${url}. */
export async function newHome(url, { shipped = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'secrets-test-'));
  const env = url === undefined ? {} : { SECRETS_SERVER: url };
  const client = shipped ? program : usual;
  return {
    folder,
    start: (args, options) => start(client, folder, env, args, options),
    /** Run to the end; standard input is empty unless given. stdout is text. */
    async run(args, options = {}) {
      const result = await start(client, folder, env, args, { input: '', ...options }).done;
      return { ...result, bytes: result.stdout, stdout: result.stdout.toString() };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** For all tests of a file: a server, started with ${options}, and a home whose client uses it. */
export async function startServerAndHome(options) {
  const server = await startServer(options);
  const cli = await newHome(server.url);
  after(async () => {
    await cli.remove();
    await server.stop();
  });
  return { server, cli };
}

/** The exit codes, as the manual page lists them. */
export const exit = {
  done: 0, failed: 1, usage: 2, gone: 3, wrong: 4, network: 5, refused: 6, damaged: 7, exists: 8, unfinished: 9, forbidden: 10,
  interrupted: 130,
};
