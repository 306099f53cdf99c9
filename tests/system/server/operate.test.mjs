// SPDX-License-Identifier: MIT
// What an operator relies on: metrics, the sandbox, and a warning when the sandbox is off.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { has } from '../support/nginx.mjs';
import { assertSandboxed, buildFolder, patience, runServer, startServer, top } from '../support/server.mjs';
import { preload } from '../support/variant.mjs';

const freePort = () =>
  new Promise((done) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

const figure = (text, name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);

describe('metrics', () => {
  let server, url;
  before(async () => {
    const port = await freePort();
    server = await startServer({ env: { SECRETS_METRICS_LISTEN: `127.0.0.1:${port}` } });
    url = `http://127.0.0.1:${port}`;
  });
  after(() => server.stop());

  test('they count what happened, by route and code', async () => {
    const made = await (await fetch(`${server.url}/encrypt`, { method: 'POST', body: '{"secret":"x","view_count":2}' })).text();
    await fetch(`${server.url}/decrypt`, { method: 'POST', body: made });
    await fetch(`${server.url}/decrypt`, { method: 'POST', body: '{"secret_id":"aaaaaaaaaaaaaaaa","passphrase":"x"}' });
    // A response is counted once its last byte was sent, which the client may see first.
    let text;
    for (let i = 0; i < 50; i++) {
      text = await (await fetch(`${url}/metrics`)).text();
      if (figure(text, 'secrets_request_seconds_count{route="/decrypt",code="404"}') === 1) break;
      await new Promise((done) => setTimeout(done, 20));
    }
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/encrypt",code="200"}'), 1);
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/decrypt",code="200"}'), 1);
    assert.equal(figure(text, 'secrets_request_seconds_count{route="/decrypt",code="404"}'), 1);
    assert.equal(figure(text, 'secrets_views_claimed_total'), 1);
    // One to seal, one to open, and one for the absent id, whose response must not come sooner.
    assert.equal(figure(text, 'secrets_kdf_done_total'), 3);
    assert.ok(figure(text, 'secrets_bytes_held') > 0);
    assert.ok(figure(text, 'process_resident_memory_bytes') > 1e6);
    assert.ok(Math.abs(figure(text, 'secrets_sweep_last_timestamp_seconds') - Date.now() / 1000) < 120);
  });

  test('they are written as Prometheus reads them', async (t) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    try {
      execFileSync('promtool', ['check', 'metrics'], { input: text });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      console.log('SKIP operate: promtool is not on this machine');
      t.skip();
    }
  });

  test('they may be behind a unix socket, sandbox or not', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const local = await startServer({ env: { SECRETS_METRICS_LISTEN: `unix:${folder}/metrics` } });
    const text = await new Promise((done, failed) => http.get({ socketPath: `${folder}/metrics`, path: '/metrics' }, async (res) => {
      let all = '';
      for await (const piece of res) all += piece;
      done(all);
    }).on('error', failed));
    assert.equal(figure(text, 'secrets_sandbox'), local.sandbox === 'on' ? 1 : 0);
    await local.stop();
  });

  test('every figure that the alerts and the dashboard look at is among them', async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const seen = new Set(['alerts.yml', 'dashboard.json'].flatMap((file) => [...readFileSync(join(top, 'deploy/monitoring', file), 'utf8').matchAll(/\bsecrets_[a-z_]+/g)].map(([name]) => name)));
    assert.ok(seen.size > 12, [...seen].join(' '));
    for (const name of seen) assert.match(text, new RegExp(`^${name}[ {]`, 'm'), name);
  });

  test('clients do not reach them, and nothing else is there', async () => {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
    assert.equal((await fetch(`${url}/encrypt`)).status, 404);
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100) })).status, 405);
  });
});

test('the largest text is taken in its longest spelling, however large it was set', async (t) => {
  const server = await startServer({ env: { SECRETS_MAX_TEXT: '3 MiB' } });
  t.after(() => server.stop());
  const post = (path, body) => fetch(server.url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const made = await post('/encrypt', `{"secret":"${'\\u0001'.repeat(3 << 20)}"}`);
  assert.equal(made.status, 200, 'control: with 16 MiB of bodies for one client it is 503');
  const opened = await (await post('/decrypt', await made.text())).json();
  assert.ok(opened.data === '\u0001'.repeat(3 << 20));
});

describe('alerts', { skip: !has('promtool') }, () => {
  const promtool = (...words) => spawnSync('promtool', words, { encoding: 'utf8' });
  const rules = join(top, 'deploy/monitoring/alerts.yml');
  const cases = join(top, 'tests/system/support/alerts.yml');

  test('the rules are sound, and each says what it should when it should, and not before', () => {
    const checked = promtool('check', 'rules', rules);
    assert.equal(checked.status, 0, checked.stderr);
    const names = [...readFileSync(rules, 'utf8').matchAll(/- alert: (\S+)/g)].map(([, name]) => name);
    const wanted = readFileSync(cases, 'utf8');
    for (const name of names) assert.match(wanted, new RegExp(`alertname: ${name}\n`), name);
    const tested = promtool('test', 'rules', cases);
    assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  });

  test('control: a rule that is late, or too shy, is found', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const text = readFileSync(rules, 'utf8');
    writeFileSync(join(folder, 'cases.yml'), readFileSync(cases, 'utf8').replace(/^rule_files: .*$/m, 'rule_files: [alerts.yml]'));
    for (const [right, wrong] of [['for: 2m', 'for: 3m'], ['> 0.9', '> 0.95'], ['(secrets_bytes_quota > 0)', 'secrets_bytes_quota'], ['== 0\n        for: 10m', '== 2\n        for: 10m']]) {
      assert.ok(text.includes(right), right);
      writeFileSync(join(folder, 'alerts.yml'), text.replace(right, wrong));
      assert.notEqual(promtool('test', 'rules', join(folder, 'cases.yml')).status, 0, wrong);
    }
  });
});

