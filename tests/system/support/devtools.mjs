// SPDX-License-Identifier: MIT
// Chromium over its debugging pipe, with nothing switched on: playwright's network domain makes a
// page keep what it sends and receives, so memory cannot be measured with it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARGS, CHROMIUM, ENVIRONMENT } from './browser.mjs';

export async function startBareBrowser() {
  const profile = await mkdtemp(join(tmpdir(), 'page-profile-'));
  const child = spawn(CHROMIUM,
    ['--headless', ...ARGS, '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'],
    { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  const waiting = new Map();
  let ids = 0;
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message);
      waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
      waiting.delete(id);
    }
  });
  const send = (method, params = {}, sessionId = undefined) => new Promise((resolve) => {
    waiting.set(++ids, resolve);
    input.write(`${JSON.stringify({ id: ids, method, params, sessionId })}\0`);
  });

  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });

  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true }, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  /** Look every 100 ms until `expression` is true; rejects after `ms`. */
  const until = async (expression, ms = 60_000) => {
    const end = Date.now() + ms;
    while (!(await evaluate(`Boolean(${expression})`).catch(() => false))) {
      if (Date.now() > end) throw new Error(`never: ${expression}\n${await evaluate('document.body.innerText')}`);
      await new Promise((done) => { setTimeout(done, 100); });
    }
  };
  const button = (name) => `[...document.querySelectorAll('button')].find((b) => b.textContent === ${JSON.stringify(name)} && b.checkVisibility())`;

  return {
    send: (method, params) => send(method, params),
    evaluate,
    until,
    goto: async (url) => {
      // The same document with another fragment would not be loaded anew.
      await send('Page.navigate', { url: 'about:blank' }, sessionId);
      await until("location.href === 'about:blank'");
      await send('Page.navigate', { url }, sessionId);
    },
    click: async (name) => {
      await until(button(name));
      await evaluate(`${button(name)}.click()`);
    },
    text: (words, ms) => until(`document.body.innerText.includes(${JSON.stringify(words)})`, ms),
    pick: async (selector, path) => {
      await until(`document.querySelector(${JSON.stringify(selector)})`);
      const { result } = await send('Runtime.evaluate', { expression: `document.querySelector(${JSON.stringify(selector)})` }, sessionId);
      await send('DOM.setFileInputFiles', { files: [path], objectId: result.objectId }, sessionId);
    },
    close: async () => {
      const ended = new Promise((done) => { child.on('exit', done); });
      await Promise.race([send('Browser.close'), ended]);
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
