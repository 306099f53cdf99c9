// SPDX-License-Identifier: MIT
// What was opened: the text or the file, and what happens to it on the server.

import type { Info } from '../../net/messages';
import { failureIn, type Engine } from '../../worker/engine';
import { isFinal, type Failure } from '../../model/failure';
import type { OpenResult } from '../../worker/protocol';
import { eraseMessage, saveMessage, type End } from '../../model/outcome';
import { safeName } from '../../base/name';
import type { Key } from '../../text/words';
import { MEMORY_MAX, TempFile } from '../../storage/temp';
import { BusyButton } from '../parts/busy';
import type { Context } from '../context';
import { CoveredText } from './covered';
import { button, el, fill, untrusted } from '../parts/dom';
import { endCard } from '../parts/end';
import { ifMeant } from '../parts/press';
import { showLine } from '../parts/problem';
import { askToReplace } from '../parts/replace';
import { filesOfZip, isOfPage } from './files';
import { download, pickPlace } from './save';

/** Keeps the lease of a file alive, which lapses after 15 minutes. */
const RENEW_EVERY = 5 * 60_000;

/** What the view does that holds this one. */
interface Ways {
  /** Show that it is over. */
  end: (message: End) => void;
  /** Open it once more with the same lease. */
  again: () => void;
  /** The title, in place of those of a secret. */
  title: Key | undefined;
}

interface FileInfo { name: string; type: string; size: number }

/** What the card of a file changes. */
interface FileCard {
  file: FileInfo;
  go: BusyButton;
  problem: HTMLElement;
  said: HTMLElement;
  /** The files of a zip that the page made. */
  list: HTMLElement;
  /** The button that lists the files of a large zip. */
  show: HTMLElement | null;
}

export class Opened {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly engine: Engine;
  private readonly info: Info;
  private readonly viewsLeft: number;
  private readonly ways: Ways;
  private readonly after = el('section', { class: 'after' });
  private readonly focusFirst: () => void;
  private text: CoveredText | null = null;
  private shown: { erase: HTMLElement; problem: HTMLElement } | null = null;
  private saved: Blob | null = null;
  /** Whether the person was asked if it is in the downloads. */
  private asked = false;
  private picking = false;
  /** Whether it would be lost with this view. */
  private unsavedContent = true;
  private temp: TempFile | null = null;
  private renewing = 0;
  private readonly over = new AbortController();
  /** Ends a transfer that is under way, and removes what it wrote. */
  private abandon: () => void = () => undefined;

  constructor(context: Context, engine: Engine, info: Info, result: OpenResult, ways: Ways) {
    this.context = context;
    this.engine = engine;
    this.info = info;
    this.viewsLeft = result.viewsLeft;
    this.ways = ways;
    const { words } = context;

    if ('text' in result) {
      this.text = new CoveredText(context, result.text);
      this.focusFirst = () => this.text?.focus();
      this.element = el('div', { class: 'opened' }, el('h1', {}, words.say(ways.title ?? 'textTitle')),
        el('article', { class: 'card' }, this.text.element, this.after));
      void this.confirm();
      return;
    }

    const { element, card } = this.fileCard(result.file);
    this.renewing = window.setInterval(() => { if (!card.go.busy) void this.renew(); }, RENEW_EVERY);
    this.focusFirst = () => card.go.focus();
    this.element = el('div', { class: 'opened' }, el('h1', {}, words.say(ways.title ?? 'fileTitle')), element);
    if (isOfPage(result.file)) this.offerFiles(card);
  }

  focus(): void {
    this.focusFirst();
  }

  /** What would be lost with it: a text that was neither copied nor saved, or a file that is not known to be saved. */
  unsaved(): Key[] {
    if (!this.unsavedContent || this.text?.isKept() === true) return [];
    return [this.viewsLeft === 0 ? 'replaceLast' : 'replaceOpened'];
  }

  /** The page is left. If it comes back, the same lease opens a file once more that is not saved. */
  suspend(): boolean {
    if (!this.unsavedContent || this.text !== null) return false;
    this.ways.again();
    return true;
  }

  /** Another view takes its place. */
  dispose(): void {
    this.stopRenewing();
    this.abandon();
    if (this.saved !== null) this.temp?.clearLater(this.saved.size, () => undefined);
    this.text?.wipe();
  }

