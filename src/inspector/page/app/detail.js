// One delivery: what it says, whether it is authentic, what was responded, and what can be done with it.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { ask, copy, delivery, get, send } from './api.js';
import { Body, firstLines } from './body.js';
import { deliveries } from './deliveries.js';
import { Editor } from './editor.js';
import { Status } from './list.js';
import { Mail, mailsOf } from './mail.js';
import { Close } from './parts.js';
import { Answer, Events, Explain, Headers, Timeline, Unknown } from './sections.js';
import { Target, target, told } from './sending.js';
import { attempt, go, set, state, tell, useRedraw } from './state.js';
import { audience, number, safe, size, subject, time } from './words.js';

/** What was last loaded: it stays in view until the next one is there, so that nothing flickers. */
let shown = null;

/** The delivery of the URL. */
export function Detail() {
  const { id, section } = state.route;
  const redraw = useRedraw();
  const [error, setError] = useState(null);
  // Credentials are copied for one delivery, if asked for.
  const [kept, setKept] = useState('');
  const keep = kept === id;
  const setKeep = on => setKept(on ? id : '');
  const box = useRef(null);
  const row = deliveries.byId.get(id);
  const version = row?.version ?? 0;

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const load = async () => {
      const optional = promise => promise?.catch(problem => {
        if (problem.name === 'AbortError') throw problem;
        return null;
      });
      const [received, explained, first] = await Promise.all([
        get(delivery(id), { signal }),
        optional(get(delivery(id, '/explain'), { signal })),
        optional(firstLines(id, signal)),
      ]);
      const other = shown?.id !== id;
      // The body is shown from lines that the server makes.
      delete received.body;
      delete received.text;
      delete received.base64;
      shown = { id, received, explained, first };
      setError(null);
      redraw();
      if (other && box.current) box.current.scrollTop = 0;
    };
    load().catch(problem => {
      if (problem.name !== 'AbortError') setError(problem);
    });
    return () => abort.abort();
  }, [id, version]);

  // What is closed is not shown again for a moment when another one is opened.
  useEffect(() => () => {
    shown = null;
  }, []);

  // A section of the URL is brought into view once its delivery is there.
  const ready = shown?.id === id;
  useEffect(() => {
    if (ready && state.focus) {
      state.focus = false;
      box.current?.focus({ preventScroll: true });
    }
    if (ready && section && section !== 'edit') document.getElementById(`section-${section}`)?.scrollIntoView({ block: 'start' });
  }, [ready, section, id]);

  if (error && shown?.id !== id) {
    return html`<article class="detail" data-test="detail"><${Close} />
      <div class="nothing"><h2>${error.status === 410 ? 'No longer kept' : error.status === 404 ? 'No such delivery' : 'Not available'}</h2><p>${error.message}</p><p class="faint">${error.hint}</p></div></article>`;
  }
  if (!shown) return html`<article class="detail" data-test="detail" aria-busy="true"></article>`;
  const { received, explained } = shown;
  const about = row && shown.id === id ? row : rowOf(received);
  return html`
    <article class="detail" ref=${box} data-test="detail" data-id=${shown.id} aria-busy=${!ready} aria-label="Delivery" tabindex="-1">
      <${Head} received=${received} row=${about} keep=${keep} />
      ${section === 'edit' && ready
        ? html`<${Editor} key=${id} received=${received} bytes=${about.bytes} />`
        : html`
        <div class="sections">
          ${mails(received)}
          <${Events} key=${`events-${shown.id}`} received=${received} />
          <${Explain} received=${received} explained=${explained} />
          <${Answer} received=${received} row=${row} />
          <${Body} id=${shown.id} bytes=${about.bytes} first=${shown.first} />
          <${Headers} received=${received} keep=${keep} setKeep=${setKeep} />
          <${Timeline} received=${received} />
          <${Unknown} fields=${received.unknown_fields} />
        </div>`}
    </article>`;
}

/** The mails of a delivery; each knows how many attachments stand before its own. */
function mails(received) {
  let number = 0;
  return mailsOf(received).map((mail, at) => {
    const first = number;
    number += mail.attachments?.length ?? 0;
    return html`<${Mail} key=${`${received.id}-${at}`} id=${received.id} mail=${mail} number=${first} at=${at} />`;
  });
}

