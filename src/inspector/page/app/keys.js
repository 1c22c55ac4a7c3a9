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
  document.addEventListener('keydown', (event) => {
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
const focusOn = (part) => setTimeout(() => {
  if (!document.activeElement?.matches('input, textarea, select')) document.querySelector(part)?.focus({ preventScroll: true });
}, 50);

function act(key) {
  const id = state.route.section === 'compare' ? state.route.other : state.route.id || state.cursor;
  const on = (work) => {
    if (id) work(id);
    return Boolean(id);
  };
  switch (key) {
    case '/':
      document.querySelector('[data-test="search"]')?.focus();
      return true;
    case 'j':
    case 'ArrowDown':
      step(1);
      return true;
    case 'k':
    case 'ArrowUp':
      step(-1);
      return true;
    case 'Enter':
      if (state.cursor && deliveries.byId.has(state.cursor)) {
        state.focus = true;
        go({ id: state.cursor });
      }
      return true;
    case 'r':
      return on((one) => replay(one, false));
    case 'R':
      return on((one) => replay(one, true));
    case 'e':
      return on((one) => go({ id: one, section: 'edit' }));
    case 's':
      go({ panel: 'fire' });
      return true;
    case 'c':
      return on((one) => copyAs(one, 'curl', false));
    case 'm':
      return on(mark);
    case 'd':
      return on(compare);
    case 'g':
      return on(timeline);
    case 'f':
      failNext(1);
      return true;
    case '?':
      set({ help: true });
      return true;
    default:
      return false;
  }
}
