// SPDX-License-Identifier: MIT
// What goes wrong around an opening or a link: a worker that does not load, responses that are lost, files
// that wait, a page that is left. Nothing is lost by it, and what is said is so.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { load } from '../../web/lib/load.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { startFlakyProxy } from '../support/flaky-proxy.mjs';
import { shareSecret, startStatic } from '../support/site.mjs';
import { asksToLeave, button, createLink, field, openLink, page, refusal, savedFile, setStage, sha, shareText, shownText, site, text, until } from '../support/stage.mjs';

const { zip } = await load('base/zip.ts');
const MINUTE = 60_000;
const REFUSED = /Failed to load resource/;
/** A refusal in the form of the server, by something before it. */
const UNMARKED = { ...refusal(404, 'not_found'), headers: {} };

setStage();

const problem = () => page.locator('form .problem').textContent();

test('a worker that did not come is asked for again, and nothing is used up', async () => {
  page.allow = REFUSED;
  const { link, receipt } = await shareSecret(site, 'twice asked');
  await page.route('**/worker.js', (route) => route.abort());
  await openLink(link);
  await text('Nothing was used up').waitFor();
  await button('Try again').click();
  await text('Nothing was used up').waitFor();
  assert.equal((await receipt()).views_left, 1);
  await page.unrouteAll();
  await button('Try again').click();
  assert.equal(await shownText(), 'twice asked');
});

test('a view whose code or words did not come is asked for again before anything is opened', async () => {
  page.allow = REFUSED;
  const { link, receipt } = await shareSecret(site, 'in pieces');
  for (const file of ['opening.js', 'later-en.js']) {
    await page.route(`**/${file}`, (route) => route.abort());
    await page.goto(link);
    await text('The server is not responding').waitFor();
    assert.equal(page.url(), link); // a reload does not lose it
    assert.equal((await receipt()).state, 'waiting');
    await page.unrouteAll();
    await button('Try again').click();
    await button('Open').waitFor();
  }
  await button('Open').click();
  assert.equal(await shownText(), 'in pieces');
});

test('a browser that asks for a file only once loads the page again', async () => {
  page.allow = REFUSED;
  const { link } = await shareSecret(site, 'once asked');
  let asked = 0;
  await page.route('**/opening.js', (route) => (++asked < 3 ? route.abort() : route.continue()));
  await page.goto(link);
  await button('Try again').click();
  await button('Open').click();
  assert.equal(await shownText(), 'once asked');
  assert.equal(asked, 3);
});

test('how it works is told once its words are there', async () => {
  page.allow = REFUSED;
  await page.route('**/later-en.js', (route) => route.abort());
  await page.goto(site.url);
  await button('How this works').click();
  const dialog = page.getByRole('dialog');
  await text('Check your connection', dialog).waitFor();
  await button('Close', dialog).click();
  await page.unrouteAll();
  await button('How this works').click();
  await text('Your browser makes a random key', dialog).waitFor();
});

test('a worker that is still on its way can be done without', async () => {
  const { link } = await shareSecret(site, 'later');
  await page.route('**/worker.js', () => undefined);
  await openLink(link);
  await button('Cancel').click();
  assert.equal(await problem(), '');
  await page.unrouteAll();
  await button('Open').click();
  assert.equal(await shownText(), 'later');
});

test('a worker that breaks is told of, with what helps', async () => {
  page.allow = /broken/;
  const { link } = await shareSecret(site, 'x');
  await page.route('**/worker.js', async (route) => route.fulfill({ response: await route.fetch(), body: 'throw new Error("broken")' }));
  await openLink(link);
  await text('open the link again from where you got it').waitFor();
  await page.unrouteAll();
  await button('Try again').click();
  assert.equal(await shownText(), 'x');
});

