// SPDX-License-Identifier: MIT
// The client as a person sees it: on a terminal (tmux), with keys pressed and the screen read.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { newHome, useCheapClient } from '../support/cli.mjs';
import { patience, startServer } from '../support/server.mjs';

const program = useCheapClient();

const here = spawnSync('tmux', ['-V']).status === 0;
if (!here) console.log('SKIP: no tmux, the client is not tested on a terminal');
const skip = here ? false : 'no tmux';
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const content = randomBytes(40 << 20);

let server;
let cli;
let tmux;
before(async () => {
  if (!here) return;
  server = await startServer({ env: { SECRETS_PART_SIZE: '65536' } });
  cli = await newHome(server.url);
  await writeFile(join(cli.folder, 'big.bin'), content);
  const socket = join(cli.folder, 'tmux');
  const run = (...args) => {
    const r = spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
    assert.equal(r.status, 0, `tmux ${args[0]}: ${r.stderr}`);
    return r.stdout;
  };
  const env = [`HOME=${cli.folder}`, `PATH=${dirname(program)}:${process.env.PATH}`, 'LC_ALL=C.UTF-8', 'TERM=screen', 'PS1=$ ', 'TZ=UTC',
    `SECRETS_SERVER=${server.url}`, 'ASAN_OPTIONS=detect_leaks=0'];
  // What the program writes goes into a file too: the screen shows a frame, not every byte.
  run('new-session', '-d', '-x', '120', '-y', '60', '-c', cli.folder, `env -i ${env.map((e) => `'${e}'`).join(' ')} bash --norc --noprofile`);
  run('pipe-pane', `cat >> '${join(cli.folder, 'typescript')}'`);
  tmux = {
    keys: (...keys) => run('send-keys', ...keys),
    text: (text) => run('send-keys', '-l', text),
    screen: () => run('capture-pane', '-p', '-J'),
    width: (columns) => run('resize-window', '-x', String(columns), '-y', '60'),
    end: () => spawn('tmux', ['-S', socket, 'kill-server'], { stdio: 'ignore' }),
  };
});
after(async () => {
  tmux?.end();
  await server?.stop();
  await cli?.remove();
});

/** The screen once ${pattern} is on it. */
async function see(pattern) {
  for (let waited = 0; waited < 20_000 * patience; waited += 60) {
    const screen = tmux.screen();
    if (pattern.test(screen)) return screen;
    await sleep(60); // each look is a program
  }
  return assert.fail(`${pattern} is not on the screen:\n${tmux.screen()}`);
}

/** Run ${command} on a clean screen. */
let screens = 0;
async function enter(command) {
  tmux.text(`clear; echo screen $((${screens++} + 1))`);
  tmux.keys('Enter');
  await see(new RegExp(`^screen ${screens}$`, 'm'));
  tmux.text(command);
  tmux.keys('Enter');
}

/** The exit code of the last command, once it ended. */
async function ended(code) {
  await see(/\n\$ \n*$/);
  tmux.text('echo code=$?=');
  tmux.keys('Enter');
  await see(new RegExp(`^code=${code}=$`, 'm'));
}

/** That the terminal shows what is typed, takes lines and gives signals. */
async function restored() {
  tmux.text('stty -a | tr ";" "\\n" | grep -c -w -e "isig icanon iexten echo"');
  tmux.keys('Enter');
  await see(/^1$/m);
}

const share = async (input, args = [], extra = {}) => {
  const r = await cli.run(['put', '-q', ...args], { input, extra });
  assert.equal(r.code, 0, r.stderr);
  await writeFile(join(cli.folder, 'link'), r.stdout);
};

