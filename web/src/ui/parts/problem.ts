// SPDX-License-Identifier: MIT
// A sentence about what failed, and a way to sign in where something asks for that.

import type { Line } from '../../model/outcome';
import type { Key, Words } from '../../text/words';
import type { Context } from '../context';
import { button, el, fill, type Child } from './dom';

/** What `line` says of the server at `address`. Signing in opens another tab, so that this page stays. */
export function lineContent(words: Words, address: string, { text, status, signIn }: Line): Child[] {
  const sentence = words.say(text, { host: new URL(address).host, status: status ?? '' });
  const link = signIn === true && el('a', { href: address, target: '_blank', rel: 'noopener' }, words.say('signIn'));
  return [sentence, link && ' ', link];
}

/** Show in `element`, in place of a view, what is in the way, and a button that calls `look`. */
export function showTrouble({ words, api }: Context, element: Element, title: Key, line: Line, look: () => void): void {
  const again = button('primary', words.say('tryAgain'), look);
  fill(element, el('h1', {}, words.say(title)), el('article', { class: 'card' },
    el('p', { role: 'alert', class: 'problem' }, ...lineContent(words, api.base, line)), el('div', { class: 'actions' }, again)));
  again.focus();
}

/** Show `line` in `element`, or nothing. */
export function showLine(words: Words, address: string, element: Element, line: Line | null): void {
  fill(element, ...(line === null ? [] : lineContent(words, address, line)));
}
