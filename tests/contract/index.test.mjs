// The index with the stock client: entries by request and by the routes of completed tasks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { bewit, expectError, signed } from './support/http.mjs';
import { ask } from './support/redis.mjs';
import { Server, until } from './support/server.mjs';
import { claim, definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*'] });
});
after(() => server.stop());

const client = (scopes) => new taskcluster.Index({ rootUrl: server.rootUrl, retries: 0,
  credentials: server.credentials, ...(scopes ? { authorizedScopes: scopes } : {}) });
const anonymous = () => new taskcluster.Index({ rootUrl: server.rootUrl, retries: 0 });
const later = inSeconds(3 * 24 * 3600);
const entry = (overrides = {}) => ({ taskId: slugid(), rank: 42, data: { hello: 'world' },
  expires: later, ...overrides });
const insert = (path, overrides) => client().insertTask(path, entry(overrides));
const statusOf = async (call) => (await failure(call)).statusCode;

test('ping', async () => { assert.ok((await client().ping()).alive); });

test('IDX-1 insert, find, and insert with a higher rank', async () => {
  const first = entry({ rank: 41 });
  assert.deepEqual(await client().insertTask('my-ns.my-task', first),
    { namespace: 'my-ns.my-task', ...first });
  assert.equal((await client().findTask('my-ns.my-task')).taskId, first.taskId);
  const second = entry();
  await client().insertTask('my-ns.my-task', second);
  assert.deepEqual(await client().findTask('my-ns.my-task'), { namespace: 'my-ns.my-task', ...second });
});

test('IDX-2 missing ones, and missing scopes', async () => {
  const error = await failure(() => client().findTask('my-ns.no-task'));
  assert.equal(error.statusCode, 404);
  assert.match(error.message, /^Indexed task not found/);
  assert.deepEqual(await client().deleteTask('my-ns.no-task'), {});
  for (const call of ['findTask', 'deleteTask']) {
    const refused = await failure(() => client([])[call]('my-ns.no-task'));
    assert.equal(refused.code, 'InsufficientScopes');
  }
});

test('IDX-6 an expired entry is accepted and not found', async () => {
  await insert('expired.task', { expires: inSeconds(-24 * 3600) });
  assert.equal(await statusOf(() => client().findTask('expired.task')), 404);
});

async function allPages(list, member) {
  const found = [];
  let requests = 0;
  let token;
  do {
    const page = await list(token ? { limit: 1, continuationToken: token } : { limit: 1 });
    assert.ok(page[member].length <= 1);
    found.push(...page[member]);
    token = page.continuationToken;
    ++requests;
  } while (token);
  return { found, requests };
}

describe('lists', () => {
  before(async () => {
    await server.stop();
    server = await Server.start({ anonymous: ['queue:get-artifact:public/*'] });
    for (const path of ['abc', 'abc.def', 'abc.def2', 'bbc', 'bbc.def', 'cbc', 'cbc.def', 'dbc.def2'])
      await insert(path);
    for (const path of ['pqr', 'pqr.stu', 'pqr.stu2', 'ppt', 'ppt.stu'])
      await insert(path, { expires: inSeconds(-2 * 24 * 3600) });
  });

  test('IDX-3 namespaces of the root', async () => {
    const { namespaces, ...rest } = await client().listNamespaces('');
    assert.deepEqual(rest, {});
    assert.deepEqual(namespaces.map((n) => n.name), ['abc', 'bbc', 'cbc', 'dbc']);
    assert.deepEqual(namespaces.map((n) => n.namespace), ['abc', 'bbc', 'cbc', 'dbc']);
  });

  test('IDX-4 the same by pages of one', async () => {
    const { found, requests } = await allPages((q) => client().listNamespaces('', q), 'namespaces');
    assert.deepEqual(found.map((n) => n.name), ['abc', 'bbc', 'cbc', 'dbc']);
    assert.ok(requests >= 4);
  });

  test('IDX-5 tasks of the root, by pages too, and without scopes', async () => {
    assert.deepEqual((await client().listTasks('')).tasks.map((t) => t.namespace), ['abc', 'bbc', 'cbc']);
    const { found } = await allPages((q) => client().listTasks('', q), 'tasks');
    assert.deepEqual(found.map((t) => t.namespace), ['abc', 'bbc', 'cbc']);
    assert.equal(await statusOf(() => client([]).listTasks('')), 403);
    assert.equal(await statusOf(() => client([]).listNamespaces('')), 403);
    await client(['index:list-tasks:', 'index:list-namespaces:']).listTasks('');
    await client(['index:list-tasks:abc']).listTasks('abc');
    assert.equal(await statusOf(() => client(['index:list-tasks:abc']).listTasks('bbc')), 403);
  });

  test('IDX-7 ten children, one by one', async () => {
    for (let i = 0; i < 10; ++i) await insert(`bbc.child-${i}.some-task`);
    await client().deleteTask('bbc.def');
    const { found } = await allPages((q) => client().listNamespaces('bbc', q), 'namespaces');
    assert.deepEqual(found.map(({ namespace, name }) => [namespace, name]),
      Array.from({ length: 10 }, (_, i) => [`bbc.child-${i}`, `child-${i}`]));
  });

  test('IDX-18 the root with and without a slash', async () => {
    const answers = [];
    for (const way of ['', '/'])
      answers.push(await (await signed(server, 'GET', `/api/index/v1/namespaces${way}`)).json());
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(answers[0].namespaces.length, 4);
    await expectError(await signed(server, 'GET', '/api/index/v1/tasks/a..b'), 400,
      'InvalidRequestArguments');
    await expectError(await signed(server, 'GET', '/api/index/v1/tasks?continuationToken=!!'), 400,
      'InputError', 'Invalid continuation token');
  });

  test('lists by POST, as old clients ask', async () => {
    const list = async (path, body) =>
      (await signed(server, 'POST', `/api/index/v1/${path}`, JSON.stringify(body))).json();
    assert.equal((await list('namespaces', {})).namespaces.length, 4);
    const page = await list('tasks', { limit: 1 });
    assert.deepEqual(page.tasks.map((t) => t.namespace), ['abc']);
    const next = await list('tasks', { limit: 2, continuationToken: page.continuationToken });
    assert.deepEqual(next.tasks.map((t) => t.namespace), ['bbc', 'cbc']);
    assert.equal(next.continuationToken, undefined);
    await expectError(await signed(server, 'POST', '/api/index/v1/tasks/?limit=1', '{}'), 400,
      'InvalidRequestArguments');
  });
});

