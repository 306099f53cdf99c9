// SPDX-License-Identifier: MIT
// The card of a shared secret: its link, the buttons for the link, and its status line.

import type { Shared } from '../../worker/protocol';
import { buildLink } from '../../model/link';
import type { Owned } from '../../storage/owned';
import { protectionKey, type ShareChoice } from '../../model/choice';
import { mailAddress, messageOf } from '../../model/message';
import { confirmButton } from '../parts/confirm';
import type { Context } from '../context';
import { copyButton, watchCopy, type Holding } from '../parts/copy';
import { button, el, fill, mailLink, newId } from '../parts/dom';
import { LiveStatus } from './status';

/** The card of a shared secret. */
export interface ResultCard {
  card: HTMLElement;
  /** The caller stops it when the card is removed. */
  status: LiveStatus;
  /** Whether the link works, and it or what else is needed is on this page alone. */
  isOnlyHere: () => boolean;
}

/** The copied text that is shown. It covers what is below it, so it goes with the next press or focus elsewhere. */
let shownCopy: HTMLElement | null = null;

for (const type of ['pointerdown', 'focusin']) {
  addEventListener(type, ({ target }) => {
    if (shownCopy === null || shownCopy.contains(target as Node)) return;
    shownCopy.hidden = true;
    shownCopy = null;
  });
}

export function resultCard(context: Context, choice: ShareChoice, shared: Shared): ResultCard {
  const { words, now, page } = context;
  const titleId = newId();
  const link = buildLink(page, shared.id, choice.keyApart ? null : shared.linkKey);
  const owned: Owned = { id: shared.id, token: shared.ownerToken, made: now(), until: shared.expiresAt };
  const title = el('h2', { id: titleId, tabindex: -1 }, words.say('resultTitle'));
  const qr = el('div', { class: 'qr', hidden: true });
  const note = sentence(context, choice, shared);
  const message = messageOf(words, link, { ...choice, expiresAt: shared.expiresAt });
  let taken = false;
  let held = false;
  const holding = (is: boolean) => { held = is; };
  const actions = linkActions(context, link, words.say('openTitle'), message, qr, () => { taken = true; }, holding);
  const burn = confirmButton(words, words.say('burn'), words.say('burnSure'), words.say('burnYes'), () => status.burn(), { class: 'quiet' });
  const key = choice.keyApart ? keyBlock(context, shared.linkKey) : null;
  const passphrase = choice.mode === 'generated' ? passphraseBlock(context, choice.passphrase) : null;
  const extras = el('div', { class: 'extras' }, ...(key?.parts ?? []), ...(passphrase?.parts ?? []));
  const status = new LiveStatus(context, owned, 'card', () => {
    card.classList.add('over');
    title.textContent = words.say('resultOver');
    const parts = [linkBlock, actions, qr, extras, note, burn];
    const here = parts.some((part) => part.contains(document.activeElement));
    for (const part of parts) part.remove();
    if (here) title.focus();
  });
  const linkBlock = codeBlock(words.say('linkLabel'), link, 'link');
  const card = el('article', { class: 'card', 'aria-labelledby': titleId },
    title, linkBlock, actions, qr, extras, note, status.element, el('div', { class: 'actions' }, burn));
  watchCopy(card, () => link, holding);
  const isTaken = () => (taken || held) && key?.wasCopied() !== false && passphrase?.wasCopied() !== false;
  return { card, status, isOnlyHere: () => !isTaken() && !status.final };
}

function sentence({ words }: Context, choice: ShareChoice, { expiresAt }: Shared): HTMLElement {
  const opens = words.say('canBeOpened', { n: choice.views, date: words.date(expiresAt) });
  return el('p', { class: 'note' }, opens, ' ', words.say('asSentence', { text: words.capital(words.say(protectionKey(choice))) }));
}

/** A value in full. One click selects all of it. */
export function codeBlock(label: string, value: string, className: string): HTMLElement {
  return el('div', { class: `code-block ${className}` }, el('code', { class: 'code', tabindex: 0, 'aria-label': label, role: 'textbox', 'aria-readonly': 'true', dir: 'ltr' }, value));
}

/**
 * The buttons for a link. `message` puts it into words, under `subject` in a mail, and is shown once it is copied.
 * `code` gets the QR code. `onTaken` is called when the link was taken elsewhere, `holding` as the clipboard holds it.
 */
export function linkActions(
  { words, announce }: Context, link: string, subject: string, message: string, code: HTMLElement, onTaken: () => void = () => undefined,
  holding: Holding = () => undefined,
): HTMLElement {
  const copied = el('blockquote', { class: 'asked', tabindex: 0, hidden: true });
  const showCopied = (text: string) => (held: boolean) => {
    holding(held);
    if (!held) return;
    copied.textContent = text;
    copied.hidden = text === '';
    shownCopy = copied;
  };
  const toggle = button('secondary', words.say('qr'), () => {
    code.hidden = !code.hidden;
    toggle.setAttribute('aria-expanded', String(!code.hidden));
    if (code.childElementCount > 0) return;
    import('../parts/qr').then(({ drawQr }) => { fill(code, drawQr(link, words.say('qrLabel'))); onTaken(); },
      () => fill(code, el('p', { class: 'problem', role: 'alert' }, words.say('qrFailed'))));
  }, { 'aria-expanded': 'false' });
  const share = 'share' in navigator
    ? button('secondary', words.say('share'), () => { navigator.share({ url: link }).then(onTaken, () => undefined); })
    : null;
  return el('div', { class: 'actions' },
    copyButton(words, 'primary', words.say('copyLink'), () => link, announce, showCopied('')),
    copyButton(words, 'secondary', words.say('copyMessage'), () => message, announce, showCopied(message)),
    mailLink(mailAddress(subject, message), words.say('mail'), { role: 'button', class: 'secondary', on: { click: onTaken } }),
    share, toggle, copied);
}

/** What is sent apart from the link. */
interface Apart {
  parts: HTMLElement[];
  /** Whether it was copied from here, ever: the clipboard holds one thing at a time. */
  wasCopied: () => boolean;
}

function keyBlock({ words, announce }: Context, key: string): Apart {
  return apartBlock(words.say('keyLabel'), 'key', key, words.say('keyNote'),
    (copied) => copyButton(words, 'secondary', words.say('copyKey'), () => key, announce, copied));
}

function passphraseBlock({ words, announce }: Context, passphrase: string): Apart {
  return apartBlock(words.say('passphraseField'), 'passphrase', passphrase, words.say('passphraseNote'),
    (copied) => copyButton(words, 'secondary', words.say('copyPassphrase'), () => passphrase, announce, copied));
}

function apartBlock(label: string, className: string, value: string, note: string, copyWith: (copied: Holding) => HTMLElement): Apart {
  let was = false;
  const copied = () => { was = true; };
  const block = codeBlock(label, value, className);
  watchCopy(block, () => value, copied);
  const parts = [el('h3', {}, label), block, el('div', { class: 'actions' }, copyWith(copied)), el('p', { class: 'note' }, note)];
  return { parts, wasCopied: () => was };
}
