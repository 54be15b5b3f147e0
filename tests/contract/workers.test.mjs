// Listing and declaring workers, and how long they are known. Queue contract 6.6, 8.4, 8.5, 9.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-wait': 0, 'expiration-delay': 1 });
  q = queue(server);
});
after(() => server?.stop());

// Each test has a queue of its own.
const fresh = () => `workers/q${number++}`;
const split = (queueId) => queueId.split('/');
const claim = async (queueId, id, group = 'g') =>
  (await q.claimWork(queueId, { workerGroup: group, workerId: id })).tasks;
const get = (queueId, id, client = q) => client.getWorker(...split(queueId), 'g', id);
const list = (queueId, options, client = q) => client.listWorkers(...split(queueId), options);
const declare = (queueId, id, seconds, client = q) =>
  client.declareWorker(...split(queueId), 'g', id, { expires: inSeconds(seconds) });
const quarantine = (queueId, id, seconds, info) => q.quarantineWorker(...split(queueId), 'g', id,
  { quarantineUntil: inSeconds(seconds), ...(info ? { quarantineInfo: info } : {}) });
const names = (page) => page.workers.map((w) => w.workerId);
const code = async (call) => (await failure(call)).code;

// Works on what Redis holds while the server is away.
async function behindItsBack(job) {
  await server.kill('SIGTERM');
  await job();
  await server.launch();
}

async function keyOf(queueId, id) {
  const found = await server.redis.command('KEYS', `troupe:*:worker:${queueId}/g/${id}`);
  return /^troupe:.*$/m.exec(found)?.[0].trim();
}

// As if it was not seen for long; `until` is the end of its quarantine.
async function expire(queueId, id, until = 0) {
  const key = await keyOf(queueId, id);
  const past = Date.now() - 3600_000;
  await server.redis.command('HSET', key, 'expires', String(past));
  await server.redis.command('ZADD', key.replace(/:worker:.*/, ':worker-expiry'),
    String(Math.max(past, until)), `${queueId}/g/${id}`);
}

test('WK-1 WK-8 a worker is listed and shown as it was seen', async () => {
  const queueId = fresh();
  assert.deepEqual(await list(queueId), { workers: [] });
  const tasks = [slugid(), slugid()];
  for (const taskId of tasks) {
    await q.createTask(taskId, definition({ taskQueueId: queueId }));
    assert.equal((await claim(queueId, 'one')).length, 1);
  }
  const { workers: [entry], continuationToken } = await list(queueId);
  assert.equal(continuationToken, undefined);
  const shown = await get(queueId, 'one');
  assert.deepEqual(entry, { workerGroup: 'g', workerId: 'one', firstClaim: shown.firstClaim,
    lastDateActive: shown.lastDateActive, latestTask: { taskId: tasks[1], runId: 0 } });
  const [provisionerId, workerType] = split(queueId);
  assert.deepEqual({ ...shown, quarantineUntil: '', quarantineDetails: [] }, { provisionerId, workerType,
    taskQueueId: queueId, workerGroup: 'g', workerId: 'one', expires: shown.expires,
    firstClaim: entry.firstClaim, lastDateActive: entry.lastDateActive, quarantineUntil: '',
    quarantineDetails: [], recentTasks: tasks.map((taskId) => ({ taskId, runId: 0 })) });
  assert.ok(new Date(shown.quarantineUntil) < new Date());
  // One that never had a task.
  await claim(queueId, 'two');
  const [, idle] = (await list(queueId)).workers;
  assert.deepEqual(Object.keys(idle).sort(),
    ['firstClaim', 'lastDateActive', 'workerGroup', 'workerId']);
  await server.restart('SIGTERM');
  assert.deepEqual((await list(queueId)).workers, [entry, idle]);
});

test('WK-1 WK-19 listing and showing need their scopes', async () => {
  const queueId = fresh();
  await claim(queueId, 'one');
  const none = queue(server, ['queue:ping']);
  assert.equal(await code(() => list(queueId, {}, none)), 'InsufficientScopes');
  assert.equal(await code(() => get(queueId, 'one', none)), 'InsufficientScopes');
  assert.equal((await list(queueId, {}, queue(server, [`queue:list-workers:${queueId}`])))
    .workers.length, 1);
  assert.equal((await get(queueId, 'one', queue(server, [`queue:get-worker:${queueId}/g/one`])))
    .workerId, 'one');
});

