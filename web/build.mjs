// SPDX-License-Identifier: MIT
// Build the page into a folder of plain files: node web/build.mjs OUT
import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentSecurityPolicy, metaContentSecurityPolicy, pageHeaders } from './headers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const ANY_API = "'self' https: http://127.0.0.1:* http://localhost:*";

const common = {
  bundle: true, minify: true, target: ['es2022'], outdir: out, logLevel: 'warning', legalComments: 'none', charset: 'utf8',
};

async function scripts() {
  const { metafile } = await build({
    ...common, entryPoints: { page: join(here, 'src/main.ts') }, format: 'esm', splitting: true, chunkNames: '[name]', metafile: true,
  });
  await mergeShared(Object.keys(metafile.outputs).map((path) => join(out, basename(path))));
  await build({ ...common, entryPoints: { worker: join(here, 'src/worker/worker.ts') }, format: 'iife' });
}

// The views that come later (src/ui/open/opening.ts, src/ui/ask/views.ts) import the page itself, and nothing of
// each other. So everything that the first view needs is in one file that all share, chunk.js, and page.js is no
// more than its import. Under the name page.js it is the one file that the first view takes.
async function mergeShared(files) {
  const stub = await readFile(join(out, 'page.js'), 'utf8');
  if (stub.trim() !== 'import"./chunk.js";') throw new Error(`page.js is more than a stub: ${stub.slice(0, 200)}`);
  await rename(join(out, 'chunk.js'), join(out, 'page.js'));
  for (const file of files.filter((one) => basename(one) !== 'chunk.js')) {
    const code = await readFile(file, 'utf8');
    await writeFile(file, code.replaceAll('"./chunk.js"', '"./page.js"'));
  }
}

async function styles() {
  const css = await readFile(join(here, 'page.css'), 'utf8');
  const { code } = await transform(css, { loader: 'css', minify: true, target: 'es2022' });
  await writeFile(join(out, 'page.css'), code);
}

async function page() {
  const html = await readFile(join(here, 'index.html'), 'utf8');
  const icon = encodeURIComponent((await readFile(join(here, 'icon.svg'), 'utf8')).trim());
  const meta = `<meta http-equiv="Content-Security-Policy" content="${metaContentSecurityPolicy(ANY_API)}">`;
  await writeFile(join(out, 'index.html'), html.replace('ICON', icon).replace('<meta charset="utf-8">', `<meta charset="utf-8">\n${meta}`));
  await copyFile(join(here, 'config.json'), join(out, 'config.json'));
  const headers = { ...pageHeaders, 'Content-Security-Policy': contentSecurityPolicy(ANY_API) };
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`);
  await writeFile(join(out, '_headers'), `/*\n${lines.join('')}`);
}

async function sums() {
  // _headers is for the host, which does not serve it.
  const names = (await readdir(out)).filter((name) => name !== 'SHA256SUMS' && name !== '_headers').sort();
  const lines = await Promise.all(names.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(join(out, name))).digest('hex');
    return `${hash}  ${name}\n`;
  }));
  await writeFile(join(out, 'SHA256SUMS'), lines.join(''));
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await Promise.all([scripts(), styles(), page()]);
await sums();
