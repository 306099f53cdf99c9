// SPDX-License-Identifier: MIT
// secretsctl forward: every event arrives, in order, at least once and with the same id, whatever the
// receiver, the server and the program itself do meanwhile.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Connection, create, newLease, json, openBody, sealed } from '../support/client.mjs';
import { ctl, startCtl } from '../support/ctl.mjs';
import { patience, startServer } from '../support/server.mjs';

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const until = async (done, seconds = 30) => {
  for (let i = 0; i < seconds * 20 * patience && !done(); i++) await sleep(50);
  assert.ok(done(), 'in time');
};
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** A folder with a server, a signing key and a place for the forwarder. */
async function setUp(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-forward-'));
  const env = { SECRETS_ADMIN_LISTEN: `unix:${join(folder, 'admin.sock')}` };
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const it = { folder, env, secret, place: join(folder, 'place'), keyFile: join(folder, 'key') };
  writeFileSync(it.keyFile, `${secret}\n`);
  it.start = async () => (it.server = await startServer({ data: folder, env }));
  it.events = async () => lines((await ctl(['events'], { env })).stdout);
  it.forward = (...more) => startCtl(['forward', '--place', it.place, ...more], { env, timeout: 120_000 });
  it.toUrl = (url, ...more) => it.forward('--url', url, '--key', `file:${it.keyFile}`, ...more);
  t.after(async () => {
    await it.server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await it.start();
  return it;
}

/** Make and open ${n} secrets: three events each. */
async function happen(server, n) {
  const c = new Connection(server);
  for (let i = 0; i < n; i++) {
    const secret = await create(c, sealed());
    await c.request('POST', `/api/v1/secrets/${secret.id}/open`, { body: openBody(secret, newLease()), headers: json });
  }
  c.close();
}

/** A receiver that does with the n-th request what ${behave}(n) says, and keeps what it took. */
function receiver(behave, secret) {
  const got = [];
  const seen = [];
  let n = 0;
  let port = 0;
  const handle = (req, res) => {
    const pieces = [];
    req.on('data', (d) => pieces.push(d));
    req.on('end', async () => {
      const body = Buffer.concat(pieces).toString();
      const what = behave(n++);
      new Webhook(secret).verify(body, req.headers); // throws unless the signature is right
      seen.push({ id: req.headers['webhook-id'], body });
      if (what === 'drop') return req.socket.destroy();
      if (what === 'late') await sleep(300);
      if (what === 'lost') { // taken, but nobody learns of it
        got.push(JSON.parse(body));
        return req.socket.destroy();
      }
      res.statusCode = typeof what === 'number' ? what : 204;
      if (res.statusCode < 300) got.push(JSON.parse(body));
      res.end();
    });
  };
  const it = { got, seen, url: undefined };
  let http;
  it.open = async () => {
    http = createServer(handle);
    await new Promise((done) => http.listen(port, '127.0.0.1', done));
    port = http.address().port;
    it.url = `http://127.0.0.1:${port}/hook`;
  };
  it.close = () => new Promise((done) => (http.close(done), http.closeAllConnections()));
  return it;
}

test('a receiver that drops, delays, refuses, dies and comes back gets every event, in order', async (t) => {
  const it = await setUp(t);
  const ways = ['drop', 204, 500, 200, 'lost', 'late', 204, 204, 429, 204];
  const hook = receiver((n) => ways[n % ways.length], it.secret);
  await hook.open();
  t.after(() => hook.close());
  let program = it.toUrl(hook.url);
  await happen(it.server, 3);
  await until(() => hook.got.length >= 3);

  // The receiver is away, then the server is killed, then the program.
  await hook.close();
  await happen(it.server, 2);
  await sleep(600);
  await hook.open();
  await it.server.kill();
  await it.start();
  await happen(it.server, 1);
  await until(() => hook.got.length >= 12);
  program.kill('SIGKILL');
  await program.done;
  await happen(it.server, 2);
  program = it.toUrl(hook.url);

  const all = await it.events();
  await until(() => JSON.parse(readFileSync(it.place, 'utf8')).number === all.length, 60);
  program.kill();
  await program.done;

  // Each once or more, and nothing out of order.
  const order = hook.got.map(({ number }) => number);
  assert.deepEqual([...new Set(order)], all.map(({ number }) => number));
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
  assert.ok(order.length > new Set(order).size, 'the control: some came twice');
  for (const event of hook.got) assert.deepEqual(event, all[event.number - 1]);
  for (const { id, body } of hook.seen) assert.equal(id, JSON.parse(body).hash, 'a repetition has the same id');
  const audit = await ctl(['audit', '-'], { input: all.map((e) => `${JSON.stringify(e)}\n`).join('') });
  assert.equal(audit.code, 0, audit.stdout);
});

test('410 parks, and --resume goes on with the same event', async (t) => {
  const it = await setUp(t);
  let answer = 410;
  const hook = receiver(() => answer, it.secret);
  await hook.open();
  t.after(() => hook.close());
  const first = await it.toUrl(hook.url).done;
  assert.equal(first.code, 5, first.stderr);
  assert.match(first.stderr, /parked after event 0: the receiver answered 410/);
  for (let start = 2; start <= 3; start++) {
    const again = await it.toUrl(hook.url).done;
    assert.equal(again.code, 5, 'it stays parked');
    assert.match(again.stderr, /parked after event 0: the receiver answered 410/);
  }
  assert.equal(hook.seen.length, 1);

  answer = 204;
  const program = it.toUrl(hook.url, '--resume');
  await until(() => hook.got.length === 1);
  program.kill();
  await program.done;
  assert.equal(hook.got[0].kind, 'started');
});

test('a program gets each event on its standard input, without a shell', async (t) => {
  const it = await setUp(t);
  const script = join(it.folder, 'take');
  writeFileSync(script, '#!/bin/sh\n# Fails at its second event once.\ncat >"$1/now"\nif [ "$(wc -l <"$1/taken")" = 1 ] && [ ! -e "$1/failed" ]; then touch "$1/failed"; exit 3; fi\ncat "$1/now" >>"$1/taken"\nprintf "%s" "$2" >"$1/argument"\n');
  writeFileSync(join(it.folder, 'taken'), '');
  chmodSync(script, 0o755);
  await happen(it.server, 1);
  const program = it.forward('--exec', script, it.folder, '$(touch /tmp/never); --json');
  const taken = () => lines(readFileSync(join(it.folder, 'taken'), 'utf8'));
  await until(() => taken().length === 4);
  program.kill();
  const { stderr } = await program.done;
  assert.deepEqual(taken(), await it.events());
  assert.equal(readFileSync(join(it.folder, 'argument'), 'utf8'), '$(touch /tmp/never); --json');
  assert.match(stderr, /event 2 is repeated until it is taken: the program ended with 3/);
  assert.match(stderr, /event 2 was taken: forwarding continues/);
  assert.ok(!existsSync('/tmp/never'));
});

test('what retention dropped is reported, and a chain that is broken parks', async (t) => {
  const it = await setUp(t);
  const take = async (events, code) => {
    const file = join(it.folder, `out-${events}`);
    const program = it.forward('--exec', '/usr/bin/tee', '-a', file);
    if (code === undefined) await until(() => existsSync(file) && lines(readFileSync(file, 'utf8')).length === events);
    if (code === undefined) await until(() => JSON.parse(readFileSync(it.place, 'utf8')).number === lines(readFileSync(file, 'utf8')).at(-1).number);
    if (code === undefined) program.kill();
    return program.done;
  };
  const edit = async (sql) => {
    await it.server.stop();
    execFileSync('sqlite3', [join(it.server.data, 'secrets.db'), sql]);
    await it.start();
  };
  await happen(it.server, 1);
  await take(4); // started, created, opened, used_up
  await happen(it.server, 1);
  await edit('DELETE FROM event WHERE number < 8'); // stopped stays, and started comes
  const { stderr } = await take(2);
  assert.match(stderr, /events 5 to 7 were dropped before they could be forwarded/);

  await happen(it.server, 1);
  await edit('UPDATE event SET at = at + 1 WHERE number = 11');
  const broken = await take(0, 5);
  assert.equal(lines(readFileSync(join(it.folder, 'out-0'), 'utf8')).at(-1).number, 10);
  assert.equal(broken.code, 5);
  assert.match(broken.stderr, /the chain is broken/);

  // --resume takes what the server has now.
  const file = join(it.folder, 'resumed');
  const program = it.forward('--resume', '--exec', '/usr/bin/tee', '-a', file);
  const later = (await it.events()).filter(({ number }) => number > 10);
  await until(() => existsSync(file) && lines(readFileSync(file, 'utf8')).length === later.length);
  program.kill();
  assert.match((await program.done).stderr, /event 11 does not follow from event 10/);
  assert.deepEqual(lines(readFileSync(file, 'utf8')), later);
});

test('the events of another server, or of an older copy of the data, park it', async (t) => {
  const it = await setUp(t);
  const file = join(it.folder, 'out');
  const taken = () => (existsSync(file) ? lines(readFileSync(file, 'utf8')) : []);
  const start = (...more) => it.forward(...more, '--exec', '/usr/bin/tee', '-a', file);
  await happen(it.server, 2);
  const program = start();
  await until(() => existsSync(it.place) && JSON.parse(readFileSync(it.place, 'utf8')).number === 7);
  program.kill();
  await program.done;

  // A new chain that is shorter, and later one that is longer.
  await it.server.stop();
  for (const name of ['secrets.db', 'secrets.db-wal', 'secrets.db-shm']) rmSync(join(it.server.data, name), { force: true });
  await it.start();
  const place = readFileSync(it.place);
  for (let round = 0; round < 2; round++) {
    writeFileSync(it.place, place);
    const { code, stderr } = await start().done;
    assert.equal(code, 5, stderr);
    assert.match(stderr, /are not those that were forwarded/);
    assert.equal((await start().done).code, 5, 'it stays parked');
    await happen(it.server, 4);
  }
  assert.equal(taken().length, 7);

  // --resume takes what the server has now, from its beginning.
  const resumed = start('--resume');
  const all = await it.events();
  await until(() => taken().length === 7 + all.length);
  resumed.kill();
  await resumed.done;
  assert.deepEqual(taken().slice(7), all);
});

test('a first run begins with the next event if it is told to, and a later one where it was', async (t) => {
  const it = await setUp(t);
  const file = join(it.folder, 'out');
  const numbers = () => (existsSync(file) ? lines(readFileSync(file, 'utf8')).map(({ number }) => number) : []);
  const start = () => it.forward('--from-now', '--exec', '/usr/bin/tee', '-a', file);
  await happen(it.server, 2);
  const first = start();
  await until(() => existsSync(it.place));
  await happen(it.server, 1);
  await until(() => numbers().length === 3 && JSON.parse(readFileSync(it.place, 'utf8')).number === 10);
  first.kill();
  await first.done;

  // The flag stays in the unit, and must not skip what happens between two runs.
  await happen(it.server, 1);
  const second = start();
  await until(() => numbers().length === 6);
  second.kill();
  await second.done;
  assert.deepEqual(numbers(), [8, 9, 10, 11, 12, 13]);

  // A place before the first event is one as well: the server had no event then.
  writeFileSync(it.place, JSON.stringify({ number: 0, hash: 'A'.repeat(43) }));
  const third = start();
  await until(() => numbers().length === 6 + 13);
  third.kill();
  await third.done;
});

test('after the server was away, one line says that forwarding continues', async (t) => {
  const it = await setUp(t);
  const program = it.forward('--exec', 'true');
  const reached = (number) => until(() => existsSync(it.place) && JSON.parse(readFileSync(it.place, 'utf8')).number === number, 60);
  await reached(1);
  await it.server.stop();
  await until(() => program.errorsSoFar().includes('no server at')); // the control: it was away
  await it.start();
  await happen(it.server, 1);
  await reached((await it.events()).length);
  program.kill();
  const { stderr } = await program.done;
  assert.ok(!stderr.includes('SECRETS_ADMIN_LISTEN'), 'the settings are right');
  assert.equal(stderr.split('can be reached: forwarding continues after event').length, 2);
});

test('while the server is away, a few lines say so', async (t) => {
  const it = await setUp(t);
  await it.server.stop();
  const program = it.forward('--exec', 'true');
  await sleep(6000);
  program.kill();
  const { stderr } = await program.done;
  const said = stderr.split('\n').filter((line) => line.includes('no server at')).length;
  assert.ok(said >= 1 && said <= 3, `${said} times`);
  assert.match(stderr, /Set SECRETS_ADMIN_LISTEN=/, 'it was never there');
});

test('what is wrong on the command line', async (t) => {
  const it = await setUp(t);
  const url = 'http://127.0.0.1:1/';
  for (const args of [[], ['--url', url], ['--url', url, '--key', 'env:NOTHING'], ['--url', url, '--key', it.secret],
    ['--url', url, '--key', 'file:/nonexistent'], ['--url', url, '--exec', 'true']]) {
    const { code, stderr } = await it.forward(...args).done;
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.ok(!stderr.includes(it.secret));
  }
  // What can never work ends it at once, without a word of the login.
  for (const wrong of ['file:///etc/passwd', 'gopher://127.0.0.1:1/x', 'ftp://127.0.0.1/', 'http://user:hunter2@127.0.0.1:1/', 'https://user@127.0.0.1:1/', 'http://127.0.0.1:1/a b',
    'http://127.0.0.1:1/\u001b[2J', 'https://', 'http://example.org/', 'http://localhost.example.org/', 'http://127.0.0.1.example.org/', 'http://10.0.0.1/']) {
    const { code, stderr } = await it.toUrl(wrong).done;
    assert.equal(code, 2, `${wrong}: ${stderr}`);
    assert.match(stderr, /^secretsctl: --url [^\u001b]+\n {2}[^\u001b]+\n$/, wrong);
    assert.ok(!stderr.includes('hunter2'), stderr);
  }
  writeFileSync(it.place, 'nonsense');
  assert.equal((await it.forward('--exec', 'true').done).code, 1);
});
