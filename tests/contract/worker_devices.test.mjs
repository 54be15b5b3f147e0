// Devices of the machine that tasks of Troupe's own worker have: the workers contract, sections 3.1.3, 3.2 and
// 3.3. This machine need not have any, so others that are there everywhere stand in for them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ContainerBench } from './support/container_bench.mjs';
import { missing, savedImage } from './support/images.mjs';
import { binary, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

let bench;
let device;  // by name

const limit = { signal: AbortSignal.timeout(500000) };
const scopes = ['generic-worker:loopback-video', 'generic-worker:loopback-audio:work/processes',
  'docker-worker:capability:device:*'];
const processes = { taskQueueId: 'work/processes', scopes };

const inProcess = (text, features, task = processes) =>
  bench.result(bench.script(text, { features }, task));

before(async () => {
  if (missing) return;
  bench = await ContainerBench.start('work/containers', { 'claim-timeout': 4 });
  const make = (name, major, minor) => {
    const made = path.join(bench.scratch, name);
    fs.mkdirSync(path.dirname(made), { recursive: true });
    assert.equal(spawnSync('mknod', ['-m', '666', made, 'c', `${major}`, `${minor}`]).status, 0);
    return made;
  };
  // What null, zero and full do tells them apart.
  device = { video: make('video7', 1, 5), other: make('video8', 1, 5), control: make('snd/controlC1', 1, 3),
    sound: make('snd/pcmC1D0p', 1, 7), gpus: [make('nvidia0', 1, 5), make('nvidiactl', 1, 3)] };
  await bench.useImage(savedImage(bench.scratch, 'devices'));
  const lends = ['--loopback-video', device.video, '--loopback-video', device.other,
    '--loopback-audio', path.join(bench.scratch, 'snd')];
  bench.startWorker('work/processes', 'processes', {}, lends);
  bench.startWorker('work/single', 'single', {}, ['--loopback-video', device.video, '--stage-limit', '2']);
  await bench.useImage(savedImage(bench.scratch, 'devices'));
  await bench.startContainers('work/containers', lends);
});
after(() => bench?.stop());

describe('devices', { skip: missing, ...limit }, () => {
  test('workers 3.1.3: a process has a camera and a sound card, by scopes of any pool or of this one', async () => {
    const { state, log } = await inProcess('echo "[$TASKCLUSTER_VIDEO_DEVICE]"; head -c 3 $TASKCLUSTER_VIDEO_DEVICE | wc -c',
      { loopbackVideo: true, loopbackAudio: true });
    assert.equal(state, 'completed', log);
    assert.ok(log.includes(`[${device.video}]`) || log.includes(`[${device.other}]`), log);
    assert.match(log, /^3$/m);
    const without = await inProcess('echo "[$TASKCLUSTER_VIDEO_DEVICE]"', { loopbackAudio: true });
    assert.match(without.log, /^\[\]$/m);
    for (const [features, scope] of [[{ loopbackVideo: true }, 'generic-worker:loopback-video'],
      [{ loopbackAudio: true }, 'generic-worker:loopback-audio']]) {
      const done = await inProcess('true', features, { ...processes, scopes: [`${scope}:work/other`] });
      assert.equal(done.reason, 'malformed-payload');
      assert.match(done.log, new RegExp(`needs the scope ${scope}`));
    }
  });

  test('workers 3.2: a container has them by its capabilities', async () => {
    const { log } = await bench.completes(
      'echo "[$TASKCLUSTER_VIDEO_DEVICE]"; head -c 3 $TASKCLUSTER_VIDEO_DEVICE | busybox wc -c; ' +
      `head -c 5 ${device.sound} | busybox wc -c; cat ${device.control} | busybox wc -c`,
      { capabilities: { devices: { loopbackVideo: true, loopbackAudio: true } } }, { scopes });
    assert.match(log, /^\[.*\/video[78]\]\n3\n5\n0$/m);
    const { log: none } = await bench.completes(`ls ${device.video} ${device.other} ${device.sound}; env`);
    assert.equal(none.match(/No such file/g).length, 3, none);
    assert.doesNotMatch(none, /TASKCLUSTER_VIDEO_DEVICE/);
    await bench.malformed({ capabilities: { devices: { loopbackAudio: true } } },
      /docker-worker:capability:device:loopbackAudio/);
  });

  test('workers 3.1.3: each device is lent to one task at a time, others wait for it as long as it takes', async () => {
    const mark = path.join(bench.scratch, 'in-use');
    const text = `mkdir ${mark} || echo shared; sleep 1.5; rmdir ${mark}`;
    const all = await Promise.all([1, 2, 3].map(() => inProcess(text, { loopbackVideo: true },
      { taskQueueId: 'work/single', scopes })));
    for (const { state, log } of all) {
      assert.equal(state, 'completed', log);
      assert.doesNotMatch(log, /^shared$/m);
    }
    assert.ok(all.some(({ log }) => log.includes('waiting for one')));
    // Who does not want it need not wait.
    const holder = slugid();
    await bench.q.createTask(holder, bench.script(`until [ -e ${mark}-go ]; do sleep 0.1; done`,
      { features: { loopbackVideo: true } }, { taskQueueId: 'work/single', scopes }));
    await until('it runs', async () => (await bench.q.status(holder)).status.state === 'running');
    const plain = await inProcess('echo "[$TASKCLUSTER_VIDEO_DEVICE]"', {}, { taskQueueId: 'work/single' });
    assert.match(plain.log, /^\[\]$/m);
    // Nor does one that is canceled go on waiting.
    const canceled = slugid();
    await bench.q.createTask(canceled, bench.script('echo begun', { features: { loopbackVideo: true } },
      { taskQueueId: 'work/single', scopes }));
    await until('it waits', async () => (await bench.q.status(canceled)).status.state === 'running');
    await bench.q.cancelTask(canceled);
    await until('the worker is done with it', async () =>
      (await bench.present(canceled, ['public/logs/live_backing.log'])).length, 60000);
    fs.writeFileSync(`${mark}-go`, '');
    await until('the holder is done', async () => (await bench.q.status(holder)).status.state === 'completed', 60000);
    assert.doesNotMatch(await bench.log(canceled), /^begun$/m);
  });

  test('workers 3.1.3: the sandbox shows a task its device', async () => {
    bench.startWorker('work/sandbox', 'sandbox', {}, ['--sandbox', 'bubblewrap', '--loopback-video', device.video,
      '--work-dir', path.join(bench.scratch, 'work-sandbox')]);
    const { state, log } = await inProcess('head -c 3 $TASKCLUSTER_VIDEO_DEVICE | wc -c', { loopbackVideo: true },
      { taskQueueId: 'work/sandbox', scopes });
    assert.equal(state, 'completed', log);
    assert.match(log, /^3$/m);
  });

  test('workers 3.3: GPUs are in every container of a worker that gives them, by path', async () => {
    await bench.startContainers('work/gpus', ['--container-gpus', path.join(bench.scratch, 'nvidia*')]);
    const { log } = await bench.completes(`head -c 3 ${device.gpus[0]} | busybox wc -c; cat ${device.gpus[1]} | busybox wc -c`,
      {}, { taskQueueId: 'work/gpus' });
    assert.match(log, /^3\n0$/m);
  });

  test('workers 3.3: and by CDI', async () => {
    const kind = `test-${process.pid}.example/gpu`;
    const spec = `/var/run/cdi/troupe-test-${process.pid}.json`;
    fs.mkdirSync(path.dirname(spec), { recursive: true });
    fs.writeFileSync(spec, JSON.stringify({ cdiVersion: '0.3.0', kind, devices: [{ name: 'all',
      containerEdits: { env: ['OF_CDI=yes'], deviceNodes: [{ path: device.gpus[0], type: 'c', major: 1, minor: 5, permissions: 'rw' }] } }] }));
    try {
      await bench.startContainers('work/cdi', ['--container-gpus', `${kind}=all`]);
      const { log } = await bench.completes(`echo "[$OF_CDI]"; head -c 4 ${device.gpus[0]} | busybox wc -c`, {}, { taskQueueId: 'work/cdi' });
      assert.match(log, /^\[yes\]\n4$/m);
    } finally {
      fs.rmSync(spec);
    }
  });

  test('workers 3.1.3: a worker does not start with devices that are none', () => {
    for (const [flag, value] of [['--loopback-video', '/no/such/device'], ['--loopback-audio', '/etc'],
      ['--loopback-video', '/etc/passwd']]) {
      const { status, stderr } = spawnSync(binary, ['worker', '--root-url', 'http://127.0.0.1:1', '--access-token', 'x',
        '--client-id', 'x', flag, value, '--work-dir', path.join(bench.scratch, 'none')]);
      assert.equal(status, 2);
      assert.match(stderr.toString(), new RegExp(`${flag}: '${value}' must be .*v4l2loopback`));
    }
  });
});
