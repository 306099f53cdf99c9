// SPDX-License-Identifier: MIT
// How secretsd starts, refuses to start, and stops.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { buildFolder, cleanEnvironment, get, runServer, startServer, top } from '../support/server.mjs';
import { preload } from '../support/variant.mjs';

const STOP_MS = 7000; // at most, if nothing runs; a stop that waits for something takes 10 s
const FRESH_MS = 500; // at a stop, for clients that were accepted and have asked nothing yet

function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-start-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('it makes its data directory for its owner alone, answers, and stops with exit code 0', async () => {
  const server = await startServer();
  assert.equal(statSync(server.data).mode & 0o777, 0o700);
  assert.equal((await get(server, '/healthz')).status, 200);
  assert.match(server.stderr(), /event=listening .*open=http:\/\/127\.0\.0\.1:\d+\//);
  const { code, ms } = await server.stop();
  assert.equal(code, 0);
  assert.ok(ms < STOP_MS, `took ${ms} ms`);
  assert.match(server.stderr(), /event=stopped/);
});

test('SIGINT stops it as SIGTERM does', async () => {
  const server = await startServer();
  assert.equal((await server.stop('SIGINT')).code, 0);
});

test('it listens on a unix socket, replaces a stale one and removes its own', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'socket');
  const first = await startServer({ env: { SECRETS_LISTEN: `unix:${path}` } });
  assert.equal((await get(first, '/healthz')).status, 200);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  await first.kill();
  assert.ok(statSync(path).isSocket(), 'a killed server leaves its socket');
  const second = await startServer({ env: { SECRETS_LISTEN: `unix:${path}` } });
  assert.equal((await get(second, '/healthz')).status, 200);
  await second.stop();
  assert.throws(() => statSync(path));
});

test('it takes two sockets from systemd, and one of them opens only', async (t) => {
  const folder = scratch(t);
  const start = async (names, count = 2) => {
    const sockets = [createServer(), createServer()];
    for (const socket of sockets) await new Promise((done) => socket.listen(0, '127.0.0.1', done));
    const ports = sockets.map((socket) => socket.address().port);
    const run = join(folder, 'run');
    writeFileSync(run, `#!/bin/sh\nexport LISTEN_PID=$$ LISTEN_FDS=${count} LISTEN_FDNAMES=${names}\nexec "${process.env.BUILD ?? 'build'}/secretsd"\n`, { mode: 0o755 });
    const child = spawn(run, [], { cwd: top, env: { ...cleanEnvironment(), SECRETS_DATA: join(folder, 'data') }, stdio: ['ignore', 'ignore', 'pipe', ...sockets.map((socket) => socket._handle)] });
    // The child alone accepts connections.
    for (const socket of sockets) socket.close();
    let stderr = '';
    await new Promise((done) => {
      child.stderr.on('data', (d) => (stderr += d).includes('event=listening') && done());
      child.on('exit', done);
    });
    return { child, ports, stderr };
  };
  const { child, ports, stderr } = await start('open:secretsd.socket');
  assert.match(stderr, new RegExp(`open=http://127.0.0.1:${ports[1]}/ open_only=http://127.0.0.1:${ports[0]}/`));
  assert.deepEqual(await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/encrypt`, { method: 'POST', body: '{"secret":"x"}' })).status)), [404, 200]);
  child.kill('SIGTERM');
  await new Promise((done) => child.on('exit', done));

  for (const [names, count] of [['a:b', 2], ['open:open', 2], ['a:open:b', 3]]) {
    const refused = await start(names, count);
    assert.match(refused.stderr, /LISTEN_FDS/, names);
    assert.ok(!refused.stderr.includes('event=listening'), names);
  }
});

test('it takes a socket from systemd', async (t) => {
  const folder = scratch(t);
  const listening = createServer();
  await new Promise((done) => listening.listen(0, '127.0.0.1', done));
  const { port } = listening.address();
  // The shell gives the socket its place, and its process id to secretsd.
  const run = join(folder, 'run');
  writeFileSync(run, `#!/bin/sh\nexport LISTEN_PID=$$ LISTEN_FDS=1\nexec "${process.env.BUILD ?? 'build'}/secretsd"\n`, { mode: 0o755 });
  const child = spawn(run, [], {
    cwd: top,
    env: { ...cleanEnvironment(), SECRETS_DATA: join(folder, 'data') },
    stdio: ['ignore', 'ignore', 'pipe', listening._handle],
  });
  let stderr = '';
  const ready = new Promise((done, failed) => {
    child.stderr.on('data', (d) => (stderr += d).includes('event=listening') && done());
    child.on('exit', () => failed(new Error(stderr)));
  });
  try {
    await ready;
    assert.match(stderr, new RegExp(`open=http://127.0.0.1:${port}/`));
    listening.close();
    assert.equal((await get({ url: `http://127.0.0.1:${port}` }, '/healthz')).status, 200);
  } finally {
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await new Promise((done) => child.on('exit', done));
  }
});

test('a second server refuses the data directory of the first', async () => {
  const server = await startServer();
  const second = await runServer({ env: { SECRETS_LISTEN: '127.0.0.1:0', SECRETS_DATA: server.data } });
  assert.equal(second.code, 1);
  assert.match(second.stderr, /event=start/);
  assert.equal((await get(server, '/readyz')).status, 200);
  await server.stop();
});

test('an address that is taken stops the start and names it', async () => {
  const server = await startServer();
  const second = await runServer({ env: { SECRETS_LISTEN: `127.0.0.1:${server.port}` } });
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`127\\.0\\.0\\.1:${server.port}.*[Aa]ddress already in use`));
  await server.stop();
});

