// SPDX-License-Identifier: MIT
// Unique words travel through every route as secrets; a second after the answer they are nowhere:
// not in the data directory, the log, temporary files, the operator's events and counts, nor in the
// memory of the server (a build whose memory can be looked at, in its sandbox as any other).

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, closeSync, readSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Connection, create, json, newLease, openBody, sealed } from '../support/client.mjs';
import { ctl, startCtl } from '../support/ctl.mjs';
import { assertSandboxed, startServer } from '../support/server.mjs';
import { testServer } from '../support/variant.mjs';

/** How ${text} may stand in memory: as it is, and in base64 wherever it begins in a group of three. */
function forms(text) {
  const found = [Buffer.from(text)];
  for (let shift = 0; shift < 3; shift++) {
    const whole = Buffer.from('x'.repeat(shift) + text).toString('base64');
    // The characters at both ends depend on the bytes next to the text.
    found.push(Buffer.from(whole.slice(shift === 0 ? 0 : 4, -4)));
  }
  return found;
}

const PAGE = 4096;
const EMPTY = Buffer.alloc(PAGE);

/** The parts of ${memory} between its empty pages, which are most of it, as [offset, bytes]. No needle has a zero. */
function filledParts(memory) {
  const parts = [];
  let from = -1;
  for (let at = 0; at <= memory.length; at += PAGE) {
    const page = memory.subarray(at, at + PAGE);
    const isEmpty = page.equals(EMPTY.subarray(0, page.length));
    if (!isEmpty && from < 0) from = at;
    if (isEmpty && from >= 0) {
      parts.push([from, memory.subarray(from, at)]);
      from = -1;
    }
  }
  return from < 0 ? parts : [...parts, [from, memory.subarray(from)]];
}

/** The places in the memory of process ${pid} that hold one of ${needles} ({ name, bytes }). */
function scanMemory(pid, needles) {
  const found = [];
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
      if (!match || /^\[v/.test(match[4])) continue;
      const start = BigInt(`0x${match[1]}`);
      const size = Number(BigInt(`0x${match[2]}`) - start);
      const piece = Buffer.alloc(size);
      let len = 0;
      try {
        while (len < size) {
          const n = readSync(memory, piece, len, Math.min(size - len, 1 << 24), start + BigInt(len));
          if (n === 0) break;
          len += n;
        }
      } catch {
        // a guard page
      }
      for (const [offset, part] of filledParts(piece.subarray(0, len))) {
        for (const { name, bytes } of needles) {
          const at = part.indexOf(bytes);
          if (at >= 0) found.push(`${name} at ${(start + BigInt(offset + at)).toString(16)} in ${match[4] || match[3]}`);
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return found;
}

function scanFiles(folder, needles) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: false })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...scanFiles(path, needles));
    else if (entry.isFile()) {
      const content = readFileSync(path);
      for (const { name, bytes } of needles) if (content.includes(bytes)) found.push(`${name} in ${path}`);
    }
  }
  return found;
}

const word = () => `canary-${randomBytes(20).toString('hex')}`;

/** Every route, with words that are secret in each; adds them to ${secrets} under a name. */
async function everyRoute(c, secrets) {
  const ask = async (wanted, method, path, options) => {
    const answer = await c.request(method, path, options);
    assert.equal(answer.status, wanted, `${method} ${path.replace(/[A-Za-z0-9]{16,}/g, 'ID')}: ${answer.body}`);
    return answer;
  };
  const auth = (token) => ({ Authorization: `Bearer ${token}` });

  // Classic texts, short and long; a file; wrong passphrases.
  for (const [name, length] of [['text', 1], ['long text', 4000]]) {
    secrets[name] = word();
    const made = JSON.parse((await ask(200, 'POST', '/encrypt', { body: JSON.stringify({ secret: secrets[name].repeat(length), view_count: 2 }) })).body);
    secrets[`passphrase of ${name}`] = made.passphrase;
    secrets[`id of ${name}`] = made.secret_id;
    await ask(200, 'POST', '/decrypt', { body: JSON.stringify(made) });
    secrets[`wrong passphrase of ${name}`] = word();
    await ask(404, 'POST', '/decrypt', { body: JSON.stringify({ ...made, passphrase: secrets[`wrong passphrase of ${name}`] }) });
  }
  secrets.file = word();
  const fileName = 'notes.pdf'; // kept with the ciphertext, as pysecrets does: not secret
  const file = JSON.parse((await ask(200, 'POST', `/encrypt?file_name=${fileName}`, { body: secrets.file.repeat(20000) })).body);
  secrets['passphrase of file'] = file.passphrase;
  secrets['id of file'] = file.secret_id;
  const again = JSON.parse((await ask(200, 'POST', '/decrypt', { body: JSON.stringify(file) })).body);
  assert.equal(again.file_name, fileName);

  // Bodies that are refused.
  for (const [name, status, body] of [
    ['broken', 400, '{"secret": "WORD'],
    ['duplicate', 400, '{"secret": "WORD", "secret": "WORD"}'],
    ['wrong type', 422, '{"secret": ["WORD"]}'],
    ['wrong views', 422, '{"secret": "WORD", "view_count": "WORD"}'],
  ]) {
    secrets[name] = word();
    await ask(status, 'POST', '/encrypt', { body: body.replaceAll('WORD', secrets[name]) });
  }
  secrets['unknown path'] = word();
  await ask(404, 'GET', `/api/v1/secrets/${secrets['unknown path']}?${secrets['unknown path']}`);

  // v1: tokens, access keys and ids.
  const secret = await create(c, sealed({ views: 2 }));
  secrets['id of sealed'] = secret.id;
  secrets['owner token'] = secret.owner;
  secrets.access = secret.access;
  secrets.lease = newLease();
  secrets['wrong access'] = sealed().access;
  secrets['foreign token'] = newLease();
  const path = `/api/v1/secrets/${secret.id}`;
  await ask(200, 'GET', path);
  await ask(403, 'POST', `${path}/open`, { body: openBody({ access: secrets['wrong access'] }, newLease()), headers: json });
  await ask(200, 'POST', `${path}/open`, { body: openBody(secret, secrets.lease), headers: json });
  await ask(404, 'GET', `${path}/receipt`, { headers: auth(secrets['foreign token']) });
  await ask(200, 'GET', `${path}/receipt`, { headers: auth(secret.owner) });
  await ask(204, 'DELETE', `${path}/lease`, { headers: auth(secrets.lease) });
  await ask(204, 'DELETE', path, { headers: auth(secret.owner) });
}

