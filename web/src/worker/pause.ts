// SPDX-License-Identifier: MIT
// Work that waits until the person wants it to go on.

import { abortReason } from '../base/abort';

export class Pause {
  private waiting: (() => void)[] = [];

  /** Wait for resume(). Rejects when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = () => reject(abortReason(signal));
      if (signal.aborted) aborted();
      signal.addEventListener('abort', aborted);
      this.waiting.push(() => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
    });
  }

  /** Let everything that waits go on. */
  resume(): null {
    const waiting = this.waiting;
    this.waiting = [];
    for (const go of waiting) go();
    return null;
  }
}
