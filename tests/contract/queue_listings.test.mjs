// What waits in a queue and what is claimed: pendingTasks, listPendingTasks, listClaimedTasks.
// Queue contract 6.6.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-wait': 0 });
  q = queue(server);
});
after(() => server?.stop());

// Each test has a queue of its own.
const fresh = () => `listed/q${number++}`;
const claim = (queueId, tasks = 1, worker = 'w') =>
  q.claimWork(queueId, { workerGroup: 'g', workerId: worker, tasks });
const ids = (page) => page.tasks.map((row) => row.taskId);

async function create(queueId, count, overrides = () => ({})) {
  const made = [];
  for (let i = 0; i < count; ++i) {
    made.push(slugid());
    await q.createTask(made[i], definition({ taskQueueId: queueId, ...overrides(i) }));
    await sleep(2);
  }
  return made;
}

async function pages(list, limit) {
  const sizes = [];
  const all = [];
  let token;
  do {
    const page = await list({ limit, ...(token ? { continuationToken: token } : {}) });
    sizes.push(page.tasks.length);
    all.push(...ids(page));
    token = page.continuationToken;
  } while (token);
  return { all, sizes };
}

test('HT-7 QC-3 pendingTasks counts what waits, and knows only queues by their form', async () => {
  const queueId = fresh();
  const [provisionerId, workerType] = queueId.split('/');
  const about = { taskQueueId: queueId, provisionerId, workerType };
  assert.deepEqual(await q.pendingTasks(queueId), { ...about, pendingTasks: 0 });
  await create(queueId, 2);
  assert.deepEqual(await q.pendingTasks(queueId), { ...about, pendingTasks: 2 });
  await claim(queueId);
  assert.deepEqual(await q.pendingTasks(queueId), { ...about, pendingTasks: 1 });
  assert.equal((await failure(() => q.pendingTasks('1/1'))).code, 'InvalidRequestArguments');
  const none = queue(server, ['queue:ping']);
  assert.equal((await failure(() => none.pendingTasks(queueId))).code, 'InsufficientScopes');
  const some = queue(server, [`queue:pending-count:${queueId}`]);
  assert.equal((await some.pendingTasks(queueId)).pendingTasks, 1);
});

test('QL-1 pending runs are listed in order of age, with their definitions', async () => {
  const queueId = fresh();
  const made = await create(queueId, 5, (i) => ({ priority: i % 2 ? 'high' : 'low' }));
  const page = await q.listPendingTasks(queueId);
  assert.deepEqual(ids(page), made);
  assert.equal(page.continuationToken, undefined);
  for (const [i, row] of page.tasks.entries()) {
    assert.deepEqual(Object.keys(row).sort(), ['inserted', 'runId', 'task', 'taskId']);
    assert.equal(row.runId, 0);
    assert.deepEqual(row.task, await q.task(row.taskId));
    assert.equal(row.inserted, (await q.status(row.taskId)).status.runs[0].scheduled);
    if (i > 0) assert.ok(row.inserted > page.tasks[i - 1].inserted);
  }
  // The first by priority goes away, and a retry comes in behind.
  const { tasks: [claimed] } = await claim(queueId);
  assert.equal(claimed.status.taskId, made[1]);
  assert.deepEqual(ids(await q.listPendingTasks(queueId)), made.filter((id) => id !== made[1]));
  await q.reportException(made[1], 0, { reason: 'worker-shutdown' });
  const again = await q.listPendingTasks(queueId);
  assert.deepEqual(ids(again), [...made.filter((id) => id !== made[1]), made[1]]);
  assert.equal(again.tasks[4].runId, 1);
  await q.cancelTask(made[0]);
  assert.deepEqual(ids(await q.listPendingTasks(queueId)), [...made.slice(2), made[1]]);
});

test('QL-2 PG-1 PG-2 PG-7 pages of pending runs have each once, also while others come and go', async () => {
  const queueId = fresh();
  const made = await create(queueId, 10);
  const list = (options) => q.listPendingTasks(queueId, options);
  assert.deepEqual(await pages(list, 6), { all: made, sizes: [6, 4] });
  assert.deepEqual(await pages(list, 5), { all: made, sizes: [5, 5] });
  assert.deepEqual(await pages(list, 10), { all: made, sizes: [10] });
  const first = await list({ limit: 6 });
  await q.cancelTask(made[5]);
  await q.cancelTask(made[7]);
  const [late] = await create(queueId, 1);
  const second = await list({ continuationToken: first.continuationToken });
  assert.deepEqual(ids(second), [made[6], made[8], made[9], late]);
  assert.equal(second.continuationToken, undefined);
  await server.restart('SIGKILL');
  const rest = await list({ continuationToken: first.continuationToken });
  assert.deepEqual(rest, second);
});

