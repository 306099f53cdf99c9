// SPDX-License-Identifier: MIT
// Runs the load generator (bench/load.c).
//
//   const { rate, p99, requests } = await runLoad(server.port, 32, 4, 'GET', '/healthz');

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { buildFolder } from '../tests/system/support/server.mjs';

/**
 * Send requests over ${connections} connections for ${seconds}. Resolves to the figures.
 *
 * @throws Error if a request got no response
 */
export async function runLoad(port, connections, seconds, ...args) {
  const child = spawn(join(buildFolder, 'bench/load'), [port, connections, seconds, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  await once(child, 'close');
  const result = JSON.parse(out);
  if (result.failed > 0) throw new Error(`requests failed: ${out}`);
  return result;
}
