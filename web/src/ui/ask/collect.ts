// SPDX-License-Identifier: MIT
// The view to read the answers to a request: what was asked for, and each answer, which opens as any secret does.

import { askerOf, ownerOf, unwrapAnswer, type AnswerLink, type Asker, type BadWrap } from '../../crypto/request';
import { buildCollectLink, readAddress, type Target } from '../../model/link';
import { answerStatus, collectMessage, isOver } from '../../model/request';
import { burnMessage } from '../../model/outcome';
import type { Answer, AnswerList } from '../../net/requests';
import { answersOf, endRequest } from '../../net/request-api';
import { retryBriefly } from '../../net/retry';
import type { Asked } from '../../storage/asked';
import { toBase64url, type Bytes } from '../../base/bytes';
import { WAITING, type Key } from '../../text/words';
import { clearAddress } from '../address';
import type { Context } from '../context';
import { OpenView } from '../open/open';
import { confirmButton } from '../parts/confirm';
import { copyButton } from '../parts/copy';
import { button, el, fill, type Child } from '../parts/dom';
import { endCard } from '../parts/end';
import { lineContent } from '../parts/problem';
import { askToReplace } from '../parts/replace';
import { keepBox } from './card';
import { quotedNote, requestFailure, revealDescription } from './description';
import { RequestStatus } from './status';

type CollectTarget = Extract<Target, { kind: 'collect' }>;

export class CollectView {
  readonly element = el('div', { class: 'view' });
  private readonly context: Context;
  private readonly target: CollectTarget;
  private readonly rows = el('ul', {});
  private status: RequestStatus | null = null;
  /** The note of the request, as far as known. */
  private note: string | null = null;
  /** The list as it was drawn last. */
  private list: AnswerList | null = null;
  private drawn = '';
  /** The answer that is open. */
  private inner: OpenView | null = null;
  /** Whether the address bar has the private link, whether it was copied, and whether this browser keeps it. */
  private readonly addressed = readAddress(location.href).kind === 'collect';
  private copied = false;
  private isKept: () => boolean = () => false;
  private disposed = false;

  constructor(context: Context, target: CollectTarget) {
    this.context = context;
    this.target = target;
    if (target.exposed) void this.endExposed();
    else void this.look();
  }

  dispose(): void {
    this.disposed = true;
    this.status?.stop();
    this.inner?.dispose();
  }

  unsaved(): Key[] {
    const isHereAlone = !this.addressed && !this.copied && !this.isKept() && this.list !== null && !isOver(this.list);
    return [...(this.inner?.unsaved() ?? []), ...(isHereAlone ? ['replaceAsked'] as const : [])];
  }

  suspend(): boolean {
    return this.inner?.suspend() ?? false;
  }

  continues(next: { kind: string; id?: string }): boolean {
    return next.kind === 'collect' && next.id === this.target.id && this.unsaved().length > 0;
  }

  // A server that has the private link could read the answers. So it gets no more of them.
  private async endExposed(): Promise<void> {
    const { words, api } = this.context;
    fill(this.element, el('p', { class: 'note', role: 'status' }, words.say('openLooking')));
    let problem: Child[] = [];
    try {
      const owner = await ownerOf(this.target.seed);
      await retryBriefly(() => endRequest(api, this.target.id, owner));
    } catch (error) {
      const failure = requestFailure(error);
      if (failure.kind !== 'gone') problem = lineContent(words, api.base, burnMessage(failure));
    }

    if (this.disposed) return;
    if (problem.length === 0) {
      clearAddress();
      fill(this.element, endCard(this.context, 'exposedTitle', 'exposedCollect'));
      return;
    }
    const again = button('primary', words.say('tryAgain'), () => void this.endExposed());
    fill(this.element, el('h1', {}, words.say('exposedTitle')), el('article', { class: 'card' },
      el('p', {}, words.say('exposedNotEnded')), el('p', { class: 'problem', role: 'alert' }, ...problem), el('div', { class: 'actions' }, again)));
    again.focus();
  }

