// SPDX-License-Identifier: MIT
// What `make check` leaves to `make check-all`: it sets BRIEF for the files in which this takes long (tools/check).
//
//   detail('…', async () => { … });              // a test of check-all
//   for (const way of brief ? [WAYS[0]] : WAYS)   // fewer of what differs little
import test from 'node:test';

export const brief = process.env.BRIEF === '1';
export const detail = brief ? () => undefined : test;
