// SPDX-License-Identifier: MIT
// The operator's brand and who may share, as the page reads them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

const m = await load('model/brand.ts', 'net/messages.ts', 'storage/api-token.ts', 'model/failure.ts', 'model/outcome.ts', 'model/choice.ts', 'net/errors.ts');
const SERVER = new URL('https://secrets.example/');
const read = (brand, { base = SERVER, page = SERVER } = {}) => m.readBrand(brand, base, page);

test('a brand is read, its texts by language, its addresses beside the server', () => {
  const brand = read({
    name: 'Nordwind', accent: { light: '#7A1FA2', dark: '#d9a6ee' }, logo: 'brand/logo.svg', note: { en: 'Hello', de: 'Hallo', 'pt-BR': 'Olá' },
    links: [{ href: 'https://n.example/', text: 'Imprint' }, { href: 'mailto:h@n.example', text: { de: 'Hilfe' } }],
    report: 'abuse@n.example', sign_in: '/oauth2/start?rd=/', unknown: 1,
  });
  assert.equal(brand.logo, 'https://secrets.example/brand/logo.svg');
  assert.equal(brand.signIn, 'https://secrets.example/oauth2/start?rd=/');
  const note = (language) => m.textFor(brand.note, language);
  assert.deepEqual(['de-AT', 'en', 'fr', 'pt-BR', 'pt'].map(note), ['Hallo', 'Hello', 'Hello', 'Olá', 'Hello']);
  assert.deepEqual(brand.links.map(({ text }) => m.textFor(text, 'ru')), ['Imprint', 'Hilfe']);
  assert.deepEqual(read({ name: 'N' }), { name: 'N', accent: null, logo: null, note: null, links: [], report: null, signIn: null });
  // The page loads no image of another origin.
  assert.equal(read({ name: 'N', logo: 'logo.png' }, { page: new URL('https://static.example/') }).logo, null);
});

test('what is wrong in a brand is refused by its name', () => {
  const wrong = {
    name: [undefined, '', 3, 'x'.repeat(61), 'a\nb'],
    accent: ['#123456', { light: '#123456' }, { light: 'red', dark: '#ffffff' }, { light: '#123456', dark: 'url(x)' }, { light: '#ff8800', dark: '#ffffff' }, { light: '#000000', dark: '#444444' }],
    logo: [3, 'javascript:alert(1)', 'data:image/svg+xml,x'],
    note: [3, {}, { en: '' }, { en: 'x'.repeat(301) }, []],
    links: [{}, [{ href: 'http://n.example/', text: 'x' }], [{ href: 'javascript:alert(1)', text: 'x' }], [{ href: '/x', text: 'x' }], [{ href: 'https://n.example/ x', text: 'x' }], [{ href: 'https://n.example/' }], Array(6).fill({ href: 'https://n.example/', text: 'x' })],
    report: [3, 'nobody', 'a@b?bcc=c@d', 'a@b,c@d'],
    sign_in: [3, 'javascript:alert(1)', 'mailto:a@b.example', '//evil.example/', '/\\evil.example/', '\\\\evil.example', '/\t/evil.example', 'http://n.example/', 'https://', 'oauth2/start', ''],
  };
  for (const [member, values] of Object.entries(wrong)) {
    for (const value of values) assert.throws(() => read({ name: 'N', [member]: value }), { name: 'SyntaxError', message: `brand: ${member}` }, `${member} ${JSON.stringify(value)}`);
  }
  for (const brand of [null, [], 'N']) assert.throws(() => read(brand), SyntaxError);
});

// A page that refuses what its server took shows nothing but an error.
test('what secretsd takes is taken', () => {
  const tags = [...Array(200).keys()].map((i) => `x-${i}`);
  assert.equal(read({ name: 'N', note: Object.fromEntries(tags.map((tag) => [tag, 'x'])) }).note.size, tags.length);
  for (const odd of ['https://n.example:99999/', 'https://[n/', 'https://%']) {
    assert.equal(read({ name: 'N', links: [{ href: odd, text: 'x' }] }).links[0].href, odd);
    assert.equal(read({ name: 'N', sign_in: odd }).signIn, odd);
  }
  assert.equal(read({ name: 'N', links: [{ href: 'mailto:%', text: 'x' }] }).links[0].href, 'mailto:%');
  assert.equal(read({ name: 'N', sign_in: '/%:[//' }).signIn, 'https://secrets.example/%:[//');
});

