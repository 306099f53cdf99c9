// SPDX-License-Identifier: MIT
// The form around what is sent.

import { textFor } from '../../model/brand';
import type { BusyButton } from '../parts/busy';
import type { Context } from '../context';
import { el, untrusted, type Child } from '../parts/dom';

/** A form that `go` sends, and so does Control with Enter. */
export function sendForm(go: BusyButton, submit: () => void, ...content: Child[]): HTMLElement {
  return el('form', {
    class: 'form', novalidate: true,
    on: {
      submit: (event) => event.preventDefault(),
      keydown: (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !go.busy) submit();
      },
    },
  }, ...content, go.element);
}

/** Run `task`. Meanwhile the browser asks whether to leave the page. */
export async function staying<T>(task: () => Promise<T>): Promise<T> {
  const stay = (event: Event) => event.preventDefault();
  addEventListener('beforeunload', stay);
  try {
    return await task();
  } finally {
    removeEventListener('beforeunload', stay);
  }
}

/** The operator's note below a form, or null. */
export function brandNote({ brand, words }: Context): HTMLElement | null {
  const note = brand?.note ?? null;
  return note === null ? null : el('p', { class: 'note brand' }, untrusted(textFor(note, words.language)));
}
