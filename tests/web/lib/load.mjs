// SPDX-License-Identifier: MIT
// Bundle a module of the page for node and import it.
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { webcrypto } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');

// Node 18 has WebCrypto, but not under its global name.
globalThis.crypto ??= webcrypto;

export async function load(module) {
  const folder = await mkdtemp(join(tmpdir(), 'page-test-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await build({
      entryPoints: [join(top, 'web/src', module)], outfile, bundle: true, format: 'esm',
      platform: 'node', target: 'node18', logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile));
  } finally {
    await rm(folder, { recursive: true });
  }
}
