// Displays of containers: the workers contract, section 6.5. X servers within are those of the machine, in an
// image of the test; what they show is seen by RFB, and in a browser by the page of displays.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { openPage, startBrowser } from './support/browser.mjs';
import { ContainerBench } from './support/container_bench.mjs';
import { missing, savedImage } from './support/images.mjs';
import { until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

let bench;
let browser;

const artifact = 'private/docker-worker/display.html';
const x = 'mkdir -p /usr/bin /tmp; ln -sf /bin/xkbcomp /usr/bin/xkbcomp; ';
const server = (number, colour) => `${x}Xvfb :${number} -screen 0 320x240x24 -noreset -nolisten tcp 2>/tmp/log${number} & ` +
  `until [ -e /tmp/.X11-unix/X${number} ]; do sleep 0.05; done; until xsetroot -display :${number} -solid '${colour}'; do sleep 0.1; done; `;
const wait = 'echo painted; until [ -e /go ]; do sleep 0.1; done';

before(async () => {
  if (missing) return;
  bench = await ContainerBench.start('work/displays', { 'claim-timeout': 4 });
  await bench.useImage(savedImage(bench.scratch, 'displays', {}, ['Xvfb', 'xkbcomp', 'xsetroot', '/usr/share/X11/xkb']));
  await bench.startContainers('work/displays');
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await bench?.stop();
});

// A running task, and where its displays are.
async function start(text) {
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.shell(text + wait, { features: { interactive: true } }));
  const { url } = await until('displays are offered', () => bench.q.latestArtifact(taskId, artifact).catch((error) => {
    if (error.statusCode !== 404) throw error;
  }), 60000);
  const asked = new URL(url).searchParams;
  return { taskId, url, socket: asked.get('socketUrl'), list: asked.get('displaysUrl') };
}

async function displays(run) {
  const response = await fetch(run.list);
  return { status: response.status, cors: response.headers.get('access-control-allow-origin'), body: await response.json() };
}

const has = (run, ...names) => until(`there is ${names}`, async () =>
  JSON.stringify((await displays(run)).body) === JSON.stringify(names.map((display) => ({ display }))), 60000);

async function cancel({ taskId }) {
  await bench.q.cancelTask(taskId);
}

// What a handshake that is refused was answered.
const refusal = (url) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url, 'binary');
  socket.on('open', () => reject(new Error('it was let in')));
  socket.on('error', () => {});
  socket.on('unexpected-response', async (request, response) => {
    let text = '';
    for await (const chunk of response) text += chunk;
    resolve({ status: response.statusCode, ...JSON.parse(text) });
  });
});

// An RFB client that reads exactly so many bytes at a time.
class Viewer {
  constructor(url) {
    this.bytes = Buffer.alloc(0);
    this.socket = new WebSocket(url, 'binary');
    this.socket.on('message', (data) => { this.bytes = Buffer.concat([this.bytes, data]); });
    this.closed = new Promise((resolve) => { this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })); });
    this.opened = new Promise((resolve, reject) => { this.socket.on('open', resolve); this.socket.on('error', reject); });
  }

  async read(size) {
    await until(`${size} bytes came`, () => this.bytes.length >= size, 60000);
    const part = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return part;
  }

  // Up to the size of the screen.
  async shakeHands() {
    await this.opened;
    assert.equal(this.socket.protocol, 'binary');
    assert.match(String(await this.read(12)), /^RFB 003\.008\n$/);
    this.socket.send(Buffer.from('RFB 003.008\n'));
    const [count] = await this.read(1);
    assert.ok([...await this.read(count)].includes(1), 'no password is asked for');
    this.socket.send(Buffer.from([1]));
    assert.equal((await this.read(4)).readUInt32BE(), 0);
    this.socket.send(Buffer.from([1]));
    const start = await this.read(24);
    await this.read(start.readUInt32BE(20));
    return [start.readUInt16BE(0), start.readUInt16BE(2)];
  }

  // The colour of a pixel, in 32 bits.
  async pixel(left, top) {
    this.socket.send(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]));
    this.socket.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    for (;;) {
      this.socket.send(Buffer.from([3, 0, left >> 8, left & 255, top >> 8, top & 255, 0, 1, 0, 1]));
      const head = await this.read(4);
      assert.equal(head[0], 0);
      for (let i = 0; i < head.readUInt16BE(2); ++i) {
        const place = await this.read(12);
        const [x0, y0, width, height] = [0, 2, 4, 6].map((at) => place.readUInt16BE(at));
        const bytes = Buffer.from(await this.read(width * height * 4));
        if (left < x0 || left >= x0 + width || top < y0 || top >= y0 + height) continue;
        const [blue, green, red] = bytes.subarray(((top - y0) * width + left - x0) * 4);
        return [red, green, blue];
      }
    }
  }
}

