// SPDX-License-Identifier: MIT
// Requests for a secret, and secrets for the holder of a key.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { detail } from '../support/brief.mjs';
import { shareSecret } from '../support/site.mjs';
import { askFor, asksToLeave, button, changeConfig, changeJson, choose, clipboard, elsewhere, field, page, refusal, savedFile, setStage, sha, shownText, site, text, until } from '../support/stage.mjs';

setStage();

const focused = () => page.evaluate(() => document.activeElement.textContent);

const answerWith = (link, secret) => elsewhere(async (other) => {
  await other.goto(link);
  await other.locator('textarea').fill(secret);
  await button('Send', other).click();
  await text('Only the person who asked can read it.', other).waitFor();
});

/** Open the answer in row `n`, and read it. */
async function readAnswer(n = 0, where = page) {
  await where.locator('.answers li button').nth(n).click();
  return shownText(where);
}

/** Leave a text that was read, which the page asks about. */
async function back(where = page) {
  const go = (place) => place.getByRole('button', { name: /^Back to the (request|answers)$/ }).click();
  await go(where);
  await go(where.getByRole('dialog'));
}

test('one asks, another answers, and only the first reads it', async () => {
  const note = 'The password of <b>staging</b>\nhttps://evil.example/ \u202e please';
  const { link, collect } = await askFor(note);
  assert.match(link, /\/#r\.[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}$/);
  assert.match(collect, /\/#c\.[A-Za-z0-9]{22}\.[A-Za-z0-9]{32}\.[A-Za-z0-9]{32}$/);
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
  await text('No answer yet').waitFor();

  const seen = await elsewhere(async (other) => {
    const sent = [];
    other.on('request', (request) => sent.push(request.url() + (request.postData() ?? '')));
    await other.goto(link);
    await text('You are asked for a secret', other).waitFor();
    assert.equal(await other.locator('blockquote').textContent(), note);
    assert.equal(await other.locator('blockquote a, blockquote b').count(), 0);
    assert.ok(await text(`${new URL(site.url).host} does not know who they are`, other).isVisible());
    await other.locator('textarea').fill('hunter2');
    await button('Send', other).click();
    await text('Not opened yet', other).waitFor();
    assert.equal(other.url(), site.url);
    return sent.join('\n');
  });
  for (const part of [link.split('.').at(-1), 'hunter2', 'staging']) assert.ok(!seen.includes(part), part);

  // The card polls every ten seconds, and at once when the page is looked at again.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await button('Read the answer').click();
  await page.getByRole('heading', { name: 'The answer', exact: true }).waitFor(); // the only one opens without a list
  assert.equal(await shownText(), 'hunter2');
  await text('You asked for:').waitFor();
  await back();
  await page.getByText('Opened', { exact: true }).waitFor();
  await text('The answer can be opened no more.').waitFor();
  assert.equal(await page.locator('.answers li button').count(), 0);
  page.allow = /404/;
  await page.goto(link);
  await text('This request is over').waitFor();
});

detail('the private link reads the answers in another browser, and a file comes whole', async () => {
  const { link, collect } = await askFor('two things', () => choose(0, (dialog) => field('2', dialog).check()));
  await text('Takes 2 answers, until').waitFor();
  const bytes = randomBytes(700_000);
  await elsewhere(async (other) => {
    await other.goto(link);
    await other.locator('input[type=file]').setInputFiles({ name: 'key.pem', mimeType: '', buffer: bytes });
    await button('Send', other).click();
    await text('Only the person who asked can read it.', other).waitFor();
  });
  await answerWith(link, 'and a text');
  await elsewhere(async (other) => {
    await other.goto(collect);
    await other.locator('.answers li').nth(1).waitFor();
    await other.locator('.answers li button').first().click();
    await text('It can be opened nowhere else now.', other).waitFor();
    await button('Back to the answers', other).click();
    await text('You will lose what was opened here. This is the last copy.', other).waitFor();
    await button('Stay here', other).click();
    const { name, bytes: saved } = await savedFile(other);
    assert.deepEqual([name, sha(saved)], ['key.pem', sha(bytes)]);
    await button('Back to the answers', other).click();
    await other.getByText('Opened', { exact: true }).waitFor();
    assert.equal(other.url(), collect); // one is left, and a reload must not lose it
    assert.equal(await readAnswer(0, other), 'and a text');
    await back(other);
    await until(async () => await other.locator('.answers li button').count() === 0, 'both are opened');
    await until(() => other.url() === site.url, 'the link has left the address bar');
  });
});

test('this browser keeps the private link only as the person chooses, and forgets it', async () => {
  const { link, collect } = await askFor('kept');
  await page.getByLabel('Keep the private link in this browser').check();
  await text('It is kept in this browser.').waitFor();
  assert.ok((await page.evaluate(() => localStorage.getItem('ephemeral-secrets-requests'))).includes(collect.split('.')[2]));
  await page.goto(link);
  await text('This is your own request.').waitFor();
  await button('Show the request').click();
  await text('You asked for:').waitFor();
  await page.goto(site.url);
  await page.getByRole('link', { name: 'One request kept in this browser' }).click();
  await text('Requests kept in this browser').waitFor();
  await page.getByRole('button', { name: 'Show the request: kept' }).click();
  await text('You asked for:').waitFor();
  assert.ok(await page.getByLabel('Keep the private link in this browser').isChecked());
  await page.getByLabel('Keep the private link in this browser').uncheck();
  assert.equal(await page.evaluate(() => localStorage.getItem('ephemeral-secrets-requests')), null);
  await button('Copy private link').click();
  assert.equal(await clipboard(), collect);
  await button('End the request').click();
  await button('Yes, end it').click();
  await text('Ended. Nobody can answer any more.').waitFor();
});

test('the view to ask is offered where the server takes requests, and is left without a trace', async () => {
  await page.goto(site.url);
  await page.getByRole('link', { name: 'Ask someone for a secret' }).click();
  await text('Ask for a secret').waitFor();
  await button('Create request link').click();
  await text('Say what you need first.').waitFor();
  await field('What do you need?').fill('x'.repeat(5000));
  await button('Create request link').click();
  await text('This note is too long').waitFor();
  await page.getByRole('link', { name: 'Share one instead' }).click();
  await page.getByRole('heading', { name: 'Leave this page?' }).waitFor();
  await button('Leave').click();
  await text('Share a secret').waitFor();

  await changeConfig({ features: ['gate'] });
  await page.goto(`${site.url}#ask`);
  await text('Share a secret').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Ask someone for a secret' }).count(), 0);
});

test('a link that is lost would lose the answers, so the page asks', async () => {
  const { link } = await askFor('do not lose it');
  await page.evaluate((to) => { location.hash = to; }, link.split('#')[1]);
  await text('You will lose the private link of your request').waitFor();
  await button('Stay here').click();
  await button('Copy private link').click();
  await text('Copied').waitFor();
  await page.evaluate(() => { location.hash = ''; });
  await page.evaluate((to) => { location.hash = to; }, link.split('#')[1]);
  await text('You are asked for a secret').waitFor();
});

/** How often the browser asks before it reloads. */
async function reloads() {
  let asked = 0;
  const count = (dialog) => {
    asked += dialog.type() === 'beforeunload' ? 1 : 0;
    return dialog.dismiss();
  };
  page.on('dialog', count);
  await page.evaluate(() => { setTimeout(() => location.reload(), 0); });
  await new Promise((done) => setTimeout(done, 1000));
  page.off('dialog', count);
  return asked;
}

test('the browser asks before it leaves the only copy of a private link', async () => {
  await askFor('The key');
  assert.equal(await reloads(), 1);
  await button('Copy private link').click();
  await text('Copied').waitFor();
  assert.equal(await reloads(), 0);
});

test('a private link that another copy took from the clipboard is the only copy again', async () => {
  const { link } = await askFor('The key');
  await button('Copy private link').click();
  await text('Copied').waitFor();
  await button('Copy link').click();
  await until(async () => await clipboard() === link, 'the other link is copied');
  assert.equal(await asksToLeave(), true);
  await page.getByRole('link', { name: 'Share one instead' }).click();
  await text('You will lose the private link of your request').waitFor();
  await button('Stay here').click();

  await field('Your private link').evaluate((code) => { getSelection().selectAllChildren(code); document.execCommand('copy'); });
  assert.equal(await asksToLeave(), false);
  await field('Link').first().evaluate((code) => { getSelection().selectAllChildren(code); document.execCommand('copy'); });
  assert.equal(await asksToLeave(), true);
  await page.getByLabel('Keep the private link in this browser').check();
  assert.equal(await asksToLeave(), false);
});

detail('the browser asks before it leaves the answers, whose private link nobody has copied', async () => {
  const { link } = await askFor('The key', () => choose(0, (dialog) => field('2', dialog).check()));
  await answerWith(link, 'hunter2');
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await text('Takes one more answer, until').waitFor();
  await button('Read the answer').click();
  await button('Copy').click();
  await text('Copied').waitFor();
  assert.equal(await asksToLeave(), true); // another answer may come
  await button('Back to the answers').click();
  await button('Copy private link').click();
  await text('Copied').waitFor();
  assert.equal(await asksToLeave(), false);
});

detail('a private link that the browser did not copy is still the only copy', async () => {
  const { link } = await askFor('The key');
  await page.evaluate(() => {
    Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject(new Error('refused')) });
    document.execCommand = () => false;
  });
  await button('Copy private link').click();
  await text('Your browser did not allow copying.').waitFor();
  assert.equal(await reloads(), 1);
  await page.evaluate((to) => { location.hash = to; }, link.split('#')[1]);
  await text('You will lose the private link of your request').waitFor();
});

