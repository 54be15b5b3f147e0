// The end of artifacts: the queue contract, sections 7.5 and 9.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Server, sleep, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ 'expiration-delay': 1, anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
});
after(() => server?.stop());

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `expiry/q${number++}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const reference = (expires) => ({ storageType: 'reference', url: 'https://example.com/a',
  contentType: 'text/plain', expires });
const get = (taskId, name) =>
  fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/${name}`, { redirect: 'manual' });
const gone = (taskId, name) => until(`${name} is gone`,
  () => q.artifactInfo(taskId, 0, name).then(() => false, (e) => e.code === 'ResourceNotFound'));

// How many blobs the store holds.
const blobs = () => fs.readdirSync(path.join(server.data, 'artifacts'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).length;

async function uploaded(taskId, name, expires) {
  const { putUrl, contentType } = await q.createArtifact(taskId, 0, name,
    { storageType: 's3', contentType: 'text/plain', expires });
  const put = await fetch(putUrl, { method: 'PUT', body: 'bytes', headers: { 'Content-Type': contentType } });
  assert.equal(put.status, 200);
}

test('AR-20 an expired artifact is gone with its data: 404 with the scope, 403 without; others stay', async () => {
  const taskId = await running();
  const soon = inSeconds(2);
  await uploaded(taskId, 'public/old', soon);
  await uploaded(taskId, 'public/kept', inSeconds(600));
  await q.createArtifact(taskId, 0, 'private/old', reference(soon));
  assert.equal(blobs(), 2);
  const { url } = await q.artifact(taskId, 0, 'public/old');
  await gone(taskId, 'public/old');
  await gone(taskId, 'private/old');
  assert.equal((await get(taskId, 'public/old')).status, 404);
  assert.equal((await get(taskId, 'private/old')).status, 403);
  assert.notEqual((await fetch(url)).status, 200);
  assert.equal(blobs(), 1);
  const { url: kept } = await q.artifact(taskId, 0, 'public/kept');
  assert.equal(await (await fetch(kept)).text(), 'bytes');
  await uploaded(taskId, 'public/old', inSeconds(600));
  const { url: again } = await q.artifact(taskId, 0, 'public/old');
  assert.equal(await (await fetch(again)).text(), 'bytes');
});

test('AR-12 AR-13 error artifacts and references expire; one that was extended survives', async () => {
  const taskId = await running();
  const soon = inSeconds(2);
  await q.createArtifact(taskId, 0, 'public/err', { storageType: 'error', reason: 'file-missing-on-worker', message: 'no', expires: soon });
  await q.createArtifact(taskId, 0, 'public/ref', reference(soon));
  await q.createArtifact(taskId, 0, 'public/kept', reference(soon));
  await q.createArtifact(taskId, 0, 'public/kept', reference(inSeconds(600)));
  await gone(taskId, 'public/err');
  await gone(taskId, 'public/ref');
  assert.equal((await get(taskId, 'public/ref')).status, 404);
  assert.equal((await get(taskId, 'public/kept')).status, 303);
  assert.deepEqual((await q.listArtifacts(taskId, 0)).artifacts.map(({ name }) => name), ['public/kept']);
});

test('AR-20 LG-1 a hundred and fifty artifacts vanish, and the log counts them', async () => {
  const taskId = await running();
  const soon = inSeconds(3);
  await Promise.all([...Array(150).keys()].map((n) =>
    q.createArtifact(taskId, 0, `public/${n}`, reference(soon))));
  await q.createArtifact(taskId, 0, 'public/kept', reference(inSeconds(600)));
  await q.reportCompleted(taskId, 0);
  await until('all are gone', () => server.log.split('\n')
    .filter((line) => line.includes('expired-artifacts-removed'))
    .reduce((sum, line) => sum + JSON.parse(line).Fields.count, 0) >= 150);
  assert.equal((await failure(() => q.artifactInfo(taskId, 0, 'public/149'))).code, 'ResourceNotFound');
  assert.equal((await q.listArtifacts(taskId, 0)).artifacts.length, 1);
});

test('EX-4 an artifact whose data are missing already goes all the same', async () => {
  const taskId = await running();
  await uploaded(taskId, 'public/lost', inSeconds(2));
  const folder = path.join(server.data, 'artifacts');
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) fs.rmSync(path.join(entry.parentPath ?? entry.path, entry.name));
  await q.createArtifact(taskId, 0, 'public/never-uploaded', { storageType: 's3', contentType: 'text/plain', expires: inSeconds(2) });
  await gone(taskId, 'public/lost');
  await gone(taskId, 'public/never-uploaded');
});

test('EX-2 a record of an unknown storage type is removed too', async () => {
  const taskId = await running();
  await q.createArtifact(taskId, 0, 'public/odd', reference(inSeconds(2)));
  const key = await until('the record is there', async () => {
    for (let shard = 0; shard < 64; ++shard) {
      const name = `troupe:{${String(shard).padStart(2, '0')}}:artifacts:${taskId}`;
      if (!(await server.redis.command('EXISTS', name)).startsWith(':0')) return name;
    }
    return undefined;
  });
  await server.kill();
  await server.redis.command('HSET', key, '0/public/odd', '{"storageType":"floppy"}');
  await server.launch();
  q = queue(server);
  await until('the record is gone', async () =>
    (await server.redis.command('EXISTS', key)).startsWith(':0'));
});

test('an artifact that expires while the server is away is removed when it is back', async () => {
  const taskId = await running();
  await uploaded(taskId, 'public/old', inSeconds(1));
  const before = blobs();
  await q.reportCompleted(taskId, 0);
  await server.kill();
  await sleep(1200);
  await server.launch();
  q = queue(server);
  await gone(taskId, 'public/old');
  assert.equal(blobs(), before - 1);
  assert.equal((await q.status(taskId)).status.state, 'completed');
});

test('a server that is killed in the middle of removing goes on when it is back', async () => {
  const tasks = await Promise.all(Array.from({ length: 12 }, running));
  const before = blobs();
  const soon = inSeconds(5);
  const names = Array.from({ length: 40 }, (_, i) => `public/many/${i}`);
  await Promise.all(tasks.map(async (taskId) => {
    for (const name of names) await uploaded(taskId, name, soon);
  }));
  assert.equal(blobs(), before + 480);
  await until('some are gone', () => blobs() < before + 480);
  await server.restart('SIGKILL');
  await until('all data are gone', () => blobs() === before);
  for (const taskId of tasks) {
    await until('all records are gone', async () =>
      (await q.listArtifacts(taskId, 0)).artifacts.length === 0);
  }
});
