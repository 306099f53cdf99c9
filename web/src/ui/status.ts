// SPDX-License-Identifier: MIT
// A line that lives: what became of a secret, looked up now and then while the page is in view.

import type { Owned } from '../owned';
import { ApiError } from '../retry';
import { statusOf, type StatusLine } from '../status.model';
import type { Context } from './context';
import { el } from './dom';

/** Looks it up at once and every `interval` milliseconds until nothing can change any more. */
export class LiveStatus {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly owned: Owned;
  private readonly onFinal: () => void;
  private timer = 0;
  private final = false;

  constructor(context: Context, owned: Owned, interval: number, onFinal: () => void) {
    this.context = context;
    this.owned = owned;
    this.onFinal = onFinal;
    this.element = el('p', { class: 'status', role: 'status' }, context.words.say('statusChecking'));
    const tick = () => { if (!document.hidden) void this.look(); };
    this.timer = window.setInterval(tick, interval);
    document.addEventListener('visibilitychange', tick);
    void this.look();
  }

  /** Look now. */
  async look(): Promise<void> {
    if (this.final) return;
    const { api, words } = this.context;
    try {
      this.show(statusOf(await api.receipt(this.owned.id, this.owned.token)));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.show(statusOf(null));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    }
  }

  stop(): void {
    this.final = true;
    clearInterval(this.timer);
  }

  private show({ key, n, at, final }: StatusLine): void {
    const { words, now } = this.context;
    const text = words.capital(words.say(key, { n: n ?? 0, when: at === undefined ? '' : words.when(at, now()) }));
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.dataset['state'] = key;
    if (!final || this.final) return;
    this.stop();
    this.onFinal();
  }
}

/** Burn it, after a second click. Resolves to whether it was burnt. */
export async function burnOwned({ api }: Context, { id, token }: Owned): Promise<boolean> {
  try {
    await api.burn(id, token);
    return true;
  } catch (error) {
    return error instanceof ApiError && error.status === 404;
  }
}
