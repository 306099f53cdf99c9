// SPDX-License-Identifier: MIT
// The clipboard, and buttons that say whether it worked.

import type { Words } from '../../text/words';
import { button, el, type Props } from './dom';

const SAID_FOR = 2000;

/** A button that copies what `text` gives and says so for a moment. */
export function copyButton(
  words: Words, kind: 'primary' | 'secondary', label: string, text: () => string, announce: (message: string) => void, props: Props = {},
): HTMLButtonElement {
  let timer = 0;
  const refused = el('p', { class: 'problem', role: 'alert' });
  const copied = () => {
    refused.remove();
    made.textContent = words.say('copied');
    announce(words.say('copied'));
    clearTimeout(timer);
    timer = window.setTimeout(() => { made.textContent = label; }, SAID_FOR);
  };
  const failed = () => {
    made.closest('.actions')?.after(refused);
    refused.textContent = words.say('copyFailed');
  };
  const made = button(kind, label, () => { navigator.clipboard.writeText(text()).then(copied, failed); }, props);
  return made;
}
