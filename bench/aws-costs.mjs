// SPDX-License-Identifier: MIT
// What it costs on AWS (docs/AWS.md, "What it costs"): `node bench/aws-costs.mjs`, after `make`.
//
// The function serves one secret of each kind from its making to its end, on stand-ins behind proxies
// that count what Amazon counts: write and read units from the sizes of the items, requests, bytes.
// PRICES and ASSUMED below make a bill of that; change them and run it again.

import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { dynamo } from '../tests/system/support/aws/dynamo.mjs';
import { answerOf, eventOf, startRuntime } from '../tests/system/support/aws/runtime.mjs';
import { startStandins } from '../tests/system/support/aws/standins.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const build = join(top, process.env.BUILD ?? 'build');

// List prices in us-east-1 in US dollars, free tiers left out.  [up to, price] where they fall with the amount.
export const PRICES = {
  writeUnit: 0.625e-6, readUnit: 0.125e-6, tableGB: 0.25,
  s3Put: 5e-6, s3Get: 0.4e-6, s3GB: 0.023,
  gateway: [[300e6, 1e-6], [Infinity, 0.9e-6]], // an HTTP API's, for each 512 KB begun
  invocation: 0.2e-6, GBs: 0.0000166667,
  cdnRequest: 1e-6, cdnFunction: 0.1e-6, toOriginGB: 0.02,
  outGB: [[10e3, 0.085], [50e3, 0.08], [150e3, 0.06], [500e3, 0.04], [1024e3, 0.03], [5024e3, 0.025], [Infinity, 0.02]],
  logGB: [[10e3, 0.5], [30e3, 0.25], [50e3, 0.1], [Infinity, 0.05]], logStoredGB: 0.03,
};

// What no stand-in can tell.
export const ASSUMED = {
  memoryMB: 512, // the template's; a processor's share grows with it, a whole one is 1,769 MB
  waitMs: 8, // for one request to DynamoDB or S3
  cpuMs: { light: 2, part: 20, derive: 45 }, // of a whole processor: a request, one with a part, one that derives a key
  platformLog: 300, // bytes that Lambda itself logs for an invocation
  daysUntilOpened: 1,
  lifetimeDays: 5, receiptDays: 7, logDays: 14,
};

const MONTH_DAYS = 30;
const STEP = 512 * 1024;
const KB = (bytes, unit) => Math.max(1, Math.ceil(bytes / unit));

// The size of an item as DynamoDB counts it.
function sizeOfValue(value) {
  const [[type, v]] = Object.entries(value);
  const number = (n) => 1 + Math.ceil(n.replace(/^-|\.|e.*/g, '').replace(/0+$/, '').length / 2);
  const bytes = (b) => Buffer.from(b, 'base64').length;
  switch (type) {
    case 'S': return Buffer.byteLength(v);
    case 'N': return number(v);
    case 'B': return bytes(v);
    case 'BS': return v.reduce((sum, b) => sum + bytes(b), 0);
    case 'NS': return v.reduce((sum, n) => sum + number(n), 0);
    case 'L': return 3 + v.reduce((sum, one) => sum + 1 + sizeOfValue(one), 0);
    case 'M': return 3 + Object.entries(v).reduce((sum, [k, one]) => sum + 1 + Buffer.byteLength(k) + sizeOfValue(one), 0);
    default: return 1;
  }
}
const sizeOf = (item) => (item ? Object.entries(item).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + sizeOfValue(v), 0) : 0);
const indexKey = (item) => (item?.sweep ? `${item.sweep.S} ${item.sweep_at.N}` : '');

/** The units of one request that found ${before} and left ${after}. */
function unitsOf(operation, before, after, answerBytes) {
  const units = { read: 0, write: 0, index: 0 };
  if (operation === 'Query') units.read = 0.5 * KB(answerBytes, 4096); // of an index: eventually consistent
  else if (operation === 'GetItem') units.read = KB(sizeOf(before), 4096); // what the projection leaves out counts as well
  else {
    units.write = KB(Math.max(sizeOf(before), sizeOf(after)), 1024);
    // An index's key that changes is taken out and put in.
    const [was, is] = [indexKey(before), indexKey(after)];
    if (was !== is) units.index = (was ? 1 : 0) + (is ? 1 : 0);
  }
  return units;
}

// DynamoDB Local counts too: where it is the stand-in (tools/check-aws), both must agree.
function askCapacity(message, body) {
  message.body = Buffer.from(JSON.stringify({ ...body, ReturnConsumedCapacity: 'TOTAL' }));
  message.headers['content-length'] = String(message.body.length);
}
function checkCapacity(operation, units, answer) {
  const theirs = JSON.parse(answer.body).ConsumedCapacity.CapacityUnits;
  const ours = units.read + units.write + units.index;
  // It takes nothing for a query that finds nothing; Amazon takes the least there is.
  if (ours !== theirs && !(operation === 'Query' && theirs === 0)) throw new Error(`${operation}: ${ours} units, but DynamoDB Local counts ${theirs}`);
}

