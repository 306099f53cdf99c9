// SPDX-License-Identifier: MIT
// Requests for a secret: the choices of the form, what became of one, and what the page says when something failed.

import type { Config, Info } from '../net/messages';
import type { Answer, AnswerList } from '../net/requests';
import type { Key } from '../text/words';
import type { Failure } from './failure';
import { passingLine, shareMessage, unlessUnmarked, type Message } from './outcome';
import type { StatusLine } from './status';

const DAY = 86_400;

/** What is asked for. */
export interface AskChoice {
  note: string;
  answers: number;
  ttl: number;
}

export function emptyAsk({ ttlMax }: Config): AskChoice {
  return { note: '', answers: 1, ttl: Math.min(DAY, ttlMax) };
}

/** The line for the list of a request. */
export function requestStatus({ state, answers, expiresAt }: AnswerList): StatusLine {
  const n = answers.length;
  const at = answers.at(-1)?.at;
  switch (state) {
    case 'ended': return { key: 'statusEnded', final: true };
    case 'removed': return { key: 'statusTakenDown', final: true };
    case 'expired': if (n === 0) return { key: 'statusUnanswered', at: expiresAt, final: true };
  }
  if (n === 0) return { key: 'statusNoAnswer', final: false };
  if (n === 1 && answers[0]!.state === 'burnt') return { key: 'statusTakenBack', final: false };
  return { key: 'statusAnswers', n, at, final: false, also: n === 1 ? becameOfOne(answers[0]!) : becameOfMany(answers) };
}

function becameOfOne(answer: Answer): { key: Key }[] {
  const key = answerStatus(answer);
  return key === null ? [] : [{ key }];
}

function becameOfMany(answers: readonly Answer[]): { key: Key; n: number }[] {
  const takenBack = answers.filter(({ state }) => state === 'burnt').length;
  return [{ key: 'statusUnread', n: waitingAnswers(answers) }, ...(takenBack > 0 ? [{ key: 'statusTakenBackCount', n: takenBack } as const] : [])];
}

/** How many answers were asked for, as far as the list tells. */
export function answersAsked({ answers, answersLeft }: AnswerList): number {
  return answers.length + answersLeft;
}

/** What became of an answer, or null while it waits to be opened. */
export function answerStatus({ state, wrap }: Answer): Key | null {
  switch (state) {
    case 'waiting': case 'uploading': return wrap === null ? 'answerGone' : null;
    case 'opened': case 'used_up': return 'answerOpened';
    case 'burnt': return 'answerBurnt';
    case 'expired': return 'answerExpired';
    default: return 'answerGone';
  }
}

/** Whether a secret with `info` is the answer that was listed: of its size, with one opening, and nothing but its key opens it. */
export function isAnswer({ size }: Answer, info: Info): boolean {
  return info.size === size && info.viewsLeft <= 1 && !info.passphrase && !info.wrap && !info.gate && info.attemptsLeft === null;
}

/** Whether an answer in `state` was opened. */
export function isOpened(state: Answer['state']): boolean {
  return state === 'opened' || state === 'used_up';
}

/** How many answers wait to be opened. */
export function waitingAnswers(answers: readonly Answer[]): number {
  return answers.filter((answer) => answerStatus(answer) === null).length;
}

/** Whether there is nothing left to read, nor to come. */
export function isOver({ state, answers }: AnswerList): boolean {
  return state !== 'open' && waitingAnswers(answers) === 0;
}

/** A failure to look at a request, or to answer it. */
export function answerMessage(failure: Failure): Message {
  switch (failure.kind) {
    case 'gone': return end(failure, 'requestGoneTitle', 'requestGone');
    case 'answered': return end(failure, 'requestGoneTitle', 'requestFull');
    case 'forged': case 'damaged': case 'wrong-key': return end(failure, 'forgedTitle', 'forged');
    default: return { kind: 'line', attemptsLeft: null, ...shareMessage(failure, false) };
  }
}

/** A failure to look at the answers. */
export function collectMessage(failure: Failure): Message {
  if (failure.kind === 'gone') return end(failure, 'requestGoneTitle', 'answersGone');
  if (failure.kind === 'forged' || failure.kind === 'damaged') return end(failure, 'forgedTitle', 'forgedAnswers');
  return { kind: 'line', attemptsLeft: null, ...(passingLine(failure) ?? { text: 'unexpected' }) };
}

function end(failure: Failure, title: Key, text: Key): Message {
  return unlessUnmarked(failure, { kind: 'end', title, text, again: false });
}
