// SPDX-License-Identifier: MIT
// Schedules of faults between secretsd and its table and bucket, seen from outside, over HTTP: two
// servers on one table and bucket, every way to share, openers at once.  Never more than N views are
// delivered, exactly N once the faults clear (a classic claim that nobody can decide counts as used),
// each by a claim that is written down, and what is left behind is of the kinds that may be.
//
// HTTP_FAULTS is how many schedules (100 without it), FAULT_SEED the first one's seed.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { dynamo } from '../support/aws/dynamo.mjs';
import { startFaultProxy } from '../support/aws/fault-proxy.mjs';
import { takeLeftovers } from '../support/aws/leftovers.mjs';
import { startStandins } from '../support/aws/standins.mjs';
import { makeSecret, makeToken } from '../support/api.mjs';
import { standinEnvironment } from '../support/kinds.mjs';
import { patience, startServer } from '../support/server.mjs';

// How far the clock of the service is ahead of the servers' in each lane: an upload ends that rests for an hour.
const AHEAD_MS = [0, 90_000, 5400_000];
const PART = 65536;
const schedules = Number(process.env.HTTP_FAULTS ?? 100);
const firstSeed = Number(process.env.FAULT_SEED ?? 1);
const json = { 'content-type': 'application/json' };
let standins;
const lanes = [];

/** A table and a bucket behind proxies whose clock is ${ahead} ms ahead, and two servers on them. */
async function startLane(ahead) {
  const env = await standinEnvironment(standins);
  const proxies = { dynamodb: await startFaultProxy('dynamodb', standins.dynamodb), s3: await startFaultProxy('s3', standins.s3) };
  proxies.dynamodb.ahead = proxies.s3.ahead = ahead;
  const through = {
    ...env,
    AWS_ENDPOINT_URL_DYNAMODB: proxies.dynamodb.url, AWS_ENDPOINT_URL_S3: proxies.s3.url,
    SECRETS_PART_SIZE: '64 KiB',
  };
  const lane = { ...proxies, table: env.DYNAMO_TABLE, bucket: env.S3_BUCKET, servers: [] };
  lanes.push(lane);
  for (let i = 0; i < 2; i++) lane.servers.push(await startServer({ env: through }));
  return lane;
}

function begin(lane, seed, rate) {
  lane.dynamodb.seed(seed, rate);
  lane.s3.seed(seed + 1e6, rate);
}
const clear = (lane) => Promise.all([lane.dynamodb.clear(), lane.s3.clear()]);

before(async () => {
  standins = await startStandins();
  await Promise.all(AHEAD_MS.map(startLane));
});
after(async () => {
  for (const lane of lanes) {
    await Promise.all(lane.servers.map((s) => s.stop()));
    lane.dynamodb.close();
    lane.s3.close();
  }
  await standins?.stop();
});

