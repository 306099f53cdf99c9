// SPDX-License-Identifier: MIT
// A text behind a cover: a click lifts it, a minute lowers it again. Copying needs no showing.

import { looksLikeKey } from '../../model/choice';
import type { Context } from '../context';
import { copyButton, watchCopy } from '../parts/copy';
import { button, el, setAttribute } from '../parts/dom';
import { download } from './save';

const SHOWN_FOR = 60;

export class CoveredText {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly pre: HTMLElement;
  private readonly cover: HTMLElement;
  private readonly toggle: HTMLButtonElement;
  private readonly note: HTMLElement;
  private readonly copy: HTMLButtonElement;
  private text: string;
  private left = 0;
  /** Whether the clipboard holds it, as far as this page knows. */
  private copied = false;
  private saved = false;
  private timer = 0;

  constructor(context: Context, text: string) {
    const { words, announce } = context;
    this.context = context;
    this.text = text;
    this.pre = el('pre', { class: 'text', tabindex: 0, dir: 'auto', role: 'region', 'aria-label': words.say('textLabel'), hidden: true });
    this.pre.classList.toggle('mono', looksLikeKey(text));
    this.cover = el('p', { class: 'cover' }, words.say('textCovered'));
    this.note = el('p', { class: 'note' });
    this.toggle = button('secondary', words.say('show'), () => (this.left > 0 ? this.hide() : this.show()), { 'aria-pressed': 'false' });
    this.copy = copyButton(words, 'primary', words.say('copy'), () => this.text, announce, (held) => { this.copied = held; });
    const save = button('secondary', words.say('saveAsFile'), () => {
      download(new Blob([this.text], { type: 'application/octet-stream' }), 'secret.txt');
      this.saved = true;
    });
    watchCopy(this.pre, () => this.text.trim(), (held) => { this.copied = held; });
    this.cover.addEventListener('click', () => this.show());
    this.element = el('div', { class: 'covered' }, el('div', { class: 'pane' }, this.cover, this.pre),
      el('div', { class: 'actions' }, this.copy, this.toggle, save), this.note);
  }

  focus(): void {
    this.copy.focus();
  }

  /** Whether the text was saved, or is what the clipboard holds. */
  isKept(): boolean {
    return this.copied || this.saved;
  }

  /** Forget the text. */
  wipe(): void {
    this.hide();
    this.text = '';
  }

  private show(): void {
    this.pre.textContent = this.text;
    this.left = SHOWN_FOR;
    this.update();
    this.timer = window.setInterval(() => {
      this.left--;
      if (this.left <= 0) this.hide();
      else this.update();
    }, 1000);
  }

  private hide(): void {
    clearInterval(this.timer);
    this.left = 0;
    this.pre.textContent = '';
    this.update();
  }

  private update(): void {
    const { words } = this.context;
    const shown = this.left > 0;
    this.pre.hidden = !shown;
    this.cover.hidden = shown;
    this.toggle.textContent = words.say(shown ? 'hide' : 'show');
    setAttribute(this.toggle, 'aria-pressed', String(shown));
    this.note.textContent = shown ? words.say('textCoversAgain', { n: this.left }) : '';
  }
}
