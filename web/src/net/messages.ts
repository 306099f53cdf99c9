// SPDX-License-Identifier: MIT
// The responses of the API (docs/openapi.yaml), checked when they arrive. Every read function throws
// a SyntaxError that names what is wrong; what it does not know it ignores.

import { fromBase64url, type Bytes } from '../base/bytes';
import { time, shaped, string, within, type Json } from './fields';

/** Whether this visitor may share, what else would give them the right, and as whom they do. */
export interface CreateRight {
  allowed: boolean;
  /** `token`, `user`, `network` and what later versions know. */
  ways: string[];
  user: string | null;
}

export interface Config {
  partSize: number;
  inlineMax: number;
  textMax: number;
  fileMax: number;
  viewsMax: number;
  ttlDefault: number;
  ttlMax: number;
  ttlChoices: number[];
  passphraseRequired: boolean;
  create: CreateRight;
  /** The operator's brand as it came, for readBrand(). */
  brand: unknown;
  /** What the server can do beyond the first version, such as `gate`. */
  features: string[];
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
  /** 0 if the content comes with the response to open. */
  partSize: number;
  passphrase: boolean;
  viewsLeft: number;
  expiresAt: number;
  attemptsLeft: number | null;
  /** Whether opening takes the gate as well as the proof. */
  gate: boolean;
  /** Whether the passphrase is encrypted to somebody's key. */
  wrap: boolean;
}

export interface OpenResponse {
  viewsLeft: number;
  /** Null if it is fetched in parts. */
  content: Bytes | null;
}

/** What the classic API decrypted: a text, or with a name the base64 of a file. */
export interface Classic {
  data: string;
  fileName: string | null;
}

export type ReceiptState = 'uploading' | 'waiting' | 'opened' | 'used_up' | 'burnt' | 'expired' | 'locked' | 'removed';

export interface Receipt {
  state: ReceiptState;
  expiresAt: number;
  /** When it was opened, oldest first, in unix seconds. */
  opened: number[];
  /** When it ended, or null. */
  ended: number | null;
}

const STATES: readonly string[] = ['uploading', 'waiting', 'opened', 'used_up', 'burnt', 'expired', 'locked', 'removed'];

const PART_MIN = 65536;
const PART_MAX = 4 << 20;
export const ENVELOPE_MIN = 304;
const INLINE_MAX = 4 << 20;
const TEXT_MAX = 64 << 20;
const VIEWS_MAX = 100;
export const TTL_MIN = 60;
export const TTL_MAX = 3650 * 86400;
const ATTEMPTS_MAX = 100;
export const SIZE_MAX = Number.MAX_SAFE_INTEGER;

export const ID = /^[A-Za-z0-9]{22}$/;
export const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Limits and defaults. */
export function readConfig(json: Json): Config {
  const ttlMax = within(json, 'ttl_max', TTL_MIN, TTL_MAX);
  return {
    partSize: within(json, 'part_size', PART_MIN, PART_MAX),
    inlineMax: within(json, 'inline_max', ENVELOPE_MIN, INLINE_MAX),
    textMax: within(json, 'text_max', 1, TEXT_MAX),
    fileMax: within(json, 'file_max', 1, SIZE_MAX),
    viewsMax: within(json, 'views_max', 1, VIEWS_MAX),
    ttlDefault: within(json, 'ttl_default', TTL_MIN, ttlMax),
    ttlMax,
    ttlChoices: choices(json['ttl_choices'], ttlMax),
    passphraseRequired: json['passphrase'] === 'required',
    create: createRight(json['create']),
    brand: json['brand'] ?? null,
    features: strings(json['features']),
  };
}

// A server of the first version lets everybody share.
function createRight(value: unknown): CreateRight {
  if (value === undefined) return { allowed: true, ways: [], user: null };
  const { allowed, ways, user } = (value ?? {}) as Json;
  if (typeof allowed !== 'boolean') throw new SyntaxError('create');
  return { allowed, ways: strings(ways), user: typeof user === 'string' && user !== '' ? user : null };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The server's address in config.json, relative to `base`. It ends with a slash. */
export function readApiAddress(json: unknown, base: URL): string {
  const { api } = (json ?? {}) as Json;
  if (typeof api !== 'string') throw new SyntaxError('api');
  let url: URL;
  try {
    url = new URL(api, base);
  } catch {
    throw new SyntaxError('api');
  }
  const { protocol, href } = url;
  if (!/^https?:$/.test(protocol) || /[?#]/.test(href)) throw new SyntaxError('api');
  return href.endsWith('/') ? href : `${href}/`;
}

export function readCreated(json: Json): Created {
  return {
    id: shaped(json, 'id', ID),
    ownerToken: shaped(json, 'owner_token', TOKEN),
    expiresAt: time(json, 'expires_at'),
    partSize: partSize(json),
  };
}

export function readInfo(json: Json): Info {
  return {
    header: fromBase64url(string(json, 'header')),
    size: within(json, 'size', ENVELOPE_MIN, SIZE_MAX),
    partSize: partSize(json),
    passphrase: json['passphrase'] === true,
    viewsLeft: within(json, 'views_left', 0, VIEWS_MAX),
    expiresAt: time(json, 'expires_at'),
    attemptsLeft: json['attempts_left'] === undefined ? null : within(json, 'attempts_left', 0, ATTEMPTS_MAX),
    gate: json['gate'] === true,
    wrap: json['wrap'] === true,
  };
}

export function readOpenResponse(json: Json): OpenResponse {
  const content = json['content'];
  return {
    viewsLeft: within(json, 'views_left', 0, VIEWS_MAX),
    content: typeof content === 'string' ? fromBase64url(content) : null,
  };
}

export function readReceipt(json: Json): Receipt {
  const state = readState(json);
  const events = Array.isArray(json['events']) ? (json['events'] as unknown[]).map((e) => (e ?? {}) as Json) : [];
  const times = (kinds: RegExp) => events.filter((e) => kinds.test(string(e, 'event'))).map((e) => time(e, 'at'));
  return {
    state,
    expiresAt: time(json, 'expires_at'),
    opened: times(/^opened$/),
    ended: times(/^(burnt|expired|locked|removed)/).at(-1) ?? null,
  };
}

/** The state in a receipt, or in the row of an answer. */
export function readState(json: Json): ReceiptState {
  const state = string(json, 'state');
  if (!STATES.includes(state)) throw new SyntaxError('state');
  return state as ReceiptState;
}

export function readClassic(json: Json): Classic {
  const name = json['file_name'];
  return { data: string(json, 'data'), fileName: typeof name === 'string' ? name : null };
}

function choices(value: unknown, max: number): number[] {
  if (!Array.isArray(value)) throw new SyntaxError('ttl_choices');
  return value.map((n) => within({ ttl_choices: n as unknown }, 'ttl_choices', TTL_MIN, max));
}

// 0 if there are no parts.
function partSize(json: Json): number {
  return json['part_size'] === 0 ? 0 : within(json, 'part_size', PART_MIN, PART_MAX);
}
