// SPDX-License-Identifier: MIT
// A proxy whose responses are now and then not the server's: what gateways, firewalls, sign-on pages and
// guest networks say while a server is replaced, blocked or out of reach.
//
//   const proxy = await startForeign('http://127.0.0.1:8080');
//   proxy.mood = 'login';        // one of `moods`; 'clean' passes everything

import { createServer, request } from 'node:http';

const html = (title) => `<!doctype html><title>${title}</title><h1>${title}</h1>`;
const page = (status, title, headers = {}) => ({ status, headers: { 'Content-Type': 'text/html', ...headers }, body: html(title) });
const json = (status, body) => ({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/** What is said in place of the server's response; the server does not see the request. */
const instead = {
  replaced: () => page(404, '404 page not found'),
  firewall: () => page(403, 'Access denied by policy'),
  portal: () => page(200, 'Welcome to the guest network'),
  login: (proxy) => page(302, 'Sign in', { Location: `${proxy.url}login` }),
  bad: () => page(502, '502 Bad Gateway'),
  busy: () => page(503, 'Service Unavailable', { 'Retry-After': '1' }),
  gateway: () => json(404, { message: 'Not Found' }),
  forbidden: () => json(403, { message: 'Forbidden' }),
  unknown: () => json(401, { message: 'Unauthorized' }),
  emptied: () => ({ status: 204, headers: {}, body: '' }),
};

/** What is said after the server did what it was asked to: the response is lost. */
const afterwards = { lost: instead.bad, hidden: instead.replaced };

export const moods = ['clean', ...Object.keys(instead), ...Object.keys(afterwards), 'cut', 'reset'];

export async function startForeign(target) {
  const proxy = { mood: 'clean', counts: {} };
  const say = (res, { status, headers, body }) => {
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    res.end(body);
  };
  const server = createServer((req, res) => {
    const { mood } = proxy;
    proxy.counts[mood] = (proxy.counts[mood] ?? 0) + 1;
    if (mood in instead) {
      req.resume().on('end', () => say(res, instead[mood](proxy)));
      return;
    }
    if (mood === 'reset') {
      req.socket.destroy();
      return;
    }
    const onward = request(new URL(req.url, target), { method: req.method, headers: req.headers, agent: false }, (response) => {
      if (mood in afterwards) {
        response.resume().on('end', () => say(res, afterwards[mood](proxy)));
        return;
      }
      res.writeHead(response.statusCode, response.headers);
      if (mood !== 'cut') {
        response.pipe(res);
        return;
      }
      response.once('data', (bytes) => {
        res.write(bytes.subarray(0, bytes.length >> 1));
        setTimeout(() => res.destroy(), 5);
        response.destroy();
      }).on('end', () => res.end());
    });
    onward.on('error', () => res.destroy());
    req.on('error', () => onward.destroy());
    req.pipe(onward);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  proxy.url = `http://127.0.0.1:${server.address().port}/`;
  proxy.stop = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
  return proxy;
}
