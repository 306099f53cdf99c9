// SPDX-License-Identifier: MIT
// Every state of the page, and how to bring it about: for the accessibility tests and the screenshots.
import { randomBytes } from 'node:crypto';
import { shareSecret } from './site.mjs';
import { brandIt, button, changeConfig, changeJson, createLink, field, giveUp, refusal } from './stage.mjs';

const BOX = 'textarea';
const refuse = (page, glob, status, code, headers) => page.route(glob, (route) => route.fulfill(refusal(status, code, headers)));
const hold = (page, glob) => page.route(glob, () => undefined);
const files = (...sizes) => sizes.map((size, i) => ({ name: ['contract.pdf', 'photo.jpeg', 'notes of Tuesday.txt'][i % 3], mimeType: '', buffer: randomBytes(size) }));
const TEXT = 'The new password is below.\n\nhunter2-but-longer';

async function openForm(page, site) {
  await page.goto(site.url);
  await page.locator(BOX).waitFor();
}

async function shareText(page, site, text = TEXT) {
  await openForm(page, site);
  await page.locator(BOX).fill(text);
  return createLink(page);
}

async function openLink(page, link) {
  await page.goto(link);
  await button('Open', page).waitFor();
}

async function openText(page, site, options) {
  const secret = await shareSecret(site, TEXT, options);
  await openLink(page, secret.link);
  await button('Open', page).click();
  await button('Copy', page).waitFor();
  return secret;
}

async function openFile(page, site, size = 700_000) {
  const secret = await shareSecret(site, randomBytes(size), { name: 'contract of November.pdf', type: 'application/pdf' });
  await openLink(page, secret.link);
  await button('Open', page).click();
  await button('Save', page).waitFor();
  return secret;
}

/** Let the server's info of the secret `id` be what it is but for `changes`. */
const changeInfo = (page, id, changes) => changeJson(page, `**/api/v1/secrets/${id}`, (info) => ({ ...info, ...changes }));

const popover = (slot) => async (page, site) => {
  await openForm(page, site);
  await page.locator('button.word').nth(slot).click();
  await page.getByRole('dialog').waitFor();
};