test('it loads libcurl only if a setting needs it', { skip: process.getuid() !== 0 }, async (t) => {
  const loads = async (env) => {
    const server = await startServer({ env });
    const loaded = readFileSync(`/proc/${server.pid}/maps`, 'utf8').includes('/libcurl.so');
    await server.stop();
    return loaded;
  };
  assert.equal(await loads({}), false);
  assert.equal(await loads({ SECRETS_HOSTS: '127.0.0.1, münchen.example' }), true);

  const folder = scratch(t);
  writeFileSync(join(folder, 'libcurl.so.4'), 'no library');
  const env = { DYNAMO_TABLE: 'Secrets', AWS_REGION: 'us-east-1', LD_LIBRARY_PATH: folder };
  const { code, stderr } = await runServer({ env });
  assert.equal(code, 1);
  assert.match(stderr, /event=start .*reason="cannot load libcurl\.so\.4: /);
});

const refused = [
  // [environment, arguments, what the message must name]
  [{ SECRETS_NOSUCH: '1' }, [], 'SECRETS_NOSUCH'],
  [{ SECRETS_: '1' }, [], 'SECRETS_'],
  [{ SECRETS_listen: '127.0.0.1:1' }, [], 'SECRETS_listen'],
  [{ TTL_DAYS: '0' }, [], 'TTL_DAYS'],
  [{ TTL_DAYS: '' }, [], 'TTL_DAYS'],
  [{ TTL_DAYS: '5 ' }, [], 'TTL_DAYS'],
  [{ TTL_DAYS: '1.5' }, [], 'TTL_DAYS'],
  [{ TTL_DAYS: '31' }, [], 'TTL_DAYS'],
  [{ TTL_DAYS: '99999999999999999999' }, [], 'TTL_DAYS'],
  [{ SECRETS_MAX_TTL_DAYS: '-1' }, [], 'SECRETS_MAX_TTL_DAYS'],
  [{ SECRETS_MAX_TTL_DAYS: '4' }, [], 'TTL_DAYS'],
  [{ SECRETS_MAX_VIEWS: '0' }, [], 'SECRETS_MAX_VIEWS'],
  [{ SECRETS_MAX_VIEWS: '101' }, [], 'SECRETS_MAX_VIEWS'],
  [{ SECRETS_PASSPHRASE: 'on' }, [], 'SECRETS_PASSPHRASE'],
  [{ SECRETS_BRAND: '/nonexistent' }, [], 'SECRETS_BRAND: /nonexistent: No such file'],
  [{ SECRETS_MAX_TEXT: '1 KB' }, [], 'SECRETS_MAX_TEXT'],
  [{ SECRETS_MAX_TEXT: '1023' }, [], 'SECRETS_MAX_TEXT'],
  [{ SECRETS_MAX_TEXT: '11 MiB' }, [], 'SECRETS_MAX_TEXT'],
  [{ SECRETS_MAX_FILE: '2 PiB' }, [], 'SECRETS_MAX_FILE'],
  [{ SECRETS_PART_SIZE: '65535' }, [], 'SECRETS_PART_SIZE'],
  [{ SECRETS_PART_SIZE: '5 MiB' }, [], 'SECRETS_PART_SIZE'],
  [{ SECRETS_QUOTA: 'none' }, [], 'SECRETS_QUOTA'],
  [{ SECRETS_KDF_THREADS: '0' }, [], 'SECRETS_KDF_THREADS'],
  [{ SECRETS_KDF_THREADS: '257' }, [], 'SECRETS_KDF_THREADS'],
  [{ SECRETS_RATE_CREATE: '-1' }, [], 'SECRETS_RATE_CREATE'],
  [{ SECRETS_RATE_OPEN: 'many' }, [], 'SECRETS_RATE_OPEN'],
  [{ SECRETS_ORIGINS: '*' }, [], 'SECRETS_ORIGINS'],
  [{ SECRETS_ORIGINS: 'null' }, [], 'SECRETS_ORIGINS'],
  [{ SECRETS_ORIGINS: 'https://example.org/' }, [], 'SECRETS_ORIGINS'],
  [{ SECRETS_ORIGINS: 'https://example.org,ftp://example.org' }, [], 'SECRETS_ORIGINS'],
  [{ SECRETS_PAGE: 'example.org' }, [], 'SECRETS_PAGE'],
  [{ SECRETS_PAGE: 'https://example.org/?a' }, [], 'SECRETS_PAGE'],
  [{ SECRETS_TRUSTED_PROXIES: '10.0.0.0/33' }, [], 'SECRETS_TRUSTED_PROXIES'],
  [{ SECRETS_TRUSTED_PROXIES: 'localhost' }, [], 'SECRETS_TRUSTED_PROXIES'],
  [{ SECRETS_CREATE: 'some' }, [], 'SECRETS_CREATE'],
  [{ SECRETS_CREATE: '' }, [], 'SECRETS_CREATE'],
  [{ SECRETS_CREATE: 'token' }, [], 'SECRETS_API_TOKENS'],
  [{ SECRETS_USER_HEADER: 'X-User' }, [], 'SECRETS_USER_PROXIES'],
  [{ SECRETS_USER_PROXIES: 'unix' }, [], 'SECRETS_USER_HEADER'],
  [{ SECRETS_USER_HEADER: 'Cookie', SECRETS_USER_PROXIES: 'unix' }, [], 'SECRETS_USER_HEADER'],
  [{ SECRETS_LISTEN: '' }, [], 'SECRETS_LISTEN'],
  [{ SECRETS_DATA: '' }, [], 'SECRETS_DATA'],
  [{}, ['--nosuch', '1'], '--nosuch'],
  [{}, ['--listen'], '--listen'],
  [{}, ['listen'], 'listen'],
  [{}, ['-l', '1'], '-l'],
  [{}, ['--ttl-days=0'], '--ttl-days'],
  [{}, ['--ttl-days', '0'], '--ttl-days'],
  [{}, ['--TTL-DAYS', '1'], '--TTL-DAYS'],
];

test('a setting that is not understood stops the start and is named', async (t) => {
  const data = join(scratch(t), 'data');
  for (const [env, args, name] of refused) {
    const { code, stderr, stdout } = await runServer({ env: { SECRETS_DATA: data, SECRETS_LISTEN: '127.0.0.1:0', ...env }, args });
    const what = JSON.stringify([env, args]);
    assert.equal(code, 2, what + stderr);
    assert.ok(stderr.includes(name), `${what}: ${stderr}`);
    assert.equal(stdout, '');
    assert.throws(() => statSync(data), 'nothing was made');
  }
});

test('root is refused unless it is told', { skip: process.getuid() !== 0 }, async (t) => {
  const data = join(scratch(t), 'data');
  const env = { SECRETS_DATA: data, SECRETS_LISTEN: '127.0.0.1:0', SECRETS_ALLOW_ROOT: undefined };
  for (const told of [undefined, 'off']) {
    const { code, stderr } = await runServer({ env: { ...env, SECRETS_ALLOW_ROOT: told } });
    assert.equal(code, 2);
    assert.match(stderr, /root.*SECRETS_ALLOW_ROOT/);
    assert.throws(() => statSync(data), 'nothing was made');
  }
  assert.equal((await runServer({ args: ['--help'], env })).code, 0);
  await (await startServer({ env, args: ['--allow-root=on'] })).stop();
});

test('any other user is not asked', { skip: process.getuid() !== 0 }, async (t) => {
  const folder = scratch(t);
  chmodSync(folder, 0o777);
  const { status, stderr } = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', join(buildFolder, 'secretsd')], {
    env: { PATH: process.env.PATH, SECRETS_LISTEN: '8080', SECRETS_DATA: join(folder, 'data') },
    encoding: 'utf8',
  });
  // Past the settings, to what only the start can tell.
  assert.equal(status, 2, stderr);
  assert.match(stderr, /event=start .*SECRETS_LISTEN/);
});

