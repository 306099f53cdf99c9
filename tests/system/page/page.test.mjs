// SPDX-License-Identifier: MIT
// What a person can do with the page, in Chromium against the real server.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brief, detail } from '../support/brief.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { buildFolder } from '../support/server.mjs';
import { COSTLY, shareSecret, startSite, startStatic } from '../support/site.mjs';
import {
  BRAND, brandIt, LOGO, browser, button, changeConfig, choose, createLink, field, giveUp, openLink, page, refusal, savedFile, setStage, sha, shareText, shownText, site, text, until,
} from '../support/stage.mjs';

setStage();

const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const classic = (body) => fetch(`${site.url}encrypt`, { method: 'POST', body: JSON.stringify(body) }).then((r) => r.json());

test('a text is shared and opened; the fragment leaves the address bar and the history', async () => {
  const secret = 'correct horse\n\t"battery" ✓ שלום <b>staple</b>';
  const link = await shareText(secret);
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/);
  await page.goto('about:blank');
  await page.goto(link);
  // An entry of its own for the secret part would make it one more than this page and the one before.
  const before = await page.evaluate(() => history.length);
  await button('Open').waitFor();
  assert.equal(page.url(), link, 'nothing is open yet');
  await page.reload();
  await text('Can be opened once more, until').waitFor();
  await button('Open').click();
  await button('Copy').waitFor();
  assert.equal(page.url(), site.url);
  assert.equal(await page.evaluate(() => history.length), before);
  const kept = await page.evaluate(() => [document.URL, document.referrer, JSON.stringify(history.state), ...navigation.entries().map(({ url }) => url)].join(' '));
  for (const part of link.split('#')[1].split('.')) assert.ok(!kept.includes(part), kept);
  assert.equal(await page.locator('pre').textContent(), '', 'covered');
  await button('Copy').click();
  await text('Copied').waitFor();
  assert.equal(await clipboard(), secret);
  assert.equal(await shownText(), secret);
  await button('Hide').click();
  assert.equal(await page.locator('pre').textContent(), '');
  await text('That was the last opening').waitFor();
  const devtools = await page.context().newCDPSession(page);
  const { entries } = await devtools.send('Page.getNavigationHistory');
  const [, fragment] = link.split('#');
  for (const entry of entries) {
    for (const part of fragment.split('.')) assert.ok(!entry.url.includes(part), entry.url);
  }
  await page.reload();
  await page.getByRole('heading', { name: 'This page showed a secret' }).waitFor();
  await text('use the link again. Reloading used nothing up').waitFor();
  await page.goBack();
  await page.goForward();
  assert.equal(page.url(), site.url);
  // What was opened is gone for the next one.
  page.allow = /404/;
  await page.goto(link);
  await page.getByRole('heading', { name: 'is gone' }).waitFor();
});

test('the cover lowers itself after a minute', async () => {
  const { link } = await shareSecret(site, 'x');
  await page.clock.install();
  await openLink(link);
  await button('Show').click();
  await text('60 seconds').waitFor();
  await page.clock.runFor(59_000);
  assert.equal(await page.locator('pre').textContent(), 'x');
  await page.clock.runFor(2_000);
  assert.equal(await page.locator('pre').textContent(), '');
});

test('looking uses nothing, and tells size, openings left and expiry', async () => {
  const { link, receipt } = await shareSecret(site, 'y'.repeat(5000), { views: 3, ttl: 3600 });
  for (let i = 0; i < 3; i++) await page.goto(link);
  await text('Can be opened 3 more times, until').waitFor();
  await text(/About 5\.\d kB/).waitFor();
  assert.equal((await receipt()).views_left, 3);
});

test('a secret whose last opening somebody else has is gone', async () => {
  const { link, open } = await shareSecret(site, randomBytes(400_000), { name: 'f.bin' });
  await open();
  await page.goto(link);
  await page.getByRole('heading', { name: 'is gone' }).waitFor();
});

test('openings and expiry are chosen in words, the exact date shown', async () => {
  const link = await shareText('s', async () => {
    await choose(0, (d) => d.getByLabel('Another number').fill('7'));
    await choose(1, (d) => d.getByLabel('1 hour').check(), (d) => d.getByText(/^Until \w+/).waitFor());
    assert.match(await page.locator('.sentence').textContent(), /Opens 7 times, within 1 hour, without a passphrase\./);
  });
  await text(/Can be opened 7 times, until \w+ \d+ \w+/).waitFor();
  await openLink(link);
  await text('It can be opened 6 more times').waitFor();
});

test('a passphrase of one’s own, with a strength hint; a wrong one tells how many attempts are left', async () => {
  page.allow = /403/;
  const link = await shareText('guarded', () => choose(2,
    (d) => d.getByLabel('A passphrase of your own').check(),
    (d) => d.getByLabel('Passphrase', { exact: true }).fill('1234'), (d) => d.getByText('Easy to guess').waitFor(),
    (d) => d.getByLabel('Passphrase', { exact: true }).fill('Grüße aus der Küche, 7 Uhr'), (d) => d.getByText('Strong.').waitFor()));
  await page.goto(link);
  const box = field('Passphrase');
  await box.fill('falsch');
  await page.keyboard.press('Enter');
  await text('That passphrase is wrong.').waitFor();
  await text('9 attempts left.').waitFor();
  // The same letters composed otherwise are the same passphrase.
  await box.fill('Grüße aus der Küche, 7 Uhr'.normalize('NFD'));
  await page.keyboard.press('Enter');
  assert.equal(await shownText(), 'guarded');
});

