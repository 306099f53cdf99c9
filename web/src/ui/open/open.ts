// SPDX-License-Identifier: MIT
// The view to open: what waits, one button, then the text or the file.

import type { Info } from '../../net/messages';
import { failureIn, type Engine } from '../../worker/engine';
import type { Failure } from '../../model/failure';
import type { OpenResult } from '../../worker/protocol';
import { failureOf } from '../../model/failure';
import { readPastedKey, type Target } from '../../model/link';
import { openMessage, type Asked, type End } from '../../model/outcome';
import { isTooLong, PASSPHRASE_MAX } from '../../crypto/passphrase';
import { mintToken } from '../../base/random';
import { retryBriefly } from '../../net/retry';
import { WAITING, type Key, type Words } from '../../text/words';
import { BusyButton } from '../parts/busy';
import { secretField } from '../parts/choices';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { endCard } from '../parts/end';
import { Opened } from './opened';

const KILOBYTE = 1000;

/** The form to open, and what it is about. */
interface Form {
  info: Info;
  asked: Asked;
  go: BusyButton;
  problem: HTMLElement;
  attempts: HTMLElement;
}

export class OpenView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly id: string;
  private readonly key: string | null;
  private engine: Engine | null = null;
  /** One for every try, so that all of them together use one opening. */
  private lease = mintToken();
  /** Whether an opening may have been counted whose answer did not come. */
  private lost = false;
  private opening = false;
  private opened: Opened | null = null;

  constructor(context: Context, id: string, key: string | null) {
    this.context = context;
    this.id = id;
    this.key = key;
    void this.look();
  }

  dispose(): void {
    this.opened?.dispose();
    this.engine?.close();
  }

  unsaved(): Key[] {
    if (this.opened !== null) return this.opened.isUnsaved() ? ['replaceOpened'] : [];
    return this.opening || this.lost ? ['replaceOpening'] : [];
  }

  // Of an opening that is used up the browser's memory is the last place; of any other, the link is.
  suspend(): boolean {
    if (this.opened !== null) return this.opened.suspend();
    for (const input of this.element.querySelectorAll('input')) input.value = '';
    return this.opening || this.lost;
  }

  continues(next: Target): boolean {
    return next.kind === 'open' && next.id === this.id && this.unsaved().length > 0;
  }

  // Looking uses nothing up.
  private async look(): Promise<void> {
    const { words, api } = this.context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    fill(this.element, el('h1', {}, words.say('openTitle')), note);
    try {
      const info = await retryBriefly(() => api.info(this.id), (why) => { note.textContent = words.say(WAITING[why]); });
      // Another opener has the last one, and the server keeps it for them alone.
      if (info.viewsLeft === 0) this.showLookFailure({ kind: 'gone' });
      else this.showWaiting(info);
    } catch (error) {
      this.showLookFailure(failureOf(error));
    }
  }

  private showLookFailure(failure: Failure): void {
    const { words } = this.context;
    const told = openMessage(failure, { key: false, passphrase: false });
    if (told.kind === 'end') {
      this.end(told);
      return;
    }
    const again = button('primary', words.say('tryAgain'), () => void this.look());
    fill(this.element, el('h1', {}, words.say('openTitle')),
      el('article', { class: 'card' }, el('p', { role: 'alert', class: 'problem' }, words.say(told.text)), el('div', { class: 'actions' }, again)));
    again.focus();
  }

  // `again` tells that it was opened before, by the same lease.
  private showWaiting(info: Info, again = false): void {
    const { words } = this.context;
    const asked: Asked = { key: this.key === null, passphrase: info.passphrase };
    const key = asked.key ? secretField(words.say('openKeyField'), words.say('show'), words.say('hide')) : null;
    const passphrase = asked.passphrase ? secretField(words.say('passphraseField'), words.say('show'), words.say('hide')) : null;
    const attempts = el('span', {}, attemptsText(this.context, info.attemptsLeft));
    const problem = el('p', { class: 'problem', role: 'alert' }, again && words.say('openAgain'));
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
      void this.open(linkKey, passphrase?.input.value ?? '', { info, asked, go, problem, attempts });
    };
    const go = new BusyButton(words, words.say('open'), submit);
    const date = words.date(info.expiresAt);
    const form = el('form', { class: 'card', novalidate: true, on: { submit: (e) => { e.preventDefault(); submit(); } } },
      !again && el('p', {}, words.say('openSentence', { n: info.viewsLeft, date })),
      el('p', { class: 'note' }, sizeText(words, info.size), ' ', !again && words.say('openUses')),
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

  private async open(linkKey: string, passphrase: string, form: Form): Promise<void> {
    const { words, announce, config } = this.context;
    const { info, go } = form;
    const signal = go.start(words.say('preparing'), true);
    let asked = false;
    this.opening = true;
    try {
      const order = { id: this.id, lease: this.lease, linkKey, passphrase, info, textMax: config.textMax };
      const result = await this.running().call('open', order, (progress) => {
        asked ||= progress.phase === 'opening';
        const heard = go.progress(progress);
        if (heard !== null) announce(heard);
      }, signal);
      this.showOpened(info, result);
    } catch (error) {
      const failure = failureIn(error);
      this.lost ||= failure.kind === 'lost' || (asked && failure.kind === 'unexpected');
      this.openFailed(failure, form);
    } finally {
      this.opening = false;
    }
  }

  private openFailed(failure: Failure, { info, asked, go, problem, attempts }: Form): void {
    const { words } = this.context;
    const told = openMessage(failure, asked, this.lost);
    if (told.kind === 'end') {
      this.end(told);
      return;
    }
    const afresh = failure.kind === 'wrong-proof' || failure.kind === 'cancelled';
    go.stop(words.say(afresh ? 'open' : 'tryAgain'));
    problem.textContent = failure.kind === 'cancelled' ? '' : words.say(told.text);
    attempts.textContent = attemptsText(this.context, told.attemptsLeft ?? info.attemptsLeft);
    const field = this.element.querySelector<HTMLInputElement>('form input');
    if (failure.kind === 'wrong-proof' && field !== null) field.select();
    else go.focus();
  }

  // A worker that ended by itself is replaced.
  private running(): Engine {
    if (this.engine === null || this.engine.ended) this.engine = this.context.newEngine();
    return this.engine;
  }

  private end({ title, text, again }: End): void {
    this.engine?.close();
    this.opened?.dispose();
    this.opened = null;
    this.lost = false;
    fill(this.element, endCard(this.context.words, title, text, again ? () => this.startOver() : null));
  }

  // That opening is over: the next one is another.
  private startOver(): void {
    this.lease = mintToken();
    void this.look();
  }

  // The keys went with the worker, the lease did not.
  private openAgain(info: Info): void {
    this.opened?.dispose();
    this.opened = null;
    this.lost = true;
    this.showWaiting(info, true);
  }

  private showOpened(info: Info, result: OpenResult): void {
    const ways = { end: (told: End) => this.end(told), again: () => this.openAgain(info) };
    const opened = this.opened = new Opened(this.context, this.running(), info, result, ways);
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

