// The body of a delivery: pretty with folding, raw, or hex. The server sends the lines: nothing is parsed here,
// because `JSON.parse` would turn 1.10 into 1.1 and lose repeated members.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { ask, copy, delivery, download, get, query } from './api.js';
import { Code, Problem, useLoaded } from './parts.js';
import { attempt, fail, tell, useRedraw } from './state.js';
import { count, number, safe, size } from './words.js';

/** Lines in one page of a body. */
const LINES = 2000;
/** Bytes in one page of the raw view. */
const PIECE = 256 << 10;
/** Bytes up to which a line is coloured. */
const COLOURED = 4000;

/** The form that was last chosen: the next delivery is shown in it too. Where nothing is encoded, the decoded one is the pretty one. */
let form = 'decoded';

/** The first lines of a body, so that it is shown together with its delivery, and whether there is a decoded form of it. */
export async function firstLines(id, signal) {
  const shape = form;
  const [decoded, other] = await Promise.all([
    lines(id, 'decoded', 0, signal),
    shape === 'decoded' || shape === 'raw' ? null : lines(id, shape, 0, signal),
  ]);
  return { form: shape, page: other ?? (shape === 'decoded' ? decoded : null), decoded: decoded.decoded };
}

const lines = (id, shape, from, signal) => get(query(delivery(id, '/body'), { form: shape, from, lines: LINES }), { signal });

/** All bytes of a body. */
export const rawBytes = async (id, signal) => new Uint8Array(await (await ask(delivery(id, '/body?form=raw'), { signal })).arrayBuffer());

/** The body with its forms. */
export function Body({ id, bytes, first }) {
  const redraw = useRedraw();
  const setForm = name => {
    form = name === 'pretty' && !first?.decoded ? 'decoded' : name;
    redraw();
  };
  const raw = delivery(id, '/body?form=raw');
  const copyRaw = attempt(async () => {
    await copy(await (await ask(raw)).text());
    tell('Copied the body');
  });
  const chosen = form === 'decoded' && !first?.decoded ? 'pretty' : form;
  const tab = (name, words, title) => html`<button aria-pressed=${chosen === name} title=${title} data-test=${`body-${name}`} onClick=${() => setForm(name)}>${words}</button>`;
  return html`
    <section class="section" id="section-body" data-test="body" aria-labelledby="title-body">
      <header class="section-head">
        <h3 id="title-body">Body</h3>
        <span class="faint">${size(bytes)}</span>
        <span class="grow"></span>
        <span class="group" role="group" aria-label="Form of the body">${first?.decoded && tab('decoded', 'Decoded', 'Decompressed, with forms and JSON inside strings decoded')}${tab('pretty', 'Pretty', 'As it was sent, indented')}${tab('raw', 'Raw', 'As it was sent')}${tab('hex', 'Hex', 'Bytes')}</span>
        <button class="quiet" onClick=${copyRaw} data-test="copy-body">Copy</button>
        <button class="quiet" onClick=${() => download(raw, `${id}.body`).catch(fail)} data-test="download-body">Download</button>
      </header>
      ${bytes === 0 ? html`<p class="faint">The body is empty.</p>` : form === 'raw' ? html`<${Raw} key=${id} id=${id} />` : html`<${Lines} key=${`${id}/${form}`} id=${id} form=${form} first=${first?.form === form ? first.page : null} />`}
    </section>`;
}

