// tasks, statuses, listDependentTasks: the queue contract, section 6.2.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { assertAgrees } from './support/schemas.mjs';
import { anonymousQueue, definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start();
  q = queue(server);
});
after(() => server?.stop());

const fresh = (overrides) => definition({ taskQueueId: `reads/q${number++}`, ...overrides });
const worker = { workerGroup: 'g', workerId: 'w' };
const refusal = async (call) => {
  const error = await failure(call);
  return `${error.statusCode} ${error.code}`;
};

async function create(count, def = fresh()) {
  const ids = Array.from({ length: count }, () => slugid()).sort();
  await Promise.all(ids.map((id) => q.createTask(id, def)));
  return ids;
}

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

const kinds = [
  { name: 'tasks', list: 'tasks', schema: 'tasks-response', scope: 'queue:get-task:',
    one: async (id) => ({ taskId: id, task: await q.task(id) }) },
  { name: 'statuses', list: 'statuses', schema: 'tasks-statuses-response', scope: 'queue:status:',
    one: async (id) => ({ taskId: id, ...(await q.status(id)) }) },
];

for (const { name, list, schema, scope, one } of kinds) {
  test(`TK-3 TK-6 ${name} answers what one call each does, of those that exist, once, in order`,
    async () => {
      const ids = await create(5);
      await q.cancelTask(ids[1]);
      await q.changeTaskPriority(ids[2], { newPriority: 'high' });
      const expected = await Promise.all(ids.map(one));
      const asked = [...ids].reverse();
      const answer = await q[name]({ taskIds: [slugid(), ...asked, ids[0], 'no id', slugid()] });
      assert.deepEqual(answer, { [list]: expected });
      assertAgrees(schema, answer);
      assert.deepEqual(await q[name]({ taskIds: [ids[3]] }), { [list]: [expected[3]] });
      assert.deepEqual(await q[name]({ taskIds: [] }), { [list]: [] });
      assert.deepEqual(await q[name]({}), { [list]: [] });
      assert.deepEqual(await q[name]({ taskIds: [slugid(), slugid()] }), { [list]: [] });
    });

  test(`TK-4 TK-7 HT-6 ${name} needs the scope of every task, and no other`, async () => {
    const ids = await create(2);
    const exact = queue(server, ids.map((id) => scope + id));
    assert.equal((await exact[name]({ taskIds: ids }))[list].length, 2);
    const lacking = queue(server, [scope + ids[0]]);
    const error = await failure(() => lacking[name]({ taskIds: ids }));
    assert.equal(error.statusCode, 403);
    for (const id of ids) assert.ok(error.message.includes(scope + id));
    assert.equal(await refusal(() => anonymousQueue(server)[name]({ taskIds: ids })),
      '403 InsufficientScopes');
    // Scopes come first: whether a task exists is nobody's business.
    assert.equal(await refusal(() => lacking[name]({ taskIds: [slugid()] })),
      '403 InsufficientScopes');
  });

  test(`PG-1 PG-2 PG-3 PG-4 ${name} comes in pages; unknown ids take no room in them`, async () => {
    const ids = await create(9);
    const taskIds = [...ids, ...Array.from({ length: 300 }, () => slugid())];
    for (const limit of [1, 4, 8, 9, 10]) {
      const all = await pages((options) => q[name]({ taskIds }, options), limit);
      assert.deepEqual(all.flatMap((p) => p[list].map((t) => t.taskId)), ids);
      for (const page of all.slice(0, -1)) assert.equal(page[list].length, limit);
      assert.ok(all.at(-1)[list].length > 0);
    }
    const { continuationToken } = await q[name]({ taskIds }, { limit: 4 });
    const rest = await q[name]({ taskIds }, { continuationToken, limit: 1000 });
    assert.equal(rest[list].length, 5);
    assert.equal(await refusal(() => q[name]({ taskIds }, { continuationToken: 'rubbish' })),
      '400 InputError');
    const other = name === 'tasks' ? 'statuses' : 'tasks';
    assert.equal(await refusal(() => q[other]({ taskIds }, { continuationToken })),
      '400 InputError');
    assert.ok((await q[name]({ taskIds }, { limit: 0 }))[list].length <= 1);
  });

  test(`${name} of a thousand tasks come in one page, also those that left memory`, async () => {
    const ids = await create(1001);
    const all = await pages((options) => q[name]({ taskIds: ids }, options), 5000);
    assert.deepEqual(all.map((p) => p[list].length), [1000, 1]);
    await Promise.all(ids.slice(0, 50).map((id) => q.cancelTask(id)));
    await server.restart('SIGKILL');
    const again = await q[name]({ taskIds: ids.slice(0, 60) });
    assert.deepEqual(again[list].map((t) => t.taskId), ids.slice(0, 60));
  });
}

