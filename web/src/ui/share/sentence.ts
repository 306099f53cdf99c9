// SPDX-License-Identifier: MIT
// The sentence of the form. Three of its parts are buttons that open popovers with choices.

import { isTooLong, makePassphrase, PASSPHRASE_MAX, strengthOf } from '../../crypto/passphrase';
import { randomBytes } from '../../base/random';
import { clampViews, protectionKey, type PassphraseMode, type ShareChoice } from '../../model/choice';
import { radios, secretField } from '../parts/choices';
import type { Context } from '../context';
import { button, el } from '../parts/dom';
import { Popover } from '../parts/popover';
import { countPopover, sentenceParts, ttlPopover } from '../parts/sentence';

const VIEWS = [1, 2, 3, 5, 10];
const HINT = { '': 'passphraseHint', long: 'passphraseTooLong', blanks: 'passphraseBlanks', 0: 'strength0', 1: 'strength1', 2: 'strength2' } as const;

export class Sentence {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly choice: ShareChoice;
  private readonly words: Record<'views' | 'ttl' | 'passphrase', Popover>;
  private readonly until: HTMLElement;

  /** The sentence writes what the person chooses into `choice`. */
  constructor(context: Context, choice: ShareChoice) {
    this.context = context;
    this.choice = choice;
    this.until = el('p', { class: 'note' });
    this.words = { views: this.viewsPopover(), ttl: this.ttlPopover(), passphrase: this.passphrasePopover() };
    const panels = Object.values(this.words).map(({ panel }) => panel);
    this.element = el('div', { class: 'sentence' }, el('p', {}, ...sentenceParts(context.words, 'sentence', this.words)), ...panels);
    this.update();
  }

  /** Open the popover with the passphrase, because it is missing or too long. */
  askForPassphrase(): void {
    this.words.passphrase.open();
  }

  /** Disable all choices while the secret is sent, and enable them afterwards. */
  lock(locked: boolean): void {
    if (locked) for (const popover of Object.values(this.words)) popover.close(false);
    this.element.inert = locked;
  }

  private update(): void {
    const { words, now } = this.context;
    const { views, ttl } = this.choice;
    this.words.views.trigger.textContent = words.say('views', { n: views });
    this.words.ttl.trigger.textContent = words.duration(ttl);
    this.words.passphrase.trigger.textContent = words.say(protectionKey(this.choice));
    this.until.textContent = words.say('ttlUntil', { date: words.date(now() + ttl) });
  }

  private viewsPopover(): Popover {
    const { viewsMax } = this.context.config;
    return countPopover(this.context, { title: 'viewsTitle', offered: VIEWS, max: viewsMax, chosen: this.choice.views }, (n) => {
      this.choice.views = clampViews(n, viewsMax);
      this.update();
      return this.choice.views;
    });
  }

  private ttlPopover(): Popover {
    return ttlPopover(this.context, this.choice.ttl, this.until, (ttl) => {
      this.choice.ttl = ttl;
      this.update();
    });
  }

  private passphrasePopover(): Popover {
    const { words, config } = this.context;
    const title = words.say('passphraseTitle');
    const own = this.ownPassphrase();
    const generated = this.generatedPassphrase();
    const setMode = (mode: PassphraseMode) => {
      this.choice.mode = mode;
      own.element.hidden = mode !== 'own';
      generated.element.hidden = mode !== 'generated';
      if (mode === 'own') own.read();
      if (mode === 'generated') generated.make();
      this.update();
      popover.reveal();
    };
    const modes: { value: PassphraseMode; label: string }[] = [
      { value: 'own', label: words.say('passphraseOwn') },
      { value: 'generated', label: words.say('passphraseGenerated') },
    ];
    if (!config.passphraseRequired) modes.unshift({ value: 'none', label: words.say('passphraseNone') });
    const lines = radios(title, 'lines', modes, this.choice.mode, setMode);
    const rule = el('p', { class: 'note', hidden: !config.passphraseRequired }, words.say('passphraseRequired'));
    if (this.choice.mode === 'generated') {
      generated.element.hidden = false;
      generated.make();
    }
    const popover = new Popover(title, words.say('done'), rule, lines.element, own.element, generated.element, this.keyApart(() => popover.reveal()));
    return popover;
  }

  private ownPassphrase(): { element: HTMLElement; read: () => void } {
    const { words } = this.context;
    const { element: field, input } = secretField(
      words.say('passphraseField'), words.say('show'), words.say('hide'), { autocomplete: 'new-password' });
    const hint = el('p', { class: 'note', role: 'status' });
    const read = () => {
      this.choice.passphrase = input.value;
      const strength = strengthHint(input.value);
      hint.textContent = words.say(HINT[strength], { max: PASSPHRASE_MAX });
      hint.dataset['strength'] = String(strength);
    };
    input.addEventListener('input', read);
    return { element: el('div', { hidden: true }, field, hint), read };
  }

  private generatedPassphrase(): { element: HTMLElement; make: () => void } {
    const { words } = this.context;
    const shown = el('code', { class: 'code' });
    const make = () => {
      this.choice.passphrase = makePassphrase(randomBytes);
      shown.textContent = this.choice.passphrase;
    };
    const row = el('div', { class: 'field' }, shown, button('quiet', words.say('passphraseNew'), make));
    return { element: el('div', { hidden: true }, row, el('p', { class: 'note' }, words.say('passphraseOnce'))), make };
  }

  private keyApart(onChange: () => void): HTMLElement {
    const { words } = this.context;
    const box = el('input', {
      type: 'checkbox', checked: this.choice.keyApart,
      on: {
        change: () => {
          this.choice.keyApart = box.checked;
          this.update();
          onChange();
        },
      },
    });
    return el('div', { class: 'apart' }, el('label', {}, box, el('span', {}, words.say('keyApart'))),
      el('p', { class: 'note' }, words.say('keyApartHint')));
  }
}

function strengthHint(passphrase: string): keyof typeof HINT {
  if (passphrase === '') return '';
  if (isTooLong(passphrase)) return 'long';
  return passphrase === passphrase.trim() ? strengthOf(passphrase) : 'blanks';
}
