// SPDX-License-Identifier: MIT
// Where the client leaves what it must not: in the lists of processes and their environments, in
// files, in system calls other than those that were asked for.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, newHome, program, startServerAndHome } from '../support/cli.mjs';

const { server, cli } = await startServerAndHome({ env: { SECRETS_PART_SIZE: '65536' } });

const passphrase = `phrase-${randomBytes(9).toString('hex')}`;
const canary = `canary-${randomBytes(9).toString('hex')}`;
const small = `${canary} in a text`;
const large = Buffer.alloc(400_000, `${canary} `);

/** Run the client under strace; resolves to its output and the lines of its system calls. */
async function traced(args, { input = '', extra = {} } = {}) {
  const log = join(cli.folder, 'strace.log');
  const child = spawn('strace', ['-f', '-qq', '-s', '100000', '-e', 'trace=write,pwrite64,writev,sendto,sendmsg,openat,execve,rename,renameat2,mkdir',
    '-o', log, program, ...args], {
    env: { PATH: process.env.PATH, HOME: cli.folder, SECRETS_SERVER: server.url, ASAN_OPTIONS: 'detect_leaks=0', ...extra },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (d) => (stdout += d));
  child.stderr.on('data', (d) => (stderr += d));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  // The calls of the client, not the one that strace started it by.
  const lines = wholeCalls(readFileSync(log, 'utf8').split('\n')).filter((l) => !/execve\(/.test(l));
  return { code, stdout, stderr, lines };
}

/** What strace writes in two lines, as another thread calls meanwhile, in one. */
function wholeCalls(lines) {
  const begun = new Map();
  return lines.flatMap((line) => {
    const [, thread, call] = /^(\d+) +(.*) <unfinished \.\.\.>$/s.exec(line) ?? [];
    if (thread !== undefined) begun.set(thread, call);
    const [, again, rest] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/s.exec(line) ?? [];
    if (again === undefined) return thread === undefined ? [line] : [];
    return [`${again} ${begun.get(again)}${rest}`];
  });
}
const withText = (lines, text) => lines.filter((l) => l.includes(text));

test('system calls of put and get carry no key, passphrase or plaintext elsewhere', async () => {
  const extra = { PW: passphrase };
  for (const content of [small, large]) {
    const out = join(cli.folder, `out-${content.length}`);
    const put = await traced(['put', '-p', 'env:PW'], { input: content, extra });
    assert.equal(put.code, exit.done, put.stderr);
    const key = put.stdout.trim().split('.').at(-1);
    assert.equal(key.length, 32);
    assert.deepEqual(withText(put.lines, key).filter((l) => !/ write\(1, /.test(l)), []);
    assert.equal(withText(put.lines, key).length, 1, 'the link is printed: the trace does see it');
    assert.deepEqual(withText(put.lines, passphrase), []);
    assert.deepEqual(withText(put.lines, canary), []);
    const get = await traced(['get', '-p', 'env:PW', '-o', out, '-'], { input: put.stdout, extra });
    assert.equal(get.code, exit.done, get.stderr);
    assert.ok(readFileSync(out).equals(Buffer.from(content)));
    assert.deepEqual(withText(get.lines, key), []);
    assert.deepEqual(withText(get.lines, passphrase), []);
    const part = get.lines.map((l) => /openat\(AT_FDCWD, "[^"]*\.secrets-[^"]*\.part".* = (\d+)/.exec(l)?.[1]).find(Boolean);
    assert.ok(part, 'the file has a temporary name');
    const written = withText(get.lines, canary);
    assert.ok(written.length > 0);
    assert.deepEqual(written.filter((l) => !l.includes(` pwrite64(${part}, `)), []);
  }
});

test('while it runs, neither arguments nor environment show a key or a passphrase', async () => {
  const silent = createServer(() => {}); // takes connections, never answers
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const key = randomBytes(16).toString('hex');
  const link = `http://127.0.0.1:${silent.address().port}/#${'A'.repeat(22)}.${key}`;
  const getting = cli.start(['get', link]);
  await once(silent, 'connection');
  const cmdline = readFileSync(`/proc/${getting.pid}/cmdline`, 'latin1');
  assert.ok(cmdline.includes('get'), 'it can be read');
  assert.ok(!cmdline.includes(key) && !cmdline.includes(key.slice(0, 8)));
  assert.match(readFileSync(`/proc/${getting.pid}/limits`, 'utf8'), /Max core file size +0 +0 /);
  getting.kill('SIGINT');
  assert.equal((await getting.done).code, exit.interrupted);

  const content = join(cli.folder, 'content');
  await writeFile(content, 'x');
  const seen = [];
  const half = createServer((s) => {
    // It answers the first question, whose answer is what the passphrase waits for, and no more.
    s.on('error', () => {}).on('data', (d) => {
      seen.push(d.toString('latin1'));
      const body = JSON.stringify({ ttl_default: 60, ttl_max: 60, file_max: 1e6, inline_max: 1e5, views_max: 1 });
      if (/GET \/api\/v1\/config/.test(d)) s.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      else half.emit('asked');
    });
  });
  await once(half.listen(0, '127.0.0.1'), 'listening');
  const putting = cli.start(['put', '-p', 'env:PW', '-s', `http://ada:of-the-proxy@127.0.0.1:${half.address().port}/`, content], { extra: { PW: passphrase, MARK: 'mark-of-the-test' } });
  await once(half, 'asked');
  const environ = readFileSync(`/proc/${putting.pid}/environ`, 'latin1');
  assert.ok(environ.includes('mark-of-the-test'), 'it can be read');
  assert.doesNotMatch(readFileSync(`/proc/${putting.pid}/cmdline`, 'latin1'), /ada|of-the-proxy/);
  assert.match(seen[0], /^Authorization: Basic YWRhOm9mLXRoZS1wcm94eQ==\r$/m);
  assert.ok(!environ.includes(passphrase));
  putting.kill('SIGINT');
  await putting.done;
  assert.ok(!seen.join('').includes(passphrase));
  silent.close();
  half.close();
});

/** Every file below ${folder} whose bytes hold ${text}. */
function holding(folder, text) {
  const found = [];
  for (const name of existsSync(folder) ? readdirSync(folder, { recursive: true }) : []) {
    const path = join(folder, String(name));
    if (statSync(path).isFile() && readFileSync(path).includes(text)) found.push(path);
  }
  return found;
}

test('what is kept, also of what was interrupted, holds tokens and sealed bytes alone', async () => {
  const home = await newHome(server.url);
  try {
    const made = JSON.parse((await home.run(['put', '--json', '-p', 'env:PW'], { input: large, extra: { PW: passphrase } })).stdout);
    const key = made.link.split('.').at(-1);
    // Killed while it uploads: the sealed bytes and the token stay.
    const child = home.start(['put'], { input: Buffer.alloc(30_000_000, `${canary} `) });
    const uploads = join(home.folder, '.local/state/secrets/uploads');
    const log = () => existsSync(uploads) && readdirSync(uploads).some((f) => f.endsWith('.parts'));
    while (!log() && child.exitCode === null) await new Promise((r) => setTimeout(r, 2));
    child.kill('SIGKILL');
    await child.done;
    assert.ok(readdirSync(uploads).some((f) => f.endsWith('.sealed')));
    assert.equal(holding(home.folder, made.owner_token).length, 1, 'the search finds what is there');
    for (const text of [key, passphrase, canary]) assert.deepEqual(holding(home.folder, text), []);
  } finally {
    await home.remove();
  }
});
