// Continuation tokens of all lists: api-conventions, section 11.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import taskcluster from 'taskcluster-client';
import { Server } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let services;
let taskId;
let def;

// What nobody gave out: no base64, base64 of nothing in particular, of JSON that is none of ours, and
// what others find out of reach.
const encoded = (text) => Buffer.from(text).toString('base64url');
const madeUp = ['FOOBAR', '@@something##', '!!', 'this-is-rubbish', 'x', encoded('[]'),
  encoded('["a",1]'), encoded('{"v":1}'), encoded('{'), encoded('null'), 'A'.repeat(500), '1', '0'];

before(async () => {
  server = await Server.start({ 'claim-wait': 0 });
  q = queue(server);
  const of = (Client) => new Client({ rootUrl: server.rootUrl, retries: 0, credentials: server.credentials });
  services = { auth: of(taskcluster.Auth), secrets: of(taskcluster.Secrets),
    index: of(taskcluster.Index), purge: of(taskcluster.PurgeCache) };
  taskId = slugid();
  def = definition({ taskQueueId: 'tokens/a' });
  await q.createTask(taskId, def);
  for (let i = 0; i < 3; ++i) {
    await q.createTask(slugid(), definition({ taskQueueId: 'tokens/a' }));
    await services.auth.createRole(`tokens/${i}`, { scopes: [], description: '' });
  }
});
after(() => server?.stop());

test('API-39 PG-5 cursor lists begin with their first row when a token is not theirs', async () => {
  const { tasks } = await q.claimWork('tokens/a', { workerGroup: 'g', workerId: 'w', tasks: 2 });
  const [{ status, runId }] = tasks;
  for (const name of ['public/a', 'public/b'])
    await q.createArtifact(status.taskId, runId, name, { storageType: 'reference', url: 'https://x.test/',
      contentType: 'text/x', expires: inSeconds(3600) });
  const lists = {
    listPendingTasks: [(query) => q.listPendingTasks('tokens/a', query), 'tasks'],
    listClaimedTasks: [(query) => q.listClaimedTasks('tokens/a', query), 'tasks'],
    listArtifacts: [(query) => q.listArtifacts(status.taskId, runId, query), 'artifacts'],
    listLatestArtifacts: [(query) => q.listLatestArtifacts(status.taskId, query), 'artifacts'],
  };
  for (const [name, [list, key]] of Object.entries(lists)) {
    const all = (await list({}))[key];
    assert.equal(all.length, 2, name);
    for (const continuationToken of madeUp)
      assert.deepEqual((await list({ continuationToken }))[key], all, `${name} ${continuationToken}`);
    const { continuationToken } = await list({ limit: 1 });
    assert.deepEqual((await list({ continuationToken }))[key], all.slice(1), name);
    assert.deepEqual((await list({ continuationToken: `${continuationToken.slice(0, 4)}${continuationToken}` }))[key], all, name);
  }
});

test('API-40 the lists of roles refuse every token that they did not give out', async () => {
  const { auth } = services;
  for (const name of ['listRoles2', 'listRoleIds']) {
    const { continuationToken: theirs } = await auth[name]({ limit: 1 });
    const other = (await auth[name === 'listRoleIds' ? 'listRoles2' : 'listRoleIds']({ limit: 1 })).continuationToken;
    for (const continuationToken of [...madeUp, theirs.slice(1), `${theirs}AAAA`, other]) {
      const error = await failure(() => auth[name]({ continuationToken }));
      assert.equal(error.statusCode, 400, `${name} ${continuationToken}`);
      assert.equal(error.code, 'InputError');
      assert.match(error.message, /^Invalid continuationToken$/m);
    }
    await auth[name]({ continuationToken: theirs });
  }
});

test('API-38 PG-4 all other lists refuse a token that they did not give out', async () => {
  const { auth, secrets, index, purge } = services;
  const lists = {
    listTaskGroup: (query) => q.listTaskGroup(def.taskGroupId, query),
    listDependentTasks: (query) => q.listDependentTasks(taskId, query),
    tasks: (query) => q.tasks({ taskIds: [taskId] }, query),
    statuses: (query) => q.statuses({ taskIds: [taskId] }, query),
    listTaskQueues: (query) => q.listTaskQueues(query),
    listProvisioners: (query) => q.listProvisioners(query),
    listWorkerTypes: (query) => q.listWorkerTypes('tokens', query),
    listWorkers: (query) => q.listWorkers('tokens', 'a', query),
    listClients: (query) => auth.listClients(query),
    getEntityHistory: (query) => auth.getEntityHistory('role', 'tokens/0', query),
    listAuditHistory: (query) => auth.listAuditHistory('static/taskcluster/root', query),
    'secrets.list': (query) => secrets.list(query),
    findTasksAtIndex: (query) => index.findTasksAtIndex({ indexes: ['a.b'] }, query),
    listNamespaces: (query) => index.listNamespaces('a', query),
    listTasks: (query) => index.listTasks('a', query),
    allPurgeRequests: (query) => purge.allPurgeRequests(query),
  };
  for (const [name, list] of Object.entries(lists))
    for (const continuationToken of madeUp) {
      const error = await failure(() => list({ continuationToken }));
      assert.equal(error.statusCode, 400, `${name} ${continuationToken}`);
      assert.equal(error.code, 'InputError');
      assert.match(error.message, /^Invalid continuation token$/m);
    }
});
