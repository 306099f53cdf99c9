// SPDX-License-Identifier: MIT
// Speed of a transfer, over its last few seconds.

const WINDOW = 5000;

export class Rate {
  private samples: { at: number; done: number }[] = [];

  /** Bytes a second once there is enough to tell, else null. */
  add(at: number, done: number): number | null {
    this.samples.push({ at, done });
    while (this.samples.length > 2 && at - this.samples[0]!.at > WINDOW) this.samples.shift();
    const [oldest] = this.samples;
    const elapsed = at - oldest!.at;
    // What is sent again was counted once already.
    return elapsed < 500 ? null : (Math.max(0, done - oldest!.done) * 1000) / elapsed;
  }
}
