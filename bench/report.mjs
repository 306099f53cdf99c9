// SPDX-License-Identifier: MIT
// Prints the figures of a benchmark.  With RESULTS=FILE it also writes them, as a table below the heading of
// this benchmark, to that file (bench/RESULTS.md).

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';

import { memory } from '../tests/system/support/process.mjs';

export const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

export const text = (n) => n.toLocaleString('en', { maximumFractionDigits: n < 10 ? 2 : 0 });

/** The processor time that a process has used, in ms. */
export function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // in ticks of 10 ms
}

/** The resident memory of a process in MiB; with 'VmHWM' the most that it ever had. */
export const residentMiB = (pid, what = 'VmRSS') => memory(pid, what) / 1024;

export class Report {
  #title;
  #command;
  #rows = [];
  #machine = `${cpus()[0].model}, ${availableParallelism()} processors, Linux ${release()}`;
  #load = loadavg()[0];

  constructor(title, command, how) {
    this.#title = title;
    this.#command = command;
    this.how = how;
    console.log(`${title}: ${this.#machine}, load ${this.#load.toFixed(1)}, ${how}\n`);
  }

  row(what, figure, unit, goal = '') {
    console.log(`${what.padEnd(58)} ${text(figure).padStart(9)} ${unit.padEnd(5)} ${goal}`);
    this.#rows.push(`| ${what.trim()} | ${text(figure)}${unit === '' ? '' : ` ${unit}`} |`);
  }

  /** Write the section ${title} of the file that RESULTS names. */
  save() {
    const file = process.env.RESULTS;
    if (!file) return;
    const section = [
      `## ${this.#title}`, '', `\`${this.#command}\`, ${this.how}.`, '',
      `${this.#machine}. Load of other programs at the start: ${this.#load.toFixed(1)}.`, '',
      '| what | figure |', '| --- | --- |', ...this.#rows, '',
    ].join('\n');
    const old = existsSync(file) ? readFileSync(file, 'utf8') : '# Results\n';
    const parts = old.trimEnd().split(/\n(?=## )/);
    const at = parts.findIndex((part) => part.startsWith(`## ${this.#title}\n`));
    if (at < 0) parts.push(section);
    else parts[at] = section;
    writeFileSync(file, `${parts.map((part) => part.trimEnd()).join('\n\n')}\n`);
  }
}
