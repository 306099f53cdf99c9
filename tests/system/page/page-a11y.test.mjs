// SPDX-License-Identifier: MIT
// axe on every state of the page.
import test from 'node:test';
import assert from 'node:assert/strict';
import { clear, COLOURS, page, PLACES, startAxe, testStates } from '../support/axe.mjs';
import { site } from '../support/stage.mjs';
import { states } from '../support/states.mjs';

testStates(states);

test('a page that is not accessible is noticed', async () => {
  await clear();
  await page.goto(site.url);
  await page.locator('textarea').waitFor();
  const violations = await startAxe();
  await page.evaluate(() => document.querySelector('main').append(document.createElement('input')));
  assert.match((await violations()).join(), /label/);
  assert.deepEqual(await violations(COLOURS), []);
  await page.evaluate(() => { document.querySelector('main').append('pale'); document.querySelector('main').style.color = 'rgb(120 120 120 / 0.2)'; });
  assert.match((await violations(COLOURS)).join(), /color-contrast/);

  assert.deepEqual(await violations(PLACES), []);
  await page.evaluate(() => {
    for (let i = 0; i < 2; i++) document.querySelector('main').append(Object.assign(document.createElement('button'), { textContent: '.', style: 'all: unset; display: block; width: 6px; height: 6px' }));
  });
  assert.match((await violations(PLACES)).join(), /target-size/);
});
