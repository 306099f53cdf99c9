// SPDX-License-Identifier: MIT
// put and get interrupted at random points: by a signal, by kill -9, by a restart of the server, by
// cut connections.  They go on or fail cleanly: no partial file under the final name, no view lost.
//
//   SEED=n repeats a run, ROUNDS=n makes more of them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exit, newHome } from './lib/cli.mjs';
import { patience, startServer } from './lib/server.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const rounds = Number(process.env.ROUNDS ?? 50);
let state = seed;
/** A number in 0 .. 1 (mulberry32), so that a run can be repeated. */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** A slow wire to a server that can be cut and laid to another one. */
async function startWire() {
  const pairs = new Set();
  const wire = { port: 0, slow: 4 };
  const pump = (from, to) =>
    from.on('data', (d) => {
      from.pause();
      setTimeout(() => {
        if (to.destroyed) return;
        to.write(d, () => from.resume());
      }, wire.slow);
    });
  const server = createServer((client) => {
    const up = connect(wire.port, '127.0.0.1');
    const pair = [client, up];
    pairs.add(pair);
    for (const s of pair) s.on('error', () => {}).on('close', () => {
      pair.forEach((other) => other.destroy());
      pairs.delete(pair);
    });
    pump(client, up);
    pump(up, client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  wire.url = `http://127.0.0.1:${server.address().port}/`;
  wire.cut = () => [...pairs].flat().forEach((s) => s.destroy());
  wire.close = () => (wire.cut(), server.close());
  return wire;
}

const bytes = randomBytes(2_500_000);
let data;
let server;
let wire;
let cli;
const startUp = async () => {
  server = await startServer({ data, env: { SECRETS_PART_SIZE: '65536' } });
  wire.port = server.port;
};
before(async () => {
  console.log(`# SEED=${seed} ROUNDS=${rounds}`);
  data = await mkdtemp(join(tmpdir(), 'secrets-interrupt-'));
  wire = await startWire();
  await startUp();
  cli = await newHome(wire.url);
});
after(async () => {
  wire?.close();
  await server?.stop();
  await cli?.remove();
  await rm(data, { recursive: true, force: true });
});

const means = {
  SIGINT: (child) => child.kill('SIGINT'),
  SIGKILL: (child) => child.kill('SIGKILL'),
  restart: async () => {
    await server.kill();
    wire.cut();
    await startUp();
  },
  cut: () => wire.cut(),
};

/** Start the client, interrupt it at a random point of ${usual} ms; resolves to its end. */
async function interrupted(how, usual, args, options) {
  const child = cli.start(args, options);
  const ended = child.done;
  await Promise.race([sleep(random() * usual * 1.1), ended]);
  await means[how](child);
  const r = await ended;
  return { ...r, text: r.stdout.toString() };
}

const check = async (link, why) => {
  const got = await cli.run(['get', '-q', '-o', '-', link]);
  assert.equal(got.code, exit.done, `${why}: ${got.stderr}`);
  assert.ok(got.bytes.equals(bytes), why);
};
const uploads = () => {
  const dir = join(cli.folder, '.local/state/secrets/uploads');
  return existsSync(dir) ? readdirSync(dir) : [];
};

async function putRound(how, usual, why) {
  const r = await interrupted(how, usual, ['put', '--views', '1'], { input: bytes });
  const link = r.text.trim();
  if (r.code === exit.done) return check(link, why);
  assert.ok(how.startsWith('SIG'), `${why}: ${r.code} ${r.stderr}`);
  if (r.code === exit.unfinished) {
    assert.equal(how, 'SIGINT');
    const early = await cli.run(['get', '-q', '-o', '-', link]);
    if (early.code === exit.done) {
      // The signal came between the server's last step and the client's reading of its answer.
      assert.ok(early.bytes.equals(bytes), `${why}: opens before it is complete`);
      return undefined;
    }
    assert.equal(early.code, exit.gone, `${why}: ${early.stderr}`);
    const done = await cli.run(['put', '--resume', link]);
    assert.equal(done.code, exit.done, `${why}: ${done.stderr}`);
    return check(link, why);
  }
  // Before there was anything to go on with, or killed: nothing usable may be left behind.
  assert.ok(r.code === exit.interrupted || r.signal === 'SIGKILL', `${why}: ${r.code} ${r.stderr}`);
  if (link !== '') return check(link, why); // killed after it was complete and told
  const again = await cli.run(['put', '--resume']);
  assert.equal(again.code, exit.gone, `${why}: ${again.stderr}`);
  return undefined;
}

async function getRound(how, usual, why, i) {
  const made = await cli.run(['put', '-q'], { input: bytes });
  assert.equal(made.code, exit.done, `${why}: ${made.stderr}`);
  const link = made.stdout.trim();
  const dir = join(cli.folder, `get-${i}`);
  await mkdir(dir);
  const out = join(dir, 'out');
  const r = await interrupted(how, usual, ['get', '-o', out, link]);
  if (r.code !== exit.done) {
    assert.ok(how.startsWith('SIG'), `${why}: ${r.code} ${r.stderr}`);
    // Killed between the file's name and the confirmation, it is whole; else there is none.
    if (existsSync(out)) assert.ok(readFileSync(out).equals(bytes), `${why}: partial`);
    else {
      const again = await cli.run(['get', '-o', out, link]);
      assert.equal(again.code, exit.done, `${why}: the view is lost: ${again.stderr}`);
    }
  }
  assert.ok(readFileSync(out).equals(bytes), why);
  assert.deepEqual(readdirSync(dir), ['out'], why);
}

test(`${rounds} interruptions`, { timeout: 600_000 * patience }, async () => {
  const begun = Date.now();
  const link = (await cli.run(['put', '-q'], { input: bytes })).stdout.trim();
  const putTime = Date.now() - begun;
  await check(link, 'undisturbed');
  const getTime = Date.now() - begun - putTime;
  const seen = {};
  for (let i = 0; i < rounds; i++) {
    const how = Object.keys(means)[Math.floor(random() * 4)];
    const put = random() < 0.5;
    const why = `round ${i}, ${put ? 'put' : 'get'} and ${how}, SEED=${seed}`;
    seen[`${put ? 'put' : 'get'} ${how}`] = (seen[`${put ? 'put' : 'get'} ${how}`] ?? 0) + 1;
    await (put ? putRound(how, putTime, why) : getRound(how, getTime, why, i));
  }
  console.log(`# ${JSON.stringify(seen)}`);
  await cli.run(['put', '-q'], { input: 'x' }); // looks after what was left
  assert.deepEqual(uploads(), []);
});

test('an interrupted download goes on where it was, not from the start', async () => {
  const made = await cli.run(['put', '-q'], { input: bytes });
  const out = join(cli.folder, 'resumed');
  const child = cli.start(['get', '-o', out, made.stdout.trim()]);
  const half = () => readdirSync(cli.folder).some((f) => f.endsWith('.part') && readFileSync(join(cli.folder, f)).length > bytes.length / 2);
  while (!half() && child.exitCode === null) await sleep(2);
  child.kill('SIGINT');
  const r = await child.done;
  assert.equal(r.code, exit.unfinished, r.stderr);
  assert.match(r.stderr, /Run the same command again/);
  let received = 0;
  const counter = createServer((client) => {
    const up = connect(wire.port, '127.0.0.1');
    client.pipe(up);
    up.on('data', (d) => (received += d.length)).pipe(client);
    for (const s of [client, up]) s.on('error', () => {}).on('close', () => (client.destroy(), up.destroy()));
  });
  await once(counter.listen(0, '127.0.0.1'), 'listening');
  const again = await cli.run(['get', '-o', out, '-s', `http://127.0.0.1:${counter.address().port}/`, made.stdout.trim()]);
  counter.close();
  assert.equal(again.code, exit.done, again.stderr);
  assert.ok(readFileSync(out).equals(bytes));
  assert.ok(received < bytes.length * 0.75, `${received} bytes came the second time`);
});

test('a server that comes back only after patience is over', async () => {
  const made = await cli.run(['put', '-q'], { input: bytes });
  const out = join(cli.folder, 'patience');
  const child = cli.start(['get', '--patience', '1s', '-o', out, made.stdout.trim()]);
  while (!readdirSync(cli.folder).some((f) => f.endsWith('.part')) && child.exitCode === null) await sleep(2);
  await server.kill();
  wire.cut();
  const r = await child.done;
  assert.equal(r.code, exit.unfinished, r.stderr);
  assert.match(r.stderr, /connection is lost/);
  const putting = await cli.run(['put', '-q', '--patience', '0s'], { input: bytes });
  assert.equal(putting.code, exit.network);
  await startUp();
  assert.equal((await cli.run(['get', '-o', out, made.stdout.trim()])).code, exit.done);
  assert.ok(readFileSync(out).equals(bytes));
});
