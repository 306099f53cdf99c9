// SPDX-License-Identifier: MIT
// Where this visitor may not share: what stands in the place of the box, and the field for an API token.

import { readToken } from '../../storage/api-token';
import { secretField } from '../parts/choices';
import type { Context } from '../context';
import { button, el, fill } from '../parts/dom';

/** Whether this visitor may share: by themselves, or with the API token that they gave. */
export function mayShare({ config, apiToken }: Context): boolean {
  const { allowed, ways } = config.create;
  return allowed || (ways.includes('token') && apiToken.get() !== null);
}

/** Whether nobody can share here, whatever they show. */
export function isOpenOnly({ config }: Context): boolean {
  return !config.create.allowed && config.create.ways.length === 0;
}

/** Whether this server takes requests for secrets, and from visitors. */
export function mayAsk(context: Context): boolean {
  return context.config.features.includes('requests') && !isOpenOnly(context);
}

/** Where to sign in for the right to share, or null. */
export function signInAddress({ brand, config }: Context): string | null {
  return config.create.ways.includes('user') ? brand?.signIn ?? null : null;
}

/** What stands in the place of the box. `onToken` is called when a token was given. */
export function refusalCard(context: Context, onToken: () => void): HTMLElement {
  const { words, config, api, brand } = context;
  if (isOpenOnly(context)) return el('div', { class: 'card' }, el('p', {}, words.say('openOnly')));

  const name = brand?.name ?? api.host;
  const address = signInAddress(context);
  const signIn = address !== null && el('a', { href: address, role: 'button', class: 'primary' }, words.say('signIn'));
  const card = el('div', { class: 'card', 'data-refused': config.create.ways.join(' ') },
    el('p', {}, words.say('membersOnly', { name })));
  const ways = tokenWays(context, signIn === false, onToken);
  if (signIn !== false || ways.button !== null) card.append(el('div', { class: 'actions' }, signIn, ways.button));
  card.append(ways.field);
  return card;
}

// The field itself where a token is the only way, else a button that shows it.
function tokenWays(context: Context, isOnly: boolean, onToken: () => void): { button: HTMLElement | null; field: HTMLElement } {
  const holder = el('div', {});
  if (!context.config.create.ways.includes('token')) return { button: null, field: holder };
  if (isOnly) {
    fill(holder, tokenField(context, onToken).element);
    return { button: null, field: holder };
  }
  const use = button('secondary', context.words.say('tokenUse'), () => {
    const { element, focus } = tokenField(context, onToken);
    fill(holder, element);
    use.remove();
    focus();
  });
  return { button: use, field: holder };
}

/** The field for an API token. `onToken` is called when one was given and kept. */
export function tokenField({ words, api, apiToken }: Context, onToken: () => void): { element: HTMLElement; focus: () => void } {
  const field = secretField(words.say('tokenField'), words.say('show'), words.say('hide'));
  const stays = el('input', { type: 'checkbox' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const go = () => {
    const token = readToken(field.input.value);
    if (token === null) {
      problem.textContent = words.say('tokenShape');
      field.input.focus();
      return;
    }
    field.input.value = '';
    apiToken.set(token, stays.checked);
    onToken();
  };
  field.input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation(); // the form around it shares
    go();
  });
  const element = el('div', { class: 'token' }, field.element, el('label', { class: 'check' }, stays, el('span', {}, words.say('tokenKeep'))),
    el('p', { class: 'note' }, words.say('tokenHint', { host: api.host })), problem,
    el('div', { class: 'actions' }, button('secondary', words.say('tokenGo'), go)));
  return { element, focus: () => field.input.focus() };
}
