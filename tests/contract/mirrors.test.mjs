// Copies of artifacts and objects at other sites: the object contract, section 7.2.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import taskcluster from 'taskcluster-client';
import { launch, binary, Server, until } from './support/server.mjs';
import { S3Store } from './support/s3_store.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let home; // the store of objects
let west; // the store of a site
let server;
let q;
let directory;

const backends = () => ({ backends: { cloud: home.backend() }, backendMap: [
  { backendId: 'cloud', when: { projectId: 'far' } }, { backendId: 'local', when: 'all' }] });
const mirrors = (rest = {}, site = {}) => ({
  canonical: 'home', leaseSeconds: 2, urlSeconds: 20, retrySeconds: 1, ...rest,
  sites: [
    { siteId: 'home', match: [{ region: 'home' }, { address: '10.1.0.0/16' }] },
    { siteId: 'west', store: west.backend(), match: [{ region: 'us-west' }, { workerGroup: '^west-' }, { address: '10.2.0.0/16' }], eagerFor: ['^west-pool/'], ...site },
    { siteId: 'open', store: west.backend({ bucket: 'pub', signGetUrls: false }), match: [{ region: 'open' }] },
    { siteId: 'office', store: { backendType: 'local', directory: path.join(directory, 'office') }, match: [{ region: 'office' }, { address: 'fd00::/8' }] }],
});

function write(name, content) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

const options = (file, content) => ({ 'object-backends': write('backends.json', backends()), mirrors: write(file, content),
  'expiration-delay': 0, anonymous: ['queue:get-artifact:public/*'] });

