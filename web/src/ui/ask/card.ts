// SPDX-License-Identifier: MIT
// The card of a request: the link to send, and set apart from it the private link that reads the answers.

import { buildAnswerLink, buildCollectLink } from '../../model/link';
import type { AskChoice } from '../../model/request';
import { askedList, type Asked } from '../../storage/asked';
import type { Context } from '../context';
import { confirmButton } from '../parts/confirm';
import { copyButton } from '../parts/copy';
import { button, el, newId } from '../parts/dom';
import { codeBlock, linkActions } from '../share/card';
import { RequestStatus } from './status';

export class RequestCard {
  readonly element: HTMLElement;
  private readonly status: RequestStatus;
  private readonly isKept: () => boolean;
  /** Whether the private link was copied, or handed to the view that reads the answers. */
  private copied = false;
  private over = false;

  /** Calls `onKept` when the person chose whether this browser keeps it. */
  constructor(context: Context, { answers }: AskChoice, asked: Asked, onKept: () => void) {
    const { words, page, announce } = context;
    const titleId = newId();
    const title = el('h2', { id: titleId, tabindex: -1 }, words.say('askReady'));
    const qr = el('div', { class: 'qr', hidden: true });
    const link = buildAnswerLink(page, asked.id, asked.key);
    const takes = words.say('askTakes', { n: answers, date: words.date(asked.ends) });
    const message = [words.say('messageAsk', { link }), words.say('messageAskUntil', { n: answers, date: words.dateInZone(asked.ends) })].join('\n');
    const send = el('div', {}, el('p', {}, words.say('askSend')), codeBlock(words.say('linkLabel'), link, 'link'),
      linkActions(context, link, words.say('answerTitle'), message, qr), qr, el('p', { class: 'note' }, takes));

    const collect = buildCollectLink(page, asked);
    const copy = copyButton(words, 'secondary', words.say('copyPrivate'), () => collect, announce, () => { this.copied = true; });
    const keep = keepBox(context, asked, onKept);
    this.isKept = keep.isKept;
    const apart = el('section', { class: 'extras' }, el('h3', {}, words.say('privateLabel')), el('p', {}, words.say('privateKeep')),
      codeBlock(words.say('privateLabel'), collect, 'private'), el('div', { class: 'actions' }, copy), keep.element);

    const read = button('primary', words.say('readAnswers'), () => {
      this.copied = true;
      context.show({ kind: 'collect', ...asked, exposed: false });
    }, { hidden: true });
    const end = confirmButton(words, words.say('endRequest'), words.say('endSure'), words.say('endYes'), () => this.status.end());
    const actions = el('div', { class: 'actions' }, read, end);
    this.status = new RequestStatus(context, asked, 'card', {
      onList: (list) => {
        read.hidden = list.answers.length === 0;
        if (list.state !== 'open') send.remove();
      },
      onFinal: () => {
        this.over = true;
        const here = this.element.contains(document.activeElement);
        for (const part of [send, apart, actions]) part.remove();
        this.element.classList.add('over');
        title.textContent = words.say('askOver');
        if (here) title.focus();
      },
    });
    this.element = el('article', { class: 'card', 'aria-labelledby': titleId }, title, send, apart, this.status.element, actions);
  }

  /** Whether the private link exists on this page alone. */
  isUnsaved(): boolean {
    return !this.over && !this.copied && !this.isKept();
  }

  stop(): void {
    this.status.stop();
  }
}

/** A box to have this browser keep the private link of `asked`. */
export function keepBox({ words, now }: Context, asked: Asked, onChange: () => void): { element: HTMLElement; isKept: () => boolean } {
  const isKept = () => askedList.all(now()).some(({ id }) => id === asked.id);
  const box = el('input', {
    type: 'checkbox', checked: isKept(),
    on: {
      change: () => {
        askedList.forget(asked.id, now());
        if (box.checked) askedList.add(asked);
        onChange();
      },
    },
  });
  const element = el('div', {}, el('label', { class: 'check' }, box, el('span', {}, words.say('tokenKeep'))),
    el('p', { class: 'note' }, words.say('keepHint')));
  return { element, isKept };
}
