// SPDX-License-Identifier: MIT
// Only the server's responses count (docs/DESIGN.md, P11). A proxy answers at random in the server's place,
// cuts connections after some bytes, and slows down to 12 KiB/s, while the page and the client share, open
// and look: nothing is lost, burnt, called gone or called wrong because of it.
//
// ROUNDS (20) rounds; SEED chooses what happens.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { newPage, startBrowser } from '../support/browser.mjs';
import { exit, newHome } from '../support/cli.mjs';
import { moods, startForeign } from '../support/foreign.mjs';
import { patience, startServer } from '../support/server.mjs';
import { button, field, text } from '../support/stage.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 20);
const SEED = Number(process.env.SEED ?? 7);
let seed = SEED;
const random = () => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

let server;
let proxy;
let cli;
let browser;
before(async () => {
  server = await startServer({ env: { SECRETS_PART_SIZE: '65536' } });
  proxy = await startForeign(server.url, random);
  cli = await newHome(proxy.url);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await cli?.remove();
  await proxy?.stop();
  await server?.stop();
});

/** Do ${act} while the mood changes; with ${calm} the line is clean. Resolves to what it resolves to. */
async function inMoods(calm, act) {
  const change = () => { proxy.mood = calm ? 'clean' : pick(moods); };
  change();
  const changing = setInterval(change, 150);
  try {
    return await act();
  } finally {
    clearInterval(changing);
    proxy.mood = 'clean';
  }
}

/** How a run of the client may end while something else answers: never with a secret that is gone, wrong, damaged or refused. */
const HONEST = [exit.done, exit.network, exit.unfinished];
/** What is said then: what happened, and what it means for what was begun. */
const SAID = /^secrets: (a proxy responded instead of http:\S+, with (status \d{3}|a redirect to http:\S+)|no response from http:\S+: .+?)(; the upload is not finished( yet)?|; the view is kept for you for \d+ minutes)?$/m;

/** Run the client, first in changing moods and then on a clean line, until it is done. Resolves to the last run. */
async function insist(args, retry = args) {
  for (let i = 0; i < 8; i++) {
    const r = await inMoods(i >= 2, () => cli.run(i === 0 ? args : retry, { timeout: 60_000 }));
    // Uploads whose 201 was lost are in the way until they have been idle for 15 s.
    if (r.code === exit.refused && /^secrets: too many uploads from here/m.test(r.stderr)) {
      await sleep(15_000);
      continue;
    }
    assert.ok(HONEST.includes(r.code), `${args.join(' ')}: ${r.code}: ${r.stderr}`);
    if (r.code === exit.done) return r;
    assert.match(r.stderr, SAID);
    // An upload that the client reported is finished, not begun again.
    if (r.code === exit.unfinished && args[0] === 'put') {
      const done = await insist(['put', '--resume', '--patience', '1s']);
      return { ...done, stdout: r.stdout };
    }
  }
  return assert.fail(`never done: ${args.join(' ')}`);
}

const byClient = {
  async share(content, name) {
    const file = join(cli.folder, name);
    writeFileSync(file, content);
    const put = await insist(['put', '--json', '--patience', '1s', file]);
    rmSync(file);
    const { link } = JSON.parse(put.stdout);
    return { link, opened: async () => JSON.parse((await insist(['receipt', '--json', '--patience', '1s', link])).stdout).state };
  },
  async open(link, name) {
    const out = join(cli.folder, `got-${name}`);
    await insist(['get', '--patience', '1s', '-o', out, link]);
    const content = readFileSync(out);
    rmSync(out);
    return content;
  },
};

/** What the page never says here, and one of what it says where it stops: what happened. */
const WRONG = /is gone|is damaged|is locked|opening is over|passphrase is wrong|key is wrong|misconfigured|Something went wrong|out of space|accepts/;
const HONEST_STOP = /A proxy responded instead of \S+, with status \d+\.|asks you to sign in|cannot be reached|not responding|server is busy|response never arrived|interrupted/;

const isShown = (what) => what.first().isVisible().catch(() => false);

/** Press what the page offers of ${names}, twice in changing moods and then on a clean line, until ${isDone}. */
async function press(page, isDone, ...names) {
  const began = Date.now();
  for (let tries = 0; !(await isDone()); tries++) {
    const calm = tries >= 2;
    await inMoods(calm, async () => {
      for (const name of names)
        if (await isShown(button(name, page))) {
          await button(name, page).first().click({ timeout: 1000 }).catch(() => undefined); // it may have gone
          break;
        }
      const stopped = async () => !calm && isShown(button('Try again', page));
      for (let n = 0; n < (calm ? 2 : 4) && !(await isDone()) && !(await stopped()); n++) {
        await page.evaluate(() => { dispatchEvent(new Event('online')); document.dispatchEvent(new Event('visibilitychange')); }); // it waits no longer
        for (const until = Date.now() + 400; Date.now() < until && !(await isDone());) await sleep(30);
      }
    });
    let said = await page.locator('main').innerText();
    assert.doesNotMatch(said, WRONG);
    // What was said is gone a moment before the button that was pressed.
    for (let n = 0; n < 40 && !calm && !HONEST_STOP.test(said) && await isShown(button('Try again', page)); n++) {
      await sleep(50);
      said = await page.locator('main').innerText();
    }
    if (!calm && await isShown(button('Try again', page))) assert.match(said, HONEST_STOP);
    assert.ok(Date.now() < began + 120_000 * patience, `never done: ${said}`);
  }
}

async function newVisitor() {
  const page = await newPage(browser, { locale: 'en-GB' });
  page.allow = /./; // what the browser says of refusals is not what this test is about
  return page;
}

const byPage = {
  async share(content, name) {
    const page = await newVisitor();
    await page.goto(proxy.url);
    await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: content });
    await press(page, () => isShown(text('Not opened yet', page)), 'Try again', 'Create link');
    const link = await field('Link', page).first().textContent();
    return {
      link,
      async opened() {
        await press(page, () => isShown(text(/^Opened/, page)));
        await page.context().close();
        return 'used_up';
      },
    };
  },
  async open(link) {
    const page = await newVisitor();
    let saved;
    page.on('download', (download) => { saved = download; });
    await page.goto(link);
    await press(page, () => saved !== undefined, 'Try again', 'Open', 'Save');
    const content = readFileSync(await saved.path());
    await button('It is there', page).click();
    await page.context().close();
    return content;
  },
};

const turns = [[byClient, byClient], [byPage, byClient], [byClient, byPage], [byPage, byPage]];

test(`${ROUNDS} rounds of sharing and opening through a proxy that answers for the server`, { timeout: (60 + ROUNDS * 60) * 1000 * patience }, async (t) => {
  t.diagnostic(`SEED=${SEED}`);
  for (let round = 0; round < ROUNDS; round++) {
    const [sender, reader] = turns[round % turns.length];
    const content = randomBytes(round % 3 === 0 ? 300 : 400_000);
    const name = `file-${round}`;
    const shared = await sender.share(content, name);
    assert.deepEqual(await reader.open(shared.link, name), content, `round ${round}`);
    assert.equal(await shared.opened(), 'used_up', `round ${round}`);
  }
  t.diagnostic(JSON.stringify(proxy.counts));
  for (const mood of moods) assert.ok(ROUNDS < 100 || proxy.counts[mood] > 0, `${mood} never came`);
});
