// SPDX-License-Identifier: MIT
// The shipped systemd units and nginx configuration, unchanged.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { pageHeaders } from '../../../web/headers.mjs';
import { edit, freePort, has, shipped, startNginx } from '../support/nginx.mjs';
import { startServer, top } from '../support/server.mjs';

const run = promisify(execFile);

function exposure(folder) {
  const out = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', join(folder, 'secretsd.service')], { encoding: 'utf8' });
  return Number(/Overall exposure level for .*: ([0-9.]+)/.exec(out)[1]);
}

test('every shipped proxy that names the client takes away the name of a user', () => {
  const files = ['nginx', 'proxy'].flatMap((folder) => readdirSync(join(top, 'deploy', folder)).map((name) => join(top, 'deploy', folder, name)));
  const settings = (file) => readFileSync(file, 'utf8').replaceAll(/^\s*#.*$/gm, '');
  const naming = files.filter((file) => settings(file).includes('X-Forwarded-For'))
    .filter((file) => !file.endsWith('/nginx/sign-in.conf')); // names the client to oauth2-proxy, not to the server
  assert.ok(naming.length >= 6, String(naming));
  for (const file of naming) assert.match(settings(file), /X-Forwarded-User/, file);
});

describe('systemd units', { skip: !has('systemd-analyze') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'units-'));
  const unit = readFileSync(join(top, 'deploy/systemd/secretsd.service'), 'utf8');
  const place = (name, text) => writeFileSync(join(folder, name), text);
  after(() => rmSync(folder, { recursive: true }));

  test('over the unix socket the exposure is at most 0.4', () => {
    place('secretsd.service', unit);
    assert.ok(exposure(folder) <= 0.4, String(exposure(folder)));
  });

  test('over loopback TCP it is the same: the socket has the port, the service no network', () => {
    const sections = [...readFileSync(join(top, 'deploy/systemd/secretsd-tcp.conf'), 'utf8').matchAll(/^\[.*\]$/gm)].map(([section]) => section);
    assert.deepEqual(sections, ['[Socket]']);
  });

  test('with metrics on loopback it is at most 1.1', () => {
    place('secretsd.service', unit);
    mkdirSync(join(folder, 'secretsd.service.d'));
    place('secretsd.service.d/metrics.conf', readFileSync(join(top, 'deploy/systemd/secretsd-metrics.conf'), 'utf8'));
    assert.ok(exposure(folder) <= 1.1, String(exposure(folder)));
    rmSync(join(folder, 'secretsd.service.d'), { recursive: true });
  });

  test('the drop-in for LXC turns off each option that needs a namespace, and no other', () => {
    // What makes systemd set up a namespace (systemd.exec(5)), and what DynamicUser= implies.
    const namespaced = /^(DynamicUser|Protect(System|Home|Proc|Hostname|KernelTunables|KernelModules|KernelLogs|ControlGroups)|ProcSubset|Private[A-Z]\w*)=(.*)$/;
    const text = readFileSync(join(top, 'deploy/systemd/secretsd-lxc.conf'), 'utf8');
    const names = (lines) => lines.split('\n').map((line) => namespaced.exec(line)?.[1]).filter(Boolean).sort();
    assert.deepEqual(names(text), names(unit));
    assert.ok(names(unit).length > 14);
    const settings = text.split('\n').filter((line) => /^\w+=/.test(line));
    for (const line of settings) assert.match(line, /^(\w+=(no|default|all)|(User|Group)=secretsd)$/);
    place('secretsd.service', unit);
    mkdirSync(join(folder, 'secretsd.service.d'));
    place('secretsd.service.d/lxc.conf', text);
    // The filters of system calls, addresses and devices stay.
    assert.ok(exposure(folder) <= 3, String(exposure(folder)));
    rmSync(join(folder, 'secretsd.service.d'), { recursive: true });
  });

  test('control: without its hardening the same unit is exposed', () => {
    place('secretsd.service', unit.split('\n').filter((line) => /^(\[|Exec|Type|$)/.test(line)).join('\n'));
    assert.ok(exposure(folder) > 9);
  });
});

