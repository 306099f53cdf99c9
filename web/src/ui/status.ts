// SPDX-License-Identifier: MIT
// A line that lives: what became of a secret, looked up now and then while the page is in view.

import { failureOf } from '../failure';
import type { Owned } from '../owned';
import { ApiError, patiently } from '../retry';
import { statusOf, type StatusLine } from '../status.model';
import type { Key } from '../text/words';
import type { Context } from './context';
import { el } from './dom';

/** Looks it up at once and every `interval` milliseconds until nothing can change any more. */
export class LiveStatus {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly owned: Owned;
  private readonly onFinal: () => void;
  private readonly timer: number;
  private readonly tick: () => void;
  private looking = 0;
  private final = false;

  constructor(context: Context, owned: Owned, interval: number, onFinal: () => void) {
    this.context = context;
    this.owned = owned;
    this.onFinal = onFinal;
    this.element = el('p', { class: 'status', role: 'status' }, context.words.say('statusChecking'));
    // Where answers are slow one look is enough at a time.
    this.tick = () => { if (!document.hidden && this.looking === 0) void this.look(); };
    this.timer = window.setInterval(this.tick, interval);
    document.addEventListener('visibilitychange', this.tick);
    void this.look();
  }

  /** Look now. */
  async look(): Promise<void> {
    if (this.final) return;
    const { api, words } = this.context;
    this.looking++;
    try {
      this.show(statusOf(await patiently(() => api.receipt(this.owned.id, this.owned.token))));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.show(statusOf(null));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    } finally {
      this.looking--;
    }
  }

  stop(): void {
    this.final = true;
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.tick);
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

/** Burn it. Resolves to null once it is burnt, else to why it is not. */
export async function burnOwned({ api }: Context, { id, token }: Owned): Promise<Key | null> {
  try {
    await patiently(() => api.burn(id, token));
    return null;
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind === 'gone') return null;
    return kind === 'offline' || kind === 'busy' ? kind : 'unexpected';
  }
}
