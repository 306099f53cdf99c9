// SPDX-License-Identifier: MIT
// The description of a request: opened in a worker, and taken only if it is the one of the link.

import { DescriptionError, readDescription, type Description } from '../../crypto/request';
import { failureOf, type Failure } from '../../model/failure';
import type { Sealed } from '../../net/requests';
import type { Bytes } from '../../base/bytes';
import { EngineFailure } from '../../worker/engine';
import type { Context } from '../context';
import { el, untrusted } from '../parts/dom';

/** A description, and the proof that an answer is begun with. */
export type Revealed = Description & { gate: Bytes };

/**
 * Open the description that the server has for the link with `linkKey`.
 *
 * @throws DescriptionError if it is not the one of the link
 */
export async function revealDescription({ newEngine }: Context, sealed: Sealed, linkKey: string): Promise<Revealed> {
  const engine = newEngine();
  try {
    const { description, gate } = await engine.call('reveal', { ...sealed, linkKey });
    return { ...await readDescription(description, linkKey), gate };
  } finally {
    engine.close();
  }
}

/** Why looking at a request failed, in the page or in a worker. */
export function requestFailure(error: unknown): Failure {
  if (error instanceof DescriptionError) return { kind: 'forged' };
  return error instanceof EngineFailure ? error.failure : failureOf(error);
}

/** What was asked for, in two lines at most, or null without a note. */
export function askedFor({ words }: Context, note: string): HTMLElement | null {
  return note.trim() === '' ? null : el('p', { class: 'note asked-for' }, words.say('collectNote'), ' ', untrusted(note));
}

/** A note of somebody else: plain text. */
export function quotedNote(note: string): HTMLElement {
  return el('blockquote', { class: 'asked', tabindex: 0 }, untrusted(note));
}
