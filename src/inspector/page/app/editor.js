// Edit and send: the bytes of a delivery, changed by hand, with a fresh signature.
import { html, useEffect, useRef, useState } from '/vendor.js';
import { delivery, send } from './api.js';
import { rawBytes } from './body.js';
import { original } from './line_ends.js';
import { Check, Problem, Section } from './parts.js';
import { Attempts, target, Target, told } from './sending.js';
import { fail, go } from './state.js';
import { size } from './words.js';

/** Bytes up to which a body can be edited here. */
const MOST = 1 << 20;

/** What was edited and not reset, by id: closing the editor loses nothing. */
const drafts = new Map();

/** The editor of a delivery. */
export function Editor({ received, bytes }) {
  const { id } = received;
  const [source, setSource] = useState(null);
  const before = shownHeaders(received.headers ?? []);
  const [headers, setHeaders] = useState(drafts.get(id)?.headers ?? before);
  const [resign, setResign] = useState(true);
  const [result, setResult] = useState(null);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState(null);
  const area = useRef(null);

  useEffect(() => {
    const abort = new AbortController();
    if (bytes > MOST) {
      setProblem({ message: `A body of ${size(bytes)} is too large to edit here; \`webhook-cli replay ${received.address ?? id} --edit\` opens it in your editor.` });
      return;
    }
    rawBytes(id, abort.signal).then(raw => setSource(open(raw))).catch(error => error.name !== 'AbortError' && setProblem(error));
    return () => abort.abort();
  }, [id]);
  useEffect(() => {
    if (!source || !area.current) return;
    // The value and not the markup: a text area shows strangers' text as it is.
    area.current.value = drafts.get(id)?.value ?? source.shown;
    area.current.focus();
    area.current.setSelectionRange(0, 0);
    area.current.scrollTop = 0;
  }, [source]);

  const keep = change => drafts.set(id, { value: area.current.value, headers, ...change });
  const reset = () => {
    drafts.delete(id);
    area.current.value = source.shown;
    setHeaders(before);
  };
  const fire = async () => {
    if (!source || sending) return;
    setSending(true);
    setProblem(null);
    try {
      const body = { resign };
      if (target()) body.to = target();
      if (headers !== before) body.headers = await unmasked(id, pairs(headers), received.headers ?? []);
      const value = area.current.value;
      if (source.binary) body.base64 = value.replace(/\s/g, '');
      else body.text = original(source.text, value);
      const answer = await send('POST', delivery(id, '/replay'), body);
      setResult(answer);
      told(answer, resign ? 'Sent, signed anew' : 'Sent');
    } catch (error) {
      setProblem(error);
      fail(error);
    } finally {
      setSending(false);
    }
  };
  const keys = event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      fire();
    }
  };
  return html`
    <div class="sections editor" onKeyDown=${keys}>
      <${Section} title="Edit and send" aside=${source?.binary && html`<span class="tag">no UTF-8: shown as base64</span>`}>
        <${Problem} error=${problem} />
        <label class="field">Body<textarea data-test="editor" ref=${area} class="code" rows="18" spellcheck=${false} autocomplete="off" autocapitalize="off" disabled=${!source} onInput=${() => keep()}></textarea></label>
        <label class="field">Headers<textarea data-test="editor-headers" class="code" rows="6" spellcheck=${false} value=${headers} onInput=${event => { setHeaders(event.target.value); keep({ headers: event.target.value }); }}></textarea></label>
        <div class="actions">
          <button class="main" data-test="send-edited" disabled=${!source || sending} onClick=${fire} title="Send (Ctrl+Enter)">Send</button>
          <${Target} />
          <${Check} on=${resign} test="resign" change=${setResign}>sign anew<//>
          <span class="grow"></span>
          <button class="quiet" disabled=${!source} onClick=${reset}>Reset</button>
          <button class="quiet" onClick=${() => go({ section: '' })}>Close</button>
        </div>
        <${Attempts} result=${result} />
      <//>
    </div>`;
}

/** The bytes as a text area can hold them: as text if they are UTF-8, else as base64. */
function open(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, shown: text.replace(/\r\n?/g, '\n'), binary: false };
  } catch {
    let binary = '';
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return { text: '', shown: btoa(binary).replace(/.{76}/g, '$&\n'), binary: true };
  }
}

/** Headers as lines, but those that are made for each target. */
const shownHeaders = headers => headers.filter(([name]) => !MADE.includes(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`).join('\n');

const MADE = ['host', 'content-length', 'connection', 'transfer-encoding', 'keep-alive'];

/** Edited headers; one that was left as it is shown, masked, gets its own value back. */
async function unmasked(id, edited, shown) {
  if (!shown.some(([, value]) => String(value).includes('***'))) return edited;
  const fixture = await send('POST', delivery(id, '/as/json'), { credentials: 'keep' });
  const own = fixture.request.headers;
  return edited.map(([name, value]) => {
    const at = shown.findIndex(pair => pair[0] === name && String(pair[1]).trim() === value);
    return at >= 0 && own[at] ? [name, own[at][1]] : [name, value];
  });
}

/** Lines `name: value` as pairs. */
function pairs(text) {
  return text.split('\n').map(line => line.trim()).filter(Boolean).map(line => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`a header is \`name: value\`, not \`${line}\``);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
}
