// SPDX-License-Identifier: MIT
// When there is no server, or none that makes sense.

import type { Failure } from '../../model/failure';
import type { Waiting } from '../../net/retry';
import { WAITING, type Key, type Words } from '../../text/words';
import { button, el, fill } from './dom';

const MESSAGES: Partial<Record<Failure['kind'], { title: Key; text: Key }>> = {
  offline: { title: 'unreachableTitle', text: 'unreachable' },
  busy: { title: 'busyTitle', text: 'busyNow' },
};
const WRONG = { title: 'misconfiguredTitle', text: 'misconfigured' } as const;

/** Say in `main` why there is no server; resolves when the person wants to try again. */
export function trouble(words: Words, main: HTMLElement, { kind }: Failure): Promise<void> {
  const { title, text } = MESSAGES[kind] ?? WRONG;
  return new Promise((again) => {
    const go = button('primary', words.say('tryAgain'), () => {
      fill(main, waitingNote(words, null));
      again();
    });
    fill(main, el('h1', {}, words.say(title)),
      el('div', { class: 'card', 'data-trouble': kind }, el('p', { role: 'alert' }, words.say(text)), el('div', { class: 'actions' }, go)));
    go.focus();
  });
}

/** Browsers encrypt on secure connections only: without one nothing works, and no button helps. */
export function insecure(words: Words): HTMLElement {
  return el('div', { class: 'view' }, el('h1', {}, words.say('insecureTitle')),
    el('div', { class: 'card', 'data-trouble': 'insecure' }, el('p', { role: 'alert' }, words.say('insecure'))));
}

/** One quiet line while it is tried. */
export function waitingNote(words: Words, why: Waiting | null): HTMLElement {
  return el('p', { class: 'note', role: 'status' }, words.say(why === null ? 'reaching' : WAITING[why]));
}
