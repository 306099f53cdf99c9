// SPDX-License-Identifier: MIT
// The list of requests whose private links this browser keeps, each with its status line.

import { isOver } from '../../model/request';
import { askedList, type Asked } from '../../storage/asked';
import type { Context } from '../context';
import { confirmButton } from '../parts/confirm';
import { button, el, fill, untrusted } from '../parts/dom';
import { RequestStatus } from './status';

interface Row {
  element: HTMLElement;
  status: RequestStatus;
}

export class AskedList {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly onEmpty: () => void;
  private readonly rows = new Map<string, Row>();
  private readonly excluded = new Set<string>();

  /** Calls `onEmpty` when the last entry is forgotten, so that the caller can move the focus. */
  constructor(context: Context, onEmpty: () => void) {
    this.context = context;
    this.onEmpty = onEmpty;
    this.element = el('section', { class: 'earlier', 'aria-label': context.words.say('askedTitle') });
    this.draw();
  }

  /** Leave the request `id` out, because it has a card. */
  exclude(id: string): void {
    this.excluded.add(id);
    this.draw();
  }

  /** Stop polling all rows. */
  stop(): void {
    this.keep([]);
  }

  draw(): void {
    const { words, now } = this.context;
    const all = askedList.all(now()).filter(({ id }) => !this.excluded.has(id));
    this.element.hidden = all.length === 0;
    this.keep(all);
    fill(this.element, el('h2', {}, words.say('askedTitle')), el('ul', {}, ...[...this.rows.values()].map(({ element }) => element)),
      el('p', { class: 'note' }, words.say('askedNote')));
  }

  // Keep rows for exactly these requests. A row that exists stays, so that it is not polled again.
  private keep(shown: Asked[]): void {
    const before = new Map(this.rows);
    this.rows.clear();
    for (const one of shown) this.rows.set(one.id, before.get(one.id) ?? this.row(one));
    for (const [id, { status }] of before) if (!this.rows.has(id)) status.stop();
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
    const status = new RequestStatus(this.context, one, 'row', { onList: (list) => { if (isOver(list)) free(); }, onFinal: free });

    const label = words.say('readAnswers');
    const read = button('quiet', label, () => show({ kind: 'collect', ...one, exposed: false, reading: true }), named(label));
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
    const row = [...this.rows.keys()].indexOf(id);
    askedList.forget(id, now());
    this.draw();
    announce(words.say('forgotten', { what: made }));
    const rows = this.element.querySelectorAll('li');
    const next = rows[Math.min(row, rows.length - 1)];
    if (next === undefined) this.onEmpty();
    else next.querySelector<HTMLElement>('.actions button')?.focus();
  }
}
