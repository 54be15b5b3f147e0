// changeTaskPriority: the queue contract, section 6.2. Of groups: groups.test.mjs.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { assertValid } from './support/schemas.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start();
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

const fresh = (overrides) => definition({ taskQueueId: `priorities/q${number++}`, ...overrides });
const worker = { workerGroup: 'g', workerId: 'w' };
const to = (newPriority) => ({ newPriority });
const refusal = async (call) => {
  const error = await failure(call);
  return `${error.statusCode} ${error.code}`;
};
const claimed = async (def, tasks = 32) =>
  (await q.claimWork(def.taskQueueId, { ...worker, tasks })).tasks.map((t) => t.status.taskId);

test('PR-1 PR-6 QUIRK-10 a task that waits is claimed by its new priority, and by its age among equals', async () => {
  const def = fresh({ routes: ['index.some.where'], priority: 'low' });
  const [first, second, third] = [slugid(), slugid(), slugid()];
  for (const id of [first, second, third]) await q.createTask(id, def);
  const { status } = await q.changeTaskPriority(third, to('highest'));
  assert.equal(status.priority, 'highest');
  assert.deepEqual((await q.status(third)).status, status);
  assert.equal((await q.task(third)).priority, 'highest');
  await q.changeTaskPriority(second, to('high'));
  await q.changeTaskPriority(first, to('high'));
  const [event] = await events.wait(third, 'task-priority-changed');
  assertValid(event);
  assert.deepEqual(event.payload, { version: 1, status, oldPriority: 'low', newPriority: 'highest' });
  assert.equal(event.routingKey, `primary.${third}._._._.priorities.${
    def.taskQueueId.split('/')[1]}.${def.schedulerId}.${def.taskGroupId}._`);
  assert.deepEqual(event.cc, ['route.index.some.where']);
  await q.changeTaskPriority(third, to('medium'));
  const sent = await events.wait(third, 'task-priority-changed', 2);
  assert.equal(sent[1].payload.oldPriority, 'highest');
  assert.deepEqual(await claimed(def), [first, second, third]);
});

test('PR-2 PR-7 QUIRK-5 QUIRK-6 resolved tasks keep their priority, and nothing changes to what it is', async () => {
  const def = fresh();
  const id = slugid();
  await q.createTask(id, def);
  assert.equal(await refusal(() => q.changeTaskPriority(id, to('lowest'))), '409 RequestConflict');
  await q.cancelTask(id);
  assert.equal(await refusal(() => q.changeTaskPriority(id, to('high'))), '409 RequestConflict');
  assert.equal((await q.status(id)).status.priority, 'lowest');
  assert.equal(await refusal(() => q.changeTaskPriority(slugid(), to('high'))),
    '404 ResourceNotFound');
  assert.deepEqual(events.of(id, 'task-priority-changed'), []);
  const late = slugid();
  await q.createTask(late, { ...def, deadline: inSeconds(1) });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await refusal(() => q.changeTaskPriority(late, to('high'))), '409 RequestConflict');
});

test('PR-3 a priority that does not exist is refused', async () => {
  const id = slugid();
  await q.createTask(id, fresh());
  for (const wrong of ['normal', '', 'HIGH', 7])
    assert.equal(await refusal(() => q.changeTaskPriority(id, to(wrong))),
      '400 InputValidationError');
  assert.equal(await refusal(() => q.changeTaskPriority(id, {})), '400 InputValidationError');
});

test('PR-4 the scope of the task or of its queue suffices; that of another one does not', async () => {
  const def = fresh();
  const id = slugid();
  await q.createTask(id, def);
  const other = queue(server, [`queue:change-task-priority:${slugid()}`,
    'queue:change-task-priority-in-queue:priorities/other']);
  assert.equal(await refusal(() => other.changeTaskPriority(id, to('high'))),
    '403 InsufficientScopes');
  await queue(server, [`queue:change-task-priority:${id}`]).changeTaskPriority(id, to('high'));
  await queue(server, [`queue:change-task-priority-in-queue:${def.taskQueueId}`])
    .changeTaskPriority(id, to('low'));
  assert.equal((await q.status(id)).status.priority, 'low');
});

test('PR-5 RR-7 a priority outlives claim, cancel, rerun and a crash', async () => {
  const def = fresh();
  const [id, rival] = [slugid(), slugid()];
  await q.createTask(id, def);
  await q.changeTaskPriority(id, to('medium'));
  await q.cancelTask(id);
  await q.createTask(rival, { ...def, priority: 'low' });
  await q.rerunTask(id);
  await server.restart('SIGKILL');
  assert.equal((await q.task(id)).priority, 'medium');
  assert.equal((await q.status(id)).status.priority, 'medium');
  assert.deepEqual(await claimed(def), [id, rival]);
  // While it runs: its claim is not touched, its next run is.
  await q.changeTaskPriority(rival, to('highest'));
  await q.changeTaskPriority(id, to('lowest'));
  await q.reportException(id, 0 + 1, { reason: 'worker-shutdown' });
  await q.reportException(rival, 0, { reason: 'worker-shutdown' });
  assert.deepEqual(await claimed(def), [rival, id]);
});

test('a repeat of createTask after a change is a conflict, unless it says the same', async () => {
  const def = fresh();
  const id = slugid();
  await q.createTask(id, def);
  await q.changeTaskPriority(id, to('high'));
  assert.equal(await refusal(() => q.createTask(id, def)), '409 RequestConflict');
  await q.createTask(id, { ...def, priority: 'high' });
});
