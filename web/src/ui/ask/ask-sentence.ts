// SPDX-License-Identifier: MIT
// The sentence of the form to ask. Two of its parts are buttons that open popovers with choices.

import { clampViews } from '../../model/choice';
import type { AskChoice } from '../../model/request';
import { ANSWERS_MAX } from '../../net/requests';
import type { Context } from '../context';
import { el } from '../parts/dom';
import type { Popover } from '../parts/popover';
import { countPopover, sentenceParts, ttlPopover } from '../parts/sentence';

const ANSWERS = [1, 2, 3, 5, 10];

export class AskSentence {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly choice: AskChoice;
  private readonly words: Record<'answers' | 'ttl', Popover>;
  private readonly until = el('p', { class: 'note' });

  /** The sentence writes what the person chooses into `choice`. */
  constructor(context: Context, choice: AskChoice) {
    this.context = context;
    this.choice = choice;
    this.words = {
      answers: countPopover(context, { title: 'answersCountTitle', offered: ANSWERS, max: ANSWERS_MAX, chosen: choice.answers }, (n) => {
        choice.answers = clampViews(n, ANSWERS_MAX);
        this.update();
        return choice.answers;
      }),
      ttl: ttlPopover(context, choice.ttl, this.until, (ttl) => {
        choice.ttl = ttl;
        this.update();
      }),
    };
    const panels = Object.values(this.words).map(({ panel }) => panel);
    this.element = el('div', { class: 'sentence' }, el('p', {}, ...sentenceParts(context.words, 'askSentence', this.words)), ...panels);
    this.update();
  }

  /** Disable the choices while the request is created, and enable them afterwards. */
  lock(locked: boolean): void {
    if (locked) for (const popover of Object.values(this.words)) popover.close(false);
    this.element.inert = locked;
  }

  private update(): void {
    const { words, now } = this.context;
    const { answers, ttl } = this.choice;
    this.words.answers.trigger.textContent = words.say('answersCount', { n: answers });
    this.words.ttl.trigger.textContent = words.duration(ttl);
    this.until.textContent = words.say('ttlUntil', { date: words.date(now() + ttl) });
  }
}
