// SPDX-License-Identifier: MIT
// s3rver answers a PUT before the object's bytes are on its disk: a GET right after may see an empty
// object.  S3 does not: what it answered, every reader sees.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';

// Write the file whole under a name of its own, then give it its name.
async function place(path, content) {
  const fresh = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(fresh, content);
  await rename(fresh, path);
}

/** Make ${store}, an s3rver's, answer a PUT only when the object is there, whole. */
export function answerWhenWritten(store) {
  store.putObject = async (object) => {
    const { bucket, key, metadata } = object;
    const content = Buffer.isBuffer(object.content) ? object.content : await buffer(object.content);
    const md5 = createHash('md5').update(content).digest('hex');
    const path = store.getResourcePath(bucket, key, 'object');
    for (let tries = 3; ; tries--) {
      try {
        await place(path, content);
        await store.putMetadata(bucket, key, metadata, md5);
        return { size: content.length, md5 };
      } catch (error) {
        // A concurrent erase of the last object removed the directory.
        if (error.code !== 'ENOENT' || tries === 0) throw error;
      }
    }
  };
}
