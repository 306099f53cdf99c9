// SPDX-License-Identifier: MIT
// startServer() for tests that hold for every way to run the API.  SERVER_KIND says which:
//
//   secretsd   one process with the embedded store (the default)
//   cluster    three processes of secretsd on one table and bucket of stand-ins, in turn by connection
//   lambda     bootstrap behind a Runtime API and a gateway, on the same stand-ins
//   lambda-rest, lambda-balancer    the same with events of REST APIs and of load balancers

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { standinKeys } from './aws/s3.mjs';
import { startGateway, startRuntime } from './aws/runtime.mjs';
import { startStandins } from './aws/standins.mjs';
import { buildFolder, startServer as startPlain } from './server.mjs';

export const kind = process.env.SERVER_KIND ?? 'secretsd';

/** The environment that leads a program to ${standins}, with a table and a bucket of its own. */
export async function standinEnvironment(standins) {
  return {
    ...standinKeys,
    // By name, so that names are looked up inside the sandbox too.
    AWS_ENDPOINT_URL_DYNAMODB: standins.dynamodb.replace('127.0.0.1', 'localhost'),
    AWS_ENDPOINT_URL_S3: standins.s3,
    DYNAMO_TABLE: await standins.table(),
    S3_BUCKET: await standins.bucket(),
  };
}

/** A TCP server that passes connections on to ${ports} in turn. */
async function startTurns(ports) {
  let turn = 0;
  const open = new Set();
  const server = createServer((socket) => {
    const on = connect(ports[turn++ % ports.length], '127.0.0.1');
    for (const [a, b] of [[socket, on], [on, socket]]) {
      open.add(a);
      a.setNoDelay(true);
      a.pipe(b);
      a.on('error', () => b.destroy());
      a.on('close', () => {
        open.delete(a);
        b.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Call ${start}(standins, env); where that fails nothing of the stand-ins stays. */
async function onStandins(options, start) {
  const standins = await startStandins();
  try {
    return await start(standins, { ...(await standinEnvironment(standins)), ...options.env });
  } catch (error) {
    await standins.stop();
    throw error;
  }
}

async function startCluster(options, standins, env) {
  const servers = await Promise.all([1, 2, 3].map(() => startPlain({ ...options, env })));
  const turns = await startTurns(servers.map((s) => s.port));
  return {
    url: `http://127.0.0.1:${turns.port}`,
    port: turns.port,
    standins,
    env,
    stderr: () => servers.map((s) => s.stderr()).join(''),
    async stop() {
      turns.close();
      const ended = await Promise.all(servers.map((s) => s.stop()));
      await standins.stop();
      return ended.find((e) => e.code !== 0) ?? ended[0];
    },
  };
}

async function startLambda(events, standins, env) {
  const runtime = await startRuntime(join(buildFolder, 'bootstrap'), env);
  if (!runtime.ready) throw new Error(runtime.log);
  const gateway = await startGateway(runtime, events);
  return {
    url: gateway.url,
    port: Number(new URL(gateway.url).port),
    standins,
    env,
    stderr: () => runtime.log,
    async stop() {
      gateway.close();
      await runtime.stop();
      await standins.stop();
      return { code: 0 };
    },
  };
}

/** As startServer() of server.mjs.  What names a build or arguments is only for secretsd. */
export async function startServer(options = {}) {
  if (options.build !== undefined || options.args !== undefined) return startPlain(options);
  switch (kind) {
    case 'cluster':
      return onStandins(options, (...on) => startCluster(options, ...on));
    case 'lambda':
      return onStandins(options, (...on) => startLambda('http', ...on));
    case 'lambda-rest':
      return onStandins(options, (...on) => startLambda('rest', ...on));
    case 'lambda-balancer':
      return onStandins(options, (...on) => startLambda('balancer', ...on));
    default:
      return startPlain(options);
  }
}
