// Reports, counts, deadlines: the queue contract, sections 6.4, 6.6 and 9.1.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start({ 'deadline-grace': 1, 'claim-wait': 3 });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

// Each test has a queue of its own.
const fresh = (overrides) => definition({ taskQueueId: `reports/q${number++}`, ...overrides });
const worker = { workerGroup: 'my-group', workerId: 'my-worker' };
const claim = (def, tasks, client = q) => client.claimWork(def.taskQueueId, { ...worker, tasks });

test('RP-1 RP-2 EV-2 reports can be repeated, also with the run\'s credentials', async () => {
  for (const [call, state, event] of [['reportCompleted', 'completed', 'task-completed'],
    ['reportFailed', 'failed', 'task-failed']]) {
    const taskId = slugid();
    const def = fresh();
    await q.createTask(taskId, def);
    const [run] = (await claim(def, 1)).tasks;
    const { status } = await q[call](taskId, 0);
    assert.equal(status.state, state);
    assert.equal(status.runs[0].reasonResolved, state);
    assert.deepEqual((await q[call](taskId, 0)).status, status);
    await queue(server, null, run.credentials)[call](taskId, 0);
    const found = await events.wait(taskId, event, 3);
    assert.equal(found[0].payload.runId, 0);
    assert.equal(found[0].payload.workerId, 'my-worker');
    assert.deepEqual(found[0].payload.task.tags, def.tags);
  }
});

test('RP-3 the scope of the run suffices, another does not', async () => {
  const taskId = slugid();
  const def = fresh();
  await q.createTask(taskId, def);
  await claim(def, 1);
  const wrong = queue(server, ['queue:resolve-task:other/0']);
  assert.equal((await failure(() => wrong.reportCompleted(taskId, 0))).code, 'InsufficientScopes');
  await queue(server, [`queue:resolve-task:${taskId}/0`]).reportCompleted(taskId, 0);
});

test('RP-4 RP-5 SM-1 QUIRK-23 reports and reclaims of a run in another state are conflicts', async () => {
  const taskId = slugid();
  const def = fresh();
  await q.createTask(taskId, def);
  assert.equal((await failure(() => q.reportCompleted(taskId, 0))).statusCode, 409);
  assert.equal((await failure(() => q.reclaimTask(taskId, 0))).statusCode, 409);
  assert.equal((await failure(() => q.reportCompleted(taskId, 7))).statusCode, 404);
  await claim(def, 1);
  await q.reportFailed(taskId, 0);
  assert.equal((await failure(() => q.reportCompleted(taskId, 0))).statusCode, 409);
});

test('RX-1 RX-2 an exception is final, and its reason does not change', async () => {
  for (const reason of ['malformed-payload', 'resource-unavailable', 'internal-error']) {
    const taskId = slugid();
    const def = fresh();
    await q.createTask(taskId, def);
    const [run] = (await claim(def, 1)).tasks;
    const { status } = await q.reportException(taskId, 0, { reason });
    assert.equal(status.state, 'exception');
    assert.equal(status.runs.length, 1);
    assert.equal(status.runs[0].reasonResolved, reason);
    await queue(server, null, run.credentials).reportException(taskId, 0, { reason });
    await events.wait(taskId, 'task-exception', 2);
    const other = reason === 'internal-error' ? 'malformed-payload' : 'internal-error';
    const error = await failure(() => q.reportException(taskId, 0, { reason: other }));
    assert.equal(error.statusCode, 409);
    assert.equal((await q.status(taskId)).status.runs[0].reasonResolved, reason);
  }
});

test('RX-3 RX-4 SM-10 SM-11 worker-shutdown and intermittent-task are retried while retries last', async () => {
  for (const [reason, created] of [['worker-shutdown', 'retry'], ['intermittent-task', 'task-retry']]) {
    const taskId = slugid();
    const def = fresh({ retries: 1 });
    await q.createTask(taskId, def);
    await claim(def, 1);
    const { status } = await q.reportException(taskId, 0, { reason });
    assert.equal(status.state, 'pending');
    assert.equal(status.retriesLeft, 0);
    assert.equal(status.runs[1].reasonCreated, created);
    await q.reportException(taskId, 0, { reason });
    await events.wait(taskId, 'task-exception', 2);
    await until('the retry is announced twice', () =>
      events.of(taskId, 'task-pending').filter((e) => e.payload.runId === 1).length === 2);
    assert.equal((await q.taskQueueCounts(def.taskQueueId)).pendingTasks, 1);
    await claim(def, 1);
    const last = await q.reportException(taskId, 1, { reason });
    assert.equal(last.status.state, 'exception');
    assert.equal(last.status.runs.length, 2);
  }
});

