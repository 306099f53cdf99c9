// SPDX-License-Identifier: MIT
// axe on every state of the page: light and dark, wide and 320 px; and nothing is wider than the window.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { newPage, startBrowser } from './lib/browser.mjs';
import { startSite } from './lib/site.mjs';
import { states } from './lib/states.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = { wide: { width: 1280, height: 720 }, narrow: { width: 320, height: 568 } };
const LOOKS = Object.fromEntries(['light', 'dark'].flatMap((colorScheme) =>
  Object.entries(WIDTHS).map(([width, viewport]) => [`${colorScheme}, ${width}`, { viewport, colorScheme }])));

let site;
let browser;
before(async () => {
  site = await startSite();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

async function violations(page) {
  // An isolated script of the test: the page's own policy would not let axe in.
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send('Page.getFrameTree');
  const { executionContextId } = await client.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  await client.send('Runtime.evaluate', { expression: axe, contextId: executionContextId });
  const { result } = await client.send('Runtime.evaluate', {
    contextId: executionContextId, awaitPromise: true, returnByValue: true,
    expression: `axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) =>
      v.id + ': ' + v.nodes.map((n) => n.target + ' ' + n.failureSummary).join(' | ')))`,
  });
  return result.value;
}

for (const [name, reach] of Object.entries(states)) {
  test(`${name} is accessible`, async () => {
    const page = await newPage(browser, { locale: 'en-GB', reducedMotion: 'reduce', ...LOOKS['light, wide'] });
    await reach(page, site);
    for (const [look, { viewport, colorScheme }] of Object.entries(LOOKS)) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      assert.deepEqual(await violations(page), [], look);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${look}: ${wide} px wider than the window`);
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test('a page that is not accessible is noticed', async () => {
  const page = await newPage(browser);
  await page.goto(site.url);
  await page.locator('.box').waitFor();
  await page.evaluate(() => document.querySelector('main').append(document.createElement('input')));
  assert.match((await violations(page)).join(), /label/);
  await page.context().close();
});
