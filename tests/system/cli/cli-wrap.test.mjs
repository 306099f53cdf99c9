// SPDX-License-Identifier: MIT
// Secrets that are encrypted to keys: put --to, get --identity, the program age in both directions, and
// servers that lie about wraps.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { ageFile, ageKey } from '../support/age.mjs';
import { exit, startServerAndHome, useCheapClient } from '../support/cli.mjs';

useCheapClient();
const { server, cli } = await startServerAndHome();
const key = ageKey();
const other = ageKey();
const file = (name, text) => (writeFileSync(join(cli.folder, name), text, { mode: 0o600 }), name);
file('key.txt', `# created by a test\n\n${key.identity}\n`);
file('other.txt', `${other.identity}\n`);
file('both.txt', `${other.identity}\r\n${key.identity}`);

const installed = (name) => {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
};
const skip = ['age', 'age-keygen', 'jq', 'ssh-keygen'].every(installed) ? false : 'age, jq or ssh-keygen is not installed (tools/deps check)';

async function put(...args) {
  const r = await cli.run(['put', '-q', ...args], { input: 'for her alone' });
  assert.equal(r.code, exit.done, r.stderr);
  return r.stdout.trim();
}
const get = (link, ...args) => cli.run(['get', '-q', ...args, link]);

test('only a key that it was encrypted to opens it, and nothing else uses the view', async () => {
  const link = await put('--to', key.recipient);
  const rows = [
    [[], exit.usage, /encrypted to the keys of its recipients\n {2}.*get -i/],
    [['-i', 'other.txt'], exit.wrong, /encrypted to other keys than those in other.txt/],
    [['-i', 'missing.txt'], exit.usage, /cannot read missing.txt: No such file/],
    [['-i', '-'], exit.usage, /not standard input/],
    [['-i', 'key.txt', '-p', 'env:P'], exit.usage, /cannot be combined/],
    [['-i', key.identity], exit.usage, /takes the path of a file, not the key itself/],
    [['-i', file('junk.txt', `${key.identity.slice(0, -1)}\n`)], exit.usage, /line 1 of junk.txt is not an identity/],
  ];
  for (const [args, code, message] of rows) {
    const r = await get(link, ...args);
    assert.equal(r.code, code, r.stderr);
    assert.match(r.stderr, message);
    assert.equal(r.stdout, '');
    assert.ok(!r.stderr.includes(key.identity.slice(20)), 'a message repeats a secret key');
  }
  const broken = await get(link.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')), '-i', 'key.txt');
  assert.equal(broken.code, exit.wrong);
  assert.match(broken.stderr, /the key in the link is wrong/);
  const r = await get(link, '-i', 'both.txt');
  assert.equal(r.code, exit.done, r.stderr);
  assert.equal(r.stdout, 'for her alone');
});

test('several recipients, from files and the command line, and a large file in parts', async () => {
  file('team.txt', `# the team\n${key.recipient}\r\n\n${other.recipient}\n`);
  writeFileSync(join(cli.folder, 'large.bin'), Buffer.alloc(3_000_000, 7));
  const link = await put('--to', '@team.txt', '--views', '2', 'large.bin');
  for (const name of ['key.txt', 'other.txt']) {
    const r = await get(link, '-i', name, '-o', `${name}.out`);
    assert.equal(r.code, exit.done, r.stderr);
    assert.ok(readFileSync(join(cli.folder, `${name}.out`)).equals(Buffer.alloc(3_000_000, 7)));
  }
});

test('what is no recipient is refused before a server is asked', async () => {
  file('bad.txt', `${key.recipient}\nsome words\n`);
  file('none.txt', '# nobody\n');
  file('many.txt', Array.from({ length: 17 }, () => ageKey().recipient).join('\n'));
  const rows = [
    [['--to', 'her'], /--to does not accept that/],
    [['--to', key.identity], /--to does not accept that/],
    [['--to', key.recipient.slice(0, -1)], /--to does not accept that/],
    [['--to', key.recipient.toUpperCase()], /--to does not accept that/],
    [['--to', `ssh-ed25519 AAAA one\nssh-ed25519 AAAA two`], /--to does not accept that/],
    [['--to', '@bad.txt'], /line 2 of bad.txt is not a recipient/],
    [['--to', '@none.txt'], /no recipient in the file/],
    [['--to', '@many.txt'], /more than 16 recipients/],
    [['--to', key.recipient, '--passphrase', 'env:P'], /cannot be combined/],
    [['--to', key.recipient, '--classic'], /cannot be combined/],
  ];
  for (const [args, message] of rows) {
    const r = await cli.run(['put', '--server', 'http://127.0.0.1:1/', '--patience', '0s', ...args], { input: 'x' });
    assert.equal(r.code, exit.usage, r.stderr);
    assert.match(r.stderr, message);
    assert.ok(!r.stderr.includes(key.identity.slice(20)), 'a message repeats a secret key');
  }
});

test('what age wrote is looked at before anything is shared', async () => {
  const folder = join(cli.folder, 'false-age');
  mkdirSync(folder);
  const stanza = `-> ssh-ed25519 AAAA ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`;
  const head = (stanzas) => `age-encryption.org/v1\n${stanzas}--- ${'A'.repeat(43)}\n`;
  const rows = [
    ['something else', 'not a file of age', exit.usage],
    ['the passphrase itself', null, exit.usage],
    ['a header alone', head(stanza), exit.usage],
    ['no stanza', head('') + 'x'.repeat(64), exit.usage],
    ['a stanza for a passphrase', head(`-> scrypt AAAA 18\n${'A'.repeat(43)}\n`) + 'x'.repeat(64), exit.usage],
    ['a body that is too short', head(stanza) + 'x'.repeat(63), exit.usage],
    ['what age makes', head(stanza) + 'x'.repeat(64), exit.done],
  ];
  for (const [what, text, code] of rows) {
    writeFileSync(join(folder, 'out'), text ?? '');
    writeFileSync(join(folder, 'age'), text === null ? '#!/bin/sh\ncat\n' : `#!/bin/sh\ncat >/dev/null; cat ${folder}/out\n`, { mode: 0o755 });
    const r = await cli.run(['put', '-q', '--to', 'ssh-ed25519 AAAA'], { input: 'x', extra: { PATH: `${folder}:${process.env.PATH}` } });
    assert.equal(r.code, code, `${what}: ${r.stderr}`);
    if (code !== exit.done) assert.match(r.stderr, /wrote no age file for these recipients\n {2}Nothing was shared/, what);
    assert.equal(r.stdout === '', code !== exit.done, what);
  }
});

/** The server, but what ${change} makes of its answers to info, wrap and config; it notes what it is asked. */
async function lying(t, change) {
  const seen = [];
  const answers = [];
  const s = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    seen.push(`${req.method} ${req.url.replace(/secrets\/\w+/, 'secrets/ID')}`);
    const answer = await fetch(`${server.url}${req.url}`, { method: req.method, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
      headers: req.headers['content-type'] ? { 'content-type': req.headers['content-type'] } : {} });
    let text = await answer.text();
    if (answer.ok && text !== '') text = JSON.stringify({ ...JSON.parse(text), ...change(seen.at(-1)) });
    answers.push(text);
    res.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? 'text/plain', 'Secrets-Answer': '1' }).end(text);
  });
  await once(s.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (s.closeAllConnections(), s.close()));
  return { url: `http://127.0.0.1:${s.address().port}/`, seen, answers };
}

