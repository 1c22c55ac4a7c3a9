// A day with the page: what arrives is listed, filtered, opened, replayed; a thousand more come while it is open.
import { readFileSync } from 'node:fs';
import { api, calm, check, fire, handler, listen, matched, open, request, same, test, until } from './harness.mjs';

/** Rows that may be in the page at once. */
const ROWS = 60;

await test(async () => {
  const target = await handler();
  const app = await listen('--forward-to', target.url);
  await fire(app, 'sendgrid', ['bounce', 'delivered', 'click']);
  const page = await open(app);
  await until('three rows', async () => (await page.set('row').count()) === 3);

  // Filter: the list and the address follow.
  await page.set('search').fill('events:bounce');
  await until('one row', async () => (await page.set('row').count()) === 1);
  check(new URL(page.url()).searchParams.get('q') === 'events:bounce', `the filter is in ${page.url()}`);
  await page.reload();
  await until('one row after a reload', async () => (await page.set('row').count()) === 1);
  same(await page.set('search').inputValue(), 'events:bounce', 'the field after a reload');

  // What is open says all about it.
  await page.set('row').click();
  const id = await page.set('row').getAttribute('data-id');
  await page.set('body').getByText('"bounce_classification"').waitFor();
  check(new URL(page.url()).hash === `#${id}`, `the delivery is in ${page.url()}`);
  // Each part comes by a request of its own.
  const shows = (part, text) => until(`${text} in ${part}`, async () => (await page.set(part).textContent()).includes(text));
  await shows('headers', 'x-twilio-email-event-webhook-signature');
  await shows('explain', 'verified (test key)');
  await shows('answer', '200');
  await shows('timeline', 'bounce');
  await page.set('body-hex').click();
  await page.set('body').getByText('00000000').waitFor();
  await page.set('body-pretty').click();

  // The address leads back to the same place.
  const linked = await open(app, { browser: page.context().browser(), path: `/?q=events:bounce#${id}/body` });
  await linked.set('body').getByText('"bounce_classification"').waitFor();
  await until('the body is in view', async () => (await linked.set('body').boundingBox()).y < 300);
  // The list comes by a request of its own, after the delivery maybe.
  await until('the one row of a linked page', async () => (await linked.set('row').count()) === 1);
  calm(linked);
  await linked.context().close();

  // It is copied as other tools read it, and what matches is exported.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(app.url).origin });
  await page.set('copy-curl').click();
  await until('curl is copied', async () => (await page.evaluate(() => navigator.clipboard.readText())).startsWith('curl -X POST'));
  const exported = page.waitForEvent('download');
  await page.set('export-ndjson').click();
  const lines = readFileSync(await (await exported).path(), 'utf8').trim().split('\n');
  same(lines.map((line) => JSON.parse(line).id), [id], 'the exported deliveries');

  // Replay sends the same bytes.
  const first = target.requests.find((one) => one.body.includes('"bounce"'));
  const before = target.requests.length;
  await page.set('replay').click();
  await until('the handler was asked again', () => target.requests.length > before);
  check(target.requests.at(-1).body.equals(first.body), 'the replay has the same bytes');
  await page.set('toast').getByText('200').waitFor();

  // Keys.
  await page.keyboard.press('Escape');
  await until('the detail is closed', async () => new URL(page.url()).hash === '');
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await until('all rows', async () => (await page.set('row').count()) === 3);
  await page.keyboard.press('Escape');
  // The cursor stands on the oldest one, which was open.
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  const second = await page.set('row').nth(1).getAttribute('data-id');
  await until('the second row is open', async () => new URL(page.url()).hash === `#${second}`);
  await page.keyboard.press('m');
  await page.keyboard.press('k');
  await until('the first row is open', async () => !new URL(page.url()).hash.includes(second));
  await page.keyboard.press('d');
  await page.set('comparison').getByText('equal line').first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.set('help-panel').waitFor();
  await page.keyboard.press('Escape');
  await page.set('help-panel').waitFor({ state: 'detached' });
  await page.keyboard.press('f');
  await page.set('toast').getByText('next delivery fails').waitFor();
  same((await request(`${app.listener}/hooks`, { method: 'POST', body: '{}' })).status, 503, 'the delivery after `f`');

  // Many at once.
  const body = JSON.stringify({ event: 'click', email: 'ada@example.com', timestamp: '2026-01-15T10:30:00Z', campaign_id: 'c' });
  const post = () => request(`${app.listener}/hooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  for (let sent = 0; sent < 1000; sent += 50) await Promise.all(Array.from({ length: 50 }, post));
  const all = (await api(app, 'health')).deliveries;
  check(all > 1000, 'a thousand came');
  await until('all are counted', async () => (await matched(page)) === all);
  check((await page.set('row').count()) <= ROWS, `the page holds ${await page.set('row').count()} rows`);

  // Scrolled away, what is in view stays.
  await page.set('list').evaluate((list) => { list.scrollTop = 4000; });
  const view = () => page.set('row').evaluateAll((rows) => rows.map((row) => [row.dataset.id, row.getBoundingClientRect().top]));
  await page.waitForTimeout(100);
  const seen = await view();
  for (let n = 0; n < 12; n += 1) await post();
  await page.set('new').getByText('12 new').waitFor();
  same(await view(), seen, 'the rows in view');
  await page.set('new').click();
  await until('the new ones are on top', async () => (await matched(page)) === all + 12);

  // What is encoded is shown decoded, and as it was sent.
  await fire(app, 'ses', ['bounce']);
  await page.set('search').fill('provider:ses');
  await until('one row of SES', async () => (await page.set('row').count()) === 1);
  await page.set('row').click();
  await page.set('body').getByText('"bounceType"').first().waitFor();
  same(await page.set('body-decoded').getAttribute('aria-pressed'), 'true', 'the decoded form is chosen');
  await page.set('body-pretty').click();
  await page.set('body').getByText('\\"bounceType\\"').waitFor();
  await page.set('body-decoded').click();

  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  // The list is emptied by a second click.
  await page.set('clear').click();
  same((await api(app, 'health')).deliveries, all + 13, 'the deliveries after one click');
  await page.set('clear').click();
  await until('the list is empty', async () => (await page.set('row').count()) === 0);
  same((await api(app, 'health')).deliveries, 0, 'the deliveries after two');
  calm(page);
});
