// A graph whose server is killed while it is made is there with all its tasks afterwards, or with
// none: as it was decided.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { replay } from './support/events.mjs';
import { createGraph, layered } from './support/graphs.mjs';
import { definition, failure, queue, slugid } from './support/tasks.mjs';

const size = Number(process.env.TROUPE_TEST_GRAPH_SIZE ?? 2000);

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start();
  q = queue(server);
});
after(() => server?.stop());

const fresh = (overrides) => definition({ taskQueueId: `crash-graphs/q${number++}`, ...overrides });

// The one graph that is under way, as Redis has it: nothing, `prepared` or `committed`.
async function found() {
  const works = (await server.redis.command('KEYS', 'troupe:*:graph-work')).split('\r\n');
  if (!works[2]) return undefined;
  const [, , id] = (await server.redis.command('SMEMBERS', works[2])).split('\r\n');
  const hash = works[2].replace('graph-work', `graph:${id}`);
  return (await server.redis.command('HGET', hash, 'state')).split('\r\n')[1];
}

// How many rows there are that nobody may see yet, and how many tasks, by what Redis remembers.
async function tasksOf(graph) {
  let there = 0;
  for (let i = 0; i < graph.length; i += 200)
    there += (await Promise.all(graph.slice(i, i + 200).map(([id]) =>
      q.status(id).then(() => 1, (error) => {
        assert.equal(error.statusCode, 404);
        return 0;
      })))).reduce((a, b) => a + b, 0);
  return there;
}

async function checkWhole(graph) {
  const def = graph[0][1];
  assert.equal(await tasksOf(graph), graph.length);
  const wanted = new Map(graph);
  const all = [];
  let continuationToken;
  do {
    const page = await q.listTaskGroup(def.taskGroupId,
      continuationToken ? { continuationToken } : {});
    all.push(...page.tasks);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  assert.equal(all.length, graph.length);
  let pending = 0;
  for (const { status, task } of all) {
    const free = wanted.get(status.taskId).dependencies.length === 0;
    assert.equal(status.state, free ? 'pending' : 'unscheduled');
    assert.equal(status.runs.length, free ? 1 : 0);
    assert.deepEqual(task.dependencies, wanted.get(status.taskId).dependencies);
    pending += free ? 1 : 0;
  }
  assert.equal((await q.taskQueueCounts(def.taskQueueId)).pendingTasks, pending);
  const { messages } = await replay(server, { after: '0-0.0' });
  const defined = messages.filter(({ meta, body }) => meta.exchange.endsWith('/task-defined') &&
    JSON.parse(body).status.taskGroupId === def.taskGroupId).map(({ body }) =>
    JSON.parse(body).status.taskId);
  assert.deepEqual(defined.sort(), graph.map(([id]) => id).sort());
}

// Kills the server when the graph is in that state; again with another graph when it was too late.
async function killWhen(state, delay, change = () => {}) {
  for (let attempt = 0; attempt < 20; ++attempt) {
    const graph = layered(size, fresh());
    change(graph);
    const key = `crash ${number++}`;
    const call = createGraph(server, key, graph).then((a) => a.status, () => 'lost');
    await until(`it is ${state}`, async () => {
      const now = await found();
      return now === state || (now === undefined && await Promise.race([call, sleep(1)]));
    });
    await sleep(delay(attempt));
    await server.kill('SIGKILL');
    if (await call === 'lost' && await found() === state) return { graph, key };
    await server.launch();
  }
  throw new Error(`the server was never killed while a graph was ${state}`);
}

test('a graph that was not decided when the server was killed leaves nothing behind', async () => {
  const bystander = slugid();
  await q.createTask(bystander, fresh());
  for (const wait of [0, 60, 150]) {
    const { graph, key } = await killWhen('prepared', (attempt) => wait / (1 + attempt));
    await server.launch();
    assert.equal(await tasksOf(graph), 0);
    assert.equal(await found(), undefined);
    assert.equal((await failure(() => q.getTaskGroup(graph[0][1].taskGroupId))).statusCode, 404);
    assert.equal((await q.taskQueueCounts(graph[0][1].taskQueueId)).pendingTasks, 0);
    for (const what of ['task', 'edges'])
      for (const [id] of graph.slice(0, 300).filter((_, i) => i % 10 === 0))
        assert.match(await server.redis.command('KEYS', `troupe:*:${what}:${id}`), /^\*0/);
    // The same call makes it.
    assert.equal((await createGraph(server, key, graph)).status, 200);
    await checkWhole(graph);
  }
  assert.equal((await q.status(bystander)).status.state, 'pending');
});

test('a graph that was decided when the server was killed is there after it, whole', async () => {
  for (const wait of [0, 60, 150]) {
    const outside = slugid();
    await q.createTask(outside, fresh());
    const { graph, key } = await killWhen('committed', (attempt) => wait / (1 + attempt),
      (some) => some.forEach(([, def], i) => { if (i % 40 === 0) def.dependencies.push(outside); }));
    await server.launch();
    await checkWhole(graph);
    assert.equal(await found(), undefined);
    const answer = await createGraph(server, key, graph);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.created, size);
    await checkWhole(graph);
    // What was outside still frees those that wait for it, and no member is forgotten by its group.
    await q.claimTask(outside, 0, { workerGroup: 'g', workerId: 'w' });
    await q.reportCompleted(outside, 0);
    await until('its dependents are free', async () =>
      (await Promise.all(graph.filter((_, i) => i % 40 === 0).map(([id]) => q.status(id))))
        .every(({ status }) => status.state === 'pending'));
    const groupId = graph[0][1].taskGroupId;
    const isResolved = async () => (await replay(server, { after: '0-0.0',
      exchange: 'exchange/taskcluster-queue/v1/task-group-resolved',
      pattern: `primary.${groupId}.#` })).messages.length > 0;
    assert.ok(!await isResolved());
    await q.sealTaskGroup(groupId);
    assert.equal((await q.cancelTaskGroup(groupId)).cancelledCount, size);
    await until('the group is resolved', isResolved);
  }
});

test('a graph that was answered survives, and goes on after a kill while it is worked on', async () => {
  const graph = layered(200, fresh());
  assert.equal((await createGraph(server, `answered ${number++}`, graph)).status, 200);
  await server.restart('SIGKILL');
  await checkWhole(graph);
  const def = graph[0][1];
  let done = 0;
  while (done < graph.length) {
    const { tasks } = await q.claimWork(def.taskQueueId,
      { workerGroup: 'g', workerId: 'w', tasks: 16 });
    assert.ok(tasks.length > 0, `stuck at ${done}`);
    for (const { status } of tasks) await q.reportCompleted(status.taskId, 0);
    if (done < 100 && done + tasks.length >= 100) await server.restart('SIGKILL');
    done += tasks.length;
  }
});

test('nothing of a graph is acknowledged while Redis is away, and it is made when Redis is back', async () => {
  const graph = layered(size, fresh());
  const key = `redis ${number++}`;
  const call = createGraph(server, key, graph).then((a) => a.status, () => 'lost');
  await until('it is under way', async () => await found() !== undefined);
  await server.redis.kill();
  await sleep(300);
  await server.redis.start();
  assert.equal(await call, 200);
  await checkWhole(graph);
});
