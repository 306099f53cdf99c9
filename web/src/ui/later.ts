// SPDX-License-Identifier: MIT
// A view whose code comes when it is needed.

import type { Target } from '../model/link';
import type { Key } from '../text/words';
import type { Context, View } from './context';
import { button, el, fill } from './parts/dom';

/** The targets whose views come later. */
export type LaterTarget = Extract<Target, { kind: 'ask' | 'answer' | 'collect' | 'classic' }>;

export class LaterView implements View {
  readonly element = el('div', {});
  private readonly context: Context;
  private readonly target: LaterTarget;
  private view: View | null = null;
  private disposed = false;

  constructor(context: Context, target: LaterTarget) {
    this.context = context;
    this.target = target;
    void this.load();
  }

  dispose(): void {
    this.disposed = true;
    this.view?.dispose?.();
  }

  unsaved(): Key[] {
    return this.view?.unsaved?.() ?? [];
  }

  suspend(): boolean {
    return this.view?.suspend?.() ?? false;
  }

  holdsOnlyCopy(): boolean {
    return this.view?.holdsOnlyCopy?.() ?? false;
  }

  continues(next: { kind: string; id?: string }): boolean {
    return this.view?.continues?.(next) ?? false;
  }

  private async load(): Promise<void> {
    const { words } = this.context;
    fill(this.element, el('p', { class: 'note', role: 'status' }, words.say('reaching')));
    try {
      const { learnAsk, viewOf } = await import('./ask/views');
      await learnAsk(words);
      if (this.disposed) return;
      this.view = viewOf(this.context, this.target);
      fill(this.element, this.view.element);
    } catch {
      const again = button('primary', words.say('tryAgain'), () => void this.load());
      fill(this.element, el('h1', {}, words.say('unreachableTitle')), el('div', { class: 'card' },
        el('p', { role: 'alert' }, words.say('unreachable')), el('div', { class: 'actions' }, again)));
      again.focus();
    }
  }
}
