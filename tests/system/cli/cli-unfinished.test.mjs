// SPDX-License-Identifier: MIT
// Uploads that were interrupted: they can be listed, looked at, finished and erased, and do not keep their
// sender from another one.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { startForwarder } from '../support/forward.mjs';
import { startServer } from '../support/server.mjs';

useCheapClient();

const CONTENT = randomBytes(1_000_000);

let server;
let proxy;
let cut = () => false; // whether it cuts the connection of a request
let cli;
before(async () => {
  server = await startServer({ env: { SECRETS_PART_SIZE: '65536' } });
  proxy = await startForwarder(server.url, (req, res, pass) => (cut(req) ? req.socket.destroy() : pass()));
  cli = await newHome(proxy.url);
});
after(async () => {
  await proxy?.stop();
  await cli?.remove();
  await server?.stop();
});

/** Begin to share and be cut after ${parts} parts; resolves to the link. */
async function interrupt(parts) {
  let left = parts;
  cut = (req) => req.method === 'PUT' && --left < 0;
  const r = await cli.run(['put', '--patience', '0s'], { input: CONTENT });
  cut = () => false;
  assert.equal(r.code, exit.unfinished, r.stderr);
  return r.stdout.trim();
}
const idOf = (link) => /#(\w+)\./.exec(link)[1];

test('interrupted uploads can be listed, looked at, finished and erased', async () => {
  const links = [await interrupt(0), await interrupt(8), await interrupt(4)];
  const [first, second, third] = links.map(idOf);

  const list = await cli.run(['put', '--resume']);
  assert.equal(list.code, exit.usage);
  assert.match(list.stderr, /^secrets: there are 3 unfinished uploads\n/);
  const line = (id, percent) => new RegExp(`^  ${id}  976\\.6 KiB, ${percent} % sent, begun \\w+ \\d+ \\w+, \\d\\d:\\d\\d$`, 'm');
  assert.match(list.stderr, line(first, 0));
  assert.match(list.stderr, line(second, '(49|50|51)'));
  assert.match(list.stderr, /Finish one: secrets put --resume ID\. Erase one: secrets burn ID\.\n$/);

  const json = await cli.run(['put', '--resume', '--json']);
  assert.equal(json.code, exit.usage);
  const { uploads } = JSON.parse(json.stdout);
  assert.deepEqual(uploads.map(({ id }) => id).sort(), [first, second, third].sort());
  const one = uploads.find(({ id }) => id === second);
  assert.ok(one.percent_sent >= 49 && one.percent_sent <= 51 && Math.abs(one.begun_at - Date.now() / 1000) < 60, json.stdout);
  assert.deepEqual({ ...one, percent_sent: 0, begun_at: 0 }, { id: second, server: proxy.url, size: CONTENT.length, percent_sent: 0, begun_at: 0, link_shown: true });

  const receipt = await cli.run(['receipt', links[0]]);
  assert.equal(receipt.code, exit.done, receipt.stderr);
  assert.match(receipt.stdout, /^Still being uploaded\./);
  assert.match(receipt.stderr, new RegExp(`secrets put --resume ${first}`));

  // An id is enough for both.
  const burnt = await cli.run(['burn', first]);
  assert.equal(burnt.code, exit.done, burnt.stderr);
  const resumed = await cli.run(['put', '--resume', second]);
  assert.equal(resumed.code, exit.done, resumed.stderr);
  assert.ok((await cli.run(['get', '-o', '-', links[1]])).bytes.equals(CONTENT));
  // One is left, which needs no name.
  assert.equal((await cli.run(['put', '--resume'])).code, exit.done);
  assert.ok((await cli.run(['get', '-o', '-', links[2]])).bytes.equals(CONTENT));
  assert.equal((await cli.run(['get', links[0]])).code, exit.gone);
  assert.equal((await cli.run(['put', '--resume', third])).code, exit.gone);
});

test('a wrong owner token does not make a live upload forgotten', async () => {
  const link = await interrupt(2);
  const refused = await cli.run(['burn', '--token', 'env:T', idOf(link)], { extra: { T: 'w'.repeat(43) } });
  assert.equal(refused.code, exit.gone, refused.stderr);
  const resumed = await cli.run(['put', '--resume', idOf(link)]);
  assert.equal(resumed.code, exit.done, resumed.stderr);
  assert.ok((await cli.run(['get', '-o', '-', link])).bytes.equals(CONTENT));
});

test('a put that was killed is listed as one whose link was never shown, and can be erased', async () => {
  const seen = new Set();
  const killed = async () => {
    let child;
    // A part of the one that was killed before may still arrive.
    const begun = new Promise((resolve) => {
      cut = (req) => {
        if (req.method !== 'PUT') return false;
        const [, id] = /secrets\/(\w+)\//.exec(req.url);
        if (!seen.has(id)) resolve();
        seen.add(id);
        return true;
      };
    });
    child = cli.start(['put'], { input: CONTENT });
    await begun;
    child.kill('SIGKILL');
    await child.done;
    cut = () => false;
  };
  await killed();
  await killed();
  const list = await cli.run(['put', '--resume']);
  const ids = [...list.stderr.matchAll(/^  (\w{22})  .*; its link was never shown$/gm)].map((m) => m[1]);
  assert.equal(ids.length, 2, list.stderr);
  for (const id of ids) assert.equal((await cli.run(['burn', id])).code, exit.done);
  assert.match((await cli.run(['put', '--resume'])).stderr, /no unfinished upload/);
});

test('unfinished uploads say that they are in the way, and give way', async () => {
  for (let i = 0; i < 4; i++) await interrupt(1);
  const refused = await cli.run(['put', '--patience', '0s'], { input: CONTENT });
  assert.equal(refused.code, exit.refused, refused.stderr);
  assert.match(refused.stderr, /^secrets: too many uploads from here to http:\S+ are unfinished\n  Finish one with secrets put --resume, which lists them, or erase one with secrets burn ID\.\n$/);
  const others = await newHome(proxy.url);
  const elsewhere = await others.run(['put', '--patience', '0s'], { input: CONTENT });
  assert.match(elsewhere.stderr, /are unfinished\n  Wait until one has ended/);
  await others.remove();

  const waited = await cli.run(['put'], { input: CONTENT });
  assert.equal(waited.code, exit.done, waited.stderr);
  assert.match(waited.stderr, /Other uploads from here are not finished; waiting for one to end\./);
  assert.ok((await cli.run(['get', '-o', '-', waited.stdout.trim()])).bytes.equals(CONTENT));
});

test('who opens a link too early is told, waits, and uses nothing up', async () => {
  const link = await interrupt(3);
  const early = await cli.run(['get', '--patience', '0s', '-o', '-', link]);
  assert.equal(early.code, exit.refused, early.stderr);
  assert.match(early.stderr, /^secrets: the sender is still uploading this secret\n  Nothing was used up\. Run the same command again later\.\n$/);
  assert.match((await cli.run(['info', link])).stderr, /still uploading/);

  const reader = cli.start(['get', '-o', '-', link], { input: '' });
  while (!/still uploading it; waiting/.test(reader.stderrSoFar()) && reader.exitCode === null) await new Promise((done) => { setTimeout(done, 50); });
  assert.equal((await cli.run(['put', '--resume', link])).code, exit.done);
  const got = await reader.done;
  assert.equal(got.code, exit.done, got.stderr);
  assert.ok(got.stdout.equals(CONTENT));
});
