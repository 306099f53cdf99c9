// SPDX-License-Identifier: MIT
// The command line client against a real server: every command, option and exit code.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { appendFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, newHome, startServerAndHome, useCheapClient } from '../support/cli.mjs';
import { startServer, top } from '../support/server.mjs';

const program = useCheapClient();
const { server, cli } = await startServerAndHome();

const put = async (content, args = [], options = {}) => {
  const r = await cli.run(['put', '-q', ...args], { input: content, ...options });
  assert.equal(r.code, exit.done, r.stderr);
  return r.stdout.split('\n')[0];
};
const views = async (link) => JSON.parse((await cli.run(['info', '-j', link])).stdout).views_left;
/** A server that answers ${table}[METHOD path] = [status, object], else 404. */
async function fake(table, tls) {
  const seen = [];
  const answer = async (req, res) => {
    for await (const piece of req) void piece;
    seen.push(`${req.method} ${req.url}`);
    const [status, body] = table[`${req.method} ${req.url}`] ?? [404, { code: 'not_found' }];
    res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(body));
  };
  const s = tls ? createTls(tls, answer) : createServer(answer);
  await once(s.listen(0, '127.0.0.1'), 'listening');
  return { url: `http${tls ? 's' : ''}://127.0.0.1:${s.address().port}/`, seen, close: () => s.closeAllConnections?.() ?? s.close(), server: s };
}

