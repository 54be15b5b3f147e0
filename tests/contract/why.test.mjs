// Which scopes does a call take? POST /api/troupe/v1/why and `troupe auth why`.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { Place } from './support/programs.mjs';
import { rootToken, Server } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let place;
let references;
let Asker;

before(async () => {
  server = await Server.start({ 'claim-wait': 1, anonymous: ['queue:pending-count:for/everybody'] });
  place = new Place();
  const { references: urls } = await (await fetch(
    `${server.rootUrl}/references/manifest.json`)).json();
  references = await Promise.all(urls.filter((url) => url.endsWith('/api.json'))
    .map(async (url) => (await fetch(url)).json()));
  Asker = taskcluster.createClient(references.find((one) => one.serviceName === 'troupe'));
});
after(async () => {
  await place?.clear();
  await server?.stop();
});

const options = (scopes, credentials = server.credentials) => ({ rootUrl: server.rootUrl,
  retries: 0, ...(credentials ? { credentials } : {}),
  ...(scopes ? { authorizedScopes: scopes } : {}) });
const why = (question, scopes, credentials) =>
  new Asker(options(scopes, credentials)).why(question);
const client = (service, scopes) =>
  new (taskcluster.createClient(references.find((one) => one.serviceName === service)))(
    options(scopes));
const refused = (question, scopes, credentials) => failure(() => why(question, scopes, credentials));

test('whoever asks hears what is needed, held and missing, and who would give it', async () => {
  const auth = client('auth');
  await auth.createRole('builders', { description: 'd', scopes: ['assume:writers'] });
  await auth.createRole('writers', { description: 'd',
    scopes: ['queue:route:index.*', 'queue:scheduler-id:builds'] });
  await auth.createRole('half', { description: 'd', scopes: ['queue:route:index.a.*'] });
  const taskId = slugid();
  const question = { service: 'queue', method: 'createTask', params: { taskId },
    payload: definition({ schedulerId: 'builds', projectId: 'p', priority: 'high',
      routes: ['index.a.b'], scopes: [] }) };
  const own = ['queue:create-task:project:p',
    'queue:create-task:highest:test-provisioner/test-worker', 'auth:list-roles'];
  const answer = await why(question, own);
  const { roles, ...rest } = answer;
  assert.deepEqual(rest, {
    service: 'queue', method: 'createTask', clientId: 'static/taskcluster/root',
    public: false, satisfied: false,
    needed: { AllOf: ['queue:route:index.a.b', 'queue:create-task:project:p',
      'queue:scheduler-id:builds', { AnyOf: [
        'queue:create-task:high:test-provisioner/test-worker',
        'queue:create-task:very-high:test-provisioner/test-worker',
        'queue:create-task:highest:test-provisioner/test-worker'] }] },
    held: ['queue:create-task:highest:test-provisioner/test-worker',
      'queue:create-task:project:p'],
    missing: { AllOf: ['queue:route:index.a.b', 'queue:scheduler-id:builds'] },
  });
  const both = ['queue:route:index.a.b', 'queue:scheduler-id:builds'];
  assert.deepEqual(roles.filter(({ roleId }) => ['builders', 'writers', 'half'].includes(roleId)), [
    { roleId: 'builders', complete: true, grants: both },
    { roleId: 'writers', complete: true, grants: both },
    { roleId: 'half', complete: false, grants: ['queue:route:index.a.b'] }]);
  // Who may not see roles does not see them here.
  assert.equal((await why(question, own.slice(0, 2))).roles, undefined);
  const may = await why(question, [...own, 'assume:builders']);
  assert.equal(may.satisfied, true);
  assert.equal(may.missing, undefined);
  const refusal = await failure(() => queue(server, own).createTask(taskId, question.payload));
  for (const scope of both) assert.ok(refusal.message.includes(scope), refusal.message);
  assert.equal((await failure(() => queue(server).status(taskId))).statusCode, 404);
});

