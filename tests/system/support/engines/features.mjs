// SPDX-License-Identifier: MIT
// Features of browsers, taken away by script that is run before the page's own.

/** Take properties from an object or its prototypes, in pages and in workers that have it. */
const HIDE = `function hide(object, name) {
  for (let at = object; at; at = Object.getPrototypeOf(at)) if (Object.getOwnPropertyDescriptor(at, name)) delete at[name];
}
function refuse(object, name) {
  Object.defineProperty(object, name, { configurable: true, get() { throw new DOMException('no', 'SecurityError'); } });
}
const inPage = typeof document !== 'undefined';
`;

/** name → script. What the page does without. */
const OPTIONAL = {
  'AbortSignal.any': 'hide(AbortSignal, "any");',
  'AbortSignal.timeout': 'hide(AbortSignal, "timeout");',
  'AbortSignal.throwIfAborted': 'hide(AbortSignal.prototype, "throwIfAborted");',
  'AbortSignal.reason': 'hide(AbortSignal.prototype, "reason");',
  'navigator.clipboard': 'hide(navigator, "clipboard");',
  'navigator.share': 'hide(navigator, "share");',
  'navigator.storage': 'hide(navigator, "storage");',
  'navigator.locks': 'hide(navigator, "locks");',
  createSyncAccessHandle: 'if (globalThis.FileSystemFileHandle) hide(FileSystemFileHandle.prototype, "createSyncAccessHandle");',
  showSaveFilePicker: 'hide(globalThis, "showSaveFilePicker");',
  localStorage: 'if (inPage) refuse(globalThis, "localStorage");',
  'Element.checkVisibility': 'if (inPage) hide(Element.prototype, "checkVisibility");',
  'HTMLElement.inert': 'if (inPage) hide(HTMLElement.prototype, "inert");',
  'navigation timing': 'performance.getEntriesByType = () => [];',
  structuredClone: 'hide(globalThis, "structuredClone");',
  'crypto.randomUUID': 'hide(crypto, "randomUUID");',
  'Promise.withResolvers': 'hide(Promise, "withResolvers");',
  'Array.findLast': 'hide(Array.prototype, "findLast"); hide(Array.prototype, "toSorted");',
  'Object.hasOwn': 'hide(Object, "hasOwn"); hide(Object, "groupBy");',
  'Blob.stream': 'hide(Blob.prototype, "stream");',
  'ReadableStream.from': 'hide(ReadableStream, "from"); delete ReadableStream.prototype[Symbol.asyncIterator];',
};

/** What the page cannot do without, by the names that it says. */
const NEEDED = {
  'crypto.subtle': 'hide(crypto, "subtle");',
  Worker: 'hide(globalThis, "Worker");',
  ReadableStream: 'hide(globalThis, "ReadableStream");',
  AbortController: 'hide(globalThis, "AbortController");',
  'Array.at': 'hide(Array.prototype, "at");',
  'String.replaceAll': 'hide(String.prototype, "replaceAll");',
  'Blob.arrayBuffer': 'hide(Blob.prototype, "arrayBuffer");',
  'dialog.showModal': 'if (inPage) hide(HTMLDialogElement.prototype, "showModal");',
};

export const optionalFeatures = Object.keys(OPTIONAL);

/**
 * The same in five groups. Those that one piece of code tries in turn are in different groups: the others of them are
 * there when one is missing.
 */
export const featureGroups = [
  ['AbortSignal.any', 'navigator.clipboard', 'navigator.storage', 'Element.checkVisibility', 'Promise.withResolvers'],
  ['AbortSignal.timeout', 'navigator.share', 'navigator.locks', 'HTMLElement.inert', 'Array.findLast'],
  ['AbortSignal.throwIfAborted', 'createSyncAccessHandle', 'navigation timing', 'Object.hasOwn', 'Blob.stream'],
  ['AbortSignal.reason', 'showSaveFilePicker', 'structuredClone', 'ReadableStream.from'],
  ['localStorage', 'crypto.randomUUID'],
];
export const neededFeatures = Object.keys(NEEDED);

/** Script that takes the features called `names` away. */
export const without = (...names) => `{ ${HIDE} ${names.map((name) => OPTIONAL[name] ?? NEEDED[name]).join('\n')} }\n`;
