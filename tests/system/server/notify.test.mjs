// SPDX-License-Identifier: MIT
// The notifications to systemd: ready, stopping, and watchdog pings while the server is healthy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { get, patience, startServer } from '../support/server.mjs';
import { startReceiver } from '../support/notify.mjs';
import { testServer } from '../support/variant.mjs';

const later = (ms, value) => new Promise((done) => setTimeout(done, ms, value));

async function receive(t, abstract) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-notify-'));
  const where = abstract ? `@${folder}` : join(folder, 'notify');
  const systemd = await startReceiver(where);
  t.after(async () => {
    await systemd.stop();
    rmSync(folder, { recursive: true });
  });
  return { systemd, where };
}

for (const abstract of [false, true]) {
  test(`ready once it answers, stopping when it does: ${abstract ? 'abstract name' : 'path'}`, async (t) => {
    const { systemd, where } = await receive(t, abstract);
    const server = await startServer({ env: { NOTIFY_SOCKET: where } });
    if (systemd.count('READY=1') === 0) await systemd.next('READY=1', 5000);
    assert.equal((await get(server, '/healthz')).status, 200);
    assert.deepEqual(systemd.seen.map(({ text }) => text), ['READY=1']);
    const stopping = systemd.next('STOPPING=1', 5000);
    assert.equal((await server.stop()).code, 0);
    assert.ok(await stopping);
    assert.deepEqual(systemd.seen.map(({ text }) => text), ['READY=1', 'STOPPING=1'], 'no beat was asked for');
  });
}