test('on a phone the private link is seen below the one to send', async () => {
  await page.setViewportSize({ width: 375, height: 667 });
  await askFor('a password');
  await page.evaluate(() => scrollTo(0, 0));
  const { y, height } = await button('Copy private link').boundingBox();
  assert.ok(y + height <= 667, `${y + height}`);
  await text('You can open the answer once').waitFor();
  await text('Only this link can read the answer.').waitFor();
});

test('a request that is ended shows what became of its answers, and keeps nothing', async () => {
  const { link, collect } = await askFor('ended');
  await answerWith(link, 'was never opened');
  await page.goto(collect);
  await page.locator('.answers li button').waitFor();
  await button('End the request').click();
  await button('Yes, end it').click();
  await text('Ended. Nobody can answer any more.').waitFor();
  await text('Erased before you opened it').waitFor();
  assert.equal(await page.locator('.answers li button').count(), 0);
  await until(() => page.url() === site.url, 'the link has left the address bar');
  assert.equal(await focused(), 'This request is over');
});

test('a request that is ended on its card is over in the title', async () => {
  await askFor('ended here');
  await button('End the request').click();
  await button('Yes, end it').click();
  await text('Ended. Nobody can answer any more.').waitFor();
  assert.equal(await page.locator('.card h2').textContent(), 'This request is over');
});

