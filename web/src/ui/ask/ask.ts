// SPDX-License-Identifier: MIT
// The view to ask for a secret: a note, the sentence, one button, then the cards and what this browser keeps.

import { DESCRIPTION_MAX, askerOf, linkKeyOf, writeDescription } from '../../crypto/request';
import { LETTERS, LINK_KEY_LENGTH, randomText } from '../../base/random';
import { isFinal, type Failure } from '../../model/failure';
import { shareMessage } from '../../model/outcome';
import { emptyAsk, type AskChoice } from '../../model/request';
import { askFor } from '../../net/request-api';
import { withRetry } from '../../net/retry';
import { keptNote, type Asked } from '../../storage/asked';
import type { Key } from '../../text/words';
import type { Context } from '../context';
import { BusyButton } from '../parts/busy';
import { button, el, fill } from '../parts/dom';
import { showLine } from '../parts/problem';
import { brandNote, sendForm } from '../share/form';
import { mayShare, refusalCard } from '../share/right';
import { TokenLine } from '../share/token-line';
import { AskSentence } from './ask-sentence';
import { AskedList } from './asked';
import { RequestCard } from './card';
import { requestFailure } from './description';

const PATIENCE = 60_000;

/** The parts of the form. */
interface Form {
  box: HTMLTextAreaElement;
  sentence: AskSentence;
  problem: HTMLElement;
  token: TokenLine;
  go: BusyButton;
}

export class AskView {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly stage = el('div', { class: 'stage' });
  private readonly holder = el('div', { class: 'cards' });
  private readonly cards: RequestCard[] = [];
  private readonly asked: AskedList;
  /** The content of the form, while there is one. */
  private choice: AskChoice | null = null;
  private disposed = false;

  constructor(context: Context) {
    const { words } = context;
    this.context = context;
    const title = el('h1', { tabindex: -1 }, words.say('askTitle'));
    this.asked = new AskedList(context, () => title.focus());
    const instead = el('a', { href: '#', class: 'instead' }, words.say('shareInstead'));
    this.element = el('div', { class: 'view' }, el('div', { class: 'title' }, title, instead), this.stage, this.holder, this.asked.element);
    this.showForm(false);
  }

  unsaved(): Key[] {
    return [...(this.isTyped() ? ['replaceNote'] as const : []), ...(this.hasOnlyLink() ? ['replaceAsked'] as const : [])];
  }

  holdsOnlyCopy(): boolean {
    return this.isTyped() || this.hasOnlyLink();
  }

  private isTyped(): boolean {
    return this.choice !== null && this.choice.note !== '';
  }

  private hasOnlyLink(): boolean {
    return this.cards.some((card) => card.isUnsaved());
  }

  dispose(): void {
    this.disposed = true;
    for (const card of this.cards) card.stop();
    this.asked.stop();
  }

  private showForm(focus: boolean): void {
    const { context } = this;
    if (!mayShare(context)) {
      this.choice = null;
      fill(this.stage, refusalCard(context, () => this.showForm(true)), brandNote(context));
      return;
    }
    const { words } = context;
    const choice = this.choice = emptyAsk(context.config);
    const box = el('textarea', {
      rows: 3, 'aria-label': words.say('askLabel'), placeholder: words.say('askPlaceholder'), spellcheck: 'false', autocomplete: 'off', dir: 'auto',
      on: {
        input: () => {
          choice.note = box.value;
          problem.textContent = '';
        },
      },
    });
    const problem = el('p', { class: 'problem', role: 'alert' });
    const token = new TokenLine(context, () => go.focus());
    const sentence = new AskSentence(context, choice);
    const submit = () => { if (!go.busy) void this.ask({ ...choice }, { box, sentence, problem, token, go }); };
    const go = new BusyButton(words, words.say('askCreate'), submit);
    const form = sendForm(go, submit, el('div', { class: 'box' }, box), sentence.element, problem, token.element);
    fill(this.stage, form, brandNote(context));
    this.holder.querySelector('.again')?.remove();
    if (focus) box.focus();
  }

  private async ask(choice: AskChoice, { box, sentence, problem, token, go }: Form): Promise<void> {
    const { words, api } = this.context;
    problem.textContent = choice.note.trim() === '' ? words.say('needNote') : '';
    if (problem.textContent !== '') {
      box.focus();
      return;
    }
    const lock = (locked: boolean) => {
      box.readOnly = locked;
      sentence.lock(locked);
    };
    const signal = go.start(words.say('preparing'), true);
    lock(true);
    try {
      const asked = await this.create(choice, token.token(), go, signal);
      if (this.disposed) return;
      this.showCard(choice, asked);
    } catch (error) {
      if (this.disposed) return;
      go.stop();
      lock(false);
      const failure = requestFailure(error);
      if (error instanceof RangeError) problem.textContent = words.say('noteTooLong');
      else showLine(words, api.base, problem, failure.kind === 'cancelled' ? null : askMessage(failure, token.token() !== null));
      go.focus();
      if (isFinal(failure, 'creators-only')) token.refused(problem);
    }
  }

  /** @throws RangeError if the note is too long */
  private async create({ note, answers, ttl }: AskChoice, apiToken: string | null, go: BusyButton, signal: AbortSignal): Promise<Asked> {
    const { api, config, now, newEngine } = this.context;
    const seed = randomText(LINK_KEY_LENGTH, LETTERS);
    const { recipient, owner } = await askerOf(seed);
    const description = writeDescription(note, recipient);
    if (description.length > DESCRIPTION_MAX) throw new RangeError('the note');
    const linkKey = await linkKeyOf(description);

    const engine = newEngine();
    try {
      const sealed = await engine.call('describe', { description, linkKey }, (progress) => go.progress(progress), signal);
      const request = { ...sealed, owner, answers, ttl };
      const { id, expiresAt } = await withRetry(() => askFor(api, request, apiToken, signal), {
        signal, patience: PATIENCE, onWaiting: (why) => go.progress({ phase: 'waiting', why }),
      });
      return { id, seed, key: linkKey, made: now(), until: expiresAt + config.ttlDefault, ends: expiresAt, note: keptNote(note) };
    } finally {
      engine.close();
    }
  }

  private showCard(choice: AskChoice, asked: Asked): void {
    this.choice = null;
    const card = new RequestCard(this.context, choice, asked, () => this.asked.draw());
    this.cards.push(card);
    this.asked.exclude(asked.id);
    const again = button('secondary', this.context.words.say('askAnother'), () => this.showForm(true));
    fill(this.stage);
    this.holder.prepend(card.element, el('div', { class: 'actions again' }, again));
    card.element.querySelector<HTMLElement>('.primary')?.focus();
  }
}

function askMessage(failure: Failure, withToken: boolean): ReturnType<typeof shareMessage> {
  return failure.kind === 'too-large' ? { text: 'noteTooLong' } : shareMessage(failure, withToken);
}
