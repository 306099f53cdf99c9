// SPDX-License-Identifier: MIT
// The address bar. A link stays in it until its secret is open, so that a reload does not lose it.

const base = new URL('.', import.meta.url);

/** Take the link out of the address bar and of this entry of the history. */
export function clearAddress(): void {
  history.replaceState(null, '', base);
}

/** The same, once something was opened: a reload then says so, and whether that `wasLast`. */
export function clearOpenedAddress(wasLast = false): void {
  history.replaceState({ opened: true, last: wasLast }, '', base);
}

/** Whether something was opened on this page, before it was reloaded or left for a while. */
export function wasOpened(): boolean {
  return (history.state as { opened?: boolean } | null)?.opened === true;
}

/** Whether that was the last opening. */
export function wasLastOpening(): boolean {
  return (history.state as { last?: boolean } | null)?.last === true;
}

/** Forget that, where the person came here anew: browsers keep the state of an address that is gone to again. */
export function forgetOpened(): void {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (navigation?.type === 'navigate' && wasOpened()) history.replaceState(null, '');
}
