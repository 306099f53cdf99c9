// SPDX-License-Identifier: MIT
// Hostile names and contents: shown as text, and saved under harmless names, byte for byte.
import test from 'node:test';
import assert from 'node:assert/strict';
import { newPage } from '../support/browser.mjs';
import { shareSecret } from '../support/site.mjs';
import { browser, button, createLink, page, savedFile, setStage, shownText, site, text } from '../support/stage.mjs';

const TIMEOUT_MS = 60_000;
const PWN = 'globalThis.pwned=1';
/** Two of them hide what comes behind them: they are the last of their texts. */
const MARKUP = [
  `<script>${PWN}</script>`, `<img src=x onerror="${PWN}">`, `<svg onload="${PWN}">`, `"><svg/onload=${PWN}>`, `javascript:${PWN}`,
  `<svg xmlns="http://www.w3.org/2000/svg"><script>${PWN}</script></svg>`, `</pre></article><script>${PWN}</script>`, `<iframe srcdoc="<script>parent.pwned=1</script>">`,
  `{{constructor.constructor('${PWN}')()}}`, `\${${PWN}}`, `<style>*{display:none}</style>`, `<base href="//evil.example/">`, `<meta http-equiv=refresh content="0;url=//evil.example">`,
  `<form action=//evil.example><input name=q>`, `<template shadowrootmode=open><script>${PWN}</script></template>`, `<!--`, `]]>`, `&lt;script&gt;`, `%3Cscript%3E`,
];
const CHARACTERS = [
  '\u202Egnp.exe', 'a\u202Eb\u202Dc\u2066d\u2069', '\u0000', 'nul\u0000inside', '\u0001\u0002\u001b[31mred', 'line\r\nbreak', '\r\nContent-Type: text/html\r\n\r\n<script>1</script>',
  '\ufeffbom', '\u200b\u200b', '\ud800', '\ud83d\ude00'.repeat(40), 'é'.normalize('NFD'), 'ﷺ'.repeat(50), 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢', '\t\t\t', '   ',
];
const PATHS = [
  '../../../etc/passwd', '..\\..\\windows\\system32', '/dev/null', 'C:\\autoexec.bat', 'CON', 'nul.txt', '.htaccess', '...', '~', '$(reboot)', '`reboot`', '; rm -rf /', '| cat', '-rf',
  'a"b\'c', '=cmd|/c calc', '@SUM(1)',
];
const SEEDS = [...MARKUP, ...CHARACTERS, ...PATHS];

/** Every ${n}th of `seeds` together, those that hide others at the end. */
const HIDE = /^<(iframe|!--)/;
const everyNth = (seeds, n) => Array.from({ length: n }, (_, i) =>
  seeds.filter((_seed, k) => k % n === i).sort((x, y) => HIDE.test(x) - HIDE.test(y)).join('\n'));

/** Several seeds of markup or paths in a text, characters alone: they may be changed at its begin or end. Some are long. */
const texts = [...everyNth(MARKUP, 5), ...everyNth(PATHS, 2), ...CHARACTERS].map((text, i) =>
  [text, text + 'x'.repeat(10_000), `${text}\n`.repeat(20)][i % 3]);
/** All in one: what one of them lets loose is there for the others. */
const together = SEEDS.join('\n');
const fits = (name) => {
  let out = [...name];
  while (Buffer.byteLength(out.join('')) > 255) out = out.slice(0, -1);
  return out.join('').replace(/\p{Cs}/gu, '\ufffd') || 'x';
};
/** Each seed as a name, or at the begin of one that is too long. */
const names = SEEDS.map((seed, i) => fits(i % 3 === 2 ? `${seed}${'n'.repeat(300)}.html` : seed));

const wellFormed = (text) => text.replace(/\p{Cs}/gu, '\ufffd');

/** Open what is next in the document that showed what was before: whatever got loose there is still there. */
async function openNext(lane, content, options) {
  const { id, key } = await shareSecret(site, content, options);
  await lane.evaluate((hash) => { location.hash = hash; }, `${id}.${key}`);
  const anyway = button('Open the link', lane);
  const open = button('Open', lane);
  await anyway.or(open).waitFor();
  if (await anyway.isVisible()) await anyway.click();
  await open.click();
}

async function hostileText(lane, content) {
  await openNext(lane, content);
  assert.equal(await shownText(lane), wellFormed(content));
  assert.equal(await lane.locator('pre > *').count(), 0);
}

async function hostileFile(lane, name, content) {
  const bytes = Buffer.from(content);
  await openNext(lane, bytes, { name, type: 'text/html' });
  const shown = await lane.locator('.file .name bdi').evaluate((e) => ({ text: e.textContent, children: e.children.length }));
  assert.deepEqual(shown, { text: name, children: 0 });
  const { name: suggested, bytes: got } = await savedFile(lane);
  assert.ok(!/[\p{Cc}\p{Cf}/\\<>:"|?*]|^\.|^$/u.test(suggested), `${JSON.stringify(name)} became ${JSON.stringify(suggested)}`);
  assert.ok(got.equals(bytes));
}

setStage({ timeout: TIMEOUT_MS });

test('hostile names and contents', async () => {
  const work = [...[...texts, together].map((content) => (lane) => hostileText(lane, content)),
    ...names.map((name, i) => (lane) => hostileFile(lane, name, SEEDS[i]))];
  const count = work.length;
  assert.ok(count > 70);
  let done = 0;
  const run = async () => {
    const lane = await newPage(browser);
    lane.setDefaultTimeout(TIMEOUT_MS);
    lane.on('dialog', () => lane.faults.push('a dialog'));
    lane.on('popup', () => lane.faults.push('a window'));
    await lane.goto(site.url);
    await lane.locator('textarea').waitFor();
    for (let task = work.shift(); task !== undefined; task = work.shift()) {
      await task(lane);
      assert.equal(await lane.evaluate(() => globalThis.pwned), undefined);
      assert.equal(lane.url(), site.url);
      done++;
    }
    assert.deepEqual(lane.faults, []);
    await lane.context().close();
  };
  await Promise.all([run(), run(), run()]);
  assert.equal(done, count);
});

test('the page shares hostile names and contents as they are', async () => {
  await page.goto(site.url);
  await page.locator('.box').waitFor();
  const long = `${'n'.repeat(10_000)}<b>.txt`;
  await page.evaluate((all) => {
    const data = new DataTransfer();
    for (const name of all) data.items.add(new File(['x'], name));
    document.querySelector('.box').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, [...names.filter((name) => !name.includes('\0')), long]);
  await text('sent as one zip').waitFor();
  assert.equal(await page.locator('.files bdi > *').count(), 0);
  await createLink();
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
});
