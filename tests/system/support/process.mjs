// SPDX-License-Identifier: MIT
// What Linux reports of a running process.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** A figure of /proc/PID/status in KiB: VmRSS, VmHWM. */
export function memory(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

/** Watch ${child}. The function that it returns ends that, and tells the largest resident size so far, in KiB. */
export function watchPeak(child) {
  let most = 0;
  const timer = setInterval(() => {
    try {
      most = Math.max(most, memory(child.pid, 'VmHWM'));
    } catch { /* it has ended */ }
  }, 10).unref();
  return () => (clearInterval(timer), most);
}

/** How many sockets it has. */
export function sockets(pid) {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

/** Seconds of processor time it took so far. */
export function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
