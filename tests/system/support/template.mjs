// SPDX-License-Identifier: MIT
// Reads a CloudFormation template; !Ref X and its like are what they name.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { top } from './server.mjs';

const tags = ['Ref', 'Sub', 'GetAtt', 'If', 'Equals', 'Not', 'And'].flatMap((name) => [
  { tag: `!${name}`, resolve: (value) => value },
  { tag: `!${name}`, collection: 'seq', resolve: (value) => value.toJSON() },
]);

export const readTemplate = (file) => parse(readFileSync(join(top, file), 'utf8'), { customTags: tags });
