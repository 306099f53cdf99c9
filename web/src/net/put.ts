// SPDX-License-Identifier: MIT
// PUT that reports its progress, which fetch cannot.

import { abortReason } from '../base/abort';
import { ConnectionError, IntermediaryError } from './errors';

export interface PutRequest {
  url: string;
  headers: Record<string, string>;
  body: Blob;
  /** Milliseconds without a byte, or without a response after the last one, until the connection counts as lost. */
  stall: number;
  signal?: AbortSignal;
  onProgress?: (sent: number) => void;
}

/** The message of the ConnectionError where the browser tells no more. */
export const NO_RESPONSE = 'no response';

/** The statuses that a Response can have, and those with which it has no body. */
const STATUS_MIN = 200;
const STATUS_MAX = 599;
const WITHOUT_BODY = [204, 205, 304];

/**
 * PUT `body` to `url`.
 *
 * @throws ConnectionError if the connection is lost
 * @throws IntermediaryError if it was redirected
 * @throws the signal's reason
 */
export function putWithProgress({ url, headers, body, stall, signal, onProgress }: PutRequest): Promise<Response> {
  const request = new XMLHttpRequest();
  let timer = 0;
  const abort = () => request.abort();
  const moved = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, stall) as unknown as number;
  };
  const settled = new Promise<Response>((resolve, reject) => {
    const lost = (why: string) => reject(signal?.aborted ? abortReason(signal) : new ConnectionError(why));
    request.onabort = () => lost('stalled');
    request.onerror = () => lost(NO_RESPONSE);
    request.onload = () => {
      const { responseURL, status } = request;
      if (responseURL !== url) reject(new IntermediaryError(0));
      else if (status < STATUS_MIN || status > STATUS_MAX) lost(`status ${status}`);
      else resolve(responseOf(request));
    };
    request.onreadystatechange = moved;
    request.upload.onprogress = ({ loaded }) => {
      moved();
      onProgress?.(loaded);
    };
  });
  signal?.addEventListener('abort', abort);
  request.open('PUT', url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(body);
  if (signal?.aborted) abort();
  return settled.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}

function responseOf(request: XMLHttpRequest): Response {
  const { status, responseText } = request;
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return new Response(WITHOUT_BODY.includes(status) ? null : responseText, { status, headers });
}
