// SPDX-License-Identifier: MIT
// Where an opened file goes: the place the person picked; else a private file of this browser that
// becomes a download; else memory.

import type { Bytes } from '../base/bytes';
import type { SaveOrder } from './protocol';
import { UnwritableError } from '../model/failure';
import { tempFileHandle } from '../storage/temp';

/** One of the three. `write` may use the bytes only until it is done. */
interface Store {
  write(bytes: Bytes): Promise<void> | void;
  /** The download, or null if there is none to make. */
  close(): Promise<Blob | null>;
  abort(): Promise<void>;
}

/** What only workers have, and the types of pages do not know. */
interface SyncAccess {
  write(bytes: Bytes, options: { at: number }): number;
  close(): void;
}

const BATCH = 1 << 20;
const TYPE = 'application/octet-stream';

export class Sink {
  private readonly store: Store;
  /** Filled again and again: a buffer for each piece would pile up faster than it is collected. */
  private readonly buffer = new Uint8Array(BATCH);
  private filled = 0;

  private constructor(store: Store) {
    this.store = store;
  }

  static async to({ handle, tempName }: SaveOrder): Promise<Sink> {
    if (handle !== null) return new Sink(await inPickedPlace(handle));
    const file = tempName === null ? null : await tempFileHandle(tempName);
    return new Sink(file === null ? inMemory() : await inTempFile(file));
  }

  async write(bytes: Bytes): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const n = Math.min(bytes.length - at, BATCH - this.filled);
      this.buffer.set(bytes.subarray(at, at + n), this.filled);
      at += n;
      this.filled += n;
      if (this.filled === BATCH) await this.flush();
    }
  }

  /** Everything is written: the download, or null if it went to the picked place. */
  async close(): Promise<Blob | null> {
    await this.flush();
    return this.store.close();
  }

  /** Leave nothing behind. */
  async abort(): Promise<void> {
    this.buffer.fill(0);
    await this.store.abort();
  }

  private async flush(): Promise<void> {
    await this.store.write(this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }
}

async function inPickedPlace(handle: FileSystemFileHandle): Promise<Store> {
  const stream = await handle.createWritable().catch(refused);
  let size = 0;
  return {
    write: (bytes) => {
      size += bytes.length;
      return stream.write(bytes).catch(refused);
    },
    close: async () => {
      await stream.close().catch(refused);
      if ((await handle.getFile().catch(refused)).size !== size) throw noRoom();
      return null;
    },
    abort: () => stream.abort().catch(() => undefined),
  };
}

// The file is held only while it is written to: what is held cannot be taken away when the page is left.
async function inTempFile(handle: FileSystemFileHandle): Promise<Store> {
  const access = () => (handle as unknown as { createSyncAccessHandle(): Promise<SyncAccess> }).createSyncAccessHandle();
  let at = 0;
  return {
    write: async (bytes) => {
      const file = await access();
      try {
        for (let done = 0; done < bytes.length;) {
          const n = file.write(bytes.subarray(done), { at });
          if (n <= 0) throw noRoom();
          done += n;
          at += n;
        }
      } finally {
        file.close();
      }
    },
    close: async () => {
      const file = await handle.getFile();
      if (file.size !== at) throw noRoom();
      return file.slice(0, file.size, TYPE);
    },
    abort: async () => undefined, // the page takes it away
  };
}

// A place may be read-only, forbidden, or gone by now: another one may do.
function refused(cause: unknown): never {
  if (cause instanceof DOMException && cause.name === 'QuotaExceededError') throw cause;
  throw new UnwritableError('the place that was picked', { cause });
}

function noRoom(): DOMException {
  return new DOMException('the file was not written whole', 'QuotaExceededError');
}

function inMemory(): Store {
  const blocks: Blob[] = [];
  return {
    write: (bytes) => { blocks.push(new Blob([bytes])); },
    close: async () => new Blob(blocks, { type: TYPE }),
    abort: async () => { blocks.length = 0; },
  };
}
