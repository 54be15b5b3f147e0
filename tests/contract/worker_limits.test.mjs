// What a worker allows its tasks, and how long it goes on: the workers contract, section 5.5.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;

const limit = { signal: AbortSignal.timeout(120000) };

before(async () => {
  server = await Server.start({ 'claim-timeout': 60, 'worker-grace': 60,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/limits');
});
after(async () => {
  await bench?.stop();
  await server?.stop();
});

const of = (name, text, payload = {}) => bench.script(text, payload, { taskQueueId: `work/${name}`, retries: 0 });

test('workers 5.5: a task cannot ask for more time than its worker gives', limit, async () => {
  bench.startWorker('work/time', 'time', { TROUPE_WORKER_MAX_RUN_TIME: '90' });
  const fine = await bench.run(of('time', 'true', { maxRunTime: 90 }));
  assert.equal(fine.status.state, 'completed');
  const wrong = await bench.run(of('time', 'true', { maxRunTime: 91 }));
  assert.equal(wrong.run.reasonResolved, 'malformed-payload');
  assert.match(await bench.log(wrong.taskId),
    /^\[taskcluster:error\]   maxRunTime: is 91 s, and this worker gives a task at most 90 s$/m);
});

test('workers 5.5: a worker ends after as many tasks as it was told, and has finished them', limit, async () => {
  const tasks = [0, 1, 2, 3].map(() => slugid());
  for (const taskId of tasks) await bench.q.createTask(taskId, of('count', 'sleep 0.5'));
  const worker = bench.startWorker('work/count', 'count', {}, ['--task-limit', '3']);
  assert.equal(await worker.ended, 0);
  const states = [];
  for (const taskId of tasks) states.push((await bench.q.status(taskId)).status.state);
  assert.deepEqual(states.sort(), ['completed', 'completed', 'completed', 'pending']);
});

test('workers 5.5: a worker that is old claims no more, finishes its task and ends', limit, async () => {
  const [first, second] = [slugid(), slugid()];
  await bench.q.createTask(first, of('age', 'sleep 7'));
  const worker = bench.startWorker('work/age', 'age', {}, ['--life-limit', '6']);
  await until('the task runs', async () => (await bench.q.status(first)).status.state === 'running');
  assert.equal(await worker.ended, 0);
  assert.equal((await bench.q.status(first)).status.state, 'completed');
  await bench.q.createTask(second, of('age', 'true'));
  assert.equal((await bench.q.status(second)).status.state, 'pending');
});

test('workers 5.5: one without tasks ends at its age, too', limit, async () => {
  const worker = bench.startWorker('work/idle', 'idle', {}, ['--life-limit', '1']);
  assert.equal(await worker.ended, 0);
});
