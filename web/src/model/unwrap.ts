// SPDX-License-Identifier: MIT
// Links as people paste them: within quotes and stars, with invisible characters, or wrapped by a
// service that checks links. The address is read out of the wrapper. The wrapper is never asked.

/** Characters that programs insert and nobody sees. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060\u2066-\u2069\ufeff]/g;
/** Where an address ends in a text. */
const AFTER = /[\s<>"`|\\^].*$/s;

const ADDRESS = /^(https?):\/+/i;

/** How deep wrappers are nested at most. */
const DEEPEST = 5;

/** `percent`: a parameter of the query. `dashes`: the same, with "-" for "%" and "_" for "/". `stars`: see readStars(). */
type Style = 'percent' | 'dashes' | 'stars';

interface Wrapper {
  /** The host, or the end of it after a dot. */
  host: string;
  path: string;
  parameter: string;
  style: Style;
}

const percent = (host: string, path: string, parameter: string): Wrapper => ({ host, path, parameter, style: 'percent' });

const WRAPPERS: readonly Wrapper[] = [
  percent('safelinks.protection.outlook.com', '/', 'url'),
  percent('teams.cdn.office.net', '/', 'url'),
  ...['google.com', 'google.de', 'google.co.uk'].flatMap((host) => [percent(host, '/url', 'q'), percent(host, '/url', 'url')]),
  percent('facebook.com', '/l.php', 'u'),
  percent('messenger.com', '/l.php', 'u'),
  percent('instagram.com', '/', 'u'),
  percent('slack-redir.net', '/link', 'url'),
  percent('linkedin.com', '/redir/redirect', 'url'),
  percent('youtube.com', '/redirect', 'q'),
  percent('linkprotect.cudasvc.com', '/url', 'a'),
  percent('urldefense.proofpoint.com', '/v1/url', 'u'),
  { host: 'urldefense.proofpoint.com', path: '/v2/url', parameter: 'u', style: 'dashes' },
  ...['urldefense.com', 'urldefense.us'].map((host): Wrapper => ({ host, path: '/v3/__', parameter: '', style: 'stars' })),
];

/** The address, or else the first word, in what a person pasted. */
export function cleanPasted(text: string): string {
  const visible = text.replace(INVISIBLE, '');
  const address = /https?:\/\//i.exec(visible);
  const begin = address === null ? visible.search(/[A-Za-z0-9]/) : address.index;
  return begin < 0 ? '' : visible.slice(begin).replace(AFTER, '').replace(/[^A-Za-z0-9/=_$-]+$/, '');
}

/** The address that `address` wraps, or `address` itself. Never throws. */
export function unwrapLink(address: string): string {
  let inner = address;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const next = unwrapOnce(inner);
    if (next === null) break;
    inner = next;
  }
  return inner;
}

function unwrapOnce(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const known = WRAPPERS.filter(({ host, path }) => isHost(url.hostname, host) && url.pathname.startsWith(path));
  const values = known.length > 0
    ? known.map(({ parameter, style }) => (style === 'stars' ? readStars(address) : readParameter(url, parameter, style)))
    : [...url.searchParams.values()];
  const inner = values.find((value) => value !== null && ADDRESS.test(value));
  if (inner === undefined || inner === null) return null;

  // Some gateways shorten "//" to "/". A fragment of the wrapper was that of the address.
  const fragment = /#|%23/.test(inner) ? '' : url.hash;
  return inner.replace(ADDRESS, '$1://') + fragment;
}

function isHost(hostname: string, host: string): boolean {
  return hostname === host || hostname.endsWith(`.${host}`);
}

function readParameter(url: URL, name: string, style: Style): string | null {
  const value = url.searchParams.get(name);
  if (value === null || style === 'percent') return value;
  try {
    return decodeURIComponent(value.replaceAll('-', '%').replaceAll('_', '/'));
  } catch {
    return null;
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// Proofpoint's third form: "/v3/__ADDRESS__;LIST!...". A star in ADDRESS stands for the next byte of
// LIST, which is base64url, and "**" with a digit of base64url for as many bytes as the digit and two.
function readStars(address: string): string | null {
  const [, starred = '', list = ''] = /\/v3\/__(.*?)__;([A-Za-z0-9_-]*)/.exec(address) ?? [];
  if (starred === '') return null;
  let bytes: string;
  try {
    bytes = atob(list.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return null;
  }
  let at = 0;
  const inner = starred.replace(/\*(?:\*([A-Za-z0-9_-]))?/g, (_, digit?: string) => {
    const length = digit === undefined ? 1 : DIGITS.indexOf(digit) + 2;
    at += length;
    return bytes.slice(at - length, at);
  });
  return at <= bytes.length ? inner : null;
}
