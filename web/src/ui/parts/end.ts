// SPDX-License-Identifier: MIT
// Where it ends: gone, locked, damaged, over, erased.

import type { Key } from '../../text/words';
import type { Context } from '../context';
import { button, el, newId } from './dom';

/** With `again`, one can look anew from here. Sharing is offered unless nobody can share here. */
export function endCard({ words, config }: Context, title: Key, text: Key, again: (() => void) | null = null): HTMLElement {
  const { allowed, ways } = config.create;
  const share = (allowed || ways.length > 0) && el('a', { href: './', role: 'button', class: 'secondary' }, words.say('shareTitle'));
  const titleId = newId();
  const heading = el('h1', { id: titleId, tabindex: -1 }, words.say(title));
  queueMicrotask(() => heading.focus());
  return el('div', { class: 'end', 'data-end': title }, heading,
    el('div', { class: 'card' }, el('p', {}, words.say(text)),
      (again !== null || share !== false) && el('div', { class: 'actions' }, again && button('primary', words.say('tryAgain'), again), share)));
}
