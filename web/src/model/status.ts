// SPDX-License-Identifier: MIT
// What became of a secret, as one line.

import type { Receipt } from '../net/messages';
import type { Key } from '../text/words';

export interface StatusLine {
  key: Key;
  n?: number;
  /** The moment it speaks of, in unix seconds. */
  at?: number;
  /** Whether nothing about it can change any more. */
  final: boolean;
}

/** It is gone, and the server does not tell just now what became of it. */
export const GONE: StatusLine = { key: 'statusGone', final: true };

/** The line for a receipt; null stands for one that the server no longer has. */
export function statusOf(receipt: Receipt | null): StatusLine {
  if (receipt === null) return { key: 'statusForgotten', final: true };
  const { state, opened, ended, expiresAt } = receipt;
  const n = opened.length;
  const last = opened.at(-1);
  switch (state) {
    case 'uploading': return { key: 'statusWaiting', final: false };
    case 'waiting': return { key: 'statusWaiting', final: false };
    case 'opened': return { key: 'statusOpened', n, at: last ?? expiresAt, final: false };
    case 'used_up': return { key: 'statusUsedUp', n, at: last ?? ended ?? expiresAt, final: true };
    case 'burnt': return { key: 'statusBurnt', at: ended ?? expiresAt, final: true };
    case 'locked': return { key: 'statusLocked', at: ended ?? expiresAt, final: true };
    case 'expired':
      if (n === 0) return { key: 'statusExpiredUnread', at: expiresAt, final: true };
      return { key: 'statusExpired', n, at: expiresAt, final: true };
  }
}
