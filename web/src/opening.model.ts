// SPDX-License-Identifier: MIT
// Opening: which failures end it, and which let the person try again.

import type { Failure } from './engine.model';
import type { Key } from './text/words';

/** What was asked for beside the link. */
export interface Asked {
  key: boolean;
  passphrase: boolean;
}

/** A failure as the page tells it: a page of its own, or one line beside the button. */
export type Told =
  | { kind: 'end'; title: Key; text: Key }
  | { kind: 'line'; text: Key; attemptsLeft: number | null };

export function tell(failure: Failure, asked: Asked): Told {
  const line = (text: Key, attemptsLeft: number | null = null): Told => ({ kind: 'line', text, attemptsLeft });
  const end = (title: Key, text: Key): Told => ({ kind: 'end', title, text });
  switch (failure.kind) {
    case 'gone': return end('goneTitle', 'gone');
    case 'damaged': return end('brokenTitle', 'broken');
    case 'wrong-proof':
      if (failure.attemptsLeft === 0) return end('lockedTitle', 'locked');
      if (!asked.key && !asked.passphrase) return end('damagedTitle', 'damaged');
      return line(wrongKey(asked), failure.attemptsLeft);
    case 'offline': return line('offline');
    case 'busy': return line('busy');
    case 'full': return line('noRoomHere');
    case 'too-large': return line('tooLarge');
    case 'changed': return line('changed');
    case 'ended': return line('ended');
    default: return line('unexpected');
  }
}

function wrongKey({ key, passphrase }: Asked): Key {
  if (key && passphrase) return 'wrongPassphraseOrKey';
  return key ? 'wrongKey' : 'wrongPassphrase';
}
