// The deliveries of the list: pages of what is kept, and what comes live.
import { get, query, Refused, stream } from './api.js';
import { changed, say, set, state } from './state.js';
import { audience, subject } from './words.js';

/** Rows in the first page: enough for a screen, quick to get. */
const FIRST = 200;
/** Rows in a later page. */
const PAGE = 1000;
/** Pages that fill a gap: more would be asked for after they left the memory of a busy listener. */
const MENDED = 3;
/** Milliseconds after which a filter is slow. */
const SLOW = 250;
/** Rows kept in the page; the oldest leave first. */
const MOST = 400000;

/** Milliseconds after which a hidden tab gives its connection back: a browser has six for all tabs. */
const HIDDEN = 30000;

/** Ends the stream once the tab was hidden for a while; gives what ends the watch. */
function restWhenHidden(rest) {
  let timer;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => rest.abort(), HIDDEN);
  };
  const watch = new AbortController();
  document.addEventListener('visibilitychange', look, watch);
  look();
  return () => {
    clearTimeout(timer);
    watch.abort();
  };
}

/** Waits until the tab is visible. A tab that is opened in the background loads its list all the same. */
const visible = () => document.hidden && deliveries.loaded && new Promise(seen => document.addEventListener('visibilitychange', seen, { once: true }));

/** Rows in the order of arrival; the list shows the last one on top. */
class Deliveries {
  rows = [];
  byId = new Map();
  /** Arrived while the list was scrolled away or under the pointer. */
  pending = [];
  /** Matching deliveries that were not loaded yet, as far as the server said. */
  older = 0;
  next = null;
  complete = true;
  loading = false;
  loaded = false;
  /** True if a filter takes so long that it has to be said: what is shown is still that of the last one. */
  slow = false;
  /** Error of the filter, or of the server. */
  error = null;
  /** True if new rows wait in `pending`. */
  held = false;
  /** Grows with each change of the filter. */
  turn = 0;
  #abort = new AbortController();
  #wanted = 0;

  /** Number of rows that the list has room for. */
  get length() {
    return Math.min(this.rows.length + this.older, MOST);
  }

  /** The row at a place from the top, if it was loaded. */
  at(place) {
    return this.rows[this.rows.length - 1 - place];
  }

  /** The place of an id from the top, or -1. */
  place(id) {
    if (!this.byId.has(id)) return -1;
    const from = this.rows.findLastIndex(row => row.id === id);
    return from < 0 ? -1 : this.rows.length - 1 - from;
  }

