// Check that the documents name only what exists, and that their prose has one line length.
// Prints a line for each fault; exits 1 if there is any.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const top = new URL('..', import.meta.url).pathname;
const lineMax = 100;
const read = (name) => readFileSync(join(top, name), 'utf8');

/** Every file below a folder, as paths from the top. */
function filesBelow(folder) {
  return readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(top.length));
}

const pages = readdirSync(join(top, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
pages.push(...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].filter((name) => existsSync(join(top, name))));
const code = filesBelow('src').map(read).join('\n');
const modules = readdirSync(join(top, 'src'));
const targets = new Set(
  ['Makefile', ...filesBelow('mk')].flatMap((name) => [...read(name).matchAll(/^([a-z][\w-]*)(?: [a-z-]+)*:/gm)].map((m) => m[1])),
);

/** The anchor that a heading gets. */
const anchorOf = (heading) => heading.toLowerCase().replaceAll(/[`*"()/,.:'’?!]/g, '').trim().replaceAll(' ', '-');
const headingsOf = (text) => [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map((m) => m[1]);
/** The text with its blocks of code blank, line by line. */
const withoutCode = (text) => text.replaceAll(/^( *)```.*\n[^]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]+/g, ''));

/** Whether a path of a page is one: from the top, or below src, of a file, a folder or a module. */
function pathExists(path) {
  const bases = [path, join('src', path)].map((base) => join(top, base));
  return bases.some((base) => existsSync(base) || existsSync(`${base}.h`) || existsSync(`${base}.c`));
}

const roots = [...modules, 'src', 'web', 'tests', 'fuzz', 'bench', 'deploy', 'docs', 'man', 'mk', 'tools'].join('|');
const pathLike = new RegExp(`^(?:${roots})/[\\w./-]*[\\w/]$`);

function* complaints(page, text) {
  const plain = withoutCode(text);
  for (const [, target] of plain.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, anchor] = target.split('#');
    const name = file === '' ? page : join(dirname(page), file);
    if (file !== '' && !existsSync(join(top, name))) yield `there is no ${name}`;
    else if (anchor && !headingsOf(file === '' ? text : read(name)).some((heading) => anchorOf(heading) === anchor))
      yield `${name} has no section #${anchor}`;
  }
  for (const [, span] of text.matchAll(/`([^`\n]+)`/g)) {
    if (pathLike.test(span) && !pathExists(span)) yield `there is no ${span}`;
    const [, target] = /^make (?:[A-Z_]+=\S+ )*([a-z][\w-]*)/.exec(span) ?? [];
    if (target && !targets.has(target)) yield `there is no target ${target}`;
  }
  for (const [, event] of text.matchAll(/\bevent=([a-z0-9_.]*[a-z0-9_])/g))
    if (!code.includes(`"${event}"`)) yield `nothing logs the event ${event}`;
  for (const [name] of text.matchAll(/\bSECRETS_[A-Z0-9_]+\b|\bsecrets_[a-z_]+\b/g))
    if (!new RegExp(`\\b${name}`).test(code)) yield `nothing in src knows ${name}`;
  for (const [i, line] of plain.split('\n').entries())
    if ([...line].length > lineMax && !/^(\||!\[| {4})/.test(line)) yield `line ${i + 1} has ${[...line].length} columns, at most ${lineMax}`;
}

/** Sections of pages that comments of the code and of the deployed files cite. */
function* citations() {
  for (const name of ['src', 'deploy', 'web/src', 'tests', 'bench'].flatMap(filesBelow)) {
    if (!/\.(c|h|ts|mjs|yaml|conf|service|socket)$/.test(name)) continue;
    const text = read(name).replaceAll(/\n\s*(?:\*|#|\/\/)?\s*/g, ' ');
    for (const [, page, section] of text.matchAll(/\b(docs\/[A-Z-]+\.md),? \(?"([^"]+)"/g)) yield { name, page, section };
  }
}

function* deadCitations(all) {
  for (const { name, page, section } of all) {
    if (!existsSync(join(top, page))) yield `${name}: there is no ${page}`;
    else if (!headingsOf(read(page)).includes(section) && !read(page).includes(`**${section}**`)) yield `${name}: ${page} has no section "${section}"`;
  }
}

/** Files of C that a comment names with their directory, from the top or below src. */
function* deadPaths(name, text) {
  for (const [comment] of text.matchAll(/\/\*[^]*?\*\//g))
    for (const [path] of comment.matchAll(/(?<![\w./-])[a-z][\w-]*(?:\/[\w-]+)+\.[ch]\b/g))
      if (!pathExists(path)) yield `${name}: there is no ${path}`;
}

/** The system calls that the sandbox names, and those in the second column of the table about it, each exactly once. */
const callsOf = (source) => [...new Set([...source.matchAll(/SCMP_SYS\((\w+)\)/g)].map((m) => m[1]))].filter((name) => name !== 'clone3');
const callsIn = (page) => {
  const section = page.split(/^## /m).find((part) => part.startsWith('What is left inside the sandbox')) ?? '';
  return section.split('\n').filter((line) => line.startsWith('| ')).flatMap((row) => [...row.split('|')[2].matchAll(/`(\w+)`/g)].map((m) => m[1]));
};

function* wrongCalls(source, page) {
  const known = callsOf(source);
  const listed = callsIn(page);
  for (const name of known) if (!listed.includes(name)) yield `docs/THREAT-MODEL.md: the table of system calls lacks ${name}`;
  for (const [i, name] of listed.entries()) {
    if (!known.includes(name)) yield `docs/THREAT-MODEL.md: the sandbox does not name ${name}`;
    if (listed.indexOf(name) !== i) yield `docs/THREAT-MODEL.md: the table of system calls has ${name} twice`;
  }
}

/** A page with one fault of each kind: a check that finds fewer checks nothing. */
const control = `[a](nowhere.md) [b](#nothing) \`src/nowhere.c\` \`make nothing\` event=no.thing SECRETS_NOTHING ${'x'.repeat(lineMax)}`;
const found = [...complaints('README.md', control)].length + [...deadCitations([{ name: '-', page: 'docs/DESIGN.md', section: 'Nothing' }])].length
  + [...deadPaths('-', '/* nowhere/nothing.c, store/fs.h */')].length
  + [...wrongCalls('SCMP_SYS(read), SCMP_SYS(write)', '## What is left inside the sandbox\n| a | `read` `read` `kill` | `none` |\n')].length;

const bad = pages.flatMap((page) => [...complaints(page, read(page))].map((line) => `${page}: ${line}`));
bad.push(...deadCitations(citations()));
for (const name of ['src', 'tests', 'bench', 'fuzz'].flatMap(filesBelow).filter((file) => /\.[ch]$/.test(file)))
  bad.push(...deadPaths(name, read(name)));
bad.push(...wrongCalls(read('src/server/process/sandbox.c'), read('docs/THREAT-MODEL.md')));
if (found !== 12) bad.push(`the control has 12 faults, and ${found} were found`);
for (const line of bad) console.log(line);
process.exit(bad.length > 0 ? 1 : 0);
