// Parts that sections, panels and forms are made of.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { go } from './state.js';
import { safe } from './words.js';

/** Characters of a text that are shown; the body has all of them. */
const LONG = 64 << 10;

/** The button that closes what is open: a cross beside the list, or the way back to it on a narrow screen. */
export function Close({ to = { id: '', panel: '' }, back = 'List' }) {
  return html`<button class="close" title="Close (Escape)" onClick=${() => go(to)} data-test="close">
    <span class="wide"><span aria-hidden="true">✕</span><span class="off-screen">Close</span></span><span class="narrow"><span aria-hidden="true">‹</span> ${back}</span></button>`;
}

/** The panel. It takes the focus if it was asked for, so that the keyboard and screen readers are where the eyes are. */
export function Panel({ title, name, close = html`<${Close} />`, aside, head, focus = true, children }) {
  const box = useRef(null);
  useEffect(() => {
    if (focus) box.current?.focus();
  }, []);
  return html`
    <article class="detail" data-test=${name} aria-label=${title} tabindex="-1" ref=${box}>
      <header class="detail-head"><div class="detail-title"><h2>${title}</h2>${aside}${close}</div>${head}</header>
      <div class="sections">${children}</div>
    </article>`;
}

/** A section with its title. Deep links lead to one with a name. */
export function Section({ name, title, aside, children }) {
  return html`
    <section class="section" id=${name && `section-${name}`} data-test=${name} aria-labelledby=${name && `title-${name}`}>
      <header class="section-head"><h3 id=${name && `title-${name}`}>${title}</h3>${aside}</header>
      ${children}
    </section>`;
}

/** An error in the words of the API. */
export const Problem = ({ error }) => error && html`<p class="problem" role="alert">${error.message} <span>${error.hint}</span></p>`;

/** What is opened by a click. */
export const Details = ({ title, open, children }) => html`<details class="signed" open=${open}><summary>${title}</summary>${children}</details>`;

/** Code that can be scrolled with keys too. */
export const Code = ({ look, label, children }) => html`<div class=${`code ${look}`} tabindex="0" role="region" aria-label=${label}>${children}</div>`;

/** A stranger's text as it is. */
export const Text = ({ label, text, test, look = 'code' }) => html`<pre class=${look} tabindex="0" role="region" aria-label=${label} data-test=${test}>${safe(text, LONG)}</pre>`;

/** A fact of a list, if it is known. */
export const Fact = ({ name, mono, children }) => children && html`<dt>${name}</dt><dd class=${mono && 'mono'}>${children}</dd>`;

/** Headers as a list. */
export const Pairs = ({ headers }) => html`<dl class="pairs">${headers.map(([name, value], at) => html`<div key=${at}><dt>${safe(name)}</dt><dd>${safe(value, LONG)}</dd></div>`)}</dl>`;

/** A field of one line. */
export const Field = ({ label, test, change, ...more }) => html`<label class="field">${label}<input data-test=${test} spellcheck=${false} autocomplete="off" onInput=${event => change(event.target.value)} ...${more} /></label>`;

/** A choice of one value. */
export const Choice = ({ label, test, value, options, change }) => html`<label class="field">${label}<select data-test=${test} value=${value} onChange=${event => change(event.target.value)}>
  ${options.map(([one, words = one]) => html`<option key=${one} value=${one}>${words}</option>`)}</select></label>`;

/** A box to check. */
export const Check = ({ on, test, title, change, children }) => html`<label class="check" title=${title}><input type="checkbox" checked=${on} data-test=${test} onChange=${event => change(event.target.checked)} /> ${children}</label>`;

/** Gives what a request gave, and its error; it is sent again when one of the inputs changes. */
export function useLoaded(load, inputs) {
  const [told, setTold] = useState([null, null]);
  useEffect(() => {
    const abort = new AbortController();
    const loading = load(abort.signal);
    if (loading) loading.then(value => setTold([value, null])).catch(error => error.name !== 'AbortError' && setTold(([value]) => [value, error]));
    return () => abort.abort();
  }, inputs);
  return told;
}
