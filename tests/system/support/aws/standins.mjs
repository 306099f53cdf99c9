// SPDX-License-Identifier: MIT
// dynalite and s3rver on free ports of the loopback, for tests in any language.
//
// As a program it prints one line of JSON, the URLs of both and of a fault proxy before each, then answers commands on
// standard input with one line each: `table`, `table noindex`, `bucket` and `bucket versioned` make
// one and print its name; `conditions on`, `off` and `refused` say whether S3 honours If-None-Match, passes over it or answers 501;
// `faults SEED RATE` starts a schedule of faults, `die N` lets N requests through and then none, and `clear` ends
// both, with nothing left on its way;
// `unconditional on` makes every condition hold; `counts` tells which faults there were; `leftovers TABLE BUCKET`
// sorts what lies in both and empties them.  It ends when its standard input does.

import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import dynalite from 'dynalite';
import S3rver from 's3rver';
import { createTable } from './dynamo.mjs';
import { startFaultProxy } from './fault-proxy.mjs';
import { takeLeftovers } from './leftovers.mjs';
import { startS3Front } from './s3-front.mjs';
import { answerWhenWritten } from './s3-store.mjs';
import { s3Fetch } from './s3.mjs';

let count = 0; // of names given out by this process

/**
 * Start both.  STANDIN_DYNAMODB and STANDIN_S3 name others that run already (tools/check-aws), then
 * the S3 one must honour If-None-Match and tell versions by itself.
 */
export async function startStandins() {
  const folder = mkdtempSync(join(tmpdir(), 'standins-'));
  let dynamodb = process.env.STANDIN_DYNAMODB;
  let tables;
  if (!dynamodb) {
    tables = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
    tables.listen(0, '127.0.0.1');
    await once(tables, 'listening');
    dynamodb = `http://127.0.0.1:${tables.address().port}`;
  }
  let objects;
  let base = process.env.STANDIN_S3;
  if (!base) {
    objects = new S3rver({ address: '127.0.0.1', port: 0, directory: folder, silent: true });
    answerWhenWritten(objects.store);
    base = `http://127.0.0.1:${(await objects.run()).port}`;
  }
  const front = await startS3Front(base);
  // A front changes what was signed; what checks signatures is spoken to without one.
  const s3 = process.env.STANDIN_S3 ?? front.url;
  return {
    dynamodb,
    s3,
    front,
    async table(options) {
      const name = `Secrets-${process.pid}-${++count}`;
      await createTable(dynamodb, name, options);
      return name;
    },
    async bucket({ versioned = false } = {}) {
      const name = `secrets-files-${process.pid}-${++count}`;
      if (versioned) front.versioned.add(name);
      const answer = await s3Fetch(`${s3}/${name}`, { method: 'PUT' });
      if (!answer.ok) throw new Error(`bucket: ${answer.status} ${await answer.text()}`);
      if (versioned && process.env.STANDIN_S3)
        await s3Fetch(`${s3}/${name}?versioning=`, {
          method: 'PUT',
          body: '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>',
        });
      return name;
    },
    async stop() {
      tables?.close();
      front.close();
      await objects?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function main() {
  const standins = await startStandins();
  const faulty = {
    dynamodb: await startFaultProxy('dynamodb', standins.dynamodb),
    s3: await startFaultProxy('s3', standins.s3),
  };
  const { dynamodb, s3 } = standins;
  console.log(JSON.stringify({ dynamodb, s3, faultyDynamodb: faulty.dynamodb.url, faultyS3: faulty.s3.url }));
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, option, rate] = line.split(' ');
    if (command === 'table') console.log(await standins.table({ index: option !== 'noindex' }));
    else if (command === 'bucket') console.log(await standins.bucket({ versioned: option === 'versioned' }));
    else if (command === 'conditions') {
      standins.front.conditions = option === 'on';
      standins.front.refuses = option === 'refused';
      console.log('ok');
    }
    else if (command === 'faults') {
      faulty.dynamodb.seed(Number(option), Number(rate));
      faulty.s3.seed(Number(option) + 1e6, Number(rate));
      console.log('ok');
    } else if (command === 'die') {
      faulty.dynamodb.dieAfter(Number(option));
      faulty.s3.dieAfter(Number(option));
      console.log('ok');
    } else if (command === 'clear') {
      await Promise.all([faulty.dynamodb.clear(), faulty.s3.clear()]);
      console.log('ok');
    } else if (command === 'unconditional') {
      faulty.dynamodb.unconditional = option === 'on';
      console.log('ok');
    } else if (command === 'leftovers') {
      console.log(JSON.stringify(await takeLeftovers(standins, option, rate)));
    } else if (command === 'counts') {
      console.log(JSON.stringify(faulty.dynamodb.counts) + JSON.stringify(faulty.s3.counts));
    } else console.log('unknown command');
  }
  faulty.dynamodb.close();
  faulty.s3.close();
  await standins.stop();
  process.exit(0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