detail('a passphrase longer than the format takes is refused in place, and uses no try', async () => {
  const long = `${'ü'.repeat(512)}x`;
  await page.goto(site.url);
  await page.locator('textarea').fill('s');
  await page.locator('button.word').nth(2).click();
  await page.getByLabel('A passphrase of your own').check();
  const own = page.getByRole('dialog').getByLabel('Passphrase', { exact: true });
  await own.fill(long);
  await page.getByRole('dialog').getByText('too long (limit 1,024 bytes)').waitFor();
  await button('Done').click();
  await button('Create link').click();
  await page.locator('form > .problem').getByText('too long').waitFor();
  await own.fill(long.slice(0, -1));
  await button('Done').click();
  await page.goto(await createLink());
  await field('Passphrase').fill(long);
  await button('Open').click();
  await text('too long (limit 1,024 bytes)').waitFor();
  await text('10 attempts left.').waitFor();
  await field('Passphrase').fill(long.slice(0, -1));
  await button('Open').click();
  assert.equal(await shownText(), 's');
});

detail('after the last wrong try the secret is locked', async () => {
  page.allow = /403|404/;
  const { link } = await shareSecret(site, 'z', { passphrase: 'right', attempts: 2 });
  await page.goto(link);
  for (const wrong of ['one', 'two']) {
    await field('Passphrase').fill(wrong);
    await button('Open').click();
    if (wrong === 'one') await text('One attempt left.').waitFor();
  }
  await page.getByRole('heading', { name: 'is locked' }).waitFor();
});

test('a generated passphrase is shown once, with the link', async () => {
  const link = await shareText('g', () => choose(2, (d) => d.getByLabel('A generated passphrase').check()));
  const passphrase = await page.getByRole('textbox', { name: 'Passphrase' }).textContent();
  assert.match(passphrase, /^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
  await button('Copy passphrase').click();
  await text('Copied').waitFor();
  assert.equal(await clipboard(), passphrase);
  await page.goto(link);
  await field('Passphrase').fill(passphrase);
  await button('Open').click();
  assert.equal(await shownText(), 'g');
});

test('the key is sent apart from the link', async () => {
  const link = await shareText('apart', () => choose(2, (d) => d.getByLabel('Send the key separately').check()));
  assert.match(link, /#[A-Za-z0-9]{22}$/);
  const key = await field('Key').textContent();
  await page.goto(link);
  const box = field('Key');
  await box.fill('not a key');
  await button('Open').click();
  await text('That is not a key').waitFor();
  page.allow = /403/;
  await box.fill('A'.repeat(32));
  await button('Open').click();
  await text('That key is wrong').waitFor();
  await box.fill(` ${key}\n`);
  await button('Try again').or(button('Open')).first().click();
  assert.equal(await shownText(), 'apart');
});

test('a password is generated into the box', async () => {
  await page.goto(site.url);
  await button('Generate a password').click();
  const made = await page.locator('textarea').inputValue();
  assert.match(made, /^\S{20}$/);
  assert.ok(await page.locator('textarea').evaluate((t) => t.classList.contains('mono')));
});

test('a file is picked, shared in parts, opened and saved whole', async () => {
  const bytes = randomBytes(3_333_333);
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'büro plan.pdf', mimeType: 'application/pdf', buffer: bytes });
  await text('One file, 3.3 MB').waitFor();
  const link = await createLink();
  await openLink(link);
  await text('büro plan.pdf').waitFor();
  const { name, bytes: got } = await savedFile();
  assert.equal(name, 'büro plan.pdf');
  assert.equal(sha(got), sha(bytes));
  await text('Saved. Every byte was verified.').waitFor();
  await text('That was the last opening. The secret has been erased').waitFor();
  await button('Erase it here too').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
});

detail('a file goes straight to the place that was picked, where the browser asks', async () => {
  const bytes = randomBytes(400_000);
  const { link } = await shareSecret(site, bytes, { name: 'picked.bin' });
  await page.addInitScript(() => {
    globalThis.showSaveFilePicker = async ({ suggestedName }) => {
      const root = await navigator.storage.getDirectory();
      return root.getFileHandle(suggestedName, { create: true });
    };
  });
  await openLink(link);
  await button('Save').click();
  await text('Every byte was verified').waitFor();
  const hash = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle('picked.bin')).getFile();
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
  });
  assert.equal(hash, sha(bytes));
});

