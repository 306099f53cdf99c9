// SPDX-License-Identifier: MIT
// The clipboard, and buttons that say so when it worked.

import type { Words } from '../text/words';
import { button, type Props } from './dom';

const SAID_FOR = 2000;

/** A button that copies what `text` gives and says so for a moment. */
export function copyButton(
  words: Words, kind: 'primary' | 'secondary', label: string, text: () => string, announce: (message: string) => void, props: Props = {},
): HTMLButtonElement {
  let timer = 0;
  const made = button(kind, label, () => {
    navigator.clipboard.writeText(text()).then(
      () => {
        made.textContent = words.say('copied');
        announce(words.say('copied'));
        clearTimeout(timer);
        timer = window.setTimeout(() => { made.textContent = label; }, SAID_FOR);
      },
      () => announce(words.say('copyFailed')),
    );
  }, props);
  return made;
}
