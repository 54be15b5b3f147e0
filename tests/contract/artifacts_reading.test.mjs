// Listing and describing artifacts: the queue contract, sections 7.4 and 7.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
});
after(() => server?.stop());

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `reading/q${number++}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const soon = () => inSeconds(600);
const reference = (n = 'a') => ({ storageType: 'reference', url: `https://example.com/${n}`,
  contentType: 'text/plain', expires: soon() });

// The methods of a certain run and their latest variants, as [name, call].
const listings = (client, taskId, run = 0) => [
  ['listArtifacts', (...query) => client.listArtifacts(taskId, run, ...query)],
  ['listLatestArtifacts', (...query) => client.listLatestArtifacts(taskId, ...query)]];
const descriptions = (client, taskId, name, run = 0) => [
  ['artifactInfo', () => client.artifactInfo(taskId, run, name)],
  ['latestArtifactInfo', () => client.latestArtifactInfo(taskId, name)]];
const contents = (client, taskId, name, run = 0) => [
  ['artifact', () => client.artifact(taskId, run, name)],
  ['latestArtifact', () => client.latestArtifact(taskId, name)]];

test('AR-3 AR-7 lists and descriptions say what was created, in the order of the names', async () => {
  const taskId = await running();
  const expires = soon();
  await q.createArtifact(taskId, 0, 'public/b', { storageType: 's3', contentType: 'text/plain', contentLength: 17, expires });
  await q.createArtifact(taskId, 0, 'public/a b/"c"', { storageType: 'error', reason: 'too-large-file-on-worker', message: 'too large', expires });
  const error = { storageType: 'error', name: 'public/a b/"c"', expires, contentType: 'application/binary' };
  const file = { storageType: 's3', name: 'public/b', expires, contentType: 'text/plain', contentLength: 17 };
  for (const [method, list] of listings(q, taskId))
    assert.deepEqual(await list(), { artifacts: [error, file] }, method);
  for (const known of [error, file])
    for (const [method, describe] of descriptions(q, taskId, known.name))
      assert.deepEqual(await describe(), known, method);
});

test('AR-1 AR-3 AR-12 AR-13 content is what the artifact is and where', async () => {
  const taskId = await running();
  const expires = soon();
  await q.createArtifact(taskId, 0, 'public/s3', { storageType: 's3', contentType: 'text/plain', expires });
  await q.createArtifact(taskId, 0, 'public/ref', { ...reference('x%20y'), expires });
  await q.createArtifact(taskId, 0, 'public/err', { storageType: 'error', reason: 'file-missing-on-worker', message: 'it is not there', expires });
  await q.createArtifact(taskId, 0, 'public/link', { storageType: 'link', artifact: 'public/s3', expires });
  const got = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/public/s3`, { redirect: 'manual' });
  const url = got.headers.get('location');
  for (const name of ['public/s3', 'public/link'])
    for (const [method, read] of contents(q, taskId, name))
      assert.deepEqual(await read(), { storageType: 's3', url }, `${method} ${name}`);
  for (const [method, read] of contents(q, taskId, 'public/ref'))
    assert.deepEqual(await read(), { storageType: 'reference', url: 'https://example.com/x%20y' }, method);
  for (const [method, read] of contents(q, taskId, 'public/err'))
    assert.deepEqual(await read(), { storageType: 'error', reason: 'file-missing-on-worker', message: 'it is not there' }, method);
  const anybody = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifact-content/public/link`);
  assert.equal((await anybody.json()).url, url);
});

test('AR-4 lists and descriptions need exactly their scope', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/x', reference());
  const calls = (client) => [...listings(client, taskId), ...descriptions(client, taskId, 'public/x')];
  const scope = (method) => method.includes('atest')
    ? `queue:list-artifacts:${taskId}` : `queue:list-artifacts:${taskId}:0`;
  for (const [method] of calls(q)) {
    const by = (scopes) => calls(queue(server, scopes)).find(([name]) => name === method)[1];
    await by([scope(method)])();
    for (const other of ['nothing', `queue:list-artifacts:${taskId}:1`, `queue:list-artifacts:${taskId}/0`]) {
      const error = await failure(by([other]));
      assert.equal(error.code, 'InsufficientScopes', `${method} with ${other}`);
    }
  }
  for (const [method, read] of contents(queue(server, ['queue:get-artifact:private/y']), taskId, 'private/x'))
    assert.equal((await failure(read)).code, 'InsufficientScopes', method);
});