test('a large file is parked no longer than it takes, however it ends', { timeout: 120_000 }, async () => {
  page.allow = /Failed to load resource/;
  const bytes = randomBytes(34 << 20);
  const { link } = await shareSecret(site, bytes, { name: 'large.bin', views: 10 });
  const other = await page.context().newPage();
  await other.goto(`${site.url}SHA256SUMS`);
  const parked = () => other.evaluate(async () => (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length);
  const untilParked = (n, what) => until(async () => await parked() === n, what);
  /** A tab in which the file is on its way, and stays so: what comes behind its eighth part is held back. */
  const transfer = async (what) => {
    const tab = await page.context().newPage();
    let seen = 0;
    await tab.addInitScript(() => { delete globalThis.showSaveFilePicker; });
    await tab.route('**/parts/*', (route) => (++seen > 8 ? undefined : route.continue()));
    await openLink(link, tab);
    await button('Save', tab).click();
    await tab.waitForFunction(() => /^[1-9]\d*%/.test(document.querySelector('.primary .label').textContent));
    await untilParked(1, `${what}: under way`);
    return tab;
  };
  const ends = {
    cancelled: async (tab) => { await button('Cancel', tab).click(); await button('Save', tab).waitFor(); },
    closed: (tab) => tab.close(),
    left: (tab) => tab.goto('about:blank'),
    replaced: async (tab) => {
      await tab.evaluate(() => { location.hash = '#nonsense'; });
      await button('Open the link', tab).click();
    },
  };
  for (const [what, end] of Object.entries(ends).filter(([what]) => !brief || what === 'cancelled' || what === 'left')) {
    const tab = await transfer(what);
    await end(tab);
    // A page that is gone may be so before the browser did what it asked for last: the next one does it.
    if (what === 'closed' || what === 'left') await page.goto(site.url);
    await untilParked(0, what);
    await tab.close();
  }
  // Of one that came to its end the browser makes its copy; then it goes too, erased or not.
  for (const last of brief ? [true] : [false, true]) {
    await page.clock.install();
    await openLink(link);
    const { bytes: got } = await savedFile();
    assert.equal(sha(got), sha(bytes));
    await untilParked(1, 'saved');
    if (last) {
      await button('I have it, destroy it').click();
      await page.getByRole('heading', { name: 'Erased' }).waitFor();
    }
    const another = await page.context().newPage();
    await another.goto(site.url);
    await another.locator('textarea').waitFor();
    assert.equal(await parked(), 1, 'another page lets it be');
    await another.close();
    await page.clock.runFor(20_000);
    await untilParked(0, last ? 'erased' : 'done');
    assert.equal(await button('Save again').count(), 0);
  }
});

test('several files become one zip; each can be taken out again', async () => {
  await page.goto(site.url);
  const picker = page.locator('input[type=file]');
  await picker.setInputFiles(['one.txt', 'two.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })));
  await picker.setInputFiles({ name: 'three.txt', mimeType: 'text/plain', buffer: Buffer.from('three') });
  await text('3 files').waitFor();
  await button('Remove two.txt').click();
  await text('2 files').waitFor();
  const link = await createLink();
  await openLink(link);
  // Opened, it is taken apart again.
  const rows = page.getByRole('list', { name: 'Files in the zip' }).getByRole('listitem');
  await rows.nth(1).waitFor();
  assert.deepEqual(await rows.locator('.name').allTextContents(), ['one.txt', 'three.txt']);
  const one = page.waitForEvent('download');
  await button('Save three.txt').click();
  assert.equal((await one).suggestedFilename(), 'three.txt');
  assert.equal(await readFile(await (await one).path(), 'utf8'), 'three');
  const all = page.waitForEvent('download');
  await button('Save all as one zip').click();
  const name = (await all).suggestedFilename();
  const bytes = await readFile(await (await all).path());
  assert.match(name, /^files-\d{4}-\d\d-\d\d\.zip$/);
  assert.equal(bytes.readUInt32LE(0), 0x04034b50);
  for (const part of ['one.txtone.txt', 'three.txtthree']) assert.ok(bytes.includes(part), part);
  assert.ok(!bytes.includes('two.txt'));
  // Nothing is confirmed before the person has what they want.
  await button('They are there').click();
  await text('That was the last opening. The secret has been erased').waitFor();
});

detail('a zip of somebody else is a file like any other', async () => {
  const { link } = await shareSecret(site, randomBytes(2000), { name: 'files-2026-11-28.zip', type: 'application/zip' });
  await openLink(link);
  const { name, bytes } = await savedFile();
  assert.deepEqual([name, bytes.length], ['files-2026-11-28.zip', 2000]);
  await text('Every byte was verified').waitFor();
});

test('a folder is dropped with all that it holds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'page-folder-'));
  const devtools = await page.context().newCDPSession(page);
  const drop = async (...files) => {
    const { x, y, width, height } = await page.locator('.box').boundingBox();
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
      await devtools.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data: { items: [], files, dragOperationsMask: 1 } });
    }
  };
  try {
    await mkdir(join(folder, 'plans/deep'), { recursive: true });
    await mkdir(join(folder, 'nothing'));
    for (const name of ['plans/a.txt', 'plans/deep/b.txt', 'alone.txt']) await writeFile(join(folder, name), name);
    await page.goto(site.url);
    await page.locator('textarea').waitFor();
    await drop(join(folder, 'plans'), join(folder, 'nothing'), join(folder, 'alone.txt'));
    await text('nothing holds no files').waitFor();
    await text('3 files').waitFor();
    await text('plans/').waitFor();
    await text('2 files,').waitFor();
    await openLink(await createLink());
    const rows = page.getByRole('list', { name: 'Files in the zip' }).getByRole('listitem');
    await rows.nth(2).waitFor();
    const saved = page.waitForEvent('download');
    await button('Save plans/deep/b.txt').click();
    assert.equal((await saved).suggestedFilename(), 'b.txt');
    assert.deepEqual((await rows.locator('.name').allTextContents()).sort(), ['alone.txt', 'plans/a.txt', 'plans/deep/b.txt']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a message with the link is copied and mailed', async () => {
  const link = await shareText('m', () => choose(2, (d) => d.getByLabel('A generated passphrase').check()));
  const message = new RegExp(`^A secret for you: ${link}\nOpens once, until .+\nYou also need a passphrase, which you get separately\\.$`);
  await button('Copy message').click();
  await text('Copied').waitFor();
  assert.match(await clipboard(), message);
  const mail = new URL(await page.getByRole('button', { name: 'Email' }).getAttribute('href'));
  assert.equal(mail.searchParams.get('subject'), 'A secret for you');
  assert.match(mail.searchParams.get('body').replaceAll('\r\n', '\n'), message);
});

test('files are dropped and pasted into the same box', async () => {
  await page.goto(site.url);
  await page.locator('textarea').waitFor();
  await page.evaluate(() => {
    const box = document.querySelector('.box');
    const give = (type, init, name) => {
      const data = new DataTransfer();
      data.items.add(new File([name], name));
      box.dispatchEvent(new type(init, { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data }));
    };
    give(DragEvent, 'drop', 'dropped.txt');
    give(ClipboardEvent, 'paste', 'pasted.txt');
  });
  await text('2 files').waitFor();
  for (const name of ['dropped.txt', 'pasted.txt']) await text(name).waitFor();
});

detail('a file dropped beside the box does not take the place of the page', async () => {
  await shareText('x');
  const stopped = (type, fill) => page.evaluate(([what, kind]) => {
    const dataTransfer = new DataTransfer();
    if (kind === 'file') dataTransfer.items.add(new File(['x'], 'beside.txt'));
    else dataTransfer.setData('text/plain', 'x');
    return !document.querySelector('h1').dispatchEvent(new DragEvent(what, { bubbles: true, cancelable: true, dataTransfer }));
  }, [type, fill]);
  for (const type of ['dragover', 'drop']) {
    assert.ok(await stopped(type, 'file'), type);
    assert.ok(!await stopped(type, 'text'), `${type} of a text`);
  }
});

detail('what was typed before files came is not sent, which is told, and comes back', async () => {
  await page.goto(site.url);
  await page.locator('textarea').fill('typed before');
  await page.locator('input[type=file]').setInputFiles({ name: 'one.txt', mimeType: 'text/plain', buffer: Buffer.from('one') });
  await text('Your text is not sent along with files').waitFor();
  await button('Remove one.txt').click();
  assert.equal(await page.locator('textarea').inputValue(), 'typed before');
});

test('an upload shows progress and can be cancelled', async () => {
  let parts = 0;
  await page.route('**/parts/*', (route) => (++parts > 2 ? undefined : route.continue()));
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'big.bin', mimeType: '', buffer: randomBytes(8_000_000) });
  await button('Create link').click();
  await page.waitForFunction(() => /^[1-9]\d*%/.test(document.querySelector('.primary .label').textContent));
  // Who leaves meanwhile is asked, and afterwards not.
  const asked = [];
  page.on('dialog', (dialog) => { asked.push(dialog.type()); void dialog.dismiss(); });
  await page.close({ runBeforeUnload: true });
  for (let i = 0; i < 50 && asked.length === 0; i++) await page.waitForTimeout(100);
  assert.deepEqual(asked, ['beforeunload']);
  await button('Cancel').click();
  await button('Create link').waitFor();
  await text('big.bin').waitFor();
  await page.reload();
  await page.locator('textarea').waitFor();
  assert.equal(asked.length, 1);
});

