// SPDX-License-Identifier: MIT
// The message that goes with a link, for chats and mail.

import type { PassphraseMode } from './choice';
import type { Key, Words } from '../text/words';

/** What the message says beside the link. */
interface Sent {
  views: number;
  /** Unix seconds. */
  expiresAt: number;
  mode: PassphraseMode;
  keyApart: boolean;
}

/** The message with `link`. Whoever reads it may be in another time zone, so its date names the zone. */
export function messageOf(words: Words, link: string, { views, expiresAt, mode, keyApart }: Sent): string {
  const needed = neededKey(mode !== 'none', keyApart);
  return [
    words.say('messageLink', { link }),
    words.say('messageOpens', { n: views, date: words.dateInZone(expiresAt) }),
    ...(needed === null ? [] : [words.say(needed)]),
  ].join('\n');
}

function neededKey(passphrase: boolean, key: boolean): Key | null {
  if (passphrase) return key ? 'messageBoth' : 'messagePassphrase';
  return key ? 'messageKey' : null;
}

/** The address that opens a mail with `subject` and `text`, to `to` or to nobody yet. */
export function mailAddress(subject: string, text: string, to = ''): string {
  const body = text.replaceAll('\n', '\r\n'); // RFC 6068, 5
  return `mailto:${to}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
}