test('WK-2 WK-3 WK-18 EX-6 only a worker that is expired and not in quarantine is hidden', async () => {
  const queueId = fresh();
  for (const id of ['expired', 'expired-quarantined', 'live', 'live-quarantined'])
    await claim(queueId, id);
  for (const id of ['expired-quarantined', 'live-quarantined']) await quarantine(queueId, id, 3600);
  const { quarantineUntil } = await get(queueId, 'expired-quarantined');
  await behindItsBack(async () => {
    await expire(queueId, 'expired');
    await expire(queueId, 'expired-quarantined', new Date(quarantineUntil).getTime());
  });
  const all = await list(queueId);
  assert.deepEqual(names(all), ['expired-quarantined', 'live', 'live-quarantined']);
  assert.deepEqual(all.workers.map((w) => 'quarantineUntil' in w), [true, false, true]);
  assert.deepEqual(names(await list(queueId, { quarantined: true })),
    ['expired-quarantined', 'live-quarantined']);
  assert.deepEqual(names(await list(queueId, { quarantined: false })), ['live']);
  assert.equal(await code(() => list(queueId, { quarantined: 'maybe' })), 'InvalidRequestArguments');
  assert.equal(await code(() => get(queueId, 'expired')), 'ResourceNotFound');
  assert.equal((await get(queueId, 'expired-quarantined')).workerId, 'expired-quarantined');
  // One in quarantine is kept.
  await until('the other is deleted', async () => await keyOf(queueId, 'expired') === undefined);
  assert.ok(await keyOf(queueId, 'expired-quarantined'));
  await quarantine(queueId, 'live-quarantined', -1);
  assert.deepEqual(names(await list(queueId, { quarantined: false })), ['live', 'live-quarantined']);
});

test('WK-4 only the workers of the queue are listed', async () => {
  const [one, two] = [fresh(), fresh()];
  await claim(one, 'a');
  await claim(two, 'b');
  assert.deepEqual(names(await list(one)), ['a']);
  assert.deepEqual(names(await list(two)), ['b']);
});

test('WK-5 PG-2 PG-3 pages have each worker once, in order of group and id, also with a filter', async () => {
  const queueId = fresh();
  const expected = [];
  for (const group of ['b', 'a-b', 'a'])
    for (let i = 0; i < 7; ++i) {
      await claim(queueId, `w${i}`, group);
      expected.push(`${group}/w${i}`);
    }
  const walk = async (limit, options = {}) => {
    const seen = [];
    let token;
    do {
      const page = await list(queueId,
        { ...options, limit, ...(token ? { continuationToken: token } : {}) });
      seen.push(...page.workers.map((w) => `${w.workerGroup}/${w.workerId}`));
      token = page.continuationToken;
      if (token) assert.equal(page.workers.length, limit);
    } while (token);
    return seen;
  };
  const order = [...expected].sort((x, y) => {
    const [[gx, ix], [gy, iy]] = [x.split('/'), y.split('/')];
    return gx === gy ? (ix < iy ? -1 : 1) : (gx < gy ? -1 : 1);
  });
  for (const limit of [1, 4, 7, 21, 1000]) assert.deepEqual(await walk(limit), order);
  for (const id of ['w1', 'w5'])
    await q.quarantineWorker(...split(queueId), 'a', id, { quarantineUntil: inSeconds(3600) });
  assert.deepEqual(await walk(1, { quarantined: true }), ['a/w1', 'a/w5']);
  assert.deepEqual(await walk(2, { quarantined: true }), ['a/w1', 'a/w5']);
  assert.deepEqual(await walk(4, { quarantined: false }),
    order.filter((w) => w !== 'a/w1' && w !== 'a/w5'));
  // A token belongs to its filter.
  const { continuationToken } = await list(queueId, { limit: 1, quarantined: true });
  assert.equal(await code(() => list(queueId, { continuationToken })), 'InputError');
  const rest = await list(queueId, { continuationToken, quarantined: true, limit: 5 });
  assert.deepEqual(names(rest), ['w5']);
});

test('WK-9 a worker is unknown, expired, or its queue is', async () => {
  const queueId = fresh();
  assert.equal(await code(() => get(queueId, 'nobody')), 'ResourceNotFound');
  await claim(queueId, 'one');
  assert.equal(await code(() => get(queueId, 'nobody')), 'ResourceNotFound');
  assert.equal((await get(queueId, 'one')).workerId, 'one');
  await behindItsBack(() => server.redis.command('EVAL', `
    for i = 0, 63 do redis.call("hdel", string.format("troupe:{%02d}:queues", i), ARGV[1]) end`,
  '0', queueId));
  assert.equal(await code(() => get(queueId, 'one')), 'ResourceNotFound');
  await claim(queueId, 'two');
  assert.equal((await get(queueId, 'one')).workerId, 'one');
});

