// SPDX-License-Identifier: MIT
// What the page and its worker say to each other.

import type { Bytes } from '../base/bytes';
import type { Picked } from '../model/choice';
import type { Info } from '../net/messages';
import type { Failure } from '../model/failure';
import type { Sealed } from '../net/requests';
import type { Waiting } from '../net/retry';

export interface ShareOrder {
  text: string | null;
  /** With more than one, they become one zip of this name. */
  files: Picked[];
  zipName: string;
  views: number;
  ttl: number;
  passphrase: string;
  keyApart: boolean;
  inlineMax: number;
  /** Whether the server knows gates. */
  gate: boolean;
  /** Sent with the create, and with nothing else. */
  apiToken: string | null;
  /** The request that it answers, if it does. The answer then waits for `finish`. */
  answers: { request: string; gate: Bytes } | null;
}

/** What delivers an answer that is sent. */
export interface FinishOrder {
  id: string;
  ownerToken: string;
  wrap: Bytes;
}

/** The description of a request, to be sealed under `linkKey`. */
export interface DescribeOrder {
  description: Bytes;
  linkKey: string;
}

export type Described = Sealed & { gateVerifier: Bytes };

/** A sealed description, to be opened with `linkKey`. */
export type RevealOrder = Sealed & { linkKey: string };

/** The description, and the proof of the link key that an answer is begun with. */
export interface Revealed {
  description: Bytes;
  gate: Bytes;
}

export interface Shared {
  id: string;
  linkKey: string;
  ownerToken: string;
  expiresAt: number;
}

export interface OpenOrder {
  id: string;
  /** Minted once for all tries, whichever worker makes them: the server counts one opening for it. */
  lease: string;
  linkKey: string;
  passphrase: string;
  info: Info;
  textMax: number;
}

/** What was opened: a text, whole and verified, or a file that waits to be saved. */
export type OpenedContent = { text: string } | { file: { name: string; type: string; size: number } };
export type OpenResult = { viewsLeft: number } & OpenedContent;

/** Where a file goes: the place the person picked, else the temporary file of that name, else memory. */
export interface SaveOrder {
  handle: FileSystemFileHandle | null;
  tempName: string | null;
}

export interface Orders {
  share: { order: ShareOrder; result: Shared };
  open: { order: OpenOrder; result: OpenResult };
  finish: { order: FinishOrder; result: null };
  describe: { order: DescribeOrder; result: Described };
  reveal: { order: RevealOrder; result: Revealed };
  /** Go on with a share that is blocked. */
  resume: { order: null; result: null };
  /** Keep the opening alive while its file waits to be saved. */
  renew: { order: null; result: null };
  save: { order: SaveOrder; result: Blob | null };
  /** Tell the server that the content is here. */
  confirm: { order: null; result: null };
  /** Tell the server to destroy what is left. */
  burn: { order: null; result: null };
}

export type Progress =
  | { phase: 'deriving'; share: number }
  | { phase: 'opening' }
  /** The server waits for parts of it. */
  | { phase: 'created'; id: string; ownerToken: string }
  | { phase: 'moving'; done: number; total: number }
  | { phase: 'finishing' }
  | { phase: 'waiting'; why: Waiting }
  /** Something before the server refuses parts of an upload. It goes on after `resume`. */
  | { phase: 'blocked'; failure: Failure };

export type Request =
  | { type: 'setup'; api: string; isStrict: boolean; stall: number }
  | { type: 'call'; call: number; name: keyof Orders; order: unknown }
  | { type: 'cancel'; call: number };

export type Reply =
  | { type: 'progress'; call: number; progress: Progress }
  | { type: 'done'; call: number; result: unknown }
  | { type: 'failed'; call: number; failure: Failure };
