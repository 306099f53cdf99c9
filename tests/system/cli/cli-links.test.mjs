// SPDX-License-Identifier: MIT
// The addresses that links lead to: pages in folders, on static hosts and elsewhere, with a config.json
// that is relative, absolute or missing; and links wrapped by mail gateways.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { exit, startServerAndHome, useCheapClient } from '../support/cli.mjs';
import { get, startServer } from '../support/server.mjs';

useCheapClient();
const { server, cli } = await startServerAndHome();

/** A static host, or proxy, that answers ${files}: a text, or a path of the server to pass the request to. */
async function host(t, files) {
  const seen = [];
  const s = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    seen.push(req.url);
    const prefix = Object.keys(files).filter((name) => name.endsWith('/') && req.url.startsWith(name)).sort((a, b) => b.length - a.length)[0];
    if (typeof files[req.url] === 'string') return res.writeHead(200, { 'Content-Type': 'application/json' }).end(files[req.url]);
    if (prefix === undefined) return res.writeHead(404, { 'Content-Type': 'text/html' }).end('<html>no such file</html>');
    const answer = await fetch(`${server.url}${files[prefix]}${req.url.slice(prefix.length)}`, { method: req.method, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
      headers: Object.fromEntries(['content-type', 'authorization'].filter((h) => req.headers[h]).map((h) => [h, req.headers[h]])) });
    const headers = Object.fromEntries(['content-type', 'secrets-answer'].filter((h) => answer.headers.has(h)).map((h) => [h, answer.headers.get(h)]));
    return res.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
  });
  await once(s.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (s.closeAllConnections(), s.close()));
  return { url: `http://127.0.0.1:${s.address().port}/`, seen };
}
const share = async () => /#(\w+\.\w+)/.exec((await cli.run(['put', '-q'], { input: 'inside' })).stdout)[1];

test('a link opens wherever its page is', async (t) => {
  const at = { '/api/': '/api/' };
  const folder = { '/share/api/': '/api/' };
  const cases = [
    ['the server itself, whose config.json is relative', { '/': '/' }, ''],
    ['a page next to the API', { ...at, '/config.json': '{"api": "./"}' }, ''],
    ['with an empty path', { ...at, '/config.json': '{"api": ""}' }, ''],
    ['a path', { ...at, '/config.json': '{"api": "/"}' }, ''],
    ['the whole server in a folder', { '/share/': '/' }, 'share/'],
    ['a folder with a relative API', { ...folder, '/share/config.json': '{"api": "./"}' }, 'share/'],
    ['a folder below it', { ...folder, '/share/page/config.json': '{"api": "../"}' }, 'share/page/'],
    ['a file in a folder', { ...folder, '/share/config.json': '{"api": "."}' }, 'share/index.html'],
    ['another folder', { ...folder, '/pages/config.json': '{"api": "/share/"}' }, 'pages/'],
    ['dots', { ...folder, '/a/config.json': '{"api": "./../x/../share/"}' }, 'a/'],
    ['another host', { '/config.json': JSON.stringify({ api: server.url }) }, ''],
    ['no config.json', at, ''],
    ['no config.json in a folder', at, 'folder/'],
  ];
  for (const [name, files, page] of cases) {
    const h = await host(t, files);
    const got = await cli.run(['get', '-o', '-', '--patience', '2s', `${h.url}${page}#${await share()}`]);
    assert.equal(got.stdout, 'inside', `${name}: ${got.stderr} ${h.seen.join(' ')}`);
    assert.ok(!h.seen.some((url) => url.includes('/./') || url.includes('//')), `${name}: ${h.seen.join(' ')}`);
  }
});

test('what put prints, get opens', async (t) => {
  for (const folder of ['', 'share/', 'a/b/']) {
    const h = await host(t, { [`/${folder}`]: '/' });
    const made = await cli.run(['put', '-q', '-s', `${h.url}${folder}`], { input: 'inside' });
    assert.ok(made.stdout.startsWith(`${h.url}${folder}#`), made.stdout + made.stderr);
    const got = await cli.run(['get', '-o', '-', made.stdout.trim()]);
    assert.equal(got.stdout, 'inside', got.stderr);
  }
});

test('a host of other letters is that of DNS, in any locale', async (t) => {
  const named = await startServer({ env: { SECRETS_HOSTS: 'MÜNCHEN.localhost, other.localhost', SECRETS_PAGE: 'https://пример.example/seite/' } });
  t.after(() => named.stop());
  const port = new URL(named.url).port;
  const config = JSON.parse((await get(named, '/api/v1/config')).body);
  assert.equal(config.page, 'https://xn--e1afmkfd.example/seite/');
  for (const LC_ALL of ['C', 'C.UTF-8']) {
    const server = `http://münchen.localhost:${port}`;
    const put = await cli.run(['put', '-q', '--page', `${server}/`], { input: 'inside', extra: { LC_ALL, SECRETS_SERVER: server } });
    assert.equal(put.code, exit.done, put.stderr);
    const [, fragment] = /^http:\/\/xn--mnchen-3ya\.localhost:\d+\/#(\w+\.\w+)$/.exec(put.stdout.trim()) ?? assert.fail(put.stdout);
    const got = await cli.run(['get', '-q', `http://MÜNCHEN.localhost:${port}/#${fragment}`], { extra: { LC_ALL, SECRETS_SERVER: undefined } });
    assert.deepEqual([got.code, got.stdout], [exit.done, 'inside'], got.stderr);
  }
});

test('a wrapper is never asked', async (t) => {
  const wrapper = await host(t, { '/': '/' });
  const link = `${server.url}/#${await share()}`;
  const port = new URL(wrapper.url).port;
  // Every name leads to the wrapper, so that whatever is asked of it would be seen.
  const proxy = { extra: { HTTP_PROXY: wrapper.url, http_proxy: wrapper.url, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' } };
  for (const host of ['eur01.safelinks.protection.outlook.com', 'l.facebook.com/l.php', 'www.google.com/url', 'urldefense.proofpoint.com/v1/url']) {
    const wrapped = `http://${host}?${host.startsWith('eur') ? 'url' : host.startsWith('www') ? 'q' : 'u'}=${encodeURIComponent(link)}&x=1`;
    const info = await cli.run(['info', wrapped.replace('.com?', '.com/?')], proxy);
    assert.equal(info.code, exit.done, info.stderr);
    const bare = await cli.run(['info', `http://${host}${host.includes('/') ? '' : '/'}#${'A'.repeat(22)}.${'k'.repeat(32)}`], proxy);
    assert.equal(bare.code, exit.usage, bare.stderr);
  }
  assert.deepEqual(wrapper.seen, [], port);
});

test('blanks around a key or a token do not count', async () => {
  const made = JSON.parse((await cli.run(['put', '-q', '--json', '--key-apart'], { input: 'inside' })).stdout);
  const got = await cli.run(['get', '-o', '-', '--key', 'env:KEY', made.link], { extra: { KEY: ` \t${made.key} \r\n` } });
  assert.equal(got.stdout, 'inside', got.stderr);
  const receipt = await cli.run(['receipt', '--token', 'env:TOKEN', made.link], { extra: { TOKEN: `${made.owner_token} ` } });
  assert.equal(receipt.code, exit.done, receipt.stderr);
});
