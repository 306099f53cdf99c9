// SPDX-License-Identifier: MIT
// An HTTP client on bare sockets, for tests that count every answer: one request at a time on a kept
// connection, no retry, and a last byte that can be held back so that many requests end at once.

import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

export class Connection {
  /** A connection to ${server}, from the address ${from} of the loopback if one is named. */
  constructor(server, from) {
    this.socket = server.socket ? connect(server.socket) : connect({ port: server.port, host: '127.0.0.1', localAddress: from });
    this.socket.setNoDelay(true);
    this.data = Buffer.alloc(0);
    this.socket.on('data', (piece) => {
      this.data = this.data.length === 0 ? piece : Buffer.concat([this.data, piece]);
      this.#look();
    });
    const over = (error) => {
      this.closed = true;
      const waiting = this.waiting;
      this.waiting = undefined;
      waiting?.failed(error instanceof Error ? error : new Error('the connection was closed'));
    };
    this.socket.on('error', over);
    this.socket.on('close', over);
    this.ready = new Promise((done) => this.socket.once('connect', done).once('close', done));
  }

  /** Send a request; resolves to { status, headers, body } with body as a Buffer. */
  request(method, path, { body = '', headers = {} } = {}) {
    const answer = this.prepare(method, path, { body, headers });
    this.release();
    return answer;
  }

  /** Send all of a request but its last byte, which release() sends. */
  prepare(method, path, { body = '', headers = {} } = {}) {
    const content = Buffer.from(body);
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
    if (content.length > 0) lines.push(`Content-Length: ${content.length}\r\n`);
    const whole = Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), content]);
    const answer = new Promise((done, failed) => {
      if (this.closed) failed(new Error('the connection is closed'));
      else this.waiting = { done, failed };
    });
    answer.catch(() => {});
    this.socket.write(whole.subarray(0, -1));
    this.last = whole.subarray(-1);
    return answer;
  }

  release() {
    this.socket.write(this.last);
  }

  close() {
    this.socket.destroy();
  }

  #look() {
    const end = this.data.indexOf('\r\n\r\n');
    if (end < 0 || !this.waiting) return;
    const [line, ...fields] = this.data.toString('latin1', 0, end).split('\r\n');
    const headers = {};
    for (const field of fields) {
      const colon = field.indexOf(':');
      headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
    }
    const whole = end + 4 + Number(headers['content-length'] ?? 0);
    if (this.data.length < whole) return;
    const body = this.data.subarray(end + 4, whole);
    this.data = this.data.subarray(whole);
    const { done } = this.waiting;
    this.waiting = undefined;
    done({ status: Number(line.split(' ')[1]), headers, body });
  }
}

export const json = { 'Content-Type': 'application/json' };
export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

/** A well-formed v1 secret whose content is noise: { access, create } with create the request's body, and a gate with attempts. */
export function sealed({ views = 1, ttl = 3600, size = 304, ...more } = {}) {
  const access = randomBytes(32);
  const gate = more.attempts === undefined ? undefined : randomBytes(32);
  const header = Buffer.concat([Buffer.from('ESv1'), Buffer.from([14, 8, 1, 0]), randomBytes(24)]);
  const content = Buffer.concat([header, randomBytes(size - header.length)]);
  const create = {
    verifier: base64url(createHash('sha256').update(access).digest()),
    header: base64url(header),
    views,
    ttl,
    size,
    content: base64url(content),
    ...(gate && { gate_verifier: base64url(createHash('sha256').update(gate).digest()) }),
    ...more,
  };
  return { access: base64url(access), content: base64url(content), create, ...(gate && { gate: base64url(gate) }) };
}

/** Create ${secret} of sealed(); adds its id and owner token. */
export async function create(connection, secret) {
  const { status, body } = await connection.request('POST', '/api/v1/secrets', { body: JSON.stringify(secret.create), headers: json });
  if (status !== 201) throw new Error(`create: ${status} ${body}`);
  const answer = JSON.parse(body);
  return Object.assign(secret, { id: answer.id, owner: answer.owner_token });
}

export const newLease = () => base64url(randomBytes(32));

/** The body of an open of ${secret} under ${lease}. */
export const openBody = (secret, lease) => JSON.stringify({ access: secret.access, lease, gate: secret.gate });