test('IDX-8 deleting an entry leaves its namespace', async () => {
  await insert('some.testing.name');
  await insert('some.testing.name.below');
  await client().deleteTask('some.testing.name');
  const error = await failure(() => client().findTask('some.testing.name'));
  assert.equal(error.code, 'ResourceNotFound');
  assert.deepEqual((await client().listNamespaces('some.testing')).namespaces.map((n) => n.name), ['name']);
});

test('IDX-17 ranks, also against what has expired', async () => {
  const high = await insert('ranks.task', { rank: 10 });
  assert.deepEqual(await insert('ranks.task', { rank: 9 }), high);
  assert.deepEqual(await client().findTask('ranks.task'), high);
  const equal = await insert('ranks.task', { rank: 10, expires: inSeconds(60) });
  assert.deepEqual(await client().findTask('ranks.task'), equal);
  assert.equal((await insert('ranks.negative', { rank: -5 })).rank, -5);
  assert.equal((await insert('ranks.large', { rank: 2 ** 40 })).rank, 2 ** 40);
});

test('IDX-19 bad paths and bodies', async () => {
  const put = (path, change = {}, body = entry()) => signed(server, 'PUT',
    `/api/index/v1/task/${path}`, JSON.stringify(body), {}, change);
  for (const path of ['a.b%2Fc', 'a..b', 'a%20b']) {
    await expectError(await put(path), 400, 'InvalidRequestArguments');
    await expectError(await put(path, { id: 'static/tests/narrow' }), 403, 'InsufficientScopes');
  }
  await expectError(await put('x'.repeat(256)), 400, 'InputError');
  assert.equal((await put('x'.repeat(255))).status, 200);
  await expectError(await put('fraction', {}, entry({ rank: 1.5 })), 400, 'InputError');
  await expectError(await put('large', {}, entry({ data: { x: 'x'.repeat(33000) } })), 400, 'InputError');
  await expectError(await put('more', {}, entry({ more: 1 })), 400, 'InputValidationError');
  assert.equal((await put('a.%252F')).status, 200);
  assert.equal((await client().findTask('a.%2F')).namespace, 'a.%2F');
});

