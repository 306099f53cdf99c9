// SPDX-License-Identifier: MIT
// For tests that kill the server while it works: what they do at random, how a client sees the end, and the events.

import assert from 'node:assert/strict';

import { ctl } from './ctl.mjs';

/** A small generator of numbers in 0..n-1 (xorshift32), so that a run can be repeated. */
export function numbers(state) {
  let x = state | 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

/** Whether ${error} says that the connection ended. */
export const connectionEnded = (error) => /closed|ECONN|EPIPE/.test(String(error));

/** All events of the server of ${env} after ${kills}, whose chain is whole, as numbers of each kind by ref. */
export async function countEvents(env, kills) {
  const timeout = 60_000 + kills * 1000; // a million lines after 1,000 kills
  const { code, stdout, stderr } = await ctl(['events'], { env, timeout });
  assert.equal(code, 0, stderr);
  const audit = await ctl(['audit', '-'], { input: stdout, timeout });
  assert.match(audit.stdout, /^events 1 to \d+: none is missing between them, none was changed\n/);

  const counts = new Map();
  for (const line of stdout.split('\n').filter(Boolean)) {
    const { ref, kind } = JSON.parse(line);
    if (!counts.has(ref)) counts.set(ref, {});
    counts.get(ref)[kind] = (counts.get(ref)[kind] ?? 0) + 1;
  }
  return counts;
}
