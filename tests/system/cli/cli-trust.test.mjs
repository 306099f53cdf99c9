// SPDX-License-Identifier: MIT
// A client trusts no more than it must (docs/DESIGN.md, P12): servers whose every response is
// valid, and false.

import assert from 'node:assert/strict';
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { startServer } from '../support/server.mjs';

useCheapClient();

const id = 'ABCDEFGHIJKLMNOPQRSTUV';
const key = 'abcdefghijklmnopqrstuvwxyz012345';
const token = 'o'.repeat(43);
const limits = { ttl_default: 3600, ttl_max: 1e6, file_max: 1e6, inline_max: 131072, views_max: 100 };

let cli;
before(async () => {
  cli = await newHome();
});
after(() => cli?.remove());

/** A server of ${table}: "METHOD /path" to [status, object] or a function of the body; it notes what it is asked. */
async function lying(t, table) {
  const seen = [];
  const s = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? undefined : JSON.parse(text);
    seen.push({ what: `${req.method} ${req.url}`, body, authorization: req.headers.authorization });
    const found = table[`${req.method} ${req.url}`] ?? [404, { code: 'not_found' }];
    const [status, object] = typeof found === 'function' ? found(body) : found;
    res.writeHead(status, { 'Secrets-Answer': '1', 'Content-Type': 'application/json' }).end(status === 204 ? '' : JSON.stringify(object));
  });
  await once(s.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (s.closeAllConnections(), s.close()));
  return { url: `http://127.0.0.1:${s.address().port}/`, seen, table };
}
const created = [201, { id, owner_token: token, expires_at: 2e9, part_size: 0 }];

const apiToken = randomBytes(32).toString('base64url');
const tokenOnly = { create: { allowed: false, ways: ['token', 'later'] } };

test('what a server does not let one share is told before it is read', async (t) => {
  const rows = [
    [tokenOnly, [], exit.forbidden, /does not let you share/, /--api-token/],
    [{ create: { allowed: false, ways: ['user'] } }, [], exit.forbidden, /does not let you share/, /browser/],
    [{ create: { allowed: false, ways: [] } }, [], exit.forbidden, /does not let you share/, /another address/],
    [{ passphrase: 'required' }, [], exit.refused, /requires a passphrase/, /--passphrase/],
    [{ views_max: 3 }, ['--views', '4'], exit.refused, /at most 3 views/, /--views/],
  ];
  for (const [more, args, code, error, hint] of rows)
    for (const classic of more.create ? [[], ['--classic']] : [[]]) {
      const s = await lying(t, { 'GET /api/v1/config': [200, { ...limits, ...more }], 'POST /api/v1/secrets': created });
      const r = await cli.run(['put', ...classic, '-s', s.url, ...args], { input: 'x' });
      assert.equal(r.code, code, r.stderr);
      assert.match(r.stderr, error);
      assert.match(r.stderr, hint);
      assert.deepEqual(s.seen.map((request) => request.what), ['GET /api/v1/config']);
    }
});

