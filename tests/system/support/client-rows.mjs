// SPDX-License-Identifier: MIT
// How one client takes as much as it can of each thing that clients share. A row is
//
//   resource    what is taken
//   bound       how much of it one client gets, in words
//   control     the word for TEST_UNSHARED that removes the limit (tests/support/server_hooks.c)
//   slowDisk    each part is read 50 ms later
//   env, files  settings of the server, and its limit of descriptors
//   hold(at)    take it: at = { server, ask, from, behind, folder }; resolves to { held, text, release() }
//   proxied     the clients come through one trusted proxy, which names them: at.behind is the name
//   slower      how much longer sharing and opening may take meanwhile, if not SLOWER
//   most        what `held` may be at most
//   also(at)    what the other client does in addition to sharing and opening
//   memory      MiB that the server may grow by meanwhile

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

import { Connection, base64url, create, json, newLease, openBody, sealed } from './client.mjs';
import { sockets } from './process.mjs';
import { patience } from './server.mjs';
import { loadGenerator } from './variant.mjs';

export const MIB = 1024 * 1024;
const PART = 4 * MIB;
const LATE_MS = 4000 * patience;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** The header by which a trusted proxy names the client ${address}; none if it is undefined. */
export const forwardedFor = (address) => (address === undefined ? {} : { 'X-Forwarded-For': address });

/**
 * Requests of the client at ${from}, or of ${behind} if a proxy at ${from} names that; each on a connection of its own.
 * A response that does not come is an error.
 */
export function client(server, from, behind) {
  return async (method, path, { body = '', headers: own = {} } = {}) => {
    const headers = { ...forwardedFor(behind), ...own };
    const connection = new Connection(server, from);
    const late = setTimeout(() => connection.socket.destroy(), LATE_MS);
    try {
      await connection.ready;
      return await connection.request(method, path, { body, headers });
    } finally {
      clearTimeout(late);
      connection.close();
    }
  };
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

async function expect(status, answer) {
  const got = await answer;
  assert.equal(got.status, status, got.body.toString().slice(0, 200));
  return got;
}

/** Begin a secret in parts of ${size} bytes; resolves to { content, access, id, owner }. */
async function beginParts(ask, size) {
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([14, 8, 1, 0]), randomBytes(24)]);
  const content = Buffer.concat([header, randomBytes(size - header.length)]);
  const access = randomBytes(32);
  const verifier = createHash('sha256').update(access).digest();
  const body = JSON.stringify({ verifier: base64url(verifier), header: base64url(header), views: 1, ttl: 3600, size });
  const made = await ask('POST', '/api/v1/secrets', { headers: json, body });
  if (made.status !== 201) return { status: made.status };
  const { id, owner_token: owner } = JSON.parse(made.body);
  return { status: 201, content, access: base64url(access), id, owner };
}

/** Share ${size} bytes in parts and open them; resolves to { id, lease, content }. */
async function openParts(ask, size) {
  const { status, content, access, id, owner } = await beginParts(ask, size);
  assert.equal(status, 201);
  for (let k = 0; k * PART < size; k++)
    await expect(204, ask('PUT', `/api/v1/secrets/${id}/parts/${k}`, { headers: bearer(owner), body: content.subarray(k * PART, (k + 1) * PART) }));
  await expect(204, ask('POST', `/api/v1/secrets/${id}/complete`, { headers: { ...json, ...bearer(owner) } }));
  const opened = await expect(200, ask('POST', `/api/v1/secrets/${id}/open`, { headers: json, body: JSON.stringify({ access }) }));
  return { id, lease: JSON.parse(opened.body).lease, content };
}

