// The processes of a task and of its worker: none outlives its task, whatever becomes of the
// worker, and none does anything while there is nothing to do.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { Server, sleep, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let place;
let q;

before(async () => {
  server = await Server.start({ 'claim-timeout': 4,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  place = new Place();
  q = queue(server);
});
after(async () => {
  await place?.clear();
  await server?.stop();
});

const startWorker = (queueId, id, ...more) => place.run(['worker', '--data', server.data, '--queue',
  queueId, '--group', 'g', '--id', id, '--work-dir', path.join(place.directory, id), ...more]);

const script = (queueId, text, overrides) => definition({ taskQueueId: queueId,
  deadline: inSeconds(600), payload: { command: [['/bin/bash', '-c', text]], maxRunTime: 300,
    ...overrides } });

async function resolved(taskId) {
  return until(`task ${taskId} is resolved`, async () => {
    const { status } = await q.status(taskId);
    return ['completed', 'failed', 'exception'].includes(status.state) ? status : undefined;
  });
}

// Commands that leave processes which are hard to find: a child, a grandchild whose parent is gone
// in a session of its own, and the same without any environment. All bear the mark as their name.
const hideouts = (mark) => {
  const sleeper = `exec -a ${mark} sleep 300`;
  return `(${sleeper}) & ` +
    `setsid bash -c '(${sleeper}) & exit' </dev/null >/dev/null 2>&1; ` +
    `setsid env -i /bin/bash -c '(${sleeper}) & exit' </dev/null >/dev/null 2>&1; `;
};
const marked = (mark) => fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(mark);
  } catch {
    return false;
  }
});

test('a worker that is killed takes all processes of its tasks along, and they are retried',
  async () => {
    const first = startWorker('work/killed', 'first');
    const mark = slugid();
    const taskId = slugid();
    await q.createTask(taskId, script('work/killed',
      `if [ $RUN_ID = 0 ]; then ${hideouts(mark)} sleep 300; fi; echo again`));
    await until('all of them run', () => marked(mark).length === 3);
    assert.ok(fs.existsSync(path.join(place.directory, 'first', `task_${taskId}_0`)));
    await first.kill('SIGKILL');
    await until('none of them is left', () => marked(mark).length === 0);
    await until('nor any other process of the worker',
      () => !place.processes().some((line) => /troupe|sleep/.test(line)));
    assert.ok(!fs.existsSync(path.join(place.directory, 'first', `task_${taskId}_0`)));
    const second = startWorker('work/killed', 'second');
    const { runs } = await resolved(taskId);
    assert.deepEqual(runs.map((run) => run.reasonResolved), ['claim-expired', 'completed']);
    await second.kill('SIGTERM');
  });

test('tasks of a worker that is killed may end by themselves', async () => {
  const worker = startWorker('work/asked', 'asked');
  const file = path.join(place.directory, 'asked-to-end');
  const taskId = slugid();
  await q.createTask(taskId, script('work/asked',
    `trap 'echo while ending; echo yes > ${file}; exit' TERM; ` +
    'echo > begun; while :; do sleep 0.05; done'));
  await until('it runs', () =>
    fs.existsSync(path.join(place.directory, 'asked', `task_${taskId}_0`, 'work', 'begun')));
  await worker.kill('SIGKILL');
  await until('it was asked', () => fs.existsSync(file));
});

test('what a command leaves behind serves the next one and ends with the task', async () => {
  const worker = startWorker('work/behind', 'behind');
  const mark = slugid();
  const taskId = slugid();
  await q.createTask(taskId, script('work/behind', '', { command: [
    ['/bin/bash', '-c', hideouts(mark)],
    ['/bin/bash', '-c', `until [ $(pgrep -cf '^${mark}') = 3 ]; do sleep 0.05; done`],
  ] }));
  assert.equal((await resolved(taskId)).state, 'completed');
  assert.deepEqual(marked(mark), []);
  await worker.kill('SIGTERM');
});

test('a task that kills its guard fails, leaves nothing behind, and harms no other', async () => {
  const worker = startWorker('work/guard', 'guard', '--capacity', '2');
  const mark = slugid();
  const flag = path.join(place.directory, 'go-on');
  const other = slugid();
  await q.createTask(other, script('work/guard', `until [ -e ${flag} ]; do sleep 0.05; done`));
  const taskId = slugid();
  await q.createTask(taskId, script('work/guard', `${hideouts(mark)} kill -9 $PPID; sleep 300`));
  assert.equal((await resolved(taskId)).state, 'failed');
  await until('none is left', () => marked(mark).length === 0);
  fs.writeFileSync(flag, '');
  assert.equal((await resolved(other)).state, 'completed');
  await worker.kill('SIGTERM');
});

test('a worker whose guardian is gone gives its task back and ends', async () => {
  const worker = startWorker('work/guardian', 'guardian');
  const guardian = await until('the guardian is there', () =>
    place.processes().find((line) => / guard-processes/.test(line)));
  process.kill(Number(guardian.split(' ')[0]), 'SIGKILL');
  const taskId = slugid();
  await q.createTask(taskId, script('work/guardian', 'echo done'));
  const { code } = await worker.ended;
  assert.equal(code, 1);
  const another = startWorker('work/guardian', 'another');
  const { runs } = await resolved(taskId);
  assert.deepEqual(runs.map((run) => run.reasonResolved), ['worker-shutdown', 'completed']);
  await another.kill('SIGTERM');
});

// How often the threads of these processes have waited so far.
function waits(pids) {
  let sum = 0;
  for (const pid of pids)
    for (const thread of fs.readdirSync(`/proc/${pid}/task`))
      sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(
        fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1'))[1]);
  return sum;
}

test('an idle worker, and one whose task is silent, do nothing at all', async () => {
  const quiet = await Server.start({ 'claim-wait': 20 });
  // Over HTTP: by the CAF port it lets the server know every second that it is there.
  const worker = place.run(['worker', '--data', quiet.data, '--queue', 'work/quiet', '--id', 'quiet',
    '--capacity', '2', '--root-url', quiet.rootUrl]);
  const processes = () => place.processes()
    .filter((line) => / (worker --data|guard-processes)/.test(line))
    .map((line) => Number(line.split(' ')[0]));
  // Waking up now and then would show within these two seconds.
  const isStill = async (count) => {
    await until('it has settled', async () => {
      const pids = processes();
      const before = waits(pids);
      await sleep(300);
      return pids.length === count && waits(pids) === before;
    });
    const before = waits(processes());
    await sleep(2000);
    assert.ok(waits(processes()) - before <= 1, `${waits(processes()) - before} times`);
  };
  try {
    await isStill(2);
    const taskId = slugid();
    const its = queue(quiet);
    await its.createTask(taskId, script('work/quiet', 'echo begun; exec sleep 300',
      { features: { resourceMonitor: false } }));
    await until('it runs', async () => (await its.status(taskId)).status.state === 'running');
    await isStill(3);
  } finally {
    await worker.kill('SIGTERM');
    await quiet.stop();
  }
});
