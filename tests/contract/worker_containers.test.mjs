// Containers on Troupe's own worker: the workers contract, sections 3.2, 3.3, 5.4 and 7.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import taskcluster from 'taskcluster-client';
import { Registry, bridgeMissing, missing, savedImage, sha256 } from './support/images.mjs';
import { Server, binary, until } from './support/server.mjs';
import { Shell, socketUrl } from './support/shells.mjs';
import { definition, inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let scratch;
let image;  // of a task that has it as an artifact
let saved;
let registry;

const limit = { signal: AbortSignal.timeout(500000) };

// A task with the artifacts, resolved.
async function taskWith(artifacts) {
  const taskId = slugid();
  await bench.q.createTask(taskId, definition({ taskQueueId: 'work/maker', deadline: inSeconds(600) }));
  const { tasks: [claim] } = await bench.q.claimWork('work/maker', { workerGroup: 'g', workerId: 'maker', tasks: 1 });
  const by = new taskcluster.Queue({ rootUrl: server.rootUrl, credentials: claim.credentials, retries: 0 });
  for (const [name, bytes] of Object.entries(artifacts)) {
    const { putUrl } = await by.createArtifact(taskId, 0, name, { storageType: 's3',
      contentType: 'application/octet-stream', expires: inSeconds(3600) });
    const { status } = await fetch(putUrl, { method: 'PUT', body: bytes,
      headers: { 'content-type': 'application/octet-stream' } });
    assert.equal(status, 200);
  }
  await by.reportCompleted(taskId, 0);
  return taskId;
}

const own = () => path.join(scratch, 'caches/containers');

// The worker's podman, asked from outside.
function podman(...words) {
  const live = fs.readlinkSync(`${own()}/live`);
  const storage = fs.existsSync(`${own()}/overlay`) ? 'overlay' : 'vfs';
  const answer = spawnSync('podman', ['--cgroup-manager=cgroupfs', `--storage-driver=${storage}`,
    `--root=${own()}/${storage}`, `--runroot=${live}/run`, `--tmpdir=${live}/tmp`, ...words],
  { env: { ...process.env, CONTAINERS_CONF: `${own()}/containers.conf` } });
  assert.equal(answer.status, 0, answer.stderr.toString());
  return answer.stdout.toString();
}

const startWorker = (id, more = []) => bench.startWorker('work/containers', id,
  { CONTAINERS_REGISTRIES_CONF: path.join(scratch, 'registries.conf') },
  ['--engine', 'container,process', '--work-dir', path.join(scratch, `work-${id}`),
    '--cache-dir', path.join(scratch, 'caches'), '--chain-of-trust-key', path.join(scratch, 'key'), ...more]);

before(async () => {
  if (missing) return;
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'containers-'));
  const { d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  fs.writeFileSync(path.join(scratch, 'key'), Buffer.from(d, 'base64url').toString('base64'), { mode: 0o600 });
  registry = await Registry.start();
  fs.writeFileSync(path.join(scratch, 'registries.conf'),
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  server = await Server.start({ 'claim-timeout': 4, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/containers');
  saved = savedImage(scratch, 'plain');
  image = { type: 'task-image', path: 'public/image.tar', taskId: await taskWith({ 'public/image.tar': saved.bytes }) };
  const worker = startWorker('one');
  const owners = path.join(own(), 'workers');
  await until('the worker works', () => {
    if (worker.exitCode !== null) throw new Error('the worker did not start');
    return fs.existsSync(owners) && fs.readdirSync(owners).length > 0;
  });
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  registry?.stop();
  if (scratch) {
    if (fs.existsSync(`${own()}/live`)) {
      podman('rm', '--all', '--force');
      fs.rmSync(fs.readlinkSync(`${own()}/live`), { recursive: true, force: true });
    }
    fs.rmSync(scratch, { recursive: true, force: true });
  }
});

// A task whose command is the text in the shell of the image.
const shell = (text, payload = {}, task = {}) => definition({ taskQueueId: 'work/containers',
  deadline: inSeconds(600), payload: { image, command: ['/bin/sh', '-c', text], maxRunTime: 60, ...payload }, ...task });

async function run(text, payload, task) {
  const { taskId, status, run: last } = await bench.run(shell(text, payload, task));
  return { taskId, state: status.state, reason: last.reasonResolved, runs: status.runs,
    log: (await bench.log(taskId)).replaceAll('\r\n', '\n') };
}

async function completes(text, payload, task) {
  const done = await run(text, payload, task);
  assert.equal(done.state, 'completed', done.log);
  return done;
}

// What the log of a running task has, once it matches; nothing when it ends before.
async function readLog(taskId, pattern) {
  const response = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/logs/live.log`);
  if (response.status !== 200) return void await response.text();
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString();
    if (pattern.test(text)) return text;
  }
  return undefined;
}

async function malformed(payload, message, task) {
  const done = await run('echo begun', payload, task);
  assert.equal(done.reason, 'malformed-payload', done.log);
  assert.match(done.log, message);
  assert.doesNotMatch(done.log, /^begun$/m);
  return done;
}

describe('containers', { skip: missing, ...limit }, () => {
  test('workers 3.2: a task runs in its image, with its variables and those of the worker', async () => {
    const { taskId, log } = await completes('cat /etc/mark; env; ls /; tty', { env: { PLAIN: 'a "b" $c =', EMPTY: '',
      HASH: '#x', LINES: 'first\nsecond', PATH: '/bin:/more', TASK_ID: 'not this', LEAD: '  two' } });
    assert.match(log, /^plain$/m);
    for (const line of ['PLAIN=a "b" $c =', 'EMPTY=', 'HASH=#x', 'LINES=first\nsecond', 'PATH=/bin:/more', 'LEAD=  two',
      `TASK_ID=${taskId}`, 'RUN_ID=0', `TASKCLUSTER_ROOT_URL=${server.rootUrl}`, 'TASKCLUSTER_WORKER_TYPE=containers',
      'TASKCLUSTER_WORKER_GROUP=g', 'TASKCLUSTER_WORKER_LOCATION={}'])
      assert.ok(`\n${log}\n`.includes(`\n${line}\n`), `${line} of ${log}`);
    assert.match(log, /^TASK_GROUP_ID=/m);
    assert.match(log, /^\/dev\/pts\/|^\/dev\/console/m);
    assert.match(log, /Successful task run with exit code: 0 completed in \d+\.\d+ seconds/);
  });

  test('workers 7: the environment never contains credentials of the worker', async () => {
    const { log } = await completes(`env; cat /proc/*/environ; ls ${scratch}; true`);
    assert.doesNotMatch(log, /ACCESS_TOKEN|root-access-token/);
    assert.match(log, /No such file/);
  });

  test('workers 3.3: the exit code of the command is that of the task', async () => {
    const done = await run('echo bye; exit 7');
    assert.equal(done.state, 'failed');
    assert.match(done.log, /^bye$/m);
    assert.match(done.log, /Unsuccessful task run with exit code: 7 completed in/);
    const again = await run('exit $((3 - RUN_ID * 3))', { onExitStatus: { retry: [3] } });
    assert.equal(again.state, 'completed', again.log);
    assert.equal(again.runs[1].reasonCreated, 'task-retry');
    const lost = await run('true', { command: ['/no/such/program'] });
    assert.equal(lost.state, 'failed');
    assert.match(lost.log, /exit code: 127/);
    assert.match((await run("sh -c 'kill -9 $$'; exit $?")).log, /exit code: 137/);
  });

  test('workers 3.2: without a command that of the image is run, behind its entrypoint', async () => {
    const made = savedImage(scratch, 'entry', { Entrypoint: ['/bin/echo', 'entry:'], Cmd: ['of', 'the', 'image'] });
    const entry = { ...image, taskId: await taskWith({ 'public/image.tar': made.bytes }) };
    assert.match((await completes('', { image: entry, command: undefined })).log, /^entry: of the image$/m);
    assert.match((await completes('', { image: entry, command: ['own'] })).log, /^entry: own$/m);
  });

  test('workers 3.2: artifact images, packed in any way, are loaded once', async () => {
    const other = savedImage(scratch, 'packed');
    const taskId = await taskWith({ 'public/image.tar.gz': zlib.gzipSync(other.bytes),
      'public/image.tar.br': zlib.brotliCompressSync(other.bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
      'public/broken.tar': Buffer.from('no image') });
    const packed = { type: 'task-image', taskId, path: 'public/image.tar.gz' };
    // At the same time: one of them loads it.
    const all = await Promise.all([1, 2, 3].map(() => completes('cat /etc/mark', { image: packed })));
    assert.equal(all.filter(({ log }) => /Loading the image/.test(log)).length, 1);
    for (const { log } of all) assert.match(log, /^packed$/m);
    const later = await completes('cat /etc/mark', { image: packed });
    assert.doesNotMatch(later.log, /Loading the image/);
    assert.match((await completes('cat /etc/mark', { image: { ...packed, path: 'public/image.tar.br' } })).log, /^packed$/m);
    const broken = await run('true', { image: { ...packed, path: 'public/broken.tar' } });
    assert.equal(broken.reason, 'resource-unavailable', broken.log);
    assert.match(broken.log, /The image public\/broken\.tar cannot be loaded: /);
    const gone = await run('true', { image: { ...packed, path: 'public/none.tar' } });
    assert.equal(gone.reason, 'resource-unavailable', gone.log);
    assert.match(gone.log, /public\/none\.tar of task .* cannot be had/);
    await malformed({ image: { ...packed, path: 'public/image.zip' } }, /image\.path: must end in \.tar/);
    await malformed({ image: { ...packed, path: 'public/image.tar.mz' } }, /image\.path: this worker unpacks/);
  });

  test('workers 3.2: indexed images are those of the latest task of the index', async () => {
    const index = new taskcluster.Index({ rootUrl: server.rootUrl, credentials: server.credentials, retries: 0 });
    const other = savedImage(scratch, 'indexed');
    const taskId = await taskWith({ 'public/image.tar': other.bytes });
    await index.insertTask('test.images.one', { taskId, rank: 1, data: {}, expires: inSeconds(3600) });
    const indexed = { type: 'indexed-image', namespace: 'test.images.one', path: 'public/image.tar' };
    assert.match((await completes('cat /etc/mark', { image: indexed }, { scopes: ['index:find-task:*'] })).log, /^indexed$/m);
    const none = await run('true', { image: { ...indexed, namespace: 'test.images.none' } }, { scopes: ['index:find-task:*'] });
    assert.equal(none.reason, 'resource-unavailable', none.log);
  });

  test('workers 3.2: images by name are pulled; a digest is not pulled again', async () => {
    const first = registry.put(scratch, 'team/tool', 'v1', 'pulled');
    assert.match((await completes('cat /etc/mark', { image: `${first.name}:v1` })).log, /^pulled$/m);
    registry.put(scratch, 'team/tool', 'v1', 'moved');
    assert.match((await completes('cat /etc/mark', { image: { type: 'docker-image', name: `${first.name}:v1` } })).log,
      /^moved$/m);
    const byDigest = `${first.name}@${first.digest}`;
    assert.match((await completes('cat /etc/mark', { image: byDigest })).log, /^pulled$/m);
    const asked = registry.asked.length;
    assert.match((await completes('cat /etc/mark', { image: byDigest })).log, /^pulled$/m);
    assert.equal(registry.asked.length, asked);
    const none = await run('true', { image: `${first.name}:none` });
    assert.equal(none.reason, 'resource-unavailable', none.log);
    assert.match(none.log, /The image .*team\/tool:none cannot be pulled: .*manifest unknown/);
    for (const name of ['docker-archive:/etc/passwd', '/etc', 'dir:/etc', '../x', 'a b', '-v'])
      await malformed({ image: name }, /must be the name of an image/);
  });

  test('workers 3.2: a pull that fails is tried again later, unless the task is canceled', async () => {
    const { name } = registry.put(scratch, 'team/shaky', 'v1', 'shaky');
    registry.failures = 1000;
    const taskId = slugid();
    await bench.q.createTask(taskId, shell('true', { image: `${name}:v1` }));
    const seen = await until('it waits for the next try', () => readLog(taskId, /tried again in (\d+) s/));
    registry.failures = 0;
    const seconds = Number(/tried again in (\d+) s/.exec(seen)[1]);
    assert.ok(seconds >= 11 && seconds <= 18, `${seconds}`);
    await bench.q.cancelTask(taskId);
    await until('the worker is done with it', async () => (await bench.present(taskId, ['public/logs/live_backing.log'])).length);
    assert.match((await completes('cat /etc/mark', { image: `${name}:v1` })).log, /^shaky$/m);
  });

  test('workers 7: caches survive between tasks, and are purged by exit codes', async () => {
    const payload = { cache: { 'level-1': '/cache/one', other: '/two' }, onExitStatus: { purgeCaches: [9] } };
    const task = { scopes: ['docker-worker:cache:*'] };
    const peek = 'echo "has: $(ls /cache/one)"; touch /cache/one/kept /two/x';
    assert.match((await completes(peek, payload, task)).log, /^has: $/m);
    assert.match((await completes(peek, payload, task)).log, /^has: kept$/m);
    await run('exit 1', payload, task);
    assert.match((await completes(peek, payload, task)).log, /^has: kept$/m);
    await run('exit 9', payload, task);
    assert.match((await completes(peek, payload, task)).log, /^has: $/m);
    await malformed(payload, /needs the scope docker-worker:cache:other/, { scopes: ['docker-worker:cache:level-1'] });
    await malformed({ cache: { a: 'relative' } }, /cache\.a: must be an absolute path/);
  });

  test('workers 3.2: artifacts are files, directories and volumes; a missing one does not fail the task', async () => {
    const { taskId, log } = await completes(
      'mkdir -p /out/d/deep /out/empty; echo f > /out/f; echo g > /out/d/deep/g; ln -s /etc/passwd /out/d/host; ' +
      'ln -s deep/g /out/d/within; ln -s /out/f /out/link; echo v > /vol/v; ln -s /etc/passwd /vol/host; : > /out/zero', {
        artifacts: {
          'public/f': { type: 'file', path: '/out/f' },
          'public/zero': { type: 'file', path: '/out/zero' },
          'public/link': { type: 'file', path: '/out/link' },
          'public/d': { type: 'directory', path: '/out/d', expires: inSeconds(1000) },
          'public/v': { type: 'volume', path: '/vol' },
          'public/none': { type: 'file', path: '/out/none' },
          'public/wrong': { type: 'file', path: '/out/d' },
        } });
    const { artifacts } = await bench.q.listLatestArtifacts(taskId);
    assert.deepEqual(artifacts.map(({ name, storageType }) => `${name} ${storageType}`).sort(), [
      'public/d/deep/g s3', 'public/d/within s3', 'public/f s3', 'public/link s3', 'public/logs/live.log link',
      'public/logs/live_backing.log s3', 'public/none error', 'public/v/v s3', 'public/wrong error',
      'public/zero s3']);
    for (const [name, text] of [['f', 'f\n'], ['link', 'f\n'], ['d/deep/g', 'g\n'], ['d/within', 'g\n'], ['v/v', 'v\n'], ['zero', '']])
      assert.equal((await bench.artifact(taskId, `public/${name}`)).text, text, name);
    assert.equal(JSON.parse((await bench.artifact(taskId, 'public/none')).text).reason, 'file-missing-on-worker');
    assert.equal(JSON.parse((await bench.artifact(taskId, 'public/wrong')).text).reason, 'invalid-resource-on-worker');
    assert.match(log, /public\/none: \/out\/none was not got out of the container/);
    const none = await completes('true', { features: { artifacts: false },
      artifacts: { 'public/none': { type: 'file', path: '/out/none' } } });
    assert.deepEqual(await bench.present(none.taskId, ['public/none']), []);
    const failed = await run('echo f > /f; exit 1', { artifacts: { 'public/f': { type: 'file', path: '/f' } } });
    assert.equal((await bench.artifact(failed.taskId, 'public/f')).text, 'f\n');
  });

  test('workers 3.2: dockerSave makes an image of the container, and archives of its caches', async () => {
    const saving = await completes('echo changed > /etc/mark; echo kept > /cache/f', { features: { dockerSave: true },
      cache: { saved: '/cache' } }, { scopes: ['docker-worker:cache:saved'] });
    const again = { type: 'task-image', taskId: saving.taskId, path: 'public/dockerImage.tar' };
    assert.match((await completes('cat /etc/mark', { image: again })).log, /^changed$/m);
    assert.match((await bench.artifact(saving.taskId, 'public/cache/saved.tar')).text, /kept\n/);
  });

  test('workers 3.2: the log has the name of the payload, and may be left out', async () => {
    const { taskId } = await bench.run(shell('echo named', { log: 'public/other/my.txt' }));
    assert.match((await bench.artifact(taskId, 'public/other/my_backing.txt')).text, /^named\r?$/m);
    assert.match((await bench.artifact(taskId, 'public/other/my.txt')).text, /^named\r?$/m);
    const bare = await bench.run(shell('echo bare', { features: { bulkLog: false, localLiveLog: false } }));
    assert.deepEqual(await bench.present(bare.taskId, ['public/logs/live.log', 'public/logs/live_backing.log']), []);
  });

  test('workers 3.2: the proxy is at the host taskcluster, with the scopes of the task', async () => {
    const { log, taskId } = await completes('echo $TASKCLUSTER_PROXY_URL; wget -q -O - $TASKCLUSTER_PROXY_URL/api/auth/v1/ping; echo; ' +
      'wget -q -O - $TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID', { features: { taskclusterProxy: true } },
    { scopes: ['queue:get-task:*'] });
    assert.match(log, /^http:\/\/taskcluster(:\d+)?$/m);
    assert.match(log, /"alive":true/);
    assert.match(log, /"taskQueueId":"work\/containers"/);
    assert.ok(taskId);
  });

  test('workers 3.2: capabilities and devices have scopes', async () => {
    await malformed({ features: { allowPtrace: true } }, /needs the scope docker-worker:feature:allowPtrace/);
    await malformed({ capabilities: { disableSeccomp: true } }, /needs the scope docker-worker:capability:disableSeccomp/);
    await malformed({ capabilities: { devices: { hostSharedMemory: true } } },
      /needs the scope docker-worker:capability:device:hostSharedMemory/);
    await malformed({ capabilities: { privileged: true } }, /capabilities\.privileged: .*--container-privileged/);
    const plain = await completes('grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; df /dev/shm');
    const given = await completes('grep CapEff /proc/self/status; grep Seccomp: /proc/self/status', {
      features: { allowPtrace: true }, capabilities: { disableSeccomp: true, devices: { hostSharedMemory: true } } },
    { scopes: ['docker-worker:feature:allowPtrace', 'docker-worker:capability:*'] });
    const rights = ({ log }) => BigInt(`0x${/CapEff:\s*(\w+)/.exec(log)[1]}`);
    const ptrace = 1n << 19n;
    assert.equal(rights(plain) & ptrace, 0n);
    assert.equal(rights(given) & ptrace, ptrace);
    assert.match(plain.log, /Seccomp:\s*2/);
    assert.match(given.log, /Seccomp:\s*0/);
    assert.match(plain.log, /18432\d\d/);
    const byPool = await run('true', { capabilities: { devices: { hostSharedMemory: true } } },
      { scopes: ['docker-worker:capability:device:hostSharedMemory:work/containers'] });
    assert.equal(byPool.state, 'completed', byPool.log);
  });

  // Tasks at the same time reach the proxy of their own only, by which they do what their scopes permit.
  async function hasProxyWithin(task) {
    const ask = 'echo $TASKCLUSTER_PROXY_URL; wget -q -O - $TASKCLUSTER_PROXY_URL/api/auth/v1/ping; echo; ' +
      'wget -q -O - http://taskcluster/queue/v1/task/$TASK_ID; echo; ' +
      'wget -q -O - http://taskcluster/secrets/v1/secret/none || echo refused';
    const all = await Promise.all(['first', 'second'].map((mark) => completes(ask,
      { features: { taskclusterProxy: true }, env: { MARK: mark } }, { ...task, scopes: ['queue:get-task:*'] })));
    for (const [index, { log }] of all.entries()) {
      assert.match(log, /^http:\/\/taskcluster$/m);
      assert.match(log, /"alive":true/);
      assert.ok(log.includes(`"MARK":"${['first', 'second'][index]}"`), log);
      assert.match(log, /^refused$/m);
    }
  }

  test('workers 6.4: the proxy is in the network of a container on a bridge', { skip: bridgeMissing }, async () => {
    bench.startWorker('work/bridged', 'bridged', {}, ['--engine', 'container', '--container-network', 'bridge',
      '--work-dir', path.join(scratch, 'work-bridged'), '--cache-dir', path.join(scratch, 'caches')]);
    await hasProxyWithin({ taskQueueId: 'work/bridged' });
  });

  test('workers 3.3: privileged containers need a scope of the task and a flag of the worker', async () => {
    bench.startWorker('work/root', 'root', {}, ['--engine', 'container', '--container-privileged',
      '--work-dir', path.join(scratch, 'work-root'), '--cache-dir', path.join(scratch, 'caches')]);
    const payload = { capabilities: { privileged: true } };
    const task = { taskQueueId: 'work/root' };
    await malformed(payload, /needs the scope docker-worker:capability:privileged/,
      { ...task, scopes: ['docker-worker:capability:privileged:work/other'] });
    const { log } = await completes('grep CapEff /proc/self/status', payload,
      { ...task, scopes: ['docker-worker:capability:privileged:work/root'] });
    const admin = 1n << 21n;
    assert.equal(BigInt(`0x${/CapEff:\s*(\w+)/.exec(log)[1]}`) & admin, admin);
  });

  test('workers 5.4, 6.4: without a network there is no way out but by the proxy', async () => {
    bench.startWorker('work/offline', 'offline', {}, ['--engine', 'container', '--container-network', 'none',
      '--work-dir', path.join(scratch, 'work-offline'), '--cache-dir', path.join(scratch, 'caches')]);
    const task = { taskQueueId: 'work/offline' };
    const { log } = await completes(`wget -q -O - ${server.rootUrl}/api/auth/v1/ping || echo "no way out"`, {}, task);
    assert.match(log, /^no way out$/m);
    await hasProxyWithin(task);
  });

  test('workers 6.5: a shell in a container is a shell of its image, and ends with the task', async () => {
    const taskId = slugid();
    await bench.q.createTask(taskId, shell('echo there > /made; until [ -e /go ]; do sleep 0.1; done',
      { features: { interactive: true }, env: { OF_TASK: 'its own' } }));
    const opened = await Shell.open(await socketUrl(bench.q, taskId));
    opened.resize(33, 101);
    opened.type('echo "[$(stty size)] [$TERM] [$TASK_ID] [$OF_TASK] [$(cat /made)]"; echo $((40 + 2)) kept\n');
    await opened.shows(new RegExp(`\\[33 101\\] \\[xterm-256color\\] \\[${taskId}\\] \\[its own\\] \\[there\\]`));
    await opened.shows(/^42 kept/m);
    opened.type('touch /go\n');
    const done = await until('the task is completed', async () => {
      const { status } = await bench.q.status(taskId);
      return status.state === 'completed';
    }, 60000);
    assert.ok(done);
    await opened.closed;
    assert.doesNotMatch(await bench.log(taskId), /42 kept/);
  });

  test('workers 3.2: what is not offered is malformed and says why', async () => {
    await malformed({ encryptedEnv: ['eA=='] }, /encryptedEnv: .*secret/);
    await malformed({ features: { dind: true } }, /features\.dind: .*--container-nested/);
    await malformed({ features: { unheard: true } }, /features\.unheard: the feature is not known/);
    await malformed({ capabilities: { devices: { loopbackVideo: true } } }, /loopbackVideo: this worker lends no such device.*--loopback-video/);
    const { log } = await malformed({ image: undefined, maxRunTime: 0, unheard: 1 }, /'unheard' is not known/);
    assert.match(log, /maxRunTime: must be/);
    const all = await malformed({ artifacts: { x: { type: 'tree', path: '' } } }, /artifacts\.x\.type: must be/);
    assert.match(all.log, /"title": "Payload of containers/);
  });

  test('workers 4: the certificate names the image', async () => {
    const { taskId } = await completes('echo certain > /f', { features: { chainOfTrust: true },
      artifacts: { 'public/f': { type: 'file', path: '/f' } } });
    const certificate = JSON.parse((await bench.artifact(taskId, 'public/chain-of-trust.json')).text);
    assert.deepEqual(certificate.environment, { imageHash: `sha256:${saved.id}`,
      imageArtifactHash: `sha256:${sha256(saved.bytes)}` });
    assert.equal(certificate.artifacts['public/f'].sha256, sha256('certain\n'));
  });

  test('workers 5.4: processes of this machine are another engine of the same worker', async () => {
    const { taskId, status } = await bench.run(bench.script('echo plain process'));
    assert.equal(status.state, 'completed');
    assert.match(await bench.log(taskId), /^plain process$/m);
  });

  // What the runtime still knows of our containers, where it is runc.
  const known = () => spawnSync('runc', ['list']).stdout?.toString().includes(own()) ?? false;
  const left = (mark) => spawnSync('ps', ['axo', 'args']).stdout.toString().includes(mark);

  test('workers 7: a container that runs too long is failed, its artifacts are uploaded, nothing is left', async () => {
    const mark = `3${Date.now() % 1000000}`;
    const done = await run(`echo made > /f; setsid sleep ${mark} & sleep ${mark}`, { maxRunTime: 2,
      onExitStatus: { retry: [137] }, artifacts: { 'public/f': { type: 'file', path: '/f' } } });
    assert.equal(done.reason, 'failed', done.log);
    assert.match(done.log, /longer than its maxRunTime of 2 s/);
    assert.equal((await bench.artifact(done.taskId, 'public/f')).text, 'made\n');
    assert.ok(!left(mark));
    assert.equal(podman('ps', '--all', '--quiet'), '');
    assert.ok(!known());
  });

  test('workers 5.4: a canceled task ends its whole container', async () => {
    const mark = `4${Date.now() % 1000000}`;
    const taskId = slugid();
    await bench.q.createTask(taskId, shell(`setsid sleep ${mark} & echo up; exec sleep ${mark}`));
    await until('it runs', () => left(mark));
    await bench.q.cancelTask(taskId);
    await until('it is gone', () => !left(mark) && podman('ps', '--all', '--quiet') === '' && !known(), 60000);
  });

  test('workers 5.4: what a worker that was killed has left is removed by the next', async () => {
    const mark = `5${Date.now() % 1000000}`;
    const victim = bench.startWorker('work/victim', 'victim', {}, ['--engine', 'container',
      '--work-dir', path.join(scratch, 'work-victim'), '--cache-dir', path.join(scratch, 'caches')]);
    const taskId = slugid();
    await bench.q.createTask(taskId, shell(`setsid sleep ${mark} & exec sleep ${mark}`, {}, { taskQueueId: 'work/victim' }));
    await until('it runs', () => left(mark));
    victim.kill('SIGKILL');
    await until('its processes are gone', () => !left(mark), 60000);
    const other = bench.startWorker('work/victim', 'heir', {}, ['--engine', 'container',
      '--work-dir', path.join(scratch, 'work-victim'), '--cache-dir', path.join(scratch, 'caches')]);
    await until('its container is gone', () => podman('ps', '--all', '--quiet') === '' && !known(), 60000);
    assert.equal(other.exitCode, null);
    await bench.q.cancelTask(taskId);
  });

  test('workers 3.2: images go when the disk is short and nobody uses them', async () => {
    const place = path.join(scratch, 'short');
    bench.startWorker('work/short', 'short', {}, ['--engine', 'container', '--work-dir', path.join(place, 'work'),
      '--cache-dir', path.join(place, 'caches'), '--min-free-disk', '1000000000']);
    const used = path.join(place, 'caches/containers/images/used');
    for (let i = 0; i < 2; ++i) {
      const { log } = await completes('cat /etc/mark; exec sleep 1', {}, { taskQueueId: 'work/short' });
      assert.match(log, /Loading the image/);
      assert.match(log, /^plain$/m);
      await until('the image is gone', () => fs.readdirSync(used).length === 0);
    }
  });

  test('workers 1.7: a worker that is told to end gives the task back and leaves no container', async () => {
    const mark = `6${Date.now() % 1000000}`;
    const leaving = bench.startWorker('work/leaving', 'leaving', {}, ['--engine', 'container',
      '--work-dir', path.join(scratch, 'work-leaving'), '--cache-dir', path.join(scratch, 'caches')]);
    const taskId = slugid();
    await bench.q.createTask(taskId, shell(`exec sleep ${mark}`, {}, { taskQueueId: 'work/leaving' }));
    await until('it runs', () => left(mark));
    leaving.kill('SIGTERM');
    await leaving.ended;
    const { status } = await bench.q.status(taskId);
    assert.equal(status.runs[0].reasonResolved, 'worker-shutdown');
    assert.ok(!left(mark));
    assert.equal(podman('ps', '--all', '--quiet'), '');
    assert.ok(!known());
    await bench.q.cancelTask(taskId);
  });
});

test('workers 5.4: workers that a server starts have containers, too', { skip: missing, ...limit }, async () => {
  process.env.TROUPE_WORKER_ENGINE = 'process,container';
  const other = await Server.start({ 'local-workers-max': 1, anonymous: ['queue:get-artifact:public/*'] });
  try {
    const local = new WorkerBench(other, 'local/default');
    // Where the image comes from does not matter here: there is none, and the engine says so.
    const { taskId, run: last } = await local.run(shell('true', { image: { ...image, taskId: slugid() } },
      { taskQueueId: 'local/default' }));
    assert.equal(last.reasonResolved, 'resource-unavailable');
    assert.match(await local.log(taskId), /The image cannot be had/);
    const plain = await local.run(local.script('echo plain'));
    assert.equal(plain.status.state, 'completed');
  } finally {
    delete process.env.TROUPE_WORKER_ENGINE;
    await other.stop();
  }
});

test('workers 5.4: where podman does not work, the worker says so when it starts', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'none-'));
  const { status, stderr } = spawnSync(binary, ['worker', '--root-url', 'http://127.0.0.1:1', '--access-token', 'x',
    '--client-id', 'x', '--engine', 'container', '--work-dir', directory], { env: { PATH: '/no/such/place' } });
  fs.rmSync(directory, { recursive: true, force: true });
  assert.equal(status, 2);
  assert.match(stderr.toString(), /in containers on this machine \(.*Debian: podman, runc/);
});
