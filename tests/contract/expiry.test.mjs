// The end of tasks and groups: the queue contract, section 9.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'expiration-delay': 1, 'deadline-grace': 0 });
  q = queue(server);
});
after(() => server?.stop());

const brief = (seconds, more = {}) =>
  definition({ deadline: inSeconds(seconds), expires: inSeconds(seconds), ...more });
// The keys of Redis that match, without those of the log of events.
async function keys(pattern) {
  const reply = await server.redis.command('KEYS', `troupe:*:${pattern}`);
  return reply.split('\r\n').filter((line) => line.startsWith('troupe:'));
}
const count = async (pattern) => Number((await server.redis.command('EVAL',
  "return #redis.call('KEYS', ARGV[1])", '0', `troupe:*:${pattern}`)).slice(1));
const prefixOf = (key) => key.slice(0, key.indexOf('}') + 2);
const isIndexed = async (index, id) => {
  for (const key of await keys(index))
    if (!(await server.redis.command('ZSCORE', key, id)).startsWith('$-1')) return true;
  return false;
};
async function comeBack(whileAway) {
  await server.kill();
  await whileAway();
  await server.launch();
  q = queue(server);
}

test('EX-1 an expired task is gone at once for clients, and soon for Redis; others stay', async () => {
  const [short, long] = [slugid(), slugid()];
  await q.createTask(long, definition());
  await q.createTask(short, brief(2));
  assert.equal((await q.status(short)).status.state, 'pending');
  await until('it has expired', () => q.status(short).then(() => false, (e) => e.code === 'ResourceNotFound'));
  for (const call of [() => q.task(short), () => q.cancelTask(short), () => q.rerunTask(short),
    () => q.listArtifacts(short, 0), () => q.claimTask(short, 0, { workerGroup: 'g', workerId: 'w' })])
    assert.equal((await failure(call)).code, 'ResourceNotFound');
  await until('its record is gone', async () => (await keys(`task:${short}`)).length === 0);
  assert.equal(await isIndexed('expiry', short), false);
  assert.equal((await q.status(long)).status.state, 'pending');
});

test('the id of a task that is gone can be used again', async () => {
  const taskId = slugid();
  await q.createTask(taskId, brief(2));
  await until('its record is gone', async () => (await keys(`task:${taskId}`)).length === 0);
  const again = definition({ payload: { another: true } });
  await q.createTask(taskId, again);
  assert.deepEqual((await q.task(taskId)).payload, { another: true });
});

test('what expired while the server was away goes when it is back', async () => {
  const before = await count('task:*');
  const all = [...Array(130).keys()].map(() => slugid());
  await Promise.all(all.map((taskId) => q.createTask(taskId, brief(4))));
  await Promise.all(all.map((taskId) => q.cancelTask(taskId)));
  assert.ok(await count('task:*') >= before + 130);
  await comeBack(() => sleep(4500));
  await until('all are gone', async () => await count('task:*') <= before);
});

test('GR-3 a group that has expired is forgotten with its members; one that has not stays', async () => {
  const [old, young] = [slugid(), slugid()];
  for (const taskId of [old, young]) {
    await q.createTask(taskId, definition({ taskGroupId: taskId }));
    await q.cancelTask(taskId);
  }
  // An hour lies between the end of a group's tasks and its own; the test makes it shorter.
  await comeBack(async () => {
    const past = String(Date.now() - 60_000);
    const [key] = await keys(`group:${old}`);
    await server.redis.command('HSET', key, 'expires', past);
    await server.redis.command('ZADD', `${prefixOf(key)}group-expiry`, past, old);
  });
  await until('it is forgotten', async () =>
    (await keys(`group:${old}`)).length + (await keys(`members:${old}`)).length === 0);
  assert.equal(await isIndexed('group-expiry', old), false);
  assert.equal((await failure(() => q.getTaskGroup(old))).code, 'ResourceNotFound');
  assert.equal((await q.listTaskGroup(young)).tasks.length, 1);
  // Its task, which is there still, may begin it anew with another scheduler.
  await q.createTask(slugid(), definition({ taskGroupId: old, schedulerId: 'another' }));
  assert.equal((await q.getTaskGroup(old)).schedulerId, 'another');
});
