// SPDX-License-Identifier: MIT
// The function on a Runtime API that the test provides, on dynalite and s3rver.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkTable, INSIDE, NETWORK, USER_HEADER } from '../support/access-table.mjs';
import { answerOf, eventOf, startRuntime } from '../support/aws/runtime.mjs';
import { startStandins } from '../support/aws/standins.mjs';
import { refOf } from '../support/ctl.mjs';
import { standinEnvironment } from '../support/kinds.mjs';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const program = join(top, process.env.BUILD ?? 'build', 'bootstrap');
const functionProgram = join(top, 'build/function/bootstrap');
let standins, env, runtime;

before(async () => {
  standins = await startStandins();
  // By address: a bare root has no file of hosts.
  env = { ...(await standinEnvironment(standins)), AWS_ENDPOINT_URL_DYNAMODB: standins.dynamodb };
  runtime = await startRuntime(program, env);
  assert.ok(runtime.ready, runtime.log);
});
after(async () => {
  await runtime?.stop();
  await standins?.stop();
});

const send = async (kind, request, on = runtime) => answerOf(await on.invoke(eventOf[kind](request)));
const json = (value) => ({ headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) });
const parse = (answer) => JSON.parse(answer.body.toString());

for (const kind of ['http', 'rest', 'balancer', 'balancerLists']) {
  test(`${kind}: a text is shared and opened once`, async () => {
    const secret = 'имя "\\ \u0001 🔑\n';
    const made = await send(kind, { method: 'POST', path: '/encrypt', ...json({ secret }) });
    assert.equal(made.status, 200, made.body.toString());
    const opened = await send(kind, { method: 'POST', path: '/decrypt', ...json(parse(made)) });
    assert.equal(opened.status, 200);
    assert.equal(parse(opened).data, secret);
    const again = await send(kind, { method: 'POST', path: '/decrypt', ...json(parse(made)) });
    assert.equal(again.status, 404);
    assert.equal(again.body.length, 0);
  });

  test(`${kind}: a file of any bytes, its name decoded once`, async () => {
    const body = randomBytes(70000);
    const name = 'a+b %41 имя.bin';
    const made = await send(kind, { method: 'POST', path: '/encrypt', query: `file_name=${encodeURIComponent(name)}`, headers: { 'content-type': 'application/octet-stream' }, body });
    assert.equal(made.status, 200, made.body.toString());
    const opened = parse(await send(kind, { method: 'POST', path: '/decrypt', ...json(parse(made)) }));
    assert.equal(opened.file_name, name);
    assert.deepEqual(Buffer.from(opened.data, 'base64'), body);
  });

  test(`${kind}: a sealed secret in parts`, async () => {
    const envelope = Buffer.concat([Buffer.from('455376310e080100', 'hex'), randomBytes(24 + (1 << 20) + 500)]);
    const access = randomBytes(32);
    const made = parse(
      await send(kind, {
        method: 'POST', path: '/api/v1/secrets',
        ...json({
          verifier: createHash('sha256').update(access).digest('base64url'),
          header: envelope.subarray(0, 32).toString('base64url'),
          views: 1, ttl: 3600, size: envelope.length,
        }),
      }),
    );
    assert.ok(made.id, JSON.stringify(made));
    if (kind.startsWith('balancer')) return; // parts of the default size do not fit its 1 MB
    const owner = { authorization: `Bearer ${made.owner_token}` };
    for (let k = 0, at = 0; at < envelope.length; k++, at += made.part_size) {
      const put = await send(kind, { method: 'PUT', path: `/api/v1/secrets/${made.id}/parts/${k}`, headers: { ...owner, 'content-type': 'application/octet-stream' }, body: envelope.subarray(at, at + made.part_size) });
      assert.equal(put.status, 204, put.body.toString());
    }
    const complete = await send(kind, { method: 'POST', path: `/api/v1/secrets/${made.id}/complete`, headers: owner });
    assert.ok(complete.status < 300, complete.body.toString());
    const lease = randomBytes(32).toString('base64url');
    const opened = await send(kind, { method: 'POST', path: `/api/v1/secrets/${made.id}/open`, ...json({ access: access.toString('base64url'), lease }) });
    assert.equal(opened.status, 200, opened.body.toString());
    const holder = { authorization: `Bearer ${lease}` };
    const parts = [];
    for (let k = 0; k * made.part_size < envelope.length; k++)
      parts.push((await send(kind, { method: 'GET', path: `/api/v1/secrets/${made.id}/parts/${k}`, headers: holder })).body);
    assert.deepEqual(Buffer.concat(parts), envelope);
    assert.equal((await send(kind, { method: 'DELETE', path: `/api/v1/secrets/${made.id}/lease`, headers: holder })).status, 204);
    assert.equal((await send(kind, { method: 'GET', path: `/api/v1/secrets/${made.id}` })).status, 404);
  });
}

