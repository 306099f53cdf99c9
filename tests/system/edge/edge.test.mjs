// SPDX-License-Identifier: MIT
// The edge of the server: malformed and smuggled requests, directly and through nginx.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { Connection, create, sealed } from '../support/client.mjs';
import { answersIn, hostileRequests } from '../support/hostile.mjs';
import { freePort, has, startNginx } from '../support/nginx.mjs';
import { patience, startServer } from '../support/server.mjs';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const logged = (server) => (server.stderr().match(/ event=request /g) ?? []).length;

/** A secret, and the request that burns it. */
async function canary(server) {
  const connection = new Connection(server);
  const secret = await create(connection, sealed());
  return {
    burn: `DELETE /api/v1/secrets/${secret.id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secret.owner}\r\nContent-Length: 0\r\n\r\n`,
    /** Whether it is still there. */
    async lives() {
      const asking = new Connection(server);
      const { status } = await asking.request('GET', `/api/v1/secrets/${secret.id}`);
      asking.close();
      return status === 200;
    },
    close: () => connection.close(),
  };
}

/** Send ${text} on ${socket}; resolves to all that came until its end, or rejects if that does not come. */
function exchange(socket, text, { byByte = false } = {}) {
  return new Promise((done, failed) => {
    const pieces = [];
    const late = setTimeout(() => {
      socket.destroy();
      failed(new Error('the connection stays open'));
    }, 8000 * patience);
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      done(Buffer.concat(pieces));
    });
    const bytes = Buffer.from(text, 'latin1');
    if (!byByte) socket.write(bytes);
    else (async () => {
      for (const byte of bytes) {
        socket.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    })();
  });
}

/** What is wrong with the answers to ${request}, or undefined. */
function wrong({ answers }, bytes) {
  let got;
  try {
    got = answersIn(bytes);
  } catch (error) {
    return error.message;
  }
  const right = answers === 0 ? got.length <= 1 && got.every(({ status, close }) => status >= 400 && close) : got.length === answers;
  return right ? undefined : `answers ${got.map(({ status }) => status).join(' ')}`;
}

test('malformed requests are refused and end the connection, legal ones get one answer each', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const secret = await canary(server);
  t.after(() => secret.close());
  const requests = hostileRequests(secret.burn);
  assert.ok(requests.length >= 150);
  assert.equal(new Set(requests.map(({ text }) => text)).size, requests.length, 'all differ');
  const failures = [];
  for (let i = 0; i < requests.length; i += 16)
    await Promise.all(requests.slice(i, i + 16).map(async (request) => {
      const complaint = wrong(request, await exchange(connect(server.port, '127.0.0.1'), request.text));
      if (complaint !== undefined) failures.push(`${request.name}: ${complaint}`);
    }));
  assert.deepEqual(failures, []);
  assert.ok(await secret.lives(), 'a smuggled request was carried out');
  for (const request of requests.filter(({ name }) => /^legal: (one|two in one piece|a cookie|names of all|blanks)/.test(name)))
    assert.equal(wrong(request, await exchange(connect({ port: server.port, host: '127.0.0.1', noDelay: true }), request.text, { byByte: true })), undefined, `${request.name}, by the byte`);
  t.diagnostic(`${requests.length} requests, ${requests.filter(({ answers }) => answers === 0).length} of them to be refused`);

  // Control: what the table hides would be carried out if it stood in the open.
  await exchange(connect(server.port, '127.0.0.1'), secret.burn + requests.at(-1).text);
  assert.ok(!(await secret.lives()), 'the canary is alive whatever happens');
});

test('what is too long is refused at once, and says so', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const get = (target, fields = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
  for (const [name, status, text] of [
    ['65 parameters', 400, get(`/healthz?${'a&'.repeat(64)}a`)],
    ['300 parameters', 400, get(`/healthz?${'a=b&'.repeat(299)}a`)],
    ['3,000 parameters', 400, get(`/healthz?${'a&'.repeat(2999)}a`)],
    ['3,000 parameters of a body', 400, `POST /encrypt?${'a&'.repeat(2999)}a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`],
    ['a target of 17 KB', 414, get(`/${'a'.repeat(17_000)}`)],
    ['a query of 17 KB', 414, get(`/healthz?${'a'.repeat(17_000)}`)],
    ['a header of 17 KB', 431, get('/healthz', `X-Other: ${'a'.repeat(17_000)}\r\n`)],
    ['300 headers', 431, get('/healthz', 'a: b\r\n'.repeat(300))],
    ['3,000 headers', 431, get('/healthz', 'a: b\r\n'.repeat(3000))],
  ]) {
    const began = Date.now();
    const [answer, ...more] = answersIn(await exchange(connect(server.port, '127.0.0.1'), text));
    assert.deepEqual({ ...answer, more: more.length }, { status, close: true, more: 0 }, name);
    assert.ok(Date.now() - began < 5000 * patience, `${name} took ${Date.now() - began} ms`); // never, else
  }
  const c = new Connection(server);
  assert.equal((await c.request('GET', `/healthz?${'a&'.repeat(63)}a`)).status, 200);
  assert.equal((await c.request('POST', '/encrypt?a=b&file_name=a%20%26b&c', { body: 'x' })).status, 200);
  c.close();
});