test('AR-5 unknown tasks, runs and names are 404, and a run without artifacts has an empty list', async () => {
  const unknown = slugid();
  const taskId = await running();
  for (const [id, run] of [[unknown, 0], [taskId, 7]])
    for (const [method, call] of [listings(q, id, run)[0], descriptions(q, id, 'public/x', run)[0], contents(q, id, 'public/x', run)[0]])
      assert.equal((await failure(call)).code, 'ResourceNotFound', `${method} of run ${run}`);
  for (const [method, call] of [listings(q, unknown)[1], ...descriptions(q, taskId, 'public/x'), ...contents(q, taskId, 'public/x')])
    assert.equal((await failure(call)).code, 'ResourceNotFound', method);
  const waiting = slugid();
  const required = await running();
  await q.createTask(waiting, definition({ dependencies: [required] }));
  for (const [method, list] of listings(q, waiting))
    assert.equal((await failure(list)).code, 'ResourceNotFound', method);
  await q.scheduleTask(waiting);
  for (const [method, list] of listings(q, waiting))
    assert.deepEqual(await list(), { artifacts: [] }, method);
  const huge = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/${'9'.repeat(30)}/artifact-content/public/x`);
  assert.equal(huge.status, 404);
});

test('AR-6 PG-1 PG-2 PG-3 PG-7 pages show every artifact once, also when the run is over', async () => {
  const taskId = await running();
  const names = [...Array(7).keys()].map((n) => `public/${n}`);
  for (const name of names) await q.createArtifact(taskId, 0, name, reference());
  await q.reportCompleted(taskId, 0);
  for (const [method, list] of listings(q, taskId)) {
    for (const limits of [[1], [3, 1], [6], [7], [1000]]) {
      const seen = [];
      let continuationToken;
      for (let page = 0; page === 0 || continuationToken; ++page) {
        const limit = limits[page % limits.length];
        const answer = await list({ limit, ...(continuationToken ? { continuationToken } : {}) });
        continuationToken = answer.continuationToken;
        if (continuationToken) assert.equal(answer.artifacts.length, limit);
        seen.push(...answer.artifacts.map(({ name }) => name));
      }
      assert.deepEqual(seen, names, `${method} by ${limits}`);
    }
  }
});

test('API-39 PG-5 PG-6 a token that was not given out begins at the first, a limit of 0 is no failure', async () => {
  const taskId = await running();
  for (const n of [1, 2]) await q.createArtifact(taskId, 0, `public/${n}`, reference());
  const { continuationToken } = await q.listArtifacts(taskId, 0, { limit: 1 });
  for (const [method, list] of listings(q, taskId)) {
    assert.equal((await list({ continuationToken: 'nonsense' })).artifacts.length, 2, method);
    assert.ok((await list({ limit: 0 })).artifacts.length <= 1);
  }
  assert.equal((await q.listArtifacts(taskId, 0, { continuationToken })).artifacts.length, 1);
  assert.equal((await q.listLatestArtifacts(taskId, { continuationToken })).artifacts.length, 2);
});

test('AR-14 a chain of thirty links leads to its end, and all of it is listed', async () => {
  const taskId = await running();
  for (let n = 0; n < 30; ++n)
    await q.createArtifact(taskId, 0, `private/${100 + n}`, { storageType: 'link', artifact: `private/${101 + n}`, contentType: 'text/x', expires: soon() });
  await q.createArtifact(taskId, 0, 'private/130', reference('end'));
  for (const [method, read] of contents(q, taskId, 'private/100'))
    assert.deepEqual(await read(), { storageType: 'reference', url: 'https://example.com/end' }, method);
  const { artifacts } = await q.listArtifacts(taskId, 0);
  assert.deepEqual(artifacts.map(({ storageType }) => storageType), [...Array(30).fill('link'), 'reference']);
  const narrow = queue(server, ['queue:get-artifact:private/100']);
  const lacking = await failure(() => narrow.artifact(taskId, 0, 'private/100'));
  assert.equal(lacking.code, 'InsufficientScopes');
  assert.match(lacking.message, /private\/100/);
  assert.match(lacking.message, /private\/101/);
});

test('AR-15 a reference that became a link is listed as link with its old content type', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/live', reference());
  await q.createArtifact(taskId, 0, 'public/target', reference('target'));
  await q.createArtifact(taskId, 0, 'public/live', { storageType: 'link', artifact: 'public/target', contentType: 'text/other', expires: soon() });
  for (const [method, describe] of descriptions(q, taskId, 'public/live')) {
    const { storageType, contentType } = await describe();
    assert.deepEqual([storageType, contentType], ['link', 'text/plain'], method);
  }
  assert.equal((await q.latestArtifact(taskId, 'public/live')).url, 'https://example.com/target');
});

test('AR-16 AR-18 what a repeated call changed is described, what it could not change is as it was', async () => {
  const taskId = await running();
  const body = reference();
  await q.createArtifact(taskId, 0, 'public/x', body);
  const later = inSeconds(1200);
  await q.createArtifact(taskId, 0, 'public/x', { ...body, url: 'https://example.com/new', expires: later });
  const error = await failure(() => q.createArtifact(taskId, 0, 'public/x', { ...body, contentType: 'text/html', expires: later }));
  assert.equal(error.code, 'RequestConflict');
  const { expires, contentType } = await q.artifactInfo(taskId, 0, 'public/x');
  assert.deepEqual([expires, contentType], [later, 'text/plain']);
  assert.equal((await q.artifact(taskId, 0, 'public/x')).url, 'https://example.com/new');
});

test('the latest run is the last one by number, whatever its state', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/x', reference());
  await q.reportException(taskId, 0, { reason: 'worker-shutdown' });
  assert.deepEqual(await q.listLatestArtifacts(taskId), { artifacts: [] });
  assert.equal((await failure(() => q.latestArtifactInfo(taskId, 'public/x'))).code, 'ResourceNotFound');
  assert.equal((await q.artifactInfo(taskId, 0, 'public/x')).name, 'public/x');
});
