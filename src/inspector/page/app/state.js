// The state of the page and its subscribers. Changes within a frame are shown together.
import { useEffect, useState } from '/vendor.js';
import { read, write } from './route.js';

/** All that more than one part of the page looks at. */
export const state = {
  route: read(location.href),
  /** What is kept, where, the targets: `GET session`. */
  session: null,
  /** The id marked for a comparison. */
  marked: '',
  /** The id under the keyboard's cursor, which may differ from what is open. */
  cursor: '',
  /** Connection to the server: connecting, live, lost, ended, locked. */
  link: 'connecting',
  /** One line about what was just done. */
  toast: null,
  /** True while the list of keys is open. */
  help: false,
  /** True until the delivery that is opened by a key has the focus. */
  focus: false,
  /** Faults that are on, in a few words. */
  faults: '',
};

const subscribers = new Set();
let planned = false;

/** Changes some members and shows them. */
export function set(patch) {
  Object.assign(state, patch);
  changed();
}

/** Plans one rendering; many changes in a frame cost one. */
export function changed() {
  if (planned) return;
  planned = true;
  const run = () => {
    if (!planned) return;
    planned = false;
    for (const render of subscribers) render();
  };
  // A hidden tab has no frames.
  if (document.hidden) setTimeout(run, 200);
  else requestAnimationFrame(run);
}

document.addEventListener('visibilitychange', () => {
  if (!planned) return;
  planned = false;
  changed();
});

/** A function that renders the component again. */
export function useRedraw() {
  const [, again] = useState(0);
  return () => again(n => n + 1);
}

/** The state, for a component that is rendered again when it changes. */
export function useStore() {
  const render = useRedraw();
  useEffect(() => {
    subscribers.add(render);
    return () => subscribers.delete(render);
  }, []);
  return state;
}

/** Goes to another state of the URL; `replace` leaves no step for the back button. */
export function go(patch, { replace = false } = {}) {
  const route = { ...state.route, ...patch };
  if (patch.id !== undefined && patch.section === undefined) route.section = '';
  if (patch.id !== undefined && patch.other === undefined) route.other = '';
  if (patch.id) route.panel = '';
  if (patch.panel) Object.assign(route, { id: '', section: '', other: '' });
  const href = write(route);
  if (href !== location.pathname + location.search + location.hash) {
    try {
      history[replace ? 'replaceState' : 'pushState'](null, '', href);
    } catch {
      // Browsers limit how often the address changes; the next change sets it.
    }
  }
  set({ route, ...(route.id && { cursor: route.id }) });
}

addEventListener('popstate', () => {
  const route = read(location.href);
  set({ route, ...(route.id && { cursor: route.id }) });
});

let timer = 0;

/** Shows one line for some seconds, and says it to screen readers. */
export function tell(text, standing = 'good') {
  clearTimeout(timer);
  set({ toast: { text, standing } });
  timer = setTimeout(() => set({ toast: null }), standing === 'good' ? 5000 : 10000);
  say(text);
}

/** Shows an error in the words of the API. */
export function fail(error) {
  if (error?.name === 'AbortError') return;
  tell([error.message, error.hint].filter(Boolean).join(' · '), 'bad');
}

/** The same work, whose error is told. */
export const attempt = work => (...values) => work(...values).catch(fail);

let waiting = '';
let spoken = 0;
let speaking = 0;

/** Says a line to screen readers, one a second at most: of several the last one is said. */
export function say(text) {
  waiting = text;
  if (speaking) return;
  speaking = setTimeout(() => {
    speaking = 0;
    spoken = Date.now();
    const region = document.getElementById('said');
    if (region) region.textContent = waiting;
  }, Math.max(0, 1000 - (Date.now() - spoken)));
}
