// SPDX-License-Identifier: MIT
// The Lambda function: size of its zip, time from start to the first request for an event, memory.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerOf, eventOf, startRuntime } from '../tests/system/support/aws/runtime.mjs';
import { startStandins } from '../tests/system/support/aws/standins.mjs';

const build = join(fileURLToPath(new URL('..', import.meta.url)), process.env.BUILD ?? 'build');
const STARTS = 20;

const standins = await startStandins();
const env = {
  AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_ENDPOINT_URL_DYNAMODB: standins.dynamodb, AWS_ENDPOINT_URL_S3: standins.s3,
  DYNAMO_TABLE: await standins.table(), S3_BUCKET: await standins.bucket(),
};
const times = [];
let peak = 0;
let first = 0;
for (let i = 0; i < STARTS; i++) {
  const cold = await startRuntime(join(build, 'function/bootstrap'), env);
  if (!cold.ready) throw new Error(cold.log);
  times.push(cold.firstNextMs);
  if (i === STARTS - 1) {
    // Memory grows up to the second file.
    for (let file = 0; file < 3; file++) {
      const from = performance.now();
      const made = answerOf(await cold.invoke(eventOf.http({ method: 'POST', path: '/encrypt', query: 'file_name=x', body: Buffer.alloc(3 << 20, 7) })));
      first ||= performance.now() - from;
      await cold.invoke(eventOf.http({ method: 'POST', path: '/decrypt', headers: { 'content-type': 'application/json' }, body: made.body }));
    }
    peak = Number(readFileSync(`/proc/${cold.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
  }
  await cold.stop();
}
times.sort((a, b) => a - b);
console.log(`function.zip ${(statSync(join(build, 'function.zip')).size / 1e6).toFixed(2)} MB (goal: below 5)`);
console.log(`function, start to first next: median ${times[STARTS / 2].toFixed(1)} ms, best ${times[0].toFixed(1)} ms (goal: at most 20)`);
console.log(`function, first invocation, a classic file of 3 MiB: ${first.toFixed(0)} ms`);
console.log(`function, peak memory after three of them: ${Math.round(peak / 1024)} MiB (goal: below 64)`);
await standins.stop();
process.exit(0);
