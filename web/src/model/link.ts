// SPDX-License-Identifier: MIT
// Links: what they look like, and how to read one that a mail gateway has mangled.

import type { Content } from './choice';
import { cleanPasted, unwrapLink } from './unwrap';
import { ID } from '../net/messages';

/** What an address asks the page to do. */
export type Target =
  /** `content`: what the form holds at first. */
  | { kind: 'share'; content?: Content }
  /** `exposed`: the key was in the part of the address that browsers send to the server. */
  | { kind: 'open'; id: string; key: string | null; exposed: boolean }
  | { kind: 'classic'; id: string }
  /** Ask for a secret. */
  | { kind: 'ask' }
  /** Answer a request. */
  | { kind: 'answer'; id: string; key: string; exposed: boolean }
  /** Read the answers to a request. `reading`: a button of the page was pressed, which opens the only answer. */
  | { kind: 'collect'; id: string; seed: string; key: string; exposed: boolean; reading?: boolean }
  /** `ofAsker`: a private link to read the answers to a request. */
  | { kind: 'damaged'; ofAsker?: boolean };

/** The fragment of the view to ask. */
export const ASK = 'ask';

const KEY = /^[A-Za-z0-9]{32}$/;
const CLASSIC_ID = /^[A-Za-z0-9]{16}$/;

/** The link to a secret on the page at `page`; without `key` where that travels apart. */
export function buildLink(page: string, id: string, key: string | null): string {
  return `${page}#${id}${key === null ? '' : `.${key}`}`;
}

/** The link to answer the request `id`. */
export function buildAnswerLink(page: string, id: string, key: string): string {
  return `${page}#r.${id}.${key}`;
}

/** The private link to read the answers to the request `id`. */
export function buildCollectLink(page: string, { id, seed, key }: { id: string; seed: string; key: string }): string {
  return `${page}#c.${id}.${seed}.${key}`;
}

/** What the address `href` asks for. Never throws. */
export function readAddress(href: string): Target {
  const classic = /\/secret\/([A-Za-z0-9]{16})(?=$|[/?#&])/.exec(href);
  if (classic?.[1] !== undefined && !hasSecretFragment(href)) return { kind: 'classic', id: classic[1] };
  const at = href.search(/#|%(?:25)*23/i);
  if (at < 0) return { kind: 'share' };
  const target = readFragment(href.slice(at));
  // Mail gateways write %23 for #, which makes the key a part of the path.
  const hasKey = 'key' in target && target.key !== null;
  return hasKey && href[at] === '%' ? { ...target, exposed: true } : target;
}

/** What a fragment asks for, with or without its `#`, also as mail gateways leave it. */
export function readFragment(fragment: string): Target {
  const text = unmangle(fragment);
  if (text === '') return { kind: 'share' };
  if (text === ASK) return { kind: 'ask' };
  const [id = '', ...rest] = text.split('.');
  if (id === 'r' || id === 'c') return readRequestLink(id, rest);
  if (rest.length === 0 && CLASSIC_ID.test(id)) return { kind: 'classic', id };
  if (!ID.test(id) || rest.length > 1) return { kind: 'damaged' };
  const key = rest[0];
  if (key === undefined) return { kind: 'open', id, key: null, exposed: false };
  return KEY.test(key) ? { kind: 'open', id, key, exposed: false } : { kind: 'damaged' };
}

function readRequestLink(kind: 'r' | 'c', [id = '', ...keys]: string[]): Target {
  const isWhole = ID.test(id) && keys.length === (kind === 'r' ? 1 : 2) && keys.every((key) => KEY.test(key));
  if (!isWhole) return kind === 'c' ? { kind: 'damaged', ofAsker: true } : { kind: 'damaged' };
  const key = keys.at(-1)!;
  return kind === 'r' ? { kind: 'answer', id, key, exposed: false } : { kind: 'collect', id, seed: keys[0]!, key, exposed: false };
}

/** The key in what a person pasted into the key's field: a bare key, or a whole link. */
export function readPastedKey(text: string): string | null {
  const pasted = cleanPasted(text);
  if (KEY.test(pasted)) return pasted;
  const target = readAddress(unwrapLink(pasted));
  return target.kind === 'open' ? target.key : null;
}

// Also of one that a mail filter has wrapped. The patterns below take long on a long text.
const LINK_MAX = 4096;

/** The only link of the page at `page` in `text`, also one that is damaged, or null. */
export function readOwnLink(page: string, text: string): string | null {
  let pasted = text.length > LINK_MAX ? '' : text.trim();
  if (/\s/.test(pasted)) {
    const [found, more] = pasted.split(/\s+/).filter((word) => word.includes(page));
    if (found === undefined || more !== undefined) return null;
    pasted = found.slice(found.indexOf(page));
  }
  const link = unwrapLink(cleanPasted(pasted));
  if (!link.startsWith(page)) return null;
  const { kind } = readAddress(link);
  return kind !== 'share' && kind !== 'ask' ? link : null;
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
