// SPDX-License-Identifier: MIT
// A proxy before a site that puts script before the page's own, so that every engine reports faults
// alike and can be made to lack features.
import { createServer, request } from 'node:http';

/** Reports what must not happen, from the page and its worker. */
const REPORT = `{
  const report = (text) => { fetch('/faults', { method: 'POST', body: text, keepalive: true }); };
  addEventListener('error', (e) => report('error: ' + (e.message ?? e.type)));
  addEventListener('unhandledrejection', (e) => report('rejection: ' + e.reason));
  addEventListener('securitypolicyviolation', (e) => report('policy: ' + e.violatedDirective + ' ' + e.blockedURI));
}
`;

/**
 * Proxy the site at `target`. `faults` collects what the page reports; `before` is run before page
 * and worker.
 */
export async function startPrelude(target) {
  const server = createServer((req, res) => {
    if (req.url === '/faults') {
      req.on('data', (text) => proxy.faults.push(String(text))).on('end', () => res.writeHead(204).end());
      return;
    }
    const isScript = /\/(page|worker)\.js$/.test(req.url);
    const headers = { ...req.headers, ...(isScript && { 'accept-encoding': 'identity' }) };
    if (isScript) delete headers['if-none-match'];
    const there = request(new URL(req.url, target), { method: req.method, headers, agent: false }, (response) => {
      const { 'content-length': length, ...others } = response.headers;
      const start = isScript ? Buffer.from(REPORT + proxy.before) : Buffer.alloc(0);
      res.writeHead(response.statusCode, { ...others, ...(length !== undefined && { 'content-length': Number(length) + start.length }), ...(isScript && { 'cache-control': 'no-store' }) });
      res.write(start);
      response.pipe(res);
    });
    there.on('error', () => res.destroy());
    req.on('error', () => there.destroy());
    req.pipe(there);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const proxy = {
    url: `http://127.0.0.1:${server.address().port}/`, faults: [], before: '',
    stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
  };
  return proxy;
}
