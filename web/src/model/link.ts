// SPDX-License-Identifier: MIT
// Links: what they look like, and how to read one that a mail gateway has mangled.

import { ID } from '../net/messages';

/** What an address asks the page to do. */
export type Target =
  | { kind: 'share' }
  | { kind: 'open'; id: string; key: string | null }
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
  return at < 0 ? { kind: 'share' } : readFragment(href.slice(at));
}

/** What a fragment asks for, with or without its `#`, and with what gateways do to it. */
export function readFragment(fragment: string): Target {
  const text = unmangle(fragment);
  if (text === '') return { kind: 'share' };
  const [id = '', ...rest] = text.split('.');
  if (rest.length === 0 && CLASSIC_ID.test(id)) return { kind: 'classic', id };
  if (!ID.test(id) || rest.length > 1) return { kind: 'damaged' };
  const key = rest[0];
  if (key === undefined) return { kind: 'open', id, key: null };
  return KEY.test(key) ? { kind: 'open', id, key } : { kind: 'damaged' };
}

/** The key in what a person pasted into the key's field: a bare key, or a whole link. */
export function readPastedKey(text: string): string | null {
  const trimmed = text.trim();
  if (KEY.test(trimmed)) return trimmed;
  const target = readAddress(trimmed);
  return target.kind === 'open' ? target.key : null;
}

function hasSecretFragment(href: string): boolean {
  const at = href.indexOf('#');
  return at >= 0 && href.length > at + 1;
}

// Percent-encoding undone, leading # dropped, added parameters and sentence punctuation cut off.
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
