// SPDX-License-Identifier: MIT
// The view to open: what waits, one button, then the text or the file.

import type { Info } from '../api.model';
import { EngineFailure, type Engine } from '../engine';
import type { Failure, OpenResult } from '../engine.model';
import { failureOf } from '../failure';
import { readPastedKey } from '../link.model';
import { tell, type Asked } from '../opening.model';
import { isTooLong, PASSPHRASE_MAX } from '../passphrase.model';
import { patiently } from '../retry';
import { WAITING, type Words } from '../text/words';
import { BusyButton } from './busy';
import { secretField } from './choices';
import type { Context } from './context';
import { button, el, fill } from './dom';
import { endCard } from './end';
import { Opened } from './opened';

const KILOBYTE = 1000;

export class OpenView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly id: string;
  private readonly key: string | null;
  /** One worker, and so one lease, for every try. */
  private engine: Engine | null = null;
  private opened: Opened | null = null;

  constructor(context: Context, id: string, key: string | null) {
    this.context = context;
    this.id = id;
    this.key = key;
    void this.look();
  }

  leave(): void {
    this.opened?.leave();
    this.engine?.close();
  }

  // Looking uses nothing up.
  private async look(): Promise<void> {
    const { words, api } = this.context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    fill(this.element, el('h1', {}, words.say('openTitle')), note);
    try {
      this.showWaiting(await patiently(() => api.info(this.id), (why) => { note.textContent = words.say(WAITING[why]); }));
    } catch (error) {
      this.showLookFailure(failureOf(error));
    }
  }

  private showLookFailure(failure: Failure): void {
    const { words } = this.context;
    const told = tell(failure, { key: false, passphrase: false });
    if (told.kind === 'end') {
      fill(this.element, endCard(words, told.title, told.text));
      return;
    }
    const again = button('primary', words.say('tryAgain'), () => void this.look());
    fill(this.element, el('h1', {}, words.say('openTitle')),
      el('article', { class: 'card' }, el('p', { role: 'alert', class: 'problem' }, words.say(told.text)), el('div', { class: 'actions' }, again)));
    again.focus();
  }

  private showWaiting(info: Info): void {
    const { words } = this.context;
    const asked: Asked = { key: this.key === null, passphrase: info.passphrase };
    const key = asked.key ? secretField(words.say('openKeyField'), words.say('show'), words.say('hide')) : null;
    const passphrase = asked.passphrase ? secretField(words.say('passphraseField'), words.say('show'), words.say('hide')) : null;
    const attempts = el('span', {}, attemptsText(this.context, info.attemptsLeft));
    const problem = el('p', { class: 'problem', role: 'alert' });
    const submit = () => {
      if (go.busy) return;
      const linkKey = this.key ?? readPastedKey(key?.input.value ?? '');
      if (linkKey === null) {
        problem.textContent = words.say('openKeyWrong');
        key?.input.focus();
        return;
      }
      if (passphrase !== null && isUnfit(passphrase.input, problem, words)) return;
      problem.textContent = '';
      void this.open(info, linkKey, passphrase?.input.value ?? '', asked, go, problem, attempts);
    };
    const go = new BusyButton(words, words.say('open'), submit);
    const date = words.date(info.expiresAt);
    const form = el('form', { class: 'card', novalidate: true, on: { submit: (e) => { e.preventDefault(); submit(); } } },
      el('p', {}, words.say('openSentence', { n: info.viewsLeft, date })),
      el('p', { class: 'note' }, sizeText(words, info.size), ' ', words.say('openUses')),
      key && key.element, key && el('p', { class: 'note' }, words.say('openKeyHint')),
      passphrase && passphrase.element,
      passphrase && el('p', { class: 'note' }, words.say('openPassphraseHint'), ' ', attempts),
      problem, go.element);
    enterSubmits(form, submit);
    fill(this.element, el('h1', {}, words.say('openTitle')), form);
    const first = key ?? passphrase;
    if (first === null) go.focus();
    else first.input.focus();
  }

  private async open(
    info: Info, linkKey: string, passphrase: string, asked: Asked, go: BusyButton, problem: HTMLElement, attempts: HTMLElement,
  ): Promise<void> {
    const { words, announce, config, newEngine } = this.context;
    const signal = go.start(words.say('preparing'), false);
    this.engine ??= newEngine();
    try {
      const order = { id: this.id, linkKey, passphrase, info, textMax: config.textMax };
      const result = await this.engine.call('open', order, (progress) => {
        const heard = go.progress(progress);
        if (heard !== null) announce(heard);
      }, signal);
      this.showOpened(info, result);
    } catch (error) {
      const failure: Failure = error instanceof EngineFailure ? error.failure : { kind: 'unexpected' };
      const told = tell(failure, asked);
      if (told.kind === 'end') {
        this.end(told.title, told.text);
        return;
      }
      go.stop(failure.kind === 'wrong-proof' ? words.say('open') : words.say('tryAgain'));
      problem.textContent = words.say(told.text);
      attempts.textContent = attemptsText(this.context, told.attemptsLeft ?? info.attemptsLeft);
      const field = this.element.querySelector<HTMLInputElement>('form input');
      if (failure.kind === 'wrong-proof' && field !== null) field.select();
      else go.focus();
    }
  }

  private end(title: Parameters<typeof endCard>[1], text: Parameters<typeof endCard>[2]): void {
    this.engine?.close();
    fill(this.element, endCard(this.context.words, title, text));
  }

  private showOpened(info: Info, result: OpenResult): void {
    const opened = this.opened = new Opened(this.context, this.engine!, info, result, (title, text) => this.end(title, text));
    fill(this.element, opened.element);
    opened.focus();
  }
}

/** Whether no passphrase is in `input`, or one that cannot be right; says so, and brings the person to it. */
export function isUnfit(input: HTMLInputElement, problem: HTMLElement, words: Words): boolean {
  const tooLong = isTooLong(input.value);
  if (input.value !== '' && !tooLong) return false;
  problem.textContent = tooLong ? words.say('passphraseTooLong', { max: PASSPHRASE_MAX }) : '';
  input.focus();
  return true;
}

/** Enter in a field of `form` is its button. */
export function enterSubmits(form: HTMLFormElement, submit: () => void): void {
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    submit();
  });
}

// An envelope is padded: of a short text its size tells only that it is short.
function sizeText(words: Words, size: number): string {
  return size < KILOBYTE ? words.say('openSizeSmall', { size: words.size(KILOBYTE) }) : words.say('openSize', { size: words.size(size) });
}

function attemptsText({ words }: Context, left: number | null): string {
  return left === null ? '' : words.say('attemptsLeft', { n: left });
}

