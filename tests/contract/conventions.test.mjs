// What holds for every method: URLs, envelopes, pages, repeats, stock client: api-conventions.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import taskcluster from 'taskcluster-client';
import { Server } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { expectError, signed } from './support/http.mjs';
import { definition, failure, queue, slugid, temporary } from './support/tasks.mjs';

const api = '/api/queue/v1';

let server;
let q;
let events;

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*'], 'claim-wait': 1 });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

let number = 0;
const fresh = (overrides) => definition({ taskQueueId: `conventions/q${number++}`, ...overrides });

async function running(overrides) {
  const taskId = slugid();
  const def = fresh(overrides);
  await q.createTask(taskId, def);
  const { tasks } = await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return { taskId, def, credentials: tasks[0].credentials };
}

test('API-1 API-2 the URLs that clients compute are those that are served', async () => {
  const { taskId } = await running();
  const name = 'public/a b/%2F/|~(1)!';
  await q.createArtifact(taskId, 0, name, { storageType: 'reference', url: 'https://example.com/a',
    contentType: 'text/plain', expires: new Date(Date.now() + 60000).toJSON() });
  const url = q.buildUrl(q.getArtifact, taskId, 0, name);
  assert.equal(url, `${server.rootUrl}${api}/task/${taskId}/runs/0/artifacts/${encodeURIComponent(name)}`);
  for (const target of [url, url.replaceAll('%2F', '/')]) {
    const response = await fetch(target, { redirect: 'manual' });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get('location'), 'https://example.com/a');
  }
  assert.equal((await fetch(`${q.buildUrl(q.ping)}/`)).status, 200);
  assert.equal((await fetch(`${server.rootUrl}/api/queue/v2/ping`)).status, 404);
});