before(async () => {
  [home, west] = [await S3Store.start(), await S3Store.start()];
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-mirrors-'));
  server = await Server.start(options('mirrors.json', mirrors()));
  q = queue(server);
});
after(async () => {
  await server?.stop();
  for (const store of [home, west]) await store?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

const service = (on = server, credentials = on.credentials) => new taskcluster.Object({ rootUrl: on.rootUrl, credentials, retries: 0 });
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const at = (region) => ({ 'x-taskcluster-region': region });
const fromOffice = at('office');
const fromWest = at('us-west');

async function claimed(projectId = 'none', on = q, workerGroup = 'g') {
  const [taskId, def] = [slugid(), definition({ projectId, taskQueueId: `mirrors/${slugid().toLowerCase().replace(/[^a-z]/g, 'x')}` })];
  await on.createTask(taskId, def);
  const { tasks: [claim] } = await on.claimWork(def.taskQueueId, { workerGroup, workerId: 'w' });
  return { taskId, credentials: claim.credentials };
}

async function put(taskId, name, data, { contentType = 'text/plain', encoding, expires = inSeconds(3000), on = q } = {}) {
  const { putUrl } = await on.createArtifact(taskId, 0, name, { storageType: 's3', contentType, contentLength: data.length, expires });
  const headers = { 'content-type': contentType, ...(encoding ? { 'content-encoding': encoding } : {}) };
  assert.equal((await fetch(putUrl, { method: 'PUT', headers, body: data })).status, 200);
}

// A task that is completed, with an artifact on the server's disk.
async function done(name, data, rest = {}) {
  const on = rest.on ?? q;
  const { taskId } = await claimed('none', on);
  await put(taskId, name, data, rest);
  await on.reportCompleted(taskId, 0);
  return taskId;
}

async function objectArtifact(taskId, name, data, expires = inSeconds(3000), on = server) {
  const made = await queue(on).createArtifact(taskId, 0, name, { storageType: 'object', contentType: 'text/plain', expires });
  await taskcluster.upload({ projectId: made.projectId, name: made.name, contentType: 'text/plain', contentLength: data.length,
    uploadId: made.uploadId, expires: made.expires, streamFactory: async () => Readable.from([Buffer.from(data)]),
    object: service(on, made.credentials) });
  await queue(on).finishArtifact(taskId, 0, name, { uploadId: made.uploadId });
  return made;
}

async function locate(taskId, name, headers = {}, on = server) {
  const answer = await fetch(`${on.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/${name}`, { redirect: 'manual', headers });
  const body = await answer.json();
  assert.equal(answer.status, 303, JSON.stringify(body));
  assert.equal(body.url, answer.headers.get('location'));
  return body.url;
}

const keyOf = (taskId, name, site = 'west') => `mirror/${site}/t/${taskId}/0/${name}`;
const atWest = (url) => url.startsWith(west.endpoint);
const atOffice = (url) => url.startsWith(`${server.rootUrl}/api/troupe/v1/blob/mirror/office/`);

// The first time everybody goes home; later there is a copy.
async function copied(taskId, name, headers, isThere, on = server) {
  return until(`there is a copy of ${name}`, async () => {
    const url = await locate(taskId, name, headers, on);
    return isThere(url) && url;
  });
}

test('section 7.2 the first reader at a site goes to the data, later ones to a copy of them', async () => {
  const text = Buffer.from('what the task said\n'.repeat(5000));
  const taskId = await done('public/log', gzipSync(text), { encoding: 'gzip' });
  assert.ok((await locate(taskId, 'public/log', fromWest)).startsWith(`${server.rootUrl}/api/troupe/v1/blob/${taskId}/`));
  const copy = await copied(taskId, 'public/log', fromWest, atWest);
  assert.ok(await west.has('priv', keyOf(taskId, 'public/log')));
  const answer = await fetch(copy);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.equal(answer.headers.get('content-type'), 'text/plain');
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), text);
  const part = await fetch(copy, { headers: { range: 'bytes=0-1', 'accept-encoding': 'gzip' } });
  assert.equal(part.status, 206);
  await part.body.cancel();
  const near = await copied(taskId, 'public/log', fromOffice, atOffice);
  assert.deepEqual(Buffer.from(await (await fetch(near)).arrayBuffer()), text);
  assert.equal((await fetch(near.replace('public/log', 'public/other'))).status, 403);
  for (const headers of [{}, at('home'), at('elsewhere'), { ...fromWest, 'x-taskcluster-skip-cdn': 'true' }])
    assert.ok((await locate(taskId, 'public/log', headers)).includes(`/blob/${taskId}/`));
  const { url } = await (await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifact-content/public/log`, { headers: fromWest })).json();
  assert.ok(atWest(url));
});

test('section 7.2 a site is told by header, by workerGroup and by address', async () => {
  const taskId = await done('public/x', 'hello');
  await copied(taskId, 'public/x', fromWest, atWest);
  const client = (credentials) => new taskcluster.Queue({ rootUrl: server.rootUrl, credentials, retries: 0 });
  const { credentials } = await claimed('none', q, 'west-1');
  assert.ok(atWest((await client(credentials).getArtifact(taskId, 0, 'public/x')).url));
  const other = await claimed('none', q, 'south-1');
  assert.ok(!atWest((await client(other.credentials).getArtifact(taskId, 0, 'public/x')).url));
  const ip = (address, region) => ({ 'x-forwarded-for': address, ...(region ? at(region) : {}) });
  assert.ok(atWest(await locate(taskId, 'public/x', ip('10.2.3.4'))));
  assert.ok(!atWest(await locate(taskId, 'public/x', ip('10.3.3.4'))));
  assert.ok(!atWest(await locate(taskId, 'public/x', ip('10.2.3.4', 'home'))));
  assert.ok(atWest(await locate(taskId, 'public/x', ip('10.1.3.4', 'us-west'))));
  await copied(taskId, 'public/x', ip('fd00::7'), atOffice);
});

test('section 7.2 objects of any kind and place are copied, and the stock client checks what it gets', async () => {
  const data = randomBytes(600_000);
  const { taskId } = await claimed('far');
  const made = await objectArtifact(taskId, 'public/object', data);
  assert.ok((await locate(taskId, 'public/object', fromOffice)).startsWith(home.endpoint));
  await copied(taskId, 'public/object', fromOffice, atOffice);
  await taskcluster.upload({ projectId: 'far', name: 'free/name', contentType: 'text/plain', contentLength: data.length,
    uploadId: slugid(), expires: inSeconds(3000), streamFactory: async () => Readable.from([data]), object: service() });
  const near = async (object, method, name) => {
    const reply = await fetch(`${server.rootUrl}/api/object/v1/start-download/${encodeURIComponent(name)}`, { method: 'PUT',
      headers: { ...fromOffice, 'content-type': 'application/json', authorization: await hawk(object, name) },
      body: JSON.stringify({ acceptDownloadMethods: { [method]: true } }) });
    return reply.json();
  };
  // The stock client has no way to send the header, so its signature is made for a call by hand.
  const hawk = async (_, name) => {
    const { default: Hawk } = await import('hawk');
    return Hawk.client.header(`${server.rootUrl}/api/object/v1/start-download/${encodeURIComponent(name)}`, 'PUT',
      { credentials: { id: server.credentials.clientId, key: server.credentials.accessToken, algorithm: 'sha256' } }).header;
  };
  for (const name of [made.name, 'free/name']) {
    const found = await until(`there is a copy of ${name}`, async () => {
      const answer = await near(null, 'getUrl', name);
      return atOffice(answer.url) && answer;
    });
    assert.equal(found.hashes.sha256, sha256(data));
    assert.ok(new Date(found.expires) - Date.now() < 60_000);
    assert.deepEqual(Buffer.from(await (await fetch(found.url)).arrayBuffer()), data);
    assert.ok(atOffice((await near(null, 'simple', name)).url));
  }
  const pieces = [];
  await taskcluster.download({ name: 'free/name', object: service(),
    streamFactory: async () => new Writable({ write(chunk, _, next) { pieces.push(chunk); next(); } }) });
  assert.deepEqual(Buffer.concat(pieces), data);
});

test('section 7.2 private artifacts have copies behind signatures only', async () => {
  const taskId = await done('private/x', 'secret');
  const read = async (region) => {
    const signed = q.buildSignedUrl(q.getArtifact, taskId, 0, 'private/x');
    return (await fetch(signed, { redirect: 'manual', headers: at(region) })).headers.get('location');
  };
  const copy = await until('there is a copy', async () => {
    const url = await read('us-west');
    return atWest(url) && url;
  });
  assert.equal(await (await fetch(copy)).text(), 'secret');
  assert.match(copy, /X-Amz-Signature=/);
  assert.equal((await fetch(copy.replace('private/x', 'private/y'))).status, 403);
  const office = await until('there is a copy in the office', async () => {
    const url = await read('office');
    return atOffice(url) && url;
  });
  assert.equal((await fetch(office.split('?')[0])).status, 403);
  const open = await done('public/x', 'for all');
  const plain = await copied(open, 'public/x', at('open'), atWest);
  assert.ok(!plain.includes('?'));
  assert.ok(!atWest(await read('open')));
  assert.ok(!(await west.has('pub', keyOf(taskId, 'private/x', 'open'))));
  const anonymous = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/private/x`, { headers: fromWest });
  assert.equal(anonymous.status, 403);
});

