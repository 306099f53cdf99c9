// SPDX-License-Identifier: MIT
// For tests that kill the server while it works: what they do at random, and how a client sees the end.

/** A small generator of numbers in 0..n-1 (xorshift32), so that a run can be repeated. */
export function numbers(state) {
  let x = state | 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

/** Whether ${error} says that the connection ended. */
export const connectionEnded = (error) => /closed|ECONN|EPIPE/.test(String(error));
