// Artifacts in an S3 store: the queue contract, sections 7.4, 7.5 and 9.5.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import zlib from 'node:zlib';
import { launch, binary, Server, until } from './support/server.mjs';
import { S3Store } from './support/s3_store.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let store;
let server;
let number = 0;

const anonymous = ['queue:get-artifact:public/*'];

before(async () => {
  store = await S3Store.start();
  server = await Server.start({ ...store.settings, anonymous, 'expiration-delay': 1 });
});
after(async () => {
  await server?.stop();
  await store?.stop();
});

// A server with other settings, for one test.
async function withServer(options, body) {
  const other = await Server.start({ ...store.settings, anonymous, ...options });
  try {
    return await body(other);
  } finally {
    await other.stop();
  }
}

async function running(on = server) {
  const taskId = slugid();
  const def = definition({ taskQueueId: `s3/q${number++}` });
  await queue(on).createTask(taskId, def);
  await queue(on).claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

const soon = () => inSeconds(600);
const made = (on, taskId, name, expires = soon(), contentType = 'text/plain') =>
  queue(on).createArtifact(taskId, 0, name, { storageType: 's3', contentType, expires });
const get = (on, taskId, name, headers) => fetch(
  `${on.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/${name}`, { redirect: 'manual', headers });
const put = (url, body, contentType = 'text/plain', headers = {}) =>
  fetch(url, { method: 'PUT', body, headers: { 'Content-Type': contentType, ...headers } });

async function uploaded(on, taskId, name, expires) {
  const { putUrl } = await made(on, taskId, name, expires);
  const answer = await put(putUrl, 'bytes');
  assert.equal(answer.status, 200, await answer.text());
}

const gone = (on, taskId, name) => until(`${name} is gone`, () =>
  queue(on).artifactInfo(taskId, 0, name).then(() => false, (e) => e.code === 'ResourceNotFound'));

// A changed digit of the signature.
const forged = (url) => url.replace(/(X-Amz-Signature=)(.)/, (all, name, digit) => name + (digit === '0' ? '1' : '0'));

test('AR-1 AR-3 AR-9 AR-21 a public artifact is put by a signed URL and read by one for all', async () => {
  const taskId = await running();
  const expires = inSeconds(7200);
  assert.equal((await made(server, taskId, 'public/a b+c.txt', expires)).storageType, 's3');
  const { putUrl, contentType } = await made(server, taskId, 'public/a b+c.txt', expires);
  assert.equal(new URL(putUrl).searchParams.get('X-Amz-Expires'), '2710');
  const place = `${store.endpoint}/pub/${taskId}/0/public/a%20b%2Bc.txt`;
  assert.equal(putUrl.split('?')[0], place);
  const sent = zlib.gzipSync('hello world');
  const answer = await put(putUrl, sent, contentType, { 'Content-Encoding': 'gzip' });
  assert.equal(answer.status, 200, await answer.text());
  const found = await get(server, taskId, 'public%2Fa%20b%2Bc.txt');
  assert.equal(found.status, 303);
  assert.equal(found.headers.get('x-taskcluster-artifact-storage-type'), 's3');
  assert.equal(found.headers.get('location'), place);
  const anyone = queue(server, null, undefined);
  assert.deepEqual(await anyone.artifact(taskId, 0, 'public/a b+c.txt'), { storageType: 's3', url: place });
  assert.deepEqual(await anyone.latestArtifact(taskId, 'public/a b+c.txt'), { storageType: 's3', url: place });
  const data = await fetch(place);
  assert.equal(await data.text(), 'hello world');
  assert.equal(data.headers.get('content-type'), 'text/plain');
  assert.equal(data.headers.get('content-encoding'), 'gzip');
});

test('AR-2 AR-21 a private artifact is read by a URL signed for half an hour', async () => {
  const taskId = await running();
  await uploaded(server, taskId, 'secret/x y.txt');
  assert.ok(await store.has('priv', `${taskId}/0/secret/x y.txt`));
  assert.equal((await get(server, taskId, 'secret/x y.txt')).status, 403);
  const { url } = await queue(server).artifact(taskId, 0, 'secret/x y.txt');
  assert.equal(url.split('?')[0], `${store.endpoint}/priv/${taskId}/0/secret/x%20y.txt`);
  assert.equal(new URL(url).searchParams.get('X-Amz-Expires'), '1800');
  const data = await fetch(url);
  assert.equal(data.status, 200);
  assert.equal(await data.text(), 'bytes');
  const signed = queue(server).buildSignedUrl(queue(server).getArtifact, taskId, 0, 'secret/x y.txt');
  assert.equal(await (await fetch(signed)).text(), 'bytes');
});

test('the store refuses URLs that were changed, and uploads of another type', async () => {
  const taskId = await running();
  const { putUrl } = await made(server, taskId, 'public/x');
  assert.equal((await put(forged(putUrl), 'x')).status, 403);
  assert.equal((await put(putUrl.replace('public/x', 'public/y'), 'x')).status, 403);
  assert.equal((await put(putUrl, 'x', 'text/html')).status, 403);
  assert.equal((await fetch(putUrl)).status, 403);
  assert.equal((await put(putUrl, 'x')).status, 200);
  await uploaded(server, taskId, 'private/x');
  const { url } = await queue(server).artifact(taskId, 0, 'private/x');
  assert.equal((await fetch(forged(url))).status, 403);
});

test('AR-1 with public signing the URLs of public artifacts are signed, too', () =>
  withServer({ 's3-sign-public-urls': true, 's3-public-cdn': 'https://cdn.example.com' }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/x');
    const location = (await get(other, taskId, 'public/x')).headers.get('location');
    assert.match(location, /[?&]X-Amz-Signature=/);
    assert.equal(await (await fetch(location)).text(), 'bytes');
    assert.equal((await fetch(forged(location))).status, 403);
  }));