/** All of sharing and opening, in each way that there is. Resolves to the milliseconds that it took. */
export async function shareAndOpen(ask) {
  const from = process.hrtime.bigint();

  const text = await expect(200, ask('POST', '/encrypt', { body: '{"secret":"a text"}' }));
  await expect(200, ask('POST', '/decrypt', { body: text.body }));
  const file = await expect(200, ask('POST', '/encrypt?file_name=a', { body: randomBytes(256 * 1024) }));
  await expect(200, ask('POST', '/decrypt', { body: file.body }));

  const secret = sealed({ size: 100 * 1024 });
  const made = JSON.parse((await expect(201, ask('POST', '/api/v1/secrets', { headers: json, body: JSON.stringify(secret.create) }))).body);
  const opened = await expect(200, ask('POST', `/api/v1/secrets/${made.id}/open`, { headers: json, body: openBody(secret) }));
  await expect(204, ask('DELETE', `/api/v1/secrets/${made.id}/lease`, { headers: bearer(JSON.parse(opened.body).lease) }));

  const { id, lease, content } = await openParts(ask, PART + 1000);
  for (let k = 0; k < 2; k++) {
    const { body } = await expect(200, ask('GET', `/api/v1/secrets/${id}/parts/${k}`, { headers: bearer(lease) }));
    assert.ok(body.equals(content.subarray(k * PART, (k + 1) * PART)));
  }
  await expect(204, ask('DELETE', `/api/v1/secrets/${id}/lease`, { headers: bearer(lease) }));
  return Number(process.hrtime.bigint() - from) / 1e6;
}

/** A socket to ${server} from ${from} on which ${text} was sent; `first` resolves to its first bytes, or '' if it ends. */
function socket(server, from, text = '') {
  const one = connect({ port: server.port, host: '127.0.0.1', localAddress: from });
  one.on('error', () => undefined);
  one.first = new Promise((done) => one.once('data', (data) => done(data.toString('latin1'))).once('close', () => done('')));
  if (text !== '') one.write(text);
  return one;
}

