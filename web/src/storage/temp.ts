// SPDX-License-Identifier: MIT
// Large files on their way to a download, in the browser's private file system. Each has a folder of
// its own and, as long as its page lives, a lock of that name.

import { randomText, LETTERS } from '../base/random';

const PREFIX = 'download-';
const FILE = 'file';
/** Stands beside a file that is whole, and so may be on its way into the downloads. */
const WHOLE = 'whole';
const TRIES = 50;
const TRY_EVERY = 100;

/** Up to this many bytes a file waits in memory, and nothing is parked. */
export const MEMORY_MAX = 32 << 20;

/**
 * How many milliseconds the browser may need to copy a file of `size` bytes into its downloads. It
 * does not tell when it is done; a file that is taken away before breaks the download.
 */
export function copyTime(size: number): number {
  return 10_000 + size / 4000;
}

/** A place for one file. The page that claimed it takes it away. */
export class TempFile {
  readonly name: string;
  private readonly root: FileSystemDirectoryHandle;
  private readonly unlock: () => void;
  private timer = 0;

  private constructor(name: string, root: FileSystemDirectoryHandle, unlock: () => void) {
    this.name = name;
    this.root = root;
    this.unlock = unlock;
  }

  /** A new place, or null where the browser has none. */
  static async claim(): Promise<TempFile | null> {
    try {
      const name = PREFIX + randomText(16, LETTERS);
      const root = await navigator.storage.getDirectory();
      return new TempFile(name, root, await lock(name));
    } catch {
      return null;
    }
  }

  /** Take it away. */
  async clear(): Promise<void> {
    clearTimeout(this.timer);
    await remove(this.root, this.name);
    this.unlock();
  }

  /** Take it away when the browser has had the time to copy `size` bytes, counted from now. */
  clearLater(size: number, onCleared: () => void): void {
    void this.root.getDirectoryHandle(this.name)
      .then((folder) => folder.getFileHandle(WHOLE, { create: true })).catch(() => undefined);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      onCleared();
      void this.clear();
    }, copyTime(size));
  }
}

/** The file to write in the place called `name`, or null where the browser cannot. For workers. */
export async function tempFileHandle(name: string): Promise<FileSystemFileHandle | null> {
  try {
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return null;
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(name, { create: true });
    return await folder.getFileHandle(FILE, { create: true });
  } catch {
    return null;
  }
}

/** Take away what pages left behind, each as soon as its page is no more and its download had the time. */
export async function clearTempFiles(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    for await (const [name, folder] of root.entries()) {
      if (name.startsWith(PREFIX) && folder.kind === 'directory') void clearAbandoned(root, folder as FileSystemDirectoryHandle);
    }
  } catch {
    // No such storage here.
  }
}

// A place is made under its lock, so the lock is free only when the page that had it has gone: waiting
// for it leaves no moment in which a page that is just ending would be passed over.
async function clearAbandoned(root: FileSystemDirectoryHandle, folder: FileSystemDirectoryHandle): Promise<void> {
  try {
    const unlock = await lock(folder.name);
    await wait(await remainingTime(folder));
    await remove(root, folder.name);
    unlock();
  } catch {
    // No locks for this page: the next one does it.
  }
}

async function remainingTime(folder: FileSystemDirectoryHandle): Promise<number> {
  try {
    await folder.getFileHandle(WHOLE);
    const { size, lastModified } = await (await folder.getFileHandle(FILE)).getFile();
    return Math.max(0, Math.min(copyTime(size), lastModified + copyTime(size) - Date.now()));
  } catch {
    return 0;
  }
}

// What a worker still writes to is asked for until the worker has ended.
async function remove(root: FileSystemDirectoryHandle, name: string): Promise<void> {
  for (let left = TRIES; left > 0; left--) {
    try {
      await root.removeEntry(name, { recursive: true });
      return;
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return;
      await wait(TRY_EVERY);
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => { setTimeout(done, ms); });
}

/** Resolves, once the lock is held, to what lets it go. */
function lock(name: string): Promise<() => void> {
  return new Promise((held, failed) => {
    navigator.locks.request(name, () => new Promise<void>((unlock) => { held(unlock); })).catch(failed);
  });
}
