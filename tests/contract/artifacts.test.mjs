// Artifacts: the queue contract, section 7.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { anonymousQueue, definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `artifacts/q${number++}` });
  await q.createTask(taskId, def);
  const { tasks } = await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return { taskId, credentials: tasks[0].credentials };
}

const soon = () => inSeconds(600);
const get = (taskId, name, init) =>
  fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/${name}`,
    { redirect: 'manual', ...init });

test('AR-1 AR-3 AR-9 an s3 artifact is put and got by signed URLs, with its encoding and ranges', async () => {
  const { taskId } = await running();
  const body = { storageType: 's3', contentType: 'text/plain', expires: soon() };
  const made = await q.createArtifact(taskId, 0, 'public/a b.txt', body);
  assert.equal(made.storageType, 's3');
  const again = await q.createArtifact(taskId, 0, 'public/a b.txt', body);
  const put = await fetch(again.putUrl, { method: 'PUT', body: 'hello world',
    headers: { 'Content-Type': again.contentType, 'Content-Encoding': 'identity' } });
  assert.equal(put.status, 200);
  const found = await get(taskId, 'public%2Fa%20b.txt');
  assert.equal(found.status, 303);
  assert.equal(found.headers.get('x-taskcluster-artifact-storage-type'), 's3');
  const { url } = await found.json();
  assert.equal(url, found.headers.get('location'));
  const data = await fetch(url);
  assert.equal(await data.text(), 'hello world');
  assert.equal(data.headers.get('content-type'), 'text/plain');
  const part = await fetch(url, { headers: { Range: 'bytes=6-' } });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), 'world');
  const latest = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/a b.txt`);
  assert.equal(await latest.text(), 'hello world');
  assert.equal(events.of(taskId, 'artifact-created').length, 0);
});

test('a URL that was changed or belongs to another artifact opens nothing', async () => {
  const { taskId } = await running();
  const made = await q.createArtifact(taskId, 0, 'public/x', { storageType: 's3', contentType: 'text/plain', expires: soon() });
  const forged = made.putUrl.replace('public/x', 'public/y').replace('public%2Fx', 'public%2Fy');
  assert.equal((await fetch(forged, { method: 'PUT', body: 'x' })).status, 403);
  assert.equal((await fetch(made.putUrl, { method: 'GET' })).status, 403);
});

test('AR-8 exactly the scope of the run creates artifacts, also in the run\'s credentials', async () => {
  const { taskId, credentials } = await running();
  const body = { storageType: 'reference', url: 'https://example.com/a', contentType: 'text/plain', expires: soon() };
  await queue(server, [`queue:create-artifact:${taskId}/0`]).createArtifact(taskId, 0, 'public/a', body);
  await queue(server, null, credentials).createArtifact(taskId, 0, 'public/b', body);
  const error = await failure(() => queue(server, ['nothing']).createArtifact(taskId, 0, 'public/c', body));
  assert.equal(error.code, 'InsufficientScopes');
});

test('AR-13 AR-16 a reference is announced, followed, and may change its url', async () => {
  const { taskId } = await running();
  const body = { storageType: 'reference', url: 'https://example.com/a', contentType: 'text/plain', expires: soon() };
  await q.createArtifact(taskId, 0, 'public/ref', body);
  const [event] = await events.wait(taskId, 'artifact-created');
  assert.equal(event.payload.artifact.name, 'public/ref');
  assert.equal(event.payload.artifact.storageType, 'reference');
  assert.equal((await get(taskId, 'public/ref')).headers.get('location'), 'https://example.com/a');
  await q.createArtifact(taskId, 0, 'public/ref', { ...body, url: 'https://example.com/b' });
  assert.equal((await get(taskId, 'public/ref')).headers.get('location'), 'https://example.com/b');
});

