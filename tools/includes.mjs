// Check the direction of dependencies between modules, and that each library is reached from one
// place only.  Prints a line for each #include that breaks a rule; exits 1 if there is any.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const top = new URL('..', import.meta.url).pathname;
const src = join(top, 'src');

// What the files of a module may include besides their own.
const allowed = {
  base: [],
  crypto: ['base'],
  http: ['base'],
  aws: ['base', 'crypto', 'http'],
  vault: ['base', 'crypto'],
  store: ['base', 'crypto', 'http', 'aws', 'vault'],
  api: ['base', 'crypto', 'http', 'vault'],
  admin: ['base', 'crypto', 'http', 'vault', 'api'],
  settings: ['base', 'http', 'api'],
  server: ['base', 'crypto', 'http', 'aws', 'vault', 'store', 'api', 'admin', 'settings'],
  lambda: ['base', 'crypto', 'http', 'aws', 'vault', 'store', 'api', 'admin', 'settings'],
  cli: ['base', 'crypto', 'http'],
  ctl: ['base', 'crypto', 'http'],
};

// Which files may include the headers of a library.
const libraries = [
  [/^sqlite3\.h$/, /^store\/sqlite\//],
  [/^curl\//, /^(http\/(client|url)|server\/process\/curl)/],
  [/^openssl\//, /^(crypto\/|aws\/sigv4)/],
  [/^scrypt-kdf\.h$/, /^crypto\/kdf\/kdf\.c$/],
  [/^seccomp\.h$/, /^server\/process\/sandbox/],
  [/^qrencode\.h$/, /^cli\/terminal\/qr\.c$/],
  [/^uninorm\.h$/, /^cli\/local\/nfc\.c$/],
];

// The server cannot read sealed secrets: the code that serves them includes neither keys nor derivations.
const servesSealed = /^(vault\/(vault|sealed\w*|policy\w*|record|request\/\w+)\.[ch]|api\/v1\/\w+\.[ch])$/;
const unsealing = ['crypto/kdf/kdf.h', 'crypto/kdf/pool.h', 'crypto/envelope/envelope.h', 'crypto/aead.h', 'crypto/hkdf.h', 'crypto/age/file.h', 'crypto/request.h'];
const opensEnvelopes = /^(crypto|cli)\//;

function* complaints(name, text) {
  const module = name.split('/')[0];
  const includes = [...text.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)];
  for (const [, quote, header] of includes) {
    const target = header.split('/')[0];
    const ours = quote === '"';
    if (ours && target in allowed && target !== module && !allowed[module].includes(target))
      yield `${name}: ${module} must not include ${header}`;
    if (ours && servesSealed.test(name) && unsealing.includes(header))
      yield `${name}: what serves sealed secrets must not include ${header}`;
    if (header === 'crypto/envelope/envelope.h' && !opensEnvelopes.test(name))
      yield `${name}: only the client opens envelopes; ${header} is not for it`;
    for (const [library, users] of libraries)
      if (!ours && library.test(header) && !users.test(name))
        yield `${name}: ${header} is for ${users} alone`;
  }
  const own = name.replace(/\.c$/, '.h');
  if (name.endsWith('.c') && existsSync(join(src, own)) && includes[0]?.[2] !== own)
    yield `${name}: its own header ${own} comes first`;
}

/** The C files in a folder of src/ and in its subfolders, as paths from src/. */
function sourcesBelow(folder) {
  return readdirSync(join(src, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? sourcesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
}

const bad = [];
for (const module of readdirSync(src).sort()) {
  if (!(module in allowed)) bad.push(`src/${module}: not a module that tools/includes.mjs knows`);
  for (const name of sourcesBelow(module)) bad.push(...complaints(name, readFileSync(join(src, name), 'utf8')));
}
for (const line of bad) console.log(line);
process.exit(bad.length > 0 ? 1 : 0);
