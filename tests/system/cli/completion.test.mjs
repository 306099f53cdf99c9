// SPDX-License-Identifier: MIT
// Completion in the shells themselves, each on a terminal of its own: what `secrets --help` lists is
// what a TAB offers, neither less nor more.  A shell that is not here is skipped.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildFolder, patience, top } from '../support/server.mjs';

/** What a program lists: its commands, and the options of each. */
function listsOf(program) {
  const help = (...args) => spawnSync(join(buildFolder, program), [...args, '--help'], { encoding: 'utf8' }).stdout;
  const commands = [...help().matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  const options = new Map(commands.map((name) => [name, [...help(name).matchAll(/^ {2}(?:-(\w), | {4})?--([a-z-]+)/gm)]
    .map(([, letter, long]) => ({ letter, long }))]));
  return { program, commands, options };
}
const all = ['secrets', 'secretsctl'].map(listsOf);
const files = join(top, 'completions');

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-completion-'));
  assert.ok(all[0].commands.length >= 6 && [...all[0].options.values()].every((list) => list.length >= 3), 'the help was read');
  assert.ok(all[1].commands.includes('forward') && [...all[1].options.values()].every((list) => list.length >= 1), 'the help was read');
});
after(() => rm(folder, { recursive: true, force: true }));

const missing = (shell) => spawnSync(shell, ['-c', 'exit 0']).status !== 0;
const skipped = (shell) => {
  if (!missing(shell)) return false;
  console.log(`SKIP: no ${shell}, its completion is not tested`);
  return `no ${shell}`;
};
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const sorted = (words) => [...new Set(words)].sort();

/** ${command} on a terminal, after ${setup}; type(keys, done) returns what it showed since. */
async function session(command, setup) {
  const child = spawn('script', ['-qfec', `stty rows 100 cols 160; exec ${command}`, '/dev/null'],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8', PS1: '$ ' }, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.on('data', (d) => (shown += d));
  const type = async (keys, done) => {
    shown = '';
    child.stdin.write(keys);
    for (let waited = 0; waited < 10_000 * patience && !done(shown); waited += 20) await sleep(20);
    // What should not be there might come behind it.
    for (let before = -1; before !== shown.length;) {
      before = shown.length;
      await sleep(150);
    }
    return shown;
  };
  await type(`${setup}; echo rea''dy\n`, (s) => /^ready/m.test(s));
  return { type, end: () => (child.stdin.end(), child.kill('SIGKILL')) };
}

const longs = (text) => [...text.matchAll(/--([a-z][a-z-]*)/g)].map((m) => m[1]);
const has = (text, words) => words.every((word) => new RegExp(`(^|\\s)${word}(\\s|$)`, 'm').test(text));

/** Every command and every option of a program by TAB in a shell; ${tab} are the keys that show the list. */
async function offersAll(s, tab, { program, commands, options }) {
  try {
    const words = await s.type(`${program} ${tab}`, (text) => has(text, commands));
    assert.ok(has(words, commands), words);
    for (const [name, list] of options) {
      const want = sorted(list.map((o) => o.long));
      const text = await s.type(`\x15${program} ${name} --${tab}`, (t) => want.every((o) => longs(t).includes(o)));
      assert.deepEqual(sorted(longs(text)), want, name);
    }
  } finally {
    s.end();
  }
}

for (const lists of all) test(`bash: ${lists.program}`, { skip: skipped('bash') }, async () => {
  const s = await session('bash --norc --noprofile -i',
    `bind 'set completion-query-items 0' 'set page-completions off'; bind 'set enable-bracketed-paste off'; source '${files}/${lists.program}.bash'`);
  await offersAll(s, '\t\t', lists);
});

for (const lists of all) test(`zsh: ${lists.program}`, { skip: skipped('zsh') }, async () => {
  const s = await session('zsh -f -i', `PS1='$ '; LISTMAX=1000; fpath=('${files}' $fpath); autoload -Uz compinit; compinit -u -D`);
  await offersAll(s, '\t', lists);
});

test('zsh offers the letters', { skip: skipped('zsh') }, async () => {
  const s = await session('zsh -f -i', `PS1='$ '; LISTMAX=1000; fpath=('${files}' $fpath); autoload -Uz compinit; compinit -u -D`);
  try {
    for (const [name, list] of all[0].options) {
      const want = sorted(list.filter((o) => o.letter).map((o) => o.letter));
      const letters = (text) => [...text.matchAll(/(?:^|\s)-([a-zA-Z])(?=\s)/gm)].map((m) => m[1]);
      const text = await s.type(`\x15secrets ${name} -\t`, (t) => want.every((o) => letters(t).includes(o)));
      assert.deepEqual(sorted(letters(text)), want, name);
    }
  } finally {
    s.end();
  }
});

for (const { program, commands, options } of all) test(`fish: ${program}`, { skip: skipped('fish') }, () => {
  const complete = (line) => {
    const r = spawnSync('fish', ['-N', '-c', `source '${files}/${program}.fish'; complete -C '${line}'`],
      { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, encoding: 'utf8' });
    assert.equal(r.status, 0, r.stderr);
    return r.stdout.split('\n').filter(Boolean).map((row) => row.split('\t')[0]);
  };
  assert.deepEqual(sorted(complete(`${program} `)), sorted(commands));
  for (const [name, list] of options) {
    assert.deepEqual(sorted(complete(`${program} ${name} --`)), sorted(list.map((o) => `--${o.long}`)), name);
    const letters = complete(`${program} ${name} -`).filter((word) => /^-\w$/.test(word));
    assert.deepEqual(sorted(letters), sorted(list.filter((o) => o.letter).map((o) => `-${o.letter}`)), name);
  }
});
