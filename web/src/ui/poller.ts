// SPDX-License-Identifier: MIT
// Polls the status lines of the page: all of them while it is visible, and those that are waited for while it is not.

import { PollSchedule } from '../model/poll-schedule';

/** Milliseconds between polls of a page that is not visible. Browsers let timers of such a page wait as long. */
const HIDDEN_EVERY = 60_000;
const HIDDEN_MOST = 5;

/** What can be polled. */
export interface Polled {
  /** Ask once. Never rejects. */
  poll(): Promise<void>;
}

/** Polls every line of the page, each when its turn comes. */
export class StatusPoller {
  private readonly schedule = new PollSchedule<Polled>();
  private readonly awaited = new Set<Polled>();
  private timer = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      this.schedule.hurry(performance.now());
      this.run();
    });
  }

  /**
   * Start polling `line`; a `card` is polled more often than a row of the list. One that is `awaited`
   * is polled while the page is hidden too.
   */
  add(line: Polled, card: boolean, awaited = false): void {
    if (awaited) this.awaited.add(line);
    this.schedule.add(line, card, performance.now());
    // Lines that are drawn together are all added before the first one is polled.
    queueMicrotask(() => this.run());
  }

  /** Stop polling `line`. A response that is under way still arrives. */
  remove(line: Polled): void {
    this.schedule.remove(line);
    this.awaited.delete(line);
  }

  private run(): void {
    clearTimeout(this.timer);
    if (document.hidden) {
      if (this.awaited.size > 0) this.timer = window.setTimeout(() => this.runHidden(), HIDDEN_EVERY);
      return;
    }

    for (;;) {
      const line = this.schedule.take(performance.now());
      if (line === null) break;
      void this.poll(line);
    }

    const wait = this.schedule.wait(performance.now());
    if (wait < Infinity) this.timer = window.setTimeout(() => this.run(), wait);
  }

  private runHidden(): void {
    if (document.hidden) for (const line of [...this.awaited].slice(-HIDDEN_MOST)) void line.poll();
    this.run();
  }

  private async poll(line: Polled): Promise<void> {
    await line.poll();
    this.schedule.done(line, performance.now());
    this.run();
  }
}
