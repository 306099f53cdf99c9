// SPDX-License-Identifier: MIT
// Abort signals, also in browsers that do not have all of their methods yet.

/** Why `signal` aborted. Older browsers keep no reason. */
export function abortReason({ reason }: AbortSignal): Error {
  return (reason as Error | undefined) ?? new DOMException('aborted', 'AbortError');
}

/** Throw the reason of `signal` if it has aborted. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw abortReason(signal);
}

/** A signal that aborts after `ms`. */
export function timeoutSignal(ms: number): AbortSignal {
  if ('timeout' in AbortSignal) return AbortSignal.timeout(ms);
  const control = new AbortController();
  setTimeout(() => control.abort(), ms);
  return control.signal;
}

/** A signal that aborts with the first of `signals`, and with its reason. */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  if ('any' in AbortSignal) return AbortSignal.any(signals as AbortSignal[]);
  const control = new AbortController();

  const follow = (event: Event) => stop(event.target as AbortSignal);
  const stop = (signal: AbortSignal) => {
    control.abort(abortReason(signal));
    for (const other of signals) other.removeEventListener('abort', follow);
  };

  for (const signal of signals) signal.addEventListener('abort', follow);
  const already = signals.find(({ aborted }) => aborted);
  if (already !== undefined) stop(already);
  return control.signal;
}