  // A file may wait to be saved for any time.
  private async renew(): Promise<void> {
    try {
      await this.engine.call('renew', null, undefined, this.over.signal);
    } catch (error) {
      const failure = failureIn(error);
      if (this.over.signal.aborted) return;
      // Another failure may be over the next time.
      if (isFinal(failure, 'gone', 'ended')) this.showFailure(failure, null);
    }
  }

  private stopRenewing(): void {
    clearInterval(this.renewing);
    this.over.abort();
  }

  private fileCard(file: FileInfo): { element: HTMLElement; card: FileCard } {
    const { words } = this.context;
    const list = el('div', {});
    const problem = el('p', { class: 'problem', role: 'alert' });
    const said = el('p', { class: 'note', role: 'status' }, this.saveNote('fileNote'));
    const safe = safeName(file.name);
    const renamed = safe !== file.name && el('p', { class: 'note' }, words.say('savedAs', { name: safe }));
    const go = new BusyButton(words, words.say('save'), () => void this.save(card));
    const card: FileCard = { file, go, problem, said, list, show: null };
    const element = el('article', { class: 'card' },
      el('p', { class: 'file' }, el('span', { class: 'name' }, untrusted(file.name)), el('span', { class: 'size' }, words.size(file.size))),
      renamed, list, said, problem, go.element, this.after);
    return { element, card };
  }

  // The opening of a file that is not saved is used up once its lease lapses.
  private saveNote(note: 'fileNote' | 'zipNote'): string {
    const { words } = this.context;
    return words.joined(...(this.viewsLeft === 0 ? [words.say('lastCopy')] : []), words.say(note));
  }

  // A small zip is taken apart at once, a large one when the person asks for it.
  private offerFiles(card: FileCard): void {
    if (card.file.size <= MEMORY_MAX) {
      void this.listFiles(card);
      return;
    }
    const show = button('secondary', this.context.words.say('zipShow'), () => {
      if (card.go.busy) return;
      show.remove();
      void this.listFiles(card);
    });
    card.show = show;
    card.go.element.append(show);
  }

  // List the files of a zip that the page made. If that fails, it can still be saved as it is.
  private async listFiles(card: FileCard): Promise<void> {
    const { words } = this.context;
    const { file, go } = card;
    try {
      const zip = await this.transfer(null, file, go);
      if (zip === null) return;
      this.saved = zip;
      const files = await filesOfZip(words, zip, () => {
        this.temp?.markWhole();
        this.askWhetherThere(zip, card, 'handedOverFiles');
      });
      go.stop(words.say(files === null ? 'save' : 'saveZip'));
      if (files === null) return;
      card.said.textContent = this.saveNote('zipNote');
      fill(card.list, files);
    } catch (error) {
      this.failed(error, card);
    }
  }

  private failed(error: unknown, { go, problem }: FileCard): void {
    go.stop();
    const failure = failureIn(error);
    if (failure.kind !== 'cancelled') this.showFailure(failure, problem);
  }

  private async save(card: FileCard): Promise<void> {
    const { file, go, problem, said } = card;
    problem.textContent = '';
    if (this.saved !== null) {
      this.handOver(this.saved, file);
      this.askWhetherThere(this.saved, card, 'handedOver');
      return;
    }
    if (this.engine.ended) {
      this.ways.again(); // the worker broke
      return;
    }
    if (this.picking) return;
    this.picking = true;
    let handle: FileSystemFileHandle | null;
    try {
      handle = await pickPlace(file.name);
    } catch (error) {
      if ((error as Error).name === 'AbortError') return; // closed without a choice
      handle = null; // the dialog is forbidden here
    } finally {
      this.picking = false;
    }

    try {
      const blob = await this.transfer(handle, file, go);
      card.show?.remove();
      go.stop(this.context.words.say('saveAgain'));
      if (blob === null) {
        go.element.remove();
        await this.isThere(said);
      } else {
        this.handOver(blob, file);
        this.askWhetherThere(blob, card, 'handedOver');
      }
    } catch (error) {
      this.failed(error, card);
    }
  }

