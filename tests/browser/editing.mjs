// An edited delivery is signed anew and verifies; bytes that were not edited stay as they were.
import { api, calm, check, fire, handler, listen, open, request, same, test, until } from './harness.mjs';

await test(async () => {
  const target = await handler();
  const app = await listen('--forward-to', target.url);
  await fire(app, 'sendgrid', ['bounce']);
  const page = await open(app);
  await page.set('row').first().click();
  const original = target.requests[0].body;
  check(original.toString().endsWith('\r\n'), 'SendGrid ends its body with CR LF');

  await page.set('edit').click();
  const editor = page.set('editor');
  await until('the editor holds the body', async () => (await editor.inputValue()).includes('ada@example.com'));
  const text = await editor.inputValue();
  await editor.fill(text.replaceAll('ada@example.com', 'bob@example.com'));
  await page.set('target').last().fill(`${app.listener}/hooks`);
  await page.set('send-edited').click();
  await page.set('attempts').getByText('200').waitFor();

  const { items } = await api(app, 'deliveries?recipient=bob@example.com');
  same(items.map((row) => row.verdict), ['verified (test key)'], 'the verdict on what was edited');
  const edited = await request(`${app.url}/api/v1/deliveries/${items[0].id}/body?form=raw`);
  same(edited.body.toString(), original.toString().replaceAll('ada@example.com', 'bob@example.com'), 'the edited bytes');

  // With its old signature it does not.
  await editor.fill(text.replaceAll('ada@example.com', 'eve@example.com'));
  await page.set('resign').uncheck();
  await page.set('send-edited').click();
  await until('it came', async () => (await api(app, 'deliveries?recipient=eve@example.com')).items.length === 1);
  const [eve] = (await api(app, 'deliveries?recipient=eve@example.com')).items;
  check(!eve.verdict.startsWith('verified'), `with the old signature it is ${eve.verdict}`);

  // Line ends: what a text area makes of them is undone where nothing was edited.
  const ends = [
    ['a\r\nb\r\n', 'a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\r\n', 'a\nc\nb\n', 'a\r\nc\r\nb\r\n'],
    ['a\r\nb\nc', 'a\nb\nd', 'a\r\nb\nd'],
    ['a\rb', 'ax\nb', 'ax\rb'],
    ['a\nb', 'a\nb\n', 'a\nb\n'],
    ['\r\n', '', ''],
    ['', 'new\n', 'new\n'],
    ['a\r\n\r\nb', 'a\nb', 'a\r\nb'],
  ];
  same(await page.evaluate(async (cases) => {
    const { original } = await import('/app/line_ends.js');
    return cases.map(([text, shown]) => original(text, shown));
  }, ends), ends.map(([, , wanted]) => wanted), 'the line ends');

  // The form fires what it shows.
  await page.set('fire').click();
  await page.set('fire-provider').selectOption('mailgun');
  await page.set('fire-kind').selectOption('open');
  await page.set('fire-recipient').fill('grace@example.com');
  await page.set('fire-preview').getByText('grace@example.com').waitFor();
  await page.set('target').last().fill(`${app.listener}/hooks`);
  await page.set('fire-send').click();
  await until('the event came', async () => (await api(app, 'deliveries?recipient=grace@example.com&provider=mailgun&kind=open')).items.length === 1);

  // Faults, on and off.
  await page.set('faults').click();
  await page.set('fail_rate').fill('1');
  await page.set('fail_status').fill('503');
  await page.set('faults-on').click();
  await page.set('toast').getByText('Faults are on').waitFor();
  same((await request(`${app.listener}/hooks`, { method: 'POST', body: '{}' })).status, 503, 'with faults');
  await page.set('faults-off').click();
  await page.set('toast').getByText('at the start').waitFor();
  same((await request(`${app.listener}/hooks`, { method: 'POST', body: '{}' })).status, 200, 'without faults');
  calm(page);
});
