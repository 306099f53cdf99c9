// SPDX-License-Identifier: MIT
// What the client says when something is wrong: what happened, naming what was given; on a second
// line what to do next; and nothing secret.  With the exit code that the manual page lists.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, startServerAndHome, useCheapClient } from '../support/cli.mjs';
import { top } from '../support/server.mjs';

const program = useCheapClient();

const id = 'ABCDEFGHIJKLMNOPQRSTUV';
const key = 'abcdefghijklmnopqrstuvwxyz012345';
const link = `https://h.invalid/#${id}.${key}`;

const { server, cli } = await startServerAndHome();
await writeFile(join(cli.folder, 'file'), 'x');
await writeFile(join(cli.folder, 'zero'), 'pass\0');

/** That ${stderr} is one error: what matches ${what}, then a line that matches ${next}, and no key. */
function isError({ code, stderr, stdout }, want, what, next, name) {
  const errors = stderr.split('\n').filter((line) => !/^Note: |; trying again\.$/.test(line));
  assert.equal(code, want, `${name}: ${stderr}`);
  assert.match(errors[0], /^secrets: /, name);
  assert.match(errors[0], what, name);
  assert.match(errors[1] ?? '', /^ {2}\S/, `${name} says what to do next: ${stderr}`);
  assert.match(errors[1], next, name);
  assert.ok(!/\x1b/.test(stderr), `${name}: no control character where there is no terminal`);
  for (let at = 0; at + 12 <= key.length; at += 4) assert.ok(!stderr.includes(key.slice(at, at + 12)), `${name} repeats no key: ${stderr}`);
  assert.equal(stdout.toString(), '', name);
}