test('every route, right and plane gives what it should', { timeout: 60000 }, async (t) => {
  const token = randomBytes(32).toString('base64url');
  const hash = createHash('sha256').update(token).digest('hex');
  const planes = {
    main: await startRuntime(program, { ...env, SECRETS_CREATE: `token,user,${NETWORK}`, SECRETS_API_TOKENS: `ci ${hash}`, SECRETS_USER_CLAIM: 'email' }),
    open: await startRuntime(program, { ...env, SECRETS_CREATE: 'nobody' }),
  };
  t.after(() => Promise.all(Object.values(planes).map((one) => one.stop())));
  for (const kind of ['http', 'rest']) {
    const authorizer = kind === 'http' ? { jwt: { claims: { email: 'ada' }, scopes: null } } : { claims: { email: 'ada' } };
    const ask = async (plane, right, method, path, { json: body } = {}) => {
      const request = { method, path, ...(body && json(body)) };
      if (right === 'token') request.headers = { ...request.headers, authorization: `Bearer ${token}` };
      if (right === 'forged') request.headers = { ...request.headers, email: 'ada', [USER_HEADER.toLowerCase()]: 'ada', 'x-amzn-oidc-identity': 'ada', 'x-forwarded-for': INSIDE };
      const event = eventOf[kind](request);
      const context = kind === 'http' ? event.requestContext.http : event.requestContext.identity;
      context.sourceIp = right === 'network' ? INSIDE : '192.0.2.7';
      if (right === 'user') event.requestContext.authorizer = authorizer;
      const answer = answerOf(await planes[plane].invoke(event));
      return { ...answer, json: /json/.test(answer.headers['content-type'] ?? '') && answer.body.length > 0 ? parse(answer) : undefined };
    };
    await checkTable(ask);
  }
});

test('a stage in the path is looked through', async () => {
  const answer = await send('http', { method: 'GET', path: '/api/v1/config', stage: 'prod' });
  assert.equal(answer.status, 200);
  const config = parse(answer);
  assert.ok(config);
});

test('below a base path the API and the page are found', { timeout: 60000 }, async (t) => {
  const brand = mkdtempSync(join(tmpdir(), 'brand-'));
  const logo = '<svg xmlns="http://www.w3.org/2000/svg"/>';
  writeFileSync(join(brand, 'brand.json'), '{ "name": "Nordwind", "logo": "n.svg" }');
  writeFileSync(join(brand, 'n.svg'), logo);
  const below = await startRuntime(program, { ...env, SECRETS_PATH_PREFIX: '/share', SECRETS_BRAND: brand });
  t.after(async () => { await below.stop(); rmSync(brand, { recursive: true }); });
  assert.ok(below.ready, below.log);
  for (const kind of ['http', 'rest', 'balancer', 'balancerLists']) {
    const secret = `below ${kind}`;
    const made = await send(kind, { method: 'POST', path: '/share/encrypt', ...json({ secret }) }, below);
    assert.equal(made.status, 200, made.body.toString());
    // The gateway's own address has no base path.
    const opened = await send(kind, { method: 'POST', path: '/decrypt', ...json(parse(made)) }, below);
    assert.equal(parse(opened).data, secret);

    // Its logo is beside the API, whose address ends with the prefix.
    const config = parse(await send(kind, { method: 'GET', path: '/share/api/v1/config' }, below));
    assert.equal((await send(kind, { method: 'GET', path: `/share/${config.brand.logo}` }, below)).body.toString(), logo);

    const page = await send(kind, { method: 'GET', path: '/share/' }, below);
    assert.match(page.body.toString(), /<!doctype html>/i);
    assert.doesNotMatch(page.body.toString(), /(src|href)="\//, 'the page names its files relative to its folder');
    const script = page.body.toString().match(/src="([^"]+\.js)"/)[1];
    assert.equal((await send(kind, { method: 'GET', path: new URL(script, 'https://x/share/').pathname }, below)).status, 200);

    const unslashed = await send(kind, { method: 'GET', path: '/share' }, below);
    assert.deepEqual([unslashed.status, unslashed.headers.location], [308, 'share/']);
    assert.equal((await send(kind, { method: 'POST', path: '/share' }, below)).status, 405);
    assert.equal((await send(kind, { method: 'GET', path: '/shared/api/v1/config' }, below)).status, 404);
  }
  assert.equal((await send('http', { method: 'GET', path: '/share/api/v1/config' })).status, 404, 'without the setting');
});

