// SPDX-License-Identifier: MIT
// What became of a secret, as one line.

import type { Receipt } from '../net/messages';
import type { Key } from '../text/words';

export interface StatusLine {
  key: Key;
  n?: number;
  /** When it happened, in unix seconds. */
  at?: number;
  /** Whether nothing can change any more. */
  final: boolean;
  /** What is said after it. */
  also?: { key: Key; n?: number }[];
}

/** It is gone, and the server does not say why. */
export const GONE: StatusLine = { key: 'statusGone', final: true };

/**
 * The server has no receipt. Before its end at `until` nobody needs to believe that for good: what
 * the page still shows stays, and it is asked again.
 */
export function forgottenStatus(until: number, now: number): StatusLine {
  return { key: 'statusForgotten', final: now >= until };
}

/** The line for a receipt. */
export function statusOf(receipt: Receipt): StatusLine {
  const { state, opened, ended, expiresAt } = receipt;
  const n = opened.length;
  const last = opened.at(-1);
  switch (state) {
    case 'uploading': return { key: 'statusWaiting', final: false };
    case 'waiting': return { key: 'statusWaiting', final: false };
    case 'opened': return { key: 'statusOpened', n, at: last ?? expiresAt, final: false };
    case 'used_up': return { key: 'statusUsedUp', n, at: last ?? ended ?? expiresAt, final: true };
    case 'burnt': return { key: 'statusBurnt', at: ended ?? expiresAt, final: true };
    case 'removed': return { key: 'statusRemoved', at: ended ?? expiresAt, final: true };
    case 'locked': return { key: 'statusLocked', at: ended ?? expiresAt, final: true };
    case 'expired':
      if (n === 0) return { key: 'statusExpiredUnread', at: expiresAt, final: true };
      return { key: 'statusExpired', n, at: expiresAt, final: true };
  }
}