detail('a kept request offers to read once there is something to read', async () => {
  const { link } = await askFor('kept');
  await page.getByLabel('Keep the private link in this browser').check();
  await page.goto(`${site.url}#ask`);
  await page.getByRole('button', { name: 'Show the request: kept' }).waitFor();
  await answerWith(link, 'hunter2');
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByRole('button', { name: 'Read the answer: kept' }).click();
  assert.equal(await shownText(), 'hunter2');
});

detail('leaving a request that was ended asks nothing', async () => {
  const { link } = await askFor('ended');
  const keep = page.getByLabel('Keep the private link in this browser');
  await keep.check();
  await page.goto(`${site.url}#ask`);
  await page.getByRole('button', { name: 'Show the request: ended' }).click();
  await keep.uncheck();
  assert.equal(await asksToLeave(), true);
  await button('End the request').click();
  await button('Yes, end it').click();
  await text('Ended. Nobody can answer any more.').waitFor();
  assert.equal(await asksToLeave(), false);
  page.allow = /404/;
  await page.evaluate((to) => { location.hash = to; }, link.split('#')[1]);
  await text('This request is over').waitFor();
});

/** Let the requests to `glob` wait. Resolves, once there is one, to what lets them go on with `response`, or as they are. */
async function held(glob, begin) {
  let waiting = [];
  await page.route(glob, (route) => (waiting === null ? route.continue() : void waiting.push(route)));
  await begin();
  await until(() => waiting.length > 0, 'a request waits');
  return async (response) => {
    const routes = waiting;
    waiting = null;
    await Promise.all(routes.map((route) => (response === undefined ? route.continue() : route.fulfill(response))));
    await page.unroute(glob);
  };
}

/** Let the page look again at what it polls, and count its requests for lists of answers. */
async function polls() {
  let seen = 0;
  const count = (request) => { seen += request.url().endsWith('/answers') ? 1 : 0; };
  page.on('request', count);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await new Promise((done) => setTimeout(done, 1000));
  page.off('request', count);
  return seen;
}

