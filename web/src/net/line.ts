// SPDX-License-Identifier: MIT
// What a transfer learns about its line: how many parts go side by side, and how long each may take.
//
// A browser hands a whole part to the system at once, and then sees no byte move until the response.
// On a thin line, parts side by side take so long that all of them look stalled, and a part that is
// given up is still sent to its end. So the first part goes alone and is timed.

/** Parts in a row after which what a cut took away comes back, one by one. */
const STEADY = 16;
/** Milliseconds within which lost connections count as one cut: all of them are lost at once. */
const ONE_CUT = 5000;
/** How often the time that a part may take is doubled at most. */
const SLOWEST = 3;

export class Line {
  private readonly most: number;
  private readonly stall: number;
  private readonly now: () => number;
  /** How many parts the line carries in half the time of a stall, as far as known. */
  private carries = 1;
  /** How many the cuts allow. */
  private allowed: number;
  private slowness = 0;
  private inRow = 0;
  private lastCut = -Infinity;
  private running = 0;
  private waiting: (() => void)[] = [];

  /** At most `most` parts go side by side. A part that moves no byte for `stall` milliseconds is given up. */
  constructor(most: number, stall: number, now: () => number = () => performance.now()) {
    this.most = this.allowed = most;
    this.stall = stall;
    this.now = now;
  }

  /** How many parts may go side by side now. */
  get sideBySide(): number {
    return Math.max(1, Math.min(this.allowed, this.carries));
  }

  /** How many tries a part counts before its first one, since parts before it were given up so often. */
  get triesBefore(): number {
    return this.slowness;
  }

  /** Run `send`, which moves a part once, when its turn comes. */
  async turn<T>(send: () => Promise<T>): Promise<T> {
    while (this.running >= this.sideBySide) await new Promise<void>((go) => { this.waiting.push(go); });
    const beside = ++this.running;
    const start = this.now();
    try {
      const result = await send();
      this.passed((this.now() - start) / beside);
      return result;
    } finally {
      this.running--;
      const waiting = this.waiting;
      this.waiting = [];
      for (const go of waiting) go();
    }
  }

  /** A connection was lost. */
  cut(): void {
    const now = this.now();
    if (now - this.lastCut < ONE_CUT) return;
    this.lastCut = now;
    this.allowed = Math.max(1, Math.floor(this.allowed / 2));
    this.slowness = Math.min(SLOWEST, this.slowness + 1);
    this.inRow = 0;
  }

  // A part arrived. Alone it would have taken about `ms`.
  private passed(ms: number): void {
    this.carries = Math.floor(this.stall / 2 / ms);
    this.inRow++;
    if (this.inRow % STEADY === 0) this.allowed = Math.min(this.most, this.allowed + 1);
  }
}