test('the card tells of what was sent: nothing can be chosen any more while it is', async () => {
  let go;
  const gate = new Promise((done) => { go = done; });
  await page.route('**/parts/*', async (route) => { await gate; await route.continue(); });
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: randomBytes(3_000_000) });
  await page.locator('button.word').nth(2).click();
  await page.getByLabel('Nothing: the link is enough').focus();
  await page.keyboard.press('Control+Enter');
  await text('%').waitFor();
  assert.ok(await page.getByRole('dialog').isHidden());
  // However a choice comes about all the same.
  await page.evaluate(() => {
    for (const input of document.querySelectorAll('.lines input, .apart input')) input.click();
  });
  await page.locator('button.word').nth(2).click({ trial: true, timeout: 500 }).then(() => assert.fail('it can be chosen'), () => undefined);
  go();
  await text('Not opened yet').waitFor();
  await text('Without a passphrase.').waitFor();
  assert.equal(await button('Copy passphrase').count() + await button('Copy key').count(), 0);
  const link = await field('Link').textContent();
  await page.unrouteAll();
  await openLink(link);
  await button('Save').waitFor();
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

test('what is missing or too much is said in place', async () => {
  // A text of 1 MB takes Chromium seconds to lay out.
  const config = await (await fetch(`${site.url}api/v1/config`)).json();
  await page.route('**/api/v1/config', (route) => route.fulfill({ headers: { 'Secrets-Answer': '1' }, json: { ...config, text_max: 1000 } }));
  await page.goto(site.url);
  await button('Create link').click();
  await text('Type something or add a file first.').waitFor();
  await page.locator('textarea').fill('x'.repeat(1001));
  await button('Create link').click();
  await text(/longer than 1 kB/).waitFor();
});

test('the card: copy, QR, burn; and what became of it', async () => {
  const link = await shareText('c');
  await button('Copy link').click();
  await text('Copied').waitFor();
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

test('without a secure connection it says what it needs', async () => {
  const open = await startBrowser({ args: ['--host-resolver-rules=MAP secrets.test 127.0.0.1'] });
  try {
    const other = await newPage(open, { permissions: [] });
    const address = `${site.url.replace('127.0.0.1', 'secrets.test')}#${'i'.repeat(22)}.${'k'.repeat(32)}`;
    await other.goto(address);
    await other.getByRole('heading', { name: 'This page needs HTTPS' }).waitFor();
    assert.equal(other.url(), address, 'the link is not lost');
  } finally {
    await open.close();
  }
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
  const other = await newPage(browser);
  await openLink(link, other);
  await text('It can be opened once more', other).waitFor();
  await look();
  await text(/^Opened today at/).waitFor();
  await openLink(link, other);
  await text('That was the last opening', other).waitFor();
  await look();
  await text(/^Opened 2 times, last today at .*It is now gone/).waitFor();
  assert.deepEqual(other.faults, []);
  await other.context().close();
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
  await page.getByRole('button', { name: /^Forget: / }).first().click();
  assert.equal(await page.locator('.earlier li').count(), 1);
  await button('Forget all').click();
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.ok(await page.locator('.earlier').isHidden());
});

test('“I have it, destroy it” leaves nothing for anyone', async () => {
  const { link, receipt } = await shareSecret(site, 'mine', { views: 5 });
  await openLink(link);
  await button('I have it, destroy it').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  const { state, events } = await receipt();
  assert.equal(state, 'burnt');
  assert.ok(events.some(({ event }) => event === 'burnt_by_opener'));
});

test('a view is confirmed once the content verified, and not before', async () => {
  const good = await shareSecret(site, 'fine');
  await openLink(good.link);
  await text('The secret has been erased from the server').waitFor();
  assert.ok((await good.receipt()).events.some(({ event }) => event === 'confirmed'));
  // The same with bytes that were changed on the way: refused, and not confirmed.
  const bad = await shareSecret(site, randomBytes(600_000), { name: 'f.bin' });
  await page.route('**/parts/*', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length - 20] ^= 1;
    await route.fulfill({ response, body });
  });
  await openLink(bad.link);
  await button('Save').click();
  await page.getByRole('heading', { name: 'content is damaged' }).waitFor();
  assert.ok(!(await bad.receipt()).events.some(({ event }) => event === 'confirmed'));
});

