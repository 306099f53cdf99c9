// SPDX-License-Identifier: MIT
// Build the page into a folder of plain files: node web/build.mjs OUT
import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentSecurityPolicy, metaContentSecurityPolicy, pageHeaders } from './headers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const ANY_API = "'self' https: http://127.0.0.1:* http://localhost:*";

const common = {
  bundle: true, minify: true, target: ['es2022'], outdir: out, logLevel: 'warning', legalComments: 'none', charset: 'utf8',
};

async function scripts() {
  await build({
    ...common, entryPoints: { page: join(here, 'src/main.ts') }, format: 'esm', splitting: true, chunkNames: '[name]',
  });
  await build({ ...common, entryPoints: { worker: join(here, 'src/worker/worker.ts') }, format: 'iife' });
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
