// SPDX-License-Identifier: MIT
// What a person can do with the page: the card of what was shared, and the secrets that were shared before.
import test from 'node:test';
import assert from 'node:assert/strict';
import { detail } from '../support/brief.mjs';
import { shareSecret } from '../support/site.mjs';
import { asksToLeave, button, choose, clipboard, elsewhere, openLink, page, setStage, shareText, site, text, until } from '../support/stage.mjs';

setStage();

test('a message with the link is copied and mailed', async () => {
  const link = await shareText('m', () => choose(2, (d) => d.getByLabel('A generated passphrase').check()));
  const message = new RegExp(`^A secret for you: ${link}\nOpens once, until .+\nYou also need a passphrase, which you get separately\\.$`);
  await button('Copy link with text').click();
  await text('Copied').waitFor();
  assert.match(await clipboard(), message);
  assert.equal(await page.locator('.card blockquote').textContent(), await clipboard()); // what was copied is shown
  await button('Copy link').click();
  await page.locator('.card blockquote').waitFor({ state: 'hidden' });
  const mail = new URL(await page.getByRole('button', { name: 'Email' }).getAttribute('href'));
  assert.equal(mail.searchParams.get('subject'), 'A secret for you');
  assert.match(mail.searchParams.get('body').replaceAll('\r\n', '\n'), message);
});

test('the browser asks before it leaves a link that was not taken', async () => {
  for (const take of [
    () => button('Copy link').click(),
    () => button('QR code').click(),
    () => page.locator('.link code').evaluate((code) => { getSelection().selectAllChildren(code); document.execCommand('copy'); }),
  ]) {
    await shareText('kept nowhere else');
    assert.equal(await asksToLeave(), true);
    await take();
    await until(async () => !await asksToLeave(), 'the link was taken');
  }
  await shareText('burnt');
  assert.equal(await asksToLeave(), true);
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await text('Burnt').waitFor();
  assert.equal(await asksToLeave(), false);
});

test('the browser asks until the link and its passphrase were both copied', async () => {
  await shareText('two things to copy', () => choose(2, (dialog) => dialog.getByLabel('A generated passphrase').check()));
  // The passphrase takes the link from the clipboard.
  for (const [label, asks] of [['Copy link', true], ['Copy passphrase', true], ['Copy link with text', false]]) {
    await button(label).click();
    await until(async () => await asksToLeave() === asks, `${label}: the browser ${asks ? 'asks' : 'does not ask'}`);
  }
});

test('a second press where another button was burns nothing that has just come there', async () => {
  await page.clock.install();
  await shareText('where it is burnt');
  const { x, y } = await button('Burn it now').boundingBox();
  await page.goto(site.url);
  await page.locator('textarea').fill('pressed twice');
  await button('Create link').evaluate((go, at) => Object.assign(go.style, { position: 'fixed', insetInlineStart: `${at.x}px`, top: `${at.y}px` }), { x, y });
  await page.clock.pauseAt(Date.now() + 60_000);
  const press = () => page.mouse.click(x + 20, y + 16);
  await press();
  await button('Copy link').waitFor();
  await press();
  assert.equal(await button('Yes, burn it').count(), 0);
  await page.clock.runFor(1000);
  await press();
  await button('Yes, burn it').waitFor();
});

test('the text that was copied covers what is below it until the next press, and moves nothing', async () => {
  await shareText('m');
  const places = () => page.locator('.card').getByRole('button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top + scrollY));
  const before = await places();
  await button('Copy link with text').click();
  await page.locator('.card blockquote').waitFor();
  assert.deepEqual(await places(), before);
  await page.locator('h1').click();
  await page.locator('.card blockquote').waitFor({ state: 'hidden' });
});

detail('what is typed for the next secret is not taken away by the button that asked for it', async () => {
  await shareText('first');
  await button('Share another secret').click();
  await page.locator('textarea').fill('second');
  assert.equal(await button('Share another secret').count(), 0);
  await button('Create link').click();
  await page.locator('.card').nth(1).waitFor();
  await button('Share another secret').waitFor();
});

test('a link of this page that is pasted into the box can be opened from there', async () => {
  const { link } = await shareSecret(site, 'pasted');
  await page.goto(site.url);
  await page.locator('textarea').fill(`${link} ${link}`);
  assert.equal(await button('Open it').count(), 0);
  await page.locator('textarea').fill(`A secret for you: ${link}\nOpens once.`);
  await button('Open it').click();
  await button('Open').waitFor();
  assert.equal(page.url(), link);
});

test('what is missing or too much is said in place', async () => {
  // A text of 1 MB takes Chromium seconds to lay out.
  const config = await (await fetch(`${site.url}api/v1/config`)).json();
  await page.route('**/api/v1/config', (route) => route.fulfill({ headers: { 'Secrets-Answer': '1' }, json: { ...config, text_max: 1000 } }));
  await page.goto(site.url);
  await button('Create link').click();
  await text('Type something or add a file first.').waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'one.txt', mimeType: '', buffer: Buffer.from('one') });
  await button('Remove one.txt').click();
  assert.equal(await text('Type something or add a file first.').count(), 0);
  await button('Create link').click();
  await text('Type something or add a file first.').waitFor();
  await page.locator('textarea').fill('x');
  assert.equal(await text('Type something or add a file first.').count(), 0);
  await page.locator('textarea').fill('x'.repeat(1001));
  await button('Create link').click();
  await text(/longer than 1 kB/).waitFor();
});

