// SPDX-License-Identifier: MIT
// What the v1 API says (docs/openapi.yaml), checked as it comes in.

import { fromBase64url, type Bytes } from './bytes';

export interface Config {
  partSize: number;
  inlineMax: number;
  textMax: number;
  fileMax: number;
  viewsMax: number;
  ttlDefault: number;
  ttlMax: number;
  ttlChoices: number[];
}

export interface Created {
  id: string;
  ownerToken: string;
  expiresAt: number;
  partSize: number;
}

export interface Info {
  header: Bytes;
  size: number;
  /** 0 where the content comes with the answer to open. */
  partSize: number;
  passphrase: boolean;
  viewsLeft: number;
  expiresAt: number;
  attemptsLeft: number | null;
}

export interface OpenAnswer {
  viewsLeft: number;
  content: Bytes | null;
}

export type ReceiptState = 'uploading' | 'waiting' | 'opened' | 'used_up' | 'burnt' | 'expired' | 'locked';

export interface Receipt {
  state: ReceiptState;
  viewsLeft: number;
  expiresAt: number;
  /** When it was opened, oldest first, in unix seconds. */
  opened: number[];
  /** When it came to its end, if it did. */
  ended: number | null;
}

const STATES: readonly string[] = ['uploading', 'waiting', 'opened', 'used_up', 'burnt', 'expired', 'locked'];

const PART_MIN = 65536;
const PART_MAX = 4 << 20;

type Json = Record<string, unknown>;

export function readConfig(json: Json): Config {
  const ttlMax = integer(json, 'ttl_max', 30 * 86400);
  return {
    partSize: integer(json, 'part_size', 1 << 20),
    inlineMax: integer(json, 'inline_max', 128 * 1024),
    textMax: integer(json, 'text_max', 1 << 20),
    fileMax: integer(json, 'file_max', 2 ** 30),
    viewsMax: integer(json, 'views_max', 100),
    ttlDefault: integer(json, 'ttl_default', 5 * 86400),
    ttlMax,
    ttlChoices: choices(json['ttl_choices'], ttlMax),
  };
}

export function readCreated(json: Json): Created {
  return {
    id: string(json, 'id'),
    ownerToken: string(json, 'owner_token'),
    expiresAt: integer(json, 'expires_at'),
    partSize: partSize(json),
  };
}

export function readInfo(json: Json): Info {
  return {
    header: fromBase64url(string(json, 'header')),
    size: integer(json, 'size'),
    partSize: partSize(json),
    passphrase: json['passphrase'] === true,
    viewsLeft: integer(json, 'views_left'),
    expiresAt: integer(json, 'expires_at'),
    attemptsLeft: typeof json['attempts_left'] === 'number' ? json['attempts_left'] : null,
  };
}

export function readOpenAnswer(json: Json): OpenAnswer {
  const content = json['content'];
  return {
    viewsLeft: integer(json, 'views_left'),
    content: typeof content === 'string' ? fromBase64url(content) : null,
  };
}

export function readReceipt(json: Json): Receipt {
  const state = string(json, 'state');
  if (!STATES.includes(state)) throw new SyntaxError('state');
  const events = Array.isArray(json['events']) ? (json['events'] as Json[]) : [];
  const times = (kinds: RegExp) => events.filter((e) => kinds.test(string(e, 'event'))).map((e) => integer(e, 'at'));
  return {
    state: state as ReceiptState,
    viewsLeft: integer(json, 'views_left', 0),
    expiresAt: integer(json, 'expires_at'),
    opened: times(/^opened$/),
    ended: times(/^(burnt|expired|locked)/).at(-1) ?? null,
  };
}

const DEFAULT_CHOICES = [300, 3600, 86400, 3 * 86400, 5 * 86400, 7 * 86400, 14 * 86400, 30 * 86400];

function choices(value: unknown, max: number): number[] {
  const all = Array.isArray(value) ? value.filter((n) => Number.isInteger(n)) : DEFAULT_CHOICES;
  return (all as number[]).filter((n) => n >= 60 && n <= max);
}

// 0 where there are no parts.
function partSize(json: Json): number {
  const size = integer(json, 'part_size', 0);
  if (size !== 0 && (size < PART_MIN || size > PART_MAX)) throw new SyntaxError('part_size');
  return size;
}

function string(json: Json, name: string): string {
  const value = json[name];
  if (typeof value !== 'string') throw new SyntaxError(name);
  return value;
}

function integer(json: Json, name: string, absent?: number): number {
  const value = json[name];
  if ((value === undefined || value === null) && absent !== undefined) return absent;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new SyntaxError(name);
  return value;
}
