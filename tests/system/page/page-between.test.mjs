// SPDX-License-Identifier: MIT
// Something between the page and its server answers in its place: nothing is lost, burnt, or called gone or wrong.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { detail } from '../support/brief.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { patience } from '../support/server.mjs';
import { shareSecret, startSite } from '../support/site.mjs';
import { asksToLeave, button, createLink, field, giveUp, openLink, ownPassphrase, page, refusal, savedFile, setStage, sha, shareText, shownText, site, text } from '../support/stage.mjs';

setStage();

const ALLOWED = /Failed to load resource|40\d|50\d|Redirect/;
const HTML = { status: 404, contentType: 'text/html', body: '<html>nothing here</html>' };
const WALLS = {
  'a proxy’s 404': HTML,
  'a firewall’s 403': { ...HTML, status: 403 },
  'a guest network’s 200': { ...HTML, status: 200 },
  'a gateway’s 404 in JSON': { status: 404, contentType: 'application/json', body: '{"message":"no route"}' },
  'a gateway’s 403 with a code': { status: 403, contentType: 'application/json', body: '{"code":"wrong_proof","attempts_left":0}' },
};
const between = (status) => text(new RegExp(`^A proxy responded instead of 127\\.0\\.0\\.1:\\d+, with status ${status}\\.`));
const gone = () => page.getByRole('heading', { name: /gone|damaged|locked|over/ });

for (const [what, wall] of Object.entries(WALLS)) {
  const inBrief = wall === HTML || wall.body.includes('wrong_proof');
  (inBrief ? test : detail)(`${what}: a secret is neither gone nor damaged, and opens behind it`, async () => {
    page.allow = ALLOWED;
    const { link, receipt } = await shareSecret(site, 'behind the wall', { passphrase: 'p' });
    await page.route('**/api/v1/secrets/*', (route) => route.fulfill(wall));
    await page.goto(link);
    await giveUp(between(wall.status));
    assert.equal(await gone().count(), 0);
    await page.unrouteAll();
    await button('Try again').click();

    await page.route('**/open', (route) => route.fulfill(wall));
    await field('Passphrase').fill('p');
    await page.keyboard.press('Enter');
    // A firewall's refusal is reported at once and not repeated; what may pass is tried again.
    const isFinal = wall.status === 403;
    await (isFinal ? between(403) : text('A proxy responded instead of the server. Trying again')).waitFor();
    assert.equal(await gone().count(), 0);
    assert.equal(await text('passphrase is wrong').count(), 0);
    await page.unrouteAll();
    if (isFinal) await button('Try again').click();
    assert.equal(await shownText(), 'behind the wall');
    assert.equal((await receipt()).views_left, 0);
  });
}

detail('a wall that stands in the way of a card does not take its link', async () => {
  page.allow = ALLOWED;
  const link = await shareText('kept');
  await page.route('**/receipt', (route) => route.fulfill(HTML));
  await page.clock.install();
  await page.clock.runFor(60_000);
  assert.equal(await field('Link').first().textContent(), link);
  await text('Not opened yet').waitFor();

  await page.route('**/api/v1/secrets/*', (route) => route.fulfill({ ...HTML, status: 403 }));
  await button('Burn it now').click();
  await button('Yes, burn it').click();
  await between(403).waitFor();
  assert.equal(await field('Link').first().textContent(), link, 'neither burnt nor gone');
});

test('an upload that is refused on the way waits, and goes on from there', async () => {
  page.allow = ALLOWED;
  const bytes = randomBytes(5_000_000);
  const sent = new Map();
  let walled = true;
  const burnt = [];
  page.on('request', (request) => { if (request.method() === 'DELETE') burnt.push(request.url()); });
  await page.route('**/parts/*', (route) => {
    const part = route.request().url().split('/').at(-1);
    if (walled && part !== '0') return route.fulfill({ ...HTML, status: 403 });
    sent.set(part, (sent.get(part) ?? 0) + 1);
    return route.continue();
  });
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: bytes });
  await button('Create link').click();
  await between(403).waitFor();
  walled = false;
  await button('Try again').click();
  await text('Not opened yet').waitFor();
  const link = await field('Link').first().textContent();
  assert.deepEqual([...sent.values()], [...sent.values()].map(() => 1), 'each part is sent once');
  assert.deepEqual(burnt, []);
  await page.unrouteAll();
  await openLink(link);
  assert.equal(sha((await savedFile()).bytes), sha(bytes));
});

