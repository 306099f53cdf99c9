// SPDX-License-Identifier: MIT
// The brand of an operator: text, colours and an image. It is data, of which the page shows only
// what is named here. secretsd checks it by the same rules (src/api/brand).

/** A text by language; `''` is for all others. */
export type ByLanguage = ReadonlyMap<string, string>;

/** The accent in each theme, as `#rrggbb`. */
export interface Accent {
  light: string;
  dark: string;
}

export interface Brand {
  name: string;
  accent: Accent | null;
  /** Address of the image, of the page's own origin; null for none. */
  logo: string | null;
  note: ByLanguage | null;
  links: { href: string; text: ByLanguage }[];
  /** Mail address for reports, or null. */
  report: string | null;
  /** Address to sign in, or null. */
  signIn: string | null;
}

const NAME_MAX = 60;
const NOTE_MAX = 300;
const LINK_TEXT_MAX = 40;
const LINKS_MAX = 5;
const ADDRESS_MAX = 1024;

/** What the accent is seen on, by theme: --paper and --card of page.css. */
export const GROUNDS = { light: ['#f6f7f8', '#ffffff'], dark: ['#11161a', '#192026'] } as const;
/** How much of the accent is in the ground of what is chosen. */
const TINT = 0.1;
const CONTRAST_MIN = 4.5;

type Json = Record<string, unknown>;

/**
 * The brand in `json`, whose addresses are relative to `base`. A logo of another origin than that of
 * `page` is left out, because the page loads no images from elsewhere.
 *
 * @throws SyntaxError that names the member that is wrong
 */
export function readBrand(json: unknown, base: URL, page: URL): Brand {
  const { name, accent, logo, note, links, report, sign_in: signIn } = objectOf(json, 'brand');
  const image = logo === undefined ? null : logoOf(logo, base);
  return {
    name: textOf(name, NAME_MAX, 'name'),
    accent: accent === undefined ? null : accentOf(accent),
    logo: image === null || image.origin !== page.origin ? null : image.href,
    note: note === undefined ? null : byLanguage(note, NOTE_MAX, 'note'),
    links: links === undefined ? [] : linksOf(links),
    report: report === undefined ? null : mailOf(report),
    signIn: signIn === undefined ? null : signInOf(signIn, base),
  };
}

/** The text for a reader of `language`, such as `de-AT`. */
export function textFor(texts: ByLanguage, language: string): string {
  const tag = language.toLowerCase();
  return texts.get(tag) ?? texts.get(tag.split('-')[0]!) ?? texts.get('') ?? texts.get('en') ?? [...texts.values()][0] ?? '';
}

/** The colours that follow from the accent `colour` on `card`. */
export function shadesOf(colour: string, dark: boolean): { hover: string; tint: string } {
  const card = GROUNDS[dark ? 'dark' : 'light'][1];
  return { hover: mix(dark ? '#ffffff' : '#000000', colour, dark ? 0.3 : 0.2), tint: mix(colour, card, TINT) };
}

/** Whether text of `colour` can be read on all that it is seen on (WCAG 2.2, 1.4.3). */
export function isReadable(colour: string, dark: boolean): boolean {
  const grounds = [...GROUNDS[dark ? 'dark' : 'light'], shadesOf(colour, dark).tint];
  return grounds.every((ground) => contrastOf(colour, ground) >= CONTRAST_MIN);
}

function accentOf(value: unknown): Accent {
  const { light, dark } = objectOf(value, 'accent');
  for (const colour of [light, dark]) if (typeof colour !== 'string' || !/^#[0-9a-f]{6}$/i.test(colour)) throw wrong('accent');
  const accent = { light: light as string, dark: dark as string };
  if (!isReadable(accent.light, false) || !isReadable(accent.dark, true)) throw wrong('accent');
  return accent;
}

function linksOf(value: unknown): Brand['links'] {
  if (!Array.isArray(value) || value.length > LINKS_MAX) throw wrong('links');
  return value.map((one: unknown) => {
    const { href, text } = objectOf(one, 'links');
    if (!isAddressText(href) || !/^(https:\/\/|mailto:)./.test(href)) throw wrong('links');
    return { href, text: byLanguage(text, LINK_TEXT_MAX, 'links') };
  });
}

// One text is for everybody.
function byLanguage(value: unknown, max: number, member: string): ByLanguage {
  if (typeof value === 'string') return new Map([['', textOf(value, max, member)]]);
  const texts = Object.entries(objectOf(value, member));
  if (texts.length === 0) throw wrong(member);
  return new Map(texts.map(([language, text]) => [language.toLowerCase(), textOf(text, max, member)]));
}

function mailOf(value: unknown): string {
  if (typeof value !== 'string' || !/^[\w.+-]{1,64}@[\w.-]{1,190}$/.test(value)) throw wrong('report');
  return value;
}

function logoOf(value: unknown, base: URL): URL {
  try {
    const url = new URL(value as string, base);
    if (typeof value === 'string' && /^https?:$/.test(url.protocol)) return url;
  } catch {
    // Not an address.
  }
  throw wrong('logo');
}

// `//host/` is an address of another host and no path.
function signInOf(value: unknown, base: URL): string {
  if (!isAddressText(value) || !/^(https:\/\/.|\/(?!\/))/.test(value)) throw wrong('sign_in');
  return value.startsWith('/') ? new URL(value, base).href : value;
}

/** Whether `value` may be part of an address: visible ASCII that needs no escaping. Nothing more, as in secretsd. */
function isAddressText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= ADDRESS_MAX && /^[!-~]+$/.test(value) && !/["<>\\^`{|}]/.test(value);
}

function textOf(value: unknown, max: number, member: string): string {
  if (typeof value !== 'string' || value === '' || [...value].length > max || /\p{Cc}/u.test(value)) throw wrong(member);
  return value;
}

function objectOf(value: unknown, member: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(member);
  return value as Json;
}

function wrong(member: string): SyntaxError {
  return new SyntaxError(`brand: ${member}`);
}

const channelsOf = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** `colour` mixed into `ground`. */
function mix(colour: string, ground: string, share: number): string {
  const under = channelsOf(ground);
  const mixed = channelsOf(colour).map((c, i) => Math.round(c * share + under[i]! * (1 - share)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

/** Contrast of two colours, from 1 to 21 (WCAG 2.2). */
export function contrastOf(a: string, b: string): number {
  const [light, dark] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminanceOf(colour: string): number {
  const [red, green, blue] = channelsOf(colour).map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
