// SPDX-License-Identifier: MIT
// The files of a zip that the page made, to be saved one by one.

import { safePath } from '../../base/name';
import { listZip, type Listed } from '../../base/unzip';
import type { Words } from '../../text/words';
import { button, el, untrusted } from '../parts/dom';
import { download } from './save';

/** No page shows more rows. All files are in the zip. */
const ROWS_MAX = 500;

/** Whether the name and type are those that the page gives to several files. */
export function isOfPage({ name, type }: { name: string; type: string }): boolean {
  return type === 'application/zip' && /^files-\d{4}-\d\d-\d\d\.zip$/.test(name);
}

/**
 * The list of the files in `zip`, or null if the page did not make it. `onSaved` is called for each
 * file that is handed to the browser.
 */
export async function filesOfZip(words: Words, zip: Blob, onSaved: () => void): Promise<HTMLElement | null> {
  const files = await listZip(zip);
  if (files === null || files.length === 0) return null;
  const save = ({ name, at, size }: Listed) => {
    // A type of its own would let a browser show it, as part of this page.
    download(zip.slice(at, at + size, 'application/octet-stream'), name);
    onSaved();
  };
  const rows = files.slice(0, ROWS_MAX).map((file) => {
    const name = safePath(file.name);
    return el('li', {},
      el('span', { class: 'name' }, untrusted(name)), el('span', { class: 'size' }, words.size(file.size)),
      button('quiet', words.say('save'), () => save(file), { 'aria-label': words.say('saveNamed', { name }) }));
  });
  const rest = files.length - rows.length;
  return el('div', { class: 'files' }, el('ul', { 'aria-label': words.say('zipFiles') }, ...rows),
    rest > 0 && el('p', { class: 'note' }, words.say('zipMore', { n: rest })));
}