test('IDX-20 IDX-21 IDX-22 many at once', async () => {
  await insert('my-task', { rank: 40 });
  const r1 = await insert('my-task', { rank: 41 });
  await insert('my-task2');
  await insert('my-task3', { rank: 44, expires: inSeconds(-60) });
  const r3 = await insert('my-task3', { rank: 43 });
  const indexes = ['my-task', 'my-task3'];
  const find = (list, query) => client().findTasksAtIndex({ indexes: list }, query);
  assert.deepEqual(await find(indexes), { tasks: [r1, r3] });
  assert.deepEqual(await find(['my-task3', 'not/a-path', 'missing', 'my-task', 'my-task3']),
    { tasks: [r3, r1] });

  const { continuationToken, ...first } = await find(indexes, { limit: 1 });
  assert.deepEqual(first, { tasks: [r1] });
  const next = { limit: 1, continuationToken };
  assert.deepEqual(await find([], next), { tasks: [] });
  assert.deepEqual(await find(['my-task3', 'whatever'], next), { tasks: [] });
  assert.deepEqual(await find(indexes, next), { tasks: [r3] });

  const error = await failure(() => client(['index:find-task:my-task'])
    .findTasksAtIndex({ indexes }));
  assert.equal(error.statusCode, 403);
  assert.match(error.message, /index:find-task:my-task3/);
  assert.deepEqual(await anonymous().findTasksAtIndex({ indexes: [] }), { tasks: [] });
});

// -- by routes ------------------------------------------------------------------------------------

async function complete(task, outcome = 'reportCompleted') {
  const q = queue(server);
  const taskId = slugid();
  await q.createTask(taskId, definition(task));
  const claims = await claim(q);
  assert.deepEqual(claims.map((c) => c.status.taskId), [taskId]);
  await q[outcome](taskId, 0);
  return taskId;
}

const found = (path) => until(`${path} is in the index`, () => client().findTask(path).catch(() => null));

test('IDX-9 routes of a completed task', async () => {
  const taskId = await complete({ routes: ['index', 'index.routed', 'index.routed.my-indexed-thing',
    'index.routed.my-indexed-thing-again', 'index.routed.one-ns.x', 'index.routed.another-ns.y',
    'index.routed.slash/things-are-ignored', 'index.bad..path'] });
  for (const path of ['routed', 'routed.my-indexed-thing', 'routed.my-indexed-thing-again'])
    assert.equal((await found(path)).taskId, taskId);
  const { tasks } = await client().listTasks('routed');
  assert.deepEqual(tasks.map((t) => t.taskId), [taskId, taskId]);
  assert.deepEqual((await client().listNamespaces('routed')).namespaces.map((n) => n.name),
    ['another-ns', 'one-ns']);
  await expectError(await signed(server, 'GET', '/api/index/v1/task/routed.slash%2Fthings-are-ignored'),
    400, 'InvalidRequestArguments');
  const { expires } = await queue(server).task(taskId);
  assert.deepEqual(await client().findTask('routed'), { namespace: 'routed', taskId, rank: 0, data: {}, expires });
});

test('IDX-10 extra.index is used, and told to be wrong when it is', async () => {
  const options = { rank: 42, expires: inSeconds(7200), data: { hello: ['world'] } };
  const taskId = await complete({ routes: ['index.options.good'], extra: { index: options } });
  assert.deepEqual(await found('options.good'), { namespace: 'options.good', taskId, ...options });
  for (const index of [{ rank: 'high' }, { data: [] }, { expires: 'soon' }, { rank: null }, [1]])
    await complete({ routes: ['index.options.bad'], extra: { index } });
  await complete({ routes: ['index.options.behind'] });
  await found('options.behind');
  assert.equal(await statusOf(() => client().findTask('options.bad')), 404);
  await until('the log names path and reason', () => server.log.includes('options.bad: its extra.index'));
});

test('failed tasks are not indexed', async () => {
  await complete({ routes: ['index.failed.task'] }, 'reportFailed');
  await complete({ routes: ['index.failed.behind'] });
  await found('failed.behind');
  assert.equal(await statusOf(() => client().findTask('failed.task')), 404);
});

test('no route of a completed task is lost in a crash', async () => {
  const tasks = new Map();
  for (let round = 0; round < 6; ++round) {
    for (let i = 0; i < 10; ++i) {
      const path = `crash.${round}.task-${i}`;
      tasks.set(path, await complete({ routes: [`index.${path}`] }));
    }
    await server.restart('SIGKILL');
  }
  for (const [path, taskId] of tasks) assert.equal((await found(path)).taskId, taskId);
});

test('a crash amid reports: what was acknowledged gets into the index, and nothing else is wrong', async () => {
  for (let round = 0; round < 3; ++round) {
    const q = queue(server);
    const ids = Array.from({ length: 60 }, () => slugid());
    const path = (taskId) => `amid.${round}.t${ids.indexOf(taskId)}`;
    await Promise.all(ids.map((id) => q.createTask(id, definition({ routes: [`index.${path(id)}`] }))));
    const claimed = [];
    while (claimed.length < ids.length) claimed.push(...await claim(q, 32));
    const reports = ids.map((id) => q.reportCompleted(id, 0).then(() => id, () => null));
    await Promise.race(reports);
    await server.restart('SIGKILL');
    const acknowledged = (await Promise.all(reports)).filter(Boolean);
    assert.ok(acknowledged.length > 0);
    for (const id of acknowledged) assert.equal((await found(path(id))).taskId, id);
    for (const id of ids) {
      const { status } = await queue(server).status(id);
      if (status.state === 'completed') await found(path(id));
      else await q.reportCompleted(id, 0);
    }
  }
});

