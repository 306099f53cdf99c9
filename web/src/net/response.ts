// SPDX-License-Identifier: MIT
// Decides whose a response is. Proxies, gateways and sign-in pages answer too; only what the server
// itself says counts (docs/DESIGN.md, P11).

import { ApiError, ConnectionError, IntermediaryError } from './errors';

export type Json = Record<string, unknown>;

/** What a request expects when it succeeds. `decryption` is JSON, refused by an empty 404. */
export type Expected = 'json' | 'bytes' | 'nothing' | 'decryption';

const MARK = 'Secrets-Answer';
const PROBLEM = 'application/problem+json';
const TYPES = { json: 'application/json', decryption: 'application/json', bytes: 'application/octet-stream' } as const;

/** Whether `response` carries the header that every response of the server has. */
export function isMarked(response: Response): boolean {
  return response.headers.get(MARK) === '1';
}

/**
 * Return if `response` is a success of the server.
 *
 * @param strict whether the server is known to mark its responses
 * @throws ApiError if the server refused
 * @throws IntermediaryError if the response is not the server's
 * @throws ConnectionError if the refusal was cut off
 */
export async function checkResponse(response: Response, expected: Expected, strict: boolean): Promise<void> {
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) throw new IntermediaryError(0);
  if (!response.ok) throw await refusalOf(response, expected, strict);

  if (isMarked(response)) return;
  const fits = expected === 'nothing' ? response.status === 204 && !strict : mediaType(response) === TYPES[expected];
  if (!fits) throw new IntermediaryError(response.status);
}

/**
 * The object that `read` makes of a successful JSON response.
 *
 * @throws SyntaxError if the server sent something else
 * @throws IntermediaryError if something else sent something else
 */
export async function readJson<T>(response: Response, read: (json: Json) => T): Promise<T> {
  const text = await textOf(response);
  try {
    return read(parseObject(text));
  } catch (error) {
    if (isMarked(response) || !(error instanceof SyntaxError)) throw error;
    throw new IntermediaryError(response.status);
  }
}

async function refusalOf(response: Response, expected: Expected, strict: boolean): Promise<ApiError | IntermediaryError> {
  const { status } = response;
  const text = await textOf(response);
  const details = objectIn(text);
  const isProblem = mediaType(response) === PROBLEM && typeof details?.['code'] === 'string';
  // The classic API refuses with an empty 404, which an old server does not mark.
  const isClassic = expected === 'decryption' && !strict && status === 404 && text === '';

  if (!isProblem && !isClassic && !isMarked(response)) return new IntermediaryError(status);
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new ApiError(status, details ?? {}, Number.isNaN(seconds) ? null : seconds, !strict || isMarked(response));
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw new ConnectionError('the response was cut off', { cause: error });
  }
}

function mediaType(response: Response): string {
  const [type = ''] = (response.headers.get('Content-Type') ?? '').split(';');
  return type.trim().toLowerCase();
}

function objectIn(text: string): Json | null {
  try {
    return parseObject(text);
  } catch {
    return null;
  }
}

function parseObject(text: string): Json {
  const json = JSON.parse(text) as unknown;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new SyntaxError('not an object');
  return json as Json;
}
