// Sections of a delivery: events, signature, responses, headers, timeline, unknown fields.
import { html, useState } from '/vendor.js';
import { get } from './api.js';
import { Status } from './list.js';
import { Check, Details, Fact, Pairs, Section, Text, useLoaded } from './parts.js';
import { count, micros, safe, time } from './words.js';

/** Characters of a value that are shown; the body has all of them. */
const LONG = 4000;
/** Events shown at once. */
const MANY = 50;

const LABELS = { message_id: 'message id', at: 'time', url: 'link', bounce: 'bounce type' };

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
      ${problems.length > 0 && html`<ul class="problems" data-test="problems">${problems.map(one => html`<li>${safe(one)}</li>`)}</ul>`}
    <//>`;
}

function Event({ event }) {
  const { kind, native, ...rest } = event;
  const members = Object.entries(rest).filter(([, value]) => value != null && value !== '');
  return html`
    <div class="event">
      <div class="event-kind"><strong>${safe(kind)}</strong>${native && native !== kind && html` <span class="faint">${safe(native)}</span>`}</div>
      <dl class="facts">${members.map(([name, value]) => html`<${Fact} name=${LABELS[name] ?? name.replaceAll('_', ' ')} mono=${MONO.includes(name)}>${safe(value, LONG)}<//>`)}</dl>
    </div>`;
}

/** The signature, and why it holds or not. */
export function Explain({ received, explained }) {
  const { signature = {} } = received;
  const it = explained ?? signature;
  const word = it.verdict ?? signature.verdict;
  const bad = word === 'refused';
  const list = (name, values) => values?.length > 0 && html`<${Fact} name=${name}><ul>${values.map(one => html`<li>${safe(typeof one === 'string' ? one : Object.values(one).filter(part => typeof part === 'string').join(': '))}</li>`)}</ul><//>`;
  return html`
    <${Section} name="explain" title="Signature" aside=${html`<span class=${`tag ${bad ? 'bad' : ''}`} data-test="verdict">${word === 'refused' ? 'rejected' : word}</span>`}>
      ${it.finding && html`<p class="finding"><strong>${safe(sentence(it.finding))}</strong></p>`}
      ${it.advice && html`<p class="advice">${withCode(sentence(it.advice))}</p>`}
      <dl class="facts">
        <${Fact} name="scheme">${it.scheme}<//>
        <${Fact} name="reason">${it.reason && safe(it.reason)}<//>
        <${Fact} name="fits">${it.fits && withCode(it.fits)}<//>
        <${Fact} name="key">${it.key && safe(it.key.of > 1 ? `${it.key.name} (${it.key.number} of ${it.key.of})` : it.key.name)}<//>
        <${Fact} name="hint">${it.hint && withCode(it.hint)}<//>
        ${list('ruled out', it.ruled_out)}
        ${list('not tried', it.not_tried)}
      </dl>
      ${it.signed?.shown && html`<${Details} title="What is signed"><${Text} label="Signed text" text=${it.signed.shown} /><//>`}
    <//>`;
}

const sentence = text => text.charAt(0).toUpperCase() + text.slice(1);
const withCode = text => text.split('`').map((part, at) => (at % 2 ? html`<code>${part}</code>` : safe(part)));