test('an opening whose response never arrives can be cancelled, and goes on with the same view', async () => {
  page.allow = REFUSED;
  const { link, receipt } = await shareSecret(site, 'once', { views: 2 });
  let asked = 0;
  await page.route('**/open', async (route) => { await route.fetch(); asked++; });
  await openLink(link);
  await until(() => asked > 0, 'open is asked for');
  await button('Cancel').click();
  await text('an opening may have been used').waitFor();
  assert.equal((await receipt()).views_left, 1);
  // What was not known before is not known by a busy server either.
  await page.unrouteAll();
  await page.route('**/open', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })));
  await button('Try again').click();
  await until(async () => await button('Try again').isVisible(), 'it gives up');
  assert.match(await problem(), /an opening may have been used/);
  await page.unrouteAll();
  await button('Try again').click();
  assert.equal(await shownText(), 'once');
  assert.equal((await receipt()).views_left, 1);
});

test('an opening that waits for a busy server is cancelled without a trace', async () => {
  page.allow = REFUSED;
  const { link, receipt } = await shareSecret(site, 'kept', { passphrase: 'p' });
  await page.route('**/open', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '15' })));
  await page.goto(link);
  await field('Passphrase').fill('p');
  await button('Open').click();
  await text('The server is busy. Trying again').waitFor();
  await button('Cancel').click();
  await button('Open').waitFor();
  assert.equal(await problem(), '');
  assert.equal(await field('Passphrase').inputValue(), 'p');
  assert.equal((await receipt()).views_left, 1);
  await page.unrouteAll();
  await button('Open').click();
  assert.equal(await shownText(), 'kept');
});

/** Open a file in parts on a clock that stands still; `leases` are those of every open that was sent. */
async function openFile({ size = 3_000_000, ...options } = {}) {
  const leases = [];
  page.on('request', (request) => { if (request.url().endsWith('/open')) leases.push(request.postDataJSON().lease); });
  const secret = await shareSecret(site, randomBytes(size), { name: 'waits.bin', ...options });
  await page.clock.install();
  await openLink(secret.link);
  await button('Save').waitFor();
  return { ...secret, leases };
}

test('the opening of a file that waits is renewed until it is saved', async () => {
  const { leases } = await openFile();
  for (let n = 2; n <= 5; n++) {
    await page.clock.runFor(5 * MINUTE);
    await until(() => leases.length >= n, `renewed ${n - 2} times`);
  }
  assert.equal(leases.length, 5);
  assert.equal(new Set(leases).size, 1, 'one lease');
  await savedFile();
  await text('The secret has been erased from the server').waitFor();
  await page.clock.runFor(20 * MINUTE);
  assert.equal(leases.length, 5, 'and no longer');
});

test('a file that came whole needs no lease any more', async () => {
  const { leases, burn } = await openFile({ size: 700_000 });
  await page.clock.runFor(20 * MINUTE);
  await burn();
  await savedFile();
  assert.equal(leases.length, 1);
});

/** A zip as the page makes it. */
async function zipOf(files) {
  const entries = Object.entries(files).map(([name, bytes]) => ({ name, size: bytes.length, modified: Date.now(), async *stream() { yield bytes; } }));
  const pieces = [];
  for await (const piece of zip(entries)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('a large zip is listed when its files are asked for; a list that was interrupted leaves it to be saved', { timeout: 120_000 }, async () => {
  page.allow = REFUSED;
  const large = randomBytes(33 << 20);
  const bytes = await zipOf({ 'large.bin': large, 'small.txt': Buffer.from('small') });
  const { link } = await shareSecret(site, bytes, { name: 'files-2026-11-28.zip', type: 'application/zip', views: 2 });
  await openLink(link);
  await button('Show the files').click();
  const coming = page.waitForEvent('download');
  await button('Save large.bin').click();
  const [download, rest] = [await coming, page.waitForEvent('download')];
  assert.equal(sha(await readFile(await download.path())), sha(large));
  await button('Save small.txt').click();
  assert.equal(await readFile(await (await rest).path(), 'utf8'), 'small');
  await button('They are there').click();
  await text('It can be opened once more').waitFor();

  // The second opening: the parts hang after the first one, and the person gives up on the list.
  let seen = 0;
  await page.route('**/parts/*', (route) => (++seen > 1 ? undefined : route.continue()));
  await openLink(link);
  await button('Show the files').click();
  await button('Cancel').click();
  await page.unrouteAll();
  const { name, bytes: saved } = await savedFile();
  assert.deepEqual([name, sha(saved)], ['files-2026-11-28.zip', sha(bytes)]);
});

test('a renewal that fails for now does no harm', async () => {
  page.allow = REFUSED;
  const { leases } = await openFile();
  await page.route('**/open', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })));
  await page.clock.runFor(5 * MINUTE);
  await until(() => leases.length >= 2, 'renewed');
  await page.unrouteAll();
  await savedFile();
});