test('an open whose answer was lost is repeated with the same lease: one view', async () => {
  page.allow = /Failed to load resource/;
  const { link, receipt } = await shareSecret(site, 'once', { views: 2 });
  let lost = 0;
  await page.route('**/open', async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await openLink(link);
  assert.equal(await shownText(), 'once');
  assert.ok(lost > 1);
  assert.equal((await receipt()).views_left, 1);
});

test('links that mail gateways mangled still open', async () => {
  const { id, key } = await shareSecret(site, 'mangled', { views: 20 });
  const tails = [`%23${id}.${key}`, `#${id}%2E${key}&data=1`, `#%23${id}.${key}`, `#${id}.${key}?utm_source=x&y=z`, `?fbclid=1#${id}.${key}`];
  for (const tail of tails.slice(0, brief ? 2 : undefined)) {
    await page.goto('about:blank');
    await openLink(site.url + tail);
    assert.equal(await shownText(), 'mangled', tail);
    assert.equal(page.url(), site.url, tail);
  }
});

test('a damaged link says so; a wrong key does not open', async () => {
  await page.goto(`${site.url}#nonsense`);
  await page.getByRole('heading', { name: 'link is damaged' }).waitFor();
  page.allow = /403/;
  const { id } = await shareSecret(site, 'k');
  await page.goto('about:blank');
  await openLink(`${site.url}#${id}.${'x'.repeat(32)}`);
  await page.getByRole('heading', { name: 'link is damaged' }).waitFor();
});

test('another link put into the address bar of the open page is opened', async () => {
  const { id, key } = await shareSecret(site, 'next');
  await page.goto(site.url);
  await page.locator('textarea').waitFor();
  await page.evaluate((hash) => { location.hash = hash; }, `${id}.${key}`);
  await button('Open').click();
  assert.equal(await shownText(), 'next');
});

test('old links of the classic page open with their passphrase', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  page.allow = /404/;
  const made = await classic({ secret: 'classic text', view_count: 1 });
  await page.goto(`${site.url}secret/${made.secret_id}`);
  await field('Passphrase').fill('wrong');
  await page.keyboard.press('Enter');
  await text('It cannot be opened').waitFor();
  await field('Passphrase').fill(made.passphrase);
  await page.keyboard.press('Enter');
  assert.equal(await shownText(), 'classic text');
  const bytes = randomBytes(5000);
  const file = await fetch(`${site.url}encrypt?file_name=${encodeURIComponent('old ü.bin')}`, { method: 'POST', body: bytes }).then((r) => r.json());
  await page.goto(`${site.url}secret/${file.secret_id}`);
  await field('Passphrase').fill(file.passphrase);
  await button('Open').click();
  const { name, bytes: got } = await savedFile();
  assert.equal(name, 'old ü.bin');
  assert.equal(sha(got), sha(bytes));
  return undefined;
});

detail('an old link: an answer that is lost is not asked for again unasked, and the page says what that may mean', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  page.allow = /ERR_FAILED|503/;
  const made = await classic({ secret: 'asked for once', view_count: 1 });
  const asked = [];
  await page.route('**/decrypt', async (route) => {
    const how = ['busy', 'lost'][asked.length] ?? 'through';
    asked.push(how);
    if (how === 'busy') await route.fulfill({ status: 503, headers: { 'Retry-After': '0' }, contentType: 'application/problem+json', body: '{"code":"busy"}' });
    else if (how === 'lost') await route.abort();
    else await route.continue();
  });
  await page.clock.install();
  await page.goto(`${site.url}secret/${made.secret_id}`);
  await field('Passphrase').fill(made.passphrase);
  await page.keyboard.press('Enter');
  await text('an opening may have been used').waitFor();
  await page.clock.runFor(60_000);
  assert.deepEqual(asked, ['busy', 'lost']);
  await button('Open').click();
  assert.equal(await shownText(), 'asked for once');
  assert.deepEqual(asked, ['busy', 'lost', 'through']);
  await page.unroute('**/decrypt');
  return undefined;
});

