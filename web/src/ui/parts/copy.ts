// SPDX-License-Identifier: MIT
// Buttons that copy, and say whether it worked.

import type { Words } from '../../text/words';
import { button, el } from './dom';

const SAID_FOR = 2000;

/** A button that copies what `text` gives and says so for a moment. `onCopied` is called once it is copied. */
export function copyButton(
  words: Words, kind: 'primary' | 'secondary', label: string, text: () => string, announce: (message: string) => void,
  onCopied: () => void = () => undefined,
): HTMLButtonElement {
  let timer = 0;
  const refused = el('p', { class: 'problem', role: 'alert' });
  const copied = () => {
    onCopied();
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
  const made = button(kind, label, () => { writeClipboard(text()).then(copied, failed); });
  return made;
}

// Some browsers have no navigator.clipboard, or refuse it; the older command may still work.
async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    if (!copyByCommand(text)) throw error;
  }
}

function copyByCommand(text: string): boolean {
  const before = document.activeElement;
  const source = el('textarea', { class: 'visually-hidden', readonly: true, 'aria-hidden': 'true' });
  source.value = text;
  // Inside a dialog nothing outside can be selected.
  (before?.closest('dialog') ?? document.body).append(source);
  source.select();
  const copied = document.execCommand?.('copy') ?? false;
  source.value = '';
  source.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
