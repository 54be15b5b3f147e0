// Docker within a task of Troupe's own worker: the workers contract, section 3.2 (`dind`).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ContainerBench } from './support/container_bench.mjs';
import { missing, savedImage } from './support/images.mjs';
import { until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

let bench;

const nested = { features: { dind: true } };

// What every task has: ways to ask its docker, and an image in it.
const prelude = `
ask() { curl -sS --unix-socket /var/run/docker.sock "$@"; }
post() { path=$1; shift; ask -X POST -H 'content-type: application/json' "$@" http://docker/v1.40$path; }
run() { post '/containers/create?name=one' -d "$1"; echo; post /containers/one/start; echo; post /containers/one/wait; echo;
  ask 'http://docker/v1.40/containers/one/logs?stdout=1&stderr=1' | cat; ask -X DELETE 'http://docker/v1.40/containers/one?force=1'; }
mkdir -p /image/bin; cp /bin/busybox /image/bin/; ln -s busybox /image/bin/sh; ln -s busybox /image/bin/cat
ln -s busybox /image/bin/ls; ln -s busybox /image/bin/grep; busybox tar -C /image -cf /image.tar .
ask -X POST -H 'content-type: application/x-tar' --data-binary @/image.tar \\
  'http://docker/v1.40/images/create?fromSrc=-&repo=small' > /loaded || exit 99
`;
const dollar = (value) => JSON.stringify(value).replaceAll("'", `'\\''`);
const container = (text, host = {}) => `run '${dollar({ Image: 'small', Cmd: ['/bin/sh', '-c', text], Tty: true,
  HostConfig: { NetworkMode: 'host', ...host } })}'`;

before(async () => {
  if (missing) return;
  bench = await ContainerBench.start('work/nested', { 'claim-timeout': 4 });
  await bench.useImage(savedImage(bench.scratch, 'with docker', {}, ['curl', 'podman']));
  await bench.startContainers('work/nested', ['--container-nested']);
  await bench.startContainers('work/plain');
});
after(() => bench?.stop());

const left = (mark) => spawnSync('ps', ['axo', 'args']).stdout.toString().includes(mark);
const empty = () => bench.podman('ps', '--all', '--quiet') === '';

describe('docker in a task', { skip: missing, signal: AbortSignal.timeout(500000) }, () => {
  test('workers 3.2: a task with dind loads an image, and runs a container in it', async () => {
    const { log } = await bench.completes(`${prelude}ask http://docker/_ping; echo; ${container('echo from within; cat /proc/self/uid_map')}`,
      nested);
    assert.match(log, /^OK$/m);
    assert.match(log, /^from within$/m);
    await until('nothing is left of it', empty);
  });

  test('workers 3.2: images are built, and the remote podman works as well', async () => {
    const { log } = await bench.completes(`${prelude}mkdir /c; cd /c
      printf 'FROM small\\nRUN echo built > /built\\nCMD ["cat", "/built"]\\n' > Dockerfile; busybox tar -cf /c.tar .
      ask -X POST -H 'content-type: application/x-tar' --data-binary @/c.tar 'http://docker/v1.40/build?t=made&networkmode=host'
      podman --remote --url unix:///var/run/docker.sock run --rm --network=host made`, nested);
    assert.match(log, /Successfully built/);
    assert.match(log, /^built$/m);
  });

  test('workers 3.2: who is not root in the task has it, too', async () => {
    const { log } = await bench.completes(`busybox setpriv --help >/dev/null 2>&1; echo 'u:x:1000:1000::/:/bin/sh' > /etc/passwd
      busybox su u -c 'curl -sS --unix-socket /var/run/docker.sock http://docker/_ping; echo; busybox id -u'`, nested);
    assert.match(log, /^OK\n1000$/m);
  });

  test('workers 3.2: containers within have a network of their own where none is named', {
    skip: fs.existsSync('/dev/net/tun') ? false : 'this machine has no /dev/net/tun' }, async () => {
    const { log } = await bench.completes(`${prelude}run '${dollar({ Image: 'small', Cmd: ['/bin/busybox', 'ip', 'addr'], Tty: true })}'`, nested);
    assert.match(log, /inet 10\.\d+\.\d+\.\d+/);
  });

  test('workers 3.2: what is privileged within has no rights on the machine', async () => {
    const probe = 'grep CapEff /proc/self/status; cat /proc/self/uid_map; ' +
      `busybox mknod /disk b ${Math.floor(fs.statSync(bench.scratch).dev / 256)} ${fs.statSync(bench.scratch).dev % 256} && echo made a disk; ` +
      'echo 1 > /proc/sys/kernel/sysrq && echo wrote to the system; ls -l /dev; busybox kill -0 -1; true';
    const { log } = await bench.completes(`${prelude}${container(probe, { Privileged: true })}`, nested);
    assert.match(log, /^CapEff:\s*0*1/m);
    assert.doesNotMatch(log, /^(made a disk|wrote to the system)/m);
    assert.doesNotMatch(log, /^b/m);
    assert.doesNotMatch(log, /^\s*0 +0 /m);
    assert.match(log, /^\s*0 +[1-9]\d* +65536/m);
  });

  test('workers 3.2: no directory of the machine comes within', async () => {
    const secret = path.join(bench.scratch, 'secret');
    fs.writeFileSync(secret, 'secret of the machine');
    const { log } = await bench.completes(`${prelude}
      ${container(`cat ${secret} /host/secret`, { Binds: [`${bench.scratch}:/host`] })}
      ${container('ls /host', { Binds: ['/srv/of-the-machine:/host'] })}
      ${container('ls /host /host/root /host/home; cat /host/etc/shadow; cat /host/proc/1/environ', { Binds: ['/:/host'], PidMode: 'host' })}
      post /volumes/create -d '${dollar({ Name: 'v', Driver: 'local', DriverOpts: { type: 'none', o: 'bind', device: bench.scratch } })}'
      ${container('ls /host', { Binds: ['v:/host'] })}`, nested);
    assert.match(log, /mountpoint for volume .*: read-only file system/);
    assert.doesNotMatch(log, /secret of the machine|root:[^:]*:\d+|ACCESS_TOKEN/);
    assert.doesNotMatch(log, /^secret$/m);
  });

  test('workers 3.2: each task has its own docker, which ends with it', async () => {
    const mark = `7${Date.now() % 1000000}`;
    const start = `post '/containers/create?name=stays' -d '${dollar({ Image: 'small', Cmd: ['/bin/busybox', 'sleep', mark],
      HostConfig: { NetworkMode: 'host' } })}'; post /containers/stays/start;`;
    const first = slugid();
    await bench.q.createTask(first, bench.shell(`${prelude}${start} exec sleep ${mark}1`, nested));
    await until('it runs', () => left(mark) && left(`sleep ${mark}1`), 60000);
    const other = await bench.completes('curl -sS --unix-socket /var/run/docker.sock http://docker/v1.40/images/json; echo', nested);
    assert.match(other.log, /^\[\]$/m);
    await bench.q.cancelTask(first);
    await until('it is gone', () => !left(mark) && empty(), 60000);
    const done = await bench.result(bench.shell(`${prelude}${start} exit 3`, nested));
    assert.equal(done.state, 'failed', done.log);
    assert.ok(!left(mark));
    await until('nothing is left', empty);
    await until('nor are files', () =>
      !fs.readdirSync(path.join(bench.scratch, 'work-w0')).some((name) => name.startsWith('task_')));
  });

  test('workers 3.2: what a worker that was killed has left of it is removed by the next', async () => {
    const mark = `8${Date.now() % 1000000}`;
    const victim = await bench.startContainers('work/victim', ['--container-nested']);
    const taskId = slugid();
    await bench.q.createTask(taskId, bench.shell(`ls -l /var/run/docker.sock; exec sleep ${mark}`, nested, { taskQueueId: 'work/victim' }));
    await until('it runs', () => left(mark), 60000);
    victim.kill('SIGKILL');
    await until('its processes are gone', () => !left(mark), 60000);
    bench.startWorker('work/victim', 'heir', {}, ['--engine', 'container', '--work-dir', path.join(bench.scratch, 'work-heir'),
      '--cache-dir', path.join(bench.scratch, 'caches')]);
    await until('its containers are gone', empty, 60000);
    await bench.q.cancelTask(taskId);
  });

  test('workers 3.2: without the flag of the worker there is none', async () => {
    const task = { taskQueueId: 'work/plain' };
    await bench.malformed(nested, /features\.dind: .*--container-nested/, task);
    const { log } = await bench.completes('ls /var/run/docker.sock || echo none', {}, { });
    assert.match(log, /^none$/m);
  });
});