test('a file whose opening lapsed is told of, and opens again where openings are left', async () => {
  page.allow = REFUSED;
  const { leases, receipt } = await openFile({ views: 2 });
  await page.route('**/open', (route) => route.fulfill(refusal(409, 'lease_ended')));
  await page.clock.runFor(5 * MINUTE);
  await page.getByRole('heading', { name: 'This opening is over' }).waitFor();
  await text('The file was not saved in time').waitFor();
  await page.unrouteAll();
  await button('Try again').click();
  await text('Can be opened once').waitFor();
  await button('Open').click();
  await button('Save').waitFor();
  assert.equal(new Set(leases).size, 2);
  assert.equal((await receipt()).views_left, 0);
  // Or it turns out when it is to be saved.
  await page.route('**/parts/*', (route) => route.fulfill(refusal(404, 'not_found')));
  await button('Save').click();
  await page.getByRole('heading', { name: 'This opening is over' }).waitFor();
});

test('a refusal that a proxy may have sent takes neither the link nor the opening away', async () => {
  page.allow = REFUSED;
  const { link, leases } = await openFile({ views: 1 });
  await page.route('**/parts/*', (route) => route.fulfill(UNMARKED));
  await button('Save').click();
  await text('The download was interrupted').waitFor();
  await page.unroute('**/parts/*');
  assert.equal((await savedFile()).bytes.length, 3_000_000);
  assert.equal(new Set(leases).size, 1);

  const other = await shareSecret(site, 'still here');
  await page.route('**/open', (route) => route.fulfill(UNMARKED));
  await openLink(other.link);
  await text('There is no way to tell which').waitFor();
  assert.equal(page.url(), other.link);
  await page.unroute('**/open');
  await button('Try again').click();
  assert.equal(await shownText(), 'still here');
});

test('an opening that was left to lapse says that it is over', async () => {
  page.allow = REFUSED;
  const { link } = await shareSecret(site, 'x', { views: 2 });
  await page.route('**/open', (route) => route.fulfill(refusal(409, 'lease_ended')));
  await openLink(link);
  await page.getByRole('heading', { name: 'This opening is over' }).waitFor();
  await page.unrouteAll();
  await button('Try again').click();
  await button('Open').click();
  assert.equal(await shownText(), 'x');
});

test('erasing that fails is told of as it failed', async () => {
  page.allow = REFUSED;
  const { link, receipt } = await shareSecret(site, 'x', { views: 2 });
  await openLink(link);
  await button('Copy').click();
  const erase = button('I have it, destroy it');
  await erase.waitFor();
  await page.route('**/secrets/*', (route) => route.fulfill(refusal(500, 'internal')));
  await erase.click();
  await text('It could not be erased').waitFor();
  await page.unrouteAll();
  await page.route('**/secrets/*', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })));
  await erase.click();
  await text('The server is busy. Wait a moment').waitFor();
  await page.unrouteAll();
  await erase.click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  assert.equal((await receipt()).state, 'burnt');
});

