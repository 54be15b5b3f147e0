// POST /api/troupe/v1/task-graph: many tasks in one call, all or none.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { rootToken, Server, sleep, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { Place } from './support/programs.mjs';
import { createGraph, graphPath, graphText, layered, narrowed, postText } from './support/graphs.mjs';
import { hawk } from './support/http.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-wait': 20,
    clients: [{ clientId: 'static/tests/maker', accessToken: rootToken,
      description: 'may create tasks of one queue', scopes: ['queue:create-task:lowest:graphs/*',
        'queue:create-task:project:none', 'queue:scheduler-id:my-scheduler'] }] });
  q = queue(server);
});
after(() => server?.stop());

const fresh = (overrides = {}) => definition({ taskQueueId: `graphs/q${number++}`, ...overrides });
const key = () => `graph ${number++}`;
const state = async (id) => (await q.status(id)).status.state;
const isAbsent = async (id) => (await failure(() => q.status(id))).statusCode === 404;

async function members(groupId) {
  const all = [];
  let continuationToken;
  do {
    const page = await q.listTaskGroup(groupId, continuationToken ? { continuationToken } : {});
    all.push(...page.tasks);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  return all;
}

// Fails with that code, and creates nothing.
async function refused(graph, status, code, pattern, options) {
  const answer = await createGraph(server, key(), graph, options);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.code, code);
  assert.match(answer.body.message, pattern);
  for (const [id] of graph) assert.ok(await isAbsent(id), `${id} exists`);
  return answer.body;
}

test('a graph in reverse order is created with all that createTask would make of it', async () => {
  const graph = layered(2000, fresh());
  const def = graph[0][1];
  const k = key();
  const answer = await createGraph(server, k, [...graph].reverse());
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual({ ...answer.body, graphId: '', decided: '' }, { graphId: '', key: k,
    created: 2000, decided: '', expires: def.deadline });
  assert.match(answer.body.graphId, /^[A-Za-z0-9_-]{22}$/);
  // Everything is there when the call has been answered.
  const found = await members(def.taskGroupId);
  assert.deepEqual(found.map((m) => m.status.taskId).sort(), graph.map(([id]) => id).sort());
  const wanted = new Map(graph);
  let pending = 0;
  for (const { status, task } of found) {
    const has = wanted.get(status.taskId).dependencies.length > 0;
    assert.equal(status.state, has ? 'unscheduled' : 'pending');
    assert.equal(status.runs.length, has ? 0 : 1);
    pending += has ? 0 : 1;
    assert.deepEqual(task.dependencies, wanted.get(status.taskId).dependencies);
  }
  assert.equal((await q.taskQueueCounts(def.taskQueueId)).pendingTasks, pending);
  // Somebody else's createTask of the same says so.
  const [id, like] = graph[7];
  assert.equal((await q.createTask(id, like)).status.taskId, id);
  const dependents = await q.listDependentTasks(graph[0][0]);
  assert.deepEqual(dependents.tasks.map((t) => t.status.taskId).sort(),
    graph.filter(([, d]) => d.dependencies.includes(graph[0][0])).map(([i]) => i).sort());
});

test('a worker takes a graph and finishes it in the order of its dependencies', async () => {
  const graph = layered(60, fresh());
  const def = graph[0][1];
  assert.equal((await createGraph(server, key(), graph)).status, 200);
  const wanted = new Map(graph);
  const done = new Set();
  while (done.size < graph.length) {
    const { tasks } = await q.claimWork(def.taskQueueId,
      { workerGroup: 'g', workerId: 'w', tasks: 8 });
    assert.ok(tasks.length > 0, `stuck at ${done.size}`);
    for (const { status } of tasks) {
      for (const required of wanted.get(status.taskId).dependencies)
        assert.ok(done.has(required));
      await q.reportCompleted(status.taskId, 0);
      done.add(status.taskId);
    }
  }
  for (const [id] of graph) assert.equal(await state(id), 'completed');
});

