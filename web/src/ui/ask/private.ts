// SPDX-License-Identifier: MIT
// The private link of a request: copied without being shown, kept in this browser as the person chooses.

import { buildCollectLink } from '../../model/link';
import { askedList, type Asked } from '../../storage/asked';
import type { Context } from '../context';
import { copyButton, watchCopy } from '../parts/copy';
import { button, el, fill } from '../parts/dom';
import { codeBlock } from '../share/card';

export class PrivateLink {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly asked: Asked;
  /** Whether the clipboard holds it, as far as this page knows. */
  private copied = false;

  /** `n` answers were asked for. Calls `onKept` when the person chose whether this browser keeps it. */
  constructor(context: Context, asked: Asked, n: number, onKept: () => void = () => undefined) {
    const { words, page, announce } = context;
    this.context = context;
    this.asked = asked;
    const link = buildCollectLink(page, asked);
    const holder = el('div', { hidden: true });
    const reveal = (shown: boolean) => {
      fill(holder, shown && codeBlock(words.say('privateLabel'), link, 'private'));
      holder.hidden = !shown;
      show.textContent = words.say(shown ? 'hide' : 'show');
      show.setAttribute('aria-pressed', String(shown));
    };

    const holding = (held: boolean) => { this.copied = held; };
    const copy = copyButton(words, 'secondary', words.say('copyPrivate'), () => link, announce,
      holding, () => reveal(true));
    const show = button('secondary', words.say('show'), () => reveal(holder.hidden), { 'aria-pressed': 'false' });
    this.element = el('div', {}, el('div', { class: 'actions' }, copy, show), holder, this.keepBox(n, onKept));
    watchCopy(holder, () => link, holding);
  }

  /** Whether it is elsewhere than on this page. */
  isSafe(): boolean {
    return this.copied || this.isKept();
  }

  /** Whether this browser keeps it. */
  isKept(): boolean {
    return askedList.all(this.context.now()).some(({ id }) => id === this.asked.id);
  }

  private keepBox(n: number, onKept: () => void): HTMLElement {
    const { words, now } = this.context;
    const box = el('input', {
      type: 'checkbox', checked: this.isKept(),
      on: {
        change: () => {
          askedList.forget(this.asked.id, now());
          if (box.checked) askedList.add(this.asked);
          onKept();
        },
      },
    });
    return el('div', {}, el('label', { class: 'check' }, box, el('span', {}, words.say('keepPrivate'))),
      el('p', { class: 'note' }, words.say('keepHint', { n })));
  }
}
