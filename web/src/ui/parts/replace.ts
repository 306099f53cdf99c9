// SPDX-License-Identifier: MIT
// A view is to be replaced that holds what would be lost.

import type { Key, Words } from '../../text/words';
import { button, el, newId } from './dom';

/** What is asked: a title, and the label of the button that agrees. */
export interface Question {
  title: Key;
  yes: Key;
}

/** A link was put into the address bar. */
export const OPEN_OTHER: Question = { title: 'replaceTitle', yes: 'replaceYes' };
/** A button of the page was pressed. */
export const LEAVE: Question = { title: 'leavePageTitle', yes: 'leavePageYes' };

let asked: HTMLDialogElement | null = null;

/** Ask `question`, and tell what is lost. `yes` is called if the person agrees; of several questions, for the last. */
export function askToReplace(words: Words, lost: Key[], yes: () => void, question: Question): void {
  asked?.close();
  const titleId = newId();
  const dialog = asked = el('dialog', { 'aria-labelledby': titleId, on: { close: () => dialog.remove() } },
    el('h2', { id: titleId, tabindex: -1, autofocus: true }, words.say(question.title)),
    ...lost.map((what) => el('p', {}, words.say(what))),
    el('div', { class: 'actions' },
      button('primary', words.say('replaceNo'), () => dialog.close()),
      button('secondary', words.say(question.yes), () => {
        dialog.close();
        yes();
      })));
  document.body.append(dialog);
  dialog.showModal();
}
