// A page of somebody else, on another port or under a name that leads here, reads nothing and sends nothing.
import http from 'node:http';
import { api, browser, check, fire, handler, listen, same, start, test, open, until } from './harness.mjs';

/** The page of the attacker; it tries all that a page can, and keeps what it got. */
const ATTACK = `<!doctype html><meta charset="utf-8"><body><script>
const own = new URLSearchParams(location.search).get('at');
const got = [];
const json = { 'content-type': 'application/json' };
const attempt = async (name, work) => {
  try {
    const found = await Promise.race([work(), new Promise((_, no) => setTimeout(() => no(new Error('late')), 3000))]);
    if (found) got.push(name + ': ' + String(found).slice(0, 200));
  } catch {}
};
const text = async (response) => (response.type === 'opaque' ? '' : response.text());
const element = (tag, set) => new Promise((yes, no) => {
  const it = document.createElement(tag);
  it.onload = () => yes(tag + ' loaded ' + (it.src || it.href));
  it.onerror = () => no(new Error(tag));
  set(it);
  document.body.append(it);
});
const form = (path, type, value) => new Promise((yes) => {
  const frame = document.createElement('iframe');
  frame.name = 'f' + Math.random();
  document.body.append(frame);
  const it = document.createElement('form');
  Object.assign(it, { method: 'post', action: own + path, enctype: type, target: frame.name });
  const field = document.createElement('input');
  field.name = value;
  it.append(field);
  document.body.append(it);
  it.submit();
  setTimeout(yes, 300);
});
(async () => {
  const order = JSON.stringify({ provider: 'generic', kinds: ['click'] });
  for (const path of ['/', '/app/main.js', '/api/v1/health', '/api/v1/session', '/api/v1/deliveries', '/api/v1/deliveries/as/ndjson', '/api/v1/stats', '/api/v1/openapi.json']) {
    await attempt('fetch ' + path, () => fetch(own + path).then(text));
    await attempt('credentials ' + path, () => fetch(own + path, { credentials: 'include' }).then(text));
    await attempt('no-cors ' + path, () => fetch(own + path, { mode: 'no-cors' }).then(text));
  }
  for (const [path, method, body] of [['send', 'POST', order], ['faults', 'PUT', '{"fail_next":5}'], ['faults', 'DELETE'], ['deliveries', 'DELETE']]) {
    await attempt(method + ' ' + path, () => fetch(own + '/api/v1/' + path, { method, body, headers: body ? json : {} }).then(text));
    if (body) await attempt('simple ' + path, () => fetch(own + '/api/v1/' + path, { method: 'POST', body, mode: 'no-cors' }).then(text));
    if (body) await attempt('beacon ' + path, async () => { navigator.sendBeacon(own + '/api/v1/' + path, new Blob([body], { type: 'text/plain' })); });
  }
  await attempt('stream', () => new Promise((yes, no) => { const it = new EventSource(own + '/api/v1/stream'); it.onopen = () => yes('open'); it.onerror = no; }));
  await attempt('socket', () => new Promise((yes, no) => { const it = new WebSocket(own.replace('http', 'ws') + '/api/v1/stream'); it.onopen = () => yes('open'); it.onerror = no; }));
  await attempt('script', () => element('script', (it) => { it.src = own + '/app/words.js'; }));
  await attempt('module', () => import(own + '/app/words.js').then(() => 'imported'));
  await attempt('style', () => element('link', (it) => { it.rel = 'stylesheet'; it.href = own + '/style.css'; }));
  await attempt('image', () => element('img', (it) => { it.src = own + '/api/v1/deliveries'; }));
  await attempt('frame', () => new Promise((yes, no) => {
    const it = document.createElement('iframe');
    it.src = own + '/';
    it.onload = () => { try { if (it.contentDocument.querySelector('#app')) yes('read'); } catch {} no(new Error('closed')); };
    document.body.append(it);
  }));
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    await form('/api/v1/send', type, order);
    await form('/api/v1/faults', type, '{"fail_next":5}');
  }
  await attempt('window', () => new Promise((yes, no) => {
    const it = open(own + '/');
    setTimeout(() => { try { if (it && it.document && it.document.querySelector('#app')) yes('read'); } catch {} it?.close(); no(new Error('closed')); }, 500);
  }));
  document.title = 'done';
  globalThis.got = got;
})();
</script>`;

await test(async () => {
  const target = await handler();
  const app = await listen('--forward-to', target.url);
  await fire(app, 'sendgrid', ['bounce']);
  const state = async () => JSON.stringify([(await api(app, 'deliveries')).items.map((row) => row.id), await api(app, 'faults'), target.requests.length]);
  const before = await state();

  const server = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(ATTACK);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const own = new URL(app.url);
  const it = await browser('--host-resolver-rules=MAP evil.example 127.0.0.1');

  const from = async (origin, at) => {
    const page = await (await it.newContext()).newPage();
    await page.goto(`${origin}/?at=${encodeURIComponent(at)}`);
    await until(`the attack of ${origin} on ${at} is over`, async () => (await page.title()) === 'done', 30000);
    same(await page.evaluate(() => globalThis.got), [], `what ${origin} got of ${at}`);
    await page.context().close();
  };
  // Another port of this machine; a name that leads here; the same name for both, as after a rebinding.
  await Promise.all([
    from(`http://127.0.0.1:${port}`, app.url),
    from(`http://evil.example:${port}`, app.url),
    from(`http://evil.example:${port}`, `http://evil.example:${own.port}`),
  ]);
  same(await state(), before, 'the deliveries, faults and requests after the attacks');

  // Under the name itself the server shows nothing, not even to a navigation.
  const page = await (await it.newContext()).newPage();
  const response = await page.goto(`http://evil.example:${own.port}/`);
  same(response.status(), 421, 'the status under another name');
  check(!(await page.content()).includes('main.js'), 'the page is not shown under another name');
  await page.goto(`http://evil.example:${own.port}/api/v1/deliveries`);
  check(!(await page.content()).includes('ada@example.com'), 'deliveries are not shown under another name');
  await page.context().close();
  server.closeAllConnections();
  server.close();

  // With a key the page asks for it, once; the address bar is cleaned, and another tab does not have it.
  const locked = await start(['listen', '--port', '0', '--ui=127.0.0.1:0', '--ui-key', 'env:UI_KEY'], { env: { UI_KEY: 'a-long-key' } });
  const asked = await open(locked, { browser: it });
  await asked.set('lock').waitFor();
  await asked.set('key').fill('a-long-key');
  await asked.keyboard.press('Enter');
  await asked.set('list').waitFor();
  const given = await open(locked, { browser: it, path: '/?key=a-long-key&q=events:bounce' });
  await given.set('list').waitFor();
  same(new URL(given.url()).search, '?q=events%3Abounce', 'the address without the key');
  await until('the stream has the key', async () => (await given.set('link').textContent()) === 'live');
  await given.reload();
  await given.set('list').waitFor();
  const other = await given.context().newPage();
  await other.goto(locked.url);
  await other.locator('[data-test="lock"]').waitFor();
});