detail('a view that was left does nothing more when its response arrives', async () => {
  const { link, collect } = await askFor('left');
  const { link: next } = await askFor('the next view');
  const leave = async () => {
    await page.evaluate((to) => { location.hash = to; }, next.split('#')[1]);
    await page.locator('blockquote', { hasText: 'the next view' }).waitFor();
  };
  const secret = await shareSecret(site, 'left as well');
  page.allow = /404/;
  for (const [view, glob] of [[collect, '**/answers'], [link, `**/requests/${link.split('.').at(-2)}`], [secret.link, `**/secrets/${secret.id}`]]) {
    const release = await held(glob, () => page.goto(view));
    await leave();
    await release(refusal(404, 'not_found'));
    assert.equal(await polls(), 0);
    assert.equal(page.url(), next); // its link is for the view that is there
  }

  const list = await held('**/answers', () => page.goto(collect));
  await leave();
  await list();
  await new Promise((done) => setTimeout(done, 1000)); // scrypt
  assert.equal(await polls(), 0);

  const created = await held('**/api/v1/requests', async () => {
    await page.goto(`${site.url}#ask`);
    await field('What do you need?').fill('x');
    await button('Create request link').click();
  });
  await page.evaluate((to) => { location.hash = to; }, next.split('#')[1]);
  await button('Open the link').click();
  await page.locator('blockquote', { hasText: 'the next view' }).waitFor();
  await created();
  await new Promise((done) => setTimeout(done, 1000));
  assert.equal(await polls(), 0);
});

detail('by keys, the focus stays near what was pressed', async () => {
  const { link } = await askFor('keys');
  await page.goto(link);
  await page.locator('textarea').fill('burnt at once');
  await button('Send').click();
  await button('Take it back').press('Enter');
  await button('Yes, take it back').press('Enter');
  await until(async () => await button('Take it back').count() === 0 && await button('Yes, take it back').count() === 0, 'it is burnt');
  assert.equal(await focused(), await page.locator('h1').textContent());

  for (const note of ['one', 'two', 'three']) {
    await askFor(note);
    await page.getByLabel('Keep the private link in this browser').check();
  }
  await page.goto(`${site.url}#ask`);
  const rows = page.locator('.earlier li');
  await rows.nth(2).waitFor();
  await rows.nth(1).getByRole('button', { name: 'Forget: two' }).press('Enter');
  await text('Without its private link no answer can be read.').waitFor();
  assert.equal(await rows.count(), 3);
  await button('Yes, forget it').press('Enter');
  await until(async () => await rows.count() === 2, 'the row is gone');
  assert.equal(await rows.nth(1).evaluate((row) => row.contains(document.activeElement)), true);
});

test('the card and the tab tell that an answer came, also while the tab is hidden', async () => {
  await page.clock.install();
  const { link } = await askFor('The key');
  await page.getByText('You asked for: The key').waitFor();
  await answerWith(link, 'hunter2');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.equal(await page.title(), 'Ephemeral Secrets');
  await page.clock.fastForward(60_000);
  await until(async () => await page.title() === '(1) Ephemeral Secrets', 'the title counts the answer');
  await page.getByRole('heading', { name: 'Your answer is here' }).waitFor();
  await button('Read the answer').click();
  await until(async () => await page.title() === 'Ephemeral Secrets', 'the title counts it no longer');
});

test('who answers is told until when, and later that the answer was sent', async () => {
  const { link } = await askFor('The key');
  await page.goto(link);
  await text('One answer, until').waitFor();
  assert.equal(await asksToLeave(), false);
  await page.locator('textarea').fill('hunter2');
  assert.equal(await asksToLeave(), true);
  await button('Send').click();
  await text('You may close this page.').waitFor();
  assert.equal(await asksToLeave(), false);
  page.allow = /404/;
  await page.goto(link);
  await page.getByRole('heading', { name: 'You answered today at' }).waitFor();
  await text('Not opened yet').waitFor();
  await elsewhere(async (other) => {
    other.allow = /404/;
    await other.goto(link);
    await text('If this page told you “Sent” and you did not take it back, your answer has arrived.', other).waitFor();
  });
});