test('the events of a graph are those of createTask, and are handed over before the answer', async () => {
  const probe = fresh();
  const events = await Events.open(server, () => q.createTask(slugid(), { ...probe,
    taskGroupId: slugid() }));
  try {
    const one = slugid();
    const two = slugid();
    const like = slugid();
    const def = fresh({ routes: ['index.of.graphs'] });
    await q.createTask(like, def);
    assert.equal((await createGraph(server, key(), [[two, { ...def, dependencies: [one] }],
      [one, def]])).status, 200);
    // What is caused by a later call comes behind them.
    const last = slugid();
    await q.createTask(last, fresh());
    await events.wait(last, 'task-pending');
    assert.deepEqual(events.names(one), ['task-defined', 'task-pending']);
    assert.deepEqual(events.names(two), ['task-defined']);
    const plain = (id, name) => {
      const [{ payload, routingKey, cc }] = events.of(id, name);
      return JSON.parse(JSON.stringify({ payload, routingKey, cc }).replaceAll(id, 'ID')
        .replace(/"scheduled":"[^"]*"/g, '"scheduled":""'));
    };
    for (const name of ['task-defined', 'task-pending'])
      assert.deepEqual(plain(one, name), plain(like, name));
  } finally {
    events.close();
  }
});

test('cycles are refused with the tasks named in order', async () => {
  const ids = Array.from({ length: 5 }, () => slugid());
  const def = fresh();
  const graph = ids.map((id, i) => [id, { ...def, dependencies: i === 0 ? [] :
    [ids[i === 4 ? 3 : i === 1 ? 4 : i - 1]] }]);
  // 1 -> 4 -> 3 -> 2 -> 1
  const error = await refused(graph, 400, 'InputError', /depend on each other in a circle/);
  const { cycle } = error.requestInfo ? error.details ?? {} : {};
  const named = [...error.message.matchAll(/ \* (\S{22})/g)].map((m) => m[1]);
  assert.equal(named.length, 4);
  if (cycle) assert.deepEqual(cycle, named);
  named.forEach((id, i) => assert.deepEqual(new Map(graph).get(id).dependencies,
    [named[(i + 1) % named.length]]));
  assert.ok(!named.includes(ids[0]));
});

test('a task that depends on itself waits to be scheduled, as with createTask', async () => {
  const [one, two] = [slugid(), slugid()];
  const def = fresh();
  assert.equal((await createGraph(server, key(), [[one, { ...def, dependencies: [one] }],
    [two, { ...def, dependencies: [one] }]])).status, 200);
  assert.equal(await state(one), 'unscheduled');
  await q.scheduleTask(one);
  assert.equal(await state(one), 'pending');
  assert.equal(await state(two), 'unscheduled');
});

test('dependencies outside the graph must exist, and count when they are resolved', async () => {
  const outside = slugid();
  const done = slugid();
  const def = fresh();
  await q.createTask(outside, def);
  await q.createTask(done, { ...def, taskGroupId: slugid() });
  const [one, two, three] = [slugid(), slugid(), slugid()];
  const missing = slugid();
  await refused([[one, def], [two, { ...def, dependencies: [one, missing] }]], 400, 'InputError',
    new RegExp(`${two}: Every dependency must[^]*${missing}`));
  await q.claimTask(done, 0, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(done, 0);
  assert.equal((await createGraph(server, key(), [[one, { ...def, dependencies: [outside] }],
    [two, { ...def, dependencies: [one] }], [three, { ...def, dependencies: [done] }]])).status, 200);
  assert.equal(await state(one), 'unscheduled');
  assert.equal(await state(three), 'pending');
  assert.deepEqual((await q.listDependentTasks(outside)).tasks.map((t) => t.status.taskId), [one]);
  await q.claimTask(outside, 0, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(outside, 0);
  await until('it is freed', async () => (await state(one)) === 'pending');
  assert.equal(await state(two), 'unscheduled');
});

test('a dependency that expires before the deadline of who depends on it is refused', async () => {
  const [one, two] = [slugid(), slugid()];
  const def = fresh();
  await refused([[one, { ...def, deadline: inSeconds(60), expires: inSeconds(120) }],
    [two, { ...def, dependencies: [one] }]], 400, 'InputError',
  new RegExp(`${two}: its dependency ${one} expires`));
});

test('an id that is taken spoils the whole graph, and all that are are named', async () => {
  const [one, two, three, four] = [slugid(), slugid(), slugid(), slugid()];
  const def = fresh();
  await q.createTask(two, def);
  await q.createTask(four, def);
  const answer = await createGraph(server, key(), [[one, def], [two, def],
    [three, def], [four, { ...def, payload: {} }]]);
  assert.equal(answer.status, 409);
  assert.equal(answer.body.code, 'RequestConflict');
  assert.match(answer.body.message, new RegExp(`2 of 4[^]*${two}: a task of this id[^]*${four}: `));
  for (const id of [one, three]) assert.ok(await isAbsent(id));
  // What is refused leaves nothing behind: the ids can be used.
  assert.equal((await createGraph(server, key(), [[one, def], [three, def]])).status, 200);
});

test('a sealed group, and one of another scheduler, refuse the graph', async () => {
  const def = fresh();
  await q.createTask(slugid(), def);
  await q.sealTaskGroup(def.taskGroupId);
  await refused([[slugid(), fresh()], [slugid(), def]], 409, 'RequestConflict', /was sealed/);
  const other = fresh();
  await refused([[slugid(), other], [slugid(), { ...other, schedulerId: 'another' }]], 409,
    'RequestConflict', /belongs to the scheduler/);
  // The group of a refused graph does not come into being.
  assert.equal((await failure(() => q.getTaskGroup(other.taskGroupId))).statusCode, 404);
  assert.equal((await createGraph(server, key(), [[slugid(),
    { ...other, schedulerId: 'another' }]])).status, 200);
});

test('each task needs the scopes that createTask asks for', async () => {
  const [one, two] = [slugid(), slugid()];
  const def = fresh();
  const narrow = { authorization: narrowed(server, ['queue:create-task:lowest:graphs/*',
    'queue:create-task:project:none', 'queue:scheduler-id:my-scheduler', 'assume:x']) };
  assert.equal((await createGraph(server, key(), [[slugid(), def]], narrow)).status, 200);
  for (const [change, scope] of [[{ scopes: ['secrets:get:x'] }, 'secrets:get:x'],
    [{ routes: ['a.b'] }, 'queue:route:a.b'], [{ priority: 'high' }, 'queue:create-task:high'],
    [{ schedulerId: 'other' }, 'queue:scheduler-id:other'],
    [{ projectId: 'p' }, 'queue:create-task:project:p']])
    await refused([[one, def], [two, { ...def, ...change }]], 403, 'InsufficientScopes',
      new RegExp(`1 of 2[^]*${two}: client static/taskcluster/root needs[^]*${scope}`),
      { authorization: narrowed(server, ['queue:create-task:lowest:graphs/*',
        'queue:create-task:project:none', 'queue:scheduler-id:my-scheduler']) });
  // Who may create no task at all hears it before the body is taken.
  const nobody = await createGraph(server, key(), [[one, def]], { authorization: null });
  assert.equal(nobody.status, 403);
  assert.equal(nobody.body.code, 'InsufficientScopes');
  const pinger = await createGraph(server, key(), [[one, def]],
    { authorization: hawk(server, 'POST', graphPath, { id: 'static/tests/narrow' }) });
  assert.equal(pinger.status, 403);
  const bad = await createGraph(server, key(), [[one, def]],
    { authorization: hawk(server, 'POST', graphPath, { key: 'another' }) });
  assert.equal(bad.status, 401);
  assert.equal(bad.body.code, 'AuthenticationFailed');
});

test('the hash of a body, when it is signed, is checked', async () => {
  const hashOf = (text) => createHash('sha256')
    .update(`hawk.1.payload\napplication/json\n${text}\n`).digest('base64');
  const id = slugid();
  const text = graphText(key(), [[id, fresh()]]);
  const wrong = await postText(server, text,
    { authorization: hawk(server, 'POST', graphPath, { hash: hashOf('other') }) });
  assert.equal(wrong.status, 401);
  assert.ok(await isAbsent(id));
  const right = await postText(server, text,
    { authorization: hawk(server, 'POST', graphPath, { hash: hashOf(text) }) });
  assert.equal(right.status, 200, right.text);
});

test('bad tasks are named, all of them', async () => {
  const ids = Array.from({ length: 4 }, () => slugid());
  const def = fresh();
  const error = await refused([[ids[0], def], [ids[1], { ...def, retries: 'many' }],
    [ids[2], { ...def, metadata: undefined }], [ids[3], def]], 400, 'InputValidationError',
  new RegExp(`2 of 4[^]*${ids[1]}: [^]*retries[^]*${ids[2]}: [^]*metadata`));
  assert.ok(!error.message.includes(ids[3]));
  await refused([[ids[0], { ...def, deadline: inSeconds(-60) }]], 400, 'InputError',
    new RegExp(`${ids[0]}: `));
  await refused([[ids[0], { ...def, created: inSeconds(-3600) }]], 400, 'InputError', /'created'/);
  await refused([[ids[0], { ...def, scopes: ['a**'] }]], 400, 'InputError', /'\*\*'/);
  const twice = await createGraph(server, key(), [[ids[0], def], [ids[0], def]]);
  assert.equal(twice.status, 400);
  assert.match(twice.body.message, /two tasks of this id/);
  const noId = await createGraph(server, key(), [['no-slugid', def]]);
  assert.match(noId.body.message, /no-slugid: a taskId must be a slugid/);
});

test('bad bodies get clear errors', async () => {
  const bad = async (text, status, code, pattern, options) => {
    const answer = await postText(server, text, options);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.code, code);
    assert.match(answer.body.message, pattern);
  };
  const id = slugid();
  await bad('', 400, 'MalformedPayload', /ends too early/);
  await bad('[]', 400, 'MalformedPayload', /must be an object at byte 0/);
  await bad('{"key":"a","tasks":{', 400, 'MalformedPayload', /ends too early/);
  await bad('{"key":"a" "tasks":{}}', 400, 'MalformedPayload', /a comma is expected at byte 11/);
  await bad('{"key":"a",}', 400, 'MalformedPayload', /a name in quotes/);
  await bad('{"key":"a","tasks":{}} x', 400, 'MalformedPayload', /behind the end/);
  await bad(`{"key":"a","tasks":{"${id}":{,}}}`, 400, 'MalformedPayload', new RegExp(`${id}: Failed`));
  await bad(`{"key":"a","tasks":{"${id}":7}}`, 400, 'MalformedPayload', /must be an object/);
  await bad('{"key":"a","tasks":{}}', 400, 'InputValidationError', /1 to 10000/);
  await bad('{"key":"a","tasks":[]}', 400, 'InputValidationError', /'tasks' is not a member|needs 'tasks'/);
  await bad('{"key":"a"}', 400, 'InputValidationError', /needs 'tasks'/);
  for (const k of ['""', '7', '"a\\nb"', `"${'k'.repeat(101)}"`])
    await bad(`{"key":${k},"tasks":{"${id}":{}}}`, 400, 'InputValidationError', /'key'/);
  await bad(`{"tasks":{"${id}":{}},"more":1}`, 400, 'InputValidationError', /'more' is not a member/);
  await bad('{}', 400, 'MalformedPayload', /content-type/,
    { headers: { 'content-type': 'text/plain' } });
  await bad('{}', 415, 'MalformedPayload', /without content encoding/,
    { headers: { 'content-encoding': 'gzip' } });
});

test('a repeated call is answered the same, and other content is refused', async () => {
  const k = key();
  const [one, two] = [slugid(), slugid()];
  const def = fresh({ retries: 3 });
  const graph = [[one, def], [two, { ...def, dependencies: [one] }]];
  const first = await createGraph(server, k, graph);
  assert.equal(first.status, 200, first.text);
  await q.cancelTask(one);
  // In another order, with other texts for the same.
  const shuffle = (d) => Object.fromEntries(Object.entries(d).reverse());
  const again = await postText(server, graphText(k, [[two, shuffle(graph[1][1])],
    [one, shuffle(def)]]).replaceAll('"retries":3', '"retries": 3.0'));
  assert.deepEqual(again.body, first.body);
  assert.equal(again.status, 200);
  assert.equal(await state(one), 'exception');
  for (const other of [[[one, def]], [[one, def], [two, def]],
    [...graph, [slugid(), def]]]) {
    const answer = await createGraph(server, k, other);
    assert.equal(answer.status, 409);
    assert.equal(answer.body.code, 'RequestConflict');
    assert.match(answer.body.message, /was used for a graph of other tasks/);
  }
  // Whoever may not create them learns nothing by repeating.
  const narrow = await createGraph(server, k, graph, { authorization: narrowed(server,
    ['queue:create-task:lowest:elsewhere/*']) });
  assert.equal(narrow.status, 403);
  await server.restart();
  assert.deepEqual((await createGraph(server, k, graph)).body, first.body);
});

test('the same call many times at once creates the graph once', async () => {
  const k = key();
  const graph = layered(300, fresh());
  const answers = await Promise.all(Array.from({ length: 4 }, () => createGraph(server, k, graph)));
  for (const answer of answers) {
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, answers[0].body);
  }
  assert.equal((await members(graph[0][1].taskGroupId)).length, 300);
});

test('graphs with tasks in common do not wait for each other', async () => {
  const def = fresh();
  const shared = Array.from({ length: 200 }, () => slugid());
  const pair = [[...shared], [...shared].reverse()].map((ids) =>
    [...ids, slugid()].map((id) => [id, def]));
  const answers = await Promise.all(pair.map((graph) => createGraph(server, key(), graph)));
  assert.ok(answers.every((a) => [200, 409].includes(a.status)));
  const won = answers.filter((a) => a.status === 200).length;
  assert.ok(won <= 1);
  const absent = await Promise.all(shared.map((id) =>
    q.status(id).then(() => false, (error) => error.statusCode === 404)));
  assert.equal(absent.filter((is) => !is).length, won * shared.length);
  // Neither leaves anything behind that would keep the ids.
  const after = await createGraph(server, key(), pair[0]);
  assert.equal(after.status, won === 0 ? 200 : 409, after.text);
});

test('who asks for a task of a graph that is being made waits for its end', async () => {
  const graph = layered(1500, fresh());
  const last = graph[graph.length - 1];
  const call = createGraph(server, key(), graph);
  let served = 0;
  let seen = false;
  let busy = true;
  call.finally(() => { busy = false; });
  while (busy) {
    // Once one is seen, all are.
    const error = await q.status(last[0]).then(() => null, (e) => e);
    if (seen) assert.equal(error, null);
    if (!error) {
      seen = true;
      assert.equal((await q.status(graph[1][0])).status.taskId, graph[1][0]);
    }
    ++served;
  }
  assert.equal((await call).status, 200);
  assert.ok(served > 0);
});

test('others are served while a large graph is made, and 10,000 tasks are the most', async () => {
  const small = { ...fresh(), payload: {}, tags: {} };
  const text = graphText(key(), Array.from({ length: 10001 }, () => [slugid(), small]));
  const answer = await postText(server, text).catch((error) => error);
  if (answer.status) {
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.body.message, /at most 10000 tasks/);
  } else {
    assert.ok(['EPIPE', 'ECONNRESET'].includes(answer.code), String(answer));
  }
  const graph = layered(10000, fresh());
  let busy = true;
  const call = createGraph(server, key(), graph).finally(() => { busy = false; });
  const def = fresh();
  let served = 0;
  while (busy) {
    const id = slugid();
    await q.createTask(id, def);
    await q.cancelTask(id);
    if (busy) ++served;
  }
  assert.equal((await call).status, 200, (await call).text);
  assert.ok(served > 10, `${served}`);
  assert.equal((await members(graph[0][1].taskGroupId)).length, 10000);
});

