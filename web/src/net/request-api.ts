// SPDX-License-Identifier: MIT
// The API of requests for a secret, for the page of the asker and of the answerer. They fail as those of Api do.

import { toBase64url, utf8, type Bytes } from '../base/bytes';
import type { Api } from './api';
import { readAnswers, readAsked, readRequest, type AnswerList, type RequestInfo, type Sealed } from './requests';

/** What a request is created from. */
export interface NewRequest extends Sealed {
  /** The token that owns it. The server gets its hash. */
  owner: string;
  gateVerifier: Bytes;
  answers: number;
  ttl: number;
}

/** Ask for a secret, with an API token as for a create. */
export async function askFor(api: Api, request: NewRequest, apiToken: string | null, signal?: AbortSignal): Promise<{ id: string; expiresAt: number }> {
  const { owner, header, description, gateVerifier, answers, ttl } = request;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(owner)));
  const json = {
    owner: toBase64url(hash), header: toBase64url(header), description: toBase64url(description),
    gate_verifier: toBase64url(gateVerifier), answers, ttl,
  };
  return api.json('api/v1/requests', { method: 'POST', json, token: apiToken ?? undefined, signal }, readAsked);
}

export function requestInfo(api: Api, id: string): Promise<RequestInfo> {
  return api.json(`api/v1/requests/${id}`, {}, readRequest);
}

/** The answers that are whole. */
export function answersOf(api: Api, id: string, token: string): Promise<AnswerList> {
  return api.json(`api/v1/requests/${id}/answers`, { token }, readAnswers);
}

/** Nobody can answer any more, and what the asker has not opened is burnt. */
export async function endRequest(api: Api, id: string, token: string): Promise<void> {
  await api.call(`api/v1/requests/${id}`, { method: 'DELETE', token });
}
