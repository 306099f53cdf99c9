// SPDX-License-Identifier: MIT
// The operator's socket and secretsctl, from outside: take down, count, follow.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeRequest } from '../support/api.mjs';
import { base64url, Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { ctl, refOf, startCtl } from '../support/ctl.mjs';
import { assertSandboxed, patience, runServer, startServer } from '../support/server.mjs';

let folder;
let server;
let c;
let env;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secretsd-operator-'));
  env = { SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}` };
  server = await startServer({ data: folder, env: { ...env, SECRETS_PART_SIZE: '64KiB' } });
  assertSandboxed(server);
  c = new Connection(server);
});
after(async () => {
  c?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const auth = (token) => ({ Authorization: `Bearer ${token}` });
const key = 'abcdefghijABCDEFGHIJ0123456789xy';
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const eventsOf = async (id) => lines((await ctl(['events'], { env })).stdout).filter(({ ref }) => ref === refOf(id)).map(({ kind }) => kind);
const open = async (secret, lease = newLease()) =>
  (await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, lease), headers: json })).status;
const until = async (done) => {
  for (let i = 0; i < 100 * patience && !(await done()); i++) await new Promise((r) => setTimeout(r, 50));
  assert.ok(await done());
};

/** Whether a file of the server holds ${bytes}. */
function onDisk(bytes, at = server.data) {
  return readdirSync(at, { withFileTypes: true }).some((entry) => {
    const path = join(at, entry.name);
    return entry.isDirectory() ? onDisk(bytes, path) : readFileSync(path).includes(bytes);
  });
}

/** A secret in parts, complete; with the bytes of its content. */
async function inParts(size) {
  const secret = sealed({ size, views: 2 });
  const bytes = Buffer.from(secret.create.content, 'base64url');
  delete secret.create.content;
  await create(c, secret);
  for (let k = 0; k * 65536 < size; k++) {
    const part = bytes.subarray(k * 65536, (k + 1) * 65536);
    assert.equal((await c.request('PUT', `/api/v1/secrets/${secret.id}/parts/${k}`, { body: part, headers: auth(secret.owner) })).status, 204);
  }
  assert.equal((await c.request('POST', `/api/v1/secrets/${secret.id}/complete`, { headers: auth(secret.owner) })).status, 204);
  return { ...secret, bytes };
}

test('a link is taken down: nobody gets it, the receipt says so, the bytes are gone from the files', async () => {
  for (const make of [() => create(c, sealed({ views: 3, size: 3000 })), () => inParts(150_000)]) {
    const secret = await make();
    const bytes = (secret.bytes ?? Buffer.from(secret.content, 'base64url')).subarray(100, 200);
    const lease = newLease();
    assert.equal(await open(secret, lease), 200);
    assert.ok(onDisk(bytes), 'the control: it is in a file before');

    const { code, stdout, stderr } = await ctl(['remove', `https://share.example.org/#${secret.id}.${key}`], { env });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${refOf(secret.id)}: removed, and its content is erased\n`);
    assert.ok(!onDisk(bytes), 'it is in no file any more');
    assert.equal(await open(secret), 404);
    assert.equal(await open(secret, lease), 404, 'its leases have ended');
    assert.equal((await c.request('GET', `/api/v1/secrets/${secret.id}/parts/0`, { headers: auth(lease) })).status, 404);
    const gone = await c.request('GET', `/api/v1/secrets/${secret.id}`);
    const never = await c.request('GET', `/api/v1/secrets/${'x'.repeat(22)}`);
    assert.deepEqual([gone.status, gone.body.toString()], [404, never.body.toString()]);
    const receipt = JSON.parse((await c.request('GET', `/api/v1/secrets/${secret.id}/receipt`, { headers: auth(secret.owner) })).body);
    assert.equal(receipt.state, 'removed');
    assert.equal(receipt.events.at(-1).event, 'removed');
    assert.deepEqual(await eventsOf(secret.id), ['created', 'opened', 'removed']);
    assert.equal((await ctl(['remove', secret.id], { env })).code, 0, 'again is no error');
  }
});

test('classic links, links that programs mangled, and a list of them', async () => {
  const made = [];
  for (let i = 0; i < 3; i++) made.push(JSON.parse((await c.request('POST', '/encrypt', { body: '{"secret":"x"}' })).body));
  const one = await create(c, sealed());
  const input = `https://h/secret/${made[0].secret_id}\n\n  ${made[1].secret_id}  \r\nhttps://h/%23${one.id}.${key}?utm=1\nhttps://h/#${made[2].secret_id}`;
  const { code, stdout } = await ctl(['remove', '-'], { env, input });
  assert.equal(code, 0, stdout);
  assert.equal(stdout.match(/removed, and its content is erased/g).length, 4);
  for (const body of made) assert.equal((await c.request('POST', '/decrypt', { body: JSON.stringify(body) })).status, 404);
});

