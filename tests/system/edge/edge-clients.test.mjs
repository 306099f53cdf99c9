// SPDX-License-Identifier: MIT
// One client takes as much as it can of each thing that clients share, and another one, of another
// network, shares and opens meanwhile. Prints a table of what each of them got.
//
// Without the bound of a row the row fails. CONTROLS names the rows for which that is shown, `all` by default.
// With BRIEF (support/brief.mjs) what is taken together is not taken one by one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { brief } from '../support/brief.mjs';
import { beginAndHold, client, everything, pause, rows, shareAndOpen, together } from '../support/client-rows.mjs';
import { memory } from '../support/process.mjs';
import { buildFolder, patience, startServer } from '../support/server.mjs';
import { preload, testServer } from '../support/variant.mjs';

const HOSTILE = '127.1.0.1';
const OTHER = '127.2.0.1';
const PROXY = '127.3.0.1';
const controls = process.env.CONTROLS ?? 'all';
const folder = mkdtempSync(join(tmpdir(), 'edge-clients-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A folder with a secretsd like that in ${build}, which may have ${files} descriptors. */
function withFiles(build, files) {
  const limited = mkdtempSync(join(folder, 'limited-'));
  writeFileSync(join(limited, 'secretsd'), `#!/bin/sh\nulimit -n ${files}\nexec "${join(build, 'secretsd')}" "$@"\n`, { mode: 0o700 });
  return limited;
}

/** A server in which each address is a client. ${unshared} is a bound that it is to be without. */
function start(row, at, unshared) {
  let build = unshared === undefined ? buildFolder : testServer();
  if (row.files !== undefined) build = withFiles(build, row.files);
  const env = { SECRETS_TRUSTED_PROXIES: '', SECRETS_PART_SIZE: String(4 << 20), ...row.env };
  if (row.slowDisk) Object.assign(env, { LD_PRELOAD: preload('hang'), HANG_READ: at });
  if (row.metrics) env.SECRETS_METRICS_LISTEN = `unix:${at}/metrics`;
  if (unshared === 'racy') env.TEST_RACY = '1';
  else if (unshared !== undefined) env.TEST_UNSHARED = unshared;
  return startServer({ build, env });
}

/** How much longer sharing and opening may take meanwhile, and the milliseconds that do not count. */
const SLOWER = 1.5;
const SLACK_MS = 150 * patience;
const SAMPLES = 5;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** How many times as long as ${alone} it took ${meanwhile}; below 1 if that is within the slack. */
const slowness = ({ alone, meanwhile }) => (median(meanwhile) - SLACK_MS) / median(alone);

/**
 * What became of ${row}: { held, text, grown, alone, meanwhile, failure }, with `grown` in MiB, and the milliseconds of
 * sharing and opening before and meanwhile. If it took too long, it is measured more often, before the row ends and after.
 */
async function measure(row, unshared) {
  const at = mkdtempSync(join(folder, 'row-'));
  const server = await start(row, at, unshared);
  const [other, hostile] = [OTHER, HOSTILE].map((address) => (row.proxied ? client(server, PROXY, address) : client(server, address)));
  const [from, behind] = row.proxied ? [PROXY, HOSTILE] : [HOSTILE];
  const slower = row.slower ?? SLOWER;
  let hold;
  try {
    const result = { alone: [await shareAndOpen(other)], meanwhile: [] };
    const base = memory(server.pid, 'VmRSS');
    hold = await row.hold({ server, from, behind, ask: hostile, folder: at });
    Object.assign(result, { held: hold.held, text: hold.text });
    try {
      do result.meanwhile.push(await shareAndOpen(other));
      while (slowness(result) > slower && result.meanwhile.length < SAMPLES);
      await row.also?.({ folder: at });
    } catch (error) {
      result.failure = error.message.split('\n')[0];
    }
    result.grown = (memory(server.pid, 'VmHWM') - base) / 1024;

    // Alone again: the machine may have become slower meanwhile.
    if (unshared === undefined && result.failure === undefined && slowness(result) > slower) {
      await hold.release();
      await pause(500);
      while (result.alone.length < SAMPLES) result.alone.push(await shareAndOpen(other).catch(() => Infinity));
    }
    return result;
  } finally {
    await hold?.release();
    await server.stop('SIGKILL');
  }
}

const holds = (row, result) =>
  result.held <= row.most && result.failure === undefined && slowness(result) <= (row.slower ?? SLOWER) && (result.grown <= (row.memory ?? Infinity) || patience > 1);

// A slow disk is not for builds with sanitizers, which want to be loaded first. With BRIEF test_jobs is enough.
const isPossible = ({ slowDisk }) => !slowDisk || (patience === 1 && !brief);

describe('one client takes all that it can', () => {
  const table = [];
  const seen = (result) => (result.failure === undefined ? `${median(result.meanwhile).toFixed(0)} ms (${median(result.alone).toFixed(0)})` : `FAILS: ${result.failure}`);
  after(() => {
    const columns = ['resource', 'bound of one client', 'it held', 'the other shared and opened in (alone)', 'memory grew'];
    const widths = columns.map((name, i) => Math.max(name.length, ...table.map((row) => row[i].length)));
    for (const row of [columns, widths.map((n) => '-'.repeat(n)), ...table]) console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  });

  const oneByOne = rows.filter(isPossible).filter(({ resource }) => !brief || !together.includes(resource));
  for (const row of [...oneByOne, everything])
    test(row.resource, async () => {
      // A moment of a busy machine is not what the row tells.
      let result;
      for (let i = 0; i < 3; i++) {
        result = await measure(row);
        if (holds(row, result)) break;
      }
      table.push([row.resource, row.bound, result.text, seen(result), `${result.grown.toFixed(0)} MiB`]);
      assert.ok(holds(row, result), JSON.stringify(result));
      assert.ok(result.held > 0, 'nothing was taken');
    });

  for (const row of rows.filter(isPossible).filter(({ resource }) => controls === 'all' || controls.split(',').includes(resource)))
    test(`control: without its bound the row fails: ${row.resource}`, async (t) => {
      // What the other client finds may depend on the moment.
      let result;
      for (let i = 0; i < 5; i++) {
        result = await measure(row, row.control);
        if (!holds(row, result)) break;
      }
      t.diagnostic(`${result.text}; ${seen(result)}`);
      assert.ok(!holds(row, result), JSON.stringify(result));
    });
});

test('clients whom a chain of proxies does not name share what their network may have', async () => {
  // With 1,700 descriptors, a network may have a quarter of about 900 connections.
  const server = await startServer({ build: withFiles(buildFolder, 1700), env: { SECRETS_TRUSTED_PROXIES: '127.3.0.0/16' } });
  try {
    for (const unnamed of [undefined, '127.3.0.9', 'unknown, 127.3.0.9']) {
      assert.equal(await beginAndHold(server, PROXY, unnamed, 160), 0, String(unnamed));
      const refused = await beginAndHold(server, PROXY, unnamed, 300);
      assert.ok(refused > 50 && refused < 140, `${unnamed}: ${refused} of 300 were refused`);
    }
    assert.equal(await beginAndHold(server, PROXY, HOSTILE, 160), 32, 'control: the limit for a client who is named');
  } finally {
    await server.stop();
  }
});
