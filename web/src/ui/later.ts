// SPDX-License-Identifier: MIT
// The views whose code and texts come when they are needed: all but the one to share. All that such a view needs is
// there before it is shown, so that nothing is used up by an opening whose result could not be shown.

import { retryBriefly } from '../net/retry';
import { readAddress, type Target } from '../model/link';
import { expectLater, learnLater } from '../text/later/languages';
import type { Key } from '../text/words';
import type { Context, View } from './context';
import { button, el, fill } from './parts/dom';
import { endCard } from './parts/end';

/** What opens secrets. */
export type Opening = typeof import('./open/opening');

/** The targets whose views come later: what an address asks for, or that something was opened here before a reload. */
export type LaterTarget = Exclude<Target, { kind: 'share' }> | { kind: 'reloaded'; last: boolean };
/** Those of requests. */
export type AskTarget = Extract<Target, { kind: 'ask' | 'answer' | 'collect' }>;

const loadOpening = (): Promise<Opening> => import('./open/opening');
const loadAsking = () => import('./ask/views');

const isAsking = (target: { kind: string }): target is AskTarget => ['ask', 'answer', 'collect'].includes(target.kind);

/** Begin to load the view for `target`, while the server is asked. What fails is said when the view is to be shown. */
export function expectView(target: { kind: string }, languages: readonly string[]): void {
  if (target.kind === 'share') return;
  expectLater(languages);
  loadOpening().catch(() => undefined);
  if (isAsking(target)) loadAsking().catch(() => undefined);
}

async function loadView(context: Context, target: LaterTarget): Promise<() => View> {
  const { words } = context;
  const asking = isAsking(target) ? loadAsking() : null;
  asking?.catch(() => undefined); // it is awaited below, if the rest comes
  const [opening] = await Promise.all([loadOpening(), learnLater(words)]);

  switch (target.kind) {
    case 'open': return () => new opening.OpenView(context, target);
    case 'classic': return () => new opening.ClassicView(context, target.id);
    case 'damaged': return () => ({ element: endCard(context, 'damagedTitle', target.ofAsker === true ? 'damagedPrivate' : 'damaged') });
    case 'reloaded': return () => ({ element: endCard(context, 'reloadedTitle', target.last ? 'reloadedLast' : 'reloaded') });
    default: {
      const { learnAsk, viewOf } = await asking!;
      await learnAsk(words);
      return () => viewOf(context, target, opening);
    }
  }
}

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

  /** `again` after a press of the button. */
  private async load(again = false): Promise<void> {
    const { context, element } = this;
    const { words } = context;
    fill(element, el('p', { class: 'note', role: 'status' }, words.say('reaching')));
    try {
      const make = await loadView(context, this.target);
      if (this.disposed) return;
      this.view = make();
      fill(element, this.view.element);
    } catch {
      if (this.disposed) return;
      if (again) await this.reloadIfReached();
      if (this.disposed) return;
      const retry = button('primary', words.say('tryAgain'), () => void this.load(true));
      fill(element, el('h1', {}, words.say('unreachableTitle')), el('div', { class: 'card' },
        el('p', { role: 'alert' }, words.say('unreachable')), el('div', { class: 'actions' }, retry)));
      retry.focus();
    }
  }

  // Some browsers try a file only once in the life of a page. A reload loses nothing if the address bar has the link.
  private async reloadIfReached(): Promise<void> {
    if (readAddress(location.href).kind !== this.target.kind) return;
    try {
      await retryBriefly(() => this.context.api.config());
      location.reload();
    } catch {
      // A reload would leave nothing but the browser's own message.
    }
  }
}