// What a template of a reference comes to, by other code than the server's.
function rendered(template, values) {
  if (typeof template === 'string')
    return template.replace(/<([a-zA-Z][a-zA-Z0-9_]*)>/g, (_, name) => values[name]);
  const [kind] = Object.keys(template);
  return { [kind]: template[kind].map((part) => rendered(part, values)) };
}
const isPlain = (template) => typeof template === 'string' ||
  (template.AllOf ?? template.AnyOf ?? [null]).every((part) => part !== null && isPlain(part));
// A namespace may be left out, so the path is checked first.
const checksFirst = ['listNamespaces', 'listTasks'];

test('what methods of all services take is as their references say', async () => {
  let plain = 0;
  for (const { serviceName, entries } of references.filter((one) => one.serviceName !== 'troupe'))
    for (const { name, args, scopes } of entries) {
      const params = Object.fromEntries(args.map((arg) => [arg, `${arg}*/x`]));
      const used = [...JSON.stringify(scopes ?? '').matchAll(/<(\w+)>/g)].map(([, arg]) => arg);
      if (scopes && !(isPlain(scopes) && used.every((arg) => arg in params))) continue;
      if (serviceName === 'index' && checksFirst.includes(name)) continue;
      // Asked by somebody without any scopes.
      const answer = await why({ service: serviceName, method: name, params }, []);
      plain += 1;
      assert.equal(answer.public, scopes === undefined, name);
      assert.equal(answer.satisfied, scopes === undefined, name);
      if (scopes) assert.deepEqual(answer.needed, rendered(scopes, params), name);
      if (scopes) assert.deepEqual(answer.missing, collapsed(answer.needed), name);
    }
  assert.ok(plain > 80, `${plain} methods`);
});
// All of one thing is that thing.
const collapsed = (expression) =>
  expression.AllOf?.length === 1 ? expression.AllOf[0] : expression;

test('calls whose scopes depend on a task, group, client or role ask it, and change nothing', async () => {
  const q = queue(server);
  const auth = client('auth');
  const [taskId, taskGroupId] = [slugid(), slugid()];
  await q.createTask(taskId, definition({ taskGroupId, schedulerId: 's', projectId: 'p',
    taskQueueId: 'why/state' }));
  await auth.createClient('why/changed', { description: 'before', expires: inSeconds(3600),
    scopes: ['kept'] });
  await auth.createRole('why:changed', { description: 'before', scopes: ['kept:*'] });
  const picture = async () => JSON.stringify([await q.status(taskId), await q.task(taskId),
    await q.getTaskGroup(taskGroupId), await auth.role('why:changed'),
    { ...await auth.client('why/changed'), lastDateUsed: null }]);
  const before = await picture();
  const on = (verb) => ({ AnyOf: [`queue:${verb}-task:s/${taskGroupId}/${taskId}`,
    `queue:${verb}-task-in-project:p`,
    { AllOf: [`queue:${verb}-task`, `assume:scheduler-id:s/${taskGroupId}`] }] });
  const calls = [
    ['queue', 'scheduleTask', [taskId], undefined, on('schedule')],
    ['queue', 'rerunTask', [taskId], undefined, on('rerun')],
    ['queue', 'cancelTask', [taskId], undefined, on('cancel')],
    ['queue', 'changeTaskPriority', [taskId], { newPriority: 'highest' }, { AnyOf: [
      `queue:change-task-priority:${taskId}`, 'queue:change-task-priority-in-queue:why/state'] }],
    ['queue', 'claimTask', [taskId, 0], { workerGroup: 'g', workerId: 'w' }, { AllOf: [
      'queue:claim-task:why/state', 'queue:worker-id:g/w'] }],
    ['queue', 'sealTaskGroup', [taskGroupId], undefined,
      `queue:seal-task-group:s/${taskGroupId}`],
    ['queue', 'changeTaskGroupPriority', [taskGroupId], { newPriority: 'highest' },
      `queue:change-task-group-priority:s/${taskGroupId}`],
    ['auth', 'updateClient', ['why/changed'], { description: 'after', expires: inSeconds(60),
      scopes: ['kept', 'added'] }, { AllOf: ['auth:update-client:why/changed', 'added'] }],
    ['auth', 'updateRole', ['why:changed'], { description: 'after',
      scopes: ['kept:x', 'added'] }, { AllOf: ['auth:update-role:why:changed', 'added'] }],
  ];
  for (const [service, method, params, payload, needed] of calls) {
    const question = { service, method, params, payload };
    const all = await why(question);
    assert.deepEqual(all.needed, needed, method);
    assert.equal(all.satisfied, true, method);
    assert.equal((await why(question, ['nothing'])).satisfied, false, method);
    const [scope] = needed.AnyOf ?? [];
    if (scope) assert.equal((await why(question, [scope])).satisfied, true, method);
  }
  assert.equal(await picture(), before);
  assert.equal((await refused({ service: 'queue', method: 'cancelTaskGroup',
    params: [taskGroupId] })).statusCode, 409);
  await q.sealTaskGroup(taskGroupId);
  const seals = await why({ service: 'queue', method: 'cancelTaskGroup', params: [taskGroupId] });
  assert.equal(seals.needed, `queue:cancel-task-group:s/${taskGroupId}`);
  assert.equal((await q.status(taskId)).status.state, 'pending');
});

