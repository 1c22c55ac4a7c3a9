// Strangers' bytes are shown as text, whatever they are.
import { calm, check, listen, open, request, test, until } from './harness.mjs';

const IMAGE = '<img src=x onerror=alert(1)>';
const event = (more) => JSON.stringify([{ event: 'bounce', email: 'ada@example.com', sg_event_id: 'x', sg_message_id: 'm', timestamp: 1767312009, ...more }]);

/** A body, and what is to be read in the page. */
const CORPUS = [
  ['markup', event({ email: `${IMAGE}@example.com`, reason: '<script>alert(2)</script>' }), '<script>alert(2)</script>'],
  ['an address that runs', event({ event: 'click', url: 'javascript:alert(3)' }), 'javascript:alert(3)'],
  ['bidirectional marks', event({ email: '\u202egro.elpmaxe@ada', reason: '\u2066hidden\u2069' }), '\\u202E'],
  ['NUL', Buffer.from('a\0b<svg onload=alert(4)>'), '\\u0000'],
  ['a line of 10 MB', event({ reason: 'x'.repeat(10 << 20) }), 'line cut here'],
  ['40 levels', '['.repeat(40) + '"deep"' + ']'.repeat(40), '"deep"'],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0xc3, 0x28, 0x7d]), '\ufffd'],
  ['members of a component', JSON.stringify({ type: 'script', props: { dangerouslySetInnerHTML: { __html: IMAGE } }, constructor: null, __proto__: 1 }), '__html'],
  ['many lines', JSON.stringify(Array.from({ length: 5000 }, (_, at) => at)), 'Next 2,000 lines'],
];

await test(async () => {
  const app = await listen();
  for (const [, body] of CORPUS) {
    await request(`${app.listener}/hooks/${encodeURIComponent(IMAGE)}?q=<script>`.replace('<script>', '%3Cscript%3E'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': IMAGE, 'x-evil': '"><script>alert(5)</script>' },
      body,
    });
  }
  const page = await open(app);
  await until('all rows', async () => (await page.set('row').count()) === CORPUS.length);
  for (const [at, [name, , shown]] of CORPUS.toReversed().entries()) {
    const row = page.set('row').nth(at);
    const id = await row.getAttribute('data-id');
    await row.click();
    await page.locator(`[data-test="detail"][data-id="${id}"][aria-busy="false"]`).waitFor();
    await until(`${name} is shown`, async () => (await page.set('detail').textContent()).includes(shown));
    check((await page.set('headers').textContent()).includes(IMAGE), `${name}: the headers are text`);
    for (const form of ['raw', 'hex', 'pretty']) {
      await page.set(`body-${form}`).click();
      await until(`${name} as ${form}`, async () => (await page.set('body').locator('.placeholder').count()) === 0);
    }
    await page.keyboard.press('e');
    await until(`${name} in the editor`, async () => (await page.set('editor').inputValue()) !== '' || (await page.locator('.problem').count()) > 0);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    if (at === 0) await page.keyboard.press('m');
    if (at === 1) {
      await page.keyboard.press('d');
      await page.set('comparison').waitFor();
      await page.keyboard.press('Escape');
    }
  }
  // Markup of a stranger made no element.
  for (const forbidden of ['img', 'script:not([src="/app/main.js"])', 'iframe', 'object', 'a[href^="javascript"]']) {
    check((await page.locator(forbidden).count()) === 0, `there is no ${forbidden} in the page`);
  }
  page.complaints = page.complaints.filter((text) => !text.includes('413'));
  calm(page);
});
