// SPDX-License-Identifier: MIT
// Secrets for the holder of a key.
import test from 'node:test';
import assert from 'node:assert/strict';
import { shareSecret } from '../support/site.mjs';
import { button, page, setStage, site, text } from '../support/stage.mjs';

setStage();

test('a secret whose passphrase is encrypted to a key: the page shows the command, and sends and asks nothing', async () => {
  const { id, link, receipt } = await shareSecret(site, 'for the holder of a key', { passphrase: 'stands for the wrapped one' });
  await page.route(`**/api/v1/secrets/${id}`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), wrap: true } });
  });
  const sent = [];
  page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()); });
  await page.goto(link);
  await text('A secret for the holder of a key').waitFor();
  await button('Copy command').click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `secrets get -i key.txt '${link}'`);
  assert.equal(await page.locator('main input').count(), 0);
  assert.equal(await button('Open').count(), 0);
  assert.deepEqual(sent, []);
  assert.equal((await receipt()).state, 'waiting');
});
