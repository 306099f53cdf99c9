// SPDX-License-Identifier: MIT
// The languages there are, and which of them a reader gets.

import { de } from './de';
import { en } from './en';
import { es } from './es';
import { fr } from './fr';
import { ru } from './ru';
import { zh } from './zh';
import { Words, type Catalogue } from './words';

export const catalogues: Record<string, Catalogue> = { en, de, fr, es, ru, 'zh-CN': zh };

/** The first of the reader's languages that there is; English if none is. */
export function chooseLanguage(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const [base = ''] = tag.toLowerCase().split('-');
    const found = Object.keys(catalogues).find((known) => known.toLowerCase().split('-')[0] === base);
    if (found !== undefined) return found;
  }
  return 'en';
}

/** Words in the first of the reader's languages; dates and numbers as in that one's region. */
export function wordsFor(wanted: readonly string[]): Words {
  const language = chooseLanguage(wanted);
  const [base = ''] = language.split('-');
  const regional = wanted.find((tag) => tag.toLowerCase().split('-')[0] === base);
  return new Words(regional ?? language, catalogues[language] ?? en);
}
