// SPDX-License-Identifier: MIT
// Links: what they look like, and how to read one that a mail gateway has mangled.

import { cleanPasted, unwrapLink } from './unwrap';
import { ID } from '../net/messages';

/** What an address asks the page to do. */
export type Target =
  | { kind: 'share' }
  /** `exposed`: the key was in the part of the address that browsers send to the server. */
  | { kind: 'open'; id: string; key: string | null; exposed: boolean }
  | { kind: 'classic'; id: string }
  | { kind: 'damaged' };

const KEY = /^[A-Za-z0-9]{32}$/;
const CLASSIC_ID = /^[A-Za-z0-9]{16}$/;

/** The link to a secret on the page at `page`; without `key` where that travels apart. */
export function buildLink(page: string, id: string, key: string | null): string {
  return `${page}#${id}${key === null ? '' : `.${key}`}`;
}

/** What the address `href` asks for. Never throws. */
export function readAddress(href: string): Target {
  const classic = /\/secret\/([A-Za-z0-9]{16})(?=$|[/?#&])/.exec(href);
  if (classic?.[1] !== undefined && !hasSecretFragment(href)) return { kind: 'classic', id: classic[1] };
  const at = href.search(/#|%(?:25)*23/i);
  if (at < 0) return { kind: 'share' };
  const target = readFragment(href.slice(at));
  // Mail gateways write %23 for #, which makes the key a part of the path.
  if (target.kind === 'open' && target.key !== null && href[at] === '%') return { ...target, exposed: true };
  return target;
}

/** What a fragment asks for, with or without its `#`, also as mail gateways leave it. */
export function readFragment(fragment: string): Target {
  const text = unmangle(fragment);
  if (text === '') return { kind: 'share' };
  const [id = '', ...rest] = text.split('.');
  if (rest.length === 0 && CLASSIC_ID.test(id)) return { kind: 'classic', id };
  if (!ID.test(id) || rest.length > 1) return { kind: 'damaged' };
  const key = rest[0];
  if (key === undefined) return { kind: 'open', id, key: null, exposed: false };
  return KEY.test(key) ? { kind: 'open', id, key, exposed: false } : { kind: 'damaged' };
}

/** The key in what a person pasted into the key's field: a bare key, or a whole link. */
export function readPastedKey(text: string): string | null {
  const pasted = cleanPasted(text);
  if (KEY.test(pasted)) return pasted;
  const target = readAddress(unwrapLink(pasted));
  return target.kind === 'open' ? target.key : null;
}

function hasSecretFragment(href: string): boolean {
  const at = href.indexOf('#');
  return at >= 0 && href.length > at + 1;
}

// Undo percent-encoding, drop a leading #, cut off added parameters and punctuation.
function unmangle(fragment: string): string {
  let text = fragment;
  for (let i = 0; i < 3 && text.includes('%'); i++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  text = text.trim().replace(/^[#/]+/, '').replace(/[?&/#:\s].*$/s, '');
  return text.replace(/[^A-Za-z0-9]+$/, '');
}
