// SPDX-License-Identifier: MIT
// JSON that other programs sealed: one object, no key twice.

/** The object in `bytes` of UTF-8; throws if it is anything else, or has a key twice. */
export function readObject(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('not an object');
  refuseDuplicates(text);
  return value as Record<string, unknown>;
}

// JSON.parse lets the last of two equal keys win; here they are looked for, in any spelling.
function refuseDuplicates(text: string): void {
  const seen = new Set<string>();
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs)) {
    const [token] = match;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (match[1] !== undefined && depth === 1) {
      const key = JSON.parse(token.slice(0, token.length - match[1].length)) as string;
      if (seen.has(key)) throw new SyntaxError('a key twice');
      seen.add(key);
    }
  }
}
