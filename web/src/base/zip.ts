// SPDX-License-Identifier: MIT
// Writes several files as one zip without compression, which every system opens. The length of the
// zip is known before a file is read, and the files are streamed.

import { utf8, type Bytes } from './bytes';
import { ChangedError } from '../crypto/envelope';
import { fitName } from '../crypto/metadata';

/** A file of the zip. */
export interface ZipEntry {
  name: string;
  size: number;
  /** In milliseconds since 1970. */
  modified: number;
  /** The bytes of the file. It is called more than once. */
  stream(): AsyncIterable<Uint8Array>;
}

/** The lengths of the headers: in front of a file, in the directory, and behind the directory. */
export const LOCAL = 30;
export const CENTRAL = 46;
export const END = 22;

/** The limits of the fields of a zip without extensions: its length in bytes, and its number of files. */
export const ZIP_BYTES_MAX = 2 ** 32 - 2;
export const ZIP_FILES_MAX = 65534;

/** The length of the zip of `entries`. It may exceed ZIP_BYTES_MAX. */
export function zipLength(entries: readonly ZipEntry[]): number {
  return zipNames(entries).reduce(
    (sum, name, i) => sum + LOCAL + CENTRAL + 2 * utf8(name).length + entries[i]!.size, END);
}

/**
 * The zip of `entries`. Each file is read twice, because its checksum comes before its bytes.
 *
 * @throws RangeError if the zip would exceed its limits
 * @throws ChangedError if a file changes between the two reads
 */
export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array> {
  if (entries.length > ZIP_FILES_MAX || zipLength(entries) > ZIP_BYTES_MAX) throw new RangeError('too much for a zip');
  const names = zipNames(entries);
  const directory: Bytes[] = [];
  let offset = 0;
  for (const [i, entry] of entries.entries()) {
    const name = utf8(names[i]!);
    const crc = await checksum(entry.stream());
    const local = header(0x04034b50, LOCAL, name, entry, crc);
    yield local;
    const check = new Crc();
    for await (const block of entry.stream()) {
      check.add(block);
      yield block;
    }
    if (check.value() !== crc) throw new ChangedError('the file changed while it was read');
    directory.push(header(0x02014b50, CENTRAL, name, entry, crc, offset));
    offset += local.length + entry.size;
  }
  yield* directory;
  yield ending(entries.length, directory.reduce((sum, d) => sum + d.length, 0), offset);
}

/** The paths of `entries` in the zip: relative, below where it is unpacked, and all different. */
export function zipNames(entries: readonly { name: string }[]): string[] {
  // A file cannot have the name of a folder.
  const taken = new Set(entries.flatMap(({ name }) => foldersOf(plainPath(name))));
  return entries.map(({ name }) => {
    const plain = plainPath(name);
    const dot = plain.lastIndexOf('.');
    const [stem, extension] = dot > plain.lastIndexOf('/') + 1 ? [plain.slice(0, dot), plain.slice(dot)] : [plain, ''];
    let free = plain;
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${stem} (${n})${extension}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index).toLowerCase());
}

// Each component is cut as a name is, and none leads upwards.
function plainPath(path: string): string {
  const components = path.split('/').map((part) => part.replace(/[\\\0]/g, '_')).filter((part) => part !== '');
  return components.map((part) => (/^\.\.?$/.test(part) ? '_' : fitName(part))).join('/') || 'file';
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

class Crc {
  private crc = 0xffffffff;

  add(bytes: Uint8Array): void {
    let { crc } = this;
    for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
    this.crc = crc;
  }

  value(): number {
    return ~this.crc >>> 0;
  }
}

async function checksum(stream: AsyncIterable<Uint8Array>): Promise<number> {
  const crc = new Crc();
  for await (const block of stream) crc.add(block);
  return crc.value();
}

// The local header of a file, or with `offset` its header in the central directory.
function header(signature: number, length: number, name: Bytes, entry: ZipEntry, crc: number, offset?: number): Bytes {
  const out = new Uint8Array(length + name.length);
  const view = new DataView(out.buffer);
  const central = offset !== undefined;
  view.setUint32(0, signature, true);
  if (central) view.setUint16(4, 20, true);
  const at = central ? 6 : 4;
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true); // names are UTF-8
  const { date, time } = dosTime(entry.modified);
  view.setUint16(at + 6, time, true);
  view.setUint16(at + 8, date, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, entry.size, true);
  view.setUint32(at + 18, entry.size, true);
  view.setUint16(at + 22, name.length, true);
  if (central) view.setUint32(42, offset, true);
  out.set(name, length);
  return out;
}

function ending(count: number, directoryLength: number, directoryAt: number): Bytes {
  const out = new Uint8Array(END);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, directoryLength, true);
  view.setUint32(16, directoryAt, true);
  return out;
}

function dosTime(ms: number): { date: number; time: number } {
  const d = new Date(Math.max(ms, Date.UTC(1980, 0, 2)));
  return {
    date: ((d.getFullYear() - 1980) << 9) | ((d.getMonth() + 1) << 5) | d.getDate(),
    time: (d.getHours() << 11) | (d.getMinutes() << 5) | (d.getSeconds() >> 1),
  };
}
