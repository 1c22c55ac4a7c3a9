// An inbound mail as a mail: text, headers, attachments. Its HTML is shown as source and never rendered.
import { html, useState } from '/vendor.js';
import { delivery, download } from './api.js';
import { fail } from './state.js';
import { Section } from './sections.js';
import { count, safe, size } from './words.js';

/** Characters shown at once. */
const MOST = 64 << 10;

const mailOf = (received) => received.mail ?? received.inbound ?? (received.events ?? []).map((event) => event.mail).find(Boolean);

/** True if a delivery holds a mail. */
export const isMail = (received) => Boolean(mailOf(received));

/** The mail of a delivery. */
export function Mail({ received }) {
  const mail = mailOf(received);
  const forms = [['text', 'Text', mail.text], ['html', 'HTML source', mail.html], ['headers', 'Headers', mail.headers]].filter(([, , value]) => value && value.length > 0);
  const [form, setForm] = useState(forms[0]?.[0] ?? 'text');
  const attachments = mail.attachments ?? [];
  const people = (value) => (Array.isArray(value) ? value.map((one) => (typeof one === 'string' ? one : one.address ?? one.email ?? '')).join(', ') : value);
  const line = (name, value) => value && value.length > 0 && html`<dt>${name}</dt><dd>${safe(people(value))}</dd>`;
  return html`
    <${Section} name="mail" title="Mail" aside=${html`<span class="grow"></span><span class="group" role="group" aria-label="Part of the mail">${forms.map(([name, words]) => html`
      <button key=${name} aria-pressed=${form === name ? 'true' : 'false'} onClick=${() => setForm(name)} data-test=${`mail-${name}`}>${words}</button>`)}</span>`}>
      <dl class="facts mail-head">${line('from', mail.from)}${line('to', mail.to)}${line('cc', mail.cc)}${line('subject', mail.subject)}${line('date', mail.date)}</dl>
      ${form === 'headers'
        ? html`<dl class="pairs">${(Array.isArray(mail.headers) ? mail.headers : []).map((pair, at) => html`<div key=${at}><dt>${safe(pair[0] ?? pair.name)}</dt><dd>${safe(pair[1] ?? pair.value)}</dd></div>`)}</dl>`
        : html`<pre class=${form === 'html' ? 'code mail-source' : 'mail-text'} tabindex="0" role="region" aria-label=${form === 'html' ? 'HTML source' : 'Text'}>${safe(String(mail[form] ?? '').slice(0, MOST))}</pre>`}
      ${attachments.length > 0 && html`<h4>${count(attachments.length, 'attachment')}</h4><ul class="attachments">${attachments.map((one, at) => html`
        <li key=${at}><span class="mono">${safe(one.name ?? one.filename ?? 'unnamed')}</span> <span class="faint">${safe(one.type ?? one.content_type ?? '')} ${size(one.size ?? one.bytes)}</span>
          <button class="quiet" data-test="attachment" onClick=${() => download(delivery(received.id, `/attachments/${at}`), one.name ?? one.filename ?? 'attachment').catch(fail)}>Download</button></li>`)}</ul>`}
    <//>`;
}