  /** Starts anew with the filter of the URL. */
  start() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.turn += 1;
    this.loaded = false;
    this.slow = false;
    this.error = null;
    const { turn } = this;
    setTimeout(() => {
      if (this.loaded || this.turn !== turn) return;
      this.slow = true;
      changed();
    }, SLOW);
    this.#follow(this.#abort.signal);
  }

  /** Loads pages until the row at a place is there. */
  async reach(place) {
    this.#wanted = Math.max(this.#wanted, place);
    if (this.loading || !this.next) return;
    const { signal } = this.#abort;
    this.loading = true;
    try {
      while (this.next && !signal.aborted && this.rows.length <= this.#wanted && this.rows.length < MOST) {
        const page = await this.#page(this.next, PAGE, signal);
        this.#older(page);
        changed();
      }
    } catch (error) {
      if (error.name !== 'AbortError') this.error = error;
    } finally {
      this.loading = false;
      changed();
    }
  }

  /** Shows what was held back. */
  release() {
    this.held = false;
    if (this.pending.length === 0) return;
    this.#append(this.pending);
    this.pending = [];
    changed();
  }

  #page(before, limit, signal) {
    return get(query('deliveries', { limit, before, q: state.route.q }), { signal });
  }

  #older(page) {
    const items = page.items.filter(row => !this.byId.has(row.id));
    for (const row of items) this.byId.set(row.id, row);
    this.rows = items.concat(this.rows);
    this.next = page.next ?? null;
    this.complete = page.complete !== false;
    // The server counts from the page on, not from the newest.
    this.older = this.next ? Math.max(1, (page.matched ?? 0) - page.items.length) : 0;
  }

  #replace(page) {
    this.byId.clear();
    this.rows = [];
    this.pending = [];
    this.#wanted = 0;
    this.#older(page);
    this.loaded = true;
    this.error = null;
  }

  #append(rows) {
    for (const row of rows) {
      const known = this.byId.get(row.id);
      if (known) {
        Object.assign(known, row);
        continue;
      }
      this.byId.set(row.id, row);
      this.rows.push(row);
    }
    if (this.rows.length > MOST) {
      for (const row of this.rows.splice(0, this.rows.length - MOST)) this.byId.delete(row.id);
    }
  }

  /** Follows the stream for as long as the filter holds; after a break it goes on where it was. */
  async #follow(signal) {
    let pause = 250;
    let first = true;
    while (!signal.aborted) {
      await visible();
      const rest = new AbortController();
      const stop = restWhenHidden(rest);
      const early = [];
      let listed = false;
      const event = told => {
        if (!listed) early.push(told);
        else this.#told(told);
      };
      try {
        // The stream is opened before the list is read, so that nothing falls between them.
        const opened = async () => {
          pause = 250;
          set({ link: 'live' });
          if (first) this.#replace(await this.#page(null, FIRST, signal));
          first = false;
          listed = true;
          early.forEach(told => this.#told(told));
          changed();
        };
        const last = first ? null : (this.pending.at(-1) ?? this.rows.at(-1))?.id;
        let listing;
        const reading = stream(query('stream', { q: state.route.q }), {
          last,
          signal: AbortSignal.any([signal, rest.signal]),
          opened: () => {
            listing = opened();
            listing.catch(() => {});
          },
          event,
        });
        await reading;
        await listing;
        if (!signal.aborted) set({ link: 'lost' });
      } catch (error) {
        if (signal.aborted) return;
        if (rest.signal.aborted) continue;
        if (!(await this.#without(error, first, signal))) return;
        first &&= !this.loaded;
      } finally {
        stop();
      }
      await new Promise(resolve => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 5000);
    }
  }

  /** Decides on an error of the stream; true to try again. */
  async #without(error, first, signal) {
    if (error instanceof Refused && error.status === 401) {
      set({ link: 'locked' });
      return false;
    }
    const final = error instanceof Refused && error.status >= 400 && error.status < 500 && error.status !== 429;
    if (final) {
      // A filter that the server does not understand: what is shown stays.
      this.error = error;
      this.loaded = true;
      set({ link: error.status === 404 ? 'ended' : state.link });
      if (error.status !== 404 || !first) return false;
    }
    if (first) {
      try {
        this.#replace(await this.#page(null, FIRST, signal));
      } catch (other) {
        if (!signal.aborted && !this.loaded) this.error = other;
      }
    }
    set({ link: final ? 'ended' : 'lost' });
    return !final;
  }

  #told({ name, data }) {
    if (name === 'gap') {
      this.#mend(this.#abort.signal);
      return;
    }
    let told;
    try {
      told = JSON.parse(data);
    } catch {
      return;
    }
    if (name === 'forwarded') this.#forwarded(told);
    else if (name === 'received') this.#received(told);
  }

  #received(told) {
    // The events are read again when it is opened.
    const { events, ...row } = told;
    const known = this.byId.get(row.id);
    if (known) {
      Object.assign(known, row);
      changed();
      return;
    }
    if (this.held) this.pending.push(row);
    else this.#append([row]);
    say(`${subject(row)} ${audience(row)}, ${row.status == null ? 'no response' : `status ${row.status}`}`);
    changed();
  }

  #forwarded(told) {
    const row = this.byId.get(told.id) ?? this.pending.find(one => one.id === told.id);
    if (!row) return;
    row.handler = { status: told.status ?? null, micros: told.micros, target: told.target, outcome: told.outcome };
    row.version = (row.version ?? 0) + 1;
    changed();
  }

  /** Reads what a gap left out; if that is too much, starts anew. */
  async #mend(signal) {
    const newest = (this.pending.at(-1) ?? this.rows.at(-1))?.id;
    const missed = [];
    try {
      let before = null;
      for (let pages = 0; pages < MENDED; pages += 1) {
        const page = await this.#page(before, PAGE, signal);
        const from = page.items.findIndex(row => row.id === newest);
        missed.unshift(...page.items.slice(from + 1));
        if (from >= 0) {
          // Some may have come through the stream meanwhile.
          const known = new Set(this.pending.map(row => row.id));
          const rows = missed.filter(row => !this.byId.has(row.id) && !known.has(row.id));
          if (this.held) this.pending.push(...rows);
          else this.#append(rows);
          changed();
          return;
        }
        if (!page.next) break;
        before = page.next;
      }
      this.#replace(await this.#page(null, FIRST, signal));
      changed();
    } catch {
      // The next event or the next connection mends it.
    }
  }
}

/** The deliveries that match the filter. */
export const deliveries = new Deliveries();
