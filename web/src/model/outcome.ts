// SPDX-License-Identifier: MIT
// Opening: which failures end it, and which let the person try again.

import type { Failure } from './failure';
import type { Key } from '../text/words';

/** What was asked for beside the link. */
export interface Asked {
  key: boolean;
  passphrase: boolean;
}

/** A failure as the page tells it: a page of its own, from which `again` looks anew, or one line beside the button. */
export type Message =
  | { kind: 'end'; title: Key; text: Key; again: boolean }
  | { kind: 'line'; text: Key; attemptsLeft: number | null };

export type End = Message & { kind: 'end' };

/**
 * A failure to look or to open. `lost` tells that an opening may have been counted before, so that
 * nobody says that there was none.
 */
export function openMessage(failure: Failure, asked: Asked, lost = false): Message {
  const line = (text: Key, attemptsLeft: number | null = null): Message => ({ kind: 'line', text, attemptsLeft });
  switch (failure.kind) {
    case 'gone': return end('goneTitle', 'gone');
    case 'damaged': return end('brokenTitle', 'broken');
    case 'wrong-proof':
      if (failure.attemptsLeft === 0) return end('lockedTitle', 'locked');
      if (!asked.key && !asked.passphrase) return end('damagedTitle', 'damaged');
      return line(wrongKey(asked), failure.attemptsLeft);
    case 'lost': return line('openLost');
    case 'offline': return line(lost ? 'openLost' : 'offlineUnused');
    case 'busy': return line(lost ? 'openLost' : 'busyUnused');
    case 'full': return line('noRoomHere');
    case 'too-large': return line(lost ? 'openLost' : 'tooLargeHere');
    case 'ended': return end('endedTitle', 'ended', true);
    default: return line(lost ? 'openLost' : 'openUnexpected');
  }
}

/** A failure to save what was opened: nobody is sent to open it once more who need not. */
export function saveMessage(failure: Failure): Message {
  switch (failure.kind) {
    case 'gone': case 'ended': return end('endedTitle', 'lapsed', true);
    case 'damaged': case 'full': return openMessage(failure, { key: false, passphrase: false });
    case 'busy': return { kind: 'line', text: 'busy', attemptsLeft: null };
    case 'unwritable': return { kind: 'line', text: 'unwritable', attemptsLeft: null };
    default: return { kind: 'line', text: 'interrupted', attemptsLeft: null };
  }
}

/** A failure to erase what was opened: one line. */
export function eraseMessage({ kind }: Failure): Key {
  return kind === 'offline' || kind === 'busy' ? kind : 'eraseFailed';
}

function end(title: Key, text: Key, again = false): End {
  return { kind: 'end', title, text, again };
}

function wrongKey({ key, passphrase }: Asked): Key {
  if (key && passphrase) return 'wrongPassphraseOrKey';
  return key ? 'wrongKey' : 'wrongPassphrase';
}
