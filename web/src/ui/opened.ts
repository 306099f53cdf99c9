// SPDX-License-Identifier: MIT
// What was opened: the text or the file, and what happens to it on the server.

import type { Info } from '../api.model';
import { EngineFailure, type Engine } from '../engine';
import type { OpenResult } from '../engine.model';
import { tell } from '../opening.model';
import type { Key } from '../text/words';
import { BusyButton } from './busy';
import type { Context } from './context';
import { CoveredText } from './covered';
import { button, el, fill, foreign } from './dom';
import { endCard } from './end';
import { download, pickPlace } from './save';

type End = (title: Key, text: Key) => void;

interface FileInfo { name: string; size: number }

export class Opened {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly engine: Engine;
  private readonly info: Info;
  private readonly viewsLeft: number;
  private readonly end: End;
  private readonly after = el('section', { class: 'after' });
  private readonly focusFirst: () => void;
  private text: CoveredText | null = null;
  private saved: Blob | null = null;

  constructor(context: Context, engine: Engine, info: Info, result: OpenResult, end: End) {
    this.context = context;
    this.engine = engine;
    this.info = info;
    this.viewsLeft = result.viewsLeft;
    this.end = end;
    const { words } = context;
    if ('text' in result) {
      this.text = new CoveredText(context, result.text);
      this.focusFirst = () => this.text?.focus();
      this.element = el('div', { class: 'opened' }, el('h1', {}, words.say('textTitle')),
        el('article', { class: 'card' }, this.text.element), this.after);
      void this.confirm();
    } else {
      const { element, go } = this.fileCard(result.file);
      this.focusFirst = () => go.focus();
      this.element = el('div', { class: 'opened' }, el('h1', {}, words.say('fileTitle')), element, this.after);
    }
  }

  focus(): void {
    this.focusFirst();
  }

  private fileCard(file: FileInfo): { element: HTMLElement; go: BusyButton } {
    const { words } = this.context;
    const problem = el('p', { class: 'problem', role: 'alert' });
    const said = el('p', { class: 'note', role: 'status' }, words.say('fileNote'));
    const go = new BusyButton(words, words.say('save'), () => void this.save(file, go, problem, said));
    const element = el('article', { class: 'card' },
      el('p', { class: 'file' }, el('span', { class: 'name' }, foreign(file.name)), el('span', { class: 'size' }, words.size(file.size))),
      said, problem, go.element);
    return { element, go };
  }

  private async save(file: FileInfo, go: BusyButton, problem: HTMLElement, said: HTMLElement): Promise<void> {
    const { words, announce } = this.context;
    problem.textContent = '';
    if (this.saved !== null) {
      download(this.saved, file.name);
      return;
    }
    let handle: FileSystemFileHandle | null;
    try {
      handle = await pickPlace(file.name);
    } catch {
      return; // closed without a choice
    }
    const signal = go.start(words.percent(0), true);
    try {
      this.saved = await this.engine.call('save', { handle }, (progress) => {
        const heard = go.progress(progress);
        if (heard !== null) announce(heard);
      }, signal);
      if (this.saved !== null) download(this.saved, file.name);
      go.stop(words.say('saveAgain'));
      if (this.saved === null) go.element.remove();
      said.textContent = words.say('saved');
      await this.confirm();
    } catch (error) {
      this.saveFailed(error, go, problem);
    }
  }

  private saveFailed(error: unknown, go: BusyButton, problem: HTMLElement): void {
    const { words } = this.context;
    go.stop();
    const failure = error instanceof EngineFailure ? error.failure : { kind: 'unexpected' as const };
    if (failure.kind === 'cancelled') return;
    const told = tell(failure, { key: false, passphrase: false });
    if (told.kind === 'end') this.end(told.title, told.text);
    else problem.textContent = words.say(failure.kind === 'offline' ? 'interrupted' : told.text);
  }

  // It is here and whole: the server may let go of it.
  private async confirm(): Promise<void> {
    this.showAfter(false);
    try {
      await this.engine.call('confirm', null);
      this.showAfter(true);
    } catch {
      // The lease lapses by itself; "Erase now" tries again.
    }
  }

  private showAfter(confirmed: boolean): void {
    const { words } = this.context;
    const last = this.viewsLeft === 0;
    const text = last
      ? words.say(confirmed ? 'lastTimeDone' : 'lastTime')
      : words.say('moreTimes', { n: this.viewsLeft, date: words.date(this.info.expiresAt) });
    const problem = el('p', { class: 'problem', role: 'alert' });
    const erase = button('secondary', words.say(last ? 'eraseNow' : 'destroy'), () => {
      erase.setAttribute('aria-disabled', 'true');
      this.engine.call('burn', null).then(() => this.erased(), (error: unknown) => {
        erase.removeAttribute('aria-disabled');
        const gone = error instanceof EngineFailure && error.failure.kind === 'gone';
        if (gone) this.erased();
        else problem.textContent = words.say('offline');
      });
    });
    fill(this.after, el('p', { role: 'status' }, text), problem, el('div', { class: 'actions' }, erase));
  }

  private erased(): void {
    this.text?.wipe();
    this.saved = null;
    this.engine.close();
    fill(this.element, endCard(this.context.words, 'erasedTitle', 'erased'));
  }
}
