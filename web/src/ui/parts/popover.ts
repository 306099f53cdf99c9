// SPDX-License-Identifier: MIT
// A panel under a button of the sentence. At most one is open. Escape, a click outside of it and its
// Done button close it.

import { button, el, newId } from './dom';

let openOne: Popover | null = null;

document.addEventListener('pointerdown', (event) => {
  if (openOne !== null && !openOne.includes(event.target as Node)) openOne.close(false);
});

addEventListener('resize', () => openOne?.place());

export class Popover {
  readonly trigger: HTMLButtonElement;
  readonly panel: HTMLElement;

  constructor(title: string, doneLabel: string, ...content: Node[]) {
    const titleId = newId();
    const panelId = newId();
    this.panel = el(
      'div', { class: 'popover', id: panelId, role: 'dialog', 'aria-labelledby': titleId, hidden: true },
      el('h2', { id: titleId }, title), ...content, button('secondary', doneLabel, () => this.close(true)),
    );
    this.trigger = el('button', {
      type: 'button', class: 'word', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', 'aria-controls': panelId,
      on: { click: () => (this.panel.hidden ? this.open() : this.close(true)) },
    });
    this.panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.close(true);
      }
      if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
        event.preventDefault();
        this.close(true);
      }
    });
    this.panel.addEventListener('focusout', (event) => {
      const to = event.relatedTarget;
      if (to instanceof Node && !this.includes(to)) this.close(false);
    });
  }

  includes(node: Node): boolean {
    return this.panel.contains(node) || this.trigger.contains(node);
  }

  open(): void {
    openOne?.close(false);
    openOne = this;
    this.panel.hidden = false;
    this.trigger.setAttribute('aria-expanded', 'true');
    this.place();
    const first = this.panel.querySelector<HTMLElement>('input:checked') ?? this.panel.querySelector<HTMLElement>('input, button');
    first?.focus();
    this.reveal();
  }

  /**
   * Place the panel again and scroll all of it into view. Call it when the panel has grown, or when
   * its button may have moved to another line.
   */
  reveal(): void {
    this.place();
    this.panel.scrollIntoView({ block: 'nearest' });
  }

  close(returnFocus: boolean): void {
    if (openOne === this) openOne = null;
    this.panel.hidden = true;
    this.trigger.setAttribute('aria-expanded', 'false');
    if (returnFocus) this.trigger.focus();
  }

  // Place the panel under its button, within the width of the column.
  place(): void {
    const column = this.panel.offsetParent;
    if (!(column instanceof HTMLElement)) return;
    const word = this.trigger.getBoundingClientRect();
    const within = column.getBoundingClientRect();
    const left = Math.max(0, Math.min(word.left - within.left, within.width - this.panel.offsetWidth));
    this.panel.style.setProperty('left', `${left}px`);
    this.panel.style.setProperty('top', `${word.bottom - within.top + 8}px`);
  }
}
