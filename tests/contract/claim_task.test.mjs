// claimTask: the queue contract, section 6.4.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { assertAgrees, assertValid } from './support/schemas.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-wait': 1 });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

const fresh = (overrides) => definition({ taskQueueId: `claim-task/q${number++}`, ...overrides });
const worker = { workerGroup: 'my-group', workerId: 'my-worker' };
const other = { workerGroup: 'my-group', workerId: 'other-worker' };
const counts = async (def) => {
  const { pendingTasks, claimedTasks } = await q.taskQueueCounts(def.taskQueueId);
  return `${pendingTasks}/${claimedTasks}`;
};
const refusal = async (call) => {
  const error = await failure(call);
  return `${error.statusCode} ${error.code}`;
};
async function create(def = fresh()) {
  const id = slugid();
  await q.createTask(id, def);
  return { id, def };
}

test('CL-1 CL-4 a claim holds task, status and credentials, takes the run out of the queue and says so', async () => {
  const { id, def } = await create();
  assert.equal(await counts(def), '1/0');
  const minimal = queue(server, [`queue:claim-task:${def.taskQueueId}`,
    'queue:worker-id:my-group/my-worker']);
  const before = Date.now();
  const claim = await minimal.claimTask(id, 0, worker);
  assertAgrees('task-claim-response', claim);
  assert.equal(claim.runId, 0);
  assert.equal(claim.workerId, 'my-worker');
  assert.ok(Date.parse(claim.takenUntil) >= before);
  assert.deepEqual(claim.task, await q.task(id));
  assert.deepEqual(claim.status, (await q.status(id)).status);
  assert.equal(claim.status.state, 'running');
  const [event] = await events.wait(id, 'task-running');
  assertValid(event);
  assert.deepEqual(event.payload.status, claim.status);
  assert.equal(await counts(def), '0/1');
  assert.deepEqual((await q.claimWork(def.taskQueueId, { ...other, tasks: 1 })).tasks, []);
  const run = queue(server, null, claim.credentials);
  const again = await run.reclaimTask(id, 0);
  assert.ok(Date.parse(again.takenUntil) >= Date.parse(claim.takenUntil));
  await run.reportCompleted(id, 0);
  assert.equal(await counts(def), '0/0');
});

test('CL-2 EV-2 who holds the run may claim it again, nobody else may', async () => {
  const { id } = await create();
  const first = await q.claimTask(id, 0, worker);
  const second = await q.claimTask(id, 0, worker);
  assert.equal(second.takenUntil, first.takenUntil);
  assert.deepEqual(second.status, first.status);
  await events.wait(id, 'task-running', 2);
  assert.equal(await refusal(() => q.claimTask(id, 0, other)), '409 RequestConflict');
  await server.restart('SIGKILL');
  events.close();
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
  assert.equal((await q.claimTask(id, 0, worker)).takenUntil, first.takenUntil);
  await q.reportCompleted(id, 0);
  assert.equal(await refusal(() => q.claimTask(id, 0, worker)), '409 RequestConflict');
});

test('a run that claimWork gave cannot be claimed by claimTask', async () => {
  const { id, def } = await create();
  await q.claimWork(def.taskQueueId, { ...worker, tasks: 1 });
  assert.equal(await refusal(() => q.claimTask(id, 0, worker)), '409 RequestConflict');
});

test('CL-3 both scopes are needed, those of the queue of the task and of the worker', async () => {
  const { id, def } = await create();
  const both = [`queue:claim-task:${def.taskQueueId}`, 'queue:worker-id:my-group/my-worker'];
  for (const lacking of both) {
    const error = await failure(() => queue(server, [lacking]).claimTask(id, 0, worker));
    assert.equal(error.code, 'InsufficientScopes');
    for (const scope of both) assert.ok(error.message.includes(scope));
  }
  assert.equal((await q.status(id)).status.state, 'pending');
});

