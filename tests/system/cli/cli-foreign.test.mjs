// SPDX-License-Identifier: MIT
// Proxies, gateways, firewalls and sign-in pages that answer in place of the server (docs/DESIGN.md,
// P11): nothing is dropped, burnt, called gone or wrong because of them, and every message names what
// happened.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { brief } from '../support/brief.mjs';
import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { startServer } from '../support/server.mjs';

useCheapClient();

const ROUNDS = Number(process.env.ROUNDS ?? 12); // of faults at random
const html = '<html><body>Something else</body></html>';
const faults = {
  'a proxy without its container (404)': (res) => res.writeHead(404, { 'Content-Type': 'text/html' }).end(html),
  'a firewall (403)': (res) => res.writeHead(403, { 'Content-Type': 'text/html' }).end(html),
  'Basic auth (401)': (res) => res.writeHead(401, { 'WWW-Authenticate': 'Basic', 'Content-Type': 'text/html' }).end(html),
  'a guest network (200)': (res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(html),
  'a guest network without a page (204)': (res) => res.writeHead(204).end(),
  'a single sign-on (302)': (res) => res.writeHead(302, { Location: 'https://login.example/?next=1' }).end(),
  'a balancer (502)': (res) => res.writeHead(502, { 'Content-Type': 'text/html' }).end(html),
  'a gateway (404 in JSON)': (res) => res.writeHead(404, { 'Content-Type': 'application/json' }).end('{"message":"Not Found"}'),
  'WordPress (404 with a code)': (res) => res.writeHead(404, { 'Content-Type': 'application/json; charset=UTF-8' })
    .end('{"code":"rest_no_route","message":"No route was found.","data":{"status":404}}'),
  'a gateway (403 in JSON)': (res) => res.writeHead(403, { 'Content-Type': 'application/json' }).end('{"message":"Forbidden"}'),
};
const passing = Object.keys(faults).filter((name) => !/\(30|\(403|\(401/.test(name)); // worth another try

let server;
let proxy;
let url;
let cli;
let fault; // (req) => the fault that answers it, or undefined
let seen = [];

before(async () => {
  server = await startServer({ env: { SECRETS_PART_SIZE: '256 KiB' } });
  proxy = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const own = fault?.(req);
    seen.push({ what: `${req.method} ${req.url}`, foreign: own !== undefined });
    if (own !== undefined) return own(res);
    const headers = Object.fromEntries(['content-type', 'authorization'].filter((h) => req.headers[h]).map((h) => [h, req.headers[h]]));
    const answer = await fetch(new URL(req.url, server.url), { method: req.method, headers, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined });
    const type = answer.headers.get('content-type');
    res.writeHead(answer.status, { 'Secrets-Answer': '1', ...(type && { 'Content-Type': type }) }).end(Buffer.from(await answer.arrayBuffer()));
    return undefined;
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${proxy.address().port}/`;
});
beforeEach(async () => {
  await cli?.remove();
  cli = await newHome(url);
  fault = undefined;
  seen = [];
});
after(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await cli?.remove();
  await server?.stop();
});

const state = (kind) => {
  const folder = join(cli.folder, '.local/state/secrets', kind);
  return existsSync(folder) ? readdirSync(folder) : [];
};
/** Share ${bytes}; returns the link at the proxy. */
async function share(bytes, ...args) {
  const made = await cli.run(['put', '-q', ...args], { input: bytes });
  assert.equal(made.code, exit.done, made.stderr);
  return made.stdout.trim();
}
const isTold = (stderr, name) => {
  const status = /\((\d+)/.exec(name)[1];
  assert.match(stderr, status === '302' ? /a proxy responded instead of http:\S+, with a redirect to https:\/\/login\.example\// : new RegExp(`a proxy responded instead of http:\\S+, with status ${status}`), name);
  assert.ok(!/no such secret|wrong|damaged/.test(stderr.replaceAll(/^ .*$/gm, '')), `${name}: ${stderr}`);
};

// In brief one of each kind of response: a page, JSON with a code, a redirect; one that may pass and one that stays.
const inBrief = ['a proxy without its container (404)', 'a firewall (403)', 'a guest network (200)', 'a single sign-on (302)', 'WordPress (404 with a code)'];
for (const name of brief ? inBrief : Object.keys(faults)) {
  test(`get behind ${name}`, async () => {
    const bytes = randomBytes(1_250_000);
    const link = await share(bytes, '--name', 'big');
    // What stands before the server answers the look, then the open, then the parts.
    const stages = [/\/secrets\/\w+$/, /\/open$/, /\/parts\/[1-9]/];
    for (const stage of stages) {
      fault = (req) => (stage.test(req.url) ? faults[name] : undefined);
      const r = await cli.run(['get', '--patience', '0s', '-o', 'out', link]);
      assert.ok([exit.network, exit.unfinished].includes(r.code), `${stage}: ${r.code} ${r.stderr}`);
      isTold(r.stderr, name);
      assert.ok(!existsSync(join(cli.folder, 'out')));
    }
    assert.equal(state('downloads').filter((f) => f.endsWith('.json')).length, 1, 'the lease is kept');
    fault = undefined;
    const r = await cli.run(['get', '-o', 'out', link]);
    assert.equal(r.code, exit.done, r.stderr);
    assert.ok(readFileSync(join(cli.folder, 'out')).equals(bytes), 'it goes on with the one view');
  });

  test(`put, receipt and burn behind ${name}`, async () => {
    const bytes = randomBytes(750_000);
    const owned = await share('x');
    // The parts: another run can go on.
    fault = (req) => (/\/parts\/|\/complete$/.test(req.url) ? faults[name] : undefined);
    const cut = await cli.run(['put', '--patience', '0s'], { input: bytes });
    assert.equal(cut.code, exit.unfinished, cut.stderr);
    isTold(cut.stderr, name);
    assert.ok(!seen.some((s) => s.what.startsWith('DELETE')), 'nothing is burnt');
    const again = await cli.run(['put', '--resume', '--patience', '0s']);
    assert.equal(again.code, exit.unfinished, again.stderr);
    isTold(again.stderr, name);

    fault = () => faults[name];
    for (const command of ['receipt', 'burn']) {
      const r = await cli.run([command, '--patience', '0s', owned]);
      assert.equal(r.code, exit.network, `${command}: ${r.stderr}`);
      isTold(r.stderr, name);
    }
    const create = await cli.run(['put', '--patience', '0s'], { input: 'x' });
    assert.equal(create.code, exit.network, create.stderr);
    isTold(create.stderr, name);

    fault = undefined;
    assert.equal((await cli.run(['put', '--resume'])).code, exit.done);
    assert.ok((await cli.run(['get', '-o', '-', cut.stdout.trim()])).bytes.equals(bytes));
    assert.match((await cli.run(['receipt', owned])).stdout, /^Not opened yet/);
    assert.equal((await cli.run(['burn', owned])).code, exit.done);
  });
}

test('what may pass is tried again, what stays is not', async () => {
  for (const name of Object.keys(faults)) {
    let left = passing.includes(name) ? 2 : 1;
    const link = await share('x');
    seen = [];
    fault = (req) => (/\/secrets\/\w+$/.test(req.url) && left-- > 0 ? faults[name] : undefined);
    const r = await cli.run(['get', '-o', '-', link]);
    assert.equal(r.code, passing.includes(name) ? exit.done : exit.network, `${name}: ${r.stderr}`);
    assert.equal(seen.filter((s) => s.foreign).length, passing.includes(name) ? 2 : 1, name);
  }
});

test('faults that come and go at random lose nothing', async () => {
  const names = passing;
  let turn = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = randomBytes(625_000);
    fault = () => (randomBytes(1)[0] < 90 ? faults[names[turn++ % names.length]] : undefined);
    const put = await cli.run(['put', '-q'], { input: bytes, timeout: 120_000 });
    assert.equal(put.code, exit.done, put.stderr);
    const got = await cli.run(['get', '-q', '-o', '-', put.stdout.trim()], { timeout: 120_000 });
    assert.equal(got.code, exit.done, got.stderr);
    assert.ok(got.bytes.equals(bytes));
    fault = undefined;
    const receipt = await cli.run(['receipt', put.stdout.trim()]);
    assert.match(receipt.stdout, /^Opened as often as allowed/, 'one view, once');
  }
});

test('a redirect says which address to use', async () => {
  fault = (req) => (res) => res.writeHead(301, { Location: `https://secrets.example:8443${req.url}` }).end();
  const r = await cli.run(['put'], { input: 'x' });
  assert.equal(r.code, exit.network);
  assert.match(r.stderr, /a redirect to https:\/\/secrets\.example:8443\/api\/v1\/config\n +Use that address: --server https:\/\/secrets\.example:8443\/\n/);
  assert.equal(seen.length, 1, 'it is not followed, nor asked again');

  // The shipped nginx redirects to the root of its host: the path of a classic link names a secret.
  fault = () => (res) => res.writeHead(301, { Location: 'https://127.0.0.1:8443/' }).end();
  assert.match((await cli.run(['put'], { input: 'x' })).stderr, /a redirect to https:\/\/127\.0\.0\.1:8443\/\n +Use that address: --server https:\/\/127\.0\.0\.1:8443\/\n/);
  fault = () => (res) => res.writeHead(302, { Location: 'https://127.0.0.1:8443/login' }).end();
  assert.match((await cli.run(['put'], { input: 'x' })).stderr, /a redirect to https:\/\/127\.0\.0\.1:8443\/login\n +It may be a page for signing in/);
});

test('the page of a proxy is told from a wrong address, and its Retry-After counts', async () => {
  const page = (status, headers = {}) => (res) => res.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end(html);
  const hints = [
    [page(429, { 'Retry-After': '7' }), /limits how often you may ask\. Run the same command again in 7 seconds\./],
    [page(429), /limits how often you may ask\. Run the same command again later/],
    [page(503, { 'Retry-After': '120' }), /gets no good response from the server\. Run the same command again in 120 seconds/],
    [page(502), /gets no good response from the server\. Run the same command again later/],
    [page(504), /gets no good response/], [page(522), /gets no good response/],
    [page(200), /Check the address, and whether this network asks you to sign in/], [page(404), /another program at that address.*Check the address/],
  ];
  for (const [answer, hint] of hints) {
    fault = () => answer;
    const r = await cli.run(['put', '--patience', '0s'], { input: 'x' });
    assert.equal(r.code, exit.network, r.stderr);
    assert.match(r.stderr, new RegExp(`^secrets: a proxy responded instead of http:\\S+, with status \\d+\n {2}.*${hint.source}`, 'm'));
    if (!/address/.test(hint.source)) assert.doesNotMatch(r.stderr, /Check the address/);
  }

  let left = 1;
  fault = () => (left-- > 0 ? page(429, { 'Retry-After': '1' }) : undefined);
  const began = Date.now();
  const r = await cli.run(['put'], { input: 'x' });
  assert.equal(r.code, exit.done, r.stderr);
  assert.ok(Date.now() - began >= 1000, 'it waited as long as the proxy asked');
});

test('what the client says of a burn is what the response shows', async () => {
  const [used, opened, unmarked] = [await share('x'), await share('x', '--views', '2'), await share('x')];
  for (const link of [used, opened]) assert.equal((await cli.run(['get', link])).code, exit.done);
  const burn = async (...args) => (await cli.run(['burn', ...args]));
  assert.equal((await burn(used)).stderr, 'It was gone already. It had been opened as often as allowed.\n');
  assert.deepEqual(JSON.parse((await burn('--json', used)).stdout), { burnt: false, state: 'used_up' });
  assert.equal((await burn(opened)).stderr, 'Burnt. It had been opened before; secrets receipt says when.\n');

  // A server of version 0.1 marks no response: nor does a proxy.
  fault = (req) => (res) => (req.method === 'DELETE' ? res.writeHead(204).end()
    : res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"file_max":1}'));
  const r = await burn(unmarked);
  assert.deepEqual([r.code, r.stderr], [exit.done, 'Note: the response says that it was burnt, but a proxy may have sent it. '
    + 'What is kept of it on this machine stays.\n']);
  fault = undefined;
  assert.equal((await burn(unmarked)).stderr, 'Burnt. It can no longer be opened.\n');

  // Of a burn by the recipient that got no response.
  const twice = await share('x', '--views', '2');
  fault = (req) => (req.method === 'DELETE' ? faults['a firewall (403)'] : undefined);
  const got = await cli.run(['get', '--burn', '--patience', '0s', twice]);
  assert.equal(got.stderr, 'Note: the server did not confirm that the secret was burnt.\nIt can be opened 1 more time.\n');
});

test('a part that something else acknowledged is not taken for stored', async () => {
  const bytes = randomBytes(750_000);
  const gateway = faults['a balancer (502)'];
  fault = (req) => (/\/parts\//.test(req.url) ? gateway : undefined);
  const cut = await cli.run(['put', '--patience', '0s'], { input: bytes });
  assert.equal(cut.code, exit.unfinished, cut.stderr);

  // Another run has not seen the server's mark yet, and asks for the configuration to learn about it.
  for (const [name, answer] of Object.entries(faults)) {
    fault = (req) => {
      if (/\/parts\//.test(req.url)) return faults['a guest network without a page (204)'];
      return /\/config$/.test(req.url) ? answer : undefined;
    };
    const again = await cli.run(['put', '--resume', '--patience', '0s']);
    assert.equal(again.code, exit.unfinished, `${name}: ${again.stderr}`);
    assert.match(again.stderr, /a proxy responded instead of http:\S+, with status 204/);
  }
  fault = undefined;
  assert.equal((await cli.run(['put', '--resume'])).code, exit.done);
  assert.ok((await cli.run(['get', '-o', '-', cut.stdout.trim()])).bytes.equals(bytes));
});

test('a part that the server acknowledged and has not is sent again', async () => {
  const bytes = randomBytes(750_000);
  let left = 1;
  fault = (req) => (/\/parts\/1$/.test(req.url) && left-- > 0 ? (res) => res.writeHead(204, { 'Secrets-Answer': '1' }).end() : undefined);
  const put = await cli.run(['put'], { input: bytes });
  assert.equal(put.code, exit.done, put.stderr);
  assert.match(put.stderr, /^The server lacks parts that it had acknowledged; sending all of them again\.$/m);
  assert.ok((await cli.run(['get', '-o', '-', put.stdout.trim()])).bytes.equals(bytes));
});

const problem = (status, code, headers = {}) => (res) => res.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers })
  .end(JSON.stringify({ title: 'No', status, code }));
// Gateways may send problem documents of their own, and the server may fail for longer than the client's patience.
const words = {
  'not found (404)': problem(404, 'not_found'),
  'refused (403)': problem(403, 'forbidden'),
  'ended (409)': problem(409, 'lease_ended'),
  'invalid (422)': problem(422, 'invalid'),
  'the server itself fails (503)': problem(503, 'unavailable', { 'Secrets-Answer': '1' }),
  'too long': (res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('x'.repeat(4_000_000)),
};

for (const [name, answer] of Object.entries(words)) {
  test(`what is kept outlives an answer that is not the server's last word: ${name}`, async () => {
    const bytes = randomBytes(750_000);
    fault = (req) => (/\/parts\/|\/complete$/.test(req.url) ? answer : undefined);
    const cut = await cli.run(['put', '--patience', '0s'], { input: bytes });
    assert.equal(cut.code, exit.unfinished, cut.stderr);
    assert.match(cut.stderr, /What is left of it is kept/);
    assert.ok(!seen.some((s) => s.what.startsWith('DELETE')), 'nothing is burnt');
    const link = cut.stdout.trim();
    const again = await cli.run(['put', '--resume', '--patience', '0s']);
    assert.equal(again.code, exit.unfinished, again.stderr);
    assert.match(again.stderr, /What is left of it is kept/);

    fault = (req) => (req.method === 'DELETE' ? answer : undefined);
    const burn = await cli.run(['burn', '--patience', '0s', link]);
    assert.notEqual(burn.code, exit.done, burn.stderr);
    if (/404/.test(name)) assert.match(burn.stderr, /^Note: a proxy may have answered\. What is kept of it on this machine stays\.$/m);
    fault = undefined;
    assert.equal((await cli.run(['put', '--resume'])).code, exit.done);

    // Of a view: the name of the lease, without which another one is needed.
    fault = (req) => (/\/parts\/1$/.test(req.url) ? faults['a balancer (502)'] : undefined);
    const got = await cli.run(['get', '--patience', '0s', '-o', 'out', link]);
    assert.equal(got.code, exit.unfinished, got.stderr);
    for (const stage of [/\/secrets\/\w+$/, /\/open$/]) {
      fault = (req) => (stage.test(req.url) ? answer : undefined);
      assert.notEqual((await cli.run(['get', '--patience', '0s', '-o', 'out', link])).code, exit.done);
    }
    fault = undefined;
    const whole = await cli.run(['get', '-o', 'out', link]);
    assert.equal(whole.code, exit.done, whole.stderr);
    assert.ok(readFileSync(join(cli.folder, 'out')).equals(bytes), 'it goes on with the one view');

    // Of a request: what reads its answers.
    const ask = (await cli.run(['request'])).stdout.trim();
    fault = (req) => (req.method === 'DELETE' ? answer : undefined);
    assert.notEqual((await cli.run(['burn', '--patience', '0s', ask])).code, exit.done);
    fault = undefined;
    assert.equal((await cli.run(['burn', ask])).code, exit.done);
  });
}

test('what the server itself says is gone is dropped', async () => {
  fault = (req) => (/\/parts\//.test(req.url) ? faults['a balancer (502)'] : undefined);
  const cut = await cli.run(['put', '--patience', '0s'], { input: randomBytes(750_000) });
  assert.equal(cut.code, exit.unfinished, cut.stderr);
  fault = (req) => (/\/parts\//.test(req.url) ? problem(404, 'not_found', { 'Secrets-Answer': '1' }) : undefined);
  const gone = await cli.run(['put', '--resume', '--patience', '0s']);
  assert.equal(gone.code, exit.gone, gone.stderr);
  assert.match(gone.stderr, /^secrets: the server no longer has the upload\n/);
  fault = undefined;
  assert.match((await cli.run(['put', '--resume'])).stderr, /no unfinished upload/);
});
