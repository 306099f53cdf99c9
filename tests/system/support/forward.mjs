// SPDX-License-Identifier: MIT
// An HTTP proxy on loopback, for tests that change what passes between a client and a server.
import { createServer, request } from 'node:http';

/**
 * Stand before `target`. `handle(req, res, pass)` gets each request. `pass` sends it on: `headers` replaces those of
 * the request, `answered` gets the response in place of the client. Resolves to { url, stop }.
 */
export async function startForwarder(target, handle) {
  const server = createServer((req, res) => {
    const hand = (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    };
    handle(req, res, ({ headers = req.headers, answered = hand } = {}) => {
      const onward = request(new URL(req.url, target), { method: req.method, headers, agent: false }, answered);
      onward.on('error', () => res.destroy());
      req.on('error', () => onward.destroy());
      req.pipe(onward);
    });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
  };
}
