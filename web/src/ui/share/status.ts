// SPDX-License-Identifier: MIT
// The status line of a shared secret.

import { failureOf, isFinal } from '../../model/failure';
import type { Owned } from '../../storage/owned';
import { burnMessage } from '../../model/outcome';
import { retryBriefly } from '../../net/retry';
import { GONE, statusOf, type StatusLine } from '../../model/status';
import type { Context } from '../context';
import type { Child } from '../parts/dom';
import { lineContent } from '../parts/problem';
import { PolledStatus } from '../parts/status-line';

export class LiveStatus extends PolledStatus {
  private readonly owned: Owned;
  private readonly onFinal: () => void;
  private burning = false;

  /** `onFinal` is called when nothing can change any more. */
  constructor(context: Context, owned: Owned, kind: 'card' | 'row', onFinal: () => void) {
    super(context, owned.until, kind);
    this.owned = owned;
    this.onFinal = onFinal;
  }

  /** Burn it. Resolves to null once it is burnt or gone, else to what to say about it. */
  async burn(): Promise<Child[] | null> {
    const { api, now, words } = this.context;
    let gone = false;
    this.burning = true;
    try {
      await retryBriefly(() => api.burn(this.owned.id, this.owned.token));
    } catch (error) {
      const failure = failureOf(error);
      if (!isFinal(failure, 'gone')) {
        this.burning = false;
        return lineContent(words, api.base, burnMessage(failure));
      }
      gone = true; // it may have expired, or been opened, or burnt by a try whose response was lost
    }

    await this.poll();
    // It has ended, whether or not the receipt arrived.
    this.show(gone ? GONE : this.wordedFor({ key: 'statusBurnt', at: now(), final: true }));
    return null;
  }

  protected override async look(): Promise<StatusLine> {
    return this.wordedFor(statusOf(await this.context.api.receipt(this.owned.id, this.owned.token)));
  }

  // An answer is taken back, or the asker ends the request and erases it.
  private wordedFor(line: StatusLine): StatusLine {
    const isTakenBack = this.owned.request !== undefined && (this.burning || this.owned.back === true);
    return line.key === 'statusBurnt' && isTakenBack ? { ...line, key: 'statusRetracted' } : line;
  }

  protected override ended(): void {
    const { context: { owned, now }, owned: one } = this;
    // An answer that was taken back is told so at its link later.
    if (this.burning && this.element.dataset['state'] === 'statusRetracted') {
      one.back = true;
      owned.forget(one.id, now());
      owned.add(one);
    }
    this.onFinal();
  }
}
