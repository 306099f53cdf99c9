// SPDX-License-Identifier: MIT
// How often the worker tells the page how far it is.

import type { Progress } from './protocol';

export type Report = (progress: Progress) => void;

/** Milliseconds. A page draws no faster than this: in WebKit each report costs a layout. */
const REPORT_EVERY = 100;

/** A report that passes on to `send` what begins and ends, and else at most one in REPORT_EVERY of the clock `now`. */
export function throttled(send: Report, now: () => number): Report {
  let last = -Infinity;
  return (progress) => {
    const at = now();
    if (isOnTheWay(progress) && at - last < REPORT_EVERY) return;
    last = at;
    send(progress);
  };
}

function isOnTheWay(progress: Progress): boolean {
  switch (progress.phase) {
    case 'deriving': return progress.share > 0 && progress.share < 1;
    case 'moving': return progress.done > 0 && progress.done < progress.total;
    default: return false;
  }
}
