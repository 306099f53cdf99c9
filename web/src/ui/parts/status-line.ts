// SPDX-License-Identifier: MIT
// A line that says what became of something on the server, polled until that is final.

import { failureOf } from '../../model/failure';
import { forgottenStatus, type StatusLine } from '../../model/status';
import type { Context } from '../context';
import type { Polled } from '../poller';
import { el } from './dom';

export abstract class PolledStatus implements Polled {
  readonly element: HTMLElement;
  protected readonly context: Context;
  /** When the server may forget it, in unix seconds. */
  private readonly until: number;
  private isFinal = false;

  /** A `card` is polled more often than a row of a list; if `awaited`, also while the page is hidden. */
  constructor(context: Context, until: number, kind: 'card' | 'row', awaited = false) {
    this.context = context;
    this.until = until;
    this.element = el('p', { class: 'status', role: 'status' }, context.words.say('statusChecking'));
    context.poller.add(this, kind === 'card', awaited);
  }

  /** Whether nothing can change any more, or the line was stopped. */
  get final(): boolean {
    return this.isFinal;
  }

  /** Ask once, now. A failure is not repeated before the next turn. */
  async poll(): Promise<void> {
    if (this.isFinal) return;
    const { words, now } = this.context;
    try {
      const line = await this.look();
      if (this.isFinal) return;
      this.show(line);
      this.looked();
    } catch (error) {
      if (this.isFinal) return;
      if (failureOf(error).kind === 'gone') this.show(forgottenStatus(this.until, now()));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    }
  }

  /** Stop polling. A response that is still on its way changes nothing. */
  stop(): void {
    this.isFinal = true;
    this.context.poller.remove(this);
  }

  /** Ask the server. Rejects as the API does. */
  protected abstract look(): Promise<StatusLine>;

  /** What look() found is shown. */
  protected looked(): void {}

  /** Nothing can change any more. */
  protected abstract ended(): void;

  protected show({ key, n, at, final, also = [] }: StatusLine): void {
    if (this.isFinal) return;
    const { words, now } = this.context;
    const main = words.capital(words.say(key, { n: n ?? 0, when: at === undefined ? '' : words.when(at, now()) }));
    const more = also.map((one) => words.say(one.key, { n: one.n ?? 0 }));
    const text = more.length === 0 ? main : words.joined(...[main, ...more].map((sentence) => words.say('asSentence', { text: sentence })));
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.dataset['state'] = key;
    if (!final) return;
    this.stop();
    this.ended();
  }
}
