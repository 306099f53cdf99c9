// SPDX-License-Identifier: MIT
// What this browser keeps of the secrets it shared: the token to look them up or burn them.

import { TIME_MAX } from '../net/fields';
import { ID, TOKEN } from '../net/messages';

export interface Owned {
  id: string;
  token: string;
  /** Unix seconds. */
  made: number;
  until: number;
}

const NAME = 'ephemeral-secrets';
const MOST = 200;
const RECEIPT_LIFE = 7 * 86400;

/** Newest first, whatever else was written there left out; those whose receipt is gone as well are dropped. */
export function readOwned(stored: string | null, now: number): Owned[] {
  let all: unknown;
  try {
    all = JSON.parse(stored ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(all)) return [];
  return all.filter(isOwned).filter(({ until }) => until + RECEIPT_LIFE > now).slice(0, MOST);
}

function isOwned(value: unknown): value is Owned {
  const { id, token, made, until } = (value ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && ID.test(id) && typeof token === 'string' && TOKEN.test(token) && isTime(made) && isTime(until);
}

// A date beyond what dates are would be shown, and fail.
function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX;
}

/** The list in this browser's storage; without storage, in this page alone. */
export class OwnedList {
  private memory: Owned[] = [];

  all(now: number): Owned[] {
    try {
      return readOwned(localStorage.getItem(NAME), now);
    } catch {
      return this.memory;
    }
  }

  add(owned: Owned): void {
    this.write([owned, ...this.all(owned.made)]);
  }

  forget(id: string, now: number): void {
    this.write(this.all(now).filter((owned) => owned.id !== id));
  }

  forgetAll(): void {
    this.write([]);
  }

  private write(all: Owned[]): void {
    this.memory = all;
    try {
      if (all.length === 0) localStorage.removeItem(NAME);
      else localStorage.setItem(NAME, JSON.stringify(all));
    } catch {
      // Storage is off or full: this page remembers.
    }
  }
}