/** A row made of the delivery itself, for one that is not in the list. */
function rowOf(received) {
  const events = received.events ?? [];
  return {
    id: received.id,
    at: received.at,
    method: received.method,
    path: received.path,
    provider: received.provider,
    kinds: [...new Set(events.map(event => event.kind))],
    recipients: [...new Set(events.map(event => event.recipient).filter(Boolean))],
    status: received.reply?.status,
    bytes: received.bytes ?? Number((received.headers ?? []).find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? NaN),
    address: received.address,
  };
}

const COPIES = [['curl', 'curl', 'Copy curl', 'a curl command (c)'], ['json', 'fixture', 'fixture', 'a fixture'], ['har', 'har', 'HAR', 'HAR']];

function Head({ received, row, keep }) {
  const editing = state.route.section === 'edit';
  const { id } = received;
  const where = received.address ?? row.address;
  return html`
    <header class="detail-head">
      <div class="detail-title">
        <h2>${safe(subject(row))}<span class="whom">${safe(audience(row))}</span></h2>
        <${Status} status=${row.status ?? row.handler?.status} />
        <${Close} />
      </div>
      <p class="detail-sub">
        ${received.provider && html`<span>${safe(received.provider)}</span>`}
        <span class="mono">${safe(received.method)} ${safe(received.path, 1000)}</span>
        <span title=${received.at}>${time(received.at)}</span>
        ${Number.isFinite(row.bytes) && html`<span>${size(row.bytes)}</span>`}
        ${received.retry && html`<span>arrived ${number(received.retry.count)} times</span>`}
        <span class="mono faint" data-test="address">${safe(where ?? id)}</span>
        ${(received.events ?? []).some(event => event.message_id) && html`<button class="jump" data-test="to-timeline" onClick=${() => timeline(id)} title="All events of this message (g)">timeline</button>`}
      </p>
      <div class="actions">
        <span class="group">
          <button class="main" data-test="replay" onClick=${() => replay(id, false)} title="Send the same bytes again (r)">Replay</button>
          <button data-test="replay-signed" onClick=${() => replay(id, true)} title="Send it with a new time and signature (R)">Signed anew</button>
        </span>
        <${Target} />
        <button data-test="edit" aria-pressed=${editing} onClick=${() => go({ section: editing ? '' : 'edit' })} title="Edit and send (e)">Edit</button>
        <span class="group" role="group" aria-label="Copy as">
          ${COPIES.map(([form, test, words, what]) => html`<button data-test=${`copy-${test}`} onClick=${() => copyAs(id, form, keep)} title=${`Copy as ${what}`}>${words}</button>`)}
        </span>
        <span class="group">
          <button data-test="mark" aria-pressed=${state.marked === id} onClick=${() => mark(id)} title="Mark for a comparison (m)">${state.marked === id ? '◆ Marked' : 'Mark'}</button>
          <button data-test="compare" disabled=${!state.marked || state.marked === id} onClick=${() => compare(id)} title="Compare with the marked one (d)">Compare</button>
        </span>
      </div>
    </header>`;
}

/** Sends a delivery again, as it is or signed anew. */
export const replay = attempt(async (id, resign) => {
  told(await send('POST', delivery(id, '/replay'), { ...(target() && { to: target() }), resign }), resign ? 'Replayed, signed anew' : 'Replayed');
});

/** Copies a delivery in a form that other tools read. */
export const copyAs = attempt(async (id, form, keep) => {
  const response = await ask(delivery(id, `/as/${form}`), keep ? { method: 'POST', body: { credentials: 'keep' } } : {});
  await copy(await response.text());
  tell(`Copied as ${form === 'json' ? 'a fixture' : form === 'har' ? 'HAR' : form}${keep ? ', with credentials' : ''}`);
});

/** Marks a delivery for a comparison, or forgets the mark. */
export function mark(id) {
  set({ marked: state.marked === id ? '' : id });
}

/** Compares a delivery with the marked one. */
export function compare(id) {
  if (!state.marked) tell('Mark a delivery first (m)', 'bad');
  else if (state.marked !== id) go({ id: state.marked, section: 'compare', other: id });
}

/** Brings the timeline into view. */
export function timeline(id) {
  go({ id, section: 'timeline' });
  document.getElementById('section-timeline')?.scrollIntoView({ block: 'start' });
}
