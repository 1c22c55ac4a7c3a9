// An inbound mail as a mail: text, headers, attachments. Its HTML is shown as source and never rendered.
import { html, useState } from '/vendor.js';
import { delivery, download } from './api.js';
import { Fact, Pairs, Section, Text } from './parts.js';
import { fail } from './state.js';
import { count, safe, size } from './words.js';

/** The mails of a delivery. */
export const mailsOf = ({ mail }) => (Array.isArray(mail) ? mail : mail ? [mail] : []);

const FORMS = [['text', 'Text'], ['reply', 'Reply alone'], ['html', 'HTML source'], ['headers', 'Headers']];

/** A file name without paths and hidden characters. */
const safeName = name => String(name ?? '').replace(/[^\p{L}\p{N}._ -]+/gu, '_').replace(/^[._]+/, '').slice(-100) || 'attachment';

const people = value => [value].flat().filter(Boolean).map(one => (typeof one === 'string' ? one : one.name ? `${one.name} <${one.address}>` : one.address)).join(', ');

/** A mail; `number` is that of its first attachment among all of the delivery. */
export function Mail({ id, mail, number, at }) {
  const forms = FORMS.filter(([name]) => mail[name]?.length > 0);
  const [form, setForm] = useState(forms[0]?.[0] ?? 'text');
  const { attachments = [], envelope, spam } = mail;
  const line = (name, value) => html`<${Fact} name=${name}>${value && safe(value, 4000)}<//>`;
  const checks = ['spf', 'dkim', 'dmarc'].filter(name => mail[name]).map(name => `${name} ${mail[name]}`);
  if (spam?.score != null) checks.push(`spam score ${spam.score}`);
  if (spam?.detected) checks.push('detected as spam');
  const forwarded = envelope && [envelope.from && `from ${envelope.from}`, envelope.to?.length > 0 && `to ${envelope.to.join(', ')}`].filter(Boolean).join(' ');
  return html`
    <${Section} name=${at > 0 ? `mail-${at + 1}` : 'mail'} title="Mail" aside=${html`<span class="grow"></span><span class="group" role="group" aria-label="Part of the mail">${forms.map(([name, words]) => html`
      <button key=${name} aria-pressed=${form === name} onClick=${() => setForm(name)} data-test=${`mail-${name}`}>${words}</button>`)}</span>`}>
      <dl class="facts mail-head">${line('from', people(mail.from))}${line('to', people(mail.to))}${line('cc', people(mail.cc))}${line('reply to', people(mail.reply_to))}${line('subject', mail.subject)}${line('date', mail.date)}${line('envelope', forwarded)}${line('checks', checks.join(' · '))}</dl>
      ${form === 'headers'
        ? html`<${Pairs} headers=${mail.headers} />`
        : forms.length > 0 && html`<${Text} look=${form === 'html' ? 'code' : 'mail-text'} label=${form === 'html' ? 'HTML source' : 'Text of the mail'} text=${mail[form]} />`}
      ${attachments.length > 0 && html`<h4>${count(attachments.length, 'attachment')}</h4><ul class="attachments">${attachments.map((one, place) => html`
        <li key=${place}><span class="mono">${safe(one.name ?? 'unnamed', 300)}</span> <span class="faint">${safe(one.content_type ?? '', 300)} ${size(one.size)}</span>
          ${one.sha256 && html`<button class="quiet" data-test="attachment" onClick=${() => download(delivery(id, `/attachments/${number + place}`), safeName(one.name)).catch(fail)}>Download</button>`}
          ${one.reference && html`<span class="faint mono">${safe(one.reference, 300)}</span>`}</li>`)}</ul>`}
    <//>`;
}