detail('a redirect to a sign-in page is said, and opened in another tab', async () => {
  page.allow = ALLOWED;
  const redirect = { status: 302, headers: { Location: 'https://sign-in.example/' } };
  await page.goto(site.url);
  await page.locator('textarea').fill('typed and kept');
  await page.route('**/api/v1/secrets', (route) => route.fulfill(redirect));
  await button('Create link').click();
  await text('asks you to sign in').waitFor();
  const link = page.getByRole('link', { name: 'Sign in' });
  assert.equal(await link.getAttribute('target'), '_blank');
  assert.equal(await link.getAttribute('href'), site.url);
  assert.equal(await page.locator('textarea').inputValue(), 'typed and kept');
  await page.unrouteAll();
  await createLink();

  await page.route('**/api/v1/config', (route) => route.fulfill(redirect));
  await page.goto(site.url);
  await page.getByRole('heading', { name: 'asks you to sign in' }).waitFor();
});

test('a link that the server has seen says so, and can be burnt unread', async () => {
  const { id, key, receipt } = await shareSecret(site, 'told', { passphrase: 'p' });
  await page.goto(`${site.url}%23${id}.${key}`);
  await text('The server may know the key of this link').waitFor();
  await field('Passphrase').fill('p');
  await button('Burn it unread').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  assert.equal((await receipt()).state, 'burnt');
  const other = await shareSecret(site, 'not told');
  await page.goto(other.link);
  await button('Open').waitFor();
  assert.equal(await text('The server may know').count(), 0);
});

detail('a text with a picture of it is pasted as the text', async () => {
  await page.goto(site.url);
  await page.locator('textarea').focus();
  const paste = (withText) => page.evaluate((say) => {
    const data = new DataTransfer();
    data.items.add(new File(['x'], 'image.png', { type: 'image/png' }));
    if (say) data.setData('text/plain', 'cell A1');
    return document.querySelector('.box').dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
  }, withText);
  assert.equal(await paste(true), true, 'the browser pastes the text');
  assert.equal(await text('image.png').count(), 0);
  assert.equal(await paste(false), false);
  await text('image.png').waitFor();
});

test('a download is neither confirmed nor called saved before the person says that it is there', async () => {
  const { link, receipt } = await shareSecret(site, randomBytes(3_000_000), { name: '.env' });
  await openLink(link);
  await text('Your browser saves it as env.').waitFor();
  for (const label of ['Save', 'Save again']) {
    const coming = page.waitForEvent('download');
    await button(label).click();
    assert.equal((await coming).suggestedFilename(), 'env');
    await text('Handed to your browser. Is the file in your downloads?').waitFor();
  }
  const events = async () => (await receipt()).events.map(({ event }) => event);
  await page.waitForTimeout(500);
  assert.ok(!(await events()).includes('confirmed'));
  assert.equal(await text('Every byte was verified').count(), 0);
  // What was handed over is not given up unasked, neither for another link nor by a reload.
  assert.equal(await asksToLeave(), true);
  await page.evaluate(() => { location.hash = '#nonsense'; });
  await button('Stay here').click();

  await button('It is there').click();
  await text('Saved. Every byte was verified.').waitFor();
  await text('The secret has been erased from the server').waitFor();
  assert.ok((await events()).includes('confirmed'));
  assert.equal(await asksToLeave(), false);
});

test('a page whose script a browser cannot run says so', async () => {
  await page.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  await page.goto(site.url);
  const late = text('your browser may be too old for it');
  assert.equal(await late.evaluate((p) => getComputedStyle(p).visibility), 'hidden', 'not while it loads');
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.late')).visibility === 'visible');
});

