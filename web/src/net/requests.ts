// SPDX-License-Identifier: MIT
// The responses about requests for a secret (docs/openapi.yaml), checked when they arrive.

import { fromBase64url, type Bytes } from '../base/bytes';
import { shaped, string, time, within, type Json } from './fields';
import { ENVELOPE_MIN, ID, readState, SIZE_MAX, TTL_MAX, TTL_MIN, type ReceiptState } from './messages';

export const ANSWERS_MAX = 100;

/** A sealed description, and the header that its envelope begins with. */
export interface Sealed {
  header: Bytes;
  description: Bytes;
}

/** What an answerer gets. */
export interface RequestInfo extends Sealed {
  answersLeft: number;
  expiresAt: number;
  /** Seconds that an answer lives. */
  answerTtl: number;
  /** Bytes of content that an answer may have. */
  answerSize: number;
}

export type RequestState = 'open' | 'full' | 'ended' | 'expired' | 'removed';

/** An answer that is whole. */
export interface Answer {
  at: number;
  /** Bytes of its envelope. */
  size: number;
  state: ReceiptState;
  /** Null once its content is erased. */
  wrap: Bytes | null;
}

/** What the asker gets. */
export interface AnswerList {
  state: RequestState;
  expiresAt: number;
  /** How many more answers can come. */
  answersLeft: number;
  /** Null once the request is ended. */
  sealed: Sealed | null;
  answers: Answer[];
}

const STATES: readonly string[] = ['open', 'full', 'ended', 'expired', 'removed'];

export function readAsked(json: Json): { id: string; expiresAt: number } {
  return { id: shaped(json, 'id', ID), expiresAt: time(json, 'expires_at') };
}

export function readRequest(json: Json): RequestInfo {
  return {
    ...readSealed(json),
    answersLeft: within(json, 'answers_left', 0, ANSWERS_MAX),
    expiresAt: time(json, 'expires_at'),
    answerTtl: within(json, 'answer_ttl', TTL_MIN, TTL_MAX),
    answerSize: within(json, 'answer_size', 1, SIZE_MAX),
  };
}

export function readAnswers(json: Json): AnswerList {
  const { state, answers, description } = json;
  if (typeof state !== 'string' || !STATES.includes(state)) throw new SyntaxError('state');
  if (!Array.isArray(answers) || answers.length > ANSWERS_MAX) throw new SyntaxError('answers');
  return {
    state: state as RequestState,
    expiresAt: time(json, 'expires_at'),
    answersLeft: within(json, 'answers_left', 0, ANSWERS_MAX),
    sealed: description === undefined ? null : readSealed(json),
    answers: answers.map((one) => readAnswer((one ?? {}) as Json)),
  };
}

function readSealed(json: Json): Sealed {
  const description = fromBase64url(string(json, 'description'));
  if (description.length < ENVELOPE_MIN) throw new SyntaxError('description');
  return { header: fromBase64url(string(json, 'header')), description };
}

function readAnswer(json: Json): Answer {
  const { wrap } = json;
  return { at: time(json, 'at'), size: within(json, 'size', ENVELOPE_MIN, SIZE_MAX), state: readState(json), wrap: typeof wrap === 'string' ? fromBase64url(wrap) : null };
}
