// SPDX-License-Identifier: MIT
// A proxy before a site that puts script before the page's own, so that every engine reports faults
// alike and can be made to lack features.
import { startForwarder } from '../forward.mjs';

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
  const proxy = { faults: [], before: '' };
  const forwarder = await startForwarder(target, (req, res, pass) => {
    if (req.url === '/faults') {
      req.on('data', (text) => proxy.faults.push(String(text))).on('end', () => res.writeHead(204).end());
      return;
    }
    const isScript = /\/(page|worker)\.js$/.test(req.url);
    const headers = { ...req.headers, ...(isScript && { 'accept-encoding': 'identity' }) };
    if (isScript) delete headers['if-none-match'];
    const answered = (response) => {
      const { 'content-length': length, ...others } = response.headers;
      const start = isScript ? Buffer.from(REPORT + proxy.before) : Buffer.alloc(0);
      res.writeHead(response.statusCode, { ...others, ...(length !== undefined && { 'content-length': Number(length) + start.length }), ...(isScript && { 'cache-control': 'no-store' }) });
      res.write(start);
      response.pipe(res);
    };
    pass({ headers, answered });
  });
  return Object.assign(proxy, forwarder);
}
