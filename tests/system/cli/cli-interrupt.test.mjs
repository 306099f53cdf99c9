// SPDX-License-Identifier: MIT
// put and get interrupted at random points: by a signal, by kill -9, by a restart of the server, by
// cut connections.  They go on or fail cleanly: no partial file under the final name, no view lost.
//
//   SEED=n repeats a run, ROUNDS=n makes more of them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exit, newHome, useCheapClient } from '../support/cli.mjs';
import { patience, startServer } from '../support/server.mjs';

const program = useCheapClient();

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
// What is left of uploads, but for an empty file that a run killed before it could lock it leaves for a day.
const uploads = () => {
  const dir = join(cli.folder, '.local/state/secrets/uploads');
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names.filter((name) => !(name.startsWith('.') && statSync(join(dir, name)).size === 0));
};

async function putRound(how, usual, why) {
  const r = await interrupted(how, usual, ['put', '--views', '1'], { input: bytes });
  const link = r.text.trim();
  if (r.code === exit.done) return check(link, why);
  assert.ok(how.startsWith('SIG'), `${why}: ${r.code} ${r.stderr}`);
  if (r.code === exit.unfinished) {
    assert.equal(how, 'SIGINT');
    const early = await cli.run(['get', '-q', '--patience', '0s', '-o', '-', link]);
    if (early.code === exit.done) {
      // The signal came between the server's last step and the client's reading of its answer.
      assert.ok(early.bytes.equals(bytes), `${why}: opens before it is complete`);
      const late = await cli.run(['put', '--resume', link]);
      // The receipt may still be kept, and then it is complete; or nothing is known of it any more.
      assert.ok(late.code === exit.done || late.code === exit.gone, `${why}: ${late.code} ${late.stderr}`);
      return undefined;
    }
    assert.equal(early.code, exit.refused, `${why}: ${early.stderr}`);
    const done = await cli.run(['put', '--resume', link]);
    assert.equal(done.code, exit.done, `${why}: ${done.stderr}`);
    return check(link, why);
  }
  // Before there was anything to go on with (SIGINT itself ends it before main), or killed: nothing
  // usable may be left behind.
  assert.ok(r.code === exit.interrupted || r.signal === how, `${why}: ${r.code} ${r.signal} ${r.stderr}`);
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

/** The unfinished file of ${child} in ${dir}, once half of it is there. */
async function partOf(child, dir) {
  const part = () => readdirSync(dir).find((f) => f.endsWith('.part') && statSync(join(dir, f)).size > bytes.length / 2);
  while (part() === undefined && child.exitCode === null) await sleep(2);
  return join(dir, part());
}

/** Begin to get ${link} into ${dir}/out and kill the client midway; its unfinished file. */
async function killHalfway(link, dir) {
  const child = cli.start(['get', '-o', join(dir, 'out'), link]);
  const part = await partOf(child, dir);
  child.kill('SIGKILL');
  await child.done;
  return part;
}

const share = async (content) => (await cli.run(['put', '-q'], { input: content })).stdout.trim();
const records = () => {
  const dir = join(cli.folder, '.local/state/secrets/downloads');
  return existsSync(dir) ? readdirSync(dir).filter((f) => f.endsWith('.json')).map((f) => join(dir, f)) : [];
};

test('unfinished files are never mixed up', async (t) => {
  const other = randomBytes(bytes.length);
  const folderOf = async (name) => {
    const dir = join(cli.folder, name);
    await mkdir(dir);
    return dir;
  };
  const get = async (link, dir, want, ...args) => {
    const r = await cli.run(['get', ...args, '-o', join(dir, 'out'), link]);
    assert.equal(r.code, exit.done, r.stderr);
    assert.ok(readFileSync(join(dir, 'out')).equals(want));
    return r.stderr;
  };
  await t.test('another secret for the same name', async () => {
    const dir = await folderOf('same-name');
    const [one, two] = [await share(bytes), await share(other)];
    await killHalfway(one, dir);
    await get(two, dir, other);
    await get(one, dir, bytes, '--force');
    assert.deepEqual(readdirSync(dir), ['out']);
  });
  const changes = {
    'another file under its name': (part) => {
      writeFileSync(`${part}.new`, randomBytes(statSync(part).size));
      renameSync(`${part}.new`, part);
    },
    'a second name for it': (part) => linkSync(part, `${part}.link`),
  };
  for (const [what, change] of Object.entries(changes))
    await t.test(`an unfinished file that was changed: ${what}`, async () => {
      const dir = await folderOf(what.replaceAll(' ', '-'));
      const link = await share(bytes);
      const part = await killHalfway(link, dir);
      change(part);
      const said = await get(link, dir, bytes);
      assert.ok(existsSync(part), 'what is not ours is left alone');
      assert.ok(said.includes(`Note: the unfinished file ${part} cannot be continued`), said);
      assert.equal(said.split('It may hold content').length, 2, 'told once');
    });
  await t.test('the unfinished file of another envelope', async () => {
    const dir = await folderOf('other-envelope');
    const before = new Set(records());
    const one = await share(bytes);
    await killHalfway(one, dir);
    const [mine] = records().filter((f) => !before.has(f));
    const theirs = JSON.parse(readFileSync(mine, 'utf8'));
    const dir2 = await folderOf('other-envelope-2');
    const two = await share(other);
    await killHalfway(two, dir2);
    const [record] = records().filter((f) => !before.has(f) && f !== mine);
    const { lease } = JSON.parse(readFileSync(record, 'utf8'));
    writeFileSync(record, JSON.stringify({ ...theirs, lease }));
    await get(two, dir2, other);
    await get(one, dir, bytes);
  });
  await t.test('a run that is at it while another comes and goes', async () => {
    const into = { file: (dir) => join(dir, 'out2'), 'standard output': () => '-' };
    for (const [what, path] of Object.entries(into)) {
      const dir = await folderOf(`beside-${path('')}`);
      const link = await share(bytes);
      const first = cli.start(['get', '-o', join(dir, 'out'), link]);
      await partOf(first, dir);
      first.kill('SIGSTOP'); // it holds its lock, and goes no further until the other is done
      const second = await cli.run(['get', '-o', path(dir), link]);
      assert.equal(second.code, exit.done, `${what}: ${second.stderr}`);
      const got = path('') === '-' ? second.bytes : readFileSync(path(dir));
      assert.ok(got.equals(bytes), what);
      assert.equal(readdirSync(dir).filter((f) => f.endsWith('.part')).length, 1, `${what}: the first one's file is left alone`);
      first.kill('SIGCONT');
      const r = await first.done;
      assert.equal(r.code, exit.done, `${what}: ${r.stderr}`);
      assert.ok(readFileSync(join(dir, 'out')).equals(bytes), what);
      assert.ok(!readdirSync(dir).some((f) => f.endsWith('.part')), what);
      // Both by one view, which the last of them gave back.
      assert.match((await cli.run(['receipt', link])).stdout, /^Opened as often as allowed[^]*received completely/, what);
    }
  });
  await t.test('two runs at once', async () => {
    const dir = await folderOf('twice');
    const link = await share(bytes);
    await killHalfway(link, dir);
    const runs = await Promise.all([1, 2].map((n) => cli.run(['get', '-o', join(dir, `out${n}`), link])));
    const whole = runs.filter((r) => r.code === exit.done);
    assert.ok(whole.length >= 1, runs.map((r) => r.stderr).join());
    for (const [i, r] of runs.entries())
      if (r.code === exit.done) assert.ok(readFileSync(join(dir, `out${i + 1}`)).equals(bytes));
      else assert.ok(r.code === exit.gone || r.code === exit.refused, `${r.code} ${r.stderr}`);
  });
});

test('an answer to create that is lost', async () => {
  const seen = [];
  let drop = 1;
  let keep = false;
  const proxy = createHttp(async (req, res) => {
    if (keep && req.method === 'DELETE') return res.writeHead(405, { 'Secrets-Answer': '1' }).end();
    const pieces = [];
    for await (const piece of req) pieces.push(piece);
    const answer = await fetch(new URL(req.url, server.url), {
      method: req.method, body: pieces.length > 0 ? Buffer.concat(pieces) : undefined,
      headers: { 'Content-Type': req.headers['content-type'] ?? '', ...(req.headers.authorization && { Authorization: req.headers.authorization }) },
    });
    seen.push(`${req.method} ${answer.status}`);
    if (req.method === 'POST' && req.url === '/api/v1/secrets' && drop-- > 0) req.socket.destroy();
    else res.writeHead(answer.status, { 'Secrets-Answer': '1', 'Content-Type': answer.headers.get('content-type') ?? '' }).end(Buffer.from(await answer.arrayBuffer()));
    return undefined;
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const at = ['-s', `http://127.0.0.1:${proxy.address().port}/`];
  try {
    const twice = await cli.run(['put', ...at], { input: 'x' });
    assert.equal(twice.code, exit.done, twice.stderr);
    assert.match(twice.stderr, /may hold a second copy that no one can open/);
    assert.equal(seen.filter((s) => s === 'POST 201').length, 2);
    assert.equal((await cli.run(['get', twice.stdout.trim()])).stdout, 'x');
    drop = 1;
    const lost = await cli.run(['put', '--patience', '0s', ...at], { input: 'x' });
    assert.equal(lost.code, exit.network, lost.stderr);
    assert.match(lost.stderr, /may still hold a copy that no one can open/);
    assert.equal(lost.stdout, '');
    const plain = await cli.run(['put', ...at], { input: 'x' });
    assert.ok(!/may hold/.test(plain.stderr), plain.stderr);
    // Who cannot be told the link leaves no secret behind.
    const putIntoNothing = async () => {
      const script = spawn('sh', ['-c', 'echo x | "$0" "$@" >/dev/full', program, 'put', ...at], { env: { HOME: cli.folder, PATH: process.env.PATH }, stdio: 'pipe' });
      let text = '';
      script.stderr.on('data', (d) => (text += d));
      assert.equal((await once(script, 'close'))[0], exit.failed, text);
      return text;
    };
    const owned = () => readdirSync(join(cli.folder, '.local/state/secrets/owned')).length;
    const before = owned();
    seen.length = 0;
    assert.match(await putIntoNothing(), /The server's copy was burnt/);
    assert.deepEqual(seen, ['GET 200', 'POST 201', 'DELETE 204']);
    assert.equal(owned(), before);
    // What could not be burnt can be later: its token is kept.
    keep = true;
    assert.match(await putIntoNothing(), /the server still holds a copy/);
    assert.equal(owned(), before + 1);
  } finally {
    proxy.closeAllConnections?.();
    proxy.close();
  }
});

test('killed at any lock, a download leaves no file that the next run does not know', async () => {
  const env = { PATH: process.env.PATH, HOME: cli.folder, SECRETS_SERVER: wire.url, ASAN_OPTIONS: 'detect_leaks=0' };
  let left = 0;
  for (let lock = 1; ; lock++) {
    const dir = join(cli.folder, `lock-${lock}`);
    const out = join(dir, 'out');
    await mkdir(dir);
    const link = await share('x');
    const child = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=flock', '-e', `inject=flock:signal=SIGKILL:when=${lock}`,
      program, 'get', '-q', '-o', out, link], { env, stdio: 'inherit' });
    const [code, signal] = await once(child, 'close');
    if (code === exit.done) break;
    assert.equal(signal, 'SIGKILL', `lock ${lock}: ${code}`);
    if (readdirSync(dir).some((name) => name.endsWith('.part') && statSync(join(dir, name)).size === 0)) left++;
    const again = existsSync(out) ? { code: exit.done } : await cli.run(['get', '-q', '-o', out, link]);
    assert.equal(again.code, exit.done, `lock ${lock}: ${again.stderr}`);
    assert.deepEqual(readdirSync(dir), ['out'], `lock ${lock}`);
  }
  assert.ok(left > 0, 'one of them was killed between the creation of its file and the record of it');
});

test('an interrupted download goes on where it was, not from the start', async () => {
  const made = await cli.run(['put', '-q'], { input: bytes });
  const out = join(cli.folder, 'resumed');
  let received = 0;
  const counter = createServer((client) => {
    const up = connect(wire.port, '127.0.0.1');
    client.pipe(up);
    up.on('data', (d) => (received += d.length)).pipe(client);
    for (const s of [client, up]) s.on('error', () => {}).on('close', () => (client.destroy(), up.destroy()));
  });
  await once(counter.listen(0, '127.0.0.1'), 'listening');
  const get = ['get', '-o', out, '-s', `http://127.0.0.1:${counter.address().port}/`, made.stdout.trim()];
  const child = cli.start(get);
  const half = () => readdirSync(cli.folder).some((f) => f.endsWith('.part') && readFileSync(join(cli.folder, f)).length > bytes.length / 2);
  while (!half() && child.exitCode === null) await sleep(2);
  child.kill('SIGINT');
  const r = await child.done;
  assert.equal(r.code, exit.unfinished, r.stderr);
  assert.match(r.stderr, /Run the same command again/);
  received = 0;
  const again = await cli.run(get);
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
  assert.match(r.stderr, /no response from [^]*the view is kept for you/);
  const putting = await cli.run(['put', '-q', '--patience', '0s'], { input: bytes });
  assert.equal(putting.code, exit.network);
  await startUp();
  assert.equal((await cli.run(['get', '-o', out, made.stdout.trim()])).code, exit.done);
  assert.ok(readFileSync(out).equals(bytes));
});
