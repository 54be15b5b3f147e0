// The stock generic-worker, unmodified, with the configuration of examples/generic-worker: each test
// has a pool and a worker of its own on one server.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import taskcluster from 'taskcluster-client';
import { StockWorker, workerScopes } from './support/go.mjs';
import { Server, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

// The shortest with which the worker still renews a claim: half a minute after it got it.
const claimTimeout = 213;

let server, root, accessToken;
const workers = [];

before(async () => {
  server = await Server.start({ 'claim-timeout': claimTimeout, 'claim-wait': 1,
    anonymous: ['queue:status:*', 'queue:get-artifact:public/*'] });
  root = queue(server);
  const auth = new taskcluster.Auth({ rootUrl: server.rootUrl, retries: 0,
    credentials: server.credentials });
  ({ accessToken } = await auth.createClient('project/ci/generic-worker', {
    description: 'the workers of these tests', expires: inSeconds(86400),
    scopes: workerScopes('stock/*') }));
});

after(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await server?.stop();
});

// A worker that ends after so many tasks, with the scopes that the documentation says it needs.
function worker(numberOfTasksToRun = 1, more = {}) {
  const made = new StockWorker(server, { clientId: 'project/ci/generic-worker',
    accessToken, numberOfTasksToRun, ...more });
  workers.push(made);
  return made;
}

const bash = (text) => [['/bin/bash', '-c', text]];

async function create(of, payload, more = {}) {
  const id = slugid();
  await root.createTask(id, definition({ taskQueueId: of.queueId, expires: inSeconds(86400),
    retries: 1, payload: { maxRunTime: 60, ...payload }, ...more }));
  return id;
}

const status = async (id) => (await root.status(id)).status;
const artifactUrl = (id, name) =>
  `${server.rootUrl}/api/queue/v1/task/${id}/artifacts/${name.split('/').map(encodeURIComponent)
    .join('/')}`;
const artifact = async (id, name) => (await fetch(artifactUrl(id, name))).text();
const log = (id) => artifact(id, 'public/logs/live_backing.log');
const running = (id) => until('the task runs', async () =>
  (await status(id)).state === 'running', 60000);

