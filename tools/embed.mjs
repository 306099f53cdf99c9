// SPDX-License-Identifier: MIT
// Make C of the built page: node tools/embed.mjs FOLDER OUT.c.  SHA256SUMS of what is served is written next to OUT.c.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pageHeaders } from '../web/headers.mjs';

const [folder, out] = process.argv.slice(2);
const TYPES = {
  html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml', '': 'text/plain; charset=utf-8',
};
const SKIP = new Set(['index.html', 'config.json', '_headers', 'SHA256SUMS']);
/** Every classic link has an id of this form and gets the same page. */
const ANY_ID = '0'.repeat(16);

// Served by secretsd, the page needs no <meta> policy (the header says more), and the API is next to it.
const html = readFileSync(join(folder, 'index.html'), 'utf8')
  .replace(/<meta http-equiv[^>]*>\n/, '')
  .replace('<html ', '<html data-api="./" ');

const pages = [
  { path: '/', type: TYPES.html, bytes: Buffer.from(html) },
  // One directory down, for the links of the classic page: /secret/ID.
  { path: '/secret/', type: TYPES.html, bytes: Buffer.from(html.replaceAll('"./', '"../').replace('data-api="../"', 'data-api="./"')) },
  ...readdirSync(folder).filter((name) => !SKIP.has(name)).sort().map((name) => ({
    path: `/${name}`, type: TYPES[name.split('.')[1] ?? ''], bytes: readFileSync(join(folder, name)),
  })),
];

// The paths that can be fetched; the directory itself is another path of index.html.
const named = { '/': 'index.html', '/secret/': `secret/${ANY_ID}` };
const sums = pages
  .map(({ path, bytes }) => [named[path] ?? path.slice(1), createHash('sha256').update(bytes).digest('hex')])
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, hash]) => `${hash}  ${name}\n`).join('');
const files = [...pages, { path: '/SHA256SUMS', type: TYPES[''], bytes: Buffer.from(sums) }];

/** How each byte is written in a string: three digits at most, and no digraph or trigraph. */
const CHARACTERS = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[ !#->@-[\]-~]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
});

const quote = (text) => JSON.stringify(text);
// A compiler reads a string in a tenth of the time that it takes for a list of numbers. It ends in one byte more.
const array = (name, bytes) => {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 96) {
    const line = bytes.subarray(at, at + 96);
    lines.push(`    "${[...line].map((byte) => CHARACTERS[byte]).join('')}"`);
  }
  return `static const uint8_t ${name}[] =\n${lines.join('\n')};\n`;
};

let c = '/* Made by tools/embed.mjs from the built page. */\n#include "api/web/page_files.h"\n\n';
const rows = files.map(({ path, type, bytes }, i) => {
  const gzip = gzipSync(bytes, { level: 9 });
  gzip[9] = 255; // the same bytes whatever system made them
  c += array(`plain_${i}`, bytes) + array(`gzip_${i}`, gzip);
  const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return `    {${quote(path)}, ${quote(type)}, ${quote(`"${etag}"`)}, ${quote(`"${etag}-gz"`)}, plain_${i}, sizeof(plain_${i}) - 1, gzip_${i}, sizeof(gzip_${i}) - 1},\n`;
});
c += `\nconst struct page_file page_files[] = {\n${rows.join('')}};\nconst size_t page_file_count = ${files.length};\n`;
const headers = Object.entries(pageHeaders).map(([name, value]) => `    {${quote(name)}, ${quote(value)}},\n`);
c += `\nconst struct page_header page_headers[] = {\n${headers.join('')}};\nconst size_t page_header_count = ${headers.length};\n`;
writeFileSync(join(dirname(out), 'SHA256SUMS'), sums);
writeFileSync(out, c);
