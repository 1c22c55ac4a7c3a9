// A panel that is not about one delivery: a title, a way to close it, and what it holds.
import { html, useEffect, useRef } from '/vendor.js';
import { go } from './state.js';

/** The panel. It takes the focus, so that the keyboard and screen readers are where the eyes are. */
export function Panel({ title, name, children }) {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), []);
  return html`
    <article class="detail" data-test=${name} aria-label=${title} tabindex="-1" ref=${box}>
      <header class="detail-head"><div class="detail-title"><h2>${title}</h2>
        <button class="close" aria-label="Close" title="Close (Escape)" onClick=${() => go({ panel: '', id: '' })} data-test="close"><span class="wide" aria-hidden="true">✕</span><span class="narrow" aria-hidden="true">‹ List</span></button></div></header>
      <div class="sections">${children}</div>
    </article>`;
}
