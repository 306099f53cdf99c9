// SPDX-License-Identifier: MIT
// The page: reads its address, takes the secret part out of it, and shows the view that fits.

import { Api } from './net/api';
import { readApiAddress, type Config } from './net/messages';
import { Engine } from './worker/engine';
import { failureOf } from './model/failure';
import { readAddress, type Target } from './model/link';
import { OwnedList } from './storage/owned';
import { clearTempFiles } from './storage/temp';
import { retryBriefly } from './net/retry';
import { wordsFor } from './text/languages';
import type { Key, Words } from './text/words';
import { newWorker } from './trusted';
import { trustLine } from './ui/parts/about';
import { ClassicView } from './ui/open/classic';
import type { Context, View } from './ui/context';
import { el, fill } from './ui/parts/dom';
import { endCard } from './ui/parts/end';
import { askToReplace } from './ui/parts/replace';
import { OpenView } from './ui/open/open';
import { ShareView } from './ui/share/share';
import { StatusPoller } from './ui/poller';
import { insecure, trouble, waitingNote } from './ui/parts/trouble';

const base = new URL('.', import.meta.url);

/** What the address asks for; what is secret in it leaves the address bar and the history. */
function takeTarget(): Target {
  const target = readAddress(location.href);
  if (target.kind !== 'share') history.replaceState(null, '', base);
  return target;
}

interface Server {
  address: string;
  api: Api;
  config: Config;
}

// A page of the server itself says so; elsewhere config.json names the server.
async function serverOf(): Promise<Server> {
  const own = document.documentElement.dataset['api'];
  const address = own === undefined
    ? readApiAddress(await new Api(base.href).pageConfig(), base)
    : new URL(own, base).href;
  const api = new Api(address);
  return { address, api, config: await api.config() };
}

/** The server, as soon as there is one that answers sense; `main` says meanwhile what is wrong. */
async function findServer(words: Words, main: HTMLElement): Promise<Server> {
  for (;;) {
    try {
      return await retryBriefly(serverOf, (why) => fill(main, waitingNote(words, why)));
    } catch (error) {
      await trouble(words, main, failureOf(error));
    }
  }
}

function viewOf(context: Context, target: Target): View {
  switch (target.kind) {
    case 'share': return new ShareView(context);
    case 'open': return new OpenView(context, target.id, target.key);
    case 'classic': return new ClassicView(context, target.id);
    case 'damaged': return { element: endCard(context.words, 'damagedTitle', 'damaged') };
  }
}

function shell(words: Words): { main: HTMLElement; announce: (message: string) => void } {
  document.documentElement.lang = words.language;
  document.title = words.say('appName');
  const live = el('p', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
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
  // A file dropped beside the box would be opened in place of this page.
  for (const type of ['dragover', 'drop'] as const) {
    addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
    });
  }
  const words = wordsFor(navigator.languages);
  const { main, announce } = shell(words);
  if (!isSecureContext) {
    fill(main, insecure(words));
    return;
  }
  void clearTempFiles();
  const { address, api, config } = await findServer(words, main);
  const context: Context = {
    words, api, announce, config, owned: new OwnedList(), poller: new StatusPoller(), page: base.href,
    newEngine: () => new Engine(newWorker(new URL('worker.js', base)), address),
    now: () => Math.floor(Date.now() / 1000),
  };
  let view: View | null = null;
  const replace = (next: Target) => {
    view?.dispose?.();
    view = viewOf(context, next);
    fill(main, view.element);
  };
  // What came to be while the question stood open is asked about as well.
  const ask = (next: Target, told: Key[] = []) => {
    const lost = view?.unsaved?.() ?? [];
    if (lost.every((what) => told.includes(what))) replace(next);
    else askToReplace(words, lost, () => ask(next, lost));
  };
  show = (next) => {
    if (!view?.continues?.(next)) ask(next);
  };
  // A browser may keep the page for the way back, as it is, also for who sits there next.
  addEventListener('pagehide', ({ persisted }) => {
    if (!persisted) return;
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    announce('');
    if (view?.suspend?.() === true) return;
    view?.dispose?.();
    view = null;
    fill(main);
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted && view === null) replace({ kind: 'share' });
  });
  show(target);
}

void start();
