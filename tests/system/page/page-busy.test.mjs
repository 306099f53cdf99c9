// SPDX-License-Identifier: MIT
// A server that is busy at any request: sharing and opening go on, and nothing is lost.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startFlakyProxy } from '../support/flaky-proxy.mjs';
import { patience } from '../support/server.mjs';
import { button, createLink, field, ownPassphrase, page, savedFile, setStage, sha, site, text } from '../support/stage.mjs';

const REFUSALS = 20;
const SEEDS = (process.env.PAGE_BUSY_SEEDS ?? '1').split(',').map(Number);

setStage({ timeout: 40_000 * patience });

async function shareAndOpen(proxy) {
  page.allow = /503/;
  const said = new Set();
  await page.exposeFunction('said', (what) => { said.add(what); });
  await page.addInitScript(() => {
    new MutationObserver(() => {
      for (const place of document.querySelectorAll('.problem, .note[role=status], .primary .label')) globalThis.said(place.textContent);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  const bytes = randomBytes(5 << 20);
  await page.goto(proxy.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: bytes });
  await ownPassphrase('p');
  const link = await createLink();
  const [{ id, token }] = JSON.parse(await page.evaluate(() => localStorage.getItem('ephemeral-secrets')));

  proxy.most = proxy.refused.length + REFUSALS;
  await page.goto(link);
  await field('Passphrase').fill('p');
  await page.keyboard.press('Enter');
  assert.equal(sha((await savedFile()).bytes), sha(bytes));
  await text('The secret has been erased from the server').waitFor();
  await button('Erase it here too').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  return { id, token, said };
}

for (const seed of SEEDS) {
  test(`${REFUSALS} times 503 while sharing, and while opening (seed ${seed})`, { timeout: 180_000 * patience }, async (t) => {
    const proxy = await startFlakyProxy(site.url, { most: REFUSALS, seed });
    t.after(() => proxy.stop());
    const { id, token, said } = await shareAndOpen(proxy);
    t.diagnostic(`${proxy.refused.length} refused: ${proxy.refused.join('; ')}`);
    assert.ok(proxy.refused.length >= REFUSALS, `${proxy.refused.length}`);
    assert.ok([...said].some((what) => /server is busy\. Trying again/.test(what)), 'it says what it waits for');
    for (const what of said) assert.doesNotMatch(what, /went wrong|Connection lost|cannot be reached|try once more/, what);
    const receipt = await (await fetch(`${site.url}api/v1/secrets/${id}/receipt`, { headers: { Authorization: `Bearer ${token}` } })).json();
    assert.equal(receipt.events.filter(({ event }) => event === 'opened').length, 1);
  });
}
