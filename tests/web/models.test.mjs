// SPDX-License-Identifier: MIT
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { crc32 } from './lib/crc.mjs';
import { load, top } from './lib/load.mjs';

const NOW = 1_800_000_000;
const { wordsFor, learnLater } = await load('text/languages.ts', 'text/later/languages.ts');

/** What a reader of English sees for the message `key`: tests name sentences, not keys. */
const english = await wordsFor(['en']);
await learnLater(english);
const said = (key, params) => english.say(key, { n: 0, when: '', ...params });
const config = { partSize: 1, inlineMax: 1, textMax: 100, fileMax: 1000, viewsMax: 100, ttlDefault: 432000, ttlMax: 2592000, ttlChoices: [300], passphraseRequired: false };

test('every language has every slot and every plural form', async () => {
  const m = await load('text/languages.ts', 'text/later/languages.ts', 'text/ask/languages.ts');
  const slots = (message) => new Set(Object.values(typeof message === 'string' ? [message] : message).flatMap((m) => m.match(/\{\w+\}/g) ?? []));
  const keys = new Set();
  for (const catalogues of [m.catalogues, m.laterCatalogues, m.askCatalogues]) {
    const en = await catalogues.en();
    for (const key of Object.keys(en)) {
      assert.ok(!keys.has(key), `${key} is in two catalogues`);
      keys.add(key);
    }
    assert.equal(Object.keys(catalogues).length, 6);
    for (const [language, load] of Object.entries(catalogues)) {
      const catalogue = await load();
      assert.deepEqual(Object.keys(catalogue), Object.keys(en), language);
      const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const [key, message] of Object.entries(catalogue)) {
        const wanted = slots(en[key]);
        for (const slot of slots(message)) assert.ok(wanted.has(slot), `${language} ${key} ${slot}`);
        for (const slot of wanted) if (slot !== '{n}') assert.ok(slots(message).has(slot), `${language} ${key} lacks ${slot}`);
        assert.equal(typeof message, typeof en[key], `${language} ${key}`);
        // A language with "few" must say it, or 2 of something would be wrong.
        if (typeof message === 'object' && rules.includes('few') && message.other.includes('{n}') && key !== 'earlierMore') {
          assert.ok(message.few, `${language} ${key} lacks few`);
        }
      }
    }
  }
});

