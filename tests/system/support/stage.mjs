// SPDX-License-Identifier: MIT
// What a file of page tests plays on: one secretsd and one browser for the file, and for each test a page that is as
// new (page-pool.mjs) and has to end without a fault. And what such tests do again and again.
//
//   import { button, page, setStage, site } from '../support/stage.mjs';
//   setStage();
//   test('…', async () => { await page.goto(site.url); await button('Create link').click(); });
import { after, afterEach, before, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { startBrowser } from './browser.mjs';
import { givePageBack, takePage } from './page-pool.mjs';
import { patience } from './server.mjs';
import { startSite } from './site.mjs';

const LOCALE = { locale: 'en-GB' };
const TIMEOUT_MS = 30_000;

export let site;
export let browser;
export let page;

/**
 * Set up what the tests of this file share: `setUp` and `tearDown` do what the file needs beside it.
 * With `pages` false the tests make their own. The page derives keys at the least cost, unless it is to be as `shipped`.
 */
export function setStage({ pages = true, shipped = false, timeout = TIMEOUT_MS, setUp = async () => undefined, tearDown = async () => undefined } = {}) {
  before(async () => {
    site = await startSite({ shipped });
    browser = await startBrowser();
    await setUp();
  });
  after(async () => {
    await tearDown();
    await browser?.close();
    await site?.stop();
  });
  if (!pages) return;
  beforeEach(async () => {
    page = await takePage(browser, LOCALE);
    page.setDefaultTimeout(timeout);
  });
  afterEach(async () => {
    const faults = [...page.faults];
    await givePageBack(page, site.url);
    assert.deepEqual(faults, []);
  });
}

/** Let `use` have a page of somebody else, which has to end without a fault. */
export async function elsewhere(use) {
  const other = await takePage(browser, LOCALE);
  try {
    const result = await use(other);
    assert.deepEqual(other.faults, []);
    return result;
  } finally {
    await givePageBack(other, site.url);
  }
}

export const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
export const button = (name, where = page) => where.getByRole('button', { name, exact: true });
export const field = (name, where = page) => where.getByLabel(name, { exact: true });
export const text = (what, where = page) => where.getByText(what).first();

/** A refusal of the server, for page.route. */
export const refusal = (status, code, headers = {}) =>
  ({ status, headers: { 'Secrets-Answer': '1', ...headers }, contentType: 'application/problem+json', body: JSON.stringify({ code }) });

/** Let the JSON that the server answers at `url` be what `change` makes of it. */
export const changeJson = (where, url, change) => where.route(url, async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, json: change(await response.json()) });
});

/** Let the server's config be what it is but for `changes`. */
export const changeConfig = (changes, where = page) => changeJson(where, '**/api/v1/config', (config) => ({ ...config, ...changes }));

export const clipboard = (where = page) => where.evaluate(() => navigator.clipboard.readText());

export const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="30" fill="#7a1fa2"/><path d="M20 44V20l24 24V20" fill="none" stroke="#fff" stroke-width="6"/></svg>';
export const BRAND = {
  name: 'Nordwind & Sons',
  accent: { light: '#7a1fa2', dark: '#d9a6ee' },
  logo: 'brand/logo.svg',
  note: { en: 'For guests of Nordwind. Do not share card numbers here.', de: 'Für Gäste von Nordwind. Bitte keine Kartennummern.' },
  links: [
    { href: 'https://nordwind.example/privacy', text: { en: 'Privacy', de: 'Datenschutz' } },
    { href: 'mailto:help@nordwind.example', text: 'Help' },
  ],
  report: 'abuse@nordwind.example',
  sign_in: '/oauth2/start?rd=/',
};

/** Let the server have a brand. */
export async function brandIt(where = page, brand = BRAND, changes = {}) {
  await changeConfig({ brand, ...changes }, where);
  await where.route('**/brand/logo.svg', (route) => route.fulfill({
    contentType: 'image/svg+xml', headers: { 'Cross-Origin-Resource-Policy': 'same-origin' }, body: LOGO,
  }));
}

/** Whether the page would have the browser ask before it is left. */
export const asksToLeave = (where = page) => where.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));

/** Wait until `check` holds. */
export async function until(check, what) {
  for (let i = 0; i < 100 * patience; i++) {
    if (await check()) return;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  assert.fail(what);
}

/** Press the button, and wait for the link. */
export async function createLink(where = page) {
  await button('Create link', where).click();
  await text('Not opened yet', where).waitFor();
  return field('Link', where).first().textContent();
}

/** Ask for a secret; `options` chooses how. Returns the link to answer, and the private one. */
export async function askFor(note, options = async () => undefined, where = page, { url } = site) {
  await where.goto(`${url}#ask`);
  await field('What do you need?', where).fill(note);
  await options();
  await button('Create request link', where).click();
  await button('Show', where).click();
  await field('Your private link', where).waitFor();
  return { link: await field('Link', where).first().textContent(), collect: await field('Your private link', where).textContent() };
}

/** Share a text; `options` chooses how. */
export async function shareText(content, options = async () => undefined) {
  await page.goto(site.url);
  await page.locator('textarea').fill(content);
  await options();
  return createLink();
}

/** Choose in the popovers of the sentence: `actions` are done in that of its bold word `slot`. */
export async function choose(slot, ...actions) {
  await page.locator('button.word').nth(slot).click();
  for (const action of actions) await action(page.getByRole('dialog'));
  await button('Done').click();
}

/** Let what is to be shared have a passphrase. */
export const ownPassphrase = (passphrase) => choose(2,
  (dialog) => dialog.getByLabel('A passphrase of your own').check(),
  (dialog) => field('Passphrase', dialog).fill(passphrase));

export async function openLink(link, where = page) {
  await where.goto(link);
  await button('Open', where).click();
}

/** The text that was opened, its cover lifted. */
export async function shownText(where = page) {
  // The field of a passphrase has a "Show" as well, until the content is there.
  await button('Copy', where).waitFor();
  await button('Show', where).click();
  return where.locator('pre').textContent();
}

/** Save the file that was opened, and say that it is there. */
export async function savedFile(where = page) {
  const coming = where.waitForEvent('download');
  await button('Save', where).click();
  const download = await coming;
  const there = button('It is there', where); // a classic file asks nothing
  if (await there.isVisible()) await there.click();
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** The page waits for a network that is away: let each of its waits end at once, until it has given up and `what` is there. */
export async function giveUp(what, where = page) {
  await until(async () => {
    await where.evaluate(() => dispatchEvent(new Event('online')));
    return what.isVisible();
  }, 'it gives up');
}