test('the page is served', async () => {
  const answer = await send('http', { method: 'GET', path: '/' });
  assert.equal(answer.status, 200);
  assert.match(answer.body.toString(), /<!doctype html>/i);
});

test('a header that came twice is refused', async () => {
  const event = eventOf.rest({ method: 'POST', path: '/encrypt', ...json({ secret: 'x' }) });
  event.multiValueHeaders['content-type'] = ['application/json', 'text/plain'];
  assert.equal(answerOf(await runtime.invoke(event)).status, 400);
});

test('bad events are reported, and the function goes on', async () => {
  const bad = ['', 'null', '[]', '{}', '{"version":"2.0"}', '{"httpMethod":1,"path":"/"}', '{"httpMethod":"GET","path":"x"}',
    '{"httpMethod":"GET","path":"/","headers":7,"body":{}}', '"' + 'x'.repeat(100000) + '"', '{"a":'.repeat(5000), '\u0000',
    '{"version":"2.0","rawPath":"/\\u0000","requestContext":{"http":{"method":"GET"}}}'];
  for (const event of bad) {
    const answer = await runtime.invoke(event);
    assert.ok(answer.error || answer.response.statusCode >= 400 || answer.response.statusCode === 200, event.slice(0, 60));
    if (answer.error) assert.match(answer.type, /^Function\./);
  }
  const broken = eventOf.http({ method: 'POST', path: '/encrypt', body: Buffer.from('x') });
  broken.body = '***';
  assert.equal(answerOf(await runtime.invoke(broken)).status, 400);
  assert.equal((await send('http', { method: 'GET', path: '/healthz' })).status, 200);
});

test('what a client can put into an address is refused as the server does it, and is no failure', async () => {
  const nul = { 'a\u0000': '1' };
  const long = 'a'.repeat(1_000_000);
  const cases = [
    [414, 'target_too_long', eventOf.http({ method: 'GET', path: `/${long}` })],
    [414, 'target_too_long', eventOf.http({ method: 'GET', path: '/', query: long })],
    [414, 'target_too_long', eventOf.rest({ method: 'GET', path: `/${long}` })],
    [414, 'target_too_long', eventOf.balancer({ method: 'GET', path: '/', query: `x=${long}` })],
    [400, 'malformed', { ...eventOf.http({ method: 'GET', path: '/' }), rawPath: '/\u0000' }],
    [400, 'malformed', { ...eventOf.http({ method: 'GET', path: '/' }), queryStringParameters: nul }],
    [400, 'malformed', { ...eventOf.rest({ method: 'GET', path: '/' }), multiValueQueryStringParameters: { a: ['\u0000'] } }],
    [400, 'malformed', { ...eventOf.rest({ method: 'GET', path: '/' }), queryStringParameters: nul }],
  ];
  for (const [status, code, event] of cases) {
    const answer = answerOf(await runtime.invoke(event));
    assert.equal(answer.status, status, code);
    assert.equal(parse(answer).code, code);
    assert.equal(answer.headers['secrets-answer'], '1');
  }
  assert.equal((await send('http', { method: 'GET', path: '/healthz' })).status, 200);
});

const KEY = 'k'.repeat(32);

/** The statuses of ${count} requests for a secret that is not there, with the headers ${headers}. */
async function statuses(on, kind, count, headers) {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await send(kind, { method: 'GET', path: `/api/v1/secrets/${'A'.repeat(22)}`, headers }, on));
  return answers.map(({ status }) => status);
}

