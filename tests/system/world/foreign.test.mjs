// SPDX-License-Identifier: MIT
// Only the server's responses count (design P11). A proxy answers at random in the server's place while the
// client shares, opens and looks: nothing is lost, burnt, called gone or called wrong because of it.
//
// ROUNDS (20) rounds; SEED chooses what happens.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { exit, newHome } from '../support/cli.mjs';
import { moods, startForeign } from '../support/foreign.mjs';
import { startServer } from '../support/server.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 20);
let seed = Number(process.env.SEED ?? 7);
const random = () => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
};
const pick = (list) => list[Math.floor(random() * list.length)];

let server;
let proxy;
let cli;
before(async () => {
  server = await startServer();
  proxy = await startForeign(server.url);
  cli = await newHome(proxy.url);
});
after(async () => {
  await cli?.remove();
  await proxy?.stop();
  await server?.stop();
});

/** What a client may say while something else answers: never that a secret is gone, wrong, damaged or refused. */
const HONEST = [exit.done, exit.network, exit.unfinished];

/**
 * Run the client while the mood changes, then again on a clean line until it is done; `wrong` moods never come.
 * Resolves to the last run. Fails if a run ends in another way than an honest one.
 */
async function insist(args, options, retry = args) {
  const seen = [];
  for (let i = 0; i < 6; i++) {
    const changing = setInterval(() => { proxy.mood = i < 2 ? pick(moods) : 'clean'; }, 150);
    proxy.mood = i < 2 ? pick(moods) : 'clean';
    seen.push(proxy.mood);
    const r = await cli.run(i === 0 ? args : retry, { timeout: 60_000, ...options });
    clearInterval(changing);
    assert.ok(HONEST.includes(r.code), `${args.join(' ')} in ${seen}: ${r.code}: ${r.stderr}`);
    if (r.code === exit.done) return r;
    assert.match(r.stderr, /answered \d{3}|redirect|sign in|connection|no answer|no response|interrupted|before|not an Ephemeral/i, r.stderr);
  }
  throw new Error(`never done: ${args.join(' ')} in ${seen}`);
}

test(`${ROUNDS} rounds of put, get and receipt through a proxy that answers for the server`, { timeout: 900_000 }, async (t) => {
  for (let round = 0; round < ROUNDS; round++) {
    const content = randomBytes(round % 4 === 0 ? 2 << 20 : 300);
    const file = join(cli.folder, `file-${round}`);
    writeFileSync(file, content);
    proxy.mood = 'clean';
    const put = await insist(['put', '--json', '--patience', '3s', file]);
    const { link } = JSON.parse(put.stdout);

    const got = join(cli.folder, `got-${round}`);
    await insist(['get', '--patience', '3s', '-o', got, link]);
    assert.deepEqual(readFileSync(got), content, `round ${round}`);
    const receipt = JSON.parse((await insist(['receipt', '--json', '--patience', '3s', link])).stdout);
    assert.match(JSON.stringify(receipt), /used_up|opened/);
    rmSync(file);
    rmSync(got);
  }
  t.diagnostic(JSON.stringify(proxy.counts));
  for (const mood of moods) assert.ok(ROUNDS < 100 || proxy.counts[mood] > 0, `${mood} never came`);
});