test('a head of 16 KiB and 128 lines is taken, and one more of either is refused before any work', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const classic = JSON.stringify({ secret_id: 'a'.repeat(16), passphrase: 'a'.repeat(32) });
  const of = (line, body) => (fields) => {
    const length = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    return [`${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}${length}\r\n`, body ?? ''];
  };
  const requests = { page: [of('GET /'), 200], decrypt: [of('POST /decrypt', classic), 404], encrypt: [of('POST /encrypt?file_name=a', 'x'.repeat(50_000)), 200] };
  const LARGEST = 16 * 1024;
  const LINES = 128;
  let asked = 0;
  for (const [what, [make, right]] of Object.entries(requests)) {
    const empty = make('')[0];
    const room = LARGEST - empty.length;
    const lines = LINES - (empty.split('\r\n').length - 3);
    const cookies = Math.floor((room - 'Cookie: \r\n'.length) / 5);
    for (const [kind, fields, status] of [
      ['one header', `X-A: ${'a'.repeat(room - 7)}\r\n`, right],
      ['one header', `X-A: ${'a'.repeat(room - 6)}\r\n`, 431],
      ['short headers', 'a: b\r\n'.repeat(lines), right],
      ['short headers', 'a: b\r\n'.repeat(lines + 1), 431],
      ['cookies', `Cookie: ${'a=b; '.repeat(cookies)}\r\n`, right],
      ['cookies', `Cookie: ${'a=b; '.repeat(cookies + 1)}\r\n`, 431],
    ]) {
      const [answer, ...more] = answersIn(await exchange(connect(server.port, '127.0.0.1'), make(fields).join('')));
      assert.equal(answer?.status, status, `${what} with ${kind} of ${fields.length} bytes`);
      assert.equal(more.length, 0);
      asked++;
    }
  }
  assert.doesNotMatch(server.stderr(), /cut=true/);
  t.diagnostic(`${asked} heads`);
});

