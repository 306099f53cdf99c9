// SPDX-License-Identifier: MIT
// The view to open: what is there, one button, then the text or the file.

import type { Info } from '../../net/messages';
import { failureIn, type Engine } from '../../worker/engine';
import type { Failure } from '../../model/failure';
import type { OpenResult } from '../../worker/protocol';
import { failureOf } from '../../model/failure';
import { buildLink, readPastedKey, type Target } from '../../model/link';
import { openMessage, type Asked, type End } from '../../model/outcome';
import { isGenerated, isTooLong, PASSPHRASE_MAX } from '../../crypto/passphrase';
import { mintToken } from '../../base/random';
import { retryBriefly } from '../../net/retry';
import { WAITING, type Key, type Words } from '../../text/words';
import { BusyButton } from '../parts/busy';
import { secretField } from '../parts/choices';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { endCard } from '../parts/end';
import { ifMeant } from '../parts/press';
import { showLine, showTrouble } from '../parts/problem';
import { clearAddress, clearOpenedAddress } from '../address';
import { Opened } from './opened';
import { wrappedCard } from './wrapped';

const KILOBYTE = 1000;
/** Milliseconds until an upload that is under way is looked at again. */
const UPLOAD_LOOK_EVERY = 5000;

type OpenTarget = Extract<Target, { kind: 'open' }>;

/** The form to open. */
interface Form {
  info: Info;
  asked: Asked;
  go: BusyButton;
  problem: HTMLElement;
  attempts: HTMLElement;
}

/** How it differs for an answer to a request. */
interface Way {
  /** The address bar has another link than the one that is opened. */
  keepsAddress?: boolean;
  /** A button was pressed already: it opens without another one. */
  pressed?: boolean;
  /** The title, in place of those of a secret. */
  title?: Key;
  /** Whether it is what was listed. Nothing else is opened. */
  isListed?: (info: Info) => boolean;
  /** It is gone: show why. Resolves to whether that is known. */
  gone?: () => Promise<boolean>;
}

/** What to do with what is opened. */
type Purpose = 'show' | 'burn';