test('a body has 64 MiB at most, which other methods do not take', async () => {
  const def = fresh({ payload: { text: 'x'.repeat(700_000) } });
  const graph = Array.from({ length: 20 }, () => [slugid(), def]);
  assert.equal((await createGraph(server, key(), graph)).status, 200);
  const answer = await postText(server, '{}', { headers: { 'content-length': 64 * 1024 * 1024 + 1 } })
    .catch((error) => error);
  if (answer.status) {
    assert.equal(answer.status, 413);
    assert.equal(answer.body.code, 'InputTooLarge');
  } else {
    assert.ok(['EPIPE', 'ECONNRESET'].includes(answer.code), String(answer));
  }
  const big = await failure(() => q.createTask(slugid(),
    fresh({ payload: { text: 'x'.repeat(11 * 1024 * 1024) } })));
  assert.ok(big.statusCode === 413 || /EPIPE|ECONNRESET/.test(big.message + big.code), String(big));
});

test('troupe graph creates the tasks of a file, JSON or YAML', async () => {
  const place = new Place();
  try {
    const run = (...args) => place.run(['graph', '--data', server.data, ...args]);
    const file = (name, text) => {
      fs.writeFileSync(path.join(place.directory, name), text);
      return path.join(place.directory, name);
    };
    const [one, two] = [slugid(), slugid()];
    const def = fresh();
    const good = run(file('a.json', graphText(key(), [[one, def]])));
    assert.deepEqual(await good.ended, { code: 0, signal: null }, good.err);
    assert.equal(good.out, 'created 1 tasks\n');
    assert.equal(await state(one), 'pending');
    const yaml = file('b.yml', `tasks:
  ${two}:
    taskQueueId: ${def.taskQueueId}
    schedulerId: my-scheduler
    retries: 2
    created: "${def.created}"
    deadline: "${def.deadline}"
    payload: {command: [["/bin/true"]], maxRunTime: 60, fast: true, nothing: null, text: "12"}
    metadata: {name: two, description: d, owner: o@example.com, source: https://example.com}
`);
    const k = key();
    const whole = run('--json', '--key', k, yaml);
    assert.deepEqual(await whole.ended, { code: 0, signal: null }, whole.err);
    assert.equal(JSON.parse(whole.out).key, k);
    const { payload, retries } = await q.task(two);
    assert.equal(retries, 2);
    assert.deepEqual(payload, { command: [['/bin/true']], maxRunTime: 60, fast: true,
      nothing: null, text: '12' });
    for (const [args, code, said] of [[[yaml], 2, /needs a 'key'/],
      [[file('c.json', '{')], 2, /c\.json is no task graph/],
      [[file('d.yml', 'a: [')], 2, /d\.yml is no task graph/], [['nowhere'], 2, /cannot read nowhere/],
      [[], 2, /file is required/],
      [['--client-id', 'static/tests/narrow', '--access-token', rootToken, '--key', key(), yaml], 4,
        /queue:create-task/]]) {
      const bad = run(...args);
      assert.deepEqual(await bad.ended, { code, signal: null }, bad.err);
      assert.match(bad.err, said);
      assert.equal(bad.out, '');
    }
  } finally {
    await place.clear();
  }
});

test('a caller that leaves does not stop its graph', async () => {
  const graph = layered(1000, fresh());
  const k = key();
  const { request } = await import('node:http');
  const url = new URL(server.rootUrl);
  const text = graphText(k, graph);
  await new Promise((resolve) => {
    const call = request({ host: url.hostname, port: url.port, path: graphPath, method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text),
        authorization: hawk(server, 'POST', graphPath) } });
    call.on('error', resolve);
    call.end(text, () => setTimeout(() => { call.destroy(); resolve(); }, 5));
  });
  await sleep(50);
  const answer = await createGraph(server, k, graph);
  assert.equal(answer.status, 200);
  assert.equal((await members(graph[0][1].taskGroupId)).length, 1000);
});