const phrase = 'abcdefghijklmnopqrstuvwxyz012345';
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

test('a wrap that is not what it has to be is neither printed, nor derived from, nor sent on', async (t) => {
  const good = ageFile(phrase, [key]);
  const cut = good.subarray(0, -1);
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1] ^= 1;
  const plugin = `-> evil AGE-PLUGIN-EVIL\n${'A'.repeat(43)}\n`;
  const rows = [
    ['nothing', base64url(''), exit.damaged],
    ['other text', base64url('no file of age'), exit.damaged],
    ['no base64url', '!!!', exit.damaged],
    ['a byte less', base64url(cut), exit.damaged],
    ['a byte more', base64url(Buffer.concat([good, Buffer.from('x')])), exit.damaged],
    ['a bit changed', base64url(flipped), exit.damaged],
    ['a shorter passphrase', base64url(ageFile(phrase.slice(1), [key])), exit.damaged],
    ['a longer one', base64url(ageFile(`${phrase}x`, [key])), exit.damaged],
    ['two newlines', base64url(ageFile(`${phrase}\n\n`, [key])), exit.damaged],
    ['a newline before it', base64url(ageFile(`\n${phrase.slice(1)}`, [key])), exit.damaged],
    ['a command for the terminal', base64url(ageFile('\x1b]0;rm -rf ~\x07'.padEnd(32, 'x'), [key])), exit.damaged],
    ['an answer to a request', base64url(ageFile(`${phrase}.${phrase.slice(10)}.${phrase}`, [key])), exit.damaged],
    ['more than 16 KiB', base64url(Buffer.alloc(17_000, good)), exit.damaged],
    ['for another key', base64url(ageFile(phrase, [other])), exit.wrong],
    ['for a plugin alone', base64url(ageFile(phrase, [], plugin)), exit.wrong],
  ];
  const link = await put('--to', key.recipient);
  for (const [what, wrap, code] of rows) {
    const s = await lying(t, (request) => (request.endsWith('/wrap') ? { wrap } : {}));
    const r = await get(link, '-s', s.url, '-i', 'key.txt');
    assert.equal(r.code, code, `${what}: ${r.stderr}`);
    assert.equal(r.stdout, '', what);
    assert.ok(!r.stderr.includes(phrase.slice(10)) && !r.stderr.includes('rm -rf'), `${what}: a message shows it`);
    assert.deepEqual(s.seen, ['GET /api/v1/secrets/ID', 'POST /api/v1/secrets/ID/wrap'], what);
  }

  // The control: a sound wrap of another passphrase gets as far as the proof, which the server refuses.
  for (const more of ['', '\n']) {
    const s = await lying(t, (request) => (request.endsWith('/wrap') ? { wrap: base64url(ageFile(phrase + more, [other, key], plugin)) } : {}));
    const r = await get(link, '-s', s.url, '-i', 'key.txt');
    assert.equal(r.code, exit.wrong);
    assert.match(r.stderr, /not the passphrase of this secret/);
    assert.equal(s.seen.at(-1), 'POST /api/v1/secrets/ID/open');
  }
  assert.equal((await get(link, '-i', 'key.txt')).stdout, 'for her alone');
});

