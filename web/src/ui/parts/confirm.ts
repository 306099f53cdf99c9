// SPDX-License-Identifier: MIT
// A button for what cannot be undone: it asks once more, in place.

import type { Key, Words } from '../../text/words';
import { button, el, fill } from './dom';

/** `act` resolves to null once it is done; else to why not, which is said beside the button. */
export function confirmButton(
  words: Words, label: string, question: string, yes: string, act: () => Promise<Key | null>, props: Record<string, string> = {},
): HTMLElement {
  const holder = el('span', { class: 'confirm' });
  const run = async (sure: HTMLElement) => {
    sure.setAttribute('aria-disabled', 'true');
    const problem = await act().catch((): Key => 'burnFailed');
    // What is done may not be known to be done: one can ask again.
    back(problem === null ? null : el('span', { class: 'problem', role: 'alert' }, words.say(problem)));
  };
  const ask = button('secondary', label, () => {
    const sure = button('secondary', yes, () => {
      if (!sure.hasAttribute('aria-disabled')) void run(sure);
    }, { class: 'danger' });
    fill(holder, el('span', { role: 'alert' }, question), sure, button('quiet', words.say('cancel'), () => back()));
    sure.focus();
  }, props);
  const back = (said: HTMLElement | null = null) => {
    const here = holder.contains(document.activeElement);
    fill(holder, ask, said);
    if (here) ask.focus();
  };
  fill(holder, ask);
  return holder;
}