// A proxy before ${target} that hands each request to ${see} with a function that sends it on.
async function proxy(target, see) {
  const send = ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const on = request(new URL(url, target), { method, headers }, async (res) => {
        const chunks = [];
        for await (const chunk of res) chunks.push(chunk);
        resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) });
      });
      on.on('error', reject);
      on.end(body);
    });
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const message = { method: req.method, url: req.url, headers: req.headers, body: Buffer.concat(chunks) };
    const answer = await see(message, () => send(message));
    const { connection, 'transfer-encoding': _, 'content-length': __, ...headers } = answer.headers;
    res.writeHead(answer.status, req.method === 'HEAD' ? headers : { ...headers, 'content-length': answer.body.length });
    res.end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => (server.close(), server.closeAllConnections?.()) };
}

/** Start everything; counts gather in world.counts. */
async function startWorld() {
  const standins = await startStandins();
  const world = { standins, table: await standins.table(), bucket: await standins.bucket(), counts: {} };
  const add = (what, n) => (world.counts[what] = (world.counts[what] ?? 0) + n);
  world.add = add;
  const itemAt = async (id) => (await dynamo(standins.dynamodb, 'GetItem', { TableName: world.table, Key: { secret_id: { S: id } }, ConsistentRead: true })).Item;
  world.itemAt = itemAt;
  const tables = await proxy(standins.dynamodb, async (message, send) => {
    const operation = message.headers['x-amz-target'].split('.')[1];
    const body = JSON.parse(message.body);
    const id = (body.Key ?? body.Item)?.secret_id.S;
    const before = id && (await itemAt(id));
    if (process.env.STANDIN_DYNAMODB) askCapacity(message, body);
    const answer = await send();
    const after = id && (await itemAt(id));
    const units = unitsOf(operation, before, after, answer.body.length);
    if (process.env.STANDIN_DYNAMODB) checkCapacity(operation, units, answer);
    // The time in an index's key, set again within the same second, is another one in the next.
    if (units.index === 0 && before?.sweep && /#sweep_at = /.test(body.UpdateExpression)) units.index = 2;
    add('calls', 1);
    add(units.read > 0 ? 'reads' : 'writes', units.read + units.write + units.index);
    return answer;
  });
  const objects = await proxy(standins.s3, (message, send) => {
    add('calls', 1);
    // What erases costs nothing: one object by DELETE, many by a POST.
    if (!['DELETE', 'POST'].includes(message.method)) add(message.method === 'PUT' ? 'puts' : 'gets', 1);
    return send();
  });
  world.runtime = await startRuntime(join(build, 'bootstrap'), {
    AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_ENDPOINT_URL_DYNAMODB: tables.url, AWS_ENDPOINT_URL_S3: objects.url, DYNAMO_TABLE: world.table, S3_BUCKET: world.bucket,
  });
  if (!world.runtime.ready) throw new Error(world.runtime.log);
  world.stop = async () => {
    await world.runtime.stop();
    tables.close();
    objects.close();
    await standins.stop();
  };
  return world;
}

const processorMs = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
const headerBytes = (headers) => Object.entries(headers).reduce((sum, [k, v]) => sum + k.length + String(v).length + 4, 20);
const json = (value) => ({ headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) });

/** One event, counted; ${kind} is a key of ASSUMED.cpuMs. */
async function count({ runtime, add, counts }, kind, event) {
  const [log, calls, processor] = [runtime.log.length, counts.calls ?? 0, processorMs(runtime.pid)];
  const result = await runtime.invoke(event);
  add('invocations', 1);
  add(`measured ${kind}`, processorMs(runtime.pid) - processor);
  add(`of ${kind}`, 1);
  add('ms', Math.ceil(ASSUMED.cpuMs[kind] * (1769 / ASSUMED.memoryMB) + ((counts.calls ?? 0) - calls) * ASSUMED.waitMs));
  add('log', ASSUMED.platformLog + runtime.log.length - log);
  return result;
}

/** One request by CloudFront and the gateway; resolves to its answer, which must be a success. */
async function ask(world, kind, req) {
  const answer = answerOf(await count(world, kind, eventOf.http(req)));
  if (answer.status >= 300) throw new Error(`${req.method} ${req.path}: ${answer.status} ${answer.body}`);
  const length = req.body?.length ?? 0;
  world.add('cdn', 1);
  world.add('gateway', KB(Math.max(length, answer.body.length), STEP));
  world.add('up', length + headerBytes(req.headers ?? {}));
  world.add('down', answer.body.length + headerBytes(answer.headers));
  return answer.body.length > 0 && answer.headers['content-type']?.includes('json') ? JSON.parse(answer.body) : answer.body;
}

