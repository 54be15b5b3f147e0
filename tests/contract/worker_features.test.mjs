// Artifacts and features of Troupe's own worker: the workers contract, sections 3.1.1, 3.1.3, 4 and 7.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server } from './support/server.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let scratch;
let worker;
let publicKey;

const scopes = ['generic-worker:run-task-as-current-user:work/features'];

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'features-'));
  const pair = generateKeyPairSync('ed25519');
  publicKey = pair.publicKey;
  const { d } = pair.privateKey.export({ format: 'jwk' });
  const keyFile = path.join(scratch, 'key');
  fs.writeFileSync(keyFile, Buffer.from(d, 'base64url').toString('base64'), { mode: 0o600 });
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/features');
  worker = bench.startWorker('work/features', 'signs', {}, ['--chain-of-trust-key', keyFile]);
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const file = (from, name = `public/${from}`, more = {}) => ({ type: 'file', path: from, name, ...more });
const directory = (from, name = `public/${from}`, more = {}) =>
  ({ type: 'directory', path: from, name, ...more });

async function run(text, payload = {}, task = {}) {
  const { taskId, status, run: last } = await bench.run(bench.script(text, payload, { scopes, ...task }));
  return { taskId, state: status.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

async function malformed(payload, message, task = {}) {
  const done = await run('echo begun', payload, task);
  assert.equal(done.reason, 'malformed-payload', done.log);
  assert.match(done.log, message);
  assert.doesNotMatch(done.log, /^begun$/m);
  return done;
}

async function names(taskId) {
  const { artifacts } = await bench.q.listLatestArtifacts(taskId);
  return Object.fromEntries(artifacts.map((one) => [one.name, one.storageType]));
}

async function stored(taskId, name) {
  const { url } = await bench.q.latestArtifact(taskId, name);
  const response = await fetch(url);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('artifacts', () => {
  test('workers 3.1.1: what is odd in a directory becomes an error artifact, all else is there', async () => {
    const { taskId, state, log } = await run(
      'mkdir -p d/deep; echo a > d/a; echo z > d/z; ln -s a d/link; ln -s nowhere d/lost; mkfifo d/deep/pipe; ' +
      'echo o > d/o; ln -s d entry', { artifacts: [directory('d'), directory('entry/'),
        directory('d', 'public/fine', { optional: true })] });
    assert.equal(state, 'failed');
    for (const [name, text] of [['d/a', 'a\n'], ['d/link', 'a\n'], ['d/z', 'z\n'], ['entry/o', 'o\n'],
      ['fine/z', 'z\n']])
      assert.equal((await bench.artifact(taskId, `public/${name}`)).text, text, name);
    for (const [name, reason] of [['d/lost', 'file-missing-on-worker'],
      ['d/deep/pipe', 'invalid-resource-on-worker'], ['fine/lost', 'file-missing-on-worker']]) {
      const { status, text } = await bench.artifact(taskId, `public/${name}`);
      assert.equal(status, 424, name);
      assert.equal(JSON.parse(text).reason, reason);
    }
    assert.match(log, /\[taskcluster:error\] Artifact public\/d\/lost: /);
    assert.doesNotMatch(log, /Artifact public\/fine/);
    const fine = await run('mkdir d; ln -s nowhere d/lost',
      { artifacts: [directory('d', 'public/d', { optional: true })] });
    assert.equal(fine.state, 'completed', fine.log);
  });

  test('workers 3.1.1: types and encodings by the name, unless the payload says others', async () => {
    const { taskId, state } = await run('for f in a.log b.jsonl c.zst d e.txt f.zip; do echo $f > $f; done', {
      artifacts: [file('a.log'), file('b.jsonl'), file('c.zst'), file('d'),
        file('e.txt', 'public/e.txt', { contentEncoding: 'identity', contentType: 'text/x-mine' }),
        file('f.zip', 'public/f.zip', { contentEncoding: 'gzip' })] });
    assert.equal(state, 'completed');
    for (const [name, type, encoding] of [['a.log', 'text/plain; charset=utf-8', 'gzip'],
      ['b.jsonl', 'application/jsonl', 'gzip'], ['c.zst', 'application/zstd', null],
      ['d', 'application/octet-stream', 'gzip'], ['e.txt', 'text/x-mine', null],
      ['f.zip', 'application/zip', 'gzip']]) {
      const { response, bytes } = await stored(taskId, `public/${name}`);
      assert.equal(response.headers.get('content-type'), type, name);
      assert.equal(response.headers.get('content-encoding')?.replace('identity', '') || null, encoding, name);
      assert.equal(bytes.toString(), `${name}\n`);
    }
  });

  test('workers 7: forty artifacts, empty ones and a directory without files', async () => {
    const many = Array.from({ length: 40 }, (_, n) => `f${n}`);
    const { taskId, state, log } = await run(`mkdir d; touch e e.zip; for f in ${many.join(' ')}; do echo $f > $f; done`,
      { artifacts: [directory('d'), file('e'), file('e.zip'),
        ...many.map((name) => file(name, `public/%2F&+${name}?`))] });
    assert.equal(state, 'completed', log);
    const found = await names(taskId);
    assert.equal(Object.keys(found).length, 40 + 2 + 2);
    for (const name of many)
      assert.equal((await stored(taskId, `public/%2F&+${name}?`)).bytes.toString(), `${name}\n`);
    assert.equal((await stored(taskId, 'public/e.zip')).bytes.length, 0);
  });

  test('workers 3.1.1: reserved names are skipped with a warning', async () => {
    const { taskId, state, log } = await run('echo false > f; echo the real one', { artifacts: [
      file('f', 'public/logs/live_backing.log'), file('missing', 'public/logs/live.log')] });
    assert.equal(state, 'completed', log);
    assert.equal(log.match(/^\[taskcluster:warn .*\] Artifact .* is skipped/mg).length, 2);
    assert.match(log, /^the real one$/m);
    // Without certificates their names are like others.
    const plain = await run('echo mine > f', { artifacts: [file('f', 'public/chain-of-trust.json')] });
    assert.equal((await bench.artifact(plain.taskId, 'public/chain-of-trust.json')).text, 'mine\n');
    assert.ok((await names(taskId))['public/logs/live_backing.log']);
  });

  test('a worker does not grow with the files of its tasks', async () => {
    const size = 192 * 1024 * 1024;
    const first = await run(`truncate -s ${size} big`, { artifacts: [file('big')] });
    assert.equal(first.state, 'completed', first.log);
    const second = await run('stat -c "it has %s" in', { mounts: [
      { file: 'in', content: { taskId: first.taskId, artifact: 'public/big' } }] },
    { dependencies: [first.taskId] });
    assert.match(second.log, new RegExp(`^it has ${size}$`, 'm'));
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${worker.pid}/status`, 'utf8'))[1]);
    // The address sanitizer keeps what was freed, so there the peak says nothing.
    if (!fs.readFileSync(`/proc/${worker.pid}/maps`, 'utf8').includes('libasan'))
      assert.ok(peak * 1024 < size / 2, `${peak} kB`);
  });
});

describe('features', () => {
  test('workers 7: a malformed payload is answered with the rule and the schema', async () => {
    const { log } = await malformed({ artifacts: [{ type: 'file', path: 1 }], colour: 'red',
      onExitStatus: { retry: [0] } }, /onExitStatus\.retry\.0: Must be greater than or equal to 1/);
    assert.match(log, /artifacts\.0\.path: must be a string/);
    assert.match(log, /the property 'colour' is not known/);
    const text = log.slice(log.indexOf('\n{\n'), log.lastIndexOf('\n}\n') + 2);
    assert.deepEqual(JSON.parse(text).required, ['command', 'maxRunTime']);
  });

  test('workers 3.1.3: what is not offered is refused, with what to do', async () => {
    for (const [payload, message] of [
      [{ features: { loopbackVideo: true } }, /features\.loopbackVideo: .*v4l2loopback/],
      [{ features: { loopbackAudio: true } }, /features\.loopbackAudio: .*snd-aloop/],
      [{ osGroups: ['docker'] }, /osGroups: .*own user/],
      [{ taskclusterProxyInterface: 'docker-bridge' }, /taskclusterProxyInterface: .*localhost/],
      [{ supersederUrl: 'ftp://a' }, /supersederUrl: /]])
      await malformed(payload, message);
    const { state, log } = await run('true', { osGroups: [], supersederUrl: 'https://example.com/s',
      taskclusterProxyInterface: 'localhost', features: { loopbackVideo: false, interactive: false,
        runTaskAsCurrentUser: true } });
    assert.equal(state, 'completed', log);
    await malformed({ features: { runTaskAsCurrentUser: true } },
      /generic-worker:run-task-as-current-user:work\/features/, { scopes: [] });
  });

  test('workers 3.1.3: the log ends with what the task used', async () => {
    const { log } = await run('head -c 40000000 /dev/zero | tail -c 39000000 | wc -c; ' +
      'python3 -c "import time; x = bytearray(60000000); time.sleep(1.2)"');
    const [, peak] = /\[resource-monitor\] Memory: peak ([\d.]+) MiB, average [\d.]+ MiB, of /.exec(log);
    assert.ok(Number(peak) > 55, log);
    assert.match(log, /\[resource-monitor\] Processors: peak \d+\.\d\d, average \d+\.\d\d, of \d+/);
    assert.match(log, /\[resource-monitor\] Processes: peak [1-9]/);
    const without = await run('sleep 0.3', { features: { resourceMonitor: false } });
    assert.doesNotMatch(without.log, /resource-monitor/);
  });

  test('logs may be left out', async () => {
    const { taskId, status } = await bench.run(bench.script('echo quiet; echo x > x',
      { features: { liveLog: false, backingLog: false }, artifacts: [file('x')] }));
    assert.equal(status.state, 'completed');
    assert.deepEqual(await names(taskId), { 'public/x': 's3' });
  });
});

describe('chain of trust', () => {
  const features = { chainOfTrust: true };

  test('workers 4: a certificate of the task and its artifacts, signed', async () => {
    const def = bench.script('mkdir d; echo one > d/1; echo two > d/2; echo said; echo \'{"environment": ' +
      '{"imageHash": "sha256:12"}, "taskId": "false", "more": 1}\' > chain-of-trust-additional-data.json',
    { features, artifacts: [directory('d'), file('missing', 'public/missing', { optional: true }),
      file('d/1', 'public/chain-of-trust.json')] });
    const { taskId, status } = await bench.run(def);
    assert.equal(status.state, 'completed', await bench.log(taskId));
    const { bytes } = await stored(taskId, 'public/chain-of-trust.json');
    const signature = (await stored(taskId, 'public/chain-of-trust.json.sig')).bytes;
    assert.equal(signature.length, 64);
    assert.ok(verify(null, bytes, publicKey, signature));
    const { artifacts, task, ...rest } = JSON.parse(bytes);
    assert.deepEqual(rest, { chainOfTrustVersion: 1, taskId, runId: 0, workerGroup: 'g', workerId: 'signs',
      environment: { imageHash: 'sha256:12' }, more: 1 });
    assert.deepEqual(task.payload, def.payload);
    const certified = (await stored(taskId, 'public/logs/certified.log')).bytes;
    assert.match(certified.toString(), /^said$/m);
    assert.deepEqual(artifacts, { 'public/d/1': { sha256: sha256('one\n') },
      'public/d/2': { sha256: sha256('two\n') },
      'public/logs/certified.log': { sha256: sha256(certified) } });
    assert.match(await bench.log(taskId), /public\/chain-of-trust\.json is skipped/);
  });

  test('a task that failed is certified, too; bad additional data fail it', async () => {
    const failed = await run('exit 1', { features });
    assert.equal(failed.state, 'failed');
    assert.ok((await names(failed.taskId))['public/chain-of-trust.json.sig']);
    const bad = await run('echo no > chain-of-trust-additional-data.json', { features });
    assert.equal(bad.state, 'failed');
    assert.match(bad.log, /\[chain-of-trust\] chain-of-trust-additional-data\.json must be a JSON object/);
  });

  test('a worker without a key does not take such tasks, one with a bad key does not start', async () => {
    bench.startWorker('work/keyless', 'keyless');
    await malformed({ features }, /features\.chainOfTrust: .*--chain-of-trust-key/,
      { taskQueueId: 'work/keyless' });
    const bad = path.join(scratch, 'bad');
    fs.writeFileSync(bad, 'no key');
    const child = bench.startWorker('work/keyless', 'bad', {}, ['--chain-of-trust-key', bad]);
    assert.equal(await child.ended, 2);
  });
});
