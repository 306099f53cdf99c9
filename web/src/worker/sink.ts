// SPDX-License-Identifier: MIT
// Where an opened file goes: the place the person picked; else a private file of this browser that
// becomes a download; else memory.

import type { Bytes } from '../bytes';
import { newParkedFile } from '../parking';

export class Sink {
  private readonly stream: FileSystemWritableFileStream | null;
  private readonly parked: FileSystemFileHandle | null;
  private readonly pieces: Blob[] = [];
  private batch: Bytes[] = [];
  private batched = 0;

  private constructor(stream: FileSystemWritableFileStream | null, parked: FileSystemFileHandle | null) {
    this.stream = stream;
    this.parked = parked;
  }

  static async to(handle: FileSystemFileHandle | null): Promise<Sink> {
    if (handle !== null) return new Sink(await handle.createWritable(), null);
    const parked = await newParkedFile();
    return new Sink(parked === null ? null : await parked.createWritable(), parked);
  }

  async write(bytes: Bytes): Promise<void> {
    this.batch.push(bytes);
    this.batched += bytes.length;
    if (this.batched >= 1 << 20) await this.flush();
  }

  /** Everything is written: the download, or null if it went to the picked place. */
  async close(): Promise<Blob | null> {
    await this.flush();
    await this.stream?.close();
    const type = 'application/octet-stream';
    if (this.parked !== null) {
      const file = await this.parked.getFile();
      return file.slice(0, file.size, type);
    }
    return this.stream === null ? new Blob(this.pieces, { type }) : null;
  }

  /** Leave nothing behind. */
  async abort(): Promise<void> {
    await this.stream?.abort().catch(() => undefined);
    this.pieces.length = 0;
  }

  private async flush(): Promise<void> {
    const blob = new Blob(this.batch);
    this.batch = [];
    this.batched = 0;
    if (this.stream === null) this.pieces.push(blob);
    else await this.stream.write(blob);
  }
}