test('an answer that was taken back is offered to nobody', async () => {
  const { link } = await askFor('The key');
  await elsewhere(async (other) => {
    await other.goto(link);
    await other.locator('textarea').fill('hunter2');
    await button('Send', other).click();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await button('Read the answer').waitFor();

    await button('Take it back', other).click();
    await text('this link takes no other answer', other).waitFor();
    await button('Yes, take it back', other).click();
    await other.getByRole('heading', { name: 'Taken back' }).waitFor();
    await text('To send the right one, ask for a new link.', other).waitFor();
    assert.equal(await text('can read it', other).count(), 0);
    other.allow = /404/;
    await other.goto(link);
    await text('Taken back today at', other).waitFor();
    await other.getByRole('heading', { name: 'Taken back' }).waitFor();
    assert.equal(await text('can read it', other).count(), 0);
  });

  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await text('The answer was taken back before you opened it.').waitFor();
  assert.equal(await button('Read the answer').isVisible(), false);
  assert.equal(await page.locator('.card h2').textContent(), 'This request is over');
  assert.equal(await asksToLeave(), false); // nothing is left to read
});

test('whom the private link was sent by mistake is told so', async () => {
  const { collect } = await askFor('The key');
  await elsewhere(async (other) => {
    await other.goto(collect);
    await text('Did somebody send it to you?', other).waitFor();
    assert.match(await other.locator('.card p').first().textContent(), /^With this private link you read the answers\. Did somebody send it to you/);
  });
  page.allow = /404/;
  await page.goto(collect.slice(0, -1));
  await text('Copy it again from where you kept it.').waitFor();
  await page.getByRole('button', { name: 'Ask someone for a secret' }).waitFor();
});

test('an answer whose delivery is lost is delivered by the next press, once', async () => {
  const { link, collect } = await askFor('twice');
  await elsewhere(async (other) => {
    other.allow = /403|ERR_/;
    let refuse = true;
    // A firewall in between: its 403 is not the server's.
    await other.context().route('**/complete', (route) => (refuse ? route.fulfill({ status: 403, body: 'no' }) : route.continue()));
    await other.goto(link);
    await other.locator('textarea').fill('only once');
    await button('Send', other).click();
    await text('with status 403', other).waitFor();
    refuse = false;
    await button('Try again', other).click();
    await text('Only the person who asked can read it.', other).waitFor();
  });
  await page.goto(collect);
  await page.locator('.answers li button').waitFor();
  assert.equal(await page.locator('.answers li').count(), 1);
  assert.equal((await page.locator('.status').boundingBox()).width, 1, 'the row tells when it came, and nothing repeats it');
  assert.equal(await readAnswer(), 'only once');
});

test('a request that is full meanwhile says so, and keeps what was typed', async () => {
  const { link } = await askFor('race');
  await elsewhere(async (other) => {
    other.allow = /409|404/;
    await other.goto(link);
    await other.locator('textarea').fill('too late');
    await answerWith(link, 'first');
    await button('Send', other).click();
    await text('This request is over', other).waitFor();
    assert.equal(await other.locator('textarea').inputValue(), 'too late');
    await button('Share it instead', other).click();
    await button('Create link', other).waitFor();
    assert.equal(await other.locator('textarea').inputValue(), 'too late');
  });
  await elsewhere(async (other) => {
    other.allow = /409/;
    const { link: open } = await askFor('race in the end');
    await other.context().route('**/complete', (route) => route.fulfill(refusal(409, 'request_full')));
    await other.goto(open);
    await other.locator('input[type=file]').setInputFiles({ name: 'late.txt', mimeType: 'text/plain', buffer: Buffer.from('too late') });
    await button('Send', other).click();
    await text('It got its last answer while you were sending.', other).waitFor();
    await button('Share it instead', other).click();
    await button('Create link', other).click();
    await text('Your link is ready', other).waitFor();
  });
});

test('a private link that mail has changed destroys nothing until its button is pressed', async () => {
  const { link, collect } = await askFor('exposed');
  await answerWith(link, 'was never opened');
  await elsewhere(async (other) => {
    const changes = [];
    other.on('request', (request) => { if (request.method() !== 'GET') changes.push(`${request.method()} ${request.url()}`); });
    await other.goto(collect.replace('#', '%23'));
    await text('The server may know your private link', other).waitFor();
    assert.deepEqual(changes, [], 'only a press ends a request');
    await button('Show the request', other).click();
    await text('One answer,', other).waitFor(); // a load that ended the request would have erased it
    assert.deepEqual(changes, [], 'nor does showing it');
    await other.reload();
    await button('End the request', other).click();
    await text('The request was ended', other).waitFor();
    assert.equal(changes.length, 1);
    assert.match(changes[0], /^DELETE /);
    assert.equal(other.url(), site.url);
  });
  page.allow = /404/;
  await page.goto(collect);
  await until(async () => await page.getByText('Erased before you opened it').isVisible() || await page.getByText('This request is over').isVisible(), 'nothing is left');
  await page.goto(link.replace('#', '%23'));
  await text('This request is over').waitFor();
});