test('a link is burnt though what became of it cannot be looked up; what failed can be tried again', async () => {
  page.allow = REFUSED;
  await shareText('x');
  const burn = async () => {
    await button('Burn it now').click();
    await button('Yes, burn it').click();
  };
  await page.route('**/secrets/*', (route) => route.fulfill(refusal(500, 'internal')));
  await burn();
  await text('It could not be burnt').waitFor();
  await page.unrouteAll();
  await page.route('**/receipt', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })));
  await burn();
  await text(/^Burnt today at/).waitFor();
  await page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
});

/** Hold back the answer to the next look; resolves to what lets it through. */
async function holdLook() {
  const held = [];
  await page.route('**/receipt', async (route) => {
    const response = await route.fetch();
    held.push(() => route.fulfill({ response }));
  }, { times: 1 });
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await until(() => held.length > 0, 'looked up');
  return held[0];
}

test('a look that is answered late does not overwrite the end', async () => {
  await shareText('x');
  const release = await holdLook();
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await text(/^Burnt today at/).waitFor();
  const late = page.waitForResponse('**/receipt');
  await release();
  assert.equal((await (await late).json()).state, 'waiting');
  await page.evaluate((url) => fetch(url).then((answer) => answer.text()), `${site.url}api/v1/config`);
  assert.match(await page.locator('.card .status').textContent(), /^Burnt today at/);
});

test('what was gone before it could be burnt is not called burnt', async () => {
  page.allow = REFUSED;
  await shareText('x');
  await page.route('**/receipt', (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '60' })));
  await page.route('**/secrets/*', (route) => route.fulfill(UNMARKED));
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await text('It could not be burnt').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'This link no longer works' }).count(), 0, 'because of a proxy');
  await page.route('**/secrets/*', (route) => route.fulfill(refusal(404, 'not_found')));
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
  assert.equal(await page.locator('.card .status').textContent(), 'Gone. It can no longer be opened.');
});

test('what is left is looked up no more, and its card is forgotten', async () => {
  await page.clock.install();
  await shareText('a row');
  await shareText('a card');
  await page.locator('.card').waitFor();
  let looks = 0;
  page.on('request', (request) => { if (request.url().endsWith('/receipt')) looks++; });
  await page.evaluate(() => { globalThis.card = new WeakRef(document.querySelector('.card')); });
  await page.clock.runFor(MINUTE);
  await until(() => looks >= 2, 'looked up before');
  await page.evaluate(() => { location.hash = '#nonsense'; });
  await button('Open the link').click();
  await page.getByRole('heading', { name: 'link is damaged' }).waitFor();
  const before = looks;
  await page.clock.runFor(5 * MINUTE);
  await page.evaluate((url) => fetch(url).then((answer) => answer.text()), `${site.url}api/v1/config`);
  assert.equal(looks, before);
  await page.getByRole('heading', { name: 'link is damaged' }).click(); // Playwright holds what it clicked last
  const devtools = await page.context().newCDPSession(page);
  await until(async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return page.evaluate(() => globalThis.card.deref() === undefined);
  }, 'the card is still held');
});

test('an upload whose worker breaks is burnt', async () => {
  page.allow = /broken/;
  let created = null;
  page.context().on('response', async (response) => {
    if (response.request().method() === 'POST' && response.url().endsWith('/secrets')) created = await response.json();
  });
  await page.route('**/parts/*', () => undefined);
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: Buffer.alloc(3_000_000) });
  await button('Create link').click();
  await text('%').waitFor();
  await until(() => created !== null, 'no refusal');
  const state = async () => {
    const headers = { Authorization: `Bearer ${created.owner_token}` };
    return (await (await fetch(`${site.url}api/v1/secrets/${created.id}/receipt`, { headers })).json()).state;
  };
  assert.equal(await state(), 'uploading');
  await page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('broken'); }); });
  await text('Something went wrong').waitFor();
  await until(async () => await state() === 'burnt', 'it is still there');
});

