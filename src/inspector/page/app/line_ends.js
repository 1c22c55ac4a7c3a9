// Line ends of an edited text. A text area turns every line end into LF; what was not edited keeps its own.

/** The edited text with the line ends of the original: `shown` is what the text area holds. */
export function original(text, shown) {
  if (!text.includes('\r')) return shown;
  const places = [];
  let normal = '';
  for (let at = 0; at < text.length; at += 1) {
    places.push(at);
    if (text[at] === '\r') {
      normal += '\n';
      if (text[at + 1] === '\n') at += 1;
    } else normal += text[at];
  }
  places.push(text.length);
  if (normal === shown) return text;
  const most = Math.min(normal.length, shown.length);
  let before = 0;
  while (before < most && normal[before] === shown[before]) before += 1;
  let after = 0;
  while (after < most - before && normal[normal.length - 1 - after] === shown[shown.length - 1 - after]) after += 1;
  const end = text.includes('\r\n') ? '\r\n' : '\r';
  const usual = text.split(end).length > text.replaceAll(end, '').split('\n').length ? end : '\n';
  const middle = shown.slice(before, shown.length - after).replaceAll('\n', usual);
  return text.slice(0, places[before]) + middle + text.slice(places[normal.length - after]);
}