test('the card: copy, QR, burn; and what became of it', async () => {
  const link = await shareText('c');
  await button('Copy link with text').click();
  await text('Copied').waitFor();
  await button('Copy link').click();
  await until(async () => await button('Copy link').count() === 0, 'it is copied');
  assert.equal(await button('Copied').count(), 1); // what was copied before is copied no longer
  assert.equal(await clipboard(), link);
  await button('QR code').click();
  const squares = await page.getByRole('img', { name: 'QR code of the link' }).locator('path').getAttribute('d');
  assert.ok(squares.length > 1000);
  await button('Burn it now').click();
  await text('Nobody will be able to open it.').waitFor();
  await button('Yes, burn it').click();
  await text(/^Burnt today at/).waitFor();
  assert.equal(await button('Copy link').count(), 0);
  page.allow = /404/;
  await page.goto(link);
  await page.getByRole('heading', { name: 'is gone' }).waitFor();
});

detail('a QR code is drawn once however often it is asked for, and its absence is told', async () => {
  page.allow = /Failed to load/;
  let go;
  const gate = new Promise((done) => { go = done; });
  await page.route('**/qr.js', async (route) => { await gate; await route.continue(); });
  await shareText('c');
  for (let i = 0; i < 3; i++) await button('QR code').click();
  go();
  await page.getByRole('img', { name: 'QR code of the link' }).waitFor();
  assert.equal(await page.locator('.qr svg').count(), 1);
  await page.unrouteAll();
  await page.route('**/qr.js', (route) => route.abort());
  await shareText('d');
  await button('QR code').click();
  await text('The QR code could not be loaded').waitFor();
});

detail('it copies by the older command where there is no other, and says in place where there is none', async () => {
  await page.addInitScript(() => {
    globalThis.clipboard = navigator.clipboard;
    Object.defineProperty(navigator, 'clipboard', { get: () => globalThis.hidden ? undefined : globalThis.clipboard, configurable: true });
    globalThis.hidden = true;
  });
  const link = await shareText('c');
  await button('Copy link').click();
  await text('Copied').waitFor();
  assert.equal(await page.evaluate(() => globalThis.clipboard.readText()), link);
  await page.evaluate(() => { document.execCommand = () => false; });
  await button('Copied').or(button('Copy link')).click();
  await text('Select the text and copy it yourself.').waitFor();
});

detail('a link is handed to the system’s share sheet where there is one', async () => {
  await page.addInitScript(() => { navigator.share = async (data) => { globalThis.shared = data; }; });
  const link = await shareText('c');
  await button('Share').click();
  assert.deepEqual(await page.evaluate(() => globalThis.shared), { url: link });
});

test('the status line tells of openings, live and after it is gone', async () => {
  const link = await shareText('watched', () => choose(0, (d) => d.getByLabel('2', { exact: true }).check()));
  const look = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await elsewhere(async (other) => {
    await openLink(link, other);
    await text('It can be opened once more', other).waitFor();
    await look();
    await text(/^Opened today at/).waitFor();
    await openLink(link, other);
    await text('That was the last opening', other).waitFor();
  });
  await look();
  await text(/^Opened 2 times, last today at .*then erased from the server/).waitFor();
});

