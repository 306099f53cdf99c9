// SPDX-License-Identifier: MIT
// Where it ends: gone, locked, damaged, over, erased.

import { ASK } from '../../model/link';
import type { Key } from '../../text/words';
import type { Context } from '../context';
import { isOpenOnly, mayAsk } from '../share/right';
import { button, el, newId } from './dom';

/** With `again`, one can look anew from here. Sharing and asking are offered where they are possible. */
export function endCard(context: Context, title: Key, text: Key, again: (() => void) | null = null): HTMLElement {
  const { words } = context;
  const share = !isOpenOnly(context) && el('a', { href: './', role: 'button', class: 'secondary' }, words.say('shareTitle'));
  const ask = mayAsk(context) && el('a', { href: `./#${ASK}`, role: 'button', class: 'secondary' }, words.say('askInstead'));
  const titleId = newId();
  const heading = el('h1', { id: titleId, tabindex: -1 }, words.say(title));
  queueMicrotask(() => heading.focus());
  return el('div', { class: 'end', 'data-end': title }, heading,
    el('div', { class: 'card' }, el('p', {}, words.say(text)),
      (again !== null || share !== false) && el('div', { class: 'actions' }, again && button('primary', words.say('tryAgain'), again), share, ask)));
}