/** name → async (page, site): afterwards `page` shows it. All but a few work against any server. */
export const states = {
  empty: openForm,
  typing: async (page, site) => {
    await openForm(page, site);
    await page.locator(BOX).fill(TEXT);
  },
  files: async (page, site) => {
    await openForm(page, site);
    await page.locator('input[type=file]').setInputFiles(files(48_211, 2_400_000, 912));
    await page.getByText('3 files').first().waitFor();
  },
  'popover-views': popover(0),
  'popover-expiry': popover(1),
  'popover-passphrase': async (page, site) => {
    await popover(2)(page, site);
    await page.getByLabel('A passphrase of your own').check();
    await field('Passphrase', page).fill('correct horse battery');
  },
  'nothing-to-share': async (page, site) => {
    await openForm(page, site);
    await button('Create link', page).click();
    await page.getByText('Type something').waitFor();
  },
  uploading: async (page, site) => {
    let seen = 0;
    await page.route('**/parts/*', (route) => (++seen > 2 ? undefined : route.continue()));
    await openForm(page, site);
    await page.locator('input[type=file]').setInputFiles(files(5_000_000));
    await button('Create link', page).click();
    await page.getByText('%').waitFor();
    await page.waitForFunction(() => !/^0/.test(document.querySelector('.primary .label').textContent));
  },
  result: async (page, site) => { await shareText(page, site); },
  'result-qr': async (page, site) => {
    await shareText(page, site);
    await button('QR code', page).click();
    await page.getByRole('img', { name: 'QR code of the link' }).waitFor();
  },
  'result-key-apart': async (page, site) => {
    await openForm(page, site);
    await page.locator(BOX).fill(TEXT);
    await page.locator('button.word').nth(2).click();
    await page.getByLabel('A generated passphrase').check();
    await page.getByLabel('Send the key separately').check();
    await button('Done', page).click();
    await createLink(page);
  },
  'status-opened': async (page, site) => {
    await openForm(page, site);
    await page.locator('button.word').first().click();
    await page.getByLabel('3', { exact: true }).check();
    await page.locator(BOX).fill(TEXT);
    await page.keyboard.press('Control+Enter');
    await page.getByText('Not opened yet').waitFor();
    const link = await field('Link', page).textContent();
    const other = await page.context().newPage();
    await openLink(other, link);
    await button('Open', other).click();
    await button('Copy', other).waitFor();
    await other.close();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText(/^Opened/).waitFor();
  },
  'status-gone': async (page, site) => {
    await shareText(page, site);
    await button('Burn it now', page).click();
    await button('Yes, burn it', page).click();
    await page.getByText(/^Burnt/).waitFor();
  },
  'many-earlier': async (page, site) => {
    const made = [];
    for (let i = 0; i < 6; i++) made.push(await shareSecret(site, 'x', { views: 3 }));
    await made[1].open();
    await made[2].burn();
    const now = Math.floor(Date.now() / 1000);
    await page.goto(site.url);
    await page.evaluate((all) => localStorage.setItem('ephemeral-secrets', JSON.stringify(all)),
      made.map(({ id, owner }, i) => ({ id, token: owner, made: now - i * 7000, until: now + 432000 })));
    await page.reload();
    await page.getByText('Not opened yet').first().waitFor();
    await page.getByText(/^Burnt/).waitFor();
  },
  'not-allowed': async (page, site) => {
    await brandIt(page, undefined, { create: { allowed: false, ways: ['user', 'token'] } });
    await page.goto(site.url);
    await page.getByText('Only members of').waitFor();
  },
  'token-asked': async (page, site) => {
    await changeConfig({ create: { allowed: false, ways: ['token'] } }, page);
    await page.goto(site.url);
    await field('API token', page).waitFor();
  },
  'token-wrong': async (page, site) => {
    page.allow = /401/;
    await changeConfig({ create: { allowed: false, ways: ['token'] } }, page);
    await refuse(page, '**/v1/secrets', 401, 'creators_only');
    await page.goto(site.url);
    await field('API token', page).fill('x'.repeat(43));
    await button('Continue', page).click();
    await page.locator(BOX).fill(TEXT);
    await button('Create link', page).click();
    await page.getByText('does not accept this API token').waitFor();
  },
  'token-used': async (page, site) => {
    await changeConfig({ create: { allowed: false, ways: ['token'] } }, page);
    await page.goto(site.url);
    await field('API token', page).fill('x'.repeat(43));
    await button('Continue', page).click();
    await page.getByText('Sharing with an API token').waitFor();
  },
  'open-only': async (page, site) => {
    await changeConfig({ create: { allowed: false, ways: [] } }, page);
    await page.goto(site.url);
    await page.getByRole('heading', { name: 'You can only open links here' }).waitFor();
  },
  'right-ended': async (page, site) => {
    page.allow = /401/;
    await brandIt(page, undefined, { create: { allowed: true, ways: ['user'], user: 'ada@nordwind.example' } });
    await refuse(page, '**/v1/secrets', 401, 'creators_only');
    await openForm(page, site);
    await page.locator(BOX).fill(TEXT);
    await button('Create link', page).click();
    await page.getByText('does not let you share now').waitFor();
  },
  'signed-in': async (page, site) => {
    await changeConfig({ create: { allowed: true, ways: ['user'], user: 'ada@nordwind.example' } }, page);
    await openForm(page, site);
    await page.getByText('Sharing as').waitFor();
  },
  rules: async (page, site) => {
    await changeConfig({ passphrase: 'required', views_max: 3 }, page);
    await openForm(page, site);
    await page.locator('button.word').nth(2).click();
    await page.getByText('This server requires a passphrase.').waitFor();
  },
  brand: async (page, site) => {
    await brandIt(page, undefined, { create: { allowed: true, ways: ['user'], user: 'ada@nordwind.example' } });
    await openForm(page, site);
    await page.locator('header img').waitFor();
  },
  'brand-waiting': async (page, site) => {
    await brandIt(page);
    await openLink(page, (await shareSecret(site, TEXT)).link);
    await page.getByText('Report this link').waitFor();
  },
  'zip-listed': async (page, site) => {
    await openForm(page, site);
    await page.locator('input[type=file]').setInputFiles(files(48_211, 240_000, 912));
    await openLink(page, await createLink(page));
    await button('Open', page).click();
    await button('Save all as one zip', page).waitFor();
  },
  folder: async (page, site) => {
    await openForm(page, site);
    // A browser makes no folders for scripts, so this one has the parts that the page uses.
    await page.evaluate(() => {
      const entry = (name, size) => ({ isFile: true, isDirectory: false, name, file: (done) => done(new File([new Uint8Array(size)], name)) });
      const entries = [entry('a.jpg', 2_000_000), entry('b.jpg', 1_800_000)];
      const folder = { isDirectory: true, name: 'Photos of November', createReader: () => ({ readEntries: (done) => done(entries.splice(0)) }) };
      const event = new DragEvent('drop', { bubbles: true, cancelable: true });
      const items = [{ kind: 'file', webkitGetAsEntry: () => folder }, { kind: 'file', getAsFile: () => new File(['x'], 'contract.pdf') }];
      Object.defineProperty(event, 'dataTransfer', { value: { items, types: ['Files'] } });
      document.querySelector('.box').dispatchEvent(event);
    });
    await page.getByText('3 files').first().waitFor();
  },
  'replace-asked': async (page, site) => {
    await openForm(page, site);
    await page.locator(BOX).fill(TEXT);
    const { id, key } = await shareSecret(site, TEXT);
    await page.evaluate((hash) => { location.hash = hash; }, `${id}.${key}`);
    await page.getByRole('dialog').waitFor();
  },
  'burn-failed': async (page, site) => {
    page.allow = /500/;
    await shareText(page, site);
    await refuse(page, '**/secrets/*', 500, 'internal');
    await button('Burn it now', page).click();
    await button('Yes, burn it', page).click();
    await page.getByText('It could not be burnt').waitFor();
  },
  'how-this-works': async (page, site) => {
    await openForm(page, site);
    await button('How this works', page).click();
    await page.getByRole('dialog').waitFor();
  },
  waiting: async (page, site) => { await openLink(page, (await shareSecret(site, TEXT, { views: 3 })).link); },
  'still-uploading': async (page, site) => {
    page.allow = /409/;
    await refuse(page, '**/secrets/*', 409, 'uploading');
    await page.goto((await shareSecret(site, TEXT)).link);
    await page.getByRole('heading', { name: 'still being uploaded' }).waitFor();
  },
  'uploads-waited-for': async (page, site) => {
    page.allow = /429/;
    await refuse(page, '**/v1/secrets', 429, 'too_many_uploads', { 'Retry-After': '15' });
    await openForm(page, site);
    await page.locator('input[type=file]').setInputFiles(files(300_000));
    await button('Create link', page).click();
    await page.getByText('Waiting for other uploads').first().waitFor();
  },
  'passphrase-blanks': async (page, site) => {
    await openLink(page, (await shareSecret(site, TEXT, { passphrase: 'p' })).link);
    await field('Passphrase', page).fill('p ');
    await button('Open', page).click();
    await page.getByText('begins or ends with a blank').waitFor();
  },
  'passphrase-asked': async (page, site) => {
    await openLink(page, (await shareSecret(site, TEXT, { passphrase: 'p' })).link);
  },
  'key-asked': async (page, site) => { await openLink(page, (await shareSecret(site, TEXT)).keyless); },
  'wrong-passphrase': async (page, site) => {
    page.allow = /403/;
    await openLink(page, (await shareSecret(site, TEXT, { passphrase: 'p', attempts: 4 })).link);
    await field('Passphrase', page).fill('wrong');
    await button('Open', page).click();
    await page.getByText('3 attempts left').waitFor();
  },
  'open-lost': async (page, site) => {
    page.allow = /Failed to load resource/;
    let asked;
    const seen = new Promise((done) => { asked = done; });
    await page.route('**/open', asked);
    await openLink(page, (await shareSecret(site, TEXT)).link);
    await button('Open', page).click();
    await seen;
    await button('Cancel', page).click();
    await page.getByText('an opening may have been used').waitFor();
  },
  'open-broken': async (page, site) => {
    page.allow = /broken/;
    await page.route('**/worker.js', async (route) => route.fulfill({ response: await route.fetch(), body: 'throw new Error("broken")' }));
    await openLink(page, (await shareSecret(site, TEXT)).link);
    await button('Open', page).click();
    await page.getByText('open the link again').waitFor();
  },
  deriving: async (page, site) => {
    await hold(page, '**/open');
    await openLink(page, (await shareSecret(site, TEXT)).link);
    await button('Open', page).click();
    await page.getByText('Opening', { exact: true }).first().waitFor();
  },
  'text-covered': async (page, site) => { await openText(page, site, { views: 3 }); },
  'text-shown': async (page, site) => {
    await openText(page, site, { views: 3 });
    await button('Show', page).click();
    await page.locator('pre').waitFor();
  },
  'file-waiting': async (page, site) => { await openFile(page, site); },
  'file-downloading': async (page, site) => {
    let seen = 0;
    await page.route('**/parts/*', (route) => (++seen > 3 ? undefined : route.continue()));
    await openFile(page, site, 5_000_000);
    await button('Save', page).click();
    await page.waitForFunction(() => !/^(0|Save)/.test(document.querySelector('.primary .label').textContent));
  },
  'file-handed-over': async (page, site) => {
    await openFile(page, site);
    const download = page.waitForEvent('download');
    await button('Save', page).click();
    await download;
    await button('It is there', page).waitFor();
  },
  'file-saved': async (page, site) => {
    await openFile(page, site);
    const download = page.waitForEvent('download');
    await button('Save', page).click();
    await download;
    await button('It is there', page).click();
    await page.getByText('Every byte was verified').waitFor();
    await page.getByText('That was the last opening.').waitFor();
  },
  'file-lapsed': async (page, site) => {
    page.allow = /404/;
    await openFile(page, site, 3_000_000);
    await refuse(page, '**/parts/*', 404, 'not_found');
    await button('Save', page).click();
    await page.getByRole('heading', { name: 'This opening is over' }).waitFor();
  },
  'erase-failed': async (page, site) => {
    page.allow = /500/;
    await openText(page, site, { views: 2 });
    await refuse(page, '**/secrets/*', 500, 'internal');
    await button('Copy', page).click();
    await button('I have it, destroy it', page).click();
    await page.getByText('It could not be erased').waitFor();
  },
  'last-time': async (page, site) => {
    await hold(page, '**/lease');
    await openText(page, site);
    await page.getByText('The server is erasing the secret').waitFor();
  },
  erased: async (page, site) => {
    await openText(page, site);
    await button('Copy', page).click();
    await button('Erase it here too', page).click();
    await page.getByRole('heading', { name: 'Erased' }).waitFor();
  },
  gone: async (page, site) => {
    page.allow = /404/;
    const secret = await shareSecret(site, TEXT);
    await secret.burn();
    await page.goto(secret.link);
    await page.getByRole('heading', { name: 'is gone' }).waitFor();
  },
  locked: async (page, site) => {
    page.allow = /403/;
    await openLink(page, (await shareSecret(site, TEXT, { passphrase: 'p', attempts: 1 })).link);
    await field('Passphrase', page).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'is locked' }).waitFor();
  },
  offline: async (page, site) => {
    page.allow = /Failed to load resource/;
    const secret = await shareSecret(site, TEXT);
    await page.route('**/secrets/*', (route) => route.abort());
    await page.goto(secret.link);
    await giveUp(page.getByText('cannot be reached'), page);
  },
  busy: async (page, site) => {
    page.allow = /503/;
    await refuse(page, '**/secrets/*', 503, 'busy', { 'Retry-After': '60' });
    await page.goto((await shareSecret(site, TEXT)).link);
    await page.getByText('Nothing was used up').waitFor();
  },
  unreachable: async (page, site) => {
    page.allow = /Failed to load resource/;
    await page.route('**/config', (route) => route.abort());
    await page.goto(site.url);
    await giveUp(page.getByRole('heading', { name: 'is not responding' }), page);
  },
  misconfigured: async (page, site) => {
    await page.route('**/config', (route) => route.fulfill({ contentType: 'application/json', headers: { 'Secrets-Answer': '1' }, body: '{}' }));
    await page.goto(site.url);
    await page.getByRole('heading', { name: 'misconfigured' }).waitFor();
  },
  'in-between': async (page, site) => {
    page.allow = /Failed to load resource/;
    await page.route('**/config', (route) => route.fulfill({ status: 403, contentType: 'text/html', body: '<html>' }));
    await page.goto(site.url);
    await page.getByRole('heading', { name: 'Something is in the way' }).waitFor();
  },
  'sign-in': async (page, site) => {
    await page.route('**/config', (route) => route.fulfill({ status: 302, headers: { Location: 'https://sign-in.example/' } }));
    await page.goto(site.url);
    await page.getByRole('heading', { name: 'asks you to sign in' }).waitFor();
  },
  'too-old': async (page, site) => {
    // Other states may follow in this page.
    await page.addInitScript(() => { if (location.hash === '#old') delete globalThis.ReadableStream; });
    await page.goto(`${site.url}#old`);
    await page.getByRole('heading', { name: 'too old' }).waitFor();
  },
  reloaded: async (page, site) => {
    await openText(page, site, { views: 2 });
    await page.reload();
    await page.getByRole('heading', { name: 'This page showed a secret' }).waitFor();
  },
  wrapped: async (page, site) => {
    const { id, link } = await shareSecret(site, TEXT);
    await changeInfo(page, id, { wrap: true });
    await page.goto(link);
    await button('Copy command', page).waitFor();
  },
  exposed: async (page, site) => {
    const { id, key } = await shareSecret(site, TEXT);
    await page.goto(`${site.url}%23${id}.${key}`);
    await button('Burn it unread', page).waitFor();
  },
  damaged: async (page, site) => {
    await page.goto(`${site.url}#notalink`);
    await page.getByRole('heading', { name: 'is damaged' }).waitFor();
  },
  classic: async (page, site) => {
    await page.goto(`${site.url}secret/abcdefghijklmnop`);
    await button('Open', page).waitFor();
  },
};
