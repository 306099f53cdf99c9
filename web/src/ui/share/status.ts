// SPDX-License-Identifier: MIT
// A line that lives: what became of a secret, looked up now and then while the page is in view.

import { failureOf } from '../../model/failure';
import type { Owned } from '../../storage/owned';
import { ApiError, retryBriefly } from '../../net/retry';
import { GONE, statusOf, type StatusLine } from '../../model/status';
import type { Key } from '../../text/words';
import type { Context } from '../context';
import type { Polled } from '../poller';
import { el } from '../parts/dom';

/** The status line of one shared secret, polled until its state is final. */
export class LiveStatus implements Polled {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly owned: Owned;
  private readonly onFinal: () => void;
  private final = false;

  /** A `card` is looked up more often than a row of the list. */
  constructor(context: Context, owned: Owned, kind: 'card' | 'row', onFinal: () => void) {
    this.context = context;
    this.owned = owned;
    this.onFinal = onFinal;
    this.element = el('p', { class: 'status', role: 'status' }, context.words.say('statusChecking'));
    context.poller.add(this, kind === 'card');
  }

  /** Ask once, now. A failure is not repeated before the next turn. */
  async poll(): Promise<void> {
    if (this.final) return;
    const { api, words } = this.context;
    try {
      this.show(statusOf(await api.receipt(this.owned.id, this.owned.token)));
    } catch (error) {
      if (this.final) return;
      if (error instanceof ApiError && error.status === 404) this.show(statusOf(null));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    }
  }

  /** Burn it. Resolves to null once it is burnt or gone, else to why it is not. */
  async burn(): Promise<Key | null> {
    const { api, now } = this.context;
    let gone = false;
    try {
      await retryBriefly(() => api.burn(this.owned.id, this.owned.token));
    } catch (error) {
      const { kind } = failureOf(error);
      if (kind !== 'gone') return kind === 'offline' || kind === 'busy' ? kind : 'burnFailed';
      gone = true; // it may have expired, or been opened, or burnt by a try whose answer was lost
    }
    await this.poll();
    // It has ended, whether or not the server told what became of it.
    this.show(gone ? GONE : { key: 'statusBurnt', at: now(), final: true });
    return null;
  }

  /** Look no more: nothing that is still on its way changes it. */
  stop(): void {
    this.final = true;
    this.context.poller.remove(this);
  }

  private show({ key, n, at, final }: StatusLine): void {
    if (this.final) return;
    const { words, now } = this.context;
    const text = words.capital(words.say(key, { n: n ?? 0, when: at === undefined ? '' : words.when(at, now()) }));
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.dataset['state'] = key;
    if (!final) return;
    this.stop();
    this.onFinal();
  }
}
