// SPDX-License-Identifier: MIT
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { load, top } from './lib/load.mjs';

test('the page is TypeScript without errors', () => {
  // What was found is kept in build/: the next time, only what changed since is checked.
  const kept = join(top, 'build/types.tsbuildinfo');
  execFileSync(join(top, 'node_modules/.bin/tsc'), ['-p', join(top, 'web'), '--incremental', '--tsBuildInfoFile', kept], { stdio: 'pipe', encoding: 'utf8' });
});

const ID = 'abcdefghijklmnopqrstuv';
const KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const OLD = 'abcdefghijklmnop';

test('links are read, also as mail gateways leave them', async () => {
  const m = await load('model/link.ts');
  const whole = { kind: 'open', id: ID, key: KEY, exposed: false };
  for (const address of [
    `https://h/#${ID}.${KEY}`, `https://h/sub/path/#${ID}.${KEY}`, `https://h/#%23${ID}.${KEY}`, `https://h/#${ID}%2E${KEY}`, `https://h/#${ID}.${KEY}?utm_source=mail&x=y`,
    `https://h/#${ID}.${KEY}&data=05`, `https://h/?fbclid=abc#${ID}.${KEY}`, `https://h/#${ID}.${KEY}.`, `https://h/#${ID}.${KEY})`,
    `https://h/#/${ID}.${KEY}`, `https://h/#${ID}.${KEY}%20`, `https://h/#${ID}.${KEY}:~:text=word`,
  ]) assert.deepEqual(m.readAddress(address), whole, address);
  for (const address of [`https://h/%23${ID}.${KEY}`, `https://h/sub/%23${ID}.${KEY}`, `https://h/%2523${ID}.${KEY}`, `https://h/%23${ID}.${KEY}?x=1`]) {
    assert.deepEqual(m.readAddress(address), { ...whole, exposed: true }, `${address}: the server was sent the key`);
  }
  assert.deepEqual(m.readAddress(`https://h/#${ID}`), { kind: 'open', id: ID, key: null, exposed: false });
  assert.equal(m.readAddress(`https://h/%23${ID}`).exposed, false, 'no key, nothing told');
  for (const address of ['https://h/', 'https://h/#', 'https://h/#%', 'https://h/?a=b', 'https://h/sub/index.html']) {
    assert.deepEqual(m.readAddress(address), { kind: 'share' }, address);
  }
  for (const address of [`https://h/secret/${OLD}`, `https://h/a/secret/${OLD}?x=1`, `https://h/secret/${OLD}/`, `https://h/#${OLD}`]) {
    assert.deepEqual(m.readAddress(address), { kind: 'classic', id: OLD }, address);
  }
  for (const tail of [`${ID}.${KEY.slice(1)}`, `${ID}.${KEY}.x`, 'nonsense', `${ID.slice(1)}.${KEY}`, '%zz', `${ID}.!${KEY}`]) {
    assert.deepEqual(m.readAddress(`https://h/#${tail}`), { kind: 'damaged' }, tail);
  }
});

test('a pasted link of this page is found by itself or in a message, if it is the only one', async () => {
  const m = await load('model/link.ts');
  const link = `https://h/p/#${ID}.${KEY}`;
  for (const text of [link, ` ${link}\n`, `<${link}>`, `A secret for you: ${link}\nOpens once.`, `给你的秘密：${link}\n`, `https://h/p/#c.${ID}.${KEY}`]) assert.ok(m.readOwnLink('https://h/p/', text)?.startsWith('https://h/p/#'), text);
  for (const text of [`${link} ${link}`, `see h/p/#${ID}.${KEY}`, 'look at https://h/p/ first', `https://other/p/#${ID}.${KEY}`, 'https://h/p/', 'https://h/p/#ask', 'hunter2', '', `${link}${'!'.repeat(100_000)}a`]) {
    assert.equal(m.readOwnLink('https://h/p/', text), null, text.slice(0, 100));
  }
});

