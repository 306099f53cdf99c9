// SPDX-License-Identifier: MIT
// The metadata at the head of an envelope's plaintext: how it is written, and what a reader refuses.

import { utf8, type Bytes } from '../base/bytes';
import { readObject } from './json';

/** What an envelope says of its content. A text has neither name nor type. */
export interface Metadata {
  size: number;
  name?: string;
  type?: string;
}

export const METADATA_MAX = 4096;
const NAME_MAX = 255;
const TYPE_MAX = 127;

export function writeMetadata(meta: Metadata): Bytes {
  const { size, name, type } = meta;
  return utf8(JSON.stringify(name === undefined ? { size } : { size, name, type: type ?? '' }));
}

/** The metadata in `bytes`; throws if it is not exactly what the format allows. */
export function readMetadata(bytes: Uint8Array): Metadata {
  const { size, name, type, ...others } = readObject(bytes);
  if (Object.keys(others).length > 0) throw bad('another key');
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 2 ** 53) throw bad('size');
  if (name === undefined && type === undefined) return { size };
  if (typeof name !== 'string' || !fits(name, 1, NAME_MAX)) throw bad('name');
  if (typeof type !== 'string' || !fits(type, 0, TYPE_MAX)) throw bad('type');
  return { size, name, type };
}

/** `name` cut to what metadata can hold, its end (the extension) kept. */
export function fitName(name: string): string {
  const wellFormed = utf8Text(name);
  if (wellFormed === '') return 'file';
  if (utf8(wellFormed).length <= NAME_MAX) return wellFormed;
  const letters = [...wellFormed];
  const tail = letters.slice(-16);
  const head = letters.slice(0, -16);
  while (utf8([...head, ...tail].join('')).length > NAME_MAX) head.pop();
  return [...head, ...tail].join('');
}

/** `type` if metadata can hold it, else none. */
export function fitType(type: string): string {
  return fits(type, 0, TYPE_MAX) ? type : '';
}

// Lone surrogates become U+FFFD, as they do on the wire.
function utf8Text(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8(text));
}

function fits(text: string, min: number, max: number): boolean {
  const { length } = utf8(text);
  return length >= min && length <= max && utf8Text(text) === text;
}

function bad(what: string): SyntaxError {
  return new SyntaxError(`metadata: ${what}`);
}