test('AR-14 AR-15 a link leads to its target, needs the scopes of both, and may replace a reference', async () => {
  const { taskId } = await running();
  const expires = soon();
  await q.createArtifact(taskId, 0, 'public/live', { storageType: 'reference', url: 'https://example.com/live', contentType: 'text/plain', expires });
  await q.createArtifact(taskId, 0, 'private/target', { storageType: 'reference', url: 'https://example.com/t', contentType: 'text/x', expires });
  await q.createArtifact(taskId, 0, 'public/live', { storageType: 'link', artifact: 'private/target', contentType: 'text/y', expires });
  const lacking = await get(taskId, 'public/live');
  assert.equal(lacking.status, 403);
  const { message } = await lacking.json();
  assert.match(message, /queue:get-artifact:public\/live/);
  assert.match(message, /queue:get-artifact:private\/target/);
  const signed = q.buildSignedUrl(q.getArtifact, taskId, 0, 'public/live');
  const found = await fetch(signed, { redirect: 'manual' });
  assert.equal(found.status, 303);
  assert.equal(found.headers.get('location'), 'https://example.com/t');
});

test('links that lead in a circle are a 400', async () => {
  const { taskId } = await running();
  for (const [name, to] of [['public/1', 'public/2'], ['public/2', 'public/1']])
    await q.createArtifact(taskId, 0, name, { storageType: 'link', artifact: to, contentType: 'text/plain', expires: soon() });
  const answer = await get(taskId, 'public/1');
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).code, 'InputError');
});

test('AR-12 an error artifact is a 424 with its reason', async () => {
  const { taskId } = await running();
  await q.createArtifact(taskId, 0, 'public/err', { storageType: 'error', reason: 'file-missing-on-worker', message: 'it is not there', expires: soon() });
  const answer = await get(taskId, 'public/err');
  assert.equal(answer.status, 424);
  assert.deepEqual(await answer.json(), { reason: 'file-missing-on-worker', message: 'it is not there' });
});

test('AR-17 AR-18 AR-19 what may be created again, and when', async () => {
  const { taskId } = await running();
  const early = inSeconds(300);
  const late = inSeconds(900);
  const body = { storageType: 'reference', url: 'https://example.com/a', contentType: 'text/plain', expires: early };
  await q.createArtifact(taskId, 0, 'public/x', body);
  await q.createArtifact(taskId, 0, 'public/x', { ...body, expires: late });
  for (const change of [{ expires: early }, { contentType: 'text/html', expires: late }]) {
    const error = await failure(() => q.createArtifact(taskId, 0, 'public/x', { ...body, ...change }));
    assert.equal(error.code, 'RequestConflict');
  }
  const tooLong = await failure(() => q.createArtifact(taskId, 0, 'public/y', { ...body, expires: inSeconds(400 * 86400) }));
  assert.equal(tooLong.statusCode, 400);
  await q.reportException(taskId, 0, { reason: 'internal-error' });
  await q.createArtifact(taskId, 0, 'public/late.log', body);
  const other = await running();
  await q.reportCompleted(other.taskId, 0);
  const closed = await failure(() => q.createArtifact(other.taskId, 0, 'public/late.log', body));
  assert.equal(closed.code, 'RequestConflict');
});

test('AR-5 unknown tasks, runs and names are 404, but only for who may ask', async () => {
  const { taskId } = await running();
  assert.equal((await get(taskId, 'public/nothing')).status, 404);
  assert.equal((await get(slugid(), 'public/nothing')).status, 404);
  assert.equal((await get(taskId, 'private/nothing')).status, 403);
  const run7 = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/7/artifacts/public/x`, { redirect: 'manual' });
  assert.equal(run7.status, 404);
});

test('AR-2 HT-3 HT-4 BWT-3 a signed URL opens what its scopes cover', async () => {
  const { taskId } = await running();
  await q.createArtifact(taskId, 0, 'private/x', { storageType: 'reference', url: 'https://example.com/a', contentType: 'text/plain', expires: soon() });
  const good = queue(server, ['queue:get-artifact:private/x']);
  const url = good.buildSignedUrl(good.getArtifact, taskId, 0, 'private/x');
  assert.equal((await fetch(url, { redirect: 'manual' })).status, 303);
  const narrow = queue(server, ['queue:get-artifact:private/other']);
  const other = narrow.buildSignedUrl(narrow.getArtifact, taskId, 0, 'private/x');
  assert.equal((await fetch(other, { redirect: 'manual' })).status, 403);
  void anonymousQueue;
});