test('what comes with the page says nothing that comes later', async () => {
  const m = await load('text/later/languages.ts', 'text/ask/languages.ts');
  const later = { ...await m.laterCatalogues.en(), ...await m.askCatalogues.en() };
  const { metafile } = await build({
    entryPoints: [join(top, 'web/src/main.ts')], bundle: true, splitting: true, format: 'esm', write: false, metafile: true, outdir: 'out',
  });
  // The largest file with the entry's own module.
  const { inputs } = Object.values(metafile.outputs).find((one) => Object.keys(one.inputs).some((name) => name.endsWith('src/main.ts')));
  const modules = Object.keys(inputs).filter((name) => name.endsWith('.ts'));
  assert.ok(modules.length > 50);
  for (const name of modules) {
    const said = [...(await readFile(name, 'utf8')).matchAll(/\b(?:say|segments)\('(\w+)'/g)].map(([, key]) => key);
    // The button of an opening says so, and only a view that opens starts one.
    for (const key of said) assert.ok(!(key in later) || key === 'opening', `${name} says ${key}`);
  }
});

test('the views of requests speak the language of the page, and English where its file does not come', async () => {
  const { learnAsk } = await load('text/ask/languages.ts');
  const { Words, catalogues } = await load('text/words.ts', 'text/languages.ts');
  const swiss = new Words('de-CH', await catalogues.de());
  await learnAsk(swiss);
  assert.equal(swiss.say('askTitle'), 'Um ein Geheimnis bitten');
  assert.equal(swiss.say('shareTitle'), 'Ein Geheimnis teilen');
  const ru = new Words('ru', await catalogues.ru());
  await learnAsk(ru);
  assert.deepEqual([1, 2, 5].map((n) => ru.say('answersCount', { n })), ['Один ответ', '2 ответа', '5 ответов']);
});

test('words: plurals, durations, sizes, dates', async () => {
  const { chooseLanguage } = await load('text/languages.ts');
  const en = await wordsFor(['en-GB']);
  assert.equal(en.say('views', { n: 1 }), 'once');
  assert.equal(en.say('views', { n: 3 }), '3 times');
  assert.equal(en.duration(432000), '5 days');
  assert.equal(en.duration(3600), '1 hour');
  assert.equal(en.duration(5400), '90 minutes');
  assert.equal(en.duration(61), '61 seconds');
  assert.equal(en.size(0), '0 bytes');
  assert.equal(en.size(1500), '1.5 kB');
  assert.match(en.when(NOW, NOW + 1), /^today at \d+:\d\d/);
  assert.match(en.when(NOW - 5 * 86400, NOW), /^on \w+/);
  const early = new Date(2026, 10, 29, 4, 5).getTime() / 1000;
  assert.match(en.date(early), /Sunday,? 29 November at 04:05/);
  assert.match((await wordsFor(['en-US'])).date(early), /at 4:05\sAM/);
  const es = await wordsFor(['es']);
  const at = (hour) => new Date(2026, 10, 29, hour, 5).getTime() / 1000;
  assert.deepEqual([0, 1, 2, 13].map((hour) => es.when(at(hour), at(23))), ['hoy a las 00:05', 'hoy a la 01:05', 'hoy a las 02:05', 'hoy a las 13:05']);
  const ru = await wordsFor(['ru']);
  assert.deepEqual([1, 2, 5, 21].map((n) => ru.say('views', { n })), ['один раз', '2 раза', '5 раз', '21 раз']);
  assert.equal(chooseLanguage(['pt', 'fr-CA', 'de']), 'fr');
  assert.equal(chooseLanguage(['zh-Hans-SG']), 'zh-CN');
  assert.equal(chooseLanguage(['xx']), 'en');
  assert.deepEqual(en.segments('sentence').filter((s) => s.slot).map((s) => s.slot), ['views', 'ttl', 'passphrase']);
});

test('the form says what is missing or too much', async () => {
  const m = await load('model/choice.ts');
  const choice = { ...m.emptyChoice(config), text: 'x' };
  assert.equal(m.problemOf(choice, config), null);
  const problem = (changed) => {
    const { key, size, count } = m.problemOf({ ...choice, ...changed }, config);
    return said(key, { max: size ?? count ?? '' });
  };
  assert.match(problem({ text: '' }), /Type something or add a file/);
  assert.match(problem({ text: 'é'.repeat(51) }), /text is longer than 100\./);
  const file = { path: 'f', file: { name: 'f', size: 1001 } };
  assert.match(problem({ files: [file] }), /file is larger than 1,000\./);
  assert.match(problem({ files: [file, file] }), /Together these files exceed 1,000\./);
  assert.equal(m.problemOf({ ...choice, files: [{ path: 'f', file: { name: 'f', size: 0 } }] }, config), null);
  const own = (passphrase) => m.problemOf({ ...choice, mode: 'own', passphrase }, config);
  assert.match(problem({ mode: 'own', passphrase: '' }), /Choose a passphrase/);
  // 1024 bytes of normal form C, as the command line client and the server's library count them.
  for (const fits of ['x'.repeat(1024), 'é'.repeat(512), 'é'.normalize('NFD').repeat(512), '😀'.repeat(256)]) assert.equal(own(fits), null);
  for (const long of ['x'.repeat(1025), `${'é'.repeat(512)}x`, '😀'.repeat(257)]) assert.match(problem({ mode: 'own', passphrase: long }), /passphrase is too long \(limit 1,024 bytes\)/);
  assert.equal(m.problemOf({ ...choice, passphrase: 'x'.repeat(1025) }, config), null, 'not asked for, not looked at');
  for (const passphrase of ['', 'x'.repeat(1025)]) assert.ok(m.isOfPassphrase(own(passphrase)));
  assert.ok(!m.isOfPassphrase(m.problemOf({ ...choice, text: '' }, config)));
  assert.deepEqual([0, -1, 1.4, 101, NaN, 1e9].map((n) => m.clampViews(n, 100)), [1, 1, 1, 100, 1, 100]);
  assert.equal(m.passphraseOf({ ...choice, passphrase: 'p' }), '');
  assert.equal(m.zipNameAt(new Date(2026, 10, 3)), 'files-2026-11-03.zip');
  assert.deepEqual(['ghp_a8sd7f6a8s7d6f', 'hello world', '', 'correct horse 12'].map(m.looksLikeKey), [true, false, false, false]);
});

test('what became of it, in one line', async () => {
  const { forgottenStatus, statusOf } = await load('model/status.ts');
  const { readReceipt } = await load('net/messages.ts');
  const events = (...names) => names.map((event, i) => ({ event, at: NOW + i }));
  const line = (state, ...names) => {
    const { key, n, at, final } = statusOf(readReceipt({ state, expires_at: NOW + 99, events: events('created', ...names) }));
    return [said(key, { n: n ?? 0, when: at === undefined ? '' : `+${at - NOW}` }), final];
  };
  assert.deepEqual(line('waiting'), ['Not opened yet', false]);
  assert.deepEqual(line('opened', 'opened', 'confirmed', 'opened'), ['Opened 2 times, last +3', false]);
  assert.deepEqual(line('used_up', 'opened', 'confirmed'), ['Opened +1, then erased from the server.', true]);
  assert.deepEqual(line('burnt', 'burnt_by_opener'), ['Burnt +1. It can no longer be opened.', true]);
  assert.deepEqual(line('expired'), ['Expired +99, never opened.', true]);
  assert.deepEqual(line('expired', 'opened'), ['Expired +99, opened once.', true]);
  assert.deepEqual(line('locked', 'locked'), ['Locked +1 after too many wrong passphrases. It is gone.', true]);
  const forgotten = [NOW, NOW + 1].map((now) => forgottenStatus(NOW + 1, now));
  for (const { key } of forgotten) assert.match(said(key), /no longer has a record/);
  assert.deepEqual(forgotten.map(({ final }) => final), [false, true], 'before its end it is asked again');
  assert.throws(() => readReceipt({ state: 'else', expires_at: 1 }));
});

test('each failure has a message of its own, and says only what is known', async () => {
  const { openMessage, eraseMessage, saveMessage } = await load('model/outcome.ts');
  const none = { key: false, passphrase: false };
  const title = (failure, asked = none) => said(openMessage(failure, asked).title);
  const line = (failure, asked = none, lost = false) => said(openMessage(failure, asked, lost).text);
  const wrong = (attemptsLeft) => ({ kind: 'wrong-proof', attemptsLeft });

  assert.equal(title({ kind: 'gone' }), 'This secret is gone');
  assert.equal(title(wrong(null)), 'This link is damaged');
  assert.equal(title({ kind: 'damaged', failure: 'payload failure' }), 'This content is damaged');
  assert.equal(title(wrong(0), { key: false, passphrase: true }), 'This secret is locked');
  assert.equal(line(wrong(3), { key: false, passphrase: true }), 'That passphrase is wrong.');
  assert.equal(openMessage(wrong(3), { key: false, passphrase: true }).attemptsLeft, 3);
  assert.equal(line(wrong(null), { key: true, passphrase: false }), 'That key is wrong.');

  const unused = { offline: /reached. Nothing was used up/, busy: /busy. Nothing was used up/, 'too-large': /Nothing was used up/ };
  for (const [kind, text] of Object.entries(unused)) assert.match(line({ kind }), text);
  assert.match(line({ kind: 'full' }), /device is out of space/);
  assert.match(line({ kind: 'lost' }), /may have been used/);
  assert.match(line({ kind: 'unexpected' }), /Something went wrong/);
  // Once a response was lost, no message says that nothing was used up.
  for (const kind of ['offline', 'busy', 'lost', 'too-large', 'unexpected']) assert.match(line({ kind }, none, true), /may have been used/, kind);

  const over = openMessage({ kind: 'ended' }, none);
  assert.deepEqual([said(over.title), over.again], ['This opening is over', true]);
  for (const kind of ['gone', 'ended']) {
    const told = saveMessage({ kind });
    assert.match(said(told.text), /not saved in time/);
    assert.ok(told.again);
  }
  const saving = { offline: /interrupted/, busy: /busy/, full: /device is out of space/, unwritable: /Choose another place/, unexpected: /interrupted/ };
  for (const [kind, text] of Object.entries(saving)) assert.match(said(saveMessage({ kind }).text), text);
  assert.equal(said(saveMessage({ kind: 'damaged', failure: 'payload failure' }).title), 'This content is damaged');
  const erasing = { offline: /cannot be reached/, busy: /busy/, unexpected: /could not be erased/ };
  for (const [kind, text] of Object.entries(erasing)) assert.match(said(eraseMessage({ kind }).text), text);
});

test('names of received files are made harmless', async () => {
  const { safeName } = await load('base/name.ts');
  const cases = {
    'a.txt': 'a.txt', '../../etc/passwd': 'passwd', 'C:\\x\\evil.exe': 'evil.exe', '.bashrc': 'bashrc', '': 'file', '...': 'file',
    'a\u202Etxt.exe': 'a_txt.exe', 'nul\0name': 'nul_name', 'CON': '_CON', 'com1.txt': '_com1.txt', 'a<b>:"|?*': 'a_b______',
    'line\nbreak': 'line_break', '/': 'file', '.env': 'env',
    // Joiners belong to names, direction marks do not.
    'می\u200cخواهم.pdf': 'می\u200cخواهم.pdf', '👩\u200d💻.txt': '👩\u200d💻.txt', 'a\u200fb\u2066c\u061cd': 'a_b_c_d', 'soft\u00adhyphen': 'soft_hyphen',
  };
  for (const hidden of ['\u3164', '\u2800', '\u00ad', '\u115f', '\u180e', '\u034f', '\u200b', '\ufeff', '\u2028', '\u{e0041}', '\u{1d173}'])
    assert.equal(safeName(`a.pdf${hidden}.exe`), 'a.pdf_.exe', hidden.codePointAt(0).toString(16));
  assert.equal(safeName('❤️\u200d🔥.png'), '❤️\u200d🔥.png');
  for (const [name, safe] of Object.entries(cases)) assert.equal(safeName(name), safe, JSON.stringify(name));
  assert.ok([...safeName(`${'x'.repeat(10000)}.pdf`)].length <= 120);
  assert.ok(safeName(`${'x'.repeat(10000)}.pdf`).endsWith('.pdf'));
});

test('paths in a zip are made harmless', async () => {
  const { safePath } = await load('base/name.ts');
  const cases = {
    'a.txt': 'a.txt', 'photos/2026/a.jpg': 'photos/2026/a.jpg', '../../etc/passwd': 'etc/passwd', './a//b': 'a/b', 'C:\\x\\evil.exe': 'C_/x/evil.exe',
    'a\u202Egnp.exe': 'a_gnp.exe', 'folder\u3164/file\u2028': 'folder_/file_', '..': 'file', '': 'file', 'x/.bashrc': 'x/bashrc',
  };
  for (const [path, safe] of Object.entries(cases)) assert.equal(safePath(path), safe, JSON.stringify(path));
});

test('made passwords and passphrases, and the hint about one’s own', async () => {
  const m = await load('crypto/passphrase.ts');
  const { randomBytes } = await load('base/random.ts');
  let strong = 0;
  for (let i = 0; i < 50; i++) {
    const password = m.makePassword(randomBytes);
    assert.match(password, /^(?=.*\d)(?=.*[^A-Za-z0-9]).{20}$/);
    const passphrase = m.makePassphrase(randomBytes);
    assert.match(passphrase, /^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
    assert.notEqual(m.strengthOf(passphrase), 0, passphrase);
    strong += m.strengthOf(passphrase) === 2;
  }
  // One in a few thousand has so many characters twice that it counts as fair.
  assert.ok(strong >= 48, `${strong} of 50`);
  for (const weak of ['', '1234', 'password', 'Passwort2024', 'qwerty123', 'aaaaaaaaaaaa', 'dragon']) assert.equal(m.strengthOf(weak), 0, weak);
  assert.ok(m.strengthOf('correct horse battery staple') > 0);
});

test('characters are drawn without bias', async () => {
  const { randomText, LETTERS } = await load('base/random.ts');
  const counts = new Map();
  for (const c of randomText(62_000, LETTERS)) counts.set(c, (counts.get(c) ?? 0) + 1);
  assert.equal(counts.size, 62);
  const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(chi < 130, `chi-square ${chi} of 61 degrees`);
  // Bytes that would favour the first letters are passed over.
  const skewed = (n) => new Uint8Array(n).map((_, i) => (i % 2 ? 255 : 61));
  assert.equal(randomText(4, LETTERS, skewed), '9999');
});

test('a zip has the length that was promised, and its entries are whole', async () => {
  const { zip, zipLength, zipNames } = await load('base/zip.ts');
  const named = (...names) => zipNames(names.map((name) => ({ name })));
  assert.deepEqual(named('a.txt', 'A.txt', 'x\\y', '', 'a.txt'), ['a.txt', 'A (2).txt', 'x_y', 'file', 'a (3).txt']);
  assert.deepEqual(named('x', 'x/y.z/a', 'x/y.z/A', '../../up', '/etc/./passwd'), ['x (2)', 'x/y.z/a', 'x/y.z/A (2)', '_/_/up', 'etc/_/passwd']);
  const files = [['one.txt', 'first'], ['zwei ü.bin', 'x'.repeat(70000)], ['empty', '']].map(([name, text]) => {
    const bytes = new TextEncoder().encode(text);
    return { name, size: bytes.length, modified: Date.UTC(2026, 5, 1), bytes, async *stream() { yield bytes.subarray(0, 3); yield bytes.subarray(3); } };
  });
  const out = [];
  for await (const piece of zip(files)) out.push(piece);
  const all = Buffer.concat(out);
  assert.equal(all.length, zipLength(files));
  let at = all.readUInt32LE(all.length - 6);
  for (const { name, bytes } of files) {
    assert.equal(all.readUInt32LE(at), 0x02014b50);
    const nameLength = all.readUInt16LE(at + 28);
    assert.equal(all.subarray(at + 46, at + 46 + nameLength).toString(), name);
    assert.equal(all.readUInt32LE(at + 16), crc32(bytes));
    const local = all.readUInt32LE(at + 42);
    const from = local + 30 + all.readUInt16LE(local + 26);
    assert.ok(all.subarray(from, from + bytes.length).equals(bytes));
    at += 46 + nameLength;
  }
  assert.equal(all.readUInt32LE(at), 0x06054b50);

  // The page that opens it finds them again.
  const { listZip } = await load('base/unzip.ts');
  const listed = await listZip(new Blob([all]));
  assert.deepEqual(listed.map(({ name, size }) => [name, size]), files.map(({ name, size }) => [name, size]));
  listed.forEach(({ at: from, size }, i) => assert.ok(all.subarray(from, from + size).equals(files[i].bytes)));
  assert.deepEqual(await listZip(new Blob([all.subarray(all.length - 22, all.length - 12), Buffer.alloc(12)])), null, 'no room for its directory');
});

test('only a zip that the page made is listed', async () => {
  const { zip, listZip } = await load('base/zip.ts', 'base/unzip.ts');
  const bytes = new TextEncoder().encode('text');
  const pieces = [];
  for await (const piece of zip([{ name: 'a', size: 4, modified: 0, async *stream() { yield bytes; } }])) pieces.push(piece);
  const good = Buffer.concat(pieces);
  const directory = good.readUInt32LE(good.length - 6);
  assert.equal((await listZip(new Blob([good]))).length, 1);
  const changed = (at, ...values) => { const copy = Buffer.from(good); copy.set(values, at); return copy; };
  const others = {
    'a comment': Buffer.concat([changed(good.length - 2, 1), Buffer.from('x')]),
    'another count': changed(good.length - 14, 2, 0, 2),
    'an empty directory': changed(good.length - 14, 0, 0, 0),
    compressed: changed(directory + 10, 8),
    'another encoding of names': changed(directory + 8, 0, 0),
    extensions: changed(directory + 30, 1),
    'a size that reaches into the directory': changed(directory + 20, 5, 0, 0, 0, 5),
    'a file elsewhere': changed(directory + 42, 1),
    'a name that is no text': changed(directory + 46, 0xff),
    cut: good.subarray(0, good.length - 1),
    'something before it': Buffer.concat([Buffer.from('x'), good]),
    nothing: Buffer.alloc(0),
  };
  for (const [what, other] of Object.entries(others)) assert.equal(await listZip(new Blob([other])), null, what);
});

test('a folder is taken with all that it holds, or not at all', async () => {
  const m = await load('ui/share/dropped.ts', 'model/choice.ts');
  const file = (name) => ({ isFile: true, isDirectory: false, name, file: (done) => done(new File([name], name)) });
  // Browsers give at most a hundred entries at a time.
  const folder = (name, ...entries) => ({
    isFile: false, isDirectory: true, name,
    createReader: () => { const left = [...entries]; return { readEntries: (done) => done(left.splice(0, 100)) }; },
  });
  const many = (n) => Array.from({ length: n }, (_, i) => file(`${i}`));
  const deep = (n) => (n === 0 ? file('bottom') : folder('d', deep(n - 1)));
  const refused = (entry) => assert.rejects(m.filesOf(entry), ({ key, named }) => { assert.equal(named, entry.name); return said(key).length > 0; });

  const photos = await m.filesOf(folder('photos', file('b.jpg'), folder('2026', file('c.jpg')), folder('empty')));
  assert.deepEqual(photos.map(({ path }) => path), ['photos/b.jpg', 'photos/2026/c.jpg']);
  assert.equal((await m.filesOf(folder('f', ...many(m.FOLDER_FILES_MAX)))).length, m.FOLDER_FILES_MAX);
  assert.equal((await m.filesOf(deep(16))).length, 1);
  const unreadable = { ...file('locked'), file: (done, failed) => failed(new Error()) };
  await assert.rejects(m.filesOf(folder('f', unreadable)), ({ named }) => named === 'locked');
  for (const entry of [folder('f', ...many(m.FOLDER_FILES_MAX + 1)), folder('f', folder('g', ...many(600)), folder('h', ...many(600))),
    deep(17), folder('f', ...Array.from({ length: 1001 }, (_, i) => folder(`${i}`))), folder('f'), folder('f', folder('g'))]) await refused(entry);

  const alone = { path: 'a.txt', file: new File(['a'], 'a.txt') };
  const groups = m.groupsOf([photos[0], alone, photos[1], { ...alone, path: 'photos' }]);
  assert.deepEqual(groups.map(({ name, folder: isFolder, files }) => [name, isFolder, files.length]), [['photos', true, 2], ['a.txt', false, 1], ['photos', false, 1]]);
});

test('the message that goes with a link says what it needs, and a mail carries it whole', async () => {
  const { messageOf, mailAddress } = await load('model/message.ts');
  const link = 'https://secrets.example/#abc.def';
  const sent = { views: 1, expiresAt: NOW, mode: 'none', keyApart: false };
  assert.match(messageOf(english, link, sent), /^A secret for you: https:\/\/secrets\.example\/#abc\.def\nOpens once, until \w+, \w+ \d+ at \d.* (UTC|GMT\S*|[A-Z]{3,4})\.$/);
  assert.match(messageOf(await wordsFor(['de']), link, { ...sent, views: 3 }), /^Ein Geheimnis für dich: \S+\nLässt sich 3-mal öffnen, bis /);
  const last = (changed) => messageOf(english, link, { ...sent, ...changed }).split('\n')[2];
  assert.match(last({ mode: 'own' }), /need a passphrase,/);
  assert.match(last({ keyApart: true }), /need a key,/);
  assert.match(last({ mode: 'generated', keyApart: true }), /a key and a passphrase/);
  const address = new URL(mailAddress('Ä & B', 'one: #x?y&z\ntwo'));
  assert.equal(address.protocol, 'mailto:');
  assert.deepEqual([...address.searchParams], [['subject', 'Ä & B'], ['body', 'one: #x?y&z\r\ntwo']]);
  assert.equal(address.hash, '');
});

test('a file that changes while it is zipped ends it', async () => {
  const { zip, ChangedError } = await load('base/zip.ts', 'crypto/envelope.ts');
  let reads = 0;
  const entry = { name: 'f', size: 1, modified: 0, async *stream() { yield Uint8Array.of(reads++); } };
  await assert.rejects(async () => { for await (const piece of zip([entry])) void piece; }, ChangedError);
});

test('what is kept of one’s own secrets is read with care', async () => {
  const { readOwned } = await load('storage/owned.ts');
  const good = { id: 'i'.repeat(22), token: 't'.repeat(43), made: NOW, until: NOW + 10 };
  const others = [{ id: '../../x' }, { token: 't' }, { made: 1e300 }, { made: -1 }, { until: 1e300 }, { until: null }].map((wrong) => ({ ...good, ...wrong }));
  assert.deepEqual(readOwned(JSON.stringify([good, { id: 1 }, null, 'x', ...others]), NOW), [good]);
  for (const bad of [null, '', 'nonsense', '{}', '3']) assert.deepEqual(readOwned(bad, NOW), []);
  assert.deepEqual(readOwned(JSON.stringify([good]), NOW + 10 + 7 * 86400), []);
});

test('a dropped connection is tried again, a refusal is not', async () => {
  const { withRetry, waitFor, serverDidNothing, ConnectionError, ApiError } = await load('net/retry.ts', 'net/errors.ts');
  globalThis.addEventListener ??= () => undefined;
  globalThis.removeEventListener ??= () => undefined;
  const options = { signal: new AbortController().signal, patience: 60_000 };
  let tries = 0;
  const said = [];
  const flaky = async () => { if (++tries < 2) throw new ConnectionError('cut'); return tries; };
  assert.equal(await withRetry(flaky, { ...options, onWaiting: (why) => said.push(why) }), 2);
  assert.deepEqual(said, ['offline']);
  let busy = 0;
  assert.equal(await withRetry(async () => { if (++busy < 2) throw new ApiError(503, {}, 0); return busy; }, { ...options, onWaiting: (why) => said.push(why) }), 2);
  assert.deepEqual(said, ['offline', 'busy']);
  await assert.rejects(withRetry(async () => { throw new ApiError(503, {}, 61); }, options), ApiError, 'it is not asked before the server wants it');
  await assert.rejects(withRetry(async () => { throw new ApiError(404, {}, null); }, options), ApiError);
  await assert.rejects(withRetry(async () => { throw new ConnectionError('cut'); }, { ...options, patience: 0 }), ConnectionError);
  tries = 0;
  await assert.rejects(withRetry(async () => { tries++; throw new ConnectionError('cut'); }, { ...options, retryIf: serverDidNothing }), ConnectionError);
  assert.equal(tries, 1);
  const told = [[429, ''], [503, 'busy'], [503, 'unavailable'], [503, 'unknown_outcome'], [503, ''], [502, ''], [504, '']];
  assert.deepEqual(told.map(([status, code]) => serverDidNothing(new ApiError(status, { code }, null))), [true, true, true, false, false, false, false]);
  const stop = new AbortController();
  const waiting = withRetry(async () => { throw new ConnectionError('cut'); }, { signal: stop.signal, patience: 60_000 });
  setTimeout(() => stop.abort(), 20);
  await assert.rejects(waiting, { name: 'AbortError' });
  assert.equal(waitFor(0, new ApiError(503, {}, 7), 0), 7000);
  assert.ok(waitFor(20, new ConnectionError(''), 1) <= 8000);
});

test('speed is told over the last seconds', async () => {
  const { Rate } = await load('base/rate.ts');
  const rate = new Rate();
  assert.equal(rate.add(0, 0), null);
  assert.equal(rate.add(1000, 500), 500);
  for (let t = 2000; t <= 20000; t += 1000) rate.add(t, t * 2);
  assert.ok(Math.abs(rate.add(21000, 42000) - 2000) < 1);
});

test('several files that a zip cannot count are refused', async () => {
  const { emptyChoice, problemOf } = await load('model/choice.ts');
  const wide = { ...config, fileMax: 2 ** 40 };
  const choose = (...sizes) => problemOf({ ...emptyChoice(wide), files: sizes.map((size, i) => ({ path: `${i}`, file: { size } })) }, wide);
  assert.equal(choose(2 ** 33), null);
  assert.equal(choose(2 ** 31, 2 ** 30), null);
  assert.match(said(choose(2 ** 31, 2 ** 31 - 10).key), /Together these files exceed/);
  const many = choose(...new Array(65535).fill(1));
  assert.match(said(many.key, { max: many.count }), /Too many files \(limit 65,534\)/);
  assert.equal(choose(...new Array(65534).fill(1)), null);
});

const BYTES = { headers: { 'Content-Type': 'application/octet-stream' } };

test('a part fills its place: less is a lost connection, more is damage', async () => {
  const { Api } = await load('net/api.ts');
  const get = (length) => new Api('http://x/', false, 1000, async () => new Response(new Uint8Array(length), BYTES)).part('i', 'l', 0, new Uint8Array(10));
  await get(10);
  await assert.rejects(get(9), { message: 'the response was cut off' });
  await assert.rejects(get(11), { kind: 'payload failure' });
});

const CONFIG = {
  part_size: 1 << 20, inline_max: 131072, text_max: 1 << 20, file_max: 2 ** 30, views_max: 100,
  ttl_default: 432000, ttl_max: 2592000, ttl_choices: [300, 2592000],
};

test('limits that make no sense are refused, each by its name', async () => {
  const { readConfig } = await load('net/messages.ts');
  assert.equal(readConfig(CONFIG).viewsMax, 100);
  const bad = {
    part_size: [0, 65535, (4 << 20) + 1], inline_max: [0, 303, 1e9], text_max: [0, 1e12], file_max: [0, 2 ** 60],
    views_max: [0, 101], ttl_default: [59, 2592001], ttl_max: [59, 1e12], ttl_choices: ['300', {}, [59], [2592001], [1.5], ['300'], [null]],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of [...values, null, undefined, 'x', NaN, -1, 1.5, true]) {
      assert.throws(() => readConfig({ ...CONFIG, [name]: value }), { name: 'SyntaxError', message: name }, `${name} ${value}`);
    }
  }
});

test('the server’s address in config.json is one of HTTP', async () => {
  const { readApiAddress } = await load('net/messages.ts');
  const base = new URL('https://page.example/sub/');
  const good = { './': 'https://page.example/sub/', 'https://api.example': 'https://api.example/', 'http://127.0.0.1:8080/x': 'http://127.0.0.1:8080/x/', '/': 'https://page.example/' };
  for (const [api, address] of Object.entries(good)) assert.equal(readApiAddress({ api }, base), address);
  for (const api of ['ftp://x/', 'javascript:1', 'https://', 'https://x/?a', 'https://x/#a', 3, undefined]) {
    assert.throws(() => readApiAddress({ api }, base), SyntaxError, `${api}`);
  }
  for (const json of [null, 'x', [], 3]) assert.throws(() => readApiAddress(json, base), SyntaxError);
});

test('times and counts of an answer are checked before they are shown', async () => {
  const { readInfo, readReceipt } = await load('net/messages.ts');
  const info = { header: 'AA', size: 304, part_size: 0, views_left: 1, expires_at: 1 };
  assert.equal(readInfo(info).attemptsLeft, null);
  const bad = { size: [0, 303, '304'], views_left: [-1, 101, null], expires_at: [-1, 1e14, '1'], attempts_left: ['3', 101, -1] };
  for (const [name, values] of Object.entries(bad)) for (const value of values) assert.throws(() => readInfo({ ...info, [name]: value }), { message: name });
  assert.throws(() => readReceipt({ state: 'opened', expires_at: 1, events: [{ event: 'opened', at: 1e14 }] }), { message: 'at' });
});

test('a part size out of bounds is refused', async () => {
  const { readCreated } = await load('net/messages.ts');
  const created = (part_size) => readCreated({ id: 'i'.repeat(22), owner_token: 't'.repeat(43), expires_at: 1, part_size });
  for (const size of [0, 65536, 4 << 20]) assert.equal(created(size).partSize, size);
  for (const size of [-1, 1, 65535, (4 << 20) + 1]) assert.throws(() => created(size), SyntaxError);
});

test('an id or token that is none is refused before it gets into an address', async () => {
  const { readCreated } = await load('net/messages.ts');
  const good = { id: 'aZ09'.repeat(5) + 'xy', owner_token: 'aZ09-_x'.repeat(6) + 'y', expires_at: 1, part_size: 0 };
  assert.equal(readCreated(good).id, good.id);
  const bad = {
    id: ['', 'i'.repeat(21), 'i'.repeat(23), `${'i'.repeat(21)}/`, `../${'i'.repeat(19)}`, `${good.id}\n`, 22, null],
    owner_token: ['', 't'.repeat(42), 't'.repeat(44), `${'t'.repeat(42)}=`, `${'t'.repeat(42)}\n`, null],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) assert.throws(() => readCreated({ ...good, [name]: value }), { name: 'SyntaxError', message: name }, `${value}`);
  }
});

test('a response of the server that is no object makes no sense', async () => {
  const { Api } = await load('net/api.ts');
  const { readReceipt } = await load('net/messages.ts');
  const headers = { 'Content-Type': 'application/json', 'Secrets-Answer': '1' };
  const api = (body, status) => new Api('http://x/', false, 1000, async () => new Response(body, { status, headers }));
  for (const body of ['null', '3', '"x"', 'true', '[]']) {
    await assert.rejects(api(body, 200).config(), { name: 'SyntaxError' }, body);
    await assert.rejects(api(body, 503).config(), { status: 503, code: '' }, body);
  }
  assert.throws(() => readReceipt({ state: 'opened', expires_at: 1, events: [null] }), SyntaxError);
});

test('lines take their turns: cards before rows, and together no more than half of what a server lets through', async () => {
  const { PollSchedule } = await load('model/poll-schedule.ts');
  /** What is looked up in `minutes` by lines that are there from the start, each answered after `answer` ms. */
  const run = (cards, rows, minutes, answer = 50) => {
    const turns = new PollSchedule();
    const looks = [];
    const under = [];
    const add = (kind, i) => turns.add(`${kind} ${i}`, kind === 'card', 0);
    for (let i = 0; i < rows; i++) add('row', i);
    for (let i = 0; i < cards; i++) add('card', i);
    let at = 0;
    while (at <= minutes * 60_000) {
      while (under.length > 0 && under[0].at <= at) turns.done(under.shift().line, at);
      for (let line = turns.take(at); line !== null; line = turns.take(at)) {
        looks.push({ at, line });
        under.push({ at: at + answer, line });
      }
      const wait = Math.min(turns.wait(at), (under[0]?.at ?? Infinity) - at);
      assert.ok(wait > 0, 'it moves on');
      at += wait;
    }
    return looks;
  };
  const times = (looks, line) => looks.filter((look) => look.line === line).map(({ at }) => at);
  const inMinute = (looks, from) => looks.filter(({ at }) => at >= from && at < from + 60_000).length;
  const alone = run(1, 0, 5);
  assert.ok(alone.length >= 25 && alone.length <= 31, `a new card is watched closely: ${alone.length}`);
  const old = run(1, 0, 60).filter(({ at }) => at > 10 * 60_000);
  assert.ok(old.length <= 51, `one that is not new is not: ${old.length}`);
  for (const [cards, rows] of [[1, 200], [12, 0], [6, 200], [0, 3]]) {
    const looks = run(cards, rows, 20);
    for (let from = 0; from < 19 * 60_000; from += 10_000) assert.ok(inMinute(looks, from) <= 40, `${cards} cards, ${rows} rows`);
    for (let i = 0; i < rows; i++) assert.ok(times(looks, `row ${i}`).length >= 1, `row ${i} had a turn`);
    for (let i = 0; i < cards; i++) assert.ok(times(looks, `card ${i}`).length >= 5, `card ${i} had turns`);
  }
  const few = times(run(0, 3, 3), 'row 1');
  assert.ok(few.length === 3 && few[1] - few[0] >= 60_000, 'a row once a minute');
});

test('all lines are due when the page is looked at again, but for those under way', async () => {
  const { PollSchedule } = await load('model/poll-schedule.ts');
  const turns = new PollSchedule();
  turns.add('a', false, 0);
  turns.add('b', false, 0);
  turns.add('c', false, 0);
  assert.deepEqual([turns.take(0), turns.take(0)], ['a', 'b']);
  turns.done('a', 10);
  turns.hurry(20);
  turns.remove('c');
  assert.deepEqual([turns.take(20), turns.take(20)], ['a', null]);
  assert.equal(turns.wait(20), Infinity);
  turns.done('b', 30);
  assert.equal(turns.wait(30), 60_000);
});

test('the first part goes alone; after a cut fewer go side by side, and each may take longer', async () => {
  const { Line } = await load('net/line.ts');
  let now = 0;
  const line = new Line(3, 60_000, () => now);
  const state = () => [line.sideBySide, line.triesBefore];
  const pass = async (ms, n = 1) => { for (let i = 0; i < n; i++) await line.turn(async () => { now += ms; }); };
  assert.deepEqual(state(), [1, 0]);
  await pass(31_000); // two of them would take more than a stall
  assert.deepEqual(state(), [1, 0]);
  await pass(14_000);
  assert.deepEqual(state(), [2, 0]);
  await pass(100);
  assert.deepEqual(state(), [3, 0]);

  for (const ms of [0, 10, 4000]) { now += ms; line.cut(); } // all connections at once
  assert.deepEqual(state(), [1, 1]);
  await pass(100, 16);
  assert.deepEqual(state(), [2, 1], 'the sixteenth in a row');
  for (let i = 0; i < 9; i++) { now += 100_000; line.cut(); }
  assert.deepEqual(state(), [1, 3]);

  // One after the other now; what fails makes room for the next.
  let atOnce = 0;
  let most = 0;
  const part = (fails) => line.turn(async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((done) => { setTimeout(done, 1); });
    atOnce--;
    if (fails) throw new Error('cut');
  }).catch(() => undefined);
  await Promise.all([part(true), part(false), part(true)]);
  assert.deepEqual([most, atOnce], [1, 0]);
});

test('the worker reports ten times a second, whatever the browser tells it, and always the beginning and the end', async () => {
  const { throttled } = await load('worker/report.ts');
  let at = 0;
  const sent = [];
  const report = throttled((progress) => sent.push({ at, ...progress }), () => at);
  const total = 8 << 20;
  for (let done = 0; done <= total; done += 8192, at += 2) report({ phase: 'moving', done, total }); // as WebKit does
  assert.deepEqual([sent[0].done, sent.at(-1).done], [0, total]);
  assert.ok(sent.length >= 20 && sent.length <= 23, String(sent.length));
  for (let i = 1; i < sent.length - 1; i++) assert.ok(sent[i].at - sent[i - 1].at >= 100);

  for (const progress of [{ phase: 'waiting', why: 'offline' }, { phase: 'opening' }, { phase: 'finishing' }]) report(progress);
  assert.deepEqual(sent.slice(-3).map(({ phase }) => phase), ['waiting', 'opening', 'finishing']);
});
