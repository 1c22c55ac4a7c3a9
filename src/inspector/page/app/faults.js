// Faults: the next deliveries fail on purpose, to watch what the provider does then.
import { html, useState } from '/vendor.js';
import { get, send } from './api.js';
import { Check, Field, Panel, Problem, Section } from './parts.js';
import { KINDS } from './search.js';
import { attempt, set, state, tell, useRedraw } from './state.js';

const form = { fail_next: '1', fail_first: '', fail_rate: '', fail_status: '', delay: '', hang_up: false, kinds: [] };

/** Faults in force, in a few words. */
function words(told) {
  if (told.as_started && !told.fail_rate && !told.fail_first && !told.fail_next) return '';
  return [
    told.fail_next > 0 && `failing the next ${told.fail_next > 1 ? told.fail_next : 'one'}`,
    told.fail_first > 0 && `failing the first ${told.fail_first}`,
    told.fail_rate > 0 && `failing ${Math.round(told.fail_rate * 100)} %`,
    !/^0/.test(told.delay) && `delayed by ${told.delay}`,
  ].filter(Boolean).join(', ');
}

/** Reads the faults in force. */
export async function readFaults() {
  try {
    set({ faults: words(await get('faults')) });
  } catch {
    // Nothing is listened to.
  }
}

/** Fails the next deliveries. */
export const failNext = attempt(async n => {
  set({ faults: words(await send('PUT', 'faults', { fail_next: n })) });
  tell(n === 1 ? 'The next delivery fails' : `The next ${n} deliveries fail`);
});

/** Ends all faults that were switched on here. */
export const restore = attempt(async () => {
  set({ faults: words(await send('DELETE', 'faults')) });
  tell('Faults are as at the start');
});

/** The panel of the faults. */
export function Faults() {
  const redraw = useRedraw();
  const [problem, setProblem] = useState(null);
  const change = (name, value) => {
    form[name] = value;
    redraw();
  };
  const apply = async () => {
    const body = {};
    for (const name of ['fail_first', 'fail_rate', 'fail_status']) if (form[name] !== '') body[name] = Number(form[name]);
    if (form.delay) body.delay = form.delay;
    if (form.hang_up) body.hang_up = true;
    if (form.kinds.length > 0) body.kinds = form.kinds;
    try {
      set({ faults: words(await send('PUT', 'faults', body)) });
      setProblem(null);
      tell('Faults are on');
    } catch (error) {
      setProblem(error);
    }
  };
  const text = (name, label, hint) => html`<${Field} label=${label} test=${name} value=${form[name]} placeholder=${hint} inputmode=${name !== 'delay' && 'decimal'} change=${value => change(name, value.trim())} />`;
  const toggle = kind => change('kinds', form.kinds.includes(kind) ? form.kinds.filter(one => one !== kind) : [...form.kinds, kind]);
  return html`
    <${Panel} title="Faults" name="faults-panel">
      <section class="section form">
        <p class="faint">A failed delivery is recorded and not forwarded; its sender gets an error, as from a handler that is down.</p>
        <div class="actions">
          <label class="field inline">Fail the next <input class="small" data-test="fail_next" inputmode="numeric" value=${form.fail_next} onInput=${event => change('fail_next', event.target.value.trim())} /></label>
          <button class="main" data-test="fail-next" onClick=${() => failNext(Math.max(1, Math.trunc(Number(form.fail_next)) || 1))}>Fail them</button>
        </div>
      </section>
      <${Section} title="Until switched off"><div class="form">
        <div class="columns">
          ${text('fail_first', 'Fail the first attempts of each delivery', '2')}
          ${text('fail_rate', 'Share that fails', '0.1')}
          ${text('fail_status', 'Status', '503')}
          ${text('delay', 'Delay', '400ms')}
        </div>
        <${Check} on=${form.hang_up} test="hang_up" change=${on => change('hang_up', on)}>close the connection without a response<//>
        <fieldset class="kinds"><legend>Only deliveries with these events</legend>${KINDS.map(kind => html`<${Check} key=${kind} on=${form.kinds.includes(kind)} change=${() => toggle(kind)}>${kind}<//>`)}</fieldset>
        <${Problem} error=${problem} />
        <div class="actions"><button data-test="faults-on" onClick=${apply}>Switch on</button><button class="quiet" data-test="faults-off" onClick=${restore}>As at the start</button>
          ${state.faults && html`<span class="tag bad">${state.faults}</span>`}</div>
      </div><//>
    <//>`;
}
