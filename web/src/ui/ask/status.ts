// SPDX-License-Identifier: MIT
// The status line of a request, which is polled: that of a card also while the page is not visible.

import { ownerOf } from '../../crypto/request';
import { failureOf } from '../../model/failure';
import { burnMessage } from '../../model/outcome';
import { requestStatus, waitingAnswers } from '../../model/request';
import { forgottenStatus, type StatusLine } from '../../model/status';
import { retryBriefly } from '../../net/retry';
import { answersOf, endRequest } from '../../net/request-api';
import type { AnswerList } from '../../net/requests';
import type { Asked } from '../../storage/asked';
import type { Context } from '../context';
import { el, type Child } from '../parts/dom';
import { lineContent } from '../parts/problem';
import type { Polled } from '../poller';

interface Heard {
  /** A list arrived. */
  onList?: (list: AnswerList) => void;
  /** Nothing can change any more. */
  onFinal?: () => void;
}

/** The status line of one request, polled until its state is final. */
export class RequestStatus implements Polled {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly asked: Asked;
  private readonly heard: Heard;
  private final = false;

  /** A `card` is polled more often than a row of the list. */
  constructor(context: Context, asked: Asked, kind: 'card' | 'row', heard: Heard) {
    this.context = context;
    this.asked = asked;
    this.heard = heard;
    this.element = el('p', { class: 'status', role: 'status' }, context.words.say('statusChecking'));
    context.poller.add(this, kind === 'card', kind === 'card');
  }

  /** Ask once, now. A failure is not repeated before the next turn. */
  async poll(): Promise<void> {
    if (this.final) return;
    const { api, words, now } = this.context;
    const { id, seed, until } = this.asked;
    try {
      const list = await answersOf(api, id, await ownerOf(seed));
      if (this.final) return;
      this.context.countUnread(this, waitingAnswers(list.answers));
      this.show(requestStatus(list));
      this.heard.onList?.(list);
    } catch (error) {
      if (this.final) return;
      if (failureOf(error).kind === 'gone') this.show(forgottenStatus(until, now()));
      else if (this.element.dataset['state'] === undefined) this.element.textContent = words.say('statusUnknown');
    }
  }

  /** End the request. Resolves to null once it is ended or gone, else to what to say about it. */
  async end(): Promise<Child[] | null> {
    const { api, words } = this.context;
    try {
      const owner = await ownerOf(this.asked.seed);
      await retryBriefly(() => endRequest(api, this.asked.id, owner));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'gone') return lineContent(words, api.base, burnMessage(failure));
    }
    await this.poll(); // what became of the answers is shown too
    this.show({ key: 'statusEnded', final: true });
    return null;
  }

  /** Stop polling. A response that is still on its way changes nothing. */
  stop(): void {
    this.final = true;
    this.context.poller.remove(this);
    this.context.countUnread(this, 0);
  }

  private show({ key, n, at, final }: StatusLine): void {
    if (this.final) return;
    const { words, now } = this.context;
    const text = words.capital(words.say(key, { n: n ?? 0, when: at === undefined ? '' : words.when(at, now()) }));
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.dataset['state'] = key;
    if (!final) return;
    this.stop();
    this.heard.onFinal?.();
  }
}
