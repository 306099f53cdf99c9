// SPDX-License-Identifier: MIT
// Presses that were meant for something else: the second one of a double click hits what came in place of the first.

/** How long after it was made a button that destroys something takes no such press, in milliseconds. */
const SETTLES = 500;
/** How far apart two presses of one finger are, in pixels. */
const REACH = 16;

/** The last two presses of a pointer: where, on what, and what that said. One of a key has no place. */
let pressed = { x: NaN, y: NaN, on: null as EventTarget | null, said: '' };
let before = pressed;

addEventListener('click', ({ detail, clientX, clientY, target }) => {
  const isKey = detail === 0;
  before = pressed;
  pressed = { x: isKey ? NaN : clientX, y: isKey ? NaN : clientY, on: target, said: (target as Element).textContent ?? '' };
}, { capture: true });

// The second press of a double click selects nothing of what came in place of a button.
addEventListener('mousedown', (event) => {
  const on = (pressed.on as Element | null)?.closest('button') ?? null;
  if (event.detail > 1 && on?.contains(event.target as Node) === false) event.preventDefault();
}, { capture: true });

// A key that is held down presses a button once.
addEventListener('keydown', (event) => {
  if (event.repeat && event.key === 'Enter' && event.target instanceof HTMLButtonElement) event.preventDefault();
}, { capture: true });

/** What a press of a new button does that cannot be undone: `act`, unless the press was meant for what stood there. */
export function ifMeant(act: () => void): () => void {
  const made = performance.now();
  return () => { if (!isStray(made)) act(); };
}

// Whether this press of a button that was made at `made` is one more at a place where something else was pressed.
function isStray(made: number): boolean {
  if (performance.now() - made > SETTLES || before.on === pressed.on || before.said === pressed.said) return false;
  return Math.hypot(pressed.x - before.x, pressed.y - before.y) < REACH;
}
