// SPDX-License-Identifier: MIT
// A TCP proxy before a server, whose connections share one thin line: `rate` bytes a second each way.
import { connect, createServer } from 'node:net';

const TICK = 20;

/** Proxy `target`. `sent` and `received` count what clients sent and got. */
export async function startThinLine(target, rate) {
  const { port } = new URL(target);
  const line = { sent: 0, received: 0 };
  const sockets = new Set();
  const ways = { sent: [], received: [] };

  // Each way passes a share of its bytes every tick, to one connection after the other.
  const timer = setInterval(() => {
    for (const [way, flows] of Object.entries(ways)) {
      let left = Math.max(1, Math.round((rate * TICK) / 1000));
      for (let idle = 0; left > 0 && idle < flows.length; idle++) {
        const flow = flows.shift();
        flows.push(flow);
        const bytes = flow.from.read(Math.min(left, flow.from.readableLength)) ?? null;
        if (bytes === null) continue;
        idle = -1;
        left -= bytes.length;
        line[way] += bytes.length;
        flow.to.write(bytes);
      }
    }
  }, TICK);

  const server = createServer({ highWaterMark: 4096, allowHalfOpen: false }, (client) => {
    const upstream = connect({ port: Number(port), host: '127.0.0.1', highWaterMark: 4096 });
    const flows = [[ways.sent, { from: client, to: upstream }], [ways.received, { from: upstream, to: client }]];
    for (const [list, flow] of flows) {
      list.push(flow);
      sockets.add(flow.from);
      flow.from.on('readable', () => undefined); // paused: the timer reads
      flow.from.on('error', () => undefined);
      flow.from.on('close', () => {
        sockets.delete(flow.from);
        list.splice(list.indexOf(flow), 1);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  line.url = `http://127.0.0.1:${server.address().port}/`;
  line.stop = async () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => { server.close(done); });
  };
  return line;
}
