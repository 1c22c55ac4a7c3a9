// The list: a row a delivery, the newest on top. Only the rows in view are in the page.
import { html, useEffect, useLayoutEffect, useRef, useState } from '/vendor.js';
import { deliveries } from './deliveries.js';
import { changed, go, set, state } from './state.js';
import { audience, count, micros, number, safe, silent, standing, subject, time, verdict } from './words.js';

/** Height of a row in pixels; the same number stands in the style sheet. */
const ROW = 56;
/** Rows beyond the view, above and below. */
const BEYOND = 6;
/** New rows wait this long after the pointer moved over the list, so that nothing slips from under it. */
const AIMING = 600;

/** The list of deliveries. */
export function List() {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const aimed = useRef(0);

  useLayoutEffect(() => {
    const element = box.current;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  // Another filter begins at the top.
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [state.route.q]);

  // The cursor stays in view.
  const place = state.cursor ? deliveries.place(state.cursor) : -1;
  const last = useRef('');
  useEffect(() => {
    if (place < 0 || last.current === state.cursor) return;
    last.current = state.cursor;
    const element = box.current;
    const top = place * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
  }, [state.cursor, place]);

  const total = deliveries.length;
  const from = Math.max(0, Math.floor(view.top / ROW) - BEYOND);
  const to = Math.min(total, Math.ceil((view.top + view.height) / ROW) + BEYOND);
  useEffect(() => {
    if (to + 40 > deliveries.rows.length) deliveries.reach(to + 40);
  }, [to, deliveries.rows.length]);

  const hold = () => {
    const away = (box.current?.scrollTop ?? 0) > 2;
    const held = away || Date.now() - aimed.current < AIMING;
    deliveries.held = held;
    if (!held) deliveries.release();
  };
  const scrolled = () => {
    hold();
    setView({ top: box.current.scrollTop, height: box.current.clientHeight });
  };
  const timer = useRef(0);
  const aim = () => {
    aimed.current = Date.now();
    deliveries.held = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(hold, AIMING + 10);
  };
  const toTop = () => {
    aimed.current = 0;
    box.current.scrollTop = 0;
    deliveries.release();
    scrolled();
  };

  const rows = [];
  for (let at = from; at < to; at += 1) {
    const row = deliveries.at(at);
    rows.push(row ? html`<${Row} key=${row.id} row=${row} at=${at} of=${total} />` : html`<div key=${`empty-${at}`} class="row empty" role="presentation" style=${{ top: `${at * ROW}px` }}></div>`);
  }
  const cursor = place >= from && place < to ? `row-${state.cursor}` : null;
  return html`
    <div class="list-head">
      <span data-test="matched">${heading(total)}</span>
      ${state.marked && html`<button class="quiet" data-test="unmark" onClick=${() => set({ marked: '' })} title="Forget the mark">1 marked ✕</button>`}
    </div>
    ${state.session?.problems?.map(one => html`<p class="problem" role="alert">${safe(one, 500)}</p>`)}
    <div class="list-frame">
      ${deliveries.pending.length > 0 && html`<button class="new-rows" data-test="new" onClick=${toTop}>↑ ${number(deliveries.pending.length)} new</button>`}
      <div class=${`list ${deliveries.slow && !deliveries.loaded ? 'stale' : ''}`} ref=${box} onScroll=${scrolled} onPointerMove=${aim} tabindex="0"
        role=${total > 0 ? 'listbox' : 'region'} aria-label="Deliveries" aria-activedescendant=${cursor} aria-busy=${!deliveries.loaded} data-test="list">
        ${total > 0 && html`<div class="list-room" role="presentation" style=${{ height: `${total * ROW}px` }}>${rows}</div>`}
        ${total === 0 && html`<${Empty} />`}
      </div>
    </div>`;
}

function heading(total) {
  if (!deliveries.loaded && (total === 0 || deliveries.slow)) return state.route.q ? 'Searching…' : 'Loading…';
  const { rows } = deliveries;
  const what = count(total, 'delivery', 'deliveries');
  if (deliveries.loading && deliveries.older > 1000) return `${what} · ${number(rows.length)} loaded`;
  return deliveries.complete ? what : `${what}, and more: the search stopped at its time limit`;
}

/** Verdicts that need a look. */
const DOUBTFUL = { refused: 'tag bad', unchecked: 'tag' };

function Row({ row, at, of }) {
  const status = row.status ?? row.handler?.status;
  const look = standing(status);
  const open = event => {
    if (event.ctrlKey || event.metaKey) {
      window.open(`${location.pathname}${location.search}#${encodeURIComponent(row.id)}`, '_blank', 'noopener');
      return;
    }
    go({ id: row.id });
  };
  if (row.gone) return html`<div class="row none" role="option" aria-selected="false" data-test="row" data-id=${row.id} style=${{ top: `${at * ROW}px` }}><span class="row-line"><span class="whom">no longer in the recording</span></span></div>`;
  const whom = audience(row);
  const classes = ['row', row.id === state.route.id && 'open', row.id === state.cursor && 'cursor', look].filter(Boolean).join(' ');
  return html`
    <div class=${classes} role="option" id=${`row-${row.id}`} aria-selected=${row.id === state.route.id}
      aria-setsize=${of} aria-posinset=${at + 1} data-test="row" data-id=${row.id} onClick=${open} style=${{ top: `${at * ROW}px` }}>
      <span class="row-line">
        ${row.id === state.marked && html`<span class="mark" title="marked">◆</span>`}
        <span class="subject">${safe(subject(row))}</span>
        <span class="whom">${safe(whom || `${row.method} ${row.path}`, 300)}</span>
        <${Status} status=${status} />
      </span>
      <span class="row-line second">
        <span class="from">${safe(row.provider ?? '')}${row.provider && whom ? ' · ' : ''}${whom ? safe(row.path, 300) : ''}</span>
        ${!silent(row.verdict) && html`<span class=${DOUBTFUL[row.verdict]}>${verdict(row.verdict)}</span>`}
        ${row.repeat > 1 && html`<span class="tag" title="arrived ${row.repeat} times">×${row.repeat}</span>`}
        ${row.problems > 0 && html`<span class="tag">${count(row.problems, 'problem')}</span>`}
        <span class="took">${status == null && !row.micros ? '' : micros(row.handler?.micros ?? row.micros)}</span>
        <span class="at">${time(row.at)}</span>
      </span>
    </div>`;
}

/** A status that can be read without its colour. */
export function Status({ status, words = '' }) {
  const look = standing(status);
  const sign = look === 'good' ? '✓' : look === 'bad' ? '✕' : '–';
  return html`<span class=${`status ${look}`}><span aria-hidden="true">${sign}</span> ${status ?? (words || (state.session?.listening ? 'none' : ''))}</span>`;
}

function Empty() {
  if (!deliveries.loaded && !deliveries.error) return html`<p class="empty-list">Loading…</p>`;
  if (state.route.q) {
    return html`<div class="empty-list"><p>Nothing matches this filter.</p>
      <button onClick=${() => go({ q: '' })} data-test="clear-filter">Clear the filter</button></div>`;
  }
  return html`<div class="empty-list"><p>Nothing has arrived yet.</p><p class="faint">What arrives is shown here at once.</p></div>`;
}

/** Moves the cursor by some rows; what is open follows. */
export function step(by) {
  const at = state.cursor ? deliveries.place(state.cursor) : -1;
  const to = at < 0 ? 0 : Math.max(0, Math.min(deliveries.length - 1, at + by));
  const row = deliveries.at(to);
  if (!row) {
    deliveries.reach(to + 40);
    return;
  }
  if (state.route.id && state.route.section !== 'compare') go({ id: row.id, section: state.route.section === 'edit' ? '' : state.route.section }, { replace: true });
  else {
    state.cursor = row.id;
    changed();
  }
}
