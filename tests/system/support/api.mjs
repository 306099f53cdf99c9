// SPDX-License-Identifier: MIT
// Requests to a running secretsd, each held to docs/openapi.yaml: what succeeded must have been a
// described request, and every answer must be a described one.
//
//   const api = describedApi(server);                   // server of lib/server.mjs, or { url }
//   const created = await api.ask('POST', '/encrypt', { json: { secret: 'x' } });
//   created.status, created.headers, created.json, created.body
//   api.count, api.used                                // requests sent, operationIds used
//   api.close();

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { top } from './server.mjs';

export const description = parse(readFileSync(join(top, 'docs/openapi.yaml'), 'utf8'));

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(description, 'api');

/** Follow "#/a/b" references to what they stand for; other members beside the reference stay. */
export function resolve(node) {
  if (node?.$ref === undefined) return node;
  const { $ref, ...rest } = node;
  const target = $ref.slice(2).split('/').reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], description);
  return { ...resolve(target), ...rest };
}

/** References in a schema that is taken out of the document point into the document. */
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema), (key, value) => (key === '$ref' && value.startsWith('#') ? `api${value}` : value));
}

const validators = new Map();
function check(schema, value, what) {
  if (!validators.has(schema)) validators.set(schema, ajv.compile(absolute(schema)));
  const validate = validators.get(schema);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 300)}`);
}

const templates = Object.entries(description.paths).map(([template, item]) => ({
  template,
  item,
  pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The described path and operation of a request; undefined where there is none. */
export function describedOperation(method, path) {
  const found = templates.find(({ pattern }) => pattern.test(path.split('?')[0]));
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  return { item: found?.item, template: found?.template, operation: found?.item[name] };
}

const security = {
  'secrets-answer': /^1$/,
  'cache-control': /^no-store$/,
  'content-security-policy': /default-src 'none'/,
  'cross-origin-resource-policy': /^same-origin$/,
  'referrer-policy': /^no-referrer$/,
  'x-content-type-options': /^nosniff$/,
  'x-robots-tag': /noindex/,
  vary: /(^|, )Origin(,|$)/,
};

function checkProblem(answer, what) {
  check(description.components.schemas.Problem, answer.json, what);
  assert.equal(answer.json.status, answer.status, what);
}

/** Hold one answer to the description. */
export function checkAnswer(method, path, answer) {
  const what = `${method} ${path.slice(0, 100)} → ${answer.status}`;
  for (const [name, pattern] of Object.entries(security)) assert.match(answer.headers[name] ?? '', pattern, `${what}: ${name}`);
  const { item, operation } = describedOperation(method, path);
  if (item === undefined) {
    assert.equal(answer.status, 404, what);
    if (method !== 'HEAD') checkProblem(answer, what);
    return;
  }
  if (operation === undefined) {
    assert.ok(answer.headers.allow, `${what}: Allow`);
    assert.equal(answer.status, method === 'OPTIONS' ? 204 : 405, what);
    if (answer.status === 405 && method !== 'HEAD') checkProblem(answer, what);
    return;
  }
  const response = resolve(operation.responses[answer.status]);
  assert.ok(response, `${what} is not described: ${answer.body.toString().slice(0, 200)}`);
  for (const [name, ref] of Object.entries(response.headers ?? {})) {
    const header = resolve(ref);
    const value = answer.headers[name.toLowerCase()];
    if (header.required) assert.notEqual(value, undefined, `${what}: ${name}`);
    if (value !== undefined) check(header.schema, header.schema.type === 'integer' ? Number(value) : value, `${what}: ${name}`);
  }
  if (response.content === undefined) {
    assert.equal(answer.body.length, 0, `${what}: a body that is not described`);
    return;
  }
  const type = (answer.headers['content-type'] ?? '').split(';')[0];
  const media = response.content[type];
  assert.ok(media, `${what}: content type "${type}" is not described`);
  if (media.schema && method !== 'HEAD') check(media.schema, answer.json, what);
}

/** A success must have come from a described request. */
function checkRequest(method, path, options) {
  const { operation } = describedOperation(method, path);
  const what = `${method} ${path.slice(0, 100)}`;
  assert.ok(operation, `${what} succeeded and is not described`);
  if (options.json === undefined) return;
  const schema = operation.requestBody?.content['application/json']?.schema;
  assert.ok(schema, `${what}: a JSON body is not described`);
  check(schema, options.json, `${what}, request`);
}

/** Send one request; resolves to { status, headers, body, json }. */
export function send(server, agent, method, path, { headers = {}, body, json, token } = {}) {
  const bytes = json === undefined ? body : Buffer.from(JSON.stringify(json));
  const all = { ...headers };
  if (json !== undefined && all['Content-Type'] === undefined) all['Content-Type'] = 'application/json';
  if (token !== undefined) all.Authorization = `Bearer ${token}`;
  if (bytes !== undefined) all['Content-Length'] = Buffer.byteLength(bytes);
  else if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') all['Content-Length'] = 0;
  const target = server.socket ? { socketPath: server.socket } : { host: '127.0.0.1', port: server.port };
  return new Promise((done, failed) => {
    let answered = false;
    const req = request({ ...target, method, path, headers: all, agent }, (res) => {
      const pieces = [];
      answered = true;
      res.on('data', (piece) => pieces.push(piece));
      res.on('error', failed);
      res.on('end', () => {
        const answer = { status: res.statusCode, headers: res.headers, body: Buffer.concat(pieces) };
        if (/json/.test(res.headers['content-type'] ?? '') && answer.body.length > 0) answer.json = JSON.parse(answer.body.toString());
        done(answer);
      });
    });
    // A server that answers before the body is read may close while the client still sends.
    req.on('error', (error) => answered || failed(error));
    req.end(bytes);
  });
}

/** An API whose requests and answers are all held to the description. */
export function describedApi(server, maxSockets = 64) {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const used = new Set();
  return {
    count: 0,
    used,
    async ask(method, path, options = {}) {
      const answer = await send(server, agent, method, path, options);
      checkAnswer(method, path, answer);
      if (answer.status < 300 && method !== 'OPTIONS') checkRequest(method, path, options);
      this.count++;
      used.add(describedOperation(method, path).operation?.operationId);
      return answer;
    },
    close: () => agent.destroy(),
  };
}

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const sha = (data) => base64url(createHash('sha256').update(data).digest());

/** A v1 secret as a client makes it, but for the encryption: { access, envelope, create }, and a gate with attempts. */
export function makeSecret({ size = 304, views = 1, ttl = 3600, attempts, wrap, inline = true } = {}) {
  const { access, envelope, header } = makeEnvelope(size);
  const gate = attempts === undefined && wrap === undefined ? undefined : randomBytes(32);
  const create = {
    verifier: sha(access),
    header,
    views,
    ttl,
    size,
    ...(gate && { attempts, gate_verifier: sha(gate) }),
    ...(wrap && { passphrase: true, wrap: base64url(wrap) }),
    ...(inline ? { content: base64url(envelope) } : {}),
  };
  return { access: base64url(access), envelope, create, ...(gate && { gate: base64url(gate) }) };
}

/** An envelope of random bytes behind a valid header, and what proves its access key. */
function makeEnvelope(size) {
  const access = randomBytes(32);
  const envelope = randomBytes(size);
  envelope.set([0x45, 0x53, 0x76, 0x31, 14, 8, 1, 0]);
  return { access, envelope, header: base64url(envelope.subarray(0, 32)) };
}

/** A request for a secret, whose description is random bytes: what to send, and what opens it. */
export function makeRequest(more = {}) {
  const gate = randomBytes(32);
  const owner = makeToken();
  const { envelope, header } = makeEnvelope(400);
  return { owner, gate: base64url(gate), ask: { owner: sha(owner), header, description: base64url(envelope), gate_verifier: sha(gate), ...more } };
}

/** An answer to ${request}: the body of its begin, and what opens it. */
export function makeAnswer(request, { size = 304, inline = true } = {}) {
  const { access, envelope, header } = makeEnvelope(size);
  return { access: base64url(access), envelope, begin: { gate: request.gate, verifier: sha(access), header, size, ...(inline && { content: base64url(envelope) }) } };
}

export const makeToken = () => base64url(randomBytes(32));
