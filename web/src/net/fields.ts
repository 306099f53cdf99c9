// SPDX-License-Identifier: MIT
// The members of responses. Each function throws a SyntaxError that names a member that is not as it should be.

export type Json = Record<string, unknown>;

/** The largest time that a Date can hold, in seconds. */
export const TIME_MAX = 8.64e12;

export function within(json: Json, name: string, min: number, max: number): number {
  const value = integer(json, name);
  if (value < min || value > max) throw new SyntaxError(name);
  return value;
}

export function string(json: Json, name: string): string {
  const value = json[name];
  if (typeof value !== 'string') throw new SyntaxError(name);
  return value;
}

export function shaped(json: Json, name: string, shape: RegExp): string {
  const value = string(json, name);
  if (!shape.test(value)) throw new SyntaxError(name);
  return value;
}

export function time(json: Json, name: string): number {
  return within(json, name, 0, TIME_MAX);
}

function integer(json: Json, name: string): number {
  const value = json[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new SyntaxError(name);
  return value;
}
