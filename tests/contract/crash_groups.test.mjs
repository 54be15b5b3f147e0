// What a crash in the middle of something that is done to a large group must not cost: it is taken
// up again, others are served meanwhile, and nothing is done twice.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { replay } from './support/events.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

const members = Number(process.env.TROUPE_TEST_GROUP_SIZE ?? 4000);

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start();
  q = queue(server);
});
after(() => server?.stop());

const fresh = (overrides) => definition({ taskQueueId: `crash-groups/q${number++}`, ...overrides });

async function group(count, def = fresh()) {
  const ids = Array.from({ length: count }, () => slugid());
  let next = 0;
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (next < ids.length) await q.createTask(ids[next++], def);
  }));
  return { def, ids: ids.sort(), groupId: def.taskGroupId };
}

async function statuses(groupId) {
  const all = [];
  let continuationToken;
  do {
    const page = await q.listTaskGroup(groupId, continuationToken ? { continuationToken } : {});
    all.push(...page.tasks.map((t) => t.status));
    continuationToken = page.continuationToken;
  } while (continuationToken);
  return all;
}

const pending = async (def) => (await q.taskQueueCounts(def.taskQueueId)).pendingTasks;

// Groups whose work is not done, as Redis has them.
const unfinished = async () => !(await server.redis.command('KEYS', 'troupe:*:group-work'))
  .startsWith('*0');

// Makes a group and kills the server when a part of the work on it is done, and not all of it; again
// with another group when it was too late for that.
async function killInTheMiddle(make, call, done) {
  for (let attempt = 0; attempt < 5; ++attempt) {
    const made = await make();
    const outcome = call(made).then(() => 'answered', () => 'lost');
    await until('some is done', async () => (await done(made)) > members / 20);
    await server.kill('SIGKILL');
    if (await outcome === 'lost' && await unfinished()) return made;
    await server.launch();
  }
  throw new Error('the server was always killed too late');
}

test('TG-10 IV-7 a group that was being canceled when the server was killed is canceled after it', async () => {
  const bystander = slugid();
  await q.createTask(bystander, fresh());
  const { def, ids, groupId } = await killInTheMiddle(async () => {
    const made = await group(members);
    await q.sealTaskGroup(made.groupId);
    return made;
  }, (made) => q.cancelTaskGroup(made.groupId), async (made) => members - await pending(made.def));
  await server.launch();
  await until('all are canceled', async () => (await pending(def)) === 0, 60000);
  await until('none is left', async () =>
    (await statuses(groupId)).every((s) => s.state === 'exception'), 60000);
  await until('it is known to be done', async () => !await unfinished());
  const all = await statuses(groupId);
  assert.deepEqual(all.map((s) => s.taskId), ids);
  for (const status of all) {
    assert.equal(status.runs.length, 1);
    assert.equal(status.runs[0].reasonResolved, 'canceled');
  }
  assert.equal((await q.status(bystander)).status.state, 'pending');
  const { messages } = await replay(server, { after: '0-0.0' });
  const told = new Map();
  for (const { meta, body } of messages) {
    const { taskGroupId, taskId } = JSON.parse(body).status ?? JSON.parse(body);
    if (taskGroupId !== groupId) continue;
    const kind = meta.exchange.split('/').pop();
    told.set(kind, [...(told.get(kind) ?? []), taskId]);
  }
  // One event for each, and none for a group that is not resolved yet.
  assert.deepEqual([...new Set(told.get('task-exception'))].sort(), ids);
  assert.equal(told.get('task-exception').length, members);
  assert.ok(told.get('task-group-resolved').length >= 1);
  // Nothing is left to be done: a member that is rerun stays, also after another restart.
  await q.rerunTask(ids[0]);
  await server.restart('SIGKILL');
  assert.equal((await q.status(ids[0])).status.state, 'pending');
  const again = await q.cancelTaskGroup(groupId);
  assert.deepEqual(again, { taskGroupId: groupId, taskGroupSize: members, cancelledCount: 1,
    taskIds: [ids[0]] });
});

test('TG-14 a group whose priority was being changed when the server was killed has it after it', async () => {
  const { def, groupId } = await killInTheMiddle(() => group(members),
    (made) => q.changeTaskGroupPriority(made.groupId, { newPriority: 'very-high' }),
    async ({ ids }) => {
      // Members change in the order of their ids.
      const { status } = await q.status(ids[Math.floor(members / 10)]);
      return status.priority === 'very-high' ? members / 10 : 0;
    });
  await server.launch();
  await until('all have it', async () =>
    (await statuses(groupId)).every((s) => s.priority === 'very-high'), 240000);
  await until('it is known to be done', async () => !await unfinished());
  assert.equal(await pending(def), members);
  const { messages } = await replay(server, { after: '0-0.0',
    exchange: 'exchange/taskcluster-queue/v1/task-group-priority-changed',
    pattern: `primary.${groupId}.#` });
  assert.ok(messages.length >= 1);
  const { tasks } = await q.listTaskGroup(groupId);
  for (const { task } of tasks) assert.equal(task.priority, 'very-high');
});

test('while a large group is canceled others are served', async () => {
  const { groupId } = await group(members);
  await q.sealTaskGroup(groupId);
  let busy = true;
  const answer = q.cancelTaskGroup(groupId).finally(() => { busy = false; });
  const def = fresh();
  let served = 0;
  while (busy) {
    const id = slugid();
    await q.createTask(id, def);
    await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
    await q.reportCompleted(id, 0);
    if (busy) ++served;
  }
  const { cancelledCount, taskGroupSize } = await answer;
  assert.equal(cancelledCount, members);
  assert.equal(taskGroupSize, members);
  assert.ok(served > 0);
});