detail('an old link is cancelled, while it waits and while it is asked for, and left', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  page.allow = /503|Failed to load/;
  const made = await classic({ secret: 'old and patient', view_count: 1 });
  const problem = () => page.locator('form .problem').textContent();
  let asked = 0;
  await page.route('**/decrypt', (route) => {
    // The first is refused, the next hang.
    if (asked++ === 0) return route.fulfill(refusal(503, 'busy', { 'Retry-After': '5' }));
    return undefined;
  });
  await page.goto(`${site.url}secret/${made.secret_id}`);
  await field('Passphrase').fill(made.passphrase);
  await page.keyboard.press('Enter');
  await text('The server is busy. Trying again').waitFor();
  await button('Cancel').click();
  await button('Open').waitFor();
  assert.equal(await problem(), '', 'nothing was used up');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Open');
  assert.ok(await button('Cancel').isHidden());
  const sent = page.waitForRequest('**/decrypt');
  await button('Open').click();
  const ended = page.waitForEvent('requestfailed', async (request) => request === await sent);
  await sent;
  await button('Cancel').click();
  await ended;
  await text('An opening may have been used anyway').waitFor();
  // What is left for another link is not waited for either.
  const again = page.waitForRequest('**/decrypt');
  await button('Open').click();
  const abandoned = page.waitForEvent('requestfailed', async (request) => request === await again);
  await again;
  await page.evaluate(() => { location.hash = '#nonsense'; });
  await button('Open the link').click();
  await abandoned;
  assert.equal(asked, 3);
  await page.unrouteAll();
  await page.goto(`${site.url}secret/${made.secret_id}`);
  await field('Passphrase').fill(made.passphrase);
  await button('Open').click();
  assert.equal(await shownText(), 'old and patient');
  return undefined;
});

test('where only members share, the page says so, takes an API token, and sends it with create alone', async () => {
  page.allow = /401/;
  const token = 'k'.repeat(43);
  const seen = [];
  await changeConfig({ create: { allowed: false, ways: ['token'] } });
  page.on('request', (request) => {
    const { authorization = '', 'secrets-token': other = '' } = request.headers();
    if (`${authorization}${other}`.includes(token)) seen.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  await page.goto(site.url);
  await text('Anyone can open links').waitFor();
  assert.equal(await page.locator('textarea').count(), 0);
  await field('API token').fill('no token');
  await page.keyboard.press('Enter');
  await text('That is not an API token').waitFor();
  await field('API token').fill(token);
  await page.keyboard.press('Enter');
  await page.reload();
  await text('Sharing with an API token').waitFor();
  assert.equal(await page.evaluate(() => localStorage.length), 0);

  // The server has another opinion: what was added stays, and another token is asked for.
  await page.locator('input[type=file]').setInputFiles({ name: 'plan.bin', mimeType: '', buffer: randomBytes(400_000) });
  await page.route('**/v1/secrets', (route) => route.fulfill(refusal(401, 'creators_only')), { times: 1 });
  await button('Create link').click();
  await text('does not accept this API token').waitFor();
  await text('plan.bin').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await field('API token').fill(token);
  await page.getByLabel('Keep it in this browser').check();
  await button('Continue').click();
  const link = await createLink();
  assert.deepEqual(seen, ['POST /api/v1/secrets', 'POST /api/v1/secrets']);

  // Opening takes no right.
  await openLink(link);
  assert.equal((await savedFile()).bytes.length, 400_000);
  assert.equal(seen.length, 2);
  await page.goto(site.url);
  await button('Forget it').click();
  await field('API token').waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('ephemeral-secrets-token')), null);
});

test('a server that lets some share: by token, as a user, or nobody', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  page.allow = /401/;
  const folder = await mkdtemp(join(tmpdir(), 'page-tokens-'));
  const token = randomBytes(32).toString('base64url');
  const servers = [];
  const start = async (env) => { servers.push(await startSite({ env })); return servers.at(-1).url; };
  try {
    await writeFile(join(folder, 'tokens'), `ada ${sha(token)}\n`);
    const some = await start({
      SECRETS_CREATE: 'token, user', SECRETS_API_TOKENS: join(folder, 'tokens'), SECRETS_USER_HEADER: 'X-Forwarded-User', SECRETS_USER_PROXIES: '127.0.0.1',
    });
    await page.goto(some);
    await field('API token').fill(randomBytes(32).toString('base64url'));
    await button('Continue').click();
    await page.locator('textarea').fill('by token');
    await button('Create link').click();
    await text('does not accept this API token').waitFor();
    await field('API token').fill(token);
    await button('Continue').click();
    const link = await createLink();
    await openLink(link);
    assert.equal(await shownText(), 'by token');

    // Behind a sign-in, which names the user in each request.
    const signedIn = await newPage(browser, { locale: 'en-GB', extraHTTPHeaders: { 'X-Forwarded-User': 'ada@example' } });
    await signedIn.goto(some);
    await text('Sharing as ada@example', signedIn).waitFor();
    await signedIn.locator('textarea').fill('as a user');
    await createLink(signedIn);
    assert.deepEqual(signedIn.faults, []);
    await signedIn.context().close();

    const none = await start({ SECRETS_CREATE: 'nobody' });
    // What was kept when tokens counted does not bring the form back.
    await page.addInitScript((kept) => localStorage.setItem('ephemeral-secrets-token', kept), JSON.stringify({ server: none, token }));
    await page.goto(none);
    await page.getByRole('heading', { name: 'You can only open links here' }).waitFor();
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true });
  }
  return undefined;
});

test('a brand is shown as text and image, and a report of a link has no key', async () => {
  await brandIt(page, { ...BRAND, name: '<img src=x>' });
  const { id, key, link } = await shareSecret(site, 'b');
  await page.goto(link);
  const report = await page.getByRole('link', { name: 'Report this link' }).getAttribute('href');
  assert.ok(report.startsWith('mailto:abuse@nordwind.example?'));
  const body = new URL(report).searchParams.get('body');
  assert.ok(body.includes(`${site.url}#${id}`) && !body.includes(key), body);
  assert.equal(await page.title(), '<img src=x>');
  assert.equal(await page.locator('header a').textContent(), '<img src=x>');
  assert.equal(await page.locator('header img').evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), true);
  await button('Open').click();
  assert.equal(await shownText(), 'b');
  await page.getByRole('link', { name: 'Report this link' }).waitFor();
  const accent = () => page.evaluate(() => getComputedStyle(document.querySelector('.primary')).backgroundColor);
  for (const [colorScheme, colour] of [['light', 'rgb(122, 31, 162)'], ['dark', 'rgb(217, 166, 238)']]) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.equal(await accent(), colour);
  }
});