test('TK-8 TK-10 DP-1 dependents are listed in order and in pages, before and after they are free', async () => {
  const [a] = await create(1);
  const def = fresh();
  const dependents = await create(4, { ...def, dependencies: [a] });
  const [unrelated] = await create(1, def);
  const ask = (options) => q.listDependentTasks(a, options);
  const check = async (state) => {
    const all = await ask();
    assertAgrees('list-dependent-tasks-response', all);
    assert.equal(all.taskId, a);
    assert.ok(!all.continuationToken);
    assert.deepEqual(all.tasks.map((t) => t.status.taskId), dependents);
    for (const { status, task } of all.tasks) {
      assert.equal(status.state, state);
      assert.deepEqual(task, await q.task(status.taskId));
      assert.deepEqual(status, (await q.status(status.taskId)).status);
    }
  };
  await check('unscheduled');
  const first = await ask({ limit: 2 });
  assert.equal(first.tasks.length, 2);
  const second = await ask({ limit: 2, continuationToken: first.continuationToken });
  assert.ok(!second.continuationToken);
  assert.deepEqual([...first.tasks, ...second.tasks].map((t) => t.status.taskId), dependents);
  for (const limit of [1, 3, 4, 5])
    assert.deepEqual((await pages(ask, limit)).flatMap((p) => p.tasks.map((t) => t.status.taskId)),
      dependents);
  assert.equal(await refusal(() => q.listDependentTasks(dependents[0],
    { continuationToken: first.continuationToken })), '400 InputError');
  const { taskQueueId } = await q.task(a);
  await q.claimWork(taskQueueId, worker);
  await q.reportCompleted(a, 0);
  await check('pending');
  await server.restart('SIGKILL');
  await check('pending');
  assert.deepEqual((await q.listDependentTasks(dependents[0])).tasks, []);
  assert.deepEqual((await q.listDependentTasks(unrelated)).tasks, []);
});

test('TK-10 DP-4 a task that depends on itself lists itself', async () => {
  const id = slugid();
  await q.createTask(id, fresh({ dependencies: [id] }));
  const { tasks } = await q.listDependentTasks(id);
  assert.deepEqual(tasks.map((t) => t.status.taskId), [id]);
});

test('TK-9 listing dependents needs its scope, and a task', async () => {
  const [id] = await create(1);
  assert.equal(await refusal(() => q.listDependentTasks(slugid())), '404 ResourceNotFound');
  const wrong = queue(server, [`queue:list-dependent-tasks:${slugid()}`]);
  assert.equal(await refusal(() => wrong.listDependentTasks(id)), '403 InsufficientScopes');
  const right = queue(server, [`queue:list-dependent-tasks:${id}`]);
  assert.deepEqual(await right.listDependentTasks(id), { taskId: id, tasks: [] });
});

test('DP-11 dependents whose edge has expired are not listed, the others are', async () => {
  const [a] = await create(1);
  const def = fresh();
  const gone = slugid();
  await q.createTask(gone, { ...def, dependencies: [a], deadline: inSeconds(1), expires: inSeconds(1) });
  const [stays] = await create(1, { ...def, dependencies: [a] });
  const listed = async () =>
    (await q.listDependentTasks(a)).tasks.map((t) => t.status.taskId);
  assert.ok((await listed()).includes(stays));
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.deepEqual(await listed(), [stays]);
  await server.restart('SIGKILL');
  assert.deepEqual(await listed(), [stays]);
});
