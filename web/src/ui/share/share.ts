// SPDX-License-Identifier: MIT
// The view to share: what to share, the sentence, one button, then the cards.

import { keepBegun } from '../../storage/begun';
import { failureIn } from '../../worker/engine';
import type { Failure } from '../../model/failure';
import type { Progress, ShareOrder, Shared } from '../../worker/protocol';
import { passingLine, shareMessage } from '../../model/outcome';
import { textFor } from '../../model/brand';
import { emptyChoice, isOfPassphrase, passphraseOf, problemOf, zipNameAt, type ShareChoice } from '../../model/choice';
import type { Key } from '../../text/words';
import { ContentInput } from './content';
import { BusyButton } from '../parts/busy';
import { resultCard } from './card';
import type { Context } from '../context';
import { button, el, fill, untrusted } from '../parts/dom';
import { showLine } from '../parts/problem';
import { EarlierList } from './earlier';
import { isOpenOnly, mayShare, refusalCard, signInAddress, tokenField } from './right';
import { Sentence } from './sentence';
import type { LiveStatus } from './status';

/** Where the form says what went wrong, and asks for a token. */
interface Said {
  problem: HTMLElement;
  token: HTMLElement;
}

export class ShareView {
  readonly element: HTMLElement;
  private readonly context: Context;
  private readonly stage = el('div', { class: 'stage' });
  private readonly cards = el('div', { class: 'cards' });
  /** The lines of the cards. */
  private readonly lines: LiveStatus[] = [];
  private readonly earlier: EarlierList;
  /** The content of the form, while there is one. */
  private choice: ShareChoice | null = null;
  /** Whether a token was given because the right to share without one had ended. */
  private tokenGiven = false;
  /** Ends what is being shared, and burns what the server has of it. */
  private abandon: () => void = () => undefined;

  constructor(context: Context) {
    this.context = context;
    const title = el('h1', { tabindex: -1 }, context.words.say(isOpenOnly(context) ? 'openOnlyTitle' : 'shareTitle'));
    this.earlier = new EarlierList(context, () => title.focus());
    this.element = el('div', { class: 'view' }, title, this.stage, this.cards, this.earlier.element);
    this.showForm(false);
  }

  unsaved(): Key[] {
    const typed = this.choice !== null && (this.choice.text !== '' || this.choice.files.length > 0);
    const made = this.cards.querySelector('.card:not(.over)') !== null;
    return [...(typed ? ['replaceNote'] as const : []), ...(made ? ['replaceCard'] as const : [])];
  }

  dispose(): void {
    this.abandon();
    for (const line of this.lines) line.stop();
    this.earlier.stop();
  }

