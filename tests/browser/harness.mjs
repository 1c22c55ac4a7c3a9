// What the browser tests share: the binary with its inspector, a handler, a page that notes every complaint.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** Exit status that says: something is not installed. */
const MISSING = 77;
/** Milliseconds after which a run is given up. */
const MOST = 120000;

const binary = process.env.WEBHOOK_CLI;
const ends = [];

/** The package of this name, as `NODE_PATH` has it. */
function need(name) {
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    console.log(`the package ${name} is not installed: npm install ${name}, with NODE_PATH naming its node_modules`);
    process.exit(MISSING);
  }
}

const { chromium } = need('playwright-core');
/** Path of the axe script. */
export const axe = () => createRequire(import.meta.url).resolve(need('axe-core') && 'axe-core/axe.min.js');

/** Runs a test, then ends all that it started. It is given up after `most` milliseconds. */
export async function test(run, most = MOST) {
  const late = most < Infinity && setTimeout(() => {
    console.error(`not done after ${most} ms`);
    process.exit(1);
  }, most);
  let status = 0;
  try {
    await run();
  } catch (error) {
    console.error(error.stack ?? error);
    status = 1;
  }
  for (const end of ends.reverse()) await end();
  clearTimeout(late);
  process.exit(status);
}

/** Fails unless it is true. */
export function check(is, what) {
  if (!is) throw new Error(`not so: ${what}`);
}

/** Fails unless the two are the same. */
export function same(found, wanted, what) {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: ${one}, and not ${other}`);
}

/** Waits until something is true. */
export async function until(what, is, most = 20000) {
  const end = Date.now() + most;
  for (;;) {
    const found = await is();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${most} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts `listen` with its inspector on free ports, or `ui` over a source. */
export async function start(args, { env = {} } = {}) {
  const child = spawn(binary, [...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  ends.push(() => new Promise((resolve) => {
    child.once('exit', resolve);
    if (child.exitCode !== null) resolve();
    child.kill('SIGKILL');
  }));
  const told = { child };
  const lines = createInterface({ input: child.stdout });
  await new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`webhook-cli ${args.join(' ')} ended with ${status}`)));
    lines.on('line', (line) => {
      const { type, url } = JSON.parse(line);
      if (type === 'listening') told.listener = url;
      if (type === 'inspector') {
        told.url = url;
        resolve();
      }
    });
  });
  return told;
}

/** `listen` with its inspector. */
export const listen = (...args) => start(['listen', '--port', '0', '--ui=127.0.0.1:0', ...args]);

/** A handler that keeps what it gets. */
export async function handler(respond = (_, response) => response.end('ok')) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      requests.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(pieces) });
      respond(request, response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, port: server.address().port, url: `http://127.0.0.1:${server.address().port}/hooks` };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

/** Sends a request as a program does, and gives the response. */
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers, agent }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The JSON of the inspector's API. */
export async function api(app, path, { method = 'GET', body } = {}) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await request(`${app.url}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  check(response.status === 200, `${method} ${path} is ${response.status}: ${response.body}`);
  return JSON.parse(response.body);
}

/** Events of a provider, sent to the listener. */
export const fire = (app, provider, kinds, more = {}) => api(app, 'send', { method: 'POST', body: { provider, kinds, to: `${app.listener}/hooks`, ...more } });

/** A browser; the test ends it. */
export async function browser(...args) {
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
  if (!executablePath) {
    console.log('no browser is installed: apt-get install chromium');
    process.exit(MISSING);
  }
  const it = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
  ends.push(() => it.close());
  return it;
}

/** A page that notes dialogs, complaints of the console and of the security policy. */
export async function open(app, { browser: it, path = '/', ...settings } = {}) {
  const context = await (it ?? (await browser())).newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...settings });
  const page = await context.newPage();
  page.complaints = [];
  page.on('dialog', (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(`console: ${message.text()} ${message.location().url}`));
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack}`));
  await context.exposeBinding('complain', (_, text) => page.complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => globalThis.complain(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  page.set = (name) => page.locator(`[data-test="${name}"]`);
  await page.goto(`${app.url}${path}`);
  return page;
}

/** Fails if the page complained. */
export const calm = (page) => same(page.complaints, [], 'the page complained');

/** The deliveries of the list's heading. */
export const matched = async (page) => Number(/[\d,]*/.exec(await page.set('matched').textContent())[0].replaceAll(',', ''));
