// SPDX-License-Identifier: MIT
// The page: reads its address and shows the view for it.

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
import { clearAddress, forgetOpened, wasOpened } from './ui/address';
import { ClassicView } from './ui/open/classic';
import type { Context, View } from './ui/context';
import { el, fill } from './ui/parts/dom';
import { endCard } from './ui/parts/end';
import { askToReplace } from './ui/parts/replace';
import { OpenView } from './ui/open/open';
import { ShareView } from './ui/share/share';
import { StatusPoller } from './ui/poller';
import { insecure, tooOld, trouble, waitingNote } from './ui/parts/trouble';

const base = new URL('.', import.meta.url);

/** What the address asks for, in place of what was opened here before a reload. */
type Start = Target | { kind: 'reloaded' };

function readStart(): Start {
  const target = readAddress(location.href);
  return target.kind === 'share' && wasOpened() ? { kind: 'reloaded' } : target;
}

interface Server {
  api: Api;
  config: Config;
}

// A page that comes from the server says so. Elsewhere config.json names the server.
async function serverOf(): Promise<Server> {
  const own = document.documentElement.dataset['api'];
  const address = own === undefined
    ? readApiAddress(await new Api(base.href).pageConfig(), base)
    : new URL(own, base).href;
  const api = new Api(address);
  return { api, config: await api.config() };
}

/**
 * Find the server, which `asked` has been asked for already. `main` says what is wrong until one
 * responds as it should.
 */
async function findServer(asked: Promise<Server>, words: Words, main: HTMLElement): Promise<Server> {
  let first: Promise<Server> | null = asked;
  const find = () => {
    const server = first ?? serverOf();
    first = null;
    return server;
  };
  for (;;) {
    try {
      return await retryBriefly(find, (why) => fill(main, waitingNote(words, why)));
    } catch (error) {
      await trouble(words, main, base.href, failureOf(error));
    }
  }
}

function viewOf(context: Context, target: Start): View {
  switch (target.kind) {
    case 'share': return new ShareView(context);
    case 'open': return new OpenView(context, target);
    case 'classic': return new ClassicView(context, target.id);
    case 'damaged': return { element: endCard(context.words, 'damagedTitle', 'damaged') };
    case 'reloaded': return { element: endCard(context.words, 'reloadedTitle', 'reloaded') };
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

/** What the browser lacks of what the page cannot do without, or null. */
function missingFeature(): string | null {
  const needs: Record<string, unknown> = {
    'crypto.subtle': globalThis.crypto?.subtle, Worker: globalThis.Worker, ReadableStream: globalThis.ReadableStream,
    AbortController: globalThis.AbortController,
    'Array.at': Array.prototype.at, 'String.replaceAll': String.prototype.replaceAll, 'Blob.arrayBuffer': Blob.prototype.arrayBuffer, 'dialog.showModal': globalThis.HTMLDialogElement?.prototype.showModal,
  };
  return Object.keys(needs).find((name) => needs[name] === undefined) ?? null;
}

// A file that is dropped next to the box would be opened in place of this page.
function ignoreDroppedFiles(): void {
  for (const type of ['dragover', 'drop'] as const) {
    addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
    });
  }
}

/** Shows one view at a time, and asks before it replaces one that holds something. */
class Stage {
  private readonly context: Context;
  private readonly main: HTMLElement;
  private view: View | null = null;

  constructor(context: Context, main: HTMLElement) {
    this.context = context;
    this.main = main;
    addEventListener('pagehide', ({ persisted }) => { if (persisted) this.suspend(); });
    addEventListener('pageshow', ({ persisted }) => { if (persisted && this.view === null) this.replace(readStart()); });
  }

  /** Show what a link asks for that was put into the address bar. */
  follow(next: Start): void {
    const goesOn = this.view?.continues?.(next) ?? false;
    // A link stays in the address bar only as long as its own view is what is shown.
    if (goesOn || this.unsaved().length > 0) clearAddress();
    if (!goesOn) this.ask(next, []);
  }

  replace(next: Start): void {
    this.view?.dispose?.();
    this.view = viewOf(this.context, next);
    fill(this.main, this.view.element);
  }

  // What came to be while the question was open is asked about as well.
  private ask(next: Start, told: Key[]): void {
    const lost = this.unsaved();
    if (lost.every((what) => told.includes(what))) this.replace(next);
    else askToReplace(this.context.words, lost, () => this.ask(next, lost));
  }

  private unsaved(): Key[] {
    return this.view?.unsaved?.() ?? [];
  }

  // A browser may keep the page for the way back as it is, and somebody else may go back.
  private suspend(): void {
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    this.context.announce('');
    if (this.view?.suspend?.() === true) return;
    this.view?.dispose?.();
    this.view = null;
    fill(this.main);
  }
}

async function start(): Promise<void> {
  forgetOpened();
  let target = readStart();
  let follow: (next: Start) => void = (next) => { target = next; };
  // Another link may be put into the address bar, even before the page is ready.
  addEventListener('hashchange', () => {
    const next = readAddress(location.href);
    if (next.kind !== 'share') follow(next);
  });
  ignoreDroppedFiles();

  // The words come while the server is asked.
  const asked = serverOf();
  asked.catch(() => undefined); // findServer() says it
  const words = await wordsFor(navigator.languages);
  const { main, announce } = shell(words);
  if (!isSecureContext) {
    fill(main, insecure(words));
    return;
  }
  const missing = missingFeature();
  if (missing !== null) {
    fill(main, tooOld(words, missing));
    return;
  }

  void clearTempFiles();
  const { api, config } = await findServer(asked, words, main);
  const stage = new Stage({
    words, api, announce, config, owned: new OwnedList(), poller: new StatusPoller(), page: base.href,
    newEngine: () => new Engine(newWorker(new URL('worker.js', base)), api),
    now: () => Math.floor(Date.now() / 1000),
  }, main);
  follow = (next) => stage.follow(next);
  stage.replace(target);
}

void start();
