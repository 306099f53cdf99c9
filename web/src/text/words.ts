// SPDX-License-Identifier: MIT
// Words in the reader's language: messages, plurals, dates, durations, sizes.

import type { askEn } from './ask/ask-en';
import type { en } from './en';
import type { laterEn } from './later/later-en';

/** One form for each plural rule; `=1` goes before the rules. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule | '=1', string>>;

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Plural };

/** The texts that come with the page. */
export type Catalogue = Texts<typeof en>;
/** The texts that come after the first view. */
export type LaterCatalogue = Texts<typeof laterEn>;
/** The texts that come with the views of requests. */
export type AskCatalogue = Texts<typeof askEn>;
export type Key = keyof Catalogue | keyof LaterCatalogue | keyof AskCatalogue;
export type Params = Record<string, string | number>;

/** What is said while the next try is waited for. */
export const WAITING = { offline: 'waitingForNetwork', busy: 'waitingForServer', between: 'waitingBetween', uploads: 'waitingForUploads' } as const;

/** A message taken apart where its {slots} are. */
export type Segment = { text: string } | { slot: string };

const UNITS: [Intl.RelativeTimeFormatUnit & ('day' | 'hour' | 'minute' | 'second'), number][] =
  [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

export class Words {
  readonly language: string;
  private readonly catalogue: Partial<Record<Key, string | Plural>>;
  private readonly plural: Intl.PluralRules;
  private readonly hour: 'numeric' | '2-digit';

  constructor(language: string, catalogue: Catalogue) {
    this.language = language;
    this.catalogue = { ...catalogue };
    this.plural = new Intl.PluralRules(language);
    const { hour12 } = new Intl.DateTimeFormat(language, { hour: 'numeric' }).resolvedOptions();
    this.hour = hour12 === true ? 'numeric' : '2-digit'; // 4:29 alone could be either half of the day
  }

  /** Know the texts of `more` from now on. */
  learn(more: LaterCatalogue | AskCatalogue): void {
    Object.assign(this.catalogue, more);
  }

  /** The message `key`, its slots filled; `n` chooses the plural form. */
  say(key: Key, params: Params = {}): string {
    return this.segments(key, params).map((s) => ('text' in s ? s.text : this.fill(s.slot, params))).join('');
  }

  segments(key: Key, params: Params = {}): Segment[] {
    return this.form(key, params['n'])
      .split(/(\{\w+\})/)
      .filter((part) => part !== '')
      .map((part) => (/^\{\w+\}$/.test(part) ? { slot: part.slice(1, -1) } : { text: part }));
  }

  /** A whole number of the largest unit that fits. */
  duration(seconds: number): string {
    const [unit, length] = UNITS.find(([, l]) => seconds >= l && seconds % l === 0) ?? ['second', 1];
    return this.number(seconds / length, { style: 'unit', unit, unitDisplay: 'long' });
  }

  /** "Friday 27 November, 14:05", from unix seconds. */
  date(at: number, more: Intl.DateTimeFormatOptions = {}): string {
    const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long', hour: this.hour, minute: '2-digit', ...more };
    return new Intl.DateTimeFormat(this.language, options).format(at * 1000);
  }

  /** The same for somebody who may be elsewhere: "Friday 27 November, 14:05 CET". */
  dateInZone(at: number): string {
    return this.date(at, { timeZoneName: 'short' });
  }

  /** "today at 14:05", or "on Friday 27 November, 14:05". */
  when(at: number, now: number): string {
    const then = new Date(at * 1000);
    const same = then.toDateString() === new Date(now * 1000).toDateString();
    if (!same) return this.say('onDate', { date: this.date(at) });
    const time = new Intl.DateTimeFormat(this.language, { hour: this.hour, minute: '2-digit' }).format(at * 1000);
    return this.say('today', { time, n: then.getHours() }); // in some languages one o'clock is singular
  }

  size(bytes: number): string {
    const power = Math.min(SIZES.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
    const value = bytes / 1000 ** power;
    const maximumFractionDigits = power > 0 && value < 10 ? 1 : 0;
    const unitDisplay = power === 0 ? 'long' : 'short';
    return this.number(value, { style: 'unit', unit: SIZES[power]!, unitDisplay, maximumFractionDigits });
  }

  percent(share: number): string {
    return this.number(share, { style: 'percent', maximumFractionDigits: 0 });
  }

  number(value: number, options: Intl.NumberFormatOptions = {}): string {
    return new Intl.NumberFormat(this.language, options).format(value);
  }

  /** Sentences one after another. */
  joined(...sentences: string[]): string {
    return sentences.join(this.language.startsWith('zh') ? '' : ' ');
  }

  /** `text` as a sentence begins. */
  capital(text: string): string {
    const [first = '', ...rest] = text;
    return first.toLocaleUpperCase(this.language) + rest.join('');
  }

  private fill(slot: string, params: Params): string {
    const value = params[slot];
    return typeof value === 'number' ? this.number(value) : value ?? '';
  }

  private form(key: Key, n: string | number | undefined): string {
    const message = this.catalogue[key]!;
    if (typeof message === 'string') return message;
    if (typeof n !== 'number') return message.other;
    return (n === 1 ? message['=1'] : undefined) ?? message[this.plural.select(n)] ?? message.other;
  }
}