test('a key that is being derived is cancelled at once', async (t) => {
  const slow = await startSite({ shipped: true });
  t.after(() => slow.stop());
  await page.addInitScript(() => {
    // The worker notices nothing while it derives.
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function post(message) { if (message.type !== 'cancel') postMessage.call(this, message); };
  });
  await page.goto(slow.url);
  await page.locator('textarea').fill('x');
  await ownPassphrase('a passphrase');
  await page.evaluate(() => {
    new MutationObserver(() => {
      const cancel = [...document.querySelectorAll('button')].find(({ textContent, hidden }) => textContent === 'Cancel' && !hidden);
      if (cancel !== undefined && document.querySelector('.primary .label').textContent === 'Preparing the key') setTimeout(() => cancel.click(), 50);
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  await button('Create link').click();
  await button('Create link').waitFor();
  await page.waitForTimeout(200);
  assert.equal(await text('Your link is ready').count(), 0);
});

test('a link whose upload is not finished says so, keeps the link, and goes on by itself', async () => {
  page.allow = /409/;
  const bytes = randomBytes(700_000);
  await shareSecret(site, bytes, { name: 'late.bin', whileUploading: async (link) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'This secret is still being uploaded' }).waitFor();
    assert.equal(page.url(), link);
    await page.reload();
    await text('Keep this page open').waitFor();
  } });
  await button('Open').click();
  assert.equal(sha((await savedFile()).bytes), sha(bytes));
});

detail('an upload that others of the network keep out says what it waits for', async () => {
  page.allow = /429/;
  let refused = 0;
  const refuse = (route) => (route.request().method() === 'POST' && refused++ < 2
    ? route.fulfill(refusal(429, 'too_many_uploads', { 'Retry-After': '1' })) : route.continue());
  await page.route('**/api/v1/secrets', refuse);
  await page.goto(site.url);
  await page.locator('input[type=file]').setInputFiles({ name: 'f.bin', mimeType: '', buffer: randomBytes(300_000) });
  await button('Create link').click();
  await text('Waiting for other uploads to end').waitFor();
  await text('Not opened yet').waitFor();
});

detail('blanks at the ends of a passphrase are told before a try is spent; those of a generated one go', async () => {
  page.allow = /403/;
  const { link, receipt } = await shareSecret(site, 'blank', { passphrase: 'p', attempts: 5 });
  await page.goto(link);
  await button('Open').click();
  await text('Type the passphrase first.').waitFor();
  await field('Passphrase').fill('p ');
  await button('Open').click();
  await text('The passphrase begins or ends with a blank').waitFor();
  assert.equal((await receipt()).attempts_left, 5);
  await button('Open').click();
  await text('4 attempts left').waitFor();
  await field('Passphrase').fill('p');
  await button('Open').click();
  assert.equal(await shownText(), 'blank');

  const generated = 'abcd-efgh-2345-mnpq-wxyz';
  await page.goto((await shareSecret(site, 'made', { passphrase: generated })).link);
  await field('Passphrase').fill(` ${generated}\t`);
  await button('Open').click();
  assert.equal(await shownText(), 'made');

  await page.goto(site.url);
  await page.locator('button.word').nth(2).click();
  await page.getByLabel('A passphrase of your own').check();
  await field('Passphrase').fill(' leading');
  await text('It begins or ends with a blank').waitFor();
});

test('without a just-in-time compiler a key takes long, with progress, and Cancel works at once', { timeout: 120_000 * patience }, async (t) => {
  const slow = await startBrowser({ args: ['--js-flags=--jitless'] });
  t.after(() => slow.close());
  const tab = await newPage(slow, { locale: 'en-GB' });
  await tab.goto(site.url);
  await tab.locator('textarea').fill('x');
  await tab.locator('button.word').nth(2).click();
  await tab.getByLabel('A passphrase of your own').check();
  await field('Passphrase', tab).fill('a passphrase');
  await button('Done', tab).click();
  // Noted as it happens: a loaded machine must not hide it.
  const shares = await tab.evaluate(() => {
    const seen = document.shares = new Set();
    new MutationObserver(() => seen.add(document.querySelector('.primary .bar')?.style.getPropertyValue('--share')))
      .observe(document.body, { subtree: true, attributes: true });
    return seen.size;
  });
  assert.equal(shares, 0);
  await button('Create link', tab).click();
  await tab.waitForFunction(() => document.shares.size >= 4);
  await button('Cancel', tab).click();
  await button('Create link', tab).waitFor();
  const rising = await tab.evaluate(() => [...document.shares].map(Number).filter((share) => share > 0));
  assert.ok(rising.every((share, i) => i === 0 || share > rising[i - 1]) && rising.at(-1) < 1, rising.join(' '));
  assert.equal(await text('Your link is ready', tab).count(), 0);
  assert.deepEqual(tab.faults, []);
});
