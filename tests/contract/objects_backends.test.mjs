// Where objects are kept, and what answers in their place: the object contract, section 5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import taskcluster from 'taskcluster-client';
import { launch, binary, Server, until } from './support/server.mjs';
import { S3Store } from './support/s3_store.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let store;
let server;
let objects;
let file;
let directory;

// The store's two buckets: one is read by signed URLs, the other by plain ones.
const bucket = (name, rest = {}) => store.backend({ bucket: name, ...rest });
const settings = () => ({
  backends: { signed: bucket('priv'), open: bucket('pub', { signGetUrls: false, s3ForcePathStyle: true }) },
  backendMap: [
    { backendId: 'open', when: { projectId: 'shop', name: { regexp: '^open/' } } },
    { backendId: 'signed', when: { projectId: { is: 'shop' } } },
    { backendId: 'local', when: { projectId: { regexp: '^(disk|none)$' } } }],
  middleware: [{ middlewareType: 'cdn', regexp: 'cached/', baseUrl: 'https://cdn.example.com/objects/' }],
});

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
  objects = service();
});
after(async () => {
  await server?.stop();
  await store?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

const service = (on = server) => new taskcluster.Object({ rootUrl: on.rootUrl, credentials: on.credentials, retries: 0 });
const opening = (projectId, proposedUploadMethods, rest = {}) =>
  ({ projectId, uploadId: slugid(), expires: inSeconds(3600), proposedUploadMethods, ...rest });
const closing = ({ projectId, uploadId }) => ({ projectId, uploadId });
const putUrl = (contentLength, contentType = 'text/plain') => ({ putUrl: { contentType, contentLength } });
const inline = (data, contentType = 'text/plain') =>
  ({ dataInline: { contentType, objectData: Buffer.from(data).toString('base64') } });
const location = async (name) => (await fetch(objects.buildSignedUrl(objects.download, name), { redirect: 'manual' })).headers.get('location');
const simple = { acceptDownloadMethods: { simple: true } };
const getUrl = { acceptDownloadMethods: { getUrl: true } };

async function upload(projectId, name, data, rest = {}, object = objects) {
  await taskcluster.upload({ projectId, name, contentType: 'text/plain', contentLength: data.length, uploadId: slugid(),
    expires: inSeconds(3600), streamFactory: async () => Readable.from([Buffer.from(data)]), object, ...rest });
}

async function download(name) {
  const pieces = [];
  await taskcluster.download({ name, object: objects, streamFactory: async () =>
    new Writable({ write(chunk, _, done) { pieces.push(chunk); done(); } }) });
  return Buffer.concat(pieces);
}

test('section 5.2 the stock client uploads to an S3 store and downloads from there', async () => {
  for (const [name, size] of [['small', 100], ['large one/with a + b', 2_000_000], ['open/small', 8192], ['open/large', 8193]]) {
    const data = randomBytes(size);
    await upload('shop', name, data);
    assert.ok(await store.has(name.startsWith('open/') ? 'pub' : 'priv', name));
    assert.deepEqual(await download(name), data);
    assert.equal((await objects.object(name)).hashes.sha256, createHash('sha256').update(data).digest('hex'));
  }
  assert.match((await objects.startDownload('small', getUrl)).url, /X-Amz-Signature=/);
  assert.equal((await objects.startDownload('open/small', getUrl)).url, `${store.endpoint}/pub/open/small`);
  assert.match(await location('small'), /X-Amz-Signature=/);
  await upload('disk', 'here', 'hello');
  assert.ok((await location('here')).startsWith(server.rootUrl));
});

test('section 5.1 an object that no rule is for finds no backend', async () => {
  const error = await failure(() => objects.createUpload('lost', opening('nobody', {})));
  assert.equal(error.statusCode, 400);
  assert.equal(error.code, 'NoMatchingBackend');
  assert.match(error.message, /'nobody'/);
});

test('section 5.2 an upload to a store takes its very headers, and is not finished before it is there', async () => {
  const body = opening('shop', putUrl(3, 'text/html'));
  const { uploadMethod: { putUrl: { url, headers } } } = await objects.createUpload('page', body);
  assert.equal((await failure(() => objects.finishUpload('page', closing(body)))).statusCode, 400);
  const put = (with_, data = '<p>') => fetch(url, { method: 'PUT', headers: with_, body: data });
  assert.equal((await put({ ...headers, 'Content-Type': 'text/plain' })).status, 403);
  assert.equal((await put({ ...headers, 'Content-Disposition': 'inline' })).status, 403);
  const answer = await put(headers);
  assert.equal(answer.status, 200, await answer.text());
  await objects.finishUpload('page', closing(body));
  const page = await fetch((await objects.startDownload('page', getUrl)).url);
  assert.equal(await page.text(), '<p>');
  assert.equal(page.headers.get('content-disposition'), 'attachment');
  const short = opening('shop', inline('<p>', 'text/html'));
  await objects.createUpload('page2', short);
  await objects.finishUpload('page2', closing(short));
  assert.equal((await fetch((await objects.startDownload('page2', getUrl)).url)).headers.get('content-disposition'), 'attachment');
  assert.match((await failure(() => objects.createUpload('x'.repeat(1025), opening('shop', {})))).message, /up to 1024 bytes/);
});

test('section 5.2 while the store fails, calls may be repeated, and then succeed', async () => {
  const sha256 = createHash('sha256').update('hello').digest('hex');
  const body = opening('shop', inline('hello'), { hashes: { sha256 } });
  store.answer = 503;
  try {
    assert.equal((await failure(() => objects.createUpload('patient', body))).statusCode, 503);
    await until('the log tells', () => server.log.includes("object backend 'signed' could not take data: it answered 503"));
  } finally {
    store.answer = undefined;
  }
  await objects.createUpload('patient', body);
  store.answer = 500;
  try {
    assert.equal((await failure(() => objects.finishUpload('patient', closing(body)))).statusCode, 503);
  } finally {
    store.answer = undefined;
  }
  assert.equal((await failure(() => objects.object('patient'))).statusCode, 404);
  await objects.finishUpload('patient', closing(body));
  assert.equal((await download('patient')).toString(), 'hello');
});

test('section 5.4 what expired leaves the store, now or when it can be reached again', async () => {
  await upload('shop', 'old & <gone>', 'hello', { expires: inSeconds(3) });
  await objects.createUpload('given up', opening('shop', inline('hello'), { expires: inSeconds(3) }));
  for (const name of ['old & <gone>', 'given up']) assert.ok(await store.has('priv', name));
  for (const name of ['old & <gone>', 'given up'])
    await until(`${name} has left the store`, async () => !(await store.has('priv', name)));
  await until('the name is free', () => upload('shop', 'old & <gone>', 'again').then(() => true, () => false));
});

test('section 5.3 a cache is named by download and by simple, not by getUrl, for artifacts, too', async () => {
  const url = 'https://cdn.example.com/objects/cached/a%20b';
  assert.equal((await failure(() => objects.startDownload('cached/a b', simple))).statusCode, 404);
  await upload('disk', 'cached/a b', 'hello');
  assert.equal(await location('cached/a b'), url);
  assert.equal((await objects.startDownload('cached/a b', simple)).url, url);
  assert.ok((await objects.startDownload('cached/a b', getUrl)).url.startsWith(server.rootUrl));

  const q = queue(server);
  const [taskId, def] = [slugid(), definition({ taskQueueId: 'objects/cached' })];
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  const made = await q.createArtifact(taskId, 0, 'public/cached/x', { storageType: 'object', contentType: 'text/plain', expires: inSeconds(3000) });
  await upload(made.projectId, made.name, 'hello', { uploadId: made.uploadId, expires: made.expires });
  await q.finishArtifact(taskId, 0, 'public/cached/x', { uploadId: made.uploadId });
  const where = async (headers = {}) => (await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/cached/x`,
    { redirect: 'manual', headers })).headers.get('location');
  assert.equal(await where(), `https://cdn.example.com/objects/${made.name}`);
  assert.ok((await where({ 'x-taskcluster-skip-cdn': 'true' })).startsWith(server.rootUrl));
  assert.equal((await objects.startDownload(made.name, simple)).url, `https://cdn.example.com/objects/${made.name}`);
  assert.equal((await download(made.name)).toString(), 'hello');
});

test('section 5.1 objects stay where they are when the map changes', async () => {
  const other = await Server.start({ 'object-backends': write(settings()) });
  try {
    let here = service(other);
    await upload('shop', 'stays', 'hello', {}, here);
    const open = opening('shop', inline('later'));
    await here.createUpload('under way', open);
    write({ ...settings(), backendMap: [{ backendId: 'local', when: 'all' }] });
    await other.restart();
    here = service(other);
    const where = async (name) => (await here.startDownload(name, getUrl)).url;
    assert.ok((await where('stays')).startsWith(store.endpoint));
    await here.createUpload('under way', open);
    await here.finishUpload('under way', closing(open));
    assert.ok((await where('under way')).startsWith(store.endpoint));
    await upload('shop', 'new', 'hello', {}, here);
    assert.ok((await where('new')).startsWith(other.rootUrl));
    write({});
    await other.restart();
    here = service(other);
    const error = await failure(() => here.startDownload('stays', getUrl));
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /backend 'signed', which is no longer configured/);
    assert.equal((await here.object('stays')).projectId, 'shop');
  } finally {
    await other.stop();
  }
});

test('section 5.1 a map that names an unknown backendId is an error at the start', async () => {
  const bad = path.join(directory, 'bad.json');
  fs.writeFileSync(bad, JSON.stringify({ backendMap: [{ backendId: 'nowhere', when: 'all' }] }));
  const child = launch(binary, ['serve', '--object-backends', bad], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
  const { code } = await child.ended;
  assert.notEqual(code, 0);
  assert.match(said, /object-backends.*bad\.json.*backendMap\[0\]\.backendId: there is no backend 'nowhere'/);
});

test('section 3 objects of artifacts take their data inline, too', async () => {
  const q = queue(server);
  const [taskId, def] = [slugid(), definition({ taskQueueId: 'objects/inline' })];
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  const made = await q.createArtifact(taskId, 0, 'public/x', { storageType: 'object', contentType: 'text/plain', expires: inSeconds(3000) });
  const body = { projectId: made.projectId, uploadId: made.uploadId, expires: made.expires, proposedUploadMethods: { ...putUrl(5), ...inline('hello') } };
  const sha256 = createHash('sha256').update('other').digest('hex');
  const refused = await failure(() => objects.createUpload(made.name, { ...body, hashes: { sha256 } }));
  assert.equal(refused.code, 'InputError');
  assert.ok(refused.message.includes(sha256));
  assert.deepEqual((await objects.createUpload(made.name, body)).uploadMethod, { dataInline: true });
  const wrong = await failure(() => objects.finishUpload(made.name, { ...closing(body), hashes: { sha256 } }));
  assert.equal(wrong.statusCode, 400);
  assert.match(wrong.message, new RegExp(sha256));
  await Promise.all([...Array(5)].map(() => objects.finishUpload(made.name, closing(body))));
  assert.equal((await failure(() => objects.object(made.name.replace('/0/', '/00/')))).statusCode, 404);
  assert.equal((await failure(() => objects.startDownload(made.name, { acceptDownloadMethods: {} }))).statusCode, 406);
  await q.finishArtifact(taskId, 0, 'public/x', { uploadId: made.uploadId });
  const { url } = await objects.startDownload(made.name, getUrl);
  assert.equal(await (await fetch(url)).text(), 'hello');
});
