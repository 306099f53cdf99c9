// SPDX-License-Identifier: MIT
// A proxy in front of a stand-in that does to requests what networks and services do: some are
// refused, some are done but their response is lost or cut, some are done late, after their sender gave up.
// What happens follows from a seed and from the order in which requests come.

import { Agent, createServer, request } from 'node:http';
import { once } from 'node:events';
import { dynamo } from './dynamo.mjs';

// A small generator: the same numbers for the same seed.
const generator = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const problem = (status, name, message = '') => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message })),
});
const xml = (status, code) => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`),
});

// Refusals: nothing is done.
const REFUSALS = {
  dynamodb: [
    () => problem(400, 'ProvisionedThroughputExceededException'),
    () => problem(400, 'ThrottlingException'),
    () => problem(500, 'InternalServerError'),
    () => problem(503, 'ServiceUnavailable'),
    () => problem(400, 'ExpiredTokenException', 'The security token included in the request is expired'),
    () => ({ ...problem(400, 'InvalidSignatureException', 'Signature expired: 2020'), date: 3600_000 }),
  ],
  s3: [
    () => xml(503, 'SlowDown'),
    () => xml(500, 'InternalError'),
    () => xml(400, 'ExpiredToken'),
    () => xml(409, 'ConditionalRequestConflict'),
    () => xml(400, 'BadDigest'),
    () => ({ ...xml(403, 'RequestTimeTooSkewed'), date: 3600_000 }),
  ],
};

/**
 * Start a proxy for ${kind} ("dynamodb" or "s3") before ${target}.  Members that a test may set:
 * unconditional makes every condition hold, corrupt lets bytes of objects change on their way, and
 * ahead is how many ms the clock of the service is ahead of this machine's.
 */
export async function startFaultProxy(kind, target) {
  const agent = new Agent({ keepAlive: true });
  const proxy = { rate: 0, unconditional: false, corrupt: false, ahead: 0, counts: {} };
  let random = generator(1);
  let pending = new Set();
  const pick = (list) => list[Math.floor(random() * list.length)];

  proxy.seed = (seed, rate) => {
    random = generator(seed);
    proxy.rate = rate;
  };
  /** After ${requests} more nothing comes through, as if the sender had died. */
  let room = Infinity;
  proxy.dieAfter = (requests) => (room = requests);
  /** No more faults, and nothing of the past still on its way. */
  proxy.clear = async () => {
    proxy.rate = 0;
    room = Infinity;
    while (pending.size > 0) await Promise.allSettled([...pending]);
  };

  function forward({ method, url, headers, body }) {
    const sent = new Promise((resolve, reject) => {
      const on = request(new URL(url, target), { method, headers, agent }, async (res) => {
        const chunks = [];
        try {
          for await (const chunk of res) chunks.push(chunk);
          resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) });
        } catch (error) {
          reject(error);
        }
      });
      on.on('error', reject);
      on.end(body);
    });
    pending.add(sent);
    const done = () => pending.delete(sent);
    sent.then(done, done);
    return sent;
  }

  // A store without its conditions, for the control: they hold whatever the item is.
  function withoutConditions(message) {
    const body = JSON.parse(message.body);
    if (!body.ConditionExpression) return message;
    body.ConditionExpression = `attribute_exists(secret_id) OR attribute_not_exists(secret_id) OR (${body.ConditionExpression})`;
    const text = Buffer.from(JSON.stringify(body));
    return { ...message, body: text, headers: { ...message.headers, 'content-length': String(text.length) } };
  }

  // The item with a failed condition, which dynalite never returns.
  async function tellItem(message, answer) {
    const asked = JSON.parse(message.body);
    if (asked.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD') return answer;
    const { Item } = await dynamo(target, 'GetItem', { TableName: asked.TableName, Key: asked.Key, ConsistentRead: true });
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(answer.body), ...(Item && { Item }) }));
    return { status: answer.status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
  }

  function send(res, answer, cut = false) {
    const { connection, 'transfer-encoding': _, 'content-length': __, ...headers } = answer.headers;
    headers.date = new Date(Date.now() + proxy.ahead + (answer.date ?? 0)).toUTCString();
    res.writeHead(answer.status, { ...headers, ...(answer.status !== 204 && { 'content-length': answer.body.length }) });
    if (!cut) return res.end(answer.body);
    res.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => res.destroy());
  }

  const FAULTS = {
    refused: async (message, res) => send(res, pick(REFUSALS[kind])()),
    'reset before it is done': async (message, res) => res.destroy(),
    'done, answered with an error': async (message, res) => {
      await forward(message);
      send(res, kind === 's3' ? xml(500, 'InternalError') : problem(500, 'InternalServerError'));
    },
    'done, answer lost': async (message, res) => {
      await forward(message);
      res.destroy();
    },
    'done, answer cut': async (message, res) => send(res, await forward(message), true),
    'done late': async (message, res) => {
      await pause(random() * 10);
      send(res, await forward(message));
    },
    'done after the sender gave up': async (message, res) => {
      res.destroy();
      const later = pause(random() * 15).then(() => forward(message));
      pending.add(later);
      const done = () => pending.delete(later);
      later.then(done, done);
    },
  };

  // What only one of the services does.
  const OWN_FAULTS = {
    dynamodb: {
      // Another change comes first, so that the rev that was read is an old one.
      'changed by another before': async (message, res) => {
        const { TableName, Key, ConditionExpression } = JSON.parse(message.body);
        if (Key && ConditionExpression)
          await dynamo(target, 'UpdateItem', {
            TableName, Key,
            UpdateExpression: 'SET #rev = #rev + :one', ConditionExpression: 'attribute_exists(#rev)',
            ExpressionAttributeNames: { '#rev': 'rev' }, ExpressionAttributeValues: { ':one': { N: '1' } },
          }).catch(() => {});
        send(res, await forward(message));
      },
      // The condition is said to fail, with no word of the item; nothing is done.
      'condition refused': async (message, res) =>
        send(res, message.body.includes('ConditionExpression') ? problem(400, 'ConditionalCheckFailedException') : await forward(message)),
    },
    s3: {
      'bytes changed on the way': async (message, res) => {
        const answer = await forward(message);
        if (proxy.corrupt && message.method === 'GET' && answer.status === 200 && answer.body.length > 0)
          answer.body[Math.floor(random() * answer.body.length)] ^= 1;
        send(res, answer);
      },
    },
  };
  const faults = { ...FAULTS, ...OWN_FAULTS[kind] };
  const RESET_WHILE_SENDING = 'reset while it is sent';
  const names = [...Object.keys(faults), RESET_WHILE_SENDING];
  const choose = () => {
    if (random() >= proxy.rate) return undefined;
    const name = pick(names);
    proxy.counts[name] = (proxy.counts[name] ?? 0) + 1;
    return name;
  };

  const server = createServer(async (req, res) => {
    const chunks = [];
    if (--room < 0) return res.destroy();
    const fault = choose();
    if (fault === RESET_WHILE_SENDING) return req.once('data', () => res.destroy()).once('end', () => res.destroy());
    for await (const chunk of req) chunks.push(chunk);
    const { connection, 'transfer-encoding': _, ...headers } = req.headers;
    let message = { method: req.method, url: req.url, headers, body: Buffer.concat(chunks) };
    if (kind === 'dynamodb' && proxy.unconditional) message = withoutConditions(message);
    try {
      if (fault) return await faults[fault](message, res);
      let answer = await forward(message);
      if (kind === 'dynamodb' && answer.status === 400 && answer.body.includes('ConditionalCheckFailed') && random() < 0.5)
        answer = await tellItem(message, answer);
      send(res, answer);
    } catch {
      res.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  proxy.close = () => {
    server.close();
    server.closeAllConnections?.();
    agent.destroy();
  };
  return proxy;
}