  private async look(): Promise<void> {
    const { context, target } = this;
    const { words, api } = context;
    const note = el('p', { class: 'note', role: 'status' }, words.say('openLooking'));
    fill(this.element, el('h1', {}, words.say('collectTitle')), note);
    try {
      const asker = await askerOf(target.seed);
      const list = await retryBriefly(() => answersOf(api, target.id, asker.owner), (why) => { note.textContent = words.say(WAITING[why]); });
      if (this.disposed) return;
      if (list.sealed !== null) ({ note: this.note } = await revealDescription(context, list.sealed, target.key));
      if (this.disposed) return;
      this.list = list;
      await this.drawRows(list, asker);
      if (this.disposed) return;
      this.showList(asker);
    } catch (error) {
      if (this.disposed) return;
      this.showLookFailure(error);
    }
  }

  private showLookFailure(error: unknown): void {
    const { words, api } = this.context;
    const message = collectMessage(requestFailure(error));
    if (message.kind === 'end') {
      if (message.text === 'answersGone') clearAddress();
      fill(this.element, endCard(this.context, message.title, message.text));
      return;
    }
    const again = button('primary', words.say('tryAgain'), () => void this.look());
    fill(this.element, el('h1', {}, words.say('collectTitle')), el('article', { class: 'card' },
      el('p', { role: 'alert', class: 'problem' }, ...lineContent(words, api.base, message)), el('div', { class: 'actions' }, again)));
    again.focus();
  }

  private showList(asker: Asker): void {
    const { context, note, target } = this;
    const { words, announce, page, now, config } = context;
    const ends = this.list!.expiresAt;
    const asked: Asked = { id: target.id, seed: target.seed, key: target.key, made: now(), until: ends + config.ttlDefault, ends };
    const status = this.status = new RequestStatus(context, asked, 'card', {
      onList: (list) => { if (this.inner === null) void this.drawRows(list, asker); },
      onFinal: () => {
        const here = tools.contains(document.activeElement) || this.rows.contains(document.activeElement);
        for (const one of [tools, ...this.rows.querySelectorAll('button')]) one.remove(); // nothing is left to open
        if (here) title.focus();
      },
    });
    const title = el('h1', { tabindex: -1 }, words.say('collectTitle'));
    const copy = copyButton(words, 'secondary', words.say('copyPrivate'), () => buildCollectLink(page, asked), announce, () => { this.copied = true; });
    const keep = keepBox(context, asked, () => undefined);
    this.isKept = keep.isKept;
    const end = confirmButton(words, words.say('endRequest'), words.say('endSure'), words.say('endYes'), () => status.end());
    const tools = el('div', {}, keep.element, el('div', { class: 'actions' }, copy, end));
    fill(this.element, title, el('article', { class: 'card' },
      note !== null && note.trim() !== '' && el('p', {}, words.say('collectNote')), note !== null && note.trim() !== '' && quotedNote(note),
      el('div', { class: 'answers' }, this.rows), status.element, tools));
    title.focus();
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
      return this.row(answer, link);
    });
    const focused = [...this.rows.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
    fill(this.rows, ...rows);
    if (focused >= 0) this.rows.querySelectorAll('button')[focused]?.focus();
  }

  private row(answer: Answer, link: AnswerLink | BadWrap | null): HTMLElement {
    const { words, now } = this.context;
    const at = words.say('answerAt', { when: words.when(answer.at, now()) });
    const state = stateOf(answer, link);
    const open = state === null && button('secondary', words.say('open'), () => this.open(link as AnswerLink), { 'aria-label': `${words.say('open')}: ${at}` });
    return el('li', {}, el('div', {}, el('p', {}, at), state !== null && el('p', { class: 'note' }, words.say(state))), open);
  }

  private open({ id, linkKey }: AnswerLink): void {
    const { context } = this;
    const { words } = context;
    const inner = this.inner = new OpenView(context, { kind: 'open', id, key: linkKey, exposed: false }, { keepsAddress: true });
    const back = button('quiet', words.say('backToAnswers'), () => {
      const lost = inner.unsaved();
      if (lost.length === 0) this.back();
      else askToReplace(words, lost, () => this.back(), { title: 'leaveTitle', yes: 'backToAnswers' });
    });
    fill(this.element, inner.element, el('div', { class: 'actions' }, back));
  }

  private back(): void {
    this.inner?.dispose();
    this.inner = null;
    this.status?.stop();
    void this.look();
  }
}

/** What to say of an answer in place of the button that opens it, or null. */
function stateOf(answer: Answer, link: AnswerLink | BadWrap | null): Key | null {
  const state = answerStatus(answer);
  if (state !== null) return state;
  if (link === 'not for us') return 'answerNotOurs';
  return link === null || link === 'damaged' ? 'answerDamaged' : null;
}
