// SPDX-License-Identifier: MIT
// A secret whose passphrase is encrypted to somebody's key. The page takes no private key.

import { codeBlock } from '../share/card';
import type { Context } from '../context';
import { copyButton } from '../parts/copy';
import { el } from '../parts/dom';

/** How to open the secret behind `link`, with the sentence of `left` about what is left of it. */
export function wrappedCard({ words, announce }: Context, link: string, left: string): HTMLElement {
  const command = `secrets get -i key.txt '${link.replaceAll("'", '%27')}'`;
  return el('article', { class: 'card' },
    el('p', {}, left), el('p', {}, words.say('wrapText')), codeBlock(words.say('wrapLabel'), command, 'command'),
    el('div', { class: 'actions' }, copyButton(words, 'primary', words.say('wrapCopy'), () => command, announce)),
    el('p', { class: 'note' }, words.say('wrapNote')));
}