describe('nginx in front', { skip: !has('nginx') || !has('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const agent = new https.Agent({ keepAlive: true, maxSockets: 4 });
  let server, nginx, port;

  before(async () => {
    mkdirSync(join(folder, 'brand'));
    writeFileSync(join(folder, 'brand/brand.json'), '{ "name": "Nordwind", "logo": "n.svg" }');
    writeFileSync(join(folder, 'brand/n.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    server = await startServer({ env: { SECRETS_LISTEN: `unix:${folder}/secretsd.sock`, SECRETS_RATE_CREATE: '12', SECRETS_BRAND: join(folder, 'brand') } });
    nginx = await startNginx({ folder });
    port = nginx.port;
  });

  after(async () => {
    agent.destroy();
    await nginx?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function send(method, path, { body, headers = {} } = {}) {
    return new Promise((done, failed) => {
      const req = https.request({ host: '127.0.0.1', port, method, path, agent, rejectUnauthorized: false, headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) } }, (res) => {
        const pieces = [];
        res.on('data', (piece) => pieces.push(piece));
        res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(pieces).toString() }));
      });
      req.on('error', failed);
      req.end(body);
    });
  }

  const handshake = (...options) =>
    run('sh', ['-c', `openssl s_client -connect 127.0.0.1:${port} ${options.join(' ')} </dev/null 2>&1`]).then((r) => r.stdout, (e) => e.stdout);

  test('TLS 1.3 alone', async () => {
    assert.match(await handshake('-tls1_3'), /New, TLSv1\.3, Cipher is TLS_/);
    for (const old of ['-tls1_2', '-tls1_1 -cipher DEFAULT@SECLEVEL=0', '-tls1 -cipher DEFAULT@SECLEVEL=0'])
      assert.match(await handshake(old), /Cipher is \(NONE\)/, old);
  });

  test('the logo of a brand comes from the server, with a policy of its own', async () => {
    assert.equal(JSON.parse((await send('GET', '/api/v1/config')).body).brand.logo, 'brand/logo.svg');
    const { status, headers } = await send('GET', '/brand/logo.svg');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'image/svg+xml');
    assert.match(headers['content-security-policy'], /sandbox$/);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  });

  test('every answer says to come back by TLS alone, and not whose server it is', async () => {
    for (const path of ['/', '/nothing', '/metrics', '/api/v1/config']) {
      const answer = await send('GET', path);
      assert.equal(answer.headers['strict-transport-security'], 'max-age=63072000', path);
      assert.doesNotMatch(answer.headers.server ?? '', /[0-9]/, path);
    }
  });

  test('figures and readiness stay inside', async () => {
    assert.equal((await send('GET', '/metrics')).status, 404);
    assert.equal((await send('GET', '/readyz')).status, 404);
    assert.equal((await send('GET', '/healthz')).status, 200);
  });

  test('bodies are bounded by the route', async () => {
    for (const [path, size] of [['/decrypt', 5 << 10], ['/api/v1/secrets', 300 << 10], ['/encrypt', 12 << 20], ['/x', 2 << 10]])
      assert.equal((await send('POST', path, { body: 'x'.repeat(size) })).status, 413, path);
  });

  test('no client names a user, in whatever case and spelling', async () => {
    const mine = mkdtempSync(join(tmpdir(), 'nginx-user-'));
    const wary = await startServer({ env: { SECRETS_LISTEN: `unix:${mine}/secretsd.sock`, SECRETS_OPEN_LISTEN: `unix:${mine}/secretsd-open.sock`, SECRETS_CREATE: 'user', SECRETS_USER_HEADER: 'X-Forwarded-User', SECRETS_USER_PROXIES: 'unix' } });
    // A second name, on a port of its own, which opens only.
    const opening = await freePort();
    const second = edit(shipped('nginx/open.conf'), {
      '/run/secretsd-open.sock': `${mine}/secretsd-open.sock`, 'listen 443 ssl http2;': `listen 127.0.0.1:${opening} ssl http2;`,
      '/etc/ssl/secretsd/open-': `${mine}/`, '/var/log/nginx/': `${mine}/`, '/run/secretsd-nginx/': `${mine}/temp-`,
    }).replace(/listen \[::\].*\n/g, '');
    const front = await startNginx({ folder: mine, also: second });
    const ask = (at, headers) => new Promise((done, failed) => {
      const body = '{"secret":"x"}';
      https.request({ host: '127.0.0.1', port: at, method: 'POST', path: '/encrypt', agent: false, rejectUnauthorized: false, headers: { ...headers, 'Content-Length': body.length } }, (res) => {
        res.resume().on('end', () => done(res.statusCode));
      }).on('error', failed).end(body);
    });
    try {
      for (const name of ['X-Forwarded-User', 'x-forwarded-USER', 'X_Forwarded_User', 'X-Forwarded_User']) {
        assert.equal(await ask(front.port, { [name]: 'ada' }), 401, name);
        assert.equal(await ask(front.port, { [name]: ['ada', 'eve'] }), 401, name);
        assert.equal(await ask(opening, { [name]: 'ada' }), 404, name);
      }
      // The control: without nginx the header names a user.
      const direct = { socketPath: wary.socket, method: 'POST', path: '/encrypt', headers: { 'X-Forwarded-User': 'ada', 'Content-Length': 14 } };
      const status = await new Promise((done) => { httpRequest(direct, (res) => done(res.resume().statusCode)).end('{"secret":"x"}'); });
      assert.equal(status, 200);
    } finally {
      await front.stop();
      await wary.stop();
      rmSync(mine, { recursive: true, force: true });
    }
  });

  test('a secret goes through, and nginx keeps nothing of it', async () => {
    const canary = `canary-${process.pid}-${Date.now()}`;
    const made = await send('POST', '/encrypt', { body: JSON.stringify({ secret: canary + 'x'.repeat(300_000) }) });
    assert.equal(made.status, 200);
    const { secret_id: id, passphrase } = JSON.parse(made.body);
    await send('GET', `/secret/${id}`);
    const opened = await send('POST', '/decrypt', { body: made.body });
    assert.ok(JSON.parse(opened.body).data.startsWith(canary));
    for (const file of filesBelow(folder)) {
      const text = readFileSync(file, 'latin1');
      for (const secret of [canary, id, passphrase]) assert.ok(!text.includes(secret), `${file} holds it`);
    }
    assert.match(readFileSync(join(folder, 'secretsd.log'), 'latin1'), / POST 200 /);
  });

  test('answers that hold something are never compressed, whatever nginx does elsewhere', async () => {
    const headers = { 'Accept-Encoding': 'gzip, deflate, br' };
    const made = await send('POST', '/encrypt', { body: JSON.stringify({ secret: 'x'.repeat(10_000) }), headers });
    const opened = await send('POST', '/decrypt', { body: made.body, headers });
    assert.equal(opened.status, 200);
    assert.equal(opened.headers['content-length'], String(opened.body.length));
    for (const answer of [made, opened, await send('GET', '/api/v1/config', { headers }), await send('GET', '/nothing', { headers })])
      assert.equal(answer.headers['content-encoding'], undefined);
    // Control: the page, which is the same for everybody, is.
    assert.equal((await send('GET', '/', { headers })).headers['content-encoding'], 'gzip');
  });

  test('whatever a client says of its address, it is one client', async () => {
    const forms = [
      ['X-Forwarded-For', '203.0.113.1'], ['X-Forwarded-For', '203.0.113.2, 10.0.0.1'], ['X-Forwarded-For', 'unknown'],
      ['X-Forwarded-For', '2001:db8::1'], ['X-Forwarded-For', '[2001:db8::2]:80'], ['X-Forwarded-For', '127.0.0.1, 203.0.113.3'],
      ['X-Forwarded-For', ', , 203.0.113.4'], ['X-Forwarded-For', ''], ['X_Forwarded_For', '203.0.113.5'], ['X-Real-IP', '203.0.113.6'],
      ['X-Real-IP', '::1'], ['X_Real_IP', '203.0.113.7'], ['Forwarded', 'for=203.0.113.8'], ['Forwarded', 'for="[2001:db8::3]"'],
      ['X-Client-IP', '203.0.113.9'], ['True-Client-IP', '203.0.113.10'], ['CF-Connecting-IP', '203.0.113.11'], ['X-Forwarded', 'for=203.0.113.12'],
      ['X-Originating-IP', '203.0.113.13'], ['Via', '1.1 203.0.113.14'],
    ];
    const body = JSON.stringify({ secret: 'x' });
    let spent = 0;
    while ((await send('POST', '/encrypt', { body })).status === 200) assert.ok(++spent <= 12);
    for (const [name, value] of forms) {
      const answer = await send('POST', '/encrypt', { body, headers: { [name]: value } });
      assert.equal(answer.status, 429, `${name}: ${value}`);
      assert.ok(Number(answer.headers['retry-after'] ?? 1) > 0);
    }
  });
});

