// SPDX-License-Identifier: MIT
// Requests for a secret in the stand-in for secretsd: what docs/API.md says of them, in memory.
import { createHash } from 'node:crypto';

const hash = (text, encoding) => createHash('sha256').update(Buffer.from(text, encoding)).digest('base64url');
const now = () => Math.floor(Date.now() / 1000);
const WRAP_MAX = 4096;

/** `secrets` are those of the stand-in, and `makeSecret` stores one as a create does. */
export function fakeRequests({ secrets, makeSecret, send, newId, answerTtl }) {
  const requests = new Map();
  const stateOf = (r) => {
    if (r.ended) return 'ended';
    if (r.answers.length >= r.most) return 'full';
    return r.expires_at <= now() ? 'expired' : 'open';
  };
  const left = (r) => r.most - r.answers.length;

  function ask(res, { owner, header, description, gate_verifier, answers = 1, ttl = 86400 }) {
    if (Buffer.from(owner, 'base64url').length !== 32 || !description.startsWith(header.slice(0, 42))) return send(res, 422, { code: 'invalid_field' });
    const id = newId();
    requests.set(id, { owner, header, description, gate_verifier, most: answers, expires_at: now() + ttl, answers: [], ended: false });
    return send(res, 201, { id, expires_at: now() + ttl });
  }

  function begin(res, r, { gate, ...answer }) {
    if (hash(gate, 'base64url') !== r.gate_verifier) return send(res, 403, { code: 'wrong_key' });
    const created = makeSecret({ ...answer, views: 1, ttl: answerTtl, passphrase: false });
    Object.assign(secrets.get(created.id), { state: 'uploading', request: r });
    return send(res, 201, created);
  }

  function list(res, r) {
    const answers = r.answers.map(({ at, secret }) => {
      const used = secret.views_left === 0;
      const live = secret.state === 'open' && (!used || [...secret.leases.values()].includes('live'));
      return { at, size: secret.size, state: secret.state === 'open' ? (used ? 'used_up' : 'waiting') : secret.state, ...(live && { wrap: secret.wrap }) };
    });
    const sealed = r.ended ? {} : { header: r.header, description: r.description };
    return send(res, 200, { state: stateOf(r), expires_at: r.expires_at, answers_left: left(r), ...sealed, answers });
  }

  /** The routes of requests. */
  function route(req, res, pathname, body, token) {
    if (pathname === '/api/v1/requests') return ask(res, JSON.parse(body));
    const [, id, rest] = /^\/api\/v1\/requests\/([A-Za-z0-9]+)(\/answers)?$/.exec(pathname) ?? [];
    const r = requests.get(id);
    const gone = () => send(res, 404, { code: 'not_found' });
    if (r === undefined) return gone();
    const owner = token !== '' && hash(token) === r.owner;
    if (req.method === 'DELETE') {
      if (!owner) return gone();
      r.ended = true;
      for (const { secret } of r.answers) if (secret.state === 'open' && secret.views_left > 0) secret.state = 'burnt';
      return send(res, 204);
    }
    if (rest !== undefined && req.method === 'GET') return owner ? list(res, r) : gone();
    if (stateOf(r) !== 'open') return gone();
    if (rest !== undefined) return begin(res, r, JSON.parse(body));
    return send(res, 200, { header: r.header, description: r.description, answers_left: left(r), expires_at: r.expires_at, answer_ttl: answerTtl, answer_size: 1 << 20 });
  }

  /** Complete the answer `s`. */
  function complete(res, s, { wrap }) {
    const r = s.request;
    if (wrap === undefined || Buffer.from(wrap, 'base64url').length > WRAP_MAX) return send(res, 422, { code: 'invalid_field' });
    if (s.state === 'open') return send(res, 204);
    if (stateOf(r) === 'full') {
      secrets.delete(s.id);
      return send(res, 409, { code: 'request_full' });
    }
    if (stateOf(r) !== 'open') return send(res, 404, { code: 'not_found' });
    Object.assign(s, { wrap, state: 'open' });
    r.answers.push({ at: now(), secret: s });
    return send(res, 204);
  }

  return { requests, route, complete };
}
