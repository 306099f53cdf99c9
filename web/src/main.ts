// SPDX-License-Identifier: MIT
// The page: reads its address, takes the secret part out of it, and shows the view that fits.

import { Api } from './api';
import { readConfig, type Config } from './api.model';
import { Engine } from './engine';
import { readAddress, type Target } from './link.model';
import { OwnedList } from './owned';
import { clearParking } from './parking';
import { wordsFor } from './text/languages';
import type { Words } from './text/words';
import { newWorker } from './trusted';
import { trustLine } from './ui/about';
import { ClassicView } from './ui/classic';
import type { Context } from './ui/context';
import { el, fill } from './ui/dom';
import { endCard } from './ui/end';
import { OpenView } from './ui/open';
import { ShareView } from './ui/share';

const base = new URL('.', import.meta.url);

/** What the address asks for; what is secret in it leaves the address bar and the history. */
function takeTarget(): Target {
  const target = readAddress(location.href);
  if (target.kind !== 'share') history.replaceState(null, '', base);
  return target;
}

// A page of the server itself says so; elsewhere config.json names the server.
async function apiBase(): Promise<string> {
  const own = document.documentElement.dataset['api'];
  if (own !== undefined) return new URL(own, base).href;
  const response = await fetch(new URL('config.json', base), { cache: 'no-cache', credentials: 'omit' });
  const { api } = (await response.json()) as { api?: unknown };
  const href = new URL(typeof api === 'string' ? api : '', base).href;
  return href.endsWith('/') ? href : `${href}/`;
}

async function configOf(api: Api): Promise<Config> {
  try {
    return await api.config();
  } catch {
    return readConfig({}); // what is sent is checked by the server all the same
  }
}

function viewOf(context: Context, target: Target): HTMLElement {
  switch (target.kind) {
    case 'share': return new ShareView(context).element;
    case 'open': return new OpenView(context, target.id, target.key).element;
    case 'classic': return new ClassicView(context, target.id).element;
    case 'damaged': return endCard(context.words, 'damagedTitle', 'damaged');
  }
}

function shell(words: Words): { main: HTMLElement; announce: (message: string) => void } {
  document.documentElement.lang = words.language;
  document.title = words.say('appName');
  const live = el('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  const main = el('main', {});
  const home = el('a', { href: base.href, 'aria-label': words.say('homeLabel') }, words.say('appName'));
  fill(document.body, el('header', {}, home), main, trustLine(words), live);
  return { main, announce: (message) => { live.textContent = message; } };
}

async function start(): Promise<void> {
  let target = takeTarget();
  let show: (next: Target) => void = (next) => { target = next; };
  // Another link put into the address bar of this page, perhaps before it is ready.
  addEventListener('hashchange', () => {
    const next = takeTarget();
    if (next.kind !== 'share') show(next);
  });
  const words = wordsFor(navigator.languages);
  const { main, announce } = shell(words);
  void clearParking();
  const address = await apiBase();
  const api = new Api(address);
  const context: Context = {
    words, api, announce, config: await configOf(api), owned: new OwnedList(), page: base.href,
    newEngine: () => new Engine(newWorker(new URL('worker.js', base)), address),
    now: () => Math.floor(Date.now() / 1000),
  };
  show = (next) => fill(main, viewOf(context, next));
  show(target);
}

void start();
