// Keys. They do nothing while a field has the focus, but for Escape.
import { deliveries } from './deliveries.js';
import { compare, copyAs, mark, replay, timeline } from './detail.js';
import { failNext } from './faults.js';
import { step } from './list.js';
import { go, set, state } from './state.js';

/** What each key does, for the help. */
export const KEYS = [
  ['/', 'filter'], ['j  ↓', 'next, older'], ['k  ↑', 'previous, newer'], ['Enter', 'open'], ['Escape', 'close'],
  ['r', 'replay as it is'], ['R', 'replay, signed anew'], ['e', 'edit and send'], ['s', 'fire an event'], ['c', 'copy as curl'],
  ['m', 'mark'], ['d', 'compare with the marked one'], ['g', 'timeline of the message'], ['f', 'fail the next delivery'], ['?', 'this help'],
];

/** Listens for keys, as long as the page is open. */
export function listen() {
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.key === 'Escape') {
      escape();
      return;
    }
    const { target } = event;
    const typing = target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]');
    if (typing || state.help) return;
    // Enter and the arrows belong to a button or a summary that has the focus.
    const own = target.closest('button, a, summary, input');
    if (own && (event.key === 'Enter' || event.key === ' ')) return;
    const inside = target.closest('.code, .detail');
    if (inside && event.key.startsWith('Arrow')) return;
    if (act(event.key)) event.preventDefault();
  });
}

/** Closes what is open, the innermost first. */
function escape() {
  const { route } = state;
  // What was typed stays, in the form or as a draft.
  if (document.activeElement?.matches('input, textarea, select')) document.activeElement.blur();
  if (state.help) set({ help: false });
  else if (route.section === 'edit') {
    go({ section: '' });
    focusOn('.detail');
  }
  else if (route.section === 'compare') go({ id: route.other });
  else if (route.id || route.panel) {
    go({ id: '', panel: '' });
    focusOn('.list');
  }
}

/** Moves the focus to what is shown next, unless it went into a field meanwhile. */
const focusOn = part => setTimeout(() => {
  if (!document.activeElement?.matches('input, textarea, select')) document.querySelector(part)?.focus({ preventScroll: true });
}, 50);

/** What a key does to the delivery that is open, or under the cursor. */
const ON_DELIVERY = {
  r: id => replay(id, false),
  R: id => replay(id, true),
  e: id => go({ id, section: 'edit' }),
  c: id => copyAs(id, 'curl', false),
  m: mark,
  d: compare,
  g: timeline,
};

const down = () => step(1);
const up = () => step(-1);
const ANYWHERE = {
  '/': () => document.querySelector('[data-test="search"]')?.focus(),
  j: down,
  ArrowDown: down,
  k: up,
  ArrowUp: up,
  Enter: () => {
    if (!deliveries.byId.has(state.cursor)) return;
    state.focus = true;
    go({ id: state.cursor });
  },
  s: () => go({ panel: 'fire' }),
  f: () => failNext(1),
  '?': () => set({ help: true }),
};

/** Does what a key says; true if it says something. */
function act(key) {
  const id = state.route.section === 'compare' ? state.route.other : state.route.id || state.cursor;
  const work = ANYWHERE[key] ?? (id && ON_DELIVERY[key]);
  work?.(id);
  return Boolean(work);
}
