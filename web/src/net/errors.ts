// SPDX-License-Identifier: MIT
// How a request can fail.

/** The server could not be reached, or its response was cut off. */
export class ConnectionError extends Error {}

/** The request may have been carried out, but its response did not arrive. */
export class LostError extends Error {}

/** The server itself refused. */
export class ApiError extends Error {
  readonly status: number;
  /** The stable code of the problem document, or empty. */
  readonly code: string;
  /** Seconds the server asked to wait, or null. */
  readonly retryAfter: number | null;
  readonly details: Record<string, unknown>;
  /** Whether it surely is the server's. A proxy can answer in its form, but without its mark. */
  readonly marked: boolean;

  constructor(status: number, details: Record<string, unknown>, retryAfter: number | null, marked = true) {
    const code = typeof details['code'] === 'string' ? details['code'] : '';
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.details = details;
    this.marked = marked;
  }
}

/**
 * Something before the server answered in its place: a proxy, a gateway, a firewall, a sign-in page.
 * It says nothing about the secret.
 */
export class IntermediaryError extends Error {
  /** The status it sent; 0 for a redirect, whose status browsers hide. */
  readonly status: number;

  constructor(status: number) {
    super(`not the server: ${status}`);
    this.status = status;
  }

  /** Whether it sent us elsewhere, most likely to sign in. */
  get isRedirect(): boolean {
    return this.status === 0;
  }

  /** Whether it may let the same request through a little later. */
  get isTransient(): boolean {
    const { status } = this;
    return status === 404 || [408, 425, 429].includes(status) || status >= 500 || (status >= 200 && status < 300);
  }
}
