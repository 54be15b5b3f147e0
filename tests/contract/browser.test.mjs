// The page of a task in a real browser: /tasks/<taskId> shows state, runs and the log as they come.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openPage, startBrowser } from './support/browser.mjs';
import { Place } from './support/programs.mjs';
import { Server, sleep, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let place;
let worker;
let browser;
let q;

const startWorker = (queueId) => place.run(['worker', '--data', server.data, '--queue', queueId,
  '--group', 'group', '--id', 'worker', '--capacity', '4']);

before(async () => {
  server = await Server.start({ 'claim-timeout': 4, anonymous: ['queue:get-task:*',
    'queue:status:*', 'queue:get-artifact:public/*', 'web:read-pulse'] });
  place = new Place();
  q = queue(server);
  worker = startWorker('page/one');
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await worker?.kill('SIGTERM');
  await place?.clear();
  await server?.stop();
});

async function create(script, task = {}, payload = {}) {
  const taskId = slugid();
  await q.createTask(taskId, definition({ taskQueueId: 'page/one', deadline: inSeconds(600),
    payload: { command: [['/bin/bash', '-c', script]], maxRunTime: 120, ...payload }, ...task }));
  return taskId;
}

const resolved = (taskId) => until('the task is resolved', async () => {
  const { status } = await q.status(taskId);
  return ['completed', 'failed', 'exception'].includes(status.state) ? status : undefined;
}, 60000);

// The page of a task.
async function open(taskId, hash = '', options = {}, of = server) {
  const opened = await openPage(browser, `${of.rootUrl}/tasks/${taskId}${hash}`, options);
  const { page } = opened;
  const text = (id) => page.locator(`#${id}`).innerText();
  const lines = () => page.locator('#log > div').allInnerTexts();
  return {
    ...opened, text, lines,
    has: (id, what) => until(`#${id} has ${what}`, async () => what.test(await text(id))),
    shows: (line) => until(`the line '${line}' is shown`, async () =>
      (await lines()).includes(line)),
  };
}

const count = (n) => Array.from({ length: n }, (_, i) => `line ${i + 1}`);
const numbered = (lines) => lines.filter((line) => /^line \d+$/.test(line));

test('state, runs and lines change on the page while the task waits, runs and ends', async () => {
  const taskId = await create('echo early; sleep 3; echo late', { taskQueueId: 'page/late' });
  const view = await open(taskId);
  await view.has('state', /^pending$/);
  await view.has('name', /^Unit testing task$/);
  assert.equal(await view.page.title(), 'Unit testing task - Troupe');
  const own = startWorker('page/late');
  await view.shows('early');
  await view.has('state', /^running$/);
  assert.ok(!(await view.lines()).includes('late'));
  await view.has('runs', /0\s+running\s+scheduled\s+group\/worker/);
  await view.shows('late');
  await view.has('state', /^completed$/);
  await view.has('runs', /0\s+completed\s+completed\s+group\/worker/);
  await view.has('log-state', /^Complete\.$/);
  view.quiet();
  await view.close();
  await own.kill('SIGTERM');
});

test('the page hears of changes, and asks nothing while there are none', async () => {
  const taskId = await create('true', { taskQueueId: 'page/none' });
  const view = await open(taskId);
  await view.has('state', /^pending$/);
  await sleep(1500);
  const before = view.asked.length;
  await sleep(5000);
  assert.deepEqual(view.asked.slice(before), []);
  await q.cancelTask(taskId);
  await view.has('state', /^exception$/);
  view.quiet();
  await view.close();
});

test('where readers may not hear of events, the page asks', async () => {
  const own = await Server.start({ anonymous: ['queue:get-task:*', 'queue:status:*'] });
  try {
    const taskId = slugid();
    await queue(own).createTask(taskId, definition({ taskQueueId: 'page/none' }));
    const view = await open(taskId, '', {}, own);
    await view.has('state', /^pending$/);
    await queue(own).cancelTask(taskId);
    await view.has('state', /^exception$/);
    await view.close();
  } finally {
    await own.stop();
  }
});

test('a log that is complete is shown whole, and lines that are left out are told', async () => {
  const taskId = await create('for i in $(seq 1 3000); do echo "line $i"; done');
  await resolved(taskId);
  const view = await open(taskId);
  await view.shows('line 3000');
  assert.deepEqual(numbered(await view.lines()), count(3000));
  assert.equal(await view.page.locator('#left-out').isVisible(), false);
  const raw = await view.page.locator('#raw').getAttribute('href');
  const text = await (await fetch(new URL(raw, server.rootUrl))).text();
  assert.deepEqual(numbered(text.split('\n')), count(3000));
  view.quiet();
  await view.close();
  const long = await create('seq -f "line %.0f" 1 45000');
  await resolved(long);
  const big = await open(long);
  await big.shows('line 45000');
  assert.ok(await big.page.locator('#left-out').isVisible());
  const shown = numbered(await big.lines());
  assert.deepEqual(shown, count(45000).slice(-shown.length));
  assert.ok(shown.length > 10000);
  big.quiet();
  await big.close();
});

test('colours and progress bars are shown as a terminal shows them', async () => {
  const taskId = await create(String.raw`printf '\033[1;31mred\033[0m plain \033[38;5;208morange\033[0m\n'
    printf '10%%\r50%%\r100%% done\n'; printf '\033[7minverse\033[0m\n'`);
  await resolved(taskId);
  const view = await open(taskId);
  await view.shows('red plain orange');
  await view.shows('100% done');
  const style = (text) => view.page.locator('#log span', { hasText: text }).evaluate((span) => {
    const { color, fontWeight, backgroundColor } = getComputedStyle(span);
    return { color, fontWeight, backgroundColor };
  });
  const plain = await view.page.locator('#log').evaluate((log) => getComputedStyle(log).color);
  const red = await style('red');
  assert.equal(red.fontWeight, '700');
  assert.match(red.color, /^rgb\((1[5-9]\d|2\d\d), \d{2}, \d{2}\)$/);
  assert.equal((await style('orange')).color, 'rgb(255, 135, 0)');
  assert.equal((await style('inverse')).backgroundColor, plain);
  view.quiet();
  await view.close();
});

test('names and lines that look like markup are text', async () => {
  const evil = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
  const metadata = { name: evil, description: evil, owner: 'tests@example.com',
    source: 'https://example.com/"onmouseover="window.broken=1' };
  const taskId = await create('printf "%s\\n" "$EVIL"', { metadata, tags: { evil } },
    { env: { EVIL: evil } });
  const view = await open(taskId);
  await view.shows(evil);
  assert.equal(await view.text('name'), evil);
  assert.ok((await view.text('summary')).includes(evil));
  await view.page.locator('summary').click();
  assert.ok((await view.text('definition')).includes('<script>'));
  assert.equal(await view.page.evaluate(() => window.broken), undefined);
  assert.equal(await view.page.locator('main img, main script').count(), 0);
  view.quiet();
  await view.close();
});

test('when the server is killed and comes back, no line is lost or doubled', async () => {
  const taskId = await create('for i in $(seq 1 60); do echo "line $i"; sleep 0.1; done');
  const view = await open(taskId);
  await view.shows('line 5');
  await server.kill('SIGKILL');
  await view.has('log-state', /trying again/);
  await server.launch();
  await view.shows('line 60');
  await view.has('state', /^completed$/);
  assert.deepEqual(numbered(await view.lines()), count(60));
  await view.close();
});

test('each run can be seen by its number', async () => {
  const taskId = await create('echo "this is run $RUN_ID"; [ "$RUN_ID" = 1 ] || exit 7',
    { retries: 1 }, { onExitStatus: { retry: [7] } });
  await resolved(taskId);
  const view = await open(taskId);
  await view.shows('this is run 1');
  await view.page.locator('#runs a', { hasText: '0' }).click();
  await view.shows('this is run 0');
  assert.ok(!(await view.lines()).includes('this is run 1'));
  await view.page.goBack();
  await view.shows('this is run 1');
  view.quiet();
  await view.close();
});

test('the page is used with the keyboard: skip to the log, read back, follow again', async () => {
  const taskId = await create(
    'for i in $(seq 1 200); do echo "line $i"; done; sleep 1; for i in $(seq 201 260); do echo "line $i"; sleep 0.1; done');
  const view = await open(taskId);
  const { page } = view;
  const fromEnd = () => page.locator('#log').evaluate((log) =>
    log.scrollHeight - log.scrollTop - log.clientHeight);
  const follows = () => page.locator('#follow').isChecked();
  await view.shows('line 200');
  await until('it follows', async () => (await fromEnd()) < 4);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'log');
  await page.keyboard.press('Home');
  await until('the reader has gone back', async () => !(await follows()));
  await view.shows('line 220');
  assert.ok((await fromEnd()) > 1000, 'it stays where the reader is');
  await page.keyboard.press('End');
  await until('it follows again', follows);
  await view.shows('line 260');
  await until('the end is seen', async () => (await fromEnd()) < 4);
  view.quiet();
  await view.close();
});

test('it follows the colours that the reader prefers, with enough contrast', async () => {
  const taskId = await create('echo words');
  await resolved(taskId);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.match(/\d+/g).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pages = [];
  for (const colorScheme of ['light', 'dark']) {
    const view = await open(taskId, '', { colorScheme });
    await view.has('state', /^completed$/);
    const colours = await view.page.evaluate(() => [getComputedStyle(document.body),
      getComputedStyle(document.getElementById('state'))].map((s) => [s.color, s.backgroundColor]));
    const page = luminance(colours[0][1]);
    for (const [colour] of colours) {
      const [low, high] = [page, luminance(colour)].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${colour} on ${colours[0][1]}`);
    }
    pages.push(page);
    view.quiet();
    await view.close();
  }
  assert.ok(pages[0] > 0.5 && pages[1] < 0.5);
});

test('a task that is not there is told', async () => {
  const view = await open(slugid());
  await view.has('problem', /There is no task/);
  await view.close();
  const wrong = await open('no-task');
  await wrong.has('problem', /There is no task no-task|no-task/);
  await wrong.close();
});
