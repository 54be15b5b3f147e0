// What there is, and what it is: the reading methods for API clients of the queue contract, section 7.4.
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
after(async () => {
  await server?.stop();
});

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `listings/q${number++}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const soon = () => inSeconds(600);
const reference = (url = 'https://example.com/a') =>
  ({ storageType: 'reference', url, contentType: 'text/html', expires: soon() });
const names = (page) => page.artifacts.map((artifact) => artifact.name);

test('AR-6 PG-1 PG-2 PG-3 artifacts are listed by name, page by page, also when the task is done', async () => {
  const taskId = await running();
  for (const name of ['public/b', 'public/a', 'private/c'])
    await q.createArtifact(taskId, 0, name, reference());
  const all = await q.listArtifacts(taskId, 0);
  assert.deepEqual(names(all), ['private/c', 'public/a', 'public/b']);
  assert.equal(all.continuationToken, undefined);
  assert.deepEqual(await q.listLatestArtifacts(taskId), all);
  await q.reportCompleted(taskId, 0);
  for (const page of [
    (options) => q.listArtifacts(taskId, 0, options),
    (options) => q.listLatestArtifacts(taskId, options),
  ]) {
    const first = await page({ limit: 1 });
    assert.deepEqual(names(first), ['private/c']);
    const second = await page({ limit: 2, continuationToken: first.continuationToken });
    assert.deepEqual(names(second), ['public/a', 'public/b']);
    assert.equal(second.continuationToken, undefined);
  }
});

test('PG-5 a token that no listing gave, or another one did, is a 400', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/a', reference());
  await q.createArtifact(taskId, 0, 'public/b', reference());
  const { continuationToken } = await q.listArtifacts(taskId, 0, { limit: 1 });
  for (const [call, token] of [
    [(options) => q.listArtifacts(taskId, 0, options), 'nonsense'],
    [(options) => q.listLatestArtifacts(taskId, options), continuationToken],
  ]) {
    const error = await failure(() => call({ continuationToken: token }));
    assert.equal(error.code, 'InputError');
  }
});

test('a page goes on behind a name that is there no more than before it came', async () => {
  const taskId = await running();
  for (const name of ['a', 'b', 'd'])
    await q.createArtifact(taskId, 0, name, reference());
  const first = await q.listArtifacts(taskId, 0, { limit: 2 });
  await q.createArtifact(taskId, 0, 'c', reference());
  await q.createArtifact(taskId, 0, '0', reference());
  const second = await q.listArtifacts(taskId, 0, { limit: 2, continuationToken: first.continuationToken });
  assert.deepEqual([...names(first), ...names(second)], ['a', 'b', 'c', 'd']);
});

test('AR-7 an artifact is described as it was created', async () => {
  const taskId = await running();
  const expires = soon();
  await q.createArtifact(taskId, 0, 'public/x', { storageType: 's3', contentType: 'text/plain', contentLength: 17, expires });
  await q.createArtifact(taskId, 0, 'public/y', { storageType: 's3', contentType: 'text/css', expires });
  const x = { storageType: 's3', name: 'public/x', contentType: 'text/plain', contentLength: 17, expires };
  const y = { storageType: 's3', name: 'public/y', contentType: 'text/css', expires };
  assert.deepEqual(await q.artifactInfo(taskId, 0, 'public/x'), x);
  assert.deepEqual(await q.latestArtifactInfo(taskId, 'public/y'), y);
  assert.deepEqual((await q.listArtifacts(taskId, 0)).artifacts, [x, y]);
});

test('AR-4 listing and describing need exactly their scope', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/a', reference());
  const ofRun = queue(server, [`queue:list-artifacts:${taskId}:0`]);
  const ofTask = queue(server, [`queue:list-artifacts:${taskId}`]);
  assert.equal((await ofRun.listArtifacts(taskId, 0)).artifacts.length, 1);
  assert.equal((await ofRun.artifactInfo(taskId, 0, 'public/a')).name, 'public/a');
  assert.equal((await ofTask.listLatestArtifacts(taskId)).artifacts.length, 1);
  assert.equal((await ofTask.latestArtifactInfo(taskId, 'public/a')).name, 'public/a');
  for (const refused of [
    () => ofTask.listArtifacts(taskId, 0),
    () => ofTask.artifactInfo(taskId, 0, 'public/a'),
    () => ofRun.listLatestArtifacts(taskId),
    () => ofRun.latestArtifactInfo(taskId, 'public/a'),
    () => queue(server, ['nothing']).listArtifacts(taskId, 0),
    () => queue(server, ['nothing']).listLatestArtifacts(slugid()),
  ])
    assert.equal((await failure(refused)).code, 'InsufficientScopes');
});

test('AR-5 there is nothing to list or describe of tasks, runs and names that do not exist', async () => {
  const absent = async (...calls) => {
    for (const call of calls)
      assert.equal((await failure(call)).code, 'ResourceNotFound');
  };
  const nobody = slugid();
  await absent(() => q.listArtifacts(nobody, 0), () => q.listLatestArtifacts(nobody),
    () => q.artifactInfo(nobody, 0, 'a'), () => q.latestArtifactInfo(nobody, 'a'),
    () => q.artifact(nobody, 0, 'a'), () => q.latestArtifact(nobody, 'a'));
  const unscheduled = slugid();
  await q.createTask(unscheduled, definition({ dependencies: [unscheduled] }));
  await absent(() => q.listArtifacts(unscheduled, 0), () => q.listLatestArtifacts(unscheduled),
    () => q.artifactInfo(unscheduled, 0, 'a'), () => q.latestArtifactInfo(unscheduled, 'a'),
    () => q.artifact(unscheduled, 0, 'a'), () => q.latestArtifact(unscheduled, 'a'));
  await q.scheduleTask(unscheduled);
  assert.deepEqual(await q.listArtifacts(unscheduled, 0), { artifacts: [] });
  assert.deepEqual(await q.listLatestArtifacts(unscheduled), { artifacts: [] });
  const taskId = await running();
  await absent(() => q.listArtifacts(taskId, 7), () => q.artifactInfo(taskId, 7, 'a'), () => q.artifact(taskId, 7, 'a'),
    () => q.artifactInfo(taskId, 0, 'a'), () => q.artifact(taskId, 0, 'a'));
});

test('AR-1 AR-12 AR-14 the content of an artifact says where its data are, or why there are none', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/reference', reference('https://example.com/r'));
  await q.createArtifact(taskId, 0, 'public/link', { storageType: 'link', artifact: 'public/reference', expires: soon() });
  await q.createArtifact(taskId, 0, 'public/error', { storageType: 'error', reason: 'too-large-file-on-worker', message: 'much "too" large', expires: soon() });
  const { putUrl } = await q.createArtifact(taskId, 0, 'public/s3', { storageType: 's3', contentType: 'text/plain', expires: soon() });
  await fetch(putUrl, { method: 'PUT', body: 'some data', headers: { 'Content-Type': 'text/plain' } });
  const where = { storageType: 'reference', url: 'https://example.com/r' };
  assert.deepEqual(await q.artifact(taskId, 0, 'public/reference'), where);
  assert.deepEqual(await q.latestArtifact(taskId, 'public/link'), where);
  assert.deepEqual(await q.artifact(taskId, 0, 'public/error'),
    { storageType: 'error', reason: 'too-large-file-on-worker', message: 'much "too" large' });
  const s3 = await q.latestArtifact(taskId, 'public/s3');
  assert.equal(s3.storageType, 's3');
  assert.equal(await (await fetch(s3.url)).text(), 'some data');
  assert.equal((await q.artifactInfo(taskId, 0, 'public/link')).storageType, 'link');
});

test('AR-14 the content needs the scopes of all names on the way', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'private/end', reference());
  await q.createArtifact(taskId, 0, 'public/way', { storageType: 'link', artifact: 'private/end', expires: soon() });
  const some = queue(server, ['queue:get-artifact:public/*']);
  const error = await failure(() => some.artifact(taskId, 0, 'public/way'));
  assert.equal(error.code, 'InsufficientScopes');
  assert.match(error.message, /queue:get-artifact:private\/end/);
  assert.equal((await failure(() => some.latestArtifact(taskId, 'private/none'))).code, 'InsufficientScopes');
});

test('AR-11 only what is uploaded to an object service is finished by a call', async () => {
  const taskId = await running();
  const body = { uploadId: slugid() };
  await q.createArtifact(taskId, 0, 'public/error', { storageType: 'error', reason: 'file-missing-on-worker', message: 'gone', expires: soon() });
  const errorOf = async (call) => (await failure(call)).code;
  assert.equal(await errorOf(() => q.finishArtifact(slugid(), 0, 'public/error', body)), 'ResourceNotFound');
  assert.equal(await errorOf(() => q.finishArtifact(taskId, 7, 'public/error', body)), 'ResourceNotFound');
  assert.equal(await errorOf(() => q.finishArtifact(taskId, 0, 'public/none', body)), 'ResourceNotFound');
  assert.equal(await errorOf(() => q.finishArtifact(taskId, 0, 'public/error', body)), 'InputError');
  assert.equal(await errorOf(() => queue(server, ['nothing']).finishArtifact(taskId, 0, 'public/error', body)), 'InsufficientScopes');
});

test('what was listed is listed again when the server comes back', async () => {
  const taskId = await running();
  for (const name of ['b', 'a/with space', 'a'])
    await q.createArtifact(taskId, 0, name, reference());
  const before = await q.listArtifacts(taskId, 0);
  await server.restart();
  assert.deepEqual(await q.listArtifacts(taskId, 0), before);
});
