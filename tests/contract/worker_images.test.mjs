// Commands in the image of Troupe's own worker: payloads of the stock generic-worker in containers, the workers
// contract, sections 3.1 and 5.4.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { ContainerBench } from './support/container_bench.mjs';
import { Registry, missing, savedImage } from './support/images.mjs';
import { Shell, socketUrl } from './support/shells.mjs';
import { binary, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

let bench;
let file;
let registry;

const sh = (text) => ['/bin/sh', '-c', text];
const commands = (words, payload = {}, task = {}) =>
  bench.script('', { command: words, maxRunTime: 60, ...payload }, { taskQueueId: 'work/commands', ...task });

async function completes(words, payload, task) {
  const done = await bench.result(commands(words, payload, task));
  assert.equal(done.state, 'completed', done.log);
  return done;
}

before(async () => {
  if (missing) return;
  bench = await ContainerBench.start('work/commands', { 'claim-timeout': 4 });
  registry = await Registry.start();
  fs.writeFileSync(path.join(bench.scratch, 'registries.conf'),
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  const saved = savedImage(bench.scratch, 'of the worker', { Entrypoint: ['/bin/echo', 'entry:'], User: '1000' });
  file = path.join(bench.scratch, 'image.tar.gz');
  fs.writeFileSync(file, zlib.gzipSync(saved.bytes));
  await bench.useImage(savedImage(bench.scratch, 'of the task'));
  await bench.startContainers('work/commands', ['--container-image', file]);
});
after(async () => {
  await bench?.stop();
  registry?.stop();
});

describe('commands in an image', { skip: missing, signal: AbortSignal.timeout(500000) }, () => {
  test('workers 5.4: each command runs in order in the image, in the directory of the task', async () => {
    const { taskId, log } = await completes([sh('cat /etc/mark; pwd; echo one > here; echo "/etc is kept" > /etc/new; setsid sleep 1000 &'),
      sh('cat here /etc/new; [ $(pwd) = $TASK_WORKDIR ] && echo same; ps; id; echo "[$PLAIN] [$TASK_ID] [$RUN_ID] [$HOME]"'), ['echo', "it's", 'so $x']],
    { env: { PLAIN: 'a "b"', LINES: 'first\nsecond' } });
    assert.match(log, /^of the worker$/m);
    assert.match(log, /^one\n\/etc is kept\nsame$/m);
    assert.match(log, /sleep 1000/);
    assert.match(log, /uid=0/);
    assert.ok(log.includes(`[a "b"] [${taskId}] [0]`), log);
    assert.match(log, /^it's so \$x$/m);
    assert.match(log, /^\[taskcluster [^\]]*\] Executing: echo it's so \$x$/m);
    assert.equal(log.match(/Exit Code: 0/g).length, 3);
    assert.doesNotMatch(log, /entry:|of the task/);
  });

  test('workers 2.7: the first that fails is the last', async () => {
    const done = await bench.result(commands([sh('echo first'), sh('exit 5'), sh('echo third')]));
    assert.equal(done.state, 'failed');
    assert.match(done.log, /Exit Code: 5/);
    assert.match(done.log, /^first$/m);
    assert.doesNotMatch(done.log, /^third$/m);
    const lost = await bench.result(commands([['/no/such/program']]));
    assert.equal(lost.state, 'failed', lost.log);
    const again = await bench.result(commands([sh('exit $((3 - RUN_ID * 3))')], { onExitStatus: { retry: [3] } }));
    assert.equal(again.state, 'completed', again.log);
  });

  test('workers 3.1: mounts, caches and artifacts are as those of processes', async () => {
    const payload = { mounts: [{ directory: 'kept', cacheName: 'c' }, { file: 'in/file', content: { raw: 'mounted' } }],
      artifacts: [{ type: 'directory', path: 'out', name: 'public/out' }, { type: 'file', path: 'in/file', name: 'public/file' },
        { type: 'file', path: '/elsewhere', name: 'public/elsewhere' }, { type: 'file', path: 'none', name: 'public/none', optional: true },
        { type: 'file', path: 'link', name: 'public/link' }, { type: 'file', path: 'host', name: 'public/host', optional: true }] };
    const task = { scopes: ['generic-worker:cache:c'] };
    const text = 'echo "has: $(ls kept)"; touch kept/x; mkdir out; echo o > out/o; ln -s /etc/passwd out/passwd; ' +
      'echo e > /elsewhere; ln -s /etc/passwd host; ln -s out/o link; cat in/file';
    const { taskId, log } = await completes([sh(text)], payload, task);
    assert.match(log, /^has: $/m);
    assert.match(log, /^mounted/m);
    for (const [name, content] of [['out/o', 'o\n'], ['file', 'mounted'], ['elsewhere', 'e\n'], ['link', 'o\n']])
      assert.equal((await bench.artifact(taskId, `public/${name}`)).text, content, name);
    for (const name of ['out/passwd', 'host'])
      assert.notEqual((await bench.artifact(taskId, `public/${name}`)).status, 200, name);
    const next = await completes([sh('echo "has: $(ls kept)"')], { mounts: payload.mounts }, task);
    assert.match(next.log, /^has: x$/m);
    const absent = await bench.result(commands([sh('true')], { artifacts: [{ type: 'file', path: 'none', name: 'public/none' }] }));
    assert.equal(absent.state, 'failed', absent.log);
    const denied = await bench.result(commands([sh('true')], { mounts: payload.mounts }));
    assert.equal(denied.reason, 'malformed-payload');
    assert.match(denied.log, /needs the scope generic-worker:cache:c/);
  });

  test('workers 6.4: there is the proxy', async () => {
    const { log } = await completes([sh('wget -q -O - $TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID')],
      { features: { taskclusterProxy: true } }, { scopes: ['queue:get-task:*'] });
    assert.match(log, /"taskQueueId":"work\/commands"/);
  });

  test('workers 6.5: there are shells', async () => {
    const taskId = slugid();
    await bench.q.createTask(taskId, commands([sh('until [ -e go ]; do sleep 0.1; done')], { features: { interactive: true } }));
    const opened = await Shell.open(await socketUrl(bench.q, taskId));
    opened.type('cat /etc/mark; echo "[$TASK_ID]"; touch go\n');
    await opened.shows(new RegExp(`of the worker[^]*\\[${taskId}\\]`));
    await until('the task is completed', async () => (await bench.q.status(taskId)).status.state === 'completed', 60000);
  });

  test('workers 5.4: a payload with an image has that, and one that is wrong is told its own schema', async () => {
    const { log } = await bench.completes('cat /etc/mark');
    assert.match(log, /^of the task$/m);
    const wrong = await bench.result(commands([sh('true')], { unheard: 1 }));
    assert.equal(wrong.reason, 'malformed-payload');
    assert.match(wrong.log, /'unheard' is not known/);
    assert.match(wrong.log, /"mounts"/);
  });

  test('workers 7: what runs too long is failed, and nothing is left', async () => {
    const mark = `9${Date.now() % 1000000}`;
    const done = await bench.result(commands([sh(`echo made > f; setsid sleep ${mark} & sleep ${mark}`)], { maxRunTime: 2,
      artifacts: [{ type: 'file', path: 'f', name: 'public/f' }] }));
    assert.equal(done.reason, 'failed', done.log);
    assert.equal((await bench.artifact(done.taskId, 'public/f')).text, 'made\n');
    assert.ok(!spawnSync('ps', ['axo', 'args']).stdout.toString().includes(mark));
    assert.equal(bench.podman('ps', '--all', '--quiet'), '');
  });

  test('workers 5.4: the image may be one of a registry', async () => {
    const { name } = registry.put(bench.scratch, 'team/base', 'v1', 'of the registry');
    await bench.startContainers('work/pulled', ['--container-image', `${name}:v1`],
      { CONTAINERS_REGISTRIES_CONF: path.join(bench.scratch, 'registries.conf') });
    const { log } = await completes([sh('cat /etc/mark')], {}, { taskQueueId: 'work/pulled' });
    assert.match(log, /^of the registry$/m);
  });

  test('workers 5.4: where processes are an engine as well, that has the commands', async () => {
    await bench.startContainers('work/both', ['--container-image', file], {}, 'container,process');
    const { log } = await completes([sh('[ -e /etc/mark ] || echo on the machine')], {}, { taskQueueId: 'work/both' });
    assert.match(log, /^on the machine$/m);
  });

  test('workers 5.4: a worker does not start with an image that is none', () => {
    for (const value of ['/no/such/file.tar', '../x', file.replace('image.tar.gz', 'registries.conf')]) {
      const { status, stderr } = spawnSync(binary, ['worker', '--root-url', 'http://127.0.0.1:1', '--access-token', 'x',
        '--client-id', 'x', '--engine', 'container', '--container-image', value, '--work-dir', path.join(bench.scratch, 'none')]);
      assert.equal(status, 2);
      assert.match(stderr.toString(), /--container-image: '.*' must/);
    }
  });
});