/** Start as user 65534 of the group 2000 with its data in ${data}; resolves to the log up to the line that it listens. */
async function startAsOther(data) {
  const child = spawn('setpriv', ['--reuid=65534', '--regid=65534', '--groups=2000', join(buildFolder, 'secretsd')], {
    env: { PATH: process.env.PATH, SECRETS_LISTEN: '127.0.0.1:0', SECRETS_DATA: data },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  const ended = new Promise((done) => child.on('close', done));
  child.stderr.on('data', (text) => (stderr += text).includes('event=listening') && child.kill('SIGTERM'));
  return { code: await ended, stderr };
}

test('in a volume of Kubernetes it works in a subdirectory, and says so', { skip: process.getuid() !== 0 }, async (t) => {
  const folder = scratch(t);
  chmodSync(folder, 0o755);
  // root:fsGroup, setgid; an emptyDir or a hostPath that is open to all.
  for (const [name, group, mode] of [['claim', 2000, 0o2770], ['emptydir', 0, 0o777]]) {
    const volume = join(folder, name);
    mkdirSync(volume);
    chownSync(volume, 0, group);
    chmodSync(volume, mode);
    mkdirSync(join(volume, 'lost+found'), { mode: 0o700 });
    for (let start = 0; start < 2; start++) {
      const { code, stderr } = await startAsOther(volume);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`event=start data=${volume}/secretsd reason="SECRETS_DATA is a volume`));
    }
    const made = statSync(join(volume, 'secretsd'));
    assert.deepEqual([made.uid, made.mode & 0o777], [65534, 0o700], name);
    assert.ok(readdirSync(join(volume, 'secretsd')).includes('secrets.db'));
    assert.deepEqual(readdirSync(volume).sort(), ['lost+found', 'secretsd']);
  }

  // Its own directory it has to close itself, and one that it may not write to is named.
  const own = join(folder, 'own');
  mkdirSync(own);
  chownSync(own, 65534, 2000);
  chmodSync(own, 0o770);
  const open = await startAsOther(own);
  assert.equal(open.code, 1);
  assert.match(open.stderr, /is open to other users: chmod 700/);
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o755 });
  const denied = await startAsOther(closed);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /cannot make \S*closed\/secretsd: Permission denied/);
});