test('section 7.2 many readers at once make one copy, and what may still change makes none', async () => {
  const { taskId } = await claimed();
  await put(taskId, 'public/hot', randomBytes(300_000));
  for (let i = 0; i < 3; ++i) assert.ok(!atWest(await locate(taskId, 'public/hot', fromWest)));
  const puts = () => west.requests.filter((request) => request.startsWith('PUT') && request.includes(taskId)).length;
  await q.reportCompleted(taskId, 0);
  await Promise.all([...Array(40)].map(() => locate(taskId, 'public/hot', fromWest)));
  await copied(taskId, 'public/hot', fromWest, atWest);
  assert.equal(puts(), 1);
});

test('section 7.2 a site in trouble fails no download, and gets its copy when it is well again', async () => {
  const taskId = await done('public/x', 'hello');
  west.answer = 503;
  try {
    assert.ok(!atWest(await locate(taskId, 'public/x', fromWest)));
    await until('the log tells', () => server.log.includes(`the copy of 't/${taskId}/0/public/x' at site 'west' was not made`));
    assert.match(server.log, /the store of the site answered 503/);
    assert.equal(await (await fetch(await locate(taskId, 'public/x', fromWest))).text(), 'hello');
  } finally {
    west.answer = undefined;
  }
  await copied(taskId, 'public/x', fromWest, atWest);
});

