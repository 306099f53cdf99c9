// SPDX-License-Identifier: MIT
// When the page cannot do anything: no server, or no browser that can encrypt.

import type { Failure } from '../../model/failure';
import { passingLine, type Line } from '../../model/outcome';
import type { Waiting } from '../../net/retry';
import { WAITING, type Key, type Words } from '../../text/words';
import { button, el, fill } from './dom';
import { lineContent } from './problem';

const MESSAGES: Partial<Record<Failure['kind'], { title: Key; line: Line }>> = {
  offline: { title: 'unreachableTitle', line: { text: 'unreachable' } },
  busy: { title: 'busyTitle', line: { text: 'busyNow' } },
};
const MISCONFIGURED = { title: 'misconfiguredTitle', line: { text: 'misconfigured' } } as const;

/** Say in `main` why there is no server at `address`. Resolves when the person wants to try again. */
export function trouble(words: Words, main: HTMLElement, address: string, failure: Failure): Promise<void> {
  const { title, line } = messageOf(failure);
  return new Promise((again) => {
    const go = button('primary', words.say('tryAgain'), () => {
      fill(main, waitingNote(words, null));
      again();
    });
    fill(main, el('h1', {}, words.say(title)), el('div', { class: 'card', 'data-trouble': failure.kind },
      el('p', { role: 'alert' }, ...lineContent(words, address, line)), el('div', { class: 'actions' }, go)));
    go.focus();
  });
}

function messageOf(failure: Failure): { title: Key; line: Line } {
  const known = MESSAGES[failure.kind];
  if (known !== undefined) return known;
  const line = passingLine(failure);
  if (line === null) return MISCONFIGURED;
  return { title: line.signIn === true ? 'signInTitle' : 'betweenTitle', line };
}

/** Browsers encrypt on secure connections only. Without one nothing works, and no button helps. */
export function insecure(words: Words): HTMLElement {
  return hopeless(words.say('insecureTitle'), words.say('insecure'), 'insecure');
}

/** The browser lacks `what`. */
export function tooOld(words: Words, what: string): HTMLElement {
  return hopeless(words.say('tooOldTitle'), words.say('tooOld', { what }), 'too-old');
}

function hopeless(title: string, text: string, kind: string): HTMLElement {
  return el('div', { class: 'view' }, el('h1', {}, title),
    el('div', { class: 'card', 'data-trouble': kind }, el('p', { role: 'alert' }, text)));
}

/** One quiet line while it is tried. */
export function waitingNote(words: Words, why: Waiting | null): HTMLElement {
  return el('p', { class: 'note', role: 'status' }, words.say(why === null ? 'reaching' : WAITING[why]));
}
