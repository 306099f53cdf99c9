// SPDX-License-Identifier: MIT
// Trying again after a dropped connection or a busy server.

/** The server could not be reached, or the answer was cut off. */
export class ConnectionError extends Error {}

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

export interface RetryOptions {
  signal: AbortSignal;
  /** Give up once this many milliseconds went by without a success. */
  patience: number;
  /** Told when waiting begins (true) and when a try succeeded after it (false). */
  onWaiting?: (waiting: boolean) => void;
}

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status === 502 || error.status === 503 || error.status === 504);
}

/** How long to wait before try number `attempt` (from 0); `random` is in 0..1. */
export function waitFor(attempt: number, error: unknown, random: number): number {
  const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.5 + random / 2);
  const asked = error instanceof ApiError && error.retryAfter !== null ? error.retryAfter * 1000 : 0;
  return Math.max(backoff, asked);
}

/** Run `task` until it succeeds, fails for good, patience runs out, or `signal` aborts. */
export async function withRetry<T>(task: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, patience, onWaiting } = options;
  let waited = 0;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      const result = await task();
      if (attempt > 0) onWaiting?.(false);
      return result;
    } catch (error) {
      const wait = waitFor(attempt, error, Math.random());
      if (!isPassing(error) || waited + wait > patience) throw error;
      onWaiting?.(true);
      waited += wait;
      await sleep(wait, signal);
    }
  }
}

/** Wait, or until the network is back; rejects when `signal` aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
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
    globalThis.addEventListener('online', woken);
  });
}