/** A browser opens the page for the first time; CloudFront has the files. */
async function openPage(world) {
  const files = ['index.html', 'page.css', 'page.js', 'worker.js', 'config.json'];
  for (const name of files) {
    world.add('down', gzipSync(readFileSync(join(top, 'build/web', name))).length + 800);
    world.add('cdn', 1);
    world.add('pages', 1);
  }
  await ask(world, 'light', { method: 'GET', path: '/api/v1/config' });
}

const stored = (world, what, bytes, days) => world.add(what, (bytes * days) / MONTH_DAYS / 1e9);
const OVERHEAD = 100; // that DynamoDB adds to an item, and to one of an index
const inTable = (item) => sizeOf(item) + OVERHEAD + (item?.sweep ? OVERHEAD + 60 : 0);

/** When its receipt ends, the sweep deletes what is left of a sealed secret; the timer itself is counted apart. */
async function endReceipt(world, id) {
  const { writes } = world.counts;
  const past = String(Math.floor(Date.now() / 1000) - 8 * 86400);
  await dynamo(world.standins.dynamodb, 'UpdateItem', {
    TableName: world.table, Key: { secret_id: { S: id } }, UpdateExpression: 'SET expires_at = :p, sweep_at = :p', ExpressionAttributeValues: { ':p': { N: past } },
  });
  const before = { ...world.counts };
  const { response } = await world.runtime.invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  if (response.records !== 1 || (await world.itemAt(id))) throw new Error(`the receipt was not swept: ${JSON.stringify(response)}`);
  world.counts = { ...before, writes: world.counts.writes, reads: before.reads + 1 }; // its own GetItem, not the timer's queries
  if (world.counts.writes === writes) throw new Error('the sweep wrote nothing');
}

async function sealed(world, size, byPage = true) {
  const envelope = Buffer.concat([Buffer.from('455376310e080100', 'hex'), randomBytes(size - 8)]);
  const access = randomBytes(32);
  const inline = size <= 128 * 1024;
  if (byPage) await openPage(world);
  const made = await ask(world, 'light', {
    method: 'POST', path: '/api/v1/secrets',
    ...json({
      verifier: createHash('sha256').update(access).digest('base64url'), header: envelope.subarray(0, 32).toString('base64url'),
      views: 1, ttl: ASSUMED.lifetimeDays * 86400, size, ...(inline && { content: envelope.toString('base64url') }),
    }),
  });
  const path = `/api/v1/secrets/${made.id}`;
  const owner = { authorization: `Bearer ${made.owner_token}` };
  const parts = inline ? 0 : Math.ceil(size / made.part_size);
  for (let k = 0; k < parts; k++)
    await ask(world, 'part', { method: 'PUT', path: `${path}/parts/${k}`, headers: { ...owner, 'content-type': 'application/octet-stream' }, body: envelope.subarray(k * made.part_size, (k + 1) * made.part_size) });
  if (!inline) await ask(world, 'part', { method: 'POST', path: `${path}/complete`, headers: owner });
  stored(world, 'table', inTable(await world.itemAt(made.id)) + (inline ? inTable(await world.itemAt(`${made.id}#content`)) : 0), ASSUMED.daysUntilOpened);
  if (!inline) stored(world, 'objects', size, ASSUMED.daysUntilOpened);
  if (byPage) await openPage(world);
  await ask(world, 'light', { method: 'GET', path });
  const lease = randomBytes(32).toString('base64url');
  const holder = { authorization: `Bearer ${lease}` };
  await ask(world, 'light', { method: 'POST', path: `${path}/open`, ...json({ access: access.toString('base64url'), lease }) });
  for (let k = 0; k < parts; k++) await ask(world, 'part', { method: 'GET', path: `${path}/parts/${k}`, headers: holder });
  await ask(world, 'light', { method: 'DELETE', path: `${path}/lease`, headers: holder });
  stored(world, 'table', inTable(await world.itemAt(made.id)), ASSUMED.lifetimeDays + ASSUMED.receiptDays - ASSUMED.daysUntilOpened);
  await endReceipt(world, made.id);
}

async function classic(world, size) {
  const made = await ask(world, 'derive', { method: 'POST', path: '/encrypt', ...json({ secret: 'x'.repeat(size) }) });
  stored(world, 'table', inTable(await world.itemAt(made.secret_id)), ASSUMED.daysUntilOpened);
  await ask(world, 'derive', { method: 'POST', path: '/decrypt', ...json(made) });
}

export const KINDS = {
  'sealed text of 1 KB': (world) => sealed(world, 1024),
  'classic text of 1 KB': (world) => classic(world, 1000),
  'sealed file of 10 MB': (world) => sealed(world, 10_000_000),
};

