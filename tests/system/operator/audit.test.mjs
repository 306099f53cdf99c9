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

test('a whole file, a file without an end of line, and no events', async () => {
  assert.deepEqual(await ctl(['audit', file]), { code: 0, signal: null, stdout: 'events 1 to 12: none is missing, none was changed\n', stderr: '' });
  assert.equal((await ctl(['audit', '-'], { input: lines.join('\n') })).code, 0);
  assert.match((await audit(lines.slice(3))).stdout, /^events 4 to 12: none is missing/);
  assert.equal((await audit([])).code, 0);
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
  ];
  for (const [rows, complaint] of cases) {
    const { code, stdout } = await audit(rows);
    assert.equal(code, 4, stdout);
    assert.ok(stdout.includes(complaint), `${stdout}: ${complaint}`);
  }
});

test('a chain that was written anew does not have the head that was kept elsewhere', async () => {
  const head = JSON.parse(lines[8]).hash;
  assert.equal((await audit(lines, '--anchor', head)).code, 0);
  const { code, stdout } = await audit(lines.slice(0, 8), '--anchor', head);
  assert.equal(code, 4);
  assert.match(stdout, /the event of --anchor is not among them/);
});

test('what is wrong on the command line', async () => {
  for (const args of [[], ['nothing'], ['audit'], ['audit', 'a', 'b'], ['audit', '--anchors', 'x', '-'], ['audit', '/nonexistent/file'], ['audit', '-', '--anchor']])
    assert.equal((await ctl(args)).code, 2, args.join(' '));
  const link = 'https://example.org/#abcdefghijklmnopqrstuv.0123456789abcdefghijABCDEFGHIJ01';
  assert.ok(!(await ctl([link])).stderr.includes('0123456789'), 'no key in a message');
  assert.match((await ctl(['--version'])).stdout, /^secretsctl \d/);
});