test('what cannot be claimed says why: no task, no run, an earlier run, the deadline', async () => {
  assert.equal(await refusal(() => q.claimTask(slugid(), 0, worker)), '404 ResourceNotFound');
  const { id } = await create();
  assert.equal(await refusal(() => q.claimTask(id, 1, worker)), '404 ResourceNotFound');
  assert.equal(await refusal(() => q.claimTask(id, 99999999999, worker)), '404 ResourceNotFound');
  await q.claimTask(id, 0, worker);
  await q.reportException(id, 0, { reason: 'worker-shutdown' });
  assert.equal(await refusal(() => q.claimTask(id, 0, worker)), '409 RequestConflict');
  assert.equal((await q.claimTask(id, 1, worker)).runId, 1);
  const waits = slugid();
  await q.createTask(waits, fresh({ dependencies: [id] }));
  assert.equal(await refusal(() => q.claimTask(waits, 0, worker)), '404 ResourceNotFound');
  const { id: late } = await create(fresh({ deadline: inSeconds(1) }));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await refusal(() => q.claimTask(late, 0, worker)), '409 RequestConflict');
});

test('QUIRK-3 a worker in quarantine gets nothing, until it is free again', async () => {
  const { id, def } = await create();
  const [provisioner, type] = def.taskQueueId.split('/');
  const quarantine = (until) => q.quarantineWorker(provisioner, type, worker.workerGroup,
    worker.workerId, { quarantineUntil: inSeconds(until) });
  await q.claimWork(def.taskQueueId, { ...worker, tasks: 1 }); // makes the worker known
  await q.reportException(id, 0, { reason: 'worker-shutdown' });
  await quarantine(600);
  await until('the queue knows', async () =>
    (await failure(() => q.claimTask(id, 1, worker))).statusCode === 409);
  assert.equal((await q.claimTask(id, 1, other)).workerId, 'other-worker');
  await q.reportException(id, 1, { reason: 'worker-shutdown' });
  await quarantine(-600);
  assert.equal((await q.claimTask(id, 2, worker)).runId, 2);
});

test('CW-9 WI-3 a claim is among the recent tasks of a worker that is known, and makes none', async () => {
  const { id, def } = await create();
  const [provisioner, type] = def.taskQueueId.split('/');
  const recent = async (who) => (await q.getWorker(provisioner, type, who.workerGroup,
    who.workerId)).recentTasks;
  await q.claimWork(def.taskQueueId, { ...worker, tasks: 1 });
  const { id: second } = await create(def);
  await q.claimTask(second, 0, worker);
  await until('it is listed', async () => (await recent(worker)).length === 2);
  assert.deepEqual(await recent(worker),
    [{ taskId: id, runId: 0 }, { taskId: second, runId: 0 }]);
  const { id: third } = await create(def);
  await q.claimTask(third, 0, other);
  assert.equal(await refusal(() => recent(other)), '404 ResourceNotFound');
});

test('CW-11 of many that claim one run by both methods one gets it', async () => {
  const { id, def } = await create();
  const results = await Promise.all([
    ...Array.from({ length: 6 }, (_, i) =>
      q.claimTask(id, 0, { ...worker, workerId: `w${i}` }).then(() => 1, () => 0)),
    ...Array.from({ length: 3 }, (_, i) =>
      q.claimWork(def.taskQueueId, { ...worker, workerId: `v${i}`, tasks: 1 })
        .then(({ tasks }) => tasks.length)),
  ]);
  assert.equal(results.reduce((a, b) => a + b), 1);
  assert.equal(await counts(def), '0/1');
});

test('WI-1 a claim by claimTask keeps its queue known for five days, and makes no worker known', async () => {
  const { id, def } = await create();
  await q.claimTask(id, 0, worker);
  const seen = await until('the queue is known', () => q.getTaskQueue(def.taskQueueId).catch(() => undefined));
  const days = (Date.parse(seen.expires) - Date.parse(seen.lastDateActive)) / 86_400_000;
  assert.equal(days, 5);
  const [provisionerId, workerType] = def.taskQueueId.split('/');
  assert.deepEqual((await q.listWorkers(provisionerId, workerType)).workers, []);
});