test('viewers of CloudFront have rates of their own, and only the key makes one believed', { timeout: 60000 }, async (t) => {
  const limited = await startRuntime(program, { ...env, SECRETS_CLOUDFRONT_KEY: KEY, SECRETS_RATE_OPEN: '3' });
  t.after(() => limited.stop());
  assert.ok(limited.ready, limited.log);
  const viewer = (address, key = KEY) => ({ 'X-Secrets-CloudFront-Key': key, 'CloudFront-Viewer-Address': address });
  for (const kind of ['http', 'rest', 'balancerLists']) {
    const n = { http: 1, rest: 2, balancerLists: 3 }[kind];
    // Each viewer: three requests, whatever its port; the fourth is one too many.
    for (const address of [`198.51.100.${n}`, `2001:db8:${n}::9`]) {
      assert.deepEqual(await statuses(limited, kind, 3, viewer(`${address}:1`)), [404, 404, 404], address);
      assert.deepEqual(await statuses(limited, kind, 1, viewer(`${address}:46532`)), [429], address);
    }
    // Without the key, or with no address in the header, it is whom the gateway saw: one client.
    const others = [viewer('203.0.113.1:1', 'x'.repeat(32)), viewer('203.0.113.2:1', ''), { 'CloudFront-Viewer-Address': '203.0.113.3:1' }, viewer('nonsense')];
    const seen = [];
    for (const headers of others) seen.push(...(await statuses(limited, kind, 1, headers)));
    assert.deepEqual(seen, [404, 404, 404, 429], kind);
  }
});

test('an instance takes so many bytes a day, and what it has can be opened', { timeout: 60000 }, async (t) => {
  const small = await startRuntime(program, { ...env, SECRETS_DAILY_BYTES: '300 KiB' });
  t.after(() => small.stop());
  const share = (size) => send('http', { method: 'POST', path: '/encrypt', ...json({ secret: 'x'.repeat(size) }) }, small);
  const made = await share(40000);
  assert.equal(made.status, 200);
  assert.equal((await share(40000)).status, 200);
  // One network has to leave as much again for others.
  const refused = await share(40000);
  assert.deepEqual([refused.status, parse(refused).code], [507, 'full']);
  assert.equal((await share(5000)).status, 200);
  assert.equal((await send('http', { method: 'POST', path: '/decrypt', ...json(parse(made)) }, small)).status, 200);
  assert.equal((await share(40000)).status, 507, 'a view gives nothing back');
});

test('without the key nobody is limited, since all viewers would be one client', { timeout: 60000 }, async (t) => {
  const unlimited = await startRuntime(program, { ...env, SECRETS_RATE_OPEN: '3' });
  t.after(() => unlimited.stop());
  const seen = await statuses(unlimited, 'http', 5, { 'CloudFront-Viewer-Address': '198.51.100.1:1' });
  assert.deepEqual(seen, Array(5).fill(404));
});

test('a timer sweeps', async () => {
  const { response, error } = await runtime.invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  assert.equal(error, undefined);
  assert.equal(response.records, 0);
});

test('a start that cannot be is reported', async () => {
  for (const [change, named] of [
    [{ S3_BUCKET: '' }, /S3_BUCKET/],
    [{ SECRETS_NONSENSE: '1' }, /SECRETS_NONSENSE/],
    [{ TTL_DAYS: '31' }, /TTL_DAYS/],
    [{ SECRETS_PAGE: 'javascript:alert(1)' }, /SECRETS_PAGE/],
    [{ SECRETS_ORIGINS: 'https://Example.org' }, /SECRETS_ORIGINS/],
    [{ SECRETS_MAX_FILE: '4 GiB', SECRETS_PART_SIZE: '64 KiB' }, /SECRETS_MAX_FILE/],
    [{ SECRETS_CLOUDFRONT_KEY: 'short' }, /SECRETS_CLOUDFRONT_KEY/],
    [{ SECRETS_BRAND: '/nonexistent' }, /SECRETS_BRAND: .nonexistent: No such file/],
    [{ SECRETS_PATH_PREFIX: 'share' }, /SECRETS_PATH_PREFIX/],
    [{ SECRETS_PATH_PREFIX: '/share/' }, /SECRETS_PATH_PREFIX/],
    [{ SECRETS_PATH_PREFIX: '/a/../b' }, /SECRETS_PATH_PREFIX/],
    [{ AWS_ENDPOINT_URL_S3: 'http://minio.example:9000' }, /SECRETS_AWS_HTTP/],
    [{ AWS_ENDPOINT_URL_DYNAMODB: 'ftp://x' }, /AWS_ENDPOINT_URL_DYNAMODB/],
    [{ S3_BUCKET: await standins.bucket({ versioned: true }) }, /S3_BUCKET/],
  ]) {
    const failed = await startRuntime(program, { ...env, ...change });
    try {
      assert.equal(failed.ready, false);
      assert.match(failed.initError.errorMessage, named);
      assert.equal((await failed.ended).code, 1);
    } finally {
      await failed.stop(); // else its socket keeps this file from ending
    }
  }
});

