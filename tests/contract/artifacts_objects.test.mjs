// Object artifacts: the queue contract, sections 7.2, 7.3 and 7.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let events;
let number = 0;

before(async () => {
  server = await Server.start({ 'expiration-delay': 1, anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
  events = await Events.open(server, () => q.createTask(slugid(), definition()));
});
after(async () => {
  events?.close();
  await server?.stop();
});

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `objects/q${number++}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const request = (expires = inSeconds(600)) => ({ storageType: 'object', contentType: 'text/plain', expires });
const service = (credentials) => new taskcluster.Object({ rootUrl: server.rootUrl, credentials, retries: 0 });
const scopesOf = (credentials) => JSON.parse(credentials.certificate).scopes;
const hashes = (data) => ({ sha256: createHash('sha256').update(data).digest('hex'),
  sha512: createHash('sha512').update(data).digest('hex') });
const start = (made) => ({ projectId: made.projectId, uploadId: made.uploadId, expires: made.expires,
  proposedUploadMethods: { putUrl: { contentType: 'text/plain', contentLength: 5 } } });
const put = (url, headers, body) => fetch(url, { method: 'PUT', headers, body });

// As the stock client does it: reserve, upload, finish.
async function upload(made, data) {
  await taskcluster.upload({ projectId: made.projectId, name: made.name, contentType: 'text/plain',
    contentLength: data.length, uploadId: made.uploadId, expires: made.expires,
    streamFactory: async () => Readable.from([Buffer.from(data)]), object: service(made.credentials) });
}

test('AR-10 EV-6 an object artifact is reserved, uploaded, finished, announced and read by the stock client', async () => {
  const taskId = await running();
  const made = await q.createArtifact(taskId, 0, 'my/object', request());
  assert.equal(made.storageType, 'object');
  assert.equal(made.name, `t/${taskId}/0/my/object`);
  assert.equal(made.projectId, 'none');
  assert.deepEqual(scopesOf(made.credentials), [`object:upload:none:${made.name}`]);
  assert.equal(made.credentials.clientId, `artifact-upload/${taskId}/0/on/g/w`);
  const readers = [() => q.artifactInfo(taskId, 0, 'my/object'), () => q.artifact(taskId, 0, 'my/object'),
    () => q.getArtifact(taskId, 0, 'my/object'), () => q.latestArtifact(taskId, 'my/object')];
  for (const read of readers) assert.equal((await failure(read)).statusCode, 404);
  assert.deepEqual(await q.listArtifacts(taskId, 0), { artifacts: [] });
  for (const body of [{ uploadId: slugid() }, { uploadId: made.uploadId }, {}])
    assert.equal((await failure(() => q.finishArtifact(taskId, 0, 'my/object', body))).statusCode, 400);
  await upload(made, 'hello');
  for (const read of readers) assert.equal((await failure(read)).statusCode, 404);
  assert.equal(events.of(taskId, 'artifact-created').length, 0);
  await q.finishArtifact(taskId, 0, 'my/object', { uploadId: made.uploadId });
  const [event] = await events.wait(taskId, 'artifact-created');
  assert.deepEqual(event.payload.artifact, { storageType: 'object', name: 'my/object', expires: made.expires, contentType: 'text/plain' });
  assert.equal((await q.artifactInfo(taskId, 0, 'my/object')).storageType, 'object');
  const content = await q.artifact(taskId, 0, 'my/object');
  assert.equal(content.name, made.name);
  assert.deepEqual(scopesOf(content.credentials), [`object:download:${made.name}`]);
  const pieces = [];
  await taskcluster.download({ name: content.name, object: service(content.credentials),
    streamFactory: async () => new Writable({ write(chunk, _, done) { pieces.push(chunk); done(); } }) });
  assert.equal(Buffer.concat(pieces).toString(), 'hello');
  const { url } = await service(content.credentials).startDownload(made.name, { acceptDownloadMethods: { simple: true } });
  const [there, path] = [new URL(url), (u) => new URL(u).pathname];
  const found = await fetch(q.buildSignedUrl(q.getArtifact, taskId, 0, 'my/object'), { redirect: 'manual' });
  assert.equal(found.status, 303);
  assert.equal(found.headers.get('x-taskcluster-artifact-storage-type'), 'object');
  assert.equal(path(found.headers.get('location')), there.pathname);
  assert.equal(await (await fetch(found.headers.get('location'))).text(), 'hello');
});

test('EV-2 QUIRK-13 finishing again announces again, with a content length too', async () => {
  const taskId = await running();
  const made = await q.createArtifact(taskId, 0, 'public/o', { ...request(), contentLength: 5 });
  await upload(made, 'hello');
  await q.finishArtifact(taskId, 0, 'public/o', { uploadId: made.uploadId });
  await q.finishArtifact(taskId, 0, 'public/o', { uploadId: slugid() });
  await until('both are announced', () => events.of(taskId, 'artifact-created').length === 2);
  assert.equal(events.of(taskId, 'artifact-created')[0].payload.artifact.contentLength, undefined);
  assert.equal((await q.artifactInfo(taskId, 0, 'public/o')).contentLength, 5);
});

test('AR-11 EV-6 what is not an unfinished object artifact is not finished', async () => {
  const taskId = await running();
  const body = { uploadId: slugid() };
  await q.createArtifact(taskId, 0, 'public/err', { storageType: 'error', reason: 'file-missing-on-worker', message: 'no', expires: inSeconds(600) });
  await events.wait(taskId, 'artifact-created');
  for (const [id, run, name, status] of [[slugid(), 0, 'public/x', 404], [taskId, 0, 'public/x', 404], [taskId, 7, 'public/err', 404], [taskId, 0, 'public/err', 400]])
    assert.equal((await failure(() => q.finishArtifact(id, run, name, body))).statusCode, status);
  assert.equal((await failure(() => queue(server, ['nothing']).finishArtifact(taskId, 0, 'public/err', body))).code, 'InsufficientScopes');
  assert.equal(events.of(taskId, 'artifact-created').length, 1);
});

test('QUIRK-12 AR-19 repeating a reservation gives the pending upload; a finished one is a conflict', async () => {
  const taskId = await running();
  const body = request();
  const made = await q.createArtifact(taskId, 0, 'public/o', body);
  const again = await q.createArtifact(taskId, 0, 'public/o', body);
  assert.equal(again.uploadId, made.uploadId);
  for (const change of [{ contentType: 'text/html' }, { expires: inSeconds(60) }, { storageType: 's3' }])
    assert.equal((await failure(() => q.createArtifact(taskId, 0, 'public/o', { ...body, ...change }))).code, 'RequestConflict');
  await upload(again, 'hello');
  await q.finishArtifact(taskId, 0, 'public/o', { uploadId: made.uploadId });
  assert.equal((await failure(() => q.createArtifact(taskId, 0, 'public/o', body))).code, 'RequestConflict');
});

test('an upload needs its scope, its uploadId and its data, and a finished object never changes', async () => {
  const taskId = await running();
  const made = await q.createArtifact(taskId, 0, 'public/o', request());
  const object = service(made.credentials);
  const other = { ...start(made), uploadId: slugid() };
  assert.equal((await failure(() => object.createUpload(made.name, other))).code, 'RequestConflict');
  assert.equal((await failure(() => object.createUpload(`${made.name}2`, start(made)))).code, 'InsufficientScopes');
  assert.equal((await failure(() => object.createUpload(made.name, { ...start(made), projectId: 'other' }))).code, 'InsufficientScopes');
  const { uploadMethod: { putUrl } } = await object.createUpload(made.name, start(made));
  const finish = { projectId: made.projectId, uploadId: made.uploadId, hashes: hashes('hello') };
  assert.equal((await failure(() => object.finishUpload(made.name, finish))).statusCode, 400);
  assert.equal((await put(putUrl.url, putUrl.headers, 'hello')).status, 200);
  const all = service(server.credentials);
  assert.equal((await failure(() => all.startDownload(made.name, { acceptDownloadMethods: { simple: true } }))).statusCode, 404);
  await object.finishUpload(made.name, finish);
  await object.finishUpload(made.name, { ...finish, hashes: {} });
  assert.equal((await failure(() => object.finishUpload(made.name, { ...finish, hashes: hashes('other') }))).code, 'RequestConflict');
  assert.equal((await failure(() => object.createUpload(made.name, start(made)))).code, 'RequestConflict');
  await put(putUrl.url, putUrl.headers, 'other');
  const { url } = await all.startDownload(made.name, { acceptDownloadMethods: { getUrl: true } });
  assert.equal(await (await fetch(url)).text(), 'hello');
  assert.deepEqual((await all.object(made.name)).hashes, hashes('hello'));
  const signed = await fetch(all.buildSignedUrl(all.download, made.name), { redirect: 'manual' });
  assert.equal(signed.status, 303);
});

test('objects survive a restart, and those that expire go with their data', async () => {
  const taskId = await running();
  const blobs = () => fs.readdirSync(path.join(server.data, 'artifacts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).length;
  const before = blobs();
  const kept = await q.createArtifact(taskId, 0, 'public/kept', request());
  const old = await q.createArtifact(taskId, 0, 'public/old', request(inSeconds(5)));
  await upload(kept, 'hello');
  await upload(old, 'hello');
  await q.finishArtifact(taskId, 0, 'public/old', { uploadId: old.uploadId });
  assert.equal(blobs(), before + 2);
  events.close();
  events = undefined;
  await server.restart();
  q = queue(server);
  await q.finishArtifact(taskId, 0, 'public/kept', { uploadId: kept.uploadId });
  await until('the old one is gone', () => q.artifactInfo(taskId, 0, 'public/old').then(() => false, (e) => e.statusCode === 404));
  assert.equal(blobs(), before + 1);
  assert.equal(await (await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/kept`)).text(), 'hello');
});
