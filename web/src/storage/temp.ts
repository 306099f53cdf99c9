// SPDX-License-Identifier: MIT
// Large files on their way to a download, in the browser's private file system. Each has a directory
// of its own and, while its page lives, a lock of that name.

import { randomText, LETTERS } from '../base/random';

const PREFIX = 'download-';
const FILE = 'file';
/** Marks a file that is whole, and so may be on its way into the downloads. */
const WHOLE = 'whole';
const TRIES = 50;
const TRY_EVERY = 100;

/** Up to this many bytes a file waits in memory instead. */
export const MEMORY_MAX = 32 << 20;

/**
 * Milliseconds that the browser may need to copy a file of `size` bytes into its downloads. It gives
 * no signal when it is done, and a file that is removed earlier breaks the download.
 */
export function copyTime(size: number): number {
  return 10_000 + size / 4000;
}

/** A place for one file. The page that claimed it removes it. */
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

  /** A new place, or null if the browser has none. */
  static async claim(): Promise<TempFile | null> {
    try {
      const name = PREFIX + randomText(16, LETTERS);
      const root = await navigator.storage.getDirectory();
      return new TempFile(name, root, await lock(name));
    } catch {
      return null;
    }
  }

  /** Remove it. */
  async clear(): Promise<void> {
    clearTimeout(this.timer);
    await remove(this.root, this.name);
    this.unlock();
  }

  /** The file is handed to the browser: other pages leave it alone for as long as the copy may take. */
  markWhole(): void {
    void this.root.getDirectoryHandle(this.name)
      .then((directory) => directory.getFileHandle(WHOLE, { create: true })).catch(() => undefined);
  }

  /** Remove it when the browser has had the time to copy `size` bytes, counted from now. */
  clearLater(size: number, onCleared: () => void): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      onCleared();
      void this.clear();
    }, copyTime(size));
  }
}

/** The file to write in the place called `name`, or null if the browser cannot. For workers. */
export async function tempFileHandle(name: string): Promise<FileSystemFileHandle | null> {
  try {
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return null;
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(name, { create: true });
    return await directory.getFileHandle(FILE, { create: true });
  } catch {
    return null;
  }
}

/** Remove what ended pages left, each as soon as its download had the time. */
export async function clearTempFiles(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    for await (const [name, directory] of root.entries()) {
      if (name.startsWith(PREFIX) && directory.kind === 'directory') void clearAbandoned(root, directory as FileSystemDirectoryHandle);
    }
  } catch {
    // No such storage here.
  }
}

// A place is made under its lock, so the lock is free only when its page has ended. Waiting for it
// misses no page that is just ending.
async function clearAbandoned(root: FileSystemDirectoryHandle, directory: FileSystemDirectoryHandle): Promise<void> {
  try {
    const unlock = await lock(directory.name);
    await wait(await remainingTime(directory));
    await remove(root, directory.name);
    unlock();
  } catch {
    // No locks for this page. The next one removes it.
  }
}

async function remainingTime(directory: FileSystemDirectoryHandle): Promise<number> {
  try {
    await directory.getFileHandle(WHOLE);
    const { size, lastModified } = await (await directory.getFileHandle(FILE)).getFile();
    return Math.max(0, Math.min(copyTime(size), lastModified + copyTime(size) - Date.now()));
  } catch {
    return 0;
  }
}

// A file that a worker still writes to cannot be removed before the worker has ended.
async function remove(root: FileSystemDirectoryHandle, name: string): Promise<void> {
  for (let tries = TRIES; tries > 0; tries--) {
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
