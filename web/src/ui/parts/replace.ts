// SPDX-License-Identifier: MIT
// A link was put into the address bar of a page that holds what would be lost.

import type { Key, Words } from '../../text/words';
import { button, el, newId } from './dom';

let asked: HTMLDialogElement | null = null;

/**
 * Ask whether to open it, and tell what is lost; `yes` is called if so, and of several links for the
 * last. `said` is what is asked in place of that.
 */
export function askToReplace(
  words: Words, lost: Key[], yes: () => void, said: { title: Key; yes: Key } = { title: 'replaceTitle', yes: 'replaceYes' },
): void {
  asked?.close();
  const titleId = newId();
  const dialog = asked = el('dialog', { 'aria-labelledby': titleId, on: { close: () => dialog.remove() } },
    el('h2', { id: titleId, tabindex: -1, autofocus: true }, words.say(said.title)),
    ...lost.map((what) => el('p', {}, words.say(what))),
    el('div', { class: 'actions' },
      button('primary', words.say('replaceNo'), () => dialog.close()),
      button('secondary', words.say(said.yes), () => {
        dialog.close();
        yes();
      })));
  document.body.append(dialog);
  dialog.showModal();
}
