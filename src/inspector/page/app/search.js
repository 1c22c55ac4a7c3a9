// The field of the filter. Its words are the names of the command line's selection flags.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { deliveries } from './deliveries.js';
import { go, state } from './state.js';

/** Kinds of events, in the order of a message's life. */
export const KINDS = ['sent', 'delivered', 'deferred', 'open', 'click', 'bounce', 'rejected', 'complaint', 'unsubscribe', 'subscribe', 'inbound'];

const WORDS = [
  ['events:', 'events of these kinds', 'bounce,complaint'],
  ['status:', 'response: a code or a class', '5xx'],
  ['provider:', 'provider', 'sendgrid'],
  ['recipient:', 'part of an address', 'ada@'],
  ['message:', 'message id', '6Rw3Jj…'],
  ['verdict:', 'signature', 'refused'],
  ['failed:', 'no 2xx from the handler', 'yes'],
  ['path:', 'request path, as a glob', '/hooks/*'],
  ['since:', 'a time, or a span before now', '10m'],
  ['until:', 'a time, or a span before now', '1h'],
];

/** True while the last word cannot be a filter yet: `status:`, `status:5x`, `events:bou`. */
function unfinished(text) {
  const [, name, value] = /(?:^|\s)([a-z-]+:)(\S*)$/.exec(text) ?? [];
  if (name === undefined) return (text.match(/"/g) ?? []).length % 2 === 1;
  if (value === '' || value.endsWith(',')) return true;
  if (name === 'status:') return /^\d{1,2}$|^\dx$|^n(o(n)?)?$/.test(value);
  if (name === 'since:' || name === 'until:') return /^\d+$/.test(value);
  const known = values(name);
  const part = value.split(',').at(-1);
  return ['events:', 'verdict:', 'provider:'].includes(name) && !known.includes(part) && known.some(one => one.startsWith(part));
}

const values = word => {
  if (word === 'events:') return KINDS;
  if (word === 'status:') return ['2xx', '4xx', '5xx', 'none'];
  if (word === 'verdict:') return ['verified', 'test-key', 'unsigned', 'unchecked', 'refused'];
  if (word === 'failed:') return ['yes'];
  if (word === 'since:' || word === 'until:') return ['5m', '1h', '24h'];
  if (word === 'provider:') return state.session?.providers ?? [];
  return [];
};

/** Suggestions for the word that ends the text. */
function suggest(text) {
  const word = /\S*$/.exec(text)[0];
  const head = text.slice(0, text.length - word.length);
  const colon = word.indexOf(':');
  if (word.startsWith('"')) return [];
  if (colon < 0) {
    return WORDS.filter(([name]) => name.startsWith(word.toLowerCase())).map(([name, what, example]) => ({ text: head + name, name, what: `${what}, such as ${example}` }));
  }
  const name = word.slice(0, colon + 1);
  const start = word.slice(colon + 1);
  return values(name).filter(value => value.startsWith(start) && value !== start).map(value => ({ text: `${head}${name}${value} `, name: name + value, what: '' }));
}

/** The field. What is typed is searched after a moment. */
export function Search() {
  const field = useRef(null);
  const [text, setText] = useState(state.route.q);
  const [shown, setShown] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const timer = useRef(0);

  // Back and forward change the filter too.
  useEffect(() => {
    if (text.trim() !== state.route.q) setText(state.route.q);
  }, [state.route.q]);

  const apply = (value, wait) => {
    setText(value);
    setChosen(-1);
    clearTimeout(timer.current);
    if (wait > 0 && unfinished(value)) return;
    timer.current = setTimeout(() => {
      if (value.trim() !== state.route.q) go({ q: value.trim() }, { replace: true });
    }, wait);
  };
  const all = shown ? suggest(text) : [];
  const take = one => {
    apply(one.text, 0);
    field.current.focus();
  };
  const keys = event => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (all.length === 0) return;
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setChosen((chosen + by + all.length + (chosen < 0 && by < 0 ? 1 : 0)) % all.length);
    } else if (event.key === 'Enter') {
      if (chosen >= 0) take(all[chosen]);
      else {
        apply(text, 0);
        setShown(false);
      }
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      field.current.blur();
    }
  };
  const { error } = deliveries;
  return html`
    <div class="search" role="search">
      <input data-test="search" ref=${field} type="text" value=${text} placeholder="Filter: text, events:bounce, status:5xx …" aria-label="Filter"
        role="combobox" aria-expanded=${all.length > 0} aria-controls="suggestions" aria-autocomplete="list"
        aria-activedescendant=${chosen >= 0 ? `suggestion-${chosen}` : null} aria-invalid=${Boolean(error)} aria-describedby=${error && 'search-error'}
        autocomplete="off" autocapitalize="off" spellcheck=${false}
        onInput=${event => { setShown(true); apply(event.target.value, 150); }} onKeyDown=${keys} onClick=${() => setShown(true)} onBlur=${() => setShown(false)} />
      <kbd class="slash" aria-hidden="true">/</kbd>
      ${text && html`<button class="clear" aria-label="Clear the filter" onClick=${() => { apply('', 0); field.current.focus(); }}>✕</button>`}
      <ul class="suggestions" id="suggestions" role="listbox" aria-label="Suggestions" hidden=${all.length === 0}>
        ${all.map((one, at) => html`
          <li key=${one.name} id=${`suggestion-${at}`} role="option" aria-selected=${at === chosen} onPointerDown=${event => { event.preventDefault(); take(one); }}>
            <code>${one.name}</code> <span>${one.what}</span>
          </li>`)}
      </ul>
      ${error && html`<p class="search-error" id="search-error" role="alert">${error.message}${error.hint ? html` · <span>${error.hint}</span>` : ''}</p>`}
    </div>`;
}
