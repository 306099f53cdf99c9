// SPDX-License-Identifier: MIT
// WebKit: MiniBrowser of WebKitGTK on a display of its own, over the HTTP of WebKitWebDriver.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { crc32 } from '../../../web/lib/crc.mjs';

export const DRIVER = '/usr/bin/WebKitWebDriver';
export const DISPLAY_SERVER = '/usr/bin/Xvfb';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** The key; a line feed as such is not typed. */
const ENTER = '\uE007';

/** Where Debian puts MiniBrowser, or undefined. */
export function miniBrowser() {
  return readdirSync('/usr/lib').map((folder) => `/usr/lib/${folder}/webkit2gtk-4.1/MiniBrowser`).find((path) => existsSync(path));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A display that nothing else draws on. It chooses its number itself. */
async function startDisplay(folder) {
  const child = spawn(DISPLAY_SERVER, ['-displayfd', '3', '-screen', '0', '1100x900x24', '-fbdir', folder, '-nolisten', 'tcp'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [number] = await Promise.race([once(child.stdio[3], 'data'), once(child, 'exit').then(() => { throw new Error('Xvfb does not start'); })]);
  return { name: `:${String(number).trim()}`, child };
}

/** The PNG of a display's memory, which Xvfb keeps as an XWD file: a header, colours, then BGRX. */
function pngOf(xwd) {
  const field = (index) => xwd.readUInt32BE(4 * index);
  const [headerLength, width, height, stride, colours] = [field(0), field(4), field(5), field(12), field(19)];
  const pixels = xwd.subarray(headerLength + 12 * colours);
  const rows = Buffer.alloc((1 + 3 * width) * height);
  for (let y = 0, to = 0; y < height; y++) {
    rows[to++] = 0; // no filter
    for (let x = 0; x < width; x++) {
      const from = y * stride + 4 * x;
      rows[to++] = pixels[from + 2];
      rows[to++] = pixels[from + 1];
      rows[to++] = pixels[from];
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8); // 8 bits each of red, green and blue
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunkOf('IHDR', head), chunkOf('IDAT', deflateSync(rows)), chunkOf('IEND', Buffer.alloc(0))]);
}

function chunkOf(type, data) {
  const typed = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(8 + typed.length);
  out.writeUInt32BE(data.length, 0);
  out.set(typed, 4);
  out.writeUInt32BE(crc32(typed), 4 + typed.length);
  return out;
}

/** The commands of WebDriver at `port`. */
function speak(port) {
  return async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method, body: body === undefined ? null : JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
}

async function whenReady(send) {
  for (let i = 0; ; i++) {
    try {
      return await send('GET', '/status');
    } catch (error) {
      if (i > 200) throw error;
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }
}

/** Start WebKit with what it keeps in `folder`. */
export async function startWebKit({ folder, downloads, locale }) {
  const config = join(folder, 'config');
  await mkdir(config);
  await writeFile(join(config, 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${downloads}"\n`);

  const display = await startDisplay(folder);
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], {
    env: {
      ...process.env, DISPLAY: display.name, GDK_BACKEND: 'x11', HOME: folder, XDG_CONFIG_HOME: config, XDG_CACHE_HOME: folder, XDG_DATA_HOME: folder,
      LC_ALL: 'C.UTF-8', LANGUAGE: locale, LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1', GSETTINGS_BACKEND: 'memory',
    },
    stdio: 'ignore',
  });
  const exited = once(driver, 'exit');
  const send = speak(port);
  let session = null;
  const kill = () => {
    driver.kill('SIGKILL');
    display.child.kill(); // and the browser with it
  };
  process.on('exit', kill);
  const close = async () => {
    if (session !== null) await send('DELETE', session).catch(() => undefined);
    kill();
    await exited;
    process.off('exit', kill);
  };

  try {
    await whenReady(send);
    const options = { binary: miniBrowser(), args: ['--automation'] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options, timeouts: { script: 60_000, pageLoad: 60_000 } } };
    session = `/session/${(await send('POST', '/session', { capabilities })).sessionId}`;
    return {
      goto: (url) => send('POST', `${session}/url`, { url }),
      reload: () => send('POST', `${session}/refresh`, {}),
      run: (script, args) => send('POST', `${session}/execute/async`, { script, args }),
      find: async (script, args) => (await send('POST', `${session}/execute/sync`, { script, args }))?.[ELEMENT] ?? null,
      click: (id) => send('POST', `${session}/element/${id}/click`, {}),
      type: (id, text) => send('POST', `${session}/element/${id}/value`, { text: text.replaceAll('\n', ENTER) }),
      choose: (id, path) => send('POST', `${session}/element/${id}/value`, { text: path }),
      // WebKit's own screenshot at times waits for ever for a frame that nothing asks for.
      screenshot: async () => pngOf(await readFile(join(folder, 'Xvfb_screen0'))),
      console: async () => [],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
