// SPDX-License-Identifier: MIT
// A long stream through put and get in constant memory.  STREAM_MIB=4096 is the full length.

import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { test } from 'node:test';
import { exit, newHome } from '../support/cli.mjs';
import { watchPeak } from '../support/process.mjs';
import { buildFolder, startServer } from '../support/server.mjs';

const mib = Number(process.env.STREAM_MIB ?? 256);
const limit = 24 * 1024; // KiB resident
const sanitized = /address|undefined|thread/.test(buildFolder);

test(`${mib} MiB through put and get`, { timeout: 1_200_000 }, async () => {
  const server = await startServer({ env: { SECRETS_MAX_FILE: '8 GiB', SECRETS_QUOTA: '16 GiB' } });
  const cli = await newHome(server.url);
  try {
    // Bytes that nothing can compress, made from a seed.
    const source = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
    const block = Buffer.alloc(1 << 20);
    const sent = createHash('sha256');
    const putting = cli.start(['put', '-q'], { timeout: 600_000 });
    const putPeak = watchPeak(putting);
    let from = Date.now();
    for (let i = 0; i < mib; i++) {
      const bytes = source.update(block);
      sent.update(bytes);
      if (!putting.stdin.write(bytes)) await new Promise((r) => putting.stdin.once('drain', r));
    }
    putting.stdin.end();
    const put = await putting.done;
    const putTime = Date.now() - from;
    assert.equal(put.code, exit.done, put.stderr);

    from = Date.now();
    const getting = cli.start(['get', '-q', '-o', '-', put.stdout.toString().trim()], { timeout: 600_000 });
    const getPeak = watchPeak(getting);
    const received = createHash('sha256');
    getting.stdout.removeAllListeners('data');
    getting.stdout.on('data', (d) => received.update(d));
    const get = await getting.done;
    const getTime = Date.now() - from;
    assert.equal(get.code, exit.done, get.stderr);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    const rate = (ms) => `${Math.round((mib / ms) * 1000)} MiB/s`;
    console.log(`# put ${rate(putTime)}, ${putPeak()} KiB resident; get ${rate(getTime)}, ${getPeak()} KiB resident`);
    assert.ok(putPeak() > 1000 && getPeak() > 1000, 'the sizes were seen');
    if (!sanitized) assert.ok(putPeak() < limit && getPeak() < limit, `${putPeak()} and ${getPeak()} KiB`);
  } finally {
    await cli.remove();
    await server.stop();
  }
});
