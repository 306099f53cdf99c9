// SPDX-License-Identifier: MIT
// What the page says when something failed: which failures end a view, and which can be tried again.

import type { Key } from '../text/words';
import type { Failure } from './failure';

/** What the person was asked for, other than the link. */
export interface Asked {
  key: boolean;
  passphrase: boolean;
  /** Whether the server tells a wrong key from a wrong passphrase. */
  gate?: boolean;
}

/** One sentence next to a button. */
export interface Line {
  text: Key;
  /** The status that the sentence names. */
  status?: number;
  /** Whether to offer to sign in. */
  signIn?: boolean;
}

/** A failure as the page shows it: a page of its own, from which `again` looks anew, or one line. */
export type Message =
  | { kind: 'end'; title: Key; text: Key; again: boolean }
  | { kind: 'line'; attemptsLeft: number | null } & Line;

export type End = Message & { kind: 'end' };

/**
 * A failure to look or to open. `lost` means that an opening may have been counted already, so that
 * no message says that nothing was used up.
 */
export function openMessage(failure: Failure, asked: Asked, lost = false): Message {
  return unlessUnmarked(failure, decidedMessage(failure, asked, lost));
}

/** `message`, but an end that a proxy may have told is one line: the person can look again with what the page has. */
export function unlessUnmarked({ unmarked }: Failure, message: Message): Message {
  return unmarked === true && message.kind === 'end' ? line(message.text) : message;
}

function decidedMessage(failure: Failure, asked: Asked, lost: boolean): Message {
  switch (failure.kind) {
    case 'gone': return end('goneTitle', 'gone');
    case 'damaged': return end('brokenTitle', 'broken');
    case 'weak': return end('weakTitle', 'weak');
    case 'ended': return end('endedTitle', 'ended', true);
    case 'wrong-key': return asked.key ? line('wrongKey') : end('damagedTitle', 'damaged');
    case 'wrong-proof': return proofMessage(failure.attemptsLeft, asked);
    case 'between': case 'sign-in': return { kind: 'line', attemptsLeft: null, ...intermediaryLine(failure) };
    case 'uploading': return line('uploading');
    case 'full': return line('noRoomHere');
    case 'lost': return line('openLost');
    case 'offline': return line(lost ? 'openLost' : 'offlineUnused');
    case 'busy': return line(lost ? 'openLost' : 'busyUnused');
    case 'too-large': return line(lost ? 'openLost' : 'tooLargeHere');
    default: return line(lost ? 'openLost' : 'openUnexpected');
  }
}

/** A failure to save what was opened. Nobody is told to open it again who does not have to. */
export function saveMessage(failure: Failure): Message {
  switch (failure.kind) {
    case 'gone': case 'ended': return failure.unmarked === true ? line('interrupted') : end('endedTitle', 'lapsed', true);
    case 'damaged': case 'full': case 'between': case 'sign-in': return openMessage(failure, { key: false, passphrase: false });
    case 'busy': return line('busy');
    case 'unwritable': return line('unwritable');
    default: return line('interrupted');
  }
}

/** A failure to erase what was opened. */
export function eraseMessage(failure: Failure): Line {
  return passingLine(failure) ?? { text: 'eraseFailed' };
}

/** A failure to burn a shared secret. */
export function burnMessage(failure: Failure): Line {
  return passingLine(failure) ?? { text: 'burnFailed' };
}

/** A failure to share, with an API token or without. */
export function shareMessage(failure: Failure, withToken: boolean): Line {
  switch (failure.kind) {
    case 'creators-only': return { text: withToken ? 'tokenWrong' : 'createEnded' };
    case 'full': return { text: 'full' };
    case 'too-large': return { text: 'tooLarge' };
    case 'changed': return { text: 'changed' };
    case 'uploads': return { text: 'tooManyUploads' };
    default: return passingLine(failure) ?? { text: 'unexpected' };
  }
}

/** The line for what has nothing to do with the secret, and may pass; null for other failures. */
export function passingLine(failure: Failure): Line | null {
  switch (failure.kind) {
    case 'offline': case 'busy': return { text: failure.kind };
    case 'between': case 'sign-in': return intermediaryLine(failure);
    default: return null;
  }
}

function intermediaryLine(failure: Extract<Failure, { kind: 'between' } | { kind: 'sign-in' }>): Line {
  return failure.kind === 'sign-in' ? { text: 'signInText', signIn: true } : { text: 'between', status: failure.status };
}

function proofMessage(attemptsLeft: number | null, asked: Asked): Message {
  if (attemptsLeft === 0) return end('lockedTitle', 'locked');
  // A gate let us in, so the key is right.
  const { passphrase } = asked;
  const key = asked.key && asked.gate !== true;
  if (key && passphrase) return line('wrongPassphraseOrKey', attemptsLeft);
  if (passphrase) return line('wrongPassphrase', attemptsLeft);
  return key ? line('wrongKey', attemptsLeft) : end('damagedTitle', 'damaged');
}

function line(text: Key, attemptsLeft: number | null = null): Message {
  return { kind: 'line', text, attemptsLeft };
}

function end(title: Key, text: Key, again = false): End {
  return { kind: 'end', title, text, again };
}