test('every refusal of a head or of chunks is one problem document with our headers', async (t) => {
  const metrics = await freePort();
  const server = await startServer({ env: { SECRETS_METRICS_LISTEN: `127.0.0.1:${metrics}` } });
  t.after(() => server.stop());
  const refused = new Map();
  const post = (fields) => `POST /encrypt HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\nab`;
  for (const [name, status, code, text] of [
    ['a length with a sign', 400, 'malformed', post('Content-Length: +2')],
    ['a list of lengths', 400, 'malformed', post('Content-Length: 2, 2')],
    ['two lengths', 400, 'malformed', post('Content-Length: 2\r\nContent-Length: 3')],
    ['a hexadecimal length', 400, 'malformed', post('Content-Length: 0x2')],
    ['an empty length', 400, 'malformed', post('Content-Length: ')],
    ['a length that no number holds', 413, 'too_large', post('Content-Length: 99999999999999999999999')],
    ['no Host', 400, 'malformed', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['a later version', 505, 'unsupported_version', 'GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n'],
    ['a long target', 414, 'target_too_long', `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a long header', 431, 'head_too_large', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`],
    ['no chunk', 400, 'malformed', post('Transfer-Encoding: chunked').replace('ab', 'xx')],
    ['another coding than chunks', 400, 'malformed', post('Transfer-Encoding: gzip')],
    ['a version without a slash', 400, 'malformed', 'GET /healthz HTTP1.1\r\nHost: x\r\n\r\n'],
    ['a version with two digits', 400, 'malformed', 'GET /healthz HTTP/1.10\r\nHost: x\r\n\r\n'],
    ['no version', 400, 'malformed', 'GET /healthz\r\n\r\n'],
    ['HTTP/2', 505, 'unsupported_version', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a long method', 414, 'target_too_long', `${'A'.repeat(17_000)} / HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a long name', 431, 'head_too_large', `GET / HTTP/1.1\r\nHost: x\r\n${'a'.repeat(17_000)}: b\r\n\r\n`],
    ['cookies', 431, 'head_too_large', `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'a=b; '.repeat(4000)}\r\n\r\n`],
    ['8 bits in a name', 400, 'malformed', 'GET / HTTP/1.1\r\nHost: x\r\nX-\xe4: b\r\n\r\n'],
    ['8 bits in a method', 400, 'malformed', 'G\xcbT / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['NUL in a name', 400, 'malformed', 'GET / HTTP/1.1\r\nHost: x\r\nX\0A: b\r\n\r\n'],
    ['no colon', 400, 'malformed', 'GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n'],
    ['CONNECT', 400, 'malformed', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['NUL in a target', 400, 'malformed', `GET /${'\0'.repeat(8000)}?${'a&'.repeat(30)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a bare LF, before the head is complete', 400, 'malformed', 'GET / HTTP/1.1\nHost: x\n'],
    ['a size with 0x', 400, 'malformed', post('Transfer-Encoding: chunked').replace('ab', '0x1\r\na\r\n')],
    ['a bare LF behind a size', 400, 'malformed', post('Transfer-Encoding: chunked').replace('ab', '2\nab\r\n0\r\n\r\n')],
    ['chunks of more than the route takes', 413, 'too_large', `POST /decrypt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n${' '.repeat(4097)}\r\n0\r\n\r\n`],
    ['two hosts', 400, 'malformed', 'GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n'],
  ]) {
    const bytes = (await exchange(connect(server.port, '127.0.0.1'), text)).toString('latin1');
    const [head, body, ...more] = bytes.split('\r\n\r\n');
    assert.equal(bytes.match(/HTTP\/1\.1 \d/g)?.length, 1, `${name}: one head: ${bytes}`);
    assert.equal(more.length, 0, name);
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\S`), `${name}: ${head}`);
    assert.deepEqual({ status: JSON.parse(body).status, code: JSON.parse(body).code }, { status, code }, name);
    for (const field of ['Content-Type: application/problem\\+json', 'Secrets-Answer: 1', 'Connection: close', 'Cache-Control: no-store', 'X-Content-Type-Options: nosniff', `Content-Length: ${body.length}`, 'Date: \\w{3}, \\d\\d '])
      assert.match(head, new RegExp(`\\r\\n${field}`, 'i'), `${name}: ${head}`);
    refused.set(status, (refused.get(status) ?? 0) + 1);
  }

  // The log and the metrics have each of them once, with the status that was sent.
  const sum = [...refused.values()].reduce((a, b) => a + b);
  for (let i = 0; i < 500 * patience && logged(server) < sum; i++) await pause(10);
  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  const counted = new Map();
  for (const [, code, n] of text.matchAll(/^secrets_request_seconds_count\{route="[^"]+",code="([45]\d+)"\} (\d+)$/gm))
    counted.set(Number(code), (counted.get(Number(code)) ?? 0) + Number(n));
  const lines = [...server.stderr().matchAll(/ event=request route=\S+ status=([45]\d+)( .*)?$/gm)];
  const told = new Map();
  for (const [line, status] of lines) {
    assert.doesNotMatch(line, /cut=true/);
    told.set(Number(status), (told.get(Number(status)) ?? 0) + 1);
  }
  const sorted = (map) => [...map].sort(([a], [b]) => a - b);
  assert.deepEqual(sorted(told), sorted(refused));
  assert.deepEqual(sorted(counted), sorted(refused));
  const c = new Connection(server);
  assert.equal((await c.request('GET', '/healthz')).status, 200);
  c.close();
});

test('a page of another name, made to resolve here, is refused', async (t) => {
  const server = await startServer({ env: { SECRETS_HOSTS: 'share.example', SECRETS_PAGE: 'https://page.example/' } });
  t.after(() => server.stop());
  const ask = async (host, headers = {}) => {
    const c = new Connection(server);
    const { status, body, headers: got } = await c.request('GET', '/api/v1/config', { headers: { Host: host, ...headers } });
    c.close();
    return { status, code: status === 200 ? undefined : JSON.parse(body).code, mark: got['secrets-answer'] };
  };
  const refused = { status: 421, code: 'wrong_host', mark: '1' };
  // A browser names the port that it connected to, and a page may add any header to its own requests.
  assert.deepEqual(await ask(`evil.example:${server.port}`), refused);
  assert.deepEqual(await ask(`evil.example:${server.port}`, { 'X-Forwarded-For': '192.0.2.1' }), refused);
  for (const host of [`127.0.0.1:${server.port}`, `localhost:${server.port}`, `[::1]:${server.port}`, `share.example:${server.port}`, 'page.example', 'any.example', 'any.example:443'])
    assert.equal((await ask(host)).status, 200, host);

  // A peer that is no trusted proxy cannot bring other names at all.
  const open = await startServer({ env: { SECRETS_TRUSTED_PROXIES: '192.0.2.1' } });
  t.after(() => open.stop());
  const c = new Connection(open);
  assert.equal((await c.request('GET', '/healthz', { headers: { Host: 'any.example' } })).status, 421);
  assert.equal((await c.request('GET', '/healthz', { headers: { Host: '127.0.0.1' } })).status, 200);
  c.close();
});

test('a trusted proxy names the client in one header, whatever else it hands on', async (t) => {
  const server = await startServer({ env: { SECRETS_RATE_OPEN: '5' } });
  t.after(() => server.stop());
  const c = new Connection(server);
  t.after(() => c.close());
  const asks = async (name, n) => (await c.request('GET', '/api/v1/secrets/aaaaaaaaaaaaaaaaaaaaaa', { headers: { [name]: `203.0.113.${n}` } })).status;
  for (let n = 0; n < 10; n++) assert.equal(await asks('X-Forwarded-For', n), 404, 'ten clients');
  for (let n = 0; n < 10; n++) assert.equal(await asks(['X-Real-IP', 'Forwarded', 'X-Client-IP'][n % 3], n), n < 5 ? 404 : 429, 'one client');
});

describe('behind nginx', { skip: !has('nginx') || !has('openssl') }, () => {
  test('nginx and the server see the same requests, whatever was sent', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'edge-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const server = await startServer({ env: { SECRETS_LISTEN: `unix:${folder}/secretsd.sock` } });
    t.after(() => server.stop());
    const nginx = await startNginx({ folder, counted: true });
    t.after(() => nginx.stop());
    const secret = await canary(server);
    t.after(() => secret.close());
    const lines = () => readFileSync(join(folder, 'upstream.log'), 'utf8').split('\n').slice(0, -1);
    // nginx may notice what is wrong with a body while it sends it on, and gives up before the server's status comes.
    const forwarded = () => lines().filter((line) => / [1-9]\d*$/.test(line)).length;
    const relayed = () => lines().filter((line) => /^\d+ \d+ /.test(line)).length;
    const answered = () => lines().length;
    const failures = [];
    while (!/status=201/.test(server.stderr())) await pause(10); // the canary's own line
    const start = { logged: logged(server), forwarded: forwarded() };
    const requests = hostileRequests(secret.burn);
    let address = 0;
    for (const request of requests) {
      const before = { logged: logged(server), forwarded: forwarded(), relayed: relayed(), answered: answered() };
      address++; // one of its own for each: nginx bounds what a client may do
      const socket = connectTls({ port: nginx.port, host: '127.0.0.1', localAddress: `127.1.${address >> 8}.${address & 255}`, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
      let answers;
      try {
        const bytes = await exchange(socket, request.text);
        // nginx still speaks HTTP/0.9, whose answers have no head.
        answers = bytes.length > 0 && !bytes.subarray(0, 5).equals(Buffer.from('HTTP/')) ? [{ status: 0.9 }] : answersIn(bytes);
      } catch (error) {
        failures.push(`${request.name}: ${error.message}`);
        continue;
      }
      let seen, sent;
      for (let i = 0; i < 100; i++) {
        seen = logged(server) - before.logged;
        sent = forwarded() - before.forwarded;
        if (seen === sent && answered() - before.answered >= answers.length) break;
        await pause(10);
      }
      if (seen !== sent || answers.length < relayed() - before.relayed)
        failures.push(`${request.name}: the server saw ${seen}, nginx sent ${sent}, and answered ${answers.map(({ status }) => status).join(' ')}; its log: ${lines().slice(before.answered).join(', ')}`);
    }
    assert.deepEqual(failures, []);
    const sent = forwarded() - start.forwarded;
    assert.equal(logged(server) - start.logged, sent);
    assert.ok(await secret.lives(), 'a smuggled request was carried out');
    t.diagnostic(`${requests.length} requests; nginx sent on ${sent}, and as many the server saw`);
  });
});
