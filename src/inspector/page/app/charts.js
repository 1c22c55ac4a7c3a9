// Charts drawn by hand in SVG. Each says in words what it shows, and has its numbers as a table.
import { html } from '/vendor.js';
import { Details } from './parts.js';
import { micros, number, time } from './words.js';

const WIDTH = 600;
/** Columns of a chart, at least and at most. */
const LEAST = 30;
const MOST = 60;

/** Buckets of a unit of time in columns of equal time. */
export function columns(buckets, unit) {
  const times = buckets.map(one => Date.parse(one.at)).filter(at => !Number.isNaN(at));
  if (times.length === 0) return [];
  const last = Math.max(times[0], times.at(-1));
  let first = Math.min(times[0], times.at(-1));
  const span = Math.max(unit, Math.ceil((last - first + unit) / MOST / unit) * unit);
  // A few moments stand at the right of an empty time, and not wide apart.
  const many = Math.max(LEAST, Math.ceil((last - first + unit) / span));
  first = Math.min(first, last + unit - many * span);
  const all = Array.from({ length: many }, (_, at) => ({ at: new Date(first + at * span).toISOString(), kinds: {}, verdicts: {}, statuses: {}, p50: null, p90: null, p99: null }));
  for (const bucket of buckets) {
    const column = all[Math.floor((Date.parse(bucket.at) - first) / span)];
    if (!column) continue;
    for (const member of ['kinds', 'verdicts', 'statuses']) {
      for (const [name, n] of Object.entries(bucket[member] ?? {})) column[member][name] = (column[member][name] ?? 0) + n;
    }
    for (const name of ['p50', 'p90', 'p99']) {
      const value = bucket.micros?.[name];
      if (value != null) column[name] = Math.max(column[name] ?? 0, value);
    }
  }
  return all;
}

/** A row of bars with a name before and a number after. */
export function Bars({ name, values, total, most, bad, onPick }) {
  const width = WIDTH / values.length;
  const label = html`<span class="bar-name">${name}</span>`;
  return html`
    <div class=${`bars ${bad ? 'bad' : ''}`}>
      ${onPick ? html`<button class="bar-name" onClick=${onPick} title=${`Filter by ${name}`}>${name}</button>` : label}
      <svg viewBox="0 0 ${WIDTH} 30" preserveAspectRatio="none" aria-hidden="true">
        <line x1="0" x2=${WIDTH} y1="29.5" y2="29.5" class="axis" />
        ${values.map((n, at) => {
          if (!n) return '';
          const height = Math.max(2, (n / most) * 28);
          return html`<rect key=${at} x=${at * width + 0.5} width=${Math.max(1, Math.min(width - 1, 14))} y=${29 - height} height=${height} />`;
        })}
      </svg>
      <span class="bar-total">${number(total)}</span>
    </div>`;
}

const SERIES = [['p99', 'slowest'], ['p90', 'middle'], ['p50', 'usual']];

/** Latency: three lines, told apart by their dashes and by their names. */
export function Latency({ columns: all }) {
  const highest = Math.max(1, ...all.map(one => one.p99 ?? one.p90 ?? one.p50 ?? 0));
  const top = 10 ** Math.ceil(Math.log10(highest));
  const ceiling = highest <= top / 5 ? top / 5 : highest <= top / 2 ? top / 2 : top;
  const x = at => (at / (all.length - 1)) * WIDTH;
  const known = all.filter(one => one.p50 !== null).length;
  const y = value => 118 - (value / ceiling) * 112;
  const path = name => {
    let pen = 'M';
    return all.map((one, at) => {
      if (one[name] == null) return '';
      const part = `${pen}${x(at).toFixed(1)} ${y(one[name]).toFixed(1)}`;
      pen = 'L';
      return part;
    }).join('');
  };
  const now = all.findLast(one => one.p50 != null) ?? {};
  return html`
    <div class="latency">
      <svg viewBox="0 0 ${WIDTH} 120" preserveAspectRatio="none" role="img" aria-label=${`Latency, lately: p50 ${micros(now.p50)}, p90 ${micros(now.p90)}, p99 ${micros(now.p99)}`}>
        ${[0, 0.5, 1].map(part => html`<line key=${part} x1="0" x2=${WIDTH} y1=${y(part * ceiling)} y2=${y(part * ceiling)} class="axis" />`)}
        ${SERIES.map(([name, look]) => html`<path key=${name} d=${path(name)} class=${`curve ${look}`} />`)}
        ${known === 1 && SERIES.map(([name, look]) => html`<line key=${`one-${name}`} x1=${x(all.indexOf(now)) - 12} x2=${x(all.indexOf(now))} y1=${y(now[name])} y2=${y(now[name])} class=${`curve ${look}`} />`)}
      </svg>
      <div class="scale" aria-hidden="true"><span>${micros(ceiling)}</span><span>${micros(ceiling / 2)}</span><span>0</span></div>
    </div>
    <${Times} columns=${all} />
    <ul class="legend">${SERIES.toReversed().map(([name, look]) => html`<li key=${name}><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true"><line x1="0" x2="28" y1="4" y2="4" class=${`curve ${look}`} /></svg> ${name} <b>${micros(now[name])}</b></li>`)}</ul>`;
}

/** The times under a chart. */
export function Times({ columns: all }) {
  if (all.length < 2) return '';
  return html`<div class="times" aria-hidden="true"><span>${time(all[0].at)}</span><span>${time(all.at(-1).at)}</span></div>`;
}

/** The numbers of a chart. */
export function Numbers({ columns: all, names, value }) {
  const rows = all.filter(one => names.some(name => value(one, name))).slice(-200);
  return html`
    <${Details} title="As a table"><div class="scroll" tabindex="0" role="region" aria-label="Numbers"><table class="numbers">
      <thead><tr><th>time</th>${names.map(name => html`<th key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${rows.map(one => html`<tr key=${one.at}><td>${time(one.at)}</td>${names.map(name => html`<td class="num" key=${name}>${value(one, name) || ''}</td>`)}</tr>`)}</tbody></table></div><//>`;
}
