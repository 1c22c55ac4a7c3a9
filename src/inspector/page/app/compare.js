// Two deliveries beside each other: what differs in the request, its headers and its body.
import { html, useEffect, useState } from '/vendor.js';
import { get, query } from './api.js';
import { Close } from './panel.js';
import { go, state } from './state.js';
import { deliveries } from './deliveries.js';
import { audience, count, safe, subject, time } from './words.js';

/** The comparison of the URL. */
export function Compare() {
  const { id: a, other: b } = state.route;
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    get(query('compare', { a, b }), { signal: abort.signal }).then(setTold).catch((problem) => problem.name !== 'AbortError' && setError(problem));
    return () => abort.abort();
  }, [a, b]);
  const parts = told ? [['Headers', told.headers], ['Body', told.body]].filter(([, ops]) => Array.isArray(ops)) : [];
  const same = parts.every(([, ops]) => ops.every(([sign]) => sign === '='));
  return html`
    <article class="detail" data-test="comparison" aria-label="Comparison" tabindex="-1">
      <header class="detail-head">
        <div class="detail-title"><h2>Comparison</h2><${Close} to=${{ id: b }} back="Back" /></div>
        <p class="versus"><${Side} id=${a} sign="−" /><${Side} id=${b} sign="+" /></p>
        <div class="actions"><button onClick=${() => go({ id: b, section: 'compare', other: a }, { replace: true })}>Swap</button></div>
      </header>
      <div class="sections">
        ${error && html`<p class="problem" role="alert">${error.message} ${error.hint}</p>`}
        ${told && same && html`<p>The two are the same.</p>`}
        ${parts.map(([title, ops]) => html`<section class="section" key=${title}><header class="section-head"><h3>${title}</h3></header><${Lines} ops=${ops} title=${title} /></section>`)}
      </div>
    </article>`;
}

function Side({ id, sign }) {
  const row = deliveries.byId.get(id);
  return html`<span class="side"><b>${sign}</b> <a href=${`#${encodeURIComponent(id)}`} onClick=${(event) => { event.preventDefault(); go({ id }); }}>${row ? html`${safe(subject(row))} ${safe(audience(row))}` : id}</a> <span class="faint">${row ? time(row.at) : ''}</span></span>`;
}

const WORDS = { '-': 'removed', '+': 'added' };

function Lines({ ops, title }) {
  return html`<div class="code diff" tabindex="0" role="region" aria-label=${`${title}, compared`}>${ops.map(([sign, value], at) => (sign === '='
    ? html`<div class="line same" key=${at}>${typeof value === 'number' ? `${count(value, 'equal line')}` : safe(value)}</div>`
    : html`<div class=${`line ${WORDS[sign]}`} key=${at}><b aria-hidden="true">${sign === '-' ? '−' : '+'}</b><span class="off-screen">${WORDS[sign]}</span> <code>${safe(Array.isArray(value) ? value.join(': ') : value)}</code></div>`))}</div>`;
}
