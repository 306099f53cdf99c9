// SPDX-License-Identifier: MIT
// Who may create, on a running server: the table of every route, right and plane, the file of API tokens
// while it changes, and headers that are forged.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { checkTable, INSIDE, NETWORK, USER_HEADER } from '../support/access-table.mjs';
import { describedApi, send } from '../support/api.mjs';
import { ctl } from '../support/ctl.mjs';
import { assertSandboxed, runServer, startServer } from '../support/server.mjs';

const makeToken = () => randomBytes(32).toString('base64url');
const line = (name, token) => `${name} ${createHash('sha256').update(token).digest('hex')}\n`;

function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-access-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves to the milliseconds until ${probe} resolves to true, at most 5 s and what a loaded machine adds. */
async function within5s(probe) {
  const from = Date.now();
  while (!(await probe())) {
    assert.ok(Date.now() - from < 8000, 'the change took effect in time');
    await sleep(100);
  }
}

/** The port of the listener that opens only. */
const openPort = (server) => Number(/ open_only=\S+:(\d+)\//.exec(server.stderr())[1]);

test('every route, right and plane gives what it should', async (t) => {
  const file = join(scratch(t), 'tokens');
  const token = makeToken();
  writeFileSync(file, line('ci', token));
  const env = {
    SECRETS_CREATE: `token, user, ${NETWORK}`, SECRETS_API_TOKENS: file, SECRETS_USER_HEADER: USER_HEADER,
    SECRETS_USER_PROXIES: '127.0.0.1', SECRETS_OPEN_LISTEN: '127.0.0.1:0', SECRETS_TRUSTED_PROXIES: '127.0.0.0/8',
  };
  // The same store and rules, but the peer is not one that may name users.
  const trusting = await startServer({ env });
  const wary = await startServer({ env: { ...env, SECRETS_USER_PROXIES: '192.0.2.1, unix' } });
  const agent = new Agent({ keepAlive: true });
  // The first secret, and the first request, of each server stand for the same one.
  const made = { '/api/v1/secrets': new Map(), '/api/v1/requests': new Map() };
  const ask = async (plane, right, method, path, options = {}) => {
    const server = right === 'forged' ? wary : trusting;
    const headers = { none: {}, token: {}, user: { [USER_HEADER]: 'ada' }, forged: { [USER_HEADER]: 'ada' }, network: { 'X-Forwarded-For': INSIDE } }[right];
    const first = made[path];
    if (first !== undefined && !first.has(wary)) {
      first.set(wary, '');
      const other = await send({ port: wary.port }, agent, method, path, { ...options, headers, token });
      first.set(wary, other.json.id);
    }
    let of = path;
    for (const ids of Object.values(made))
      if (server === wary && ids.get(trusting) !== undefined) of = of.replace(ids.get(trusting), ids.get(wary));
    const answer = await send({ port: plane === 'open' ? openPort(server) : server.port }, agent, method, of, { ...options, headers, ...(right === 'token' && { token }) });
    if (first !== undefined && !first.has(trusting)) first.set(trusting, answer.json.id);
    return answer;
  };
  try {
    assertSandboxed(trusting);
    await checkTable(ask);
    // What was shared on the main plane is opened on the open one.
    const { json } = await ask('main', 'user', 'POST', '/encrypt', { json: { secret: 'for all' } });
    assert.equal((await ask('open', 'none', 'POST', '/decrypt', { json })).json.data, 'for all');
  } finally {
    agent.destroy();
    for (const server of [trusting, wary]) await server.stop();
  }
});

test('tokens are read again when the file changes, and a file that is not understood changes nothing', async (t) => {
  const file = join(scratch(t), 'tokens');
  const { stdout: made, stderr, code } = await ctl(['token', 'one']);
  assert.deepEqual([code, stderr], [0, '']);
  const [one, itsLine] = made.split('\n');
  const two = makeToken();
  assert.equal(`${itsLine}\n`, line('one', one));
  writeFileSync(file, `${itsLine}\n`);
  const server = await startServer({ env: { SECRETS_CREATE: 'token', SECRETS_API_TOKENS: file } });
  const api = describedApi(server);
  const status = async (token) => (await api.ask('POST', '/encrypt', { json: { secret: 'x' }, token })).status;
  try {
    assertSandboxed(server);
    assert.deepEqual([await status(), await status(two), await status(one)], [401, 401, 200]);

    // In place, and by another file that takes its name, as editors and configuration tools do it.
    writeFileSync(file, line('one', one) + line('two', two));
    await within5s(async () => (await status(two)) === 200);
    writeFileSync(`${file}.new`, line('two', two));
    renameSync(`${file}.new`, file);
    await within5s(async () => (await status(one)) === 401);
    assert.equal(await status(two), 200);

    // Not understood, and gone: the last good one stays, and the log says so once.
    writeFileSync(file, line('one', one) + 'oops\n');
    await within5s(() => /event=tokens .*line 2/.test(server.stderr()));
    rmSync(file);
    await within5s(() => /event=tokens .*No such file/.test(server.stderr()));
    await sleep(1500);
    assert.deepEqual([await status(one), await status(two)], [401, 200]);
    assert.equal(server.stderr().match(/event=tokens .*No such file/g).length, 1);

    // It comes back.
    writeFileSync(file, line('one', one));
    await within5s(async () => (await status(one)) === 200);
    for (const token of [one, two]) assert.ok(!server.stderr().includes(token));
  } finally {
    api.close();
    await server.stop();
  }
});

test('without a file of tokens that can be used the server does not start', async (t) => {
  const folder = scratch(t);
  const start = (path) => runServer({ env: { SECRETS_DATA: join(folder, 'data'), SECRETS_LISTEN: '127.0.0.1:0', SECRETS_CREATE: 'token', SECRETS_API_TOKENS: path } });
  writeFileSync(join(folder, 'bad'), 'one 123\n');
  for (const [path, reason] of [[join(folder, 'none'), 'No such file'], [folder, 'not a file'], [join(folder, 'bad'), 'line 1']]) {
    const { code, stderr } = await start(path);
    assert.equal(code, 2);
    assert.ok(stderr.includes('SECRETS_API_TOKENS') && stderr.includes(reason), stderr);
  }
});

/** Send ${lines} as the head of a create over TCP to ${port}, or to a unix socket; resolves to the status. */
function sendRaw(at, lines) {
  const body = '{"secret":"x"}';
  const head = ['POST /encrypt HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', `Content-Length: ${body.length}`, ...lines];
  return new Promise((done, failed) => {
    const socket = connect(at);
    let text = '';
    socket.on('data', (piece) => (text += piece));
    socket.on('end', () => done(Number(text.split(' ')[1])));
    socket.on('error', failed);
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

test('only the header of a listed proxy names a user', async (t) => {
  const env = { SECRETS_CREATE: 'user', SECRETS_USER_HEADER: 'X-Forwarded-User' };
  const ada = 'X-Forwarded-User: ada';
  const rows = [
    // [lines, status by a listed proxy]
    [[ada], 200],
    [['x-forwarded-USER:   ada  '], 200],
    [['X-Forwarded-User: M\u00fcller, J.'], 200],
    [[], 401],
    [['X-Forwarded-User:'], 401],
    [['X-Forwarded-User: token:backup'], 401],
    [[ada, ada], 401],
    [[ada, 'x-forwarded-user: eve'], 401],
    [['X_Forwarded_User: ada'], 401],
    [['X-Forwarded_User: ada'], 401],
    [['X-Forwarded-Users: ada'], 401],
    [[`X-Forwarded-User: ${'x'.repeat(256)}`], 401],
    [['X-Forwarded-User: a\tb'], 401],
    [[ada, 'Sec-Fetch-Site: same-origin'], 200],
    [[ada, 'Sec-Fetch-Site: none'], 200],
    [[ada, 'Origin: http://127.0.0.1'], 200],
    [[ada, 'Origin: http://127.0.0.1:81'], 401],
    [[ada, 'Origin: null'], 401],
  ];
  const socket = join(scratch(t), 'socket');
  const servers = [
    // A proxy on the loopback that is listed, one that is not, and the same over a unix socket.
    [await startServer({ env: { ...env, SECRETS_USER_PROXIES: '127.0.0.1' } }), true],
    [await startServer({ env: { ...env, SECRETS_USER_PROXIES: '192.0.2.1, unix' } }), false],
    [await startServer({ env: { ...env, SECRETS_USER_PROXIES: 'unix', SECRETS_LISTEN: `unix:${socket}` } }), true],
    [await startServer({ env: { ...env, SECRETS_USER_PROXIES: '127.0.0.0/8', SECRETS_LISTEN: `unix:${socket}2` } }), false],
  ];
  try {
    for (const [server, listed] of servers)
      for (const [lines, status] of rows)
        assert.equal(await sendRaw(server.socket ? { path: server.socket } : { port: server.port, host: '127.0.0.1' }, lines), listed ? status : 401, `${server.socket ?? server.url} ${lines}`);
  } finally {
    for (const [server] of servers) await server.stop();
  }
});

test('a network counts for the client, never for a proxy that names none', async () => {
  const server = await startServer({ env: { SECRETS_CREATE: '198.51.100.0/24', SECRETS_TRUSTED_PROXIES: '127.0.0.1, 198.51.100.9' } });
  const rows = [
    [[], 401],
    [['X-Forwarded-For: 198.51.100.7'], 200],
    [['X-Forwarded-For: 203.0.113.1, 198.51.100.7'], 200],
    [['X-Forwarded-For: 198.51.100.7, 203.0.113.1'], 401], // what the client wrote itself
    [['X-Forwarded-For: 198.51.100.9'], 401], // a second proxy, which names no client
    [['X-Forwarded-For: nobody, 198.51.100.9'], 401],
    [['X-Forwarded-For: 198.51.100.7, 198.51.100.9'], 200],
    [['X-Forwarded-For: '], 401],
    [['X-Forwarded_For: 198.51.100.7'], 401],
    [['X-Real-IP: 198.51.100.7'], 401],
    [['Forwarded: for=198.51.100.7'], 401],
  ];
  try {
    for (const [lines, status] of rows) assert.equal(await sendRaw({ port: server.port, host: '127.0.0.1' }, lines), status, lines.join());
  } finally {
    await server.stop();
  }
});
