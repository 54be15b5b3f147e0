// Redis goes away under load and comes back: requests wait, or hear 503 and may be repeated; what
// was acknowledged holds.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { Ledger } from './support/ledger.mjs';
import { definition, failure, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'claim-wait': 1, 'answer-timeout': 4, fsync: 'always' });
  q = queue(server);
});
after(() => server?.stop());

const heartbeat = () => fetch(`${server.rootUrl}/api/queue/v1/__heartbeat__`);

test('kill -9 of Redis under load: every call is answered in the end, and nothing is lost', async () => {
  const ledger = new Ledger(server, { queueId: 'redis/load', repeat: true });
  ledger.load();
  for (let round = 0; round < 4; ++round) {
    await sleep(200 + Math.random() * 500);
    await server.redis.kill();
    await sleep(Math.random() * 500);
    await server.redis.start();
  }
  await sleep(500);
  await ledger.stop();
  await ledger.check();
  await ledger.checkOrder();
  await ledger.finish();
});

test('API-32 a long outage is answered 503 with Retry-After, and repeating is safe', async () => {
  const ledger = new Ledger(server, { queueId: 'redis/long', repeat: true });
  ledger.load({ creators: 3, workers: 2, cancelers: 1 });
  await sleep(500);
  await server.redis.kill();
  const taskId = slugid();
  const def = definition({ taskQueueId: 'redis/one' });
  const error = await failure(() => q.createTask(taskId, def));
  assert.equal(error.statusCode, 503);
  await until('the outage was noticed by others', () => ledger.refused > 0);
  await server.redis.start();
  const { status } = await q.createTask(taskId, def);
  assert.equal(status.state, 'pending');
  assert.equal(status.runs.length, 1);
  assert.equal((await q.taskQueueCounts('redis/one')).pendingTasks, 1);
  await ledger.stop();
  await ledger.check();
  await ledger.finish();
});

test('a server that is killed while Redis is away loses nothing that was acknowledged', async () => {
  const ledger = new Ledger(server, { queueId: 'redis/both' });
  ledger.load();
  await sleep(500);
  await server.redis.kill();
  await sleep(200);
  await server.kill('SIGKILL');
  await ledger.stop();
  await server.redis.start();
  await server.launch();
  await ledger.check();
  await ledger.finish();
});

test('the heartbeat says 503 when Redis is away for long, and 200 when it is back', async () => {
  assert.equal((await heartbeat()).status, 200);
  await server.redis.kill();
  await until('it says so', async () => (await heartbeat()).status === 503);
  assert.equal((await fetch(`${server.rootUrl}/api/queue/v1/__lbheartbeat__`)).status, 200);
  await server.redis.start();
  await until('it is well again', async () => (await heartbeat()).status === 200);
});

test('a Redis that does not take writes holds calls back, and loses none', async () => {
  const { ask } = await import('./support/redis.mjs');
  const ledger = new Ledger(server, { queueId: 'redis/full', repeat: true });
  ledger.load({ creators: 3, workers: 2, cancelers: 1 });
  await sleep(300);
  ask(server.redis, 'CONFIG', 'SET', 'maxmemory', '1');
  await sleep(1000);
  ask(server.redis, 'CONFIG', 'SET', 'maxmemory', '0');
  await sleep(500);
  await ledger.stop();
  await ledger.check();
  await ledger.finish();
});
