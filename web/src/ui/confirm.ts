// SPDX-License-Identifier: MIT
// A button for what cannot be undone: it asks once more, in place.

import type { Words } from '../text/words';
import { button, el, fill } from './dom';

/** `act` resolves to whether it was done; if not, the button comes back. */
export function confirmButton(
  words: Words, label: string, question: string, yes: string, act: () => Promise<boolean>, props: Record<string, string> = {},
): HTMLElement {
  const holder = el('span', { class: 'confirm' });
  const ask = button('secondary', label, () => {
    const sure = button('secondary', yes, () => {
      sure.setAttribute('aria-disabled', 'true');
      void act().then((done) => { if (!done) back(); });
    }, { class: 'danger' });
    fill(holder, el('span', { role: 'alert' }, question), sure, button('quiet', words.say('cancel'), back));
    sure.focus();
  }, props);
  const back = () => {
    fill(holder, ask);
    ask.focus();
  };
  fill(holder, ask);
  return holder;
}
