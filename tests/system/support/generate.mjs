// SPDX-License-Identifier: MIT
// Values made from the schemas of docs/openapi.yaml for fast-check: those that fit, and those that
// do not.

import fc from 'fast-check';

import { resolve } from './api.mjs';

/** Values that fit ${schema}; ${known} gives arbitraries for properties that a schema cannot tell. */
export function fitting(schema, known = {}) {
  const s = resolve(schema);
  if (s.const !== undefined) return fc.constant(s.const);
  if (s.enum !== undefined) return fc.constantFrom(...s.enum);
  if (s.oneOf !== undefined) return fc.oneof(...s.oneOf.map((one) => fitting(one, known)));
  switch (s.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: s.minimum ?? 0, max: s.maximum ?? (s.minimum ?? 0) + 100_000 });
    case 'string':
      if (s.pattern !== undefined) return fc.stringMatching(new RegExp(s.pattern));
      return fc.string({ minLength: s.minLength ?? 0, maxLength: s.maxLength ?? 200, unit: 'grapheme' });
    case 'object': {
      const properties = Object.fromEntries(Object.entries(s.properties).map(([name, value]) => [name, known[name] ?? fitting(value, known)]));
      return fc.record(properties, { requiredKeys: s.required ?? [] });
    }
    default:
      throw new Error(`no values for ${JSON.stringify(s)}`);
  }
}

/** Any JSON value, the awkward ones more often. */
const awkward = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e300, '', '1', '\u0000', [], {}, [[]]),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Request bodies, as bytes, that come from a fitting one by some damage. */
export function broken(schema, known = {}) {
  const s = resolve(schema);
  const names = Object.keys(s.properties);
  const text = (value) => Buffer.from(JSON.stringify(value));
  const whole = fitting(s, known);
  return fc.oneof(
    fc.tuple(whole, fc.constantFrom(...names), awkward).map(([value, name, bad]) => text({ ...value, [name]: bad })),
    fc.tuple(whole, fc.constantFrom(...names)).map(([value, name]) => text(Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)))),
    fc.tuple(whole, fc.string({ maxLength: 40 }), awkward).map(([value, name, bad]) => text({ ...value, [name]: bad })),
    // A key that is there twice.
    fc.tuple(whole, fc.constantFrom(...names), awkward).map(([value, name, bad]) => Buffer.from(`${JSON.stringify(value).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(bad)}}`)),
    // Truncated, or one byte changed.
    fc.tuple(whole, fc.nat()).map(([value, at]) => text(value).subarray(0, at % text(value).length)),
    fc.tuple(whole, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const bytes = text(value);
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
    fc.tuple(fc.nat(400), fc.constantFrom('[', '{"a":', '"')).map(([n, piece]) => Buffer.from(piece.repeat(n))),
    awkward.map(text),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
}
