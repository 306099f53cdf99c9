// SPDX-License-Identifier: MIT
// A line that carries one part at a time and cuts the others: after a cut fewer parts move at once, and a
// file goes up and down all the same.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { exit, newHome } from '../support/cli.mjs';
import { startForwarder } from '../support/forward.mjs';
import { startServer } from '../support/server.mjs';

const PARTS = 24;
const CONTENT = randomBytes(PARTS * 60_000);
const PART_MS = 60; // what a part takes

let server;
let proxy;
let cli;
let moving = 0;
let cuts = 0;
before(async () => {
  server = await startServer({ env: { SECRETS_PART_SIZE: '65536' } });
  proxy = await startForwarder(server.url, (req, res, pass) => {
    const part = /\/parts\//.test(req.url);
    if (part && moving > 0) {
      cuts++;
      return req.socket.destroy();
    }
    if (part) moving++;
    res.on('close', () => { if (part) moving--; });
    const answered = (answer) => {
      setTimeout(() => {
        res.writeHead(answer.statusCode, answer.headers);
        answer.pipe(res);
      }, part ? PART_MS : 0);
    };
    return pass({ answered });
  });
  cli = await newHome(proxy.url);
});
after(async () => {
  await proxy?.stop();
  await cli?.remove();
  await server?.stop();
});

test('after a cut fewer parts move at once', async (t) => {
  const put = await cli.run(['put', '--patience', '3s'], { input: CONTENT });
  t.diagnostic(`put: ${cuts} cuts of ${PARTS} parts`);
  assert.equal(put.code, exit.done, put.stderr);
  assert.ok(cuts < PARTS, `put: ${cuts} cuts`);

  cuts = 0;
  const got = await cli.run(['get', '--patience', '3s', '-o', '-', put.stdout.trim()]);
  t.diagnostic(`get: ${cuts} cuts of ${PARTS} parts`);
  assert.equal(got.code, exit.done, got.stderr);
  assert.ok(got.bytes.equals(CONTENT));
  assert.ok(cuts < PARTS, `get: ${cuts} cuts`);
});
