// The stock generic-worker, unmodified, with the configuration of examples/generic-worker: each test
// has a pool and a worker of its own on one server.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { StockBench, bash } from './support/stock_bench.mjs';
import { inSeconds } from './support/tasks.mjs';

// The shortest with which the worker still renews a claim: half a minute after it got it.
const claimTimeout = 213;

let bench;
before(async () => { bench = await StockBench.start({ 'claim-timeout': claimTimeout }); });
after(() => bench?.stop());

describe('the stock generic-worker', { concurrency: 8 }, () => {
  // The longest comes first.
  test('a claim is renewed in time, and a task that was canceled meanwhile is dropped', async () => {
    const [kept, dropped] = [bench.worker(1), bench.worker(1)];
    const long = await bench.create(kept,
      { command: bash('sleep 45; echo all of it'), maxRunTime: 300 });
    const canceled = await bench.create(dropped,
      { command: bash('echo before the end; sleep 250'), maxRunTime: 300 });
    kept.start();
    dropped.start();
    await Promise.all([long, canceled].map((id) => bench.reaches(id, 'running')));
    const { takenUntil } = (await bench.status(long)).runs[0];
    await bench.root.cancelTask(canceled);
    assert.equal(await kept.ended(), 0);
    const done = await bench.status(long);
    assert.equal(done.state, 'completed');
    assert.ok(done.runs[0].takenUntil > takenUntil, 'the claim was renewed');
    assert.equal(await dropped.ended(), 0);
    const { runs } = await bench.status(canceled);
    assert.deepEqual(runs.map((one) => one.reasonResolved), ['canceled']);
    // What it had said so far is accepted all the same.
    assert.match(await bench.log(canceled), /^before the end$/m);
  });

  test('a task that succeeds: environment, log, artifacts of files and directories', async () => {
    const { id, state, runs } = await bench.run({
      command: [...bash('echo to the log; mkdir -p out/deep; echo "$WORD $TASK_ID" > out/deep/x.txt'),
        ['/bin/sh', '-c', 'printf plain > single.bin']],
      env: { WORD: 'said' },
      artifacts: [{ type: 'directory', path: 'out', name: 'public/out' },
        { type: 'file', path: 'single.bin', name: 'public/single.bin',
          contentType: 'application/x-thing', contentEncoding: 'identity' },
        { type: 'file', path: 'nothing', name: 'public/nothing', optional: true }] });
    assert.equal(state, 'completed');
    assert.equal(runs.length, 1);
    assert.equal(await bench.artifact(id, 'public/out/deep/x.txt'), `said ${id}\n`);
    const single = await fetch(bench.artifactUrl(id, 'public/single.bin'));
    assert.equal(single.headers.get('content-type'), 'application/x-thing');
    assert.equal(await single.text(), 'plain');
    assert.match(await bench.log(id), /^to the log$/m);
    assert.match(await bench.artifact(id, 'public/logs/live.log'), /Result: SUCCEEDED/);
    assert.deepEqual(await bench.names(id), {
      'public/logs/live.log': 'link', 'public/logs/live_backing.log': 's3', 'public/nothing': 'error',
      'public/out/deep/x.txt': 's3', 'public/single.bin': 's3' });
  });

  test('a command that fails fails the task, and what was left is there', async () => {
    const { id, state, runs } = await bench.run({ command: bash('echo half > half.txt; exit 7'),
      artifacts: [{ type: 'file', path: 'half.txt', name: 'public/half.txt' }] });
    assert.equal(state, 'failed');
    assert.equal(runs[0].reasonResolved, 'failed');
    assert.equal(await bench.artifact(id, 'public/half.txt'), 'half\n');
    assert.match(await bench.log(id), /Exit Code: 7/);
  });

  test('an artifact that is missing fails the task, and says so in its place', async () => {
    const { id, state } = await bench.run({ command: bash('true'),
      artifacts: [{ type: 'file', path: 'missing.txt', name: 'public/missing.txt' }] });
    assert.equal(state, 'failed');
    const answer = await fetch(bench.artifactUrl(id, 'public/missing.txt'));
    assert.equal(answer.status, 424);
    assert.equal((await bench.names(id))['public/missing.txt'], 'error');
  });

  test('a payload that is malformed is an exception, and the log says why', async () => {
    const { id, state, runs } = await bench.run({ commands: [['true']] });
    assert.equal(state, 'exception');
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
    assert.match(await bench.log(id), /command is required/);
  });

  test('a task that runs for too long is ended', async () => {
    const { id, state, runs } = await bench.run({ command: bash('sleep 600'), maxRunTime: 1 });
    assert.equal(state, 'failed');
    assert.equal(runs[0].reasonResolved, 'failed');
    assert.match(await bench.log(id), /max run time/i);
  });

  test('onExitStatus.retry makes another run', async () => {
    const of = bench.worker(2);
    const id = await bench.create(of, { command: bash('exit 3'), onExitStatus: { retry: [3] } });
    assert.equal(await of.start().ended(), 0);
    const { state, runs } = await bench.status(id);
    assert.deepEqual(runs.map((one) => [one.reasonCreated, one.state, one.reasonResolved]),
      [['scheduled', 'exception', 'intermittent-task'],
        ['task-retry', 'exception', 'intermittent-task']]);
    assert.equal(state, 'exception');
  });

  test('the live log can be read while the task runs', async () => {
    const of = bench.worker();
    const id = await bench.create(of, { command:
      bash('echo first words; while [ ! -e go ]; do sleep 0.1; done; echo last words') });
    of.start();
    await bench.reaches(id, 'running');
    await bench.liveLogSays(id, 'first words');
    const { place } = /(?<place>\/\S*\/tasks\/task_\d+)/.exec(of.said).groups;
    fs.writeFileSync(`${place}/go`, '');
    assert.equal(await of.ended(), 0);
    assert.match(await bench.log(id), /first words[^]*last words/);
  });

  test('mounts: a file, an archive of another task, raw content, and a cache', async () => {
    const bytes = 'what the other task made';
    const made = await bench.run({ command: bash(`mkdir -p d/e && echo -n '${bytes}' > d/e/f && ` +
      'tar czf made.tar.gz d && cp d/e/f single'), artifacts: [
      { type: 'file', path: 'made.tar.gz', name: 'public/made.tar.gz' },
      { type: 'file', path: 'single', name: 'public/single' }] });
    const of = bench.worker(2);
    const mounts = [
      { content: { artifact: 'public/single', taskId: made.id,
        sha256: createHash('sha256').update(bytes).digest('hex') }, file: 'from/task' },
      { content: { url: bench.artifactUrl(made.id, 'public/made.tar.gz') }, directory: 'unpacked',
        format: 'tar.gz' },
      { content: { raw: 'as it is' }, file: 'raw' },
      { cacheName: 'stock-cache', directory: 'cache' }];
    const scopes = ['generic-worker:cache:stock-cache'];
    const command = bash('cat from/task unpacked/d/e/f raw; echo; ' +
      'echo "cache has: $(cat cache/kept 2>/dev/null)"; echo -n before > cache/kept');
    const dependencies = [made.id];
    const first = await bench.create(of, { command, mounts }, { scopes, dependencies });
    const second = await bench.create(of, { command, mounts }, { scopes,
      dependencies: [made.id, first] });
    assert.equal(await of.start().ended(), 0, of.said.slice(-3000));
    const [one, two] = [await bench.log(first), await bench.log(second)];
    assert.ok(one.includes(`${bytes}${bytes}as it is`), one);
    assert.match(one, /^cache has: $/m);
    assert.match(two, /^cache has: before$/m);
  });

  test('a cache that was purged is empty for the next task', async () => {
    const of = bench.worker(3);
    const mounts = [{ cacheName: 'purged', directory: 'cache' }];
    const scopes = ['generic-worker:cache:purged'];
    const command = bash('echo "cache has: $(ls cache)"; touch cache/kept');
    of.start();
    const ids = [];
    for (const purged of [false, false, true]) {
      if (purged)
        await bench.service('PurgeCache').purgeCache(of.queueId, { cacheName: 'purged' });
      ids.push(await bench.create(of, { command, mounts }, { scopes }));
      await bench.reaches(ids.at(-1), 'completed');
    }
    assert.equal(await of.ended(), 0);
    const found = [];
    for (const id of ids) found.push(/^cache has: (.*)$/m.exec(await bench.log(id))[1]);
    assert.deepEqual(found, ['', 'kept', '']);
  });

  test('a mount without its scope is malformed, with the scope in the log', async () => {
    const { id, runs } = await bench.run({ command: bash('true'),
      mounts: [{ cacheName: 'not-allowed', directory: 'cache' }] });
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
    assert.match(await bench.log(id), /generic-worker:cache:not-allowed/);
  });

  test('the task proxy makes calls with the scopes of the task', async () => {
    const name = 'project/stock/secret';
    await bench.service('Secrets').set(name,
      { secret: { word: 'whispered' }, expires: inSeconds(3600) });
    const { id, state } = await bench.run({ command: bash(
      `curl -sf "$TASKCLUSTER_PROXY_URL/api/secrets/v1/secret/${name}"; echo; ` +
      'curl -s "$TASKCLUSTER_PROXY_URL/api/secrets/v1/secret/other"; echo; ' +
      'curl -sf "$TASKCLUSTER_PROXY_URL/secrets/v1/secret/' + encodeURIComponent(name) + '"'),
    features: { taskclusterProxy: true } }, { scopes: [`secrets:get:${name}`] });
    const text = await bench.log(id);
    assert.equal(state, 'completed', text);
    assert.match(text, /"word": ?"whispered"[^]*InsufficientScopes[^]*"word": ?"whispered"/);
  });

  test('artifacts by the object service', async () => {
    const big = 3 * 1024 * 1024;
    const { id, state } = await bench.run({
      command: bash(`head -c ${big} /dev/zero > big; echo small > s`),
      artifacts: [{ type: 'file', path: 'big', name: 'public/big', contentEncoding: 'identity' },
        { type: 'file', path: 's', name: 'public/s' }] }, {}, { createObjectArtifacts: true });
    assert.equal(state, 'completed');
    assert.equal((await bench.names(id))['public/big'], 'object');
    const got = Buffer.from(await (await fetch(bench.artifactUrl(id, 'public/big'))).arrayBuffer());
    assert.equal(got.length, big);
    assert.match(await bench.log(id), /Result: SUCCEEDED/);
  });

  test('told to end at once, the worker gives the run back, and another gets the task', async () => {
    const of = bench.worker(0).start({ runner: true });
    const id = await bench.create(of, { command: bash('echo begun; sleep 600') });
    await bench.liveLogSays(id, 'begun');
    of.tell({ type: 'graceful-termination', 'finish-tasks': false });
    assert.equal(await of.ended(), 72);
    const { state, runs } = await bench.status(id);
    assert.equal(state, 'pending');
    assert.deepEqual([runs[0].reasonResolved, runs[1].reasonCreated], ['worker-shutdown', 'retry']);
  });

  test('told to end when it can, the worker finishes its task first', async () => {
    const of = bench.worker(0).start({ runner: true });
    const id = await bench.create(of, { command: bash('echo begun; sleep 1') });
    await bench.liveLogSays(id, 'begun');
    of.tell({ type: 'graceful-termination', 'finish-tasks': true });
    assert.equal(await of.ended(), 72);
    assert.equal((await bench.status(id)).state, 'completed');
  });
});

test('worker-runner starts the worker by examples/generic-worker/runner.yml', async () => {
  const of = bench.worker();
  const id = await bench.create(of, { command: bash('echo by the runner') });
  assert.equal(await of.startByRunner().ended(), 0, of.said.slice(-3000));
  assert.equal((await bench.status(id)).state, 'completed');
  assert.match(await bench.log(id), /by the runner/);
});

test('what a browser gets of a compressed log is the log', async () => {
  const { id } = await bench.run({ command: bash('echo readable') });
  const answer = await fetch(bench.artifactUrl(id, 'public/logs/live_backing.log'),
    { redirect: 'manual' });
  const stored = await new Promise((resolve, reject) => {
    http.get(answer.headers.get('location'), (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces) }));
    }).on('error', reject);
  });
  assert.equal(stored.headers['content-encoding'], 'gzip');
  assert.match(zlib.gunzipSync(stored.body).toString(), /readable/);
});