test('a question has no effect where the call would have one', async () => {
  const q = queue(server);
  const taskQueueId = 'why/effects';
  const taskId = slugid();
  await q.createTask(taskId, definition({ taskQueueId }));
  const [waiting, absent] = [{ workerGroup: 'g', workerId: 'w' }, slugid()];
  const asked = [
    ['queue', 'claimWork', [taskQueueId], waiting],
    ['queue', 'createTask', [absent], definition()],
    ['queue', 'quarantineWorker', ['why', 'effects', 'g', 'w'], { quarantineUntil: inSeconds(60) }],
    ['queue', 'declareWorker', ['why', 'effects', 'g', 'w'], { expires: inSeconds(60) }],
    ['secrets', 'set', ['why/one'], { secret: { a: 1 }, expires: inSeconds(60) }],
    ['index', 'insertTask', ['why.one'], { taskId, rank: 1, data: {}, expires: inSeconds(60) }],
    ['purge-cache', 'purgeCache', ['why/effects'], { cacheName: 'c' }],
    ['auth', 'createClient', ['why/one'], { description: '', expires: inSeconds(60), scopes: [] }],
    ['auth', 'createRole', ['why:one'], { description: '', scopes: ['a'] }],
  ];
  for (const [service, method, params, payload] of asked)
    assert.equal((await why({ service, method, params, payload })).satisfied, true, method);
  assert.equal((await q.status(taskId)).status.state, 'pending');
  const gone = [() => q.status(absent), () => q.getWorker('why', 'effects', 'g', 'w'),
    () => client('secrets').get('why/one'), () => client('index').findTask('why.one'),
    () => client('auth').client('why/one'), () => client('auth').role('why:one')];
  for (const call of gone) assert.equal((await failure(call)).statusCode, 404, String(call));
  assert.deepEqual((await client('purge-cache').purgeRequests('why/effects')).requests, []);
});

