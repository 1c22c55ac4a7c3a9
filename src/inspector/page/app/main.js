// The page: a bar, the list, and what is open beside it.
import { html, render, useEffect, useRef, useState } from '/vendor.js';
import { copy, download, get, keepKey, query, Refused, send, takeKey } from './api.js';
import { Compare } from './compare.js';
import { deliveries } from './deliveries.js';
import { Detail } from './detail.js';
import { Faults, readFaults, restore } from './faults.js';
import { Fire } from './fire.js';
import { KEYS, listen } from './keys.js';
import { List } from './list.js';
import { Field, Problem } from './parts.js';
import { Search } from './search.js';
import { attempt, fail, go, set, state, tell, useStore } from './state.js';
import { Stats } from './stats.js';


function App() {
  useStore();
  const { route } = state;
  useEffect(() => {
    deliveries.start();
  }, [route.q, state.link === 'locked']);
  if (state.link === 'locked') return html`<${Lock} />`;
  const open = Boolean(route.id || route.panel);
  return html`
    <div class=${`page ${open ? 'is-open' : ''}`}>
      <${Bar} />
      <main class="panes">
        <div class="list-pane"><${List} /></div>
        <div class="detail-pane"><${Open} /></div>
        <${Toast} />
      </main>
      ${state.help && html`<${Help} />`}
      <p id="said" class="off-screen" role="status" aria-live="polite"></p>
    </div>`;
}

function Open() {
  const { id, section, other, panel } = state.route;
  if (id && section === 'compare' && other) return html`<${Compare} />`;
  if (id) return html`<${Detail} />`;
  if (panel === 'fire') return html`<${Fire} />`;
  if (panel === 'faults') return html`<${Faults} />`;
  return html`<${Stats} />`;
}

function Bar() {
  const { session, link, faults, route } = state;
  const url = session?.listening;
  const panel = (name, words, title) => html`<button data-test=${name} aria-pressed=${route.panel === name && !route.id} title=${title} onClick=${() => go({ panel: route.panel === name && !route.id ? '' : name, id: '' })}>${words}</button>`;
  return html`
    <header class="bar">
      <h1><a href="/" onClick=${event => { event.preventDefault(); go({ id: '', panel: '', q: '' }); }}>webhook-cli</a></h1>
      <p class="link"><span class=${`dot ${link}`} aria-hidden="true"></span><span data-test="link">${session?.reading ? 'reading' : link === 'live' && session && !url ? 'recording' : link === 'lost' ? 'connection lost, trying again' : link}</span>
        ${url && html`<button class="quiet mono" title="Copy the address" onClick=${() => copy(url).then(() => tell('Copied the address')).catch(fail)}>${url}</button>`}</p>
      <${Search} />
      <nav class="bar-actions" aria-label="Tools">
        ${faults && html`<button class="alarm" data-test="restore" title="Switch off" onClick=${restore}>${faults} ✕</button>`}
        ${panel('fire', 'Fire', 'Fire an event (s)')}
        ${session?.can_fail !== false && panel('faults', 'Faults', 'Fail the next deliveries (f)')}
        ${panel('stats', 'Statistics', 'Events, responses, latency')}
        <${Export} />
        ${session?.kept?.where === 'memory' && html`<${Clear} />`}
        <button data-test="help" title="Keys (?)" aria-label="Keys" onClick=${() => set({ help: true })}>?</button>
      </nav>
    </header>`;
}

function Export() {
  const save = form => download(query(`deliveries/as/${form}`, { q: state.route.q }), `deliveries.${form}`).catch(fail);
  return html`<span class="group" role="group" aria-label="Export what matches the filter">
    <button data-test="export-ndjson" title="Export what matches the filter, as a recording" onClick=${() => save('ndjson')}>Export</button>
    <button data-test="export-har" title="Export what matches the filter, as HAR" onClick=${() => save('har')}>HAR</button></span>`;
}

/** Empties the list: what was in it is gone, so it takes a second click. */
function Clear() {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), 4000);
    return () => clearTimeout(timer);
  }, [asked]);
  const clear = attempt(async () => {
    await send('DELETE', 'deliveries');
    go({ id: '' });
    deliveries.start();
  });
  return html`<button data-test="clear" title="Forget all deliveries" onClick=${() => (asked ? clear() : setAsked(true))}>${asked ? 'Clear all?' : 'Clear'}</button>`;
}

function Toast() {
  const { toast } = state;
  return toast && html`<div class=${`toast ${toast.standing}`} data-test="toast"><span aria-hidden="true">${toast.standing === 'good' ? '✓' : '✕'}</span> ${toast.text}
    <button class="quiet" aria-label="Dismiss" onClick=${() => set({ toast: null })}>✕</button></div>`;
}

function Help() {
  const box = useRef(null);
  useEffect(() => {
    box.current.showModal();
  }, []);
  return html`
    <dialog ref=${box} class="help" data-test="help-panel" aria-label="Keys" onClose=${() => set({ help: false })} onCancel=${() => set({ help: false })} onClick=${event => event.target === box.current && box.current.close()}>
      <h2>Keys</h2>
      <dl class="keys">${KEYS.map(([key, what]) => html`<div key=${key}><dt>${key.split('  ').map(one => html`<kbd>${one}</kbd> `)}</dt><dd>${what}</dd></div>`)}</dl>
      <h2>Filter</h2>
      <p><code>events:bounce,complaint status:5xx recipient:ada@ provider:ses verdict:refused path:/hooks/* since:10m "free text"</code></p>
      <p class="faint">The words are the selection flags of the command line. The address bar holds the filter and what is open: it can be bookmarked.</p>
      <p class="right"><button autofocus onClick=${() => box.current.close()}>Close</button></p>
    </dialog>`;
}

function Lock() {
  const [key, setKey] = useState('');
  const [wrong, setWrong] = useState(null);
  const unlock = async () => {
    keepKey(key);
    try {
      set({ session: await get('session'), link: 'connecting' });
      session();
    } catch (error) {
      setWrong(error);
    }
  };
  return html`
    <main class="lock" data-test="lock">
      <h1>webhook-cli</h1>
      <p>This inspector asks for its key (<code>--ui-key</code>).</p>
      <${Field} label="Key" type="password" test="key" value=${key} change=${setKey} onKeyDown=${event => event.key === 'Enter' && unlock()} />
      <button class="main" onClick=${unlock}>Open</button>
      <${Problem} error=${wrong} />
    </main>`;
}

let known = false;

/** Reads the session now and then: faults end, a recording is read or has problems. */
async function session() {
  try {
    const told = await get('session');
    const reads = told.reading || state.session?.reading;
    set({ session: told });
    if (told.can_fail && (state.faults || !known)) readFaults();
    known = true;
    // Rows of a recording appear as it is read.
    if (reads && !deliveries.held) deliveries.start();
    setTimeout(session, told.reading ? 1000 : document.hidden ? 30000 : 3000);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) set({ link: 'locked' });
    else setTimeout(session, 5000);
  }
}

takeKey();
state.route.q = new URL(location.href).searchParams.get('q') ?? '';
listen();
session();
render(html`<${App} />`, document.getElementById('app'));