test('a lie about the cost or the wrap gets no proof', async (t) => {
  const link = await put('--to', key.recipient);
  const cheap = Buffer.alloc(32, 1);
  cheap.set([0x45, 0x53, 0x76, 0x31, 10, 8, 1, 0]);
  const lies = [
    [{ header: base64url(cheap) }, exit.damaged, /too cheap for a passphrase/],
    [{ header: base64url(cheap), passphrase: false }, exit.damaged, /too cheap for a passphrase/],
    [{ wrap: false }, exit.usage, /not encrypted to a key/],
  ];
  for (const [lie, code, message] of lies) {
    const s = await lying(t, (request) => (request === 'GET /api/v1/secrets/ID' ? lie : {}));
    const r = await get(link, '-s', s.url, '-i', 'key.txt');
    assert.equal(r.code, code, r.stderr);
    assert.match(r.stderr, message);
    assert.deepEqual(s.seen, ['GET /api/v1/secrets/ID']);
  }

  // A server that keeps no wraps is told before anything is read.
  const old = await lying(t, (request) => (request.endsWith('/config') ? { features: ['gate'] } : {}));
  const r = await cli.run(['put', '-s', old.url, '--to', key.recipient], { input: 'x' });
  assert.equal(r.code, exit.refused);
  assert.match(r.stderr, /cannot keep a secret that is encrypted to keys/);
  assert.deepEqual(old.seen, ['GET /api/v1/config']);
});