test('AR-21 a CDN is named for public artifacts, with slashes as they are, unless the caller skips it', () =>
  withServer({ 's3-public-cdn': 'https://cdn.example.com/some/' }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/a b');
    await uploaded(other, taskId, 'private/a b');
    const key = `${taskId}/0/public/a%20b`;
    const where = async (headers) => (await get(other, taskId, 'public/a b', headers)).headers.get('location');
    assert.equal(await where(), `https://cdn.example.com/some/${key}`);
    assert.equal(await where({ 'x-taskcluster-skip-cdn': 'false' }), `https://cdn.example.com/some/${key}`);
    for (const skip of ['true', '1'])
      assert.equal(await where({ 'x-taskcluster-skip-cdn': skip }), `${store.endpoint}/pub/${key}`);
    const { url } = await queue(other).artifact(taskId, 0, 'private/a b');
    assert.equal(await (await fetch(url)).text(), 'bytes');
  }));

test('AR-20 an expired artifact is gone from the store and the queue; others stay', async () => {
  const taskId = await running();
  const end = inSeconds(2);
  await uploaded(server, taskId, 'public/old & <gone>.txt', end);
  await uploaded(server, taskId, 'private/old', end);
  await uploaded(server, taskId, 'public/kept');
  await made(server, taskId, 'public/never-uploaded', end); // EX-4
  for (const name of ['public/old & <gone>.txt', 'private/old', 'public/never-uploaded'])
    await gone(server, taskId, name);
  assert.equal(await store.has('pub', `${taskId}/0/public/old & <gone>.txt`), false);
  assert.equal(await store.has('priv', `${taskId}/0/private/old`), false);
  assert.equal(await store.has('pub', `${taskId}/0/public/kept`), true);
  assert.equal((await get(server, taskId, 'public/old & <gone>.txt')).status, 404);
  assert.equal((await get(server, taskId, 'private/old')).status, 403);
  await uploaded(server, taskId, 'private/old');
  const { url } = await queue(server).artifact(taskId, 0, 'private/old');
  assert.equal(await (await fetch(url)).text(), 'bytes');
});

test('AR-20 a hundred and fifty artifacts leave the store by few requests', async () => {
  const taskId = await running();
  const names = [...Array(150).keys()].map((n) => `public/${n}`);
  await Promise.all(names.map((name) => uploaded(server, taskId, name, inSeconds(4))));
  await uploaded(server, taskId, 'public/kept');
  const before = store.requests.length;
  await until('all are gone', async () =>
    (await queue(server).listArtifacts(taskId, 0)).artifacts.length === 1 &&
    !(await Promise.all(names.map((name) => store.has('pub', `${taskId}/0/${name}`)))).includes(true));
  const deletions = store.requests.slice(before).filter((line) => line.startsWith('POST /pub?delete'));
  assert.ok(deletions.length > 0 && deletions.length < 50, store.requests.slice(before).join('\n'));
  assert.equal(await store.has('pub', `${taskId}/0/public/kept`), true);
});

test('EX-3 while the store refuses, records and data stay, the log says why, and later both go', () =>
  withServer({ 'expiration-delay': 1 }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/x', inSeconds(3));
    await uploaded(other, taskId, 'public/y', inSeconds(3));
    store.answer = 503;
    try {
      await until('the server tells', () => other.log.includes('the store answered 503 SlowDown: Please <wait>'));
      const told = other.log.split('\n').filter((line) => line.includes('of bucket'));
      assert.match(told[0], /\d objects? of bucket 'pub' could not be removed, which is tried again later/);
      assert.ok(await store.has('pub', `${taskId}/0/public/x`));
      assert.match(await other.redis.command('EXISTS', await rowsOf(other, taskId)), /^:1/);
    } finally {
      store.answer = undefined;
    }
    await gone(other, taskId, 'public/x');
    await gone(other, taskId, 'public/y');
    assert.equal(await store.has('pub', `${taskId}/0/public/x`), false);
  }));

// Where Redis has the artifacts of the task.
async function rowsOf(on, taskId) {
  for (let shard = 0; shard < 64; ++shard) {
    const name = `troupe:{${String(shard).padStart(2, '0')}}:artifacts:${taskId}`;
    if (!(await on.redis.command('EXISTS', name)).startsWith(':0')) return name;
  }
  throw new Error('the task has no artifacts');
}

