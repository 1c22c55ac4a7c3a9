// The URL is the state: `/?q=FILTER#ID/SECTION`, `#A/compare/B`, or `#/PANEL`.

/** Panels that are not about one delivery. */
const PANELS = ['stats', 'fire', 'faults'];

/** The state that a URL holds. */
export function read(href) {
  const url = new URL(href);
  const route = { q: url.searchParams.get('q') ?? '', id: '', section: '', other: '', panel: '' };
  const [first = '', second = '', third = ''] = url.hash.slice(1).split('/').map(decode);
  if (first) Object.assign(route, { id: first, section: second, other: third });
  else if (PANELS.includes(second)) route.panel = second;
  return route;
}

/** The URL of a state, from the root. */
export function write({ q, id, section, other, panel }) {
  const search = q ? `?${new URLSearchParams({ q })}` : '';
  const parts = id ? [id, section, other].filter(Boolean).map(encodeURIComponent) : panel ? ['', panel] : [];
  return `/${search}${parts.length ? `#${parts.join('/')}` : ''}`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
