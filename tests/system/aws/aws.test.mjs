// SPDX-License-Identifier: MIT
// The API's own tests once more: on three servers that share a table and a bucket, and through the
// Lambda function with each kind of event.  And records of the original, in both directions.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createDecipheriv, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { dynamo } from '../support/aws/dynamo.mjs';
import { s3Fetch } from '../support/aws/s3.mjs';
import { startStandins } from '../support/aws/standins.mjs';
import { standinEnvironment } from '../support/kinds.mjs';
import { startServer, top } from '../support/server.mjs';

const PATIENCE_MS = 180_000;

/** Run the tests of ${file} whose names match one of ${patterns}, all by default; resolves to how many passed. */
async function runTests(file, env, patterns = []) {
  const { NODE_TEST_CONTEXT: _, ...clean } = process.env;
  const child = spawn(process.execPath, ['--test-reporter=tap', ...patterns.map((one) => `--test-name-pattern=${one}`), file], { cwd: top, env: { ...clean, ...env } });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS - 5000);
  const [code] = await once(child, 'close');
  clearTimeout(late);
  assert.equal(code, 0, output.split('\n').filter((l) => !/^ok|^# Sub|^  (---|\.\.\.|duration)/.test(l)).join('\n').slice(0, 4000));
  return Number(output.match(/^# pass (\d+)/m)[1]);
}

for (const kind of ['cluster', 'lambda'])
  test(`the whole API: ${kind}`, { timeout: PATIENCE_MS }, async (t) => {
    t.diagnostic(`${await runTests('tests/system/server/api.test.mjs', { SERVER_KIND: kind })} tests`);
  });

// What lambda.test.mjs does not do with each kind of event.
for (const kind of ['lambda-rest', 'lambda-balancer'])
  test(`requests and refusals: ${kind}`, { timeout: PATIENCE_MS }, async (t) => {
    const passed = await runTests('tests/system/server/api.test.mjs', { SERVER_KIND: kind }, ['^requests: ', '^wrong types', '^only a page']);
    assert.ok(passed >= 6, `${passed} tests`);
    t.diagnostic(`${passed} tests`);
  });

test('races over three servers are exact', { timeout: PATIENCE_MS }, async (t) => {
  t.diagnostic(`${await runTests('tests/system/store/races.test.mjs', { SERVER_KIND: 'cluster', ROUNDS: process.env.AWS_ROUNDS ?? '40' })} tests`);
});

let standins, env, server;
before(async () => {
  standins = await startStandins();
  env = await standinEnvironment(standins);
  server = await startServer({ env });
});
after(async () => {
  await server?.stop();
  await standins?.stop();
});

const post = (path, body, headers = { 'content-type': 'application/json' }) => fetch(server.url + path, { method: 'POST', headers, body });
const putObject = (key, body) => s3Fetch(`${standins.s3}/${env.S3_BUCKET}/${key}`, { method: 'PUT', body, headers: { 'content-type': 'binary/octet-stream' } });
const getObject = (key) => s3Fetch(`${standins.s3}/${env.S3_BUCKET}/${key}`);
const getItem = async (id) => (await dynamo(standins.dynamodb, 'GetItem', { TableName: env.DYNAMO_TABLE, Key: { secret_id: { S: id } }, ConsistentRead: true })).Item;
const putItem = (Item) => dynamo(standins.dynamodb, 'PutItem', { TableName: env.DYNAMO_TABLE, Item });

test('records of the original are opened, as often as they say', async () => {
  const records = JSON.parse(readFileSync(new URL('../../vectors/pysecrets-records.json', import.meta.url)));
  assert.equal(records.length, 13);
  for (const { name, item, passphrase, plaintext_base64: plain, s3_key, s3_body } of records) {
    const fresh = { ...item, ttl: { N: String(Math.floor(Date.now() / 1000) + 600) } };
    await putItem(fresh);
    if (s3_key) assert.ok((await putObject(s3_key, s3_body)).ok);
    const wrong = await post('/decrypt', JSON.stringify({ secret_id: item.secret_id.S, passphrase: 'x' + passphrase.slice(1) }));
    assert.equal(wrong.status, 404, name);
    for (let view = 0; view < Number(item.view_count.N); view++) {
      const answer = await post('/decrypt', JSON.stringify({ secret_id: item.secret_id.S, passphrase }));
      assert.equal(answer.status, 200, name);
      const { data, file_name } = await answer.json();
      const bytes = Buffer.from(data, s3_key ? 'base64' : 'utf8');
      assert.deepEqual(bytes, Buffer.from(plain, 'base64'), name);
      if (s3_key) assert.equal(file_name, name.replace(/^(gen2 )?file /, ''), name);
    }
    const gone = await post('/decrypt', JSON.stringify({ secret_id: item.secret_id.S, passphrase }));
    assert.equal(gone.status, 404, name);
    assert.equal((await getItem(item.secret_id.S))?.data, undefined, name);
    if (s3_key) assert.equal((await getObject(s3_key)).status, 404, name);
  }
});

test('an expired record that the table still has is not there', async () => {
  const [{ item, passphrase }] = JSON.parse(readFileSync(new URL('../../vectors/pysecrets-records.json', import.meta.url)));
  await putItem({ ...item, ttl: { N: String(Math.floor(Date.now() / 1000) - 1) } });
  assert.equal((await post('/decrypt', JSON.stringify({ secret_id: item.secret_id.S, passphrase }))).status, 404);
  assert.ok(await getItem(item.secret_id.S));
});

// What the original does to open a record: from docs/FORMAT.md, with node's own cryptography.
function openAsOriginal(item, ciphertext, passphrase) {
  const bytes = (name) => Buffer.from(item[name].S, 'base64');
  const key = scryptSync(passphrase, bytes('salt'), 32, { N: 2 ** 14, r: 8, p: 1, maxmem: 64 << 20 });
  const cipher = createDecipheriv('aes-256-gcm', key, bytes('nonce'));
  cipher.setAAD(bytes('header'));
  cipher.setAuthTag(bytes('tag'));
  return Buffer.concat([cipher.update(Buffer.from(ciphertext, 'base64')), cipher.final()]);
}

test("the original's rules open what this writes", async () => {
  const text = 'для оригинала 🔑';
  const made = await (await post('/encrypt', JSON.stringify({ secret: text, view_count: 3, ttl: 600 }))).json();
  const item = await getItem(made.secret_id);
  assert.equal(item.view_count.N, '3');
  assert.ok(Math.abs(Number(item.ttl.N) - Date.now() / 1000 - 600) < 10);
  assert.equal(openAsOriginal(item, item.data.S, made.passphrase).toString(), text);

  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) & 255));
  const file = await (await post('/encrypt?file_name=a%20b.bin', bytes, {})).json();
  const fileItem = await getItem(file.secret_id);
  assert.equal(fileItem.file_name.S, 'a b.bin');
  assert.deepEqual(JSON.parse(fileItem.s3_info.S), { bucket: env.S3_BUCKET, key: `${file.secret_id}.enc` });
  const object = await (await getObject(`${file.secret_id}.enc`)).text();
  assert.deepEqual(openAsOriginal(fileItem, object, file.passphrase), bytes);
  assert.equal((await post('/decrypt', JSON.stringify(file))).status, 200);
  assert.equal((await getObject(`${file.secret_id}.enc`)).status, 404);
});