const asDisplay = (run, name) => `${run.socket}?display=${encodeURIComponent(name)}`;

describe('displays', { skip: missing, signal: AbortSignal.timeout(500000) }, () => {
  test('workers 6.5: displays are listed as they come, and one is seen by RFB', async () => {
    const run = await start(`sleep 1; ${server(7, '#336699')}${server(12, '#00ff00')}`);
    await has(run, ':7', ':12');
    assert.equal((await displays(run)).cors, '*');
    await until('it is painted', async () => /painted/.test(await liveLog(run.taskId)), 60000);
    const [blue, green] = [new Viewer(asDisplay(run, ':7')), new Viewer(asDisplay(run, ':12'))];
    assert.deepEqual(await blue.shakeHands(), [320, 240]);
    assert.deepEqual(await blue.pixel(300, 200), [0x33, 0x66, 0x99]);
    assert.deepEqual(await green.shakeHands(), [320, 240]);
    assert.deepEqual(await green.pixel(1, 1), [0, 255, 0]);
    await cancel(run);
    for (const viewer of [blue, green]) assert.match((await viewer.closed).reason, /the task has ended|the display has ended/);
    await until('there are none any more', async () => (await displays(run)).status === 410, 60000);
  });

  test('workers 6.5: errors say what is wrong', async () => {
    const run = await start(server(3, '#ffffff'));
    await has(run, ':3');
    assert.deepEqual(await refusal(run.socket), { status: 400, code: 'InvalidParameters',
      message: '?display= must name one of the displays' });
    assert.deepEqual(await refusal(asDisplay(run, ':4')), { status: 404, code: 'DisplayNotFound',
      message: 'the task has no display of that name now' });
    const wrong = { list: run.list.replace(/[^/]+$/, slugid()), socket: run.socket.replace(/[^/]+$/, slugid()) };
    const { status, body } = await displays(wrong);
    assert.equal(status, 410);
    assert.equal(body.code, 'ExecutionTerminated');
    assert.equal((await refusal(asDisplay(wrong, ':3'))).status, 410);
    await cancel(run);
  });

  test('workers 6.5: the page shows a display in a browser', async () => {
    const run = await start(server(5, '#336699'));
    await has(run, ':5');
    await until('it is painted', async () => /painted/.test(await liveLog(run.taskId)), 60000);
    const { page } = await openPage(browser, run.url, { viewport: { width: 800, height: 600 } });
    await until('the page is connected', async () =>
      /^connected to :5$/.test(await page.locator('#state').innerText()), 60000);
    assert.equal(await page.title(), `Display of ${run.taskId} - Troupe`);
    await until('the page shows the colour', () => page.evaluate(() => {
      const canvas = document.querySelector('#screen canvas');
      if (!canvas?.width) return false;
      const [red, green, blue] = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
      return canvas.width === 320 && red === 0x33 && green === 0x66 && blue === 0x99;
    }), 60000);
    await cancel(run);
    await until('the page says that it has ended', async () =>
      !/^connected/.test(await page.locator('#state').innerText()), 60000);
  });

  test('workers 6.5: a task that is not interactive has no displays', async () => {
    const { taskId } = await bench.completes('ls -a /tmp');
    await assert.rejects(bench.q.latestArtifact(taskId, artifact), { statusCode: 404 });
  });
});

// What a task that runs has written so far.
async function liveLog(taskId) {
  const response = await fetch(`${bench.server.rootUrl}/api/troupe/v1/log/${taskId}/0`, { headers: { range: 'bytes=0-' } });
  return response.text();
}
