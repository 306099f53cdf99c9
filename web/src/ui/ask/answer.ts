// SPDX-License-Identifier: MIT
// The view to answer a request: what is asked for, the box, one button, then what became of it.

import { wrapAnswer } from '../../crypto/request';
import { emptyChoice, problemOf, zipNameAt, type ShareChoice } from '../../model/choice';
import type { Target } from '../../model/link';
import type { End } from '../../model/outcome';
import { answerMessage } from '../../model/request';
import type { Config } from '../../net/messages';
import type { RequestInfo } from '../../net/requests';
import { requestInfo } from '../../net/request-api';
import { retryBriefly } from '../../net/retry';
import { WAITING, type Key } from '../../text/words';
import type { Shared } from '../../worker/protocol';
import { clearAddress } from '../address';
import type { Context } from '../context';
import { askedList } from '../../storage/asked';
import type { Owned } from '../../storage/owned';
import { BusyButton } from '../parts/busy';
import { confirmButton } from '../parts/confirm';
import { button, el, fill } from '../parts/dom';
import { endCard } from '../parts/end';
import { showLine, showTrouble } from '../parts/problem';
import { ContentInput } from '../share/content';
import { sendForm, staying } from '../share/form';
import { mayShare } from '../share/right';
import { LiveStatus } from '../share/status';
import { Transfer } from '../share/transfer';
import { quotedNote, requestFailure, revealDescription, type Revealed } from './description';

type AnswerTarget = Extract<Target, { kind: 'answer' }>;

/** A request whose description is the one of the link. */
interface Asking {
  info: RequestInfo;
  description: Revealed;
  /** The limits of the server, those of the answer among them. */
  config: Config;
}

/** An answer that the server has, but for the wrap that delivers it. */
interface Sent {
  shared: Shared;
  wrap: Uint8Array<ArrayBuffer>;
  transfer: Transfer;
}

