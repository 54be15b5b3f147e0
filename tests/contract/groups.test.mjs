// Task groups: the queue contract, section 6.3, and what listings promise, section 1.4.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { assertAgrees, assertValid } from './support/schemas.mjs';
import { anonymousQueue, definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

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

const fresh = (overrides) => definition({ taskQueueId: `groups/q${number++}`, ...overrides });
const worker = { workerGroup: 'g', workerId: 'w' };

// So many tasks of one group; their ids in order.
async function group(count, overrides) {
  const def = fresh(overrides);
  const ids = Array.from({ length: count }, () => slugid()).sort();
  await Promise.all(ids.map((id) => q.createTask(id, def)));
  return { def, ids, groupId: def.taskGroupId };
}

// Every page of a listing.
async function pages(ask, limit) {
  const all = [];
  let continuationToken;
  do {
    const page = await ask({ limit, ...(continuationToken ? { continuationToken } : {}) });
    all.push(page);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  return all;
}

const refusal = async (call) => {
  const error = await failure(call);
  return `${error.statusCode} ${error.code}`;
};

test('TG-5 a group has its scheduler and expiry, is sealed since its sealing, and needs its scope', async () => {
  const { def, groupId } = await group(1, { expires: inSeconds(7200) });
  assert.equal(await refusal(() => q.getTaskGroup(slugid())), '404 ResourceNotFound');
  const open = await q.getTaskGroup(groupId);
  assert.deepEqual(open, { taskGroupId: groupId, schedulerId: def.schedulerId,
    expires: new Date(new Date(def.expires).getTime() + 3600_000).toJSON() });
  assertAgrees('task-group-response', open);
  await q.sealTaskGroup(groupId);
  const sealed = await q.getTaskGroup(groupId);
  assert.match(sealed.sealed, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual({ ...sealed, sealed: undefined }, { ...open, sealed: undefined });
  assert.equal(await refusal(() => anonymousQueue(server).getTaskGroup(groupId)),
    '403 InsufficientScopes');
  const exact = queue(server, [`queue:list-task-group:${groupId}`]);
  assert.deepEqual(await exact.getTaskGroup(groupId), sealed);
});

test('TG-6 TG-8 CT-14 TG-7 sealing is for good, repeats answer the first time and its event', async () => {
  const { def, ids, groupId } = await group(2);
  const scope = `queue:seal-task-group:${def.schedulerId}/${groupId}`;
  assert.equal(await refusal(() => q.sealTaskGroup(slugid())), '404 ResourceNotFound');
  const wrong = queue(server, [`queue:seal-task-group:${def.schedulerId}/${slugid()}`]);
  assert.equal(await refusal(() => wrong.sealTaskGroup(groupId)), '403 InsufficientScopes');
  assert.ok(!(await q.getTaskGroup(groupId)).sealed);
  const first = await queue(server, [scope]).sealTaskGroup(groupId);
  assertAgrees('task-group-response', first);
  assert.deepEqual(await q.sealTaskGroup(groupId), first);
  const sent = await events.wait(groupId, 'task-group-sealed', 2);
  for (const event of sent) {
    assertValid(event);
    assert.deepEqual(event.payload, { ...first, version: 1 });
    assert.equal(event.routingKey, `primary.${groupId}.${def.schedulerId}._`);
    assert.deepEqual(event.cc, []);
  }
  // New tasks and repeats of old ones alike.
  assert.equal(await refusal(() => q.createTask(slugid(), def)), '409 RequestConflict');
  assert.equal(await refusal(() => q.createTask(ids[0], def)), '409 RequestConflict');
  await server.restart('SIGKILL');
  events.close();
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
  assert.equal(await refusal(() => q.createTask(slugid(), def)), '409 RequestConflict');
  assert.deepEqual(await q.getTaskGroup(groupId), first);
});

test('CT-14 tasks that are created while the group is sealed are members or refused, never lost', async () => {
  const { def, groupId } = await group(1);
  const created = new Set();
  let refused = 0;
  const load = Array.from({ length: 60 }, async (_, i) => {
    const id = slugid();
    if (i % 3) await q.task(slugid()).catch(() => {});
    try {
      await q.createTask(id, def);
      created.add(id);
    } catch (error) {
      assert.equal(error.statusCode, 409);
      ++refused;
    }
  });
  await q.sealTaskGroup(groupId);
  // Whoever knows that it is sealed finds every task that was, or will be, acknowledged.
  const { tasks } = await q.listTaskGroup(groupId);
  const { taskIds } = await q.cancelTaskGroup(groupId);
  await Promise.all(load);
  assert.equal(created.size + refused, 60);
  const listed = new Set(tasks.map((t) => t.status.taskId));
  for (const id of created) {
    assert.ok(listed.has(id));
    assert.ok(taskIds.includes(id));
    assert.equal((await q.status(id)).status.state, 'exception');
  }
});

test('TG-9 TG-10 EV-3 QUIRK-9 cancelling takes a sealed group, each member once, and tells of each', async () => {
  const tags = { kind: 'canceled', of: 'a group' };
  const { ids, groupId } = await group(5, { tags });
  assert.equal(await refusal(() => q.cancelTaskGroup(groupId)), '409 RequestConflict');
  assert.equal(await refusal(() => q.cancelTaskGroup(slugid())), '404 ResourceNotFound');
  await q.sealTaskGroup(groupId);
  const answer = await q.cancelTaskGroup(groupId);
  assertAgrees('cancel-task-group-response', answer);
  assert.deepEqual(answer, { taskGroupId: groupId, taskGroupSize: 5, cancelledCount: 5, taskIds: ids });
  for (const id of ids) {
    const [event] = await events.wait(id, 'task-exception');
    assertValid(event);
    assert.equal(event.payload.status.runs.at(-1).reasonResolved, 'canceled');
    assert.deepEqual(event.payload.task.tags, tags);
  }
  await events.wait(groupId, 'task-group-resolved');
  assert.deepEqual(await q.cancelTaskGroup(groupId),
    { taskGroupId: groupId, taskGroupSize: 5, cancelledCount: 0, taskIds: [] });
  for (const id of ids) assert.equal(events.of(id, 'task-exception').length, 1);
  // A member that was rerun can be canceled again.
  await q.rerunTask(ids[2]);
  assert.deepEqual((await q.cancelTaskGroup(groupId)).taskIds, [ids[2]]);
});

test('TG-11 cancelling needs its scope, which is looked at after the seal', async () => {
  const { def, ids, groupId } = await group(1);
  const right = queue(server, [`queue:cancel-task-group:${def.schedulerId}/${groupId}`]);
  const wrong = queue(server, [`queue:cancel-task-group:${def.schedulerId}/${slugid()}`]);
  assert.equal(await refusal(() => wrong.cancelTaskGroup(groupId)), '409 RequestConflict');
  await q.sealTaskGroup(groupId);
  assert.equal(await refusal(() => wrong.cancelTaskGroup(groupId)), '403 InsufficientScopes');
  assert.equal((await q.status(ids[0])).status.state, 'pending');
  assert.equal((await right.cancelTaskGroup(groupId)).cancelledCount, 1);
});

test('TG-12 members of every state: running and unscheduled ones are canceled, resolved ones not', async () => {
  const { def, ids: [done, canceled, running], groupId } = await group(3);
  const waiting = slugid();
  await q.createTask(waiting, { ...def, dependencies: [running] });
  await q.claimWork(def.taskQueueId, { ...worker, tasks: 3 });
  await q.reportCompleted(done, 0);
  await q.cancelTask(canceled);
  await q.sealTaskGroup(groupId);
  const answer = await q.cancelTaskGroup(groupId);
  assert.deepEqual(answer, { taskGroupId: groupId, taskGroupSize: 4, cancelledCount: 2,
    taskIds: [running, waiting].sort() });
  assert.equal((await q.status(done)).status.state, 'completed');
  assert.equal((await q.status(waiting)).status.runs[0].reasonCreated, 'exception');
  assert.equal(await refusal(() => q.reclaimTask(running, 0)), '409 RequestConflict');
  assert.deepEqual(await q.taskQueueCounts(def.taskQueueId), { provisionerId: 'groups',
    workerType: def.taskQueueId.split('/')[1], taskQueueId: def.taskQueueId, pendingTasks: 0,
    claimedTasks: 0 });
});

test('TG-13 members past their deadline are left to it', async () => {
  const def = fresh();
  const [late, early] = [slugid(), slugid()];
  await q.createTask(late, { ...def, deadline: inSeconds(1) });
  await q.createTask(early, def);
  await q.sealTaskGroup(def.taskGroupId);
  await until('the deadline has passed', () => Date.now() > Date.parse(def.created) + 1500);
  const answer = await q.cancelTaskGroup(def.taskGroupId);
  assert.equal(answer.taskGroupSize, 2);
  assert.deepEqual(answer.taskIds, [early]);
  assert.equal((await q.status(late)).status.state, 'pending');
});

test('TG-14 PR-3 a group gets a priority: of what waits, of what runs later, and in the definitions', async () => {
  const { def, ids, groupId } = await group(3);
  const first = slugid();
  await q.createTask(first, { ...def, taskGroupId: slugid(), priority: 'high' });
  const scope = `queue:change-task-group-priority:${def.schedulerId}/${groupId}`;
  const call = { newPriority: 'very-high' };
  assert.equal(await refusal(() => q.changeTaskGroupPriority(slugid(), call)), '404 ResourceNotFound');
  const wrong = queue(server, [`queue:change-task-group-priority:${def.schedulerId}/${slugid()}`]);
  assert.equal(await refusal(() => wrong.changeTaskGroupPriority(groupId, call)),
    '403 InsufficientScopes');
  assert.equal(await refusal(() => q.changeTaskGroupPriority(groupId, { newPriority: 'normal' })),
    '400 InputValidationError');
  const answer = await queue(server, [scope]).changeTaskGroupPriority(groupId, call);
  assertAgrees('task-group-priority-change-response', answer);
  assert.deepEqual(answer, { taskGroupId: groupId, schedulerId: def.schedulerId,
    newPriority: 'very-high', tasksAffected: 3, taskIds: ids });
  const [event] = await events.wait(groupId, 'task-group-priority-changed');
  assertValid(event);
  assert.deepEqual(event.payload, { version: 1, taskGroupId: groupId, schedulerId: def.schedulerId,
    newPriority: 'very-high', tasksAffected: 3 });
  assert.equal(event.routingKey, `primary.${groupId}.${def.schedulerId}._`);
  for (const id of ids) {
    assert.equal((await q.task(id)).priority, 'very-high');
    assert.equal((await q.status(id)).status.priority, 'very-high');
    assert.deepEqual(events.of(id, 'task-priority-changed'), []);
  }
  const { tasks } = await q.claimWork(def.taskQueueId, { ...worker, tasks: 4 });
  const order = tasks.map((t) => t.status.taskId);
  assert.equal(order.at(-1), first);
  // Nothing is left to change, which is a success all the same, with an event.
  assert.equal((await q.changeTaskGroupPriority(groupId, call)).tasksAffected, 0);
  await events.wait(groupId, 'task-group-priority-changed', 2);
});

test('TG-15 SM-12 a group of several slices changes as a whole, whatever is asked of it at once', async () => {
  const { ids, groupId } = await group(250);
  const answers = await Promise.all(['low', 'highest', 'medium'].map((newPriority) =>
    q.changeTaskGroupPriority(groupId, { newPriority })));
  for (const answer of answers) {
    assert.equal(answer.tasksAffected, 250);
    assert.deepEqual(answer.taskIds, ids);
  }
  const { tasks } = await q.listTaskGroup(groupId);
  const priorities = new Set(tasks.map((t) => t.status.priority));
  assert.equal(priorities.size, 1);
  assert.deepEqual(new Set(tasks.map((t) => t.task.priority)), priorities);
  await q.sealTaskGroup(groupId);
  const canceled = await Promise.all(Array.from({ length: 4 }, () => q.cancelTaskGroup(groupId)));
  assert.deepEqual(canceled.map((a) => a.cancelledCount).sort(), [0, 0, 0, 250]);
  assert.deepEqual(canceled.map((a) => a.taskGroupSize), [250, 250, 250, 250]);
});

test('PG-1 PG-2 PG-3 PG-7 pages of members are whole and in order while tasks join', async () => {
  const { def, ids, groupId } = await group(23);
  const ask = (options) => q.listTaskGroup(groupId, options);
  for (const limit of [1, 7, 22, 23, 24]) {
    const all = await pages(ask, limit);
    assert.deepEqual(all.flatMap((p) => p.tasks.map((t) => t.status.taskId)), ids);
    for (const page of all.slice(0, -1)) assert.equal(page.tasks.length, limit);
  }
  const first = await ask({ limit: 10 });
  await Promise.all(Array.from({ length: 10 }, () => q.createTask(slugid(), def)));
  const rest = await ask({ continuationToken: first.continuationToken });
  const seen = [...first.tasks, ...rest.tasks].map((t) => t.status.taskId);
  assert.deepEqual(seen, [...seen].sort());
  for (const id of ids) assert.ok(seen.includes(id));
});

test('PG-4 tokens of another group, or of nothing, are refused', async () => {
  const [one, other] = [await group(2), await group(2)];
  const { continuationToken } = await q.listTaskGroup(one.groupId, { limit: 1 });
  for (const token of [continuationToken, 'rubbish', '!!'])
    assert.equal(await refusal(() => q.listTaskGroup(other.groupId, { continuationToken: token })),
      '400 InputError');
});