test('data on a file system of the network are told of', async (t) => {
  const folder = scratch(t);
  const told = async (env) => {
    const server = await startServer({ env: { SECRETS_DATA: join(folder, 'data'), LD_PRELOAD: preload('network-fs'), ...env } });
    await server.stop();
    return /level=warn event=start data=\S* file_system=(\S*) reason="locks and fsync may not hold/.exec(server.stderr())?.[1];
  };
  for (const [magic, name] of [['6969', 'NFS'], ['fe534d42', 'SMB'], ['ff534d42', 'SMB'], ['1021997', '9p'], ['65735546', 'FUSE'], ['786f4256', 'vboxsf']])
    assert.equal(await told({ FS_MAGIC: magic }), name);
  assert.equal(await told({ FS_MAGIC: 'ef53' }), undefined, 'ext4');
});

test('an address that cannot be listened on stops the start, and it is said which of the two', async (t) => {
  const data = join(scratch(t), 'data');
  const wrong = ['8080', 'localhost:8080', '127.0.0.1', '127.0.0.1:65536', '::1:80', '[::1]', 'unix:', `unix:${'x'.repeat(200)}`];
  const foreign = '203.0.113.1:1'; // its interface may come later
  for (const [name, other] of [['SECRETS_LISTEN', 'SECRETS_METRICS_LISTEN'], ['SECRETS_METRICS_LISTEN', 'SECRETS_LISTEN']])
    for (const listen of [...wrong, foreign]) {
      const { code, stderr } = await runServer({ env: { SECRETS_DATA: data, [other]: '127.0.0.1:0', [name]: listen } });
      assert.equal(code, listen === foreign ? 1 : 2, listen);
      assert.ok(stderr.includes(`reason="${name}: `), `${listen}: ${stderr}`);
      assert.ok(!stderr.includes(`${other}: `), `${listen}: ${stderr}`);
    }
});

