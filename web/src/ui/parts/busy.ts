// SPDX-License-Identifier: MIT
// A button that shows inside itself how far its work has come.

import type { Progress } from '../../worker/protocol';
import { Rate } from '../../base/rate';
import { WAITING, type Words } from '../../text/words';
import { button, el, fill, type Child } from './dom';

export class BusyButton {
  readonly element: HTMLElement;
  private readonly main: HTMLButtonElement;
  private readonly bar: HTMLElement;
  private readonly label: HTMLElement;
  private readonly cancel: HTMLButtonElement;
  private readonly words: Words;
  private readonly idleLabel: string;
  private control: AbortController | null = null;
  /** What a press does while the work is blocked, or null. */
  private unblock: (() => void) | null = null;
  private rate = new Rate();

  constructor(words: Words, label: string, onClick: () => void, ...beside: Child[]) {
    this.words = words;
    this.idleLabel = label;
    this.label = el('span', { class: 'label' }, label);
    this.bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
    this.main = button('primary', '', () => this.pressed(onClick));
    fill(this.main, this.bar, this.label);
    this.cancel = button('secondary', words.say('cancel'), () => this.control?.abort(), { hidden: true });
    this.element = el('div', { class: 'actions' }, this.main, this.cancel, ...beside);
  }

  focus(): void {
    this.main.focus();
  }

  /** Another button is what most people want now. */
  demote(): void {
    this.main.className = 'secondary';
  }

  get busy(): boolean {
    return this.control !== null;
  }

  /** Show that work is going on. Cancel aborts the signal. */
  start(label: string, cancellable: boolean): AbortSignal {
    this.control = new AbortController();
    this.rate = new Rate();
    this.main.setAttribute('aria-disabled', 'true');
    this.main.setAttribute('aria-busy', 'true');
    this.cancel.hidden = !cancellable;
    this.show(label, null);
    return this.control.signal;
  }

  stop(label = this.idleLabel): void {
    this.control = null;
    this.unblock = null;
    this.main.removeAttribute('aria-disabled');
    this.main.removeAttribute('aria-busy');
    this.cancel.hidden = true;
    this.show(label, 0);
  }

  /** Show that the work waits for a press, which calls `resume`. */
  block(label: string, resume: () => void): void {
    this.unblock = resume;
    this.main.removeAttribute('aria-disabled');
    this.main.removeAttribute('aria-busy');
    this.show(label, 0);
  }

  /** Show `progress`. Returns what to announce to a screen reader, or null. */
  progress(progress: Progress): string | null {
    const { words } = this;
    if (this.unblock !== null) return null;
    switch (progress.phase) {
      case 'deriving':
        this.show(words.say('preparing'), progress.share === 0 ? null : progress.share);
        return progress.share === 0 ? words.say('preparing') : null;
      case 'created': case 'blocked': return null;
      case 'opening': this.show(words.say('opening'), null); return words.say('opening');
      case 'finishing': this.show(words.say('finishing'), 1); return words.say('finishing');
      case 'waiting':
        this.label.textContent = words.say(WAITING[progress.why]);
        return words.say(WAITING[progress.why]);
      case 'moving': {
        const { done, total } = progress;
        const share = total === 0 ? 1 : done / total;
        const speed = this.rate.add(performance.now(), done);
        const percent = words.percent(Math.floor(share * 100) / 100);
        this.show(speed === null ? percent : words.say('moving', { percent, speed: words.size(Math.round(speed)) }), share);
        // A small screen may have no room for both.
        if (this.main.scrollWidth > this.main.clientWidth) this.label.textContent = percent;
        return null;
      }
    }
  }

  private pressed(onClick: () => void): void {
    const { unblock } = this;
    if (unblock !== null) {
      this.unblock = null;
      this.main.setAttribute('aria-disabled', 'true');
      this.main.setAttribute('aria-busy', 'true');
      unblock();
    } else if (this.control === null) onClick();
  }

  // A share of null is work whose end is not known.
  private show(label: string, share: number | null): void {
    this.label.textContent = label;
    this.bar.classList.toggle('endless', share === null);
    this.bar.style.setProperty('--share', String(share ?? 0));
  }
}