test('contrast is that of WCAG, and the grounds are those of the style sheet', () => {
  const ratio = (a, b) => Math.round(m.contrastOf(a, b) * 100) / 100;
  assert.deepEqual([ratio('#000000', '#ffffff'), ratio('#777777', '#ffffff'), ratio('#ffffff', '#767676'), ratio('#123456', '#123456')], [21, 4.48, 4.54, 1]);
  const css = readFileSync(join(top, 'web/page.css'), 'utf8');
  const own = css.match(/--(light|dark)-accent, (#\w{6})/g).map((found) => found.slice(-7));
  assert.deepEqual([m.isReadable(own[0], false), m.isReadable(own[1], true)], [true, true], 'our own accent');
  const long = (colour) => (colour.length === 4 ? `#${[...colour.slice(1)].map((c) => c + c).join('')}` : colour);
  const colours = (name) => [...css.matchAll(new RegExp(`--${name}: (#\\w+);`, 'g'))].map(([, colour]) => long(colour));
  assert.deepEqual({ light: [colours('paper')[0], colours('card')[0]], dark: [colours('paper')[1], colours('card')[1]] }, m.GROUNDS);
});

const CONFIG = {
  part_size: 65536, inline_max: 131072, text_max: 1 << 20, file_max: 2 ** 30, views_max: 100, ttl_default: 432000, ttl_max: 2592000, ttl_choices: [300],
};

test('who may share: everybody where the server says nothing, and nobody by mistake', () => {
  const right = (create) => m.readConfig({ ...CONFIG, create }).create;
  assert.deepEqual(right(undefined), { allowed: true, ways: [], user: null });
  assert.deepEqual(right({ allowed: false, ways: ['token', 'later', 3] }), { allowed: false, ways: ['token', 'later'], user: null });
  assert.equal(right({ allowed: true, ways: ['user'], user: 'ada' }).user, 'ada');
  for (const wrong of [{}, { allowed: 1 }, null, 'yes']) assert.throws(() => right(wrong), SyntaxError);
  assert.equal(m.readConfig({ ...CONFIG, passphrase: 'required' }).passphraseRequired, true);
});

test('a required passphrase is there before it is asked for', () => {
  const config = m.readConfig({ ...CONFIG, passphrase: 'required' });
  const choice = { ...m.emptyChoice(config), text: 'x' };
  assert.equal(choice.mode, 'generated');
  for (const without of [{ mode: 'none' }, { mode: 'own', passphrase: '' }]) {
    const problem = m.problemOf({ ...choice, ...without }, config);
    assert.equal(problem.key, 'passphraseRequired');
    assert.ok(m.isOfPassphrase(problem));
  }
  assert.equal(m.problemOf({ ...choice, passphrase: 'p' }, config), null);
});

test('an API token is kept for its server alone, and in the browser only if asked', () => {
  const area = () => {
    const kept = new Map();
    return { kept, getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value), removeItem: (name) => kept.delete(name) };
  };
  const [tab, browser] = [area(), area()];
  Object.assign(globalThis, { sessionStorage: tab, localStorage: browser });
  try {
    const secret = 'k'.repeat(43);
    new m.ApiToken('https://a.example/').set(secret, false);
    assert.deepEqual([tab.kept.size, browser.kept.size], [1, 0]);
    assert.equal(new m.ApiToken('https://a.example/').get(), secret);
    assert.equal(new m.ApiToken('https://b.example/').get(), null);
    tab.kept.clear(); // another tab
    assert.equal(new m.ApiToken('https://a.example/').get(), null);
    new m.ApiToken('https://a.example/').set(secret, true);
    assert.deepEqual([tab.kept.size, browser.kept.size], [0, 1]);
    const token = new m.ApiToken('https://a.example/');
    assert.equal(token.get(), secret);
    token.forget();
    assert.equal(token.get(), null);
    assert.deepEqual([tab.kept.size, browser.kept.size], [0, 0]);
    // What else somebody wrote there.
    for (const odd of ['{', '[]', 'null', JSON.stringify({ server: 'https://a.example/', token: 'two words here and more' })]) {
      tab.kept.set('ephemeral-secrets-token', odd);
      assert.equal(new m.ApiToken('https://a.example/').get(), null, odd);
    }
  } finally {
    delete globalThis.sessionStorage;
    delete globalThis.localStorage;
  }
  assert.equal(m.readToken(` ${'k'.repeat(43)}\n`), 'k'.repeat(43));
  for (const none of ['', 'short', 'with a blank in it, long enough', `${'k'.repeat(20)}ü`, 'k'.repeat(257)]) assert.equal(m.readToken(none), null);
});

test('a refusal of creators says which right is missing', () => {
  const failure = m.failureOf(new m.ApiError(401, { code: 'creators_only' }, null));
  assert.equal(m.shareMessage(failure, true).text, 'tokenWrong');
  assert.equal(m.shareMessage(failure, false).text, 'createEnded');
});
