// SPDX-License-Identifier: MIT
// secretsctl audit: what somebody may do to a file of events, and what it says about that.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ctl } from '../support/ctl.mjs';
import { top } from '../support/server.mjs';

const file = join(top, 'tests/vectors/events-v1.ndjson');
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
const audit = (rows, ...options) => ctl(['audit', ...options, '-'], { input: rows.map((row) => `${row}\n`).join('') });
const changed = (at, from, to) => lines.map((row, i) => (i === at ? row.replace(from, to) : row));

test('a whole file, and what the check says that it cannot tell', async () => {
  const whole = 'events 1 to 12: none is missing between them, none was changed\n';
  const end = 'not checked without --anchor: whether events after 12 were cut off, or all were replaced\n';
  assert.deepEqual(await ctl(['audit', file]), { code: 0, signal: null, stdout: whole + end, stderr: '' });
  assert.equal((await ctl(['audit', '-'], { input: lines.join('\n') })).code, 0, 'without an end of line');

  // What is cut off at an end is not found, and the check says so.
  const begun = await audit(lines.slice(3));
  assert.equal(begun.code, 0);
  assert.match(begun.stdout, /^events 4 to 12: none is missing between them/);
  assert.match(begun.stdout, /^not checked: event 4 itself, and whether events before it were cut off/m);
  assert.match((await audit(lines.slice(0, 9))).stdout, /^not checked without --anchor: whether events after 9 were cut off/m);
});

test('no events are no whole log', async () => {
  for (const options of [[], ['--anchor', JSON.parse(lines[8]).hash]]) {
    const { code, stdout } = await audit([], ...options);
    assert.equal(code, 4);
    assert.match(stdout, /^there are no events/);
  }
});

test('the events of one secret cannot be audited, and are no alarm', async () => {
  const refs = lines.map((row) => JSON.parse(row).ref);
  const ref = refs.find((it, i) => it && refs.lastIndexOf(it) > i + 1 && refs.slice(i, refs.lastIndexOf(it)).some((other) => other !== it));
  const { code, stdout, stderr } = await audit(lines.filter((_, i) => refs[i] === ref));
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /events of one secret, which cannot be audited/);
  assert.equal((await audit(lines.filter((_, i) => i === 0 || refs[i] === ref))).code, 4, 'the control: with another event');
});

test('each change is named, with its line', async () => {
  const cases = [
    [changed(0, 'started', 'stopped'), 'line 1: event 1 was changed'],
    [changed(3, '"opened"', '"expired"'), 'line 4: event 4 does not follow'],
    [changed(5, /"at":(\d)/, '"at":2'), 'line 6: event 6 does not follow'],
    [changed(2, 'anna', 'hanna'), 'line 3: event 3 does not follow'],
    [changed(4, /"hash":"./, (m) => `${m.slice(0, -1)}${m.endsWith('0') ? '1' : '0'}`), 'line 5: event 5 does not follow'],
    [[lines[0], lines[2], lines[1]], 'line 2: event 2 is missing'],
    [[...lines, lines[11]], 'line 13: event 12 is out of order'],
    [lines.filter((_, i) => i !== 6), 'line 7: event 7 is missing'],
    [lines.filter((_, i) => i < 3 || i > 8), 'line 4: events 4 to 9 are missing'],
    [[...lines.slice(0, 2), 'x'], 'line 3: not an event'],
    // The line is read whole: what follows a zero byte or the event counts, and so does a long line.
    [changed(3, /$/, `\0${lines[4]}`), 'line 4: not an event'],
    [changed(3, /$/, lines[4]), 'line 4: not an event'],
    [changed(3, /$/, `${' '.repeat(9000)}${lines[4]}`), 'line 4: not an event'],
  ];
  for (const [rows, complaint] of cases) {
    const { code, stdout } = await audit(rows);
    assert.equal(code, 4, stdout);
    assert.ok(stdout.includes(complaint), `${stdout}: ${complaint}`);
  }
});

test('a chain that was written anew or cut off lacks the hash that was kept elsewhere', async () => {
  const head = JSON.parse(lines[8]).hash;
  const forms = [head, head.toUpperCase(), Buffer.from(head, 'hex').toString('base64url')];
  for (const form of forms) {
    const found = await audit(lines, '--anchor', form);
    assert.equal(found.code, 0, found.stdout);
    assert.match(found.stdout, /^the event of --anchor is event 9:/m);
    const { code, stdout } = await audit(lines.slice(0, 8), '--anchor', form);
    assert.equal(code, 4);
    assert.match(stdout, /^the event of --anchor is not among events 1 to 8/);
    assert.ok(!stdout.includes('none'), 'it does not say first that all is well');
  }
  for (const form of [head.slice(1), `${head}0`, `${head.slice(1)}x`, 'x'])
    assert.equal((await audit(lines, '--anchor', form)).code, 2, form);
});

test('what is wrong on the command line', async () => {
  for (const args of [[], ['nothing'], ['audit'], ['audit', 'a', 'b'], ['audit', '--anchors', 'x', '-'], ['audit', '/nonexistent/file'], ['audit', '-', '--anchor']])
    assert.equal((await ctl(args)).code, 2, args.join(' '));
  const link = 'https://example.org/#abcdefghijklmnopqrstuv.0123456789abcdefghijABCDEFGHIJ01';
  assert.ok(!(await ctl([link])).stderr.includes('0123456789'), 'no key in a message');
  assert.match((await ctl(['--version'])).stdout, /^secretsctl \d/);
});
