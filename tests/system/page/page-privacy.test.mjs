// SPDX-License-Identifier: MIT
// Every byte that the browser sends while it shares and opens: neither plaintext, name, passphrase,
// key nor fragment is among them, in no spelling.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createLink, field, ownPassphrase, page, savedFile, setStage, site } from '../support/stage.mjs';
import { startWire } from '../support/wire.mjs';

const TEXT = 'Canary-of-the-plaintext-4711';
const NAME = 'canary-file-name-0815.pdf';
const PASSPHRASE = 'canary passphrase 2342';

/** `word` as it may be spelt on the wire. */
function spellings(word) {
  const out = [word, encodeURIComponent(word), Buffer.from(word).toString('hex'), Buffer.from(word, 'utf16le').toString('latin1')];
  for (let shift = 0; shift < 3; shift++) {
    // Base64 of any text that holds the word: the characters that do not depend on its neighbours.
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(word)]);
    for (const kind of ['base64', 'base64url']) out.push(text.toString(kind).replace(/=+$/, '').slice(shift + 2, -3));
  }
  return out;
}

function found(wire, words) {
  const sent = Buffer.concat(wire.sent).toString('latin1').toLowerCase();
  return words.flatMap((word) => spellings(word).filter((spelt) => sent.includes(spelt.toLowerCase())));
}

setStage();

test('neither plaintext, name, passphrase, key nor fragment leaves the browser', async (t) => {
  const wire = await startWire(site.url);
  t.after(() => wire.stop());
  wire.record = true;
  const words = [TEXT, NAME, PASSPHRASE];
  const share = async (fill) => {
    await page.goto(wire.url);
    await fill();
    await ownPassphrase(PASSPHRASE);
    const link = await createLink();
    const [, fragment] = link.split('#');
    words.push(fragment, fragment.split('.')[1]);
    return link;
  };
  const open = async (link) => {
    await page.goto(link);
    await field('Passphrase').fill(PASSPHRASE);
    await page.keyboard.press('Enter');
  };

  const textLink = await share(() => page.locator('textarea').fill(TEXT.repeat(50)));
  await open(textLink);
  await page.getByText('That was the last opening').waitFor();
  const file = { name: NAME, mimeType: 'application/x-canary-type', buffer: Buffer.from(TEXT.repeat(20_000)) };
  words.push(file.mimeType);
  const fileLink = await share(() => page.locator('input[type=file]').setInputFiles(file));
  await open(fileLink);
  await savedFile();
  await page.getByText('That was the last opening').waitFor();

  assert.deepEqual(found(wire, words), []);
  const sent = Buffer.concat(wire.sent).toString('latin1');
  assert.ok(!/^referer:/im.test(sent), 'a Referer was sent');
  assert.ok(!/^cookie:/im.test(sent), 'a Cookie was sent');
  assert.ok(sent.length > 500_000 && /"verifier"/.test(sent) && /PUT \S+\/parts\/0/.test(sent), 'the recording holds the requests');

  // The same search finds each of them where it is sent.
  page.allow = /405/;
  for (const word of words) {
    wire.sent = [];
    await page.evaluate((body) => fetch('healthz', { method: 'POST', body: btoa(`..${body}`) }), word);
    assert.notDeepEqual(found(wire, [word]), [], word);
  }
});
