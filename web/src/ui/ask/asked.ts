// SPDX-License-Identifier: MIT
// The list of requests whose private links this browser keeps, each with its status line.

import { isOver, waitingAnswers } from '../../model/request';
import { askedList, type Asked } from '../../storage/asked';
import type { Context } from '../context';
import { confirmButton } from '../parts/confirm';
import { button, el, fill, setAttribute, untrusted } from '../parts/dom';
import { KeptRows, type Row } from '../parts/rows';
import { RequestStatus } from './status';

export class AskedList {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly onEmpty: () => void;
  private readonly rows = new KeptRows<Asked>((one) => this.row(one));

  /** Calls `onEmpty` when the last entry is forgotten, so that the caller can move the focus. */
  constructor(context: Context, onEmpty: () => void) {
    this.context = context;
    this.onEmpty = onEmpty;
    this.element = el('section', { class: 'earlier', 'aria-label': context.words.say('askedTitle') });
    this.draw();
  }

  /** Leave the request `id` out, because it has a card. */
  exclude(id: string): void {
    this.rows.exclude(id);
    this.draw();
  }

  /** Stop polling all rows. */
  stop(): void {
    this.rows.elementsOf([]);
  }

  draw(): void {
    const { words, now } = this.context;
    const all = this.rows.without(askedList.all(now()));
    this.element.hidden = all.length === 0;
    fill(this.element, el('h2', {}, words.say('askedTitle')), el('ul', {}, ...this.rows.elementsOf(all)),
      el('p', { class: 'note' }, words.say('askedNote')));
  }

  private row(one: Asked): Row {
    const { words, now, show } = this.context;
    const made = words.say('askedMade', { when: words.when(one.made, now()) });
    const note = one.note ?? '';
    const named = (action: string) => ({ 'aria-label': `${action}: ${note === '' ? made : note}` });
    const actions = el('div', { class: 'actions' });
    const forget = () => this.forget(one.id, made);
    // Once nothing is left to read, it is forgotten without a question.
    const free = () => {
      if (actions.childElementCount < 2) return;
      const here = actions.contains(document.activeElement);
      const only = button('quiet', words.say('forget'), forget, named(words.say('forget')));
      fill(actions, only);
      if (here) only.focus();
    };
    const status = new RequestStatus(this.context, one, 'row', {
      onList: (list) => {
        if (isOver(list)) free();
        else labelRead(words.say(waitingAnswers(list.answers) === 0 ? 'showRequest' : 'readAnswers', { n: list.answers.length }));
      },
      onFinal: free,
    });

    const read = button('quiet', '', () => show({ kind: 'collect', ...one, exposed: false, reading: true }));
    const labelRead = (label: string) => {
      read.textContent = label;
      setAttribute(read, 'aria-label', named(label)['aria-label']);
    };
    labelRead(words.say('showRequest')); // until there is something to read
    // What was not read could never be read.
    const ask = confirmButton(words, words.say('forget'), words.say('forgetSure'), words.say('forgetYes'), async () => {
      forget();
      return null;
    }, { ...named(words.say('forget')), class: 'quiet' });
    actions.append(read, ask);
    const element = el('li', {}, el('div', {}, note !== '' && el('p', { class: 'asked-for' }, untrusted(note)), el('p', { class: 'made' }, made), status.element), actions);
    return { element, status };
  }

  // The pressed button is gone with its row. Move the focus to the row that took its place.
  private forget(id: string, made: string): void {
    const { words, now, announce } = this.context;
    const row = this.rows.indexOf(id);
    askedList.forget(id, now());
    this.draw();
    announce(words.say('forgotten', { what: made }));
    if (!this.rows.focus(row)) this.onEmpty();
  }
}
