// SPDX-License-Identifier: MIT
// The view to read the answers to a request: what was asked for, and each answer, which opens as any secret does.

import { askerOf, ownerOf, unwrapAnswer, type AnswerLink, type Asker, type BadWrap } from '../../crypto/request';
import { ASK, readAddress, type Target } from '../../model/link';
import { isFinal } from '../../model/failure';
import { answersAsked, answerStatus, collectMessage, isAnswer, isOpened, isOver, waitingAnswers } from '../../model/request';
import { burnMessage } from '../../model/outcome';
import type { Answer, AnswerList } from '../../net/requests';
import { answersOf, endRequest } from '../../net/request-api';
import { retryBriefly } from '../../net/retry';
import { keptNote, type Asked } from '../../storage/asked';
import { toBase64url, type Bytes } from '../../base/bytes';
import { WAITING, type Key } from '../../text/words';
import { clearAddress } from '../address';
import type { Context } from '../context';
import type { Opening } from '../later';
import { BusyButton } from '../parts/busy';
import { confirmButton } from '../parts/confirm';
import { button, el, fill, type Child } from '../parts/dom';
import { endCard } from '../parts/end';
import { ifMeant } from '../parts/press';
import { showLine, showTrouble } from '../parts/problem';
import { askToReplace } from '../parts/replace';
import { mayAsk } from '../share/right';
import { askedFor, quotedNote, requestFailure, revealDescription } from './description';
import { PrivateLink } from './private';
import { RequestStatus } from './status';

type CollectTarget = Extract<Target, { kind: 'collect' }>;

