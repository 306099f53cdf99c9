// SPDX-License-Identifier: MIT
// Every state of the views of requests, and how to bring it about: for the accessibility tests and the screenshots.
import { askFor, button, changeConfig, field } from './stage.mjs';

const NOTE = 'The password of the staging database, please.\nIt is for the migration on Tuesday.';

const ask = (page, site, options) => askFor(NOTE, options, page, site);

/** The other tab of a page, which costs two processes: it is opened once, and waits at a file that is no page. */
const otherTabs = new WeakMap();

/** Answer in another tab. */
async function answer(page, link, secret) {
  if (!otherTabs.has(page)) otherTabs.set(page, await page.context().newPage());
  const tab = otherTabs.get(page);
  await tab.goto(link);
  await tab.locator('textarea').fill(secret);
  await button('Send', tab).click();
  await tab.getByText('Only the person who asked can read it.').waitFor();
  await tab.goto(new URL('SHA256SUMS', link).href);
}

async function openRequest(page, site, change = (link) => link) {
  const { link } = await ask(page, site);
  await page.goto(change(link));
  await button('Send', page).waitFor();
  return link;
}

async function collect(page, site, answers) {
  const asked = await ask(page, site, async () => {
    await page.locator('button.word').first().click();
    await field('3', page.getByRole('dialog')).check();
    await button('Done', page).click();
  });
  for (const secret of answers) await answer(page, asked.link, secret);
  await page.goto(asked.collect);
  await button('End the request', page).waitFor();
  return asked;
}

/** name → async (page, site): afterwards `page` shows it. */
export const askStates = {
  ask: async (page, site) => {
    await page.goto(`${site.url}#ask`);
    await field('What do you need?', page).waitFor();
  },
  'ask-answers': async (page, site) => {
    await askStates.ask(page, site);
    await page.locator('button.word').first().click();
    await page.getByRole('dialog').waitFor();
  },
  'ask-nothing': async (page, site) => {
    await askStates.ask(page, site);
    await button('Create request link', page).click();
    await page.getByText('Say what you need first.').waitFor();
  },
  'ask-not-allowed': async (page, site) => {
    await changeConfig({ create: { allowed: false, ways: ['token'] } }, page);
    await page.goto(`${site.url}#ask`);
    await field('API token', page).waitFor();
  },
  'request-card': async (page, site) => {
    await ask(page, site);
    await page.getByText('No answer yet').waitFor();
  },
  'request-answered': async (page, site) => {
    const { link } = await ask(page, site);
    await answer(page, link, 'hunter2');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await button('Read the answer', page).waitFor();
  },
  'request-read': async (page, site) => {
    await askStates['request-answered'](page, site);
    await button('Read the answer', page).click();
    await button('Copy', page).waitFor();
  },
  'request-ended': async (page, site) => {
    await ask(page, site);
    await button('End the request', page).click();
    await button('Yes, end it', page).click();
    await page.getByText('Ended. Nobody can answer any more.').waitFor();
  },
  'requests-kept': async (page, site) => {
    await ask(page, site);
    await page.getByLabel('Keep the private link in this browser').check();
    await page.reload();
    await page.getByText('No answer yet').waitFor();
  },
  answering: openRequest,
  'answering-exposed': (page, site) => openRequest(page, site, (link) => link.replace('#', '%23')),
  answered: async (page, site) => {
    await openRequest(page, site);
    await page.locator('textarea').fill('hunter2');
    await button('Send', page).click();
    await page.getByText('Not opened yet').waitFor();
  },
  'answered-before': async (page, site) => {
    page.allow = /404/;
    const link = await openRequest(page, site);
    await answer(page, link, 'hunter2');
    await page.goto(link);
    await page.getByText('You answered today').waitFor();
  },
  'request-over': async (page, site) => {
    page.allow = /404/;
    await page.goto(`${site.url}#r.${'A'.repeat(22)}.${'B'.repeat(32)}`);
    await page.getByText('This request is over').waitFor();
  },
  'request-forged': async (page, site) => {
    const { link } = await ask(page, site);
    await page.goto(link.replace(/.{8}$/, 'AAAAAAAA'));
    await page.getByText('This request cannot be trusted').waitFor();
  },
  'collecting-none': (page, site) => collect(page, site, []),
  'collecting-some': (page, site) => collect(page, site, ['hunter2', 'hunter3']),
  'collecting-opened': async (page, site) => {
    await collect(page, site, ['hunter2', 'hunter3']);
    await page.locator('.answers li button').first().click();
    await button('Copy', page).waitFor();
  },
  'collecting-read': async (page, site) => {
    const { link, collect: own } = await ask(page, site);
    await answer(page, link, 'hunter2');
    await page.goto(own);
    await button('Open', page).or(page.locator('.answers li button')).first().click();
    await button('Copy', page).click();
    await button('Back to the request', page).click();
    await page.getByText('The answer can be opened no more.').waitFor();
  },
  'collecting-ended': async (page, site) => {
    await askStates['collecting-none'](page, site);
    await button('End the request', page).click();
    await button('Yes, end it', page).click();
    await page.getByText('Ended. Nobody can answer any more.').waitFor();
  },
  'collecting-exposed': async (page, site) => {
    const { collect: link } = await ask(page, site);
    await page.goto(link.replace('#', '%23'));
    await button('Show the request', page).waitFor();
  },
  'collecting-exposed-ended': async (page, site) => {
    await askStates['collecting-exposed'](page, site);
    await button('End the request', page).click();
    await page.getByText('The request was ended').waitFor();
  },
};
