// SPDX-License-Identifier: MIT
// The card of a request: the link to send, and set apart from it the private link that reads the answers.

import { buildAnswerLink } from '../../model/link';
import { isOver, waitingAnswers, type AskChoice } from '../../model/request';
import type { AnswerList } from '../../net/requests';
import type { Asked } from '../../storage/asked';
import type { Context } from '../context';
import { confirmButton } from '../parts/confirm';
import { button, el, newId } from '../parts/dom';
import { codeBlock, linkActions } from '../share/card';
import { askedFor } from './description';
import { PrivateLink } from './private';
import { RequestStatus } from './status';

export class RequestCard {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly title: HTMLElement;
  private readonly read: HTMLButtonElement;
  private readonly top: HTMLElement;
  private readonly send: { element: HTMLElement; showLeft: (n: number) => void };
  private readonly apartTitle: HTMLElement;
  private readonly apart: HTMLElement;
  private readonly end: HTMLElement;
  private readonly link: PrivateLink;
  private readonly status: RequestStatus;
  /** Whether the private link was handed to the view that reads the answers. */
  private handed = false;
  private over = false;

  /** Calls `onKept` when the person chose whether this browser keeps it. */
  constructor(context: Context, choice: AskChoice, asked: Asked, onKept: () => void) {
    const { words } = context;
    const titleId = newId();
    this.context = context;
    this.title = el('h2', { id: titleId, tabindex: -1 }, words.say('askReady'));
    this.read = button('primary', words.say('readAnswers'), () => {
      this.handed = true;
      context.show({ kind: 'collect', ...asked, exposed: false, reading: true });
    });
    this.top = el('div', { class: 'actions', hidden: true }, this.read);
    this.send = sendPart(context, choice, asked);
    const keep = el('p', {}, words.say('privateKeep', { n: choice.answers }));
    this.link = new PrivateLink(context, asked, choice.answers, () => {
      keep.textContent = words.say(this.link.isKept() ? 'privateKept' : 'privateKeep', { n: choice.answers });
      onKept();
    });
    this.apartTitle = el('h3', {}, words.say('askKeep'));
    this.apart = el('section', { class: 'extras' }, this.apartTitle, keep, this.link.element);

    const end = confirmButton(words, words.say('endRequest'), words.say('endSure'), words.say('endYes'), () => this.status.end(), { class: 'quiet' });
    this.end = el('div', { class: 'actions' }, end);
    this.status = new RequestStatus(context, asked, 'card', { onList: (list) => this.showList(list), onFinal: () => this.showOver() });
    this.element = el('article', { class: 'card', 'aria-labelledby': titleId },
      this.title, this.top, askedFor(context, choice.note), this.send.element, this.apart, this.status.element, this.end);
  }

  /** Whether the private link exists on this page alone. */
  isUnsaved(): boolean {
    return !this.over && !this.handed && !this.link.isSafe();
  }

  stop(): void {
    this.status.stop();
  }

  private showList(list: AnswerList): void {
    if (this.over) return; // a final list has ended the card already
    if (isOver(list)) {
      this.status.stop();
      this.showOver();
      return;
    }

    const { state, answers, answersLeft } = list;
    const { words } = this.context;
    const n = waitingAnswers(answers);
    this.title.textContent = n === 0 ? words.say('askReady') : words.say('answersHere', { n });
    this.top.hidden = n === 0;
    this.read.textContent = words.say('readAnswers', { n: answers.length });
    if (answers.length > 0) this.send.showLeft(answersLeft);
    if (state === 'open') return;
    this.send.element.remove();
    this.apartTitle.textContent = words.say('privateLabel');
  }

  private showOver(): void {
    const { element, title } = this;
    this.over = true;
    const here = element.contains(document.activeElement);
    for (const part of [this.top, this.send.element, this.apart, this.end]) part.remove();
    element.classList.add('over');
    title.textContent = this.context.words.say('askOver');
    if (here) title.focus();
  }
}

// The link to send, and what it takes.
function sendPart(context: Context, { answers: n }: AskChoice, asked: Asked): { element: HTMLElement; showLeft: (n: number) => void } {
  const { words, page, config } = context;
  const link = buildAnswerLink(page, asked.id, asked.key);
  const date = words.date(asked.ends);
  const takes = el('span', {}, words.say('askTakes', { n, date }));
  const opens = words.say('askOpens', { n, ttl: words.duration(config.ttlDefault) });
  const message = [words.say('messageAsk', { link }), words.say('messageAskUntil', { n, date: words.dateInZone(asked.ends) })].join('\n');
  const qr = el('div', { class: 'qr', hidden: true });
  const element = el('div', { class: 'send' }, el('p', {}, words.say('askLinks')), el('h3', {}, words.say('askSend')), codeBlock(words.say('linkLabel'), link, 'link'),
    linkActions(context, link, words.say('answerTitle'), message, qr), qr, el('p', { class: 'note' }, takes, ' ', opens));
  return { element, showLeft: (left) => { takes.textContent = words.say('askTakesMore', { n: left, date }); } };
}