test('a link put into the address bar does not take what was typed unasked', async () => {
  const { id, key } = await shareSecret(site, 'the other');
  await page.goto(site.url);
  const box = page.locator('textarea');
  await box.fill('half a secret');
  const goTo = () => page.evaluate((hash) => { location.hash = hash; }, `${id}.${key}`);
  await goTo();
  await page.getByRole('heading', { name: 'Open the other link?' }).waitFor();
  assert.equal(page.url(), site.url);
  await button('Stay here').click();
  assert.equal(await box.inputValue(), 'half a secret');
  await goTo();
  await button('Open the link').click();
  await button('Open').click();
  assert.equal(await shownText(), 'the other');
  assert.equal(await page.locator('dialog[open]').count(), 0);
});

/** Put a link into the address bar of the page that is open. */
const putLink = ({ id, key }) => page.evaluate((hash) => new Promise((seen) => {
  if (location.hash === `#${hash}`) seen(); // it stands there until its secret is open
  addEventListener('hashchange', seen, { once: true }); // the page's own listener comes before
  location.hash = hash;
}).then(() => undefined), `${id}.${key}`);
const asked = () => page.locator('dialog[open]').count();

/** Another link is asked about, and the question tells `what`; the answer is to stay. */
async function asksAndStays(other, what) {
  await putLink(other);
  await page.getByRole('heading', { name: 'Open the other link?' }).waitFor();
  await text(what).waitFor();
  await button('Stay here').click();
}

test('the same link put into the address bar again goes on with the same opening', async () => {
  page.allow = REFUSED;
  const mine = await shareSecret(site, 'one lease', { views: 2 });
  const other = await shareSecret(site, 'other');
  const leases = new Set();
  let held = true;
  await page.route('**/open', async (route) => {
    leases.add(route.request().postDataJSON().lease);
    if (!held) return route.continue();
    await route.fetch();
    return undefined;
  });
  await openLink(mine.link);
  await until(() => leases.size > 0, 'open is asked for');
  await putLink(mine);
  assert.equal(await asked(), 0, 'nothing to ask');
  await asksAndStays(other, 'is being opened here');
  await button('Cancel').click();
  await text('an opening may have been used').waitFor();
  await putLink(mine);
  assert.equal(await asked(), 0, 'nothing to ask');
  await asksAndStays(other, 'is being opened here');
  held = false;
  await button('Try again').click();
  assert.equal(await shownText(), 'one lease');
  await putLink(mine);
  assert.equal(await asked(), 0, 'nothing to ask');
  await asksAndStays(other, 'was opened here');
  assert.equal(await page.locator('pre').textContent(), 'one lease');
  assert.equal(leases.size, 1);
  assert.equal((await mine.receipt()).views_left, 1);
  await putLink(other);
  await button('Open the link').click();
  await button('Open').click();
  assert.equal(await shownText(), 'other');
});

test('a text is not given up unasked until it is copied, neither by the page nor by the browser', async () => {
  const mine = await shareSecret(site, 'mine');
  const other = await shareSecret(site, 'other');
  await openLink(mine.link);
  await button('Copy').waitFor();
  await asksAndStays(other, 'This is the last copy.');
  assert.equal(await asksToLeave(), true);
  await button('Copy').click();
  await text('Copied').waitFor();
  assert.equal(await asksToLeave(), false);
  await putLink(other);
  await button('Open').waitFor();
  assert.equal(await asked(), 0);
});

test('a file is not given up for another link unasked until it is saved', async () => {
  const mine = await shareSecret(site, randomBytes(700_000), { name: 'f.bin' });
  const other = await shareSecret(site, 'other');
  await openLink(mine.link);
  await button('Save').waitFor();
  await asksAndStays(other, 'was opened here');
  await savedFile();
  await text('Every byte was verified').waitFor();
  await putLink(other);
  await button('Open').waitFor();
  assert.equal(await asked(), 0);
});