test('a question says yes exactly when the call is let in', async () => {
  const [taskId, taskGroupId] = [slugid(), slugid()];
  await queue(server).createTask(taskId, definition({ taskGroupId, schedulerId: 's',
    projectId: 'p', taskQueueId: 'why/same' }));
  const auth = client('auth');
  await auth.createClient('why/same', { description: '', expires: inSeconds(3600), scopes: ['x'] });
  await auth.createRole('why:same', { description: '', scopes: ['x'] });
  await auth.createRole('why-some', { description: '', scopes: ['queue:cancel-task', 'z'] });
  // Calls that may be made again and again.
  const calls = [
    () => ['queue', 'createTask', [slugid()], definition({ schedulerId: 's', projectId: 'p',
      routes: ['r.a', 'r.b'].slice(0, Math.random() * 3), scopes: ['x', 'z'].slice(0,
        Math.random() * 3), priority: Math.random() < 0.5 ? 'high' : 'lowest' })],
    () => ['queue', 'scheduleTask', [taskId]],
    () => ['queue', 'cancelTask', [taskId]],
    () => ['queue', 'changeTaskPriority', [taskId], { newPriority: 'high' }],
    () => ['queue', 'sealTaskGroup', [taskGroupId]],
    () => ['queue', 'statuses', [], { taskIds: [taskId] }],
    () => ['queue', 'claimWork', ['why/none'], { workerGroup: 'g', workerId: 'w', tasks: 1 }],
    () => ['queue', 'getLatestArtifact', [taskId, 'public/none']],
    () => ['queue', 'ping', []],
    () => ['auth', 'updateClient', ['why/same'], { description: '', expires: inSeconds(3600),
      scopes: ['x', 'z'].slice(0, 1 + Math.random() * 2) }],
    () => ['auth', 'updateRole', ['why:same'], { description: '', scopes: ['x'] }],
    () => ['auth', 'azureContainerSAS', ['acc', 'con', Math.random() < 0.5 ? 'read-only' :
      'read-write']],
    () => ['secrets', 'get', ['why/none']],
    () => ['purge-cache', 'purgeCache', ['why/same'], { cacheName: 'c' }],
  ];
  const scopes = ['queue:create-task:*', 'queue:create-task:project:p', 'queue:scheduler-id:s',
    'queue:create-task:high:test-provisioner/*', 'queue:create-task:lowest:*', 'queue:route:r.*',
    'queue:route:r.a', 'x', 'z', 'queue:schedule-task', `assume:scheduler-id:s/${taskGroupId}`,
    'queue:cancel-task-in-project:p', 'assume:why-some', `queue:schedule-task:s/${taskGroupId}/*`,
    'queue:change-task-priority-in-queue:why/*', `queue:seal-task-group:s/*`, 'queue:status:*',
    'queue:claim-work:why/none', 'queue:worker-id:g/*', 'queue:get-artifact:public/*',
    'auth:update-client:why/*', 'auth:update-role:why:same', 'auth:azure-container:read-only:*',
    'auth:azure-container:read-write:*', 'secrets:get:why/*', 'purge-cache:why/same:c'];
  let yes = 0;
  const rounds = 25;
  for (let round = 0; round < rounds; ++round)
    for (const make of calls) {
      const [service, method, params, payload] = make();
      const portion = Math.random();
      const given = scopes.filter(() => Math.random() < portion);
      const answer = await why({ service, method, params, payload }, given);
      const outcome = await client(service, given)[method](...params,
        ...(payload ? [payload] : [])).then(() => 200, (error) => error.statusCode);
      assert.equal(answer.satisfied, outcome !== 403,
        JSON.stringify({ method, params, payload, given, answer, outcome }));
      assert.ok(outcome !== 401);
      yes += answer.satisfied ? 1 : 0;
    }
  assert.ok(yes > rounds && yes < rounds * calls.length - rounds, `${yes}`);
});