/** One request, to each server in turn; { status, bytes, json }. */
let turn = 0;
async function ask(lane, method, path, { body, headers, token } = {}) {
  const { url } = lane.servers[turn++ % 2];
  const answer = await fetch(url + path, { method, body, headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, bytes, json: answer.headers.get('content-type')?.includes('json') && bytes.length > 0 ? JSON.parse(bytes) : undefined };
}

/** The same until it is no 503.  A retried create makes another secret; everything else is idempotent. */
async function insist(...request) {
  for (let tries = 0; tries < 30; tries++) {
    const answer = await ask(...request);
    if (answer.status !== 503) return answer;
  }
  throw new Error(`nothing but 503: ${request[1]} ${request[2]}`);
}

const expectStatus = (answer, ...statuses) => {
  assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.bytes}`);
  return answer;
};

/** Sealed secrets: the lease identifies an open, so a reader without a response can ask again. */
const sealed = (inline) => ({
  async create(lane, views) {
    const s = makeSecret({ size: inline ? 700 : 2 * PART + 900, views, inline });
    const { json: made } = expectStatus(await insist(lane, 'POST', '/api/v1/secrets', { body: JSON.stringify(s.create), headers: json }), 201);
    const path = `/api/v1/secrets/${made.id}`;
    for (let k = 0; !inline && k * PART < s.envelope.length; k++)
      expectStatus(await insist(lane, 'PUT', `${path}/parts/${k}`, { body: s.envelope.subarray(k * PART, (k + 1) * PART), token: made.owner_token }), 204);
    if (!inline) expectStatus(await insist(lane, 'POST', `${path}/complete`, { token: made.owner_token }), 204);
    return { ...s, id: made.id, path };
  },
  opener: () => ({ lease: makeToken() }),
  async open(lane, s, o) {
    const body = JSON.stringify({ access: s.access, lease: o.lease });
    const answer = expectStatus(await ask(lane, 'POST', `${s.path}/open`, { body, headers: json }), 200, 404, 503);
    o.unknown = answer.status === 503;
    o.delivered = answer.status === 200;
    if (o.delivered && inline) assert.equal(answer.json.content, s.create.content);
  },
  // What was delivered can be fetched and is confirmed, faults or none.  A part that is not the one that was
  // stored is found out by its reader, who asks again.
  async use(lane, s, o) {
    for (let k = 0, tries = 0; !inline && k * PART < s.envelope.length; tries++) {
      assert.ok(tries < 40, 'a part does not come');
      const { bytes } = expectStatus(await insist(lane, 'GET', `${s.path}/parts/${k}`, { token: o.lease }), 200);
      if (s.envelope.subarray(k * PART, (k + 1) * PART).equals(bytes)) k++;
    }
    if (o.confirms) expectStatus(await insist(lane, 'DELETE', `${s.path}/lease`, { token: o.lease }), 204);
  },
  async checkBooks(item, openers, views) {
    const claims = new Set(item.claims.BS);
    assert.equal(claims.size, views);
    for (const { lease } of openers.filter((o) => o.delivered)) assert.ok(claims.has(createHash('sha256').update(lease).digest('base64')));
  },
});

/** Classic secrets: each request is a view of its own, and one without an answer may have used it. */
const classic = (file) => ({
  async create(lane, views) {
    const content = file ? randomBytes(5000) : Buffer.from(`text ${views} 🔑`);
    const answer = file
      ? await insist(lane, 'POST', '/encrypt?file_name=a.bin', { body: content })
      : await insist(lane, 'POST', '/encrypt', { body: JSON.stringify({ secret: content.toString(), view_count: views }), headers: json });
    return { ...expectStatus(answer, 200).json, id: answer.json.secret_id, content };
  },
  opener: () => ({}),
  async open(lane, s, o) {
    const body = JSON.stringify({ secret_id: s.secret_id, passphrase: s.passphrase });
    const answer = expectStatus(await ask(lane, 'POST', '/decrypt', { body, headers: json }), 200, 404, 503);
    o.lost = answer.status === 503;
    o.delivered = answer.status === 200;
    if (o.delivered) assert.deepEqual(Buffer.from(answer.json.data, file ? 'base64' : 'utf8'), s.content);
  },
  async use() {},
  async checkBooks(item, openers, views) {
    if (item?.claims) assert.equal(item.claims.BS.length, views);
  },
});

const KINDS = [sealed(true), sealed(false), classic(false), classic(true)];

/** One schedule; resolves to how many views too many were delivered. */
async function runSchedule(lane, seed, { rate = 0.1 + 0.1 * (seed % 3), racers = 2, views } = {}) {
  const kind = KINDS[seed % 4];
  views ??= seed % 4 === 3 ? 1 : 1 + (Math.floor(seed / 4) % 3);
  begin(lane, seed, rate);
  const s = await kind.create(lane, views);
  lane.s3.corrupt = true;
  const openers = Array.from({ length: views + racers }, (_, i) => ({ ...kind.opener(), confirms: (seed + i) % 2 === 0 }));
  await Promise.all(openers.map((o) => kind.open(lane, s, o)));
  if (openers.filter((o) => o.delivered).length > views) return openers.filter((o) => o.delivered).length - views;
  await Promise.all(openers.filter((o) => o.delivered).map((o) => kind.use(lane, s, o)));
  lane.s3.corrupt = false;
  await clear(lane);

  for (const o of openers.filter((o) => o.unknown)) {
    await kind.open(lane, s, o);
    if (o.delivered) await kind.use(lane, s, o);
  }
  for (let missed = 0; missed < 2; ) {
    const late = kind.opener();
    await kind.open(lane, s, late);
    openers.push(late);
    if (!late.delivered) missed++;
  }
  const delivered = openers.filter((o) => o.delivered).length;
  const lost = openers.filter((o) => o.lost).length;
  assert.ok(delivered + lost >= views, `${delivered} of ${views} views, ${lost} without an answer`);
  if (delivered <= views) {
    const { Item } = await dynamo(standins.dynamodb, 'GetItem', { TableName: lane.table, Key: { secret_id: { S: s.id } }, ConsistentRead: true });
    await kind.checkBooks(Item, openers, views);
  }
  return delivered - views > 0 ? delivered - views : 0;
}

test(`${schedules} schedules: never more than N, exactly N in the end`, { timeout: 1800_000 }, async (t) => {
  const kinds = {};
  let seed = firstSeed;
  await Promise.all(
    lanes.map(async (lane) => {
      while (seed < firstSeed + schedules) {
        const mine = seed++;
        try {
          assert.equal(await runSchedule(lane, mine), 0, 'too many views');
          for (const [kind, count] of Object.entries(await takeLeftovers(standins, lane.table, lane.bucket))) {
            assert.ok(!kind.startsWith('!'), kind);
            kinds[kind] = (kinds[kind] ?? 0) + count;
          }
        } catch (error) {
          error.message = `seed ${mine}: ${error.message}`;
          throw error;
        }
      }
    }),
  );
  const faults = {};
  for (const proxy of lanes.flatMap((l) => [l.dynamodb, l.s3])) for (const [name, n] of Object.entries(proxy.counts)) faults[name] = (faults[name] ?? 0) + n;
  t.diagnostic(`faults: ${JSON.stringify(faults)}`);
  t.diagnostic(`left behind: ${JSON.stringify(kinds)}`);
});

test('a store without its conditions is found out', { timeout: 60_000 * patience }, async () => {
  const [lane] = lanes;
  let extra = 0;
  lane.dynamodb.unconditional = true;
  for (let round = 0; round < 50 && extra === 0; round++) extra = await runSchedule(lane, 4 * round, { rate: 0, racers: 8, views: 1 });
  lane.dynamodb.unconditional = false;
  assert.ok(extra > 0, 'it was not found out');
});
