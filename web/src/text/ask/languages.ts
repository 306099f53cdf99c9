// SPDX-License-Identifier: MIT
// The texts of the views of requests, in the languages of the page. English comes with these views.

import { chooseLanguage } from '../languages';
import type { AskCatalogue, Words } from '../words';
import { askEn } from './ask-en';

export const askCatalogues: Record<string, () => Promise<AskCatalogue>> = {
  en: async () => askEn,
  de: async () => (await import('./ask-de')).askDe,
  es: async () => (await import('./ask-es')).askEs,
  fr: async () => (await import('./ask-fr')).askFr,
  ru: async () => (await import('./ask-ru')).askRu,
  'zh-CN': async () => (await import('./ask-zh')).askZh,
};

/** Have `words` know the texts of these views. They are English if the file of the language does not come. */
export async function learnAsk(words: Words): Promise<void> {
  words.learn(await askCatalogues[chooseLanguage([words.language])]!().catch(() => askEn));
}
