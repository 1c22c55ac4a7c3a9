// Statistics of what matches the filter; also what stands beside the list while nothing is open.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { copy, get, query } from './api.js';
import { Bars, Latency, Numbers, Times, columns } from './charts.js';
import { deliveries } from './deliveries.js';
import { Close } from './panel.js';
import { KINDS } from './search.js';
import { fail, go, state, tell } from './state.js';
import { count as counted, micros, number, verdict } from './words.js';

/** Milliseconds between two readings while deliveries come. */
const EVERY = 2000;

let unit = '';

const SECONDS = { second: 1, minute: 60, hour: 3600 };

/** The statistics. */
export function Stats() {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const [, again] = useState(0);
  const { q } = state.route;
  const newest = deliveries.rows.at(-1)?.id ?? '';
  const timer = useRef(0);
  const count = async (by) => {
    timer.current = 0;
    try {
      const answer = await get(query('stats', { by, q }));
      if (state.route.q !== q) return;
      // The units of a long time are more than are told.
      if (!unit && answer.left_out > 0 && by !== 'hour') await count(by === 'second' ? 'minute' : 'hour');
      else {
        setTold(answer);
        setError(null);
      }
    } catch (problem) {
      setError(problem);
    }
  };
  const usual = () => unit || (spread() > 3 * 3600e3 ? 'hour' : spread() > 120e3 ? 'minute' : 'second');
  useEffect(() => {
    if (!deliveries.loaded || deliveries.error) return undefined;
    clearTimeout(timer.current);
    count(usual());
    return () => clearTimeout(timer.current);
  }, [q, unit, deliveries.turn, deliveries.loaded]);
  // Not for each delivery: what comes is counted now and then.
  useEffect(() => {
    if (told && !timer.current) timer.current = setTimeout(() => count(told.by), EVERY);
  }, [newest]);

  if (deliveries.loaded && deliveries.length === 0 && !q && deliveries.pending.length === 0) return html`<${Welcome} />`;
  const buckets = told?.buckets ?? [];
  const all = columns(buckets, SECONDS[told?.by] * 1000);
  const total = (member, name) => buckets.reduce((sum, one) => sum + (one[member]?.[name] ?? 0), 0);
  const names = (member) => [...new Set(buckets.flatMap((one) => Object.keys(one[member] ?? {})))];
  const kinds = names('kinds').sort((a, b) => order(a) - order(b));
  const statuses = names('statuses').sort();
  const verdicts = names('verdicts').sort();
  const most = (member, set) => Math.max(1, ...all.flatMap((one) => set.map((name) => one[member][name] ?? 0)));
  const pick = (word, value) => go({ q: `${q} ${word}:${value}`.trim() });
  const rows = (member, set, word, bad, shown = (name) => name) => set.map((name) => html`
    <${Bars} key=${name} name=${shown(name)} values=${all.map((one) => one[member][name] ?? 0)} total=${total(member, name)} most=${most(member, set)} bad=${bad(name)} onPick=${word && name !== 'not judged' && name !== 'other' ? () => pick(word, name === 'verified (test key)' ? 'test-key' : name) : undefined} />`);
  return html`
    <article class="detail stats" data-test="stats-panel" aria-label="Statistics" tabindex="-1">
      <header class="detail-head"><div class="detail-title"><h2>Statistics</h2>
        <span class="group" role="group" aria-label="Unit of time">${Object.keys(SECONDS).map((one) => html`<button key=${one} aria-pressed=${(unit || told?.by) === one ? 'true' : 'false'} onClick=${() => { unit = one; setTold(null); again((n) => n + 1); }}>${one}</button>`)}</span>
        ${state.route.panel === 'stats' && html`<${Close} />`}</div>
        <p class="detail-sub">${q ? html`<span>what matches <code>${q}</code></span>` : ''}</p></header>
      <div class="sections">
        ${error && html`<p class="problem">${error.message}</p>`}
        ${!told && !error && html`<p class="faint">Counting…</p>`}
        ${all.length > 0 && html`
        <section class="section"><header class="section-head"><h3>Events over time</h3></header>
          ${kinds.length === 0 ? html`<p class="faint">No events.</p>` : rows('kinds', kinds, 'events', () => false)}<${Times} columns=${all} />
          <${Numbers} columns=${all} names=${kinds} value=${(one, name) => number(one.kinds[name])} /></section>
        ${all.some((one) => one.p99 > 1) && html`<section class="section"><header class="section-head"><h3>Responses</h3></header>
          ${rows('statuses', statuses, 'status', (name) => !name.startsWith('2'))}<${Times} columns=${all} />
          <${Numbers} columns=${all} names=${statuses} value=${(one, name) => number(one.statuses[name])} /></section>
        <section class="section"><header class="section-head"><h3>Latency</h3></header>
          <${Latency} columns=${all} />
          <${Numbers} columns=${all} names=${['p50', 'p90', 'p99']} value=${(one, name) => micros(one[name])} /></section>`}
        ${verdicts.length > 0 && html`<section class="section"><header class="section-head"><h3>Signatures</h3></header>
          ${rows('verdicts', verdicts, 'verdict', (name) => name === 'refused', verdict)}<${Times} columns=${all} /></section>`}`}
      </div>
    </article>`;
}

const order = (kind) => (KINDS.indexOf(kind) + 1 || 99);

/** Milliseconds between the first and the last loaded delivery. */
function spread() {
  const [first, last] = [deliveries.rows[0], deliveries.rows.at(-1)];
  return first && last ? Date.parse(last.at) - Date.parse(first.at) : 0;
}

/** The first minute: where to send to, and a line to try it. */
function Welcome() {
  const { session } = state;
  const url = session?.listening;
  const line = `webhook-cli send bounce --provider sendgrid${url ? ` --to ${url}` : ''}`;
  return html`
    <article class="detail" aria-label="Welcome" tabindex="-1">
      <div class="nothing">
        <h2>${url ? 'Waiting for the first delivery' : 'Nothing to show'}</h2>
        ${url && html`<p>Providers and scripts post to <code>${url}</code></p>
        <p class="line"><code>${line}</code> <button onClick=${() => copy(line).then(() => tell('Copied the command')).catch(fail)}>Copy</button></p>
        <p><button class="main" onClick=${() => go({ panel: 'fire' })}>Fire an event</button></p>`}
        <p class="faint">${counted(session?.providers?.length ?? 0, 'provider')} in the catalogue · press <kbd>?</kbd> for the keys</p>
      </div>
    </article>`;
}
