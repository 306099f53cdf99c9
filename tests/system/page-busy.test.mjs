// SPDX-License-Identifier: MIT
// A server that is busy at any request: sharing and opening go on, and nothing is lost.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { newPage, startBrowser } from './lib/browser.mjs';
import { startMoody } from './lib/moody.mjs';
import { patience } from './lib/server.mjs';
import { startSite } from './lib/site.mjs';

const REFUSALS = 20;
const SEEDS = (process.env.PAGE_BUSY_SEEDS ?? '1').split(',').map(Number);
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function shareAndOpen(browser, moody) {
  const page = await newPage(browser, { locale: 'en-GB' });
  page.setDefaultTimeout(40_000 * patience);
  page.allow = /503/;
  const said = new Set();
  await page.exposeFunction('said', (what) => { said.add(what); });
  await page.addInitScript(() => {
    new MutationObserver(() => {
      for (const place of document.querySelectorAll('.problem, .note[role=status], .primary .label')) globalThis.said(place.textContent);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  const bytes = randomBytes(5 << 20);
  await page.goto(moody.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: bytes });
  await page.locator('button.word').nth(2).click();
  await page.getByLabel('A passphrase of your own').check();
  await page.getByLabel('Passphrase', { exact: true }).fill('p');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Create link' }).click();
  await page.getByText('Not opened yet').waitFor();
  const link = await page.getByLabel('Link', { exact: true }).textContent();
  const [{ id, token }] = JSON.parse(await page.evaluate(() => localStorage.getItem('ephemeral-secrets')));

  moody.most = moody.refused.length + REFUSALS;
  await page.goto(link);
  await page.getByLabel('Passphrase', { exact: true }).fill('p');
  await page.keyboard.press('Enter');
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  assert.equal(sha(await readFile(await (await coming).path())), sha(bytes));
  await page.getByText('It has been erased from the server').waitFor();
  await page.getByRole('button', { name: 'Erase now' }).click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
  return { id, token, said };
}

for (const seed of SEEDS) {
  test(`${REFUSALS} times 503 while sharing, and while opening (seed ${seed})`, { timeout: 180_000 * patience }, async (t) => {
    const site = await startSite();
    const moody = await startMoody(site.url, { most: REFUSALS, seed });
    const browser = await startBrowser();
    try {
      const { id, token, said } = await shareAndOpen(browser, moody);
      t.diagnostic(`${moody.refused.length} refused: ${moody.refused.join('; ')}`);
      assert.ok(moody.refused.length >= REFUSALS, `${moody.refused.length}`);
      assert.ok([...said].some((what) => /server is busy\. Trying again/.test(what)), 'it says what it waits for');
      for (const what of said) assert.doesNotMatch(what, /went wrong|Connection lost|cannot be reached|try once more/, what);
      const receipt = await (await fetch(`${site.url}api/v1/secrets/${id}/receipt`, { headers: { Authorization: `Bearer ${token}` } })).json();
      assert.equal(receipt.events.filter(({ event }) => event === 'opened').length, 1);
    } finally {
      await browser.close();
      await moody.stop();
      await site.stop();
    }
  });
}
