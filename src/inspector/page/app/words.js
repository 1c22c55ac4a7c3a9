// Words, numbers and strangers' text, as the page shows them. Pure functions.
import { html } from '/vendor.js';

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const numbers = new Intl.NumberFormat('en-US');

/** A number with separators: 100,000. */
export const number = n => (Number.isFinite(n) ? numbers.format(n) : '');

/** A count with its noun in the right number: "1 event", "2 events". */
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** Local time of the day, with the date if it is not today. */
export function time(at) {
  const date = new Date(at);
  // A fixture without a time has that of 1970.
  if (!(date.getTime() > 86400e3)) return '';
  const today = new Date().toDateString() === date.toDateString();
  return today ? clock.format(date) : `${day.format(date)} ${clock.format(date)}`;
}

/** A span of microseconds in the unit that reads best. */
export function micros(n) {
  if (!Number.isFinite(n)) return '';
  if (n < 1000) return `${Math.round(n)} µs`;
  if (n < 1e6) return `${short(n / 1e3)} ms`;
  if (n < 60e6) return `${short(n / 1e6)} s`;
  if (n < 3600e6) return `${short(n / 60e6)} min`;
  if (n < 86400e6) return `${short(n / 3600e6)} h`;
  return `${short(n / 86400e6)} days`;
}

/** A size in bytes in the unit that reads best. */
export function size(n) {
  if (!Number.isFinite(n)) return '';
  if (n < 1024) return `${n} B`;
  if (n < 1 << 20) return `${short(n / 1024)} KiB`;
  return `${short(n / (1 << 20))} MiB`;
}

const short = n => (n < 10 ? String(Math.round(n * 10) / 10) : number(Math.round(n)));

/** The verdict in the words of the field. */
export const verdict = name => ({ refused: 'rejected', 'verified (test key)': 'test key' })[name] ?? name ?? '';

/** True if nothing is said about a verdict in a list. */
export const silent = name => !name || name === 'verified' || name === 'not judged';

/** Class of a status: "good", "bad" or "none". */
export function standing(status) {
  if (status == null) return 'none';
  return status >= 200 && status < 300 ? 'good' : 'bad';
}

/** What a delivery is about, in one phrase: its kinds, or its request line. */
export function subject(row) {
  const kinds = row.kinds ?? [];
  if (kinds.length === 0) return row.provider ? 'no event' : 'unrecognised';
  return kinds.length > 3 ? `${kinds.slice(0, 2).join(', ')} +${kinds.length - 2}` : kinds.join(', ');
}

/** To whom it is about: the first recipient, and how many more. */
export function audience(row) {
  const all = row.recipients ?? [];
  const more = Math.max(row.recipient_count ?? 0, all.length) - 1;
  const first = String(all[0] ?? '').slice(0, 200);
  return more > 0 ? `${first} +${more}` : first;
}

// Control characters, bidirectional marks and invisible ones can make a text look like another one.
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;

/** A stranger's text as children of an element: what cannot be seen is written out, and what is very long is cut. */
export function safe(value, most = 1 << 19) {
  const all = value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const text = all.length > most ? `${all.slice(0, most)}… (${number(all.length)} characters in all)` : all;
  if (text.search(HIDDEN) < 0) return text;
  const parts = [];
  let from = 0;
  for (const hit of text.matchAll(HIDDEN)) {
    if (hit.index > from) parts.push(text.slice(from, hit.index));
    const code = hit[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    parts.push(html`<span class="hidden-char">\\u${code.length > 4 ? `{${code}}` : code}</span>`);
    from = hit.index + hit[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}
