// SPDX-License-Identifier: MIT
// A link that mails the operator the address of a secret, without its key.

import type { Target } from '../../model/link';
import { mailAddress } from '../../model/message';
import type { Context } from '../context';
import { el, mailLink } from './dom';

/** For a view of `target`, or null where there is nothing to report or nobody to report it to. */
export function reportLine({ words, brand, page }: Context, target: Target | { kind: 'reloaded' }): HTMLElement | null {
  const report = brand?.report ?? null;
  const path = pathOf(target);
  if (report === null || path === null) return null;
  const mail = mailAddress(words.say('report'), words.say('reportText', { link: page + path }), report);
  return el('p', { class: 'report' }, mailLink(mail, words.say('report')));
}

function pathOf(target: Target | { kind: 'reloaded' }): string | null {
  if (target.kind === 'open') return `#${target.id}`;
  if (target.kind === 'answer') return `#r.${target.id}`;
  return target.kind === 'classic' ? `secret/${target.id}` : null;
}
