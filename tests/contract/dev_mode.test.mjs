// Dev mode: /api/dev/v1/, and the maintenance door for operators. Dev-mode contract section 3.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import hawk from 'hawk';
import taskcluster from 'taskcluster-client';
import { Reader, all } from './support/readers.mjs';
import { Server, isRunning, rootToken, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'dev-mode': true, 'worker-grace': 1 });
  q = queue(server);
});
after(() => server?.stop());

async function call(verb, name, body, headers = {}, of = server) {
  const response = await fetch(`${of.rootUrl}/api/dev/v1/${name}`, { method: verb, headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null };
}

async function post(name, body) {
  const answer = await call('POST', name, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const reset = () => post('reset', {});

const asRoot = (verb, target, body) => fetch(server.rootUrl + target, { method: verb,
  headers: { authorization: hawk.client.header(server.rootUrl + target, verb, { credentials:
    { id: 'static/taskcluster/root', key: rootToken, algorithm: 'sha256' } }).header },
  ...(body ? { body: JSON.stringify(body) } : {}) });

const worker = { workerGroup: 'g', workerId: 'w' };

// A task that was claimed and completed, with an artifact.
async function completed(taskQueueId, overrides = {}) {
  const id = slugid();
  await q.createTask(id, definition({ taskQueueId, ...overrides }));
  await q.claimWork(taskQueueId, { ...worker, tasks: 1 });
  const { putUrl } = await q.createArtifact(id, 0, 'public/a.txt', { storageType: 's3',
    expires: overrides.expires ?? inSeconds(7200), contentType: 'text/plain' });
  assert.equal((await fetch(putUrl, { method: 'PUT', body: 'data',
    headers: { 'content-type': 'text/plain' } })).status, 200);
  await q.reportCompleted(id, 0);
  return id;
}

const isGone = (promise) => assert.rejects(promise, (error) => error.statusCode === 404);

const blobs = (directory = path.join(server.data, 'artifacts')) => fs.readdirSync(directory,
  { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

test('dev mode 3 reset brings back an empty server and publishes nothing', async () => {
  const id = await completed('dev/reset');
  const pending = slugid();
  const def = definition({ taskQueueId: 'dev/reset', taskGroupId: id, dependencies: [] });
  await q.createTask(pending, def);
  await q.quarantineWorker('dev', 'reset', 'g', 'w', { quarantineUntil: inSeconds(3600) });
  const reader = await Reader.subscribed(server);
  assert.deepEqual(await reset(), {});
  assert.deepEqual(await reader.events(), []);
  await isGone(q.status(id));
  await isGone(q.status(pending));
  await isGone(q.listTaskGroup(id));
  await isGone(q.getTaskQueue('dev/reset'));
  await isGone(q.getWorker('dev', 'reset', 'g', 'w'));
  assert.equal((await q.pendingTasks('dev/reset')).pendingTasks, 0);
  assert.deepEqual((await q.listTaskQueues()).taskQueues, []);
  assert.equal(blobs(), 0);
  // It goes on as a new one would: the same ids, and the worker is free.
  await q.createTask(pending, { ...def, taskGroupId: slugid() });
  const claimed = await q.claimWork('dev/reset', { ...worker, tasks: 4 });
  assert.deepEqual(claimed.tasks.map(({ status }) => status.taskId), [pending]);
  await q.reportCompleted(pending, 0);
  const names = (await reader.events()).map((event) => event.exchange.split('/').pop());
  assert.deepEqual(names.filter((name) => name.startsWith('task-') && !name.includes('group')),
    ['task-defined', 'task-pending', 'task-running', 'task-completed']);
  await reader.close();
});

test('dev mode 3 the numbers of events go on after a reset, and after a restart', async () => {
  const numbers = new Map();
  const note = (events) => {
    for (const { id } of events) {
      const [, stream, n] = id.match(/^\d+-(\w+)\.(\d+)$/);
      assert.ok(Number(n) > (numbers.get(stream) ?? 0), `${id} after ${numbers.get(stream)}`);
      numbers.set(stream, Number(n));
    }
    assert.ok(events.length > 0);
  };
  const id = slugid();
  let reader = await Reader.subscribed(server);
  const again = async () => {
    await q.createTask(id, definition({ taskGroupId: id }));
    reader.send({ publish: { exchange: 'exchange/x' }, id: 1 });
    note(await reader.events());
    reader.texts.length = 0;
  };
  await again();
  await reset();
  await again();
  await reset();
  await reader.close();
  await server.restart('SIGKILL');
  q = queue(server);
  reader = await Reader.subscribed(server);
  await again();
  await reader.close();
});

test('dev mode 3 reset answers waiting claims with nothing, whoever else asks at once or again', async () => {
  const parked = Array.from({ length: 8 }, (_, i) =>
    q.claimWork(`dev/parked-${i}`, { ...worker, tasks: 1 }));
  await until('they wait', async () => {
    const text = await (await fetch(`http://127.0.0.1:${server.info.metricsPort}/metrics`)).text();
    const waiting = [...text.matchAll(/claim_waiters\{[^}]*"parked-[^}]*\} (\d+)/g)];
    return waiting.reduce((sum, [, n]) => sum + Number(n), 0) === 8;
  });
  const ids = Array.from({ length: 200 }, slugid);
  const asked = ids.map((id) => q.createTask(id, definition({ taskQueueId: 'dev/flood' }))
    .then(() => 'made', (error) => error.statusCode));
  await reset();
  for (const answer of await Promise.all(parked)) assert.deepEqual(answer.tasks, []);
  for (const result of await Promise.all(asked)) assert.ok(['made', 503].includes(result), result);
  await reset();
  for (const id of ids) await isGone(q.status(id));
  const claim = q.claimWork('dev/after', { ...worker, tasks: 1 });
  const id = slugid();
  await q.createTask(id, definition({ taskQueueId: 'dev/after' }));
  assert.equal((await claim).tasks[0].status.taskId, id);
});

test('dev mode 3 many resets under way with other requests leave a server that works', async () => {
  let ending = false;
  const results = new Set();
  const noise = Array.from({ length: 6 }, async (_, n) => {
    while (!ending) {
      const id = slugid();
      try {
        await q.createTask(id, definition({ taskQueueId: `dev/noise-${n}` }));
        const { tasks } = await q.claimWork(`dev/noise-${n}`, { ...worker, tasks: 1 });
        for (const { status } of tasks) await q.reportCompleted(status.taskId, 0);
        results.add('fine');
      } catch (error) {
        results.add(error.statusCode);
      }
    }
  });
  for (let i = 0; i < 20; ++i) await reset();
  ending = true;
  await Promise.all(noise);
  for (const result of results) assert.ok(['fine', 404, 409, 503].includes(result), result);
  await reset();
  assert.deepEqual((await q.listTaskQueues()).taskQueues, []);
  await completed('dev/works');
  assert.ok(isRunning(server.process));
});

test('dev mode 3 maintenance removes what expires before asOf, and nothing else', async () => {
  await reset();
  const soon = await completed('dev/expiry', { expires: inSeconds(7200) });
  const late = await completed('dev/expiry', { expires: inSeconds(720000) });
  const early = { job: 'expire-artifacts', asOf: inSeconds(3600) };
  assert.deepEqual(await post('maintenance', early), { ...early, removed: 0 });
  assert.equal((await post('maintenance', { job: 'expire-artifacts', asOf: inSeconds(7300) })).removed, 1);
  assert.deepEqual((await q.listLatestArtifacts(soon)).artifacts, []);
  assert.equal((await q.listLatestArtifacts(late)).artifacts.length, 1);
  assert.equal(blobs(), 1);
  assert.equal((await post('maintenance', { job: 'expire-tasks', asOf: inSeconds(7300) })).removed, 1);
  await isGone(q.status(soon));
  await q.status(late);
  // Its artifact goes with it.
  assert.equal((await post('maintenance', { job: 'expire-tasks', asOf: inSeconds(800000) })).removed, 2);
  await isGone(q.status(late));
  assert.equal(blobs(), 0);
});

test('dev mode 3 a task that is not resolved stays, whenever it expires', async () => {
  const id = slugid();
  await q.createTask(id, definition({ taskQueueId: 'dev/unresolved' }));
  await post('maintenance', { job: 'expire-tasks', asOf: '2090-01-01T00:00:00.000Z' });
  assert.equal((await q.status(id)).status.state, 'pending');
  await post('maintenance', { job: 'expire-task-groups', asOf: '2090-01-01T00:00:00.000Z' });
  assert.equal((await q.status(id)).status.state, 'pending');
});

test('dev mode 3 maintenance removes groups, queues and workers as of a time', async () => {
  await reset();
  const group = slugid();
  await completed('dev/groups', { taskGroupId: group });
  await q.getTaskGroup(group);
  await post('maintenance', { job: 'expire-task-groups', asOf: inSeconds(60) });
  await q.getTaskGroup(group);
  assert.equal((await post('maintenance',
    { job: 'expire-task-groups', asOf: '2090-01-01T00:00:00.000Z' })).removed, 1);
  await isGone(q.getTaskGroup(group));
  await q.getTaskQueue('dev/groups');
  await q.getWorker('dev', 'groups', 'g', 'w');
  await post('maintenance', { job: 'expire-worker-info', asOf: inSeconds(60) });
  await q.getTaskQueue('dev/groups');
  assert.equal((await post('maintenance',
    { job: 'expire-worker-info', asOf: '2090-01-01T00:00:00.000Z' })).removed, 2);
  await isGone(q.getTaskQueue('dev/groups'));
  await isGone(q.getWorker('dev', 'groups', 'g', 'w'));
});

const service = (Client) => new Client({ rootUrl: server.rootUrl, retries: 0,
  credentials: server.credentials });

test('dev mode 3 expire-secrets and expire-index remove what will have expired', async () => {
  const secrets = service(taskcluster.Secrets);
  const index = service(taskcluster.Index);
  for (const [name, seconds] of [['soon', 3600], ['late', 7 * 86400]]) {
    await secrets.set(name, { secret: { a: 1 }, expires: inSeconds(seconds) });
    await index.insertTask(`dev.${name}`, { taskId: slugid(), rank: 1, data: {},
      expires: inSeconds(seconds) });
  }
  const asOf = inSeconds(86400);
  assert.equal((await post('maintenance', { job: 'expire-secrets' })).removed, 0);
  assert.equal((await post('maintenance', { job: 'expire-secrets', asOf })).removed, 1);
  assert.equal((await post('maintenance', { job: 'expire-index' })).removed, 0);
  assert.equal((await post('maintenance', { job: 'expire-index', asOf })).removed, 1);
  await isGone(secrets.get('soon'));
  await isGone(index.findTask('dev.soon'));
  assert.deepEqual((await secrets.get('late')).secret, { a: 1 });
  await index.findTask('dev.late');
});

test('dev mode 3 CLI-12 purge-expired-clients removes those that are to go and will have expired', async () => {
  const auth = service(taskcluster.Auth);
  const made = {};
  for (const [name, seconds, deleteOnExpiration] of [['goes', 3600, true], ['kept', 3600, false],
    ['late', 7 * 86400, true]])
    made[name] = await auth.createClient(`dev/purge/${name}`, { expires: inSeconds(seconds),
      description: '', scopes: ['auth:current-scopes'], deleteOnExpiration });
  const asOf = inSeconds(86400);
  assert.equal((await post('maintenance', { job: 'purge-expired-clients' })).removed, 0);
  assert.equal((await post('maintenance', { job: 'purge-expired-clients', asOf })).removed, 1);
  assert.equal((await post('maintenance', { job: 'purge-expired-clients', asOf })).removed, 0);
  await isGone(auth.client('dev/purge/goes'));
  const { clients } = await auth.listClients({ prefix: 'dev/purge/' });
  assert.deepEqual(clients.map((client) => client.clientId), ['dev/purge/kept', 'dev/purge/late']);
  const gone = new taskcluster.Auth({ rootUrl: server.rootUrl, retries: 0,
    credentials: { clientId: 'dev/purge/goes', accessToken: made.goes.accessToken } });
  await assert.rejects(gone.currentScopes(), (error) => error.statusCode === 401);
  const { auditHistory } = await auth.getEntityHistory('client', 'dev/purge/goes');
  assert.deepEqual(auditHistory.map((entry) => entry.actionType), ['created', 'expired']);
});

test('dev mode 3 after a reset there are no secrets, indexed tasks and purge requests', async () => {
  const secrets = service(taskcluster.Secrets);
  const index = service(taskcluster.Index);
  const purge = service(taskcluster.PurgeCache);
  const fill = async () => {
    await secrets.set('dev/one', { secret: { a: 1 }, expires: inSeconds(3600) });
    await index.insertTask('dev.one', { taskId: slugid(), rank: 1, data: {},
      expires: inSeconds(3600) });
    await purge.purgeCache('dev/one', { cacheName: 'one' });
  };
  await fill();
  await reset();
  assert.deepEqual(await secrets.list(), { secrets: [] });
  await isGone(index.findTask('dev.one'));
  assert.deepEqual((await purge.allPurgeRequests()).requests, []);
  await fill();
  // Completed tasks come into the index as before.
  const route = `index.dev.${slugid()}`;
  const id = await completed('dev/indexed', { routes: [route] });
  const found = await until('it is indexed',
    () => index.findTask(route.slice('index.'.length)).catch(() => null));
  assert.equal(found.taskId, id);
});

test('dev mode 3 after a reset there are no clients and roles but those of the configuration', async () => {
  const auth = service(taskcluster.Auth);
  await auth.createClient('dev/one', { expires: inSeconds(3600), description: '', scopes: [] });
  await auth.createRole('dev-role', { description: '', scopes: ['x:y'] });
  await reset();
  await isGone(auth.client('dev/one'));
  await isGone(auth.role('dev-role'));
  assert.equal((await auth.client('static/taskcluster/root')).disabled, false);
  await auth.createClient('dev/one', { expires: inSeconds(3600), description: '', scopes: [] });
  assert.equal((await auth.client('dev/one')).clientId, 'dev/one');
});

const jobs = ['expire-artifacts', 'expire-tasks', 'expire-task-groups', 'expire-task-dependency',
  'expire-queue-messages', 'expire-worker-info', 'purge-expired-clients', 'expire-secrets',
  'expire-index', 'expire-hooks', 'expire-objects', 'expire-worker-pools', 'expire-workers',
  'expire-worker-pool-errors'];

test('dev mode 3 all jobs are known, now and as of a time', async () => {
  for (const job of jobs) {
    const { asOf, ...rest } = await post('maintenance', { job });
    assert.ok(Date.parse(asOf) <= Date.now());
    assert.equal(rest.job, job);
    assert.equal(typeof rest.removed, 'number');
  }
  for (const [body, why] of [[{}, /no job/], [{ job: 'x' }, /'x'.*expire-tasks/], [[], /"job"/],
    [{ job: 'expire-tasks', asOf: 'soon' }, /'soon'/], [{ job: 'expire-tasks', x: 1 }, /'x'/]]) {
    const answer = await call('POST', 'maintenance', body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.code, 'InputError');
    assert.match(answer.body.message, why);
  }
  assert.equal((await call('POST', 'maintenance', '{')).body.code, 'MalformedPayload');
  assert.equal((await call('POST', 'maintenance', `"${'x'.repeat(70000)}"`)).status, 413);
});

test('dev mode 3 the claim timeout changes at run time', async () => {
  const claim = async () => {
    await q.createTask(slugid(), definition({ taskQueueId: 'dev/timeout' }));
    const { tasks } = await q.claimWork('dev/timeout', { ...worker, tasks: 1 });
    return (Date.parse(tasks[0].takenUntil) - Date.now()) / 1000;
  };
  assert.ok(await claim() > 1000);
  assert.deepEqual(await post('config', { claimTimeout: 7 }), { claimTimeout: 7 });
  assert.ok(await claim() <= 7);
  assert.deepEqual(await post('config', { claimTimeout: 1200 }), { claimTimeout: 1200 });
  for (const [body, why] of [[{}, /claimTimeout/], [{ claimTimeout: 0 }, /1 to 86400/],
    [{ claimTimeout: 'x' }, /"x"/], [{ redis: 'x' }, /'redis'/], [[], /claimTimeout/]]) {
    const answer = await call('POST', 'config', body);
    assert.equal(answer.status, 400);
    assert.match(answer.body.message, why);
  }
});

test('dev mode 3 the outbox is empty, as nobody notifies', async () => {
  const answer = await call('GET', 'outbox');
  assert.deepEqual([answer.status, answer.body], [200, { notifications: [] }]);
});

test('dev mode 3 pages of other origins are refused', async () => {
  const answer = await call('POST', 'reset', {}, { origin: 'http://elsewhere.example' });
  assert.equal(answer.status, 403);
  assert.equal((await call('POST', 'config', { claimTimeout: 1200 },
    { origin: server.rootUrl })).status, 200);
});

test('dev mode 2 lets everybody read and publish events', async () => {
  const reader = await Reader.subscribed(server, all);
  reader.send({ publish: { exchange: 'exchange/any/v1/thing', payload: { a: 1 } }, id: 'x' });
  assert.equal((await reader.next('published')).published, 'x');
  assert.deepEqual((await reader.events()).map(({ exchange, payload }) => [exchange, payload]),
    [['exchange/any/v1/thing', { a: 1 }]]);
  await reader.close();
});

test('dev mode 3 with a token only who shows it is let in', async () => {
  const own = await Server.start({ 'dev-mode': true, 'dev-token': 'a-token-of-the-tests' });
  try {
    assert.equal((await call('POST', 'reset', {}, {}, own)).status, 401);
    assert.equal((await call('POST', 'reset', {}, { authorization: 'Bearer other' }, own)).status, 401);
    const shown = { authorization: 'Bearer a-token-of-the-tests' };
    assert.equal((await call('POST', 'reset', {}, shown, own)).status, 200);
    assert.equal((await call('GET', 'outbox', undefined, shown, own)).status, 200);
  } finally {
    await own.stop();
  }
});

test('dev mode 3 is absent unless the server was started so, where operators have maintenance', async () => {
  const own = await Server.start({ clients: [{ clientId: 'static/tests/keeper',
    accessToken: rootToken, scopes: ['troupe:maintenance:expire-tasks'], description: 'keeper' }] });
  try {
    for (const [verb, name] of [['POST', 'reset'], ['POST', 'maintenance'], ['POST', 'config'],
      ['GET', 'outbox']]) {
      const answer = await call(verb, name, verb === 'POST' ? {} : undefined, {}, own);
      const unknown = await call(verb, 'nothing', verb === 'POST' ? {} : undefined, {}, own);
      assert.equal(answer.status, 404);
      assert.equal(answer.body?.code, unknown.body?.code);
    }
    const target = `${own.rootUrl}/api/troupe/v1/maintenance`;
    const keep = async (body) => {
      const { header } = hawk.client.header(target, 'POST', { credentials:
        { id: 'static/tests/keeper', key: rootToken, algorithm: 'sha256' } });
      const response = await fetch(target, { method: 'POST', headers: { authorization: header },
        body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    const done = await keep({ job: 'expire-tasks' });
    assert.deepEqual([done.status, done.body.removed], [200, 0]);
    const refused = await keep({ job: 'expire-artifacts' });
    assert.equal(refused.status, 403);
    assert.match(refused.body.message, /troupe:maintenance:expire-artifacts/);
    const early = await keep({ job: 'expire-tasks', asOf: inSeconds(60) });
    assert.equal(early.status, 400);
    assert.match(early.body.message, /dev mode/);
    assert.equal((await fetch(target, { method: 'POST', body: '{"job":"expire-tasks"}' })).status, 403);
  } finally {
    await own.stop();
  }
});

test('dev mode 1 the root client survives a reset', async () => {
  await reset();
  const response = await asRoot('POST', '/api/troupe/v1/maintenance', { job: 'expire-secrets' });
  assert.equal(response.status, 200);
});
