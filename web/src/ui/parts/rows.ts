// SPDX-License-Identifier: MIT
// The rows of a list that this browser keeps, each with a status line.

export interface Row {
  element: HTMLElement;
  /** What ends when the row is gone. */
  status: { stop(): void };
}

export class KeptRows<T extends { id: string }> {
  private readonly make: (one: T) => Row;
  private rows = new Map<string, Row>();
  private readonly excluded = new Set<string>();

  constructor(make: (one: T) => Row) {
    this.make = make;
  }

  /** Leave `id` out from now on, because it has a card. */
  exclude(id: string): void {
    this.excluded.add(id);
  }

  /** What of `all` may have a row. */
  without(all: readonly T[]): T[] {
    return all.filter(({ id }) => !this.excluded.has(id));
  }

  /** The rows for exactly `shown`. A row that exists stays, so that it is not polled again. */
  elementsOf(shown: readonly T[]): HTMLElement[] {
    const before = this.rows;
    this.rows = new Map(shown.map((one) => [one.id, before.get(one.id) ?? this.make(one)]));
    for (const [id, { status }] of before) if (!this.rows.has(id)) status.stop();
    return [...this.rows.values()].map(({ element }) => element);
  }

  /** Which row `id` has, from 0. */
  indexOf(id: string): number {
    return [...this.rows.keys()].indexOf(id);
  }

  /** Move the focus to the row that took the place of `index`. Returns false if there is none. */
  focus(index: number): boolean {
    const rows = [...this.rows.values()];
    const next = rows[Math.min(index, rows.length - 1)];
    next?.element.querySelector<HTMLElement>('.actions > :last-child:is(button), .actions > :last-child button')?.focus();
    return next !== undefined;
  }
}