test('memory that may be swapped out is told of', { skip: process.getuid() !== 0 }, async (t) => {
  const folder = scratch(t);
  chmodSync(folder, 0o777);
  const child = spawn('prlimit', ['--memlock=0', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', join(buildFolder, 'secretsd')], {
    env: { PATH: process.env.PATH, SECRETS_LISTEN: '127.0.0.1:0', SECRETS_DATA: join(folder, 'data') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  const ended = new Promise((done) => child.on('close', done));
  child.stderr.on('data', (text) => (stderr += text).includes('event=listening') && child.kill('SIGTERM'));
  assert.equal(await ended, 0, stderr);
  assert.match(stderr, /level=warn event=memory state=unlocked/);
  // Root may lock what it likes, unless CAP_IPC_LOCK was taken from it.
  if ((BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]}`) & (1n << 14n)) === 0n) return;
  const server = await startServer();
  assert.doesNotMatch(server.stderr(), /event=memory/);
  await server.stop();
});

test('an option wins over its variable, in both spellings', async () => {
  for (const args of [['--listen', '127.0.0.1:0'], ['--listen=127.0.0.1:0']]) {
    const server = await startServer({ env: { SECRETS_LISTEN: '203.0.113.1:1' }, args });
    await server.stop();
  }
});

test('--help, the manual page and the table of settings agree', async () => {
  const { code, stdout } = await runServer({ args: ['--help'] });
  assert.equal(code, 0);
  const help = [...stdout.matchAll(/^ {2}--([a-z0-9-]+) (\S+) +\(([A-Z0-9_]+)(?:, default (.*))?\)$/gm)].map((m) => m.slice(1));
  assert.ok(help.length >= 15, stdout);
  const page = readFileSync(join(top, 'man/secretsd.8'), 'utf8');
  const items = page.split(/^\.It /m).slice(1).map((item) => {
    const head = /^Fl -([a-z0-9-]+) Ar (\S+) Pq Ev (\S+)$/m.exec(item);
    return head && [...head.slice(1), /The default is\n\.Li (.*) \.$/m.exec(item)?.[1]];
  });
  assert.deepEqual(items.filter(Boolean), help);
  for (const [option, , variable] of help)
    assert.equal(variable.replace(/^SECRETS_/, '').toLowerCase().replaceAll('_', '-'), option);
});

// Settings of the function and docs/AWS.md: tests/unit/settings/test_settings.c.
test('every variable that the code reads is in the manual', () => {
  const sources = (...folders) => folders.flatMap((folder) => readdirSync(join(top, 'src', folder), { recursive: true }).filter((name) => name.endsWith('.c')).map((name) => readFileSync(join(top, 'src', folder, name), 'utf8'))).join('\n');
  const read = (code) => [...new Set([
    ...code.matchAll(/(?:getenv|process_env|aws_env_get|aws_credentials_value|copy_value)\([^;"]*"([A-Z0-9_]+)"/g),
    ...code.matchAll(/"((?:AWS|SECRETS)_[A-Z0-9_]+[A-Z0-9])"/g),
  ].map(([, name]) => name))].sort();
  const page = readFileSync(join(top, 'man/secretsd.8'), 'utf8');
  const lacks = (text, names) => names.filter((name) => !new RegExp(`^\\.(It )?.*\\bEv\\b.*\\b${name}\\b`, 'm').test(text));
  const functionsOwn = ['SECRETS_CLOUDFRONT_KEY', 'SECRETS_PATH_PREFIX', 'SECRETS_USER_CLAIM']; // docs/AWS.md has it
  const names = read(sources('aws', 'base', 'http', 'server', 'settings', 'store')).filter((name) => !functionsOwn.includes(name));
  assert.ok(names.length > 35 && ['HOME', 'SSL_CERT_FILE', 'AWS_REGION', 'AWS_ENDPOINT_URL_S3', 'LISTEN_FDS', 'SECRETS_LISTEN'].every((name) => names.includes(name)), names.join(' '));
  assert.deepEqual(lacks(page, names), []);
  assert.deepEqual(lacks(page.replaceAll('AWS_PROFILE', ''), names), ['AWS_PROFILE'], 'control');
});

test('the manual page is clean', () => {
  execFileSync('mandoc', ['-Tlint', '-Wwarning', join(top, 'man/secretsd.8')], { stdio: 'inherit' });
});

test('--version prints the version', async () => {
  const { code, stdout } = await runServer({ args: ['--version'] });
  assert.equal(code, 0);
  assert.equal(stdout, `secretsd ${readFileSync(join(top, 'VERSION'), 'utf8').trim()}\n`);
});

test('SIGTERM lets a request that runs end, and takes no new connection', async () => {
  const server = await startServer();
  // A body that is still on its way keeps its request running, which the server says by 100 (Continue).
  const body = JSON.stringify({ secret: 'a text that is sent in two pieces' });
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  const ended = new Promise((done) => socket.on('close', done));
  const begun = new Promise((done) => socket.on('data', (piece) => done(answer += piece)));
  socket.write(`POST /encrypt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`);
  assert.match(await begun, /^HTTP\/1\.1 100 /);
  socket.write(body.slice(0, 10));
  const stopped = server.stop();
  while (!server.stderr().includes('event=stopping')) await new Promise((done) => server.child.stderr.once('data', done));
  // The stop has begun once a new connection is refused.
  while (await get(server, '/healthz').then(() => true, () => false));
  socket.write(body.slice(10));
  await ended;
  assert.match(answer, /^HTTP\/1\.1 200 /m, server.stderr());
  assert.match(answer, /\r\nConnection: close\r\n/i);
  assert.equal((await stopped).code, 0);
});

/** Stop a server that has just accepted two clients, of which one then asks; { answer, late } says how late it did. */
async function askWhileStopping() {
  const server = await startServer();
  const begin = () => new Promise((done) => { const socket = connect(server.port, '127.0.0.1', () => done(socket)); });
  const accepted = await begin();
  const silent = await begin();
  accepted.on('error', () => {});
  await get(server, '/healthz'); // comes behind them
  const from = performance.now();
  const stopped = server.stop();
  // The stop has begun once a new connection is refused.
  while (await get(server, '/healthz').then(() => true, () => false));
  await new Promise((done) => accepted.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', done));
  const late = performance.now() - from;
  let answer = '';
  accepted.on('data', (piece) => (answer += piece));
  // One that says nothing keeps nobody for long.
  const { code, ms } = await stopped;
  assert.equal(code, 0);
  assert.ok(ms < STOP_MS, `${ms} ms`);
  silent.destroy();
  return { answer, late };
}

test('SIGTERM lets who was accepted ask, once', async () => {
  let result = await askWhileStopping();
  // On a busy machine this client may itself be too late.
  for (let i = 0; i < 10 && result.answer === '' && result.late > FRESH_MS / 2; i++) result = await askWhileStopping();
  assert.match(result.answer, /^HTTP\/1\.1 200 /);
  assert.match(result.answer, /\r\nConnection: close\r\n/i);
});