test('the zip holds one small program that needs nothing of this system', { timeout: 120000 }, async (t) => {
  execFileSync('make', ['-s', 'function'], { cwd: top, stdio: 'inherit' });
  const zip = join(top, 'build/function.zip');
  const first = createHash('sha256').update(readFileSync(zip)).digest('hex');
  assert.ok(statSync(zip).size < 5e6, `${statSync(zip).size} bytes`);
  rmSync(zip);
  rmSync(functionProgram);
  execFileSync('make', ['-s', 'function'], { cwd: top, stdio: 'inherit' });
  assert.equal(createHash('sha256').update(readFileSync(zip)).digest('hex'), first, 'not reproducible');

  // A root with nothing in it but the program, /dev/null, /proc and the resolver's file.
  if (process.getuid() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0) {
    t.skip('SKIP: a bare root needs root and mount namespaces');
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'function-root-'));
  try {
    for (const folder of ['etc/ssl/certs', 'proc', 'dev', 'tmp', 'var/task']) mkdirSync(join(root, folder), { recursive: true });
    if (existsSync('/etc/resolv.conf')) copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
    if (existsSync('/etc/ssl/certs/ca-certificates.crt')) copyFileSync('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt'));
    execFileSync('unzip', ['-q', zip, '-d', join(root, 'var/task')], { stdio: 'inherit' });
    const script = `mount --bind /dev ${root}/dev && mount -t proc proc ${root}/proc 2>/dev/null || mount --bind /proc ${root}/proc; exec chroot ${root} /var/task/bootstrap`;
    const bare = await startRuntime('/usr/bin/unshare', { ...env, PATH: process.env.PATH }, { args: ['-m', 'sh', '-c', script] });
    assert.ok(bare.ready, bare.log);
    const made = await send('http', { method: 'POST', path: '/encrypt', ...json({ secret: 'bare' }) }, bare);
    assert.equal(made.status, 200, made.body.toString());
    assert.equal(parse(await send('http', { method: 'POST', path: '/decrypt', ...json(parse(made)) }, bare)).data, 'bare');
    await bare.stop();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

const GOAL_MS = 20;

/** Processor time of ${pid} and all of its threads until now, in ms. */
const processorMs = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);

