// SPDX-License-Identifier: MIT
// A list that this browser keeps, newest first.

import { TIME_MAX } from '../net/fields';
import { ID } from '../net/messages';

export interface Kept {
  id: string;
  /** Unix seconds. */
  made: number;
  until: number;
}

const MOST = 200;

/** What of `stored` is as `isOne` says, whatever else was written there. */
export function readKept<T extends Kept>(stored: string | null, isOne: (value: unknown) => value is T): T[] {
  let all: unknown;
  try {
    all = JSON.parse(stored ?? '[]');
  } catch {
    return [];
  }
  return Array.isArray(all) ? all.filter(isOne).slice(0, MOST) : [];
}

export function isKept(value: unknown): value is Kept {
  const { id, made, until } = (value ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && ID.test(id) && isTime(made) && isTime(until);
}

/** Whether `value` is a time. A date beyond what dates are would be shown, and fail. */
export function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX;
}

/** The list in this browser's storage; without storage, in this page alone. */
export class KeptList<T extends Kept> {
  private readonly name: string;
  private readonly read: (stored: string | null, now: number) => T[];
  private memory: T[] = [];

  /** `read` makes the list of what is stored, and drops what has ended. */
  constructor(name: string, read: (stored: string | null, now: number) => T[]) {
    this.name = name;
    this.read = read;
  }

  all(now: number): T[] {
    try {
      return this.read(localStorage.getItem(this.name), now);
    } catch {
      return this.memory;
    }
  }

  add(one: T): void {
    this.write([one, ...this.all(one.made)]);
  }

  forget(id: string, now: number): void {
    this.write(this.all(now).filter((one) => one.id !== id));
  }

  forgetAll(): void {
    this.write([]);
  }

  private write(all: T[]): void {
    this.memory = all;
    try {
      if (all.length === 0) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, JSON.stringify(all));
    } catch {
      // Storage is off or full: this page remembers.
    }
  }
}