test('the events of one secret are printed, by its link or id', async () => {
  const secret = await create(c, sealed({ views: 2 }));
  const other = await create(c, sealed());
  await open(secret);
  await open(other);
  const link = `https://share.example.org/#${secret.id}.${key}`;
  for (const [args, input] of [[[link]], [[secret.id]], [['-'], `\n ${link}\n`], [['-'], `https://h/%23${secret.id}.${key}?utm=1`]]) {
    const { code, stdout, stderr } = await ctl(['events', ...args], { env, input });
    assert.equal(code, 0, stderr);
    assert.deepEqual(lines(stdout).map(({ kind, ref }) => [kind, ref]), [['created', refOf(secret.id)], ['opened', refOf(secret.id)]]);
  }
  const never = await ctl(['events', 'x'.repeat(22)], { env });
  assert.deepEqual([never.code, never.stdout, never.stderr], [3, '', 'secretsctl: the server keeps no event of that\n']);
  for (const [args, input] of [[['nonsense']], [['-'], ''], [['-'], 'https://h/#short']]) {
    const wrong = await ctl(['events', ...args], { env, input });
    assert.deepEqual([wrong.code, wrong.stdout], [2, ''], String(args));
  }
});

/** What ${args} send to a server that says nothing. */
async function sentBy(args, input) {
  const path = join(folder, 'listener.sock');
  let sent = '';
  const listener = createServer((socket) => socket.on('data', (bytes) => socket.end((sent += bytes) && '')).on('error', () => {}));
  await new Promise((done) => listener.listen(path, done));
  await ctl([...args, '--socket', path], { input });
  await new Promise((done) => listener.close(done));
  return sent;
}

test('neither the key of a link nor more of it than needed is sent', async () => {
  const id = 'x'.repeat(22);
  for (const link of [`https://h/#${id}.${key}`, `https://h/#r.${id}.${key}`]) {
    assert.equal(await sentBy(['remove', '-'], link), `{"remove":"${id}"}\n`);
    assert.equal(await sentBy(['events', link]), '{"events":{"after":0,"follow":false}}\n');
  }
});

test('a request is taken down by its link, and its events are found by it', async () => {
  const { ask } = makeRequest();
  const made = await c.request('POST', '/api/v1/requests', { body: JSON.stringify(ask), headers: json });
  const { id } = JSON.parse(made.body);
  const links = [`https://h/#r.${id}.${key}`, `https://h/%23r.${id}.${key}`, `https://h/#c.${id}.${key}.${key}`];
  assert.equal((await ctl(['remove', links[0]], { env })).stdout, `${refOf(id)}: removed, and its content is erased\n`);
  assert.equal((await c.request('GET', `/api/v1/requests/${id}`)).status, 404);
  for (const link of links) assert.deepEqual(lines((await ctl(['events', link], { env })).stdout).map(({ kind }) => kind), ['asked', 'removed'], link);
});

test('what is gone is told apart from what never was, and nonsense from both', async () => {
  const secret = await create(c, sealed());
  const lease = newLease();
  await open(secret, lease);
  await c.request('DELETE', `/api/v1/secrets/${secret.id}/lease`, { headers: auth(lease) });
  const gone = await ctl(['remove', secret.id], { env });
  assert.deepEqual([gone.code, gone.stdout], [3, `${refOf(secret.id)}: it was gone already (used_up)\n`]);
  const never = await ctl(['remove', '--json', 'x'.repeat(22)], { env });
  assert.equal(never.code, 3);
  assert.deepEqual(JSON.parse(never.stdout), { ref: refOf('x'.repeat(22)), removed: false, state: 'absent', erased: true });
  for (const text of ['', 'https://h/', `https://h/#${key}.x`, 'short']) assert.equal((await ctl(['remove', '-'], { env, input: text })).code, 2, text);
  // In a list, the number of the line tells which.
  const list = await ctl(['remove', '-'], { env, input: Buffer.concat([Buffer.from(`\n${secret.id}\nfoo\n${'x'.repeat(20000)}\na\0b\n`), Buffer.from([0xff, 0xfe]), Buffer.from(`\n${secret.id}\nbar`)]) });
  assert.deepEqual([list.code, list.stdout.split('\n').length], [2, 3]);
  assert.deepEqual(list.stderr.match(/line \d+ is neither a link nor an id/g).map((said) => Number(said.match(/\d+/)[0])), [3, 4, 5, 6, 8]);
  const nobody = await ctl(['stats', '--socket', join(folder, 'nothing')]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /no server at/);
});

test('stats count states, ages, bytes and networks, without an address', async () => {
  const before_ = JSON.parse((await ctl(['stats', '--json'], { env })).stdout);
  await create(c, sealed({ size: 5000 }));
  await open(await create(c, sealed({ views: 2, size: 5000 })));
  const text = (await ctl(['stats', '--json'], { env })).stdout;
  const now = JSON.parse(text);
  assert.equal(now.secrets.waiting - before_.secrets.waiting, 1);
  assert.equal(now.secrets.opened - before_.secrets.opened, 1);
  assert.equal(now.stored.hour - before_.stored.hour, 2);
  assert.equal(now.bytes - before_.bytes, 10000);
  assert.ok(now.used - before_.used >= 10000 && now.quota > now.used);
  assert.equal(now.left, now.quota - now.used, 'the room that is left');
  assert.equal(now.networks.count, 1);
  assert.ok(now.networks.largest >= 10000);
  assert.ok(!text.includes('127.0.0'));
  assert.match((await ctl(['stats'], { env })).stdout, /^secrets\.waiting +\d+$/m);
});

