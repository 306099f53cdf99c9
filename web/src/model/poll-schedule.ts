// SPDX-License-Identifier: MIT
// Decides which status line is polled next. A server limits the requests of an address (60 a minute
// by default), and opening counts too, so the lines of a page use at most half of that.

/** A token bucket: BURST polls at once, and one more every GAP milliseconds. */
const BURST = 10;
const GAP = 2000;

const ROW_EVERY = 60_000;
/** A new card is polled more often than a row. With more cards each is polled less often. */
const CARD_EVERY = 10_000;
const CARD_SHARE = 5000;
const CARD_NEW = 5 * 60_000;

interface Line {
  card: boolean;
  since: number;
  /** When the next poll is due. Infinity while a poll is under way. */
  due: number;
}

/** Times are milliseconds of a clock that never goes back. */
export class PollSchedule<T> {
  private readonly lines = new Map<T, Line>();
  private tokens = BURST;
  private filled = 0;

  /** Add `line`, which is due at once. Cards go before rows. */
  add(line: T, card: boolean, now: number): void {
    this.lines.set(line, { card, since: now, due: now });
  }

  remove(line: T): void {
    this.lines.delete(line);
  }

  /** Make every line due that is not being polled. */
  hurry(now: number): void {
    for (const line of this.lines.values()) if (line.due !== Infinity) line.due = now;
  }

  /** The line to poll now, or null. The caller calls done() after the poll. */
  take(now: number): T | null {
    this.tokens = Math.min(BURST, this.tokens + (now - this.filled) / GAP);
    this.filled = now;
    const next = this.next(now);
    if (next === null || next[1].due > now || this.tokens < 1) return null;
    this.tokens--;
    next[1].due = Infinity;
    return next[0];
  }

  /** The poll of `line` has ended. */
  done(line: T, now: number): void {
    const found = this.lines.get(line);
    if (found !== undefined) found.due = now + this.every(found, now);
  }

  /** Milliseconds from `now` until take() may return a line. Infinity if no line will be due. */
  wait(now: number): number {
    const due = this.next(now)?.[1].due ?? Infinity;
    const refilled = this.filled + (1 - this.tokens) * GAP;
    return Math.ceil(Math.max(0, due - now, refilled - now));
  }

  private next(now: number): [T, Line] | null {
    const rank = ({ card, due }: Line) => (due > now ? 2 : card ? 0 : 1);
    let best: [T, Line] | null = null;
    for (const entry of this.lines) {
      const before = best === null ? -1 : rank(entry[1]) - rank(best[1]) || entry[1].due - best[1].due;
      if (before < 0) best = entry;
    }
    return best;
  }

  private every({ card, since }: Line, now: number): number {
    if (!card || now - since > CARD_NEW) return ROW_EVERY;
    const cards = [...this.lines.values()].filter((line) => line.card).length;
    return Math.max(CARD_EVERY, cards * CARD_SHARE);
  }
}
