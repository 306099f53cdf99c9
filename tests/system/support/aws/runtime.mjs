// SPDX-License-Identifier: MIT
// The Lambda Runtime API for tests: runs `bootstrap`, hands it events and collects its answers; and
// a gateway in front, which turns HTTP requests into events as API Gateway or a load balancer does.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const read = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/**
 * Start ${program} under a Runtime API.  ${env} is all of its environment.
 * invoke(event) resolves to {response}, as parsed from JSON, or {error, type}; event may be a string
 * that is no JSON.  firstNextMs is the time from the start to the first request for an event.
 */
export async function startRuntime(program, env, { cwd, args = [] } = {}) {
  const queue = []; // events not handed out
  const waiting = new Map(); // id → resolve
  let idle = null; // response object of a pending `next`
  let begun = 0n;
  const runtime = { firstNextMs: null, initError: null, served: 0 };
  let firstNext;
  const ready = new Promise((resolve) => (firstNext = resolve));

  const hand = () => {
    if (idle === null || queue.length === 0) return;
    const { id, body } = queue.shift();
    const res = idle;
    idle = null;
    res.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(Date.now() + 30000),
    });
    res.end(body);
  };

  const api = createServer(async (req, res) => {
    const [, , kind, where, id, what] = req.url.split('/').slice(0).map((s) => s);
    if (req.url === '/2018-06-01/runtime/invocation/next') {
      runtime.firstNextMs ??= Number(process.hrtime.bigint() - begun) / 1e6;
      idle = res;
      firstNext(true);
      hand();
      return;
    }
    const body = (await read(req)).toString();
    if (req.url === '/2018-06-01/runtime/init/error') runtime.initError = JSON.parse(body);
    const done = req.url.match(/^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/);
    if (done) {
      const resolve = waiting.get(done[1]);
      waiting.delete(done[1]);
      runtime.served++;
      resolve?.(
        done[2] === 'response'
          ? { response: JSON.parse(body) }
          : { error: JSON.parse(body), type: req.headers['lambda-runtime-function-error-type'] },
      );
    }
    res.writeHead(202);
    res.end();
  });
  api.keepAliveTimeout = 60000;
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');

  begun = process.hrtime.bigint();
  const child = spawn(program, args, {
    cwd,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.address().port}` },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  runtime.pid = child.pid;
  runtime.log = '';
  child.stderr.on('data', (data) => (runtime.log += data));
  runtime.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  runtime.ended.then(() => {
    firstNext(false);
    for (const resolve of waiting.values()) resolve({ error: 'the function ended' });
  });
  runtime.invoke = (event) =>
    new Promise((resolve) => {
      const id = randomUUID();
      waiting.set(id, resolve);
      queue.push({ id, body: typeof event === 'string' ? event : JSON.stringify(event) });
      hand();
    });
  runtime.stop = async () => {
    child.kill('SIGKILL');
    await runtime.ended;
    api.close();
    api.closeAllConnections?.();
  };
  runtime.ready = await ready;
  return runtime;
}

const lower = (headers) => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), String(v)]));

/** Events of the four kinds for one HTTP request; ${body} is a Buffer. */
export const eventOf = {
  http({ method, path, query = '', headers = {}, body = Buffer.alloc(0), stage = '$default' }) {
    return {
      version: '2.0',
      routeKey: '$default',
      rawPath: stage === '$default' ? path : `/${stage}${path}`,
      rawQueryString: query,
      headers: lower(headers),
      requestContext: { http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7' }, stage },
      ...(body.length > 0 && { body: body.toString('base64') }),
      isBase64Encoded: body.length > 0,
    };
  },
  rest({ method, path, query = '', headers = {}, body = Buffer.alloc(0) }) {
    const parameters = [...new URLSearchParams(query)];
    return {
      resource: '/{proxy+}',
      path,
      httpMethod: method,
      headers: lower(headers),
      multiValueHeaders: Object.fromEntries(Object.entries(lower(headers)).map(([k, v]) => [k, [v]])),
      queryStringParameters: parameters.length ? Object.fromEntries(parameters) : null,
      multiValueQueryStringParameters: parameters.length
        ? parameters.reduce((all, [k, v]) => ({ ...all, [k]: [...(all[k] ?? []), v] }), {})
        : null,
      requestContext: { stage: 'prod', identity: { sourceIp: '192.0.2.8' } },
      body: body.length > 0 ? body.toString('base64') : null,
      isBase64Encoded: body.length > 0,
    };
  },
  balancer({ method, path, query = '', headers = {}, body = Buffer.alloc(0), lists = false }) {
    const pairs = query.split('&').filter(Boolean).map((p) => [p.split('=')[0], p.split('=').slice(1).join('=')]);
    const all = { ...lower(headers), 'x-forwarded-for': '198.51.100.1, 192.0.2.9' };
    const text = Buffer.from(body.toString(), 'utf8').equals(body);
    return {
      requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:x' } },
      httpMethod: method,
      path,
      ...(lists
        ? {
            multiValueHeaders: Object.fromEntries(Object.entries(all).map(([k, v]) => [k, [v]])),
            multiValueQueryStringParameters: Object.fromEntries(pairs.map(([k, v]) => [k, [v]])),
          }
        : { headers: all, queryStringParameters: Object.fromEntries(pairs) }),
      body: text ? body.toString() : body.toString('base64'),
      isBase64Encoded: !text,
    };
  },
  balancerLists: (request) => eventOf.balancer({ ...request, lists: true }),
};

/** {status, headers, body (Buffer)} of what the function answered. */
export function answerOf({ response, error }) {
  if (error) return { status: 502, headers: {}, body: Buffer.from(JSON.stringify(error)) };
  const headers = response.headers ?? {};
  for (const [k, [v]] of Object.entries(response.multiValueHeaders ?? {})) headers[k] = v;
  return {
    status: response.statusCode,
    headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])),
    body: Buffer.from(response.body ?? '', response.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

/** An HTTP server that answers through ${runtime} with events of ${kind}; resolves to {url, close}. */
export async function startGateway(runtime, kind = 'http') {
  const server = createServer(async (req, res) => {
    const [path, query = ''] = req.url.split(/\?(.*)/s);
    const { connection, 'transfer-encoding': _, 'content-length': __, ...headers } = req.headers;
    const body = await read(req);
    const answer = answerOf(await runtime.invoke(eventOf[kind]({ method: req.method, path, query, headers, body })));
    res.writeHead(answer.status, { ...answer.headers, ...(req.method !== 'HEAD' && answer.status !== 204 && { 'content-length': answer.body.length }) });
    res.end(answer.body);
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections?.();
    },
  };
}
