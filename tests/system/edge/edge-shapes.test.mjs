// SPDX-License-Identifier: MIT
// The shapes that proxies, gateways and other tools give a request: raw bytes, what is answered, and what the
// answer says.  Who the client is where a proxy adds a line of its own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startServer } from '../support/server.mjs';

const ID = 'A'.repeat(22);
const TOKEN = 'A'.repeat(43);

/** The answer of ${server} to the lines ${head} and ${body}: { status, detail, json }. */
async function ask(server, head, body = Buffer.alloc(0)) {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\nHost: localhost\r\nConnection: close\r\n\r\n`, 'latin1'), body]));
  let text = '';
  for await (const piece of socket) text += piece;
  const [, status, payload] = /^HTTP\/1\.1 (\d+).*?\r\n\r\n(.*)$/s.exec(text) ?? assert.fail(text);
  const json = payload.startsWith('{') ? JSON.parse(payload) : {};
  return { status: Number(status), json, detail: json.detail };
}

const post = (path, body, ...lines) => [[`POST ${path} HTTP/1.1`, ...lines, `Content-Length: ${body.length}`], body];
const encrypt = (body, ...lines) => post('/encrypt', Buffer.from(body), ...lines);
const lease = (...lines) => [[`DELETE /api/v1/secrets/${ID}/lease HTTP/1.1`, ...lines]];
const CHUNKS = 'f\r\n{"secret": "x"}\r\n0\r\n\r\n';
const coded = (...lines) => [['POST /encrypt HTTP/1.1', ...lines], Buffer.from(CHUNKS)];
const config = (...lines) => [['GET /api/v1/config HTTP/1.1', ...lines]];
const utf8 = (text) => Buffer.from(text).toString('latin1');

const table = [
  // Taken as they are.
  ['two lines of X-Forwarded-For', config('X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2'), 200],
  ['two lines of Accept-Encoding', config('Accept-Encoding: br', 'Accept-Encoding: gzip'), 200],
  ['two lines of If-None-Match', config('If-None-Match: "a"', 'If-None-Match: "b"'), 200],
  ['a BOM', encrypt('\ufeff{"secret": "x"}'), 200],
  ['a name in UTF-8', post(`/encrypt?file_name=${utf8('plän 文.txt')}`.replace(' ', '+'), Buffer.from('x')), 200],
  ['an empty object where no body is needed', post(`/api/v1/secrets/${ID}/complete`, Buffer.from('{}'), 'Content-Type: application/json', `Authorization: Bearer ${TOKEN}`), 404],
  ['a length of 0 on DELETE', lease(`Authorization: Bearer ${TOKEN}`, 'Content-Length: 0'), 404],
  ['chunks', coded('Transfer-Encoding: chunked'), 200],
  ['chunks in capitals', coded('TRANSFER-ENCODING: CHUNKED'), 200],
  ['no chunk on DELETE', [lease(`Authorization: Bearer ${TOKEN}`, 'Transfer-Encoding: chunked')[0], Buffer.from('0\r\n\r\n')], 404],
  // Refused, with the cause.
  ['a chunk without a size', [coded('Transfer-Encoding: chunked')[0], Buffer.from('\r\n')], 400, /hexadecimal size/],
  ['two tokens', lease(`Secrets-Token: ${TOKEN}`, `Secrets-Token: ${TOKEN}`), 400, /^The header Secrets-Token must come once/],
  ['two types', encrypt('{"secret": "x"}', 'Content-Type: application/json', 'Content-Type: text/plain'), 400, /^The header Content-Type must come once/],
  ['two lengths', encrypt('{"secret": "x"}', 'Content-Length: 15'), 400, /Content-Length|plain HTTP/],
  ['chunks in two lines', coded('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400, /must come once and be chunked/],
  ['chunks twice', coded('Transfer-Encoding: chunked, chunked'), 400, /must come once and be chunked/],
  ['chunks of another coding', coded('Transfer-Encoding: gzip, chunked'), 400, /must come once and be chunked/],
  ['another coding, then chunks', coded('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'), 400, /must come once and be chunked/],
  ['a coding that is empty', coded('Transfer-Encoding:'), 400, /must come once and be chunked/],
  ['chunks and a length', coded('Transfer-Encoding: chunked', 'Content-Length: 25'), 400, /either a Content-Length or a Transfer-Encoding/],
  ['a length of 0 and chunks', coded('Content-Length: 0', 'Transfer-Encoding: chunked'), 400, /either a Content-Length or a Transfer-Encoding/],
  ['chunks in HTTP/1.0', [['POST /encrypt HTTP/1.0', 'Transfer-Encoding: chunked'], Buffer.from(CHUNKS)], 400, /HTTP\/1\.0 has no Transfer-Encoding/],
  ['chunks and two types', coded('Transfer-Encoding: chunked', 'Content-Type: a/b', 'Content-Type: a/c'), 400, /^The header Content-Type must come once/],
  ['65 parameters', config().map(() => [`GET /api/v1/config?${'a=1&'.repeat(64)}b=2 HTTP/1.1`]), 400, /at most 64 parameters/],
  ['a path above ASCII', [[`GET /${utf8('ü')} HTTP/1.1`]], 400, /the address is encoded/],
  ['a name in Latin-1', post('/encrypt?file_name=pl\xe4n.txt', Buffer.from('x')), 422, /./],
  ['UTF-16 with a BOM', encrypt(Buffer.from('\ufeff{"secret": "x"}', 'utf16le')), 400, /UTF-8 and not UTF-16/],
  ['UTF-16', encrypt(Buffer.from('{"secret": "x"}', 'utf16le')), 400, /UTF-8 and not UTF-16/],
  ['Latin-1', encrypt(Buffer.from('{"secret": "ü"}', 'latin1')), 400, /must be UTF-8/],
  ['a field that is unknown', encrypt('{"secret": "x", "views": 3}'), 422, /unknown/],
  ['a form', encrypt('--b\r\n\r\nx\r\n--b--', 'Content-Type: multipart/form-data; boundary=b'), 415, /--data-binary/],
];

test('each shape gets its answer, and the answer says why', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  for (const [name, [head, body], status, detail] of table) {
    const answer = await ask(server, head, body);
    assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.json)}`);
    if (detail !== undefined) assert.match(answer.detail ?? '', detail, name);
  }
  // The name arrives as it was sent.
  const { json } = await ask(server, ...post(`/encrypt?file_name=${utf8('plän.txt')}`, Buffer.from('x')));
  const opened = await fetch(`${server.url}/decrypt`, { method: 'POST', body: JSON.stringify(json) });
  assert.equal((await opened.json()).file_name, 'plän.txt');
});

test('several lines of X-Forwarded-For are one list, read from its end', async (t) => {
  const server = await startServer({ env: { SECRETS_RATE_OPEN: '5', SECRETS_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' } });
  t.after(() => server.stop());
  const statuses = async (lines) => {
    const seen = [];
    for (let n = 0; n < 8; n++) seen.push((await ask(server, [`GET /api/v1/secrets/${ID} HTTP/1.1`, ...lines(n)])).status);
    return seen.filter((status) => status === 404).length;
  };
  const client = (n) => `X-Forwarded-For: 203.0.113.${n}`;
  assert.equal(await statuses((n) => [client(n), 'X-Forwarded-For: 10.0.0.1']), 8, 'eight clients behind a second proxy');
  assert.equal(await statuses((n) => [client(20 + n), 'X-Forwarded-For: 198.51.100.1']), 5, 'what a client wrote before the last untrusted one');
  assert.equal(await statuses((n) => [client(40 + n), 'X-Forwarded-For: unknown']), 5, 'what stands before a hop that is no address');
});
