// SPDX-License-Identifier: MIT
// Of a style sheet, the rules that the page can use: those whose every element and attribute it has.

const ELEMENTS = new Set(('html body header main footer section article h1 h2 h3 p a small strong code pre ul li ' +
  'form fieldset legend label input textarea button dialog svg').split(' '));
const UNUSED = /\[(type=(?!checkbox|radio|number|password|text|button)|role=(?!button)|aria-invalid|aria-current|data-tooltip|data-theme|multiple|readonly)|:host|::-ms|-moz-document|\[dir=rtl\]|role=switch/;

/** The style sheet `css` (plain, no nesting but for at-rules) with only what is used. */
export function strip(css) {
  return blocks(css.replace(/\/\*.*?\*\//gs, '')).map(keep).join('');
}

function* split(css) {
  let depth = 0;
  let from = 0;
  let head = '';
  for (let i = 0; i < css.length; i++) {
    if (css[i] === '"') i = css.indexOf('"', i + 1);
    else if (css[i] === '{' && depth++ === 0) {
      head = css.slice(from, i).trim();
      from = i + 1;
    } else if (css[i] === '}' && --depth === 0) {
      yield { head, body: css.slice(from, i) };
      from = i + 1;
    } else if (css[i] === ';' && depth === 0) from = i + 1;
  }
}

const blocks = (css) => [...split(css)];

function keep({ head, body }) {
  if (head.startsWith('@media') || head.startsWith('@supports')) {
    const inner = strip(body);
    return inner === '' ? '' : `${head}{${inner}}`;
  }
  if (head.startsWith('@')) return `${head}{${body}}`;
  const selectors = head.split(/,(?![^(]*\))/).filter(isUsed);
  const declarations = body.replace(/[\w-]+:[^;"]*url\("data:[^"]*"\)[^;]*;?/g, '').trim();
  return selectors.length === 0 || declarations === '' ? '' : `${selectors.join(',')}{${declarations}}`;
}

function isUsed(selector) {
  const plain = selector.replace(/:not\([^)]*(\([^)]*\)[^)]*)*\)/g, '');
  if (UNUSED.test(plain)) return false;
  const names = plain.replace(/\[[^\]]*\]|::?[a-z-]+|[.#][\w-]+/g, ' ').match(/[a-z][a-z0-9]*/g) ?? [];
  // Of a list in :is() or :where() one is enough.
  return plain.includes('(') ? names.length === 0 || names.some((n) => ELEMENTS.has(n)) : names.every((n) => ELEMENTS.has(n));
}
