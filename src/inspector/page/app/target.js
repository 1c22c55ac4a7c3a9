// The target that replays and sent events go to: one choice for the whole page.
import { html } from '/vendor.js';
import { changed, state } from './state.js';

let chosen = null;

/** Targets that the server allows by name. */
export function targets() {
  const { forward_to = [], targets: more = [], listening } = state.session ?? {};
  return [...new Set([...forward_to, ...more, listening].filter(Boolean))];
}

/** The chosen target; empty for the server's default. */
export const target = () => chosen ?? targets()[0] ?? '';

/** The field of the target. */
export function Target({ label = 'to' }) {
  return html`
    <label class="target"><span>${label}</span>
      <input data-test="target" list="targets" value=${target()} placeholder="http://127.0.0.1:3000/hooks" aria-label="Target" spellcheck=${false} autocomplete="off"
        onInput=${(event) => { chosen = event.target.value.trim(); changed(); }} />
      <datalist id="targets">${targets().map((one) => html`<option key=${one} value=${one} />`)}</datalist>
    </label>`;
}
