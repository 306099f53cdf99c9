// SPDX-License-Identifier: MIT
// The list of secrets that this browser shared before, each with its status line.

import type { Owned } from '../../storage/owned';
import { confirmButton } from '../parts/confirm';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { LiveStatus } from './status';

const AT_FIRST = 3;

interface Row {
  element: HTMLElement;
  status: LiveStatus;
}

export class EarlierList {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly onEmpty: () => void;
  /** The visible rows, by id. */
  private readonly rows = new Map<string, Row>();
  private readonly excluded = new Set<string>();
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
    this.excluded.add(id);
    this.draw();
  }

  /** Stop polling all rows. */
  stop(): void {
    this.keep([]);
  }

  private draw(): void {
    const { words, owned, now } = this.context;
    const all = owned.all(now()).filter(({ id }) => !this.excluded.has(id));
    this.element.hidden = all.length === 0;
    this.keep(all.slice(0, this.shown));
    if (all.length === 0) {
      fill(this.element);
      return;
    }
    const rows = [...this.rows.values()].map(({ element }) => element);
    const rest = all.length - rows.length;
    const more = rest > 0 && button('quiet', words.say('earlierMore', { n: rest }), () => {
      this.shown = all.length;
      this.draw();
      this.element.querySelectorAll<HTMLElement>('li')[AT_FIRST]?.querySelector('button')?.focus();
    });
    const forgetAll = button('quiet', words.say('forgetAll'), () => {
      owned.forgetAll();
      this.forgotten(words.say('earlierTitle'), 0);
    });
    fill(this.element, el('h2', {}, words.say('earlierTitle')), el('ul', {}, ...rows),
      el('div', { class: 'actions' }, more, forgetAll), el('p', { class: 'note' }, words.say('forgetNote')));
  }

  // Keep rows for exactly these secrets. A row that exists stays, so that it is not polled again.
  private keep(shown: Owned[]): void {
    const before = new Map(this.rows);
    this.rows.clear();
    for (const one of shown) this.rows.set(one.id, before.get(one.id) ?? this.row(one));
    for (const [id, { status }] of before) if (!this.rows.has(id)) status.stop();
  }

  // The pressed button is gone with its row. Move the focus to the row that took its place.
  private forgotten(what: string, row: number): void {
    const { words, announce } = this.context;
    this.draw();
    announce(words.say('forgotten', { what }));
    const rows = this.element.querySelectorAll('li');
    const next = rows[Math.min(row, rows.length - 1)];
    if (next === undefined) this.onEmpty();
    else next.querySelector<HTMLElement>('.actions > button')?.focus();
  }

  private row(one: Owned): Row {
    const { words, owned, now } = this.context;
    const made = words.say('earlierMade', { when: words.when(one.made, now()) });
    const burn = confirmButton(words, words.say('burn'), words.say('burnSure'), words.say('burnYes'), () => status.burn(), { 'aria-label': `${words.say('burn')}: ${made}`, class: 'quiet' });
    const status = new LiveStatus(this.context, one, 'row', () => {
      const here = burn.contains(document.activeElement);
      burn.remove();
      if (here) forget.focus();
    });
    const forget = button('quiet', words.say('forget'), () => {
      const row = [...this.element.querySelectorAll('li')].findIndex((li) => li.contains(forget));
      owned.forget(one.id, now());
      this.forgotten(made, row);
    }, { 'aria-label': `${words.say('forget')}: ${made}` });
    const element = el('li', {}, el('div', {}, el('p', { class: 'made' }, made), status.element),
      el('div', { class: 'actions' }, burn, forget));
    return { element, status };
  }
}
