// Check which functions the C code calls: what takes the environment, the wall clock or the end of the process
// belongs in a main function, and some functions are not called at all.  base/banned.h poisons those that no header
// of the system declares as well.  Prints a line for each call that breaks a rule; exits 1 if there is any.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const top = new URL('..', import.meta.url).pathname;

const mainOnly = /\b(getenv|secure_getenv|time|exit|_exit|gettimeofday)\s*\(/;
const isMain = /^src\/(base\/(clock|log)|server\/(main|stop)|lambda\/main|cli\/main|ctl\/(main|run))\.c$/;
const banned = /\b(alloca|strtol|strtoul|strtoll|strtoull|sscanf|realloc|asprintf)\s*\(/;

function* cFiles(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* cFiles(path);
    else if (entry.name.endsWith('.c')) yield path;
  }
}

const withoutComments = (line) => line.replace(/\/\*.*?\*\/|"(\\.|[^"\\])*"/g, '').replace(/^\s*\*.*|\/\*.*/, '');

const bad = [];
for (const path of cFiles(join(top, 'src'))) {
  const name = relative(top, path);
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const code = withoutComments(line);
    const isDefinition = /^\w+\(/.test(code); // the heap of the server defines realloc
    if (banned.test(code) && !isDefinition) bad.push(`${name}:${i + 1}: ${banned.exec(code)[1]} is banned`);
    if (!isMain.test(name) && mainOnly.test(code))
      bad.push(`${name}:${i + 1}: ${mainOnly.exec(code)[1]} belongs in a main function`);
  }
}
for (const line of bad) console.log(line);
process.exit(bad.length > 0 ? 1 : 0);