test('nginx counts an IPv6 /64 as one client, and IPv4 by address', { skip: !has('nginx') || !has('openssl') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-64-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const nginx = await startNginx({ folder, also: 'set_real_ip_from 127.0.0.1;\nreal_ip_header X-Test-Client;' });
  t.after(() => nginx.stop());
  const agent = new https.Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const send = (client) => new Promise((done, failed) => {
    https.get({ host: '127.0.0.1', port: nginx.port, path: '/api/v1/config', agent, rejectUnauthorized: false, headers: { 'X-Test-Client': client } }, (res) => {
      res.resume().on('end', () => done(res.statusCode));
    }).on('error', failed);
  });
  // There is no server behind it: what nginx lets through gets 502.
  const refused = async (client) => {
    const statuses = await Promise.all(Array.from({ length: 250 }, (_, i) => send(client(i + 1))));
    assert.ok(statuses.every((status) => status === 429 || status === 502), statuses.join());
    return statuses.filter((status) => status === 429).length;
  };
  assert.ok(await refused((i) => `2001:db8:0:a0a::${i.toString(16)}`) > 0, 'one /64'); // 0x0a is a line feed
  assert.equal(await refused((i) => `2001:db8:1:${i.toString(16)}::1`), 0, 'as many /64s');
  assert.equal(await refused((i) => `192.0.2.${i}`), 0, 'as many IPv4 addresses');
});