test('earlier secrets of this browser: a quiet list, burnt or forgotten with a click', async () => {
  for (const content of ['1', '2']) await shareText(content);
  await page.goto(site.url);
  await text('Secrets shared from this browser').waitFor();
  assert.equal(await page.locator('.earlier li').count(), 2);
  const stored = await page.evaluate(() => ({ ...localStorage }));
  assert.deepEqual(Object.keys(stored), ['ephemeral-secrets']);
  for (const one of JSON.parse(stored['ephemeral-secrets'])) assert.deepEqual(Object.keys(one).sort(), ['id', 'made', 'token', 'until']);
  await page.getByRole('button', { name: /^Burn it now: / }).first().click();
  await button('Yes, burn it').click();
  await text(/^Burnt/).waitFor();
  await page.getByRole('button', { name: /^Forget: / }).first().click(); // what is over is forgotten without a question
  assert.equal(await page.locator('.earlier li').count(), 1);
  await page.getByRole('button', { name: /^Forget: / }).press('Enter');
  await text('You can then neither erase it from the server nor see whether it was opened.').waitFor();
  await button('Cancel').click();
  await button('Forget all').click();
  await button('Yes, forget it').click();
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.ok(await page.locator('.earlier').isHidden());
});

test('keyboard alone: share, choose, copy, open', async () => {
  await page.goto(site.url);
  await page.locator('textarea').waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.tagName);
  const tabTo = async (what) => {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      if ((await focused()).includes(what)) return;
    }
    throw new Error(`${what} is not reached by Tab`);
  };
  await tabTo('TEXTAREA');
  await page.keyboard.type('by keys');
  await tabTo('once');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  assert.equal(await focused(), '2 times');
  await tabTo('Create link');
  await page.keyboard.press('Enter');
  await text('Not opened yet').waitFor();
  assert.equal(await focused(), 'Copy link');
  await page.keyboard.press('Enter');
  await text('Copied').waitFor();
  await page.goto(await clipboard());
  await button('Open').waitFor();
  assert.equal(await focused(), 'Open');
  await page.keyboard.press('Enter');
  await button('Copy').waitFor();
  assert.equal(await focused(), 'Copy');
});

detail('burning by keys leaves the focus beside what was burnt', async () => {
  await shareText('a row');
  await shareText('a card');
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
  for (const [ask, after] of [['Burn it now', /^This link no longer works$/], [/^Burn it now: /, /^Forget: /]]) {
    await button(ask).focus();
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'Yes, burn it');
    await page.keyboard.press('Enter');
    await button('Yes, burn it').waitFor({ state: 'detached' });
    assert.match(await focused(), after);
  }
});

detail('forgetting by keys goes on to the next, and is told', async () => {
  await page.goto(site.url);
  const now = Math.floor(Date.now() / 1000);
  const hour = 3600;
  const all = ['a', 'b', 'c', 'd'].map((letter, i) => ({ id: letter.repeat(22), token: `${letter.repeat(42)}A`, made: now - i * hour, until: now + hour }));
  await page.evaluate((kept) => localStorage.setItem('ephemeral-secrets', JSON.stringify(kept)), all);
  const looks = [];
  await page.route('**/receipt', (route) => {
    looks.push(route.request().url());
    return route.fulfill({ json: { state: 'waiting', expires_at: now + hour, views: 1, views_left: 1, events: [] } });
  });
  await page.reload();
  const labels = () => page.getByRole('button', { name: /^Forget: / }).evaluateAll((buttons) => buttons.map((b) => b.getAttribute('aria-label')));
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
  const told = () => page.locator('.visually-hidden[role=status]').textContent();
  await page.getByRole('button', { name: 'Show one more' }).click();
  const [first, second, third, fourth] = await labels();
  await page.locator('.earlier .status').getByText('Not opened yet').nth(3).waitFor();
  await button(second).focus();
  // The row behind it, then the one before, where there is none behind; then the title of the page.
  for (const [pressed, next] of [[second, third], [third, fourth], [fourth, first], [first, 'Share a secret']]) {
    assert.equal(await focused(), pressed);
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'Yes, forget it');
    await page.keyboard.press('Enter');
    await until(async () => await focused() === next, `the focus goes on to ${next}`);
    assert.equal(await told(), `Forgotten: ${pressed.slice('Forget: '.length)}`);
  }
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.equal(looks.length, 4, 'those that stay are not looked up anew');
  await page.evaluate((kept) => localStorage.setItem('ephemeral-secrets', JSON.stringify(kept)), all);
  await page.reload();
  await button('Forget all').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await until(async () => await page.locator('.earlier').isHidden(), 'nothing is left');
  assert.equal(await focused(), 'Share a secret');
  assert.equal(await told(), 'Forgotten: Secrets shared from this browser');
});