test('API-31 API-28 every error below /api but an unknown route has the whole envelope', async () => {
  const { taskId } = await running();
  const gone = slugid();
  await expectError(await signed(server, 'GET', `${api}/task/${gone}`), 404, 'ResourceNotFound');
  await expectError(await signed(server, 'POST', `${api}/task/${taskId}/runs/0/exception`, '{"reason":1}'), 400, 'InputValidationError');
  await expectError(await signed(server, 'GET', `${api}/task/x`), 400, 'InvalidRequestArguments');
  await expectError(await fetch(`${server.rootUrl}${api}/task/${taskId}`), 403, 'InsufficientScopes');
  await expectError(await signed(server, 'GET', `${api}/task/${taskId}`, undefined, {}, { key: 'x' }), 401, 'AuthenticationFailed');
  await expectError(await signed(server, 'PUT', `${api}/task/${taskId}`, JSON.stringify(definition())), 409, 'RequestConflict');
  const error = await expectError(await signed(server, 'POST',
    `${api}/claim-work/${encodeURIComponent('a/b')}`, '{"workerGroup":"g"}'), 400, 'InputValidationError');
  assert.deepEqual(error.requestInfo, { method: 'claimWork', params: { taskQueueId: 'a/b' },
    payload: { workerGroup: 'g', tasks: 1 }, time: error.requestInfo.time });
  assert.match(error.requestInfo.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('API-37 API-41 API-42 PG-1 PG-2 PG-7 pages hold each member once, in one order, whatever their size', async () => {
  const def = fresh();
  const ids = Array.from({ length: 60 }, () => slugid());
  await Promise.all(ids.map((id) => q.createTask(id, def)));
  const walk = async (limit) => {
    const found = [];
    for (let continuationToken, pages = 0; ; ++pages) {
      const page = await q.listTaskGroup(def.taskGroupId,
        { limit: String(limit), ...(continuationToken ? { continuationToken } : {}) });
      assert.ok(page.tasks.length <= Math.max(limit, 1));
      found.push(...page.tasks.map((t) => t.status.taskId));
      continuationToken = page.continuationToken;
      if (continuationToken === undefined) return { found, pages: pages + 1 };
    }
  };
  const inOrder = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const [limit, pages] of [[1, 60], [0, 60], [7, 9], [59, 2], [60, 1], [61, 1], [1000, 1], [5000, 1]])
    assert.deepEqual(await walk(limit), { found: inOrder, pages }, `limit ${limit}`);
  assert.deepEqual((await q.listTaskGroup(def.taskGroupId)).tasks.map((t) => t.status.taskId), inOrder);
});

test('PG-3 PG-4 tokens belong to their method and arguments, and are not made by hand', async () => {
  const def = fresh();
  for (let i = 0; i < 3; ++i) await q.createTask(slugid(), def);
  const { continuationToken } = await q.listTaskGroup(def.taskGroupId, { limit: 1 });
  assert.equal((await q.listTaskGroup(def.taskGroupId, { limit: 2, continuationToken })).tasks.length, 2);
  const other = fresh();
  await q.createTask(slugid(), other);
  const last = continuationToken.at(-1) === 'A' ? 'B' : 'A';
  for (const [group, token] of [[other.taskGroupId, continuationToken], [def.taskGroupId, 'x'],
    [def.taskGroupId, `${continuationToken.slice(0, -1)}${last}`], [def.taskGroupId, continuationToken.slice(3)]]) {
    const error = await failure(() => q.listTaskGroup(group, { continuationToken: token }));
    assert.equal(error.code, 'InputError');
    assert.match(error.message, /continuation/i);
  }
});

test('API-43 EV-2 each repeat of a call that changes something repeats its event', async () => {
  const { taskId, def } = await running();
  await q.createTask(taskId, def);
  await events.wait(taskId, 'task-defined', 2);
  const artifact = { storageType: 'error', reason: 'too-large-file-on-worker', message: 'm', expires: new Date(Date.now() + 60000).toJSON() };
  for (let i = 0; i < 2; ++i) await q.createArtifact(taskId, 0, 'public/x', artifact);
  await events.wait(taskId, 'artifact-created', 2);
  for (let i = 0; i < 2; ++i) await q.reportCompleted(taskId, 0);
  await events.wait(taskId, 'task-completed', 2);
  // The runs themselves are announced once.
  assert.equal(events.of(taskId, 'task-pending').length, 1);
  assert.equal(events.of(taskId, 'task-running').length, 1);
});

test('API-52 the JavaScript client: query, body, temporary and narrowed credentials, signed URLs, errors', async () => {
  const { taskId, def, credentials } = await running();
  assert.equal((await q.ping()).alive, true);
  assert.equal((await q.listTaskGroup(def.taskGroupId, { limit: 1 })).tasks.length, 1);
  await queue(server, null, credentials).reclaimTask(taskId, 0);
  const temp = new taskcluster.Queue({ rootUrl: server.rootUrl, retries: 0,
    credentials: temporary({ scopes: ['queue:*'], clientId: 'named/by-a|test' }) });
  assert.equal((await temp.status(taskId)).status.state, 'running');
  const narrowed = queue(server, [`queue:status:${taskId}`]);
  assert.equal((await narrowed.status(taskId)).status.taskId, taskId);
  for (const url of [q.buildSignedUrl(q.status, taskId), q.buildSignedUrl(q.listTaskGroup, def.taskGroupId, { limit: 1 })])
    assert.equal((await fetch(url)).status, 200);
  const error = await failure(() => q.status(slugid()));
  assert.equal(error.code, 'ResourceNotFound');
  assert.equal(error.statusCode, 404);
});

test('API-32 API-52 the JavaScript client repeats after 503, and a repeat is safe', async () => {
  // A proxy that loses every answer but the third.
  let seen = 0;
  const proxy = http.createServer((request, response) => {
    const { hostname, port } = new URL(server.rootUrl);
    const onward = http.request({ hostname, port, path: request.url, method: request.method, headers: request.headers },
      (answer) => {
        if (++seen % 3) {
          answer.resume();
          return response.writeHead(503).end('{}');
        }
        response.writeHead(answer.statusCode, answer.headers);
        answer.on('data', (data) => response.write(data));
        answer.on('end', () => response.end());
      });
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.on('listening', resolve));
  try {
    const retrying = new taskcluster.Queue({ rootUrl: `http://127.0.0.1:${proxy.address().port}`, retries: 5,
      delayFactor: 1, credentials: server.credentials });
    const taskId = slugid();
    const def = fresh();
    const { status } = await retrying.createTask(taskId, def);
    assert.equal(status.state, 'pending');
    assert.equal(status.runs.length, 1);
    assert.equal(seen, 3);
    assert.equal((await q.taskQueueCounts(def.taskQueueId)).pendingTasks, 1);
  } finally {
    proxy.close();
  }
});

test('ST-1 ST-2 EV-8 a bus that nobody can read from fails no call and loses no event', async () => {
  // A subscriber that takes nothing, so that everything for it piles up.
  const { Subscriber } = await import('zeromq');
  const stuck = new Subscriber({ receiveHighWaterMark: 1, receiveBufferSize: 1024 });
  stuck.connect(`tcp://127.0.0.1:${server.pubPort}`);
  stuck.subscribe('');
  try {
    const made = [];
    for (let i = 0; i < 300; ++i) {
      const taskId = slugid();
      const def = fresh({ tags: { large: 'x'.repeat(4000) }, retries: 1 });
      await q.createTask(taskId, def);
      assert.equal((await q.createTask(taskId, def)).status.state, 'pending');
      made.push([taskId, def]);
    }
    const [taskId, def] = made.at(-1);
    await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
    const { status } = await q.reportException(taskId, 0, { reason: 'worker-shutdown' });
    assert.deepEqual(status.runs.map((run) => run.state), ['exception', 'pending']);
    const { tasks } = await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
    assert.equal(tasks[0].runId, 1);
    const { loggedEvents } = await import('./support/redis.mjs');
    const logged = loggedEvents(server.redis).filter((e) => e.about === taskId).map((e) => e.name);
    assert.deepEqual(logged, ['task-defined', 'task-pending', 'task-defined', 'task-pending', 'task-running',
      'task-exception', 'task-pending', 'task-running']);
    // Who does read has them all.
    await events.wait(taskId, 'task-running', 2);
  } finally {
    stuck.close();
  }
});
