// SPDX-License-Identifier: MIT
// Seals and opens the descriptions of requests. Their link key has 190 bits, so the cost is that of a link key alone.

import { concat, wipe, type Bytes } from '../base/bytes';
import { randomBytes } from '../base/random';
import {
  COST_KEY, deriveKeys, EnvelopeError, HEADER_LENGTH, open, seal, secretInput, writeHeader,
} from '../crypto/envelope';
import { deriveGate } from '../crypto/gate';
import { scrypt } from '../crypto/scrypt';
import type { DescribeOrder, Described, Revealed, RevealOrder } from './protocol';
import type { Report } from './report';
import { all, makeGateVerifier } from './sharing';

/** Seal a description. */
export async function describe({ description, linkKey }: DescribeOrder, report: Report): Promise<Described> {
  const header = writeHeader(COST_KEY, randomBytes(24));
  const keys = await deriveKeys(header, secretInput(linkKey), scrypt, (share) => report({ phase: 'deriving', share }));
  const sealed = await all(seal(header, keys, { size: description.length }, one(description)));
  wipe(keys.access);
  return { header, description: sealed, gateVerifier: await makeGateVerifier(linkKey, header) };
}

/**
 * Open a description. Whether it is the one of the link is for the caller to see.
 *
 * @throws EnvelopeError if it is damaged
 */
export async function reveal({ header, description, linkKey }: RevealOrder, report: Report): Promise<Revealed> {
  if (!description.subarray(0, HEADER_LENGTH).every((byte, i) => byte === header[i])) throw new EnvelopeError('header failure', 'two headers');
  const { cipher, access } = await deriveKeys(header, secretInput(linkKey), scrypt, (share) => report({ phase: 'deriving', share }));
  wipe(access);
  const content: Bytes[] = [];
  for await (const block of open(header, cipher, one(description.subarray(HEADER_LENGTH)))) {
    if ('bytes' in block) content.push(block.bytes);
    else if (block.meta.name !== undefined) throw new EnvelopeError('content failure', 'a file');
  }
  return { description: concat(content), gate: await deriveGate(linkKey, header) };
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
