// SPDX-License-Identifier: MIT
// The view to share: what to share, the sentence, one button, then the cards.

import { failureIn } from '../../worker/engine';
import type { Shared } from '../../worker/protocol';
import { isFinal } from '../../model/failure';
import { shareMessage } from '../../model/outcome';
import { emptyChoice, isOfPassphrase, passphraseOf, problemOf, zipNameAt, type Content, type ShareChoice } from '../../model/choice';
import { ASK } from '../../model/link';
import { askedList } from '../../storage/asked';
import type { Key } from '../../text/words';
import { ContentInput } from './content';
import { BusyButton } from '../parts/busy';
import { resultCard, type ResultCard } from './card';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { showLine } from '../parts/problem';
import { EarlierList } from './earlier';
import { brandNote, sendForm, staying } from './form';
import { isOpenOnly, mayAsk, mayShare, refusalCard } from './right';
import { Sentence } from './sentence';
import { TokenLine } from './token-line';
import { Transfer } from './transfer';

/** The parts of the form that say what went wrong, and ask for a token. */
interface Said {
  problem: HTMLElement;
  token: TokenLine;
}

export class ShareView {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly stage = el('div', { class: 'stage' });
  private readonly cards = el('div', { class: 'cards' });
  private readonly results: ResultCard[] = [];
  private readonly earlier: EarlierList;
  /** The content of the form, while there is one. */
  private choice: ShareChoice | null = null;
  /** What is being shared. */
  private transfer: Transfer | null = null;

  /** The form holds `content` at first. */
  constructor(context: Context, content?: Content) {
    this.context = context;
    const title = el('h1', { tabindex: -1 }, context.words.say(isOpenOnly(context) ? 'openOnlyTitle' : 'shareTitle'));
    this.earlier = new EarlierList(context, () => title.focus());
    const instead = mayAsk(context) && el('a', { href: `#${ASK}`, class: 'instead' }, context.words.say('askInstead'));
    const kept = mayAsk(context) ? askedList.all(context.now()).length : 0;
    const keptLine = kept > 0 && el('p', { class: 'kept' }, el('a', { href: `#${ASK}` }, context.words.say('keptRequests', { n: kept })));
    this.element = el('div', { class: 'view' }, el('div', { class: 'title' }, title, instead), this.stage, this.cards, keptLine, this.earlier.element);
    this.showForm(false, content);
  }

  unsaved(): Key[] {
    const made = this.cards.querySelector('.card:not(.over)') !== null;
    return [...(this.isTyped() ? ['replaceNote'] as const : []), ...(made ? ['replaceCard'] as const : [])];
  }

  // What was typed or added is here alone, and a link that was not taken elsewhere cannot be shown again.
  holdsOnlyCopy(): boolean {
    return this.isTyped() || this.results.some((one) => one.isOnlyHere());
  }

  private isTyped(): boolean {
    return this.choice !== null && (this.choice.text !== '' || this.choice.files.length > 0);
  }

  dispose(): void {
    this.transfer?.abandon();
    for (const { status } of this.results) status.stop();
    this.earlier.stop();
  }

  private showForm(focus: boolean, content?: Content): void {
    const { context } = this;
    if (!mayShare(context)) {
      this.choice = null;
      fill(this.stage, refusalCard(context, () => this.showForm(true)), brandNote(context));
      return;
    }
    const choice = this.choice = emptyChoice(context.config);
    const problem = el('p', { class: 'problem', role: 'alert' });
    const token = new TokenLine(context, () => this.stage.querySelector<HTMLElement>('.primary')?.focus());
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
        void this.send({ ...choice }, lock, go, { problem, token });
        return;
      }
      const { key, size, count = 0 } = wrong;
      say(context.words.say(key, { max: size === undefined ? count : context.words.size(size) }));
      if (isOfPassphrase(wrong)) sentence.askForPassphrase();
      else box.focus();
    };
    const go = new BusyButton(context.words, context.words.say('create'), submit);
    const form = sendForm(go, submit, box.element, sentence.element, problem, token.element);
    fill(this.stage, form, brandNote(context));
    this.cards.querySelector('.again')?.remove(); // there is a form now, and what is typed into it
    if (focus) box.focus();
    if (content !== undefined) queueMicrotask(() => box.put(content)); // its height is known once it is on the page
  }

  // `choice` is a copy: the card says what was sent, whatever became of the form meanwhile.
  private async send(choice: ShareChoice, lock: (locked: boolean) => void, go: BusyButton, { problem, token }: Said): Promise<void> {
    const { words, api, config, now, owned } = this.context;
    const apiToken = token.token();
    const signal = go.start(words.say('preparing'), true);
    lock(true);
    const files = [...choice.files];
    const transfer = this.transfer = new Transfer(this.context, go, problem);

    try {
      const shared = await staying(() => transfer.call('share', {
        text: files.length === 0 ? choice.text : null, files, zipName: zipNameAt(new Date()),
        views: choice.views, ttl: choice.ttl, passphrase: passphraseOf(choice), keyApart: choice.keyApart,
        inlineMax: config.inlineMax, gate: config.features.includes('gate'), apiToken, answers: null,
      }, signal));
      owned.add({ id: shared.id, token: shared.ownerToken, made: now(), until: shared.expiresAt });
      this.showResult(choice, shared);
    } catch (error) {
      go.stop();
      lock(false);
      const failure = failureIn(error);
      showLine(words, api.base, problem, failure.kind === 'cancelled' ? null : shareMessage(failure, apiToken !== null));
      go.focus();
      if (isFinal(failure, 'creators-only')) token.refused(problem);
    } finally {
      transfer.end();
      this.transfer = null;
    }
  }

  private showResult(choice: ShareChoice, shared: Shared): void {
    const { words } = this.context;
    this.choice = null;
    const result = resultCard(this.context, choice, shared);
    const { card } = result;
    this.results.push(result);
    this.cards.prepend(card);
    this.earlier.exclude(shared.id);
    const again = button('secondary', words.say('shareAnother'), () => this.showForm(true));
    fill(this.stage);
    card.after(el('div', { class: 'actions again' }, again));
    card.querySelector<HTMLElement>('.primary')?.focus();
  }
}
