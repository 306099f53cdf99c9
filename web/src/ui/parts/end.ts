// SPDX-License-Identifier: MIT
// Where it ends: gone, locked, damaged, over, erased.

import type { Key, Words } from '../../text/words';
import { button, el, newId } from './dom';

/** With `again`, one can look anew from here. */
export function endCard(words: Words, title: Key, text: Key, again: (() => void) | null = null): HTMLElement {
  const titleId = newId();
  const heading = el('h1', { id: titleId, tabindex: -1 }, words.say(title));
  queueMicrotask(() => heading.focus());
  return el('div', { class: 'end', 'data-end': title }, heading,
    el('div', { class: 'card' }, el('p', {}, words.say(text)),
      el('div', { class: 'actions' }, again && button('primary', words.say('tryAgain'), again), el('a', { href: './', role: 'button', class: 'secondary' }, words.say('shareTitle')))));
}
