// SPDX-License-Identifier: MIT
// A sign-in before sharing, with the configurations that are shipped and the settings of the operations manual: Apache's
// mod_auth_openidc and a provider of OpenID Connect, and nginx with what it sees of oauth2-proxy. Only hosts, ports and
// paths are changed.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { makeSecret } from '../support/api.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { freePort, has, shipped } from '../support/nginx.mjs';
import { answerFonts, signIn, startOauth2Proxy, startProvider } from '../support/openid.mjs';
import { hasApacheModule, startProxies, startServerBehind } from '../support/proxies.mjs';
import { top } from '../support/server.mjs';
import { button, createLink, openLink, shownText, text } from '../support/stage.mjs';

const USER = 'ada@example';
const TEXT = 'for everybody with the link';

/** The settings in the section of the manual. */
function settingsOfManual() {
  const [section] = /^### People who sign in\n[^]*?(?=^###? )/m.exec(readFileSync(join(top, 'docs/OPERATIONS.md'), 'utf8'));
  return Object.fromEntries([...section.matchAll(/^ *(SECRETS_\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]));
}

/** The value of ${directive} in the shipped configuration. */
const shippedValue = (directive) => new RegExp(`^${directive} "?([^"\n]*)`, 'm').exec(shipped('proxy/apache-sign-in.conf'))[1];

const sendOnce = (proxy, path, { json, headers = {} } = {}) => new Promise((done, failed) => {
  const body = json && JSON.stringify(json);
  const options = { method: body ? 'POST' : 'GET', headers: { ...headers, ...(body && { 'Content-Type': 'application/json', 'Content-Length': body.length }) } };
  https.request({ host: 'localhost', port: proxy.port, path, agent: false, rejectUnauthorized: false, ...options }, (res) => {
    let answer = '';
    res.on('data', (piece) => (answer += piece)).on('end', () => done({ status: res.statusCode, json: /json$/.test(res.headers['content-type']) ? JSON.parse(answer) : null }));
  }).on('error', failed).end(body);
});

/**
 * Send ${json} if it is there, else GET, through ${proxy}; a header that is an array is sent as often. What nginx refuses
 * because requests come too fast is sent again. Resolves to { status, json }.
 */
async function ask(proxy, path, options) {
  for (let tries = 0; ; tries++) {
    const answer = await sendOnce(proxy, path, options);
    if (answer.status !== 429 || tries === 40) return answer;
    await new Promise((done) => setTimeout(done, 500));
  }
}

/** What clients may try, to be taken for somebody: each once and twice. */
const FORGED = [
  'X-Forwarded-User', 'x-forwarded-USER', 'X_Forwarded_User', 'X-Forwarded_User', 'OIDC_CLAIM_email', 'OIDC-CLAIM-email', 'oidc_claim_EMAIL', 'Remote-User', 'REMOTE_USER',
].flatMap((name) => [{ [name]: 'eve@example' }, { [name]: ['eve@example', 'ada@example'] }]);

/** What is in front of the server: which settings it needs, what starts the other end, and what a person does there. */
const FRONTS = {
  'apache with sign-in': {
    skip: !hasApacheModule('auth_openidc'),
    address: '/sign-in',
    forget: '    RequestHeader unset X-Forwarded-User\n',
    start: (port, proxy) => startProvider({ port, id: shippedValue('OIDCClientID'), secret: shippedValue('OIDCClientSecret'), redirect: `${proxy.url}sign-in/callback` }),
    signIn: (page) => signIn(page, USER),
  },
  'nginx with sign-in': {
    skip: !has('nginx'),
    address: '/oauth2/start?rd=/',
    forget: '    proxy_set_header X-Forwarded-User $secretsd_user;\n',
    start: (port) => startOauth2Proxy({ port, email: USER }),
    signIn: async () => undefined,
  },
};

for (const [kind, front] of Object.entries(FRONTS)) describe(kind, { skip: front.skip }, () => {
  const brand = mkdtempSync(join(tmpdir(), 'brand-'));
  let settings;
  let site;
  let proxy;
  let provider;
  let browser;

  before(async () => {
    writeFileSync(join(brand, 'brand.json'), JSON.stringify({ name: 'Nordwind', sign_in: front.address }));
    const port = await freePort();
    settings = { ...settingsOfManual(), SECRETS_BRAND: brand };
    assert.deepEqual(Object.keys(settings).sort(), ['SECRETS_BRAND', 'SECRETS_CREATE', 'SECRETS_USER_HEADER', 'SECRETS_USER_PROXIES']);
    site = await startProxies([kind], settings, { provider: `http://127.0.0.1:${port}` });
    proxy = site.proxies[kind];
    provider = await front.start(port, proxy);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await provider?.stop();
    await site?.stop();
    rmSync(brand, { recursive: true });
  });

  const openWindow = () => newPage(browser, { ignoreHTTPSErrors: true, locale: 'en-GB' });

  /** A page whose visitor has signed in by the page's link. */
  async function signedInPage() {
    const page = await openWindow();
    await answerFonts(page);
    await page.goto(proxy.url);
    await text('Only members of Nordwind can share here', page).waitFor();
    assert.equal(await page.locator('textarea').count(), 0);
    await button('Sign in', page).click();
    await front.signIn(page);
    await text(`Sharing as ${USER}`, page).waitFor();
    assert.equal(page.url(), proxy.url);
    return page;
  }

  test('who signs in shares under their name, and everybody opens', { timeout: 120_000 }, async () => {
    const page = await signedInPage();
    await page.locator('textarea').fill(TEXT);
    const link = await createLink(page);
    await page.goto(proxy.url);
    await text(`Sharing as ${USER}`, page).waitFor();

    const reader = await openWindow();
    await openLink(link, reader);
    assert.equal(await shownText(reader), TEXT);
    await reader.goto(proxy.url);
    await button('Sign in', reader).waitFor();
    assert.equal(await reader.locator('textarea').count(), 0);
    assert.deepEqual([...page.faults, ...reader.faults], []);
  });

  test('whose sign-in ends keeps the text, signs in again in a new tab, and shares', { timeout: 120_000 }, async () => {
    const page = await signedInPage();
    await page.locator('textarea').fill(TEXT);
    await page.context().clearCookies();
    page.allow = /401/;
    await button('Create link', page).click();
    const again = page.getByRole('link', { name: 'Sign in' });
    await again.waitFor();
    const [tab] = await Promise.all([page.context().waitForEvent('page'), again.click()]);
    await front.signIn(tab);
    await text(`Sharing as ${USER}`, tab).waitFor();
    await createLink(page);
  });

  test('no header of a client names a user', async () => {
    for (const headers of [{}, ...FORGED, { Cookie: `mod_auth_openidc_session=${'A'.repeat(36)}` }]) {
      const what = JSON.stringify(headers);
      assert.equal((await ask(proxy, '/encrypt', { headers, json: { secret: 'x' } })).json.code, 'creators_only', what);
      assert.equal((await ask(proxy, '/api/v1/secrets', { headers, json: makeSecret().create })).json.code, 'creators_only', what);
      assert.deepEqual((await ask(proxy, '/api/v1/config', { headers })).json.create, { allowed: false, ways: ['user'] }, what);
    }
    assert.match(`${(await ask(proxy, '/metrics')).status}`, /^40[34]$/);
  });

  test('who signed in is nobody else, and no other page shares for them', { timeout: 120_000 }, async () => {
    const page = await signedInPage();
    const Cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    for (const headers of [{}, ...FORGED])
      assert.equal((await ask(proxy, '/api/v1/config', { headers: { ...headers, Cookie } })).json.create.user, USER, JSON.stringify(headers));

    const share = async (headers) => (await ask(proxy, '/encrypt', { headers: { ...headers, Cookie }, json: { secret: 'x' } })).status;
    assert.equal(await share({}), 200);
    assert.equal(await share({ 'Sec-Fetch-Site': 'cross-site' }), 403);
    assert.equal(await share({ 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.localhost' }), 403);
    assert.equal(await share({ Origin: 'https://other.example' }), 401);
  });

  // The provider of this one does not respond, which keeps nobody from opening.
  test('the control: without the line that sets the header a client names itself', async (t) => {
    const changes = { [front.forget]: '' };
    const open = await startServerBehind(t, kind, settings, { provider: 'http://127.0.0.1:1', changes });
    assert.equal((await ask(open, '/')).status, 200);
    const { status } = await ask(open, '/encrypt', { headers: { 'X-Forwarded-User': 'eve@example' }, json: { secret: 'x' } });
    assert.equal(status, 200);
  });
});
