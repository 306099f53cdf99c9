// SPDX-License-Identifier: MIT
// Runs of get that begin at the same moment, for a link that no earlier run has opened: all of them use
// one view, and each gets all of the secret.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { startServer } from '../support/server.mjs';

useCheapClient();

let server;
let cli;
before(async () => {
  server = await startServer({ env: { SECRETS_PART_SIZE: '65536' } });
  cli = await newHome(server.url);
});
after(async () => {
  await cli?.remove();
  await server?.stop();
});

for (const [what, size] of [['a small secret', 300], ['a secret in parts', 2_000_000]])
  test(`${what}, by four at once`, async () => {
    const content = randomBytes(size);
    const used = []; // views, in each round
    for (let round = 0; round < 8 && !used.includes(1); round++) {
      const link = (await cli.run(['put', '-q', '--views', '5'], { input: content })).stdout.trim();
      const runs = await Promise.all([1, 2, 3, 4].map((n) => cli.run(['get', '-o', n % 2 ? '-' : `out-${size}-${round}-${n}`, link])));
      for (const r of runs) assert.equal(r.code, exit.done, r.stderr);
      for (const r of runs.filter((_, i) => i % 2 === 0)) assert.ok(r.bytes.equals(content));
      assert.ok(!runs.some((r) => /has lapsed/.test(r.stderr)), 'no view is taken in place of one that another run ended');
      used.push(5 - JSON.parse((await cli.run(['info', '--json', link])).stdout).views_left);
    }
    // On a busy machine one may begin after another has ended, and then uses a view of its own.
    assert.ok(used.includes(1), `views for 4 runs at once: ${used}`);
  });