export class OpenView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly id: string;
  private readonly key: string | null;
  private readonly exposed: boolean;
  private readonly way: Way;
  private engine: Engine | null = null;
  /** One for every try, so that all of them together use one opening. */
  private lease = mintToken();
  /** Whether an opening may have been counted whose response did not arrive. */
  private lost = false;
  private opening = false;
  private opened: Opened | null = null;
  private timer = 0;
  private disposed = false;

  constructor(context: Context, { id, key, exposed }: OpenTarget, way: Way = {}) {
    this.context = context;
    this.id = id;
    this.key = key;
    this.exposed = exposed;
    this.way = way;
    void this.look();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.opened?.dispose();
    this.engine?.close();
  }

  unsaved(): Key[] {
    if (this.opened !== null) return this.opened.unsaved();
    return this.opening || this.lost ? ['replaceOpening'] : [];
  }

  /** Whether it was opened. */
  isOpened(): boolean {
    return this.opened !== null;
  }

  holdsOnlyCopy(): boolean {
    return this.opened !== null && this.opened.unsaved().length > 0;
  }

  // An opening that is used up exists in the memory of this page only. Any other one can begin again from the link.
  suspend(): boolean {
    if (this.opened !== null) return this.opened.suspend();
    for (const input of this.element.querySelectorAll('input')) input.value = '';
    return this.opening || this.lost;
  }

  continues(next: { kind: string; id?: string }): boolean {
    return next.kind === 'open' && next.id === this.id && this.unsaved().length > 0;
  }

  // Looking uses nothing up.
  private async look(): Promise<void> {
    const { words, api } = this.context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    // While an upload is waited for, the page stays as it is.
    if (this.timer === 0) fill(this.element, this.heading(), note);
    try {
      const info = await retryBriefly(() => api.info(this.id), (why) => { note.textContent = words.say(WAITING[why]); });
      if (this.disposed) return;
      // Without a view left, another opener has the last one, and the server keeps it for them only.
      if (info.viewsLeft === 0) this.showLookFailure({ kind: 'gone' });
      else if (this.way.isListed?.(info) === false) this.end({ kind: 'end', title: this.way.title ?? 'brokenTitle', text: 'answerDamaged', again: false });
      else if (info.wrap) this.showWrapped(info);
      else this.showWaiting(info);
    } catch (error) {
      if (this.disposed) return;
      this.showLookFailure(failureOf(error));
    }
  }

  private showLookFailure(failure: Failure): void {
    if (failure.kind === 'uploading') {
      this.waitForUpload();
      return;
    }
    this.timer = 0;
    const message = openMessage(failure, { key: false, passphrase: false });
    if (message.kind === 'end') {
      this.end(message);
      return;
    }
    showTrouble(this.context, this.element, this.way.title ?? 'openTitle', message, () => void this.look());
  }

  private heading(): HTMLElement {
    return el('h1', {}, this.context.words.say(this.way.title ?? 'openTitle'));
  }

  // The sender is not done. Look again until the secret is there, or its upload was abandoned.
  private waitForUpload(): void {
    const { words } = this.context;
    if (this.timer === 0) {
      fill(this.element, el('h1', {}, words.say('uploadingTitle')),
        el('article', { class: 'card' }, el('p', { role: 'status' }, words.say('uploading'))));
    }
    this.timer = window.setTimeout(() => void this.look(), UPLOAD_LOOK_EVERY);
  }

  private showWrapped({ viewsLeft, expiresAt }: Info): void {
    const { words, page } = this.context;
    const left = words.say('canBeOpened', { n: viewsLeft, date: words.date(expiresAt) });
    const card = wrappedCard(this.context, buildLink(page, this.id, this.key), left);
    fill(this.element, el('h1', {}, words.say('wrapTitle')), card);
    card.querySelector<HTMLElement>('.primary')?.focus();
  }

  // `again`: it was opened before, by the same lease.
  private showWaiting(info: Info, again = false): void {
    const { words } = this.context;
    const asked: Asked = { key: this.key === null, passphrase: info.passphrase, gate: info.gate };
    const key = asked.key ? secretField(words.say('openKeyField'), words.say('show'), words.say('hide')) : null;
    const passphrase = asked.passphrase ? secretField(words.say('passphraseField'), words.say('show'), words.say('hide')) : null;
    const attempts = el('span', {}, attemptsText(this.context, info.attemptsLeft));
    const problem = el('p', { class: 'problem', role: 'alert' }, again && words.say('openAgain'));

    const submit = (purpose: Purpose) => {
      if (go.busy) return;
      const linkKey = this.key ?? readPastedKey(key?.input.value ?? '');
      if (linkKey === null) {
        problem.textContent = words.say('openKeyWrong');
        key?.input.focus();
        return;
      }
      if (passphrase !== null && isUnfit(passphrase.input, problem, words)) return;
      problem.textContent = '';
      void this.open(linkKey, passphrase?.input.value ?? '', purpose, { info, asked, go, problem, attempts });
    };

    // Who may know the key could open it first, so there burning is the main button.
    const open = () => submit('show');
    const go = this.exposed
      ? new BusyButton(words, words.say('burnUnread'), ifMeant(() => submit('burn')), button('secondary', words.say('open'), open))
      : new BusyButton(words, words.say('open'), open);
    const date = words.date(info.expiresAt);
    const form = el('form', { class: 'card', novalidate: true, on: { submit: (e) => { e.preventDefault(); open(); } } },
      !again && el('p', {}, words.say('canBeOpened', { n: info.viewsLeft, date }), info.viewsLeft === 1 && ` ${words.say('openLast')}`),
      el('p', { class: 'note' }, sizeText(words, info.size), ' ', !again && el('span', { class: 'uses' }, words.say('openUses'))),
      this.exposed && el('p', { class: 'problem', role: 'note' }, words.say('exposed')),
      key && key.element, key && el('p', { class: 'note' }, words.say('openKeyHint')),
      passphrase && passphrase.element,
      passphrase && el('p', { class: 'note' }, words.say('openPassphraseHint'), ' ', attempts),
      problem, go.element);
    enterSubmits(form, open);
    fill(this.element, this.heading(), form);

    const first = key ?? passphrase;
    if (first === null) go.focus();
    else first.input.focus();
    if (first === null && !again && this.way.pressed === true) open();
  }

  private async open(linkKey: string, passphrase: string, purpose: Purpose, form: Form): Promise<void> {
    const { words, announce, config } = this.context;
    const { info, go } = form;
    const signal = go.start(words.say('preparing'), true);
    let asked = false;
    this.opening = true;

    try {
      const engine = this.running();
      const order = { id: this.id, lease: this.lease, linkKey, passphrase, info, textMax: config.textMax };
      const result = await engine.call('open', order, (progress) => {
        asked ||= progress.phase === 'opening';
        const heard = go.progress(progress);
        if (heard !== null) announce(heard);
      }, signal);
      if (purpose === 'show') this.showOpened(info, result);
      else await this.burn(engine);
    } catch (error) {
      const failure = failureIn(error);
      // What may not be the server's may still have let the request through.
      const unknown = failure.unmarked === true || failure.kind === 'unexpected' || failure.kind === 'between' || failure.kind === 'sign-in';
      this.lost ||= failure.kind === 'lost' || (asked && unknown);
      this.openFailed(failure, form);
    } finally {
      this.opening = false;
    }
  }

  // What was opened is burnt without being shown.
  private async burn(engine: Engine): Promise<void> {
    await engine.call('burn', null);
    this.end({ kind: 'end', title: 'erasedTitle', text: 'erased', again: false });
  }

  private openFailed(failure: Failure, { info, asked, go, problem, attempts }: Form): void {
    const { words, api } = this.context;
    const message = openMessage(failure, asked, this.lost);
    if (message.kind === 'end') {
      this.end(message);
      return;
    }

    const isNew = failure.kind === 'wrong-proof' || failure.kind === 'wrong-key' || failure.kind === 'cancelled';
    go.stop(isNew || this.exposed ? undefined : words.say('tryAgain'));
    showLine(words, api.base, problem, failure.kind === 'cancelled' ? null : message);
    attempts.textContent = attemptsText(this.context, message.attemptsLeft ?? info.attemptsLeft);
    const fields = this.element.querySelectorAll<HTMLInputElement>('form input');
    const isPassphrase = message.text === 'wrongPassphrase'; // the last field
    const field = fields[isPassphrase ? fields.length - 1 : 0] ?? null;
    if ((failure.kind === 'wrong-proof' || failure.kind === 'wrong-key') && field !== null) field.select();
    else go.focus();
  }

  // A worker that ended by itself is replaced.
  private running(): Engine {
    if (this.engine === null || this.engine.ended) this.engine = this.context.newEngine();
    return this.engine;
  }

  private end(end: End): void {
    const { gone } = this.way;
    if (gone === undefined || end.title !== 'goneTitle') this.showEnd(end);
    else void gone().then((isKnown) => { if (!isKnown) this.showEnd(end); });
  }

  private showEnd({ title, text, again }: End): void {
    this.engine?.close();
    this.opened?.dispose();
    this.opened = null;
    this.lost = false;
    if (!again && this.way.keepsAddress !== true) clearAddress();
    fill(this.element, endCard(this.context, title, text, again ? () => this.startOver() : null));
  }

  // That opening is over. The next one is another.
  private startOver(): void {
    this.lease = mintToken();
    void this.look();
  }

  // The worker took the keys with it, but the lease is here.
  private openAgain(info: Info): void {
    this.opened?.dispose();
    this.opened = null;
    this.lost = true;
    this.showWaiting(info, true);
  }

  private showOpened(info: Info, result: OpenResult): void {
    const ways = { end: (message: End) => this.end(message), again: () => this.openAgain(info) };
    const opened = this.opened = new Opened(this.context, this.running(), info, result, { ...ways, title: this.way.title });
    if (this.way.keepsAddress !== true) clearOpenedAddress(result.viewsLeft === 0);
    fill(this.element, opened.element);
    opened.focus();
  }
}