test('what the log has is indexed, even when nothing is known of it any more', async () => {
  const taskId = await complete({ routes: ['index.forgotten.task'] });
  await found('forgotten.task');
  const kept = await insert('forgotten.other');
  await server.kill();
  for (const what of ['places', 'tasks']) ask(server.redis, 'DEL', `troupe:{index}:${what}`);
  await server.launch();
  assert.equal((await found('forgotten.task')).taskId, taskId);
  assert.equal(await statusOf(() => client().findTask('forgotten.other')), 404);
  assert.ok(kept.taskId);
});

test('entries by request survive a crash, and later ones are not undone by the log', async () => {
  await complete({ routes: ['index.order.task'] });
  await found('order.task');
  const newer = await insert('order.task', { rank: 0 });
  const gone = await insert('order.gone');
  await client().deleteTask('order.gone');
  await server.restart();
  await complete({ routes: ['index.order.behind'] });
  await found('order.behind');
  assert.deepEqual(await client().findTask('order.task'), newer);
  assert.equal(await statusOf(() => client().findTask('order.gone')), 404);
  assert.equal(gone.namespace, 'order.gone');
});

test('what has expired leaves Redis, too', async () => {
  await insert('leaves.soon', { expires: inSeconds(0.2) });
  await server.restart();
  await until('it is deleted', () =>
    ask(server.redis, 'HGET', 'troupe:{index}:tasks', 'leaves.soon') === null, 70000);
});

// -- artifacts ------------------------------------------------------------------------------------

describe('artifacts', () => {
  let taskId;
  const elsewhere = 'https://example.com/build.zip';
  const get = (resource, signedBy = true) => (signedBy
    ? signed(server, 'GET', resource) : fetch(server.rootUrl + resource, { redirect: 'manual' }));
  const way = (name, path = 'artifacts.task') =>
    `/api/index/v1/task/${path}/artifacts/${name}`;

  before(async () => {
    const q = queue(server);
    taskId = slugid();
    await q.createTask(taskId, definition({ routes: ['index.artifacts.task'] }));
    await claim(q);
    for (const name of ['public/build.zip', 'not-public/abc.zip'])
      await q.createArtifact(taskId, 0, name, { storageType: 'reference', expires: inSeconds(3600),
        url: elsewhere, contentType: 'application/zip' });
    await q.createArtifact(taskId, 0, 'public/error', { storageType: 'error', expires: inSeconds(3600),
      reason: 'file-missing-on-worker', message: 'is not there' });
    await q.reportCompleted(taskId, 0);
    await found('artifacts.task');
  });

  test('IDX-11 a public one: straight to its own URL', async () => {
    for (const by of [false, true]) {
      const response = await get(way('public/build.zip'), by);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get('location'), elsewhere);
    }
  });

  test('IDX-12 a private one: to the queue, signed', async () => {
    for (const resource of [way('not-public/abc.zip'), way('not-public%2Fabc.zip')]) {
      const response = await fetch(`${server.rootUrl}${resource}?bewit=${bewit(server, resource)}`,
        { redirect: 'manual' });
      assert.equal(response.status, 303);
      const location = response.headers.get('location');
      assert.ok(location.startsWith(
        `${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/not-public%2Fabc.zip?bewit=`), location);
      const followed = await fetch(location, { redirect: 'manual' });
      assert.equal(followed.status, 303);
      assert.equal(followed.headers.get('location'), elsewhere);
    }
  });

  test('IDX-13 without the scope 403', async () => {
    await expectError(await get(way('not-public/abc.zip'), false), 403, 'InsufficientScopes');
    await expectError(await get(way('public/build.zip', 'artifacts.none'), false), 404,
      'ResourceNotFound', 'Indexed task not found');
  });

  test('IDX-14 a public one that is not there, or has no URL: to the queue, unsigned', async () => {
    for (const name of ['public/none.zip', 'public/error']) {
      const response = await get(way(name), false);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get('location'),
        `${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/${encodeURIComponent(name)}`);
    }
  });

  test('IDX-15 public is what everybody may read', async () => {
    const isPublic = async (name) => {
      const response = await get(way(name));
      assert.equal(response.status, 303);
      return !response.headers.get('location').includes('bewit=');
    };
    assert.deepEqual(await Promise.all(
      ['public/build.zip', 'public/x', 'publicly', 'private/x', 'public'].map(isPublic)),
    [true, true, false, false, false]);
  });
});
