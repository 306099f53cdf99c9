// SPDX-License-Identifier: MIT
// The view to share: box, sentence, one button; then the cards.

import { EngineFailure } from '../engine';
import type { Failure, Shared } from '../engine.model';
import { emptyChoice, isOfPassphrase, passphraseOf, problemOf, zipNameAt, type ShareChoice } from '../share.model';
import type { Key } from '../text/words';
import { ContentBox } from './box';
import { BusyButton } from './busy';
import { resultCard } from './card';
import type { Context } from './context';
import { button, el, fill } from './dom';
import { EarlierList } from './earlier';
import { Sentence } from './sentence';

const TOLD: Partial<Record<Failure['kind'], Key>> = {
  offline: 'offline', busy: 'busy', full: 'full', 'too-large': 'tooLarge', changed: 'changed',
};

export class ShareView {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly stage = el('div', { class: 'stage' });
  private readonly cards = el('div', { class: 'cards' });
  private readonly earlier: EarlierList;

  constructor(context: Context) {
    this.context = context;
    this.earlier = new EarlierList(context);
    this.element = el('div', { class: 'view' }, el('h1', {}, context.words.say('shareTitle')), this.stage, this.cards, this.earlier.element);
    this.showForm(false);
  }

  private showForm(focus: boolean): void {
    const { context } = this;
    const choice = emptyChoice(context.config);
    const problem = el('p', { class: 'problem', role: 'alert' });
    const say = (message: string) => { problem.textContent = message; };
    const box = new ContentBox(context, choice, say);
    const sentence = new Sentence(context, choice);
    const submit = () => {
      say('');
      const wrong = problemOf(choice, context.config);
      if (wrong === null) {
        void this.send(choice, box, go, say);
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
    if (focus) box.focus();
  }

  private async send(choice: ShareChoice, box: ContentBox, go: BusyButton, say: (message: string) => void): Promise<void> {
    const { words, announce, config, newEngine, now } = this.context;
    const signal = go.start(words.say('preparing'), true);
    box.lock(true);
    const engine = newEngine();
    const files = [...choice.files];
    const stay = (event: Event) => event.preventDefault(); // the browser asks whether to leave
    addEventListener('beforeunload', stay);
    try {
      const shared = await engine.call('share', {
        text: files.length === 0 ? choice.text : null, files, zipName: zipNameAt(new Date()),
        views: choice.views, ttl: choice.ttl, passphrase: passphraseOf(choice), keyApart: choice.keyApart,
        inlineMax: config.inlineMax,
      }, (progress) => {
        const heard = go.progress(progress);
        if (heard !== null) announce(heard);
      }, signal);
      this.context.owned.add({ id: shared.id, token: shared.ownerToken, made: now(), until: shared.expiresAt });
      this.showResult(choice, shared);
    } catch (error) {
      go.stop();
      box.lock(false);
      const kind = error instanceof EngineFailure ? error.failure.kind : 'unexpected';
      if (kind !== 'cancelled') say(words.say(TOLD[kind] ?? 'unexpected'));
      go.focus();
    } finally {
      removeEventListener('beforeunload', stay);
      engine.close();
    }
  }

  private showResult(choice: ShareChoice, shared: Shared): void {
    const { words } = this.context;
    const card = resultCard(this.context, choice, shared);
    this.cards.prepend(card);
    this.earlier.leaveOut(shared.id);
    const again = button('secondary', words.say('shareAnother'), () => this.showForm(true));
    fill(this.stage);
    this.cards.querySelector('.again')?.remove();
    card.after(el('div', { class: 'actions again' }, again));
    card.querySelector<HTMLElement>('.primary')?.focus();
  }
}