/** Lines that the server made, with folds. */
function Lines({ id, form, first }) {
  const [text, setText] = useState(() => first && begun(first));
  const [folded, setFolded] = useState(new Set());
  const [error, setError] = useState(null);
  const load = async (from, signal) => {
    try {
      const next = begun(await lines(id, form, from, signal));
      setText(old => (old && from > 0
        ? { lines: old.lines.concat(next.lines), folds: old.folds.concat(next.folds), of: next.of, cuts: new Map([...old.cuts, ...next.cuts]) }
        : next));
    } catch (problem) {
      if (problem.name !== 'AbortError') setError(problem);
    }
  };
  useEffect(() => {
    if (text) return;
    const abort = new AbortController();
    load(0, abort.signal);
    return () => abort.abort();
  }, [id, form]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!text) return html`<div class="code placeholder"></div>`;

  const ends = new Map(text.folds.map(([a, b]) => [a, b]));
  const toggle = line => {
    const next = new Set(folded);
    if (!next.delete(line)) next.add(line);
    setFolded(next);
  };
  const foldAll = () => setFolded(folded.size > 0 ? new Set() : new Set(text.folds.filter(([a]) => a > 0).map(([a]) => a)));
  const shown = [];
  for (let at = 0; at < text.lines.length; at += 1) {
    const end = ends.get(at);
    const closed = end !== undefined && folded.has(at);
    shown.push(html`<${Line} key=${at} at=${at} text=${text.lines[at]} end=${end} closed=${closed} cut=${text.cuts.get(at)} toggle=${toggle} hex=${form === 'hex'} />`);
    if (closed) at = Math.max(at, end - 1);
  }
  const rest = text.of - text.lines.length;
  return html`
    <${Code} look=${form} label=${`Body, ${form}`}>
      ${text.folds.length > 1 && html`<button class="fold-all" onClick=${foldAll} data-test="fold-all">${folded.size > 0 ? 'Unfold all' : 'Fold all'}</button>`}
      <div class="lines">${shown}</div>
    <//>
    ${rest > 0 && html`<p class="more"><button onClick=${() => load(text.lines.length)} data-test="more-lines">Next ${count(Math.min(rest, LINES), 'line')}</button>
      <span class="faint">${number(text.lines.length)} of ${number(text.of)}</span></p>`}`;
}

const begun = ({ lines: all, folds = [], of, cut = [] }) => ({ lines: all, folds, of, cuts: new Map(cut.map(([line, ...place]) => [line, place])) });

function Line({ at, text, end, closed, cut, toggle, hex }) {
  return html`
    <div class="line">
      <span class="gutter">${end !== undefined && end > at
        ? html`<button class="fold" aria-expanded=${!closed} aria-label=${closed ? `Unfold line ${at + 1}` : `Fold line ${at + 1}`} onClick=${() => toggle(at)}>${closed ? '▸' : '▾'}</button>`
        : ''}</span>
      <code>${hex ? text : coloured(text)}${closed && html`<button class="folded" onClick=${() => toggle(at)}>… ${count(end - at - 1, 'line')}</button>`}
        ${cut && html`<em class="cut">line cut here: ${size(cut[0])} of ${size(cut[1])}; the download has all of it</em>`}</code>
    </div>`;
}

const MEMBER = /^(\s*)("(?:[^"\\]|\\.)*")(\s*:\s?)/;
const SCALAR = /^(\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(,?\s*)$/;

/** A line of pretty JSON with its member's name and its value set apart. */
function coloured(line) {
  if (line.length > COLOURED) return safe(line);
  const member = MEMBER.exec(line);
  const rest = member ? line.slice(member[0].length) : line;
  const scalar = SCALAR.exec(rest);
  const value = scalar
    ? [scalar[1], html`<span class=${scalar[2][0] === '"' ? 'string' : 'literal'}>${safe(scalar[2])}</span>`, scalar[3]]
    : safe(rest);
  return member ? [member[1], html`<span class="name">${safe(member[2])}</span>`, html`<span class=${/\s$/.test(member[3]) ? '' : 'tight'}>${member[3]}</span>`, value] : value;
}

/** The bytes as text, a piece at a time. Bytes that are no UTF-8 are shown as U+FFFD. */
function Raw({ id }) {
  const [shown, setShown] = useState(PIECE);
  const [bytes, error] = useLoaded(signal => rawBytes(id, signal), [id]);
  const decoded = useRef({});
  if (error) return html`<${Problem} error=${error} />`;
  if (!bytes) return html`<div class="code placeholder"></div>`;
  if (decoded.current.shown !== shown || decoded.current.bytes !== bytes) {
    decoded.current = { shown, bytes, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, shown), { stream: shown < bytes.length }) };
  }
  return html`
    <${Code} look="raw" label="Body, raw"><pre>${safe(decoded.current.text)}</pre><//>
    ${shown < bytes.length && html`<p class="more"><button onClick=${() => setShown(shown + PIECE)} data-test="more-bytes">Next ${size(Math.min(PIECE, bytes.length - shown))}</button>
      <span class="faint">${size(shown)} of ${size(bytes.length)}</span></p>`}`;
}
