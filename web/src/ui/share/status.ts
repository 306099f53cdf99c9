// SPDX-License-Identifier: MIT
// The status line of a shared secret, which is polled while the page is visible.

import { failureOf } from '../../model/failure';
import type { Owned } from '../../storage/owned';
import { burnMessage } from '../../model/outcome';
import { retryBriefly } from '../../net/retry';
import { forgottenStatus, GONE, statusOf, type StatusLine } from '../../model/status';
import type { Context } from '../context';
import type { Polled } from '../poller';
import { el, type Child } from '../parts/dom';
import { lineContent } from '../parts/problem';

/** The status line of one shared secret, polled until its state is final. */
export class LiveStatus implements Polled {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly owned: Owned;
  private readonly onFinal: () => void;
  private final = false;

  /** A `card` is polled more often than a row of the list. `onFinal` is called when nothing can change any more. */
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
      if (failureOf(error).kind === 'gone') this.show(forgottenStatus(this.owned.until, this.context.now()));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    }
  }

  /** Burn it. Resolves to null once it is burnt or gone, else to what to say about it. */
  async burn(): Promise<Child[] | null> {
    const { api, now, words } = this.context;
    let gone = false;
    try {
      await retryBriefly(() => api.burn(this.owned.id, this.owned.token));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'gone') return lineContent(words, api.base, burnMessage(failure));
      gone = true; // it may have expired, or been opened, or burnt by a try whose response was lost
    }

    await this.poll();
    // It has ended, whether or not the receipt arrived.
    this.show(gone ? GONE : { key: 'statusBurnt', at: now(), final: true });
    return null;
  }

  /** Stop polling. A response that is still on its way changes nothing. */
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
