// SPDX-License-Identifier: MIT
// Connections over which nothing comes any more, without an end: parts are tried again, both ways.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { newPage, startBrowser } from './lib/browser.mjs';
import { patience } from './lib/server.mjs';
import { startSite } from './lib/site.mjs';
import { startWire } from './lib/wire.mjs';

const STALL = 2000 * patience;
const SIZE = 9 << 20;
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Hold every connection each time another third of `SIZE` has passed. */
function holdTwice(wire) {
  let passed = 0;
  let holds = 0;
  wire.passed = (n) => {
    passed += n;
    if (holds >= 2 || passed < ((holds + 1) * SIZE) / 3) return;
    holds++;
    wire.hold();
  };
}

test('an upload and a download go on after connections that stand still', { timeout: 60_000 * patience }, async (t) => {
  const site = await startSite();
  const wire = await startWire(site.url);
  const browser = await startBrowser();
  const page = await newPage(browser, { locale: 'en-GB' });
  page.setDefaultTimeout(30_000 * patience);
  try {
    // The page waits a minute.
    await page.addInitScript((stall) => {
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function post(message) { postMessage.call(this, message.type === 'setup' ? { ...message, stall } : message); };
    }, STALL);
    const told = new Set();
    await page.exposeFunction('told', (what) => { told.add(what); });
    await page.addInitScript(() => {
      new MutationObserver(() => {
        const label = document.querySelector('.primary .label')?.textContent ?? '';
        if (/lost/.test(label)) globalThis.told(label);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    const bytes = randomBytes(SIZE);
    await page.goto(wire.url);
    await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: bytes });
    await page.getByText('One file').first().waitFor();
    holdTwice(wire);
    let start = Date.now();
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByText('Not opened yet').waitFor();
    t.diagnostic(`shared in ${Date.now() - start} ms`);
    assert.equal(wire.holds, 2);
    assert.deepEqual([...told], ['Connection lost. Trying again']);
    told.clear();
    wire.passed = () => undefined;
    await page.goto(await page.getByLabel('Link', { exact: true }).textContent());
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).waitFor();
    holdTwice(wire);
    start = Date.now();
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    assert.equal(sha(await readFile(await (await coming).path())), sha(bytes));
    t.diagnostic(`saved in ${Date.now() - start} ms`);
    assert.equal(wire.holds, 4);
    assert.deepEqual([...told], ['Connection lost. Trying again']);
    assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
    await wire.stop();
    await site.stop();
  }
});
