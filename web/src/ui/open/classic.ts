// SPDX-License-Identifier: MIT
// Links of the older type: the server decrypts, and the person has the passphrase.

import { anySignal } from '../../base/abort';
import { fromBase64 } from '../../base/bytes';
import { failureOf } from '../../model/failure';
import { passingLine, type Line } from '../../model/outcome';
import { IntermediaryError } from '../../net/errors';
import { isTransient, serverDidNothing, retryBriefly } from '../../net/retry';
import type { Key } from '../../text/words';
import { BusyButton } from '../parts/busy';
import { secretField } from '../parts/choices';
import type { Context } from '../context';
import { CoveredText } from './covered';
import { button, el, fill, untrusted } from '../parts/dom';
import { enterSubmits, isUnfit } from './open';
import { showLine } from '../parts/problem';
import { clearOpenedAddress } from '../address';
import { download } from './save';

export class ClassicView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly id: string;
  private covered: CoveredText | null = null;
  private lost: Key[] = [];
  private readonly disposed = new AbortController();

  constructor(context: Context, id: string) {
    this.context = context;
    this.id = id;
    this.showWaiting();
  }

  dispose(): void {
    this.disposed.abort();
    this.covered?.wipe();
  }

  unsaved(): Key[] {
    return this.covered?.isKept() === true ? [] : this.lost;
  }

  holdsOnlyCopy(): boolean {
    return this.covered?.isKept() === false;
  }

  continues(next: { kind: string; id?: string }): boolean {
    return next.kind === 'classic' && next.id === this.id && this.lost.length > 0;
  }

  private showWaiting(): void {
    const { words } = this.context;
    const field = secretField(words.say('passphraseField'), words.say('show'), words.say('hide'));
    const problem = el('p', { class: 'problem', role: 'alert' });
    const submit = () => {
      if (go.busy || isUnfit(field.input, problem, words)) return;
      void this.open(field.input, go, problem);
    };
    const go = new BusyButton(words, words.say('open'), submit);
    const form = el('form', { class: 'card', novalidate: true, on: { submit: (e) => { e.preventDefault(); submit(); } } },
      el('p', { class: 'note' }, words.say('classicNote')), field.element, problem, go.element);
    enterSubmits(form, submit);
    fill(this.element, el('h1', {}, words.say('openTitle')), form);
    queueMicrotask(() => field.input.focus());
  }

  private async open(input: HTMLInputElement, go: BusyButton, problem: HTMLElement): Promise<void> {
    const { words, api } = this.context;
    problem.textContent = '';
    const signal = anySignal([go.start(words.say('opening'), true), this.disposed.signal]);
    this.lost = ['replaceOpening'];
    let asked = false;
    const ask = () => {
      asked = true; // until it waits because the server did nothing
      return api.decryptClassic(this.id, input.value, signal);
    };
    try {
      // A response that was lost has used an opening, and each try would use one more.
      const { data, fileName } = await retryBriefly(ask, (why) => {
        asked = false;
        go.progress({ phase: 'waiting', why });
      }, serverDidNothing, signal);
      input.value = '';
      clearOpenedAddress();
      this.lost = ['replaceOpened'];
      if (fileName === null) this.showText(data);
      else this.showFile(new Blob([fromBase64(data)], { type: 'application/octet-stream' }), fileName);
    } catch (error) {
      go.stop();
      this.lost = [];
      if (!signal.aborted) showLine(words, api.base, problem, classicMessage(error));
      else if (asked) problem.textContent = words.say('classicCancelled');
      if (signal.aborted) go.focus();
      else input.select();
    }
  }

  private showText(text: string): void {
    const covered = this.covered = new CoveredText(this.context, text);
    fill(this.element, el('h1', {}, this.context.words.say('textTitle')), el('article', { class: 'card' }, covered.element));
    covered.focus();
  }

  private showFile(blob: Blob, name: string): void {
    const { words } = this.context;
    // The browser may drop the download, so it stays here.
    const save = button('primary', words.say('save'), () => {
      download(blob, name);
      save.textContent = words.say('saveAgain');
    });
    fill(this.element, el('h1', {}, words.say('fileTitle')), el('article', { class: 'card' },
      el('p', { class: 'file' }, el('span', { class: 'name' }, untrusted(name)), el('span', { class: 'size' }, words.size(blob.size))),
      el('p', { class: 'note' }, words.say('fileNote')), el('div', { class: 'actions' }, save)));
    save.focus();
  }
}

function classicMessage(error: unknown): Line {
  const failure = failureOf(error);
  if (serverDidNothing(error)) return { text: 'busy' };
  if (error instanceof IntermediaryError) return passingLine(failure)!;
  if (isTransient(error)) return { text: 'classicLost' };
  return { text: failure.kind === 'gone' ? 'classicFailed' : 'openUnexpected' };
}
