// SPDX-License-Identifier: MIT
import { en } from './en';
import type { Catalogue } from './words';

export const fr: Catalogue = en;
