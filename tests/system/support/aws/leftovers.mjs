// SPDX-License-Identifier: MIT
// What lies in a table and a bucket once all is over, sorted into what belongs there, what a crash or a
// lost response may leave (docs/AWS.md, "When something fails"), and what must never be: a
// record that shows content which is not there, content of an opened secret, anything without an end.

import { dynamo } from './dynamo.mjs';
import { s3Fetch } from './s3.mjs';

const number = (item, name) => (item[name] === undefined ? undefined : Number(item[name].N));
const PHASE = { UPLOADING: 1, OPEN: 2 };
const CONTENT = { NONE: 0, INLINE: 1, BLOBS: 2, DOOMED: 3 };

function* partsOf(item) {
  const size = number(item, 'size');
  const partSize = number(item, 'part_size');
  if (number(item, 'phase') === PHASE.UPLOADING) for (const k of item.parts?.NS ?? []) yield Number(k);
  else for (let k = 0; k * partSize < size; k++) yield k;
}

function sortRequest(item, has) {
  const content = number(item, 'content');
  const ids = new Set(item.answers.L.map(({ M }) => M.id.S));
  const counted = number(item, 'views') - number(item, 'views_left');
  if (ids.size !== item.answers.L.length || ids.size !== counted) return '!a request that counts wrong';
  if (number(item, 'phase') !== PHASE.OPEN) return content === CONTENT.DOOMED ? 'content to be erased' : 'a receipt';
  return has.item(`${item.secret_id.S}#content`) ? 'a request' : '!a request without its description';
}

/** Whether the request of the answer ${item} counts it. */
const isCounted = (item, has) => has.item(item.request.S)?.answers.L.some(({ M }) => M.id.S === item.secret_id.S) ?? false;

function sortSealed(item, has) {
  if (item.answers) return sortRequest(item, has);
  const content = number(item, 'content');
  if (item.request && number(item, 'phase') === PHASE.OPEN && !isCounted(item, has)) return '!an answer that its request does not count';
  const live = item.leases.L.some(({ M }) => M.end.N === '0');
  const views = number(item, 'views_left');
  const open = number(item, 'phase') === PHASE.OPEN && (views > 0 || live);
  if (content === CONTENT.DOOMED) return open ? '!readable, and to be erased' : 'content to be erased';
  if (content === CONTENT.NONE) return open ? '!a view without its content' : 'a receipt';
  if (content === CONTENT.INLINE && !has.item(`${item.secret_id.S}#content`)) return '!a view without its content';
  if (number(item, 'wrap_len') > 0 && !has.item(`${item.secret_id.S}#content`)?.wrap) return '!a view without its wrap';
  if (content === CONTENT.BLOBS)
    for (const k of partsOf(item)) if (!has.object(`v1/${item.blob.S}/${k}`)) return '!a part that is not there';
  return views > 0 ? 'a record with views' : 'a record with leases';
}

function sortClassic(item, has) {
  const views = number(item, 'view_count');
  const file = item.s3_info !== undefined;
  const content = number(item, 'content');
  if (content === CONTENT.DOOMED) return views > 0 ? '!readable, and to be erased' : 'content to be erased';
  if (views === 0) return item.data || item.nonce || content > 0 ? '!content of an opened secret' : 'a mark';
  const there = file ? has.object(JSON.parse(item.s3_info.S).key) : item.data !== undefined;
  return there ? 'a record with views' : '!a view without its content';
}

function sortItem(item, has) {
  const key = item.secret_id.S;
  if (item.ttl === undefined) return '!an item without an end';
  if (item.v !== undefined) return sortSealed(item, has);
  if (!key.endsWith('#content')) return sortClassic(item, has);
  const record = has.item(key.slice(0, -'#content'.length));
  if (!record) return 'content without a record';
  if (number(record, 'content') === CONTENT.INLINE) return 'inline content';
  return number(record, 'content') === CONTENT.BLOBS && item.wrap ? 'a wrap' : 'content of an erased record';
}

/** Sort ${items} of DynamoDB and the names of ${objects}; resolves to { kind: how many }, what must never be with a "!". */
export function sortLeftovers(items, objects) {
  const byKey = new Map(items.map((item) => [item.secret_id.S, item]));
  const names = new Set(objects);
  const has = { item: (key) => byKey.get(key), object: (name) => names.has(name) };
  const blobs = new Set(items.filter((i) => number(i, 'content') >= CONTENT.BLOBS).map((i) => i.blob?.S ?? JSON.parse(i.s3_info.S).key));
  const kinds = {};
  const count = (kind) => (kinds[kind] = (kinds[kind] ?? 0) + 1);
  for (const item of items) count(sortItem(item, has));
  for (const name of objects) count(blobs.has(name.replace(/^v1\/([^/]+)\/\d+$/, '$1')) ? 'an object' : 'an object without a record');
  return kinds;
}

/** Sort all that is in ${table} and ${bucket} of the stand-ins, and empty both. */
export async function takeLeftovers({ dynamodb, s3 }, table, bucket) {
  const { Items, LastEvaluatedKey } = await dynamo(dynamodb, 'Scan', { TableName: table, ConsistentRead: true });
  const list = await (await s3Fetch(`${s3}/${bucket}?list-type=2`)).text();
  if (LastEvaluatedKey || list.includes('<IsTruncated>true')) throw new Error('more is left than one page');
  const objects = [...list.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
  await Promise.all([
    ...Items.map((i) => dynamo(dynamodb, 'DeleteItem', { TableName: table, Key: { secret_id: i.secret_id } })),
    ...objects.map((name) => s3Fetch(`${s3}/${bucket}/${name}`, { method: 'DELETE' })),
  ]);
  return sortLeftovers(Items, objects);
}