test('events are followed as they come, and verify', async () => {
  const follower = startCtl(['events', '--follow', '--after', '2'], { env });
  const secret = await create(c, sealed({ attempts: 1 }));
  const classic = JSON.parse((await c.request('POST', '/encrypt', { body: '{"secret":"x"}' })).body);
  await c.request('POST', '/decrypt', { body: JSON.stringify(classic) });
  assert.equal(await open({ ...secret, access: base64url(randomBytes(32)) }), 403);
  await until(() => lines(follower.soFar()).some(({ kind, ref }) => kind === 'locked' && ref === refOf(secret.id)));
  assert.deepEqual(await eventsOf(classic.secret_id), ['created', 'opened', 'used_up']);
  follower.kill();
  await follower.done;
  assert.equal(lines(follower.soFar())[0].number, 3);

  const all = (await ctl(['events'], { env })).stdout;
  assert.deepEqual(lines(all)[0].kind, 'started');
  const { code, stdout } = await ctl(['audit', '-'], { input: all });
  assert.equal(code, 0, stdout);
});

test('only the owner of the process connects, and only by the file', async () => {
  assert.equal(statSync(join(folder, 'admin.sock')).mode & 0o777, 0o600);
  for (const value of ['127.0.0.1:0', '[::1]:0', 'unix:', '8080']) {
    const { code, stderr } = await runServer({ env: { SECRETS_DATA: join(folder, 'other'), SECRETS_LISTEN: '127.0.0.1:0', SECRETS_ADMIN_LISTEN: value } });
    assert.notEqual(code, 0);
    assert.match(stderr, /SECRETS_ADMIN_LISTEN/);
  }
  for (const path of ['/remove', '/stats', '/events', '/api/v1/remove', '/api/v1/events', '/admin'])
    for (const method of ['GET', 'POST', 'DELETE']) assert.equal((await c.request(method, path)).status, 404, path);
});

/** What the socket answers to ${text}. */
const raw = (text) => new Promise((done) => {
  const s = connect(join(folder, 'admin.sock'));
  let all = '';
  s.on('data', (d) => (all += d));
  s.on('close', () => done(all));
  s.on('error', () => done(all));
  s.end(text);
});

test('what is no request is refused, and many followers leave room for a removal', async () => {
  for (const text of ['\n', '{}\n', 'GET /stats HTTP/1.1\r\nHost: x\r\n\r\n', '{"stats":true,"remove":"x"}\n', '{"remove":"../../etc"}\n', '{"events":{"after":-1}}\n', '{"events":{"since":1}}\n', '[1]\n'])
    assert.match(await raw(text), /^\{"error":"the request is not understood"\}\n$/, text);
  assert.equal(await raw('{"stats":true}'), '', 'half a line is no request');
  assert.equal(await raw(`${'x'.repeat(5000)}\n`), '');

  const followers = [1, 2, 3, 4, 5, 6].map(() => startCtl(['events', '--follow'], { env }));
  await until(() => followers.filter((f) => /too many follow/.test(f.errorsSoFar())).length >= 2);
  const secret = await create(c, sealed());
  assert.equal((await ctl(['remove', secret.id], { env })).code, 0);
  for (const f of followers) f.kill();
  await Promise.all(followers.map((f) => f.done));
});

test('nothing secret is in events, counts or the log', async () => {
  c = new Connection(server); // an idle one may have been closed
  const secret = await create(c, sealed({ views: 2 }));
  const lease = newLease();
  await open(secret, lease);
  const { stdout } = await ctl(['remove', `https://h/#${secret.id}.${key}`], { env });
  const told = stdout + (await ctl(['events'], { env })).stdout + (await ctl(['stats', '--json'], { env })).stdout + server.stderr();
  for (const word of [secret.id, key, secret.owner, lease, secret.access, '127.0.0.1"']) assert.ok(!told.includes(word), word);
  assert.ok(told.includes(refOf(secret.id)), 'the control');
});

test('a server without the socket writes no events, and one that is stopped says so', async () => {
  const other = mkdtempSync(join(tmpdir(), 'secretsd-operator-'));
  const there = { SECRETS_ADMIN_LISTEN: `unix:${join(other, 'admin.sock')}` };
  const kinds = [];
  for (const on of [true, false, true]) {
    const s = await startServer({ data: other, env: on ? there : {} });
    const connection = new Connection(s);
    await create(connection, sealed());
    connection.close();
    if (on) kinds.push(lines((await ctl(['events'], { env: there })).stdout).map(({ kind }) => kind).join(' '));
    const follower = on ? startCtl(['events', '--follow'], { env: there }) : undefined;
    if (on) await until(() => follower.soFar().includes('created'));
    await s.stop();
    if (on) assert.equal((await follower.done).code, 1, 'a follower is told that the server is gone');
  }
  assert.deepEqual(kinds, ['started created', 'started created stopped started created']);
  rmSync(other, { recursive: true });
});
