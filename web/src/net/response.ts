// SPDX-License-Identifier: MIT
// Decides whose a response is. Proxies, gateways and sign-in pages answer too; only what the server
// itself says counts (docs/DESIGN.md, P11).

import { ApiError, ConnectionError, IntermediaryError } from './errors';

export type Json = Record<string, unknown>;

/** What a request expects when it succeeds. `decryption` is JSON, refused by an empty 404. */
export type Expected = 'json' | 'bytes' | 'nothing' | 'decryption';

const MARK = 'Secrets-Answer';
const PROBLEM = 'application/problem+json';
/** The codes of problem documents (docs/API.md). */
const CODES = new Set(`malformed unauthorized creators_only wrong_key wrong_proof foreign_page not_found method_not_allowed
  conflict incomplete uploading lease_ended too_large too_large_here target_too_long unsupported_media_type
  unsupported_encoding wrong_host invalid_field too_many_requests too_many_uploads head_too_large internal busy
  unavailable unknown_outcome unsupported_version full`.split(/\s+/));
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
  // An old server marks nothing, and its classic API refuses with an empty 404.
  const isClassic = expected === 'decryption' && status === 404 && text === '';
  const isOld = !strict && (isClassic || (mediaType(response) === PROBLEM && isOurProblem(details)));

  if (!isOld && !isMarked(response)) return new IntermediaryError(status);
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new ApiError(status, details ?? {}, Number.isNaN(seconds) ? null : seconds);
}

/** Whether a problem document has the form of this service's: a code of ours, and no type of its own. */
function isOurProblem(details: Json | null): boolean {
  const { code, type = 'about:blank' } = details ?? {};
  return typeof code === 'string' && CODES.has(code) && type === 'about:blank';
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
