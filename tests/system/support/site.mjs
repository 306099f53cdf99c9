// SPDX-License-Identifier: MIT
// The page with its server; secrets made without the browser; and a static host of its own.
import { createServer } from 'node:http';
import { randomBytes, scryptSync, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, top } from '../../web/lib/load.mjs';
import { startFake } from '../../web/lib/fake-server.mjs';
import { buildFolder, startServer } from './server.mjs';
import { cheapServer } from './variant.mjs';

globalThis.crypto ??= webcrypto;

export const webFolder = join(top, 'build/web');
const envelope = await load('crypto/envelope.ts', 'crypto/gate.ts');

/** The least that a reader accepts, without a passphrase and with one: most tests are not about what a derivation costs. */
const CHEAP = { logN: 10, r: 8, p: 1 };
const CHEAP_PASSPHRASE = { logN: 10, r: 8, p: 3 };
export const COSTLY = envelope.COST_PASSPHRASE;

/**
 * secretsd where it is built; else, or where `fake` asks for it, the stand-in of tests/web. Its page derives keys
 * at the least cost, in a twentieth of the time, unless it is to be as `shipped`.
 */
export async function startSite({ fake = false, shipped = false, env = {} } = {}) {
  if (fake || !existsSync(join(buildFolder, 'secretsd'))) {
    const site = await startFake({ folder: webFolder });
    return { ...site, real: false };
  }
  const build = shipped ? buildFolder : cheapServer();
  const server = await startServer({ build, env: { SECRETS_RATE_CREATE: '0', SECRETS_RATE_OPEN: '0', SECRETS_HOSTS: 'secrets.test', ...env } });
  return { url: `${server.url}/`, real: true, server, passphraseCost: shipped ? COSTLY : CHEAP_PASSPHRASE, stop: () => server.stop() };
}

const scrypt = (input, salt, { logN, r, p }) =>
  new Uint8Array(scryptSync(input, salt, 64, { N: 2 ** logN, r, p, maxmem: 2 ** 29 }));
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

async function call(site, path, { method = 'POST', json, bytes, token } = {}) {
  const response = await fetch(`${site.url}api/v1/${path}`, {
    method, body: bytes ?? (json && JSON.stringify(json)),
    headers: { ...(json && { 'Content-Type': 'application/json' }), ...(bytes && { 'Content-Type': 'application/octet-stream' }),
      ...(token && { Authorization: `Bearer ${token}` }) },
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

/**
 * Share as the page would, but for the `cost`, from here. `content` is text, or bytes with a `name`.
 * `whileUploading` gets the link of an upload before it is complete.
 */
export async function shareSecret(site, content, { name, type = '', views = 1, ttl = 432000, passphrase = '', attempts, cost = passphrase === '' ? CHEAP : site.passphraseCost ?? COSTLY, whileUploading = async () => undefined } = {}) {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const meta = { size: bytes.length, ...(name !== undefined && { name, type }) };
  const header = envelope.writeHeader(cost, new Uint8Array(randomBytes(24)));
  const key = randomBytes(48).toString('base64').replace(/[^A-Za-z0-9]/g, 'x').slice(0, 32);
  const keys = await envelope.deriveKeys(header, envelope.secretInput(key, passphrase), scrypt);
  const pieces = [];
  for await (const piece of envelope.seal(header, keys, meta, (async function* () { yield bytes; })())) pieces.push(piece);
  const sealed = Buffer.concat(pieces);
  const inline = sealed.length <= 131072;
  const { features = [] } = await call(site, 'config', { method: 'GET' });
  const gate = features.includes('gate') ? await envelope.deriveGate(key, header) : null;
  const created = await call(site, 'secrets', { json: {
    verifier: b64(await envelope.verifierOf(keys.access)), header: b64(header), views, ttl, size: sealed.length,
    passphrase: passphrase !== '', ...(passphrase !== '' && { attempts: attempts ?? 10 }),
    ...(gate && { gate_verifier: b64(await envelope.gateVerifierOf(gate)) }), ...(inline && { content: b64(sealed) }),
  } });
  const { id, owner_token: owner, part_size: part } = created;
  if (!inline) {
    for (let k = 0; k * part < sealed.length; k++) {
      await call(site, `secrets/${id}/parts/${k}`, { method: 'PUT', bytes: sealed.subarray(k * part, (k + 1) * part), token: owner });
    }
    await whileUploading(`${site.url}#${id}.${key}`);
    await call(site, `secrets/${id}/complete`, { token: owner });
  }
  const lease = () => b64(randomBytes(32));
  return {
    id, key, owner, link: `${site.url}#${id}.${key}`, keyless: `${site.url}#${id}`,
    /** Use one opening, as another reader would. */
    open: () => call(site, `secrets/${id}/open`, { json: { access: b64(keys.access), lease: lease(), ...(gate && { gate: b64(gate) }) } }),
    burn: () => call(site, `secrets/${id}`, { method: 'DELETE', token: owner }),
    receipt: () => call(site, `secrets/${id}/receipt`, { method: 'GET', token: owner }),
  };
}

const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', json: 'application/json' };

/** A plain static host that serves the built page below `prefix`; set `api` and `brand` to what its config.json shall name. */
export async function startStatic(prefix) {
  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url, 'http://x');
    const name = pathname === prefix ? 'index.html' : pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '';
    const bytes = name === 'config.json' ? Buffer.from(JSON.stringify({ api: host.api, brand: host.brand })) : await readFile(join(webFolder, name)).catch(() => null);
    if (bytes === null) return res.writeHead(404).end();
    res.writeHead(200, { 'Content-Type': TYPES[name.split('.').at(-1)] ?? 'text/plain' });
    return res.end(bytes);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const host = { api: '', origin, url: origin + prefix, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
  return host;
}
