// SPDX-License-Identifier: MIT
// What this browser keeps of the secrets it shared: the token to look them up or burn them.

import { ID, TOKEN } from '../net/messages';
import { isKept, KeptList, readKept, type Kept } from './kept';

export interface Owned extends Kept {
  token: string;
  /** The request that it answers. */
  request?: string;
  /** Whether this browser took it back. */
  back?: true;
}

const NAME = 'ephemeral-secrets';
const RECEIPT_LIFE = 7 * 86400;

/** Newest first, whatever else was written there left out; those whose receipt is gone as well are dropped. */
export function readOwned(stored: string | null, now: number): Owned[] {
  return readKept(stored, isOwned).filter(({ until }) => until + RECEIPT_LIFE > now);
}

function isOwned(value: unknown): value is Owned {
  const { token, request, back } = (value ?? {}) as Record<string, unknown>;
  return isKept(value) && typeof token === 'string' && TOKEN.test(token) && (back === undefined || back === true)
    && (request === undefined || (typeof request === 'string' && ID.test(request)));
}

/** The list of this browser. */
export class OwnedList extends KeptList<Owned> {
  constructor() {
    super(NAME, readOwned);
  }
}
