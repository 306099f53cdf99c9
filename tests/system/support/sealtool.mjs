// SPDX-License-Identifier: MIT
// The C side of the interoperability tests: tests/system/support/tools/sealtool.c as a process that answers requests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildFolder } from './server.mjs';

/** Start it; `ask(request)` resolves to its answer, `stop()` ends it. Requests are answered in order. */
export function startSealtool() {
  const child = spawn(join(buildFolder, 'tests/sealtool'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift().resolve(JSON.parse(line)));
  child.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`sealtool ended with ${code}`));
  });
  child.stdin.on('error', () => undefined); // the exit handler reports it
  return {
    ask(request) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
