// SPDX-License-Identifier: MIT
// A foreign page in the browser of a client: whatever it makes the browser send to the server, nothing
// is stored, and the rates of the client are as before. Pages of SECRETS_ORIGINS and links go on.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { newPage, startBrowser } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';

const RATE = 20;
const ID = 'a'.repeat(22);

let browser;
const sites = [];

/** A site with an empty page, at a port of its own of ${host}; resolves to its origin. */
async function startSite(host) {
  const site = createServer((req, res) => res.setHeader('Content-Type', 'text/html').end('<!doctype html><link rel="icon" href="data:,"><body>'));
  await new Promise((done) => site.listen(0, '127.0.0.1', done));
  sites.push(site);
  return `http://${host}:${site.address().port}`;
}

before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
  for (const site of sites) site.close();
});

/** In the page: send what needs no preflight, each ${count} times, and wait for it. */
async function attack({ target, id, count }) {
  const paths = ['', '/receipt', '/parts/0'].map((path) => `${target}/api/v1/secrets/${id}${path}`);
  const image = (src) => new Promise((done) => Object.assign(new Image(), { src: `${src}?${Math.random()}`, onload: done, onerror: done }));
  const form = (action) =>
    new Promise((done) => {
      const frame = Object.assign(document.createElement('iframe'), { name: `f${Math.random()}` });
      const sender = Object.assign(document.createElement('form'), { method: 'POST', enctype: 'text/plain', target: frame.name, action });
      sender.append(Object.assign(document.createElement('input'), { name: '{"secret":"x', value: '"}' }));
      document.body.append(frame, sender);
      frame.onload = done;
      sender.submit();
    });
  const send = (url, body) => fetch(url, { mode: 'no-cors', method: body === undefined ? 'GET' : 'POST', body }).catch(() => undefined);

  for (let i = 0; i < count; i++) {
    await Promise.all([
      ...paths.flatMap((path) => [image(path), send(path)]),
      send(`${target}/encrypt`, '{"secret":"x"}'),
      send(`${target}/encrypt?file_name=f`, 'x'),
      send(`${target}/decrypt`, '{}'),
      form(`${target}/encrypt`),
    ]);
  }
}

/** In the page: the statuses of a request that needs no right and of one that creates, or what the browser threw. */
async function useApi({ target, id }) {
  const status = (url, options) => fetch(url, options).then((answer) => answer.status, String);
  return [await status(`${target}/api/v1/secrets/${id}`), await status(`${target}/encrypt`, { method: 'POST', body: '{"secret":"x"}', headers: { 'Content-Type': 'application/json' } })];
}

const count = (server, pattern) => (server.stderr().match(pattern) ?? []).length;

for (const [what, host] of [['another site', 'localhost'], ['the same site', '127.0.0.1']])
  test(`a page of ${what} uses up nothing and stores nothing`, async (t) => {
    const server = await startServer({ env: { SECRETS_RATE_OPEN: String(RATE), SECRETS_RATE_CREATE: String(RATE) } });
    t.after(() => server.stop());
    const page = await newPage(browser);
    t.after(() => page.context().close());
    page.allow = /./;
    await page.goto(await startSite(host));
    await page.evaluate(attack, { target: server.url, id: ID, count: 6 });

    const seen = count(server, /event=request .*status=403/g);
    assert.ok(seen >= 50, `${seen} requests arrived`);
    assert.equal(count(server, /event=request .*route=\/(encrypt|decrypt|api\/v1\/secrets).*status=(?!403)/g), 0);

    // The client has all of its rates, and its own page works.
    await page.evaluate((url) => document.body.append(Object.assign(document.createElement('a'), { href: url, id: 'link' })), server.url);
    await page.$eval('#link', (link) => link.click());
    await page.locator('main').first().waitFor();
    for (let i = 0; i < RATE; i++) assert.deepEqual(await page.evaluate(useApi, { target: '', id: ID }), [404, 200], `request ${i}`);
  });

test('a page that SECRETS_ORIGINS names goes on', async (t) => {
  const origin = await startSite('localhost');
  const server = await startServer({ env: { SECRETS_ORIGINS: origin } });
  t.after(() => server.stop());
  const page = await newPage(browser);
  t.after(() => page.context().close());
  page.allow = /404/;
  await page.goto(origin);
  assert.deepEqual(await page.evaluate(useApi, { target: server.url, id: ID }), [404, 200]);
});
