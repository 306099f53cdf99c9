// SPDX-License-Identifier: MIT
// "Coming from pysecrets" of docs/AWS.md, step by step, on a table and a bucket as pysecrets leaves
// them: with the function and with a server, whose settings come from deploy/aws/template-existing.yaml.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dynamo } from '../support/aws/dynamo.mjs';
import { startGateway, startRuntime } from '../support/aws/runtime.mjs';
import { s3Fetch, standinKeys } from '../support/aws/s3.mjs';
import { startStandins } from '../support/aws/standins.mjs';
import { readTemplate } from '../support/template.mjs';
import { buildFolder, startServer, top } from '../support/server.mjs';

const guide = readFileSync(join(top, 'docs/AWS.md'), 'utf8');
const records = JSON.parse(readFileSync(join(top, 'tests/vectors/pysecrets-records.json'), 'utf8'));
let standins, env, runtime, gateway, server;

before(async () => {
  standins = await startStandins();
  const given = { TableName: await standins.table({ index: false }), BucketName: await standins.bucket(), CloudFrontKey: 'k'.repeat(32) };
  const { Parameters, Resources } = readTemplate('deploy/aws/template-existing.yaml');
  const variables = Object.entries(Resources.Function.Properties.Environment.Variables);
  env = {
    ...standinKeys, AWS_ENDPOINT_URL_DYNAMODB: standins.dynamodb, AWS_ENDPOINT_URL_S3: standins.s3,
    ...Object.fromEntries(variables.map(([name, from]) => [name, given[from] ?? String(Parameters[from].Default)])),
  };
  assert.equal(env.DYNAMO_TABLE, given.TableName);
  assert.equal(env.S3_BUCKET, given.BucketName);
  for (const { item, s3_key, s3_body } of records) {
    await dynamo(standins.dynamodb, 'PutItem', { TableName: env.DYNAMO_TABLE, Item: { ...item, ttl: { N: String(Math.floor(Date.now() / 1000) + 600) } } });
    if (s3_key) assert.ok((await putObject(s3_key, s3_body)).ok);
  }
  runtime = await startRuntime(join(buildFolder, 'bootstrap'), env);
  assert.ok(runtime.ready, runtime.log);
  gateway = await startGateway(runtime);
  const { SECRETS_CLOUDFRONT_KEY: _, ...shared } = env; // only the function has it
  server = await startServer({ env: shared });
});
after(async () => {
  gateway?.close();
  await runtime?.stop();
  await server?.stop();
  await standins?.stop();
});

const putObject = (key, body) => s3Fetch(`${standins.s3}/${env.S3_BUCKET}/${key}`, { method: 'PUT', body, headers: { 'content-type': 'binary/octet-stream' } });
const post = (to, path, body) => fetch(to.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const sweep = async () => (await runtime.invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} })).response;

test('the bucket is asked for versions as the guide says', async () => {
  assert.match(guide, /aws s3api get-bucket-versioning/);
  const answer = await s3Fetch(`${standins.s3}/${env.S3_BUCKET}?versioning=`);
  assert.equal(answer.status, 200);
  assert.doesNotMatch(await answer.text(), /<Status>/);
});

test('every link of before opens, by the function and by a server in turn, as often as it says', async () => {
  let turn = 0;
  for (const { name, item, passphrase, plaintext_base64: plain, s3_key } of records) {
    const ask = { secret_id: item.secret_id.S, passphrase };
    for (let view = 0; view < Number(item.view_count.N); view++) {
      const to = [gateway, server][turn++ % 2];
      const page = await fetch(`${to.url}/secret/${item.secret_id.S}`);
      assert.equal(page.status, 200, name);
      assert.match(await page.text(), /<!doctype html>/i, name);
      const answer = await post(to, '/decrypt', ask);
      assert.equal(answer.status, 200, name);
      const { data } = await answer.json();
      assert.deepEqual(Buffer.from(data, s3_key ? 'base64' : 'utf8'), Buffer.from(plain, 'base64'), name);
    }
    for (const to of [gateway, server]) assert.equal((await post(to, '/decrypt', ask)).status, 404, name);
  }
});

/** Let the time of record ${id} have come. */
const age = (id) =>
  dynamo(standins.dynamodb, 'UpdateItem', {
    TableName: env.DYNAMO_TABLE, Key: { secret_id: { S: id } },
    UpdateExpression: 'SET #t = :then, sweep_at = :then', ExpressionAttributeNames: { '#t': 'ttl' },
    ExpressionAttributeValues: { ':then': { N: String(Math.floor(Date.now() / 1000) - 5) } },
  });
const isThere = async (id) => 'Item' in (await dynamo(standins.dynamodb, 'GetItem', { TableName: env.DYNAMO_TABLE, Key: { secret_id: { S: id } }, ConsistentRead: true }));

/** What the guide's command for the index says: its attributes, and the index itself. */
function indexOfGuide() {
  const [, command] = guide.match(/aws dynamodb update-table ([^`]*)```/);
  const definitions = command.match(/--attribute-definitions (.*?) \\\n/)[1].split(' ');
  const [{ Create }] = JSON.parse(command.match(/--global-secondary-index-updates '(.*)'/)[1]);
  return { definitions: definitions.map((one) => Object.fromEntries(one.split(',').map((pair) => pair.split('=')))), index: Create };
}

/** Do as the command does; dynalite cannot, so that there the table becomes another that has the index. */
async function addIndex({ definitions, index }) {
  const call = (operation, body) => dynamo(standins.dynamodb, operation, { TableName: env.DYNAMO_TABLE, ...body });
  const stands = async () => (await call('DescribeTable', {})).Table;
  if (process.env.STANDIN_DYNAMODB) {
    await call('UpdateTable', { AttributeDefinitions: definitions, GlobalSecondaryIndexUpdates: [{ Create: index }] });
  } else {
    const { Items } = await call('Scan', {});
    const { KeySchema, AttributeDefinitions } = await stands();
    await call('DeleteTable', {});
    while (await stands().then(() => true, () => false)) await new Promise((resolve) => setTimeout(resolve, 5));
    await call('CreateTable', { BillingMode: 'PAY_PER_REQUEST', KeySchema, AttributeDefinitions: [...AttributeDefinitions, ...definitions], GlobalSecondaryIndexes: [index] });
    while ((await stands()).TableStatus !== 'ACTIVE') await new Promise((resolve) => setTimeout(resolve, 5));
    for (const Item of Items) await call('PutItem', { Item });
  }
  while ((await stands()).GlobalSecondaryIndexes[0].IndexStatus !== 'ACTIVE') await new Promise((resolve) => setTimeout(resolve, 10));
}

test('the index is added by the command of the guide; from then on it is swept', async () => {
  const { secret_id: id } = await (await post(gateway, '/encrypt', { secret: 'new', view_count: 1 })).json();
  await age(id);
  assert.equal((await sweep()).records, 0, 'there is no index yet');
  assert.ok(await isThere(id));

  const guided = indexOfGuide();
  const table = readTemplate('deploy/aws/template.yaml').Resources.Table.Properties;
  assert.deepEqual([guided.index], table.GlobalSecondaryIndexes);
  assert.deepEqual(guided.definitions, table.AttributeDefinitions.filter((a) => a.AttributeName !== 'secret_id'));
  await addIndex(guided);
  const swept = await sweep();
  assert.ok(swept.records >= 1, JSON.stringify(swept));
  assert.equal(await isThere(id), false);
});
