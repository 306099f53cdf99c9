// SPDX-License-Identifier: MIT
import { en } from './en';
import type { Catalogue } from './words';

export const zh: Catalogue = en;
