// SPDX-License-Identifier: MIT
// Elements, made without markup: text is only ever text.

export type Child = Node | string | null | false | undefined;

type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

export interface Props {
  on?: Handlers;
  [attribute: string]: string | number | boolean | undefined | Handlers;
}

/** A new element: attributes that are false or undefined are left out, true ones are empty. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, { on = {}, ...attributes }: Props = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value as string);
  for (const [type, handler] of Object.entries(on)) element.addEventListener(type, handler as EventListener);
  fill(element, ...children);
  return element;
}

export function setAttribute(element: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === false || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/** Replace what `parent` holds. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((c): c is Node | string => c !== null && c !== false && c !== undefined));
}

/** A name or text of someone else's: shown as it is, its direction its own. */
export function untrusted(text: string): HTMLElement {
  return el('bdi', {}, text);
}

let ids = 0;

/** An id that nothing else on the page has. */
export function newId(): string {
  return `e${++ids}`;
}

/** A link that begins a mail. Where that is a web page, it opens in another tab, so that this one stays. */
export function mailLink(address: string, label: string, props: Props = {}): HTMLElement {
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer', ...props }, label);
}

/** A button; `kind` is `primary`, `secondary` or `quiet`. */
export function button(kind: 'primary' | 'secondary' | 'quiet', label: string, onClick: () => void, props: Props = {}): HTMLButtonElement {
  return el('button', { type: 'button', class: kind, on: { click: onClick }, ...props }, label);
}