test('section 7.2 data that are not what they should be are not copied', async () => {
  const { taskId } = await claimed('far');
  const made = await objectArtifact(taskId, 'public/changed', 'hello');
  await home.buckets.store.putObject({ bucket: 'priv', key: made.name, content: Readable.from([Buffer.from('other')]), metadata: { 'content-type': 'text/plain' } });
  const kept = () => fs.readdirSync(path.join(directory, 'office'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  const before = kept();
  for (const from of [fromWest, fromOffice]) assert.ok((await locate(taskId, 'public/changed', from)).startsWith(home.endpoint));
  await until('the log tells', () => server.log.includes(`the data have the sha256 ${sha256('other')} instead of ${sha256('hello')}`));
  for (const from of [fromWest, fromOffice]) {
    const site = from === fromWest ? 'west' : 'office';
    await until(`it failed at ${site}`, () => server.log.includes(`the copy of '${made.name}' at site '${site}' was not made`));
    assert.ok((await locate(taskId, 'public/changed', from)).startsWith(home.endpoint));
  }
  assert.equal(kept(), before);
});

test('section 7.2 a copy is purged by who may, and leaves with what it is of', async () => {
  const purge = (name, blob, credentials = server.credentials) => {
    const Troupe = taskcluster.createClient({ serviceName: 'troupe', apiVersion: 'v1', title: 'Troupe', description: '', entries: [
      { type: 'function', method: 'delete', name: 'purgeMirror', route: '/mirror/<siteId>/<blob>', args: ['siteId', 'blob'], query: [], stability: 'experimental', category: 'Operation', title: '', description: '' }] }, 'Troupe');
    return new Troupe({ rootUrl: server.rootUrl, credentials, retries: 0 }).purgeMirror(name, blob);
  };
  const taskId = await done('public/x', 'hello');
  await copied(taskId, 'public/x', fromWest, atWest);
  const blob = `t/${taskId}/0/public/x`;
  assert.equal((await failure(() => purge('nowhere', blob))).statusCode, 404);
  const narrow = { clientId: 'static/tests/narrow', accessToken: server.credentials.accessToken };
  const denied = await failure(() => purge('west', blob, narrow));
  assert.equal(denied.statusCode, 403);
  assert.ok(denied.message.includes(`troupe:purge-mirror:west:${blob}`));
  await purge('west', blob);
  assert.ok(!atWest(await locate(taskId, 'public/x')));
  await until('the copy is gone', async () => !(await west.has('priv', keyOf(taskId, 'public/x'))));
  await purge('west', blob);

  const short = await done('public/short', 'hello', { expires: inSeconds(4) });
  await locate(short, 'public/short', fromWest);
  await until('there is a copy', () => west.has('priv', keyOf(short, 'public/short')));
  await until('it left with its artifact', async () => !(await west.has('priv', keyOf(short, 'public/short'))));
});

test('section 7.2 the copy that nobody read for longest makes room', async () => {
  const small = await Server.start(options('small.json', mirrors({ urlSeconds: 1 }, { maxBytes: 2500 })));
  try {
    const on = queue(small);
    const tasks = [];
    for (let i = 0; i < 2; ++i) {
      tasks.push(await done('public/x', randomBytes(1000), { on }));
      await copied(tasks[i], 'public/x', fromWest, atWest, small);
    }
    await locate(tasks[0], 'public/x', fromWest, small);
    tasks.push(await done('public/x', randomBytes(1000), { on }));
    await copied(tasks[2], 'public/x', fromWest, atWest, small);
    await until('the second one left', async () => !(await west.has('priv', keyOf(tasks[1], 'public/x'))));
    for (const i of [0, 2]) assert.ok(atWest(await locate(tasks[i], 'public/x', fromWest, small)));
    const large = await done('public/x', randomBytes(3000), { on });
    for (let i = 0; i < 3; ++i) assert.ok(!atWest(await locate(large, 'public/x', fromWest, small)));
    assert.ok(!(await west.has('priv', keyOf(large, 'public/x'))));
  } finally {
    await small.stop();
  }
});

test('section 7.2 a copy that is worth it is waited for', async () => {
  const patient = await Server.start(options('patient.json', mirrors({ waitAboveBytes: 50_000, maxWaitSeconds: 20 })));
  try {
    const on = queue(patient);
    const first = await done('public/x', randomBytes(100_000), { on });
    await copied(first, 'public/x', fromWest, atWest, patient); // how long it takes is known from now on
    const second = await done('public/x', randomBytes(100_000), { on });
    assert.ok(atWest(await locate(second, 'public/x', fromWest, patient)));
    const third = await done('public/x', randomBytes(1000), { on });
    assert.ok(!atWest(await locate(third, 'public/x', fromWest, patient)));
  } finally {
    await patient.stop();
  }
});

test('section 7.2 a server that is killed while it copies leaves nothing half; the copy is made later', async () => {
  const doomed = await Server.start(options('doomed.json', mirrors()));
  try {
    const taskId = await done('public/x', randomBytes(200_000), { on: queue(doomed) });
    const kept = await done('public/kept', 'hello', { on: queue(doomed) });
    await copied(kept, 'public/kept', fromWest, atWest, doomed);
    west.answer = 'never';
    await locate(taskId, 'public/x', fromWest, doomed);
    await until('the copy is under way', () => west.requests.some((r) => r.startsWith('PUT') && r.includes(taskId)));
    await doomed.kill();
    west.answer = undefined;
    await doomed.launch();
    assert.ok(!atWest(await locate(taskId, 'public/x', fromWest, doomed)));
    assert.ok(atWest(await locate(kept, 'public/kept', fromWest, doomed)));
    await copied(taskId, 'public/x', fromWest, atWest, doomed);
  } finally {
    west.answer = undefined;
    await doomed.stop();
  }
});

test('section 7.2 copies go by TLS, to a store whose certificate is good', async () => {
  const safe = await S3Store.start({ tls: true });
  const other = await Server.start(options('safe.json', { retrySeconds: 1, sites: [
    { siteId: 'safe', match: [{ region: 'safe' }], store: safe.backend() }] }));
  try {
    const data = randomBytes(700_000);
    const taskId = await done('public/x', data, { on: queue(other) });
    await locate(taskId, 'public/x', at('safe'), other);
    await until('the certificate is refused', () => /at site 'safe' was not made.*its certificate is not accepted: self-signed/.test(other.log));
    process.env.SSL_CERT_FILE = safe.certificateFile;
    await other.restart();
    await copied(taskId, 'public/x', at('safe'), (url) => url.startsWith(safe.endpoint), other);
    const { body } = await safe.buckets.store.getObject('priv', keyOf(taskId, 'public/x', 'safe')).then((object) => ({ body: object.content }));
    const pieces = [];
    for await (const piece of body) pieces.push(piece);
    assert.deepEqual(Buffer.concat(pieces), data);
  } finally {
    delete process.env.SSL_CERT_FILE;
    await other.stop();
    await safe.stop();
  }
});

test('section 7.2 a reset in dev mode leaves no copies on the disk', async () => {
  const office = path.join(directory, 'reset');
  const other = await Server.start({ ...options('reset.json', { sites: [
    { siteId: 'office', match: [{ region: 'office' }], store: { backendType: 'local', directory: office } }] }), 'dev-mode': true });
  try {
    const taskId = await done('public/x', 'hello', { on: queue(other) });
    await copied(taskId, 'public/x', fromOffice, (url) => url.includes('/blob/mirror/office/'), other);
    const files = () => fs.readdirSync(office, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
    assert.equal(files(), 1);
    assert.equal((await fetch(`${other.rootUrl}/api/dev/v1/reset`, { method: 'POST', body: '{}' })).status, 200);
    assert.equal(files(), 0);
    const again = await done('public/x', 'hello', { on: queue(other) });
    await copied(again, 'public/x', fromOffice, (url) => url.includes('/blob/mirror/office/'), other);
  } finally {
    await other.stop();
  }
});

test('section 7.2 what a task will read is copied before it is claimed', async () => {
  const first = await done('public/build', 'what it needs');
  const { taskId: other } = await claimed('far');
  await objectArtifact(other, 'private/tool', 'a tool');
  await objectArtifact(other, 'public/logs/live_backing.log', 'a log');
  await q.createArtifact(other, 0, 'public/elsewhere', { storageType: 'reference', contentType: 'text/plain', url: 'http://127.0.0.1:1/', expires: inSeconds(3000) });
  await q.reportCompleted(other, 0);
  await q.createTask(slugid(), definition({ taskQueueId: 'west-pool/a', dependencies: [first, other] }));
  for (const key of [keyOf(first, 'public/build'), keyOf(other, 'private/tool')])
    await until(`${key} is there`, () => west.has('priv', key));
  assert.ok(!(await west.has('priv', keyOf(other, 'public/logs/live_backing.log'))));

  // Those of its mounts only, when it says so; and once its dependency is completed.
  const { taskId } = await claimed();
  for (const name of ['public/wanted', 'public/unwanted']) await put(taskId, name, 'hello');
  await q.createTask(slugid(), definition({ taskQueueId: 'west-pool/b', dependencies: [taskId],
    payload: { mounts: [{ file: 'x', content: { taskId, artifact: 'public/wanted' } }, { cacheName: 'c', directory: 'd' }] } }));
  await q.createTask(slugid(), definition({ taskQueueId: 'east-pool/b', dependencies: [taskId] }));
  await q.reportCompleted(taskId, 0);
  await until('what it mounts is there', () => west.has('priv', keyOf(taskId, 'public/wanted')));
  assert.ok(!(await west.has('priv', keyOf(taskId, 'public/unwanted'))));
});

test('section 7.2 wrong settings of sites are errors at the start', async () => {
  for (const [content, expected] of [
    [{ canonical: 'home' }, /mirrors.*canonical: there is no site 'home'/],
    [{ sites: [{ siteId: 'west', match: [{ region: 'x' }] }] }, /sites\[0\] needs the member 'store'/]]) {
    const child = launch(binary, ['serve', '--mirrors', write('bad.json', content)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
    assert.notEqual((await child.ended).code, 0);
    assert.match(said, expected);
  }
});