test('nothing is kept on the machine', async () => {
  const { existsSync } = await import('node:fs');
  assert.equal(existsSync(server.data), false);
});

test('the most parts that are allowed fit an item, with room for the rest', async () => {
  const item = { secret_id: { S: 'x'.repeat(22) }, parts: { NS: Array.from({ length: 65536 }, (_, k) => String(k)) }, rest: { S: 'x'.repeat(40000) } };
  await putItem(item);
  await assert.rejects(putItem({ ...item, rest: { S: 'x'.repeat(400_000) } }), /size/i);
});

test('a start that cannot be says why', async () => {
  const versioned = { ...env, S3_BUCKET: await standins.bucket({ versioned: true }) };
  await assert.rejects(startServer({ env: versioned }), /S3_BUCKET/);
  await assert.rejects(startServer({ env: { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'nonsense' } }), /AWS_ENDPOINT_URL_DYNAMODB/);
  await assert.rejects(startServer({ env: { ...env, SECRETS_S3_SSE: 'nonsense' } }), /SECRETS_S3_SSE/);
  await assert.rejects(startServer({ env: { SECRETS_S3_SSE: 'aws:kms' } }), /SECRETS_S3_SSE/);
  const tooMany = { ...env, SECRETS_MAX_FILE: '4 GiB', SECRETS_PART_SIZE: '64 KiB' };
  await assert.rejects(startServer({ env: tooMany }), /SECRETS_MAX_FILE.*65536 parts.*SECRETS_PART_SIZE/);
  await (await startServer({ env: { ...tooMany, SECRETS_PART_SIZE: '128 KiB' } })).stop();
});
