// What a worker allows its tasks, and how long it goes on: the workers contract, section 5.5.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Server, binary, until } from './support/server.mjs';
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

// Answers with a byte now and then, without end.
async function openSlowServer() {
  const timers = new Set();
  const listener = http.createServer((request, response) => {
    const timer = setInterval(() => response.write('x'), 100);
    timers.add(timer);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
  const close = () => {
    for (const timer of timers) clearInterval(timer);
    listener.close();
    listener.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${listener.address().port}/`, close };
}

test('workers 5.2: a worker ends when what comes before the commands takes too long', limit, async () => {
  const slow = await openSlowServer();
  const worker = bench.startWorker('work/stage', 'stage', {}, ['--stage-limit', '10']);
  const other = slugid();
  await bench.q.createTask(other, of('stage', 'while :; do sleep 0.1; done'));
  await until('the other task runs', async () => (await bench.q.status(other)).status.state === 'running');
  const { taskId, run } = await bench.run(of('stage', 'true', { mounts: [{ file: 'x', content: { url: slow.url } }] }));
  assert.equal(run.reasonResolved, 'internal-error');
  assert.equal(await worker.ended, 1);
  assert.match(await bench.log(taskId), /^\[taskcluster:error\] Preparing took longer than the 10 s/m);
  assert.equal((await bench.q.status(other)).status.runs[0].reasonResolved, 'worker-shutdown');
  slow.close();
});

test('workers 5.2: also when it cannot be ended, like the upload of a file of any size', limit, async () => {
  const worker = bench.startWorker('work/stuck', 'stuck', {}, ['--stage-limit', '10']);
  const taskId = slugid();
  await bench.q.createTask(taskId, of('stuck', 'truncate -s 7T endless.txt', { artifacts: [
    { type: 'file', path: 'endless.txt', name: 'public/endless.txt' }] }));
  assert.equal(await worker.ended, 1);
  assert.equal((await bench.q.status(taskId)).status.runs[0].reasonResolved, 'internal-error');
});

// Of control groups of version 1, which not every machine has.
const groupPlace = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'];
const hasGroups = groupPlace.every((place) => {
  try {
    fs.rmdirSync(fs.mkdtempSync(`${place}/trial-`));
    return true;
  } catch {
    return false;
  }
});

describe('control groups', { skip: !hasGroups && 'there are no control groups of version 1 here', ...limit }, () => {
  let worker;
  before(() => {
    worker = bench.startWorker('work/groups', 'groups', {}, ['--task-memory', '64', '--task-processes', '24']);
  });
  const ends = async (text, payload) => {
    const { taskId, status } = await bench.run(of('groups', text, payload));
    return { state: status.state, log: await bench.log(taskId) };
  };

  test('workers 5.4: a task that takes more memory than it may is killed, and its log says so', async () => {
    const { state, log } = await ends('head -c 300000000 /dev/zero | tail -c 290000000 | wc -c');
    assert.match(log, /^\[taskcluster:error\] Out of memory: the kernel killed .* 64 MB together\.$/m);
    assert.equal(log.match(/Out of memory/g).length, 1);
    assert.doesNotMatch(log, /^290000000$/m, state);
  });

  test('workers 5.4: what a task has started counts, wherever it has gone', async () => {
    const { log } = await ends('setsid sh -c "head -c 300000000 /dev/zero | tail -c 290000000 >/dev/null; touch done" & ' +
      'until [ -e done ]; do sleep 0.05; done');
    assert.match(log, /Out of memory/);
  });

  test('workers 5.4: a task has no more processes than it may, and its log says so', async () => {
    const { state, log } = await ends('i=0; while [ $i -lt 60 ]; do sleep 60 & i=$((i+1)); done');
    assert.equal(state, 'failed', log);
    assert.match(log, /^\[taskcluster:error\] Out of processes: .* 24 processes and threads/m);
  });

  test('workers 5.4: a task within its limits hears nothing of them, and each has its own', async () => {
    const fine = 'i=0; while [ $i -lt 15 ]; do sleep 1 & i=$((i+1)); done; wait; cat /proc/self/cgroup';
    const both = await Promise.all([ends(fine), ends(fine)]);
    const names = both.map(({ state, log }) => {
      assert.equal(state, 'completed', log);
      assert.doesNotMatch(log, /Out of/);
      return /^\d+:memory:(.*troupe-\d+-\S+)$/m.exec(log)[1];
    });
    assert.notEqual(names[0], names[1]);
    const code = await bench.run(of('groups', 'exit 7'));
    assert.match(await bench.log(code.taskId), /Exit Code: 7$/m);
  });

  test('nothing is left of the groups of a worker, however it ends', async () => {
    const left = () => spawnSync('find', [...groupPlace, '-maxdepth', '4', '-name', `troupe-${worker.pid}-*`],
      { encoding: 'utf8' }).stdout;
    await until('the groups of tasks that have ended are gone', () => left() === '');
    const taskId = slugid();
    await bench.q.createTask(taskId, of('groups', 'while :; do sleep 0.1; done'));
    await until('there is a group', () => left() !== '');
    worker.kill('SIGKILL');
    await worker.ended;
    // The next one tidies up, when the processes of the task have ended.
    await until('the groups are gone', async () => {
      const next = bench.startWorker('work/other', 'other', {}, ['--task-memory', '64', '--task-processes', '24', '--life-limit', '1']);
      await next.ended;
      return left() === '';
    }, 60000);
  });
});

test('workers 5.4: a worker does not start where it cannot keep the limits', limit, () => {
  const start = (...flags) => spawnSync(binary, ['worker', '--queue', 'work/x', '--root-url', server.rootUrl, '--access-token', 'x', ...flags],
    { encoding: 'utf8' });
  const containers = start('--engine', 'container', '--task-memory', '64');
  assert.equal(containers.status, 2);
  assert.match(containers.stderr, /--task-memory/);
  if (hasGroups) return;
  const { status, stderr } = start('--task-memory', '64');
  assert.equal(status, 2);
  assert.match(stderr, /need control groups of version 1 .*leave the limits out/);
});
