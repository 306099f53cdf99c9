// SPDX-License-Identifier: MIT
// The API token of a person who may share with one: kept for this tab, or in this browser if they
// asked for that, and for the server that it was given for alone.

const NAME = 'ephemeral-secrets-token';
const SHAPE = /^[\x21-\x7e]{16,256}$/;

/** The API token in what somebody pasted, or null if it is none. */
export function readToken(pasted: string): string | null {
  const token = pasted.trim();
  return SHAPE.test(token) ? token : null;
}

/** Storage that may be off or full: then there is none. */
type Place = () => Storage;

const PLACES: readonly Place[] = [() => sessionStorage, () => localStorage];

export class ApiToken {
  private readonly server: string;
  private memory: string | null = null;

  /** `server` is the address of the server that gets it. */
  constructor(server: string) {
    this.server = server;
  }

  get(): string | null {
    for (const place of PLACES) this.memory ??= this.readFrom(place);
    return this.memory;
  }

  /** Keep `token` for this tab, or with `stays` in this browser. */
  set(token: string, stays: boolean): void {
    this.forget();
    this.memory = token;
    const place = stays ? PLACES[1]! : PLACES[0]!;
    try {
      place().setItem(NAME, JSON.stringify({ server: this.server, token }));
    } catch {
      // This page remembers.
    }
  }

  forget(): void {
    this.memory = null;
    for (const place of PLACES) {
      try {
        place().removeItem(NAME);
      } catch {
        // Nothing is kept there.
      }
    }
  }

  private readFrom(place: Place): string | null {
    try {
      const { server, token } = JSON.parse(place().getItem(NAME) ?? '{}') as Record<string, unknown>;
      return server === this.server && typeof token === 'string' ? readToken(token) : null;
    } catch {
      return null;
    }
  }
}