/** A secret that the operator takes down; returns all that secretsctl prints. */
async function everyCommand(c, secrets, env) {
  const secret = await create(c, sealed({ views: 2 }));
  secrets['id of removed'] = secret.id;
  secrets['owner token of removed'] = secret.owner;
  secrets['lease of removed'] = newLease();
  const { status } = await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, secrets['lease of removed']), headers: json });
  assert.equal(status, 200);
  let told = '';
  for (const args of [['remove', `https://h/#${secret.id}.${'k'.repeat(32)}`], ['events'], ['stats', '--json']]) {
    const { code, stdout, stderr } = await ctl(args, { env });
    assert.equal(code, 0, stderr);
    told += stdout;
  }
  return told;
}

for (const kept of [true, false]) {
  test(`a second after the answer no secret is left anywhere, with the connection ${kept ? 'kept' : 'closed'}`, async (t) => {
    const temporary = mkdtempSync(join(tmpdir(), 'secretsd-canary-'));
    t.after(() => rmSync(temporary, { recursive: true, force: true }));
    const env = { TMPDIR: temporary, SECRETS_ADMIN_LISTEN: `unix:${join(temporary, 'admin.sock')}` };
    const server = await startServer({ build: testServer(), env });
    try {
      assertSandboxed(server);
      const all = [];
      const c = new Connection(server);
      let told = '';

      // What is passed on, and what is said about a receiver that does not answer; places lie in ${temporary}, too.
      const key = ['--key', 'env:KEY'];
      const keyed = { ...env, KEY: `whsec_${randomBytes(32).toString('base64')}` };
      const forwarders = [['tee', '--exec', '/usr/bin/tee', '-a', join(temporary, 'passed-on')], ['url', ...key, '--url', 'http://127.0.0.1:1/']]
        .map(([name, ...more]) => startCtl(['forward', '--place', join(temporary, name), ...more], { env: keyed }));
      for (let i = 0; i < 3; i++) {
        const secrets = {};
        await everyRoute(c, secrets);
        told += await everyCommand(c, secrets, env);
        all.push(...Object.entries(secrets));
      }
      if (!kept) c.close();
      await new Promise((done) => setTimeout(done, 1000));
      for (const program of forwarders) {
        program.kill();
        const { stdout, stderr } = await program.done;
        told += stdout + stderr;
      }
      const passedOn = readFileSync(join(temporary, 'passed-on'), 'utf8');
      told += passedOn;
      assert.match(passedOn, /"kind":"removed"/, 'something was passed on');
      assert.match(told, /event 1 is repeated until it is taken/);
      assert.ok(!told.includes(keyed.KEY.slice(6)), 'the signing key');
      const needles = all.flatMap(([name, text]) => forms(text).map((bytes, i) => ({ name: i === 0 ? name : `${name} in base64`, bytes })));
      assert.ok(needles.length > 60);
      assert.deepEqual(scanFiles(server.data, needles), []);
      assert.deepEqual(scanFiles(temporary, needles), []);
      for (const { name, bytes } of needles) assert.ok(!server.stderr().includes(bytes), `${name} in the log`);
      for (const { name, bytes } of needles) assert.ok(!told.includes(bytes), `${name} in what the operator is told`);
      assert.match(told, /"kind":"removed"/, 'something was told');
      assert.deepEqual(scanMemory(server.pid, needles), []);
      c.close();
    } finally {
      await server.stop();
    }
  });
}

test('the scan finds a word that is in the memory, the log and the data directory', async () => {
  const server = await startServer({ build: testServer() });
  try {
    const text = word();
    const needles = [{ name: 'word', bytes: Buffer.from(text) }];
    const c = new Connection(server);
    const answer = c.prepare('POST', '/encrypt', { body: JSON.stringify({ secret: text }) });
    await new Connection(server).request('GET', '/healthz');
    for (let i = 0; i < 50 && scanMemory(server.pid, needles).length === 0; i++) await new Promise((done) => setTimeout(done, 20));
    assert.notDeepEqual(scanMemory(server.pid, needles), [], 'a body that is on its way is in the memory');
    c.release();
    assert.equal((await answer).status, 200);
    assert.notDeepEqual(scanFiles(server.data, [{ name: 'magic', bytes: Buffer.from('SQLite format 3') }]), []);
    assert.ok(server.stderr().includes('route='));
  } finally {
    await server.stop();
  }
});
