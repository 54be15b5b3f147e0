// Troupe's own worker with bubblewrap around the commands: the workers contract, section 5.4. On machines
// where bubblewrap does not work, the worker must say so, and that is what is tested there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, binary, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

const works = spawnSync('bwrap', ['--unshare-user', '--unshare-pid', '--ro-bind', '/', '/', '--dev', '/dev',
  '--proc', '/proc', 'true']).status === 0;

let server;
let bench;
let scratch;
let work;

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sandbox-'));
  work = path.join(scratch, 'work');
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/sandbox');
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

async function run(text, payload = {}, task = {}) {
  const { taskId, status, run: last } = await bench.run(bench.script(text, payload, task));
  return { taskId, state: status.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

async function completes(text, payload, task) {
  const done = await run(text, payload, task);
  assert.equal(done.state, 'completed', done.log);
  return done;
}

describe('the sandbox', { skip: !works && 'bubblewrap does not work here' }, () => {
  before(() => {
    fs.writeFileSync(path.join(scratch, 'secret'), 'of the worker');
    bench.startWorker('work/sandbox', 'boxed', { HOME: path.join(scratch, 'home') },
      ['--sandbox', 'bubblewrap', '--work-dir', work]);
    bench.startWorker('work/offline', 'offline', {},
      ['--sandbox', 'bubblewrap', '--sandbox-network', 'none', '--work-dir', path.join(scratch, 'offline')]);
  });

  test('workers 5.4: the system is read-only, the directory of the task and /tmp are its own', async () => {
    const mark = slugid();
    const { taskId, log } = await completes(
      `for place in /usr/${mark} /etc/${mark} /${mark}; do touch $place 2>/dev/null && echo "wrote $place"; done; ` +
      `echo made > made; echo "mine $(pwd)"; touch /tmp/${mark}; echo "tmp $TMPDIR"; ls /run; true`,
      { artifacts: [{ type: 'file', path: 'made', name: 'public/made' }] });
    assert.doesNotMatch(log, /^wrote/m);
    assert.match(log, /^mine \/.*task_/m);
    assert.match(log, /^tmp \/tmp$/m);
    assert.equal((await bench.artifact(taskId, 'public/made')).text, 'made\n');
    assert.ok(!fs.existsSync(`/tmp/${mark}`));
    // One /tmp for all commands of a task, another one for the next.
    const { log: both } = await bench.run({ ...bench.script('true'), payload: { maxRunTime: 60, command: [
      ['/bin/sh', '-c', `ls /tmp/${mark}; echo kept > /tmp/between`], ['/bin/cat', '/tmp/between']] } })
      .then(async ({ taskId: id }) => ({ log: await bench.log(id) }));
    assert.match(both, /No such file[^]*^kept$/m);
  });

  test('workers 5.4: nothing of the worker and of other tasks is seen', async () => {
    const other = slugid();
    await bench.q.createTask(other, bench.script('echo there; exec sleep 60'));
    await until('the other task runs', async () =>
      fs.existsSync(work) && fs.readdirSync(work).some((name) => name.includes(other)));
    const { log } = await completes(`ls ${work}; echo "processes $(ls /proc | grep -c '^[0-9]')"; ` +
      `ls -A ${work}/caches 2>/dev/null | wc -l; cat /proc/*/environ | tr '\\0' '\\n' | grep ACCESS_TOKEN; true`);
    assert.doesNotMatch(log, new RegExp(`^task_${other}`, 'm'));
    assert.ok(Number(/^processes (\d+)$/m.exec(log)[1]) < 10, log);
    assert.doesNotMatch(log, /ACCESS_TOKEN=/);
    await bench.q.cancelTask(other);
  });

  test('workers 5.4: caches and mounts are writable and kept', async () => {
    const payload = { mounts: [{ directory: 'cache', cacheName: 'boxed' },
      { file: 'in/f', content: { raw: 'mounted\n' } }] };
    const task = { scopes: ['generic-worker:cache:boxed'] };
    const command = 'echo "cache has: $(ls cache)"; touch cache/kept; cat in/f; echo more >> in/f';
    assert.match((await completes(command, payload, task)).log, /^cache has: \nmounted$/m);
    assert.match((await completes(command, payload, task)).log, /^cache has: kept\nmounted$/m);
  });

  test('exit codes, time limits and all that a command leaves behind', async () => {
    assert.equal((await run('exit 3')).state, 'failed');
    assert.match((await run('exit 3')).log, /Exit Code: 3/);
    const mark = slugid();
    const late = await run(`echo left > left; trap "echo asked to end; exit 0" TERM; ` +
      `bash -c 'exec -a ${mark} sleep 300' & wait`, { maxRunTime: 1, artifacts: [
      { type: 'file', path: 'left', name: 'public/left' }] });
    assert.equal(late.state, 'failed');
    assert.match(late.log, /asked to end/);
    assert.equal((await bench.artifact(late.taskId, 'public/left')).text, 'left\n');
    await completes(`setsid bash -c 'exec -a ${mark} sleep 300' & echo gone`);
    const alive = spawnSync('ps', ['axo', 'args']).stdout.toString();
    assert.ok(!alive.includes(mark));
  });

  test('the task proxy is reached, but not without a network', async () => {
    const proxied = { features: { taskclusterProxy: true } };
    const { log } = await completes('curl -sSf $TASKCLUSTER_PROXY_URL/api/auth/v1/ping', proxied);
    assert.match(log, /"alive"/);
    const offline = { taskQueueId: 'work/offline' };
    const refused = await run('true', proxied, offline);
    assert.equal(refused.reason, 'malformed-payload');
    assert.match(refused.log, /features\.taskclusterProxy: .*--sandbox-network host/);
    const cut = await completes(`curl -sS ${server.rootUrl}/api/auth/v1/ping || echo "no way out"`, {}, offline);
    assert.match(cut.log, /^no way out$/m);
  });

  test('a key of the chain of trust is not seen by tasks', async () => {
    const key = path.join(scratch, 'key');
    fs.writeFileSync(key, Buffer.alloc(32, 7).toString('base64'));
    bench.startWorker('work/signed', 'signed', {}, ['--sandbox', 'bubblewrap', '--chain-of-trust-key', key,
      '--work-dir', path.join(scratch, 'signed')]);
    const { taskId, log } = await completes(`cat ${key} /proc/1/root${key}; echo "had it"; true`,
      { features: { chainOfTrust: true } }, { taskQueueId: 'work/signed' });
    assert.doesNotMatch(log, /BwcHBwc/);
    assert.match(log, /had it/);
    assert.equal((await bench.artifact(taskId, 'public/chain-of-trust.json.sig')).status, 200);
  });
});

test('workers 5.4: workers that a server starts are contained, too', { skip: !works }, async () => {
  const own = await Server.start({ 'local-workers-max': 1, 'worker-sandbox': 'bubblewrap',
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  try {
    const local = new WorkerBench(own, 'local/default');
    const { taskId, status } = await local.run(local.script(`echo "files: $(find ${own.data} -type f | grep -v task_ | wc -l)"; ` +
      'touch /usr/x || echo contained'));
    const log = await local.log(taskId);
    assert.equal(status.state, 'completed', log);
    assert.match(log, /^contained$/m);
    assert.match(log, /^files: 0$/m);
  } finally {
    await own.stop();
  }
});

test('workers 5.4: where bubblewrap does not work, the worker says so when it starts', () => {
  const directory = path.join(scratch, 'none');
  const { status, stderr } = spawnSync(binary, ['worker', '--root-url', server.rootUrl, '--access-token', 'x',
    '--client-id', 'x', '--sandbox', 'bubblewrap', '--work-dir', directory],
  { env: { PATH: '/no/such/place' } });
  assert.equal(status, 2);
  assert.match(stderr.toString(), /bubblewrap on this machine \(bwrap: No such file.*Debian: bubblewrap/);
});
