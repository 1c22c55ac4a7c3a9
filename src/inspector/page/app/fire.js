// Fire an event: a form made of the catalogue, with the request that it would send.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { get, send } from './api.js';
import { Check, Choice, Details, Field, Panel, Problem, Text } from './parts.js';
import { Attempts, target, Target, told } from './sending.js';
import { fail, useRedraw } from './state.js';
import { safe } from './words.js';

const TAMPER = [
  ['wrong-secret', 'signed with another secret'], ['body', 'body changed after signing'], ['stale', 'signed too long ago'], ['future', 'signed in the future'],
  ['missing', 'without its signature'], ['newline', 'line break added or removed after signing'], ['empty', 'an empty signature'], ['doubled', 'a second, forged signature'],
  ['doubled-last', 'a forged signature first'], ['no-timestamp', 'without the timestamp'], ['no-id', 'without the id'], ['reserialised', 'signed over other JSON'],
];

/** What was typed stays while other panels are open. */
const form = { provider: '', kind: '', recipient: '', message_id: '', bounce: '', tamper: '', at: '', seed: '', ending: '', recipients: '100', machine: false, set: {} };

/** What plays several events. */
const WHAT = { journey: 'the life of one message', campaign: 'many messages' };
const PLAYS = Object.keys(WHAT);
const takesBounce = event => event?.kind === 'bounce' && !PLAYS.includes(form.kind);
const takesMachine = event => ['open', 'click'].includes(event?.kind) && !PLAYS.includes(form.kind);

let catalogue = null;

/** The form. */
export function Fire() {
  const [providers, setProviders] = useState(catalogue);
  const [payload, setPayload] = useState(null);
  const [preview, setPreview] = useState(null);
  const [result, setResult] = useState(null);
  const [problem, setProblem] = useState(null);
  const redraw = useRedraw();
  const turn = useRef(0);

  useEffect(() => {
    if (catalogue) return;
    get('catalogue').then(all => {
      catalogue = all.items.filter(one => (one.events ?? []).length > 0);
      form.provider ||= catalogue.find(one => one.provider === 'sendgrid')?.provider ?? catalogue[0]?.provider ?? '';
      setProviders(catalogue);
    }).catch(setProblem);
  }, []);

  const provider = providers?.find(one => one.provider === form.provider);
  const events = provider?.events ?? [];
  const event = events.find(one => nameOf(one, events) === form.kind) ?? events.find(one => one.kind === 'bounce') ?? events[0];
  const plays = PLAYS.includes(form.kind);
  if (event && !plays) form.kind = nameOf(event, events);

  useEffect(() => {
    if (!provider || !event) return;
    const mine = ++turn.current;
    setPayload(null);
    get(`catalogue/${encodeURIComponent(provider.provider)}/${encodeURIComponent(event.native ?? event.kind)}`)
      .catch(() => get(`catalogue/${encodeURIComponent(provider.provider)}/${encodeURIComponent(event.kind)}`))
      .then(told => mine === turn.current && setPayload(told)).catch(() => {});
  }, [form.provider, form.kind, providers]);

  const body = JSON.stringify(request(event));
  useEffect(() => {
    if (!event) return;
    const timer = setTimeout(() => {
      send('POST', 'send', { ...request(event), dry_run: true })
        .then(told => { setPreview(told.requests?.[0] ?? null); setProblem(null); })
        .catch(error => { setPreview(null); setProblem(error); });
    }, 200);
    return () => clearTimeout(timer);
  }, [body, Boolean(event)]);

  const change = (name, value) => {
    form[name] = value;
    redraw();
  };
  const fire = async () => {
    try {
      const answer = await send('POST', 'send', request(event));
      setResult(answer);
      told(answer, 'Sent');
    } catch (error) {
      setProblem(error);
      fail(error);
    }
  };
  const text = (name, label, hint = '') => html`<${Field} label=${label} test=${`fire-${name}`} value=${form[name]} placeholder=${hint} change=${value => change(name, value.trim())} />`;
  const choice = (name, label, options, pick = value => change(name, value)) => html`<${Choice} label=${label} test=${`fire-${name}`} value=${form[name]} options=${options} change=${pick} />`;
  const places = fields(payload);
  return html`
    <${Panel} title="Fire an event" name="fire-panel">
      <div class="form" onKeyDown=${one => { if (one.key === 'Enter' && (one.ctrlKey || one.metaKey)) fire(); }}>
        <div class="columns">
          ${choice('provider', 'Provider', (providers ?? []).map(one => [one.provider, one.title]), value => { form.set = {}; form.bounce = ''; change('provider', value); })}
          ${choice('kind', 'Event', [...events.map(one => [nameOf(one, events), one.native && one.native !== one.kind ? `${one.kind} (${one.native})` : one.kind]), ...PLAYS.map(one => [one, `${one}: ${WHAT[one]}`])], value => { form.set = {}; change('kind', value); })}
          ${form.kind === 'journey' && choice('ending', 'Ending', [['', 'click'], ['bounce'], ['complaint'], ['unsubscribe']])}
          ${form.kind === 'campaign' && text('recipients', 'Messages', '100')}
          ${text('recipient', 'Recipient', 'ada@example.com')}
          ${text('message_id', 'Message id', 'a new one')}
          ${takesBounce(event) && (provider?.bounces ?? []).length > 0 && choice('bounce', 'Bounce type', [['', 'as in the example'], ...provider.bounces.map(one => [one])])}
          ${choice('tamper', 'Tamper', [['', 'no: a valid request'], ...TAMPER.map(([name, what]) => [name, `${name}: ${what}`])])}
          ${text('at', 'Time of the event', 'now, or 2026-01-15T10:30:00Z')}
          ${text('seed', 'Seed', 'for the same ids every time')}
        </div>
        ${takesMachine(event) && html`<${Check} on=${form.machine} change=${on => change('machine', on)}>by a machine (privacy proxy, link scanner)<//>`}
        ${places.length > 0 && !plays && html`<${Details} title=${`Fields of the payload (${places.length})`}>
          <div class="columns places">${places.map(({ place, example }) => html`<${Field} key=${place} label=${html`<code>${safe(place)}</code>`} value=${form.set[place] ?? ''} placeholder=${example} change=${value => { if (value === '') delete form.set[place]; else form.set[place] = value; redraw(); }} />`)}</div><//>`}
        <div class="actions">
          <button class="main" data-test="fire-send" disabled=${!event} onClick=${fire} title="Send (Ctrl+Enter)">Send</button>
          <${Target} />
        </div>
        <${Problem} error=${problem} />
        <${Attempts} result=${result} />
        ${preview && html`<${Details} title="The request" open><${Text} label="The request" text=${shownRequest(preview)} test="fire-preview" /><//>`}
      </div>
    <//>`;
}

