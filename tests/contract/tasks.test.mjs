// createTask, task, status, schedule, rerun, cancel: the queue contract, sections 4 and 6.2.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { definition, failure, inSeconds, queue, queueId, slugid } from './support/tasks.mjs';

let server;
let q;
let events;

before(async () => {
  server = await Server.start();
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

const dates = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const other = (overrides) => definition({ taskQueueId: `test-provisioner/${slugid()[0].toLowerCase()}x${Date.now() % 1e9}`, ...overrides });

test('CT-1 CT-15 a minimal scope set creates a task, and the answer is its status', async () => {
  const taskId = slugid();
  const def = definition({ priority: 'high', routes: ['---*', 'route.of.thirty-and-more-characters'] });
  const limited = queue(server, ['queue:create-task:high:test-provisioner/test-worker',
    'queue:scheduler-id:my-scheduler', 'queue:create-task:project:none',
    'queue:route:---*', 'queue:route:route.of.thirty-and-more-characters']);
  const { status } = await limited.createTask(taskId, def);
  assert.equal(status.state, 'pending');
  assert.equal(status.runs.length, 1);
  assert.deepEqual((await q.status(taskId)).status, status);
});

test('CT-2 CT-9 the defaults ask for the scopes of project none and scheduler -', async () => {
  const minimal = { taskQueueId: queueId, created: inSeconds(0), deadline: inSeconds(100),
    payload: {}, metadata: definition().metadata };
  const limited = queue(server, ['queue:create-task:lowest:test-provisioner/test-worker',
    'queue:scheduler-id:-', 'queue:create-task:project:none']);
  const taskId = slugid();
  const { status } = await limited.createTask(taskId, minimal);
  assert.equal(status.schedulerId, '-');
  assert.equal(status.projectId, 'none');
  assert.equal(status.taskGroupId, taskId);
  assert.equal(status.priority, 'lowest');
  const lacking = queue(server, ['queue:create-task:lowest:test-provisioner/test-worker',
    'queue:scheduler-id:-']);
  assert.equal((await failure(() => lacking.createTask(slugid(), minimal))).code, 'InsufficientScopes');
});

test('CT-3 missing scopes are refused', async () => {
  const error = await failure(() => queue(server, ['queue:nothing']).createTask(slugid(), definition()));
  assert.equal(error.code, 'InsufficientScopes');
  assert.equal(error.statusCode, 403);
});

test('CT-4 a task scope that ends in ** is an InputError for everybody', async () => {
  const error = await failure(() => q.createTask(slugid(), definition({ scopes: ['abc:**'] })));
  assert.equal(error.code, 'InputError');
});

test('CT-5 EV-2 the same call twice gives one claimable task and repeats the events', async () => {
  const taskId = slugid();
  const def = other();
  const first = await q.createTask(taskId, def);
  const second = await q.createTask(taskId, def);
  assert.deepEqual(second, first);
  await events.wait(taskId, 'task-defined', 2);
  await events.wait(taskId, 'task-pending', 2);
  const counts = await q.taskQueueCounts(def.taskQueueId);
  assert.equal(counts.pendingTasks, 1);
});

test('CT-6 the same id with another definition is a conflict', async () => {
  const taskId = slugid();
  const def = definition();
  await q.createTask(taskId, def);
  const error = await failure(() => q.createTask(taskId, { ...def, taskQueueId: 'other/other' }));
  assert.equal(error.statusCode, 409);
  assert.equal(error.code, 'RequestConflict');
});

test('CT-7 dates with more fraction digits can be repeated', async () => {
  const taskId = slugid();
  const def = definition();
  def.deadline = def.deadline.replace('Z', '567Z');
  def.created = def.created.replace('Z', '5Z');
  await q.createTask(taskId, def);
  await q.createTask(taskId, def);
  assert.match((await q.task(taskId)).deadline, dates);
});

test('CT-8 dates that make no sense are refused', async () => {
  const code = async (overrides) =>
    (await failure(() => q.createTask(slugid(), definition(overrides)))).code;
  assert.equal(await code({ created: inSeconds(100), deadline: inSeconds(50) }), 'InputError');
  assert.equal(await code({ deadline: inSeconds(7200), expires: inSeconds(3600) }), 'InputError');
  assert.equal(await code({ deadline: inSeconds(6 * 86400) }), 'InputError');
  assert.equal(await code({ created: inSeconds(-3600) }), 'InputError');
  assert.equal(await code({ created: inSeconds(3600), deadline: inSeconds(7200) }), 'InputError');
});

test('CT-10 sources may be ssh and git addresses', async () => {
  for (const source of ['ssh://git@example.com/repo', 'git@example.com:org/repo'])
    await q.createTask(slugid(), definition({ metadata: { ...definition().metadata, source } }));
});

test('CT-11 a scope for a higher priority includes lower ones', async () => {
  const base = ['queue:scheduler-id:my-scheduler', 'queue:create-task:project:none'];
  const holding = (p) => queue(server, [...base, `queue:create-task:${p}:${queueId}`]);
  await holding('high').createTask(slugid(), definition({ priority: 'high' }));
  await holding('highest').createTask(slugid(), definition({ priority: 'high' }));
  const error = await failure(() => holding('low').createTask(slugid(), definition({ priority: 'high' })));
  assert.equal(error.code, 'InsufficientScopes');
  const unknown = await failure(() => q.createTask(slugid(), definition({ priority: 'normal' })));
  assert.equal(unknown.statusCode, 400);
  await holding('lowest').createTask(slugid(), definition({ priority: 'lowest' }));
});

test('CT-12 the queue may be named in either form, but not in two ways at once', async () => {
  const { taskQueueId, ...rest } = definition();
  const halves = { provisionerId: 'test-provisioner', workerType: 'test-worker' };
  const taskId = slugid();
  const a = await q.createTask(taskId, { ...rest, ...halves });
  const b = await q.createTask(taskId, { ...rest, taskQueueId, ...halves });
  const c = await q.createTask(taskId, { ...rest, taskQueueId });
  assert.deepEqual(b, a);
  assert.deepEqual(c, a);
  assert.equal(a.status.taskQueueId, queueId);
  const error = await failure(() => q.createTask(slugid(), { ...rest, taskQueueId: 'x/y', ...halves }));
  assert.equal(error.statusCode, 400);
});

test('CT-13 a route of 249 characters with spaces is accepted', async () => {
  await q.createTask(slugid(), definition({ routes: [`a b ${'c'.repeat(245)}`] }));
  const error = await failure(() => q.createTask(slugid(), definition({ routes: ['c'.repeat(250)] })));
  assert.equal(error.code, 'InputValidationError');
});

test('CT-16 identical creates at the same time yield one run', async () => {
  const taskId = slugid();
  const def = definition();
  const answers = await Promise.all(Array.from({ length: 20 }, () => q.createTask(taskId, def)));
  for (const { status } of answers) assert.equal(status.runs.length, 1);
});

test('TK-1 HT-10 task answers what was submitted, with both forms of the queue id', async () => {
  const taskId = slugid();
  const def = definition();
  await q.createTask(taskId, def);
  const task = await q.task(taskId);
  for (const key of Object.keys(def)) assert.deepEqual(task[key], def[key], key);
  assert.equal(task.provisionerId, 'test-provisioner');
  assert.equal(task.workerType, 'test-worker');
  const { status } = await q.status(taskId);
  for (const date of [status.deadline, status.expires, status.runs[0].scheduled])
    assert.match(date, dates);
});

test('TK-2 TK-5 task and status want their scopes, and exactly these suffice', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition());
  const none = queue(server, ['nothing']);
  assert.equal((await failure(() => none.task(taskId))).statusCode, 403);
  assert.equal((await failure(() => none.status(taskId))).statusCode, 403);
  await queue(server, [`queue:status:${taskId}`]).status(taskId);
  await queue(server, [`queue:get-task:${taskId}`]).task(taskId);
});

