// SPDX-License-Identifier: MIT
// Polls the status lines of the page while it is visible.

import { PollSchedule } from '../model/poll-schedule';

/** What can be polled. */
export interface Polled {
  /** Ask once. Never rejects. */
  poll(): Promise<void>;
}

/** Polls every line of the page, each when its turn comes. */
export class StatusPoller {
  private readonly schedule = new PollSchedule<Polled>();
  private timer = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      this.schedule.hurry(performance.now());
      this.run();
    });
  }

  /** Start polling `line`; a `card` is polled more often than a row of the list. */
  add(line: Polled, card: boolean): void {
    this.schedule.add(line, card, performance.now());
    // Lines that are drawn together are all added before the first one is polled.
    queueMicrotask(() => this.run());
  }

  /** Stop polling `line`. A response that is under way still arrives. */
  remove(line: Polled): void {
    this.schedule.remove(line);
  }

  private run(): void {
    clearTimeout(this.timer);
    if (document.hidden) return;

    for (;;) {
      const line = this.schedule.take(performance.now());
      if (line === null) break;
      void this.poll(line);
    }

    const wait = this.schedule.wait(performance.now());
    if (wait < Infinity) this.timer = window.setTimeout(() => this.run(), wait);
  }

  private async poll(line: Polled): Promise<void> {
    await line.poll();
    this.schedule.done(line, performance.now());
    this.run();
  }
}
