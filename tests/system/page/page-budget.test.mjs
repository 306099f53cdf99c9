// SPDX-License-Identifier: MIT
// The first view: how much comes, in how many requests, and how soon it is drawn.
import test from 'node:test';
import assert from 'node:assert/strict';
import { newPage, startBrowser } from '../support/browser.mjs';
import { patience } from '../support/server.mjs';
import { startSite } from '../support/site.mjs';

const BYTES = 60 * 1024;
const REQUESTS = 4;
const PAINT = 300;

async function firstView(browser, site, options) {
  const page = await newPage(browser, options);
  const devtools = await page.context().newCDPSession(page);
  let bytes = 0;
  const requests = [];
  await devtools.send('Network.enable');
  devtools.on('Network.requestWillBeSent', ({ request }) => { if (!request.url.startsWith('data:')) requests.push(request.url); });
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(site.url, { waitUntil: 'networkidle' });
  await page.locator('textarea').waitFor();
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  assert.deepEqual(page.faults, []);
  await page.context().close();
  return { bytes, requests, paint };
}

test('the first view is small, few and soon', async (t) => {
  const site = await startSite();
  const browser = await startBrowser();
  try {
    await firstView(browser, site); // the browser's own start is not the page's
    const views = [];
    for (const locale of ['en-GB', 'de', 'zh-CN', 'en-GB', 'en-GB']) views.push(await firstView(browser, site, { locale }));
    const most = Math.max(...views.map((v) => v.bytes));
    const paints = views.map((v) => v.paint).sort((a, b) => a - b);
    t.diagnostic(`${most} bytes in ${views[0].requests.length} requests, first contentful paint ${Math.round(paints[2])} ms (median of 5)`);
    if (site.real) assert.ok(most < BYTES, `${most} bytes`);
    for (const { requests } of views) assert.ok(requests.length <= REQUESTS, requests.join(' '));
    assert.ok(paints[2] < PAINT * patience, `${paints[2]} ms`);
  } finally {
    await browser.close();
    await site.stop();
  }
});
