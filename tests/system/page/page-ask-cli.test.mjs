// SPDX-License-Identifier: MIT
// Requests between the page and the command line client: each asks, answers and collects, in every combination.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ageKey } from '../support/age.mjs';
import { exit, newHome } from '../support/cli.mjs';
import { buildFolder, patience } from '../support/server.mjs';
import { askFor, button, clipboard, choose, field, page, savedFile, setStage, sha, shownText, site, text } from '../support/stage.mjs';

const WAIT = 30_000 * patience;
const NOTE = 'The password of <b>staging</b>, Grüße ✓';
const TEXT = 'correct horse\n\t"battery" ✓ שלום <b>staple</b>\n';
const FILE = { name: 'small ü.bin', bytes: randomBytes(700_000) }; // in parts

let asker, answerer;
setStage({
  shipped: true,
  timeout: WAIT,
  setUp: async () => {
    assert.ok(site.real, 'needs secretsd');
    asker = await newHome(site.url);
    answerer = await newHome(site.url);
    await writeFile(join(answerer.folder, FILE.name), FILE.bytes);
  },
  tearDown: () => Promise.all([asker?.remove(), answerer?.remove()]),
});

async function run(who, args, input = '') {
  const r = await who.run(args, { input });
  assert.equal(r.code, exit.done, `${args[0]}: ${r.stderr}`);
  return r;
}

async function pageAnswer(link, fill) {
  await page.goto(link);
  await text('You are asked for a secret').waitFor();
  assert.equal(await page.locator('blockquote').textContent(), NOTE);
  await fill();
  await button('Send').click();
  await text('Only the person who asked can read it.').waitFor();
}

/** Open the one answer of the request that is still there, and read it as `read` does. */
async function pageCollect(link, read) {
  await page.goto(link);
  await page.locator('.answers li button').click();
  return read();
}

async function cliAnswer(link, args, input) {
  const { stderr } = await run(answerer, ['answer', link, ...args], input);
  assert.ok(stderr.includes(`The asker writes: ${NOTE}\n`), stderr);
}

/** Let the client save the answers in a folder of its own; resolves to the one file that is there then. */
async function cliCollectFile(link) {
  const folder = await mkdtemp(join(asker.folder, 'got-'));
  await run(asker, ['collect', '-o', `${folder}/`, link]);
  const names = await readdir(folder);
  assert.equal(names.length, 1, names.join());
  return { name: names[0], bytes: await readFile(join(folder, names[0])) };
}

const asks = {
  page: () => askFor(NOTE, () => choose(0, (dialog) => field('2', dialog).check())),
  client: async () => JSON.parse((await run(asker, ['request', '--json', '--note', NOTE, '--answers', '2'])).stdout),
};
const answers = {
  page: {
    text: (link) => pageAnswer(link, () => page.locator('textarea').fill(TEXT)),
    file: (link) => pageAnswer(link, () => page.locator('input[type=file]').setInputFiles({ name: FILE.name, mimeType: '', buffer: FILE.bytes })),
  },
  client: {
    text: (link) => cliAnswer(link, [], TEXT),
    file: (link) => cliAnswer(link, [FILE.name]),
  },
};
const collects = {
  page: {
    text: (link) => pageCollect(link, shownText),
    file: (link) => pageCollect(link, savedFile),
  },
  client: {
    text: async (link) => (await run(asker, ['collect', link])).stdout,
    file: cliCollectFile,
  },
};

for (const [first, ask] of Object.entries(asks)) {
  for (const [second, answer] of Object.entries(answers)) {
    for (const [third, collect] of Object.entries(collects)) {
      test(`the ${first} asks, the ${second} answers, the ${third} collects`, { timeout: 4 * WAIT }, async () => {
        const { link, collect: own } = await ask();
        await answer.text(link);
        assert.equal(await collect.text(own), TEXT);
        await answer.file(link);
        const got = await collect.file(own);
        assert.deepEqual([got.name, sha(got.bytes)], [FILE.name, sha(FILE.bytes)]);

        page.allow = /404/;
        await page.goto(link);
        // The browser that answered tells so.
        await page.getByRole('heading', { name: second === 'page' ? 'You answered today at' : 'This request is over' }).waitFor();
      });
    }
  }
}

const encryptedToKey = async () => {
  const { identity, recipient } = ageKey();
  await writeFile(join(asker.folder, 'key.txt'), identity);
  return recipient;
};

test('the command that the page shows for a secret of put --to opens it', { timeout: 4 * WAIT }, async () => {
  const { link } = JSON.parse((await run(answerer, ['put', '--json', '--to', await encryptedToKey()], TEXT)).stdout);
  await page.goto(link);
  await text('A secret for the holder of a key').waitFor();
  await button('Copy command').click();
  const command = await clipboard();
  assert.equal(await button('Open').count(), 0);
  const r = spawnSync('sh', ['-c', command], { cwd: asker.folder, encoding: 'utf8', env: { HOME: asker.folder, PATH: `${buildFolder}:${process.env.PATH}` } });
  assert.deepEqual([r.status, r.stdout], [exit.done, TEXT], r.stderr);
});

test('an answer to a key of the asker: the page sends to the client, which opens it', { timeout: 4 * WAIT }, async () => {
  const asked = JSON.parse((await run(asker, ['request', '--json', '--note', NOTE, '--to', await encryptedToKey()])).stdout);
  await answers.page.text(asked.link);
  await page.goto(asked.collect);
  await text('Encrypted to another key. The command line program opens it: secrets collect.').waitFor();
  assert.equal(await page.locator('.answers li button').count(), 0);
  assert.equal((await run(asker, ['collect', '-i', 'key.txt', asked.collect])).stdout, TEXT);
});

test('the client ends what the page asked for', { timeout: 4 * WAIT }, async () => {
  const { link, collect: own } = await asks.page();
  await run(asker, ['burn', own]);
  page.allow = /404/;
  await page.goto(link);
  await text('This request is over').waitFor();
});
