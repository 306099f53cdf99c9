// SPDX-License-Identifier: MIT
// The view to share: what to share, the sentence, one button, then the cards.

import { failureIn } from '../../worker/engine';
import type { Failure } from '../../model/failure';
import type { Progress, ShareOrder, Shared } from '../../worker/protocol';
import { passingLine, shareMessage } from '../../model/outcome';
import { emptyChoice, isOfPassphrase, passphraseOf, problemOf, zipNameAt, type ShareChoice } from '../../model/choice';
import type { Key } from '../../text/words';
import { ContentInput } from './content';
import { BusyButton } from '../parts/busy';
import { resultCard } from './card';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { showLine } from '../parts/problem';
import { EarlierList } from './earlier';
import { Sentence } from './sentence';
import type { LiveStatus } from './status';

export class ShareView {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly stage = el('div', { class: 'stage' });
  private readonly cards = el('div', { class: 'cards' });
  /** The lines of the cards. */
  private readonly lines: LiveStatus[] = [];
  private readonly earlier: EarlierList;
  /** The content of the form, while there is one. */
  private choice: ShareChoice | null = null;
  /** Ends what is being shared, and burns what the server has of it. */
  private abandon: () => void = () => undefined;

  constructor(context: Context) {
    this.context = context;
    const title = el('h1', { tabindex: -1 }, context.words.say('shareTitle'));
    this.earlier = new EarlierList(context, () => title.focus());
    this.element = el('div', { class: 'view' }, title, this.stage, this.cards, this.earlier.element);
    this.showForm(false);
  }

  unsaved(): Key[] {
    const typed = this.choice !== null && (this.choice.text !== '' || this.choice.files.length > 0);
    const made = this.cards.querySelector('.card:not(.over)') !== null;
    return [...(typed ? ['replaceNote'] as const : []), ...(made ? ['replaceCard'] as const : [])];
  }

  dispose(): void {
    this.abandon();
    for (const line of this.lines) line.stop();
    this.earlier.stop();
  }

  private showForm(focus: boolean): void {
    const { context } = this;
    const choice = this.choice = emptyChoice(context.config);
    const problem = el('p', { class: 'problem', role: 'alert' });
    const say = (message: string) => { problem.textContent = message; };
    const box = new ContentInput(context, choice, say);
    const sentence = new Sentence(context, choice);
    const submit = () => {
      say('');
      const wrong = problemOf(choice, context.config);
      if (wrong === null) {
        const lock = (locked: boolean) => {
          box.lock(locked);
          sentence.lock(locked);
        };
        void this.send({ ...choice }, lock, go, problem);
        return;
      }
      const { key, size, count = 0 } = wrong;
      say(context.words.say(key, { max: size === undefined ? count : context.words.size(size) }));
      if (isOfPassphrase(wrong)) sentence.askForPassphrase();
      else box.focus();
    };
    const go = new BusyButton(context.words, context.words.say('create'), submit);
    const form = el('form', {
      class: 'form', novalidate: true,
      on: {
        submit: (event) => event.preventDefault(),
        keydown: (event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !go.busy) submit();
        },
      },
    }, box.element, sentence.element, problem, go.element);
    fill(this.stage, form);
    this.cards.querySelector('.again')?.remove(); // there is a form now, and what is typed into it
    if (focus) box.focus();
  }

  // `choice` is a copy: the card says what was sent, whatever became of the form meanwhile.
  private async send(choice: ShareChoice, lock: (locked: boolean) => void, go: BusyButton, problem: HTMLElement): Promise<void> {
    const { words, api, config, now } = this.context;
    const signal = go.start(words.say('preparing'), true);
    lock(true);
    const files = [...choice.files];
    const stay = (event: Event) => event.preventDefault(); // the browser asks whether to leave
    addEventListener('beforeunload', stay);

    try {
      const shared = await this.transfer({
        text: files.length === 0 ? choice.text : null, files, zipName: zipNameAt(new Date()),
        views: choice.views, ttl: choice.ttl, passphrase: passphraseOf(choice), keyApart: choice.keyApart,
        inlineMax: config.inlineMax, gate: config.features.includes('gate'),
      }, go, problem, signal);
      this.context.owned.add({ id: shared.id, token: shared.ownerToken, made: now(), until: shared.expiresAt });
      this.showResult(choice, shared);
    } catch (error) {
      go.stop();
      lock(false);
      const failure = failureIn(error);
      showLine(words, api.base, problem, failure.kind === 'cancelled' ? null : shareMessage(failure));
      go.focus();
    } finally {
      removeEventListener('beforeunload', stay);
    }
  }

  // An upload that is left, or whose worker breaks, is burnt: it would count against the next ones.
  private async transfer(order: ShareOrder, go: BusyButton, problem: HTMLElement, signal: AbortSignal): Promise<Shared> {
    const { api, announce, newEngine, words } = this.context;
    const engine = newEngine();
    let started: { id: string; ownerToken: string } | null = null;
    this.abandon = () => {
      engine.close();
      if (started !== null) api.burnAndLeave(started.id, started.ownerToken);
      started = null;
    };

    // Nothing that is sealed and sent already has to be sent again.
    const block = (failure: Failure) => {
      showLine(words, api.base, problem, passingLine(failure));
      go.block(words.say('tryAgain'), () => {
        showLine(words, api.base, problem, null);
        engine.call('resume', null).catch(() => undefined);
      });
    };
    const onProgress = (progress: Progress) => {
      if (progress.phase === 'created') started = progress;
      if (progress.phase === 'blocked') block(progress.failure);
      const heard = go.progress(progress);
      if (heard !== null) announce(heard);
    };

    addEventListener('pagehide', this.abandon);
    try {
      return await engine.call('share', order, onProgress, signal);
    } catch (error) {
      if (engine.ended) this.abandon(); // a worker that is still there has burnt it
      throw error;
    } finally {
      removeEventListener('pagehide', this.abandon);
      this.abandon = () => undefined;
      engine.close();
    }
  }

  private showResult(choice: ShareChoice, shared: Shared): void {
    const { words } = this.context;
    this.choice = null;
    const { card, status } = resultCard(this.context, choice, shared);
    this.lines.push(status);
    this.cards.prepend(card);
    this.earlier.exclude(shared.id);
    const again = button('secondary', words.say('shareAnother'), () => this.showForm(true));
    fill(this.stage);
    card.after(el('div', { class: 'actions again' }, again));
    card.querySelector<HTMLElement>('.primary')?.focus();
  }
}
