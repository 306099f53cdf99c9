// SPDX-License-Identifier: MIT
// The headers of the page, in one place: secretsd sends them (tools/embed.mjs makes C of them), and
// the build for static hosts writes them into the page itself and into _headers.

// Firefox asks for /favicon.ico whatever the page names, so images of the own origin are allowed.
const policy = (connect) => [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", `connect-src ${connect}`,
  "worker-src 'self'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", 'trusted-types page',
];

/** For a page on its own origin, or with `connect` naming the API's. */
export const contentSecurityPolicy = (connect = "'self'") => [...policy(connect), "frame-ancestors 'none'"].join('; ');

/** What a <meta> can say; frame-ancestors needs the header. */
export const metaContentSecurityPolicy = (connect) => policy(connect).join('; ');

export const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy(),
  'Cache-Control': 'no-cache',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex, nofollow',
};