test('the card of a link is not given up unasked, nor one that came while it was asked', async (t) => {
  const other = await shareSecret(site, 'other');
  await shareText('x');
  await asksAndStays(other, 'will not be shown again');
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
  await putLink(other);
  await button('Open').waitFor();
  assert.equal(await asked(), 0, 'nothing is lost with a link that has ended');

  await page.goto(site.url);
  let go;
  const gate = new Promise((done) => { go = done; });
  t.after(() => go());
  await page.route('**/api/v1/secrets', async (route) => { await gate; await route.continue(); });
  await page.locator('textarea').fill('on its way');
  await button('Create link').click();
  await putLink(other);
  await text('what you typed').waitFor();
  go();
  await text('Not opened yet').waitFor({ state: 'attached' });
  await button('Open the link').click();
  await text('will not be shown again').waitFor();
  await button('Stay here').click();
  await page.getByRole('heading', { name: 'Your link is ready' }).waitFor();
});

test('a place that cannot be written to is told of, and another one will do', async () => {
  const { link, receipt } = await shareSecret(site, randomBytes(700_000), { name: 'f.bin' });
  await page.addInitScript(() => {
    let asked = 0;
    globalThis.showSaveFilePicker = async () => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle(`f${asked}`, { create: true });
      if (asked++ === 0) await root.removeEntry('f0').then(() => root.getDirectoryHandle('f0', { create: true }));
      return handle;
    };
  });
  await openLink(link);
  await button('Save').click();
  await text('Choose another place. Nothing is lost').waitFor();
  await button('Save').click();
  await text('Every byte was verified').waitFor();
  assert.equal((await receipt()).events.filter(({ event }) => event === 'opened').length, 1);
});

test('a browser that forbids the question where to save makes a download of it; one click asks once', async () => {
  const { link } = await shareSecret(site, randomBytes(700_000), { name: 'f.bin', views: 2 });
  await page.addInitScript(() => {
    globalThis.asked = 0;
    globalThis.showSaveFilePicker = () => new Promise((_, refuse) => {
      globalThis.asked++;
      globalThis.refuse = (name) => refuse(new DOMException('no', name));
    });
  });
  await openLink(link);
  await button('Save').click();
  await button('Save').click();
  assert.equal(await page.evaluate(() => globalThis.asked), 1);
  await page.evaluate(() => globalThis.refuse('AbortError'));
  await button('Save').click();
  assert.equal(await page.evaluate(() => globalThis.asked), 2);
  const coming = page.waitForEvent('download');
  await page.evaluate(() => globalThis.refuse('SecurityError'));
  assert.equal((await coming).suggestedFilename(), 'f.bin');
  await button('It is there').click();
  await text('Every byte was verified').waitFor();
});

test('a file whose transfer ended with the worker or the page opens again, with the same opening', async () => {
  page.allow = /broken/;
  const { leases, receipt } = await openFile({ views: 2 });
  const begin = async () => {
    await button('Save').waitFor();
    await page.route('**/parts/*', () => undefined);
    await button('Save').click();
    await button('Cancel').waitFor();
  };
  await begin();
  await page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('broken'); }); });
  await button('Cancel').waitFor({ state: 'hidden' });
  await page.unrouteAll();
  await button('Save').click();
  await text('That will not use a second opening').waitFor();
  await button('Open').click();
  await begin();
  await tell('pagehide');
  assert.ok(!(await page.content()).includes('waits.bin'));
  await tell('pageshow');
  await page.unrouteAll();
  await text('That will not use a second opening').waitFor();
  await button('Open').click();
  await savedFile();
  await text('Every byte was verified').waitFor();
  assert.equal(new Set(leases).size, 1);
  assert.equal((await receipt()).views_left, 1);
});

