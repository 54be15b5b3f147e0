// What the log says of tasks and groups: the queue contract, section 9.7.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start();
  q = queue(server);
});
after(() => server?.stop());

const worker = { workerGroup: 'g', workerId: 'w' };

// The records that name the task or the group, `[type, fields]` each.
const recordsOf = (id) => server.log.split('\n').filter((line) => line.includes(id))
  .map((line) => JSON.parse(line))
  .filter(({ Type }) => Type.startsWith('task-'))
  .map(({ Type, Fields, Logger, Severity }) => {
    assert.equal(Logger, 'taskcluster.queue');
    assert.equal(Severity, 5);
    return [Type, Fields];
  });

test('LG-1 every event of a task has its record, and so have claims and reclaims', async () => {
  const def = definition({ taskQueueId: 'logs/a' });
  const taskId = slugid();
  await q.createTask(taskId, def);
  await q.changeTaskPriority(taskId, { newPriority: 'high' });
  await q.claimWork(def.taskQueueId, worker);
  await q.reclaimTask(taskId, 0);
  await q.reportException(taskId, 0, { reason: 'worker-shutdown' });
  await q.claimTask(taskId, 1, worker);
  await q.reportFailed(taskId, 1);
  await q.rerunTask(taskId);
  await q.claimWork(def.taskQueueId, worker);
  await q.reportCompleted(taskId, 2);
  await until('all is written', () => recordsOf(taskId).length === 15);
  const run = (runId) => ({ taskId, runId, v: 1 });
  const claimed = (runId) => ({ taskQueueId: 'logs/a', ...worker, taskId, runId, v: 1 });
  assert.deepEqual(recordsOf(taskId), [
    ['task-defined', { taskId, v: 1 }],
    ['task-pending', run(0)],
    ['task-priority-changed', { taskId, oldPriority: 'lowest', newPriority: 'high', v: 1 }],
    ['task-claimed', claimed(0)],
    ['task-running', run(0)],
    ['task-reclaimed', { ...worker, taskId, runId: 0, v: 1 }],
    ['task-exception', run(0)],
    ['task-pending', run(1)],
    ['task-claimed', claimed(1)],
    ['task-running', run(1)],
    ['task-failed', run(1)],
    ['task-pending', run(2)],
    ['task-claimed', claimed(2)],
    ['task-running', run(2)],
    ['task-completed', run(2)],
  ]);
});

test('LG-1 what is done to a group has its records', async () => {
  const def = definition({ taskQueueId: 'logs/b' });
  const { taskGroupId, schedulerId } = def;
  for (let i = 0; i < 3; ++i) await q.createTask(slugid(), def);
  await q.changeTaskGroupPriority(taskGroupId, { newPriority: 'high' });
  await q.sealTaskGroup(taskGroupId);
  await q.cancelTaskGroup(taskGroupId);
  await until('all is written', () => recordsOf(taskGroupId).length === 3);
  assert.deepEqual(recordsOf(taskGroupId), [
    ['task-group-priority-changed',
      { taskGroupId, schedulerId, newPriority: 'high', tasksAffected: 3, v: 1 }],
    ['task-group-sealed', { taskGroupId, schedulerId, v: 1 }],
    ['task-group-cancelled', { taskGroupId, taskGroupSize: 3, cancelledCount: 3, v: 1 }],
  ]);
});
