// Statistics of what matches the filter; also what stands beside the list while nothing is open.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { copy, get, query } from './api.js';
import { Bars, columns, Latency, Numbers, Times } from './charts.js';
import { deliveries } from './deliveries.js';
import { Close, Panel, Problem, Section } from './parts.js';
import { KINDS } from './search.js';
import { fail, go, state, tell, useRedraw } from './state.js';
import { count as counted, micros, number, verdict } from './words.js';

/** Milliseconds between two readings while deliveries come. */
const EVERY = 2000;

let unit = '';

const SECONDS = { second: 1, minute: 60, hour: 3600 };

/** The statistics. */
export function Stats() {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const redraw = useRedraw();
  const { q } = state.route;
  const newest = deliveries.rows.at(-1)?.id ?? '';
  const timer = useRef(0);
  const count = async by => {
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
    if (!deliveries.loaded || deliveries.error) return;
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
  const names = member => [...new Set(buckets.flatMap(one => Object.keys(one[member] ?? {})))];
  const pick = (word, value) => go({ q: `${q} ${word}:${value}`.trim() });
  const chart = (title, member, { word, bad = () => false, shown = name => name, table = true }) => {
    const set = names(member).sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
    const most = Math.max(1, ...all.flatMap(one => set.map(name => one[member][name] ?? 0)));
    return html`<${Section} title=${title}>
      ${set.length === 0 ? html`<p class="faint">No events.</p>` : set.map(name => html`
        <${Bars} key=${name} name=${shown(name)} values=${all.map(one => one[member][name] ?? 0)} total=${total(member, name)} most=${most} bad=${bad(name)}
          onPick=${name !== 'not judged' && name !== 'other' && (() => pick(word, name === 'verified (test key)' ? 'test-key' : name))} />`)}<${Times} columns=${all} />
      ${table && html`<${Numbers} columns=${all} names=${set} value=${(one, name) => number(one[member][name])} />`}<//>`;
  };
  return html`
    <${Panel} title="Statistics" name="stats-panel" focus=${false} close=${state.route.panel === 'stats' && html`<${Close} />`}
      aside=${html`<span class="group" role="group" aria-label="Unit of time">${Object.keys(SECONDS).map(one => html`<button key=${one} aria-pressed=${(unit || told?.by) === one} onClick=${() => { unit = one; setTold(null); redraw(); }}>${one}</button>`)}</span>`}
      head=${html`<p class="detail-sub">${q && html`<span>what matches <code>${q}</code></span>`}</p>`}>
      <${Problem} error=${error} />
      ${!told && !error && html`<p class="faint">Counting…</p>`}
      ${all.length > 0 && html`
        ${chart('Events over time', 'kinds', { word: 'events' })}
        ${all.some(one => one.p99 > 1) && html`${chart('Responses', 'statuses', { word: 'status', bad: name => !name.startsWith('2') })}
        <${Section} title="Latency">
          <${Latency} columns=${all} />
          <${Numbers} columns=${all} names=${['p50', 'p90', 'p99']} value=${(one, name) => micros(one[name])} /><//>`}
        ${names('verdicts').length > 0 && chart('Signatures', 'verdicts', { word: 'verdict', bad: name => name === 'refused', shown: verdict, table: false })}`}
    <//>`;
}

const order = kind => (KINDS.indexOf(kind) + 1 || 99);

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
