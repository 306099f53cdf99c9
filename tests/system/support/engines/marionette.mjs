// SPDX-License-Identifier: MIT
// Firefox over Marionette, the protocol that geckodriver speaks to it: WebDriver's commands as JSON
// over TCP, each message with its length before it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

export const BINARY = '/usr/bin/firefox-esr';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

const preferences = (downloads) => ({
  'marionette.port': 0,
  'browser.download.folderList': 2,
  'browser.download.dir': downloads,
  'browser.download.alwaysOpenPanel': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.auto': false,
  'app.normandy.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'intl.accept_languages': 'en-GB',
});

/** The messages of a Marionette socket: `send(command, params)` resolves to the response. */
function speak(socket) {
  const waiting = new Map();
  let ids = 0;
  let received = Buffer.alloc(0);

  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    for (let colon; (colon = received.indexOf(':')) > 0;) {
      const end = colon + 1 + Number(received.subarray(0, colon));
      if (received.length < end) return;
      const message = JSON.parse(received.subarray(colon + 1, end));
      received = received.subarray(end);
      if (!Array.isArray(message)) continue; // the greeting
      const [, id, error, result] = message;
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error === null) resolve(result);
      else reject(new Error(`${error.error}: ${error.message}`));
    }
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox ended'));
  });

  return (command, params = {}) => new Promise((resolve, reject) => {
    waiting.set(++ids, { resolve, reject });
    const message = JSON.stringify([0, ids, command, params]);
    socket.write(`${Buffer.byteLength(message)}:${message}`);
  });
}

/** The port that Firefox writes into its profile once it listens. */
async function portOf(profile, child) {
  for (let i = 0; child.exitCode === null; i++) {
    const port = await readFile(join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '');
    if (port !== '') return Number(port);
    if (i > 600) break;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error('Firefox does not start');
}

/** Start Firefox with what it keeps in `folder`. */
export async function startFirefox({ folder, downloads, locale }) {
  const profile = join(folder, 'profile');
  await mkdir(profile);
  const lines = Object.entries({ ...preferences(downloads), 'intl.accept_languages': locale })
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  await writeFile(join(profile, 'user.js'), lines.join(''));

  const child = spawn(BINARY, ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile], {
    env: { ...process.env, HOME: folder, MOZ_HEADLESS_WIDTH: '1000', MOZ_HEADLESS_HEIGHT: '800', MOZ_CRASHREPORTER_DISABLE: '1' },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const kill = () => child.kill('SIGKILL'); // its other processes end with it
  process.on('exit', kill);
  const close = async () => {
    kill();
    await exited;
    process.off('exit', kill);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    const socket = connect({ host: '127.0.0.1', port: await portOf(profile, child) });
    await once(socket, 'connect');
    const send = speak(socket);
    await send('WebDriver:NewSession', { capabilities: { alwaysMatch: { timeouts: { script: 60_000, pageLoad: 60_000 } } } });

    /** Run `script` with the rights of the browser itself. */
    const inBrowser = async (script) => {
      await send('Marionette:SetContext', { value: 'chrome' });
      try {
        return (await send('WebDriver:ExecuteScript', { script, args: [] })).value;
      } finally {
        await send('Marionette:SetContext', { value: 'content' });
      }
    };
    return {
      goto: (url) => send('WebDriver:Navigate', { url }),
      reload: () => send('WebDriver:Refresh'),
      run: async (script, args) => (await send('WebDriver:ExecuteAsyncScript', { script, args })).value,
      find: async (script, args) => (await send('WebDriver:ExecuteScript', { script, args })).value?.[ELEMENT] ?? null,
      click: (id) => send('WebDriver:ElementClick', { id }),
      type: (id, text) => send('WebDriver:ElementSendKeys', { id, text }),
      choose: (id, path) => send('WebDriver:ElementSendKeys', { id, text: path }),
      screenshot: async () => Buffer.from((await send('WebDriver:TakeScreenshot', { full: false })).value, 'base64'),
      /**
       * What the browser's console holds of errors with the address of the site: refused loads too. A
       * page that is left while its worker is busy is said to be terminated, whatever it does.
       */
      console: (origin) => inBrowser(`
        const seen = Services.console.getMessageArray();
        Services.console.reset();
        return seen
          .filter((m) => m instanceof Ci.nsIScriptError && (m.sourceName.startsWith(${JSON.stringify(origin)}) || m.errorMessage.includes(${JSON.stringify(origin)})))
          .map((m) => m.errorMessage).filter((text) => !text.startsWith('Script terminated by timeout'));`),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