  private showForm(focus: boolean): void {
    const { context } = this;
    if (!mayShare(context)) {
      this.choice = null;
      fill(this.stage, refusalCard(context, () => this.showForm(true)), this.note());
      return;
    }
    const choice = this.choice = emptyChoice(context.config);
    const problem = el('p', { class: 'problem', role: 'alert' });
    const token = el('div', {});
    const say = (message: string) => { problem.textContent = message; };
    const box = new ContentInput(context, choice, say);
    const sentence = new Sentence(context, choice);
    const submit = () => {
      say('');
      const wrong = problemOf(choice, context.config);
      if (wrong === null) {
        const lock = (locked: boolean) => {
          box.lock(locked);
          sentence.lock(locked);
        };
        void this.send({ ...choice }, lock, go, { problem, token });
        return;
      }
      const { key, size, count = 0 } = wrong;
      say(context.words.say(key, { max: size === undefined ? count : context.words.size(size) }));
      if (isOfPassphrase(wrong)) sentence.askForPassphrase();
      else box.focus();
    };
    const go = new BusyButton(context.words, context.words.say('create'), submit);
    const form = el('form', {
      class: 'form', novalidate: true,
      on: {
        submit: (event) => event.preventDefault(),
        keydown: (event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !go.busy) submit();
        },
      },
    }, box.element, sentence.element, problem, token, go.element);
    if (this.tokenToSend() !== null) this.showToken(token);
    fill(this.stage, form, this.note());
    this.cards.querySelector('.again')?.remove(); // there is a form now, and what is typed into it
    if (focus) box.focus();
  }

  private note(): HTMLElement | null {
    const { brand, words } = this.context;
    const note = brand?.note ?? null;
    return note === null ? null : el('p', { class: 'note brand' }, untrusted(textFor(note, words.language)));
  }

  // Say that an API token is in use.
  private showToken(holder: HTMLElement): void {
    const { words, apiToken } = this.context;
    const forget = button('quiet', words.say('tokenForget'), () => {
      apiToken.forget();
      this.askForToken(holder);
    });
    fill(holder, el('p', { class: 'note' }, words.say('tokenInUse'), ' ', forget));
  }

  // What is in the form stays there.
  private askForToken(holder: HTMLElement): void {
    const { element, focus } = tokenField(this.context, () => {
      this.tokenGiven = true;
      this.showToken(holder);
      this.stage.querySelector<HTMLElement>('.primary')?.focus();
    });
    fill(holder, element);
    focus();
  }

  // `choice` is a copy: the card says what was sent, whatever became of the form meanwhile.
  private async send(choice: ShareChoice, lock: (locked: boolean) => void, go: BusyButton, { problem, token }: Said): Promise<void> {
    const { words, api, config, now } = this.context;
    const apiToken = this.tokenToSend();
    const signal = go.start(words.say('preparing'), true);
    lock(true);
    const files = [...choice.files];
    const stay = (event: Event) => event.preventDefault(); // the browser asks whether to leave
    addEventListener('beforeunload', stay);

    try {
      const shared = await this.transfer({
        text: files.length === 0 ? choice.text : null, files, zipName: zipNameAt(new Date()),
        views: choice.views, ttl: choice.ttl, passphrase: passphraseOf(choice), keyApart: choice.keyApart,
        inlineMax: config.inlineMax, gate: config.features.includes('gate'), apiToken,
      }, go, problem, signal);
      this.context.owned.add({ id: shared.id, token: shared.ownerToken, made: now(), until: shared.expiresAt });
      this.showResult(choice, shared);
    } catch (error) {
      go.stop();
      lock(false);
      const failure = failureIn(error);
      showLine(words, api.base, problem, failure.kind === 'cancelled' ? null : shareMessage(failure, apiToken !== null));
      go.focus();
      if (failure.kind === 'creators-only') {
        if (apiToken !== null) this.context.apiToken.forget(); // it was refused
        this.offerWays(problem, token);
      }
    } finally {
      removeEventListener('beforeunload', stay);
    }
  }

  // The right to share by oneself may have ended since the page was loaded.
  private tokenToSend(): string | null {
    const { config, apiToken } = this.context;
    return config.create.allowed && !this.tokenGiven ? null : apiToken.get();
  }

  // The server does not take it from this visitor: it may from somebody who signs in or has a token.
  private offerWays(problem: HTMLElement, token: HTMLElement): void {
    const { words, config } = this.context;
    const signIn = signInAddress(this.context);
    if (signIn !== null) problem.append(' ', el('a', { href: signIn, target: '_blank', rel: 'noopener' }, words.say('signIn')));
    if (config.create.ways.includes('token')) this.askForToken(token);
  }

  // An upload that is left, or whose worker breaks, is burnt: it would count against the next ones.
  private async transfer(order: ShareOrder, go: BusyButton, problem: HTMLElement, signal: AbortSignal): Promise<Shared> {
    const { api, announce, newEngine, words } = this.context;
    const engine = newEngine();
    let started: { id: string; ownerToken: string } | null = null;
    let end: () => void = () => undefined;
    this.abandon = () => {
      engine.close();
      if (started !== null) api.burnAndLeave(started.id, started.ownerToken);
      started = null;
    };

    // Nothing that is sealed and sent already has to be sent again.
    const block = (failure: Failure) => {
      showLine(words, api.base, problem, passingLine(failure));
      go.block(words.say('tryAgain'), () => {
        showLine(words, api.base, problem, null);
        engine.call('resume', null).catch(() => undefined);
      });
    };
    const onProgress = (progress: Progress) => {
      if (progress.phase === 'created') {
        started = progress;
        end = keepBegun(progress.id, progress.ownerToken);
      }
      if (progress.phase === 'blocked') block(progress.failure);
      const heard = go.progress(progress);
      if (heard !== null) announce(heard);
    };

    addEventListener('pagehide', this.abandon);
    try {
      return await engine.call('share', order, onProgress, signal);
    } catch (error) {
      if (engine.ended) this.abandon(); // a worker that is still there has burnt it
      throw error;
    } finally {
      removeEventListener('pagehide', this.abandon);
      this.abandon = () => undefined;
      engine.close();
      end();
    }
  }

  private showResult(choice: ShareChoice, shared: Shared): void {
    const { words } = this.context;
    this.choice = null;
    const { card, status } = resultCard(this.context, choice, shared);
    this.lines.push(status);
    this.cards.prepend(card);
    this.earlier.exclude(shared.id);
    const again = button('secondary', words.say('shareAnother'), () => this.showForm(true));
    fill(this.stage);
    card.after(el('div', { class: 'actions again' }, again));
    card.querySelector<HTMLElement>('.primary')?.focus();
  }
}