const help = (command) => new RegExp(`^ {2}See secrets ${command}--help\\.$`);
const { usage, failed, gone, wrong, network, refused, exists } = exit;
const table = [
  // Commands and options.
  [[], usage, /which command\?/, help('')],
  [['gte'], usage, /"gte" is not a command/, help('')],
  [[link], usage, /a link is not a command/, /secrets get LINK/],
  [[`https://h.invalid/#r.${id}.${key}`], usage, /a link is not a command/, /secrets answer LINK/],
  [[`https://h.invalid/#c.${id}.${key}.${key}`], usage, /a link is not a command/, /secrets collect LINK/],
  [[link.slice(0, -1)], usage, /is not a command/, help('')],
  [['put', '--nope'], usage, /--nope is not an option of secrets put/, help('put ')],
  [['get', '-jZq', 'x'], usage, / -Z is not an option of secrets get/, help('get ')],
  [['put', `--key=${key}`], usage, /--key accepts no value/, help('put ')],
  [['info', `--keys=${key}`], usage, /--keys is not an option/, help('info ')],
  [['put', '--views'], usage, /--views requires a value/, help('put ')],
  [['put', '-v'], usage, /-v requires a value/, help('put ')],
  [['put', '--views', '101'], usage, /--views does not accept "101"/, /from 1 to 100/],
  [['put', '--views', link], usage, /--views does not accept/, /from 1 to 100/],
  [['put', '--ttl', '5'], usage, /--ttl does not accept "5"/, /unit.* from 60s to 400d/],
  [['put', '--ttl', '10s'], usage, /--ttl does not accept "10s"/, /from 60s to 400d/],
  [['put', '--ttl', '60d'], refused, /secrets for at most 30 days/, /--ttl/],
  [['put', '--name', ''], usage, /--name does not accept ""/, /NAME/],
  [['put', '--file', 'a', 'b'], usage, /--file and another file/, help('put ')],
  [['put', 'a', 'b'], usage, /only one file/, /tar -c/],
  [['get', link, link], usage, /only one link/, help('get ')],
  [['put', '--qr', '--json'], usage, /--qr with --json/, help('put ')],
  [['passwords', '--length', '3'], usage, /--length does not accept "3"/, /from 8 to 256/],
  [['passwords', 'extra'], usage, /takes no argument/, help('passwords ')],
  // What is shared, and where.
  [['put', 'no-such-file'], usage, /cannot open no-such-file: No such file/, /Check the path.*standard input/],
  [['put', link], usage, /cannot open https/, /Check the path/],
  [['put', '.'], usage, /\. is a directory/, /tar -c/],
  [['put', '--server', 'nonsense'], usage, /"nonsense" is not the address/, /https:\/\/HOST/],
  [['put', '--server', link], usage, /is not the address/, /https:\/\/HOST/],
  [['put', 'file'], usage, /which server\?/, /--server URL.*SECRETS_SERVER.*config/, { extra: { SECRETS_SERVER: '' } }],
  [['put', '--resume'], gone, /no unfinished upload/, /secrets put/],
  // Passphrases.
  [['put', '-p', key], usage, /--passphrase does not accept that$/, /tty, stdin, env:NAME or file:PATH/],
  [['put', '-p', `file:${key}`], usage, /no passphrase: its source does not exist$/, /file:PATH/],
  [['receipt', '-T', `file:${key}`, link], usage, /no owner token: its source does not exist$/, /file:PATH/],
  [['burn', '-T', `env:${key}`, link], usage, /no owner token: its source does not exist$/, /file:PATH/],
  [['passwords', '-l', key], usage, /--length does not accept that$/, /from 8 to 256/],
  [['put', '-t', key], usage, /--ttl does not accept that$/, /unit/],
  [['put', '-p', 'file:zero', 'file'], usage, /from file:zero is empty or not UTF-8/, /UTF-8/],
  [['put', '-p', 'env:NOPE'], usage, /no passphrase: the variable NOPE is not set/, /env:NAME/],
  [['put', '-p', 'file:no-such'], usage, /cannot open no-such: No such file/, /file:PATH/],
  [['put', '-p', 'env:EMPTY'], usage, /from env:EMPTY is empty/, /at least one character/, { extra: { EMPTY: '' } }],
  [['put', '-p', 'env:LONG'], usage, /from env:LONG is longer than 1024/, /shorter/, { extra: { LONG: 'x'.repeat(1025) } }],
  [['put', '-p', 'stdin'], usage, /both come from standard input/, /--file/],
  // Links.
  [['get'], usage, /which link\?/, /- to read it from standard input/],
  [['get', link.slice(0, -1)], usage, /not a link of this service/, /HOST\/#ID\.KEY/],
  [['get', '-', '-p', 'stdin'], usage, /only one of/, /file:PATH/],
  [['get', '-o', 'no/such/file', link], usage, /cannot write into no\/such: No such file/, /--output.*not touched/],
  [['get', '-o', 'file', link], exists, /file exists/, /--force/],
  [['get', '-F', '-o', '/dev/null', link], exists, /\/dev\/null is not a regular file/, /--output -.*not touched/],
  [['get', '-s', 'SERVER', link], gone, /no such secret/, /Ask the sender/],
  [['info', '-s', 'SERVER', link], gone, /no such secret/, /Ask the sender/],
  [['burn', link], wrong, /no owner token/, /--token/],
  [['receipt', link], wrong, /no owner token/, /--token/],
  [['info', `https://h.invalid/secret/${id.slice(0, 16)}`], usage, /classic links have no status/, /secrets get/],
  // The network.
  [['put', '-s', 'http://127.0.0.1:1/', '--patience', '0s', 'file'], network, /no response from http:\/\/127\.0\.0\.1:1\/: /, /Check the address and the network/],
  [['get', '--patience', '0s', link], network, /no response from https:\/\/h\.invalid\/: .*resolve/, /Check the address/],
];

for (const [args, code, what, next, options] of table)
  test(`secrets ${args.join(' ')}`.replaceAll(key, 'KEY').slice(0, 70), async () => {
    const r = await cli.run(args.map((a) => (a === 'SERVER' ? server.url : a)), options);
    isError(r, code, what, next, args.join(' '));
  });

test('what is said of a key in a link is only that there is one', async () => {
  const said = async (path) => (await cli.run(['put', path])).stderr;
  assert.match(await said(`a ${link} b`), /#ABCDEFGHIJKLMNOPQRSTUV\.\.\.\. b: No such file/);
  assert.match(await said(`${id}%2E${key}`), /ABCDEFGHIJKLMNOPQRSTUV%2E\.\.\.: No such file/);
  assert.match(await said(`${id}.${key}`), /ABCDEFGHIJKLMNOPQRSTUV\.\.\.\.: No such file/);
  assert.match(await said(`h.invalid/%23${id}%2e${key}`), /%23ABCDEFGHIJKLMNOPQRSTUV%2e\.\.\.: No such file/);
  assert.match(await said(`h.invalid/%2523${id}.${key}`), /%2523ABCDEFGHIJKLMNOPQRSTUV\.\.\.\.: No such file/);
  // Of a key that was cut on its way, too.
  assert.match(await said(`x#${id}.${key.slice(0, 9)}`), /#ABCDEFGHIJKLMNOPQRSTUV\.\.\.\.: No such file/);
  // Other names are told as they are.
  for (const name of ['d41d8cd98f00b204e9800998ecf8427e.manifest', `${id}.manifest`, `${id}x.${key}`, `${id}.${key.slice(1)}`])
    assert.ok((await said(name)).includes(`${name}: No such file`), name);
  const sum = randomBytes(32).toString('hex');
  assert.match(await said(`${sum}.tar.zst`), new RegExp(`${sum}\\.tar\\.zst: No such file`));
});

test('a configuration file that is wrong', async () => {
  const folder = join(cli.folder, '.config/secrets');
  const config = join(folder, 'config');
  await mkdir(folder, { recursive: true });
  await writeFile(config, `# mine\nsever = ${server.url}\n`);
  isError(await cli.run(['put', 'file']), usage, /config, line 2 is not valid/, /server = https:\/\/HOST/, 'typo');
  await writeFile(config, '#'.repeat(20_000));
  isError(await cli.run(['put', 'file']), usage, /cannot read .*config: File too large/, /move it away/, 'large');
  await rm(config);
  await mkdir(config);
  isError(await cli.run(['put', 'file']), usage, /cannot read .*config: Is a directory/, /move it away/, 'folder');
  await rm(folder, { recursive: true });
});

test('a file that may not be read', { skip: process.getuid() === 0 ? 'root reads everything' : false }, async () => {
  await writeFile(join(cli.folder, 'private'), 'x');
  await chmod(join(cli.folder, 'private'), 0);
  isError(await cli.run(['put', 'private']), usage, /cannot open private: Permission denied/, /Check the path/, 'private');
});

/** Run the client by the shell command ${script}, in which it is $0. */
async function shell(script) {
  const child = spawn('bash', ['-c', script, program], { cwd: cli.folder,
    env: { HOME: cli.folder, PATH: process.env.PATH, SECRETS_SERVER: server.url, LC_ALL: 'C.UTF-8', ASAN_OPTIONS: 'detect_leaks=0' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (d) => (stderr += d));
  child.stdout.on('data', (d) => (stdout += d));
  const [code] = await once(child, 'close');
  return { code, stderr, stdout };
}

test('no room for what comes, and nobody who reads it', async () => {
  const bytes = randomBytes(3_000_000);
  const made = (await cli.run(['put', '-q', '-v', '9'], { input: bytes })).stdout.trim();
  await mkdir(join(cli.folder, 'room'));
  const again = /run the same command again/;
  const full = await shell(`ulimit -f 1000; "$0" get -o room/out '${made}'`);
  isError(full, failed, /cannot write room\/out: File too large/, /Free some space.*same command again/, 'full');
  assert.match(full.stderr, /^The view is kept for you for 15 minutes\.$/m);
  assert.deepEqual(readdirSync(join(cli.folder, 'room')), [], 'nothing of it stays');
  isError(await shell(`"$0" get -o - '${made}' >/dev/full`), failed, /standard output: No space left/, again, 'full pipe');
  isError(await shell(`"$0" get -o - '${made}' | true; exit \${PIPESTATUS[0]}`), failed, /standard output: Broken pipe/, again, 'closed pipe');
  // The view that began is the one that is gone on with.
  assert.equal((await cli.run(['get', '-o', 'room/out', made])).code, exit.done);
  assert.ok(readFileSync(join(cli.folder, 'room/out')).equals(bytes));
  assert.equal(JSON.parse((await cli.run(['info', '-j', made])).stdout).views_left, 8);
});

test('no room for the sealed bytes', async () => {
  const uploads = join(cli.folder, '.local/state/secrets/uploads');
  const full = await shell('ulimit -f 1000; head -c 3000000 /dev/zero | "$0" put');
  isError(full, failed, /cannot store the sealed bytes: File too large/, /as much room as what you share/, 'spool');
  assert.deepEqual(readdirSync(uploads), [], 'nothing of it stays');
  assert.equal((await shell('head -c 3000000 /dev/zero | "$0" put -q | grep -c "#"')).stdout, '1\n', 'with room it does go');
});

/** Serve ${answer}(request) as [status, object] with ${tls} until the test ${t} ends. */
async function serve(t, answer, tls) {
  const reply = (req, res) => {
    const [status, body] = answer(req);
    req.resume().on('end', () => res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(body)));
  };
  const s = tls ? createTls(tls, reply) : createServer(reply);
  await once(s.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (s.closeAllConnections?.(), s.close()));
  return `http${tls ? 's' : ''}://127.0.0.1:${s.address().port}/`;
}

test('a server that refuses, or is another one', async (t) => {
  const config = { ttl_default: 3600, ttl_max: 3600, file_max: 1e6, inline_max: 131072, views_max: 100 };
  let status = 0;
  const url = await serve(t, (req) => (req.url.endsWith('/config') ? [200, config] : [status, { code: 'some', detail: `said ${link}` }]));
  const put = () => cli.run(['put', '--patience', '0s', '-s', url], { input: 'x' });
  for (const [answer, next] of [[429, /Wait a minute/], [413, /something smaller/], [507, /something smaller/], [503, /Try again later/], [422, /Change what the message names/]]) {
    status = answer;
    isError(await put(), refused, new RegExp(`refused to store the secret \\(${answer}: said `), next, String(answer));
  }
  status = 201;
  isError(await put(), network, /a proxy responded instead of http:\S+, with status 201/, /Check the address/, 'no id');
  const other = await serve(t, () => [404, {}]);
  isError(await cli.run(['put', '--patience', '0s', '-s', other], { input: 'x' }), network, /a proxy responded instead of http:\S+, with status 404/, /Check the address/, '404');
  const newer = await serve(t, () => [404, { code: 'not_found' }]);
  isError(await cli.run(['put', '-s', newer], { input: 'x' }), usage, /is not an Ephemeral Secrets server/, /Check the address/, 'our 404');
});

test('a certificate that nobody vouches for', async (t) => {
  const made = spawn('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tls-key', '-out', 'tls-cert', '-days', '2', '-subj', '/CN=test',
    '-addext', 'subjectAltName=IP:127.0.0.1'], { cwd: cli.folder, stdio: 'ignore' });
  assert.equal((await once(made, 'close'))[0], 0);
  const read = (name) => readFileSync(join(cli.folder, name));
  const url = await serve(t, () => [404, {}], { key: read('tls-key'), cert: read('tls-cert') });
  isError(await cli.run(['put', '-s', url], { input: 'x' }), network, /no trusted connection to https:.*certificate/, /SSL_CERT_FILE/, 'TLS');
});

test('no error is without its next step', () => {
  const folder = join(top, 'src/cli');
  const source = readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.c')).map((f) => readFileSync(join(folder, f), 'utf8')).join('\n');
  const errors = [...source.matchAll(/\bsay_error\((?!const char)/g)];
  assert.ok(errors.length > 40, 'the source was read');
  // Between an error and the end of its function there is what to do next.
  const rest = errors.map((m) => source.slice(m.index, source.indexOf('\n}\n', m.index)));
  assert.deepEqual(rest.filter((text) => !/\bsay_hint\(/.test(text)), []);
});