test('EV-1 EV-3 EV-7 task-defined is pristine, task-pending equals the answer, tags are in both', async () => {
  const taskId = slugid();
  const { status } = await q.createTask(taskId, definition({ routes: ['index.a.b'] }));
  const [pending] = await events.wait(taskId, 'task-pending');
  const [defined] = events.of(taskId, 'task-defined');
  assert.equal(defined.payload.status.state, 'unscheduled');
  assert.equal(defined.payload.status.runs.length, 0);
  assert.equal(defined.payload.status.projectId, 'none');
  assert.deepEqual(defined.payload.task.tags, { purpose: 'taskcluster-testing' });
  assert.deepEqual(pending.payload.task.tags, { purpose: 'taskcluster-testing' });
  assert.deepEqual(pending.payload.status, status);
  assert.equal(pending.payload.runId, 0);
  assert.deepEqual(events.names(taskId), ['task-defined', 'task-pending']);
  assert.deepEqual(pending.cc, ['route.index.a.b']);
  assert.equal(pending.routingKey,
    `primary.${taskId}.0._._.test-provisioner.test-worker.my-scheduler.${status.taskGroupId}._`);
});

test('SC-1 RR-5 CN-5 the scope of the project suffices, that of another does not', async () => {
  for (const verb of ['schedule', 'rerun', 'cancel']) {
    const taskId = slugid();
    await q.createTask(taskId, definition({ projectId: 'the/project' }));
    const call = (scopes) => queue(server, scopes)[`${verb}Task`](taskId);
    assert.equal((await failure(() => call([`queue:${verb}-task-in-project:wrong`]))).statusCode, 403);
    await call([`queue:${verb}-task-in-project:the/project`]);
  }
});

