// SPDX-License-Identifier: MIT
// Screenshots of every state of the page into build/shots: [LOOKS=light,phone] node tools/screenshots.mjs [STATE ...]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newPage, startBrowser } from '../tests/system/support/browser.mjs';
import { startSite } from '../tests/system/support/site.mjs';
import { askStates } from '../tests/system/support/ask-states.mjs';
import { states } from '../tests/system/support/states.mjs';

const DESK = { width: 1280, height: 720 };
const LOOKS = {
  light: { viewport: DESK },
  dark: { viewport: DESK, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 667 }, isMobile: true, hasTouch: true },
  narrow: { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
  'narrow-dark': { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
  rtl: { viewport: DESK, rtl: true },
  docs: { viewport: { width: 800, height: 500 } },
  // 200 % zoom: half the room, twice the pixels.
  zoom: { viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 },
};

const folder = process.env.SHOTS ?? 'build/shots';
const looks = process.env.LOOKS?.split(',') ?? Object.keys(LOOKS).filter((look) => look !== 'docs');
const wanted = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const site = await startSite();
const browser = await startBrowser();
let failed = 0;
for (const [name, reach] of Object.entries({ ...states, ...askStates })) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const look of looks) {
    const { rtl, ...options } = LOOKS[look];
    const page = await newPage(browser, { reducedMotion: 'reduce', locale: 'en-GB', ...options });
    try {
      await reach(page, site);
      if (rtl) await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
      await page.screenshot({ path: join(folder, `${name}-${look}.png`) });
      // The server lets nobody leave many uploads unfinished.
      if (name === 'uploading') {
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByText('Create link').waitFor();
      }
      if (page.faults.length > 0) throw new Error(page.faults.join('; '));
    } catch (error) {
      failed++;
      console.error(`${name} ${look}: ${error.message.split('\n')[0]}`);
      await page.screenshot({ path: join(folder, `${name}-${look}-FAILED.png`) });
    }
    await page.context().close();
  }
}
await browser.close();
await site.stop();
process.exit(failed > 0 ? 1 : 0);