const SECRET = 'correct horse battery staple';
/** What stands on the page, each with a secret in it. */
const SCENES = {
  'what was typed': async (where) => {
    await where.goto(site.url);
    await where.locator('textarea').fill(SECRET);
  },
  'the card of a link': async (where) => {
    await where.goto(site.url);
    await where.locator('textarea').fill('x');
    return (await createLink(where)).split('#')[1];
  },
  'a passphrase that was typed': async (where) => {
    await where.goto((await shareSecret(site, 'x', { passphrase: SECRET })).link);
    await field('Passphrase', where).fill(SECRET);
    await button('Show', where).click();
  },
  'a text that was opened': async (where) => {
    await openLink((await shareSecret(site, SECRET, { views: 2 })).link, where);
    await shownText(where);
  },
  'an old text': async (where) => {
    const made = await (await fetch(`${site.url}encrypt`, { method: 'POST', body: JSON.stringify({ secret: SECRET }) })).json();
    await where.goto(`${site.url}secret/${made.secret_id}`);
    await field('Passphrase', where).fill(made.passphrase);
    await button('Open', where).click();
    await shownText(where);
  },
};

/** Everything on the page that one can see, or bring to light. */
const standing = (where) => where.evaluate(() => [document.documentElement.outerHTML, ...[...document.querySelectorAll('input, textarea')].map(({ value }) => value)].join('\n'));

/** What a page shows that comes back: the link of a secret that was not opened stays in the address bar. */
const BACK = { 'a passphrase that was typed': 'A secret for you', 'a text that was opened': 'This page showed a secret', 'an old text': 'This page showed a secret' };
const headingOf = (what, where) => where.getByRole('heading', { name: BACK[what] ?? 'Share a secret' });

/** Tell the page what a browser that keeps it for the way back does. */
const tell = (type) => page.evaluate((what) => { dispatchEvent(new PageTransitionEvent(what, { persisted: true })); }, type);

for (const [what, scene] of Object.entries(SCENES)) {
  test(`a page that is kept for the way back holds nothing of it: ${what}`, async () => {
    const secret = (await scene(page)) ?? SECRET;
    assert.ok((await standing(page)).includes(secret));
    await tell('pagehide');
    assert.ok(!(await standing(page)).includes(secret));
    await tell('pageshow');
    await headingOf(what, page).waitFor();
    assert.ok(!(await standing(page)).includes(secret));
  });
}