test('the first view of a brand needs no scrolling', async () => {
  await brandIt(page, undefined, { create: { allowed: true, ways: ['user'], user: 'ada@nordwind.example' } });
  for (const viewport of [{ width: 1280, height: 720 }, { width: 375, height: 667 }]) {
    await page.setViewportSize(viewport);
    await page.goto(site.url);
    await page.locator('header img').waitFor();
    const more = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    assert.ok(more <= 0, `${viewport.width}: ${more} px more than the window`);
  }
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
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
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
    assert.equal(await focused(), next);
    assert.equal(await told(), `Forgotten: ${pressed.slice('Forget: '.length)}`);
  }
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.equal(looks.length, 4, 'those that stay are not looked up anew');
  await page.evaluate((kept) => localStorage.setItem('ephemeral-secrets', JSON.stringify(kept)), all);
  await page.reload();
  await button('Forget all').focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'Share a secret');
  assert.equal(await told(), 'Forgotten: Secrets shared from this browser');
});

detail('the page never freezes while a key is derived', async () => {
  const { link } = await shareSecret(site, 'p', { passphrase: 'p', cost: COSTLY });
  await page.goto(link);
  await field('Passphrase').fill('p');
  await page.evaluate(() => {
    globalThis.longest = 0;
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      globalThis.longest = Math.max(globalThis.longest, now - last);
      last = now;
    }, 5);
  });
  const from = performance.now();
  await button('Open').click();
  await button('Show').waitFor();
  const took = performance.now() - from;
  const longest = await page.evaluate(() => globalThis.longest);
  // A page that derives by itself answers to nothing for nearly all of that time.
  assert.ok(longest < Math.max(250, took / 2), `${longest} of ${took} ms without an answer`);
});

test('the language is the browser’s', async () => {
  const said = {
    de: 'Ein Geheimnis teilen', 'fr-CH': 'Partager un secret', es: 'Compartir un secreto', ru: 'Поделиться секретом', 'zh-CN': '分享秘密',
    pt: 'Share a secret',
  };
  const devtools = await page.context().newCDPSession(page);
  const userAgent = await page.evaluate(() => navigator.userAgent);
  for (const [locale, title] of Object.entries(said)) {
    await devtools.send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: locale });
    await page.goto(site.url);
    await page.getByRole('heading', { name: title }).waitFor();
    assert.deepEqual(page.faults, [], locale);
  }
  // Its file does not come.
  page.allow = /Failed to load resource/;
  await page.route('**/ru.js', (route) => route.abort());
  await devtools.send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: 'ru' });
  await page.goto(site.url);
  await page.getByRole('heading', { name: 'Share a secret' }).waitFor();
});

test('the server’s and the network’s troubles are told, and nothing is used up', async () => {
  page.allow = /503|Failed to load/;
  const { link, receipt } = await shareSecret(site, 't');
  await page.route('**/api/v1/secrets/*', (route) => route.abort());
  await page.goto(link);
  await giveUp(text('cannot be reached'));
  await page.unrouteAll();
  const refusals = [{ 'Retry-After': '1' }, { 'Retry-After': '60' }];
  await page.route('**/api/v1/secrets/*', (route) => route.fulfill(refusal(503, 'busy', refusals.shift())));
  await button('Try again').click();
  await text('The server is busy. Trying again').waitFor();
  await text('server is busy. Nothing was used up').waitFor();
  await page.unrouteAll();
  await button('Try again').click();
  await button('Open').waitFor();
  assert.equal((await receipt()).views_left, 1);
});

detail('without a server, or with one that makes no sense, the page says so, and goes on once it can', async () => {
  page.allow = /503|404|Failed to load/;
  const config = '**/api/v1/config';
  const again = async (handler, title) => {
    await page.unrouteAll();
    if (handler !== null) await page.route(config, handler);
    await button('Try again').click();
    await (title === null ? page.locator('textarea') : page.getByRole('heading', { name: title })).waitFor();
  };
  const json = (body) => (route) => route.fulfill({ contentType: 'application/json', headers: { 'Secrets-Answer': '1' }, body: JSON.stringify(body) });
  const good = await (await fetch(`${site.url}api/v1/config`)).json();
  await page.route(config, (route) => route.abort());
  await page.goto(site.url);
  await giveUp(page.getByRole('heading', { name: 'The server is not responding' }));
  await again((route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })), 'The server is busy');
  for (const wrong of [{}, { ...good, ttl_default: 'x' }, { ...good, views_max: 0 }]) await again(json(wrong), 'misconfigured');
  await again((route) => route.fulfill({ status: 404, body: '' }), 'Something is in the way');
  await text(/^Something between you and 127\.0\.0\.1:\d+ answered 404\.$/).waitFor();
  await again((route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }), 'Something is in the way');
  await again(null, null);
  assert.ok(!/NaN/.test(await page.locator('body').textContent()));
});

detail('a static host whose config.json names no server says so', async () => {
  page.allow = /404|Failed to load/;
  const host = await startStatic('/');
  try {
    for (const [api, title] of [[3, 'misconfigured'], ['ftp://x/', 'misconfigured'], ['./', 'Something is in the way']]) {
      host.api = api;
      await page.goto(host.url);
      await page.getByRole('heading', { name: title }).waitFor();
    }
  } finally {
    await host.stop();
  }
});

