// SPDX-License-Identifier: MIT
// Connections over which nothing comes any more, without an end: parts are tried again, both ways.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { patience } from '../support/server.mjs';
import { button, createLink, openLink, page, savedFile, setStage, sha, site, text } from '../support/stage.mjs';
import { startWire } from '../support/wire.mjs';

const STALL = 2000 * patience;
const SIZE = 9 << 20;

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

setStage({ timeout: 30_000 * patience });

test('an upload and a download go on after connections that stand still', { timeout: 60_000 * patience }, async (t) => {
  const wire = await startWire(site.url);
  t.after(() => wire.stop());
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
  await text('One file').waitFor();
  holdTwice(wire);
  let start = Date.now();
  const link = await createLink();
  t.diagnostic(`shared in ${Date.now() - start} ms`);
  assert.equal(wire.holds, 2);
  assert.deepEqual([...told], ['Connection lost. Trying again']);
  told.clear();
  wire.passed = () => undefined;
  await openLink(link);
  await button('Save').waitFor();
  holdTwice(wire);
  start = Date.now();
  assert.equal(sha((await savedFile()).bytes), sha(bytes));
  t.diagnostic(`saved in ${Date.now() - start} ms`);
  assert.equal(wire.holds, 4);
  assert.deepEqual([...told], ['Connection lost. Trying again']);
});