export class CollectView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly target: CollectTarget;
  private readonly opening: Opening;
  private readonly rows = el('ul', {});
  private status: RequestStatus | null = null;
  /** The note of the request, as far as known. */
  private note: string | null = null;
  /** The list as it was drawn last. */
  private list: AnswerList | null = null;
  private drawn = '';
  /** The answer that is open. */
  private inner: InstanceType<Opening['OpenView']> | null = null;
  /** Whether the address bar has the private link, and how else it is kept. */
  private readonly addressed = readAddress(location.href).kind === 'collect';
  private link: PrivateLink | null = null;
  /** Whether an answer was opened here. */
  private wasRead = false;
  private disposed = false;

  /** Answers are opened by `opening`. */
  constructor(context: Context, target: CollectTarget, opening: Opening) {
    this.context = context;
    this.target = target;
    this.opening = opening;
    if (target.exposed) this.showExposed();
    else void this.look();
  }

  dispose(): void {
    this.disposed = true;
    this.status?.stop();
    this.inner?.dispose();
  }

  unsaved(): Key[] {
    return [...(this.inner?.unsaved() ?? []), ...(this.hasOnlyLink() ? ['replaceAsked'] as const : [])];
  }

  holdsOnlyCopy(): boolean {
    return this.inner?.holdsOnlyCopy() === true || this.hasOnlyLink();
  }

  // Whether the private link is here alone, and still reads something.
  private hasOnlyLink(): boolean {
    const { list, link } = this;
    if (this.addressed || link === null || link.isSafe() || list === null) return false;
    const opened = this.inner?.isOpened() === true ? 1 : 0;
    return list.state === 'open' || waitingAnswers(list.answers) > opened;
  }

  suspend(): boolean {
    return this.inner?.suspend() ?? false;
  }

  continues(next: { kind: string; id?: string }): boolean {
    return next.kind === 'collect' && next.id === this.target.id && this.unsaved().length > 0;
  }

  // A server that has the private link could read the answers, so the main button ends the request. A program that
  // checks links loads this page too, so nothing ends without a press.
  private showExposed(): void {
    const { words } = this.context;
    const problem = el('p', { class: 'problem', role: 'alert' });
    const title = el('h1', { tabindex: -1 }, words.say('exposedTitle'));
    const end = new BusyButton(words, words.say('endRequest'), ifMeant(() => void this.endExposed(end, problem)),
      button('secondary', words.say('showRequest'), () => { if (!end.busy) void this.look(); }));
    fill(this.element, title, el('article', { class: 'card' }, el('p', {}, words.say('exposedCollect')), problem, end.element));
    title.focus();
  }

  private async endExposed(end: BusyButton, problem: HTMLElement): Promise<void> {
    const { words, api } = this.context;
    end.start(words.say('openLooking'), false);
    fill(problem);
    try {
      const owner = await ownerOf(this.target.seed);
      await retryBriefly(() => endRequest(api, this.target.id, owner));
    } catch (error) {
      const failure = requestFailure(error);
      if (!isFinal(failure, 'gone')) {
        end.stop(words.say('tryAgain'));
        showLine(words, api.base, problem, burnMessage(failure));
        return;
      }
    }

    if (this.disposed) return;
    clearAddress();
    fill(this.element, endCard(this.context, 'exposedTitle', 'exposedEnded'));
  }

  private async look(): Promise<void> {
    const { context, target } = this;
    const { words, api } = context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    fill(this.element, el('h1', {}, this.titleText()), note);
    try {
      const asker = await askerOf(target.seed);
      const list = await retryBriefly(() => answersOf(api, target.id, asker.owner), (why) => { note.textContent = words.say(WAITING[why]); });
      if (this.disposed) return;
      if (list.sealed !== null && this.note === null) ({ note: this.note } = await revealDescription(context, list.sealed, target.key));
      if (this.disposed) return;
      await this.drawRows(list, asker);
      if (this.disposed) return;
      this.showList(asker);
      const only = list.answers.length === 1 && this.rows.querySelector('button');
      if (target.reading === true && !this.wasRead && only) only.click();
    } catch (error) {
      if (this.disposed) return;
      this.showLookFailure(error);
    }
  }

  private showLookFailure(error: unknown): void {
    const message = collectMessage(requestFailure(error));
    if (message.kind === 'end') {
      if (message.text === 'answersGone') clearAddress();
      fill(this.element, endCard(this.context, message.title, message.text));
      return;
    }
    showTrouble(this.context, this.element, 'requestTitle', message, () => void this.look());
  }

  private titleText(): string {
    const { list, context: { words } } = this;
    return list === null ? words.say('requestTitle') : words.say('collectTitle', { n: answersAsked(list) });
  }

  private showList(asker: Asker): void {
    const { context, note, target } = this;
    const { words, now, config } = context;
    const ends = this.list!.expiresAt;
    const asked: Asked = {
      id: target.id, seed: target.seed, key: target.key, made: now(), until: ends + config.ttlDefault, ends, note: keptNote(note ?? ''),
    };
    const status = this.status = new RequestStatus(context, asked, 'card', {
      onList: (list) => {
        if (this.inner === null) void this.drawRows(list, asker);
        if (isOver(list)) end(list);
      },
      onFinal: () => {
        for (const one of this.rows.querySelectorAll('button')) one.remove(); // nothing is left to open
        end(null);
      },
    });
    let ended = false;
    const end = (list: AnswerList | null) => {
      if (ended) return;
      ended = true;
      hint.remove();
      const here = tools.contains(document.activeElement) || this.rows.contains(document.activeElement);
      const opened = list !== null && list.answers.length > 0 && list.answers.every(({ state }) => isOpened(state));
      if (opened) status.element.remove(); // the rows say it
      fill(tools, opened && el('p', {}, words.say('allOpened', { n: list.answers.length })), mayAsk(context) && el('a', { href: `#${ASK}`, role: 'button', class: 'secondary' }, words.say('askAnother')));
      if (list === null || list.answers.length === 0) title.textContent = words.say('askOver');
      if (here) title.focus();
    };

    const title = el('h1', { tabindex: -1 }, this.titleText());
    const tools = el('section', { class: 'extras' }, ...this.tools(asked, status));
    // Whoever got this link by mistake sees a request without answers, and reads this first.
    const hint = el('p', { hidden: !this.addressed || this.link!.isKept() }, words.say('wrongLink'));
    const isUnanswered = this.list!.answers.length === 0;
    if (!isUnanswered) {
      hint.className = 'note';
      tools.append(hint);
    }
    fill(this.element, title, el('article', { class: 'card' }, isUnanswered && hint,
      note !== null && note.trim() !== '' && el('p', {}, words.say('collectNote')), note !== null && note.trim() !== '' && quotedNote(note),
      el('div', { class: 'answers' }, this.rows), status.element, tools));
    if (isOver(this.list!)) end(this.list);
    title.focus();
  }

  // What keeps the private link, and ends the request.
  private tools(asked: Asked, status: RequestStatus): Child[] {
    const { context } = this;
    const { words } = context;
    const link = this.link ??= new PrivateLink(context, asked, answersAsked(this.list!));
    const end = confirmButton(words, words.say('endRequest'), words.say('endSure'), words.say('endYes'), () => status.end(), { class: 'quiet' });
    return [el('h2', {}, words.say('privateLabel')), link.element, el('div', { class: 'actions' }, end)];
  }

  // What a server sends twice is one answer, and the second one none.
  private async drawRows(list: AnswerList, asker: Asker): Promise<void> {
    const { target } = this;
    const known = new Set<string>();
    this.list = list;
    if (isOver(list)) clearAddress();
    // What is as it was stays: somebody may be about to press its button.
    const drawn = JSON.stringify(list.answers.map(({ at, state, wrap }) => [at, state, wrap && toBase64url(wrap)]));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const found = await Promise.all(list.answers.map(({ wrap }) => (wrap === null ? null : unwrapAnswer(asker.identity, target.key, wrap as Bytes))));
    if (this.disposed || drawn !== this.drawn) return; // a newer list is on its way
    const rows = list.answers.map((answer, i) => {
      let link = found[i] ?? null;
      if (link !== null && typeof link === 'object') {
        if (known.has(link.id)) link = 'damaged';
        else known.add(link.id);
      }
      return this.row(answer, link, list.answers.length > 1 ? `${i + 1}. ` : '');
    });
    const focused = [...this.rows.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
    fill(this.rows, ...rows);
    if (focused >= 0) this.rows.querySelectorAll('button')[focused]?.focus();
  }

  private row(answer: Answer, link: AnswerLink | BadWrap | null, number: string): HTMLElement {
    const { words, now } = this.context;
    const at = number + words.say('answerAt', { when: words.when(answer.at, now()) });
    const state = stateOf(answer, link, this.list!.state);
    const open = state === null && button(number === '' ? 'primary' : 'secondary', words.say('open'), () => this.open(answer, link as AnswerLink), { 'aria-label': `${words.say('open')}: ${at}` });
    return el('li', {}, el('div', {}, el('p', {}, at), state !== null && el('p', { class: 'note' }, words.say(state))), open);
  }

  private open(answer: Answer, { id, linkKey }: AnswerLink): void {
    const { context } = this;
    const { words } = context;
    this.wasRead = true;
    const inner = this.inner = new this.opening.OpenView(context, { kind: 'open', id, key: linkKey, exposed: false }, { keepsAddress: true, pressed: true, title: 'answerOne', isListed: (info) => isAnswer(answer, info), gone: () => this.tellsGone(answer) });
    const goBack: Key = answersAsked(this.list!) === 1 ? 'backToRequest' : 'backToAnswers';
    const back = button('quiet', words.say(goBack), () => {
      const lost = inner.unsaved();
      if (lost.length === 0) this.back();
      else askToReplace(words, lost, () => this.back(), { title: 'leaveTitle', yes: goBack });
    });
    fill(this.element, inner.element, this.note !== null && askedFor(context, this.note), el('div', { class: 'actions back' }, back));
  }

  // An answer that is gone was opened elsewhere, as a rule. Then the list says so.
  private async tellsGone({ at, size }: Answer): Promise<boolean> {
    const { context: { api }, target, inner } = this;
    const list = await answersOf(api, target.id, await ownerOf(target.seed)).catch(() => null);
    if (this.disposed || this.inner !== inner) return true;
    const now = list?.answers.find((one) => one.at === at && one.size === size);
    if (now === undefined || answerStatus(now) === null) return false;
    this.back();
    return true;
  }

  private back(): void {
    this.inner?.dispose();
    this.inner = null;
    this.status?.stop();
    void this.look();
  }
}

/** What to say of an answer in place of the button that opens it, or null. */
function stateOf(answer: Answer, link: AnswerLink | BadWrap | null, request: AnswerList['state']): Key | null {
  const state = answerStatus(answer);
  // Who asked burns what is not opened by ending the request, and in no other way.
  if (state === 'answerBurnt' && request !== 'ended') return 'answerTakenBack';
  if (state !== null) return state;
  if (link === 'not for us') return 'answerNotOurs';
  return link === null || link === 'damaged' ? 'answerDamaged' : null;
}