test('a text goes and comes, once', async () => {
  const r = await cli.run(['put'], { input: 'pässword\n' });
  assert.equal(r.code, exit.done);
  assert.match(r.stdout, /^http:\/\/127\.0\.0\.1:\d+\/#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}\n$/);
  assert.match(r.stderr, /Opens once, until /);
  const link = r.stdout.trim();
  const got = await cli.run(['get', '-'], { input: r.stdout });
  assert.equal(got.code, exit.done, got.stderr);
  assert.equal(got.stdout, 'pässword\n');
  const again = await cli.run(['get', link]);
  assert.equal(again.code, exit.gone);
  assert.match(again.stderr, /Ask the sender for a new link/);
  assert.equal(again.stdout, '');
});

test('lengths around every edge come back as they were', async () => {
  for (const n of [0, 1, 255, 65500, 65536, 131000, 131072, 131073, 1048575, 1048576, 1048577, 3000001]) {
    const bytes = randomBytes(n);
    const link = await put(bytes, ['--allow-empty']);
    const got = await cli.run(['get', '-o', '-', link]);
    assert.equal(got.code, exit.done, got.stderr);
    assert.ok(got.bytes.equals(bytes), `${n} bytes`);
  }
});

test('a file keeps its name, is private, and nothing is overwritten', async () => {
  const bytes = randomBytes(700_000);
  const dir = join(cli.folder, 'files');
  await mkdir(dir);
  const path = join(cli.folder, 'a b ü.bin');
  await writeFile(path, bytes);
  const link = await put('', ['--file', path, '--views', '5']);
  const first = await cli.run(['get', '-o', `${dir}/`, link]);
  assert.equal(first.code, exit.done, first.stderr);
  assert.ok(readFileSync(join(dir, 'a b ü.bin')).equals(bytes));
  assert.equal(statSync(join(dir, 'a b ü.bin')).mode & 0o777, 0o600);
  const second = await cli.run(['get', '-o', dir, link]);
  assert.equal(second.code, exit.done, second.stderr);
  assert.ok(readFileSync(join(dir, 'a b ü-1.bin')).equals(bytes));
  // A name of our own is refused before a view is used.
  const third = await cli.run(['get', '-o', path, link]);
  assert.equal(third.code, exit.exists);
  assert.match(third.stderr, /--force/);
  assert.equal(await views(link), 3);
  await writeFile(path, 'old');
  assert.equal((await cli.run(['get', '--force', '-o', path, link])).code, exit.done);
  assert.ok(readFileSync(path).equals(bytes));
  assert.deepEqual(readdirSync(dir).sort(), ['a b ü-1.bin', 'a b ü.bin'].sort());
});

test('hostile names stay in their folder', async () => {
  const dir = join(cli.folder, 'hostile');
  await mkdir(dir);
  const table = [
    ['../../etc/passwd', 'passwd'], ['/abs/olute', 'olute'], ['plain', 'plain'], ['.bashrc', '_bashrc'], ['.env', '_env'], ['..', 'secret'], ['-rf', '_rf'],
    ['a\\b\\c.exe', 'c.exe'], ['x\u202etxt.exe', 'x_txt.exe'], ['new\nline', 'new_line'], ['esc\x1b[2J', 'esc_[2J'], ['dir/', 'secret'],
  ];
  for (const [name, want] of table) {
    const link = await put('x', ['--name', name]);
    const got = await cli.run(['get', '-o', `${dir}/`, link]);
    assert.equal(got.code, exit.done, got.stderr);
    assert.deepEqual(readdirSync(dir), [want], JSON.stringify(name));
    assert.ok(!got.stderr.includes('\x1b'));
    // A name that was changed is told, on one line.
    const told = got.stderr.split('\n').filter((line) => line.startsWith('The sender calls it '));
    assert.equal(told.length, name.endsWith(want) ? 0 : 1, got.stderr);
    if (/^\.\w+$/.test(name)) assert.equal(told[0], `The sender calls it ${name}`);
    unlinkSync(join(dir, want));
  }
  const long = await cli.run(['put', '--name', 'n'.repeat(256)], { input: 'x' });
  assert.equal(long.code, exit.usage);
});

test('keys are derived at the costs of the format, in most tests at the least', async (t) => {
  const shipped = await newHome(server.url, { shipped: true });
  t.after(() => shipped.remove());
  const costs = async (home) => {
    const headers = [];
    for (const args of [[], ['-p', 'env:PW'], ['--key-apart']]) {
      const made = await home.run(['put', '-j', ...args], { input: 'x', extra: { PW: 'correct horse' } });
      const { header } = await (await fetch(`${server.url}/api/v1/secrets/${JSON.parse(made.stdout).id}`)).json();
      headers.push([...Buffer.from(header, 'base64url').subarray(4, 7)]);
    }
    return headers;
  };
  assert.deepEqual(await costs(shipped), [[14, 8, 1], [15, 8, 3], [15, 8, 3]]);
  assert.deepEqual(await costs(cli), [[10, 8, 1], [10, 8, 3], [10, 8, 3]]);
});

test('passphrases by every method', async () => {
  const file = join(cli.folder, 'pw');
  await writeFile(file, 'correct horse\n');
  const secret = join(cli.folder, 'content');
  await writeFile(secret, 'inside');
  const env = { extra: { PW: 'correct horse' } };
  const makers = [
    () => put('inside', ['-p', `file:${file}`, '-v', '20']),
    () => put('inside', ['--passphrase', 'env:PW', '-v', '20'], env),
    () => put('correct horse\n', ['--passphrase=stdin', '--file', secret, '--name', 'n', '-v', '20']),
  ];
  for (const make of makers) {
    const link = await make();
    const ways = [
      [['-p', `file:${file}`], {}], [['-p', 'env:PW'], env], [['-p', 'stdin'], { input: 'correct horse' }],
    ];
    for (const [args, options] of ways) {
      const got = await cli.run(['get', '-o', '-', ...args, link], options);
      assert.equal(got.code, exit.done, got.stderr);
      assert.equal(got.stdout, 'inside');
    }
    const wrong = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW: 'wrong' } });
    assert.equal(wrong.code, exit.wrong);
    assert.match(wrong.stderr, /wrong passphrase/);
    assert.match(wrong.stderr, /9 more attempts/);
    // Without a terminal and without a method there is nobody to ask.
    const none = spawn('setsid', ['-w', program, 'get', link], { env: { HOME: cli.folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    none.stderr.on('data', (d) => (text += d));
    const [code] = await once(none, 'close');
    assert.equal(code, exit.usage, text);
    assert.match(text, /env:NAME/);
  }
});

test('a passphrase is normalised: composed and decomposed are one', async () => {
  const link = await put('inside', ['-p', 'env:PW'], { extra: { PW: 'cafe\u0301' } });
  const got = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW: 'caf\u00e9' } });
  assert.equal(got.stdout, 'inside', got.stderr);
});

