// Measure the C code.
//
//   node tools/functions.mjs            complain about functions over 80 lines, files over 500, and
//                                       calls that belong into a main function alone
//   node tools/functions.mjs --report   median, 90th percentile, maximum and the longest functions
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const top = new URL('..', import.meta.url).pathname;
const functionMax = 80;
const fileMax = 500;

// Environment, wall clock and process exit are passed in from a main function, never taken below it;
// server/stop.c exits where an orderly stop hangs.
const mainOnly = /\b(getenv|secure_getenv|time|exit|_exit|gettimeofday)\s*\(/;
const isMain = /(^src\/(base\/(clock|log)|server\/(main|stop)|lambda\/main|cli\/main)\.c$)/;
const bannedAnywhere = /\b(alloca|strtol|strtoul|strtoll|strtoull|sscanf|realloc|asprintf)\s*\(/;

function* cFiles(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* cFiles(path);
    else if (entry.name.endsWith('.c')) yield path;
  }
}

// With our style the name of a definition starts its line and its closing brace stands alone.
function* functionsOf(lines) {
  let current = null;
  for (const [i, line] of lines.entries()) {
    const found = /^([a-z_]\w*)\(/.exec(line);
    if (found) current = { name: found[1], line: i + 1, body: false };
    if (current && !current.body && /\{\s*$/.test(line)) current.body = true;
    else if (current && !current.body && /;\s*$/.test(line)) current = null;
    if (current?.body && line.startsWith('}')) {
      yield { ...current, size: i + 2 - current.line };
      current = null;
    }
  }
}

const withoutComments = (line) => line.replace(/\/\*.*?\*\/|"(\\.|[^"\\])*"/g, '').replace(/^\s*\*.*|\/\*.*/, '');
const bad = [];
const sizes = [];
for (const dir of ['src', 'tests', 'fuzz', 'bench']) {
  for (const path of existsSync(join(top, dir)) ? cFiles(join(top, dir)) : []) {
    const name = relative(top, path);
    const lines = readFileSync(path, 'utf8').split('\n');
    const ours = dir === 'src';
    if (ours && lines.length > fileMax) bad.push(`${name}: ${lines.length} lines, at most ${fileMax}`);
    for (const f of functionsOf(lines)) {
      if (ours) sizes.push({ ...f, where: `${name}:${f.line} ${f.name}` });
      if (f.size > functionMax) bad.push(`${name}:${f.line}: ${f.name} has ${f.size} lines, at most ${functionMax}`);
    }
    if (!ours) continue;
    for (const [i, line] of lines.entries()) {
      const code = withoutComments(line);
      // A definition begins its line: the heap of the server stands in for realloc itself.
      if (bannedAnywhere.test(code) && !/^\w+\(/.test(code)) bad.push(`${name}:${i + 1}: ${bannedAnywhere.exec(code)[1]} is banned`);
      if (!isMain.test(name) && mainOnly.test(code))
        bad.push(`${name}:${i + 1}: ${mainOnly.exec(code)[1]} belongs into a main function`);
    }
  }
}
if (process.argv.includes('--report') && sizes.length > 0) {
  sizes.sort((a, b) => a.size - b.size);
  const at = (share) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))].size;
  console.log(`${sizes.length} functions: median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)}`);
  for (const f of sizes.slice(-10).reverse()) console.log(`${String(f.size).padStart(4)} ${f.where}`);
}
for (const line of bad) console.log(line);
process.exit(bad.length > 0 ? 1 : 0);
