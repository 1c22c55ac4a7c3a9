// Opens the page of an inspector and stays until standard input ends, for load tests; then prints in a line of JSON what
// the page shows and takes. Its argument is the URL.
import { matched, open, test } from './harness.mjs';

await test(async () => {
  const page = await open({ url: process.argv[2] });
  await page.set('list').waitFor();
  console.log('open');
  for await (const _ of process.stdin);
  const heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
  console.log(JSON.stringify({ shown: await matched(page), heap, complaints: page.complaints }));
}, Infinity);
