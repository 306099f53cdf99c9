// SPDX-License-Identifier: MIT
// The status line of a request. That of a card is polled also while the page is hidden.

import { ownerOf } from '../../crypto/request';
import { failureOf, isFinal } from '../../model/failure';
import { burnMessage } from '../../model/outcome';
import { requestStatus, waitingAnswers } from '../../model/request';
import type { StatusLine } from '../../model/status';
import { retryBriefly } from '../../net/retry';
import { answersOf, endRequest } from '../../net/request-api';
import type { AnswerList } from '../../net/requests';
import type { Asked } from '../../storage/asked';
import type { Context } from '../context';
import type { Child } from '../parts/dom';
import { lineContent } from '../parts/problem';
import { PolledStatus } from '../parts/status-line';

interface Heard {
  /** A list arrived. */
  onList?: (list: AnswerList) => void;
  /** Nothing can change any more. */
  onFinal?: () => void;
}

export class RequestStatus extends PolledStatus {
  private readonly asked: Asked;
  private readonly heard: Heard;
  private list: AnswerList | null = null;

  constructor(context: Context, asked: Asked, kind: 'card' | 'row', heard: Heard) {
    super(context, asked.until, kind, kind === 'card');
    this.asked = asked;
    this.heard = heard;
  }

  /** End the request. Resolves to null once it is ended or gone, else to what to say about it. */
  async end(): Promise<Child[] | null> {
    const { api, words } = this.context;
    try {
      const owner = await ownerOf(this.asked.seed);
      await retryBriefly(() => endRequest(api, this.asked.id, owner));
    } catch (error) {
      const failure = failureOf(error);
      if (!isFinal(failure, 'gone')) return lineContent(words, api.base, burnMessage(failure));
    }
    await this.poll(); // what became of the answers is shown too
    this.show({ key: 'statusEnded', final: true });
    return null;
  }

  override stop(): void {
    super.stop();
    this.context.countUnread(this, 0);
  }

  protected override async look(): Promise<StatusLine> {
    this.list = await answersOf(this.context.api, this.asked.id, await ownerOf(this.asked.seed));
    return requestStatus(this.list);
  }

  protected override looked(): void {
    const list = this.list!;
    if (!this.final) this.context.countUnread(this, waitingAnswers(list.answers));
    this.heard.onList?.(list);
  }

  protected override ended(): void {
    this.heard.onFinal?.();
  }
}