test('an API token goes to its server alone, and with what shares alone', async (t) => {
  const table = { 'GET /api/v1/config': [200, { ...limits, ...tokenOnly }], 'POST /api/v1/secrets': created,
    'POST /encrypt': [200, { secret_id: id.slice(0, 16), passphrase: 'p' }], [`DELETE /api/v1/secrets/${id}`]: [204, {}] };
  const [own, other] = [await lying(t, { ...table }), await lying(t, { ...table })];
  const given = { API_TOKEN: apiToken };
  const sharing = (s) => s.seen.filter((request) => request.authorization === `Bearer ${apiToken}`).map((request) => request.what);

  for (const [classic, what] of [[[], 'POST /api/v1/secrets'], [['--classic'], 'POST /encrypt']]) {
    const r = await cli.run(['put', ...classic, '-s', own.url, '--api-token', 'env:API_TOKEN'], { input: 'x', extra: given });
    assert.equal(r.code, exit.done, r.stderr);
    assert.deepEqual(sharing(own), [what]);
    own.seen.length = 0;
  }

  // From the configuration it is for the server of the configuration.
  const folder = join(cli.folder, '.config/secrets');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config'), `server = ${own.url}\napi-token = env:API_TOKEN\n`);
  t.after(() => writeFile(join(folder, 'config'), ''));
  assert.equal((await cli.run(['put'], { input: 'x', extra: given })).code, exit.done);
  assert.deepEqual(sharing(own), ['POST /api/v1/secrets']);
  const elsewhere = await cli.run(['put', '-s', other.url], { input: 'x', extra: given });
  assert.equal(elsewhere.code, exit.forbidden, elsewhere.stderr);
  assert.equal((await cli.run(['burn', id, '-s', own.url], { extra: given })).code, exit.done);
  assert.deepEqual([sharing(own).length, sharing(other).length], [1, 0]);
  for (const s of [own, other]) assert.ok(!JSON.stringify(s.seen.filter((request) => !request.what.startsWith('POST'))).includes(apiToken));
});

test('a token that is not valid, or not accepted, is told without repeating it', async (t) => {
  const s = await lying(t, { 'GET /api/v1/config': [200, { ...limits, ...tokenOnly }], 'POST /api/v1/secrets': [401, { code: 'creators_only', status: 401, title: 'No' }] });
  const put = (value, args = []) => cli.run(['put', '-s', s.url, '--api-token', 'env:API_TOKEN', ...args], { input: 'x', extra: { API_TOKEN: value } });
  const refused = await put(apiToken);
  assert.equal(refused.code, exit.forbidden, refused.stderr);
  assert.match(refused.stderr, /does not accept the API token/);
  const bad = await put(`${apiToken}x`);
  assert.equal(bad.code, exit.usage, bad.stderr);
  assert.match(bad.stderr, /not valid/);
  for (const r of [refused, bad]) assert.ok(!(r.stdout + r.stderr).includes(apiToken));
  const both = await cli.run(['put', '-s', s.url, '--api-token', 'stdin'], { input: 'x' });
  assert.equal(both.code, exit.usage);
});

test('a link for another page is printed only when the user said so', async (t) => {
  for (const page of ['https://evil.example/', 'http://localhost:1/', 'https://127.0.0.1/']) {
    const s = await lying(t, { 'GET /api/v1/config': [200, { ...limits, page }], 'POST /api/v1/secrets': created,
      'POST /encrypt': [200, { secret_id: id.slice(0, 16), passphrase: 'p' }] });
    for (const classic of [[], ['--classic']]) {
      const r = await cli.run(['put', ...classic, '-s', s.url], { input: 'x' });
      assert.equal(r.code, exit.refused, r.stderr);
      assert.equal(r.stdout, '');
      assert.ok(r.stderr.includes(page) && /--page/.test(r.stderr), r.stderr);
      assert.ok(!s.seen.some((request) => request.what.startsWith('POST')), 'nothing was shared');
      s.seen.length = 0;
      const told = await cli.run(['put', ...classic, '-s', s.url, '--page', page], { input: 'x' });
      assert.equal(told.code, exit.done, told.stderr);
      assert.ok(told.stdout.startsWith(page));
      const own = await cli.run(['put', ...classic, '-s', s.url, '--page', s.url], { input: 'x' });
      assert.ok(own.stdout.startsWith(s.url), own.stderr);
      s.seen.length = 0;
    }
  }
  // A page of the same origin needs no question; nor does one of the configuration file.
  const s = await lying(t, { 'POST /api/v1/secrets': created });
  s.table['GET /api/v1/config'] = [200, { ...limits, page: `${s.url}share/` }];
  assert.ok((await cli.run(['put', '-s', s.url], { input: 'x' })).stdout.startsWith(`${s.url}share/#`));
  s.table['GET /api/v1/config'] = [200, { ...limits, page: 'https://evil.example/' }];
  await mkdir(join(cli.folder, '.config/secrets'), { recursive: true });
  await writeFile(join(cli.folder, '.config/secrets/config'), 'page = https://mine.example/\n');
  assert.ok((await cli.run(['put', '-s', s.url], { input: 'x' })).stdout.startsWith('https://mine.example/#'));
  await writeFile(join(cli.folder, '.config/secrets/config'), '');
});

