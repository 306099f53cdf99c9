// SPDX-License-Identifier: MIT
// Chromium, and pages that fail a test on any console error, page error or CSP report.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const ARGS = [
  '--no-sandbox', '--disable-gpu', '--in-process-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** The engine without the windows around it takes half the time; CHROMIUM=/usr/bin/chromium is all of it. */
export const CHROMIUM =
  process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));

/** Without a locale Chromium saves a file whose name has an umlaut as `download`. */
export const ENVIRONMENT = { ...process.env, LC_ALL: 'C.UTF-8' };

export function startBrowser(options = {}) {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, env: ENVIRONMENT, ...options, args: [...ARGS, ...(options.args ?? [])] });
}

/**
 * A page in a context of its own. `page.faults` collects everything that must not happen; a test
 * that expects refusals (404, 403, cut connections) sets `page.allow` to what the message may be.
 * It moves nothing: to draw a bar that breathes takes a processor, and tests wait while it does.
 * `page.goto` opens a link afresh, as a click on it does, though the address differs behind the # alone;
 * a test that means the address bar of the page that is open sets `location.hash`.
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.faults = [];
  page.allow = null;
  page.setDefaultTimeout(30_000);
  const goto = page.goto.bind(page);
  page.goto = async (url, ...rest) => {
    // By way of a file of the same origin: the browser starts a process for about:blank, and another one after it.
    const [file] = url.split('#');
    if (url.includes('#') && file === page.url().split('#')[0]) await goto(new URL('SHA256SUMS', file).href).catch(() => goto('about:blank'));
    return goto(url, ...rest);
  };
  const note = (text) => { if (page.allow === null || !page.allow.test(text)) page.faults.push(text); };
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') note(message.text()); });
  page.on('pageerror', (error) => note(`page error: ${error.message}`));
  await page.addInitScript(() => {
    // Downloads go the way of browsers without this; one test puts it back.
    delete globalThis.showSaveFilePicker;
    document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
  });
  return page;
}
