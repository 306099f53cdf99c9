// SPDX-License-Identifier: MIT
// One page in one of three engines, behind one small interface: what a person does with the page.
//
//   const engine = await startEngine('firefox');
//   await engine.open(site.url);
//   await engine.press('Create link');
//   await engine.close();
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM } from '../browser.mjs';
import { patience } from '../server.mjs';
import { startChromium } from './chromium.mjs';
import { BINARY, startFirefox } from './marionette.mjs';
import { DISPLAY_SERVER, DRIVER, miniBrowser, startWebKit } from './webkit.mjs';

/** Three engines at once on a machine that does other things as well. */
const WAIT = 60_000 * patience;

/** What each engine needs, and how it is started. */
const ENGINES = {
  chromium: { needs: () => [CHROMIUM ?? '/usr/bin/chromium-headless-shell'], start: startChromium },
  firefox: { needs: () => [BINARY], start: startFirefox },
  webkit: { needs: () => [DRIVER, DISPLAY_SERVER, miniBrowser() ?? '/usr/lib/*/webkit2gtk-4.1/MiniBrowser'], start: startWebKit },
};

export const engineNames = Object.keys(ENGINES);

/** Why engine `name` cannot run here, or false. */
export function whyMissing(name) {
  const missing = ENGINES[name].needs().filter((path) => !existsSync(path));
  return missing.length > 0 && `${missing.join(', ')} is not installed`;
}

/** What is looked for in the page: a visible element of `tag` whose text, or label, is `name`. */
const FIND = `
  const [selector, name] = arguments;
  return [...document.querySelectorAll(selector)].find((e) => e.getClientRects().length > 0 && e.getAttribute('aria-disabled') !== 'true' &&
    (name === null || e.textContent.trim() === name || e.labels?.[0]?.textContent.trim() === name || e.getAttribute('aria-label') === name)) ?? null;`;

class Engine {
  constructor(name, folder, downloads, driver) {
    this.name = name;
    this.downloads = downloads;
    this.folder = folder;
    this.driver = driver;
    this.opened = '';
  }

  /** Open `url` afresh, as a click on a link does, though the address differs behind the # alone. */
  async open(url) {
    const [file] = url.split('#');
    // A process for about:blank, and another one after it, take most of the time. For WebKit the same file is a reload.
    if (this.name === 'webkit') await this.driver.goto('about:blank');
    else if (file === this.opened) await this.driver.goto(new URL('/SHA256SUMS', file).href);
    this.opened = file;
    await this.driver.goto(url);
  }

  reload() {
    return this.driver.reload();
  }

  /** Run the function `run` in the page; its promise is waited for. */
  async evaluate(run, ...args) {
    const { value, error } = await this.driver.run(`
      const args = [...arguments];
      const done = args.pop();
      Promise.resolve().then(() => (${run})(...args)).then((value) => done({ value: value ?? null }), (e) => done({ error: String(e) }));`, args);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** Wait until `check` is true in the page. */
  async until(check, ...args) {
    const end = Date.now() + WAIT;
    while (!(await this.evaluate(check, ...args).catch(() => false))) {
      if (Date.now() > end) assert.fail(`${this.name}: never ${check} ${args}\n${await this.evaluate(() => document.body.innerText + document.visibilityState)}`);
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }

  /** Wait for `text` on the page. */
  text(text) {
    return this.until((wanted) => document.body.innerText.includes(wanted), text);
  }

  /** Wait for an element and click it as a person does. */
  async click(selector, name = null) {
    await this.driver.click(await this.find(selector, name));
  }

  press(name) {
    return this.click('button', name);
  }

  /** Type `text` into the field called `name`. */
  async type(selector, text, name = null) {
    await this.driver.type(await this.find(selector, name), text);
  }

  /** Add the file at `path` to what is shared. */
  async addFile(path) {
    await this.driver.choose(await this.driver.find('return document.querySelector("input[type=file]")', []), path);
  }

  async find(selector, name) {
    const end = Date.now() + WAIT;
    for (;;) {
      const found = await this.driver.find(FIND, [selector, name]).catch(() => null);
      if (found !== null) return found;
      if (Date.now() > end) assert.fail(`${this.name}: no ${selector} ${name}\n${await this.evaluate(() => document.body.innerText)}`);
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }

  /** The bytes of the download called `name`, whole. */
  async downloaded(name) {
    const end = Date.now() + WAIT;
    let last = -1;
    for (;;) {
      const bytes = await readFile(join(this.downloads, name)).catch(() => null);
      const unfinished = (await readdir(this.downloads)).some((file) => /\.(part|wkdownload|crdownload)$/.test(file));
      // Firefox makes an empty file first.
      if (bytes !== null && !unfinished && bytes.length > 0 && bytes.length === last) {
        await rm(join(this.downloads, name));
        return bytes;
      }
      last = bytes?.length ?? -1;
      if (Date.now() > end) assert.fail(`${this.name}: no download ${name} in ${await readdir(this.downloads)}`);
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }

  /** Write what the page looks like to ENGINE_SHOTS, where that is set. */
  async shoot(state) {
    const folder = process.env.ENGINE_SHOTS;
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${state}-${this.name}.png`), await this.driver.screenshot());
  }

  /** The errors that the browser itself noted about `origin`, where it tells them. */
  console(origin) {
    return this.driver.console(origin);
  }

  async close() {
    await this.driver.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Start the engine called `name`, with a profile of its own. */
export async function startEngine(name) {
  const folder = await mkdtemp(join(tmpdir(), `page-${name}-`));
  const downloads = join(folder, 'Downloads');
  await mkdir(downloads);
  try {
    return new Engine(name, folder, downloads, await ENGINES[name].start({ folder, downloads, locale: 'en-GB' }));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
