// SPDX-License-Identifier: MIT
// The requests whose private links a person chose to keep in this browser.

import { isKept, isTime, KeptList, readKept, type Kept } from './kept';

export interface Asked extends Kept {
  /** It reads the answers and ends the request. */
  seed: string;
  /** The link key of the request. */
  key: string;
  /** How the note begins. */
  note?: string;
  /** When nobody can answer any more. Its answers may live until `until`. */
  ends: number;
}

/** How much of a note is kept, in UTF-16 units. */
const NOTE_KEPT = 200;
const NAME = 'ephemeral-secrets-requests';
const KEY = /^[A-Za-z0-9]{32}$/;

/** How `note` begins, for the list of this browser. */
export function keptNote(note: string): string {
  return note.trim().slice(0, NOTE_KEPT).replace(/[\ud800-\udbff]$/, ''); // no half of a character
}

/** Newest first. Those whose last answer has expired are dropped. */
export function readAskedList(stored: string | null, now: number): Asked[] {
  return readKept(stored, isAsked).filter(({ until }) => until > now);
}

function isAsked(value: unknown): value is Asked {
  const { seed, key, ends, note } = (value ?? {}) as Record<string, unknown>;
  return isKept(value) && isTime(ends) && typeof seed === 'string' && KEY.test(seed) && typeof key === 'string' && KEY.test(key)
    && (note === undefined || (typeof note === 'string' && note.length <= NOTE_KEPT));
}

/** The list of this browser, for every view of this page. */
export const askedList = new KeptList<Asked>(NAME, readAskedList);