test('QC-1 QC-2 QC-3 QC-4 QC-7 the counts of a queue are exact', async () => {
  const def = fresh();
  const counts = async () => {
    const c = await q.taskQueueCounts(def.taskQueueId);
    return [c.pendingTasks, c.claimedTasks];
  };
  assert.deepEqual(await counts(), [0, 0]);
  const [a, b] = [slugid(), slugid()];
  await q.createTask(a, def);
  await q.createTask(b, def);
  await q.createTask(b, def);
  assert.deepEqual(await counts(), [2, 0]);
  await claim(def, 1);
  assert.deepEqual(await counts(), [1, 1]);
  await claim(def, 1);
  assert.deepEqual(await counts(), [0, 2]);
  await q.reportCompleted(a, 0);
  assert.deepEqual(await counts(), [0, 1]);
  const lacking = queue(server, [`queue:pending-count:${def.taskQueueId}`]);
  assert.equal((await failure(() => lacking.taskQueueCounts(def.taskQueueId))).statusCode, 403);
  await queue(server, [`queue:pending-count:${def.taskQueueId}`, `queue:claimed-count:${def.taskQueueId}`])
    .taskQueueCounts(def.taskQueueId);
});

test('DL-1 DL-2 DL-3 DL-4 GR-4 EV-5 QC-6 the deadline resolves what is not resolved', async () => {
  const deadline = inSeconds(1.5);
  const [unscheduled, pending, running, completed] = [slugid(), slugid(), slugid(), slugid()];
  const short = (overrides) => fresh({ deadline, retries: 0, ...overrides });
  const pendingDef = short();
  const runningDef = short();
  const completedDef = short();
  await q.createTask(unscheduled, short({ dependencies: [unscheduled] }));
  await q.createTask(pending, pendingDef);
  await q.createTask(running, runningDef);
  await q.createTask(completed, completedDef);
  await claim(runningDef, 1);
  await claim(completedDef, 1);
  await q.reportCompleted(completed, 0);
  const done = (await q.status(completed)).status;
  for (const [id, created] of [[unscheduled, 'exception'], [pending, 'scheduled'], [running, 'scheduled']]) {
    const [event] = await events.wait(id, 'task-exception');
    assert.equal(event.payload.workerId, undefined);
    assert.deepEqual(event.payload.task.tags, pendingDef.tags);
    const { status } = await q.status(id);
    assert.equal(status.state, 'exception');
    assert.equal(status.runs.length, 1);
    assert.equal(status.runs[0].reasonCreated, created);
    assert.equal(status.runs[0].reasonResolved, 'deadline-exceeded');
  }
  await events.wait(pendingDef.taskGroupId, 'task-group-resolved');
  assert.equal((await q.taskQueueCounts(pendingDef.taskQueueId)).pendingTasks, 0);
  assert.deepEqual((await q.status(completed)).status, done);
  assert.equal(events.of(completed, 'task-exception').length, 0);
});

test('after its deadline a task is neither scheduled nor rerun nor canceled', async () => {
  const taskId = slugid();
  await q.createTask(taskId, fresh({ deadline: inSeconds(0.3), dependencies: [taskId] }));
  await sleep(400);
  for (const verb of ['scheduleTask', 'rerunTask', 'cancelTask'])
    assert.equal((await failure(() => q[verb](taskId))).statusCode, 409);
});

test('DL-6 DL-5 DR-1 a task has one deadline, however often it was created, also after it was resolved', async () => {
  const taskId = slugid();
  const def = fresh({ deadline: inSeconds(2), retries: 0 });
  for (let i = 0; i < 3; ++i) await q.createTask(taskId, def);
  await claim(def, 1);
  await q.reportFailed(taskId, 0);
  const { pendingTasks, claimedTasks } = await q.taskQueueCounts(def.taskQueueId);
  assert.deepEqual([pendingTasks, claimedTasks], [0, 0]);
  assert.equal((await q.rerunTask(taskId)).status.state, 'pending');
  await events.wait(taskId, 'task-exception');
  const { status } = await q.status(taskId);
  assert.deepEqual(status.runs.map((run) => run.reasonResolved), ['failed', 'deadline-exceeded']);
  // A second deadline would show as a second event.
  await sleep(500);
  assert.equal(events.of(taskId, 'task-exception').length, 1);
  assert.equal(events.of(def.taskGroupId, 'task-group-resolved').length, 2);
});

test('RP-2 an old worker says that it failed in the body of reportCompleted', async () => {
  const taskId = slugid();
  const def = fresh();
  await q.createTask(taskId, def);
  await claim(def, 1);
  const { signed } = await import('./support/http.mjs');
  const report = (body) => signed(server, 'POST', `/api/queue/v1/task/${taskId}/runs/0/completed`, JSON.stringify(body));
  const response = await report({ success: false });
  assert.equal(response.status, 200);
  assert.equal((await response.json()).status.runs[0].reasonResolved, 'failed');
  assert.equal((await report({ success: true })).status, 409);
});
