// SPDX-License-Identifier: MIT
// What every view is given.

import type { Api } from '../net/api';
import type { Config } from '../net/messages';
import type { Engine } from '../worker/engine';
import type { Target } from '../model/link';
import type { OwnedList } from '../storage/owned';
import type { Key, Words } from '../text/words';
import type { StatusPoller } from './poller';

export interface Context {
  words: Words;
  api: Api;
  config: Config;
  owned: OwnedList;
  poller: StatusPoller;
  /** The address of this page, for links: ends with a slash. */
  page: string;
  /** A worker of its own for each thing that is shared or opened. */
  newEngine: () => Engine;
  /** Unix seconds. */
  now: () => number;
  /** Say it to a screen reader. */
  announce: (message: string) => void;
}

/** What fills the page. */
export interface View {
  element: HTMLElement;
  /** Another takes its place: forget what is secret. */
  dispose?(): void;
  /** What would be lost by that, each as the person is told of it. */
  unsaved?(): Key[];
  /**
   * The page is left, and the browser may bring it back as it is: nothing that was secret on it may be there
   * then. False if there is nothing to come back to.
   */
  suspend?(): boolean;
  /** Whether it is under way with what `next` asks for: a new view would have to use another opening. */
  continues?(next: Target): boolean;
}
