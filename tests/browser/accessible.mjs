// Everybody can use it: no finding of axe, light and dark; the keyboard alone is enough; 360 pixels are enough.
import { axe, browser, calm, check, fire, handler, listen, open, same, test, until } from './harness.mjs';

async function findings(page, where) {
  const found = await page.evaluate(() => globalThis.axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)));
  same(found, [], `findings of axe in ${where}`);
}

await test(async () => {
  const target = await handler();
  const app = await listen('--forward-to', target.url);
  await fire(app, 'sendgrid', ['bounce', 'click']);
  await fire(app, 'resend', ['open'], { tamper: 'body' });
  const it = await browser();

  const looked = await open(app, { browser: it, bypassCSP: true });
  await looked.addScriptTag({ path: axe() });
  await looked.set('row').first().waitFor();
  const seen = async (name, where = name) => {
    await looked.set(name).waitFor();
    for (const colorScheme of ['light', 'dark']) {
      await looked.emulateMedia({ colorScheme });
      await findings(looked, `${where}, ${colorScheme}`);
    }
  };
  await looked.locator('.bars').first().waitFor();
  await seen('stats-panel');
  await looked.set('row').first().click();
  await looked.set('body').locator('.line').first().waitFor();
  await seen('detail');
  await looked.keyboard.press('m');
  await looked.keyboard.press('e');
  await seen('editor');
  await looked.keyboard.press('Escape');
  await looked.keyboard.press('Escape');
  await looked.keyboard.press('j');
  await looked.keyboard.press('d');
  await seen('comparison');
  await looked.keyboard.press('s');
  await looked.set('fire-preview').waitFor();
  await seen('fire-panel');
  await looked.set('faults').click();
  await seen('faults-panel');
  await looked.set('search').click();
  await seen('search', 'suggestions');
  await looked.keyboard.press('Escape');
  await looked.keyboard.press('Escape');
  await looked.keyboard.press('?');
  await seen('help-panel');
  await looked.context().close();

  // Keys alone, from the filter to a request that was edited.
  const page = await open(app, { browser: it });
  await page.set('row').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('events:bounce');
  await page.keyboard.press('Enter');
  await until('one row', async () => (await page.set('row').count()) === 1);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.set('body').locator('.line').first().waitFor();
  await until('the detail has the focus', () => page.evaluate(() => document.activeElement?.classList.contains('detail')));
  let count = target.requests.length;
  await page.keyboard.press('r');
  await until('it was replayed', () => target.requests.length === count + 1);
  await page.keyboard.press('e');
  await until('the editor has the focus', () => page.evaluate(() => document.activeElement?.dataset.test === 'editor'));
  await page.keyboard.press('Control+a');
  await page.keyboard.type('{"typed": "by hand"}');
  count = target.requests.length;
  await page.keyboard.press('Control+Enter');
  await until('it was sent', () => target.requests.length === count + 1);
  same(target.requests.at(-1).body.toString(), '{"typed": "by hand"}', 'what was typed');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await until('all is closed', async () => new URL(page.url()).hash === '');
  // What was said to screen readers.
  await until('a line was said', async () => (await page.locator('[role=status]').textContent()) !== '');
  calm(page);
  await page.context().close();

  // Narrow: one thing at a time, nothing beside the screen.
  const narrow = await open(app, { browser: it, viewport: { width: 360, height: 740 }, bypassCSP: true });
  await narrow.addScriptTag({ path: axe() });
  const width = () => narrow.evaluate(() => document.documentElement.scrollWidth);
  await narrow.set('row').first().click();
  await narrow.set('body').locator('.line').first().waitFor();
  check(!(await narrow.set('list').isVisible()), 'the list makes room for the delivery');
  same(await width(), 360, 'the width with a delivery open');
  await narrow.set('replay').click();
  await narrow.set('toast').waitFor();
  await findings(narrow, 'a delivery at 360 pixels');
  await narrow.set('close').click();
  // Shown with the next frame.
  await narrow.set('list').waitFor();
  for (const panel of ['fire', 'faults', 'stats']) {
    await narrow.set(panel).click();
    await narrow.set(`${panel}-panel`).waitFor();
    same(await width(), 360, `the width of ${panel}`);
    await narrow.set('close').click();
  }
  calm(narrow);
});
