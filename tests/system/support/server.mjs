// SPDX-License-Identifier: MIT
// Starts a real secretsd for a test, on a free port of the loopback with a data directory of its own.
//
//   const server = await startServer();              // answers /readyz already
//   await fetch(`${server.url}/healthz`);
//   await server.stop();                             // SIGTERM, waits, removes the data
//
// The environment variable BUILD names the build folder (default `build`), so that one test runs on
// every variant: BUILD=build/address,undefined node --test tests/system/…

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const top = fileURLToPath(new URL('../../..', import.meta.url));
export const buildFolder = resolve(top, process.env.BUILD ?? 'build');
// Sanitizers make everything several times slower.
export const patience = /address|undefined|thread/.test(buildFolder) ? 6 : 1;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The environment without settings of secretsd that the caller's shell may hold. Tests may run as root. */
export function cleanEnvironment() {
  // A process that nobody may look into cannot be searched for leaks either; unit tests are.
  const env = { ASAN_OPTIONS: 'detect_leaks=0', SECRETS_ALLOW_ROOT: 'on' };
  for (const [name, value] of Object.entries(process.env))
    if (!/^(SECRETS_|TTL_DAYS$|S3_BUCKET$|DYNAMO_TABLE$|AWS_|LISTEN_|NOTIFY_SOCKET$|WATCHDOG_|CREDENTIALS_DIRECTORY$)/.test(name)) env[name] = value;
  return env;
}

/** One GET over TCP or a unix socket; resolves to { status, headers, body } with body as text. */
export function get(server, path, { headers = {} } = {}) {
  const at = server.socket ? { socketPath: server.socket } : new URL(server.url);
  const target = { socketPath: at.socketPath, hostname: at.hostname, port: at.port, path, headers, agent: false };
  return new Promise((done, failed) => {
    const req = request(target, (res) => {
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(pieces).toString() }));
      res.on('error', failed);
    });
    req.on('error', failed);
    req.end();
  });
}

/**
 * Run secretsd with these settings and arguments to its end; resolves to { code, stdout, stderr }.
 * For starts that are to fail, --help and --version.
 */
export async function runServer({ env = {}, args = [], build = buildFolder, cwd = top } = {}) {
  const child = spawn(join(build, 'secretsd'), args, { cwd, env: { ...cleanEnvironment(), ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (d) => (stdout += d));
  child.stderr.on('data', (d) => (stderr += d));
  running.add(child);
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000 * patience);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  running.delete(child);
  return { code, signal, stdout, stderr };
}

/** Fail unless ${server} runs in its sandbox, as servers do by default; what the kernel lacks is printed. */
export function assertSandboxed(server) {
  if (server.sandbox === 'partial') {
    console.log(`SKIP sandbox: this kernel has no ${/event=sandbox .*missing=(\S+)/.exec(server.stderr())[1]}`);
    return;
  }
  assert.equal(server.sandbox, 'on');
  assert.match(readFileSync(`/proc/${server.pid}/status`, 'utf8'), /^Seccomp:\t2$/m);
}

/**
 * Start secretsd and wait until /readyz answers 200.
 *
 * env, args   settings and arguments; SECRETS_LISTEN defaults to a free port of 127.0.0.1
 * data        the data directory; without it a new temporary one, removed by stop()
 * build       the build folder, default BUILD or `build`
 * log         a file for what it writes, instead of a pipe that this process has to read
 *
 * Resolves to { url, port, socket, pid, data, sandbox (on, partial or off), started (ms until ready), stderr(),
 * stop(), kill() }.
 * Rejects, with what the server wrote, if it ends or does not get ready in time.
 */
export async function startServer({ env = {}, args = [], data, build = buildFolder, log, timeout = 10_000 * patience } = {}) {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'secretsd-test-')));
  const settings = {
    ...cleanEnvironment(),
    SECRETS_LISTEN: '127.0.0.1:0',
    SECRETS_DATA: join(folder, 'data'),
    SECRETS_RATE_CREATE: '0',
    SECRETS_RATE_OPEN: '0',
    ...env,
  };
  const begun = process.hrtime.bigint();
  const file = log === undefined ? undefined : openSync(log, 'w');
  const child = spawn(join(build, 'secretsd'), args, { cwd: top, env: settings, stdio: ['ignore', 'ignore', file ?? 'pipe'] });
  if (file !== undefined) closeSync(file);
  let piped = '';
  const stderr = () => (file === undefined ? piped : readFileSync(log, 'utf8'));
  running.add(child);
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    return { code, signal };
  });

  const server = {
    pid: child.pid,
    data: settings.SECRETS_DATA,
    child,
    ended,
    stderr,
    /**
     * End it by ${signal}; resolves to { code, signal, ms }. Removes a temporary data directory.
     * Rejects if a sanitizer reported something.
     */
    async stop(signal = 'SIGTERM') {
      const from = Date.now();
      child.kill(signal);
      const result = await ended;
      if (data === undefined) await rm(folder, { recursive: true, force: true });
      if (/Sanitizer|runtime error:/.test(stderr())) throw new Error(stderr());
      return { ...result, ms: Date.now() - from };
    },
    /** kill -9, keeping the data directory. */
    async kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };

  let listening;
  let looking;
  const address = new Promise((found) => {
    const look = () => {
      // Once only: to search a long log again with each line would take more time than the server does.
      const match = listening ? null : /event=listening .*?open=(\S+)|"event":"listening",.*?"open":"([^"]+)"/.exec(stderr());
      if (match) found((listening = match[1] ?? match[2]));
    };
    if (file !== undefined) looking = setInterval(look, 1);
    else
      child.stderr.on('data', (d) => {
        piped += d;
        look();
      });
  });
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Error(`secretsd was not ready in ${timeout} ms:\n${stderr()}`)), timeout);
  });
  ended.catch(() => running.delete(child)); // it could not be started at all: see `died`
  const died = ended.then(({ code, signal }) => {
    throw new Error(`secretsd ended (${code ?? signal}):\n${stderr()}`);
  });
  died.catch(() => {});
  try {
    const open = await Promise.race([address, died, late]);
    if (open.startsWith('unix:')) server.socket = open.slice(5);
    else {
      server.url = open.replace(/\/$/, '');
      server.port = Number(new URL(open).port);
    }
    while ((await Promise.race([get(server, '/readyz'), died, late])).status !== 200);
    server.sandbox = /event=listening .*?sandbox=(\S+)/.exec(stderr())?.[1];
    server.started = Number(process.hrtime.bigint() - begun) / 1e6;
  } catch (error) {
    child.kill('SIGKILL');
    if (data === undefined) await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(looking);
  }
  return server;
}