describe('sandbox', () => {
  const status = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');

  /** A server with metrics; resolves to it and the value of secrets_sandbox. */
  async function measured(env) {
    const port = await freePort();
    const server = await startServer({ env: { SECRETS_METRICS_LISTEN: `127.0.0.1:${port}`, ...env } });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return { server, sandbox: figure(text, 'secrets_sandbox') };
  }

  test('it is on, for every thread', async () => {
    const { server, sandbox } = await measured({});
    assertSandboxed(server);
    if (server.sandbox === 'on') {
      assert.equal(sandbox, 1);
      assert.doesNotMatch(server.stderr(), /event=sandbox/);
    }
    for (const task of readdirSync(`/proc/${server.pid}/task`)) {
      assert.match(status(`${server.pid}/task/${task}`), /^Seccomp:\t2$/m);
      assert.match(status(`${server.pid}/task/${task}`), /^NoNewPrivs:\t1$/m);
    }
    await server.stop();
  });

  test('it is on before anybody is heard', { skip: !has('strace') || patience > 1 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'secretsd-order-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const listening = net.createServer();
    await new Promise((done) => listening.listen(0, '127.0.0.1', done));
    const { port } = listening.address();
    writeFileSync(join(folder, 'run'), `#!/bin/sh\nexport LISTEN_PID=$$ LISTEN_FDS=1\nexec "${buildFolder}/secretsd"\n`, { mode: 0o755 });
    const log = join(folder, 'log');
    const child = spawn('strace', ['-f', '-qq', '-o', log, '-e', 'trace=seccomp,accept,accept4', join(folder, 'run')], {
      env: { PATH: process.env.PATH, SECRETS_ALLOW_ROOT: 'on', SECRETS_DATA: join(folder, 'data') }, stdio: ['ignore', 'ignore', 'ignore', listening._handle],
    });
    const ended = new Promise((done) => child.on('close', done));
    // This client is there before the server is.
    listening.close();
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    const lines = readFileSync(log, 'utf8').split('\n');
    process.kill(Number.parseInt(lines[0], 10), 'SIGTERM');
    await ended;
    const filter = lines.findLastIndex((line) => /seccomp.* = 0$/.test(line));
    const first = lines.findIndex((line) => /accept4?\(/.test(line));
    assert.ok(filter >= 0 && first >= 0, lines.join('\n'));
    assert.ok(filter < first, `a connection was accepted before the filter was there:\n${lines.join('\n')}`);
  });

  test('off is loud', async () => {
    const { server, sandbox } = await measured({ SECRETS_SANDBOX: 'off' });
    assert.match(status(server.pid), /^Seccomp:\t0$/m);
    assert.match(server.stderr(), /level=warn event=sandbox state=off/);
    assert.equal(server.sandbox, 'off');
    assert.equal(sandbox, 0);
    assert.throws(() => assertSandboxed(server), 'what other tests assert');
    await server.stop();
  });

  test('a kernel that cannot is loud, and stops the start where the sandbox is required', async (t) => {
    if (patience > 1) return t.skip('sanitizers want to be loaded first');
    const old = { LD_PRELOAD: preload('no-landlock') };
    const { server, sandbox } = await measured(old);
    assert.match(server.stderr(), /level=warn event=sandbox state=partial missing=landlock reason="a flaw in this program reaches every file/);
    assert.equal(server.sandbox, 'partial');
    assert.equal(sandbox, 0);
    assert.match(status(server.pid), /^Seccomp:\t2$/m);
    await server.stop();
    const folder = mkdtempSync(join(tmpdir(), 'secretsd-old-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const env = { ...old, SECRETS_SANDBOX: 'required', SECRETS_LISTEN: '127.0.0.1:0', SECRETS_DATA: join(folder, 'data') };
    const refused = await runServer({ env });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /SECRETS_SANDBOX=required: this kernel has no landlock/);
  });

  test('required is no hindrance where the kernel can', async (t) => {
    const plain = await startServer();
    const can = plain.sandbox === 'on';
    await plain.stop();
    if (!can) return t.skip('the kernel cannot');
    const { server, sandbox } = await measured({ SECRETS_SANDBOX: 'required' });
    assertSandboxed(server);
    assert.equal(sandbox, 1);
    await server.stop();
  });
});