test('page and API on two origins, the page in a sub-path of a plain static host', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  const host = await startStatic('/sub/path/');
  const far = await startSite({ env: { SECRETS_ORIGINS: host.origin } });
  host.api = far.url;
  try {
    await page.goto(host.url);
    await page.locator('textarea').fill('two origins');
    const link = await createLink();
    assert.ok(link.startsWith(`${host.url}#`));
    await openLink(link);
    assert.equal(await shownText(), 'two origins');
    await text('The secret has been erased from the server').waitFor();
    const file = randomBytes(1_500_000);
    const { id, key } = await shareSecret(far, file, { name: 'x.bin' });
    await openLink(`${host.url}#${id}.${key}`);
    assert.equal(sha((await savedFile()).bytes), sha(file));
  } finally {
    await host.stop();
    await far.stop();
  }
  return undefined;
});

test('a brand changes no byte of the page, and no byte of it is code', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  const folder = await mkdtemp(join(tmpdir(), 'page-brand-'));
  let branded;
  try {
    const logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" onload="top.ran = true"><script>top.ran = true</script></svg>';
    await writeFile(join(folder, 'mark.svg'), logo);
    await writeFile(join(folder, 'brand.json'), JSON.stringify({ ...BRAND, logo: 'mark.svg', sign_in: '/oauth2/start?rd=/' }));
    branded = await startSite({ env: { SECRETS_BRAND: folder } });

    const sums = async (url) => (await fetch(`${url}SHA256SUMS`)).text();
    assert.equal(await sums(branded.url), await sums(site.url));
    for (const line of (await sums(site.url)).trimEnd().split('\n')) {
      const [sum, name] = line.split('  ');
      const response = await fetch(branded.url + name);
      assert.equal(sha(Buffer.from(await response.arrayBuffer())), sum, name);
      const headers = (given) => [...given.headers].filter(([header]) => header !== 'date').join('\n');
      assert.equal(headers(response), headers(await fetch(site.url + name)), name);
    }

    await page.goto(branded.url);
    await page.locator('header img').evaluate((image) => image.decode());
    await text('For guests of Nordwind').waitFor();
    assert.equal(await page.evaluate(() => globalThis.ran), undefined);
    page.allow = /script|sandboxed|CSP/;
    await page.goto(`${branded.url}brand/logo.svg`);
    assert.equal(await page.evaluate(() => globalThis.ran), undefined);

    const first = await fetch(`${branded.url}brand/logo.svg`);
    assert.equal(first.headers.get('content-type'), 'image/svg+xml');
    assert.match(first.headers.get('content-security-policy'), /^default-src 'none'; .*sandbox$/);
    const again = await fetch(`${branded.url}brand/logo.svg`, { headers: { 'If-None-Match': first.headers.get('etag') } });
    assert.equal(again.status, 304);
  } finally {
    await branded?.stop();
    await rm(folder, { recursive: true });
  }
  return undefined;
});

detail('a page on a host of its own has the brand of its config.json, else that of its server without the logo', async () => {
  const host = await startStatic('/');
  host.api = './';
  host.brand = { ...BRAND, logo: 'logo.svg' };
  try {
    await page.route('**/api/v1/config', async (route) => {
      const json = await (await fetch(`${site.url}api/v1/config`)).json();
      await route.fulfill({ json: { ...json, brand: { name: 'Of the server', logo: 'https://elsewhere.example/logo.svg' } }, headers: { 'Secrets-Answer': '1' } });
    });
    await page.route('**/logo.svg', (route) => route.fulfill({ contentType: 'image/svg+xml', body: LOGO }));
    await page.goto(host.url);
    await page.locator('header img').evaluate((image) => image.decode());
    assert.equal(await page.title(), BRAND.name);
    host.brand = undefined;
    await page.goto(host.url);
    await page.locator('textarea').waitFor();
    assert.equal(await page.title(), 'Of the server');
    assert.equal(await page.locator('header img').count(), 0);
    host.brand = { ...BRAND, accent: { light: '#ff8800', dark: '#d9a6ee' } };
    await page.goto(host.url);
    await page.getByRole('heading', { name: 'misconfigured' }).waitFor();
  } finally {
    await host.stop();
  }
});

test('every file that is served is what the sums say', async (t) => {
  if (!site.real) return t.skip('needs secretsd');
  const host = await startStatic('/');
  const sumsAt = async (url) => {
    const text = await (await fetch(`${url}SHA256SUMS`)).text();
    assert.match(text, /^([0-9a-f]{64}  \S+\n)+$/);
    return new Map(text.trimEnd().split('\n').map((line) => line.split('  ').reverse()));
  };
  const served = async (url, name) => sha(Buffer.from(await (await fetch(url + name)).arrayBuffer()));
  try {
    host.api = './';
    const built = (await readdir('build/web')).filter((name) => name !== '_headers' && name !== 'SHA256SUMS').sort();
    const own = await sumsAt(site.url);
    assert.deepEqual([...own.keys()], [...built.filter((name) => name !== 'config.json'), `secret/${'0'.repeat(16)}`].sort());
    for (const [name, sum] of own) assert.equal(await served(site.url, name), sum, name);
    for (const path of ['', '%23abc.def']) assert.equal(await served(site.url, path), own.get('index.html'), path);
    assert.equal(await served(site.url, 'secret/abcdefghijklmnop'), own.get(`secret/${'0'.repeat(16)}`));
    assert.equal(await readFile(join(buildFolder, 'gen/SHA256SUMS'), 'utf8'), await (await fetch(`${site.url}SHA256SUMS`)).text());
    // On a host of its own config.json is the one that somebody wrote.
    const plain = await sumsAt(host.url);
    assert.deepEqual([...plain.keys()], built);
    for (const [name, sum] of plain) if (name !== 'config.json') assert.equal(await served(host.url, name), sum, name);
  } finally {
    await host.stop();
  }
  return undefined;
});
