// A panel that is not about one delivery: a title, a way to close it, and what it holds.
import { html, useEffect, useRef } from '/vendor.js';
import { go } from './state.js';

/** The button that closes what is open: a cross beside the list, or the way back to it on a narrow screen. */
export function Close({ to = { id: '', panel: '' }, back = 'List' }) {
  return html`<button class="close" title="Close (Escape)" onClick=${() => go(to)} data-test="close">
    <span class="wide"><span aria-hidden="true">✕</span><span class="off-screen">Close</span></span><span class="narrow"><span aria-hidden="true">‹</span> ${back}</span></button>`;
}

/** The panel. It takes the focus, so that the keyboard and screen readers are where the eyes are. */
export function Panel({ title, name, children }) {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), []);
  return html`
    <article class="detail" data-test=${name} aria-label=${title} tabindex="-1" ref=${box}>
      <header class="detail-head"><div class="detail-title"><h2>${title}</h2>
        <${Close} /></div></header>
      <div class="sections">${children}</div>
    </article>`;
}