export class AnswerView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly target: AnswerTarget;
  private choice: ShareChoice | null = null;
  private transfer: Transfer | null = null;
  /** What is to be delivered once more, as its delivery failed. */
  private sent: Sent | null = null;
  private status: LiveStatus | null = null;
  private disposed = false;

  constructor(context: Context, target: AnswerTarget) {
    this.context = context;
    this.target = target;
    void this.look();
  }

  unsaved(): Key[] {
    const { choice } = this;
    return choice !== null && (choice.text !== '' || choice.files.length > 0) ? ['replaceNote'] : [];
  }

  holdsOnlyCopy(): boolean {
    return this.unsaved().length > 0;
  }

  dispose(): void {
    this.disposed = true;
    this.transfer?.abandon();
    this.status?.stop();
  }

  // Looking counts nothing.
  private async look(): Promise<void> {
    const { context, target } = this;
    const { words, api, config } = context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    fill(this.element, el('h1', {}, words.say('answerTitle')), note);
    try {
      const info = await retryBriefly(() => requestInfo(api, target.id), (why) => { note.textContent = words.say(WAITING[why]); });
      if (this.disposed) return;
      const description = await revealDescription(context, info, target.key);
      if (this.disposed) return;
      const limits = { fileMax: info.answerSize, textMax: Math.min(config.textMax, info.answerSize), passphraseRequired: false };
      this.showForm({ info, description, config: { ...config, ...limits } });
    } catch (error) {
      if (this.disposed) return;
      this.showLookFailure(error);
    }
  }

  private showLookFailure(error: unknown): void {
    const message = answerMessage(requestFailure(error));
    const before = this.sentBefore();
    if (message.kind === 'end' && message.text === 'requestGone' && before !== null) {
      clearAddress();
      this.showStatus(before, { isNew: false, mayAnswerAgain: false });
      return;
    }
    if (message.kind === 'end') {
      this.end(message);
      return;
    }
    showTrouble(this.context, this.element, 'answerTitle', message, () => void this.look());
  }

  // What this browser sent to the request before.
  private sentBefore(): Owned | null {
    const { owned, now } = this.context;
    return owned.all(now()).find(({ request }) => request === this.target.id) ?? null;
  }

  private end({ title, text }: End): void {
    this.choice = null;
    clearAddress();
    fill(this.element, endCard(this.context, title, text));
  }

  // It ends while the person types. What was typed and added is here alone, so it stays.
  private endKeeping({ title, text }: End, box: ContentInput, problem: HTMLElement): void {
    const { context, choice } = this;
    const { words, show } = context;
    const share = choice !== null && mayShare(context) && button('primary', words.say('shareTyped'), () => {
      this.choice = null; // it goes on to the form
      show({ kind: 'share', content: choice });
    });
    const heading = el('h1', { tabindex: -1 }, words.say(title));
    clearAddress();
    problem.textContent = '';

    fill(this.element, heading, el('article', { class: 'card', 'data-end': title }, el('p', {}, words.say(text)),
      el('p', {}, words.say('typedStays')), el('div', { class: 'actions' }, share)), box.element, problem);
    heading.focus();
  }

  private showForm(asking: Asking): void {
    const { words, api, now } = this.context;
    const { info, config, description: { note } } = asking;
    const choice = this.choice = emptyChoice(config);
    const problem = el('p', { class: 'problem', role: 'alert' });
    const say = (message: string) => { problem.textContent = message; };
    const box = new ContentInput(this.context, choice, say);
    const submit = () => {
      if (go.busy) return;
      const wrong = problemOf(choice, config);
      if (wrong === null) {
        say('');
        void this.send({ ...choice }, asking, box, go, problem);
        return;
      }
      const { key, size, count = 0 } = wrong;
      say(words.say(key, { max: size === undefined ? count : words.size(size) }));
      box.focus();
    };
    const before = this.sentBefore();
    const go = new BusyButton(words, words.say('send'), submit);
    fill(this.element, el('h1', {}, words.say('answerTitle')),
      el('article', { class: 'card' }, ...this.ownRequest(), el('p', {}, words.say(note.trim() === '' ? 'answerNoNote' : 'answerNote')),
        note.trim() !== '' && quotedNote(note), el('p', { class: 'note' }, words.say('answerWords', { host: api.host })),
        before !== null && el('p', {}, words.joined(...[words.say('answeredBefore', { when: words.when(before.made, now()) }), ...(before.back === true ? [words.say('takenBackTitle')] : [])]
          .map((text) => words.say('asSentence', { text })))),
        this.target.exposed && el('p', { class: 'problem', role: 'note' }, words.say('exposedRequest'))),
      sendForm(go, submit, box.element, el('p', { class: 'promise' }, words.say('answerTakes', { n: info.answersLeft, date: words.date(info.expiresAt) }), ' ', words.say('answerPromise', { ttl: words.duration(info.answerTtl) })), problem));
    box.focus();
  }

  // This browser may keep the private link of the request: then the asker opened the link to send.
  private ownRequest(): HTMLElement[] {
    const { words, now, show } = this.context;
    const asked = askedList.all(now()).find(({ id }) => id === this.target.id);
    if (asked === undefined) return [];
    const read = button('secondary', words.say('showRequest'), () => show({ kind: 'collect', ...asked, exposed: false, reading: true }));
    return [el('p', {}, words.say('askedHere')), el('div', { class: 'actions' }, read)];
  }

  private async send(choice: ShareChoice, asking: Asking, box: ContentInput, go: BusyButton, problem: HTMLElement): Promise<void> {
    const { words, api } = this.context;
    const signal = go.start(words.say('preparing'), true);
    box.lock(true);
    try {
      await staying(async () => {
        this.sent ??= await this.upload(choice, asking, go, problem, signal);
        const { shared: { id, ownerToken }, wrap, transfer } = this.sent;
        await transfer.call('finish', { id, ownerToken, wrap }, signal);
        transfer.end();
      });
      this.showSent(this.sent!.shared, asking.info.answersLeft > 1);
    } catch (error) {
      this.sendFailed(error, box, go);
      const message = answerMessage(requestFailure(error));
      if (message.kind === 'end') this.endKeeping(message, box, problem);
      else showLine(words, api.base, problem, signal.aborted ? null : message);
    }
  }

  // What is whole but for its delivery is delivered by the next press, unless the person gave up or the server refused it.
  private sendFailed(error: unknown, box: ContentInput, go: BusyButton): void {
    const { words } = this.context;
    const { kind } = requestFailure(error);
    const again = this.sent !== null && !this.sent.transfer.ended && (kind === 'offline' || kind === 'busy' || kind === 'between' || kind === 'sign-in');
    if (!again) {
      this.transfer?.abandon();
      this.transfer = this.sent = null;
      box.lock(false);
    }
    go.stop(words.say(again ? 'tryAgain' : 'send'));
    go.focus();
  }

  // Send the content. Nobody can open it before its wrap is there, which only the asker can read.
  private async upload(choice: ShareChoice, { description, info, config }: Asking, go: BusyButton, problem: HTMLElement, signal: AbortSignal): Promise<Sent> {
    const { id: request, key } = this.target;
    const transfer = this.transfer = new Transfer(this.context, go, problem);
    const files = [...choice.files];
    const shared = await transfer.call('share', {
      text: files.length === 0 ? choice.text : null, files, zipName: zipNameAt(new Date()),
      views: 1, ttl: info.answerTtl, passphrase: '', keyApart: false, inlineMax: config.inlineMax, gate: false, apiToken: null,
      answers: { request, gate: description.gate },
    }, signal);
    const wrap = await wrapAnswer(description.recipients, key, shared);
    return { shared, wrap, transfer };
  }

  private showSent({ id, ownerToken: token, expiresAt: until }: Shared, mayAnswerAgain: boolean): void {
    const { now, owned } = this.context;
    const one = { id, token, made: now(), until, request: this.target.id };
    this.choice = this.sent = this.transfer = null;
    owned.add(one);
    clearAddress();
    this.showStatus(one, { isNew: true, mayAnswerAgain });
  }

  // What became of an answer that was sent, now or before.
  private showStatus(one: Owned, { isNew, mayAnswerAgain }: { isNew: boolean; mayAnswerAgain: boolean }): void {
    const { context } = this;
    const { words, now } = context;
    const status = this.status = new LiveStatus(context, one, 'card', () => {
      const here = burn.contains(document.activeElement);
      burn.remove();
      said.textContent = words.say(afterwards());
      if (one.back === true) title.textContent = words.say('takenBackTitle');
      if (here) title.focus();
    });

    const afterwards = (): Key => {
      if (one.back !== true) return 'sentOver';
      return mayAnswerAgain ? 'takenBackMore' : 'takenBackLast';
    };
    const question = words.say(mayAnswerAgain ? 'takeBackMore' : 'takeBackLast');
    const burn = confirmButton(words, words.say('takeBack'), question, words.say('takeBackYes'), () => status.burn());
    const said = el('p', {}, words.say(one.back === true ? afterwards() : 'sent'));
    const title = el('h1', { tabindex: -1 }, words.say(titleOf(one, isNew), { when: words.when(one.made, now()) }));
    fill(this.element, title, el('article', { class: 'card' },
      said, status.element, el('div', { class: 'actions' }, burn)));
    title.focus();
  }
}

function titleOf({ back }: Owned, isNew: boolean): Key {
  if (back === true) return 'takenBackTitle';
  return isNew ? 'sentTitle' : 'answeredBefore';
}
