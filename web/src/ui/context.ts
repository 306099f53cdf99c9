// SPDX-License-Identifier: MIT
// What every view gets, and what it provides.

import type { Api } from '../net/api';
import type { Config } from '../net/messages';
import type { Engine } from '../worker/engine';
import type { Brand } from '../model/brand';
import type { Target } from '../model/link';
import type { ApiToken } from '../storage/api-token';
import type { OwnedList } from '../storage/owned';
import type { Key, Words } from '../text/words';
import type { StatusPoller } from './poller';

export interface Context {
  words: Words;
  api: Api;
  config: Config;
  /** The operator's brand, or null. */
  brand: Brand | null;
  apiToken: ApiToken;
  owned: OwnedList;
  poller: StatusPoller;
  /** The address of this page, for links: ends with a slash. */
  page: string;
  /** Show the view for `target` in place of this one, which the address bar does not follow. */
  show: (target: Target) => void;
  /** Start a worker, one for each thing that is shared or opened. */
  newEngine: () => Engine;
  /** Unix seconds. */
  now: () => number;
  /** Have the title of the tab count the `n` answers that wait to be read, as `teller` says. */
  countUnread: (teller: object, n: number) => void;
  /** Say it to a screen reader. */
  announce: (message: string) => void;
}

/** What fills the page. */
export interface View {
  element: HTMLElement;
  /** Another view takes its place: forget what is secret. */
  dispose?(): void;
  /** The messages that say what would be lost with it. */
  unsaved?(): Key[];
  /**
   * The page is left, and the browser may bring it back as it is: nothing secret may be on it then.
   * Returns false if there is nothing to come back to.
   */
  suspend?(): boolean;
  /** Whether it holds what exists nowhere else, so that the browser has to ask before it leaves the page. */
  holdsOnlyCopy?(): boolean;
  /** Whether it is under way with what `next` asks for, so that a new view would use another opening. */
  continues?(next: { kind: string; id?: string }): boolean;
}
