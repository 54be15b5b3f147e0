// Dependencies and groups: the queue contract, sections 3.4, 4.4 and 6.3.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;

before(async () => {
  server = await Server.start({ 'max-dependencies': 20 });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

let number = 0;
const other = (overrides) => definition({ taskQueueId: `test-provisioner/d${number++}`, ...overrides });

test('DP-1 a dependent is freed when its dependency completes', async () => {
  const [a, b] = [slugid(), slugid()];
  const def = other();
  await q.createTask(a, def);
  const created = await q.createTask(b, { ...def, dependencies: [a] });
  assert.equal(created.status.state, 'unscheduled');
  assert.deepEqual(created.status.runs, []);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(a, 0);
  const [event] = await events.wait(b, 'task-pending');
  assert.equal(event.payload.runId, 0);
  assert.equal((await q.status(b)).status.state, 'pending');
});

test('DP-2 DP-3 each dependent waits for all of its own dependencies', async () => {
  const [a, b, c, d] = [slugid(), slugid(), slugid(), slugid()];
  const def = other();
  await q.createTask(a, def);
  await q.createTask(b, def);
  await q.createTask(c, { ...def, dependencies: [a, b] });
  await q.createTask(d, { ...def, dependencies: [a] });
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w', tasks: 2 });
  await q.reportCompleted(a, 0);
  await events.wait(d, 'task-pending');
  assert.equal((await q.status(c)).status.state, 'unscheduled');
  await q.reportCompleted(b, 0);
  await events.wait(c, 'task-pending');
});

test('DP-4 a task that depends on itself waits until it is scheduled', async () => {
  const taskId = slugid();
  const def = other();
  const { status } = await q.createTask(taskId, { ...def, dependencies: [taskId] });
  assert.equal(status.state, 'unscheduled');
  assert.equal((await q.scheduleTask(taskId)).status.state, 'pending');
  const { tasks } = await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  assert.equal(tasks[0].status.taskId, taskId);
});

test('DP-5 its own dependency keeps it when the other one resolves', async () => {
  const [a, b] = [slugid(), slugid()];
  const def = other();
  await q.createTask(a, def);
  await q.createTask(b, { ...def, dependencies: [a, b] });
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(a, 0);
  assert.equal((await q.status(b)).status.state, 'unscheduled');
});

test('DP-6 an unknown dependency leaves nothing behind', async () => {
  const taskId = slugid();
  const missing = slugid();
  const def = definition();
  const error = await failure(() => q.createTask(taskId, { ...def, dependencies: [missing] }));
  assert.equal(error.code, 'InputError');
  assert.ok(error.message.includes(missing));
  assert.equal((await failure(() => q.task(taskId))).statusCode, 404);
  await q.createTask(taskId, def);
});

test('DP-7 DP-8 DP-9 failure frees only who asked for any resolution', async () => {
  const [a, strict, loose] = [slugid(), slugid(), slugid()];
  const def = other();
  await q.createTask(a, def);
  await q.createTask(strict, { ...def, dependencies: [a] });
  await q.createTask(loose, { ...def, dependencies: [a], requires: 'all-resolved' });
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  await q.reportFailed(a, 0);
  await events.wait(loose, 'task-pending');
  assert.equal((await q.status(strict)).status.state, 'unscheduled');
});

test('DP-10 two hundred dependents of one task all become pending', async () => {
  const a = slugid();
  const def = other();
  await q.createTask(a, def);
  const dependents = Array.from({ length: 200 }, () => slugid());
  for (const id of dependents) await q.createTask(id, { ...def, dependencies: [a] });
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(a, 0);
  await until('all are pending', async () =>
    (await q.taskQueueCounts(def.taskQueueId)).pendingTasks === 200);
});

test('DP-12 more dependencies than the deployment allows are refused, and leave nothing', async () => {
  const def = other();
  const all = Array.from({ length: 21 }, () => slugid());
  for (const id of all) await q.createTask(id, def);
  const taskId = slugid();
  const error = await failure(() => q.createTask(taskId, { ...def, dependencies: all }));
  assert.equal(error.code, 'InputError');
  assert.match(error.message, /at most 20/);
  assert.equal((await failure(() => q.task(taskId))).statusCode, 404);
  const { status } = await q.createTask(taskId, { ...def, dependencies: all.slice(1) });
  assert.equal(status.state, 'unscheduled');
  // Beyond what any deployment can allow the schema speaks.
  const many = Array.from({ length: 10001 }, () => slugid());
  assert.equal((await failure(() => q.createTask(slugid(), { ...def, dependencies: many }))).code, 'InputValidationError');
});

test('DP-13 a dependency that is gone before the deadline is refused, and named', async () => {
  const a = slugid();
  await q.createTask(a, definition({ deadline: inSeconds(60), expires: inSeconds(120) }));
  const error = await failure(() => q.createTask(slugid(), definition({ dependencies: [a] })));
  assert.equal(error.code, 'InputError');
  assert.ok(error.message.includes(a));
});

test('DP-14 a dependency that is resolved already counts by its resolution', async () => {
  const [done, cancelled] = [slugid(), slugid()];
  const def = other();
  await q.createTask(done, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(done, 0);
  await q.createTask(cancelled, def);
  await q.cancelTask(cancelled);
  const after = async (dependencies, requires) =>
    (await q.createTask(slugid(), { ...def, dependencies, requires })).status.state;
  assert.equal(await after([done], 'all-completed'), 'pending');
  assert.equal(await after([done, cancelled], 'all-completed'), 'unscheduled');
  assert.equal(await after([done, cancelled], 'all-resolved'), 'pending');
});

test('GR-1 a group is resolved when all its tasks are', async () => {
  const [a, b] = [slugid(), slugid()];
  const def = other();
  await q.createTask(a, def);
  await q.createTask(b, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w', tasks: 2 });
  await q.reportCompleted(a, 0);
  await q.reportCompleted(b, 0);
  const [event] = await events.wait(def.taskGroupId, 'task-group-resolved');
  assert.equal(event.payload.taskGroupId, def.taskGroupId);
  assert.equal(event.payload.schedulerId, 'my-scheduler');
});

test('GR-2 the scheduler of a group is fixed by its first task', async () => {
  const def = definition();
  await q.createTask(slugid(), def);
  const error = await failure(() => q.createTask(slugid(), { ...def, schedulerId: 'other' }));
  assert.equal(error.statusCode, 409);
});

test('TG-1 TG-2 TG-3 TG-4 PG-1 PG-2 PG-3 the members of a group are listed in pages', async () => {
  const def = definition();
  const ids = Array.from({ length: 3 }, () => slugid());
  for (const id of ids) await q.createTask(id, def);
  const all = await q.listTaskGroup(def.taskGroupId);
  assert.equal(all.continuationToken, undefined);
  assert.equal(all.schedulerId, 'my-scheduler');
  assert.deepEqual(all.tasks.map((t) => t.status.taskId).sort(), [...ids].sort());
  for (const entry of all.tasks) {
    assert.deepEqual(entry.status, (await q.status(entry.status.taskId)).status);
    assert.deepEqual(entry.task, await q.task(entry.status.taskId));
  }
  const exact = await q.listTaskGroup(def.taskGroupId, { limit: 3 });
  assert.equal(exact.continuationToken, undefined);
  const one = await q.listTaskGroup(def.taskGroupId, { limit: 1 });
  assert.equal(one.tasks.length, 1);
  const two = await q.listTaskGroup(def.taskGroupId, { limit: 2, continuationToken: one.continuationToken });
  assert.equal(two.tasks.length, 2);
  assert.equal(two.continuationToken, undefined);
  assert.equal(new Set([...one.tasks, ...two.tasks].map((t) => t.status.taskId)).size, 3);
  assert.equal((await failure(() => q.listTaskGroup(slugid()))).code, 'ResourceNotFound');
  const scoped = queue(server, ['nothing']);
  assert.equal((await failure(() => scoped.listTaskGroup(def.taskGroupId))).statusCode, 403);
  await queue(server, [`queue:list-task-group:${def.taskGroupId}`]).listTaskGroup(def.taskGroupId);
});

test('PG-4 PG-6 a bad token is a 400, a limit of 0 is no error', async () => {
  const def = definition();
  await q.createTask(slugid(), def);
  const error = await failure(() => q.listTaskGroup(def.taskGroupId, { continuationToken: 'this-is-rubbish' }));
  assert.equal(error.code, 'InputError');
  await q.listTaskGroup(def.taskGroupId, { limit: 0 });
});
