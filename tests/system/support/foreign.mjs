// SPDX-License-Identifier: MIT
// A proxy whose responses are now and then not the server's: what gateways, firewalls, sign-on pages and
// guest networks say while a server is replaced, blocked or out of reach. It also cuts connections, and can
// be as slow as a bad line.
//
//   const proxy = await startForeign('http://127.0.0.1:8080');
//   proxy.mood = 'login';        // one of `moods`; 'clean' passes everything

import { createServer, request } from 'node:http';
import { Transform } from 'node:stream';

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

export const moods = ['clean', ...Object.keys(instead), ...Object.keys(afterwards), 'cut', 'cut up', 'reset', 'thin'];

const THIN = 12 * 1024; // bytes a second, of all connections together
const CUT_MAX = 150_000; // a cut comes after up to so many bytes

/** A stream that passes what comes, and calls ${cut} after ${most} bytes. */
const cutAfter = (most, cut) => new Transform({
  transform(bytes, _, done) {
    const piece = bytes.subarray(0, most);
    most -= piece.length;
    done(null, piece);
    if (most === 0) setTimeout(cut, 5); // what came before it arrives
  },
});

/**
 * Pass requests on to ${target}. Only requests of the API get other responses than the server's: the files
 * of the page have to come first. ${random} returns a number in 0 .. 1.
 */
export async function startForeign(target, random = Math.random) {
  const proxy = { mood: 'clean', counts: {} };
  const say = (res, { status, headers, body }) => {
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    res.end(body);
  };

  /** A stream that is as slow as a bad line while the mood is 'thin'; all of them are one line. */
  let free = 0; // when the line is free again
  const line = () => new Transform({
    async transform(bytes, _, done) {
      for (let at = 0; at < bytes.length;) {
        const piece = proxy.mood === 'thin' ? bytes.subarray(at, at + 1024) : bytes.subarray(at);
        if (proxy.mood === 'thin') {
          free = Math.max(free, Date.now()) + (piece.length / THIN) * 1000;
          const wait = free - Date.now();
          await new Promise((go) => { setTimeout(go, wait); });
        }
        this.push(piece);
        at += piece.length;
      }
      done();
    },
  });

  const pass = (req, res, mood) => {
    const end = () => { req.socket.destroy(); };
    const onward = request(new URL(req.url, target), { method: req.method, headers: req.headers, agent: false }, (response) => {
      if (mood in afterwards) {
        response.resume().on('end', () => say(res, afterwards[mood](proxy)));
        return;
      }
      res.writeHead(response.statusCode, response.headers);
      const down = response.pipe(line());
      if (mood === 'cut') down.pipe(cutAfter(Math.floor(random() ** 2 * CUT_MAX) + 1, end)).pipe(res);
      else down.pipe(res);
      response.on('error', end);
    });
    onward.on('error', end);
    req.on('error', () => onward.destroy());
    res.on('close', () => onward.destroy());
    const up = req.pipe(line());
    if (mood === 'cut up') up.pipe(cutAfter(Math.floor(random() ** 2 * CUT_MAX) + 1, end)).pipe(onward);
    else up.pipe(onward);
  };

  const server = createServer((req, res) => {
    const mood = req.url.includes('/api/') ? proxy.mood : 'clean';
    proxy.counts[mood] = (proxy.counts[mood] ?? 0) + 1;
    if (mood in instead) req.resume().on('end', () => say(res, instead[mood](proxy)));
    else if (mood === 'reset') req.socket.destroy();
    else pass(req, res, mood);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  proxy.url = `http://127.0.0.1:${server.address().port}/`;
  proxy.stop = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
  return proxy;
}
