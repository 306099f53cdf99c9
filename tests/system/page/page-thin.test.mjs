// SPDX-License-Identifier: MIT
// 5 MB up and down by the page over a thin line, on which several parts at once stall. THIN_KIB=12
// runs it for real at that many KiB a second, with the page's own patience; else both are scaled.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { patience } from '../support/server.mjs';
import { button, createLink, openLink, page, savedFile, setStage, sha, site, text } from '../support/stage.mjs';
import { startThinLine } from '../support/thin-line.mjs';

const SIZE = 5_000_000;
const PART = 1 << 20;
const REAL = Number(process.env.THIN_KIB ?? 0) * 1024;
/** The page's stall, in ms, and the same as the wait for one part alone at 12 KiB a second. */
const STALL = REAL > 0 ? 60_000 : 2000 * patience;
const RATE = REAL > 0 ? REAL : Math.round(PART / ((1.4 * STALL) / 1000));
/** What is sent more than once: the parts that stall before the page knows the line, and no others. */
const MOST = 2;
const WAIT = 20 * 60_000;

setStage({ shipped: true, timeout: WAIT });

test(`5 MB go up and down at ${Math.round(RATE / 1024)} KiB a second`, { timeout: 2 * WAIT }, async (t) => {
  const line = await startThinLine(site.url, RATE);
  t.after(() => line.stop());
  page.allow = /Failed to load resource/;
  await page.addInitScript((stall) => {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function post(message) { postMessage.call(this, message.type === 'setup' ? { ...message, stall } : message); };
  }, STALL);
  const bytes = randomBytes(SIZE);
  await page.goto(line.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: bytes });
  await text('One file').waitFor();
  line.sent = 0;
  let start = Date.now();
  const link = await createLink();
  t.diagnostic(`shared in ${Math.round((Date.now() - start) / 1000)} s, ${(line.sent / SIZE).toFixed(2)} times its size sent`);
  assert.ok(line.sent < MOST * SIZE, `${line.sent} bytes sent`);

  await openLink(link);
  await button('Save').waitFor();
  start = Date.now();
  assert.equal(sha((await savedFile()).bytes), sha(bytes));
  t.diagnostic(`saved in ${Math.round((Date.now() - start) / 1000)} s, ${(line.received / SIZE).toFixed(2)} times its size received`);
  assert.ok(line.received < MOST * SIZE, `${line.received} bytes received`);
});
