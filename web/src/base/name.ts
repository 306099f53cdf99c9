// SPDX-License-Identifier: MIT
// Names of received files are hostile until they are made harmless.

const LONGEST = 120;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Characters that show nothing, but for those that belong to names: joiners, which Persian and emoji need, and
 * variation selectors.
 */
const HIDDEN = /(?![\u200c\u200d]|\p{Variation_Selector})[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** The last component of `name`, without what could deceive or harm. It is never empty and no dot file. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).filter((part) => part !== '').at(-1) ?? '';
  let out = last
    .replace(/[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, '_')
    .replace(HIDDEN, '_')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/^[\s.]+/, '')
    .replace(/[\s.]+$/, '');
  if (RESERVED.test(out)) out = `_${out}`;
  const letters = [...out];
  if (letters.length > LONGEST) out = [...letters.slice(0, LONGEST - 16), ...letters.slice(-16)].join('');
  return out === '' ? 'file' : out;
}

/** The path of a file in a zip, with each component made harmless, to be shown. */
export function safePath(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => !/^\.{0,2}$/.test(part));
  return parts.map(safeName).join('/') || safeName('');
}