test('a server that lies about a request gets no answer', async () => {
  const { link } = await askFor('mine');
  const { link: other } = await askFor('of somebody else');
  const idOf = (one) => one.split('.').at(-2);
  const theirs = await (await fetch(`${site.url}api/v1/requests/${idOf(other)}`)).json();
  const sent = [];
  page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()); });
  for (const lie of [
    () => theirs, // another description
    (right) => ({ ...right, header: theirs.header }),
    (right) => ({ ...right, description: `${right.description.slice(0, -4)}AAAA` }),
  ]) {
    await page.unrouteAll({ behavior: 'wait' });
    await changeJson(page, `**/api/v1/requests/${idOf(link)}`, lie);
    await page.goto(link);
    await text('This request cannot be trusted').waitFor();
    assert.equal(await button('Send').count(), 0);
  }
  assert.deepEqual(sent, []);
});

detail('a server that lies about the answers shows each of them once, and none of another request', async () => {
  const { link, collect } = await askFor('mine', () => choose(0, (dialog) => field('3', dialog).check()));
  await answerWith(link, 'right');
  const { link: otherLink, collect: other } = await askFor('of somebody else');
  await answerWith(otherLink, 'moved');
  let moved;
  await changeJson(page, '**/answers', (list) => { [moved] = list.answers; return list; });
  await page.goto(other);
  await page.locator('.answers li').waitFor();

  await page.unrouteAll({ behavior: 'wait' });
  await changeJson(page, '**/answers', (list) => {
    const [one] = list.answers;
    return { ...list, answers: [one, one, moved, { ...one, wrap: 'AAAA' }, { ...one, wrap: undefined }] };
  });
  await page.goto(collect);
  await page.locator('.answers li').nth(4).waitFor();
  assert.deepEqual(await page.locator('.answers li .note').allTextContents(), [
    'Damaged, or not an answer to this request. It cannot be opened.', 'Encrypted to another key. The command line program opens it: secrets collect.',
    'Damaged, or not an answer to this request. It cannot be opened.', 'Gone',
  ]);
  assert.equal(await page.locator('.answers li button').count(), 1);
  assert.equal(await readAnswer(), 'right');
  await page.unrouteAll({ behavior: 'wait' });
  await changeJson(page, '**/answers', (list) => ({ ...list, header: 'A'.repeat(43), description: 'A'.repeat(600) }));
  await page.goto(collect);
  await text('This request cannot be trusted').waitFor();
});

test('what an answer names is opened only if it is the answer that was listed', async () => {
  const { link, collect } = await askFor('mine');
  await answerWith(link, 'right');
  const sent = [];
  page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()); });
  await changeJson(page, '**/api/v1/secrets/*', (info) => ({ ...info, size: 20 << 20 }));
  await page.goto(collect);
  await page.locator('.answers li button').click();
  await text('Damaged, or not an answer to this request. It cannot be opened.').waitFor();
  assert.deepEqual(sent, []);
  await page.unrouteAll({ behavior: 'wait' });
  await page.reload();
  assert.equal(await readAnswer(), 'right');
});

test('a secret whose passphrase is encrypted to a key: the page shows the command, and sends and asks nothing', async () => {
  const { id, link, receipt } = await shareSecret(site, 'for the holder of a key', { passphrase: 'stands for the wrapped one' });
  await changeJson(page, `**/api/v1/secrets/${id}`, (info) => ({ ...info, wrap: true }));
  const sent = [];
  page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()); });
  await page.goto(link);
  await text('A secret for the holder of a key').waitFor();
  await button('Copy command').click();
  assert.equal(await clipboard(), `secrets get -i key.txt '${link}'`);
  assert.equal(await page.locator('main input').count(), 0);
  assert.equal(await button('Open').count(), 0);
  assert.deepEqual(sent, []);
  assert.equal((await receipt()).state, 'waiting');
});
