// SPDX-License-Identifier: MIT
// A TCP proxy before a server: it records what clients send, and can cut every connection, or pass
// nothing more over those that there are.
import { createServer, connect } from 'node:net';

export async function startWire(target) {
  const { port } = new URL(target);
  const sockets = new Set();
  const wire = { sent: [], cuts: 0, holds: 0, record: false, stop, cut, hold };

  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => { sockets.delete(socket); client.destroy(); upstream.destroy(); });
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => { if (wire.record) wire.sent.push(bytes); wire.passed(bytes.length); });
    upstream.on('data', (bytes) => { wire.passed(bytes.length); });
    client.pipe(upstream).pipe(client);
  });

  wire.passed = () => undefined;
  function cut() {
    wire.cuts++;
    for (const socket of sockets) socket.destroy();
  }
  function hold() {
    wire.holds++;
    for (const socket of sockets) socket.unpipe().pause();
  }
  async function stop() {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }

  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  wire.url = `http://127.0.0.1:${server.address().port}/`;
  return wire;
}