describe('nginx serves the page itself', { skip: !has('nginx') || !has('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-page-'));
  let server, nginx;
  let seen = 0;

  // nginx writes its line after it has sent the response.
  async function asked() {
    for (;;) {
      const lines = readFileSync(join(folder, 'upstream.log'), 'utf8').split('\n').slice(0, -1);
      if (lines.length > seen) return lines[seen++].replace(/ \S+$/, ''); // the statuses
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  before(async () => {
    execFileSync('make', ['-s', 'install-web', `DESTDIR=${folder}/root`, 'PREFIX=/usr'], { cwd: top });
    server = await startServer({ env: { SECRETS_LISTEN: `unix:${folder}/secretsd.sock` } });
    nginx = await startNginx({ folder, counted: true, web: join(folder, 'root/usr/share/secretsd/web') });
  });

  after(async () => {
    await nginx?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const fetch = (path, encoding = 'identity') => new Promise((done, failed) => {
    https.get({ host: '127.0.0.1', port: nginx.port, path, agent: false, rejectUnauthorized: false, headers: { 'Accept-Encoding': encoding } }, (res) => {
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(pieces) }));
    }).on('error', failed);
  });

  test('every file as it was built, with the headers of the server, which is not asked', async () => {
    for (const name of ['', ...readdirSync(join(top, 'build/web')).filter((each) => each !== '_headers')]) {
      const plain = await fetch(`/${name}`);
      assert.equal(await asked(), '200 -', name);
      assert.equal(plain.status, 200, name);
      assert.deepEqual(plain.body, readFileSync(join(top, 'build/web', name || 'index.html')));
      for (const [header, value] of Object.entries(pageHeaders)) assert.equal(plain.headers[header.toLowerCase()], value, `${name}: ${header}`);
      assert.equal(plain.headers['strict-transport-security'], 'max-age=63072000');
      if (/\.json$|SUMS$/.test(name)) continue;
      const packed = await fetch(`/${name}`, 'gzip');
      assert.equal(packed.headers['content-encoding'], 'gzip', name);
      assert.equal(await asked(), '200 -', name);
      assert.deepEqual(gunzipSync(packed.body), plain.body);
    }
  });

  test('old links, mangled links and all else come from the server', async () => {
    for (const [path, status] of [['/secret/AAAAAAAAAAAAAAAA', 200], ['/%23AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 200], ['/nothing', 404], ['/_headers', 404]]) {
      assert.equal((await fetch(path)).status, status, path);
      assert.equal(await asked(), `${status} ${status}`, path);
    }
  });
});

function* filesBelow(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const info = statSync(path);
    if (info.isDirectory()) yield* filesBelow(path);
    else if (info.isFile()) yield path;
  }
}
