// SPDX-License-Identifier: MIT
// Requests for a secret from the command line: asking, answering, collecting, and servers that lie.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createCipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'uqr';
import { ageFile, ageKey, bech32, keyPair } from '../support/age.mjs';
import { exit, newHome, startServerAndHome, useCheapClient } from '../support/cli.mjs';

useCheapClient();
const { server, cli: asker } = await startServerAndHome();
const answerer = await newHome(server.url);
test.after(() => answerer.remove());

const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

async function ask(...args) {
  const r = await asker.run(['request', '--json', ...args]);
  assert.equal(r.code, exit.done, r.stderr);
  return JSON.parse(r.stdout);
}
const answer = (link, input, ...args) => answerer.run(['answer', link, ...args], { input });
const collect = (...args) => asker.run(['collect', ...args]);

test('asked, answered and collected, once', async () => {
  const r = await asker.run(['request', '--note', 'the password of the router', '--ttl', '1h']);
  assert.equal(r.code, exit.done, r.stderr);
  assert.match(r.stdout, /^http:\S+\/#r\.\w{22}\.\w{32}\n$/);
  const empty = await collect();
  assert.deepEqual([empty.code, empty.stdout], [exit.done, '']);
  assert.match(empty.stderr, /no answer to collect\. 1 more can come/);

  const given = await answer(r.stdout.trim(), 'hunter2');
  assert.equal(given.code, exit.done, given.stderr);
  assert.match(given.stderr, /The asker writes: the password of the router\nNobody has checked who asks/);
  const again = await answer(r.stdout.trim(), 'hunter3');
  assert.equal(again.code, exit.gone, again.stderr);
  const got = await collect(r.stdout.trim());
  assert.deepEqual([got.code, got.stdout], [exit.done, 'hunter2'], got.stderr);
  assert.equal((await collect(r.stdout.trim())).stdout, '');
});

/** The modules of the code in ${stderr}, dark ones true, without the light ones around it. */
function drawnCode(stderr) {
  const lines = stderr.split('\n').filter((line) => /^[█▀▄ ]+$/.test(line));
  const rows = lines.flatMap((line) => ['█▀', '█▄'].map((light) => [...line].map((c) => !light.includes(c))));
  const [used, columns] = [rows.filter((row) => row.includes(true)), (row) => row.flatMap((dark, x) => (dark ? [x] : []))];
  const [left, right] = [Math.min(...used.flatMap(columns)), Math.max(...used.flatMap(columns))];
  return used.map((row) => row.slice(left, right + 1));
}

test('the link to answer as a QR code, on standard error', async () => {
  const r = await asker.run(['request', '--note', 'n', '--no-state', '--qr']);
  assert.equal(r.code, exit.done, r.stderr);
  const drawn = JSON.stringify(drawnCode(r.stderr));
  // The two libraries may choose different masks.
  const shows = (text) => [0, 1, 2, 3, 4, 5, 6, 7].some((maskPattern) => JSON.stringify(encode(text, { ecc: 'L', border: 0, maskPattern }).data) === drawn);
  const [link, own] = r.stdout.split('\n');
  assert.deepEqual([shows(link), shows(own)], [true, false]);

  const both = await asker.run(['request', '--qr', '--json']);
  assert.equal(both.code, exit.usage);
  assert.match(both.stderr, /--qr with --json cannot be combined/);
  const twice = await asker.run(['request', '--note', '-', '--api-token', 'stdin'], { input: 'n' });
  assert.equal(twice.code, exit.usage);
  assert.match(twice.stderr, /cannot both come from standard input/);
});

test('files of several people, by the link that collects, with nothing kept', async () => {
  const r = await asker.run(['request', '--no-state', '--answers', '2']);
  const [link, own] = r.stdout.trim().split('\n');
  assert.match(own, /#c\.\w{22}\.\w{32}\.\w{32}$/);
  for (const name of ['a.bin', 'b.bin']) {
    writeFileSync(join(answerer.folder, name), `this is ${name}`);
    const given = await answerer.run(['answer', link, name]);
    assert.equal(given.code, exit.done, given.stderr);
  }
  const stranger = await newHome();
  for (const place of [[], ['-o', 'one.bin']]) {
    const mixed = await stranger.run(['collect', own, ...place]);
    assert.equal(mixed.code, exit.usage, place.join(' '));
    assert.match(mixed.stderr, /2 answers\n {2}Name a directory for them: --output answers\/\. No answer was opened\.\n$/);
    assert.deepEqual(readdirSync(stranger.folder).filter((n) => n.endsWith('.bin')), []);
  }
  const got = await stranger.run(['collect', own, '-o', 'answers/']);
  assert.equal(got.code, exit.done, got.stderr);
  assert.deepEqual(readdirSync(join(stranger.folder, 'answers')).sort(), ['a.bin', 'b.bin']);
  assert.equal(statSync(join(stranger.folder, 'answers')).mode & 0o777, 0o700);
  assert.equal(readFileSync(join(stranger.folder, 'answers/b.bin'), 'utf8'), 'this is b.bin');
  await stranger.remove();
});

test('an answer in parts, and one that --wait waits for', async () => {
  const { link, collect: own } = await ask();
  const waiting = asker.start(['collect', '--wait', own, '-o', 'large.bin'], { input: '' });
  writeFileSync(join(answerer.folder, 'large'), Buffer.alloc(900_000, 5));
  const given = await answerer.run(['answer', link, 'large']);
  assert.equal(given.code, exit.done, given.stderr);
  const got = await waiting.done;
  assert.equal(got.code, exit.done, got.stderr);
  assert.ok(readFileSync(join(asker.folder, 'large.bin')).equals(Buffer.alloc(900_000, 5)));
});

test('answers encrypted to a key of the asker', async () => {
  const key = ageKey();
  writeFileSync(join(asker.folder, 'key.txt'), key.identity);
  const { link, collect: own } = await ask('--to', key.recipient);
  assert.equal((await answer(link, 'for the key')).code, exit.done);
  assert.equal((await collect(own)).code, exit.damaged, 'the seed alone opens it');
  const got = await collect(own, '-i', 'key.txt');
  assert.deepEqual([got.code, got.stdout], [exit.done, 'for the key'], got.stderr);
});

test('an answer that cannot be opened does not keep the others from being read', async (t) => {
  const key = ageKey();
  writeFileSync(join(asker.folder, 'several.txt'), key.identity);
  const { link, collect: own } = await ask('--answers', '3', '--to', key.recipient);
  const given = await answer(link, 'wrong link key', '--json');
  assert.equal(given.code, exit.done, given.stderr);
  for (const text of ['for other keys', 'sound']) assert.equal((await answer(link, text)).code, exit.done);

  const requestKey = link.split('.').at(-1);
  const wrap = (recipient, linkKey) => base64url(ageFile(`${requestKey}.${JSON.parse(given.stdout).id}.${linkKey}`, [recipient]));
  const bad = [wrap(key, 'x'.repeat(32)), wrap(ageKey(), 'x'.repeat(32))];
  const s = await lying(t, (request, json) => (request.endsWith('/answers') ? { ...json, answers: json.answers.map((one, i) => ({ ...one, wrap: bad[i] ?? one.wrap })) } : json));
  const got = await collect('-s', s.url, own, '-i', 'several.txt', '-o', '-');
  assert.deepEqual([got.code, got.stdout], [exit.wrong, 'sound'], got.stderr);
});

test('burn ends a request by the link that collects, or where it was made by the link to answer', async () => {
  for (const which of ['collect', 'link']) {
    const asked = await ask('--answers', '2');
    assert.equal((await answer(asked.link, 'never opened')).code, exit.done);
    const burnt = await (which === 'link' ? asker : answerer).run(['burn', asked[which]]);
    assert.deepEqual([burnt.code, burnt.stdout], [exit.done, ''], burnt.stderr);
    assert.match(burnt.stderr, /^Ended\. Nobody can answer/);

    assert.equal((await answer(asked.link, 'too late')).code, exit.gone);
    const left = await collect(asked.collect);
    assert.deepEqual([left.code, left.stdout], [exit.done, ''], left.stderr);
    assert.match(left.stderr, /no answer to collect, and none can come/);
    const again = await asker.run(['burn', '--json', asked.collect]);
    assert.deepEqual([again.code, again.stdout], [exit.done, '{"burnt":true}\n'], again.stderr);
    const kept = await collect(asked.link);
    assert.equal(kept.code, exit.usage, 'it is forgotten here');
  }
  const never = await ask();
  const [page, fragment] = never.collect.split('#');
  const [, , seed, key] = fragment.split('.');
  const unknown = await asker.run(['burn', `${page}#c.ABCDEFGHIJKLMNOPQRSTUV.${seed}.${key}`]);
  assert.equal(unknown.code, exit.gone);
  assert.match(unknown.stderr, /no such request/);
  const other = await asker.run(['burn', never.collect.replace(seed, seed.split('').reverse().join(''))]);
  assert.equal(other.code, exit.gone, other.stderr);
  assert.equal((await answer(never.link, 'still open')).code, exit.done);
  assert.equal((await collect(never.link)).stdout, 'still open', 'its keys are still here');
});

test('each link goes to its own command, and no message shows a key', async () => {
  const { link, collect: own } = await ask();
  const rows = [
    [asker, ['get', link], /asks for a secret and holds none\n {2}Answer it with secrets answer/],
    [asker, ['receipt', own], /collects the answers to a request\n {2}Use secrets collect/],
    [asker, ['answer', own], /not a link that asks for a secret/],
    [answerer, ['collect', link], /was not made here/],
    [answerer, ['burn', link], /was not made here/],
    [asker, ['burn', own, '--token', 'stdin'], /needs no --token/],
    [asker, ['request', '--to', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7hfyGVzXb7HtP0xkxoHyLkHWbkYFYm2mEKzhRHRkwe'], /age1\.\.\. keys only/],
    [asker, ['request', '--note', 'x'.repeat(5000)], /note is longer than 4096 bytes/],
    [asker, ['put', '--file', own], /cannot|No such file/],
    [asker, ['put', '--file', own.slice(0, -1)], /cannot|No such file/],
    [asker, ['put', '--file', own.replace('#', '%23').replaceAll('.', '%2e')], /cannot|No such file/],
    [asker, ['put', '--file', link.slice(0, -1)], /cannot|No such file/],
    [asker, ['put', '--file', link.slice(0, -1).replace('#r.', '%23r%2E')], /cannot|No such file/],
  ];
  for (const [who, args, message] of rows) {
    const r = await who.run(args, { input: 'x' });
    assert.ok(r.code === exit.usage || r.code === exit.failed, `${args[0]}: ${r.code} ${r.stderr}`);
    assert.match(r.stderr, message);
    for (const secret of own.split('#')[1].split('.').slice(2)) assert.ok(!r.stderr.includes(secret.slice(0, -1)), `${args[0]}: a message shows a key`);
  }
});

/** The server, but what ${change} makes of its answers; it hangs up where ${stops}, and notes what it is asked. */
async function lying(t, change, stops) {
  const seen = [];
  const s = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    seen.push(`${req.method} ${req.url.replace(/(secrets|requests)\/\w+/, '$1/ID')}`);
    if (stops?.(seen.at(-1))) return req.socket.destroy();
    const headers = Object.fromEntries(['content-type', 'authorization'].filter((h) => req.headers[h]).map((h) => [h, req.headers[h]]));
    const response = await fetch(`${server.url}${req.url}`, { method: req.method, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined, headers });
    let body = Buffer.from(await response.arrayBuffer());
    if (response.ok && body.length > 0) body = JSON.stringify(change(seen.at(-1), JSON.parse(body)));
    res.writeHead(response.status, { 'Content-Type': response.headers.get('content-type') ?? 'text/plain', 'Secrets-Answer': '1' }).end(response.status === 204 ? '' : body);
  });
  await once(s.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (s.closeAllConnections(), s.close()));
  return { url: `http://127.0.0.1:${s.address().port}/`, seen };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The link key of a description, and its envelope under ${key} (its own unless given). */
function seal(description, key, cost = [10, 8, 1]) {
  const bytes = Buffer.from(description);
  const stream = [...Buffer.from(hkdfSync('sha256', bytes, Buffer.alloc(0), 'ESv1 request key', 512))].filter((b) => b < 248).slice(0, 32);
  const own = stream.map((b) => alphabet[b % 62]).join('');
  const header = Buffer.concat([Buffer.from([0x45, 0x53, 0x76, 0x31, ...cost, 0]), randomBytes(24)]);
  const okm = scryptSync(key ?? own, header.subarray(8), 64, { N: 2 ** cost[0], r: cost[1], p: cost[2], maxmem: 2 ** 29 });
  const meta = Buffer.from(JSON.stringify({ size: bytes.length }));
  const plain = Buffer.alloc(Math.max(256, 4 + meta.length + bytes.length));
  plain.writeUInt32BE(meta.length);
  meta.copy(plain, 4);
  bytes.copy(plain, 4 + meta.length);
  const nonce = Buffer.alloc(12);
  nonce[11] = 1;
  const cipher = createCipheriv('aes-256-gcm', okm.subarray(0, 32), nonce).setAAD(header);
  return { key: own, header, envelope: Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}
const describe = (more = {}) => JSON.stringify({ v: 1, note: 'n', recipients: [ageKey().recipient], nonce: base64url(randomBytes(32)), ...more });

test('a request that is not the one of the link gets nothing', async (t) => {
  const { link } = await ask('--note', 'mine');
  const [, , key] = link.split('#')[1].split('.');
  const other = seal(describe());
  const rows = [
    ['another description under this link key', seal(describe(), key), link],
    ['the description of another request', other, link],
    ['a dearer derivation', seal(describe(), key, [15, 8, 1]), link],
    ['no envelope', { envelope: randomBytes(400), header: randomBytes(32) }, link],
  ];
  const broken = [
    ['the recipient of a plugin', describe({ recipients: [bech32('age1evil', randomBytes(32))] })],
    ['an SSH key', describe({ recipients: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7hfyGVzXb7HtP0xkxoHyLkHWbkYFYm2mEKzhRHRkwe'] })],
    ['no recipient', describe({ recipients: [] })],
    ['too many recipients', describe({ recipients: Array.from({ length: 17 }, () => ageKey().recipient) })],
    ['an unknown key', describe({ more: 1 })],
    ['another version', describe({ v: 2 })],
    ['no nonce', describe({ nonce: undefined })],
    ['a key twice', describe().replace('{', '{"note":"m",')],
    ['a note that is no text', describe({ note: 5 })],
  ];
  for (const [what, text] of broken) {
    const sealed = seal(text);
    rows.push([what, sealed, link.replace(key, sealed.key)]);
  }
  for (const [what, sealed, to] of rows) {
    const s = await lying(t, (request, json) => (request === 'GET /api/v1/requests/ID' ? { ...json, header: base64url(sealed.header), description: base64url(sealed.envelope) } : json));
    const r = await answer(to, 'a secret', '-s', s.url);
    assert.equal(r.code, exit.damaged, `${what}: ${r.stderr}`);
    assert.deepEqual(s.seen, ['GET /api/v1/config', 'GET /api/v1/requests/ID'], what);
  }
  // The control: one that is sound gets as far as the begin, whose gate the server refuses.
  const sound = seal(describe({ note: 'esc\u001b[2J\u202e' }));
  const s = await lying(t, (request, json) => (request === 'GET /api/v1/requests/ID' ? { ...json, header: base64url(sound.header), description: base64url(sound.envelope) } : json));
  const r = await answer(link.replace(key, sound.key), 'a secret', '-s', s.url);
  assert.equal(r.code, exit.wrong, r.stderr);
  assert.match(r.stderr, /The asker writes: esc \[2J\n/);
  assert.equal(s.seen.at(-1), 'POST /api/v1/requests/ID/answers');
});

test('an answer that is not for this request is not opened', async (t) => {
  const [mine, other] = [await ask('--answers', '2'), await ask()];
  for (const [to, text] of [[mine, 'one'], [mine, 'two'], [other, 'three']]) assert.equal((await answer(to.link, text)).code, exit.done);
  const key = (of) => of.link.split('.').at(-1);
  const seed = Buffer.from(mine.collect.split('#')[1].split('.')[2]);
  const secret = Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(0), 'ESv1 request identity', 32));
  const to = keyPair(secret);
  const made = (text) => [{ at: 1, size: 304, state: 'waiting', wrap: base64url(ageFile(text, [to])) }];
  const id = 'ABCDEFGHIJKLMNOPQRSTUV';
  const rows = [
    ['moved from another request', made(`${key(other)}.${id}.${key(mine)}`)],
    ['a passphrase', made(key(mine))],
    ['a longer text', made(`${key(mine)}.${id}.${key(mine)}.x`)],
    ['a shorter id', made(`${key(mine)}.${id.slice(1)}.${key(mine)}`)],
    ['a path for an id', made(`${key(mine)}.../../../../../../../..${key(mine)}`)],
    ['for another key', [{ at: 1, size: 304, state: 'waiting', wrap: base64url(ageFile(`${key(mine)}.${id}.${key(mine)}`, [ageKey()])) }]],
    ['no base64url', [{ at: 1, size: 304, state: 'waiting', wrap: '!' }]],
  ];
  for (const [what, answers] of rows) {
    const s = await lying(t, (request, json) => (request.endsWith('/answers') ? { ...json, answers } : json));
    const r = await collect('-s', s.url, mine.collect);
    assert.equal(r.code, exit.damaged, `${what}: ${r.stderr}`);
    assert.equal(r.stdout, '', what);
    assert.deepEqual(s.seen, ['GET /api/v1/requests/ID/answers'], what);
  }

  // A list with one answer twice gives it once; a passphrase is never asked for.
  const twice = await lying(t, (request, json) => (request.endsWith('/answers') ? { ...json, answers: [json.answers[0], json.answers[0]] } : json));
  const once_ = await collect('-s', twice.url, '-o', '-', mine.collect);
  assert.deepEqual([once_.code, once_.stdout], [exit.damaged, 'one'], once_.stderr);
  const nosy = await lying(t, (request, json) => (request === 'GET /api/v1/secrets/ID' ? { ...json, passphrase: true } : json));
  const kept = await collect('-s', nosy.url, '-o', '-', mine.collect);
  assert.equal(kept.code, exit.damaged);
  assert.ok(!nosy.seen.some((what) => what.endsWith('/open')));
  assert.equal((await collect(mine.collect)).stdout, 'two');
  assert.equal((await collect(other.collect)).stdout, 'three');
});

test('what an answer names is opened only if it is the answer that was listed', async (t) => {
  const mine = await ask();
  assert.equal((await answer(mine.link, 'one')).code, exit.done);
  const rows = [{ size: 20 << 20 }, { size: 305 }, { views_left: 3 }, { passphrase: true }, { wrap: true }, { gate: true }, { attempts_left: 5 }];
  for (const row of rows) {
    const s = await lying(t, (request, json) => (request === 'GET /api/v1/secrets/ID' ? { ...json, ...row } : json));
    const r = await collect('-s', s.url, mine.collect);
    assert.deepEqual([r.code, r.stdout], [exit.damaged, ''], JSON.stringify(row));
    assert.match(r.stderr, /an answer is not what the server listed; not opened/);
    assert.deepEqual(s.seen, ['GET /api/v1/requests/ID/answers', 'GET /api/v1/secrets/ID'], JSON.stringify(row));
  }
  assert.equal((await collect(mine.collect)).stdout, 'one');
});

test('an answer in parts that breaks off is finished by put --resume', async (t) => {
  const { link, collect: own } = await ask();
  let cut = true;
  const line = await lying(t, (request, json) => json, (request) => cut && request.startsWith('PUT'));
  writeFileSync(join(answerer.folder, 'long'), Buffer.alloc(900_000, 9));
  const broken = await answerer.run(['answer', link, 'long', '-s', line.url, '--patience', '0s']);
  assert.equal(broken.code, exit.unfinished, broken.stderr);
  cut = false;
  const again = await answerer.run(['put', '--resume', '-s', line.url]);
  assert.equal(again.code, exit.done, again.stderr);
  assert.match(again.stderr, /^Answered\. Only the asker can read it\.$/m);
  assert.doesNotMatch(again.stderr, /link can be opened/);
  const got = await collect(own, '-o', 'long.bin');
  assert.equal(got.code, exit.done, got.stderr);
  assert.ok(readFileSync(join(asker.folder, 'long.bin')).equals(Buffer.alloc(900_000, 9)));
});

test('messages about an answer name nothing that only put has', async (t) => {
  const asked = await ask();
  writeFileSync(join(answerer.folder, 'long'), Buffer.alloc(900_000, 9));
  let cut = true;
  const line = await lying(t, (request, json) => json, (request) => cut && request.startsWith('PUT'));
  const broken = await answerer.run(['answer', asked.link, 'long', '-s', line.url, '--patience', '0s']);
  assert.equal(broken.code, exit.unfinished, broken.stderr);
  assert.equal((await asker.run(['burn', asked.collect])).code, exit.done);
  cut = false;
  const again = await answerer.run(['put', '--resume', '-s', line.url, '--patience', '0s']);
  assert.equal(again.code, exit.gone, again.stderr);
  assert.match(again.stderr, /no longer has the upload\n {2}Answer again with secrets answer/);

  const unkept = await answerer.run(['answer', (await ask()).link], { input: 'x', extra: { XDG_STATE_HOME: '/dev/null' } });
  assert.equal(unkept.code, exit.done, unkept.stderr);
  assert.match(unkept.stderr, /^Note: cannot write to \/dev\/null\S*\.$/m);
});

test('what is kept of an answer in parts always has its wrap', async (t) => {
  const { link } = await ask();
  const home = await newHome();
  t.after(() => home.remove());
  // From the begin on the program can write small files only: a record without a wrap, but not one with it.
  const small = () => execFileSync('prlimit', ['--pid', String(running.pid), '--fsize=500']);
  const line = await lying(t, (request, json) => (request.startsWith('POST') && small(), json), (request) => request.startsWith('PUT'));
  writeFileSync(join(home.folder, 'long'), Buffer.alloc(900_000, 9));
  const running = home.start(['answer', link, 'long', '-s', line.url, '--patience', '0s'], { input: '' });
  const broken = await running.done;
  assert.notEqual(broken.code, exit.done);
  assert.equal(line.seen.filter((what) => what.startsWith('POST')).length, 1);
  const again = await home.run(['put', '--resume']);
  assert.match(again.stderr, /no unfinished upload/);
});

test('a server without requests is told before anything is sent', async (t) => {
  const old = await lying(t, (request, json) => (request.endsWith('/config') ? { ...json, features: ['gate', 'wrap'] } : json));
  const r = await asker.run(['request', '-s', old.url]);
  assert.equal(r.code, exit.refused);
  assert.match(r.stderr, /takes no requests/);
  assert.deepEqual(old.seen, ['GET /api/v1/config']);
});
