// SPDX-License-Identifier: MIT
// A button for what cannot be undone. It asks once more, in place.

import type { Words } from '../../text/words';
import { button, el, fill, type Child } from './dom';
import { ifMeant } from './press';

/** `act` resolves to null once it is done, else to what to say next to the button. */
export function confirmButton(
  words: Words, label: string, question: string, yes: string, act: () => Promise<Child[] | null>, props: Record<string, string> = {},
): HTMLElement {
  const holder = el('span', { class: 'confirm' });
  const run = async (sure: HTMLElement) => {
    sure.setAttribute('aria-disabled', 'true');
    const problem = await act().catch((): Child[] => [words.say('burnFailed')]);
    // It may be done without our knowing, so it can be asked for again.
    back(problem === null ? null : el('span', { class: 'problem', role: 'alert' }, ...problem));
  };
  const ask = button('secondary', label, ifMeant(() => {
    const sure = button('secondary', yes, ifMeant(() => {
      if (!sure.hasAttribute('aria-disabled')) void run(sure);
    }), { class: 'danger' });
    fill(holder, el('span', { role: 'alert' }, question), sure, button('quiet', words.say('cancel'), () => back()));
    sure.focus();
  }), props);
  const back = (said: HTMLElement | null = null) => {
    const here = holder.contains(document.activeElement);
    fill(holder, ask, said);
    if (here) ask.focus();
  };
  fill(holder, ask);
  return holder;
}
