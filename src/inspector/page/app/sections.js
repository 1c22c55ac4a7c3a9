// Sections of a delivery: events, signature, responses, headers, timeline, unknown fields.
import { html, useEffect, useState } from '/vendor.js';
import { get } from './api.js';
import { Status } from './list.js';
import { go } from './state.js';
import { count, micros, moment, safe, time } from './words.js';

/** Characters of a value that are shown; the body has all of them. */
const LONG = 4000;
/** Events shown at once. */
const MANY = 50;

/** A section with its title. */
export function Section({ name, title, aside, children }) {
  return html`
    <section class="section" id=${`section-${name}`} data-test=${name} aria-labelledby=${`title-${name}`}>
      <header class="section-head"><h3 id=${`title-${name}`}>${title}</h3>${aside}</header>
      ${children}
    </section>`;
}

const LABELS = { native: 'provider’s name', message_id: 'message id', at: 'time', url: 'link', bounce: 'bounce type' };

const MONO = ['message_id', 'url'];

/** The events in email's words. */
export function Events({ received }) {
  const [all, setAll] = useState(false);
  const events = received.events ?? [];
  const problems = received.problems ?? [];
  return html`
    <${Section} name="events" title="Events" aside=${events.length > 1 && html`<span class="faint">${count(events.length, 'event')}</span>`}>
      ${events.length === 0 && html`<p class="faint">${received.provider ? 'No event was found in this delivery.' : 'No provider sends this, as far as the catalogue knows.'}</p>`}
      ${(all ? events : events.slice(0, MANY)).map((event, at) => html`<${Event} key=${at} event=${event} />`)}
      ${events.length > MANY && !all && html`<button onClick=${() => setAll(true)}>All ${count(events.length, 'event')}</button>`}
      ${received.handshake && html`<p>A handshake: ${safe(received.handshake, LONG)}</p>`}
      ${received.recognised_by && html`<p class="faint small">Recognised by ${withCode(received.recognised_by)}</p>`}
      ${problems.length > 0 && html`<ul class="problems" data-test="problems">${problems.map((one) => html`<li>${safe(typeof one === 'string' ? one : one.message ?? one)}</li>`)}</ul>`}
    <//>`;
}

function Event({ event }) {
  const { kind, native, ...rest } = event;
  const members = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return html`
    <div class="event">
      <div class="event-kind"><strong>${safe(kind)}</strong>${native && native !== kind && html` <span class="faint">${safe(native)}</span>`}</div>
      <dl class="facts">${members.map(([name, value]) => html`<dt>${LABELS[name] ?? name.replaceAll('_', ' ')}</dt><dd class=${MONO.includes(name) ? 'mono' : ''}>${safe(value, LONG)}</dd>`)}</dl>
    </div>`;
}

