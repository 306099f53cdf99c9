// SPDX-License-Identifier: MIT
// Pages that tests use one after another. Chromium starts two processes for a page in a context of its own, which
// takes three times as long as a visit does. A page that a test gives back is cleared of all that the test left. If the
// test did something that cannot be undone, its page is closed instead, and the next test gets a new one.
import { newPage } from './browser.mjs';
import { patience } from './server.mjs';

/** What lasts as long as its page or context does. */
const LASTING = {
  page: ['addInitScript', 'close', 'exposeFunction', 'exposeBinding', 'emulateMedia', 'setExtraHTTPHeaders'],
  context: ['addInitScript', 'exposeFunction', 'exposeBinding', 'grantPermissions', 'clearPermissions', 'newCDPSession', 'on', 'setExtraHTTPHeaders', 'setOffline'],
  clock: ['install', 'pauseAt', 'setFixedTime', 'setSystemTime'],
};
const CLEAR_MS = 10_000 * patience;

/** Browser, then the options of the pages, to those that wait for a test. */
const pools = new WeakMap();

/** The pages of `browser` with `options` that wait for a test. */
function waitingPages(browser, options) {
  const pool = pools.get(browser) ?? new Map();
  pools.set(browser, pool);
  const key = JSON.stringify(options);
  pool.set(key, pool.get(key) ?? []);
  return pool.get(key);
}

/** Call `before` with the arguments of each call of `object[name]`. */
function watch(object, name, before) {
  const original = object[name].bind(object);
  object[name] = (...args) => {
    before(...args);
    return original(...args);
  };
}

/** A new page that notes what has to be undone. */
async function watchedPage(browser, options) {
  const page = await newPage(browser, options);
  const context = page.context();
  const history = await context.newCDPSession(page);
  Object.assign(page, { history, spent: false, listeners: [], size: page.viewportSize(), waiting: waitingPages(browser, options) });
  for (const [part, names] of Object.entries(LASTING)) {
    const object = { page, context, clock: page.clock }[part];
    for (const name of names) watch(object, name, () => { page.spent = true; });
  }
  page.on('crash', () => { page.spent = true; });
  watch(page, 'on', (...listener) => { page.listeners.push(listener); });
  return page;
}

/** Storage, history and the place of the pointer are those of a new page. It stays at `url`, a file that is no page. */
async function clear(page, url) {
  const context = page.context();
  for (const other of context.pages()) if (other !== page) await other.close();
  for (const [event, listener] of page.listeners.splice(0)) page.off(event, listener);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await page.goto(url);

  await page.evaluate(async () => {
    localStorage.clear();
    sessionStorage.clear();
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
  });
  await page.history.send('Page.resetNavigationHistory');
  await page.mouse.move(0, 0);
  const { width, height } = page.viewportSize();
  if (width !== page.size.width || height !== page.size.height) await page.setViewportSize(page.size);
}

/** A page of `browser` that is as new. */
export async function takePage(browser, options) {
  const page = waitingPages(browser, options).pop() ?? await watchedPage(browser, options);
  return Object.assign(page, { faults: [], allow: null });
}

/** Give `page` back, after a test at the site whose URL is `url`. */
export async function givePageBack(page, url) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, CLEAR_MS, false); });
  const cleared = !page.spent && !page.isClosed() && clear(page, new URL('SHA256SUMS', url).href).then(() => !page.spent, () => false);
  const isClear = await Promise.race([cleared, late]);
  clearTimeout(timer);
  if (isClear) page.waiting.push(page);
  else await page.context().close();
}
