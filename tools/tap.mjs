// SPDX-License-Identifier: MIT
// Runs test programs that speak TAP (https://testanything.org), several at once, and counts their tests.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmdirSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';

const LINES_OF_A_FAILURE = 25;
const GRACE_MS = 3000;
const LOOK_MS = 500;
/** The processors, as a number, that have to be idle for one more test to start. */
const IDLE_SHARE = 0.3;
/** What proves a fault however rarely it is seen. (A thread that ends while LeakSanitizer looks proves none.) */
const PROOF = /ERROR: AddressSanitizer|WARNING: ThreadSanitizer|runtime error:/;
/** If more tests than these fail, it is not by chance. */
const SECOND_TRIES = 8;

/** Process groups that run now, by their leader. */
const running = new Set();
/** Control groups that are there now. */
const groups = new Set();
let ending = false;

// A process that leaves the group of its test, as a browser does, is found by this variable.
const MARK = 'CHECK_TEST';
let marks = 0;

/** Signal ${pid}, a process or with a minus a group, if it is still there. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // ended meanwhile
  }
}

/** The processes whose environment has a mark that begins with ${text}. */
function marked(text) {
  const sought = Buffer.from(`${MARK}=${text}`);
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/environ`).includes(sought);
    } catch {
      return false; // of another user, or ended meanwhile
    }
  }).map(Number);
}

/**
 * The folder of a new control group for the test that ${mark} marks, or undefined. Only a control group counts the
 * processor time of a browser's processes, which nobody waits for, and only root may make one.
 */
function controlGroup(mark) {
  try {
    const own = readFileSync('/proc/self/cgroup', 'utf8');
    const first = /:(cpuacct|cpu,cpuacct):\/(.*)/.exec(own);
    const second = /^0::\/(.*)/m.exec(own);
    const folder = join('/sys/fs/cgroup', ...(first ? first.slice(1) : [second[1]]), `check-${mark}`);
    mkdirSync(folder);
    groups.add(folder);
    return folder;
  } catch {
    return undefined;
  }
}

/** The seconds of processor time that a control group has used up to now, NaN without one. */
function processorSeconds(folder) {
  if (folder === undefined) return NaN;
  try {
    return Number(readFileSync(join(folder, 'cpuacct.usage'), 'utf8')) / 1e9;
  } catch {
    return Number(/^usage_usec (\d+)/m.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))[1]) / 1e6;
  }
}

/** Remove a control group as soon as its last process is gone, within a second. */
function removeControlGroup(folder, tries = 20) {
  try {
    rmdirSync(folder);
    groups.delete(folder);
  } catch {
    if (tries > 0) setTimeout(removeControlGroup, 50, folder, tries - 1);
  }
}

/** On ^C or a request to end: end everything that runs, then this program. */
export function endWithChildren() {
  const signalAll = (name) => {
    for (const leader of running) signal(-leader, name);
    for (const pid of marked(`${process.pid}-`)) signal(pid, name);
  };
  const end = () => {
    if (ending) return;
    ending = true;
    signalAll('SIGTERM');
    const late = Date.now() + GRACE_MS;
    setInterval(() => {
      if (running.size > 0 && Date.now() < late) return;
      signalAll('SIGKILL');
      for (const folder of groups) removeControlGroup(folder, 0);
      process.exit(130);
    }, 20);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, end);
}

/** Run ${command}, its output in the file ${log}. Resolves to its exit code, null if it was killed, and processor seconds. */
function execute(command, { env, log, limit, priority }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const mark = `${process.pid}-${++marks}-`;
  const group = controlGroup(mark);
  const nice = priority > 0 ? ['nice', '-n', String(priority)] : [];
  const enter = group === undefined ? [] : ['sh', '-c', '{ echo $$ >"$0"; } 2>/dev/null; exec "$@"', join(group, 'cgroup.procs')];
  const words = [...enter, ...nice, ...command];
  const child = spawn(words[0], words.slice(1), {
    detached: true, stdio: ['ignore', file, file], env: { ...process.env, ...env, [MARK]: mark },
  });
  if (child.pid !== undefined) running.add(child.pid);
  const timer = setTimeout(() => {
    writeSync(file, `\nnot ok - ended after ${limit} s\n`);
    signal(-child.pid, 'SIGKILL');
  }, limit * 1000);

  return new Promise((resolve) => {
    const over = (code) => {
      clearTimeout(timer);
      closeSync(file);
      if (child.pid !== undefined) {
        // What a test forgot goes with it.
        signal(-child.pid, 'SIGKILL');
        for (const pid of marked(mark)) signal(pid, 'SIGKILL');
        running.delete(child.pid);
      }
      const processor = processorSeconds(group);
      if (group !== undefined) removeControlGroup(group);
      resolve({ code, processor });
    };
    child.on('error', (error) => {
      writeSync(file, `not ok - ${error.message}\n`);
      over(null);
    });
    child.on('exit', over);
  });
}

/** The milliseconds that all processors together have worked, but for what gives way. */
const processorsMs = () => cpus().reduce((sum, { times }) => sum + times.user + times.sys + times.irq, 0);

/**
 * How many tests run at once: ${least}, and one more with each look that finds a processor idle, up to ${most}. Tests
 * that wait for clocks and time-outs leave the processors to others, and on a busy machine few run at once.
 * A build of a lower priority counts as idle: it gives way. ${clock} and ${busyMs} are given by tests only.
 */
export function slotCounter({ least, most, clock = Date.now, busyMs = processorsMs }) {
  let last = { at: clock(), busy: busyMs() };

  return (active) => {
    const elapsed = clock() - last.at;
    if (elapsed < LOOK_MS) return least;
    const now = { at: clock(), busy: busyMs() };
    const idle = cpus().length - (now.busy - last.busy) / elapsed;
    last = now;
    return idle > IDLE_SHARE ? Math.min(Math.max(active + 1, least), most) : least;
  };
}

/** The tests that the TAP in ${text} reports. A program that reports none counts as one. */
export function countTests(text, code) {
  const node = (name) => [...text.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].map((m) => Number(m[1]));
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const lines = text.split('\n');
  const isSkip = (line) => /# SKIP\b/.test(line);
  const points = lines.filter((line) => /^(not )?ok\b/.test(line));

  const count = node('tests').length > 0
    ? { passed: sum(node('pass')), failed: sum(node('fail')) + sum(node('cancelled')), skipped: sum(node('skipped')) }
    : {
        passed: points.filter((line) => line.startsWith('ok') && !isSkip(line)).length,
        failed: points.filter((line) => line.startsWith('not') && !isSkip(line)).length,
        skipped: points.filter(isSkip).length,
      };
  const planned = /^1\.\.(\d+)/m.exec(text);
  const missing = planned && node('tests').length === 0 ? Number(planned[1]) - points.length : 0;
  if (missing > 0) count.failed += missing;
  if (code !== 0 && count.failed === 0) count.failed = 1;
  if (count.passed + count.failed + count.skipped === 0) count.passed = 1;
  return count;
}

/** The lines of ${text} that say what failed. */
function failures(text) {
  const lines = text.split('\n');
  const chosen = new Set();
  for (const [i, line] of lines.entries()) {
    const failed = /^\s*not ok\b/.test(line) && !/# SKIP\b/.test(line);
    if (failed || /Sanitizer|^make.*\*\*\*|\berror:/.test(line))
      for (let k = i; k < Math.min(lines.length, i + LINES_OF_A_FAILURE); k++) chosen.add(k);
  }
  const shown = [...chosen].sort((a, b) => a - b).slice(0, 150).map((i) => lines[i]);
  return shown.length > 0 ? shown : lines.slice(-LINES_OF_A_FAILURE);
}

/** Run one test. Resolves to it with its counts, seconds and output. */
async function runOne(test, logs) {
  if (ending) await new Promise(() => {});
  const begun = Date.now();
  const log = join(logs, `${test.name.replaceAll('/', '-')}.log`);
  const { code, processor } = await execute(test.command, { limit: 1800, priority: 0, ...test, log });
  if (ending) await new Promise(() => {});
  const text = readFileSync(log, 'utf8');
  return { ...test, ...countTests(text, code), seconds: (Date.now() - begun) / 1000, processor, text, log };
}

function report(result) {
  const { name, passed, failed, skipped, seconds, processor, text } = result;
  const counts = [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`];
  const mark = failed > 0 ? 'FAIL' : 'ok';
  const cost = Number.isNaN(processor) ? '' : ` (${processor.toFixed(1)} s)`;
  console.log(`${mark.padEnd(5)}${name.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s${cost.padStart(11)}  ${counts.filter(Boolean).join(', ')}`);
  for (const line of new Set(text.match(/^SKIP.*$/gm) ?? [])) console.log(`     ${line}`);
  // Tables, which a test prints for people.
  for (const [, line] of text.matchAll(/^# (\| .* \|)$/gm)) console.log(`     ${line}`);
  if (failed > 0) console.log(failures(text).join('\n'));
}

/** The first of ${active} that ends, or nothing if none does for a moment. */
async function nextOf(active) {
  let timer;
  const moment = new Promise((resolve) => { timer = setTimeout(resolve, LOOK_MS, {}); });
  const first = await Promise.race([...active.values(), moment]);
  clearTimeout(timer);
  return first;
}

/**
 * Run ${tests} in their order, ${least} at once, and up to ${most} while a processor is idle. A test is
 *
 *   name, command   what it is called, and its program and arguments
 *   env             variables in addition to those of this program
 *   needs           names of tests that end before it starts; it fails without running if one of them failed
 *   alone           nothing else runs at the same time: it measures time or memory
 *   limit           seconds that it may take (1800)
 *   final           if it fails, it has failed, as one that others need. Other tests that fail run once more, alone, when
 *                   all are over: they watch clocks and processes, which a busy machine disturbs
 *   priority        as of nice(1)
 *
 * The output of each is in ${logs}. Resolves to the results.
 */
export async function runTests(tests, { least, most, logs }) {
  const results = new Map();
  const waiting = [...tests.filter((test) => !test.alone), ...tests.filter((test) => test.alone)];
  const repeated = [];
  const active = new Map();
  const countSlots = slotCounter({ least, most });
  let slots = least;

  const ready = (test) => (test.needs ?? []).every((name) => results.has(name) || !tests.some((one) => one.name === name));
  const hopeless = (test) => (test.needs ?? []).some((name) => results.get(name)?.failed > 0);
  const fits = (test) =>
    ready(test) && (test.alone ? active.size === 0 : active.size < slots && ![...active.keys()].some((one) => one.alone));
  const settle = (result) => {
    results.set(result.name, result);
    report(result);
  };

  while (waiting.length > 0 || active.size > 0) {
    for (let i = waiting.findIndex(fits); i >= 0; i = waiting.findIndex(fits)) {
      const [test] = waiting.splice(i, 1);
      if (hopeless(test)) {
        settle({ ...test, passed: 0, failed: 1, skipped: 0, seconds: 0, processor: 0, text: `not ok - needs ${test.needs.join(', ')}` });
        continue;
      }
      active.set(test, runOne(test, logs).then((result) => ({ test, result })));
    }
    if (active.size === 0 && waiting.length > 0) throw new Error(`${waiting[0].name} waits for itself`);
    if (active.size === 0) break;

    const { test, result } = await nextOf(active);
    active.delete(test);
    slots = countSlots(active.size);
    if (test === undefined) continue;
    const isNeeded = tests.some(({ needs = [] }) => needs.includes(test.name));
    const isProven = test.final || isNeeded || PROOF.test(result.text) || repeated.length === SECOND_TRIES;
    if (result.failed > 0 && !isProven) repeated.push({ test, first: result });
    else settle(result);
  }
  for (const { test, first } of repeated) {
    console.log(`AGAIN ${test.name}: ${failures(first.text).slice(0, 12).join('\n      ')}`);
    renameSync(first.log, first.log.replace(/\.log$/, '.first.log'));
    const second = await runOne(test, logs);
    settle({
      ...second, secondTry: second.failed === 0,
      seconds: first.seconds + second.seconds, processor: first.processor + second.processor,
    });
  }
  return [...results.values()];
}