const headerOf = (n, r, p) => Buffer.concat([Buffer.from('ESv1'), Buffer.from([n, r, p, 0]), randomBytes(24)]);
const infoOf = (header, more) => ({ header: header.toString('base64url'), size: 304, part_size: 0, passphrase: false, views_left: 1, expires_at: 2e9, ...more });

test('a cost that is too low for a passphrase is refused before anything is derived', async (t) => {
  const shipped = await newHome(undefined, { shipped: true });
  t.after(() => shipped.remove());
  const cases = [[11, 24, 16, false], [14, 8, 6, false], [10, 1, 1, false], [15, 8, 3, true], [16, 8, 2, true], [17, 8, 1, true]];
  for (const [n, r, p, taken] of cases) {
    const s = await lying(t, { [`GET /api/v1/secrets/${id}`]: [200, infoOf(headerOf(n, r, p), { passphrase: true })],
      [`POST /api/v1/secrets/${id}/open`]: [403, { code: 'wrong_proof' }] });
    const got = await shipped.run(['get', '-s', s.url, '-p', 'env:PW', `${id}.${key}`], { extra: { PW: 'correct horse' } });
    const asked = s.seen.filter((request) => request.what.startsWith('POST')).length;
    assert.deepEqual([got.code, asked], taken ? [exit.wrong, 1] : [exit.damaged, 0], `${n} ${r} ${p}: ${got.stderr}`);
    if (!taken) assert.match(got.stderr, /too cheap for a passphrase/);

    // Nor is the passphrase asked for, which without a terminal would end otherwise.
    const asking = await shipped.run(['get', '-s', s.url, `${id}.${key}`]);
    if (!taken) assert.match(asking.stderr, /too cheap for a passphrase/);
    else assert.match(asking.stderr, /no terminal to ask on/);
  }
  // A server that hides that there is a passphrase gains nothing: the user gives it all the same.
  const s = await lying(t, { [`GET /api/v1/secrets/${id}`]: [200, infoOf(headerOf(14, 8, 1))] });
  const got = await shipped.run(['get', '-s', s.url, '-p', 'env:PW', `${id}.${key}`], { extra: { PW: 'correct horse' } });
  assert.equal(got.code, exit.damaged, got.stderr);
  // With the link key alone 2^14 is what writers use.
  const plain = await lying(t, { [`GET /api/v1/secrets/${id}`]: [200, infoOf(headerOf(14, 8, 1))],
    [`POST /api/v1/secrets/${id}/open`]: [403, { code: 'wrong_proof' }] });
  assert.equal((await shipped.run(['get', '-s', plain.url, `${id}.${key}`])).code, exit.wrong);
});

