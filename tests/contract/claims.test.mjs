// claimWork, reclaim, reports, counts, claim expiry: the queue contract, sections 6.4 and 8.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { definition, failure, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-timeout': 2, 'deadline-grace': 1, 'claim-wait': 3 });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

// Each test has a queue of its own.
const fresh = (overrides) => definition({ taskQueueId: `claims/q${number++}`, ...overrides });
const worker = { workerGroup: 'my-group', workerId: 'my-worker' };
const claim = (def, tasks, client = q) => client.claimWork(def.taskQueueId, { ...worker, tasks });

test('CW-1 an empty queue is answered empty after the wait', async () => {
  const start = Date.now();
  const { tasks } = await claim(fresh(), 1);
  assert.deepEqual(tasks, []);
  assert.ok(Date.now() - start >= 3000);
});

test('CW-2 both scopes are needed', async () => {
  const def = fresh();
  const both = [`queue:claim-work:${def.taskQueueId}`, 'queue:worker-id:my-group/my-worker'];
  for (const lacking of both) {
    const client = queue(server, [lacking]);
    assert.equal((await failure(() => claim(def, 1, client))).code, 'InsufficientScopes');
  }
  await q.createTask(slugid(), def);
  assert.equal((await claim(def, 1, queue(server, both))).tasks.length, 1);
});

test('CW-3 CW-7 EV-3 a claim holds task, status and credentials that report it', async () => {
  const taskId = slugid();
  const def = fresh();
  await q.createTask(taskId, def);
  const before = Date.now();
  const { tasks } = await q.claimWork(def.taskQueueId, worker);
  assert.equal(tasks.length, 1);
  const [run] = tasks;
  assert.equal(run.runId, 0);
  assert.equal(run.workerId, 'my-worker');
  assert.ok(new Date(run.takenUntil).getTime() >= before);
  assert.deepEqual(run.task, await q.task(taskId));
  assert.deepEqual(run.status, (await q.status(taskId)).status);
  assert.equal(run.status.state, 'running');
  const [event] = await events.wait(taskId, 'task-running');
  assert.equal(event.payload.workerGroup, 'my-group');
  assert.deepEqual(event.payload.task.tags, def.tags);
  assert.match(run.credentials.clientId,
    new RegExp(`^task-client/${taskId}/0/on/my-group/my-worker/until/[0-9.]+$`));
  const { status } = await queue(server, null, run.credentials).reportCompleted(taskId, 0);
  assert.equal(status.state, 'completed');
});

test('CW-4 RC-1 RC-2 a claim is renewed with the credentials of claim and reclaim', async () => {
  const taskId = slugid();
  const def = fresh();
  await q.createTask(taskId, def);
  const [run] = (await claim(def, 1)).tasks;
  const first = await queue(server, null, run.credentials).reclaimTask(taskId, 0);
  assert.ok(first.takenUntil >= run.takenUntil);
  assert.equal(first.task, undefined);
  await sleep(5);
  const second = await queue(server, null, first.credentials).reclaimTask(taskId, 0);
  assert.ok(second.takenUntil > first.takenUntil);
  await queue(server, null, second.credentials).reportCompleted(taskId, 0);
});

test('CW-5 a higher priority goes first, then the older task', async () => {
  const base = fresh();
  const [low, high, low2] = [slugid(), slugid(), slugid()];
  await q.createTask(low, base);
  await q.createTask(high, { ...base, priority: 'high' });
  await q.createTask(low2, base);
  for (const expected of [high, low, low2])
    assert.equal((await claim(base, 1)).tasks[0].status.taskId, expected);
});

test('CW-6 as many as there are, at once', async () => {
  const def = fresh();
  const taskId = slugid();
  await q.createTask(taskId, def);
  await q.createTask(taskId, def);
  assert.equal((await claim(def, 2)).tasks.length, 1);
});

test('CW-8 CW-13 CR-1 SM-8 EV-4 a claim that is not renewed expires and is retried', async () => {
  const taskId = slugid();
  const def = fresh({ retries: 1 });
  await q.createTask(taskId, def);
  await claim(def, 1);
  const retry = await claim(def, 1);
  assert.equal(retry.tasks[0].runId, 1);
  assert.equal(retry.tasks[0].status.retriesLeft, 0);
  assert.equal(retry.tasks[0].status.runs[0].reasonResolved, 'claim-expired');
  const [exception] = await events.wait(taskId, 'task-exception');
  assert.equal(exception.payload.runId, 0);
  assert.equal(exception.payload.status.runs.length, 2);
  await events.wait(taskId, 'task-exception', 2);
  const { status } = await q.status(taskId);
  assert.equal(status.state, 'exception');
  assert.deepEqual(status.runs.map((r) => r.reasonResolved), ['claim-expired', 'claim-expired']);
  assert.equal(status.runs[1].reasonCreated, 'retry');
});

test('CW-11 SM-2 many workers at once never get the same run', async () => {
  const def = fresh();
  const ids = Array.from({ length: 40 }, () => slugid());
  await Promise.all(ids.map((id) => q.createTask(id, def)));
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: `w${i}`, tasks: 3 })));
  const got = answers.flatMap((a) => a.tasks.map((t) => `${t.status.taskId}/${t.runId}`));
  assert.equal(new Set(got).size, got.length);
  assert.equal(got.filter((run) => run.endsWith('/0')).length, 40);
});

test('CW-12 nothing is claimed for a request that was given up', async () => {
  const def = fresh();
  const net = await import('node:net');
  const url = new URL(server.rootUrl);
  const socket = net.connect(Number(url.port), url.hostname);
  const body = JSON.stringify({ ...worker, tasks: 1 });
  const header = await signedHeader('POST', `/api/queue/v1/claim-work/${encodeURIComponent(def.taskQueueId)}`);
  socket.write(`POST /api/queue/v1/claim-work/${encodeURIComponent(def.taskQueueId)} HTTP/1.1\r\n` +
    `Host: ${url.host}\r\nAuthorization: ${header}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`);
  await sleep(200);
  socket.destroy();
  await sleep(100);
  const taskId = slugid();
  await q.createTask(taskId, def);
  assert.equal((await q.status(taskId)).status.state, 'pending');
  assert.equal((await claim(def, 1)).tasks.length, 1);
});

async function signedHeader(method, resource) {
  const { createHmac, randomBytes } = await import('node:crypto');
  const url = new URL(server.rootUrl);
  const ts = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(4).toString('hex');
  const text = `hawk.1.header\n${ts}\n${nonce}\n${method}\n${resource}\n${url.hostname}\n${url.port}\n\n\n`;
  const mac = createHmac('sha256', server.credentials.accessToken).update(text).digest('base64');
  return `Hawk id="${server.credentials.clientId}", ts="${ts}", nonce="${nonce}", mac="${mac}"`;
}

test('a waiting claim is answered when a task comes, the longest waiting first', async () => {
  const def = fresh();
  const order = [];
  const waiting = [1, 2].map(async (i) => {
    await sleep(i * 50);
    const { tasks } = await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: `w${i}` });
    order.push(`w${i}`);
    return tasks;
  });
  await sleep(300);
  await q.createTask(slugid(), def);
  await until('the first was served', () => order.length === 1);
  assert.deepEqual(order, ['w1']);
  await q.createTask(slugid(), def);
  for (const tasks of await Promise.all(waiting)) assert.equal(tasks.length, 1);
});