test('SC-2 RR-6 an unknown task is a 404 for schedule, rerun, cancel, status and task', async () => {
  for (const verb of ['scheduleTask', 'rerunTask', 'cancelTask', 'status', 'task'])
    assert.equal((await failure(() => q[verb](slugid()))).code, 'ResourceNotFound');
});

test('SC-3 SM-3 scheduling a task that has a run changes nothing', async () => {
  const taskId = slugid();
  const created = await q.createTask(taskId, definition());
  assert.deepEqual(await q.scheduleTask(taskId), created);
  const cancelled = await q.cancelTask(taskId);
  assert.deepEqual(await q.scheduleTask(taskId), cancelled);
});

test('RR-1 SM-5 rerun schedules a task that never had a run', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition({ dependencies: [taskId] }));
  const { status } = await q.rerunTask(taskId);
  assert.equal(status.state, 'pending');
  assert.equal(status.runs[0].reasonCreated, 'rerun');
});

test('RR-2 rerun of a pending task changes nothing and repeats the event', async () => {
  const taskId = slugid();
  const created = await q.createTask(taskId, definition());
  assert.deepEqual(await q.rerunTask(taskId), created);
  await events.wait(taskId, 'task-pending', 2);
});

test('RR-3 RR-4 rerun appends a run to a resolved task', async () => {
  for (const report of ['reportCompleted', 'reportFailed', 'reportException']) {
    const taskId = slugid();
    const def = other();
    await q.createTask(taskId, def);
    await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w', tasks: 1 });
    await (report === 'reportException'
      ? q.reportException(taskId, 0, { reason: 'internal-error' }) : q[report](taskId, 0));
    const { status } = await q.rerunTask(taskId);
    assert.equal(status.runs.length, 2);
    assert.equal(status.runs[1].reasonCreated, 'rerun');
    assert.equal(status.state, 'pending');
    const again = await q.rerunTask(taskId);
    assert.equal(again.status.runs.length, 2);
    await until('run 1 is announced twice', () =>
      events.of(taskId, 'task-pending').filter((e) => e.payload.runId === 1).length === 2);
  }
});

test('CN-1 CN-6 cancel resolves a pending task, and it leaves the counts at once', async () => {
  const taskId = slugid();
  const def = other();
  await q.createTask(taskId, def);
  const first = await q.cancelTask(taskId);
  assert.equal(first.status.state, 'exception');
  assert.equal(first.status.runs[0].reasonResolved, 'canceled');
  assert.equal(first.status.runs[0].reasonCreated, 'scheduled');
  assert.equal((await q.taskQueueCounts(def.taskQueueId)).pendingTasks, 0);
  assert.deepEqual(await q.cancelTask(taskId), first);
  const [event] = await events.wait(taskId, 'task-exception', 2);
  assert.equal(event.payload.workerId, undefined);
});

test('CN-2 CN-7 RC-3 SM-6 cancel of a running task is known to its worker by 409', async () => {
  const taskId = slugid();
  const def = other();
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w', tasks: 1 });
  const { status } = await q.cancelTask(taskId);
  assert.equal(status.runs[0].reasonResolved, 'canceled');
  assert.equal(status.runs[0].workerId, 'w');
  assert.equal((await failure(() => q.reclaimTask(taskId, 0))).statusCode, 409);
  assert.equal((await failure(() => q.reportCompleted(taskId, 0))).statusCode, 409);
  const [event] = await events.wait(taskId, 'task-exception');
  assert.equal(event.payload.workerId, 'w');
});

test('CN-3 cancel of an unscheduled task makes one run', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition({ dependencies: [taskId] }));
  const { status } = await q.cancelTask(taskId);
  assert.equal(status.runs.length, 1);
  assert.equal(status.runs[0].reasonCreated, 'exception');
  assert.equal(status.runs[0].reasonResolved, 'canceled');
  assert.deepEqual(status.runs[0].scheduled, status.runs[0].resolved);
});

test('CN-4 SM-12 ten cancels at once agree on one canceled run', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition());
  const answers = await Promise.all(Array.from({ length: 10 }, () => q.cancelTask(taskId)));
  for (const answer of answers) {
    assert.equal(answer.status.runs.length, 1);
    assert.equal(answer.status.runs[0].reasonResolved, 'canceled');
  }
});
