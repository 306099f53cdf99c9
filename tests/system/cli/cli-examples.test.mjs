// SPDX-License-Identifier: MIT
// What the manual page and the README show runs as it is written there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newHome } from '../support/cli.mjs';
import { buildFolder, patience, startServer, top } from '../support/server.mjs';

const dump = randomBytes(3_000_000);
const manual = readFileSync(join(top, 'man/secrets.1'), 'utf8');
const readme = readFileSync(join(top, 'README.md'), 'utf8');

let server;
let cli;
let env;
before(async () => {
  server = await startServer();
  cli = await newHome(server.url);
  const bin = join(cli.folder, 'bin');
  await mkdir(bin);
  await writeFile(join(cli.folder, 'dump'), dump);
  await writeFile(join(bin, 'pg_dump'), `#!/bin/sh\nexec cat '${cli.folder}/dump'\n`);
  await chmod(join(bin, 'pg_dump'), 0o755);
  await writeFile(join(cli.folder, 'contract.pdf'), 'signed');
  env = { PATH: `${bin}:${buildFolder}:${process.env.PATH}`, HOME: cli.folder, LC_ALL: 'C.UTF-8', TZ: 'UTC', SECRETS_SERVER: server.url,
    ASAN_OPTIONS: 'detect_leaks=0' };
});
after(async () => {
  await cli?.remove();
  await server?.stop();
});

/** The options of each command in the SYNOPSIS: -x where there is a letter. */
function optionsOfManual() {
  const synopsis = manual.slice(manual.indexOf('.Sh SYNOPSIS'), manual.indexOf('.Sh DESCRIPTION'));
  const found = {};
  for (const [, name, lines] of synopsis.matchAll(/^\.Cm (\w+)(.*?)(?=^\.Nm|(?![^]))/gms)) {
    const own = [...lines.matchAll(/Fl (Fl )?([\w-]+)/g)];
    found[name] = [...found[name] ?? [], ...own.flatMap(([, long, word]) => (long ? [`--${word}`] : [...word].map((letter) => `-${letter}`)))];
  }
  return found;
}

test('the manual and the help list the same options', async () => {
  const listed = optionsOfManual();
  const names = [...(await cli.run(['help'])).stdout.matchAll(/^ {2}([a-z]+) {2}/gm)].map((m) => m[1]);
  assert.ok(names.includes('put') && names.length > 8, names.join(' '));
  assert.deepEqual(Object.keys(listed).sort(), names.sort());
  for (const name of names) {
    const { stdout } = await cli.run([name, '--help']);
    const help = [...stdout.matchAll(/^ {2}(?:(-\w), | {4})(--[\w-]+)/gm)].map(([, letter, long]) => letter ?? long);
    assert.deepEqual(listed[name].sort(), help.filter((one) => one !== '-h').sort(), name);
  }
});

/** The commands under EXAMPLES, in their order. */
const examples = [...manual.slice(manual.indexOf('.Sh EXAMPLES'), manual.indexOf('.Sh SEE ALSO')).matchAll(/^\.Dl (.*)$/gm)]
  .map((m) => m[1].replaceAll('\\en', '\\n'));

/** Run ${command} in a shell on a terminal; ${watch}(text so far, write) sees what comes. */
function onTerminal(command, watch) {
  const child = spawn('script', ['-qfec', `stty -echo; ${command}`, '/dev/null'], { cwd: cli.folder, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (d) => watch((text += d), (keys) => child.stdin.write(keys)));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => (child.kill('SIGKILL'), reject(new Error(`it hangs: ${text}`))), 20_000 * patience);
    child.on('close', (code) => (clearTimeout(late), resolve({ code, text })));
  });
}
const linkIn = (text) => /http:\/\/\S+#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}/.exec(text)?.[0];

test('the manual page: put, get, receipt', async () => {
  assert.equal(examples.length, 3, examples.join('\n'));
  const [put, get, wait] = examples;
  const made = await onTerminal(put, () => {});
  assert.equal(made.code, 0, made.text);
  assert.match(made.text, /Opens 2 times, until /);
  const link = linkIn(made.text);
  assert.ok(link, made.text);

  const got = await onTerminal(get, (() => {
    let typed;
    return (text, write) => {
      if (!typed && /Paste the link/.test(text)) typed = write(`${link}\n`);
    };
  })());
  assert.equal(got.code, 0, got.text);
  assert.ok(readFileSync(join(cli.folder, /> *(\S+)$/.exec(get)[1])).equals(dump));

  let answered = 0;
  let opened;
  const waited = await onTerminal(wait, (text, write) => {
    const asked = text.split(/Passphrase(?: again)?: /).length - 1;
    for (; answered < asked; answered++) write('correct horse\n');
    if (linkIn(text) && !opened) opened = cli.run(['get', '-o', '-', '-p', 'env:PW', linkIn(text)], { extra: { PW: 'correct horse' } });
  });
  assert.ok(opened, `the link is shown: ${waited.text}`);
  assert.equal((await opened).stdout, 'signed');
  assert.equal(waited.code, 0, waited.text);
  assert.match(waited.text, /Opened as often as allowed/);
});

test('the README: its session', async () => {
  const session = /```console\n([^]*?)```/.exec(readme)[1];
  const commands = [...session.matchAll(/^\$ (.*)$/gm)].map((m) => m[1]);
  assert.equal(commands.length, 3);
  assert.match(commands[0], /^export SECRETS_SERVER=http/);
  const made = await onTerminal(commands[1], () => {});
  assert.equal(made.code, 0, made.text);
  const got = await onTerminal(commands[2].replace(/'http[^']*'/, `'${linkIn(made.text)}'`), () => {});
  assert.equal(got.code, 0, got.text);
  assert.ok(readFileSync(join(cli.folder, 'app.sql')).equals(dump));
  // Its words are those that the client says today.
  const shape = (line) => line.replace(/http\S+/, 'URL').replace(/until .*/, 'until TIME');
  const said = made.text.replaceAll('\x1b[K', '').split(/[\r\n]+/).map(shape);
  for (const line of session.split('\n').slice(2, 4)) assert.ok(said.includes(shape(line)), `${line} is not in ${said.join('\n')}`);
});

test('the help fits into 80 columns', async () => {
  for (const command of [[], ['put'], ['get'], ['info'], ['burn'], ['receipt'], ['passwords']]) {
    const { stdout } = await cli.run([...command, '--help']);
    assert.deepEqual(stdout.split('\n').filter((line) => [...line].length > 80), []);
  }
});

test('the manual page lists every option and exit code of --help', async () => {
  const help = async (...args) => (await cli.run([...args, '--help'])).stdout;
  const all = await help();
  for (const [, name] of all.matchAll(/^ {2}([a-z]+) /gm)) {
    assert.match(manual, new RegExp(`^\\.It Cm ${name}$`, 'm'));
    for (const [, letter, long] of (await help(name)).matchAll(/^ {2}(?:-(\w), | {4})--([a-z-]+)/gm))
      assert.match(manual, new RegExp(`^\\.It ${letter ? `Fl ${letter} , ` : ''}Fl Fl ${long}( |$)`, 'm'), `--${long}`);
  }
  for (const [, code, text] of all.matchAll(/^ +(\d+) {2}(.*)$/gm))
    assert.match(manual.replace('or\n.Cm put Fl Fl resume', 'or put --resume'), new RegExp(`^\\.It ${code}\n${text}$`, 'm'), text);
});
