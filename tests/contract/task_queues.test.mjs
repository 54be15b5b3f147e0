// Which task queues, worker types and provisioners there are. Queue contract 6.6, 8.4 and 9.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'claim-wait': 0, 'expiration-delay': 1 });
  q = queue(server);
});
after(() => server?.stop());

const see = (queueId, worker = 'w') => q.claimWork(queueId, { workerGroup: 'g', workerId: worker });
const declare = (queueId, seconds, worker = 'w') =>
  q.declareWorker(...queueId.split('/'), 'g', worker, { expires: inSeconds(seconds) });
const recent = (date, since) => new Date(date).getTime() >= since - 1 &&
  new Date(date).getTime() <= Date.now();
const code = async (call) => (await failure(call)).code;

// All pages of a listing, and how long each was.
async function pages(list, member, limit) {
  const rows = [];
  const sizes = [];
  let token;
  do {
    const page = await list({ limit, ...(token ? { continuationToken: token } : {}) });
    rows.push(...page[member]);
    sizes.push(page[member].length);
    token = page.continuationToken;
  } while (token);
  return { rows, sizes };
}

test('TQ-1 PV-1 WT-1 nothing is listed before anybody was seen', async () => {
  assert.deepEqual(await q.listTaskQueues(), { taskQueues: [] });
  assert.deepEqual(await q.listProvisioners(), { provisioners: [] });
  assert.deepEqual(await q.listWorkerTypes('nobody'), { workerTypes: [] });
});

test('TQ-1 TQ-3 WT-1 WT-4 PV-1 PV-4 WI-1 a queue that was asked for work is known', async () => {
  const since = Date.now();
  await see('seen/one');
  const shown = await q.getTaskQueue('seen/one');
  assert.deepEqual(Object.keys(shown).sort(),
    ['description', 'expires', 'lastDateActive', 'stability', 'taskQueueId']);
  assert.equal(shown.taskQueueId, 'seen/one');
  assert.equal(shown.description, '');
  assert.equal(shown.stability, 'experimental');
  assert.ok(recent(shown.lastDateActive, since));
  assert.equal(new Date(shown.expires) - new Date(shown.lastDateActive), 24 * 3600_000);
  assert.deepEqual((await q.listTaskQueues()).taskQueues, [shown]);

  const type = { ...shown, provisionerId: 'seen', workerType: 'one' };
  assert.deepEqual(await q.getWorkerType('seen', 'one'), type);
  assert.deepEqual((await q.listWorkerTypes('seen')).workerTypes, [type]);

  const provisioner = { provisionerId: 'seen', description: '', stability: 'experimental',
    expires: shown.expires, lastDateActive: shown.lastDateActive };
  assert.deepEqual(await q.getProvisioner('seen'), provisioner);
  assert.deepEqual((await q.listProvisioners()).provisioners, [provisioner]);

  await declare('seen/one', 48 * 3600);
  await declare('seen/two', 3600);
  const later = await q.getTaskQueue('seen/one');
  assert.ok(later.expires > shown.expires);
  assert.equal((await q.getProvisioner('seen')).expires, later.expires);
  await see('seen/one');
  assert.equal((await q.getTaskQueue('seen/one')).expires, later.expires);
});

test('TQ-5 a queue that only has tasks is not known', async () => {
  await q.createTask(slugid(), definition({ taskQueueId: 'tasks/only' }));
  assert.equal(await code(() => q.getTaskQueue('tasks/only')), 'ResourceNotFound');
  assert.equal(await code(() => q.getWorkerType('tasks', 'only')), 'ResourceNotFound');
  assert.equal(await code(() => q.getProvisioner('tasks')), 'ResourceNotFound');
  assert.ok(!(await q.listTaskQueues()).taskQueues.some((t) => t.taskQueueId === 'tasks/only'));
  assert.deepEqual(await q.listWorkerTypes('tasks'), { workerTypes: [] });
});

