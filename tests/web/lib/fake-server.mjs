// SPDX-License-Identifier: MIT
// A small stand-in for secretsd in memory: the v1 API as the page needs it, and the page's files.
import { createServer } from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeRequests } from './fake-requests.mjs';
import { pageHeaders } from '../../../web/headers.mjs';

const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', json: 'application/json' };
const hash = (text, encoding) => createHash('sha256').update(Buffer.from(text, encoding)).digest('base64url');
const now = () => Math.floor(Date.now() / 1000);
const letters = (n) => randomBytes(n * 2).toString('base64url').replace(/[-_]/g, 'x').slice(0, n);

export const PART = 256 * 1024;
const CONFIG = {
  part_size: PART, inline_max: 131072, text_max: 1 << 20, file_max: 2 ** 30, views_max: 100,
  ttl_default: 432000, ttl_max: 2592000, ttl_choices: [300, 3600, 86400, 432000, 2592000], features: ['gate', 'wrap', 'requests'],
};

/** `old` is the first version: it marks no response, and knows no gate and no requests. */
export async function startFake({ folder, embedded = true, old = false } = {}) {
  const config = old ? { ...CONFIG, features: undefined } : CONFIG;
  const send = (res, ...rest) => respond(old ? res : res.setHeader('Secrets-Answer', '1'), ...rest);
  const secrets = new Map();
  const requests = fakeRequests({ secrets, makeSecret, send, newId: () => letters(22), answerTtl: CONFIG.ttl_default });
  const server = createServer((req, res) => {
    handle(req, res).catch((error) => { console.error(error); res.destroy(); });
  });

  async function handle(req, res) {
    const { pathname } = new URL(req.url, 'http://x');
    const body = Buffer.concat(await Array.fromAsync?.(req) ?? await collect(req));
    if (pathname.startsWith('/api/')) return api(req, res, pathname, body);
    return file(res, pathname);
  }

  async function file(res, pathname) {
    const classic = /^\/secret\/[A-Za-z0-9]{16}$/.test(pathname);
    const name = pathname === '/' || classic || pathname.startsWith('/%23') ? 'index.html' : pathname.slice(1);
    let bytes = await readFile(join(folder, name)).catch(() => null);
    if (bytes === null) return send(res, 404, {});
    if (name === 'index.html' && embedded) {
      let html = bytes.toString().replace(/<meta http-equiv[^>]*>\n/, '').replace('<html ', '<html data-api="./" ');
      if (classic) html = html.replaceAll('"./', '"../').replace('data-api="../"', 'data-api="./"');
      bytes = Buffer.from(html);
    }
    res.writeHead(200, { ...(embedded ? pageHeaders : {}), 'Content-Type': TYPES[name.split('.')[1]] ?? 'text/plain' });
    res.end(bytes);
  }

  function api(req, res, pathname, body) {
    const token = /^Bearer (.*)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if (pathname === '/api/v1/config') return send(res, 200, config);
    if (pathname === '/api/v1/secrets') return send(res, 201, makeSecret(JSON.parse(body)));
    if (pathname.startsWith('/api/v1/requests')) return requests.route(req, res, pathname, body, token);
    const [, id, rest = ''] = /^\/api\/v1\/secrets\/([A-Za-z0-9]+)\/?(.*)$/.exec(pathname) ?? [];
    const s = secrets.get(id);
    if (!s) return send(res, 404, { code: 'not_found' });
    const owner = token !== '' && hash(token) === s.owner;
    const live = s.state === 'open' && s.expires_at > now() && (s.views_left > 0 || [...s.leases.values()].includes('live'));
    const part = /^parts\/(\d+)$/.exec(rest)?.[1];
    if (req.method === 'PUT' && part && owner) { s.parts[part] = body; return send(res, 204); }
    if (rest === 'complete' && owner && s.request) return requests.complete(res, s, JSON.parse(body));
    if (rest === 'complete' && owner) { s.state = 'open'; return send(res, 204); }
    if (rest === 'receipt' && owner) return receipt(res, s);
    if (req.method === 'DELETE' && rest === '' && (owner || s.leases.has(token))) {
      if (live) { s.state = 'burnt'; s.events.push({ event: 'burnt_by_owner', at: now() }); }
      return send(res, 204);
    }
    if (req.method === 'DELETE' && rest === 'lease' && s.leases.has(token)) { s.leases.set(token, 'ended'); return send(res, 204); }
    if (s.request && s.state === 'uploading') return send(res, 409, { code: 'uploading' });
    if (!live) return send(res, 404, { code: 'not_found' });
    if (rest === '' && req.method === 'GET') {
      return send(res, 200, { header: s.header, size: s.size, part_size: s.part_size, passphrase: s.passphrase,
        views_left: s.views_left, expires_at: s.expires_at, ...(s.attempts && { attempts_left: s.attempts_left }), ...(s.gate_verifier && { gate: true }) });
    }
    if (rest === 'open') return open(res, s, JSON.parse(body));
    if (part && s.leases.get(token) === 'live') return send(res, 200, s.parts[part]);
    return send(res, 404, { code: 'not_found' });
  }

  function makeSecret(c) {
    const id = letters(22);
    const owner_token = randomBytes(32).toString('base64url');
    secrets.set(id, { ...c, id, owner: hash(owner_token), expires_at: now() + c.ttl, views_left: c.views, attempts_left: c.attempts,
      state: c.content ? 'open' : 'uploading', parts: [], part_size: c.content ? 0 : PART, leases: new Map(), events: [] });
    return { id, owner_token, expires_at: now() + c.ttl, part_size: c.content ? 0 : PART };
  }

  function open(res, s, { access, gate, lease }) {
    if (s.leases.get(lease) === 'ended') return send(res, 409, { code: 'lease_ended' });
    if (s.gate_verifier && (gate === undefined || hash(gate, 'base64url') !== s.gate_verifier)) return send(res, 403, { code: 'wrong_key' });
    if (hash(access, 'base64url') !== s.verifier) {
      if (s.attempts && --s.attempts_left === 0) s.state = 'locked';
      return send(res, 403, { code: 'wrong_proof', ...(s.attempts && { attempts_left: s.attempts_left }), ...(s.gate_verifier && { gate: true }) });
    }
    if (!s.leases.has(lease)) {
      if (s.views_left === 0) return send(res, 404, { code: 'not_found' });
      s.views_left--;
      s.leases.set(lease, 'live');
      s.events.push({ event: 'opened', at: now() });
    }
    return send(res, 200, { lease, lease_expires_at: now() + 120, views_left: s.views_left, ...(s.content && { content: s.content }) });
  }

  function receipt(res, s) {
    let state = s.state === 'open' ? (s.views_left === 0 ? 'used_up' : s.views_left < s.views ? 'opened' : 'waiting') : s.state;
    if (s.expires_at <= now()) state = 'expired';
    send(res, 200, { state, expires_at: s.expires_at, views: s.views, views_left: s.views_left, events: s.events });
  }

  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}/`, port, secrets, requests: requests.requests, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

async function collect(stream) {
  const out = [];
  for await (const piece of stream) out.push(piece);
  return out;
}

function respond(res, status, body) {
  if (body === undefined) return res.writeHead(status).end();
  const bytes = Buffer.isBuffer(body);
  res.writeHead(status, { 'Content-Type': bytes ? 'application/octet-stream' : status < 400 ? 'application/json' : 'application/problem+json', 'Cache-Control': 'no-store' });
  return res.end(bytes ? body : JSON.stringify(body));
}