test('about others may ask who has a scope for it', async () => {
  const auth = client('auth');
  const make = (id, more = {}) => auth.createClient(id, { description: '',
    expires: inSeconds(3600), scopes: ['secrets:get:a'], ...more });
  await make('why/other');
  await make('why/off');
  await auth.disableClient('why/off');
  await make('why/late', { expires: inSeconds(-10) });
  const question = { service: 'secrets', method: 'get', params: ['a'] };
  const answer = await why({ ...question, clientId: 'why/other' }, ['auth:why:why/*']);
  assert.equal(answer.clientId, 'why/other');
  assert.equal(answer.satisfied, true);
  assert.equal((await why({ ...question, params: ['b'], clientId: 'why/other' })).satisfied, false);
  for (const [clientId, says] of [['why/off', /is disabled/], ['why/late', /has expired/]]) {
    const unusable = await why({ ...question, clientId });
    assert.equal(unusable.satisfied, false);
    assert.match(unusable.trouble, says);
    assert.equal(unusable.missing, undefined);
    assert.equal((await why({ service: 'queue', method: 'ping', clientId })).satisfied, true);
  }
  const forbidden = await refused({ ...question, clientId: 'why/other' }, ['auth:why:else']);
  assert.equal(forbidden.statusCode, 403);
  assert.match(forbidden.message, /auth:why:why\/other/);
  assert.equal((await refused({ ...question, clientId: 'why/none' })).statusCode, 404);
  // Who may not ask does not hear whether there is such a client.
  assert.equal((await refused({ ...question, clientId: 'why/none' }, [])).statusCode, 403);

  await auth.createRole('why-reads', { description: '', scopes: ['secrets:get:*'] });
  const given = await why({ ...question, scopes: ['assume:why-reads'] }, ['auth:expand-scopes']);
  assert.equal(given.satisfied, true);
  assert.equal(given.clientId, undefined);
  assert.equal((await refused({ ...question, scopes: ['a'] }, [])).statusCode, 403);
});

test('without credentials one asks about everybody, with bad ones nobody', async () => {
  const count = { service: 'queue', method: 'pendingTasks', params: ['for/everybody'] };
  const answer = await why(count, undefined, null);
  assert.equal(answer.satisfied, true);
  assert.equal(answer.clientId, undefined);
  assert.equal((await why({ ...count, params: ['for/others'] }, undefined, null)).missing,
    'queue:pending-count:for/others');
  const forged = { clientId: 'static/taskcluster/root', accessToken: `${rootToken}x` };
  assert.equal((await refused(count, undefined, forged)).statusCode, 401);
});

test('what is wrong with a question, or with the call, is said', async () => {
  const cases = [
    [{ method: 'ping' }, 400, /'service'/],
    [{ service: 'queue', method: 'nothing' }, 404, /queue\.nothing/],
    [{ service: 'hooks', method: 'ping' }, 404, /hooks\.ping/],
    [{ service: 'queue', method: 'task' }, 400, /'taskId'/],
    [{ service: 'queue', method: 'task', params: { x: 1 } }, 400, /'x'/],
    [{ service: 'queue', method: 'ping', extra: 1 }, 400, /'extra'/],
    [{ service: 'queue', method: 'scheduleTask', params: [slugid()] }, 404, /does not exist/],
    [{ service: 'queue', method: 'scheduleTask', params: ['no-id'] }, 400, /taskId/],
    [{ service: 'queue', method: 'claimWork', params: ['a/b'] }, 400, /workerGroup/],
    [{ service: 'queue', method: 'claimWork', params: ['a/b'], payload: 'text' }, 400, /JSON/],
    [{ service: 'queue', method: 'statuses', payload: { taskIds: [] }, query: { no: 1 } }, 400,
      /no is not supported/],
  ];
  for (const [question, statusCode, says] of cases) {
    const error = await refused(question);
    assert.equal(error.statusCode, statusCode, JSON.stringify(question) + error.message);
    assert.match(error.message, says);
    assert.equal(error.body.requestInfo.method, 'why');
  }
  const raw = (body, headers) => fetch(`${server.rootUrl}/api/troupe/v1/why`,
    { method: 'POST', body, headers });
  assert.equal((await raw('{')).status, 400);
  assert.equal((await raw('{', { 'content-type': 'application/json' })).status, 400);
  assert.equal((await raw('x', { 'content-type': 'application/json',
    'content-encoding': 'gzip' })).status, 415);
  assert.equal((await raw(' '.repeat(10 * 1024 * 1024 + 1),
    { 'content-type': 'application/json' })).status, 413);
});

