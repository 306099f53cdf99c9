// SPDX-License-Identifier: MIT
// What is shared: a text or files, typed, pasted, dropped or picked.

import { makePassword } from '../../crypto/passphrase';
import { randomBytes } from '../../base/random';
import { readOwnLink } from '../../model/link';
import { contentSize, groupsOf, looksLikeKey, type Content, type Group, type ShareChoice } from '../../model/choice';
import type { Context } from '../context';
import { button, el, fill, untrusted } from '../parts/dom';
import { droppedOf, filesOf, FOLDER_FILES_MAX, NotTaken, type Dropped } from './dropped';

export class ContentInput {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly choice: ShareChoice;
  private readonly onProblem: (message: string) => void;
  private readonly textarea: HTMLTextAreaElement;
  private readonly list: HTMLElement;
  private readonly generate: HTMLButtonElement;
  private readonly picker: HTMLInputElement;
  private readonly pasted = el('p', { class: 'pasted', role: 'status' });

  /** `choice` follows what is typed, added and removed. */
  constructor(context: Context, choice: ShareChoice, onProblem: (message: string) => void) {
    const { words } = context;
    this.context = context;
    this.choice = choice;
    this.onProblem = onProblem;
    const touch = matchMedia('(pointer: coarse)').matches;
    this.textarea = el('textarea', {
      rows: 5, 'aria-label': words.say('boxLabel'), spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
      autocorrect: 'off', dir: 'auto', placeholder: words.say(touch ? 'boxPlaceholderTouch' : 'boxPlaceholder'),
      on: { input: () => this.typed() },
    });
    this.list = el('div', { class: 'files', hidden: true });
    this.picker = el('input', {
      type: 'file', multiple: true, hidden: true, tabindex: -1, 'aria-hidden': 'true',
      on: { change: () => { void this.add([...(this.picker.files ?? [])]); this.picker.value = ''; } },
    });
    this.generate = button('quiet', words.say('generate'), () => this.putPassword());
    this.element = el('div', { class: 'box' }, this.textarea, this.pasted, this.list,
      el('div', { class: 'tools' }, button('quiet', words.say('addFiles'), () => this.picker.click()), this.generate, this.picker));
    this.listen();
  }

  focus(): void {
    if (this.choice.files.length === 0) this.textarea.focus();
  }

  /** Hold `content` from now on. */
  put({ text, files }: Content): void {
    this.textarea.value = text;
    this.typed();
    this.choice.files = files;
    this.showFiles();
    this.focus();
  }

  lock(locked: boolean): void {
    this.element.inert = locked;
  }

  private listen(): void {
    const { element } = this;
    element.addEventListener('dragover', (event) => { event.preventDefault(); element.classList.add('over'); });
    element.addEventListener('dragleave', () => element.classList.remove('over'));
    element.addEventListener('drop', (event) => {
      element.classList.remove('over');
      const dropped = event.dataTransfer === null ? [] : droppedOf(event.dataTransfer);
      if (dropped.length === 0) return;
      event.preventDefault();
      void this.add(dropped);
    });
    element.addEventListener('paste', (event) => {
      const { clipboardData } = event;
      if (clipboardData === null || isTextWithPicture(clipboardData)) return;
      const pasted = droppedOf(clipboardData);
      if (pasted.length === 0) return;
      event.preventDefault();
      void this.add(pasted);
    });
  }

  private typed(): void {
    const { textarea, choice } = this;
    choice.text = textarea.value;
    textarea.classList.toggle('mono', looksLikeKey(textarea.value));
    textarea.style.setProperty('height', 'auto');
    textarea.style.setProperty('height', `${textarea.scrollHeight}px`);
    this.onProblem('');
    this.offerLink(readOwnLink(this.context.page, textarea.value));
  }

  // Who pastes a link of this page may mean to open it.
  private offerLink(link: string | null): void {
    const { words } = this.context;
    if (link === null) {
      fill(this.pasted);
      return;
    }
    const open = button('secondary', words.say('openPasted'), () => {
      this.textarea.value = '';
      this.typed();
      location.assign(link);
    });
    fill(this.pasted, el('span', {}, words.say('pastedLink')), open);
  }

  private putPassword(): void {
    const { textarea } = this;
    textarea.setRangeText(makePassword(randomBytes), textarea.selectionStart, textarea.selectionEnd, 'end');
    this.typed();
    textarea.focus();
  }

  private async add(added: Dropped[]): Promise<void> {
    const { words } = this.context;
    this.onProblem('');
    for (const one of added) {
      try {
        const files = await filesOf(one);
        this.choice.files = [...this.choice.files, ...files];
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        this.onProblem(words.say(error.key, { name: error.named, max: FOLDER_FILES_MAX }));
      }
    }
    this.showFiles();
  }

  private remove(group: Group): void {
    this.onProblem('');
    this.choice.files = this.choice.files.filter((file) => !group.files.includes(file));
    this.showFiles();
    const next = this.list.querySelector('button');
    if (next !== null) next.focus();
    else this.textarea.focus();
  }

  private showFiles(): void {
    const { words, announce } = this.context;
    const { files } = this.choice;
    const some = files.length > 0;
    this.textarea.hidden = some;
    this.generate.hidden = some;
    this.pasted.hidden = some;
    this.list.hidden = !some;
    if (!some) return;
    const total = words.say('filesTotal', { n: files.length, size: words.size(contentSize(this.choice)) });
    const rows = groupsOf(files).map((group) => this.row(group));
    fill(this.list, el('ul', { 'aria-label': words.say('filesLabel') }, ...rows), el('p', { class: 'note' }, total),
      this.choice.text !== '' && el('p', { class: 'problem', role: 'status' }, words.say('textStays')));
    announce(total);
  }

  // A file, or a folder with how many it holds.
  private row(group: Group): HTMLElement {
    const { words } = this.context;
    const { name, folder, files } = group;
    const size = words.size(files.reduce((sum, { file }) => sum + file.size, 0));
    const about = folder ? words.say('folderHolds', { n: files.length, size }) : size;
    return el('li', {}, el('span', { class: 'name' }, untrusted(folder ? `${name}/` : name)), el('span', { class: 'size' }, about),
      button('quiet', '×', () => this.remove(group), { 'aria-label': words.say('fileRemove', { name }) }));
  }
}

// Office programs copy a text together with a picture of it.
function isTextWithPicture(data: DataTransfer): boolean {
  return data.getData('text/plain') !== '' && [...data.files].every(({ type }) => type.startsWith('image/'));
}
