// SPDX-License-Identifier: MIT
// The one place that may name a script: Trusted Types let nothing else through.

interface Policy { createScriptURL(url: string): string }
interface Factory { createPolicy(name: string, rules: Policy): Policy }

const policy = (globalThis as { trustedTypes?: Factory }).trustedTypes?.createPolicy('page', {
  createScriptURL(url) {
    if (url !== new URL('worker.js', import.meta.url).href) throw new TypeError('not a script of this page');
    return url;
  },
});

export function newWorker(url: URL): Worker {
  return new Worker(policy === undefined ? url : policy.createScriptURL(url.href));
}
