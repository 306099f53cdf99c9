// SPDX-License-Identifier: MIT
// The commands of docs/OPERATIONS.md, which tests run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { top } from './server.mjs';

/** The blocks of commands in the section ${heading}, each as a script. */
export function blocksOf(heading) {
  const manual = readFileSync(join(top, 'docs/OPERATIONS.md'), 'utf8');
  const section = manual.split(`## ${heading}\n`)[1].split(/\n##+ /)[0];
  return [...section.matchAll(/^( *)```sh\n([\s\S]*?)^ *```/gm)].map(([, indent, lines]) => lines.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}
