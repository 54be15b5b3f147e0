// What a crash must not cost, one thing after the other: acknowledged tasks, claims, results, freed
// dependents, order. Under a mixed load: crash_load.test.mjs.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'answer-timeout': 15 });
  q = queue(server);
});
after(() => server?.stop());

const fresh = (n, overrides) => definition({ taskQueueId: `crash/q${n}`, ...overrides });
const worker = { workerGroup: 'g', workerId: 'w' };

test('IV-1 IV-2 after kill -9 under load every acknowledged task is there and can be claimed once', async () => {
  const def = fresh(1);
  const acknowledged = new Set();
  const unknown = new Set();
  let stop = false;
  const load = Array.from({ length: 16 }, async () => {
    while (!stop) {
      const id = slugid();
      try {
        await q.createTask(id, def);
        acknowledged.add(id);
      } catch {
        unknown.add(id);
        return;
      }
    }
  });
  await until('there is something to lose', () => acknowledged.size > 100);
  await server.kill('SIGKILL');
  stop = true;
  await Promise.all(load);
  await server.launch();
  const counts = await q.taskQueueCounts(def.taskQueueId);
  assert.ok(counts.pendingTasks >= acknowledged.size);
  assert.ok(counts.pendingTasks <= acknowledged.size + unknown.size);
  const claimed = [];
  for (;;) {
    const left = (await q.taskQueueCounts(def.taskQueueId)).pendingTasks;
    if (left === 0) break;
    const { tasks } = await q.claimWork(def.taskQueueId, { ...worker, tasks: 32 });
    claimed.push(...tasks.map((t) => t.status.taskId));
  }
  assert.equal(new Set(claimed).size, claimed.length);
  for (const id of acknowledged) assert.ok(claimed.includes(id));
});

test('running tasks go on to be reported, results are not lost, dependents are freed', async () => {
  const def = fresh(2);
  const [done, running, dependent, late] = [slugid(), slugid(), slugid(), slugid()];
  await q.createTask(done, def);
  await q.createTask(running, def);
  await q.createTask(dependent, { ...def, dependencies: [running] });
  await q.createTask(late, { ...def, dependencies: [done, running] });
  const { tasks } = await q.claimWork(def.taskQueueId, { ...worker, tasks: 2 });
  assert.equal(tasks.length, 2);
  await q.reportCompleted(done, 0);
  await server.restart('SIGKILL');
  assert.equal((await q.status(done)).status.state, 'completed');
  const { status } = await q.status(running);
  assert.equal(status.state, 'running');
  assert.equal((await q.taskQueueCounts(def.taskQueueId)).claimedTasks, 1);
  const claim = tasks.find((t) => t.status.taskId === running);
  await queue(server, null, claim.credentials).reportCompleted(running, 0);
  await until('the dependents are pending', async () =>
    (await q.taskQueueCounts(def.taskQueueId)).pendingTasks === 2);
  const listed = await q.listTaskGroup(def.taskGroupId);
  assert.equal(listed.tasks.length, 4);
});

test('a dependency that resolved before the crash still frees its dependent after it', async () => {
  const def = fresh(3);
  for (let i = 0; i < 5; ++i) {
    const [a, b] = [slugid(), slugid()];
    await q.createTask(a, def);
    await q.createTask(b, { ...def, dependencies: [a] });
    await q.claimWork(def.taskQueueId, worker);
    // The answer may or may not come; what was acknowledged holds.
    const report = q.reportCompleted(a, 0).then(() => true, () => false);
    if (i % 2) await report;
    await server.restart('SIGKILL');
    const acknowledged = await report;
    const { status } = await q.status(a);
    if (acknowledged) assert.equal(status.state, 'completed');
    if (status.state === 'running') await q.reportCompleted(a, 0);
    await until('b is pending', async () => (await q.status(b)).status.state === 'pending');
    await q.cancelTask(b);
  }
});

test('the order of a queue survives a restart', async () => {
  const def = fresh(4);
  const ids = [];
  for (let i = 0; i < 20; ++i) {
    ids.push(slugid());
    await q.createTask(ids[i], { ...def, priority: i % 4 === 0 ? 'high' : 'low' });
  }
  await server.restart('SIGKILL');
  const { tasks } = await q.claimWork(def.taskQueueId, { ...worker, tasks: 32 });
  const expected = [...ids.filter((_, i) => i % 4 === 0), ...ids.filter((_, i) => i % 4)];
  assert.deepEqual(tasks.map((t) => t.status.taskId), expected);
});

test('when Redis is lost requests wait, and service goes on by itself when it is back', async () => {
  const def = fresh(5);
  const before = slugid();
  await q.createTask(before, def);
  await server.redis.kill();
  const during = slugid();
  const waiting = q.createTask(during, def);
  await sleep(500);
  await server.redis.start();
  await waiting;
  assert.equal((await q.status(before)).status.state, 'pending');
  assert.equal((await q.status(during)).status.state, 'pending');
});

test('a graceful end answers waiting claims and exits with 0', async () => {
  const def = fresh(6);
  const waiting = q.claimWork(def.taskQueueId, worker);
  await sleep(200);
  const { code } = await server.kill('SIGTERM');
  assert.equal(code, 0);
  assert.deepEqual((await waiting).tasks, []);
  await server.launch();
});