// Chromium's engine without its windows keeps no page.
const whole = ['/usr/bin/chromium'].find((path) => existsSync(path));
test('on the way back nothing secret is shown again', { skip: whole === undefined && 'needs the whole of Chromium' }, async (t) => {
  const keeping = await startBrowser({ executablePath: whole, ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  t.after(() => keeping.close());
  const elsewhere = await startStatic('/');
  t.after(() => elsewhere.stop());
  for (const [what, scene] of Object.entries(SCENES)) {
    const tab = await newPage(keeping, { locale: 'en-GB' });
    tab.allow = /404/; // the other host has no icon
    await tab.addInitScript(() => addEventListener('pageshow', ({ persisted }) => { globalThis.kept = persisted; }));
    const secret = (await scene(tab)) ?? SECRET;
    assert.ok((await standing(tab)).includes(secret), what);
    await tab.goto(`${elsewhere.url}SHA256SUMS`);
    await tab.evaluate(() => { setTimeout(() => history.back()); });
    await tab.waitForFunction(() => globalThis.kept === true);
    await headingOf(what, tab).waitFor();
    assert.ok(!(await standing(tab)).includes(secret), what);
    assert.deepEqual(tab.faults, []);
    await tab.context().close();
  }
});

test('200 kept secrets are looked up little by little, and leave room to open', async () => {
  page.allow = REFUSED;
  let looks = 0;
  await page.route('**/receipt', (route) => {
    // A look that is refused counts as one, and is not repeated before its turn.
    if (looks++ % 2 === 1) return route.fulfill(refusal(503, 'busy', { 'Retry-After': '1' }));
    return route.fulfill({ json: { state: 'waiting', expires_at: 4_000_000_000, views: 1, views_left: 1, events: [] } });
  });
  await page.clock.install();
  await page.goto(site.url);
  const clock = () => page.evaluate(() => Date.now());
  const begin = await clock();
  await page.evaluate(() => {
    const now = Math.floor(Date.now() / 1000);
    const all = Array.from({ length: 200 }, (_, i) => ({ id: String(i).padStart(22, '0'), token: 'w'.repeat(43), made: now - i, until: now + 86_400 }));
    localStorage.setItem('ephemeral-secrets', JSON.stringify(all));
  });
  await page.reload();
  await button('Show 197 more').click();
  await page.locator('.earlier li').nth(199).waitFor();
  for (let i = 0; i < 60; i++) await page.clock.runFor(2000);
  // 30 a minute, and ten at once; three before the list was there. The clock of the page also goes by itself.
  await until(() => looks >= 60, `${looks} looks`);
  const most = Math.ceil((await clock() - begin) / 2000) + 17;
  assert.ok(looks <= most, `${looks} looks, at most ${most}`);
});

test('an upload that is left is burnt, and does not count against the next', async (t) => {
  const front = await startFlakyProxy(site.url, { ignores: ({ method }) => method === 'PUT' });
  t.after(() => front.stop());
  const created = [];
  page.context().on('response', async (response) => {
    if (response.request().method() === 'POST' && response.url().endsWith('/secrets')) created.push(await response.json());
  });
  const receipt = ({ id, owner_token: token }) =>
    fetch(`${site.url}api/v1/secrets/${id}/receipt`, { headers: { Authorization: `Bearer ${token}` } });
  const leave = [
    (tab) => tab.goto('about:blank'),
    (tab) => tab.evaluate(() => { location.hash = '#nonsense'; }).then(() => tab.getByRole('button', { name: 'Open the link' }).click()),
    (tab) => tab.close({ runBeforeUnload: true }),
    (tab) => tab.reload(),
    (tab) => tab.goto('about:blank'),
  ];
  for (const [n, end] of leave.entries()) {
    const tab = await page.context().newPage();
    tab.on('dialog', (dialog) => dialog.accept());
    await tab.goto(front.url);
    await tab.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: Buffer.alloc(3_000_000) });
    await tab.getByRole('button', { name: 'Create link' }).click();
    await tab.getByText('%').waitFor();
    await until(() => created.length > n, 'no refusal');
    assert.equal((await (await receipt(created[n])).json()).state, 'uploading');
    await end(tab);
    await until(async () => (await (await receipt(created[n])).json()).state !== 'uploading', `${end}: it is still there`);
    if (!tab.isClosed()) await tab.close();
  }
});

test('an upload whose page crashed is given up by the next page, one whose page lives is not', async () => {
  const uploads = (where) => where.evaluate(() => JSON.parse(localStorage.getItem('ephemeral-secrets-begun') ?? '[]'));
  const state = async ({ id, token }) => {
    const response = await fetch(`${site.url}api/v1/secrets/${id}/receipt`, { headers: { Authorization: `Bearer ${token}` } });
    return response.ok ? (await response.json()).state : response.status;
  };
  const visit = async () => {
    const other = await page.context().newPage();
    await other.goto(site.url);
    await other.locator('textarea').waitFor();
    return other;
  };

  await page.route('**/parts/*', () => undefined); // they stay on their way
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'plan.bin', mimeType: '', buffer: randomBytes(3_000_000) });
  await button('Create link').click();
  await until(async () => (await uploads(page)).length === 1, 'it is kept in mind');
  const [upload] = await uploads(page);

  const second = await visit();
  await second.waitForLoadState('networkidle');
  assert.deepEqual(await uploads(second), [upload]);
  assert.equal(await state(upload), 'uploading');

  await page.goto('chrome://crash').catch(() => undefined);
  const third = await visit();
  await until(async () => (await uploads(third)).length === 0, 'it is given up');
  assert.notEqual(await state(upload), 'uploading');
});
