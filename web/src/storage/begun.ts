// SPDX-License-Identifier: MIT
// Uploads that have begun. While its page lives, each has a lock of its name. One whose page crashed is
// burnt by the next page: it would count against the next uploads until the server forgets it.

import { failureOf, isFinal } from '../model/failure';
import { ID, TOKEN } from '../net/messages';

interface Begun {
  id: string;
  token: string;
}

const NAME = 'ephemeral-secrets-begun';
const MOST = 20;

function read(): Begun[] {
  try {
    const all = JSON.parse(localStorage.getItem(NAME) ?? '[]') as unknown;
    return Array.isArray(all) ? all.filter(isBegun).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isBegun(value: unknown): value is Begun {
  const { id, token } = (value ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && ID.test(id) && typeof token === 'string' && TOKEN.test(token);
}

function write(all: Begun[]): void {
  try {
    if (all.length === 0) localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, JSON.stringify(all));
  } catch {
    // Storage is off or full: the server forgets it in time.
  }
}

const forget = (id: string) => write(read().filter((one) => one.id !== id));
const lockOf = (id: string) => `upload-${id}`;

/** Keep the upload `id` in mind. Returns what to call when it has ended, however it did. */
export function keepBegun(id: string, token: string): () => void {
  let end: () => void = () => undefined;
  const over = new Promise<void>((done) => { end = done; });
  const hold = async () => {
    write([{ id, token }, ...read()]);
    await over;
    forget(id);
  };
  // Without locks nobody can tell whether its page lives.
  (navigator.locks as LockManager | undefined)?.request(lockOf(id), hold).catch(() => undefined);
  return end;
}

/** Have `burn`, which fails as Api.burn(), destroy the uploads whose page is gone. */
export async function burnLeft(burn: (id: string, token: string) => Promise<void>): Promise<void> {
  for (const { id, token } of read())
    await (navigator.locks as LockManager | undefined)?.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      await burn(id, token).catch((error: unknown) => {
        if (!isFinal(failureOf(error), 'gone')) throw error;
      });
      forget(id);
    }).catch(() => undefined);
}
