// Logs of tasks when something goes wrong on the way: the workers contract, section 6.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { queue, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let q;

before(async () => {
  server = await Server.start({ 'claim-timeout': 3, 'worker-grace': 1,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'logs/one');
  q = queue(server);
});
after(async () => {
  await bench?.stop();
  await server?.stop();
});

const decoder = new TextDecoder();

const logUrl = (taskId, run = 0) => `${server.rootUrl}/api/troupe/v1/log/${taskId}/${run}`;

// A task whose run 0 writes a line and goes on; what comes after run 0 ends at once.
async function begin(queueId) {
  const taskId = slugid();
  await q.createTask(taskId, bench.script('echo begun; [ "$RUN_ID" != 0 ] || sleep 300', {},
    { taskQueueId: queueId }));
  const followed = await until('there is a log', async () => {
    const response = await fetch(logUrl(taskId));
    return response.ok ? response : undefined;
  });
  const reader = followed.body.getReader();
  let text = '';
  while (!/^begun$/m.test(text)) text += decoder.decode((await reader.read()).value);
  return { taskId, reader, text };
}

// The rest of what is followed.
async function toEnd({ reader, text: whole }) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return whole;
    whole += decoder.decode(value);
  }
}

const backing = (taskId) => until('the log is an artifact', async () => {
  const response = await fetch(
    `${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/public%2Flogs%2Flive.log`);
  const text = await response.text();
  return response.ok && response.url.includes('live_backing') ? { response, text } : undefined;
});

test('workers 6: what a killed worker had sent is kept, followers hear the end', async () => {
  const worker = bench.startWorker('logs/killed', 'killed');
  const log = await begin('logs/killed');
  worker.kill('SIGKILL');
  await worker.ended;
  const text = await toEnd(log);
  assert.match(text, /^\[taskcluster:error\] The worker did not end this log/m);
  const kept = await backing(log.taskId);
  assert.equal(kept.text, text);
  assert.equal(kept.response.headers.get('content-type'), 'text/plain; charset=utf-8');
});

test('workers 6: so it is when worker and server die together', async () => {
  const worker = bench.startWorker('logs/both', 'both');
  const { taskId, reader } = await begin('logs/both');
  worker.kill('SIGKILL');
  await worker.ended;
  await server.restart('SIGKILL');
  await assert.rejects(async () => { while (!(await reader.read()).done); });
  const text = await (await fetch(logUrl(taskId))).text();
  assert.match(text, /^begun$/m);
  assert.match(text, /^\[taskcluster:error\] The worker did not end this log/m);
  assert.equal((await backing(taskId)).text, text);
});

test('workers 6.3: a Range is what there is now, also of a log that goes on', async () => {
  bench.startWorker('logs/ranges', 'ranges');
  const { taskId, reader, text } = await begin('logs/ranges');
  const read = (range, init = {}) =>
    fetch(logUrl(taskId), { ...init, headers: { Range: `bytes=${range}` } });
  const first = await read('5-9');
  assert.equal(first.status, 206);
  assert.equal(first.headers.get('content-range'), 'bytes 5-9/*');
  assert.equal(first.headers.get('content-length'), '5');
  assert.equal(await first.text(), text.slice(5, 10));
  assert.equal(await (await read('0-')).text(), text);
  assert.equal(await (await read('-6')).text(), 'begun\n');
  const head = await read('0-', { method: 'HEAD' });
  assert.equal(head.status, 206);
  assert.equal(head.headers.get('content-range'), `bytes 0-${text.length - 1}/*`);
  const beyond = await read(`${text.length}-`);
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), `bytes */${text.length}`);
  await reader.cancel();
  await q.cancelTask(taskId);
  const whole = await (await fetch(logUrl(taskId))).text();
  const last = await read('-6');
  assert.equal(last.headers.get('content-range'),
    `bytes ${whole.length - 6}-${whole.length - 1}/${whole.length}`);
});