const head = (method, path, length, fields = {}) =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries({ Host: 'localhost', ...fields }).map(([k, v]) => `${k}: ${v}\r\n`).join('')}Content-Length: ${length}\r\n\r\n`;

const closeAll = (all) => () => all.forEach((one) => one.destroy());

/** What came first on each of ${all}; undefined on one that waits. */
const firstOf = (all) => Promise.all(all.map((one) => Promise.race([one.first, pause(1000 * patience)])));

/** Begin ${count} requests of a client that the proxy at ${from} names ${behind}, and end none. Resolves to how many are refused. */
export async function beginAndHold(server, from, behind, count) {
  const text = `${head('POST', '/encrypt', 100, forwardedFor(behind))}x`;
  const all = Array.from({ length: count }, () => socket(server, from, text));
  const refusals = (await firstOf(all)).filter((data) => data !== undefined);
  closeAll(all)();
  assert.ok(refusals.every((data) => data === '' || data.startsWith('HTTP/1.1 429 ')), refusals.join('\n'));
  return refusals.length;
}

/**
 * Ask for all of ${requests} at once and read no response. Resolves to how many were refused, as the log says: once no
 * more than ${most} are held, or when that does not come.
 */
async function leaveUnread(server, from, requests, most) {
  const all = requests.map((text) => {
    const one = socket(server, from, text);
    one.pause();
    return one;
  });
  // A refusal is short, so it was sent and logged although nobody reads it.
  const refused = () => (server.stderr().match(/event=request .*status=503/g) ?? []).length;
  for (let i = 0; requests.length - refused() > most && i < 30; i++) await pause(100 * patience);
  await pause(300 * patience);
  return { refused: refused(), release: closeAll(all) };
}

/** Announce bodies of which no byte is sent: first large ones, then ever smaller ones, until none is accepted. */
async function holdBodies({ server, from, behind }) {
  const all = [];
  let held = 0;
  for (const size of [10 * MIB, 4 * MIB, MIB, 256 * 1024, 32 * 1024])
    for (let waits = true; waits; ) {
      const one = socket(server, from, head('POST', '/encrypt?file_name=a', size, { Expect: '100-continue', ...forwardedFor(behind) }));
      all.push(one);
      waits = (await one.first).startsWith('HTTP/1.1 100');
      if (waits) held += size;
    }
  return { held: held / MIB, text: `${(held / MIB).toFixed(1)} MiB announced`, release: closeAll(all) };
}

/** The rates as they are by default. */
const rates = { SECRETS_RATE_CREATE: '30', SECRETS_RATE_OPEN: '60' };

/** How many of ${count} requests of ${ask} were not answered 429. */
async function beforeLimit(count, ask) {
  let held = 0;
  for (let i = 0; i < count; i++) held += (await ask(i)).status !== 429;
  return held;
}

const anyId = 'aaaaaaaaaaaaaaaaaaaaaa';
const none = () => undefined;

export const rows = [
  {
    resource: 'connections',
    bound: '128',
    control: 'connections',
    files: 512,
    most: 128,
    async hold({ server, from }) {
      const own = sockets(server.pid);
      const all = Array.from({ length: 400 }, () => socket(server, from));
      await pause(300 * patience);
      const held = sockets(server.pid) - own;
      return { held, text: `${held} of ${all.length}`, release: closeAll(all) };
    },
  },
  {
    resource: 'requests behind a proxy',
    bound: '128 at once',
    control: 'connections',
    env: { SECRETS_TRUSTED_PROXIES: '127.3.0.0/16' },
    files: 512,
    proxied: true,
    most: 128,
    async hold({ server, from, behind, ask }) {
      // Their bodies are short and never end. The token is right, so no rate counts them.
      const { id, owner } = await beginParts(ask, 15_000);
      const text = `${head('PUT', `/api/v1/secrets/${id}/parts/0`, 15_000, { ...bearer(owner), ...forwardedFor(behind) })}x`;
      const all = Array.from({ length: 400 }, () => socket(server, from, text));
      const first = await firstOf(all);
      const held = first.filter((data) => data === undefined).length;
      assert.ok(first.every((data) => data === undefined || data === '' || data.startsWith('HTTP/1.1 429 ')));
      return { held, text: `${held} of ${all.length}`, release: closeAll(all) };
    },
  },
  {
    resource: 'memory for bodies',
    bound: '16 MiB',
    control: 'bodies',
    most: 16,
    hold: holdBodies,
  },
  {
    resource: 'memory for bodies behind a proxy',
    bound: '16 MiB',
    control: 'bodies',
    env: { SECRETS_TRUSTED_PROXIES: '127.0.0.0/8' },
    proxied: true,
    most: 16,
    hold: holdBodies,
  },
  {
    resource: 'memory for bodies in chunks',
    bound: '16 MiB',
    control: 'bodies',
    most: 16,
    async hold({ server, from }) {
      const all = [];
      let held = 0;
      // How long a body is nobody tells: its memory is reserved as it grows, up to 8 MiB here.
      for (let i = 0; i < 4; i++) {
        const one = socket(server, from, `POST /encrypt?file_name=a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${(7 * MIB).toString(16)}\r\n`);
        all.push(one);
        await new Promise((done) => one.write(Buffer.alloc(7 * MIB, 'x'), done));
        const first = await Promise.race([one.first, pause(500 * patience)]);
        if (first === undefined) held += 8;
        else assert.match(first, /^HTTP\/1\.1 503 /);
      }
      return { held, text: `${held} MiB reserved`, release: closeAll(all) };
    },
  },
  {
    resource: 'memory for responses',
    bound: '16 MiB',
    control: 'responses',
    most: 1,
    async hold({ server, from, ask }) {
      const bodies = [];
      for (const size of [10, 10, 10, 10, 5, 5]) bodies.push((await expect(200, ask('POST', '/encrypt?file_name=a', { body: randomBytes(size * MIB - 4096) }))).body);
      const { refused, release } = await leaveUnread(server, from, bodies.map((body) => head('POST', '/decrypt', body.length) + body), 1);
      return { held: bodies.length - refused, text: `${bodies.length - refused} of ${bodies.length} files`, release };
    },
  },
  {
    resource: 'memory for parts',
    bound: '16 MiB',
    control: 'parts',
    most: 4 + 4, // the kernel takes some of them from the server
    async hold({ server, from, ask }) {
      const { id, lease } = await openParts(ask, PART);
      const requests = Array.from({ length: 24 }, () => head('GET', `/api/v1/secrets/${id}/parts/0`, 0, bearer(lease)));
      const { refused, release } = await leaveUnread(server, from, requests, 8);
      return { held: 24 - refused, text: `${24 - refused} of 24 parts of 4 MiB`, release };
    },
  },
  {
    resource: 'storage',
    bound: 'half of what is free',
    control: 'storage',
    env: { SECRETS_QUOTA: String(48 * MIB) },
    most: 16,
    async hold({ ask }) {
      let held = 0;
      for (const size of [8 * MIB, 2 * MIB, 512 * 1024])
        while ((await ask('POST', '/encrypt?file_name=a', { body: Buffer.alloc(size, 'x') })).status === 200) held += size;
      return { held: held / MIB, text: `${held / MIB} of 48 MiB`, release: none };
    },
  },
  {
    resource: 'queue of derivations',
    bound: '16 places of 64',
    control: 'derivations',
    slower: 2, // both clients derive on the same processors
    most: 16 + 8, // those that run, and some whose answer is on its way
    env: { SECRETS_KDF_THREADS: '2', SECRETS_KDF_MEMORY: '0' },
    async hold({ server, from }) {
      let going = true;
      let waiting = 0;
      const body = JSON.stringify({ secret_id: 'a'.repeat(16), passphrase: 'x' });
      const connections = [];
      const lane = async () => {
        const connection = new Connection(server, from);
        connections.push(connection);
        await connection.ready;
        while (going) {
          waiting++;
          const { status } = await connection.request('POST', '/decrypt', { body }).catch(() => ({ status: 0 }));
          waiting--;
          if (status === 0) break;
          if (status === 503) await pause(20);
        }
        connection.close();
      };
      const lanes = Array.from({ length: 100 }, lane);
      await pause(300 * patience);
      let held = lanes.length;
      for (let i = 0; i < 20; i++, await pause(5)) held = Math.min(held, waiting);
      return {
        held, text: `${held} that wait or run`,
        release: async () => {
          going = false;
          for (const connection of connections) connection.close(); // the server drops the derivations that still wait
          await Promise.all(lanes);
        },
      };
    },
  },
  {
    resource: 'unfinished uploads',
    bound: '4',
    control: 'uploads',
    most: 4,
    async hold({ ask }) {
      let held = 0;
      for (let i = 0; i < 20; i++) held += (await beginParts(ask, 2 * MIB)).status === 201;
      return { held, text: `${held} of 20`, release: none };
    },
  },
  {
    resource: 'rate of creates',
    bound: '30 a minute',
    control: 'rates',
    env: rates,
    most: 40,
    async hold({ ask }) {
      const { create: body } = sealed();
      const held = await beforeLimit(100, () => ask('POST', '/api/v1/secrets', { headers: json, body: JSON.stringify(body) }));
      return { held, text: `${held} of 100`, release: none };
    },
  },
  {
    resource: 'rate of opens',
    bound: '60 a minute',
    control: 'rates',
    env: rates,
    most: 75,
    async hold({ ask }) {
      const held = await beforeLimit(150, () => ask('POST', `/api/v1/secrets/${anyId}/open`, { headers: json, body: JSON.stringify({ access: newLease() }) }));
      return { held, text: `${held} of 150`, release: none };
    },
  },
  {
    resource: 'wrong tokens',
    bound: '60 a minute',
    control: 'rates',
    env: rates,
    most: 75,
    async hold({ ask }) {
      const held = await beforeLimit(150, () => ask('DELETE', `/api/v1/secrets/${anyId}`, { headers: bearer(newLease()) }));
      return { held, text: `${held} of 150`, release: none };
    },
  },
  {
    resource: 'addresses of one /64',
    bound: 'count as one',
    control: 'addresses',
    env: { ...rates, SECRETS_TRUSTED_PROXIES: '127.0.0.0/8' },
    most: 75,
    async hold({ ask }) {
      const held = await beforeLimit(150, (i) =>
        ask('POST', `/api/v1/secrets/${anyId}/open`, { headers: { ...json, 'X-Forwarded-For': `2001:db8:1:2::${i.toString(16)}` }, body: JSON.stringify({ access: newLease() }) }));
      return { held, text: `${held} of 150`, release: none };
    },
  },
  {
    resource: 'time of the writer',
    bound: '128 requests at once',
    control: 'connections',
    files: 512,
    slower: 4, // all 128 keep the processors busy, and keys are derived at a lower priority
    most: 128,
    async hold({ server, from, ask }) {
      // A lease that was just renewed needs no write, but that is found out by the writer.
      const { id, lease } = await openParts(ask, 1000);
      const text = head('GET', `/api/v1/secrets/${id}/parts/0`, 0, bearer(lease));
      const all = Array.from({ length: 330 }, () => {
        const one = socket(server, from, text);
        one.on('data', () => one.write(text));
        return one;
      });
      const first = await Promise.race([Promise.all(all.map((one) => one.first)), pause(5000 * patience)]);
      const held = first === undefined ? all.length : first.filter((data) => data.startsWith('HTTP/1.1 200')).length;
      return { held, text: `${held} that ask without a pause`, release: closeAll(all) };
    },
  },
  {
    resource: 'workers and threads of a slow disk',
    bound: '54 of 96 and 9 of 16',
    control: 'workers',
    env: { SECRETS_KDF_THREADS: '2' },
    slowDisk: true,
    most: 128,
    async hold({ server, from, ask }) {
      const { id, lease } = await openParts(ask, 1000);
      const text = head('GET', `/api/v1/secrets/${id}/parts/0`, 0, bearer(lease));
      const all = Array.from({ length: 120 }, () => {
        const one = socket(server, from, text);
        return one.on('data', () => one.write(text));
      });
      await Promise.race([all[0].first, pause(5000 * patience)]);
      return { held: all.length, text: `${all.length} requests at once`, release: closeAll(all) };
    },
  },
  {
    resource: 'connections that are refused',
    bound: '64 of 256',
    control: 'refusals',
    most: 64,
    async hold({ server, from }) {
      const own = sockets(server.pid);
      const all = [];
      for (let i = 0; i < 100; i++) {
        const one = connect({ port: server.port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
        all.push(one);
        one.on('error', () => undefined);
        one.write(`${head('POST', '/encrypt', 999_999_999)}x`);
        await new Promise((done) => one.once('data', done).once('close', done));
      }
      const held = sockets(server.pid) - own;
      return { held, text: `${held} of ${all.length}`, release: closeAll(all) };
    },
  },
  {
    resource: 'lines of the log',
    bound: '3,000 a minute',
    control: 'rates',
    most: 3000,
    async hold({ server }) {
      const from = Date.now();
      const child = spawn(loadGenerator(), [server.port, '8', '60', 'GET', '/healthz', '-n', '4000'], { stdio: 'ignore' });
      await once(child, 'close');
      const refilled = Math.ceil((Date.now() - from) / 1000) * 50;
      const lines = (server.stderr().match(/event=request .*client=127\.0\.0\.0/g) ?? []).length;
      return { held: Math.max(lines - refilled, 1), text: `${lines} of 4000`, release: none };
    },
  },
  {
    resource: 'connections to /metrics',
    bound: 'the oldest of 16 gives way',
    control: 'metrics',
    metrics: true,
    most: 48,
    async hold({ folder }) {
      const all = Array.from({ length: 48 }, () => connect(`${folder}/metrics`).on('error', () => undefined));
      await Promise.all(all.map((one) => once(one, 'connect')));
      await pause(100 * patience);
      return { held: all.filter((one) => !one.closed).length, text: `${all.length} idle ones`, release: closeAll(all) };
    },
    async also({ folder }) {
      const connection = new Connection({ socket: `${folder}/metrics` });
      const late = setTimeout(() => connection.socket.destroy(), 2000 * patience);
      await expect(200, connection.request('GET', '/metrics'));
      clearTimeout(late);
      connection.close();
    },
  },
  {
    resource: 'leases',
    bound: 'one for each view',
    control: 'racy',
    most: 5,
    async hold({ server, from, ask }) {
      const connection = new Connection(server, from);
      const secret = await create(connection, sealed({ views: 5 }));
      connection.close();
      const opens = Array.from({ length: 60 }, () => ask('POST', `/api/v1/secrets/${secret.id}/open`, { headers: json, body: openBody(secret, newLease()) }));
      const held = (await Promise.all(opens)).filter(({ status }) => status === 200).length;
      return { held, text: `${held} of 60`, release: none };
    },
  },
];

/** All of them together that one server can show, in an order in which none is kept from the next. */
export const together = ['memory for responses', 'memory for parts', 'storage', 'unfinished uploads', 'memory for bodies', 'queue of derivations', 'connections'];
export const everything = {
  resource: 'all of these at once',
  bound: 'the same',
  env: { SECRETS_QUOTA: String(192 * MIB), SECRETS_KDF_THREADS: '2', SECRETS_KDF_MEMORY: '0' },
  most: together.length,
  slower: 2.5,
  memory: 120, // docs/SCALING.md: 16 MiB each for bodies, responses, parts and what waits, two derivations, and the other client
  async hold(at) {
    const held = [];
    for (const name of together) held.push(await rows.find(({ resource }) => resource === name).hold(at));
    return { held: held.length, text: `${held.length} resources`, release: () => Promise.all(held.map(({ release }) => release())) };
  },
};
