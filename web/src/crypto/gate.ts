// SPDX-License-Identifier: MIT
// The gate (docs/FORMAT.md): a cheap proof of the link key alone. Only with it does a wrong
// passphrase use up an attempt.

import { utf8, wipe, type Bytes } from '../base/bytes';
import { hkdf } from './hkdf';

const INFO = 'ESv1 gate';

/** The gate of the envelope that begins with `header`: HKDF-SHA256 of the link key, 32 bytes. */
export async function deriveGate(linkKey: string, header: Uint8Array): Promise<Bytes> {
  const input = utf8(linkKey);
  const gate = await hkdf(input, header.slice(8, 32) as Bytes, INFO);
  wipe(input);
  return gate;
}

/** What the server keeps of a gate. */
export async function gateVerifierOf(gate: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', gate));
}
