// What the queue knows of workers: sightings, recent runs, quarantine. Queue contract 6.6 and 8.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { claim as claimOne, definition, failure, inSeconds, queue, queueId, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'claim-wait': 1 });
  q = queue(server);
});
after(() => server?.stop());

const group = 'my-worker-group';
const names = queueId.split('/');
const get = (id, client = q) => client.getWorker(...names, group, id);
const quarantine = (id, seconds, info, client = q) => client.quarantineWorker(...names, group, id,
  { quarantineUntil: inSeconds(seconds), ...(info === undefined ? {} : { quarantineInfo: info }) });

// The recent runs as Redis has them.
async function stored(id) {
  const keys = await server.redis.command('KEYS', `troupe:*:worker:${queueId}/${group}/${id}`);
  const key = /^troupe:.*$/m.exec(keys)?.[0].trim();
  return key === undefined ? '' : server.redis.command('HGET', key, 'recent');
}

test('WI-2 WK-12 a worker is unknown before it claims, and known from then on', async () => {
  assert.equal((await failure(() => get('fresh'))).code, 'ResourceNotFound');
  const before = Date.now();
  assert.deepEqual(await claimOne(q, 1, 'fresh'), []);
  const worker = await get('fresh');
  assert.equal(worker.provisionerId, names[0]);
  assert.equal(worker.workerType, names[1]);
  assert.equal(worker.taskQueueId, queueId);
  assert.equal(worker.workerGroup, group);
  assert.equal(worker.workerId, 'fresh');
  assert.deepEqual(worker.recentTasks, []);
  assert.equal(worker.firstClaim, worker.lastDateActive);
  assert.ok(new Date(worker.firstClaim).getTime() >= before);
  assert.ok(new Date(worker.expires).getTime() >= before + 24 * 3600_000);
  assert.ok(new Date(worker.quarantineUntil).getTime() < before);
});

test('a worker remembers its last twenty runs, the newest last, also after a crash', async () => {
  const tasks = [];
  for (let i = 0; i < 25; ++i) {
    tasks.push(slugid());
    await q.createTask(tasks[i], definition());
    assert.equal((await claimOne(q, 1, 'busy')).length, 1);
    if (i < 24) await q.reportCompleted(tasks[i], 0);
  }
  const expected = tasks.slice(5).map((taskId) => ({ taskId, runId: 0 }));
  assert.deepEqual((await get('busy')).recentTasks, expected);
  await until('it is written', async () => (await stored('busy')).includes(tasks[24]));
  await server.restart('SIGKILL');
  assert.deepEqual((await get('busy')).recentTasks, expected);
  await q.reportCompleted(tasks[24], 0);
});

test('WK-11 CW-9 a worker in quarantine gets nothing until it is set free', async () => {
  assert.equal((await failure(() => quarantine('sick', 3600))).code, 'ResourceNotFound');
  await claimOne(q, 1, 'sick');
  const until_ = inSeconds(3600);
  const set = await q.quarantineWorker(...names, group, 'sick', { quarantineUntil: until_ });
  assert.equal(set.quarantineUntil, until_);
  assert.equal((await get('sick')).quarantineUntil, until_);
  const taskId = slugid();
  await q.createTask(taskId, definition());
  assert.deepEqual(await claimOne(q, 1, 'sick'), []);
  await server.restart('SIGKILL');
  assert.deepEqual(await claimOne(q, 1, 'sick'), []);
  assert.equal((await get('sick')).quarantineUntil, until_);
  const freed = await quarantine('sick', -1, 'well again');
  assert.deepEqual(freed.quarantineDetails.map((d) => [d.clientId, d.quarantineInfo]),
    [['static/taskcluster/root', '[unspecified]'], ['static/taskcluster/root', 'well again']]);
  const claimed = await claimOne(q, 1, 'sick');
  assert.deepEqual(claimed.map((c) => c.status.taskId), [taskId]);
  await q.reportCompleted(taskId, 0);
});

test('scopes are needed to look at a worker and to quarantine it', async () => {
  await claimOne(q, 1, 'seen');
  const where = `${queueId}/${group}/seen`;
  const none = queue(server, ['queue:ping']);
  assert.equal((await failure(() => get('seen', none))).code, 'InsufficientScopes');
  assert.equal((await failure(() => quarantine('seen', 60, '', none))).code, 'InsufficientScopes');
  assert.equal((await get('seen', queue(server, [`queue:get-worker:${where}`]))).workerId, 'seen');
  await quarantine('seen', 60, '', queue(server, [`queue:quarantine-worker:${where}`]));
});
