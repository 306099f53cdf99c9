// SPDX-License-Identifier: MIT
// Why something failed, in terms that the page can explain, from whatever was thrown.

import { ChangedError, EnvelopeError, WeakCostError, type FailureKind } from '../crypto/envelope';
import { ApiError, ConnectionError, IntermediaryError, LostError } from '../net/errors';

/**
 * Why something failed. `lost` is an opening that may have been counted: its response did not arrive.
 * `between` and `sign-in` come from something before the server. So may a refusal that is `unmarked`:
 * it is shown, but because of it the page drops nothing.
 */
export type Failure = Reason & { unmarked?: true };

type Reason =
  | { kind: 'offline' | 'busy' | 'lost' | 'gone' | 'ended' | 'full' | 'too-large' | 'changed' | 'unwritable' | 'cancelled' | 'unexpected' }
  /** `uploading`: the sender is not done. `uploads`: this network has too many unfinished ones. */
  | { kind: 'wrong-key' | 'weak' | 'uploading' | 'uploads' }
  /** The request has all its answers. */
  | { kind: 'answered' }
  /** What the server sent is not what the link was made for. */
  | { kind: 'forged' }
  /** The server does not let this visitor share. */
  | { kind: 'creators-only' }
  | { kind: 'sign-in' }
  | { kind: 'between'; status: number }
  | { kind: 'wrong-proof'; attemptsLeft: number | null }
  | { kind: 'damaged'; failure: FailureKind };

const CONFLICTS: Record<string, 'uploading' | 'answered'> = { uploading: 'uploading', request_full: 'answered' };

/** A picked place could not be written to. */
export class UnwritableError extends Error {}

/** Whether `failure` is one of `kinds` for certain, so that what the page keeps for it can be dropped. */
export function isFinal(failure: Failure, ...kinds: Failure['kind'][]): boolean {
  return failure.unmarked !== true && kinds.includes(failure.kind);
}

export function failureOf(error: unknown): Failure {
  if (error instanceof EnvelopeError) return { kind: 'damaged', failure: error.kind };
  if (error instanceof WeakCostError) return { kind: 'weak' };
  if (error instanceof IntermediaryError) return intermediaryOf(error);
  if (error instanceof LostError) return error.cause instanceof IntermediaryError ? intermediaryOf(error.cause) : { kind: 'lost' };
  if (error instanceof ConnectionError) return { kind: 'offline' };
  if (error instanceof ApiError) return error.marked ? refusalOf(error) : { ...refusalOf(error), unmarked: true };
  if (error instanceof UnwritableError) return { kind: 'unwritable' };
  if (error instanceof ChangedError) return { kind: 'changed' };
  if (error instanceof DOMException) return exceptionOf(error);
  return { kind: 'unexpected' };
}

function intermediaryOf({ isRedirect, status }: IntermediaryError): Failure {
  return isRedirect ? { kind: 'sign-in' } : { kind: 'between', status };
}

function exceptionOf({ name }: DOMException): Failure {
  switch (name) {
    case 'AbortError': return { kind: 'cancelled' };
    case 'NotReadableError': case 'NotFoundError': return { kind: 'changed' };
    case 'QuotaExceededError': return { kind: 'full' };
    default: return { kind: 'unexpected' };
  }
}

function refusalOf({ status, code, details }: ApiError): Failure {
  const attempts = details['attempts_left'];
  switch (status) {
    case 401: return { kind: code === 'creators_only' ? 'creators-only' : 'unexpected' };
    case 403:
      if (code === 'wrong_key') return { kind: 'wrong-key' };
      if (code === 'wrong_proof') return { kind: 'wrong-proof', attemptsLeft: typeof attempts === 'number' ? attempts : null };
      return { kind: 'unexpected' };
    case 404: return { kind: 'gone' };
    case 409: return { kind: CONFLICTS[code] ?? 'ended' };
    // The page sends a length with every body, so something before the server has taken it away.
    case 411: return { kind: 'between', status };
    case 413: return { kind: 'too-large' };
    case 429: return { kind: code === 'too_many_uploads' ? 'uploads' : 'busy' };
    case 502: case 503: case 504: return { kind: 'busy' };
    case 507: return { kind: 'full' };
    default: return { kind: 'unexpected' };
  }
}
