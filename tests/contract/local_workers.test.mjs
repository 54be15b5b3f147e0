// Workers that the server starts by itself: by demand, within bounds, and again when they die.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Place } from './support/programs.mjs';
import { Server, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

function placeTest(name, body) {
  test(name, async () => {
    const place = new Place();
    try {
      await body(place);
    } finally {
      await place.clear();
    }
  });
}

const queueOf = (up, data) => new taskcluster.Queue({ rootUrl: up.rootUrl, retries: 0,
  credentials: JSON.parse(fs.readFileSync(path.join(data, 'root-credentials'), 'utf8')) });

const command = (script, overrides) => definition({ taskQueueId: 'local/default',
  deadline: inSeconds(600), payload: { command: [['/bin/sh', '-c', script]], maxRunTime: 300 },
  ...overrides });

function parentOf(pid) {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
}

// The workers of a place, by their ids; without what they fork, which has their command line until
// it becomes something else.
function workers(place) {
  const all = place.processes().filter((line) => / worker --queue /.test(line)).map((line) => ({
    pid: Number(line.split(' ')[0]), id: / --id (\S+)/.exec(line)[1],
  }));
  const pids = new Set(all.map((worker) => worker.pid));
  return all.filter((worker) => !pids.has(parentOf(worker.pid)));
}

// Ended, and waited for by the server, so that it knows.
const isGone = (pid) => !fs.existsSync(`/proc/${pid}`);

const ids = (place) => workers(place).map((worker) => worker.id).sort();

async function resolved(q, taskId) {
  return until(`task ${taskId} is resolved`, async () => {
    const { status } = await q.status(taskId);
    return ['completed', 'failed', 'exception'].includes(status.state) ? status : undefined;
  });
}

placeTest('an idle up has no worker; a task brings one, and it goes when it is not needed',
  async (place) => {
    const up = await place.up('--no-hello', '--data', place.data, '--local-worker-idle', '1');
    assert.deepEqual(ids(place), []);
    const q = queueOf(up, place.data);
    const first = slugid();
    await q.createTask(first, command('echo first'));
    assert.equal((await resolved(q, first)).state, 'completed');
    assert.deepEqual(ids(place), ['worker']);
    const [{ pid }] = workers(place);
    await until('the worker is gone', () => isGone(pid));
    assert.deepEqual(ids(place), []);
    const second = slugid();
    await q.createTask(second, command('echo second'));
    const { runs } = await resolved(q, second);
    assert.equal(runs.length, 1);
    assert.equal(`${runs[0].workerGroup}/${runs[0].workerId}`, 'local/worker');
  });

placeTest('WR-1 a worker that is killed is replaced, and what it ran is retried at once',
  async (place) => {
    const up = await place.up('--no-hello', '--data', place.data, '--capacity', '1');
    const q = queueOf(up, place.data);
    const taskId = slugid();
    // Long enough a claim that its expiry cannot be what gives the run back.
    await q.createTask(taskId, command('if [ "$RUN_ID" = 0 ]; then sleep 300; fi; echo again'));
    await until('the task runs', () => place.processes().some((p) => / sleep 300 /.test(p)));
    const [worker] = workers(place);
    process.kill(worker.pid, 'SIGKILL');
    const { runs } = await resolved(q, taskId);
    assert.deepEqual(runs.map((run) => run.reasonResolved), ['worker-shutdown', 'completed']);
    assert.equal(runs[1].reasonCreated, 'retry');
    await up.says(/worker local\/worker of local\/default ended unexpectedly \(signal 9 \(Killed\)\)/);
    assert.notDeepEqual(workers(place).map((w) => w.pid), [worker.pid]);
  });

placeTest('workers come up to the most, in whole ones, and down to the least', async (place) => {
  const up = await place.up('--no-hello', '--data', place.data, '--capacity', '2',
    '--local-workers-min', '1', '--local-workers-max', '3', '--local-worker-idle', '1');
  await until('the least is there', () => ids(place).join() === 'worker');
  const q = queueOf(up, place.data);
  const flag = path.join(place.directory, 'go');
  const tasks = Array.from({ length: 8 }, slugid);
  for (const taskId of tasks)
    await q.createTask(taskId, command(`until [ -e ${flag} ]; do sleep 0.05; done`));
  await until('as many run as may', async () =>
    (await q.taskQueueCounts('local/default')).claimedTasks === 6);
  assert.deepEqual(ids(place), ['worker', 'worker-2', 'worker-3']);
  fs.writeFileSync(flag, '');
  for (const taskId of tasks) assert.equal((await resolved(q, taskId)).runs.length, 1);
  await until('the least is left', () => ids(place).length === 1);
});

placeTest('after a crash of the server waiting tasks get a worker', async (place) => {
  const ports = ['--no-hello', '--data', place.data];
  const first = await place.up(...ports, '--local-workers-max', '0');
  const taskId = slugid();
  await queueOf(first, place.data).createTask(taskId, command('echo at last'));
  assert.deepEqual(ids(place), []);
  await first.kill('SIGKILL');
  const second = await place.up(...ports);
  assert.equal((await resolved(queueOf(second, place.data), taskId)).state, 'completed');
});

test('serve starts local workers, too, when it is told to', async () => {
  const server = await Server.start({ 'local-workers-max': 1 });
  try {
    const q = queue(server);
    const taskId = slugid();
    await q.createTask(taskId, command('echo served'));
    assert.equal((await resolved(q, taskId)).state, 'completed');
    // A worker may do no more than claim for its queue.
    const { runs } = (await q.status(taskId)).status;
    assert.equal(runs[0].workerGroup, 'local');
  } finally {
    const { code } = await server.stop();
    assert.equal(code, 0);
  }
});
