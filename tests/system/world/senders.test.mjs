// SPDX-License-Identifier: MIT
// A sign-in for senders only, with the nginx configuration and the paths of the operations manual; and a
// plain nginx, which takes no large body.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { description } from '../support/api.mjs';
import { newPage, startBrowser } from '../support/browser.mjs';
import { newHome } from '../support/cli.mjs';
import { has } from '../support/nginx.mjs';
import { startServerBehind } from '../support/proxies.mjs';
import { top } from '../support/server.mjs';
import { button, createLink, shownText } from '../support/stage.mjs';

const TEXT = 'for everybody with the link';

async function setUp(t, kind) {
  const proxy = await startServerBehind(t, kind);
  const cli = await newHome(undefined);
  t.after(() => cli.remove());
  return { proxy, cli, env: { SSL_CERT_FILE: proxy.certificate } };
}

/** The status of a request without credentials. */
const status = (proxy, method, path) => new Promise((done, failed) => {
  https.request({ host: 'localhost', port: proxy.port, path, method, rejectUnauthorized: false, headers: { 'Content-Type': 'application/json' } }, (res) => {
    res.resume();
    done(res.statusCode);
  }).on('error', failed).end(method === 'POST' ? '{}' : undefined);
});

const CLASSIC_ID = 'A'.repeat(16), ID = 'A'.repeat(22);

/** What recipients and the page need. */
const OPEN = [
  ['GET', '/'], ['GET', '/page.js'], ['GET', '/config.json'], ['GET', `/secret/${CLASSIC_ID}`],
  ['GET', '/api/v1/config'], ['POST', '/decrypt'], ['GET', `/api/v1/secrets/${ID}`], ['POST', `/api/v1/secrets/${ID}/open`],
  ['GET', `/api/v1/secrets/${ID}/parts/0`], ['DELETE', `/api/v1/secrets/${ID}/lease`], ['DELETE', `/api/v1/secrets/${ID}`],
  ['GET', `/api/v1/requests/${ID}`], ['POST', `/api/v1/requests/${ID}/answers`],
];

/** The requests of the API's description that share something or ask for it. */
const creating = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([, operation]) => operation['x-creates'] === true).map(([method]) => [method.toUpperCase(), path]));

/** The requests that docs/OPERATIONS.md puts behind the sign-in. */
function requestsBehind() {
  const manual = readFileSync(join(top, 'docs/OPERATIONS.md'), 'utf8');
  const [, rows] = /^\| behind the sign-in \|.*\n\| ---.*\n((?:\|.*\n)+)/m.exec(manual);
  return [...rows.matchAll(/`(GET|POST|PUT|DELETE) (\S+)`/g)].map(([, method, path]) => [method, path]);
}

describe('senders sign in', { skip: !has('nginx') || !has('openssl') }, () => {
  test('the requests of the manual need a sign-in, and no other', async (t) => {
    const { proxy } = await setUp(t, 'nginx with senders');
    for (const [method, path] of OPEN) {
      const answered = await status(proxy, method, path);
      // Without a token a part, a lease and a burn get the server's own 401.
      const token = /parts|lease/.test(path) || method === 'DELETE';
      assert.ok(token ? answered === 401 : answered !== 401 && answered !== 403, `${method} ${path}: ${answered}`);
    }
    const behind = requestsBehind();
    assert.deepEqual(behind, creating);
    for (const [method, path] of behind)
      for (const spelled of [path, `${path}?x=1`, `/.${path}`, `/x/..${path}`, path.replace('/', '//')])
        assert.equal(await status(proxy, method, spelled), 401, spelled);
  });

  test('who signs in shares, and everybody opens', { timeout: 120_000 }, async (t) => {
    const { proxy, cli, env } = await setUp(t, 'nginx with senders');
    const put = (server, args = []) => cli.run(['put', '-q', '-s', server, ...args], { input: TEXT, extra: env });
    const refused = await put(proxy.url);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /with status 401/);

    const address = Object.assign(new URL(proxy.url), proxy.basic).href;
    for (const args of [[], ['--classic']]) {
      const made = await put(address, args);
      assert.equal(made.code, 0, made.stderr);
      const [link, passphrase] = made.stdout.trim().split('\n');
      const ways = passphrase === undefined ? [] : ['-p', 'env:PW'];
      const got = await cli.run(['get', ...ways, link], { extra: { ...env, PW: passphrase ?? '' } });
      assert.equal(got.stdout, TEXT, got.stderr);
    }

    const browser = await startBrowser();
    t.after(() => browser.close());
    const sender = await newPage(browser, { ignoreHTTPSErrors: true, locale: 'en-GB', httpCredentials: proxy.basic });
    sender.allow = /status of 401/;
    const reader = await newPage(browser, { ignoreHTTPSErrors: true, locale: 'en-GB' });
    await sender.goto(proxy.url);
    await sender.locator('textarea').fill(TEXT);
    const link = await createLink(sender);
    await reader.goto(link);
    await button('Open', reader).click();
    assert.equal(await shownText(reader), TEXT);
    assert.deepEqual(reader.faults, []);
  });
});

test('plain nginx takes sealed files, and it is said why it takes no large classic one', { skip: !has('nginx') }, async (t) => {
  const { proxy, cli } = await setUp(t, 'plain nginx');
  const file = join(cli.folder, 'plan.bin');
  writeFileSync(file, Buffer.alloc(3 << 20, 7));
  const sealed = await cli.run(['put', '-q', '-s', proxy.url, file]);
  assert.equal(sealed.code, 0, sealed.stderr);
  const classic = await cli.run(['put', '-q', '-s', proxy.url, '--classic', file]);
  assert.notEqual(classic.code, 0);
  assert.match(classic.stderr, /a proxy responded instead of \S+, with status 413\n {2}A proxy in front limits .*without --classic.*client_max_body_size/s);
});
