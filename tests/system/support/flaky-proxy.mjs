// SPDX-License-Identifier: MIT
// An HTTP proxy before a server that answers some requests of the API with 503 and Retry-After: now
// without having asked the server, now in place of its answer.
import { startForwarder } from './forward.mjs';

const CHANCE = 0.7;
const IN_A_ROW = 3;

/** Refuses `most` requests by chance, the same request at most three times in a row; those that `ignores` holds for it never answers. */
export async function startFlakyProxy(target, { most = 0, seed = 1, ignores = () => false }) {
  const row = new Map();
  let state = seed;
  const random = () => { state = (state * 1103515245 + 12345) & 0x7fffffff; return state / 0x7fffffff; };
  const proxy = { refused: [], most };

  const forwarder = await startForwarder(target, (req, res, pass) => {
    if (ignores(req)) {
      req.resume();
      return;
    }
    const what = `${req.method} ${req.url.replace(/[A-Za-z0-9]{22}/, 'ID')}`;
    const refuse = req.url.startsWith('/api/') && proxy.refused.length < proxy.most && (row.get(what) ?? 0) < IN_A_ROW && random() < CHANCE;
    row.set(what, refuse ? (row.get(what) ?? 0) + 1 : 0);
    const asked = !refuse || random() < 0.5;
    const refusal = () => {
      res.writeHead(503, { 'Retry-After': String(proxy.refused.length % 2), 'Content-Type': 'application/problem+json' });
      res.end('{"code":"unavailable"}');
    };
    if (refuse) proxy.refused.push(`${what}${asked ? ', done all the same' : ''}`);
    if (!asked) {
      req.resume().on('end', refusal);
      return;
    }
    if (refuse) pass({ answered: (answer) => answer.resume().on('end', refusal) });
    else pass();
  });
  return Object.assign(proxy, forwarder);
}