test('a line end of a variable and blanks around a generated passphrase do not count, other blanks are told', async () => {
  const link = await put('inside', ['-p', 'env:PW', '-v', '9'], { extra: { PW: 'correct horse\n' } });
  for (const PW of ['correct horse', 'correct horse\r\n']) {
    const got = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW } });
    assert.equal(got.stdout, 'inside', got.stderr);
    assert.ok(!/blank/.test(got.stderr), got.stderr);
  }

  const told = /^Note: the passphrase begins or ends with a blank, which belongs to it\.$/m;
  const wrong = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW: 'correct horse ' } });
  assert.equal(wrong.code, exit.wrong);
  assert.ok(wrong.stderr.search(told) >= 0 && wrong.stderr.search(told) < wrong.stderr.indexOf('wrong passphrase'), wrong.stderr);
  for (const PW of [' x', 'x\u00a0', 'x\n\n']) {
    const made = await cli.run(['put', '-p', 'env:PW'], { input: 'inside', extra: { PW } });
    assert.match(made.stderr, told);
    const got = await cli.run(['get', '-p', 'env:PW', made.stdout.trim()], { extra: { PW } });
    assert.equal(got.stdout, 'inside', got.stderr);
  }

  for (const PW of ['abcd-efgh-jkmn-pqrs-tuvw', 'A1b2C3d4E5f6G7h8A1b2C3d4E5f6G7h!']) {
    const own = await put('inside', ['-p', 'env:PW'], { extra: { PW } });
    const got = await cli.run(['get', '-p', 'env:PW', own], { extra: { PW: ` \t${PW}\u00a0 ` } });
    assert.equal(got.stdout, 'inside', got.stderr);
    assert.ok(!/blank/.test(got.stderr), got.stderr);
  }
});

test('bad passphrases and methods are refused before anything is sent', async () => {
  const cases = [
    [['-p', 'hunter2'], {}], [['-p', 'env:NOT_SET'], {}], [['-p', 'env:EMPTY'], { EMPTY: '' }],
    [['-p', 'env:LONG'], { LONG: 'x'.repeat(1025) }], [['-p', 'file:/no/such'], {}], [['-p', 'stdin'], {}],
  ];
  for (const [args, extra] of cases) {
    const r = await cli.run(['put', ...args], { input: 'x', extra });
    assert.equal(r.code, exit.usage, `${args}: ${r.stderr}`);
    assert.ok(!r.stderr.includes('hunter2'));
  }
});

test('too many wrong passphrases lock it', async () => {
  const link = await put('inside', ['-p', 'env:PW'], { extra: { PW: 'right' } });
  for (let left = 9; left >= 0; left--) {
    const r = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW: 'wrong' } });
    assert.equal(r.code, exit.wrong);
    assert.match(r.stderr, left > 0 ? new RegExp(`${left} more attempt`) : /locked/);
  }
  const r = await cli.run(['get', '-p', 'env:PW', link], { extra: { PW: 'right' } });
  assert.equal(r.code, exit.gone);
});

