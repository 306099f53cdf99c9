// SPDX-License-Identifier: MIT
// Downloads.

import { safeName } from '../../base/name';

/** Browsers look the address up a little after the click. */
const KEPT_FOR = 60_000;

/** Hand `blob` to the browser's downloads, under a name that is safe to have on a disk. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = safeName(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_FOR);
}

/**
 * Ask where to put a file of that name. Returns null where the browser has no such question (it
 * becomes a download then); throws AbortError if the person closed it.
 */
export async function pickPlace(name: string): Promise<FileSystemFileHandle | null> {
  const { showSaveFilePicker } = window as unknown as {
    showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
  };
  return showSaveFilePicker === undefined ? null : showSaveFilePicker.call(window, { suggestedName: safeName(name) });
}
