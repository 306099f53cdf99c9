// SPDX-License-Identifier: MIT
// Where an opened file goes: every byte of it, or an error that says that there was no room.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { load } from './lib/load.mjs';

const { Sink } = await load('worker/sink.ts');
const BYTES = new Uint8Array(randomBytes(2_500_000));
const NO_ROOM = { name: 'QuotaExceededError' };

/** A private file system with one file, whose writes take at most `most` bytes and all at most `room`. */
function startOpfs({ most = Infinity, room = Infinity }) {
  const disk = { bytes: Buffer.alloc(0), open: false };
  const access = {
    write(bytes, { at }) {
      const n = Math.min(bytes.length, most, room - at);
      disk.bytes = Buffer.concat([disk.bytes.subarray(0, at), bytes.subarray(0, n)]);
      return n;
    },
    close() { disk.open = false; },
  };
  globalThis.FileSystemFileHandle = class { createSyncAccessHandle() { disk.open = true; return access; } getFile() { return new Blob([disk.bytes]); } };
  const folder = { getFileHandle: async () => new globalThis.FileSystemFileHandle() };
  const root = { getDirectoryHandle: async () => folder };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { storage: { getDirectory: async () => root } } });
  return disk;
}

/** A place that was picked, of which `keeps` bytes are kept. */
function pickedPlace(keeps) {
  const place = { pieces: [], aborted: false };
  place.getFile = async () => new Blob([Buffer.concat(place.pieces).subarray(0, keeps)]);
  place.createWritable = async () => ({
    write: async (bytes) => { place.pieces.push(Buffer.from(bytes)); },
    close: async () => undefined,
    abort: async () => { place.aborted = true; },
  });
  return place;
}

async function fill(sink) {
  for (let at = 0; at < BYTES.length; at += 65_537) await sink.write(BYTES.subarray(at, at + 65_537));
}

const bytesOf = async (blob) => Buffer.from(await blob.arrayBuffer());

test('writes that take less than they were given are gone on with', async () => {
  for (const most of [Infinity, 1 << 20, 1000, 65_535]) {
    startOpfs({ most });
    const sink = await Sink.to({ handle: null, tempName: 'p' });
    await fill(sink);
    assert.ok((await bytesOf(await sink.close())).equals(BYTES), `${most}`);
  }
});

test('a full disk ends it, and the file is let go of', async () => {
  const disk = startOpfs({ room: 1_500_000 });
  const sink = await Sink.to({ handle: null, tempName: 'p' });
  await assert.rejects(async () => { await fill(sink); await sink.close(); }, NO_ROOM);
  await sink.abort();
  assert.ok(!disk.open);
});

test('a picked place that did not keep all of it is noticed', async () => {
  for (const keeps of [BYTES.length, BYTES.length - 1, 0]) {
    const place = pickedPlace(keeps);
    const sink = await Sink.to({ handle: place, tempName: null });
    await fill(sink);
    if (keeps < BYTES.length) await assert.rejects(sink.close(), NO_ROOM);
    else assert.equal(await sink.close(), null);
    assert.ok(Buffer.concat(place.pieces).equals(BYTES));
  }
});

test('without a place it waits in memory', async () => {
  for (const tempName of [null, 'p']) {
    globalThis.FileSystemFileHandle = class {};
    const sink = await Sink.to({ handle: null, tempName });
    await fill(sink);
    assert.ok((await bytesOf(await sink.close())).equals(BYTES));
  }
});

test('a place that does not take it is told apart from a full disk, wherever that turns out', async () => {
  const { Sink: To, failureOf } = await load('worker/sink.ts', 'model/failure.ts');
  const names = ['NotAllowedError', 'NoModificationAllowedError', 'InvalidStateError', 'NotFoundError', 'NotReadableError', 'AbortError'];
  const outcome = async (step, name) => {
    const fail = async () => { throw new DOMException('no', name); };
    const place = pickedPlace(Infinity);
    const stream = await place.createWritable();
    place.createWritable = async () => stream;
    if (step === 'write' || step === 'close') stream[step] = fail;
    else place[step] = fail;
    try {
      const sink = await To.to({ handle: place, tempName: null });
      await fill(sink);
      await sink.close();
      return 'saved';
    } catch (error) {
      return failureOf(error).kind;
    }
  };
  assert.equal(await outcome('abort', 'x'), 'saved');
  for (const step of ['createWritable', 'write', 'close', 'getFile']) {
    for (const name of names) assert.equal(await outcome(step, name), 'unwritable', `${step} ${name}`);
    assert.equal(await outcome(step, 'QuotaExceededError'), 'full', step);
  }
});