test('a lease is shown to the server that gave it, and to no other', async (t) => {
  const server = await startServer();
  const home = await newHome();
  t.after(async () => (await server.stop(), home.remove()));
  const downloads = join(home.folder, '.local/state/secrets/downloads');
  const records = () => (existsSync(downloads) ? readdirSync(downloads) : []).filter((f) => f.endsWith('.json'));
  const kept = () => records().map((f) => readFileSync(join(downloads, f), 'utf8'));
  const made = (await home.run(['put', '-q', '-s', server.url], { input: randomBytes(3_000_000) })).stdout.trim();
  const [, secret, linkKey] = /#(\w+)\.(\w+)/.exec(made);
  // The first server gives a lease; the run is killed before it ends.
  const child = home.start(['get', '-o', 'here', made]);
  while (records().length === 0 && child.exitCode === null) await new Promise((r) => setTimeout(r, 1));
  child.kill('SIGKILL');
  await child.done;
  const before = kept();
  assert.equal(before.length, 1);
  // Another one has the same id and asks for an open.
  const leases = [];
  const info = await (await fetch(`${server.url}/api/v1/secrets/${secret}`)).json();
  const evil = await lying(t, { [`GET /api/v1/secrets/${secret}`]: [200, info],
    [`POST /api/v1/secrets/${secret}/open`]: (body) => (leases.push(body.lease), [404, { code: 'not_found' }]) });
  const r = await home.run(['get', '-s', evil.url, `${secret}.${linkKey}`]);
  assert.equal(r.code, exit.gone, r.stderr);
  assert.equal(leases.length, 1);
  assert.notEqual(leases[0], JSON.parse(before[0]).lease, 'it gets a lease of its own');
  assert.deepEqual(kept(), before, 'its 404 forgets nothing of the first');
  assert.equal((await home.run(['get', '-o', 'here', made])).code, exit.done);
});

test('an owner token goes to its own server alone', async (t) => {
  const own = await lying(t, { 'GET /api/v1/config': [200, limits], 'POST /api/v1/secrets': created, [`DELETE /api/v1/secrets/${id}`]: [204] });
  const other = await lying(t, { [`DELETE /api/v1/secrets/${id}`]: [204], [`GET /api/v1/secrets/${id}/receipt`]: [200, { state: 'waiting', events: [] }] });
  assert.equal((await cli.run(['put', '-s', own.url], { input: 'x' })).code, exit.done);
  for (const command of ['burn', 'receipt']) {
    const r = await cli.run([command, '-s', other.url, `${id}`]);
    assert.equal(r.code, exit.usage, r.stderr);
    // A page elsewhere that leads there changes nothing: the record says which server it is.
    await cli.run([command, `${other.url}#${id}`]);
  }
  assert.ok(!other.seen.some((request) => request.authorization !== undefined), 'no token was sent');
  assert.equal((await cli.run(['burn', '-s', own.url, id])).code, exit.done);
});

test('the gate: sent where the server asks, and it tells a damaged link from a wrong passphrase', async (t) => {
  const header = headerOf(15, 8, 3);
  const gate = Buffer.from(hkdfSync('sha256', key, header.subarray(8, 32), 'ESv1 gate', 32)).toString('base64url');
  const open = [403, { code: 'wrong_key' }];
  const s = await lying(t, { [`GET /api/v1/secrets/${id}`]: [200, infoOf(header, { passphrase: true, gate: true })],
    [`POST /api/v1/secrets/${id}/open`]: () => open });
  const get = () => cli.run(['get', '-s', s.url, '-p', 'env:PW', `${id}.${key}`], { extra: { PW: 'x' } });
  assert.match((await get()).stderr, /the key in the link is wrong/);
  assert.equal(s.seen.at(-1).body.gate, gate);
  open[1] = { code: 'wrong_proof', attempts_left: 3 };
  const wrong = await get();
  assert.match(wrong.stderr, /secrets: wrong passphrase\n +3 more attempts/);
  // Nothing is sent that was not asked for.
  s.table[`GET /api/v1/secrets/${id}`] = [200, infoOf(header, { passphrase: true })];
  await get();
  assert.equal(s.seen.at(-1).body.gate, undefined);
  // What is shared has a gate where the server knows it.
  const bodies = [];
  const at = await lying(t, { 'GET /api/v1/config': [200, { ...limits, features: ['gate', 'new'] }], 'POST /api/v1/secrets': (body) => (bodies.push(body), created) });
  for (const args of [[], ['-p', 'env:PW']]) {
    const made = await cli.run(['put', '-s', at.url, ...args], { input: 'x', extra: { PW: 'x' } });
    const linkKey = /\.(\w+)$/.exec(made.stdout.trim())[1];
    const salt = Buffer.from(bodies.at(-1).header, 'base64url').subarray(8, 32);
    const expected = createHash('sha256').update(Buffer.from(hkdfSync('sha256', linkKey, salt, 'ESv1 gate', 32))).digest('base64url');
    assert.equal(bodies.at(-1).gate_verifier, expected);
  }
  at.table['GET /api/v1/config'] = [200, limits];
  await cli.run(['put', '-s', at.url], { input: 'x' });
  assert.equal(bodies.at(-1).gate_verifier, undefined);
});