test('the key apart', async () => {
  const r = await cli.run(['put', '--key-apart'], { input: 'apart' });
  const [link, key] = r.stdout.split('\n');
  assert.match(link, /#[A-Za-z0-9]{22}$/);
  assert.match(key, /^[A-Za-z0-9]{32}$/);
  assert.equal((await cli.run(['get', '--key', 'env:K', link], { extra: { K: 'short' } })).code, exit.usage);
  assert.equal((await cli.run(['get', '--key', 'env:K', link], { extra: { K: 'x'.repeat(32) } })).code, exit.wrong);
  const got = await cli.run(['get', '--key', 'stdin', link], { input: `${key}\n` });
  assert.equal(got.stdout, 'apart', got.stderr);
});

test('JSON for scripts', async () => {
  const made = JSON.parse((await cli.run(['put', '--json', '--views', '2', '--ttl', '1h', '--key-apart'], { input: 'text' })).stdout);
  assert.deepEqual(Object.keys(made).sort(), ['expires_at', 'id', 'key', 'link', 'owner_token', 'views']);
  assert.equal(made.views, 2);
  assert.ok(Math.abs(made.expires_at - Date.now() / 1000 - 3600) < 60);
  const info = JSON.parse((await cli.run(['info', '-j', made.link])).stdout);
  assert.equal(info.views_left, 2);
  const got = JSON.parse((await cli.run(['get', '-j', '-K', 'env:K', made.link], { extra: { K: made.key } })).stdout);
  assert.deepEqual(got, { size: 4, text: 'text' });
  const receipt = JSON.parse((await cli.run(['receipt', '-j', made.link])).stdout);
  assert.equal(receipt.state, 'opened');
  assert.deepEqual(JSON.parse((await cli.run(['burn', '-j', made.link])).stdout), { burnt: true });
  const file = await put('x', ['--name', 'n.txt']);
  const dir = join(cli.folder, 'json');
  await mkdir(dir);
  assert.deepEqual(JSON.parse((await cli.run(['get', '-j', file], { cwd: dir })).stdout), { size: 1, name: 'n.txt', path: 'n.txt' });
});

test('burn and receipt, by the token kept here or by one given', async () => {
  const made = JSON.parse((await cli.run(['put', '--json'], { input: 'x' })).stdout);
  const waiting = await cli.run(['receipt', made.link]);
  assert.equal(waiting.code, exit.done);
  assert.match(waiting.stdout, /^Not opened yet\.\n.*shared\n$/);
  const other = await newHome(server.url);
  try {
    const foreign = await other.run(['burn', made.link]);
    assert.equal(foreign.code, exit.wrong);
    assert.match(foreign.stderr, /--token/);
    const bad = await other.run(['burn', '--token', 'env:T', made.link], { extra: { T: 'w'.repeat(43) } });
    assert.equal(bad.code, exit.gone);
    const burnt = await other.run(['burn', '--token', 'env:T', made.link], { extra: { T: made.owner_token } });
    assert.equal(burnt.code, exit.done, burnt.stderr);
  } finally {
    await other.remove();
  }
  assert.equal((await cli.run(['get', made.link])).code, exit.gone);
  assert.match((await cli.run(['receipt', made.link])).stdout, /^Burnt\.\n[^]*burnt by you\n$/);
  assert.equal((await cli.run(['receipt', '--wait', made.link])).code, exit.gone);
});

test('receipt --wait ends when it was opened', async () => {
  const link = await put('x');
  const waiting = cli.start(['receipt', '--wait', link], { input: '' });
  assert.equal((await cli.run(['get', link])).code, exit.done);
  const r = await waiting.done;
  assert.equal(r.code, exit.done, r.stderr);
  assert.match(r.stdout.toString(), /gone/);
});

test('get --burn destroys what views are left', async () => {
  const link = await put('x', ['-v', '9']);
  const r = await cli.run(['get', '--burn', link]);
  assert.equal(r.stdout, 'x');
  assert.match(r.stderr, /burnt/);
  assert.equal((await cli.run(['info', link])).code, exit.gone);
});

test('links that were mangled on their way', async () => {
  const link = await put('x', ['-v', '100']);
  const [page, rest] = link.split('#');
  const forms = [
    `  <${link}>`, `${page}%23${rest}`, `${link}?utm_source=mail`, `${link}&fbclid=1`, `${page}?utm=1#${rest}`, `"${link}",`, `${link}.`,
    link.replace('.', '.').replace(`#${rest}`, `#${rest.replace('.', '%2E')}`), rest,
  ];
  for (const form of forms) {
    const r = await cli.run(['get', form]);
    assert.equal(r.stdout, 'x', `${form}: ${r.stderr}`);
  }
  for (const form of [link.slice(0, -1), `${link}x`, page, 'nonsense', link.replace('http', 'ftp'), '', `${page}#${rest.slice(1)}`]) {
    const r = await cli.run(['get', form]);
    assert.equal(r.code, exit.usage, form);
    assert.ok(!r.stderr.includes(rest.slice(30)), 'the message repeats no key');
  }
  const last = link.at(-1) === 'a' ? 'b' : 'a';
  const changed = await cli.run(['get', link.slice(0, -1) + last]);
  assert.equal(changed.code, exit.wrong);
  assert.match(changed.stderr, /Copy the whole link again/);
});

test('the server is found: option, environment, file, config.json beside the page', async () => {
  const plain = await newHome();
  const page = await fake({ 'GET /some/where/config.json': [200, { api: server.url }], 'GET /rel/config.json': [200, { api: '/back' }] });
  try {
    const none = await plain.run(['put'], { input: 'x' });
    assert.equal(none.code, exit.usage);
    assert.match(none.stderr, /--server/);
    assert.equal((await plain.run(['put', '-s', server.url], { input: 'x' })).code, exit.done);
    assert.equal((await plain.run(['put'], { input: 'x', extra: { SECRETS_SERVER: server.url } })).code, exit.done);
    await mkdir(join(plain.folder, '.config/secrets'), { recursive: true });
    const config = join(plain.folder, '.config/secrets/config');
    await writeFile(config, `# mine\nserver = ${server.url}\nviews = 3\n ttl=10m\n`);
    const made = await plain.run(['put', '--json'], { input: 'x' });
    const { link, views: n, expires_at } = JSON.parse(made.stdout);
    assert.equal(n, 3);
    assert.ok(Math.abs(expires_at - Date.now() / 1000 - 600) < 60);
    const moved = link.replace(/^.*#/, `${page.url}some/where/#`);
    assert.equal((await plain.run(['get', moved])).stdout, 'x');
    assert.equal((await plain.run(['get', moved.replace('some/where/', 'some/where/index.html')])).stdout, 'x');
    await plain.run(['info', moved.replace('some/where/', 'rel/')]);
    assert.ok(page.seen.some((s) => s.startsWith('GET /back/api/v1/secrets/')));
    await writeFile(config, 'server = https://ok/\nsever = https://typo/\n');
    const typo = await plain.run(['put'], { input: 'x' });
    assert.equal(typo.code, exit.usage);
    assert.match(typo.stderr, /line 2/);
  } finally {
    page.server.close();
    await plain.remove();
  }
});

test('exit codes of a server that refuses, lies or is not there', async () => {
  const id = 'A'.repeat(22);
  const key = 'k'.repeat(32);
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([20, 32, 16, 0]), randomBytes(24)]).toString('base64url');
  const good = Buffer.concat([Buffer.from('ESv1'), Buffer.from([14, 8, 1, 0]), randomBytes(24)]);
  const info = { header: good.toString('base64url'), size: 304, part_size: 0, passphrase: false, views_left: 1, expires_at: 2e9 };
  const forged = Buffer.concat([good, randomBytes(272)]).toString('base64url');
  const s = await fake({
    'GET /api/v1/config': [200, { ttl_default: 3600, ttl_max: 3600, file_max: 1000, inline_max: 131072, views_max: 100 }],
    'POST /api/v1/secrets': [507, { code: 'quota', detail: 'full\u001b[2J' }],
    [`GET /api/v1/secrets/${id}`]: [200, info],
    [`POST /api/v1/secrets/${id}/open`]: [200, { views_left: 0, content: forged }],
    [`GET /api/v1/secrets/${'B'.repeat(22)}`]: [200, { ...info, header }],
    [`GET /api/v1/secrets/${'C'.repeat(22)}`]: [200, { header: 'AA', size: 1 }],
    [`GET /api/v1/secrets/${'D'.repeat(22)}`]: [500, { code: 'internal' }],
  });
  try {
    const at = ['-s', s.url, '--patience', '1s'];
    const full = await cli.run(['put', ...at], { input: 'x' });
    assert.equal(full.code, exit.refused);
    assert.ok(!full.stderr.includes('\x1b'));
    const large = await cli.run(['put', ...at], { input: 'x'.repeat(1001) });
    assert.equal(large.code, exit.refused);
    assert.match(large.stderr, /larger than/);
    const out = join(cli.folder, 'forged.out');
    const bad = await cli.run(['get', '-o', out, ...at, `${id}.${key}`]);
    assert.equal(bad.code, exit.damaged, bad.stderr);
    assert.ok(!existsSync(out));
    assert.ok(!s.seen.some((line) => line.startsWith('DELETE')), 'what is forged is not confirmed');
    assert.equal((await cli.run(['get', ...at, `${'B'.repeat(22)}.${key}`])).code, exit.damaged);
    assert.equal((await cli.run(['get', ...at, `${'C'.repeat(22)}.${key}`])).code, exit.damaged);
    assert.equal((await cli.run(['get', ...at, `${'D'.repeat(22)}.${key}`])).code, exit.refused);
  } finally {
    s.server.close();
  }
  const away = await cli.run(['put', '-s', 'http://127.0.0.1:1/', '--patience', '0s'], { input: 'x' });
  assert.equal(away.code, exit.network);
  assert.match(away.stderr, /Check the address/);
  const name = await cli.run(['put', '-s', 'http://no-such-host.invalid/', '--patience', '0s'], { input: 'x' });
  assert.equal(name.code, exit.network);
});

