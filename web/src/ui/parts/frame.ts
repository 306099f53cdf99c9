// SPDX-License-Identifier: MIT
// The frame around the views: the name above, the trust line and the operator's links below.

import { shadesOf, textFor, type Accent, type Brand } from '../../model/brand';
import type { Words } from '../../text/words';
import { trustLine } from './about';
import { el, fill, untrusted } from './dom';

/** What is known of the operator and the visitor once the server is found. */
export interface Known {
  brand: Brand | null;
  /** The name of the signed-in user, or null. */
  user: string | null;
}

export class Frame {
  readonly main = el('main', {});
  private readonly words: Words;
  private readonly live = el('p', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  private readonly home: HTMLElement;
  private readonly footer: HTMLElement;

  private name: string;
  /** How many answers wait to be read, by who says so. */
  private readonly unread = new Map<object, number>();

  /** `page` is the address of the page. Its name is shown once it is known whose it is. */
  constructor(words: Words, page: string) {
    this.words = words;
    document.documentElement.lang = words.language;
    this.name = words.say('appName');
    this.showTitle();
    this.home = el('a', { href: page, 'aria-label': words.say('homeLabel') });
    this.footer = trustLine(words);
    fill(document.body, el('header', {}, this.home), this.main, this.footer, this.live);
  }

  announce(message: string): void {
    this.live.textContent = message;
  }

  /** `n` answers wait to be read, as `teller` says. */
  countUnread(teller: object, n: number): void {
    if (n > 0) this.unread.set(teller, n);
    else this.unread.delete(teller);
    this.showTitle();
  }

  private showTitle(): void {
    const n = [...this.unread.values()].reduce((sum, one) => sum + one, 0);
    document.title = n === 0 ? this.name : `(${n}) ${this.name}`;
  }

  /** There is no server whose brand could be shown. */
  showPlain(): void {
    fill(this.home, this.words.say('appName'));
  }

  /** Call it once. */
  show({ brand, user }: Known): void {
    const { words, footer } = this;
    this.showPlain();
    if (user !== null) footer.firstElementChild!.after(userLine(words, user));
    if (brand === null) return;

    this.name = brand.name;
    this.showTitle();
    const image = brand.logo !== null && el('img', { src: brand.logo, alt: '', height: 32 });
    fill(this.home, image, untrusted(brand.name));
    this.home.setAttribute('aria-label', `${brand.name}: ${words.say('shareTitle')}`);
    if (brand.accent !== null) showAccent(brand.accent);
    const links = brand.links.map(({ href, text }) =>
      el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, textFor(text, words.language)));
    if (links.length > 0) footer.append(el('p', { class: 'links' }, ...links));
  }
}

function userLine(words: Words, user: string): HTMLElement {
  const said = words.segments('sharingAs').map((segment) => ('text' in segment ? segment.text : untrusted(user)));
  return el('p', { class: 'user' }, ...said);
}

// The style sheet has these for each theme, and its own colours where they are not set.
function showAccent(accent: Accent): void {
  const { style } = document.documentElement;
  for (const theme of ['light', 'dark'] as const) {
    const colour = accent[theme];
    const { hover, tint } = shadesOf(colour, theme === 'dark');
    style.setProperty(`--${theme}-accent`, colour);
    style.setProperty(`--${theme}-hover`, hover);
    style.setProperty(`--${theme}-tint`, tint);
  }
  style.setProperty('--dark-accent-ink', 'var(--paper)');
}
