// SPDX-License-Identifier: MIT
// Trying again after a dropped connection, a busy server, or an answer that is not the server's.

import { abortReason, throwIfAborted } from '../base/abort';
import { ApiError, ConnectionError, IntermediaryError } from './errors';

/** Why the next try is waited for. */
export type Waiting = 'offline' | 'busy' | 'between' | 'uploads';

export interface RetryOptions {
  signal: AbortSignal;
  /** Milliseconds of waiting between tries, all together, after which to give up. */
  patience: number;
  /** Milliseconds after the first try from which no other one begins. */
  within?: number;
  /** Called each time waiting begins. */
  onWaiting?: (why: Waiting) => void;
  /** Which failures to try again after: isTransient(), unless trying uses something up. */
  retryIf?: (error: unknown) => boolean;
}

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;
/** What is not the server is not asked more often, nor longer. */
const INTERMEDIARY_TRIES = 20;
const INTERMEDIARY_PATIENCE = 5 * 60_000;

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  if (error instanceof IntermediaryError) return error.isTransient;
  return error instanceof ApiError && [429, 502, 503, 504].includes(error.status);
}

/** Whether the server itself said that it did nothing, and may do it a little later. */
export function serverDidNothing(error: unknown): boolean {
  if (!(error instanceof ApiError && error.marked)) return false;
  return error.status === 429 || (error.status === 503 && error.code !== '' && error.code !== 'unknown_outcome');
}

/** Milliseconds to wait before try number `attempt` (from 0); `random` is in 0..1. */
export function waitFor(attempt: number, error: unknown, random: number): number {
  const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.5 + random / 2);
  const asked = error instanceof ApiError && error.retryAfter !== null ? error.retryAfter * 1000 : 0;
  // Clients that were refused together do not come back together.
  return Math.max(backoff, asked * (1 + random / 4));
}

/**
 * Run `task` until it succeeds.
 *
 * @throws what `task` threw last, when that is final or patience runs out; the signal's reason
 */
export async function withRetry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, patience, within = Infinity, onWaiting, retryIf = isTransient } = options;
  const start = performance.now();
  let waited = 0;
  let intermediary = 0;

  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal);
    try {
      return await task(attempt);
    } catch (error) {
      const wait = waitFor(attempt, error, Math.random());
      const elapsed = performance.now() - start + wait;
      if (!retryIf(error) || waited + wait > patience || elapsed > within) throw error;
      if (error instanceof IntermediaryError && (++intermediary >= INTERMEDIARY_TRIES || elapsed > INTERMEDIARY_PATIENCE)) throw error;

      const why = waitingOf(error);
      onWaiting?.(why);
      waited += wait;
      // The network's return ends a wait for it, but no wait that a server asked for.
      await sleep(wait, signal, why === 'offline');
    }
  }
}

const SHORT_PATIENCE = 8000;

/** Run `task` as withRetry() does, for somebody who waits: gives up after 8 s of waiting. */
export function retryBriefly<T>(
  task: () => Promise<T>, onWaiting?: (why: Waiting) => void, retryIf = isTransient, signal = new AbortController().signal,
): Promise<T> {
  return withRetry(task, { signal, patience: SHORT_PATIENCE, onWaiting, retryIf });
}

function waitingOf(error: unknown): Waiting {
  if (error instanceof IntermediaryError) return 'between';
  if (!(error instanceof ApiError)) return 'offline';
  return error.code === 'too_many_uploads' ? 'uploads' : 'busy';
}

/** Wait for `ms`, or if `wakeable` until the network is back. Rejects when `signal` aborts. */
function sleep(ms: number, signal: AbortSignal, wakeable: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      globalThis.removeEventListener('online', woken);
      end();
    };
    const aborted = settle(() => reject(abortReason(signal)));
    const woken = settle(resolve);
    const timer = setTimeout(woken, ms);
    signal.addEventListener('abort', aborted);
    if (wakeable) globalThis.addEventListener('online', woken);
  });
}