/** The signature, and why it holds or not. */
export function Explain({ received, explained }) {
  const { signature = {} } = received;
  const it = explained ?? signature;
  const word = it.verdict ?? signature.verdict;
  const bad = word === 'refused';
  const fact = (name, value, mono) => value && html`<dt>${name}</dt><dd class=${mono ? 'mono' : ''}>${safe(value)}</dd>`;
  const list = (name, values) => values?.length > 0 && html`<dt>${name}</dt><dd><ul>${values.map((one) => html`<li>${safe(typeof one === 'string' ? one : Object.values(one).filter((part) => typeof part === 'string').join(': '))}</li>`)}</ul></dd>`;
  return html`
    <${Section} name="explain" title="Signature" aside=${html`<span class=${`tag ${bad ? 'bad' : ''}`} data-test="verdict">${word === 'refused' ? 'rejected' : word}</span>`}>
      ${it.finding && html`<p class="finding"><strong>${safe(sentence(it.finding))}</strong></p>`}
      ${it.advice && html`<p class="advice">${withCode(sentence(it.advice))}</p>`}
      <dl class="facts">
        ${fact('scheme', it.scheme)}
        ${fact('reason', it.reason)}
        ${it.fits && html`<dt>fits</dt><dd>${withCode(it.fits)}</dd>`}
        ${fact('key', it.key && (it.key.of > 1 ? `${it.key.name} (${it.key.number} of ${it.key.of})` : it.key.name))}
        ${it.hint && html`<dt>hint</dt><dd>${withCode(it.hint)}</dd>`}
        ${list('ruled out', it.ruled_out)}
        ${list('not tried', it.not_tried)}
      </dl>
      ${it.signed?.shown && html`<details class="signed"><summary>What is signed</summary><pre class="code" tabindex="0" role="region" aria-label="Signed text">${safe(it.signed.shown.slice(0, 65536))}</pre></details>`}
    <//>`;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const withCode = (text) => text.split('`').map((part, at) => (at % 2 ? html`<code>${part}</code>` : safe(part)));

/** What the sender got, and what the handlers responded. */
export function Answer({ received, row }) {
  // What was never answered, such as a fixture, has a response without status and time.
  const reply = received.reply?.status || received.reply?.micros ? received.reply : null;
  const forwarded = received.forwarded ?? received.answers ?? [];
  const handler = forwarded.length === 0 && row?.handler ? [row.handler] : forwarded;
  return html`
    <${Section} name="answer" title="Response">
      <table class="responses"><tbody>
        ${reply && html`<tr><td>to the sender</td><td><${Status} status=${reply.status} words=${reply.hung_up ? 'connection closed' : ''} /></td><td class="num">${micros(reply.micros)}</td>
          <td class="faint">${reply.on_purpose ? 'failed on purpose' : ''}${reply.target ? safe(reply.target) : ''}</td></tr>`}
        ${handler.map((one) => html`<tr><td>from the handler</td><td><${Status} status=${one.status} words=${one.outcome ?? ''} /></td><td class="num">${micros(one.micros)}</td>
          <td class="mono small">${safe(one.target ?? '')}${one.attempt > 1 ? ` · attempt ${one.attempt}` : ''}${one.reason ? html` <span class="faint">${safe(one.reason)}</span>` : ''}</td></tr>`)}
      </tbody></table>
      ${!reply && handler.length === 0 && html`<p class="faint">No response was recorded.</p>`}
      ${handler.map((one) => responseBody(one))}
      ${received.response && handler.length === 0 && responseBody({ ...received.response, status: reply?.status })}
    <//>`;
}

function responseBody(one) {
  const text = one.text ?? (one.body === undefined || one.body === null ? '' : typeof one.body === 'string' ? one.body : JSON.stringify(one.body));
  const headers = one.headers ?? [];
  if (!text && headers.length === 0) return '';
  return html`<details class="signed" open=${one.status >= 400}><summary>${one.target ? html`Response of ${safe(one.target)}` : 'Response body'}</summary>
    ${headers.length > 0 && html`<${Pairs} headers=${headers} />`}
    ${text && html`<pre class="code" tabindex="0" role="region" aria-label="Response body">${safe(text.slice(0, 65536))}</pre>`}</details>`;
}

/** The headers of the request. */
export function Headers({ received, keep, setKeep }) {
  const aside = html`<span class="faint">${(received.headers ?? []).length}</span><span class="grow"></span>
    <label class="check" title="Otherwise they are masked"><input type="checkbox" checked=${keep} onChange=${(event) => setKeep(event.target.checked)} data-test="credentials" /> copy with credentials</label>`;
  return html`<${Section} name="headers" title="Headers" aside=${aside}><${Pairs} headers=${received.headers ?? []} /><//>`;
}

function Pairs({ headers }) {
  return html`<dl class="pairs">${headers.map(([name, value], at) => html`<div key=${at}><dt>${safe(name)}</dt><dd>${safe(value, 4 * LONG)}</dd></div>`)}</dl>`;
}

/** Fields that no page of the provider mentions. */
export function Unknown({ fields }) {
  if (!fields || fields.length === 0) return '';
  return html`
    <${Section} name="unknown" title="Unknown fields" aside=${html`<span class="faint">no page of the provider mentions them</span>`}>
      <ul class="unknown">${fields.map((one) => {
        const { place, page, read, ...rest } = typeof one === 'string' ? { place: one } : one;
        const more = Object.entries(rest).filter(([, value]) => typeof value === 'string' || typeof value === 'number').map(([, value]) => value);
        return html`<li><code>${safe(place ?? JSON.stringify(one))}</code> <span class="faint">${safe(more.join(' · '))}${page ? html` against ${safe(page)}${read ? `, read ${read}` : ''}` : ''}</span></li>`;
      })}</ul>
    <//>`;
}

/** All events of the message that a delivery is about. */
export function Timeline({ received }) {
  const about = (received.events ?? []).find((event) => event.message_id);
  const provider = received.provider;
  const message = about?.message_id;
  // An address holds neither of these.
  const strange = message && (message.length > 1000 || /^\.\.?$/.test(message));
  const [told, setTold] = useState(null);
  useEffect(() => {
    if (!provider || !message || strange) return undefined;
    const abort = new AbortController();
    get(`messages/${encodeURIComponent(provider)}/${encodeURIComponent(message)}`, { signal: abort.signal })
      .then(setTold)
      .catch((error) => error.name !== 'AbortError' && setTold({ events: [], error }));
    return () => abort.abort();
  }, [received.id, provider, message]);
  if (!message) return html`<${Section} name="timeline" title="Timeline"><p class="faint">Without a message id there is no timeline.</p><//>`;
  const events = told?.events ?? told?.items ?? [];
  let before = null;
  return html`
    <${Section} name="timeline" title="Timeline" aside=${html`<span class="faint mono">${safe(message, 200)}</span>`}>
      ${told?.error && html`<p class="faint">${told.error.message}</p>`}
      <ol class="timeline">${events.map((event, at) => {
        const now = Date.parse(event.at);
        const gap = before !== null && now > before ? `${micros((now - before) * 1000)} later` : '';
        before = Number.isNaN(now) ? before : now;
        const id = event.delivery?.id ?? event.delivery ?? event.id;
        return html`<li key=${at} class=${id === received.id ? 'here' : ''}>
          <a href=${`#${encodeURIComponent(id)}`} onClick=${(click) => { click.preventDefault(); go({ id }); }} aria-current=${id === received.id ? 'true' : undefined}>${safe(event.kind)}</a>
          <span class="faint" title=${moment(event.at)}>${time(event.at)}</span>
          ${event.count > 1 && html`<span class="tag">×${event.count}</span>`}
          <${Status} status=${event.handler?.status ?? event.status ?? null} />
          <span class="faint">${gap}</span>
        </li>`;
      })}</ol>
    <//>`;
}
