// SPDX-License-Identifier: MIT
// Files on their way to a download, in the browser's private file system. Each worker has a folder
// and, as long as it lives, a lock of that name; what has no lock is taken away.

import { randomText, LETTERS } from './random';

const PREFIX = 'download-';
let folder: string | null = null;

/** A new private file, or null where the browser cannot. For workers. */
export async function newParkedFile(): Promise<FileSystemFileHandle | null> {
  try {
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return null;
    folder ??= await lockedName();
    const root = await navigator.storage.getDirectory();
    const here = await root.getDirectoryHandle(folder, { create: true });
    return await here.getFileHandle('file', { create: true });
  } catch {
    return null;
  }
}

/** Remove what no living page parked. */
export async function clearParking(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    const { held } = await navigator.locks.query();
    const alive = new Set(held?.map(({ name }) => name));
    for await (const name of root.keys()) {
      if (name.startsWith(PREFIX) && !alive.has(name)) await root.removeEntry(name, { recursive: true });
    }
  } catch {
    // No such storage here.
  }
}

async function lockedName(): Promise<string> {
  const name = PREFIX + randomText(16, LETTERS);
  await new Promise<void>((locked) => {
    void navigator.locks.request(name, () => {
      locked();
      return new Promise(() => undefined); // held until the worker ends
    });
  });
  return name;
}