test('AR-20 without bulk deletion objects go one by one', () =>
  withServer({ 'expiration-delay': 1, 's3-bulk-delete': false }, async (other) => {
    const taskId = await running(other);
    const before = store.requests.length;
    const names = ['public/a b', 'public/c', 'private/d'];
    for (const name of names) await uploaded(other, taskId, name, inSeconds(2));
    for (const name of names) await gone(other, taskId, name);
    const deletions = store.requests.slice(before).filter((line) => line.startsWith('DELETE '));
    assert.deepEqual(deletions.sort(), [`DELETE /priv/${taskId}/0/private/d`,
      `DELETE /pub/${taskId}/0/public/a%20b`, `DELETE /pub/${taskId}/0/public/c`]);
    assert.equal(await store.has('pub', `${taskId}/0/public/a b`), false);
  }));

test('artifacts stay where they are when the settings change, and go from there', () =>
  withServer({ 'expiration-delay': 1 }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/in-s3');
    await uploaded(other, taskId, 'public/short', inSeconds(4));
    other.options['artifact-store'] = 'local';
    await other.restart();
    await uploaded(other, taskId, 'public/here');
    const of = async (name) => (await queue(other).artifact(taskId, 0, name)).url;
    assert.ok((await of('public/in-s3')).startsWith(`${store.endpoint}/pub/`));
    assert.ok((await of('public/here')).startsWith(other.rootUrl));
    await gone(other, taskId, 'public/short');
    assert.equal(await store.has('pub', `${taskId}/0/public/short`), false);
    for (const name of Object.keys(store.settings)) delete other.options[name];
    await other.restart();
    const lost = await failure(() => queue(other).artifact(taskId, 0, 'public/in-s3'));
    assert.equal(lost.code, 'ResourceNotFound');
    assert.match(lost.message, /bucket 'pub' of an S3 store/);
    assert.equal(await (await fetch(await of('public/here'))).text(), 'bytes');
  }));

test('EX-2 what expires in a store that is no longer configured leaves the queue, with an error in the log', () =>
  withServer({ 'expiration-delay': 1 }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/x', inSeconds(3));
    for (const name of Object.keys(store.settings)) delete other.options[name];
    await other.restart();
    await gone(other, taskId, 'public/x');
    assert.match(other.log, /stay in bucket 'pub': no S3 store is configured/);
    assert.ok(await store.has('pub', `${taskId}/0/public/x`));
  }));

test('AR-20 objects are removed by TLS, from a store whose certificate is good', async () => {
  const safe = await S3Store.start({ tls: true });
  const ask = (url, method, body) => new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'text/plain', ...(body ? { 'Content-Length': body.length } : {}) };
    https.request(url, { method, ca: safe.certificate, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }).on('error', reject).end(body);
  });
  try {
    await withServer({ ...safe.settings, 'expiration-delay': 1 }, async (other) => {
      const taskId = await running(other);
      const { putUrl } = await made(other, taskId, 'public/x', inSeconds(1));
      assert.equal(await ask(putUrl, 'PUT', 'bytes'), 200);
      await until('the certificate is refused', () => /its certificate is not accepted: self-signed/.test(other.log));
      assert.ok(await safe.has('pub', `${taskId}/0/public/x`));
      process.env.SSL_CERT_FILE = safe.certificateFile;
      await other.restart();
      await gone(other, taskId, 'public/x');
      await until('the object is gone', async () => !(await safe.has('pub', `${taskId}/0/public/x`)));
    });
  } finally {
    delete process.env.SSL_CERT_FILE;
    await safe.stop();
  }
});

test('a server ends well while the store keeps it waiting', async () => {
  await withServer({ 'expiration-delay': 1 }, async (other) => {
    const taskId = await running(other);
    await uploaded(other, taskId, 'public/x', inSeconds(2));
    store.answer = 'never';
    const before = store.requests.length;
    await until('the server asks', () => store.requests.slice(before).some((line) => line.startsWith('POST /pub')));
  }).finally(() => { store.answer = undefined; });
});

test('what our worker uploads is in the store, and its log can be read', async () => {
  const bench = new WorkerBench(server, 's3/workers');
  bench.startWorker();
  try {
    const { taskId, status } = await bench.run(bench.script('echo hello; echo content > out.txt', {
      artifacts: [{ type: 'file', path: 'out.txt', name: 'public/out.txt' }] }));
    assert.equal(status.state, 'completed');
    assert.equal((await bench.artifact(taskId, 'public/out.txt')).text, 'content\n');
    assert.match(await bench.log(taskId), /^hello$/m);
    assert.ok(await store.has('pub', `${taskId}/0/public/out.txt`));
  } finally {
    await bench.stop();
  }
});

test('a server whose store lacks something says so and does not start', async () => {
  const settings = { ...store.settings };
  delete settings['s3-private-bucket'];
  const child = launch(binary, ['serve', ...Object.entries(settings).flatMap(([k, v]) => [`--${k}`, v])],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (text) => { err += text; });
  assert.equal((await child.ended).code, 2);
  assert.equal(err, 'troupe: s3-private-bucket: is missing, and artifacts in S3 need it\n');
});
