// SPDX-License-Identifier: MIT
// The flows of the page in Firefox and WebKit, as the other tests have them in Chromium, and what each of the three
// does without. An engine that is not installed is skipped, with the reason. ENGINES=firefox runs one of them, and
// ENGINE_SHOTS=FOLDER keeps pictures. In `make check` it is Chromium (tools/check).
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detail } from '../support/brief.mjs';
import { engineNames, startEngine, whyMissing } from '../support/engines/engine.mjs';
import { featureGroups, neededFeatures, optionalFeatures, without } from '../support/engines/features.mjs';
import { startPrelude } from '../support/engines/prelude.mjs';
import { startSite } from '../support/site.mjs';

const chosen = process.env.ENGINES?.split(',') ?? engineNames;

let site;
let shipped;
let folder;
before(async () => {
  site = await startSite();
  shipped = await startSite({ shipped: true });
  folder = await mkdtemp(join(tmpdir(), 'page-engines-'));
});
after(async () => {
  await site?.stop();
  await shipped?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The link of the first card. */
const linkOn = (engine) => engine.evaluate(() => document.querySelector('.link code').textContent);

async function createLink(engine) {
  await engine.press('Create link');
  await engine.text('Not opened yet');
  return linkOn(engine);
}

async function shareText(engine, url, text) {
  await engine.open(url);
  await engine.type('textarea', text);
  return createLink(engine);
}

/** Choose in the popover of what else it takes to open. */
async function protect(engine, ...steps) {
  await engine.click('.unbroken:last-of-type button');
  for (const step of steps) await step();
  await engine.press('Done');
}

async function openLink(engine, link) {
  await engine.open(link);
  await engine.press('Open');
}

async function shownText(engine) {
  await engine.find('button', 'Copy');
  await engine.press('Show');
  return engine.evaluate(() => document.querySelector('pre').textContent);
}

async function shareFile(engine, url, name, bytes) {
  const path = join(folder, `${engine.name}-${name}`);
  await writeFile(path, bytes);
  await engine.open(url);
  await engine.text('Add files');
  await engine.addFile(path);
  await engine.text('One file');
  return createLink(engine);
}

async function savedFile(engine, name) {
  await engine.press('Save');
  await engine.text('Handed to your browser');
  const bytes = await engine.downloaded(name);
  await engine.press('It is there');
  await engine.text('Saved. Every byte was verified.');
  return bytes;
}

const classic = (path, body) => fetch(`${site.url}${path}`, { method: 'POST', body }).then((response) => response.json());

describe('engines', { concurrency: true }, () => {
  for (const name of chosen) {
    describe(name, { skip: whyMissing(name), concurrency: 1 }, () => {
      let engine;
      let cheap;
      let full;
      /** Where the page of this test is: it derives at the least cost but where the test calls deriveFully. */
      let proxy;
      before(async () => {
        cheap = await startPrelude(site.url);
        full = await startPrelude(shipped.url);
        engine = await startEngine(name);
      });
      after(async () => {
        await engine?.close();
        await cheap?.stop();
        await full?.stop();
      });
      const begin = (at) => {
        proxy = at;
        proxy.before = '';
        proxy.faults.length = 0;
      };
      const deriveFully = () => begin(full);
      beforeEach(() => begin(cheap));

      /** Nothing failed, was refused by the policy, or was noted by the browser. */
      async function assertQuiet() {
        assert.deepEqual(proxy.faults, []);
        assert.deepEqual(await engine.console(proxy.url), []);
      }

      const flow = name === 'chromium' ? () => undefined : test;

      flow('a text is shared, looked up, opened once, and erased', async () => {
        deriveFully();
        const secret = 'correct horse\n"battery" שלום <b>staple</b>';
        await engine.open(proxy.url);
        await engine.text('Share a secret');
        await engine.shoot('empty');
        const link = await shareText(engine, proxy.url, secret);
        await engine.shoot('result');
        await openLink(engine, link);
        await engine.find('button', 'Copy');
        assert.equal(await engine.evaluate(() => location.href), proxy.url, 'the link leaves the address bar');
        await engine.shoot('covered');
        assert.equal(await shownText(engine), secret);
        await engine.text('The secret has been erased from the server');
        await engine.shoot('shown');
        await engine.reload();
        await engine.text('This page showed a secret');
        await engine.open(link);
        await engine.text('This secret is gone');
        await engine.open(proxy.url);
        await engine.text('then erased from the server.');
        await engine.shoot('receipt');
        await assertQuiet();
      });

      flow('one asks, another answers, and the first reads it', async () => {
        await engine.open(`${proxy.url}#ask`);
        await engine.type('textarea', 'the password of staging');
        await engine.press('Create request link');
        await engine.text('No answer yet');
        await engine.shoot('request');
        await engine.press('Show');
        const [link, collect] = await engine.evaluate(() => [...document.querySelectorAll('.card code')].map((one) => one.textContent));
        await engine.open(link);
        await engine.text('the password of staging');
        await engine.type('textarea', 'hunter2');
        await engine.shoot('answering');
        await engine.press('Send');
        await engine.text('Not opened yet');
        await engine.open(collect);
        await engine.click('.answers button');
        assert.equal(await shownText(engine), 'hunter2');
        await assertQuiet();
      });

      test('what the policy refuses is noticed', async () => {
        await engine.open(proxy.url);
        await engine.text('Share a secret');
        await engine.evaluate(() => { document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:1/x.png' })); });
        while (proxy.faults.length === 0) await new Promise((done) => { setTimeout(done, 20); });
        assert.match(proxy.faults[0], /^policy: img-src /);
        // An engine may note it more than once, and late: nothing of it is left for the next test.
        const noted = [];
        for (let last = -1; last !== noted.length; await new Promise((done) => { setTimeout(done, 500); })) {
          last = noted.length;
          noted.push(...(await engine.console(proxy.url)));
        }
        if (name !== 'webkit') assert.match(noted.join(), /img-src/); // which tells nothing of its console
      });

      flow('a file in parts is shared, saved and confirmed', async () => {
        const bytes = randomBytes(3_000_000);
        const link = await shareFile(engine, proxy.url, 'report ü.bin', bytes);
        await openLink(engine, link);
        await engine.find('button', 'Save');
        await engine.shoot('file');
        assert.ok((await savedFile(engine, `${name}-report ü.bin`)).equals(bytes));
        await engine.text('The secret has been erased from the server');
        await assertQuiet();
      });

      flow('a passphrase and the key apart', async () => {
        await engine.open(proxy.url);
        await engine.type('textarea', 'twice protected');
        await protect(engine,
          () => engine.click('label', 'A passphrase of your own'),
          () => engine.type('[role=dialog] input[type=password]', 'a passphrase'),
          () => engine.click('label', 'Send the key separately from the link'),
          () => engine.shoot('popover'));
        const link = await createLink(engine);
        const key = await engine.evaluate(() => document.querySelector('.key code').textContent);
        assert.ok(!link.includes(key));

        await engine.open(link);
        await engine.type('input', key, 'Key');
        await engine.type('input', 'wrong', 'Passphrase');
        await engine.press('Open');
        await engine.text('9 attempts left');
        await engine.shoot('wrong');
        await engine.evaluate(() => { for (const input of document.querySelectorAll('form input')) input.value = ''; });
        await engine.type('input', key, 'Key');
        await engine.type('input', 'a passphrase', 'Passphrase');
        await engine.press('Open');
        assert.equal(await shownText(engine), 'twice protected');
        await assertQuiet();
      });

      flow('classic links: a text and a file', async (t) => {
        if (!site.real) return t.skip('needs secretsd');
        const made = await classic('encrypt', JSON.stringify({ secret: 'classic text' }));
        await engine.open(`${proxy.url}secret/${made.secret_id}`);
        await engine.type('input', made.passphrase, 'Passphrase');
        await engine.press('Open');
        assert.equal(await shownText(engine), 'classic text');

        const bytes = randomBytes(5000);
        const file = await classic('encrypt?file_name=old.bin', bytes);
        await engine.open(`${proxy.url}secret/${file.secret_id}`);
        await engine.type('input', file.passphrase, 'Passphrase');
        await engine.press('Open');
        await engine.press('Save');
        assert.ok((await engine.downloaded('old.bin')).equals(bytes));
        await assertQuiet();
        return undefined;
      });

      const opened = async (link) => {
        await openLink(engine, link);
        return engine;
      };

      /** A text and a file make it from one end to the other. */
      async function assertWorks(what) {
        assert.equal(await shownText(await opened(await shareText(engine, proxy.url, what))), what);
        const bytes = randomBytes(300_000);
        const link = await shareFile(engine, proxy.url, 'f.bin', bytes);
        assert.ok((await savedFile(await opened(link), `${name}-f.bin`)).equals(bytes));
        assert.deepEqual(proxy.faults, [], what);
      }

      test('newer features are done without, all at once', async () => {
        proxy.before = without(...optionalFeatures);
        await assertWorks('nothing new');
        // The control: the page is told when the script before it is run.
        assert.equal(await engine.evaluate(() => 'any' in AbortSignal || 'locks' in navigator), false);
      });

      // What one browser does with each of them gone the others do as well.
      const once = name === 'chromium' ? detail : () => undefined;
      once('newer features are done without, some at a time', async () => {
        assert.deepEqual(featureGroups.flat().sort(), [...optionalFeatures].sort());
        for (const group of featureGroups) {
          proxy.before = without(...group);
          await assertWorks(group.join());
        }
      });

      test('a browser that lacks what is needed says so before anything is typed', async () => {
        // One language and one page: each feature in one engine, and some in all.
        for (const feature of name === 'chromium' ? neededFeatures : ['crypto.subtle', 'dialog.showModal']) {
          proxy.before = without(feature);
          await engine.open(proxy.url);
          await engine.text('This browser is too old');
          await engine.text(`(${feature})`);
          assert.equal(await engine.evaluate(() => document.querySelector('textarea')), null, feature);
        }
        await engine.shoot('too-old');
      });
    });
  }
});
