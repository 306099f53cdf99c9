// SPDX-License-Identifier: MIT
// PUT with an eye on its progress, which fetch does not tell.

import { ConnectionError } from './retry';

export interface PutRequest {
  url: string;
  headers: Record<string, string>;
  body: Blob;
  /** Milliseconds without a byte, or without the answer behind the last one, until it is lost. */
  stall: number;
  signal?: AbortSignal;
  onProgress?: (sent: number) => void;
}

/** What a Response may hold, and what it may not have a body with. */
const STATUS_MIN = 200;
const STATUS_MAX = 599;
const WITHOUT_BODY = [204, 205, 304];

/**
 * Resolves to the answer; rejects with a ConnectionError if it is lost, with a SyntaxError if it is
 * another server's, or the signal's reason.
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
    const lost = (why: string) => reject(signal?.aborted ? signal.reason as Error : new ConnectionError(why));
    request.onabort = () => lost('it stood still');
    request.onerror = () => lost('no answer');
    request.onload = () => {
      const { responseURL, status } = request;
      if (responseURL !== url) reject(new SyntaxError('sent elsewhere')); // it would be again
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
  const wait = request.getResponseHeader('Retry-After');
  return new Response(WITHOUT_BODY.includes(status) ? null : responseText, { status, headers: wait === null ? {} : { 'Retry-After': wait } });
}
