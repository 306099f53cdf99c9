// SPDX-License-Identifier: MIT
// What a person can do with the page: share, open and save files.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brief, detail } from '../support/brief.mjs';
import { shareSecret } from '../support/site.mjs';
import { asksToLeave, button, createLink, elsewhere, field, openLink, page, savedFile, setStage, sha, shareText, site, text, until } from '../support/stage.mjs';

setStage();

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
  for (const [what, end] of Object.entries(ends).filter(([what]) => !brief || what === 'left')) {
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

test('a page that a test gave back has nothing of that test', async () => {
  const used = await elsewhere(async (other) => {
    await other.goto(`${site.url}#nonsense`);
    await other.evaluate(async () => {
      localStorage.setItem('a', '1');
      sessionStorage.setItem('b', '2');
      await (await navigator.storage.getDirectory()).getFileHandle('c', { create: true });
    });
    await other.route('**/*', (route) => route.abort());
    return other;
  });
  await elsewhere(async (other) => {
    assert.equal(other, used);
    await other.goto(site.url);
    assert.deepEqual(await other.evaluate(async () => [
      localStorage.length, sessionStorage.length, (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length,
      history.length,
    ]), [0, 0, 0, 2]);
    await other.addInitScript('globalThis.lasting = true');
  });
  await elsewhere(async (other) => { assert.notEqual(other, used); });
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
  assert.equal(await asksToLeave(), true);
  await page.locator('textarea').fill('');
  assert.equal(await asksToLeave(), false);
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
  assert.equal(await asksToLeave(), true, 'the file is still there');
  await button('Remove big.bin').click();
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
