// SPDX-License-Identifier: MIT
// The runner of the tests: it counts what TAP says, fails for what does not run, and leaves no process running.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { countTests, runTests, slotCounter } from '../../../tools/tap.mjs';
import { top } from '../support/server.mjs';

const check = join(top, 'tools/check');
/** Whether a process runs; one that nobody has waited for yet does not. */
function runs(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const later = (ms) => new Promise((done) => setTimeout(done, ms));

test('what TAP reports is counted', () => {
  for (const [text, code, passed, failed, skipped] of [
    ['1..2\nok 1 - a\nok 2 - b\n', 0, 2, 0, 0],
    ['1..2\nok 1 - a\nnot ok 2 - b\n', 1, 1, 1, 0],
    ['1..2\nok 1 - a\nnot ok 2 # SKIP b\n', 0, 1, 0, 1],
    ['1..3\nok 1 - a\n', 0, 1, 2, 0], // it ended before its plan
    ['1..1\nok 1 - a\n', 134, 1, 1, 0], // it crashed after its tests
    ['', 1, 0, 1, 0],
    ['', 0, 1, 0, 0], // a program without TAP is one test
    ['ok 1 - a\n    not ok 1 - inner\n# tests 3\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 1\n', 1, 1, 1, 1],
  ])
    assert.deepEqual(countTests(text, code), { passed, failed, skipped }, text);
});

test('a test that fails is repeated once unless that proves a fault, and what takes too long is ended', async (t) => {
  const logs = mkdtempSync(join(tmpdir(), 'runner-'));
  t.after(() => rmSync(logs, { recursive: true, force: true }));
  const fails = (file, why = '') => ['sh', '-c', `sleep 0.3; if [ -e ${logs}/${file} ]; then echo ok 1; else touch ${logs}/${file}; echo not ok 1 ${why}; exit 1; fi`];
  const tests = [
    { name: 'flaky', command: fails('a') },
    { name: 'strict', command: fails('b'), final: true },
    { name: 'proven', command: fails('c', '- WARNING: ThreadSanitizer: data race') },
    { name: 'broken', command: ['sh', '-c', 'echo not ok 1'] },
    { name: 'endless', command: ['sleep', '60'], limit: 1 },
    { name: 'needed', command: fails('d') },
    { name: 'after', command: ['true'], needs: ['needed'] },
    { name: 'alone', command: ['true'], alone: true },
  ];
  const log = console.log;
  console.log = () => undefined;
  const results = await runTests(tests, { least: 3, most: 3, logs }).finally(() => (console.log = log));
  const failed = Object.fromEntries(results.map((one) => [one.name, one.failed]));
  assert.deepEqual(failed, { flaky: 0, strict: 1, proven: 1, broken: 1, endless: 1, needed: 1, after: 1, alone: 0 });
  assert.deepEqual(results.filter(({ secondTry }) => secondTry).map(({ name }) => name), ['flaky']);
});

test('as many tests run as are allowed at least, and more while a processor is idle', () => {
  let at = 0;
  let busy = 0;
  const slots = slotCounter({ least: 2, most: 4, clock: () => at, busyMs: () => busy });
  const look = (active, share) => {
    at += 1000;
    busy += 1000 * share * cpus().length;
    return slots(active);
  };
  assert.deepEqual([2, 3, 4].map((active) => look(active, 1)), [2, 2, 2], 'a busy machine');
  assert.deepEqual([2, 3, 4].map((active) => look(active, 0)), [3, 4, 4], 'an idle machine');
  assert.deepEqual([0, 1].map((active) => look(active, 0)), [2, 2], 'an idle machine on which few tests run');
});

test('a name that is no test and no group fails', () => {
  const run = spawnSync(check, ['no-such-test'], { encoding: 'utf8' });
  assert.equal(run.status, 2);
  assert.match(run.stderr, /no-such-test/);
});

test('every test is in check or only in check-all, and in the groups of its folder', () => {
  const list = (...args) => spawnSync(check, [...args, '--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
  const brief = list();
  const all = list('--all');
  for (const name of brief) assert.ok(all.includes(name), name);
  for (const folder of ['unit', 'system']) {
    const files = spawnSync('git', ['ls-files', `tests/${folder}/*/*`], { cwd: top, encoding: 'utf8' }).stdout;
    for (const [, path] of files.matchAll(/^tests\/((?:unit|system)\/\w+\/[\w-]+)\.(?:test\.mjs|c)$/gm))
      if (!/\/support\/|\/(package|newcomer)$/.test(path)) assert.ok(all.includes(path), path);
  }
  const [first, ...rest] = list('unit/base');
  assert.equal(first, 'build/base', 'what is tested is built before anything else');
  assert.ok(rest.length > 0 && rest.every((name) => name.startsWith('unit/base/')));
});

test('what a test leaves running ends with it, also in a session of its own', async (t) => {
  const logs = mkdtempSync(join(tmpdir(), 'runner-'));
  t.after(() => rmSync(logs, { recursive: true, force: true }));
  const pids = join(logs, 'pids');
  const log = console.log;
  console.log = () => undefined;
  const command = ['sh', '-c', `sleep 60 & echo $! >>${pids}; setsid sleep 60 & echo $! >>${pids}`];
  await runTests([{ name: 'forgets', command }], { least: 1, most: 1, logs }).finally(() => (console.log = log));
  const all = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  assert.equal(all.length, 2);
  for (const end = Date.now() + 5000; all.some(runs) && Date.now() < end; ) await later(20);
  assert.deepEqual(all.filter(runs), []);
});

for (const signal of ['SIGINT', 'SIGTERM'])
  test(`${signal} ends all that runs`, { timeout: 30_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'runner-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const pids = join(folder, 'pids');
    writeFileSync(join(folder, 'run.mjs'), `
      import { endWithChildren, runTests } from ${JSON.stringify(join(top, 'tools/tap.mjs'))};
      endWithChildren();
      const command = ['sh', '-c', 'echo $$ >>${pids}; sleep 60 & echo $! >>${pids}; setsid sleep 60 & echo $! >>${pids}; wait'];
      await runTests([{ name: 'a', command }, { name: 'b', command }], { least: 2, most: 2, logs: ${JSON.stringify(folder)} });
    `);
    const runner = spawn('node', [join(folder, 'run.mjs')], { stdio: 'ignore' });
    const ended = new Promise((done) => runner.on('exit', done));
    const read = () => { try { return readFileSync(pids, 'utf8').trim().split('\n').map(Number); } catch { return []; } };
    while (read().length < 6) await later(50);
    assert.ok(read().every(runs), 'control');
    runner.kill(signal);
    assert.equal(await ended, 130);
    for (const end = Date.now() + 2000; read().some(runs) && Date.now() < end; ) await later(20);
    assert.deepEqual(read().filter(runs), []);
  });