/** The fields whose blanks at the ends were told and not changed since. */
const toldOfBlanks = new WeakSet<HTMLInputElement>();

/**
 * Whether `input` holds no passphrase, or one that is hardly right. If so, says it and focuses the
 * field. A generated passphrase loses the blanks that were copied with it. Those of another one are
 * told once, before a try is spent on them.
 */
export function isUnfit(input: HTMLInputElement, problem: HTMLElement, words: Words): boolean {
  if (isGenerated(input.value.trim())) input.value = input.value.trim();
  const { value } = input;
  const hasBlanks = value !== value.trim() && !toldOfBlanks.has(input);
  if (value !== '' && !isTooLong(value) && !hasBlanks) return false;

  if (hasBlanks) {
    toldOfBlanks.add(input);
    input.addEventListener('input', () => toldOfBlanks.delete(input), { once: true });
  }
  problem.textContent = unfitText(value, words);
  input.focus();
  return true;
}

function unfitText(passphrase: string, words: Words): string {
  if (passphrase === '') return words.say('openNeedsPassphrase');
  return isTooLong(passphrase) ? words.say('passphraseTooLong', { max: PASSPHRASE_MAX }) : words.say('openBlanks');
}

/** Pressing Enter in a field of `form` calls `submit`. */
export function enterSubmits(form: HTMLFormElement, submit: () => void): void {
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    if (!event.repeat) submit();
  });
}

// Envelopes are padded, so that the size of a short text only shows that it is short.
function sizeText(words: Words, size: number): string {
  return size < KILOBYTE ? words.say('openSizeSmall', { size: words.size(KILOBYTE) }) : words.say('openSize', { size: words.size(Number(size.toPrecision(2))) });
}

function attemptsText({ words }: Context, left: number | null): string {
  return left === null ? '' : words.say('attemptsLeft', { n: left });
}

