// SPDX-License-Identifier: MIT
// A large file is shared and opened through a connection that is cut five times each way, the page's
// memory staying small. PAGE_MIB sets its size (1024 is the promise; 64 fits every run).
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, createCipheriv } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newPage, startBrowser } from './lib/browser.mjs';
import { startSite } from './lib/site.mjs';
import { startWire } from './lib/wire.mjs';

const MIB = Number(process.env.PAGE_MIB ?? 64);
const CUTS = 5;
const MEMORY_MAX = 300;

async function makeFile(path) {
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const hash = createHash('sha256');
  const out = createWriteStream(path);
  for (let i = 0; i < MIB; i++) {
    const block = noise.update(Buffer.alloc(1 << 20));
    hash.update(block);
    if (!out.write(block)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  return hash.digest('hex');
}

async function hashOf(path) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** Watches the largest private memory, in MiB, of the browser's renderers. */
async function watchMemory(browser) {
  const devtools = await browser.newBrowserCDPSession();
  let most = 0;
  const look = async () => {
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    for (const { id, type } of processInfo) {
      if (type !== 'renderer') continue;
      try {
        const status = readFileSync(`/proc/${id}/status`, 'utf8');
        const kib = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
        most = Math.max(most, (kib('RssAnon') + kib('RssShmem')) / 1024);
      } catch {
        // It ended meanwhile.
      }
    }
  };
  const timer = setInterval(() => look().catch(() => undefined), 200);
  return { most: () => Math.round(most), stop: () => clearInterval(timer) };
}

/** Cut all connections each time another sixth of `total` has passed. */
function cutOften(wire, total) {
  let passed = 0;
  let cuts = 0;
  wire.passed = (n) => {
    passed += n;
    if (cuts >= CUTS || passed < ((cuts + 1) * total) / (CUTS + 1)) return;
    cuts++;
    wire.cut();
  };
}

test(`${MIB} MiB through a connection cut ${CUTS} times each way`, { timeout: 900_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'page-transfer-'));
  const path = join(folder, 'large file.bin');
  const sum = await makeFile(path);
  const site = await startSite();
  const wire = await startWire(site.url);
  const browser = await startBrowser();
  const memory = await watchMemory(browser);
  try {
    const page = await newPage(browser);
    page.setDefaultTimeout(600_000);
    page.allow = /Failed to load resource|ERR_/;
    await page.goto(wire.url);
    await page.locator('input[type=file]').setInputFiles(path);
    cutOften(wire, MIB << 20);
    let start = Date.now();
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByText('Not opened yet').waitFor();
    t.diagnostic(`shared in ${(Date.now() - start) / 1000} s, ${wire.cuts} cuts, ${memory.most()} MiB`);
    assert.equal(wire.cuts, CUTS);
    const link = await page.getByLabel('Link', { exact: true }).textContent();

    wire.passed = () => undefined;
    await page.goto(link);
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).waitFor();
    cutOften(wire, MIB << 20);
    start = Date.now();
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const download = await coming;
    assert.equal(await hashOf(await download.path()), sum);
    await page.getByText('It has been erased from the server').waitFor();
    t.diagnostic(`opened in ${(Date.now() - start) / 1000} s, ${wire.cuts} cuts, ${memory.most()} MiB`);
    assert.equal(wire.cuts, 2 * CUTS);
    assert.ok(memory.most() > 0 && memory.most() < MEMORY_MAX, `${memory.most()} MiB`);
    assert.deepEqual(page.faults, []);
  } finally {
    memory.stop();
    await browser.close();
    await wire.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
});
