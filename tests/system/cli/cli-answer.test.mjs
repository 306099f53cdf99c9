// SPDX-License-Identifier: MIT
// A large answer to a request: it is sent and collected in parts, over connections that break, in constant memory.
// ANSWER_MIB=1024 is the full length.

import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { startForwarder } from '../support/forward.mjs';
import { watchPeak } from '../support/process.mjs';
import { buildFolder, startServer } from '../support/server.mjs';

useCheapClient();

const mib = Number(process.env.ANSWER_MIB ?? 1024);
const MOST = 24 * 1024; // KiB resident
const sanitized = /address|undefined|thread/.test(buildFolder);
const timeout = 600_000;

/** Write ${mib} MiB that nothing can compress to ${input}; resolves to their hash, also if the reader ends early. */
async function write(input) {
  const source = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const block = Buffer.alloc(1 << 20);
  const hash = createHash('sha256');
  const room = () => new Promise((go) => {
    const done = () => { input.off('drain', done).off('close', done); go(); };
    input.on('drain', done).on('close', done);
  });
  for (let i = 0; i < mib; i++) {
    const bytes = source.update(block);
    hash.update(bytes);
    if (!input.write(bytes) && !input.destroyed) await room();
  }
  input.end();
  return hash.digest('hex');
}

test(`an answer of ${mib} MiB, sent and collected over connections that break`, { timeout: 1_800_000 }, async (t) => {
  const server = await startServer({ env: { SECRETS_MAX_FILE: '2 GiB', SECRETS_QUOTA: '8 GiB' } });
  const peak = watchPeak(server);
  let cut = ''; // the method whose request for a part in the middle is cut
  let cuts = 0;
  const line = await startForwarder(server.url, (req, res, pass) => {
    const part = Number(/\/parts\/(\d+)$/.exec(req.url)?.[1] ?? -1);
    if (req.method !== cut || part < mib / 2) return pass();
    cuts++;
    if (cut === 'PUT') return req.once('data', () => req.socket.destroy());
    return pass({ answered: (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.once('data', (bytes) => res.write(bytes.subarray(0, bytes.length / 2), () => { req.socket.destroy(); answer.destroy(); }));
    } });
  });
  const [asker, answerer] = [await newHome(line.url), await newHome(line.url)];
  t.after(async () => {
    await line.stop();
    await asker.remove();
    await answerer.remove();
    await server.stop();
  });
  const peaks = [];
  const run = async (home, ...args) => {
    const child = home.start([...args, '--patience', '0s'], { input: '', timeout });
    const most = watchPeak(child);
    const result = await child.done;
    peaks.push(most());
    return result;
  };

  const asked = await asker.run(['request', '--answer-size', `${mib}MiB`]);
  assert.equal(asked.code, exit.done, asked.stderr);
  cut = 'PUT';
  const answering = answerer.start(['answer', asked.stdout.trim(), '--patience', '0s'], { timeout });
  const most = watchPeak(answering);
  const sent = await write(answering.stdin);
  const broken = await answering.done;
  peaks.push(most());
  assert.equal(broken.code, exit.unfinished, broken.stderr);
  assert.match(broken.stderr, /What is left of it is kept/);
  assert.ok(cuts > 0, 'parts were cut');
  cut = '';
  const resumed = await run(answerer, 'put', '--resume');
  assert.equal(resumed.code, exit.done, resumed.stderr);

  [cut, cuts] = ['GET', 0];
  const torn = await run(asker, 'collect', '-o', 'out');
  assert.equal(torn.code, exit.unfinished, torn.stderr);
  assert.ok(cuts > 0, 'parts were cut');
  cut = '';
  const got = await run(asker, 'collect', '-o', 'out');
  assert.equal(got.code, exit.done, got.stderr);
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(join(asker.folder, 'out'))) hash.update(bytes);
  assert.equal(hash.digest('hex'), sent);

  console.log(`# resident: clients ${peaks.join(', ')} KiB, server ${peak()} KiB`);
  assert.ok(Math.min(...peaks, peak()) > 1000, 'the sizes were seen');
  if (!sanitized) assert.ok(Math.max(...peaks, peak()) < MOST, `${peaks} and ${peak()} KiB`);
});

test('an answer is as large as was asked for, and no larger', async (t) => {
  const server = await startServer({ env: { SECRETS_MAX_FILE: '3 MiB' } });
  const cli = await newHome(server.url);
  t.after(async () => {
    await cli.remove();
    await server.stop();
  });
  const ask = async (...args) => (await cli.run(['request', ...args])).stdout.trim();
  const answer = (link, size) => cli.run(['answer', link], { input: Buffer.alloc(size, 'x') });

  for (const [args, most] of [[[], 1 << 20], [['--answer-size', '2 MiB'], 2 << 20], [['--answer-size', '1000'], 1000], [['--answer-size', '3MiB'], 3 << 20]]) {
    const link = await ask(...args);
    const more = await answer(link, most + 1);
    assert.equal(more.code, exit.refused, more.stderr);
    if (most < 3 << 20)
      assert.match(more.stderr, /is larger than the \S+ \S+ that the asker allows\n {2}Give something smaller, or ask for a link made with --answer-size\.\n/);
    const whole = await answer(link, most);
    assert.equal(whole.code, exit.done, whole.stderr);
  }
  const refused = await cli.run(['request', '--answer-size', '4MiB']);
  assert.equal(refused.code, exit.refused, refused.stderr);
  assert.match(refused.stderr, /^secrets: the server allows answers of at most 3\.0 MiB\n/);
  for (const wrong of ['0', '1KB', 'much', '-1']) assert.equal((await cli.run(['request', `--answer-size=${wrong}`])).code, exit.usage, wrong);
});
