// SPDX-License-Identifier: MIT
// Where it ends: gone, locked, damaged, erased.

import type { Key, Words } from '../text/words';
import { el, newId } from './dom';

export function endCard(words: Words, title: Key, text: Key): HTMLElement {
  const titleId = newId();
  const heading = el('h1', { id: titleId, tabindex: -1 }, words.say(title));
  queueMicrotask(() => heading.focus());
  return el('div', { class: 'end', 'data-end': title }, heading,
    el('div', { class: 'card' }, el('p', {}, words.say(text)),
      el('div', { class: 'actions' }, el('a', { href: './', role: 'button', class: 'secondary' }, words.say('shareTitle')))));
}
