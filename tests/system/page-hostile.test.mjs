// SPDX-License-Identifier: MIT
// 200 hostile names and contents: shown as text, and saved under harmless names, byte for byte.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { newPage, startBrowser } from './lib/browser.mjs';
import { shareSecret, startSite } from './lib/site.mjs';

const PWN = 'globalThis.pwned=1';
const SEEDS = [
  `<script>${PWN}</script>`, `<img src=x onerror="${PWN}">`, `<svg onload="${PWN}">`, `"><svg/onload=${PWN}>`, `javascript:${PWN}`,
  `<svg xmlns="http://www.w3.org/2000/svg"><script>${PWN}</script></svg>`, `</pre></article><script>${PWN}</script>`, `<iframe srcdoc="<script>parent.pwned=1</script>">`,
  `{{constructor.constructor('${PWN}')()}}`, `\${${PWN}}`, `<style>*{display:none}</style>`, `<base href="//evil.example/">`, `<meta http-equiv=refresh content="0;url=//evil.example">`,
  `<form action=//evil.example><input name=q>`, `<template shadowrootmode=open><script>${PWN}</script></template>`, `<!--`, `]]>`, `&lt;script&gt;`, `%3Cscript%3E`,
  '\u202Egnp.exe', 'a\u202Eb\u202Dc\u2066d\u2069', '\u0000', 'nul\u0000inside', '\u0001\u0002\u001b[31mred', 'line\r\nbreak', '\r\nContent-Type: text/html\r\n\r\n<script>1</script>',
  '../../../etc/passwd', '..\\..\\windows\\system32', '/dev/null', 'C:\\autoexec.bat', 'CON', 'nul.txt', '.htaccess', '...', '~', '$(reboot)', '`reboot`', '; rm -rf /', '| cat', '-rf',
  'a"b\'c', '=cmd|/c calc', '@SUM(1)', '\ufeffbom', '\u200b\u200b', '\ud800', '\ud83d\ude00'.repeat(40), 'é'.normalize('NFD'), 'ﷺ'.repeat(50), 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢', '\t\t\t', '   ',
];
/** 100 contents: the seeds, and each of them within a long or mixed text. */
const contents = Array.from({ length: 100 }, (_, i) => {
  const seed = SEEDS[i % SEEDS.length];
  return i < SEEDS.length ? seed : i % 2 ? seed + 'x'.repeat(10_000) : `${seed}\n${SEEDS[(i * 7) % SEEDS.length]}\n`.repeat(20);
});
const fits = (name) => {
  let out = [...name];
  while (Buffer.byteLength(out.join('')) > 255) out = out.slice(0, -1);
  return out.join('').replace(/\p{Cs}/gu, '\ufffd') || 'x';
};
const names = Array.from({ length: 100 }, (_, i) => fits(i < SEEDS.length ? SEEDS[i] : `${SEEDS[i % SEEDS.length]}${'n'.repeat(300)}.html`));

const wellFormed = (text) => text.replace(/\p{Cs}/gu, '\ufffd');

async function hostileText(page, site, content) {
  const { link } = await shareSecret(site, content);
  await page.goto(link);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  const pre = await page.locator('pre').evaluate((e) => ({ text: e.textContent, children: e.children.length }));
  assert.equal(pre.children, 0);
  assert.equal(pre.text, wellFormed(content));
}

async function hostileFile(page, site, name, content) {
  const bytes = Buffer.from(content);
  const { link } = await shareSecret(site, bytes, { name, type: 'text/html' });
  await page.goto(link);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  const shown = await page.locator('.file .name bdi').evaluate((e) => ({ text: e.textContent, children: e.children.length }));
  assert.deepEqual(shown, { text: name, children: 0 });
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const download = await coming;
  const suggested = download.suggestedFilename();
  assert.ok(!/[\p{Cc}\p{Cf}/\\<>:"|?*]|^\.|^$/u.test(suggested), `${JSON.stringify(name)} became ${JSON.stringify(suggested)}`);
  assert.ok((await readFile(await download.path())).equals(bytes));
}

test('200 hostile names and contents', async () => {
  const site = await startSite();
  const browser = await startBrowser();
  const work = [...contents.map((content) => (page) => hostileText(page, site, content)),
    ...names.map((name, i) => (page) => hostileFile(page, site, name, contents[i]))];
  assert.equal(work.length, 200);
  let done = 0;
  const lane = async () => {
    const page = await newPage(browser);
    page.on('dialog', () => page.faults.push('a dialog'));
    page.on('popup', () => page.faults.push('a window'));
    for (let task = work.shift(); task !== undefined; task = work.shift()) {
      await task(page);
      assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
      assert.equal(new URL(page.url()).href, site.url);
      done++;
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  };
  try {
    await Promise.all([lane(), lane(), lane()]);
    assert.equal(done, 200);
  } finally {
    await browser.close();
    await site.stop();
  }
});

test('the page shares hostile names and contents as they are', async () => {
  const site = await startSite();
  const browser = await startBrowser();
  const page = await newPage(browser);
  try {
    await page.goto(site.url);
    await page.locator('.box').waitFor();
    const long = `${'n'.repeat(10_000)}<b>.txt`;
    await page.evaluate((all) => {
      const data = new DataTransfer();
      for (const name of all) data.items.add(new File(['x'], name));
      document.querySelector('.box').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
    }, [...names.slice(0, 50).filter((name) => !name.includes('\0')), long]);
    await page.getByText('they arrive as one zip').first().waitFor();
    assert.equal(await page.locator('.files bdi > *').count(), 0);
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByText('Not opened yet').waitFor();
    assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
    await site.stop();
  }
});