test('the program age runs for other kinds of keys alone, and sees no secret in its arguments', async () => {
  const log = join(cli.folder, 'age.log');
  const failing = `#!/bin/sh\nprintf '%s\\n' "$@" >>'${log}'\nexit 3\n`;
  writeFileSync(join(cli.folder, 'age'), failing);
  chmodSync(join(cli.folder, 'age'), 0o755);
  const extra = { PATH: `${cli.folder}:${process.env.PATH}` };
  const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7hfyGVzXb7HtP0xkxoHyLkHWbkYFYm2mEKzhRHRkwe her';

  const link = await put('--to', key.recipient);
  const mine = await cli.run(['get', '-q', '-i', 'key.txt', link], { extra });
  assert.equal(mine.stdout, 'for her alone');
  assert.ok(!existsSync(log), 'it ran for an X25519 key');

  // It fails here, so nothing is shared or opened.
  const sent = await cli.run(['put', '--to', key.recipient, '--to', ssh], { input: 'x', extra });
  assert.equal(sent.code, exit.usage);
  assert.match(sent.stderr, /the program age could not encrypt/);
  assert.equal(readFileSync(log, 'utf8'), `-e\n-r\n${key.recipient}\n-r\n${ssh}\n`);
  rmSync(log);

  // What is no age file is not sent: it may be the passphrase itself.
  writeFileSync(join(cli.folder, 'age'), '#!/bin/sh\ncat\n');
  const two = await cli.run(['put', '--to', `${ssh}\n${ssh}`], { input: 'x', extra });
  assert.equal(two.code, exit.usage);
  assert.match(two.stderr, /--to does not accept that/);
  const leaked = await cli.run(['put', '--to', ssh], { input: 'x', extra });
  assert.equal(leaked.code, exit.usage);
  assert.equal(leaked.stdout, '');
  assert.match(leaked.stderr, /the program age wrote no age file/);
  writeFileSync(join(cli.folder, 'age'), failing);

  const again = await put('--to', key.recipient);
  const got = await cli.run(['get', '-q', '-i', file('ssh.key', '-----BEGIN OPENSSH PRIVATE KEY-----\n'), again], { extra });
  assert.equal(got.code, exit.wrong);
  assert.equal(readFileSync(log, 'utf8'), '-d\n-i\nssh.key\n');

  // A line of blanks is not one of another kind.
  rmSync(log);
  const plain = await cli.run(['get', '-q', '-o', '-', '-i', file('blank.txt', `   \n${key.identity}\n`), again], { extra });
  assert.equal(plain.stdout, 'for her alone', plain.stderr);
  assert.ok(!existsSync(log), 'age did not run');

  // Without it the message says what to install.
  const none = await cli.run(['put', '--to', ssh], { input: 'x', extra: { PATH: join(cli.folder, 'nowhere') } });
  assert.equal(none.code, exit.usage);
  assert.match(none.stderr, /need the program age, which is not installed/);
});

test('wraps of Debian\'s age open here, and ours open there', { skip }, async (t) => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(cli.folder, 'id')]);
  execFileSync('age-keygen', ['-o', join(cli.folder, 'hers.txt')], { stdio: 'pipe' });
  const hers = execFileSync('age-keygen', ['-y', join(cli.folder, 'hers.txt')]).toString().trim();

  // With an SSH key among the recipients, age writes the wrap.
  const ssh = readFileSync(join(cli.folder, 'id.pub'), 'utf8').trim();
  const link = await put('--to', ssh, '--to', hers, '--views', '2');
  for (const name of ['hers.txt', 'id']) {
    const r = await get(link, '-i', name);
    assert.equal(r.code, exit.done, r.stderr);
    assert.equal(r.stdout, 'for her alone');
  }
  assert.equal((await get(await put('--to', ssh), '-i', 'hers.txt')).code, exit.wrong);

  // The line of docs/API.md, on a wrap that secrets wrote, gives the passphrase.
  const line = /^ {4}\$ (jq .*age -d -i key\.txt)$/m.exec(readFileSync(new URL('../../../docs/API.md', import.meta.url), 'utf8'))[1];
  const s = await lying(t, () => ({}));
  assert.equal((await get(await put('--to', key.recipient), '-s', s.url, '-i', 'key.txt')).code, exit.done);
  writeFileSync(join(cli.folder, 'wrap.json'), s.answers.find((text) => text.includes('"wrap":"')));
  assert.match(execFileSync('sh', ['-c', line], { cwd: cli.folder }).toString(), /^[A-Za-z0-9]{32}$/);
});
