// SPDX-License-Identifier: MIT
// What is dropped or pasted: files, and folders with all that they hold.

import type { Picked } from '../../model/choice';
import type { Key } from '../../text/words';

/** The limits of what comes at once in folders. */
export const FOLDER_FILES_MAX = 1000;
const FOLDERS_MAX = 1000;
const DEPTH_MAX = 16;

/** Why something is not taken: the message, and the name of what it is. */
export class NotTaken extends Error {
  readonly key: Key;
  readonly named: string;

  constructor(key: Key, named: string) {
    super(key);
    this.key = key;
    this.named = named;
  }
}

/** A file, or what a browser knows of a folder. */
export type Dropped = File | FileSystemEntry;

/** What `data` holds. A browser tells it only while its event lasts. */
export function droppedOf(data: DataTransfer): Dropped[] {
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  return items.map((item) => {
    const entry = item.webkitGetAsEntry?.() ?? null;
    // A file by itself needs nothing of its folder.
    return entry?.isDirectory === true ? entry : item.getAsFile();
  }).filter((one) => one !== null);
}

/**
 * The files of one thing that was dropped. Those of a folder have its name in their path.
 *
 * @throws NotTaken
 */
export async function filesOf(dropped: Dropped): Promise<Picked[]> {
  if (dropped instanceof File) {
    // Without webkitGetAsEntry() a folder looks like a file until it is read.
    await dropped.slice(0, 1).arrayBuffer().catch(() => { throw new NotTaken('filesUnreadable', dropped.name); });
    return [{ path: dropped.name, file: dropped }];
  }

  const files = await new Walk(dropped.name).filesIn(dropped as FileSystemDirectoryEntry, '', 1);
  if (files.length === 0) throw new NotTaken('folderEmpty', dropped.name);
  return files;
}

/** Goes through one folder, and stops at the limits. */
class Walk {
  private readonly name: string;
  private files = 0;
  private folders = 0;

  constructor(name: string) {
    this.name = name;
  }

  async filesIn(folder: FileSystemDirectoryEntry, above: string, depth: number): Promise<Picked[]> {
    if (++this.folders > FOLDERS_MAX || depth > DEPTH_MAX) throw this.tooLarge();
    const path = `${above}${folder.name}/`;
    const picked: Picked[] = [];
    for (const entry of await this.entriesOf(folder)) {
      if (entry.isDirectory) picked.push(...await this.filesIn(entry as FileSystemDirectoryEntry, path, depth + 1));
      else picked.push({ path: path + entry.name, file: await fileOf(entry as FileSystemFileEntry) });
    }
    return picked;
  }

  private async entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
    const reader = folder.createReader();
    const all: FileSystemEntry[] = [];
    for (;;) {
      // A browser gives some at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed))
        .catch(() => { throw new NotTaken('filesUnreadable', folder.name); });
      if (some.length === 0) return all;
      this.files += some.filter(({ isFile }) => isFile).length;
      if (this.files > FOLDER_FILES_MAX) throw this.tooLarge();
      all.push(...some);
    }
  }

  private tooLarge(): NotTaken {
    return new NotTaken('folderTooLarge', this.name);
  }
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  try {
    const file = await new Promise<File>((done, failed) => entry.file(done, failed));
    await file.slice(0, 1).arrayBuffer();
    return file;
  } catch {
    throw new NotTaken('filesUnreadable', entry.name);
  }
}
