// Requests that the page sends: the target, one choice for the whole page, and the results.
import { html } from '/vendor.js';
import { Status } from './list.js';
import { changed, state, tell } from './state.js';
import { micros, number, safe } from './words.js';

let chosen = null;

/** Targets that the server allows by name. */
function targets() {
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
        onInput=${event => { chosen = event.target.value.trim(); changed(); }} />
      <datalist id="targets">${targets().map(one => html`<option key=${one} value=${one} />`)}</datalist>
    </label>`;
}

const accepted = one => one.outcome === 'answered' && !one.reason;

/** Says how attempts ended. */
export function told(result, done) {
  const attempts = result?.attempts ?? [];
  const last = attempts.at(-1);
  if (!last) {
    tell(done);
    return;
  }
  const failed = attempts.filter(one => !accepted(one)).length;
  const what = last.status ? `status ${last.status} in ${micros(last.micros)}` : [last.outcome, last.reason].filter(Boolean).join(': ');
  const more = attempts.length > 1 ? `${number(attempts.length)} requests, ${failed === 0 ? 'all accepted' : `${number(failed)} failed`}; the last: ` : '';
  tell(`${done}: ${more}${what} · ${last.target ?? ''}`, failed === 0 ? 'good' : 'bad');
}

/** A line for each attempt. */
export function Attempts({ result }) {
  const attempts = result?.attempts ?? [];
  if (attempts.length === 0) return '';
  return html`
    <table class="responses" data-test="attempts"><tbody>${attempts.slice(-100).map(one => html`
      <tr><td>${safe((one.kinds ?? []).join(', ') || 'request')}</td>
        <td><${Status} status=${one.status} words=${one.outcome ?? ''} /></td><td class="num">${micros(one.micros)}</td>
        <td class="mono small">${safe(one.target ?? '')}${one.reason ? html` <span class="faint">${safe(one.reason)}</span>` : ''}</td></tr>`)}</tbody></table>`;
}
