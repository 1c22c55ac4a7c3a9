// Two deliveries beside each other: what differs in the request, its headers and its body.
import { html } from '/vendor.js';
import { get, query } from './api.js';
import { deliveries } from './deliveries.js';
import { Close, Code, Panel, Problem, Section, useLoaded } from './parts.js';
import { go, state } from './state.js';
import { audience, count, safe, subject, time } from './words.js';

/** The comparison of the URL. */
export function Compare() {
  const { id: a, other: b } = state.route;
  const [told, error] = useLoaded(signal => get(query('compare', { a, b }), { signal }), [a, b]);
  const parts = told ? [['Headers', told.headers], ['Body', told.body]].filter(([, ops]) => Array.isArray(ops)) : [];
  const same = parts.every(([, ops]) => ops.every(([sign]) => sign === '='));
  return html`
    <${Panel} title="Comparison" name="comparison" focus=${false} close=${html`<${Close} to=${{ id: b }} back="Back" />`}
      head=${html`<p class="versus"><${Side} id=${a} sign="−" /><${Side} id=${b} sign="+" /></p>
        <div class="actions"><button onClick=${() => go({ id: b, section: 'compare', other: a }, { replace: true })}>Swap</button></div>`}>
      <${Problem} error=${error} />
      ${told && same && html`<p>The two are the same.</p>`}
      ${parts.map(([title, ops]) => html`<${Section} key=${title} title=${title}><${Lines} ops=${ops} title=${title} /><//>`)}
    <//>`;
}

function Side({ id, sign }) {
  const row = deliveries.byId.get(id);
  return html`<span class="side"><b>${sign}</b> <a href=${`#${encodeURIComponent(id)}`}>${row ? html`${safe(subject(row))} ${safe(audience(row))}` : id}</a> <span class="faint">${row ? time(row.at) : ''}</span></span>`;
}

const WORDS = { '-': 'removed', '+': 'added' };

function Lines({ ops, title }) {
  return html`<${Code} look="diff" label=${`${title}, compared`}>${ops.map(([sign, value], at) => (sign === '='
    ? html`<div class="line same" key=${at}>${typeof value === 'number' ? `${count(value, 'equal line')}` : safe(value)}</div>`
    : html`<div class=${`line ${WORDS[sign]}`} key=${at}><b aria-hidden="true">${sign === '-' ? '−' : '+'}</b><span class="off-screen">${WORDS[sign]}</span> <code>${safe(Array.isArray(value) ? value.join(': ') : value)}</code></div>`))}<//>`;
}
