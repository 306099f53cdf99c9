// Write what a program consists of as CycloneDX 1.5, the same bytes for the same input:
//
//   node tools/sbom.mjs PROGRAM OUT [LIBRARY ...]
//
// Listed are the Debian packages of the libraries that PROGRAM loads and of each LIBRARY: a static library (libcurl.a),
// or a shared one that PROGRAM loads at run time (libcurl.so.4).  Listed as well are the npm packages in the page, which the programs embed, and the tool that bundles it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const top = new URL('..', import.meta.url).pathname;
const [program, out, ...named] = process.argv.slice(2);
const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const sha = (algorithm, data) => createHash(algorithm).update(data).digest('hex');

/** The paths of the shared libraries that ${file} loads; none if it is static. */
function sharedLibraries(file) {
  let text = '';
  try {
    text = run('ldd', file);
  } catch {
    return [];
  }
  return [...text.matchAll(/(?:=>\s+|^\s+)(\/\S+) \(/gm)].map((match) => realpathSync(match[1]));
}

/** Where dpkg may know ${path}: / and /usr are one folder, and a package has its files in either. */
const namesOf = (path) => [path, path.replace(/^\/usr\//, '/'), path.startsWith('/usr') ? path : `/usr${path}`];

/** What `dpkg -S` prints for ${paths}. It fails if it does not know one of them. */
function ownersOf(paths) {
  try {
    return run('dpkg', '-S', ...paths);
  } catch ({ stdout }) {
    return stdout ?? '';
  }
}

/** The Debian packages that own ${paths}, as components. All are asked for at once: dpkg reads every list of files. */
function debianPackages(paths) {
  if (paths.length === 0) return [];
  const lines = ownersOf([...new Set(paths.flatMap(namesOf))]).trim().split('\n').map((line) => line.split(': '));
  const owners = new Map(lines.map(([packages, path]) => [path, packages.split(',')[0]]));
  const names = new Set(paths.map((path) => owners.get(namesOf(path).find((name) => owners.has(name)))).filter(Boolean));
  if (names.size === 0) return [];
  return run('dpkg-query', '-W', '-f=${Package}\t${Version}\t${Architecture}\n', ...names).trim().split('\n').map((line) => {
    const [name, version, architecture] = line.split('\t');
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
    return { type: 'library', 'bom-ref': purl, name, version, purl, scope: 'required' };
  });
}

/** The npm packages that the page needs; those of esbuild make it and are not part of it. */
function npmPackages() {
  const lock = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.optional)
    .map(([path, entry]) => {
      const name = path.replace(/^.*node_modules\//, '');
      const purl = `pkg:npm/${name.replace('@', '%40')}@${entry.version}`;
      const [algorithm, digest] = entry.integrity.split('-');
      return {
        type: 'library', 'bom-ref': purl, name, version: entry.version, purl,
        scope: name === 'esbuild' ? 'excluded' : 'required',
        hashes: [{ alg: algorithm.replace(/^sha/, 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
        licenses: [{ license: { id: entry.license } }],
      };
    });
}

const compiler = process.env.CC || 'gcc';
const further = named.map((name) => realpathSync(run(compiler, `-print-file-name=${name}`).trim()));
const libraries = [program, ...further].flatMap(sharedLibraries).concat(further);
const found = new Map();
for (const component of [...debianPackages(libraries), ...npmPackages()]) found.set(component.purl, component);
const components = [...found.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));

const version = readFileSync(join(top, 'VERSION'), 'utf8').trim();
const name = basename(program);
const self = {
  type: 'application', 'bom-ref': name, name, version, licenses: [{ license: { id: 'MIT' } }],
  hashes: [{ alg: 'SHA-256', content: sha('sha256', readFileSync(program)) }],
};
const identity = sha('sha256', JSON.stringify([self, components]));
const serial = [identity.slice(0, 8), identity.slice(8, 12), `8${identity.slice(13, 16)}`, `8${identity.slice(17, 20)}`, identity.slice(20, 32)].join('-');
writeFileSync(out, `${JSON.stringify({
  bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: `urn:uuid:${serial}`, version: 1,
  metadata: { component: self }, components,
  dependencies: [{ ref: name, dependsOn: components.map((one) => one['bom-ref']) }],
}, null, 1)}\n`);
