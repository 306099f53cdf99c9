// SPDX-License-Identifier: MIT
// The service behind every proxy that the operations manual names, with the configurations that are shipped:
// the page in Chromium, the command line client and curl share and open a text, a file in parts, and see the receipt.
// One server stands behind all of them.
//
// With BRIEF (support/brief.mjs) the page goes behind the proxies that a page can tell from a server.
// FILE_KIB (3072) is the size of the file, PART_KIB (1024) that of its parts.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';

import { brief } from '../support/brief.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { has } from '../support/nginx.mjs';
import { programOf, proxyKinds, startProxies } from '../support/proxies.mjs';
import { button, createLink, field, openLink, savedFile, sha, shownText, until } from '../support/stage.mjs';

useCheapClient();

const TEXT = 'correct horse\nbattery ✓ שלום\n';
const PART_KIB = Number(process.env.PART_KIB ?? 1024);
const FILE = randomBytes(Number(process.env.FILE_KIB ?? 3072) << 10);
const SMALL = randomBytes(Math.min(FILE.length, 2 << 20)); // the classic service takes no larger one

/** The server believes the name of a user from each of the proxies. */
const NAMING = { SECRETS_USER_HEADER: 'X-Forwarded-User', SECRETS_USER_PROXIES: 'unix' };