/** What the sender got, and what the handlers responded. */
export function Answer({ received, row }) {
  // What was never answered, such as a fixture, has a response without status and time.
  const reply = received.reply?.status || received.reply?.micros ? received.reply : null;
  const forwarded = received.forwarded ?? [];
  const handler = forwarded.length === 0 && row?.handler ? [row.handler] : forwarded;
  return html`
    <${Section} name="answer" title="Response">
      <table class="responses"><tbody>
        ${reply && html`<tr><td>to the sender</td><td><${Status} status=${reply.status} words=${reply.hung_up ? 'connection closed' : ''} /></td><td class="num">${micros(reply.micros)}</td>
          <td class="faint">${reply.on_purpose ? 'failed on purpose' : ''}${reply.target ? safe(reply.target) : ''}</td></tr>`}
        ${handler.map(one => html`<tr><td>from the handler</td><td><${Status} status=${one.status} words=${one.outcome ?? ''} /></td><td class="num">${micros(one.micros)}</td>
          <td class="mono small">${safe(one.target ?? '')}${one.attempt > 1 ? ` · attempt ${one.attempt}` : ''}${one.reason ? html` <span class="faint">${safe(one.reason)}</span>` : ''}</td></tr>`)}
      </tbody></table>
      ${!reply && handler.length === 0 && html`<p class="faint">No response was recorded.</p>`}
      ${handler.map(one => responseBody(one))}
      ${received.response && handler.length === 0 && responseBody({ ...received.response, status: reply?.status })}
    <//>`;
}

function responseBody(one) {
  const text = one.text ?? one.body;
  const headers = one.headers ?? [];
  if (!text && headers.length === 0) return '';
  return html`<${Details} title=${one.target ? html`Response of ${safe(one.target)}` : 'Response body'} open=${one.status >= 400}>
    <${Pairs} headers=${headers} />
    ${text && html`<${Text} label="Response body" text=${text} />`}<//>`;
}

/** The headers of the request. */
export function Headers({ received, keep, setKeep }) {
  const aside = html`<span class="faint">${(received.headers ?? []).length}</span><span class="grow"></span>
    <${Check} on=${keep} test="credentials" title="Otherwise they are masked" change=${setKeep}>copy with credentials<//>`;
  return html`<${Section} name="headers" title="Headers" aside=${aside}><${Pairs} headers=${received.headers ?? []} /><//>`;
}

/** Fields that no page of the provider mentions. */
export function Unknown({ fields }) {
  if (!fields || fields.length === 0) return '';
  return html`
    <${Section} name="unknown" title="Unknown fields" aside=${html`<span class="faint">no page of the provider mentions them</span>`}>
      <ul class="unknown">${fields.map(({ place, type, page, read }) => html`<li><code>${safe(place)}</code> <span class="faint">${type}${page ? ` against ${page}, read ${read}` : ''}</span></li>`)}</ul>
    <//>`;
}

/** All events of the message that a delivery is about. */
export function Timeline({ received }) {
  const about = (received.events ?? []).find(event => event.message_id);
  const provider = received.provider;
  const message = about?.message_id;
  // An address holds neither of these.
  const strange = message && (message.length > 1000 || /^\.\.?$/.test(message));
  const [told, error] = useLoaded(
    signal => (provider && message && !strange && get(`messages/${encodeURIComponent(provider)}/${encodeURIComponent(message)}`, { signal })),
    [received.id, provider, message],
  );
  if (!message) return html`<${Section} name="timeline" title="Timeline"><p class="faint">Without a message id there is no timeline.</p><//>`;
  const events = error ? [] : told?.events ?? [];
  let before = null;
  return html`
    <${Section} name="timeline" title="Timeline" aside=${html`<span class="faint mono">${safe(message, 200)}</span>`}>
      ${error && html`<p class="faint">${error.message}</p>`}
      <ol class="timeline">${events.map((event, at) => {
        const now = Date.parse(event.at);
        const gap = before !== null && now > before ? `${micros((now - before) * 1000)} later` : '';
        before = Number.isNaN(now) ? before : now;
        const id = event.delivery;
        return html`<li key=${at} class=${id === received.id && 'here'}>
          <a href=${`#${encodeURIComponent(id)}`} aria-current=${id === received.id}>${safe(event.kind)}</a>
          <span class="faint" title=${event.at}>${time(event.at)}</span>
          ${event.count > 1 && html`<span class="tag">×${event.count}</span>`}
          <${Status} status=${event.handler?.status ?? event.status} />
          <span class="faint">${gap}</span>
        </li>`;
      })}</ol>
    <//>`;
}
