// SPDX-License-Identifier: MIT
// What the page shares the command line client opens, and the reverse: the same bytes, the same name.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brief, detail } from '../support/brief.mjs';
import { exit, newHome } from '../support/cli.mjs';
import { patience } from '../support/server.mjs';
import { button, choose, createLink, field, ownPassphrase, page, savedFile, setStage, sha, shownText, site } from '../support/stage.mjs';

const WAIT = 30_000 * patience;
const PASSPHRASE = 'Grüße aus der Küche, 7 Uhr';
const TEXT = 'correct horse\n\t"battery" ✓ שלום <b>staple</b>\n';

// The second is over what goes inline whatever its padding, the third takes several parts.
const FILES = [
  { name: 'small ü.bin', bytes: randomBytes(5_000) },
  { name: 'binary.bin', bytes: randomBytes(200_000) },
  { name: 'büro plan.pdf', bytes: randomBytes(3 << 20) },
];
const WAYS = [
  { title: 'by the link alone' },
  { title: 'with a passphrase', passphrase: PASSPHRASE },
  { title: 'with the key apart', apart: true },
];

let cli;
setStage({
  shipped: true,
  timeout: WAIT,
  setUp: async () => {
    assert.ok(site.real, 'needs secretsd');
    cli = await newHome(site.url);
  },
  tearDown: () => cli?.remove(),
});

/** Share a text, or a file, from the page; resolves to { link, key }. */
async function pagePut(content, { passphrase, apart }) {
  await page.goto(site.url);
  if (typeof content === 'string') await page.locator('textarea').fill(content);
  else {
    await page.locator('input[type=file]').setInputFiles({ name: content.name, mimeType: 'application/pdf', buffer: content.bytes });
    await page.getByText('One file').first().waitFor();
  }
  if (apart) await choose(2, (dialog) => dialog.getByLabel('Send the key separately').check());
  if (passphrase !== undefined) await ownPassphrase(passphrase);
  const link = await createLink();
  return { link, key: apart ? await field('Key').textContent() : undefined };
}

/** Ask the page to open a link. */
async function pageOpen({ link, key, passphrase }) {
  await page.goto(link);
  if (key !== undefined) await field('Key').fill(key);
  if (passphrase !== undefined) await field('Passphrase').fill(passphrase);
  await button('Open').click();
}

const pageText = (shared) => pageOpen(shared).then(() => shownText());
const pageFile = (shared) => pageOpen(shared).then(() => savedFile());

/** Share from the client; resolves to what it says with --json: link, key and passphrase among it. */
async function cliPut(args, { passphrase, apart } = {}, input = '') {
  const ways = [...(passphrase === undefined ? [] : ['-p', 'env:PW']), ...(apart ? ['--key-apart'] : [])];
  const r = await cli.run(['put', '--json', ...ways, ...args], { input, extra: { PW: passphrase ?? '' } });
  assert.equal(r.code, exit.done, r.stderr);
  return { passphrase, ...JSON.parse(r.stdout) };
}

/** Open with the client; `code` is how it shall end. */
async function cliGet({ link, key, passphrase }, args, code = exit.done) {
  const ways = [...(passphrase === undefined ? [] : ['-p', 'env:PW']), ...(key === undefined ? [] : ['-K', 'env:KEY'])];
  const r = await cli.run(['get', ...ways, ...args, '-'], { input: `${link}\n`, extra: { PW: passphrase ?? '', KEY: key ?? '' } });
  assert.equal(r.code, code, r.stderr);
  return r;
}

/** Let the client save a file in a folder of its own; resolves to the one file that is there then. */
async function cliFile(shared) {
  const folder = await mkdtemp(join(cli.folder, 'got-'));
  await cliGet(shared, ['-o', `${folder}/`]);
  const names = await readdir(folder);
  assert.equal(names.length, 1, names.join());
  return { name: names[0], bytes: await readFile(join(folder, names[0])) };
}

function same(got, file) {
  assert.equal(got.name, file.name);
  assert.equal(sha(got.bytes), sha(file.bytes));
}

/** The files that go in the way ${i}: all by the link alone, and one with what else protects it. */
function filesOf(i) {
  if (i === 0) return brief ? FILES.slice(-1) : FILES;
  return brief ? [] : [FILES[i]];
}

for (const [i, way] of (brief ? WAYS.slice(0, 2) : WAYS).entries()) {
  const files = filesOf(i);

  test(`page to client, ${way.title}`, { timeout: 4 * WAIT }, async () => {
    const text = await pagePut(TEXT, way);
    assert.match(text.link, way.apart ? /#[A-Za-z0-9]{22}$/ : /#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/);
    const { stdout } = await cliGet({ ...way, ...text }, ['-o', '-']);
    assert.equal(stdout, TEXT);
    await cliGet({ ...way, ...text }, ['-o', '-'], exit.gone);
    for (const file of files) same(await cliFile({ ...way, ...(await pagePut(file, way)) }), file);
  });

  test(`client to page, ${way.title}`, { timeout: 4 * WAIT }, async () => {
    const text = await cliPut([], way, TEXT);
    assert.match(text.link, way.apart ? /#[A-Za-z0-9]{22}$/ : /#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/);
    assert.equal(await pageText(text), TEXT);
    for (const file of files) {
      const path = join(cli.folder, file.name);
      await writeFile(path, file.bytes);
      same(await pageFile(await cliPut(['--file', path], way)), file);
    }
  });
}

detail('both ways, with a passphrase and the key apart', { timeout: 4 * WAIT }, async () => {
  const way = { passphrase: PASSPHRASE, apart: true };
  const { stdout } = await cliGet({ ...way, ...(await pagePut(TEXT, way)) }, ['-o', '-']);
  assert.equal(stdout, TEXT);
  assert.equal(await pageText(await cliPut([], way, TEXT)), TEXT);
});

// Each of them refuses a wrong passphrase and a wrong key, and has the key apart, in tests of its own.
detail('neither opens what the other shared without the right passphrase or key', { timeout: 4 * WAIT }, async () => {
  const shared = await pagePut('guarded', { passphrase: PASSPHRASE });
  await cliGet({ ...shared, passphrase: 'wrong' }, ['-o', '-'], exit.wrong);
  const apart = await pagePut('apart', { apart: true });
  await cliGet({ ...apart, key: 'A'.repeat(32) }, ['-o', '-'], exit.wrong);
  assert.equal((await cliGet({ ...apart }, ['-o', '-'])).stdout, 'apart');

  page.allow = /403/;
  await pageOpen({ ...(await cliPut([], { passphrase: PASSPHRASE }, 'guarded')), passphrase: 'wrong' });
  await page.getByText('That passphrase is wrong.').waitFor();
  await pageOpen({ ...(await cliPut([], { apart: true }, 'apart')), key: 'A'.repeat(32) });
  await page.getByText('That key is wrong').first().waitFor();
});

test('classic: what the client shares opens at /secret/ID with its passphrase', { timeout: 4 * WAIT }, async () => {
  const text = await cliPut(['--classic'], {}, TEXT);
  assert.match(text.link, /\/secret\/[A-Za-z0-9]{16}$/);
  assert.equal(await pageText(text), TEXT);
  const [, file] = FILES;
  const path = join(cli.folder, file.name);
  await writeFile(path, file.bytes);
  same(await pageFile(await cliPut(['--classic', '--file', path])), file);
});