test('PV-2 WT-3 WK-6 many sightings at once make one queue, one provisioner, one worker', async () => {
  await Promise.all(Array.from({ length: 30 }, () => see('many/times', 'same')));
  assert.equal((await q.listWorkerTypes('many')).workerTypes.length, 1);
  assert.equal((await q.listProvisioners()).provisioners
    .filter((p) => p.provisionerId === 'many').length, 1);
  assert.equal((await q.listWorkers('many', 'times')).workers.length, 1);
});

test('TQ-2 WT-2 PG-1 PG-2 PG-3 PG-7 pages have each row once, in order', async () => {
  const names = Array.from({ length: 23 }, (_, i) => `pages-${i % 3}/q${String(i).padStart(2, '0')}`);
  for (const name of names) await see(name);
  const all = await pages((o) => q.listTaskQueues(o), 'taskQueues', 5);
  const ids = all.rows.map((row) => row.taskQueueId);
  assert.deepEqual(ids, [...new Set(ids)].sort());
  assert.deepEqual(ids.filter((id) => id.startsWith('pages-')), [...names].sort());
  assert.ok(all.sizes.slice(0, -1).every((size) => size === 5));

  const one = await pages((o) => q.listWorkerTypes('pages-1', o), 'workerTypes', 1);
  assert.deepEqual(one.rows.map((row) => row.taskQueueId),
    names.filter((id) => id.startsWith('pages-1/')).sort());
  assert.ok(one.sizes.every((size) => size === 1));
  const exact = await q.listWorkerTypes('pages-1', { limit: one.rows.length });
  assert.equal(exact.workerTypes.length, one.rows.length);
  assert.equal(exact.continuationToken, undefined);

  const provisioners = await pages((o) => q.listProvisioners(o), 'provisioners', 2);
  const found = provisioners.rows.map((row) => row.provisionerId);
  assert.deepEqual(found, [...new Set(found)].sort());
  assert.ok(['pages-0', 'pages-1', 'pages-2'].every((id) => found.includes(id)));

  // A token is good for any limit, and goes on where it says also when a row appears before it.
  const first = await q.listWorkerTypes('pages-1', { limit: 3 });
  await see('pages-1/a-new-one');
  const rest = await q.listWorkerTypes('pages-1', { continuationToken: first.continuationToken });
  assert.equal(rest.continuationToken, undefined);
  assert.deepEqual([...first.workerTypes, ...rest.workerTypes].map((row) => row.taskQueueId),
    names.filter((id) => id.startsWith('pages-1/')).sort());
});

test('PG-4 a token that is none, or is of another listing, is refused', async () => {
  await see('tokens/a');
  await see('tokens/b');
  const { continuationToken } = await q.listWorkerTypes('tokens', { limit: 1 });
  for (const call of [
    () => q.listTaskQueues({ continuationToken: 'this-is-rubbish' }),
    () => q.listTaskQueues({ continuationToken }),
    () => q.listProvisioners({ continuationToken: '!!' }),
    () => q.listWorkerTypes('others', { continuationToken }),
    () => q.listWorkers('tokens', 'a', { continuationToken }),
  ]) {
    const error = await failure(call);
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, 'InputError');
  }
});

test('TQ-4 PV-5 WT-5 each method needs its scope, and what is unknown is 404', async () => {
  await see('scoped/type');
  const calls = {
    'queue:list-task-queues': (c) => c.listTaskQueues(),
    'queue:get-task-queue:scoped/type': (c) => c.getTaskQueue('scoped/type'),
    'queue:list-provisioners': (c) => c.listProvisioners(),
    'queue:get-provisioner:scoped': (c) => c.getProvisioner('scoped'),
    'queue:list-worker-types:scoped': (c) => c.listWorkerTypes('scoped'),
    'queue:get-worker-type:scoped/type': (c) => c.getWorkerType('scoped', 'type'),
  };
  const none = queue(server, ['queue:ping']);
  for (const [scope, call] of Object.entries(calls)) {
    assert.equal(await code(() => call(none)), 'InsufficientScopes', scope);
    await call(queue(server, [scope]));
  }
  assert.equal(await code(() => q.getTaskQueue('no-such/queue')), 'ResourceNotFound');
  assert.equal(await code(() => q.getProvisioner('no-such')), 'ResourceNotFound');
  assert.equal(await code(() => q.getWorkerType('scoped', 'other')), 'ResourceNotFound');
});