test('links of requests are read, and built from the same alphabet', async () => {
  const m = await load('model/link.ts');
  const seed = [...KEY].reverse().join('');
  const answer = { kind: 'answer', id: ID, key: KEY, exposed: false };
  const collect = { kind: 'collect', id: ID, seed, key: KEY, exposed: false };
  for (const [link, target] of [[m.buildAnswerLink('https://h/p/', ID, KEY), answer], [m.buildCollectLink('https://h/p/', collect), collect]]) {
    assert.match(link, /^https:\/\/h\/p\/#[A-Za-z0-9.]+$/);
    for (const mangled of [link, `${link}?utm_source=mail`, `${link}.`, `${link})`, link.replace('#', '#%23')]) assert.deepEqual(m.readAddress(mangled), target, mangled);
    assert.deepEqual(m.readAddress(link.replace('#', '%23')), { ...target, exposed: true });
    assert.equal(m.readPastedKey(link), null, 'it opens no secret');
  }
  assert.deepEqual(m.readAddress('https://h/#ask'), { kind: 'ask' });
  for (const tail of [`r.${ID}`, `r.${ID}.${KEY}.x`, `r.${ID}.${seed}.${KEY}`, `c.${ID}.${KEY}`, `c.${ID}.${seed}.${KEY}.x`, `c.${ID}.${seed.slice(1)}.${KEY}`, `x.${ID}.${KEY}`, 'r.', 'c']) {
    assert.equal(m.readAddress(`https://h/#${tail}`).kind, 'damaged', tail);
  }
});

test('links are built from the alphabet that nothing mangles, and read back', async () => {
  const m = await load('model/link.ts');
  const r = await load('base/random.ts');
  for (let i = 0; i < 50; i++) {
    const key = r.mintLinkKey();
    const link = m.buildLink('https://h/p/', ID, key);
    assert.match(link, /^https:\/\/h\/p\/#[A-Za-z0-9.]+$/);
    assert.deepEqual(m.readAddress(link), { kind: 'open', id: ID, key, exposed: false });
  }
  assert.deepEqual(m.readAddress(m.buildLink('https://h/', ID, null)), { kind: 'open', id: ID, key: null, exposed: false });
});

test('a pasted key is found bare or in a whole link', async () => {
  const m = await load('model/link.ts');
  assert.equal(m.readPastedKey(` ${KEY}\n`), KEY);
  assert.equal(m.readPastedKey(`https://h/#${ID}.${KEY}`), KEY);
  for (const [before, after] of [['“', '”'], ['**', '**'], ['`', '`'], ['<', '>'], ['\u200b', '\ufeff'], ['\u00a0', '\u3000'], ['Key: ', ''], ['(', ')']]) {
    if (before !== 'Key: ') assert.equal(m.readPastedKey(before + KEY + after), KEY, before);
    assert.equal(m.readPastedKey(`${before}https://h/#${ID}.${KEY}${after}`), KEY, before);
  }
  for (const text of ['', 'short', `${KEY}x`, `https://h/#${ID}`]) assert.equal(m.readPastedKey(text), null, text);
});

test('a link that a service wrapped is read out of its wrapper', async () => {
  const m = await load('model/link.ts', 'model/unwrap.ts');
  const link = `https://h.example/p/#${ID}.${KEY}`;
  const encoded = encodeURIComponent(link);
  const dashed = encoded.replaceAll('%', '-').replaceAll('-2F', '_');
  const wrapped = [
    `https://eur01.safelinks.protection.outlook.com/?url=${encoded}&data=05%7C02&reserved=0`,
    `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(`https://h.example/p/`)}&data=05#${ID}.${KEY}`,
    `https://www.google.com/url?q=${encoded}&sa=D&ust=1`, `https://www.google.de/url?sa=t&url=${encoded}`,
    `https://l.facebook.com/l.php?u=${encoded}&h=AT0`, `https://www.youtube.com/redirect?q=${encoded}`,
    `https://urldefense.proofpoint.com/v1/url?u=${encoded}&k=1`, `https://urldefense.proofpoint.com/v2/url?u=${dashed}&d=DwMFaQ`,
    `https://urldefense.com/v3/__https://h.example/p/*${ID}.${KEY}__;Iw!!token$`,
    `https://urldefense.com/v3/__https:/h.example/p/*${ID}.${KEY}__;Iw!!token$`,
    `https://unknown.example/jump?to=${encoded}&x=1`,
    `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(`https://www.google.com/url?q=${encoded}`)}`,
  ];
  for (const address of wrapped) {
    assert.equal(m.unwrapLink(address), link, address);
    assert.equal(m.readPastedKey(`“${address}”`), KEY, address);
  }
  // What is no wrapper of a link stays what it is.
  for (const address of [link, 'https://www.google.com/url?q=cats', 'https://urldefense.com/v3/__x', 'nonsense', '']) assert.equal(m.unwrapLink(address), address);
});
