// Copies that are too large for one upload, and what is counted of copies: the object contract,
// section 7.2.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Server, until } from './support/server.mjs';
import { S3Store } from './support/s3_store.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

const mib = 1 << 20;
let west; // the store of the site
let server;
let q;
let directory;

before(async () => {
  west = await S3Store.start();
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-large-'));
  const file = path.join(directory, 'mirrors.json');
  fs.writeFileSync(file, JSON.stringify({ retrySeconds: 1, urlSeconds: 1, sites: [
    { siteId: 'west', store: west.backend(), match: [{ region: 'west' }], partBytes: 5 * mib,
      maxBytes: 20 * mib, largestBytes: 15 * mib },
    { siteId: 'east', store: { backendType: 'local', directory: path.join(directory, 'east') },
      match: [{ region: 'east' }] }] }), { mode: 0o600 });
  server = await Server.start({ mirrors: file, anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
});
after(async () => {
  await server?.stop();
  await west?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

// A completed task with an artifact of these data.
async function done(data) {
  const taskId = slugid();
  const def = definition({ taskQueueId: `large/q${slugid().toLowerCase().replace(/[^a-z]/g, 'x')}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  const { putUrl } = await q.createArtifact(taskId, 0, 'public/large', { storageType: 's3',
    contentType: 'text/x-large', expires: inSeconds(3000) });
  const put = await fetch(putUrl, { method: 'PUT', body: data,
    headers: { 'content-type': 'text/x-large', 'content-encoding': 'x-own' } });
  assert.equal(put.status, 200);
  await q.reportCompleted(taskId, 0);
  return taskId;
}

const locate = async (taskId, region = 'west') => (await fetch(
  `${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/large`,
  { redirect: 'manual', headers: { 'x-taskcluster-region': region } })).headers.get('location');

// Where the copy is, once there is one.
const copied = (taskId) => until('there is a copy', async () => {
  const at = await locate(taskId);
  return at.startsWith(west.endpoint) ? at : undefined;
}, 60000);

const asked = (taskId) => west.requests.filter((request) => request.includes(taskId));
const count = (requests, what) => requests.filter((request) => what.test(request)).length;

async function counted(site) {
  const text = await (await fetch(`http://127.0.0.1:${server.info.metricsPort}/metrics`)).text();
  return Object.fromEntries(text.split('\n')
    .map((line) => /^tcx_mirror_(\w+)\{site="(\w+)"(?:,\w+="(\w+)")?\} (\d+)$/.exec(line))
    .filter((found) => found?.[2] === site)
    .map(([, name, , kind, number]) => [kind ? `${name} ${kind}` : name, Number(number)]));
}

const nothing = { copies_total: 0, copied_bytes_total: 0, failures_total: 0,
  'evictions_total room': 0, 'evictions_total time': 0, 'reads_total copy': 0,
  'reads_total source': 0 };

test('section 7.2 what is larger than one upload is copied in parts, and is the same in the end',
  async () => {
    assert.deepEqual(await counted('west'), nothing);
    const data = randomBytes(12 * mib + 1);
    const taskId = await done(data);
    const response = await fetch(await copied(taskId));
    assert.equal(response.headers.get('content-type'), 'text/x-large');
    assert.equal(response.headers.get('content-encoding'), 'x-own');
    assert.equal(sha256(Buffer.from(await response.arrayBuffer())), sha256(data));
    const requests = asked(taskId);
    assert.equal(count(requests, /^POST .*\?uploads=/), 1);
    for (const part of [1, 2, 3]) assert.equal(count(requests, new RegExp(`^PUT .*partNumber=${part}&`)), 1);
    assert.equal(count(requests, /^PUT /), 3);
    assert.equal(count(requests, /^POST .*\?uploadId=/), 1);
    assert.equal(west.openUploads(), 0);
    const now = await counted('west');
    assert.equal(now.copies_total, 1);
    assert.equal(now.copied_bytes_total, data.length);
    assert.equal(now.failures_total, 0);
    assert.ok(now['reads_total copy'] >= 1 && now['reads_total source'] >= 1);
    assert.deepEqual(await counted('east'), nothing);
  });

test('section 7.2 a copy of which a part fails leaves no parts, and is made later', async () => {
  const before = await counted('west');
  const data = randomBytes(11 * mib);
  const taskId = await done(data);
  // The second part is refused, until an attempt was seen to be given up.
  west.answer = (request) => (/^PUT/.test(request.method) && request.url.includes('partNumber=2&')
    ? 503 : undefined);
  try {
    await locate(taskId);
    await until('the parts are given up', () => count(asked(taskId), /^DELETE .*uploadId=/) > 0, 60000);
    await until('it is counted', async () =>
      (await counted('west')).failures_total > before.failures_total);
    assert.match(server.log, /the store of the site answered 503/);
    assert.equal(west.openUploads(), 0);
    assert.ok(!(await locate(taskId)).startsWith(west.endpoint));
  } finally {
    west.answer = undefined;
  }
  const got = await fetch(await copied(taskId));
  assert.equal(sha256(Buffer.from(await got.arrayBuffer())), sha256(data));
  // There is no room for both.
  await until('the other one made room', async () =>
    (await counted('west'))['evictions_total room'] === 1);
});

test('section 7.2 what fits into one upload goes in one', async () => {
  const taskId = await done(randomBytes(5 * mib));
  await copied(taskId);
  assert.deepEqual(asked(taskId).filter((r) => /^P/.test(r)).map((r) => r.split(' ')[0]), ['PUT']);
});
