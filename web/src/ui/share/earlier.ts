// SPDX-License-Identifier: MIT
// The list of secrets that this browser shared before, each with its status line.

import type { Owned } from '../../storage/owned';
import { confirmButton } from '../parts/confirm';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { KeptRows, type Row } from '../parts/rows';
import { LiveStatus } from './status';

const AT_FIRST = 3;

export class EarlierList {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly onEmpty: () => void;
  private readonly rows = new KeptRows<Owned>((one) => this.row(one));
  private shown = AT_FIRST;

  /** Calls `onEmpty` when the last entry is forgotten, so that the caller can move the focus. */
  constructor(context: Context, onEmpty: () => void) {
    this.context = context;
    this.onEmpty = onEmpty;
    this.element = el('section', { class: 'earlier', 'aria-label': context.words.say('earlierTitle') });
    this.draw();
  }

  /** Leave the secret `id` out, because it has a card. */
  exclude(id: string): void {
    this.rows.exclude(id);
    this.draw();
  }

  /** Stop polling all rows. */
  stop(): void {
    this.rows.elementsOf([]);
  }

  private draw(): void {
    const { words, owned, now } = this.context;
    const all = this.rows.without(owned.all(now()));
    const rows = this.rows.elementsOf(all.slice(0, this.shown));
    this.element.hidden = all.length === 0;
    if (all.length === 0) {
      fill(this.element);
      return;
    }
    const rest = all.length - rows.length;
    const more = rest > 0 && button('quiet', words.say('earlierMore', { n: rest }), () => {
      this.shown = all.length;
      this.draw();
      this.element.querySelectorAll<HTMLElement>('li')[AT_FIRST]?.querySelector('button')?.focus();
    });
    // It asks, as some may still be on the server.
    const forgetAll = confirmButton(words, words.say('forgetAll'), words.say('forgetAllSure'), words.say('forgetYes'), async () => {
      owned.forgetAll();
      this.forgotten(words.say('earlierTitle'), 0);
      return null;
    }, { class: 'quiet' });
    fill(this.element, el('h2', {}, words.say('earlierTitle')), el('ul', {}, ...rows),
      el('div', { class: 'actions' }, more, forgetAll), el('p', { class: 'note' }, words.say('forgetNote')));
  }

  // The pressed button is gone with its row. Move the focus to the row that took its place.
  private forgotten(what: string, row: number): void {
    const { words, announce } = this.context;
    this.draw();
    announce(words.say('forgotten', { what }));
    if (!this.rows.focus(row)) this.onEmpty();
  }

  private row(one: Owned): Row {
    const { words, owned, now } = this.context;
    const isAnswer = one.request !== undefined;
    const made = words.say(isAnswer ? 'answeredBefore' : 'earlierMade', { when: words.when(one.made, now()) });
    const [label, sure, yes] = isAnswer ? ['takeBack', 'takeBackSure', 'takeBackYes'] as const : ['burn', 'burnSure', 'burnYes'] as const;
    const burn = confirmButton(words, words.say(label), words.say(sure), words.say(yes), () => status.burn(), { 'aria-label': `${words.say(label)}: ${made}`, class: 'quiet' });
    const status = new LiveStatus(this.context, one, 'row', () => {
      const here = actions.contains(document.activeElement);
      const only = button('quiet', words.say('forget'), forget, named);
      fill(actions, only);
      if (here) only.focus();
    });
    const named = { 'aria-label': `${words.say('forget')}: ${made}` };
    const forget = () => {
      const row = this.rows.indexOf(one.id);
      owned.forget(one.id, now());
      this.forgotten(made, row);
    };
    // Nobody could burn it any more, nor see what becomes of it. Once it is over, it is forgotten without a question.
    const ask = confirmButton(words, words.say('forget'), words.say('forgetOwnedSure'), words.say('forgetYes'), async () => {
      forget();
      return null;
    }, { ...named, class: 'quiet' });
    const actions = el('div', { class: 'actions' }, burn, ask);
    const element = el('li', {}, el('div', {}, el('p', { class: 'made' }, made), status.element), actions);
    return { element, status };
  }
}
