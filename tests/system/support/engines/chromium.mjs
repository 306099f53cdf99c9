// SPDX-License-Identifier: MIT
// Chromium, by playwright, with the few commands that the other engines have.
import { join } from 'node:path';
import { newPage, startBrowser } from '../browser.mjs';

export async function startChromium({ downloads, locale }) {
  const browser = await startBrowser();
  const page = await newPage(browser, { locale, viewport: { width: 1000, height: 800 } });
  page.on('download', (download) => void download.saveAs(join(downloads, download.suggestedFilename())));
  const call = (script) => `(function () { ${script} })`;
  return {
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    run: (script, args) => page.evaluate(`new Promise((done) => { ${call(script)}(...${JSON.stringify(args)}, done); })`),
    find: async (script, args) => (await page.evaluateHandle(`${call(script)}(...${JSON.stringify(args)})`)).asElement(),
    click: (element) => element.click(),
    type: (element, text) => element.type(text),
    choose: (element, path) => element.setInputFiles(path),
    screenshot: () => page.screenshot(),
    // A refusal of the API is noted as an error as well.
    console: async () => page.faults.splice(0).filter((text) => !/status of (403|404)/.test(text)),
    close: () => browser.close(),
  };
}
