// SPDX-License-Identifier: MIT
// A front for s3rver that adds what S3 has and s3rver lacks: PUT with If-None-Match, and an answer
// to the question whether a bucket keeps versions.

import { createServer, request, Agent } from 'node:http';
import { once } from 'node:events';

// Send ${method} ${path} on; resolves to {status, headers, body}.
function forward(agent, base, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const on = request(new URL(path, base), { method, headers, agent }, async (answer) => {
      const chunks = [];
      try {
        for await (const chunk of answer) chunks.push(chunk);
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    on.on('error', reject);
    on.end(body);
  });
}

const VERSIONING = (status) =>
  `<?xml version="1.0"?><VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${status}</VersioningConfiguration>`;

export async function startS3Front(base) {
  const agent = new Agent({ keepAlive: true });
  const writing = new Map(); // path → promise of the write before
  const front = { conditions: true, refuses: false, versioned: new Set() };

  async function handle(message) {
    const [path, query = ''] = message.path.split('?');
    if (message.method === 'GET' && /^versioning(=|$)/.test(query)) {
      const exists = await forward(agent, base, { method: 'HEAD', path, headers: {} });
      if (exists.status !== 200) return { status: 404, headers: {}, body: '' };
      const status = front.versioned.has(path.split('/')[1]) ? '<Status>Enabled</Status>' : '';
      return { status: 200, headers: {}, body: VERSIONING(status) };
    }
    if (front.refuses && message.headers['if-none-match']) return { status: 501, headers: {}, body: '<Error><Code>NotImplemented</Code></Error>' };
    if (message.method !== 'PUT' || message.headers['if-none-match'] !== '*' || !front.conditions)
      return forward(agent, base, message);
    // One write of a name at a time, and only if nothing is there.
    const before = writing.get(path);
    let release;
    writing.set(path, new Promise((resolve) => (release = resolve)));
    await before;
    try {
      const there = await forward(agent, base, { method: 'HEAD', path, headers: {} });
      if (there.status === 200)
        return { status: 412, headers: {}, body: '<Error><Code>PreconditionFailed</Code></Error>' };
      return await forward(agent, base, message);
    } finally {
      release();
    }
  }

  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const { connection, 'transfer-encoding': _, ...headers } = req.headers;
    try {
      const answer = await handle({ method: req.method, path: req.url, headers, body: Buffer.concat(chunks) });
      const { connection: c, 'transfer-encoding': t, 'content-length': l, ...rest } = answer.headers;
      res.writeHead(answer.status, { ...rest, ...(req.method !== 'HEAD' && { 'content-length': Buffer.byteLength(answer.body) }) });
      res.end(answer.body);
    } catch {
      res.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  front.url = `http://127.0.0.1:${server.address().port}`;
  front.close = () => {
    server.close();
    server.closeAllConnections?.();
    agent.destroy();
  };
  return front;
}
