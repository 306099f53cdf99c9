// SPDX-License-Identifier: MIT
// The Debian package on a Debian with its own systemd, from its installation to its purge; each part takes the machine
// as the one before left it.  `make check-deb` makes the packages and the base system.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { blocksOf } from '../support/manual.mjs';
import { has } from '../support/nginx.mjs';
import { startServer, top } from '../support/server.mjs';
import { boot, later, until } from '../support/machine.mjs';

const folder = join(top, 'build/check-deb');
const root = join(folder, 'root');
const units = '/etc/systemd/system';
const examples = '/usr/share/doc/secretsd/examples';
const canary = `kept-${process.pid}-${Date.now()}`;

describe('the package', { timeout: 600_000 }, () => {
  let machine, files, kept, canLock;

  /** One request over a connection of its own, by default to the unix socket. */
  function ask(method, path, { body, to = { socketPath: machine.path('/run/secretsd.sock') } } = {}) {
    return new Promise((done, failed) => {
      const req = http.request({ ...to, method, path, agent: false, timeout: 15_000 }, (res) => {
        let text = '';
        res.on('data', (piece) => (text += piece));
        res.on('end', () => done({ status: res.statusCode, text }));
        res.on('error', failed);
      });
      req.on('timeout', () => req.destroy(new Error('no answer')));
      req.on('error', failed);
      req.end(body);
    });
  }

  async function share(text, to) {
    const answer = await ask('POST', '/encrypt', { body: JSON.stringify({ secret: text }), to });
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  }

  async function open(made, to) {
    const answer = await ask('POST', '/decrypt', { body: made, to });
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text).data;
  }

  const property = async (unit, name) => (await machine.run('systemctl', 'show', '-P', name, unit)).trim();
  const active = async (unit) => (await machine.sh(`systemctl is-active ${unit}`)).trim();
  const install = (deb) => machine.run('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '-i', `/root/${deb}`);
  const journal = () => machine.run('journalctl', '--no-pager', '-o', 'cat', '-u', 'secretsd.service');
  const reload = (...restarted) => machine.run('sh', '-c', `systemctl daemon-reload && systemctl restart ${restarted.join(' ')}`);

  /** Put ${text} into a drop-in of ${unit}; without a text remove it. */
  function dropIn(unit, name, text) {
    const where = machine.path(`${units}/${unit}.d`);
    rmSync(`${where}/${name}`, { force: true });
    if (text === undefined) return readdirSync(where).length === 0 && rmSync(where, { recursive: true });
    mkdirSync(where, { recursive: true });
    return writeFileSync(`${where}/${name}`, text);
  }

  const example = (name) => readFileSync(machine.path(`${examples}/${name}`), 'utf8');

  /** Whether a command in the machine reaches ${url}. */
  const reaches = async (url) => (await machine.sh(`curl -s -o /dev/null -w '%{http_code}' --max-time 5 ${url}`)).trim();

  /** Every file of the machine that a package could have left. */
  const list = async () => (await machine.run('find', '/', '-xdev', '-path', '/proc', '-prune', '-o', '(', '-path', '/var/log', '-o', '-path', '/var/cache', '-o',
    '-path', '/var/lib/dpkg', '-o', '-path', '/tmp', '-o', '-path', '/var/tmp', '-o', '-path', '/root', ')', '-prune', '-o', '-print')).split('\n');

  before(async () => {
    rmSync(root, { recursive: true, force: true });
    execFileSync('cp', ['-a', join(folder, 'base'), root]);
    for (const deb of ['this.deb', 'next.deb']) copyFileSync(join(folder, deb), join(root, 'root', deb));
    machine = await boot(root);
    files = await list();
    // A machine that may not raise the limit itself cannot raise it for a service.
    const hard = /^Max locked memory +\S+ +(\S+)/m.exec(readFileSync(`/proc/${machine.pid}/limits`, 'utf8'))[1];
    canLock = hard === 'unlimited' || Number(hard) >= 5 * 2 ** 30 || (BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(readFileSync(`/proc/${machine.pid}/status`, 'utf8'))[1]}`) & (1n << 24n)) !== 0n;
    if (!canLock) console.log(`SKIP: this machine does not let a service lock more than ${hard} bytes`);
  });

  after(async () => {
    await machine?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  test('it is installed, and runs without anybody asking', async (t) => {
    await install('this.deb');
    for (const unit of ['secretsd.socket', 'secretsd.service']) {
      assert.equal(await active(unit), 'active', await journal());
      assert.equal((await machine.run('systemctl', 'is-enabled', unit)).trim(), 'enabled');
    }
    // systemd calls a unit of this type active once it has received READY=1.
    assert.equal(await property('secretsd.service', 'Type'), 'notify');
    assert.equal((await ask('GET', '/readyz')).status, 200);
    assert.equal(/event=memory/.test(await journal()), !canLock);
    const here = await startServer();
    await here.stop();
    assert.equal(/event=listening .* sandbox=(\w+)/.exec(await journal())[1], here.sandbox, 'it confines itself as far as the kernel can');
    t.diagnostic((await journal()).split('\n').find((line) => line.includes('event=listening')));
  });

  test('the units are understood, with and without the drop-ins, and hardened', async (t) => {
    assert.equal(await machine.sh('systemd-analyze verify --man=no secretsd.service secretsd.socket'), '');
    for (const [unit, name, most] of [['secretsd.service', undefined, 0.4], ['secretsd.socket', 'secretsd-tcp.conf', 0.4], ['secretsd.service', 'secretsd-metrics.conf', 1.1], ['secretsd.service', 'secretsd-aws.conf', 1.5], ['secretsd.service', 'secretsd-lxc.conf', 3]]) {
      if (name) dropIn(unit, name, example(name));
      assert.equal(await machine.sh('systemd-analyze verify --man=no secretsd.service secretsd.socket'), '', name);
      const exposure = Number(/exposure level for .*: ([0-9.]+)/.exec(await machine.sh('systemd-analyze security --offline=true --no-pager secretsd.service'))?.[1]);
      assert.ok(exposure <= most, `${name}: ${exposure}`);
      t.diagnostic(`${name ?? 'as shipped'}: exposure ${exposure}`);
      if (name) dropIn(unit, name);
    }
    dropIn('secretsd.service', 'wrong.conf', '[Service]\nNoSuchSetting=1\n');
    assert.match(await machine.sh('systemd-analyze verify --man=no secretsd.service'), /NoSuchSetting/, 'control: a mistake is seen');
    dropIn('secretsd.service', 'wrong.conf');
  });

  test('a secret is shared and opened over the unix socket, once', async () => {
    const made = await share(canary);
    assert.equal(await open(made), canary);
    assert.equal((await ask('POST', '/decrypt', { body: made })).status, 404);
    kept = await share(canary);
  });

  test('a server that hangs is started anew, and has what it had', async (t) => {
    dropIn('secretsd.service', 'watchdog.conf', '[Service]\nWatchdogSec=0\n');
    await reload('secretsd.service');
    await machine.run('systemctl', 'kill', '-s', 'STOP', 'secretsd.service');
    await later(6000);
    assert.equal(await property('secretsd.service', 'NRestarts'), '0', 'control: unwatched, it goes on hanging');
    await machine.run('systemctl', 'kill', '-s', 'CONT', 'secretsd.service');
    // The shipped minute, made shorter for the test.
    dropIn('secretsd.service', 'watchdog.conf', '[Service]\nWatchdogSec=4\n');
    await reload('secretsd.service');
    await later(6000);
    assert.equal(await property('secretsd.service', 'NRestarts'), '0', 'it beats in time');
    const pid = await property('secretsd.service', 'MainPID');
    const from = Date.now();
    await machine.run('systemctl', 'kill', '-s', 'STOP', 'secretsd.service');
    await until('it was started anew', async () => (await property('secretsd.service', 'NRestarts')) === '1');
    await until('it answers', async () => (await ask('GET', '/readyz')).status === 200);
    t.diagnostic(`started anew after ${Date.now() - from} ms, with WatchdogSec=4`);
    assert.notEqual(await property('secretsd.service', 'MainPID'), pid);
    assert.match(await journal(), /Watchdog timeout/);
    assert.equal(await open(kept), canary);
    dropIn('secretsd.service', 'watchdog.conf');
    await reload('secretsd.service');
    kept = await share(canary);
  });

  /** What clients got that asked, each time over a new connection, while ${what} went on: { code: count }. */
  async function crowd(what) {
    const seen = {};
    let over = false;
    const one = async () => {
      while (!over) {
        const result = await ask('GET', '/healthz').then((answer) => answer.status, (error) => error.code ?? error.message);
        seen[result] = (seen[result] ?? 0) + 1;
      }
    };
    const clients = [one(), one(), one(), one()];
    try {
      await what();
    } finally {
      over = true;
      await Promise.all(clients);
    }
    return seen;
  }

  test('upgrades refuse no connection, and lose none', async (t) => {
    const pid = await property('secretsd.service', 'MainPID');
    const seen = await crowd(async () => {
      for (const deb of ['next.deb', 'this.deb', 'next.deb']) await install(deb);
    });
    assert.match(await machine.run('dpkg-query', '-W', 'secretsd'), /\+next/);
    assert.notEqual(await property('secretsd.service', 'MainPID'), pid);
    t.diagnostic(`while it was upgraded, back, and again: ${JSON.stringify(seen)}`);
    assert.equal(await open(kept), canary);
    assert.deepEqual(Object.keys(seen), ['200'], JSON.stringify(seen));
    assert.ok(seen[200] > 50, JSON.stringify(seen));
    const control = await crowd(() => machine.run('sh', '-c', 'systemctl stop secretsd.socket && systemctl start secretsd.socket secretsd.service'));
    t.diagnostic(`control, the socket stopped and started: ${JSON.stringify(control)}`);
    assert.ok(Object.keys(control).length > 1, JSON.stringify(control));
  });

  test('a setting that is not understood is named, and tried once', async () => {
    const file = machine.path('/etc/secretsd/secretsd.env');
    const shipped = readFileSync(file, 'utf8');
    writeFileSync(file, 'SECRETS_NOSUCH=1\n');
    assert.match(await machine.sh('systemctl restart secretsd.service'), /failed/);
    assert.equal(await property('secretsd.service', 'ExecMainStatus'), '2');
    assert.equal(await property('secretsd.service', 'NRestarts'), '0');
    assert.match(await journal(), /there is no setting of this name: SECRETS_NOSUCH/);
    writeFileSync(file, shipped);
    await machine.run('systemctl', 'restart', 'secretsd.service');
    assert.equal((await ask('GET', '/readyz')).status, 200);
  });

  test('the limits of the unit are wide enough for 64 derivations at once', async (t) => {
    const file = machine.path('/etc/secretsd/secretsd.env');
    const shipped = readFileSync(file, 'utf8');
    const controllers = await machine.run('cat', '/sys/fs/cgroup/cgroup.controllers');
    writeFileSync(file, 'SECRETS_KDF_THREADS=64\nSECRETS_RATE_CREATE=0\n');

    /** Share 64 secrets at once. Resolves to how many were refused, and what the service took meanwhile. */
    async function shareMany() {
      await reload('secretsd.service');
      const status = machine.path(`/proc/${await property('secretsd.service', 'MainPID')}/status`);
      const most = { threads: 0, locked: 0 };
      let over = false;
      const watch = (async () => {
        for (; !over; await later(5)) {
          const figures = /^VmLck:\s+(\d+) kB[^]*^Threads:\s+(\d+)/m.exec(readFileSync(status, 'utf8'));
          most.locked = Math.max(most.locked, Number(figures[1]));
          most.threads = Math.max(most.threads, Number(figures[2]));
        }
      })();
      const results = await Promise.allSettled(Array.from({ length: 64 }, () => share('one of many')));
      over = true;
      await watch.catch(() => undefined);
      return { ...most, refused: results.filter(({ status: how }) => how === 'rejected').length };
    }

    const most = await shareMany();
    t.diagnostic(`${most.threads} threads, ${most.locked} KiB locked`);
    assert.equal(most.refused, 0);
    assert.ok(most.threads >= 64, `${most.threads} threads`);
    if (canLock) assert.ok(most.locked >= 64 * 16 * 1024, `${most.locked} KiB locked`);

    if (/pids/.test(controllers)) {
      dropIn('secretsd.service', 'wrong.conf', '[Service]\nTasksMax=32\n');
      assert.ok((await shareMany()).threads <= 32, 'control: a limit that is too low is seen');
      dropIn('secretsd.service', 'wrong.conf');
    } else t.diagnostic('SKIP: this machine does not count tasks');
    writeFileSync(file, shipped);
    await reload('secretsd.service');
  });

  test('secretsd-tcp.conf: a port of loopback, and the service has no network all the same', async () => {
    dropIn('secretsd.service', 'wrong.conf', '[Unit]\nRequires=\n[Service]\nEnvironment=SECRETS_LISTEN=127.0.0.1:8080\nPrivateNetwork=no\nRestrictAddressFamilies=AF_INET\n');
    await reload('secretsd.service');
    assert.equal(await reaches('http://127.0.0.1:8080/readyz'), '000', 'control: the service by itself cannot choose');
    dropIn('secretsd.service', 'wrong.conf');
    dropIn('secretsd.socket', 'secretsd-tcp.conf', example('secretsd-tcp.conf'));
    await reload('secretsd.socket', 'secretsd.service');
    assert.equal(await reaches('http://127.0.0.1:8080/readyz'), '200');
    await assert.rejects(ask('GET', '/readyz'), /ECONNREFUSED|ENOENT/);
    const pid = await property('secretsd.service', 'MainPID');
    const [own, all] = (await machine.run('readlink', `/proc/${pid}/ns/net`, '/proc/1/ns/net')).trim().split('\n');
    assert.notEqual(own, all);
    const made = await machine.run('curl', '-sSf', 'http://127.0.0.1:8080/encrypt', '-d', '{"secret": "by port"}');
    assert.match(await machine.run('curl', '-sSf', 'http://127.0.0.1:8080/decrypt', '-d', made), /by port/);
    dropIn('secretsd.socket', 'secretsd-tcp.conf');
    await reload('secretsd.socket', 'secretsd.service');
    assert.equal(await reaches('http://127.0.0.1:8080/readyz'), '000');
    assert.equal((await ask('GET', '/readyz')).status, 200);
  });

  test('both drop-ins keep out who is not on this machine, whatever they listen on', { skip: !has('ip') }, async (t) => {
    const other = '192.0.2.1';
    const places = [['127.0.0.1:8080/readyz', '200'], ['127.0.0.1:9469/metrics', '200'], [`${other}:8080/readyz`, '000'], [`${other}:9469/metrics`, '000']];
    const everywhere = (name) => example(name).replace('127.0.0.1:', '0.0.0.0:');
    execFileSync('nsenter', ['-t', String(machine.pid), '-n', 'ip', 'address', 'add', `${other}/32`, 'dev', 'lo']);
    dropIn('secretsd.socket', 'secretsd-tcp.conf', everywhere('secretsd-tcp.conf'));
    dropIn('secretsd.service', 'secretsd-metrics.conf', everywhere('secretsd-metrics.conf'));
    await reload('secretsd.socket', 'secretsd.service');
    if (/BPF|firewall/i.test(await machine.run('journalctl', '--no-pager', '-o', 'cat'))) t.skip('SKIP: this machine has no filter of addresses');
    else for (const [place, code] of places) assert.equal(await reaches(`http://${place}`), code, place);
    for (const [unit, name] of [['secretsd.socket', 'secretsd-tcp.conf'], ['secretsd.service', 'secretsd-metrics.conf']])
      dropIn(unit, name, everywhere(name).replace(/^IPAddress.*$/gm, '') + (unit === 'secretsd.service' ? 'IPAddressDeny=\n' : ''));
    await reload('secretsd.socket', 'secretsd.service');
    for (const [place] of places) assert.equal(await reaches(`http://${place}`), '200', `control: ${place}`);
    dropIn('secretsd.socket', 'secretsd-tcp.conf');
    dropIn('secretsd.service', 'secretsd-metrics.conf');
    await reload('secretsd.socket', 'secretsd.service');
  });

  test('secretsd-metrics.conf: figures that Prometheus reads', async (t) => {
    const url = 'http://127.0.0.1:9469/metrics';
    dropIn('secretsd.service', 'wrong.conf', '[Service]\nEnvironment=SECRETS_METRICS_LISTEN=127.0.0.1:9469\n');
    assert.match(await machine.sh('systemctl daemon-reload; systemctl restart secretsd.service'), /failed/, 'control: the setting alone');
    assert.match(await journal(), /reason="SECRETS_METRICS_LISTEN: no socket for .*Address family not supported/);
    dropIn('secretsd.service', 'wrong.conf');
    dropIn('secretsd.service', 'secretsd-metrics.conf', example('secretsd-metrics.conf'));
    await machine.run('systemctl', 'reset-failed', 'secretsd.service');
    await reload('secretsd.service');
    assert.equal((await ask('GET', '/readyz')).status, 200);
    const text = await machine.run('curl', '-sSf', url);
    assert.match(text, canLock ? /^secrets_kdf_memory_locked 1$/m : /^secrets_kdf_memory_locked 0$/m);
    if (has('promtool')) {
      execFileSync('promtool', ['check', 'metrics'], { input: text });
      assert.throws(() => execFileSync('promtool', ['check', 'metrics'], { input: text.replaceAll('# TYPE', '# KIND').replace(/$/, 'x'), stdio: 'pipe' }), 'control');
    } else t.diagnostic('SKIP: promtool is not on this machine');
    t.diagnostic(`${text.split('\n').filter((line) => line.startsWith('# TYPE')).length} metrics; ${/^process_resident_memory_bytes .*/m.exec(text)[0]}`);
    dropIn('secretsd.service', 'secretsd-metrics.conf');
    await reload('secretsd.service');
    assert.equal(await reaches(url), '000');
  });

  test('secretsd-aws.conf: keys come from LoadCredential=', async (t) => {
    // Stands for DynamoDB, on the machine's loopback, and tells who signs.
    const stand = `require('node:http').createServer((req, res) => {
      console.log(req.headers.authorization);
      res.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' });
      res.end('{}');
    }).listen(8000, '127.0.0.1', () => console.log('ready'))`;
    const table = spawn('nsenter', ['-t', String(machine.pid), '-n', process.execPath, '-e', stand], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => table.kill());
    let said = '';
    table.stdout.on('data', (text) => (said += text));
    await until('the table stands', () => said.includes('ready'));
    const at = machine.path('/etc/secretsd');
    const settings = readFileSync(`${at}/secretsd.env`, 'utf8');
    kept = await share(canary);
    writeFileSync(`${at}/secretsd.env`, 'S3_BUCKET=\nAWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000\n');
    writeFileSync(`${at}/aws-access-key-id`, 'AKIDOFTHEFILE', { mode: 0o600 });
    writeFileSync(`${at}/aws-secret-access-key`, 'secret-of-the-file', { mode: 0o600 });
    dropIn('secretsd.service', 'secretsd-aws.conf', example('secretsd-aws.conf'));
    await reload('secretsd.service');
    assert.equal((await ask('GET', '/readyz')).status, 200, await journal());
    assert.match(said, /Credential=AKIDOFTHEFILE\/\d+\/eu-central-1\/dynamodb\//);
    const pid = await property('secretsd.service', 'MainPID');
    assert.doesNotMatch(readFileSync(machine.path(`/proc/${pid}/environ`), 'latin1'), /of-the-file/);
    writeFileSync(`${at}/secretsd.env`, settings);
    dropIn('secretsd.service', 'secretsd-aws.conf');
    for (const name of ['aws-access-key-id', 'aws-secret-access-key']) rmSync(`${at}/${name}`);
    await reload('secretsd.service');
    assert.equal(await open(kept), canary);
  });

  test('secretsctl-forward.service: each event is sent to a webhook, signed, by the commands of the manual', async (t) => {
    const hook = `require('node:http').createServer((req, res) => {
      let body = '';
      req.on('data', (piece) => (body += piece));
      req.on('end', () => {
        console.log(JSON.stringify({ headers: req.headers, body }));
        res.writeHead(204).end();
      });
    }).listen(8001, '127.0.0.1', () => console.log('ready'))`;
    const receiver = spawn('nsenter', ['-t', String(machine.pid), '-n', process.execPath, '-e', hook], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => receiver.kill());
    let said = '';
    receiver.stdout.on('data', (text) => (said += text));
    await until('the receiver stands', () => said.includes('ready'));
    const got = () => said.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const kinds = () => got().map(({ body }) => JSON.parse(body).kind);

    // The setting of "Operate it", and the commands of "Send events to another service".
    const manual = readFileSync(join(top, 'docs/OPERATIONS.md'), 'utf8');
    const settings = readFileSync(machine.path('/etc/secretsd/secretsd.env'), 'utf8');
    writeFileSync(machine.path('/etc/secretsd/secretsd.env'), `${settings}\n${/^ +(SECRETS_ADMIN_LISTEN=\S+)$/m.exec(manual)[1]}\n`);
    await machine.run('systemctl', 'restart', 'secretsd.service');
    const [key, begin, resume] = blocksOf('Send events to another service');
    const shown = 'https://events.example.org/hooks/secrets';
    assert.ok(begin.includes(shown), begin);
    await machine.run('sh', '-ec', key + begin.replace(shown, 'http://127.0.0.1:8001/hook'));
    const log = () => machine.run('journalctl', '--no-pager', '-o', 'cat', '-u', 'secretsctl-forward.service');
    const came = (what, test) => until(what, test).catch(async (error) => assert.fail(`${error.message}: ${await log()}`));
    await came('it follows', async () => {
      await share('is somebody there?'); // "from now on" begins some time after systemctl returns
      return kinds().length > 0;
    });
    assert.ok(!kinds().includes('started'), 'the start of the server was before');
    assert.equal(await open(await share('told')), 'told');
    await came('the events came', () => kinds().includes('used_up'));
    assert.deepEqual(kinds().slice(-3), ['created', 'opened', 'used_up']);
    const before = kinds().length;
    const numberOf = (event) => JSON.parse(event.body).number;
    const secret = readFileSync(machine.path('/etc/secretsd/webhook.key'), 'utf8').trim();
    for (const { headers, body } of got()) new Webhook(secret).verify(body, headers);
    assert.ok(!(await machine.sh('cat /proc/[0-9]*/cmdline')).includes(secret.slice(6)), 'the key is no argument');

    // The server restarts, the service goes on with the next event; parked it stays until --resume.
    await machine.run('systemctl', 'restart', 'secretsd.service');
    await came('it follows again', () => kinds().length === before + 2);
    assert.deepEqual(kinds().slice(before), ['stopped', 'started']);
    const place = '/var/lib/private/secretsctl-forward/place';
    await until('the place is written', () => JSON.parse(readFileSync(machine.path(place), 'utf8')).number === numberOf(got().at(-1)));
    assert.equal(await property('secretsctl-forward.service', 'NRestarts'), '0');
    const parked = JSON.parse(readFileSync(machine.path(place), 'utf8'));
    await machine.run('systemctl', 'stop', 'secretsctl-forward.service');
    writeFileSync(machine.path(place), JSON.stringify({ ...parked, parked: 'the receiver answered 410' }));
    await machine.sh('systemctl start secretsctl-forward.service');
    await until('it has ended', async () => (await property('secretsctl-forward.service', 'ExecMainStatus')) === '5');
    assert.equal(await property('secretsctl-forward.service', 'ActiveState'), 'failed');
    assert.equal(await property('secretsctl-forward.service', 'NRestarts'), '0', 'it is not tried again');
    await machine.run('sh', '-ec', resume);
    await share('told again');
    await came('it goes on', () => kinds().length === before + 3);
    assert.equal(kinds().at(-1), 'created');

    // A program instead of the webhook, by the drop-in of the manual.  The comment in the unit says the same.
    const unit = readFileSync(machine.path('/lib/systemd/system/secretsctl-forward.service'), 'utf8');
    const [, inUnit] = /^#   ExecStart=\n#   (ExecStart=\S+ forward --exec .+)$/m.exec(unit);
    const [, words] = /^\.Bd [^\n]*\n(\[Service\]\nLoadCredential=\n.*?)^\.Ed$/ms.exec(readFileSync(join(top, 'man/secretsctl.8'), 'utf8'));
    assert.ok(words.includes(inUnit), words);
    const [program] = /\/usr\/local\/bin\/\S+/.exec(words);
    for (const name of ['webhook.key', 'forward.env']) rmSync(machine.path(`/etc/secretsd/${name}`));
    writeFileSync(machine.path('/etc/secretsd/chat'), 'a credential\n', { mode: 0o600 });
    writeFileSync(machine.path(program), '#!/bin/sh\ncat "$CREDENTIALS_DIRECTORY/chat" - >>/var/lib/secretsctl-forward/told\n', { mode: 0o755 });
    dropIn('secretsctl-forward.service', 'exec.conf', words);
    await machine.run('systemctl', 'set-environment', 'FORWARD_OPTIONS=--resume');
    await reload('secretsctl-forward.service');
    await machine.run('systemctl', 'unset-environment', 'FORWARD_OPTIONS');
    await share('for the program');
    const told = machine.path('/var/lib/private/secretsctl-forward/told');
    await came('the program was told', () => existsSync(told) && readFileSync(told, 'utf8').includes('"created"'));
    assert.match(readFileSync(told, 'utf8'), /^a credential\n\{/, 'it has the credential, and the event on standard input');
    assert.equal(kinds().length, before + 3, 'and the webhook was not');
    const started = await property('secretsctl-forward.service', 'MainPID');
    const argv = (await machine.sh(`cat /proc/${started}/cmdline`)).split('\0').filter(Boolean);
    assert.deepEqual(argv.slice(-3), ['--exec', program, '--resume'], 'the options of one start');

    // What it may reach, and what it must not.
    const pid = await property('secretsctl-forward.service', 'MainPID');
    assert.equal(await machine.sh(`nsenter -t ${pid} -m -- ls /var/lib/private/secretsd >/dev/null && echo seen`).then((text) => text.includes('seen')), false);
    const exposure = Number(/exposure level for .*: ([0-9.]+)/.exec(await machine.sh('systemd-analyze security --offline=true --no-pager secretsctl-forward.service'))?.[1]);
    t.diagnostic(`exposure ${exposure}`);
    assert.ok(exposure <= 2.5, String(exposure));
    assert.equal(await machine.sh('systemd-analyze verify --man=no secretsctl-forward.service'), '');
    for (const path of [program, '/etc/secretsd/chat']) rmSync(machine.path(path));
    dropIn('secretsctl-forward.service', 'exec.conf'); // without it the service cannot start again; the package has to cope
    writeFileSync(machine.path('/etc/secretsd/secretsd.env'), settings);
    await machine.run('systemctl', 'restart', 'secretsd.service');
  });

  test('after a boot it runs before anybody asks', async () => {
    await machine.stop();
    machine = await boot(root);
    assert.equal(await active('secretsd.service'), 'active');
    assert.doesNotMatch(await machine.run('journalctl', '--no-pager', '-o', 'cat', '-b', '-u', 'secretsd.service'), /event=request/);
  });

  test('what is removed comes back with what it had; purged, nothing is left', async () => {
    kept = await share(canary);
    await machine.run('dpkg', '-r', 'secretsd');
    assert.equal(await active('secretsd.service'), 'inactive');
    assert.equal(await active('secretsd.socket'), 'inactive');
    assert.equal(await active('secretsctl-forward.service'), 'inactive');
    await install('next.deb');
    assert.equal(await open(kept), canary);
    await machine.run('dpkg', '-P', 'secretsd');
    const was = new Set(files);
    const left = (await list()).filter((file) => !was.has(file));
    assert.deepEqual(left.filter((file) => /secrets/.test(file)), []);
    assert.deepEqual(left.filter((file) => !/^\/(run|sys|dev|proc)\/|^\/var\/lib\/systemd\//.test(file)), []);
    assert.throws(() => statSync(machine.path('/run/secretsd.sock')));
    assert.equal(await machine.sh("systemctl list-units --all --no-legend 'secrets*'"), '');
    assert.match(await machine.sh('systemctl is-system-running'), /running/);
  });
});