test('QL-6 claimed runs are listed, those first whose claim is oldest', async () => {
  const queueId = fresh();
  const made = await create(queueId, 4);
  const times = [];
  for (const [i, taskId] of made.slice(0, 3).entries()) {
    const { tasks: [claimed] } = await claim(queueId, 1, `w${i}`);
    assert.equal(claimed.status.taskId, taskId);
    times.push(claimed.status.runs[0].started);
    await sleep(2);
  }
  const page = await q.listClaimedTasks(queueId);
  assert.equal(page.continuationToken, undefined);
  for (const [i, row] of page.tasks.entries()) {
    assert.deepEqual(row, { taskId: made[i], runId: 0, workerGroup: 'g', workerId: `w${i}`,
      claimed: times[i], task: await q.task(made[i]) });
  }
  // A claim that is renewed is the newest.
  const before = Date.now();
  await q.reclaimTask(made[0], 0);
  const renewed = await q.listClaimedTasks(queueId);
  assert.deepEqual(ids(renewed), [made[1], made[2], made[0]]);
  assert.ok(new Date(renewed.tasks[2].claimed).getTime() >= before);
  await server.restart('SIGKILL');
  assert.deepEqual(await q.listClaimedTasks(queueId), renewed);
  // Who is done is gone.
  await q.reportCompleted(made[1], 0);
  await q.reportException(made[2], 0, { reason: 'worker-shutdown' });
  assert.deepEqual(ids(await q.listClaimedTasks(queueId)), [made[0]]);
  assert.deepEqual(ids(await q.listPendingTasks(queueId)), [made[3], made[2]]);
});

test('QL-7 pages of claimed runs have each once', async () => {
  const queueId = fresh();
  await create(queueId, 10);
  const claimed = [];
  for (let i = 0; i < 5; ++i)
    claimed.push(...(await claim(queueId, 2)).tasks.map((run) => run.status.taskId));
  const list = (options) => q.listClaimedTasks(queueId, options);
  const six = await pages(list, 6);
  assert.deepEqual(six.sizes, [6, 4]);
  assert.deepEqual([...six.all].sort(), [...claimed].sort());
  assert.deepEqual(await pages(list, 1), { all: six.all, sizes: Array(10).fill(1) });
  const first = await list({ limit: 6 });
  await q.reportCompleted(six.all[5], 0);
  await q.reportCompleted(six.all[6], 0);
  const rest = await list({ continuationToken: first.continuationToken });
  assert.deepEqual(ids(rest), six.all.slice(7));
});

test('QL-3 QL-4 QL-8 both need their scope, and are empty for a queue that nobody knows', async () => {
  const queueId = fresh();
  const none = queue(server, ['queue:ping']);
  assert.equal((await failure(() => none.listPendingTasks(queueId))).code, 'InsufficientScopes');
  assert.equal((await failure(() => none.listClaimedTasks(queueId))).code, 'InsufficientScopes');
  const pending = queue(server, [`queue:pending-list:${queueId}`]);
  assert.deepEqual(await pending.listPendingTasks(queueId), { tasks: [] });
  const claimed = queue(server, [`queue:claimed-list:${queueId}`]);
  assert.deepEqual(await claimed.listClaimedTasks(queueId), { tasks: [] });
});

test('QL-5 QC-5 a run past its deadline is not listed and does not count', async () => {
  const queueId = fresh();
  const [, lasting] = await create(queueId, 2, (i) => ({ deadline: inSeconds(i === 0 ? 1 : 3600) }));
  await until('the deadline has come', async () =>
    (await q.listPendingTasks(queueId)).tasks.length === 1);
  assert.deepEqual(ids(await q.listPendingTasks(queueId)), [lasting]);
  // It counts until its task has told the queue, which may be on another lane.
  await until('it is gone', async () => (await q.pendingTasks(queueId)).pendingTasks === 1);
});

test('a page of large definitions ends early, and the next one goes on', async () => {
  const queueId = fresh();
  const made = [];
  for (let i = 0; i < 40; ++i) {
    made.push(slugid());
    await q.createTask(made[i], definition({ taskQueueId: queueId, retries: i,
      payload: { large: 'x'.repeat(700_000) } }));
  }
  const { all, sizes } = await pages((options) => q.listPendingTasks(queueId, options), 1000);
  assert.deepEqual(all, made);
  assert.ok(sizes.length > 1);
  assert.deepEqual(ids(await q.listPendingTasks(queueId, { limit: 2 })), made.slice(0, 2));
});

test('PG-5 a token that cannot be read, or is of another list, begins with the first row', async () => {
  const queueId = fresh();
  await create(queueId, 3);
  await claim(queueId, 1);
  const { continuationToken } = await q.listPendingTasks(queueId, { limit: 1 });
  for (const method of ['listPendingTasks', 'listClaimedTasks']) {
    const all = ids(await q[method](queueId));
    for (const token of ['rubbish', '!!', 'AAAA', continuationToken.slice(1)])
      assert.deepEqual(ids(await q[method](queueId, { continuationToken: token })), all, method);
  }
  assert.equal(ids(await q.listClaimedTasks(queueId, { continuationToken })).length, 1);
  assert.deepEqual(ids(await q.listPendingTasks(fresh(), { continuationToken })), []);
});
