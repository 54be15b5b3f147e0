// The page of a shell in a real browser: /shell/?v=2&socketUrl=...&taskId=...&runId=... shows a terminal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openPage, startBrowser } from './support/browser.mjs';
import { Server, until } from './support/server.mjs';
import { shellUrl } from './support/shells.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let browser;
let scratch;

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'shell-page-'));
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/page');
  bench.startWorker(undefined, undefined, { HOME: scratch });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

async function start() {
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.script('until [ -e go ]; do sleep 0.05; done',
    { features: { interactive: true } }));
  return { taskId, url: await shellUrl(bench.q, taskId) };
}

const completed = (taskId) => until('the task is completed', async () =>
  (await bench.q.status(taskId)).status.state === 'completed', 60000);

// The page.
async function open(url, { prepare } = {}) {
  const opened = await openPage(browser, url, { viewport: { width: 1000, height: 600 } }, prepare);
  const { page } = opened;
  // Rows as they are drawn; those that run on in the next are one line.
  const shown = () => page.locator('.xterm-rows > div').allInnerTexts()
    .then((rows) => rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n'));
  return {
    ...opened, shown,
    type: (text) => page.keyboard.type(text),
    shows: async (what) => {
      let now = '';
      await until(() => `the terminal shows ${what}; so far: ${now}`, async () => {
        now = await shown();
        return what.test(now);
      }, 60000);
      return what.exec(now);
    },
    has: (id, what) => until(`#${id} has ${what}`, async () =>
      what.test(await page.locator(`#${id}`).innerText()), 60000),
  };
}

test('a shell is typed into, shows what comes, and says when the task has ended', async () => {
  const { taskId, url } = await start();
  const view = await open(url);
  await view.has('state', /^connected$/);
  assert.equal(await view.page.title(), `Shell in ${taskId} - Troupe`);
  assert.equal(await view.page.locator('#task').getAttribute('href'), `/tasks/${taskId}`);
  await view.type("PS1='$ '; clear; printf '\\033[1;31m%s\\033[0m %s\\n' r\u00e9d \"$TASK_ID\"\n");
  await view.shows(new RegExp(`^r\u00e9d ${taskId}$`, 'm'));
  assert.match(await view.page.locator('.xterm-rows span', { hasText: 'r\u00e9d' }).last()
    .evaluate((piece) => piece.className), /xterm-bold|xterm-fg-1/);
  // What moves the cursor works as well as what prints.
  await view.type('echo wrong');
  await view.page.keyboard.press('Control+u');
  await view.type('echo "one\\ntwo" | sed s/two/2/ > found; cat found; touch go\n');
  await view.has('state', /^the task has ended$/);
  assert.equal(await view.page.locator('#again').isVisible(), true);
  assert.equal(await view.page.locator('#problem').isVisible(), false);
  await completed(taskId);
  view.quiet();
  await view.close();
});

test('the terminal is as large as the window, and hears of its changes', async () => {
  const { taskId, url } = await start();
  const view = await open(url);
  await view.type('stty size\n');
  const [, rows, columns] = (await view.shows(/^(\d+) (\d+)$/m)).map(Number);
  assert.ok(rows > 20 && columns > 80, `${rows} ${columns}`);
  assert.equal(rows, await view.page.locator('.xterm-rows > div').count());
  await view.page.setViewportSize({ width: 600, height: 400 });
  await until('it is smaller', async () =>
    await view.page.locator('.xterm-rows > div').count() < rows);
  await view.type('clear; echo "now $(stty size)"; touch go\n');
  const [, fewer, narrower] = (await view.shows(/^now (\d+) (\d+)$/m)).map(Number);
  assert.ok(fewer < rows && narrower < columns, `${fewer} ${narrower}`);
  await completed(taskId);
  view.quiet();
  await view.close();
});

test('what is typed before there is a connection is not lost', async () => {
  const { taskId, url } = await start();
  let connect;
  const typed = new Promise((resolve) => { connect = resolve; });
  const view = await open(url, { prepare: (page) => page.routeWebSocket(/\/shell\//, async (socket) => {
    await typed;
    socket.connectToServer();
  }) });
  await view.type('echo "be""fore"; touch go\n');
  await view.has('state', /^connecting$/);
  connect();
  await view.shows(/^before$/m);
  await completed(taskId);
  await view.close();
});

test('what is pasted arrives whole', async () => {
  const { taskId, url } = await start();
  const view = await open(url);
  await view.has('state', /^connected$/);
  // The terminal repeats what is typed until it is told not to, and that is before it says so.
  await view.type('stty -echo; echo "re""ady"; sed /^END/q | cksum > sum; cat sum; touch go\n');
  await view.shows(/^ready$/m);
  const text = `${Array.from({ length: 5000 }, (_, n) => `pasted line ${n}`).join('\n')}\nEND\n`;
  await view.page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData('text/plain', pasted);
    document.querySelector('.xterm-helper-textarea')
      .dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
  }, text);
  const sum = execFileSync('cksum', { input: text }).toString().trim();
  await view.shows(new RegExp(`^${sum}$`, 'm'));
  await completed(taskId);
  view.quiet();
  await view.close();
});

test('what is wrong with an address is said', async () => {
  const wrong = async (query, what) => {
    const view = await open(`${server.rootUrl}/shell/${query}`);
    await view.has('problem', what);
    await view.close();
  };
  await wrong('', /not that of a shell.*shell\.html/);
  await wrong('?v=2', /lacks a socketUrl/);
  await wrong('?v=2&socketUrl=javascript:alert(1)', /must begin with ws: or wss:/);
  const gone = `${server.rootUrl.replace('http', 'ws')}/shell/${slugid()}`;
  await wrong(`?v=2&socketUrl=${encodeURIComponent(gone)}`, /the task has ended/);
});

test('nothing is served that the page does not need, and nothing else is run', async () => {
  const { headers } = await fetch(`${server.rootUrl}/shell/?v=2`);
  assert.match(headers.get('content-security-policy'), /default-src 'none';script-src 'self';/);
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.equal((await fetch(`${server.rootUrl}/shell-page/page.html`)).status, 404);
});