/** A bucket that answers at once.  A start asks it four times, and the stand-in's disk is not the function's. */
async function startQuickBucket() {
  const objects = new Set();
  const server = createServer((req, res) => {
    const status = { GET: 200, PUT: objects.has(req.url) ? 412 : 200, DELETE: 204 }[req.method];
    if (req.method === 'PUT') objects.add(req.url);
    req.resume().on('end', () => res.writeHead(status).end(req.method === 'GET' ? '<VersioningConfiguration/>' : undefined));
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/**
 * Start ${program} at least ${least} times, and on a machine that is busy with other work up to ${most}
 * times, until one start is within the goal.  Returns the sorted times, and the least processor time.
 */
async function startTimes(program, least, most, options) {
  const times = [];
  const bucket = await startQuickBucket();
  let processor = Infinity;
  while (times.length < least || (times.length < most && Math.min(...times) > GOAL_MS)) {
    const cold = await startRuntime(program, { ...env, AWS_ENDPOINT_URL_S3: bucket.url, PATH: process.env.PATH }, options);
    assert.ok(cold.ready, cold.log);
    times.push(cold.firstNextMs);
    processor = Math.min(processor, processorMs(cold.pid));
    await cold.stop();
  }
  bucket.stop();
  return { times: times.sort((a, b) => a - b), processor };
}

test('it starts fast', { timeout: 120000 }, async (t) => {
  const { times, processor } = await startTimes(functionProgram, 20, 200);
  t.diagnostic(`start to first next: best ${times[0].toFixed(1)} ms, median ${times[times.length >> 1].toFixed(1)} ms of ${times.length}; processor ${processor.toFixed(1)} ms`);
  assert.ok(times[0] <= GOAL_MS, `${times[0]} ms at best`);
  assert.ok(processor <= GOAL_MS, `${processor} ms of processor time`);
});

test('a start that takes too long is found out', { timeout: 60000 }, async () => {
  const late = { args: ['-c', `sleep 0.0${GOAL_MS}; exec ${functionProgram}`] };
  const { times } = await startTimes('/bin/sh', 5, 5, late);
  assert.ok(times[0] > GOAL_MS, `${times[0]} ms`);
});

test('it stays small', { timeout: 60000 }, async (t) => {
  const cold = await startRuntime(functionProgram, env);
  assert.ok(cold.ready, cold.log);
  for (let i = 0; i < 5; i++) {
    const made = await send('http', { method: 'POST', path: '/encrypt', query: 'file_name=x', body: Buffer.alloc(3 << 20, 7) }, cold);
    assert.equal(made.status, 200, made.body.toString());
    assert.equal((await send('http', { method: 'POST', path: '/decrypt', ...json(parse(made)) }, cold)).status, 200);
  }
  const peak = Number(readFileSync(`/proc/${cold.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
  t.diagnostic(`peak memory ${Math.round(peak / 1024)} MiB after five files of 3 MiB`);
  assert.ok(peak < 64 * 1024, `${peak} KiB`);
  await cold.stop();
});

test('a direct invocation takes a secret down and counts, and no event of a gateway is one', async () => {
  const direct = async (request) => (await runtime.invoke({ secretsctl: request })).response;
  const before = await direct({ stats: true });
  const file = await send('http', { method: 'POST', path: '/encrypt', query: 'file_name=a', headers: { 'content-type': 'application/octet-stream' }, body: randomBytes(9000) });
  const text = await send('http', { method: 'POST', path: '/encrypt', ...json({ secret: 'x' }) });
  const now = await direct({ stats: true });
  assert.equal(now.secrets.waiting - before.secrets.waiting, 2);
  assert.equal(now.complete, true);
  assert.equal(now.quota, undefined);
  for (const made of [file, text]) {
    const { secret_id: id } = parse(made);
    assert.deepEqual(await direct({ remove: id }), { ref: refOf(id), removed: true, state: 'removed', erased: true });
    assert.equal((await send('http', { method: 'POST', path: '/decrypt', ...json(parse(made)) })).status, 404);
    assert.ok(!runtime.log.includes(id));
  }
  assert.equal((await direct({ remove: 'x'.repeat(22) })).state, 'absent');
  assert.match((await direct({ events: {} })).error, /no events/);

  // What a client can put into a request, or somebody into another kind of event.
  const kept = parse(await send('http', { method: 'POST', path: '/encrypt', ...json({ secret: 'x' }) }));
  const order = { secretsctl: { remove: kept.secret_id } };
  for (const kind of ['http', 'rest', 'balancer', 'balancerLists']) {
    await send(kind, { method: 'POST', path: '/encrypt', ...json(order) });
    await send(kind, { method: 'POST', path: '/', ...json(order) });
    await runtime.invoke({ ...eventOf[kind]({ method: 'GET', path: '/healthz' }), ...order });
  }
  for (const key of ['requestContext', 'httpMethod', 'version', 'source', 'Records']) await runtime.invoke({ [key]: '2.0', ...order });
  await runtime.invoke([order]);
  await runtime.invoke({ body: JSON.stringify(order) });
  assert.equal((await send('http', { method: 'POST', path: '/decrypt', ...json(kept) })).status, 200, 'it is still there');
});
