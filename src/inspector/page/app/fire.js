// Fire an event: a form made of the catalogue, with the request that it would send.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { get, send } from './api.js';
import { Attempts, told } from './attempts.js';
import { Panel } from './panel.js';
import { Target, target } from './target.js';
import { fail } from './state.js';
import { safe } from './words.js';

const TAMPER = [
  ['wrong-secret', 'signed with another secret'], ['body', 'body changed after signing'], ['stale', 'signed too long ago'], ['future', 'signed in the future'],
  ['missing', 'without its signature'], ['newline', 'line break added or removed after signing'], ['empty', 'an empty signature'], ['doubled', 'a second, forged signature'],
  ['doubled-last', 'a forged signature first'], ['no-timestamp', 'without the timestamp'], ['no-id', 'without the id'], ['reserialised', 'signed over other JSON'],
];

/** What was typed stays while other panels are open. */
const form = { provider: '', kind: '', recipient: '', message_id: '', bounce: '', tamper: '', at: '', seed: '', ending: '', recipients: '100', machine: false, set: {} };

/** What plays several events. */
const PLAYS = ['journey', 'campaign'];
let catalogue = null;

/** The form. */
export function Fire() {
  const [providers, setProviders] = useState(catalogue);
  const [payload, setPayload] = useState(null);
  const [preview, setPreview] = useState(null);
  const [result, setResult] = useState(null);
  const [problem, setProblem] = useState(null);
  const [, again] = useState(0);
  const turn = useRef(0);

  useEffect(() => {
    if (catalogue) return;
    get('catalogue').then((all) => {
      catalogue = (Array.isArray(all) ? all : all.items ?? all.providers ?? []).filter((one) => (one.events ?? []).length > 0);
      form.provider ||= catalogue.find((one) => one.provider === 'sendgrid')?.provider ?? catalogue[0]?.provider ?? '';
      setProviders(catalogue);
    }).catch(setProblem);
  }, []);

  const provider = providers?.find((one) => one.provider === form.provider);
  const events = provider?.events ?? [];
  const event = events.find((one) => nameOf(one, events) === form.kind) ?? events.find((one) => one.kind === 'bounce') ?? events[0];
  if (event && !PLAYS.includes(form.kind)) form.kind = nameOf(event, events);

  useEffect(() => {
    if (!provider || !event) return;
    const mine = ++turn.current;
    setPayload(null);
    get(`catalogue/${encodeURIComponent(provider.provider)}/${encodeURIComponent(event.native ?? event.kind)}`)
      .catch(() => get(`catalogue/${encodeURIComponent(provider.provider)}/${encodeURIComponent(event.kind)}`))
      .then((told) => mine === turn.current && setPayload(told)).catch(() => {});
  }, [form.provider, form.kind, providers]);

  const body = JSON.stringify(request(event));
  useEffect(() => {
    if (!event) return undefined;
    const timer = setTimeout(() => {
      send('POST', 'send', { ...request(event), dry_run: true })
        .then((told) => { setPreview(told.requests?.[0] ?? null); setProblem(null); })
        .catch((error) => { setPreview(null); setProblem(error); });
    }, 200);
    return () => clearTimeout(timer);
  }, [body, Boolean(event)]);

  const change = (name, value) => {
    form[name] = value;
    again((n) => n + 1);
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
  const text = (name, label, hint = '') => html`<label class="field">${label}<input data-test=${`fire-${name}`} value=${form[name]} placeholder=${hint} spellcheck=${false} autocomplete="off" onInput=${(one) => change(name, one.target.value.trim())} /></label>`;
  const places = fields(payload);
  return html`
    <${Panel} title="Fire an event" name="fire-panel">
      <div class="form" onKeyDown=${(one) => { if (one.key === 'Enter' && (one.ctrlKey || one.metaKey)) fire(); }}>
        <div class="columns">
          <label class="field">Provider<select data-test="fire-provider" value=${form.provider} onChange=${(one) => { form.set = {}; form.bounce = ''; change('provider', one.target.value); }}>
            ${(providers ?? []).map((one) => html`<option key=${one.provider} value=${one.provider}>${one.title ?? one.provider}</option>`)}</select></label>
          <label class="field">Event<select data-test="fire-kind" value=${form.kind} onChange=${(one) => { form.set = {}; change('kind', one.target.value); }}>
            ${events.map((one) => { const name = nameOf(one, events); return html`<option key=${name} value=${name}>${one.kind}${one.native && one.native !== one.kind ? ` (${one.native})` : ''}</option>`; })}
            <option value="journey">journey: the life of one message</option><option value="campaign">campaign: many messages</option></select></label>
          ${form.kind === 'journey' && html`<label class="field">Ending<select data-test="fire-ending" value=${form.ending} onChange=${(one) => change('ending', one.target.value)}>
            <option value="">click</option>${['bounce', 'complaint', 'unsubscribe'].map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`}
          ${form.kind === 'campaign' && text('recipients', 'Messages', '100')}
          ${text('recipient', 'Recipient', 'ada@example.com')}
          ${text('message_id', 'Message id', 'a new one')}
          ${(event?.kind === 'bounce' && !PLAYS.includes(form.kind)) && (provider?.bounces ?? []).length > 0 && html`<label class="field">Bounce type<select data-test="fire-bounce" value=${form.bounce} onChange=${(one) => change('bounce', one.target.value)}>
            <option value="">as in the example</option>${provider.bounces.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`}
          <label class="field">Tamper<select data-test="fire-tamper" value=${form.tamper} onChange=${(one) => change('tamper', one.target.value)}>
            <option value="">no: a valid request</option>${TAMPER.map(([name, what]) => html`<option key=${name} value=${name}>${name}: ${what}</option>`)}</select></label>
          ${text('at', 'Time of the event', 'now, or 2026-01-15T10:30:00Z')}
          ${text('seed', 'Seed', 'for the same ids every time')}
        </div>
        ${!PLAYS.includes(form.kind) && ['open', 'click'].includes(event?.kind) && html`<label class="check"><input type="checkbox" checked=${form.machine} onChange=${(one) => change('machine', one.target.checked)} /> by a machine (privacy proxy, link scanner)</label>`}
        ${places.length > 0 && !PLAYS.includes(form.kind) && html`<details class="signed"><summary>Fields of the payload (${places.length})</summary>
          <div class="columns places">${places.map(({ place, example }) => html`<label class="field" key=${place}><code>${safe(place)}</code>
            <input value=${form.set[place] ?? ''} placeholder=${example} spellcheck=${false} autocomplete="off" onInput=${(one) => { if (one.target.value === '') delete form.set[place]; else form.set[place] = one.target.value; again((n) => n + 1); }} /></label>`)}</div></details>`}
        <div class="actions">
          <button class="main" data-test="fire-send" disabled=${!event} onClick=${fire} title="Send (Ctrl+Enter)">Send</button>
          <${Target} />
        </div>
        ${problem && html`<p class="problem" role="alert">${problem.message} <span>${problem.hint ?? ''}</span></p>`}
        <${Attempts} result=${result} />
        ${preview && html`<details class="signed" open><summary>The request</summary><pre class="code" tabindex="0" role="region" aria-label="The request" data-test="fire-preview">${safe(shownRequest(preview).slice(0, 65536))}</pre></details>`}
      </div>
    <//>`;
}

/** The name by which an event is asked for: its kind if that is enough, else the provider's own. */
function nameOf(event, events) {
  const first = events.find((one) => one.kind === event.kind);
  return first === event && event.kind !== 'other' ? event.kind : event.native ?? event.kind;
}

function request(event) {
  const kinds = PLAYS.includes(form.kind) ? form.kind : [form.kind];
  const it = { provider: form.provider, kinds };
  for (const name of ['recipient', 'message_id', 'bounce', 'tamper', 'at']) if (form[name]) it[name] = form[name];
  if (event?.kind !== 'bounce' || PLAYS.includes(form.kind)) delete it.bounce;
  if (form.kind === 'journey' && form.ending) it.ending = form.ending;
  if (form.kind === 'campaign') {
    delete it.recipient;
    delete it.message_id;
    if (/^\d+$/.test(form.recipients)) it.recipients = Number(form.recipients);
  }
  if (/^\d+$/.test(form.seed)) it.seed = Number(form.seed);
  if (form.machine && !PLAYS.includes(form.kind) && ['open', 'click'].includes(event?.kind)) it.machine = true;
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
  const all = (payload?.fields ?? []).filter((one) => String(one.place).startsWith('/'));
  let example = null;
  try {
    example = JSON.parse(payload.text);
  } catch {
    // A form: its places have no example here.
  }
  return all.map(({ place }) => {
    const parts = place.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const value = parts.reduce((inner, part) => (inner !== null && typeof inner === 'object' ? inner[part] : undefined), example);
    return { place, example: value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value) };
  });
}

/** A request of a dry run, its body indented for reading. */
function shownRequest(one) {
  const it = one.request ?? one;
  const head = `${it.method ?? 'POST'} ${it.path ?? it.url ?? '/'} HTTP/1.1`;
  const body = it.text ?? (it.body === undefined ? it.base64 ?? '' : JSON.stringify(it.body, null, 2));
  return [head, ...(it.headers ?? []).map(([name, value]) => `${name}: ${value}`), '', body].join('\n');
}
