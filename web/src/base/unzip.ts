// SPDX-License-Identifier: MIT
// Lists the files of a zip that zip.ts wrote: without compression or extensions, one file after the
// other. Any other zip is left to the programs that unpack zips.

import { CENTRAL, END, LOCAL } from './zip';

/** A file of the zip. */
export interface Listed {
  name: string;
  /** Where its bytes begin in the zip. */
  at: number;
  size: number;
}

const DIRECTORY_MAX = 4 << 20;

/** The files of `zip` in their order, or null if its directory is not that of such a zip. */
export async function listZip(zip: Blob): Promise<Listed[] | null> {
  try {
    const ending = readEnding(await viewOf(zip, zip.size - END, END));
    if (ending.at + ending.length + END !== zip.size || ending.length > DIRECTORY_MAX) return null;
    return readDirectory(await viewOf(zip, ending.at, ending.length), ending);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

interface Ending { count: number; at: number; length: number }

async function viewOf(zip: Blob, at: number, length: number): Promise<DataView> {
  if (at < 0) throw new RangeError('too short');
  return new DataView(await zip.slice(at, at + length).arrayBuffer());
}

function readEnding(view: DataView): Ending {
  const count = view.getUint16(8, true);
  demand(view.getUint32(0, true) === 0x06054b50 && view.getUint32(4, true) === 0
    && view.getUint16(10, true) === count && view.getUint16(20, true) === 0);
  return { count, length: view.getUint32(12, true), at: view.getUint32(16, true) };
}

// The headers have to follow one another, and so do the files.
function readDirectory(view: DataView, { count, at: end }: Ending): Listed[] {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const files: Listed[] = [];
  let header = 0;
  let local = 0;
  for (let i = 0; i < count; i++) {
    const size = view.getUint32(header + 24, true);
    const length = view.getUint16(header + 28, true);
    const isPlain = view.getUint32(header, true) === 0x02014b50 && view.getUint16(header + 8, true) === 0x0800
      && view.getUint16(header + 10, true) === 0 && view.getUint32(header + 20, true) === size;
    // Neither extensions nor a comment.
    demand(isPlain && view.getUint32(header + 30, true) === 0 && view.getUint32(header + 42, true) === local);
    const name = utf8.decode(new Uint8Array(view.buffer, header + CENTRAL, length));
    files.push({ name, at: local + LOCAL + length, size });
    header += CENTRAL + length;
    local += LOCAL + length + size;
  }
  demand(header === view.byteLength && local === end);
  return files;
}

function demand(holds: boolean): void {
  if (!holds) throw new RangeError('another kind of zip');
}
