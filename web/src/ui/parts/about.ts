// SPDX-License-Identifier: MIT
// Trust in one line, and how it works behind a click.

import type { Key, Words } from '../../text/words';
import { button, el, newId } from './dom';

const PARAGRAPHS: Key[] = ['how1', 'how2', 'how3', 'how4', 'how5'];

export function trustLine(words: Words): HTMLElement {
  const titleId = newId();
  const dialog = el('dialog', { 'aria-labelledby': titleId },
    el('h2', { id: titleId, tabindex: -1, autofocus: true }, words.say('howTitle')),
    ...PARAGRAPHS.map((key) => el('p', {}, words.say(key))),
    el('div', { class: 'actions' }, button('secondary', words.say('close'), () => dialog.close())));
  const how = button('quiet', words.say('how'), () => dialog.showModal(), { 'aria-haspopup': 'dialog' });
  return el('footer', { class: 'trust' }, el('p', {}, words.say('trust'), ' ', how), dialog);
}
