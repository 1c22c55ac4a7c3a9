// The API of the inspector: requests, errors, the stream, and the key where one is needed.

const KEY = 'webhook-cli key';
let key = '';

/** Takes the key from `/?key=` once and cleans the address bar, or from this tab's storage. */
export function takeKey() {
  const url = new URL(location.href);
  const given = url.searchParams.get('key');
  if (given !== null) {
    url.searchParams.delete('key');
    history.replaceState(null, '', url);
    keepKey(given);
    return;
  }
  try {
    key = sessionStorage.getItem(KEY) ?? '';
  } catch {
    key = '';
  }
}

/** Keeps a key for this tab. */
export function keepKey(given) {
  key = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // Without storage the key lives as long as the page.
  }
}

/** An error of the API, with its hint. */
export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `the inspector responded ${status}`);
    this.status = status;
    this.hint = error?.hint ?? '';
  }
}

/** Sends a request to the API and gives its response, if it is a 2xx. */
export async function ask(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const init = { method, headers: { ...headers }, signal, credentials: 'omit' };
  if (key) init.headers.authorization = `Bearer ${key}`;
  if (body !== undefined) {
    init.headers['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, { message: 'the inspector does not respond', hint: 'is webhook-cli still running?' });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  throw new Refused(response.status, told?.error);
}

/** The JSON of a response. It never holds a body that is shown: the server sends lines. */
export const get = async (path, options) => (await ask(path, options)).json();

/** Sends a JSON object and gives the JSON of the response. */
export const send = (method, path, body) => get(path, { method, body });

/** A path with its parameters; empty ones are left out. */
export function query(path, parameters) {
  const set = Object.entries(parameters).filter(([, value]) => value != null && value !== '');
  const text = new URLSearchParams(set).toString();
  return text ? `${path}?${text}` : path;
}

/** The path of a delivery. */
export const delivery = (id, rest = '') => `deliveries/${encodeURIComponent(id)}${rest}`;

/**
 * Reads the stream until it ends. `fetch` and not EventSource, which can send no header:
 * neither the key nor the first `Last-Event-ID`.
 */
export async function stream(path, { last, signal, opened, event }) {
  const headers = { accept: 'text/event-stream' };
  // A header holds ASCII; ids of deliveries are.
  if (last && /^[\x20-\x7e]+$/.test(last)) headers['last-event-id'] = last;
  const response = await ask(path, { headers, signal });
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const told = { name: 'message', data: '' };
      for (const line of block.split('\n')) {
        if (line.startsWith('data:')) told.data += line.slice(line[5] === ' ' ? 6 : 5);
        else if (line.startsWith('event:')) told.name = line.slice(6).trim();
      }
      if (told.data || told.name !== 'message') event(told);
    }
  }
}

/** Saves bytes under a name, as a download. */
export async function download(path, name) {
  const link = document.createElement('a');
  link.download = name;
  if (key) {
    // A link cannot send the key.
    const blob = await (await ask(path)).blob();
    link.href = URL.createObjectURL(blob);
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } else {
    link.href = `/api/v1/${path}`;
  }
  link.click();
}

/** Copies a text, or throws if the browser allows neither way. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    // Plain HTTP under another name than localhost has no clipboard.
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'off-screen';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser does not allow copying');
}