// Reads the log where the worker offers it until it has the words.
async function liveLogSays(id, words) {
  const place = await until('the log is offered', async () => {
    const answer = await fetch(artifactUrl(id, 'public/logs/live.log'), { redirect: 'manual' });
    return answer.status === 303 && answer.headers.get('location');
  }, 60000);
  assert.match(place, /^http:\/\/127\.0\.0\.1:\d+\/log\//);
  const reader = (await fetch(place)).body.getReader();
  let text = '';
  await until(`the log says ${words}`, async () => {
    const { value } = await reader.read();
    text += Buffer.from(value ?? []).toString();
    return text.includes(words);
  }, 60000);
  await reader.cancel();
}

// Runs one task to its end and gives its status.
async function run(payload, more = {}, config = {}) {
  const of = worker(1, config);
  const id = await create(of, payload, more);
  assert.equal(await of.start().ended(), 0, of.said.slice(-3000));
  return { id, of, ...await status(id) };
}

describe('the stock generic-worker', { concurrency: 4 }, () => {
  test('a task that succeeds: environment, log, artifacts of files and directories', async () => {
    const { id, state, runs } = await run({
      command: [...bash('echo to the log; mkdir -p out/deep; echo "$WORD $TASK_ID" > out/deep/x.txt'),
        ['/bin/sh', '-c', 'printf plain > single.bin']],
      env: { WORD: 'said' },
      artifacts: [{ type: 'directory', path: 'out', name: 'public/out' },
        { type: 'file', path: 'single.bin', name: 'public/single.bin',
          contentType: 'application/x-thing', contentEncoding: 'identity' },
        { type: 'file', path: 'nothing', name: 'public/nothing', optional: true }] });
    assert.equal(state, 'completed');
    assert.equal(runs.length, 1);
    assert.equal(await artifact(id, 'public/out/deep/x.txt'), `said ${id}\n`);
    const single = await fetch(artifactUrl(id, 'public/single.bin'));
    assert.equal(single.headers.get('content-type'), 'application/x-thing');
    assert.equal(await single.text(), 'plain');
    assert.match(await log(id), /^to the log$/m);
    assert.match(await artifact(id, 'public/logs/live.log'), /Result: SUCCEEDED/);
    const { artifacts } = await root.listLatestArtifacts(id);
    assert.deepEqual(Object.fromEntries(artifacts.map((one) => [one.name, one.storageType])), {
      'public/logs/live.log': 'link', 'public/logs/live_backing.log': 's3', 'public/nothing': 'error',
      'public/out/deep/x.txt': 's3', 'public/single.bin': 's3' });
  });

  test('a command that fails fails the task, and what was left is there', async () => {
    const { id, state, runs } = await run({ command: bash('echo half > half.txt; exit 7'),
      artifacts: [{ type: 'file', path: 'half.txt', name: 'public/half.txt' }] });
    assert.equal(state, 'failed');
    assert.equal(runs[0].reasonResolved, 'failed');
    assert.equal(await artifact(id, 'public/half.txt'), 'half\n');
    assert.match(await log(id), /Exit Code: 7/);
  });

  test('an artifact that is missing fails the task, and says so in its place', async () => {
    const { id, state } = await run({ command: bash('true'),
      artifacts: [{ type: 'file', path: 'missing.txt', name: 'public/missing.txt' }] });
    assert.equal(state, 'failed');
    const answer = await fetch(artifactUrl(id, 'public/missing.txt'));
    assert.equal(answer.status, 424);
    const { artifacts } = await root.listLatestArtifacts(id);
    assert.equal(artifacts.find((one) => one.name === 'public/missing.txt').storageType, 'error');
  });

  test('a payload that is malformed is an exception, and the log says why', async () => {
    const { id, state, runs } = await run({ commands: [['true']] });
    assert.equal(state, 'exception');
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
    assert.match(await log(id), /command is required/);
  });

  test('a task that runs for too long is ended', async () => {
    const { id, state, runs } = await run({ command: bash('sleep 600'), maxRunTime: 1 });
    assert.equal(state, 'failed');
    assert.equal(runs[0].reasonResolved, 'failed');
    assert.match(await log(id), /max run time/i);
  });

  test('onExitStatus.retry makes another run', async () => {
    const of = worker(2);
    const id = await create(of, { command: bash('exit 3'), onExitStatus: { retry: [3] } });
    assert.equal(await of.start().ended(), 0);
    const { state, runs } = await status(id);
    assert.deepEqual(runs.map((one) => [one.reasonCreated, one.state, one.reasonResolved]),
      [['scheduled', 'exception', 'intermittent-task'],
        ['task-retry', 'exception', 'intermittent-task']]);
    assert.equal(state, 'exception');
  });

  test('the live log can be read while the task runs', async () => {
    const of = worker();
    const id = await create(of, { command:
      bash('echo first words; while [ ! -e go ]; do sleep 0.1; done; echo last words') });
    of.start();
    await running(id);
    await liveLogSays(id, 'first words');
    const { path } = /(?<path>\/\S*\/tasks\/task_\d+)/.exec(of.said).groups;
    await (await import('node:fs/promises')).writeFile(`${path}/go`, '');
    assert.equal(await of.ended(), 0);
    assert.match(await log(id), /first words[^]*last words/);
  });

  test('mounts: a file, an archive of another task, raw content, and a cache', async () => {
    const bytes = 'what the other task made';
    const made = await run({ command: bash(`mkdir -p d/e && echo -n '${bytes}' > d/e/f && ` +
      'tar czf made.tar.gz d && cp d/e/f single'), artifacts: [
      { type: 'file', path: 'made.tar.gz', name: 'public/made.tar.gz' },
      { type: 'file', path: 'single', name: 'public/single' }] });
    const of = worker(2);
    const mounts = [
      { content: { artifact: 'public/single', taskId: made.id,
        sha256: createHash('sha256').update(bytes).digest('hex') }, file: 'from/task' },
      { content: { url: artifactUrl(made.id, 'public/made.tar.gz') }, directory: 'unpacked',
        format: 'tar.gz' },
      { content: { raw: 'as it is' }, file: 'raw' },
      { cacheName: 'stock-cache', directory: 'cache' }];
    const scopes = ['generic-worker:cache:stock-cache'];
    const command = bash('cat from/task unpacked/d/e/f raw; echo; ' +
      'echo "cache has: $(cat cache/kept 2>/dev/null)"; echo -n before > cache/kept');
    const dependencies = [made.id];
    const first = await create(of, { command, mounts }, { scopes, dependencies });
    const second = await create(of, { command, mounts }, { scopes,
      dependencies: [made.id, first] });
    assert.equal(await of.start().ended(), 0, of.said.slice(-3000));
    const [one, two] = [await log(first), await log(second)];
    assert.ok(one.includes(`${bytes}${bytes}as it is`), one);
    assert.match(one, /^cache has: $/m);
    assert.match(two, /^cache has: before$/m);
  });

  test('a cache that was purged is empty for the next task', async () => {
    const of = worker(3);
    const mounts = [{ cacheName: 'purged', directory: 'cache' }];
    const scopes = ['generic-worker:cache:purged'];
    const command = bash('echo "cache has: $(ls cache)"; touch cache/kept');
    of.start();
    const done = async (id) => until('it is done', async () =>
      (await status(id)).state === 'completed', 60000);
    const ids = [];
    for (const purged of [false, false, true]) {
      if (purged)
        await new taskcluster.PurgeCache({ rootUrl: server.rootUrl, retries: 0,
          credentials: server.credentials }).purgeCache(of.queueId, { cacheName: 'purged' });
      ids.push(await create(of, { command, mounts }, { scopes }));
      await done(ids.at(-1));
    }
    assert.equal(await of.ended(), 0);
    const found = [];
    for (const id of ids) found.push(/^cache has: (.*)$/m.exec(await log(id))[1]);
    assert.deepEqual(found, ['', 'kept', '']);
  });

  test('a mount without its scope is malformed, with the scope in the log', async () => {
    const { id, runs } = await run({ command: bash('true'),
      mounts: [{ cacheName: 'not-allowed', directory: 'cache' }] });
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
    assert.match(await log(id), /generic-worker:cache:not-allowed/);
  });

  test('the task proxy makes calls with the scopes of the task', async () => {
    const name = 'project/stock/secret';
    const secrets = new taskcluster.Secrets({ rootUrl: server.rootUrl, retries: 0,
      credentials: server.credentials });
    await secrets.set(name, { secret: { word: 'whispered' }, expires: inSeconds(3600) });
    const { id, state } = await run({ command: bash(
      `curl -sf "$TASKCLUSTER_PROXY_URL/api/secrets/v1/secret/${name}"; echo; ` +
      'curl -s "$TASKCLUSTER_PROXY_URL/api/secrets/v1/secret/other"; echo; ' +
      'curl -sf "$TASKCLUSTER_PROXY_URL/secrets/v1/secret/' + encodeURIComponent(name) + '"'),
    features: { taskclusterProxy: true } }, { scopes: [`secrets:get:${name}`] });
    const text = await log(id);
    assert.equal(state, 'completed', text);
    assert.match(text, /"word": ?"whispered"[^]*InsufficientScopes[^]*"word": ?"whispered"/);
  });

  test('artifacts by the object service', async () => {
    const big = 3 * 1024 * 1024;
    const { id, state } = await run({ command: bash(`head -c ${big} /dev/zero > big; echo small > s`),
      artifacts: [{ type: 'file', path: 'big', name: 'public/big', contentEncoding: 'identity' },
        { type: 'file', path: 's', name: 'public/s' }] }, {}, { createObjectArtifacts: true });
    assert.equal(state, 'completed');
    const { artifacts } = await root.listLatestArtifacts(id);
    assert.equal(artifacts.find((one) => one.name === 'public/big').storageType, 'object');
    const got = Buffer.from(await (await fetch(artifactUrl(id, 'public/big'))).arrayBuffer());
    assert.equal(got.length, big);
    assert.match(await log(id), /Result: SUCCEEDED/);
  });

  test('told to end at once, the worker gives the run back, and another gets the task', async () => {
    const of = worker(0).start({ runner: true });
    const id = await create(of, { command: bash('echo begun; sleep 600') });
    await liveLogSays(id, 'begun');
    of.tell({ type: 'graceful-termination', 'finish-tasks': false });
    assert.equal(await of.ended(), 72);
    const { state, runs } = await status(id);
    assert.equal(state, 'pending');
    assert.deepEqual([runs[0].reasonResolved, runs[1].reasonCreated], ['worker-shutdown', 'retry']);
  });

  test('told to end when it can, the worker finishes its task first', async () => {
    const of = worker(0).start({ runner: true });
    const id = await create(of, { command: bash('echo begun; sleep 1') });
    await liveLogSays(id, 'begun');
    of.tell({ type: 'graceful-termination', 'finish-tasks': true });
    assert.equal(await of.ended(), 72);
    assert.equal((await status(id)).state, 'completed');
  });

  test('a claim is renewed in time, and a task that was canceled meanwhile is dropped', async () => {
    const [kept, dropped] = [worker(1), worker(1)];
    const long = await create(kept, { command: bash('sleep 45; echo all of it'), maxRunTime: 300 });
    const canceled = await create(dropped, { command: bash('sleep 250'), maxRunTime: 300 });
    kept.start();
    dropped.start();
    await Promise.all([running(long), running(canceled)]);
    const { takenUntil } = (await status(long)).runs[0];
    await root.cancelTask(canceled);
    assert.equal(await kept.ended(), 0);
    const done = await status(long);
    assert.equal(done.state, 'completed');
    assert.ok(done.runs[0].takenUntil > takenUntil, 'the claim was renewed');
    assert.equal(await dropped.ended(), 0);
    const { runs } = await status(canceled);
    assert.deepEqual(runs.map((one) => one.reasonResolved), ['canceled']);
  });
});

test('worker-runner starts the worker by examples/generic-worker/runner.yml', async () => {
  const of = worker();
  const id = await create(of, { command: bash('echo by the runner') });
  assert.equal(await of.startByRunner().ended(), 0, of.said.slice(-3000));
  assert.equal((await status(id)).state, 'completed');
  assert.match(await log(id), /by the runner/);
});

test('what a browser gets of a compressed log is the log', async () => {
  const { id } = await run({ command: bash('echo readable') });
  const answer = await fetch(artifactUrl(id, 'public/logs/live_backing.log'), { redirect: 'manual' });
  const stored = await new Promise((resolve, reject) => {
    import('node:http').then((http) => http.get(answer.headers.get('location'), (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces) }));
    }).on('error', reject));
  });
  assert.equal(stored.headers['content-encoding'], 'gzip');
  assert.match(zlib.gunzipSync(stored.body).toString(), /readable/);
});
