// Measure how the C code and the documents read, and hold them to limits.
//
//   node tools/style.mjs            print the figures
//   node tools/style.mjs --check    print what breaks a limit; exit 1 if anything does
//   node tools/style.mjs --list     print the figures, and where each of them comes from
//
// A function is counted from the line of its name to its closing brace.  With our clang-format the name
// of a definition starts its line and its closing brace stands alone.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

const top = new URL('..', import.meta.url).pathname;

const limits = {
  functionLines: 80,
  functionMedian: 25,
  fileLines: 500,
  columns: 100,
  folderFiles: 24,
  blankShare: 5,
  conditionals: 2,
  splitSentences: 30,
};

const long = 12; // from here on a function has paragraphs
const veryLong = 20; // above this a function has a blank line and a comment

// Folders where many files of one kind belong.
const crowded = /^tests\/(support|vectors)$/;

function* filesBelow(dir, extensions) {
  for (const entry of readdirSync(join(top, dir), { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, extensions);
    else if (extensions.includes(extname(path))) yield path;
  }
}

/** C text with string and character literals emptied; comments are replaced by spaces, line by line. */
function splitComments(text) {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  const blank = (s) => s.replace(/[^\n]/g, ' ');
  const code = text.replace(token, (s) => (s[0] === '/' ? blank(s) : s[0] + blank(s.slice(1, -1)) + s[0]));
  const comments = text.replace(token, (s) => (s[0] === '/' ? s.replace(/ /g, '_') : blank(s)));
  const codeLines = code.split('\n');
  const commentLines = comments.split('\n').map((line, i) => {
    const own = [...line].map((c, k) => (codeLines[i][k] === c ? ' ' : c)).join('');
    return own.trim() !== '';
  });
  return { codeLines, commentLines };
}

/** The functions of a file: name, line, size, blank and comment lines inside, whether static. */
function* functionsOf(file) {
  let current = null;
  for (const [i, line] of file.codeLines.entries()) {
    const found = /^([a-z_]\w*)\(/i.exec(line);
    if (found) {
      const hidden = /^(?:\w+ )*static\b|^static\b/.test(file.codeLines[i - 1] ?? '');
      current = { name: found[1], start: i, body: false, hidden };
    }
    if (current && !current.body && /\{\s*$/.test(line)) current.body = true;
    else if (current && !current.body && /;\s*$/.test(line)) current = null;
    if (current?.body && line.startsWith('}')) {
      const inside = [...Array(i - current.start).keys()].map((k) => current.start + k);
      const blank = inside.filter((k) => file.lines[k].trim() === '').length;
      const comments = inside.filter((k) => file.commentLines[k]).length;
      const size = i + 1 - current.start;
      yield { ...current, size, blank, comments, where: `${file.path}:${current.start + 1} ${current.name}` };
      current = null;
    }
  }
}

function readC(path) {
  const text = readFileSync(join(top, path), 'utf8').replace(/\n$/, '');
  const file = { path, lines: text.split('\n'), ...splitComments(text) };
  return { ...file, functions: [...functionsOf(file)] };
}

/** The sentences of a Markdown text, without code, tables, headings and links' addresses. */
function sentencesOf(markdown) {
  const prose = markdown
    .replace(/^```[\s\S]*?^```/gm, '\n\n')
    .replace(/^<!--[\s\S]*?-->/gm, '')
    .replace(/^(\||#| {4}|\[[^\]]*\]:).*$/gm, '\n')
    .replace(/`[^`]*`/g, 'x')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/https?:\/\/\S+/g, 'x')
    .replace(/^\s*([-*]|\d+\.)\s+/gm, '\n\n');
  return prose
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.replace(/\s+/g, ' ').split(/(?<=[.!?][)*_"]*)\s+(?=[*_("[]*[A-Z0-9x])/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => /\w+\s+\w+/.test(sentence));
}

/** A colon that introduces the list or the code block below it ends its sentence and splits nothing. */
const isSplit = (sentence) => /;|:(?!\s*$)/.test(sentence);

const quantile = (numbers, share) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const percent = (part, whole) => (whole === 0 ? 0 : (100 * part) / whole);

function groupBy(list, key) {
  const groups = new Map();
  for (const one of list) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}

function measure() {
  const files = [...filesBelow('src', ['.c', '.h'])].sort().map(readC);
  const functions = files.flatMap((file) => file.functions);
  const lines = sum(files.map((file) => file.lines.length));
  const functionLines = sum(functions.map((f) => f.size));
  const others = ['tests', 'fuzz', 'bench'].flatMap((dir) => [...filesBelow(dir, ['.c', '.h'])].map(readC));
  const withParagraphs = functions.filter((f) => f.size >= long);
  const conditionals = files.flatMap((file) =>
    file.codeLines.flatMap((line, i) => (line.match(/\?/g) ?? []).map(() => `${file.path}:${i + 1} ${line.trim()}`)),
  );
  const named = groupBy(functions, (f) => f.name);
  const shared = [...named].filter(([, all]) => all.length > 1 && all.some((f) => f.hidden));
  const documents = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', ['.md'])];
  const sentences = documents.flatMap((path) =>
    sentencesOf(readFileSync(join(top, path), 'utf8')).map((sentence) => ({ path, sentence })),
  );

  const folders = groupBy([...files, ...others].map((file) => file.path), dirname);
  return {
    files, functions, others, lines, functionLines, withParagraphs, conditionals, shared, sentences,
    folders: [...folders].map(([path, inside]) => ({ path, files: inside.length })),
    blank: sum(withParagraphs.map((f) => f.blank)),
    comments: sum(withParagraphs.map((f) => f.comments)),
    inside: sum(withParagraphs.map((f) => f.size)),
    bare: withParagraphs.filter((f) => f.blank === 0 && f.comments === 0),
    dense: functions.filter((f) => f.size > veryLong && (f.blank === 0 || f.comments === 0)),
    split: sentences.filter(({ sentence }) => isSplit(sentence)),
  };
}

function print(m) {
  const row = (name, ...cells) => console.log(`${name.padEnd(52)}${cells.join(' / ')}`);
  const sizes = m.functions.map((f) => f.size);
  const cFiles = m.files.filter((file) => extname(file.path) === '.c').map((file) => file.lines.length);
  const src = m.folders.filter(({ path }) => path.startsWith('src')).map((folder) => folder.files);
  const share = (part, whole) => `${percent(part, whole).toFixed(1)} %`;

  row('C files, lines, functions', m.files.length, m.lines, m.functions.length);
  row('function: median / p90 / max', quantile(sizes, 0.5), quantile(sizes, 0.9), quantile(sizes, 1));
  row('.c file: median / max lines', quantile(cFiles, 0.5), quantile(cFiles, 1));
  row('files per folder: median / max', quantile(src, 0.5), quantile(src, 1));
  row('comment lines', share(sum(m.files.map((f) => f.commentLines.filter(Boolean).length)), m.lines));
  row(`functions >= ${long} lines`, m.withParagraphs.length);
  row('  blank lines inside', share(m.blank, m.inside));
  row('  comment lines inside', share(m.comments, m.inside));
  row('  with neither', `${m.bare.length} (${share(m.bare.length, m.withParagraphs.length)})`);
  row(`functions > ${veryLong} lines without both of them`, m.dense.length);
  row('?: per 100 lines of functions', percent(m.conditionals.length, m.functionLines).toFixed(2), `${m.conditionals.length} in all`);
  row('functions that share their name with another one', sum(m.shared.map(([, all]) => all.length)));
  row('doc sentences with : or ;', share(m.split.length, m.sentences.length), `${m.sentences.length} sentences`);
}

function list(m) {
  const section = (title, lines) => console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  const by = (key, lines) => [...groupBy(lines, key)].sort((a, b) => b[1].length - a[1].length);
  const folderOf = (where) => dirname(where.split(':')[0]);
  const longest = [...m.functions].sort((a, b) => b.size - a.size).slice(0, 10);

  section('longest functions', longest.map((f) => `${f.size} ${f.where}`));
  section('blank lines by folder', by((f) => folderOf(f.where), m.withParagraphs).map(([path, all]) =>
    `${percent(sum(all.map((f) => f.blank)), sum(all.map((f) => f.size))).toFixed(1)} % ${path}`));
  section(`above ${veryLong} lines without blank line or comment`, m.dense.map((f) => `${f.size} ${f.where}`));
  section('?: by folder', by(folderOf, m.conditionals).map(([path, all]) => `${all.length} ${path}`));
  section('?:', m.conditionals);
  section('shared names', m.shared.map(([name, all]) => `${name}: ${all.map((f) => f.where.split(' ')[0]).join(' ')}`));
  section('split sentences by document', by((s) => s.path, m.sentences).map(([path, all]) =>
    `${percent(all.filter(({ sentence }) => isSplit(sentence)).length, all.length).toFixed(0)} % of ${all.length} ${path}`));
  section('split sentences', m.split.map(({ path, sentence }) => `${path}: ${sentence}`));
}

/**
 * Lines that are too wide, but for long strings and tables laid out by hand, and comments of one line whose end stands on
 * the next one.
 */
function* layoutComplaints(file) {
  let byHand = false;
  for (const [i, line] of file.lines.entries()) {
    const where = `${file.path}:${i + 1}`;
    if (/clang-format (on|off)/.test(line)) byHand = line.includes('off');
    if ([...line].length > limits.columns && !byHand && !/^\s*"/.test(line)) yield `${where}: more than ${limits.columns} columns`;
    if (/^\s*\*\/$/.test(line) && /\/\*[^*]/.test(file.lines[i - 1])) yield `${where}: the comment ends on its own line`;
  }
}

/** One line for each limit that is broken. */
function* complaints(m) {
  const share = percent(m.blank, m.inside);
  const conditionals = percent(m.conditionals.length, m.functionLines);
  const split = percent(m.split.length, m.sentences.length);
  const median = quantile(m.functions.map((f) => f.size), 0.5);

  for (const file of [...m.files, ...m.others]) yield* layoutComplaints(file);
  for (const { path, files } of m.folders)
    if (files > limits.folderFiles && !crowded.test(path))
      yield `${path}: ${files} C files, at most ${limits.folderFiles}`;
  for (const file of m.files)
    if (file.lines.length > limits.fileLines)
      yield `${file.path}: ${file.lines.length} lines, at most ${limits.fileLines}`;
  for (const f of [...m.functions, ...m.others.flatMap((file) => file.functions)])
    if (f.size > limits.functionLines) yield `${f.where}: ${f.size} lines, at most ${limits.functionLines}`;
  for (const f of m.dense)
    yield `${f.where}: ${f.size} lines without ${f.blank === 0 ? 'a blank line' : 'a comment'}`;
  for (const [name, all] of m.shared)
    yield `${all[0].where}: ${all[1].where.split(' ')[0]} has a function called ${name}, too`;

  if (median > limits.functionMedian) yield `functions: ${median} lines in the median, at most ${limits.functionMedian}`;
  if (share < limits.blankShare) yield `blank lines inside functions: ${share.toFixed(1)} %, at least ${limits.blankShare}`;
  if (conditionals > limits.conditionals)
    yield `?: per 100 lines of functions: ${conditionals.toFixed(2)}, at most ${limits.conditionals}`;
  if (split > limits.splitSentences)
    yield `documents: ${split.toFixed(0)} % of the sentences have : or ;, at most ${limits.splitSentences}`;
}

const figures = measure();
if (!process.argv.includes('--check')) print(figures);
if (process.argv.includes('--list')) list(figures);
const broken = process.argv.includes('--check') ? [...complaints(figures)] : [];
for (const line of broken) console.log(line);
process.exit(broken.length > 0 ? 1 : 0);
