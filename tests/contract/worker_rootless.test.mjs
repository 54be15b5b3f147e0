// Containers of a worker that is not root: the workers contract, section 5.4. An ordinary user of the machine is
// made for it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ContainerBench } from './support/container_bench.mjs';
import { missing, savedImage } from './support/images.mjs';
import { until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

let bench;
let user;
let place;
let plain;
let ordinary;  // an image whose user is not root

const left = (mark) => spawnSync('ps', ['axo', 'args']).stdout.toString().includes(mark);
const processes = () => spawnSync('ps', ['-u', user.name, '-o', 'pid=,args=']).stdout.toString().trim();

function startWorker(queueId, more = []) {
  const work = path.join(place, `work-${queueId.split('/')[1]}`);
  return bench.startWorker(queueId, 'rootless', { HOME: place, TMPDIR: place, USER: user.name, XDG_RUNTIME_DIR: '' },
    ['--engine', 'container', '--work-dir', work, '--cache-dir', path.join(place, 'caches'), ...more],
    { uid: user.uid, gid: user.gid, cwd: place });
}

before(async () => {
  if (missing) return;
  bench = await ContainerBench.start('work/rootless', { 'claim-timeout': 4 });
  const name = `troupe-test-${process.pid}`;
  place = fs.mkdtempSync(path.join(fs.existsSync('/var/tmp') ? '/var/tmp' : os.tmpdir(), 'rootless-'));
  execFileSync('useradd', ['--no-create-home', '--home-dir', place, name]);
  const number = (flag) => Number(execFileSync('id', [flag, name]).toString());
  user = { name, uid: number('-u'), gid: number('-g') };
  fs.chownSync(place, user.uid, user.gid);
  plain = savedImage(bench.scratch, 'rootless');
  await bench.useImage(plain);
  ordinary = { ...bench.image, taskId: await bench.taskWith({
    'public/image.tar': savedImage(bench.scratch, 'of a user', { User: '1000' }).bytes }) };
  startWorker('work/rootless');
});
after(async () => {
  await bench?.stop();
  if (!user) return;
  spawnSync('pkill', ['-KILL', '-u', user.name]);
  await until('nothing of the user runs', () => processes() === '');
  spawnSync('userdel', [user.name]);
  fs.rmSync(place, { recursive: true, force: true });
});

describe('containers of a worker that is not root', { skip: missing, signal: AbortSignal.timeout(500000) }, () => {
  test('workers 5.4: a task is root of its container, and nobody on the machine', async () => {
    const { log } = await bench.completes('cat /etc/mark; id; cat /proc/self/uid_map; echo x > /written; cat /written');
    assert.match(log, /^rootless$/m);
    assert.match(log, /uid=0/);
    assert.match(log, new RegExp(`^\\s*0 +${user.uid} +1$`, 'm'));
    assert.match(log, /^x$/m);
  });

  test('workers 3.2: caches and artifacts, also of other users of the container', async () => {
    const payload = { image: ordinary, cache: { one: '/cache' }, artifacts: {
      'public/v': { type: 'volume', path: '/vol' }, 'public/f': { type: 'file', path: '/tmp/f' } } };
    const task = { scopes: ['docker-worker:cache:*'] };
    const text = 'id -u 2>/dev/null || busybox id -u; echo "has: $(ls /cache)"; busybox mkdir -m 700 /cache/deep /vol/deep; ' +
      'echo k > /cache/deep/kept; echo v > /vol/deep/v; busybox chmod 600 /vol/deep/v; echo f > /tmp/f';
    const first = await bench.completes(text, payload, task);
    assert.match(first.log, /^1000$/m);
    assert.match(first.log, /^has: $/m);
    assert.equal((await bench.artifact(first.taskId, 'public/v/deep/v')).text, 'v\n');
    assert.equal((await bench.artifact(first.taskId, 'public/f')).text, 'f\n');
    const second = await bench.completes('echo "has: $(cat /cache/deep/kept)"; exit 0', { image: ordinary, cache: { one: '/cache' } }, task);
    assert.match(second.log, /^has: k$/m);
    await bench.result(bench.shell('exit 9', { cache: { one: '/cache' }, onExitStatus: { purgeCaches: [9] } }, task));
    const third = await bench.completes('echo "has: $(ls /cache)"', { cache: { one: '/cache' } }, task);
    assert.match(third.log, /^has: $/m);
    await until('no files are left of them', () =>
      !fs.readdirSync(path.join(place, 'work-rootless')).some((name) => name.startsWith('task_')));
  });

  test('workers 6.4: there is the proxy', async () => {
    const { log } = await bench.completes('wget -q -O - $TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID',
      { features: { taskclusterProxy: true } }, { scopes: ['queue:get-task:*'] });
    assert.match(log, /"taskQueueId":"work\/rootless"/);
  });

  test('workers 6.4: and where the container has a network of its own', async () => {
    startWorker('work/alone', ['--container-network', 'none']);
    const { log } = await bench.completes('wget -q -O - http://taskcluster/queue/v1/task/$TASK_ID',
      { features: { taskclusterProxy: true } }, { scopes: ['queue:get-task:*'], taskQueueId: 'work/alone' });
    assert.match(log, /"taskQueueId":"work\/alone"/);
  });

  test('workers 5.4: a canceled task ends its whole container, whoever its processes are', async () => {
    for (const image of [bench.image, ordinary]) {
      const mark = `1${Date.now() % 1000000}`;
      const taskId = slugid();
      await bench.q.createTask(taskId, bench.shell(`setsid sleep ${mark} & exec sleep ${mark}`, { image }));
      await until('it runs', () => left(mark), 60000);
      await bench.q.cancelTask(taskId);
      await until('it is gone', () => !left(mark), 60000);
    }
  });

  test('workers 7: a container that runs too long is failed, its artifacts are uploaded', async () => {
    const done = await bench.result(bench.shell('echo made > /tmp/f; sleep 100', { image: ordinary, maxRunTime: 2,
      artifacts: { 'public/f': { type: 'file', path: '/tmp/f' } } }));
    assert.equal(done.reason, 'failed', done.log);
    assert.doesNotMatch(done.log, /cannot be ended/);
    assert.equal((await bench.artifact(done.taskId, 'public/f')).text, 'made\n');
  });

  test('workers 5.4: no process of the user is left when the workers have ended', async () => {
    await endWorkers();
    await until('there is none', () => processes() === '', 30000);
  });
});

async function endWorkers() {
  for (const worker of bench.workers) {
    worker.kill('SIGTERM');
    await worker.ended;
  }
}
