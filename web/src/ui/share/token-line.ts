// SPDX-License-Identifier: MIT
// The line of a form about the API token that it sends, and the ways to the right to send at all.

import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';
import { signInAddress, tokenField } from './right';

export class TokenLine {
  readonly element = el('div', {});
  private readonly context: Context;
  private readonly onGiven: () => void;
  /** Whether a token was given because the right to share without one had ended. */
  private given = false;

  /** Calls `onGiven` when a token was given. */
  constructor(context: Context, onGiven: () => void) {
    this.context = context;
    this.onGiven = onGiven;
    if (this.token() !== null) this.show();
  }

  /** The token to send, or null. The right to share by oneself may have ended since the page was loaded. */
  token(): string | null {
    const { config, apiToken } = this.context;
    return config.create.allowed && !this.given ? null : apiToken.get();
  }

  /** The server does not take it from this visitor: it may from somebody who signs in or has a token. */
  refused(problem: HTMLElement): void {
    const { words, config, apiToken } = this.context;
    if (this.token() !== null) apiToken.forget();
    const signIn = signInAddress(this.context);
    if (signIn !== null) problem.append(' ', el('a', { href: signIn, target: '_blank', rel: 'noopener' }, words.say('signIn')));
    if (config.create.ways.includes('token')) this.ask();
  }

  // Say that an API token is in use.
  private show(): void {
    const { words, apiToken } = this.context;
    const forget = button('quiet', words.say('tokenForget'), () => {
      apiToken.forget();
      this.ask();
    });
    fill(this.element, el('p', { class: 'note' }, words.say('tokenInUse'), ' ', forget));
  }

  // What is in the form stays there.
  private ask(): void {
    const { element, focus } = tokenField(this.context, () => {
      this.given = true;
      this.show();
      this.onGiven();
    });
    fill(this.element, element);
    focus();
  }
}