/** The name by which an event is asked for: its kind if that is enough, else the provider's own. */
function nameOf(event, events) {
  const first = events.find(one => one.kind === event.kind);
  return first === event && event.kind !== 'other' ? event.kind : event.native ?? event.kind;
}

function request(event) {
  const kinds = PLAYS.includes(form.kind) ? form.kind : [form.kind];
  const it = { provider: form.provider, kinds };
  for (const name of ['recipient', 'message_id', 'bounce', 'tamper', 'at']) if (form[name]) it[name] = form[name];
  if (!takesBounce(event)) delete it.bounce;
  if (form.kind === 'journey' && form.ending) it.ending = form.ending;
  if (form.kind === 'campaign') {
    delete it.recipient;
    delete it.message_id;
    if (/^\d+$/.test(form.recipients)) it.recipients = Number(form.recipients);
  }
  if (/^\d+$/.test(form.seed)) it.seed = Number(form.seed);
  if (form.machine && takesMachine(event)) it.machine = true;
  if (Object.keys(form.set).length > 0 && !PLAYS.includes(form.kind)) it.set = Object.fromEntries(Object.entries(form.set).map(([place, value]) => [place, typed(value)]));
  if (target()) it.to = target();
  return it;
}

/** What was typed: JSON if it is JSON, else a text. A number keeps its digits where the browser can do that. */
function typed(value) {
  try {
    const read = JSON.parse(value);
    return typeof read === 'number' && JSON.rawJSON ? JSON.rawJSON(value.trim()) : read;
  } catch {
    return value;
  }
}

/** Places of the payload with the value that the catalogue's own example has there. */
function fields(payload) {
  const all = (payload?.fields ?? []).filter(one => String(one.place).startsWith('/'));
  let example = null;
  try {
    example = JSON.parse(payload.text);
  } catch {
    // A form: its places have no example here.
  }
  return all.map(({ place }) => {
    const parts = place.slice(1).split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const value = parts.reduce((inner, part) => (inner !== null && typeof inner === 'object' ? inner[part] : undefined), example);
    return { place, example: value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value) };
  });
}

/** A request of a dry run, its body indented for reading. */
function shownRequest({ request: it }) {
  const head = `${it.method} ${it.path} HTTP/1.1`;
  const body = it.text ?? (it.body === undefined ? it.base64 ?? '' : JSON.stringify(it.body, null, 2));
  return [head, ...it.headers.map(([name, value]) => `${name}: ${value}`), '', body].join('\n');
}