test('a certificate that nobody vouches for is refused', async (t) => {
  const dir = join(cli.folder, 'tls');
  await mkdir(dir);
  const made = spawn('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=test',
    '-addext', 'subjectAltName=IP:127.0.0.1'], { cwd: dir, stdio: 'ignore' });
  assert.equal((await once(made, 'close'))[0], 0);
  const s = await fake({}, { key: await readFile(join(dir, 'key')), cert: await readFile(join(dir, 'cert')) });
  t.after(() => s.server.close());
  const refused = await cli.run(['put', '-s', s.url], { input: 'x' });
  assert.equal(refused.code, exit.network);
  assert.equal(s.seen.length, 0);
  const keys = join(dir, 'keys');
  const trusted = await cli.run(['put', '-s', s.url], { input: 'x', extra: { SSL_CERT_FILE: join(dir, 'cert'), SSLKEYLOGFILE: keys } });
  assert.equal(trusted.code, exit.usage); // it answers, with 404: no server of this service
  assert.equal(s.seen.length, 1);
  assert.ok(!existsSync(keys), 'the keys of TLS are written nowhere');
});

test('a page of https does not lead to a server without TLS', async (t) => {
  const dir = join(cli.folder, 'page-tls');
  await mkdir(dir);
  const made = spawn('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=test',
    '-addext', 'subjectAltName=IP:127.0.0.1'], { cwd: dir, stdio: 'ignore' });
  assert.equal((await once(made, 'close'))[0], 0);
  const clear = await fake({});
  const answers = { 'GET /config.json': [200, { api: clear.url }], 'GET /rel/config.json': [200, { api: '/back' }] };
  const page = await fake(answers, { key: await readFile(join(dir, 'key')), cert: await readFile(join(dir, 'cert')) });
  t.after(() => { clear.close(); clear.server.close(); page.close(); page.server.close(); });
  const extra = { SSL_CERT_FILE: join(dir, 'cert') };
  const link = `${page.url}#${'a'.repeat(22)}.${'b'.repeat(32)}`;
  const refused = await cli.run(['info', link], { extra });
  assert.equal(refused.code, exit.damaged, refused.stderr);
  assert.match(refused.stderr, /without TLS/);
  assert.match(refused.stderr, /--server/);
  assert.equal(clear.seen.length, 0);
  await cli.run(['info', link.replace('#', 'rel/#')], { extra }); // its own host will do
  assert.ok(page.seen.some((s) => s.startsWith('GET /back/api/v1/secrets/')));
  await cli.run(['info', '-s', clear.url, link], { extra }); // and so will what the user says
  assert.ok(clear.seen.some((s) => s.startsWith('GET /api/v1/secrets/')));
});

