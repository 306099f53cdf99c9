// SPDX-License-Identifier: MIT
// What a person can do with the page, in Chromium against the real server: share and open a text, and open each kind
// of link.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { brief, detail } from '../support/brief.mjs';
import { COSTLY, shareSecret } from '../support/site.mjs';
import {
  button, clipboard, choose, createLink, field, openLink, page, refusal, savedFile, setStage, sha, shareText, shownText, site, text, until,
} from '../support/stage.mjs';

setStage();

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
  await text('Can be opened once, until').waitFor();
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
  await text('That was the last opening, so no link opens it again.').waitFor();
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
  await text('Can be opened 3 times, until').waitFor();
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

detail('a generated passphrase is shown once, with the link', async () => {
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

test('“I have it, destroy it” leaves nothing for anyone', async () => {
  const { link, receipt } = await shareSecret(site, 'mine', { views: 5 });
  await openLink(link);
  await button('Copy').click();
  await text('Copied').waitFor();
  await button('I have it, destroy it').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
  const { state, events } = await receipt();
  assert.equal(state, 'burnt');
  assert.ok(events.some(({ event }) => event === 'burnt_by_opener'));
});

test('what was neither copied nor saved is not erased unasked', async () => {
  const { link } = await shareSecret(site, 'mine');
  await openLink(link);
  await button('Erase it here too').click();
  await text('This is the last copy.').waitFor();
  await button('Stay here').click();
  assert.equal(await shownText(), 'mine');
  await button('Erase it here too').click();
  await button('Yes, erase it').click();
  await page.getByRole('heading', { name: 'Erased' }).waitFor();
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
    if (how === 'busy') await route.fulfill(refusal(503, 'busy', { 'Retry-After': '0' }));
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
