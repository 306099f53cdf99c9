// SPDX-License-Identifier: MIT
// axe on states of the page: all rules in light colours at 320 px, and those that dark colours or a wide window
// may break there. Nothing is wider than the window.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { newPage } from './browser.mjs';
import { browser, setStage, site } from './stage.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = { wide: { width: 1280, height: 720 }, narrow: { width: 320, height: 568 } };

/** Dark and light differ in their colours alone, which these rules look at. */
export const COLOURS = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };
/** Wide and narrow differ in sizes and places alone: no element comes or goes (web/page.css). */
export const PLACES = { runOnly: { type: 'rule', values: ['target-size', 'scrollable-region-focusable'] } };

const LOOKS = {
  'dark, wide': { viewport: WIDTHS.wide, colorScheme: 'dark', rules: COLOURS },
  'light, wide': { viewport: WIDTHS.wide, colorScheme: 'light', rules: PLACES },
  'light, narrow': { viewport: WIDTHS.narrow, colorScheme: 'light', rules: {} },
};

// One page shows every state in turn: a context of its own for each takes longer than axe does.
export let page;
let client;

/** Look for nothing of the state before. */
export async function clear() {
  await page.unrouteAll();
  await page.goto(`${site.url}SHA256SUMS`);
  await client.send('Storage.clearDataForOrigin', { origin: new URL(site.url).origin, storageTypes: 'local_storage,file_systems' });
  Object.assign(page, { faults: [], allow: null });
}

/** axe, as an isolated script of the test: the page's own policy would not let it in. */
export async function startAxe() {
  const { frameTree } = await client.send('Page.getFrameTree');
  const { executionContextId: contextId } = await client.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  await client.send('Runtime.evaluate', { expression: axe, contextId });
  return async (options = {}) => {
    const { result } = await client.send('Runtime.evaluate', {
      contextId, awaitPromise: true, returnByValue: true,
      expression: `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...options })}).then((r) => r.violations.map((v) =>
        v.id + ': ' + v.nodes.map((n) => n.target + ' ' + n.failureSummary).join(' | ')))`,
    });
    return result.value;
  };
}

/** Test that each of `states` is accessible. */
export function testStates(states) {
  setStage({
    pages: false,
    setUp: async () => {
      page = await newPage(browser, { locale: 'en-GB', reducedMotion: 'reduce' });
      client = await page.context().newCDPSession(page);
    },
  });

  for (const [name, reach] of Object.entries(states)) {
    test(`${name} is accessible`, async () => {
      await clear();
      await page.setViewportSize(WIDTHS.wide);
      await reach(page, site);
      const violations = await startAxe();
      for (const [look, { viewport, colorScheme, rules }] of Object.entries(LOOKS)) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        assert.deepEqual(await violations(rules), [], look);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${look}: ${wide} px wider than the window`);
      }
      assert.deepEqual(page.faults, []);
    });
  }
}