test('API-30 a secret in a question is in no answer and in no log', async () => {
  const canary = `canary-${slugid()}`;
  const ask = { service: 'secrets', method: 'set', params: ['a'],
    payload: { secret: { canary }, expires: inSeconds(60) } };
  const answers = [await why(ask), await why(ask, []),
    (await refused({ ...ask, clientId: 'none' })).body,
    (await refused({ ...ask, service: 'none' })).body,
    (await refused({ ...ask, params: [] })).body];
  assert.ok(!JSON.stringify(answers).includes(canary));
  assert.ok(!server.log.includes(canary));
});

test('questions count as no calls of the method', async () => {
  const calls = () => server.log.split('\n').filter((line) =>
    line.includes('monitor.apiMethod') && line.includes('"deleteClient"')).length;
  const before = calls();
  await why({ service: 'auth', method: 'deleteClient', params: ['none'] });
  await client('auth').deleteClient('none');
  // The log is written in order: when the call is there, the question would be.
  for (let i = 0; i < 500 && calls() === before; ++i)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(calls(), before + 1);
});

test('troupe auth why says it in words, and ends accordingly', async () => {
  const run = (...args) => place.run(['auth', 'why', '--data', server.data, ...args]);
  const auth = client('auth');
  await auth.createRole('why-lists', { description: '', scopes: ['secrets:list-secrets'] });
  const may = run('secrets.list');
  assert.equal((await may.ended).code, 0, may.err);
  assert.equal(may.out, 'secrets.list: client static/taskcluster/root may call it.\n' +
    'It takes:\n  secrets:list-secrets\n');
  await auth.createClient('why/words', { description: '', expires: inSeconds(3600), scopes: ['a'] });
  const may_not = run('--of-client', 'why/words', 'secrets.list');
  assert.equal((await may_not.ended).code, 4, may_not.err);
  assert.match(may_not.out, /^secrets\.list: not for client why\/words\.\nIt takes:\n {2}secrets:list-secrets\nMissing:\n {2}secrets:list-secrets\nRoles that have it:\n(.*\n)* {2}why-lists\n/);

  const file = path.join(place.directory, 'task.json');
  fs.writeFileSync(file, JSON.stringify(definition({ routes: ['r'], scopes: ['x'] })));
  const creates = run('--of-scope', 'x', '--of-scope', 'queue:route:r', '--payload', file,
    'queue.createTask', slugid());
  assert.equal((await creates.ended).code, 4, creates.err);
  assert.match(creates.out, /^queue\.createTask: not for who has such scopes\.\nIt takes:\n {2}all of\n {4}x\n {4}queue:route:r\n[^]*Missing:\n {2}all of\n[^]* {4}any of\n/);
  const json = run('--json', '--query', 'limit=5', 'queue.listTaskGroup', slugid());
  assert.equal((await json.ended).code, 0, json.err);
  assert.equal(JSON.parse(json.out).satisfied, true);
  const open = run('queue.ping');
  assert.equal((await open.ended).code, 0, open.err);
  assert.equal(open.out, 'queue.ping is public.\n');

  for (const [code, says, ...args] of [
    [3, /no method queue\.nothing/, 'queue.nothing'], [2, /like queue\.createTask/, 'ping'],
    [2, /cannot read/, '--payload', '/nowhere/none', 'queue.ping'],
    [2, /name=value/, '--query', 'x', 'queue.ping'],
    [4, /auth:why:who/, '--client-id', 'static/tests/narrow', '--access-token', rootToken,
      '--of-client', 'who', 'queue.ping']]) {
    const program = run(...args);
    assert.equal((await program.ended).code, code, program.err);
    assert.match(program.err, says);
    assert.equal(program.out, '');
  }
});
