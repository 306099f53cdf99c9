// SPDX-License-Identifier: MIT
// Trying again after a dropped connection or a busy server.

/** The server could not be reached, or the answer was cut off. */
export class ConnectionError extends Error {}

/** What was asked for may be done, but what came of it did not arrive. */
export class LostError extends Error {}

/** The server answered that it will not do it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | null;
  readonly details: Record<string, unknown>;
  constructor(status: number, details: Record<string, unknown>, retryAfter: number | null) {
    const code = typeof details['code'] === 'string' ? details['code'] : '';
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.details = details;
  }
}

/** Why it waits for the next try. */
export type Waiting = 'offline' | 'busy';

export interface RetryOptions {
  signal: AbortSignal;
  /** Give up rather than have waited for more than this many milliseconds between tries. */
  patience: number;
  /** Begin no try later than this many milliseconds after the first. */
  within?: number;
  /** Told each time waiting begins. */
  onWaiting?: (why: Waiting) => void;
  /** Which failures to try again after; all that are passing, unless something is used up by trying. */
  retryIf?: (error: unknown) => boolean;
}

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status === 502 || error.status === 503 || error.status === 504);
}

/** Whether the server itself said that it did nothing of the request, and may do it a little later. */
export function serverDidNothing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 429 || (error.status === 503 && error.code !== '' && error.code !== 'unknown_outcome');
}

/** How long to wait before try number `attempt` (from 0); `random` is in 0..1. */
export function waitFor(attempt: number, error: unknown, random: number): number {
  const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.5 + random / 2);
  const asked = error instanceof ApiError && error.retryAfter !== null ? error.retryAfter * 1000 : 0;
  // Not all that were sent away together come back together.
  return Math.max(backoff, asked * (1 + random / 4));
}

/** Run `task` until it succeeds, fails for good, patience runs out, or `signal` aborts. */
export async function withRetry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, patience, within = Infinity, onWaiting, retryIf = isTransient } = options;
  const start = performance.now();
  let waited = 0;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await task(attempt);
    } catch (error) {
      const wait = waitFor(attempt, error, Math.random());
      if (!retryIf(error) || waited + wait > patience || performance.now() - start + wait > within) throw error;
      const busy = error instanceof ApiError;
      onWaiting?.(busy ? 'busy' : 'offline');
      waited += wait;
      // A server that said when to come again means it, whatever the network does.
      await sleep(wait, signal, !busy);
    }
  }
}

const SHORT_PATIENCE = 8000;

/** Run `task` as withRetry does, for someone who looks on: gives up soon. */
export function retryBriefly<T>(
  task: () => Promise<T>, onWaiting?: (why: Waiting) => void, retryIf = isTransient, signal = new AbortController().signal,
): Promise<T> {
  return withRetry(task, { signal, patience: SHORT_PATIENCE, onWaiting, retryIf });
}

/** Wait; if `wakeable`, no longer than until the network is back. Rejects when `signal` aborts. */
function sleep(ms: number, signal: AbortSignal, wakeable: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      globalThis.removeEventListener('online', woken);
      end();
    };
    const aborted = settle(() => reject(signal.reason as Error));
    const woken = settle(resolve);
    const timer = setTimeout(woken, ms);
    signal.addEventListener('abort', aborted);
    if (wakeable) globalThis.addEventListener('online', woken);
  });
}
