// SPDX-License-Identifier: MIT
// The choices of the form to share: their defaults, their limits, and the message for a limit that is exceeded.

import type { Config } from '../net/messages';
import { utf8 } from '../base/bytes';
import { isTooLong, PASSPHRASE_MAX } from '../crypto/passphrase';
import type { Key } from '../text/words';
import { ZIP_BYTES_MAX, ZIP_FILES_MAX, zipLength } from '../base/zip';

export type PassphraseMode = 'none' | 'own' | 'generated';

/** A file to share. Its path names the folders with which it was dropped. */
export interface Picked {
  path: string;
  file: File;
}

/** What was typed, and the files that were added. */
export interface Content {
  text: string;
  files: readonly Picked[];
}

export interface ShareChoice extends Content {
  views: number;
  ttl: number;
  mode: PassphraseMode;
  /** The typed or generated passphrase. Unused in mode `none`. */
  passphrase: string;
  keyApart: boolean;
}

/** Where the server requires a passphrase, the form generates one. */
export function emptyChoice({ ttlDefault, passphraseRequired }: Config): ShareChoice {
  return { text: '', files: [], views: 1, ttl: ttlDefault, mode: passphraseRequired ? 'generated' : 'none', passphrase: '', keyApart: false };
}

export function passphraseOf(choice: ShareChoice): string {
  return choice.mode === 'none' ? '' : choice.passphrase;
}

/** The length in bytes of the content that would be encrypted. */
export function contentSize({ text, files }: ShareChoice): number {
  if (files.length === 0) return utf8(text).length;
  if (files.length === 1) return files[0]!.file.size;
  return zipLength(files.map(({ path, file }) => ({ name: path, size: file.size, modified: 0, stream: noBytes })));
}

/** A row of the list of files: one file, or all files of a folder. */
export interface Group {
  name: string;
  folder: boolean;
  files: readonly Picked[];
}

/** The rows for `files`, in their order. */
export function groupsOf(files: readonly Picked[]): Group[] {
  const folders = new Map<string, Picked[]>();
  const groups: Group[] = [];
  for (const picked of files) {
    const slash = picked.path.indexOf('/');
    const name = slash < 0 ? picked.path : picked.path.slice(0, slash);
    const known = slash < 0 ? undefined : folders.get(name);
    if (known !== undefined) {
      known.push(picked);
      continue;
    }
    const group = { name, folder: slash >= 0, files: [picked] };
    if (group.folder) folders.set(name, group.files);
    groups.push(group);
  }
  return groups;
}

async function* noBytes(): AsyncGenerator<Uint8Array> {
  // zipLength() does not read.
}

/** Why a choice cannot be sent: the message, and the limit in bytes (`size`) or as a number (`count`). */
export interface Problem {
  key: Key;
  size?: number;
  count?: number;
}

/** The first problem of `choice`, or null if it can be sent. */
export function problemOf(choice: ShareChoice, config: Config): Problem | null {
  return contentProblem(choice, config) ?? passphraseProblem(choice, config);
}

/** Whether the passphrase has to be changed. */
export function isOfPassphrase({ key }: Problem): boolean {
  return ['needPassphrase', 'passphraseRequired', 'passphraseTooLong'].includes(key);
}

function contentProblem(choice: ShareChoice, { textMax, fileMax }: Config): Problem | null {
  const { text, files } = choice;
  if (files.length === 0) {
    if (text === '') return { key: 'needContent' };
    return contentSize(choice) > textMax ? { key: 'textTooLong', size: textMax } : null;
  }
  if (files.length > ZIP_FILES_MAX) return { key: 'tooManyFiles', count: ZIP_FILES_MAX };
  const size = files.length > 1 ? Math.min(fileMax, ZIP_BYTES_MAX) : fileMax;
  if (contentSize(choice) <= size) return null;
  return { key: files.length > 1 ? 'filesTooLarge' : 'fileTooLarge', size };
}

function passphraseProblem({ mode, passphrase }: ShareChoice, { passphraseRequired }: Config): Problem | null {
  if (mode === 'none' && !passphraseRequired) return null;
  if (mode === 'none' || passphrase === '') return { key: passphraseRequired ? 'passphraseRequired' : 'needPassphrase' };
  return isTooLong(passphrase) ? { key: 'passphraseTooLong', count: PASSPHRASE_MAX } : null;
}

/** The text of the sentence for what opening needs besides the link. */
export function protectionKey({ mode, keyApart }: { mode: PassphraseMode; keyApart: boolean }): Key {
  if (mode === 'none') return keyApart ? 'withKeyApart' : 'withoutPassphrase';
  return keyApart ? 'withBoth' : 'withPassphrase';
}

/** `n` rounded, and limited to 1..`max`. */
export function clampViews(n: number, max: number): number {
  return Number.isFinite(n) ? Math.min(max, Math.max(1, Math.round(n))) : 1;
}

/** The name of a zip that is made at `date`. */
export function zipNameAt(date: Date): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  return `files-${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}.zip`;
}

/** Whether `text` looks like a key or a token, which a monospace font shows better. */
export function looksLikeKey(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === '') return false;
  if (/^-----BEGIN /m.test(trimmed)) return true;
  const words = trimmed.split(/\s+/);
  return words.every((word) => word.length >= 8 && /\d/.test(word) && /[A-Za-z]/.test(word));
}