test('through its socket no other one is reached', async (t) => {
  const filters = ({ pid }) => Number(/^Seccomp_filters:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const { systemd, where } = await receive(t);
  const alone = await startServer();
  t.after(() => alone.stop());
  if (alone.sandbox !== 'on' || Number.isNaN(filters(alone))) return t.skip('this kernel cannot, or does not tell');
  assert.equal(filters(alone), 1);
  const server = await startServer({ env: { NOTIFY_SOCKET: where } });
  t.after(() => server.stop());
  // One more, which test_sandbox tries.
  assert.equal(filters(server), 2);
  assert.ok(systemd.count('READY=1') === 1 || await systemd.next('READY=1', 5000));
});

test('a start that fails never says ready', async (t) => {
  const { systemd, where } = await receive(t);
  const first = await startServer();
  await assert.rejects(startServer({ env: { NOTIFY_SOCKET: where, SECRETS_LISTEN: `127.0.0.1:${first.port}` } }), /already in use/);
  await first.stop();
  assert.equal(systemd.count('READY=1'), 0);
});

test('a socket that nobody listens on is named, and stops nothing', async () => {
  const server = await startServer({ env: { NOTIFY_SOCKET: '/nonexistent/notify' } });
  assert.match(server.stderr(), /level=warn event=notify .*NOTIFY_SOCKET/);
  await server.stop();
});

test('a watchdog of another process is not answered', async (t) => {
  const { systemd, where } = await receive(t);
  const server = await startServer({ env: { NOTIFY_SOCKET: where, WATCHDOG_USEC: '200000', WATCHDOG_PID: '1' } });
  await later(500);
  await server.stop();
  assert.equal(systemd.count('WATCHDOG=1'), 0);
});

/** Until every thread of process ${pid} is traced; resolves to whether that came within ${ms}. */
async function traced(pid, ms) {
  const isTraced = (task) => !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'));
  for (const end = Date.now() + ms; Date.now() < end; await later(20))
    if (readdirSync(`/proc/${pid}/task`).every(isTraced)) return true;
  return false;
}

/** Do ${what} to every system call ${calls} of process ${pid}; resolves to a function that ends that, or null. */
async function inject(pid, calls, what) {
  const strace = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`, '-p', pid]);
  let said = '';
  strace.stderr.on('data', (text) => (said += text));
  strace.on('error', (error) => (said = error.message));
  const ended = new Promise((done) => strace.on('close', done));
  if (await Promise.race([traced(pid, 10_000 * patience), ended]) !== true) {
    console.log(`SKIP notify: strace does not get hold of the server: ${said.trim()}`);
    return null;
  }
  return async () => {
    strace.kill('SIGINT');
    await Promise.race([ended, later(1000)]);
    strace.kill('SIGKILL');
    await ended;
  };
}

const interval = 1000 * patience;
const WAIT = 5; // intervals until a ping counts as missing: this machine may be busy

async function watched(t) {
  const { systemd, where } = await receive(t);
  const server = await startServer({ build: testServer(), env: { NOTIFY_SOCKET: where, WATCHDOG_USEC: String(interval * 1000) } });
  t.after(() => server.kill());
  return { systemd, server };
}

const create = (server) => fetch(`${server.url}/encrypt`, { method: 'POST', body: '{"secret": "x"}' }).then((answer) => answer.status, () => 0);

test('what the watchdog tries takes no room from connections', async (t) => {
  const { systemd, where } = await receive(t);
  const server = await startServer({ env: { NOTIFY_SOCKET: where, WATCHDOG_USEC: '40000' } });
  t.after(() => server.kill());
  while (systemd.count('WATCHDOG=1') < 30) assert.ok(await systemd.next('WATCHDOG=1', 5000 * patience));
  for (let i = 0; i < 50; i++) assert.equal((await get(server, '/healthz')).status, 200);
  assert.doesNotMatch(server.stderr(), /event=(watchdog|accept)/);
});

describe('the watchdog', { concurrency: 3 }, () => {
  for (const [title, calls, provoke] of [
    ['the store', 'fdatasync,fsync', create],
    ['a thread that does I/O', 'sendmsg', (server) => fetch(`${server.url}/healthz`).catch(() => {})],
  ])
    test(`beats at half the interval, and not while ${title} hangs`, async (t) => {
      const { systemd, server } = await watched(t);
      for (let i = 0; i < 3; i++) assert.ok(await systemd.next('WATCHDOG=1', WAIT * interval), `beat ${i}`);
      const beats = systemd.seen.filter((message) => message.text === 'WATCHDOG=1').map(({ at }) => at);
      const gap = Math.min(...beats.slice(1).map((at, i) => at - beats[i]));
      assert.ok(gap < 0.8 * interval, `${gap} ms between two beats at least`);
      const release = await inject(server.pid, calls, 'delay_enter=60000000');
      if (release === null) return t.skip();
      assert.ok(await systemd.next('WATCHDOG=1', WAIT * interval), 'being traced is no reason to stop');
      void provoke(server);
      // It takes 2 s to distinguish a call that hangs from a slow one.
      for (let i = 0; i < 300 * patience && !/healthy=false/.test(server.stderr()); i++) await later(50);
      assert.match(server.stderr(), /event=watchdog healthy=false/);
      assert.equal(await systemd.next('WATCHDOG=1', 2 * interval), null, 'no beat');
      await release();
      assert.ok(await systemd.next('WATCHDOG=1', 10_000), 'a beat as soon as it is well again');
      for (let i = 0; i < 50 && !/healthy=true/.test(server.stderr()); i++) await later(20);
      assert.match(server.stderr(), /event=watchdog healthy=true/);
    });

  test('goes on while the store says that it cannot write: a new process could not either', async (t) => {
    const { systemd, server } = await watched(t);
    const release = await inject(server.pid, 'fdatasync,fsync', 'error=EIO');
    if (release === null) return t.skip();
    for (let i = 0; i < 3; i++) assert.equal(await create(server), 503);
    assert.equal((await get(server, '/readyz')).status, 503);
    for (let i = 0; i < 3; i++) assert.ok(await systemd.next('WATCHDOG=1', WAIT * interval), `beat ${i}`);
    await release();
    assert.doesNotMatch(server.stderr(), /event=watchdog/);
  });
});
