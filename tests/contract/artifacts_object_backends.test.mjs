// Object artifacts whose data are at a backend of the object service: queue contract 7, object
// contract 1 and 5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { S3Store } from './support/s3_store.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let store;
let server;
let q;
let directory;
let file;

const settings = () => ({ backends: { cloud: store.backend() }, backendMap: [
  { backendId: 'cloud', when: { projectId: 'far' } },
  { backendId: 'local', when: { projectId: 'near' } }] });

function write(content) {
  fs.writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

before(async () => {
  store = await S3Store.start();
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-objects-'));
  file = path.join(directory, 'backends.json');
  server = await Server.start({ 'object-backends': write(settings()), 'expiration-delay': 0,
    anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
});
after(async () => {
  await server?.stop();
  await store?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function running(projectId = 'far') {
  const [taskId, def] = [slugid(), definition({ taskQueueId: `objects/${slugid().toLowerCase().replace(/[^a-z]/g, 'x')}`, projectId })];
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const request = (expires = inSeconds(600), contentType = 'text/plain') => ({ storageType: 'object', contentType, expires });
const service = (credentials = server.credentials) => new taskcluster.Object({ rootUrl: server.rootUrl, credentials, retries: 0 });
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const closing = ({ projectId, uploadId }) => ({ projectId, uploadId });
const opening = (made, proposedUploadMethods, rest = {}) =>
  ({ ...closing(made), expires: made.expires, proposedUploadMethods, ...rest });
const inline = (data) => ({ dataInline: { contentType: 'text/plain', objectData: Buffer.from(data).toString('base64') } });
const location = async (taskId, name, headers = {}) =>
  (await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/${name}`, { redirect: 'manual', headers })).headers.get('location');

async function upload(made, data) {
  await taskcluster.upload({ projectId: made.projectId, name: made.name, contentType: 'text/plain',
    contentLength: data.length, uploadId: made.uploadId, expires: made.expires,
    streamFactory: async () => Readable.from([Buffer.from(data)]), object: service(made.credentials) });
}

async function artifactOf(taskId, name, data, expires) {
  const made = await q.createArtifact(taskId, 0, name, request(expires));
  await upload(made, data);
  await q.finishArtifact(taskId, 0, name, { uploadId: made.uploadId });
  return made;
}

const blobs = () => fs.readdirSync(path.join(server.data, 'artifacts'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).length;

test('section 5.1 AR-10 an object artifact goes where the map says, and is read there by every way', async () => {
  const before = blobs();
  for (const [name, size] of [['public/small', 100], ['public/large one + more', 300_000]]) {
    const taskId = await running();
    const data = randomBytes(size);
    const made = await artifactOf(taskId, name, data);
    assert.equal(made.projectId, 'far');
    assert.ok(await store.has('priv', made.name));
    const content = await q.artifact(taskId, 0, name);
    const pieces = [];
    await taskcluster.download({ name: content.name, object: service(content.credentials),
      streamFactory: async () => new Writable({ write(chunk, _, done) { pieces.push(chunk); done(); } }) });
    assert.deepEqual(Buffer.concat(pieces), data);
    const url = await location(taskId, encodeURI(name));
    assert.ok(url.startsWith(store.endpoint) && url.includes('X-Amz-Signature='), url);
    assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), data);
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
    assert.equal(part.status, 206);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), data.subarray(10, 20));
    const info = await q.latestArtifactInfo(taskId, name);
    assert.deepEqual([info.storageType, info.contentType], ['object', 'text/plain']);
    assert.equal((await service().object(made.name)).hashes.sha256, sha256(data));
    const latest = await fetch(q.buildSignedUrl(q.getLatestArtifact, taskId, name), { redirect: 'manual' });
    assert.equal(latest.status, 303);
    assert.equal(latest.headers.get('x-taskcluster-artifact-storage-type'), 'object');
    assert.equal((await latest.json()).url.split('?')[0], url.split('?')[0]);
  }
  assert.equal(blobs(), before);
  const near = await running('near');
  await artifactOf(near, 'public/here', 'hello');
  assert.ok((await location(near, 'public/here')).startsWith(server.rootUrl));
  assert.equal(blobs(), before + 1);
});

test('section 5.1 an artifact that no rule is for finds no backend, and its name must fit the store', async () => {
  const nobody = await running('nobody');
  const error = await failure(() => q.createArtifact(nobody, 0, 'public/x', request()));
  assert.deepEqual([error.statusCode, error.code], [400, 'NoMatchingBackend']);
  const taskId = await running();
  const long = await failure(() => q.createArtifact(taskId, 0, 'x'.repeat(1020), request()));
  assert.equal(long.statusCode, 400);
  assert.match(long.message, /up to 1024 bytes/);
  await q.createArtifact(nobody, 0, 'public/x', { storageType: 's3', contentType: 'text/plain', expires: inSeconds(600) });
});

test('section 2.2 2.3 an upload is finished when the store has it, with the hashes that were said', async () => {
  const taskId = await running();
  const made = await q.createArtifact(taskId, 0, 'public/o', request());
  const objects = service(made.credentials);
  assert.match((await failure(() => objects.finishUpload(made.name, closing(made)))).message, /Nothing was uploaded/);
  store.answer = 503;
  try {
    assert.equal((await failure(() => objects.createUpload(made.name, opening(made, inline('hello'))))).statusCode, 503);
  } finally {
    store.answer = undefined;
  }
  assert.deepEqual((await objects.createUpload(made.name, opening(made, inline('hello')))).uploadMethod, { dataInline: true });
  const wrong = await failure(() => objects.finishUpload(made.name, { ...closing(made), hashes: { sha256: sha256('other') } }));
  assert.equal(wrong.statusCode, 400);
  assert.ok(wrong.message.includes(sha256('other')));
  await Promise.all([...Array(5)].map(() => objects.finishUpload(made.name, closing(made))));
  await q.finishArtifact(taskId, 0, 'public/o', { uploadId: made.uploadId });
  assert.equal(await (await fetch(await location(taskId, 'public/o'))).text(), 'hello');
});

test('section 1.6 what expired leaves the store, when it can be reached again', async () => {
  const taskId = await running();
  store.answer = undefined;
  const made = await artifactOf(taskId, 'public/old', 'hello', inSeconds(4));
  const given = await q.createArtifact(taskId, 0, 'public/given up', request(inSeconds(4)));
  await service(given.credentials).createUpload(given.name, opening(given, inline('hello')));
  for (const { name } of [made, given]) assert.ok(await store.has('priv', name));
  for (const { name } of [made, given])
    await until(`${name} has left the store`, async () => !(await store.has('priv', name)));
  await until('the record has left', () => q.artifactInfo(taskId, 0, 'public/old').then(() => false, (e) => e.statusCode === 404));
});

test('section 5.1 object artifacts stay where they are when the map changes', async () => {
  const taskId = await running();
  await artifactOf(taskId, 'public/stays', 'hello');
  const made = await q.createArtifact(taskId, 0, 'public/under way', request());
  write({ ...settings(), backendMap: [{ backendId: 'local', when: 'all' }] });
  await server.restart();
  q = queue(server);
  assert.ok((await location(taskId, 'public/stays')).startsWith(store.endpoint));
  await upload(made, 'later');
  assert.ok(await store.has('priv', made.name));
  await artifactOf(taskId, 'public/new', 'hello');
  assert.ok((await location(taskId, 'public/new')).startsWith(server.rootUrl));
  write({});
  await server.restart();
  q = queue(server);
  const lost = await failure(() => q.getArtifact(taskId, 0, 'public/stays'));
  assert.equal(lost.statusCode, 404);
  assert.match(lost.message, /at a backend 'cloud' that this server is no longer configured for/);
  const error = await failure(() => service().startDownload(`t/${taskId}/0/public/stays`, { acceptDownloadMethods: { simple: true } }));
  assert.equal(error.statusCode, 400);
  assert.match(error.message, /backend 'cloud', which is no longer configured/);
  assert.equal((await service().object(`t/${taskId}/0/public/stays`)).projectId, 'far');
});