test('a path that is too long is an error, never another file', async () => {
  const { stdout } = await cli.run(['put'], { input: 'x' });
  const long = await cli.run(['get', '-o', 'a/'.repeat(3000) + 'end', stdout.trim()]);
  assert.notEqual(long.code, exit.done);
  assert.match(long.stderr, /the path of the file is too long/);
});

test('classic secrets, both ways', async () => {
  const made = await cli.run(['put', '--classic', '--views', '2'], { input: 'old text' });
  assert.equal(made.code, exit.done, made.stderr);
  const [link, passphrase] = made.stdout.split('\n');
  assert.match(link, /\/secret\/[A-Za-z0-9]{16}$/);
  const wrong = await cli.run(['get', '-p', 'env:P', link], { extra: { P: 'wrong' } });
  assert.equal(wrong.code, exit.gone);
  for (let i = 0; i < 2; i++)
    assert.equal((await cli.run(['get', '-p', 'env:P', link], { extra: { P: passphrase } })).stdout, 'old text');
  assert.equal((await cli.run(['get', '-p', 'env:P', link], { extra: { P: passphrase } })).code, exit.gone);
  const bytes = randomBytes(300_000);
  const file = JSON.parse((await cli.run(['put', '--classic', '--json', '--name', 'x y.bin'], { input: bytes })).stdout);
  const dir = join(cli.folder, 'classic');
  await mkdir(dir);
  const got = await cli.run(['get', '-o', `${dir}/`, '-p', 'stdin', file.link], { input: file.passphrase });
  assert.equal(got.code, exit.done, got.stderr);
  assert.ok(readFileSync(join(dir, 'x y.bin')).equals(bytes));
});

