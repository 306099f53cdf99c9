// SPDX-License-Identifier: MIT
// Radio buttons that look like chips or lines.

import { el, newId } from './dom';

export interface Choice<T> {
  value: T;
  label: string;
}

/** A group of radio buttons; `chosen` is told of every change. */
export function radios<T>(
  legend: string, style: 'chips' | 'lines', all: readonly Choice<T>[], initial: T, chosen: (value: T) => void,
): { element: HTMLElement; select: (value: T | null) => void } {
  const name = newId();
  const inputs = all.map(({ value }) => el('input', {
    type: 'radio', name, checked: value === initial, on: { change: () => chosen(value) },
  }));
  const labels = all.map(({ label }, i) => el('label', {}, inputs[i], el('span', {}, label)));
  const element = el('fieldset', { class: style }, el('legend', { class: 'visually-hidden' }, legend), ...labels);
  const select = (value: T | null) => {
    all.forEach((choice, i) => { inputs[i]!.checked = choice.value === value; });
  };
  return { element, select };
}

/** A password field with a button that shows what is in it. */
export function secretField(label: string, showLabel: string, hideLabel: string, props: Record<string, string> = {}): {
  element: HTMLElement; input: HTMLInputElement;
} {
  const input = el('input', {
    type: 'password', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...props,
  });
  const toggle = el('button', {
    type: 'button', class: 'quiet', 'aria-pressed': 'false',
    on: {
      click: () => {
        const shown = input.type === 'password';
        input.type = shown ? 'text' : 'password';
        toggle.textContent = shown ? hideLabel : showLabel;
        toggle.setAttribute('aria-pressed', String(shown));
      },
    },
  }, showLabel);
  const element = el('div', { class: 'field' }, el('label', {}, el('span', {}, label), input), toggle);
  return { element, input };
}
