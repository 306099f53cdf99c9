// SPDX-License-Identifier: MIT
// Where an opened file goes: the place the person picked; else a private file of this browser that
// becomes a download; else memory.

import type { Bytes } from '../bytes';
import { newParkedFile } from '../parking';

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
  truncate(size: number): void;
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

  static async to(handle: FileSystemFileHandle | null): Promise<Sink> {
    if (handle !== null) return new Sink(await picked(handle));
    const file = await newParkedFile();
    return new Sink(file === null ? inMemory() : await parked(file));
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

async function picked(handle: FileSystemFileHandle): Promise<Store> {
  const stream = await handle.createWritable();
  return {
    write: (bytes) => stream.write(bytes),
    close: async () => { await stream.close(); return null; },
    abort: () => stream.abort().catch(() => undefined),
  };
}

async function parked(handle: FileSystemFileHandle): Promise<Store> {
  const access = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncAccess> }).createSyncAccessHandle();
  access.truncate(0);
  let at = 0;
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length;) {
        const n = access.write(bytes.subarray(done), { at });
        if (n <= 0) throw new DOMException('the browser has no room for the file', 'QuotaExceededError');
        done += n;
        at += n;
      }
    },
    close: async () => {
      access.close();
      const file = await handle.getFile();
      if (file.size !== at) throw new Error('the file was not written whole');
      return file.slice(0, file.size, TYPE);
    },
    abort: async () => {
      try {
        access.truncate(0);
      } catch {
        // Closed already: its folder goes with the view.
      }
      access.close();
    },
  };
}

function inMemory(): Store {
  const pieces: Blob[] = [];
  return {
    write: (bytes) => { pieces.push(new Blob([bytes])); },
    close: async () => new Blob(pieces, { type: TYPE }),
    abort: async () => { pieces.length = 0; },
  };
}