test('nothing is kept with --no-state', async () => {
  const home = await newHome(server.url);
  try {
    const big = randomBytes(2_000_000);
    const made = await home.run(['put', '--no-state'], { input: big });
    assert.equal(made.code, exit.done, made.stderr);
    const got = await home.run(['get', '--no-state', '-o', '-', made.stdout.trim()]);
    assert.ok(got.bytes.equals(big));
    assert.deepEqual(readdirSync(home.folder), []);
    assert.equal((await home.run(['burn', made.stdout.trim()])).code, exit.wrong);
  } finally {
    await home.remove();
  }
});

test('state files are private, and none is left of what is finished', async () => {
  const home = await newHome(server.url);
  try {
    const made = await home.run(['put'], { input: randomBytes(2_000_000) });
    assert.equal((await home.run(['get', '-o', '-', made.stdout.trim()])).code, exit.done);
    const state = join(home.folder, '.local/state/secrets');
    assert.equal(statSync(state).mode & 0o777, 0o700);
    const files = readdirSync(state, { recursive: true }).filter((f) => statSync(join(state, f)).isFile());
    assert.equal(files.length, 1, String(files));
    assert.match(files[0], /^owned\//);
    assert.equal(statSync(join(state, files[0])).mode & 0o777, 0o600);
    assert.ok(!readFileSync(join(state, files[0]), 'utf8').includes(made.stdout.trim().split('.').at(-1)));
  } finally {
    await home.remove();
  }
});

test('passwords', async () => {
  const one = await cli.run(['passwords']);
  assert.match(one.stdout, /^\S{24}\n$/);
  const many = (await cli.run(['passwords', '-l', '12', '--count', '500'])).stdout.trim().split('\n');
  assert.equal(new Set(many).size, 500);
  assert.ok(many.every((p) => p.length === 12));
  const { passwords } = JSON.parse((await cli.run(['passwords', '-j', '-C', '3'])).stdout);
  assert.equal(passwords.length, 3);
  for (const args of [['-l', '7'], ['-l', '257'], ['-l', 'x'], ['-C', '0'], ['extra']])
    assert.equal((await cli.run(['passwords', ...args])).code, exit.usage);
});

test('bad usage', async () => {
  const table = [
    [], ['nothing'], ['put', '--no-such'], ['put', '--views'], ['put', '--views', '0'], ['put', '--views', '101'], ['put', '--views', '1x'],
    ['put', '--ttl', '1'], ['put', '--ttl', '1y'], ['put', '--ttl', '10s'], ['put', '/no/such/file'], ['put', top], ['put', 'a', 'b'],
    ['put', '--file', 'a', 'b'], ['put', '--classic', '--key-apart'], ['put', '--qr', '--json'], ['put', '--passphrase', 'stdin'], ['get'],
    ['get', '-', '--passphrase', 'stdin'], ['get', '--views', '2', 'x'], ['burn'], ['receipt'], ['info'], ['put', '-s', 'nonsense'],
  ];
  for (const args of table) {
    const r = await cli.run(args, { input: 'x' });
    assert.equal(r.code, exit.usage, `${args.join(' ')}: ${r.stderr}`);
    assert.match(r.stderr, /^secrets: /);
    assert.equal(r.stdout, '');
  }
  const long = await cli.run(['put', '--ttl', '200d'], { input: 'x' });
  assert.equal(long.code, exit.refused);
  assert.match(long.stderr, /30 days/);
});

test('help and version', async () => {
  const help = await cli.run(['--help']);
  for (const name of ['put', 'get', 'info', 'burn', 'receipt', 'passwords']) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    const one = await cli.run([name, '--help']);
    assert.equal(one.code, exit.done);
    assert.match(one.stdout, new RegExp(`^Usage: secrets ${name}`));
    for (const line of one.stdout.split('\n')) assert.ok(line.length <= 100, line);
  }
  for (const code of Object.values(exit)) assert.match(help.stdout, new RegExp(`^ +${code}  `, 'm'));
  assert.match((await cli.run(['--version'])).stdout, /^secrets \d+\.\d+\.\d+\n$/);
});