const kinds = proxyKinds.filter((kind) => has(programOf(kind)));
let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([startProxies(kinds, { SECRETS_PART_SIZE: `${PART_KIB << 10}`, ...NAMING }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** A small page that does not move takes less time to draw. */
const frugal = { viewport: { width: 320, height: 300 }, reducedMotion: 'reduce' };

async function openPage(t, proxy) {
  const page = await newPage(browser, { ...frugal, ignoreHTTPSErrors: true, locale: 'en-GB', ...(proxy.basic && { httpCredentials: proxy.basic }) });
  t.after(() => page.context().close());
  // The first request with a token meets the proxy's own 401, and goes again with the other header.
  if (proxy.basic) page.allow = /status of 401/;
  if (proxy.login) await page.goto(proxy.login);
  return page;
}

/** A text, and the file if ${withFile}, are shared and opened by the page. */
async function throughPage(t, proxy, withFile) {
  const page = await openPage(t, proxy);

  await page.goto(proxy.url);
  await page.locator('textarea').fill(TEXT);
  const link = await createLink(page);
  assert.ok(link.startsWith(proxy.url), `${link} is below ${proxy.url}`);
  if (withFile) await fileThroughPage(page, link);
  await openLink(link, page);
  assert.equal(await shownText(page), TEXT);

  await page.goto(proxy.url);
  const opened = page.locator('.earlier').getByText(/^Opened/);
  await until(async () => await opened.count() === (withFile ? 2 : 1), 'all receipts');
  assert.deepEqual(page.faults, []);
}

/** Share the file after the text of ${link}, and open it. */
async function fileThroughPage(page, link) {
  await button('Share another secret', page).click();
  await page.locator('input[type=file]').setInputFiles({ name: 'plan.bin', mimeType: 'application/octet-stream', buffer: FILE });
  await button('Create link', page).click();
  await page.locator('.card').nth(1).waitFor();
  const links = await field('Link', page).allTextContents();

  await openLink(links.find((one) => one !== link), page);
  const saved = await savedFile(page);
  assert.equal(saved.name, 'plan.bin');
  assert.equal(sha(saved.bytes), sha(FILE));
}

/** The address with credentials in it, as a person types it. */
function addressOf({ url, basic }) {
  const address = new URL(url);
  if (basic) Object.assign(address, basic);
  return address.href;
}

async function throughCli(t, proxy) {
  const cli = await newHome(undefined);
  t.after(() => cli.remove());
  const extra = { SSL_CERT_FILE: proxy.certificate, SECRETS_SERVER: addressOf(proxy) };
  const run = async (...args) => {
    const r = await cli.run(args, { input: args.input, extra });
    assert.equal(r.code, 0, `${args.join(' ')}: ${r.stderr}`);
    return r;
  };
  const put = async (args, input) => {
    const r = await cli.run(['put', ...args], { input, extra });
    assert.equal(r.code, 0, r.stderr);
    const link = r.stdout.trim();
    assert.ok(link.startsWith(proxy.url), `${link} is below ${proxy.url}`);
    assert.ok(!link.includes('ada') && !r.stderr.includes('pass word'), 'credentials are never printed');
    return link;
  };

  const link = await put([], TEXT);
  assert.equal((await run('get', link)).stdout, TEXT);
  const receipt = JSON.parse((await run('receipt', '--json', link)).stdout);
  assert.match(JSON.stringify(receipt), /used_up|opened/);

  writeFileSync(join(cli.folder, 'plan.bin'), FILE);
  const fileLink = await put([join(cli.folder, 'plan.bin')], '');
  await run('get', '-o', join(cli.folder, 'got.bin'), fileLink);
  assert.equal(sha(readFileSync(join(cli.folder, 'got.bin'))), sha(FILE));
}

/** The client has no cookies, and is sent to the sign-on: it says where, and that nothing came of it. */
async function clientWithoutCookies(t, proxy) {
  const cli = await newHome(proxy.url);
  t.after(() => cli.remove());
  const told = new RegExp(`^secrets: a proxy responded instead of ${proxy.url}, with a redirect to ${proxy.login}\n  It may be a page for signing in\\. Ask the operator for an address that programs can use\\.\n$`);
  const link = `${proxy.url}#${'A'.repeat(22)}.${'k'.repeat(32)}`;
  for (const args of [['put'], ['get', link], ['info', link]]) {
    const r = await cli.run(args, { input: TEXT });
    assert.equal(r.code, exit.network, r.stderr);
    assert.match(r.stderr, told, args[0]);
    assert.equal(r.stdout, '');
  }
}

async function throughCurl(t, proxy) {
  const user = proxy.basic ? ['-u', `${proxy.basic.username}:${proxy.basic.password}`] : [];
  const cookie = proxy.login ? ['-b', 'session=known'] : [];
  const curl = async (path, ...args) => {
    const { stdout } = await promisify(execFile)('curl', ['-sS', '--fail-with-body', '--cacert', proxy.certificate, ...user, ...cookie, `${proxy.url}${path}`, ...args], { maxBuffer: 1 << 26 });
    return JSON.parse(stdout);
  };
  const made = await curl('encrypt', '-d', JSON.stringify({ secret: TEXT }));
  assert.deepEqual(await curl('decrypt', '-d', JSON.stringify(made)), { data: TEXT });

  const small = join(dirname(proxy.certificate), 'small.bin');
  writeFileSync(small, SMALL);
  const file = await curl('encrypt?file_name=small.bin', '--data-binary', `@${small}`);
  const opened = await curl('decrypt', '-d', JSON.stringify(file));
  assert.equal(opened.file_name, 'small.bin');
  assert.equal(sha(Buffer.from(opened.data, 'base64')), sha(SMALL));
  assert.ok((await curl('api/v1/config')).part_size > 0);
}

/** The response to a GET of ${path} through ${proxy}, by a client who has signed in and sends ${headers}. */
function fetchThrough(proxy, path, headers) {
  const url = new URL(path, proxy.url);
  const cookie = proxy.login ? { Cookie: 'session=known' } : {};
  const auth = proxy.basic && `${proxy.basic.username}:${proxy.basic.password}`;
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((done, failed) => {
    request(url, { agent: false, auth, rejectUnauthorized: false, headers: { ...cookie, ...headers } }, done).on('error', failed).end();
  });
}

/** The user that the server takes ${proxy}'s client for, who sends ${headers}. */
async function userOf(proxy, headers) {
  const response = await fetchThrough(proxy, 'api/v1/config', headers);
  assert.equal(response.statusCode, 200);
  return JSON.parse((await response.toArray()).join('')).create.user;
}

/** No client names a user, in whatever case and spelling. The control is a proxy that removes nothing. */
async function forgedUser(proxy) {
  if (proxy.login) {
    assert.equal(await userOf(proxy, { 'X-Forwarded-User': 'ada' }), 'ada');
    return;
  }
  for (const name of ['X-Forwarded-User', 'x-forwarded-USER', 'X_Forwarded_User', 'X-Forwarded_User'])
    for (const value of ['ada', ['ada', 'eve']])
      assert.equal(await userOf(proxy, { [name]: value }), undefined, `${name}: ${value}`);
}

/** No client hides its address by naming the header with it as one of the connection (RFC 9110, 7.6.1). */
async function hiddenAddress(proxy) {
  const before = site.stderr().length;
  const response = await fetchThrough(proxy, `api/v1/secrets/${'Z'.repeat(22)}`, { Connection: 'close, X-Forwarded-For' });
  await response.toArray();
  if (response.statusCode === 400) {
    assert.equal(response.headers['secrets-answer'], undefined, 'the proxy refused it, not the server');
    return;
  }
  assert.equal(response.statusCode, 404);
  const line = () => site.stderr().slice(before).split('\n').find((one) => one.includes('event=request') && one.includes('status=404'));
  for (let i = 0; i < 100 && line() === undefined; i++) await new Promise((done) => setTimeout(done, 50));
  assert.match(line(), /client=127\./);
}

/** Who operates the service asks on its own address: a query does not lead around that. */
async function operatorsPaths(proxy) {
  const own = await fetchThrough(proxy, 'healthz?x', {});
  await own.toArray();
  assert.deepEqual([own.statusCode, own.headers['secrets-answer']], [200, '1'], 'control: the server answers');
  for (const path of ['readyz', 'readyz?x', 'readyz?', 'metrics', 'metrics?x']) {
    const response = await fetchThrough(proxy, path, {});
    await response.toArray();
    assert.ok([403, 404].includes(response.statusCode), `${path}: ${response.statusCode}`);
    assert.equal(response.headers['secrets-answer'], undefined, path);
  }
}

/** A connection to ${proxy} from ${localAddress}. Resolves to its socket after the handshake, or to null if it is refused. */
function connectionFrom(proxy, localAddress) {
  const { hostname, port } = new URL(proxy.url);
  return new Promise((done) => {
    const socket = connectTls({ host: '127.0.0.1', port: Number(port), servername: hostname, localAddress, rejectUnauthorized: false });
    socket.once('secureConnect', () => done(socket)).once('error', () => done(null)).once('close', () => done(null));
  });
}

/** A client has so many connections and no more, and another client has its own. */
async function connectionsOfOne(proxy) {
  const held = [];
  for (let i = 0; i < 32; i++) held.push(await connectionFrom(proxy, '127.0.0.78'));
  assert.ok(held.every((one) => one !== null));
  assert.equal(await connectionFrom(proxy, '127.0.0.78'), null, 'the 33rd');
  held.push(await connectionFrom(proxy, '127.0.0.79'));
  assert.notEqual(held[32], null, 'of another client');
  for (const one of held) one.destroy();
}

/** What the others pass on the client and curl show. */
const forPages = ['nginx with Basic auth', 'nginx below a folder', 'login by cookie'];

for (const kind of proxyKinds)
  describe(kind, { skip: !kinds.includes(kind) }, () => {
    const pageTest = brief && !forPages.includes(kind) ? () => undefined : test;
    pageTest(`page behind ${kind}`, async (t) => throughPage(t, site.proxies[kind], !brief || kind === 'nginx below a folder'));
    test(`user named by a client behind ${kind}`, async () => forgedUser(site.proxies[kind]));
    test(`address hidden by a client behind ${kind}`, async () => hiddenAddress(site.proxies[kind]));
    if (['nginx', 'apache', 'haproxy', 'caddy', 'varnish'].includes(kind))
      test(`paths of the operator behind ${kind}`, async () => operatorsPaths(site.proxies[kind]));
    if (kind === 'haproxy') test(`connections of one client at ${kind}`, async () => connectionsOfOne(site.proxies[kind]));
    test(`curl behind ${kind}`, async (t) => throughCurl(t, site.proxies[kind]));
    const client = kind === 'login by cookie' ? clientWithoutCookies : throughCli;
    test(`client behind ${kind}`, async (t) => client(t, site.proxies[kind]));
  });
