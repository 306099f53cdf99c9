// SPDX-License-Identifier: MIT
// scrypt, on the thread it is called on.

import { scrypt } from '@noble/hashes/scrypt';
import type { Scrypt } from './envelope';
import type { Bytes } from '../base/bytes';

const LARGEST = 2 ** 28 + 2 ** 20;

export const noble: Scrypt = (input, salt, { logN, r, p }, onProgress) =>
  scrypt(input, salt, { N: 2 ** logN, r, p, dkLen: 64, maxmem: LARGEST, onProgress }) as Bytes;
