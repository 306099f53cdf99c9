// SPDX-License-Identifier: MIT
// What sentences with choices have in common: the words that are buttons, and popovers for a number and a time.

import type { Key, Words } from '../../text/words';
import type { Context } from '../context';
import { radios } from './choices';
import { el } from './dom';
import { Popover } from './popover';

/** The message `key`, whose slots are the triggers of `popovers`. */
export function sentenceParts(words: Words, key: Key, popovers: Record<string, Popover>): Node[] {
  // Browsers break a line between a button and the punctuation after it, so a span keeps them together.
  let before: HTMLElement | null = null;
  return words.segments(key).flatMap((segment): Node[] => {
    if ('slot' in segment) {
      before = el('span', { class: 'unbroken' }, popovers[segment.slot]!.trigger);
      return [before];
    }
    const mark = before === null ? '' : /^\p{P}*/u.exec(segment.text)![0];
    before?.append(mark);
    return [document.createTextNode(segment.text.slice(mark.length))];
  });
}

/** A number to choose: some offered, any other up to `max`. */
interface Count {
  title: Key;
  offered: readonly number[];
  max: number;
  chosen: number;
}

/** `set` is told of every change, and returns the number that it made of it. */
export function countPopover({ words }: Context, { title: key, offered, max, chosen }: Count, set: (n: number) => number): Popover {
  const all = offered.filter((n) => n <= max).map((n) => ({ value: n, label: words.number(n) }));
  const title = words.say(key);
  const chips = radios(title, 'chips', all, chosen, (n) => { set(n); other.value = ''; });
  const other = el('input', {
    type: 'number', min: 1, max, inputmode: 'numeric',
    on: {
      input: () => {
        if (other.value !== '') chips.select(set(other.valueAsNumber));
      },
    },
  });
  const label = el('label', { class: 'inline', hidden: all.length === max }, el('span', {}, words.say('viewsOther', { max })), other);
  return new Popover(title, words.say('done'), chips.element, label);
}

/** The times that the server offers, and `chosen`. `until` says when that is. */
export function ttlPopover({ words, config }: Context, chosen: number, until: HTMLElement, set: (ttl: number) => void): Popover {
  const title = words.say('ttlTitle');
  const all = [...new Set([...config.ttlChoices, chosen])].sort((a, b) => a - b);
  const chips = radios(title, 'chips', all.map((ttl) => ({ value: ttl, label: words.duration(ttl) })), chosen, set);
  return new Popover(title, words.say('done'), chips.element, until);
}