  // To the picked place; else into a temporary file or memory, which then becomes a download.
  private async transfer(handle: FileSystemFileHandle | null, file: FileInfo, go: BusyButton): Promise<Blob | null> {
    const signal = go.start(this.context.words.percent(0), true);
    const temp = handle === null && file.size > MEMORY_MAX ? await TempFile.claim() : null;
    this.abandon = () => {
      this.engine.close(); // it would hold the file
      void temp?.clear();
    };
    addEventListener('pagehide', this.abandon);
    try {
      const order = { handle, tempName: temp?.name ?? null };
      const blob = await this.engine.call('save', order, (progress) => {
        const heard = go.progress(progress);
        if (heard !== null) this.context.announce(heard);
      }, signal);
      this.temp = temp;
      return blob;
    } catch (error) {
      await temp?.clear();
      throw error;
    } finally {
      removeEventListener('pagehide', this.abandon);
      this.abandon = () => undefined;
    }
  }

  private handOver(blob: Blob, file: FileInfo): void {
    this.saved = blob;
    download(blob, file.name);
    this.temp?.markWhole();
  }

  // A browser does not report what becomes of a download: it may ask where to save, and be told nowhere.
  private askWhetherThere(blob: Blob, { go, said, list }: FileCard, question: 'handedOver' | 'handedOverFiles'): void {
    const { words } = this.context;
    if (this.asked) return;
    this.asked = true;
    const effect = words.say(this.viewsLeft === 0 ? 'thereErases' : 'thereEnds');
    said.textContent = words.joined(words.say(question), effect);
    go.demote();
    const there = button('primary', words.say(question === 'handedOver' ? 'isThere' : 'areThere'), () => {
      there.remove();
      this.temp?.clearLater(blob.size, () => {
        this.saved = null;
        go.element.remove();
        list.remove();
      });
      void this.isThere(said);
    });
    go.element.prepend(there);
    if (question === 'handedOver') there.focus();
  }

  // The file is where the person wants it.
  private async isThere(said: HTMLElement): Promise<void> {
    this.unsavedContent = false;
    said.textContent = this.context.words.say('saved');
    await this.confirm();
  }

  private showFailure(failure: Failure, problem: HTMLElement | null): void {
    const { words, api } = this.context;
    const message = saveMessage(failure);
    if (message.kind === 'end') this.ways.end(message);
    else if (problem !== null) showLine(words, api.base, problem, message);
  }

  // It is here and whole, so the server may drop it.
  private async confirm(): Promise<void> {
    this.stopRenewing();
    this.showAfter(false);
    try {
      await this.engine.call('confirm', null);
      this.showAfter(true);
    } catch {
      // The lease lapses by itself, and "Erase now" tries again.
    }
  }

  private showAfter(confirmed: boolean): void {
    const { words } = this.context;
    const last = this.viewsLeft === 0;
    const text = last
      ? words.say(confirmed ? 'lastTimeDone' : 'lastTime')
      : words.say('moreTimes', { n: this.viewsLeft, date: words.date(this.info.expiresAt) });
    const here = this.after.contains(document.activeElement);
    const label = words.say(eraseLabel(last, confirmed));
    const burn = () => this.burn();
    const erase = button('secondary', label, ifMeant(() => {
      if (this.unsaved().length === 0) burn();
      else askToReplace(words, ['replaceLast'], burn, { title: 'eraseTitle', yes: 'eraseYes' });
    }));
    this.shown = { erase, problem: el('p', { class: 'problem', role: 'alert' }) };
    fill(this.after, el('p', { role: 'status' }, text), this.shown.problem, el('div', { class: 'actions' }, erase));
    if (here) erase.focus();
  }

  // showAfter() may replace what is shown while a question is open, or the server is asked.
  private burn(): void {
    if (this.shown === null || this.shown.erase.hasAttribute('aria-disabled')) return;
    this.shown.erase.setAttribute('aria-disabled', 'true');
    this.shown.problem.textContent = '';
    this.engine.call('burn', null).then(() => this.erased(), (error: unknown) => {
      const failure = failureIn(error);
      if (isFinal(failure, 'gone')) return this.erased();
      this.shown?.erase.removeAttribute('aria-disabled');
      if (this.shown !== null) showLine(this.context.words, this.context.api.base, this.shown.problem, eraseMessage(failure));
    });
  }

  private erased(): void {
    this.text?.wipe();
    this.saved = null;
    this.unsavedContent = false;
    this.engine.close();
    fill(this.element, endCard(this.context, 'erasedTitle', 'erased'));
  }
}

function eraseLabel(last: boolean, confirmed: boolean): Key {
  if (!last) return 'destroy';
  return confirmed ? 'eraseHere' : 'eraseNow';
}
