// SPDX-License-Identifier: MIT
// From whatever was thrown to why it failed, as the page tells it.

import { ChangedError, EnvelopeError, type FailureKind } from '../crypto/envelope';
import { ApiError, ConnectionError, LostError } from '../net/retry';

/** Why something failed, as the page tells it. `lost` is an opening that may have been counted: its answer did not come. */
export type Failure =
  | { kind: 'offline' | 'busy' | 'lost' | 'gone' | 'ended' | 'full' | 'too-large' | 'changed' | 'unwritable' | 'cancelled' | 'unexpected' }
  | { kind: 'wrong-proof'; attemptsLeft: number | null }
  | { kind: 'damaged'; failure: FailureKind };

/** The place that a file was to go to did not take it. */
export class UnwritableError extends Error {}

export function failureOf(error: unknown): Failure {
  if (error instanceof EnvelopeError) return { kind: 'damaged', failure: error.kind };
  if (error instanceof LostError) return { kind: 'lost' };
  if (error instanceof ConnectionError) return { kind: 'offline' };
  if (error instanceof ApiError) return refusalOf(error);
  if (error instanceof UnwritableError) return { kind: 'unwritable' };
  if (error instanceof ChangedError) return { kind: 'changed' };
  if (!(error instanceof DOMException)) return { kind: 'unexpected' };
  if (error.name === 'AbortError') return { kind: 'cancelled' };
  if (error.name === 'NotReadableError' || error.name === 'NotFoundError') return { kind: 'changed' };
  return error.name === 'QuotaExceededError' ? { kind: 'full' } : { kind: 'unexpected' };
}

function refusalOf({ status, details }: ApiError): Failure {
  const left = details['attempts_left'];
  switch (status) {
    case 403: return { kind: 'wrong-proof', attemptsLeft: typeof left === 'number' ? left : null };
    case 404: return { kind: 'gone' };
    case 409: return { kind: 'ended' };
    case 413: return { kind: 'too-large' };
    case 429: case 502: case 503: case 504: return { kind: 'busy' };
    case 507: return { kind: 'full' };
    default: return { kind: 'unexpected' };
  }
}