test('what was seen is known after a crash, once it is written', async () => {
  await see('crash/survivor');
  const before = await q.getTaskQueue('crash/survivor');
  await until('it is written', async () =>
    (await server.redis.command('EVAL', 'local n = 0 for i = 0, 63 do n = n + redis.call("hexists",'
      + ' string.format("troupe:{%02d}:queues", i), "crash/survivor") end return n', '0'))
      .startsWith(':1'));
  await server.restart('SIGKILL');
  assert.deepEqual(await q.getTaskQueue('crash/survivor'), before);
  // What waits to be written is written at the end.
  await see('crash/at-the-end');
  const last = await q.getTaskQueue('crash/at-the-end');
  await server.restart('SIGTERM');
  assert.deepEqual(await q.getTaskQueue('crash/at-the-end'), last);
  assert.deepEqual(await q.getTaskQueue('crash/survivor'), before);
});

// How many keys and fields are left of a queue in Redis.
const traces = async (queueId) => Number((await server.redis.command('EVAL', `
  local n = 0
  for i = 0, 63 do
    local prefix = string.format("troupe:{%02d}:", i)
    n = n + redis.call("hexists", prefix .. "queues", ARGV[1])
    n = n + #redis.call("keys", prefix .. "worker:" .. ARGV[1] .. "/*")
    for _, key in ipairs(redis.call("zrange", prefix .. "worker-expiry", 0, -1)) do
      if string.sub(key, 1, #ARGV[1] + 1) == ARGV[1] .. "/" then n = n + 1 end
    end
  end
  return n`, '0', queueId)).slice(1));

test('PV-3 WT-3 WK-7 what has expired is gone at once, and deleted later, without being asked for', async () => {
  await declare('short/lived', 4);
  await declare('short/longer', 3600);
  assert.equal((await q.getTaskQueue('short/lived')).stability, 'experimental');
  assert.equal(await traces('short/lived'), 3);
  await until('it has expired', async () =>
    (await q.listWorkerTypes('short')).workerTypes.length === 1);
  assert.equal(await code(() => q.getTaskQueue('short/lived')), 'ResourceNotFound');
  assert.equal(await code(() => q.getWorkerType('short', 'lived')), 'ResourceNotFound');
  assert.equal(await code(() => q.getWorker('short', 'lived', 'g', 'w')), 'ResourceNotFound');
  assert.deepEqual(await q.listWorkers('short', 'lived'), { workers: [] });
  await until('it is deleted', async () => await traces('short/lived') === 0);
  assert.equal(await traces('short/longer'), 3);
  assert.equal((await q.getProvisioner('short')).provisionerId, 'short');
  // It begins anew.
  await see('short/lived');
  assert.equal((await q.listWorkers('short', 'lived')).workers.length, 1);
});

test('PV-3 what expires while the server is away is deleted when it is back', async () => {
  await declare('away/queue', 1);
  await server.kill('SIGKILL');
  await sleep(1100);
  await server.launch();
  assert.equal(await code(() => q.getProvisioner('away')), 'ResourceNotFound');
  await until('it is deleted', async () => await traces('away/queue') === 0);
});

test('a queue that is seen again lives on', async () => {
  await declare('again/queue', 1);
  await see('again/queue');
  await sleep(2500);
  assert.equal((await q.getTaskQueue('again/queue')).taskQueueId, 'again/queue');
  assert.equal((await q.listWorkers('again', 'queue')).workers.length, 1);
  assert.equal((await q.getWorker('again', 'queue', 'g', 'w')).workerId, 'w');
});
