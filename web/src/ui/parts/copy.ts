// SPDX-License-Identifier: MIT
// Buttons that copy, and say whether it worked.

import type { Words } from '../../text/words';
import { button, el } from './dom';

const SAID_FOR = 2000;

/** Ends what the last button says of its copy, which is no longer what the clipboard holds. */
let endSaid: () => void = () => undefined;

/** Tells the last copy that the clipboard no longer holds it. */
let endHeld: () => void = () => undefined;

/** Hears with true that the clipboard holds a copy, and with false once another copy of this page took its place. */
export type Holding = (held: boolean) => void;

function noteCopy(holding: Holding = () => undefined): void {
  endHeld();
  endHeld = () => holding(false);
  holding(true);
}

for (const type of ['copy', 'cut']) addEventListener(type, () => noteCopy(), { capture: true });

/** Tell `holding` when the person selects `text` in `where` and copies it. */
export function watchCopy(where: HTMLElement, text: () => string, holding: Holding): void {
  where.addEventListener('copy', () => { if (getSelection()?.toString().includes(text()) === true) noteCopy(holding); });
}

/** A button that copies what `text` gives and says so for a moment. `onFailed` is called if it could not. */
export function copyButton(
  words: Words, kind: 'primary' | 'secondary', label: string, text: () => string, announce: (message: string) => void,
  holding: Holding = () => undefined, onFailed: () => void = () => undefined,
): HTMLButtonElement {
  const refused = el('p', { class: 'problem', role: 'alert' });
  const copied = () => {
    noteCopy(holding);
    refused.remove();
    endSaid();
    made.style.setProperty('min-width', `${made.getBoundingClientRect().width}px`); // what is beside it stays where it is
    made.textContent = words.say('copied');
    announce(words.say('copied'));
    const timer = window.setTimeout(() => endSaid(), SAID_FOR);
    endSaid = () => {
      clearTimeout(timer);
      made.textContent = label;
      endSaid = () => undefined;
    };
  };
  const failed = () => {
    onFailed();
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
