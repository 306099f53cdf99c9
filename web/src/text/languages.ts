// SPDX-License-Identifier: MIT
// The languages there are, and which of them a reader gets. English comes with the page. Each of the
// others is a file of its own, so that nobody loads what they do not read.

import { en } from './en';
import { Words, type Catalogue } from './words';

export const catalogues: Record<string, () => Promise<Catalogue>> = {
  en: async () => en,
  de: async () => (await import('./de')).de,
  es: async () => (await import('./es')).es,
  fr: async () => (await import('./fr')).fr,
  ru: async () => (await import('./ru')).ru,
  'zh-CN': async () => (await import('./zh')).zh,
};

/** The first of the reader's languages that there is; English if none is. */
export function chooseLanguage(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const [base = ''] = tag.toLowerCase().split('-');
    const found = Object.keys(catalogues).find((known) => known.toLowerCase().split('-')[0] === base);
    if (found !== undefined) return found;
  }
  return 'en';
}

/**
 * Words in the first of the reader's languages; dates and numbers as in that one's region. They are
 * English if the file of that language does not come.
 */
export async function wordsFor(wanted: readonly string[]): Promise<Words> {
  const language = chooseLanguage(wanted);
  const catalogue = await catalogues[language]!().catch(() => null);
  if (catalogue === null) return new Words('en', en);

  const [base = ''] = language.split('-');
  const regional = wanted.find((tag) => tag.toLowerCase().split('-')[0] === base);
  return new Words(regional ?? language, catalogue);
}