test('WK-10 WK-14 the last twenty runs are remembered, also when the worker is declared', async () => {
  const queueId = fresh();
  const tasks = [];
  for (let i = 0; i < 30; ++i) {
    tasks.push(slugid());
    await q.createTask(tasks[i], definition({ taskQueueId: queueId }));
    assert.equal((await claim(queueId, 'busy')).length, 1);
    await q.reportCompleted(tasks[i], 0);
  }
  const recent = tasks.slice(10).map((taskId) => ({ taskId, runId: 0 }));
  const before = await get(queueId, 'busy');
  assert.deepEqual(before.recentTasks, recent);
  const expires = inSeconds(10 * 24 * 3600);
  const declared = await q.declareWorker(...split(queueId), 'g', 'busy', { expires });
  assert.equal(declared.expires, expires);
  assert.deepEqual(declared.recentTasks, recent);
  assert.equal(declared.firstClaim, before.firstClaim);
  assert.deepEqual(await get(queueId, 'busy'), declared);
  // An expiry never moves backwards.
  assert.equal((await declare(queueId, 'busy', 60)).expires, expires);
  assert.equal((await q.getTaskQueue(queueId)).expires, expires);
});

test('WK-15 declaring a worker makes it, its worker type and its provisioner', async () => {
  const [provisionerId, workerType] = ['declared', 'type'];
  const before = Date.now();
  const expires = inSeconds(3600);
  const declared = await q.declareWorker(provisionerId, workerType, 'g', 'new', { expires });
  assert.equal(declared.expires, expires);
  assert.deepEqual(declared.recentTasks, []);
  assert.ok(new Date(declared.lastDateActive).getTime() >= before);
  const type = await q.getWorkerType(provisionerId, workerType);
  assert.equal(type.expires, expires);
  assert.equal(type.description, '');
  assert.equal(type.stability, 'experimental');
  assert.equal((await q.getProvisioner(provisionerId)).expires, expires);
  assert.deepEqual(names(await q.listWorkers(provisionerId, workerType)), ['new']);
  // It was safe before it was answered.
  await server.restart('SIGKILL');
  assert.deepEqual(await q.getWorkerType(provisionerId, workerType), type);
  assert.deepEqual(await q.getWorker(provisionerId, workerType, 'g', 'new'), declared);
});

test('WK-16 WK-17 what can be declared is an expiry in the future, with the scope for it', async () => {
  const queueId = fresh();
  const put = (body, client = q) => client.declareWorker(...split(queueId), 'g', 'x', body);
  const expires = inSeconds(3600);
  assert.equal(await code(() => put({})), 'InputValidationError');
  assert.equal(await code(() => put({ expires, quarantineUntil: expires })), 'InputValidationError');
  assert.equal(await code(() => put({ expires: inSeconds(-60) })), 'InputError');
  assert.equal(await code(() => q.getTaskQueue(queueId)), 'ResourceNotFound');
  const where = `queue:declare-worker:${queueId}/g/x`;
  assert.equal(await code(() => put({ expires }, queue(server, [`${where}#quarantineUntil`]))),
    'InsufficientScopes');
  await put({ expires }, queue(server, [`${where}#expires`]));
  // A known one may be told a time that has passed: it changes nothing but when it was seen.
  assert.equal((await put({ expires: inSeconds(-60) })).expires, expires);
});

test('WK-13 a quarantine raises the expiry and is remembered with who set it and why', async () => {
  const queueId = fresh();
  await declare(queueId, 'sick', 60);
  const before = Date.now();
  const set = await quarantine(queueId, 'sick', 3600, 'smells');
  assert.ok(new Date(set.expires).getTime() >= before + 24 * 3600_000);
  await quarantine(queueId, 'sick', 7200);
  const { quarantineDetails } = await get(queueId, 'sick');
  assert.deepEqual(quarantineDetails.map((d) => [d.clientId, d.quarantineInfo]),
    [['static/taskcluster/root', 'smells'], ['static/taskcluster/root', '[unspecified]']]);
  assert.equal(quarantineDetails[0].quarantineUntil, set.quarantineUntil);
  assert.ok(quarantineDetails.every((d) => new Date(d.updatedAt).getTime() >= before));
});

test('WK-7 a worker whose time is over is deleted, and comes again as a new one', async () => {
  const queueId = fresh();
  const first = await declare(queueId, 'mayfly', 4);
  await claim(queueId, 'stays');
  assert.deepEqual(names(await list(queueId)), ['mayfly', 'stays']);
  await until('it has expired', async () => names(await list(queueId)).length === 1);
  await until('it is deleted', async () => await keyOf(queueId, 'mayfly') === undefined);
  assert.deepEqual(names(await list(queueId)), ['stays']);
  await claim(queueId, 'mayfly');
  assert.ok((await get(queueId, 'mayfly')).firstClaim > first.firstClaim);
});