test('JSON holds no character that controls a terminal', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const text = 'a\u0080\u009b31m\u007f\u202eb\u2066c\u200e';
  const made = await cli.run(['put', '-q', '-s', server.url, '-v', '2'], { input: text });
  const got = await cli.run(['get', '--json', made.stdout.trim()]);
  assert.equal(JSON.parse(got.stdout).text, text);
  assert.ok(!/[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(got.stdout));
});

test('a server that answers too much is at fault, not the memory of this machine', async (t) => {
  const events = Array.from({ length: 5000 }, () => ({ event: 'opened', at: 1 }));
  const s = await lying(t, { [`GET /api/v1/secrets/${id}/receipt`]: [200, { state: 'opened', expires_at: 2e9, events }] });
  const receipt = await cli.run(['receipt', '-s', s.url, '-T', 'env:TOKEN', `${id}.${key}`], { extra: { TOKEN: token } });
  assert.equal(receipt.code, exit.damaged, receipt.stderr);
  assert.match(receipt.stderr, /more events than a secret can have/);

  for (const fields of [`X-Long: ${'x'.repeat(3_000_000)}\r\n`, 'X-Many: x\r\n'.repeat(300_000)]) {
    const raw = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${fields}\r\n`));
    });
    await new Promise((done) => raw.listen(0, '127.0.0.1', done));
    t.after(() => raw.close());
    const got = await cli.run(['get', '--patience', '1s', '-s', `http://127.0.0.1:${raw.address().port}/`, `${id}.${key}`]);
    assert.equal(got.code, exit.damaged, got.stderr);
    assert.ok(!/memory/.test(got.stderr), got.stderr);
  }
});

