// SPDX-License-Identifier: MIT
// A large file is shared and opened through a connection that is cut five times each way, the page's
// memory staying small. PAGE_MIB sets its size (1024 is the promise; 128 fits every run).
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, createCipheriv } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBareBrowser } from '../support/devtools.mjs';
import { startSite } from '../support/site.mjs';
import { startWire } from '../support/wire.mjs';

const MIB = Number(process.env.PAGE_MIB ?? 128);
const CUTS = 5;
const GROWTH_MAX = 120; // MiB; a page that holds the file takes more
const TRANSFER_MS = 300_000;

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

/** Watches the largest private memory, in MiB, of the page's process. */
function watchMemory(browser) {
  let most = 0;
  const look = async () => {
    const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
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
  return { look, most: () => Math.round(most), stop: () => clearInterval(timer) };
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
  const site = await startSite({ shipped: true });
  const wire = await startWire(site.url);
  const browser = await startBareBrowser();
  const memory = watchMemory(browser);
  try {
    await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    await browser.goto(wire.url);
    await browser.pick('input[type=file]', path);
    await browser.text('One file');
    await memory.look();
    const base = memory.most();
    cutOften(wire, MIB << 20);
    let start = Date.now();
    await browser.click('Create link');
    await browser.text('Not opened yet', TRANSFER_MS);
    t.diagnostic(`shared in ${(Date.now() - start) / 1000} s, ${wire.cuts} cuts, ${memory.most()} MiB`);
    assert.equal(wire.cuts, CUTS);
    const link = await browser.evaluate("document.querySelector('.link code').textContent");

    wire.passed = () => undefined;
    await rm(path);
    await browser.goto(link);
    await browser.evaluate('delete globalThis.showSaveFilePicker');
    await browser.click('Open');
    await browser.until("document.querySelector('.file')");
    cutOften(wire, MIB << 20);
    start = Date.now();
    await browser.click('Save');
    await browser.text('Is the file in your downloads?', TRANSFER_MS);
    t.diagnostic(`opened in ${(Date.now() - start) / 1000} s, ${wire.cuts} cuts, ${memory.most()} MiB`);
    // The browser copies the download out of the page's private storage.
    const end = Date.now() + TRANSFER_MS;
    for (let size = -1; size < MIB << 20; size = (await stat(path).catch(() => ({ size: -1 }))).size) {
      assert.ok(Date.now() < end, `${size} bytes are there`);
      await new Promise((done) => { setTimeout(done, 100); });
    }
    await browser.click('It is there');
    await browser.text('The secret has been erased from the server');
    assert.equal(await hashOf(path), sum);
    assert.equal(wire.cuts, 2 * CUTS);
    t.diagnostic(`memory ${base} MiB at first, ${memory.most()} MiB at most`);
    assert.ok(base > 0 && memory.most() < base + GROWTH_MAX, `memory grew to ${memory.most()} MiB from ${base} MiB`);

    // The control: a page that holds as much as the file is found out.
    await browser.evaluate(`globalThis.held = new Uint8Array(${MIB << 20}).fill(1), 0`);
    await memory.look();
    assert.ok(memory.most() >= base + GROWTH_MAX, `it holds the file, and the memory is ${memory.most()} MiB`);
  } finally {
    memory.stop();
    await browser.close();
    await wire.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
});
