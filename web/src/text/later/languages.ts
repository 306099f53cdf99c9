// SPDX-License-Identifier: MIT
// The texts that come after the first view, in the languages of the page.

import { chooseLanguage } from '../languages';
import type { LaterCatalogue, Words } from '../words';

export const laterCatalogues: Record<string, () => Promise<LaterCatalogue>> = {
  en: async () => (await import('./later-en')).laterEn,
  de: async () => (await import('./later-de')).laterDe,
  es: async () => (await import('./later-es')).laterEs,
  fr: async () => (await import('./later-fr')).laterFr,
  ru: async () => (await import('./later-ru')).laterRu,
  'zh-CN': async () => (await import('./later-zh')).laterZh,
};

/** Begin to load the texts for a reader of `wanted`. What fails is said when they are needed. */
export function expectLater(wanted: readonly string[]): void {
  laterCatalogues[chooseLanguage(wanted)]!().catch(() => undefined);
}

/** Have `words` know these texts. They are English if the file of the language does not come; rejects if neither does. */
export async function learnLater(words: Words): Promise<void> {
  words.learn(await laterCatalogues[chooseLanguage([words.language])]!().catch(laterCatalogues['en']!));
}
