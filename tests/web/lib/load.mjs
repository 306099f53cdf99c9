// SPDX-License-Identifier: MIT
// Bundle modules of the page for node and import them; of several, what they export together.
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { File } from 'node:buffer';
import { webcrypto } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');

// Node 18 has these, but not under their global names.
globalThis.crypto ??= webcrypto;
globalThis.File ??= File;

export async function load(...modules) {
  const folder = await mkdtemp(join(tmpdir(), 'page-test-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await build({
      stdin: { contents: modules.map((name) => `export * from './${name}';`).join('\n'), resolveDir: join(top, 'web/src') }, outfile, bundle: true, format: 'esm',
      platform: 'node', target: 'node18', logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile));
  } finally {
    await rm(folder, { recursive: true });
  }
}
