// SPDX-License-Identifier: MIT
// Trust in one line, and how it works behind a click.

import { learnLater } from '../../text/later/languages';
import type { Key, Words } from '../../text/words';
import { button, el, fill, newId } from './dom';

const PARAGRAPHS: Key[] = ['how1', 'how2', 'how3', 'how4', 'how5'];

export function trustLine(words: Words): HTMLElement {
  const titleId = newId();
  const dialog = el('dialog', { 'aria-labelledby': titleId });
  const show = (title: Key, ...paragraphs: HTMLElement[]) => {
    fill(dialog, el('h2', { id: titleId, tabindex: -1, autofocus: true }, words.say(title)), ...paragraphs,
      el('div', { class: 'actions' }, button('secondary', words.say('close'), () => dialog.close())));
    if (!dialog.open) dialog.showModal();
  };
  const explain = () => {
    learnLater(words).then(() => show('how', ...PARAGRAPHS.map((key) => el('p', {}, words.say(key)))),
      () => show('unreachableTitle', el('p', { role: 'alert' }, words.say('unreachable'))));
  };
  const how = button('quiet', words.say('how'), explain, { 'aria-haspopup': 'dialog' });
  return el('footer', { class: 'trust' }, el('p', {}, words.say('trust'), ' ', how), dialog);
}