test('a file goes with a progress bar, its link and a QR code', { skip }, async () => {
  await enter('secrets put --qr big.bin');
  await see(/Opens once, until \w+ \d+ \w+, \d\d:\d\d\./);
  const screen = tmux.screen();
  assert.match(screen, /^http:\/\/127\.0\.0\.1:\d+\/#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/m);
  assert.match(screen, /[█▀▄]{5}/);
  assert.ok(!/Sending|Encrypting/.test(screen), `the bar is gone at the end:\n${screen}`);
  await ended(0);
  const all = readFileSync(join(cli.folder, 'typescript'), 'utf8');
  assert.match(all, /Sending +▕[█▉▊▋▌▍▎▏ ]+▏ +\d+ % +[0-9.]+ MiB of [0-9.]+ MiB/);
});

/** What the program wrote for ${command}, which ends with what matches ${last}. */
async function written(command, last) {
  const all = () => readFileSync(join(cli.folder, 'typescript'), 'utf8');
  const from = all().length;
  await enter(command);
  await see(last);
  await ended(0);
  while (!all().includes('code=0=\r', from)) await sleep(20); // the screen may be ahead of the file
  return all().slice(from);
}

/** Make the terminal ${columns} wide. tmux tells its programs up to a quarter of a second later. */
async function makeWide(columns) {
  tmux.width(columns);
  await enter(`until [ "$(stty size)" = '60 ${columns}' ]; do sleep 0.05; done; echo columns=$((${columns}))`);
  await see(new RegExp(`^columns=${columns}$`, 'm'));
}

test('a narrow terminal, one without colours, and a dumb one', { skip }, async () => {
  const bars = (text) => text.split(/[\r\n]/).filter((line) => /^[^$]*\d %/.test(line)).map((line) => line.replaceAll('\x1b[K', ''));
  assert.match(await written('secrets put -Q typescript', /Opens once/), /\x1b\[30;107m/);
  assert.ok(!/\x1b\[30/.test(await written('NO_COLOR=1 secrets put -Q typescript', /Opens once/)));
  const dumb = await written('TERM=dumb secrets put -Q big.bin', /Opens once/);
  assert.deepEqual([bars(dumb), dumb.match(/\x1b\[(K|30)/)], [[], null]);
  for (const columns of [40, 80, 200]) {
    await makeWide(columns);
    const lines = bars(await written('secrets put big.bin', /Opens\s+once/));
    assert.ok(lines.length > 0, 'a bar was drawn');
    assert.ok(lines.every((line) => [...line].length < columns), `${columns} columns: ${lines.join('\n')}`);
  }
  await makeWide(120);
});

test('a passphrase is asked for, twice to share, and not shown', { skip }, async () => {
  await enter('echo inside | secrets put --passphrase tty >link');
  await see(/^Passphrase: *$/m);
  tmux.text('correct horse');
  tmux.keys('Enter');
  await see(/^Passphrase again: *$/m);
  tmux.text('correct horse');
  tmux.keys('Enter');
  await see(/Opens once/);
  await ended(0);
  await enter('secrets get "$(cat link)"');
  await see(/^Passphrase: *$/m);
  tmux.text('wrong one');
  tmux.keys('Enter');
  assert.match(await see(/locks\.\nPassphrase: *$/m), /wrong passphrase\n +9 more attempts before/);
  tmux.text('correct horse');
  tmux.keys('Enter');
  assert.match(await see(/That was the last view/), /^inside$/m);
  await ended(0);
  assert.ok(!/correct horse|wrong one/.test(readFileSync(join(cli.folder, 'typescript'), 'utf8')));
});

test('a blank at an end of a passphrase costs no try', { skip }, async () => {
  await share('inside', ['--passphrase', 'env:PW'], { PW: 'correct horse' });
  await enter('secrets get "$(cat link)"');
  await see(/^Passphrase: *$/m);
  tmux.text('correct horse ');
  tmux.keys('Enter');
  await see(/ends with a blank\. Does the blank belong to it\? \[y\/N\] *$/m);
  tmux.keys('Enter');
  await see(/\[y\/N\] *\nPassphrase: *$/m);
  tmux.text('correct horse');
  tmux.keys('Enter');
  const shown = await see(/That was the last view/);
  assert.match(shown, /^inside$/m);
  assert.ok(!/attempts/.test(shown));
  await ended(0);
});

test('an answer is sent once somebody who read the note says so', { skip }, async () => {
  await writeFile(join(cli.folder, 'router\u001b[31m.txt'), 'hunter2');
  const asked = await cli.run(['request', '--note', 'the router', '--answers', '3']);
  await writeFile(join(cli.folder, 'ask'), asked.stdout);
  const question = /^The asker writes: the router\n(.*\n)?Send router\^\[\[31m\.txt, 7 B to the asker, by http:\S+\? \[y\/N\] *$/m;
  for (const [key, code, said] of [['Enter', 1, /nothing was sent\n +Answer y/], ['C-c', 130, /interrupted/], ['y', 0, /Answered/]]) {
    await enter('secrets answer "$(cat ask)" router*');
    await see(question);
    tmux.keys(...(key === 'y' ? ['y', 'Enter'] : [key]));
    await see(said);
    await ended(code);
  }
  await enter('secrets answer --yes "$(cat ask)" router*');
  assert.ok(!/\[y\/N\]/.test(await see(/Answered/)));
  await ended(0);
  await enter('echo piped | secrets answer "$(cat ask)"');
  await see(/^Send standard input to the asker/m);
  tmux.keys('Enter');
  await ended(1);
  await mkdir(join(cli.folder, 'answers'));
  const got = await cli.run(['collect', '-o', 'answers/']);
  assert.match(got.stderr, /(An answer of [^]*){2}/);
  assert.ok(!/(An answer of [^]*){3}/.test(got.stderr), got.stderr);
});

test('two passphrases that differ share nothing', { skip }, async () => {
  await enter('echo inside | secrets put --passphrase tty');
  await see(/^Passphrase: *$/m);
  tmux.text('one');
  tmux.keys('Enter');
  await see(/^Passphrase again: *$/m);
  tmux.text('two');
  tmux.keys('Enter');
  await see(/the two entries differ\n +Run the command again\./);
  await ended(2);
});

for (const [what, stop, code] of [['^C', () => tmux.keys('C-c'), 130],
  ['SIGTERM', () => spawnSync('sh', ['-c', 'kill -TERM "$(cat pid)"'], { cwd: cli.folder }), 130]])
  test(`${what} at the prompt leaves the terminal as it was`, { skip }, async () => {
    await share('inside', ['--passphrase', 'env:PW'], { PW: 'x' });
    await enter('sh -c \'echo $$ >pid; exec secrets get "$(cat link)"\'');
    await see(/^Passphrase: *$/m);
    stop();
    await see(/secrets: interrupted/);
    await ended(code);
    await restored();
  });

test('^C where a link or a secret is asked for', { skip }, async () => {
  for (const [command, question] of [['get -', /Paste the link/], ['put', /Type or paste the secret/]]) {
    await enter(`secrets ${command}`);
    await see(question);
    tmux.keys('C-c');
    await see(/secrets: interrupted/);
    await ended(130);
  }
});

test('an interrupted download goes on, and says how', { skip }, async (t) => {
  const dir = join(cli.folder, 'into');
  await mkdir(dir);
  await share('', ['--file', join(cli.folder, 'big.bin')]);
  const wire = createServer((client) => {
    const up = connect(server.port, '127.0.0.1', () => client.pipe(up));
    client.on('error', () => {}).on('close', () => up.destroy());
    up.on('error', () => {}).on('data', (d) => (client.write(d), up.pause(), setTimeout(() => up.resume(), 5)));
  });
  t.after(() => wire.close());
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  const get = `(cd into; secrets get -s http://127.0.0.1:${wire.address().port}/ - <../link)`;
  await enter(get);
  await see(/Receiving +▕.*▏ +\d+ %/);
  tmux.keys('C-c');
  await see(/interrupted; the view is kept for you for 15 minutes\n +Run the same command again to continue\./);
  await ended(9);
  assert.ok(!existsSync(join(dir, 'big.bin')));
  await enter(get);
  await see(/Saved as big\.bin\nThat was the last view. The secret is being erased\./);
  assert.ok(readFileSync(join(dir, 'big.bin')).equals(content));
  assert.deepEqual(readdirSync(dir), ['big.bin']);
});

/** A slow wire to the server, until the test ${t} ends; resolves to its address. */
async function slowWire(t) {
  const wire = createServer((client) => {
    const up = connect(server.port, '127.0.0.1', () => up.pipe(client));
    client.on('error', () => {}).on('close', () => up.destroy());
    up.on('error', () => {}).on('close', () => client.destroy());
    client.on('data', (d) => (up.write(d), client.pause(), setTimeout(() => client.resume(), 8)));
  });
  t.after(() => wire.close());
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${wire.address().port}/`;
}

test('a bar leaves nothing behind on a terminal that becomes narrower', { skip }, async (t) => {
  t.after(() => tmux.width(120));
  await enter(`secrets put -s ${await slowWire(t)} big.bin`);
  await see(/Sending +▕.*▏ +\d+ %/);
  for (const columns of [100, 64, 44]) {
    tmux.width(columns);
    await sleep(300);
  }
  await see(/Opens\s+once/);
  await ended(0);
  const screen = tmux.screen();
  assert.ok(!/Sending|Encrypt|▏|\d %/.test(screen), screen);
  assert.match(screen, /^http:\/\/127\.0\.0\.1:\d+\/#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/m);
});

test('a size is that of the file, not of its envelope', { skip }, async () => {
  const all = await written('secrets put big.bin', /Opens\s+once/);
  const totals = [...all.matchAll(/ of ([0-9.]+ MiB)/g)].map((m) => m[1]);
  assert.ok(totals.length > 0, 'a bar was drawn');
  assert.deepEqual([...new Set(totals)], ['40.0 MiB']);
});

test('without UTF-8 nothing but ASCII is drawn', { skip }, async () => {
  const all = await written('LC_ALL=C secrets put --qr big.bin', /Opens once/);
  assert.match(all, /\[#* *\] +\d+ %/);
  assert.match(all, /\x1b\[40m {2}/);
  assert.ok(!/[^\x00-\x7f]/.test(all.replace(/\$ .*/g, '')), 'ASCII');
});

test('^Z at a question suspends, with the echo on, and what is typed meanwhile is no try', { skip }, async () => {
  await share('inside', ['--passphrase', 'env:PW'], { PW: 'right' });
  await enter('secrets get "$(cat link)"');
  await see(/^Passphrase: *$/m);
  tmux.text('half');
  tmux.keys('C-z');
  await see(/Stopped/);
  await restored();
  await enter('fg');
  await see(/^Passphrase: *$/m);
  tmux.text('right');
  tmux.keys('Enter');
  await see(/^inside$/m);
  await ended(0);
});

test('what cannot be had says why, and what to do', { skip }, async () => {
  await share('x');
  await enter('secrets get -o big.bin - <link');
  await see(/secrets: big\.bin exists\n +Name another file with --output, or overwrite it with --force\./);
  await ended(8);
  await enter('secrets get - <link');
  await see(/^x$/m);
  await enter('secrets get - <link');
  await see(/there is no such secret\n +It was opened as often as allowed, [^]*Ask the sender for a new link\./);
  await ended(3);
  await enter('echo x | secrets put --server http://127.0.0.1:1/ --patience 0s');
  await see(/no response from http:\/\/127\.0\.0\.1:1\/[^]*Check the address and the network/);
  await ended(5);
});

test('control characters of a text do not reach the terminal', { skip }, async () => {
  await share('before\x1b[2J\x1b]0;title\x07after\n');
  await enter('secrets get - <link');
  const screen = await see(/That was the last view/);
  assert.match(screen, /before.*\[2J.*after/);
  assert.ok(!readFileSync(join(cli.folder, 'typescript')).includes('\x1b]0;title'));
});