/** The timer's own invocations in a month, with nothing to erase. */
async function timer(world) {
  world.counts = {};
  await count(world, 'light', { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  const monthly = (MONTH_DAYS * 24 * 60) / 5;
  return Object.fromEntries(Object.entries(world.counts).map(([what, n]) => [what, n * monthly]));
}

/** {kind: counts of one secret}, and those of the timer in a month under "timer". */
export async function measure() {
  const world = await startWorld();
  const all = {};
  try {
    for (const [kind, run] of Object.entries(KINDS)) {
      world.counts = {};
      await run(world);
      all[kind] = { ...world.counts };
    }
    all.timer = await timer(world);
  } finally {
    await world.stop();
  }
  return all;
}

const tiered = (amount, steps) => {
  let [sum, from] = [0, 0];
  for (const [to, price] of steps) {
    sum += Math.max(0, Math.min(amount, to) - from) * price;
    from = to;
  }
  return sum;
};

/** What ${n} secrets with ${c} each cost, by service. */
export function bill(c, n) {
  const p = PRICES;
  const of = (what) => (c[what] ?? 0) * n;
  const logs = of('log') / 1e9;
  return {
    DynamoDB: of('writes') * p.writeUnit + of('reads') * p.readUnit + of('table') * p.tableGB,
    S3: of('puts') * p.s3Put + of('gets') * p.s3Get + of('objects') * p.s3GB,
    Lambda: of('invocations') * p.invocation + (of('ms') / 1000) * (ASSUMED.memoryMB / 1024) * p.GBs,
    gateway: tiered(of('gateway'), p.gateway),
    CloudFront: of('cdn') * p.cdnRequest + of('pages') * p.cdnFunction + (of('up') / 1e9) * p.toOriginGB + tiered(of('down') / 1e9, p.outGB),
    logs: tiered(logs, p.logGB) + ((logs * ASSUMED.logDays) / MONTH_DAYS) * p.logStoredGB,
  };
}

const sum = (costs) => Object.values(costs).reduce((a, b) => a + b, 0);
// Two digits that count, in plain figures; nothing below a cent.
export function dollars(amount) {
  if (amount < 0.01) return 'below 0.01';
  const shown = Number(amount.toPrecision(2));
  return shown >= 10 ? shown.toLocaleString('en-US', { maximumFractionDigits: 0 }) : String(shown);
}
const row = (...cells) => `| ${cells.join(' | ')} |`;

/** The tables of docs/AWS.md, as lines. */
export function tables(all) {
  const kinds = Object.keys(KINDS);
  const plain = (n, digits = 0) => (n ?? 0).toLocaleString('en-US', { maximumFractionDigits: digits });
  const counted = ['write units', 'read units', 'PUT', 'GET', 'invocations', 'ms in all', 'gateway', 'CloudFront', 'sent'];
  const cells = (c) => [
    plain(c.writes), plain(c.reads, 1), plain(c.puts), plain(c.gets), plain(c.invocations), plain(c.ms),
    plain(c.gateway), plain(c.cdn), c.down > 1e6 ? `${plain(c.down / 1e6, 1)} MB` : `${plain(c.down / 1e3)} KB`,
  ];
  const services = Object.keys(bill({}, 0));
  const amounts = [['1,000', 1e3], ['1 million', 1e6], ['1 billion', 1e9]];
  return [
    row('', ...counted), row('---', ...counted.map(() => '---')), ...kinds.map((kind) => row(kind, ...cells(all[kind]))),
    '',
    row('1 million of', ...services), row('---', ...services.map(() => '---')),
    ...kinds.map((kind) => row(kind, ...Object.values(bill(all[kind], 1e6)).map((cost) => (cost === 0 ? '-' : dollars(cost))))),
    '',
    row('secrets a month', ...kinds), row('---', ...kinds.map(() => '---')),
    ...amounts.map(([name, n]) => row(name, ...kinds.map((kind) => dollars(sum(bill(all[kind], n)))))),
    '',
    `The timer that starts the sweep costs another ${dollars(sum(bill(all.timer, 1)))} US dollars a month.`,
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = await measure();
  console.log(tables(all).join('\n'));
  console.log();
  for (const kind of Object.keys(ASSUMED.cpuMs)) {
    const times = Object.values(all).filter((c) => c[`of ${kind}`] && c !== all.timer);
    const [ms, n] = [`measured ${kind}`, `of ${kind}`].map((what) => times.reduce((s, c) => s + c[what], 0));
    console.log(`processor time, ${kind}: ${(ms / n).toFixed(1)} ms a request here, assumed ${ASSUMED.cpuMs[kind]}`);
  }
  process.exit(0);
}
