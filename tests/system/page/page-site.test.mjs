// SPDX-License-Identifier: MIT
// The page as an operator can set it up: who shares, its brand, its languages, its hosts, and a server that is in
// trouble.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detail } from '../support/brief.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { buildFolder } from '../support/server.mjs';
import { shareSecret, startSite, startStatic } from '../support/site.mjs';
import {
  BRAND, brandIt, LOGO, browser, button, changeConfig, createLink, field, giveUp, openLink, page, refusal, savedFile, setStage, sha, shownText, site, text,
} from '../support/stage.mjs';

setStage();

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
  await text(/^A proxy responded instead of 127\.0\.0\.1:\d+, with status 404\.$/).waitFor();
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
  const shipped = await startSite({ shipped: true });
  t.after(() => shipped.stop());
  if (!shipped.real) return t.skip('needs secretsd');
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
    const own = await sumsAt(shipped.url);
    assert.deepEqual([...own.keys()], [...built.filter((name) => name !== 'config.json'), `secret/${'0'.repeat(16)}`].sort());
    for (const [name, sum] of own) assert.equal(await served(shipped.url, name), sum, name);
    for (const path of ['', '%23abc.def']) assert.equal(await served(shipped.url, path), own.get('index.html'), path);
    assert.equal(await served(shipped.url, 'secret/abcdefghijklmnop'), own.get(`secret/${'0'.repeat(16)}`));
    assert.equal(await readFile(join(buildFolder, 'gen/SHA256SUMS'), 'utf8'), await (await fetch(`${shipped.url}SHA256SUMS`)).text());
    // On a host of its own config.json is the one that somebody wrote.
    const plain = await sumsAt(host.url);
    assert.deepEqual([...plain.keys()], built);
    for (const [name, sum] of plain) if (name !== 'config.json') assert.equal(await served(host.url, name), sum, name);
  } finally {
    await host.stop();
  }
  return undefined;
});