test('a QR code of the link, on standard error', async () => {
  const r = await cli.run(['put', '--qr'], { input: 'x' });
  assert.equal(r.stdout.split('\n').length, 2);
  const rows = r.stderr.split('\n').filter((l) => /^[█▀▄ ]+$/.test(l));
  assert.ok(rows.length >= 20 && new Set(rows.map((l) => [...l].length)).size === 1);
});

test('a file that changes while it is read is not shared', async () => {
  const path = join(cli.folder, 'log');
  await writeFile(path, '');
  await truncate(path, 300 * 1024 * 1024);
  const uploads = join(cli.folder, '.local/state/secrets/uploads');
  const child = cli.start(['put', '--file', path], { input: '' });
  const begun = () => existsSync(uploads) && readdirSync(uploads).some((f) => f.endsWith('.sealed'));
  while (!begun() && child.exitCode === null) await new Promise((r) => setTimeout(r, 1));
  await appendFile(path, 'one more line');
  const r = await child.done;
  assert.equal(r.code, exit.failed, r.stderr);
  assert.match(r.stderr, /changed while it was read/);
  assert.equal(r.stdout.length, 0);
  assert.ok(!begun(), 'nothing of it is kept');
});

test('the server starts from a shell that names it to the client', async () => {
  // README: export SECRETS_SERVER.
  const own = await startServer({ env: { SECRETS_SERVER: server.url } });
  await own.stop();
});
