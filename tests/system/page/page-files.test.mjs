// SPDX-License-Identifier: MIT
// How secretsd serves the page: paths, headers, ETag and gzip.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { startSite } from '../support/site.mjs';

let site;
before(async () => { site = await startSite({ shipped: true }); });
after(() => site?.stop());

/** One request, its path sent as it is. */
function ask(path, headers = {}, method = 'GET') {
  const { hostname, port } = new URL(site.url);
  return new Promise((done, failed) => {
    const req = request({ hostname, port, path, method, headers, agent: false }, (res) => {
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(pieces) }));
    });
    req.on('error', failed);
    req.end();
  });
}

test('the policy asks for everything that it can', async () => {
  for (const path of ['/', '/page.js', '/worker.js', '/page.css', '/secret/abcdefghijklmnop']) {
    const { status, headers } = await ask(path);
    assert.equal(status, 200, path);
    const policy = headers['content-security-policy'];
    assert.match(policy, /^default-src 'none'; /);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    for (const part of ["require-trusted-types-for 'script'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      assert.ok(policy.includes(part), part);
    }
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cache-control'], 'no-cache');
  }
});

test('gzip where it is taken, and nothing is sent twice', async () => {
  const plain = await ask('/page.js');
  assert.equal(plain.headers['content-encoding'], undefined);
  for (const accepted of ['gzip', 'br, gzip', 'GZIP;q=0.5, *']) {
    const packed = await ask('/page.js', { 'Accept-Encoding': accepted });
    assert.equal(packed.headers['content-encoding'], 'gzip', accepted);
    assert.ok(gunzipSync(packed.body).equals(plain.body));
    assert.notEqual(packed.headers.etag, plain.headers.etag);
    const again = await ask('/page.js', { 'Accept-Encoding': accepted, 'If-None-Match': packed.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
  }
  for (const refused of ['br', 'gzip;q=0', 'identity', 'gzipped']) {
    assert.equal((await ask('/page.js', { 'Accept-Encoding': refused })).headers['content-encoding'], undefined, refused);
  }
  const head = await ask('/', {}, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
});

test('the page is at its paths and nowhere else', async () => {
  const root = await ask('/');
  for (const path of ['/?utm_source=x', '/index.html', '/%23abc.def', '/%2523abc.def']) {
    const { status, body } = await ask(path);
    assert.equal(status, 200, path);
    assert.ok(body.equals(root.body), path);
  }
  const classic = (await ask('/secret/abcdefghijklmnop')).body.toString();
  assert.match(classic, /src="\.\.\/page\.js"/);
  for (const path of ['/secret/', '/secret/short', '/secret/abcdefghijklmnop/x', '/secret/abcdefghijklmno-', '/%23a/b', '/nothing', '/page.js/', '/../page.js']) {
    assert.equal((await ask(path)).status, 404, path);
  }
  assert.equal((await ask('/', {}, 'POST')).status, 405);
});

test('the page that is shipped derives at its full cost, that of other tests at the least', async (t) => {
  const cheap = await startSite();
  t.after(() => cheap.stop());
  const costs = async ({ url }) => [...(await (await fetch(`${url}worker.js`)).text()).matchAll(/\{logN:(\d+),r:(\d+),p:(\d+)\}/g)].map(([, ...cost]) => cost.join(' ')).sort();
  assert.deepEqual(await costs(site), ['14 8 1', '15 8 3']);
  if (cheap.real) assert.deepEqual(await costs(cheap), ['10 8 1', '10 8 3']);
});