test('a number out of its range is a damaged response, and is not shown', async (t) => {
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([14, 8, 1, 0]), randomBytes(24)]);
  const content = Buffer.concat([header, randomBytes(272)]).toString('base64url');
  const good = {
    config: { ...limits, features: ['gate', 'requests'] }, created: created[1], receipt: { state: 'waiting', expires_at: 2e9, events: [{ event: 'created', at: 1e9 }] },
    info: { header: header.toString('base64url'), size: 304, part_size: 0, passphrase: false, views_left: 1, expires_at: 2e9, attempts_left: 5 },
    opened: { views_left: 0, content }, asked: { id, expires_at: 2e9 },
    request: { header: '', description: content, answers_left: 1, answer_size: 1000, answer_ttl: 60, expires_at: 2e9 },
    answers: { state: 'open', expires_at: 2e9, answers_left: 1, answers: [{ at: 1e9, size: 304, state: 'used_up' }] },
  };
  const routes = {
    'GET /api/v1/config': 'config', 'POST /api/v1/secrets': 'created', [`GET /api/v1/secrets/${id}/receipt`]: 'receipt', [`GET /api/v1/secrets/${id}`]: 'info',
    [`POST /api/v1/secrets/${id}/open`]: 'opened', 'POST /api/v1/requests': 'asked', [`GET /api/v1/requests/${id}`]: 'request', [`GET /api/v1/requests/${id}/answers`]: 'answers',
  };
  const commands = {
    put: ['put', 'large'], text: ['put'], info: ['info', `${id}.${key}`], json: ['info', '--json', `${id}.${key}`], get: ['get', `${id}.${key}`],
    receipt: ['receipt', '-T', 'env:TOKEN', `${id}.${key}`], request: ['request'], answer: ['answer', `https://x/#r.${id}.${key}`], collect: ['collect', `https://x/#c.${id}.${key}.${key}`],
  };
  await writeFile(join(cli.folder, 'large'), randomBytes(200_000));
  let said = good;
  const raw = createServer((req, res) => {
    req.resume().on('end', () => {
      const status = req.method === 'POST' && !req.url.endsWith('/open') ? 201 : 200;
      if (req.method === 'PUT' || req.method === 'DELETE' || req.url.endsWith('/complete')) return res.writeHead(204, { 'Secrets-Answer': '1' }).end();
      res.writeHead(status, { 'Secrets-Answer': '1', 'Content-Type': 'application/json' }).end(JSON.stringify(said[routes[`${req.method} ${req.url}`]]).replace('"2^63"', '9223372036854775808'));
    });
  });
  await once(raw.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (raw.closeAllConnections(), raw.close()));
  const run = (name) => cli.run([...commands[name], '--no-state', '--patience', '1s', '-s', `http://127.0.0.1:${raw.address().port}/`], { input: 'x', extra: { TOKEN: token } });

  // The controls: what a server says in truth. Forged content ends get and answer as late as they can.
  for (const name of ['text', 'info', 'json', 'receipt', 'request', 'collect']) {
    const r = await run(name);
    assert.equal(r.code, exit.done, `${name}: ${r.stderr}`);
  }
  assert.match((await run('info')).stdout, /^Can be opened 1 more time, until \w+ \d+ May 2033, /);
  assert.match((await run('get')).stderr, /damaged or forged/);
  assert.match((await run('answer')).stderr, /does not have the request/);
  said = { ...good, created: { ...good.created, part_size: 65536 } };
  assert.equal((await run('put')).code, exit.done);

  const times = [-1, 8640000000001, '2^63', 'x'];
  const sizes = [303, 2 ** 53, 304.5, '2^63', null];
  const rows = [
    ['put', 'created', { part_size: [1, 65535, 4194305, -65536, '65536'], expires_at: times }],
    ['text', 'config', { file_max: [0, -1, '2^63'], inline_max: [303, 4194305, '2^63'], views_max: [0, 101], ttl_max: [59, 1e12], ttl_default: [59, 1000001] }],
    ['info', 'info', { size: sizes, part_size: [1, 4194305], views_left: [-5, 101, '2^63'], attempts_left: [-1, 101], expires_at: times }],
    ['json', 'info', { views_left: [-5] }], ['get', 'info', { part_size: [1, -1, 4194305], views_left: [-5], expires_at: ['x'] }], ['get', 'opened', { views_left: [-1, 101, '2^63'] }],
    ['receipt', 'receipt', { expires_at: times, events: [[{ event: 'created', at: 'x' }], [{ event: 'created', at: -1 }]] }],
    ['request', 'asked', { expires_at: times }], ['answer', 'request', { answer_size: [0, -1, 2 ** 53, '2^63'], answers_left: [-1, 101], expires_at: ['x'] }],
    ['collect', 'answers', { answers_left: [-1, 101], answers: [[{ at: -1, size: 304 }], [{ at: 1, size: 303 }], Array(101).fill(good.answers.answers[0])] }],
  ];
  for (const [name, response, wrong] of rows) {
    for (const [member, values] of Object.entries(wrong)) {
      for (const value of values) {
        said = { ...good, [response]: { ...good[response], [member]: value } };
        const r = await run(name);
        const what = `${name}: ${member} of ${response} is ${JSON.stringify(value)}: ${r.stdout}${r.stderr}`;
        assert.deepEqual([r.code, r.stdout], [exit.damaged, ''], what);
        assert.match(r.stderr, /^secrets: (unexpected response|the server sent a request that is damaged)/m, what);
      }
    }
  }
});
