// SPDX-License-Identifier: MIT
// The page: reads its address and shows the view for it.

import { Api } from './net/api';
import { readApiAddress, type Config } from './net/messages';
import { Engine } from './worker/engine';
import { readBrand, type Brand } from './model/brand';
import { failureOf } from './model/failure';
import { readAddress, type Target } from './model/link';
import { ApiToken } from './storage/api-token';
import { burnLeft } from './storage/begun';
import { OwnedList } from './storage/owned';
import { clearTempFiles } from './storage/temp';
import { retryBriefly } from './net/retry';
import { wordsFor } from './text/languages';
import type { Key, Words } from './text/words';
import { newWorker } from './trusted';
import { clearAddress, forgetOpened, wasLastOpening, wasOpened } from './ui/address';
import type { Context, View } from './ui/context';
import { fill } from './ui/parts/dom';
import { mayAsk } from './ui/share/right';
import { expectView, LaterView } from './ui/later';
import { Frame } from './ui/parts/frame';
import { askToReplace, LEAVE, OPEN_OTHER } from './ui/parts/replace';
import { reportLine } from './ui/parts/report';
import { ShareView } from './ui/share/share';
import { StatusPoller } from './ui/poller';
import { insecure, tooOld, trouble, waitingNote } from './ui/parts/trouble';

const base = new URL('.', import.meta.url);

/** What the address asks for, in place of what was opened here before a reload. */
type Start = Target | { kind: 'reloaded'; last: boolean };

function readStart(): Start {
  const target = readAddress(location.href);
  return target.kind === 'share' && wasOpened() ? { kind: 'reloaded', last: wasLastOpening() } : target;
}

interface Server {
  api: Api;
  config: Config;
  brand: Brand | null;
}

// A page that comes from the server says so. Elsewhere config.json names the server, and may hold
// the brand of the page.
async function serverOf(): Promise<Server> {
  const own = document.documentElement.dataset['api'];
  const beside = own === undefined ? await new Api(base.href).pageConfig() : null;
  const api = new Api(beside === null ? new URL(own!, base).href : readApiAddress(beside, base));
  const config = await api.config();
  return { api, config, brand: brandOf(beside?.['brand'], config.brand, new URL(api.base)) };
}

function brandOf(ofPage: unknown, ofServer: unknown, server: URL): Brand | null {
  if (ofPage !== undefined) return readBrand(ofPage, base, base);
  return ofServer === null ? null : readBrand(ofServer, server, base);
}

/**
 * Find the server, which `asked` has been asked for already. The frame says what is wrong until one
 * responds as it should.
 */
async function findServer(asked: Promise<Server>, words: Words, frame: Frame): Promise<Server> {
  const { main } = frame;
  let first: Promise<Server> | null = asked;
  const find = () => {
    const server = first ?? serverOf();
    first = null;
    return server;
  };
  for (;;) {
    try {
      return await retryBriefly(find, (why) => {
        frame.showPlain();
        fill(main, waitingNote(words, why));
      });
    } catch (error) {
      frame.showPlain();
      await trouble(words, main, base.href, failureOf(error));
    }
  }
}

function viewOf(context: Context, target: Start): View {
  if (target.kind === 'share') return new ShareView(context, target.content);
  if (target.kind === 'ask' && !mayAsk(context)) return new ShareView(context);
  return new LaterView(context, target); // answers can also be given and read where nobody may ask any more
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
  private shown: Start['kind'] = 'share';

  constructor(context: Context, main: HTMLElement) {
    this.context = context;
    this.main = main;
    addEventListener('pagehide', ({ persisted }) => { if (persisted) this.suspend(); });
    addEventListener('pageshow', ({ persisted }) => { if (persisted && this.view === null) this.replace(readStart()); });
  }

  private readonly stay = (event: Event) => {
    if (this.view?.holdsOnlyCopy?.() === true) event.preventDefault();
  };

  /**
   * Show what a link asks for that was put into the address bar, or what a button of the page asks
   * for. Without a link, a view stays, but for those that asking leads to.
   */
  follow(next: Start, pressed = false): void {
    if (next.kind === 'share' && next.content === undefined && this.shown !== 'ask' && this.shown !== 'collect') return;
    const goesOn = this.view?.continues?.(next) ?? false;
    // A link stays in the address bar only as long as its own view is what is shown.
    if (goesOn || this.unsaved().length > 0) clearAddress();
    if (!goesOn) this.ask(next, pressed || next.kind === 'share' || next.kind === 'ask', []);
  }

  replace(next: Start): void {
    this.view?.dispose?.();
    this.view = viewOf(this.context, next);
    removeEventListener('beforeunload', this.stay); // some browsers keep no page for the way back that has one
    if (this.view.holdsOnlyCopy !== undefined) addEventListener('beforeunload', this.stay);
    this.shown = next.kind;
    fill(this.main, this.view.element, reportLine(this.context, next));
  }

  // What came to be while the question was open is asked about as well.
  private ask(next: Start, pressed: boolean, told: Key[]): void {
    const lost = this.unsaved();
    if (lost.every((what) => told.includes(what))) this.replace(next);
    else askToReplace(this.context.words, lost, () => this.ask(next, pressed, lost), pressed ? LEAVE : OPEN_OTHER);
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
  let follow: (next: Start) => void = (next) => { if (next.kind !== 'share') target = next; };
  // Another link may be put into the address bar, even before the page is ready.
  addEventListener('hashchange', () => {
    follow(readAddress(location.href));
  });
  ignoreDroppedFiles();

  // The words and the view come while the server is asked.
  const asked = serverOf();
  asked.catch(() => undefined); // findServer() says it
  expectView(target, navigator.languages);
  const words = await wordsFor(navigator.languages);
  const frame = new Frame(words, base.href);
  const missing = missingFeature();
  if (!isSecureContext || missing !== null) {
    frame.showPlain();
    fill(frame.main, isSecureContext ? tooOld(words, missing!) : insecure(words));
    return;
  }

  void clearTempFiles();
  const { api, config, brand } = await findServer(asked, words, frame);
  void burnLeft((id, token) => api.burn(id, token));
  frame.show({ brand, user: config.create.user });
  const stage: Stage = new Stage({
    words, api, config, brand, apiToken: new ApiToken(api.base), owned: new OwnedList(), poller: new StatusPoller(), page: base.href,
    countUnread: (teller, n) => frame.countUnread(teller, n),
    announce: (message) => frame.announce(message),
    show: (next) => stage.follow(next, true),
    newEngine: () => new Engine(newWorker(new URL('worker.js', base)), api),
    now: () => Math.floor(Date.now() / 1000),
  }, frame.main);
  follow = (next) => stage.follow(next);
  stage.replace(target);
}

void start();
