// Workers that come by the CAF port: what the server says first, connections that are lost, and who
// is let in.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { Relay } from './support/relay.mjs';
import { binary, end, isRunning, launch, rootToken, Server, sleep, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

const queueId = 'remote/one';
const graceSeconds = 2;
// Who has runs and says nothing counts as gone after some six seconds.
const silenceMs = 60000;
let server;
let q;
const started = [];

// A worker with what it says; `options` are its arguments and the environment's credentials.
function startWorker({ id = 'w', taskQueueId = queueId, args = server.cafArguments,
  clientId = server.credentials.clientId, accessToken = rootToken, rootUrl } = {}) {
  const env = { ...process.env, TASKCLUSTER_CLIENT_ID: clientId,
    TASKCLUSTER_ACCESS_TOKEN: accessToken };
  delete env.TASKCLUSTER_ROOT_URL;
  if (rootUrl) env.TASKCLUSTER_ROOT_URL = rootUrl;
  const child = launch(binary, ['worker', '--queue', taskQueueId, '--group', 'g', '--id', id, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env });
  child.text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => { child.text += text; });
  child.says = (what) => until(() => `${what} is said; so far: ${child.text}`,
    () => what.exec(child.text));
  started.push(child);
  return child;
}

async function connected(options) {
  const worker = startWorker(options);
  await worker.says(/connected to/);
  return worker;
}

before(async () => {
  // Claims last so long that their end explains nothing that happens here.
  server = await Server.start({ 'claim-timeout': 1200, 'worker-grace': graceSeconds,
    'deadline-grace': 0, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'],
    clients: [{ clientId: 'static/tests/other-queue', accessToken: rootToken,
      scopes: ['queue:claim-work:remote/other', 'queue:worker-id:*'], description: 'not ours' }] });
  q = queue(server);
});
after(async () => {
  for (const worker of started) await end(worker, 'SIGKILL');
  await server?.stop();
});

const script = (text, task = {}) => definition({ taskQueueId: queueId, deadline: inSeconds(600),
  payload: { command: [['/bin/bash', '-c', text]], maxRunTime: 300 }, ...task });

const status = async (taskId) => (await q.status(taskId)).status;

const running = (taskId, run = 0) => until(`run ${run} of ${taskId} runs`, async () =>
  (await status(taskId)).runs[run]?.state === 'running');

const resolved = (taskId) => until(`${taskId} is resolved`, async () => {
  const s = await status(taskId);
  return ['completed', 'failed', 'exception'].includes(s.state) ? s : undefined;
});

// How many processes bear the mark.
const marked = (mark) => fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] === mark;
  } catch {
    return false;
  }
}).length;

// Two processes of a task that bear the mark, one of them in a session of its own.
const sleepers = (mark) =>
  `setsid bash -c 'exec -a ${mark} sleep 300' & exec -a ${mark} sleep 300`;

async function sleeping(taskId, mark) {
  await running(taskId);
  await until('the processes of the task are there', () => marked(mark) === 2);
}

// A task that goes on until `finish` is called; the worker has it when this resolves, which is later
// than the server says that it runs.
async function begin() {
  const taskId = slugid();
  const flag = path.join(server.directory, taskId);
  await q.createTask(taskId, script(`: > ${flag}.begun; until [ -e ${flag} ]; do sleep 0.05; done`));
  await until('the task has begun', () => fs.existsSync(`${flag}.begun`));
  return { taskId, finish: () => fs.writeFileSync(flag, '') };
}

const connections = (id) => server.log.split('\n').filter((line) =>
  line.includes('remote-worker-connected') && line.includes(`"workerId":"${id}"`)).length;
const absences = (id) => server.log.split('\n').filter((line) =>
  line.includes('remote-worker-away') && line.includes(`"workerId":"${id}"`)).length;

test('a worker that only knows the CAF port runs tasks', async () => {
  const worker = await connected();
  const taskId = slugid();
  await q.createTask(taskId, script('echo hello $TASKCLUSTER_ROOT_URL'));
  const { state, runs } = await resolved(taskId);
  assert.equal(state, 'completed');
  assert.equal(`${runs[0].workerGroup}/${runs[0].workerId}`, 'g/w');
  assert.equal(connections('w'), 1);
  const log = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/public/logs/live.log`);
  assert.ok((await log.text()).includes(`hello ${server.rootUrl}`));
  assert.equal((await end(worker, 'SIGTERM')).code, 0);
});

test('a canceled task ends at once, with all its processes', async () => {
  const worker = await connected();
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(sleepers(mark)));
  await sleeping(taskId, mark);
  await q.cancelTask(taskId);
  await until('the processes are gone', () => marked(mark) === 0);
  const next = slugid();
  await q.createTask(next, script('true'));
  assert.equal((await resolved(next)).state, 'completed');
  assert.equal((await status(taskId)).runs[0].reasonResolved, 'canceled');
  await end(worker, 'SIGTERM');
});

test('a task that meets its deadline ends at once', async () => {
  const worker = await connected();
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(sleepers(mark), { deadline: inSeconds(4) }));
  await sleeping(taskId, mark);
  assert.equal((await resolved(taskId)).runs[0].reasonResolved, 'deadline-exceeded');
  await until('the processes are gone', () => marked(mark) === 0);
  await end(worker, 'SIGTERM');
});

test('a run that somebody else reports ends at once', async () => {
  const worker = await connected();
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(sleepers(mark)));
  await sleeping(taskId, mark);
  await q.reportFailed(taskId, 0);
  await until('the processes are gone', () => marked(mark) === 0);
  assert.equal((await status(taskId)).runs[0].state, 'failed');
  await end(worker, 'SIGTERM');
});

test('WR-1 what a worker ran that is killed and does not come back is retried', async () => {
  const worker = await connected();
  const taskId = slugid();
  await q.createTask(taskId, script('if [ "$RUN_ID" = 0 ]; then sleep 300; fi'));
  await running(taskId);
  await end(worker, 'SIGKILL');
  await until('the run is given back', async () =>
    (await status(taskId)).runs[0].reasonResolved === 'worker-shutdown');
  const another = await connected({ id: 'another' });
  const { state, runs } = await resolved(taskId);
  assert.equal(state, 'completed');
  assert.deepEqual(runs.map((run) => run.reasonCreated), ['scheduled', 'retry']);
  await end(another, 'SIGTERM');
});

test('a worker that is killed and started anew gets its run again, without waiting', async () => {
  const worker = await connected();
  const taskId = slugid();
  await q.createTask(taskId, script('if [ "$RUN_ID" = 0 ]; then sleep 300; fi'));
  await running(taskId);
  await end(worker, 'SIGKILL');
  const again = await connected();
  const { runs } = await resolved(taskId);
  assert.deepEqual(runs.map((run) => run.reasonResolved), ['worker-shutdown', 'completed']);
  await end(again, 'SIGTERM');
});

test('a dead worker that waited for work gets none', async () => {
  const worker = await connected({ id: 'dead' });
  await sleep(200);
  await end(worker, 'SIGKILL');
  await until('the server has noticed', () => absences('dead') === 1);
  const taskId = slugid();
  await q.createTask(taskId, script('true'));
  const alive = await connected({ id: 'alive' });
  const { runs } = await resolved(taskId);
  assert.equal(runs.length, 1);
  assert.equal(runs[0].workerId, 'alive');
  await end(alive, 'SIGTERM');
});

test('a lost connection is made again, and the run goes on', async () => {
  const relay = await new Relay().open(server.cafPort);
  const worker = await connected({ id: 'cut',
    args: ['--connect', relay.address, '--tls', path.join(server.data, 'tls')] });
  const { taskId, finish } = await begin();
  for (let times = 2; times < 5; ++times) {
    relay.cut();
    await until(() => `the worker is back; it says ${worker.text}`, () => connections('cut') === times);
  }
  await sleep(graceSeconds * 1000 + 500);
  assert.equal((await status(taskId)).state, 'running');
  finish();
  const { state, runs } = await resolved(taskId);
  assert.equal(state, 'completed');
  assert.equal(runs.length, 1);
  await end(worker, 'SIGTERM');
  relay.close();
});

test('a cancellation while the connection was away is heard when it is back', async () => {
  const relay = await new Relay().open(server.cafPort);
  const worker = await connected({ id: 'deaf',
    args: ['--connect', relay.address, '--tls', path.join(server.data, 'tls')] });
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(sleepers(mark)));
  await sleeping(taskId, mark);
  relay.cut();
  await until('the server has noticed', () => absences('deaf') === 1);
  await q.cancelTask(taskId);
  await until('the processes are gone', () => marked(mark) === 0);
  await end(worker, 'SIGTERM');
  relay.close();
});

test('a connection that falls silent counts as lost, and the run goes on', async () => {
  const relay = await new Relay().open(server.cafPort);
  const worker = await connected({ id: 'silent',
    args: ['--connect', relay.address, '--tls', path.join(server.data, 'tls')] });
  const { taskId, finish } = await begin();
  relay.silence();
  await until('the worker is back', () => connections('silent') === 2, silenceMs);
  finish();
  const { state, runs } = await resolved(taskId);
  assert.equal(state, 'completed');
  assert.equal(runs.length, 1);
  await end(worker, 'SIGTERM');
  relay.close();
});

test('a worker that was frozen too long finds its run gone and stops it', async () => {
  const worker = await connected({ id: 'frozen' });
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(`if [ "$RUN_ID" = 0 ]; then ${sleepers(mark)}; fi`));
  await sleeping(taskId, mark);
  worker.kill('SIGSTOP');
  await until('the run is given back', async () =>
    (await status(taskId)).runs[0].reasonResolved === 'worker-shutdown', silenceMs);
  const other = await connected({ id: 'other' });
  assert.equal((await resolved(taskId)).runs[1].workerId, 'other');
  assert.equal(marked(mark), 2);
  worker.kill('SIGCONT');
  await until('the processes are gone', () => marked(mark) === 0);
  await end(other, 'SIGTERM');
  await end(worker, 'SIGTERM');
});

test('after a crash of the server its workers come back and report', async () => {
  const worker = await connected({ id: 'patient' });
  const { taskId, finish } = await begin();
  const before_ = connections('patient');
  await server.restart('SIGKILL');
  await until('the worker is back', () => connections('patient') === before_ + 1);
  // What it runs is its own also for the new server: a cancellation would reach it.
  const other = slugid();
  await q.createTask(other, script('true'));
  finish();
  const { state, runs } = await resolved(taskId);
  assert.equal(state, 'completed');
  assert.equal(runs.length, 1);
  assert.equal((await resolved(other)).state, 'completed');
  await end(worker, 'SIGTERM');
});

test('a run that is canceled after a crash of the server ends at once', async () => {
  const worker = await connected({ id: 'still-there' });
  const taskId = slugid();
  const mark = slugid();
  await q.createTask(taskId, script(sleepers(mark)));
  await sleeping(taskId, mark);
  const before_ = connections('still-there');
  await server.restart('SIGKILL');
  await until('the worker is back', () => connections('still-there') === before_ + 1);
  await q.cancelTask(taskId);
  await until('the processes are gone', () => marked(mark) === 0);
  await end(worker, 'SIGTERM');
});

test('SIGTERM gives running tasks back at once', async () => {
  const worker = await connected();
  const taskId = slugid();
  await q.createTask(taskId, script('if [ "$RUN_ID" = 0 ]; then sleep 300; fi'));
  await running(taskId);
  assert.equal((await end(worker, 'SIGTERM')).code, 0);
  const { runs } = await status(taskId);
  assert.equal(runs[0].reasonResolved, 'worker-shutdown');
  assert.equal(runs[1].state, 'pending');
  const next = await connected({ id: 'next' });
  assert.equal((await resolved(taskId)).state, 'completed');
  await end(next, 'SIGTERM');
});

test('the end of one worker is nothing to another one', async () => {
  const stays = await connected({ id: 'stays' });
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const goes = await connected({ id: `goes-${signal}` });
    await end(goes, signal);
  }
  await openTls(false);
  // Longer than it takes to hear of each other.
  await sleep(2500);
  assert.equal(absences('stays'), 0);
  assert.equal(connections('stays'), 1);
  await end(stays, 'SIGTERM');
});

test('workers side by side share the work, each under its own name', async () => {
  const both = [await connected({ id: 'left' }), await connected({ id: 'right' })];
  const flag = path.join(server.directory, `go-${slugid()}`);
  const tasks = [slugid(), slugid()];
  for (const taskId of tasks)
    await q.createTask(taskId, script(`until [ -e ${flag} ]; do sleep 0.05; done`));
  for (const taskId of tasks) await running(taskId);
  fs.writeFileSync(flag, '');
  const names = [];
  for (const taskId of tasks) names.push((await resolved(taskId)).runs[0].workerId);
  assert.deepEqual(names.sort(), ['left', 'right']);
  const namesake = startWorker({ id: 'left' });
  const { code } = await namesake.ended;
  assert.equal(code, 2);
  assert.match(namesake.text, /is connected already; each needs a name of its own/);
  for (const worker of both) assert.equal((await end(worker, 'SIGTERM')).code, 0);
});

// -- who is let in --------------------------------------------------------------------------------

async function refusal(options) {
  const worker = startWorker(options);
  const { code } = await worker.ended;
  return { code, text: worker.text };
}

test('bad credentials and missing scopes are refused as by claimWork', async () => {
  const bad = await refusal({ accessToken: 'not-the-token-of-anybody-00000000000000000000' });
  assert.equal(bad.code, 4);
  assert.match(bad.text, /Bad mac|bad mac/i);
  const narrow = await refusal({ clientId: 'static/tests/narrow' });
  assert.equal(narrow.code, 4);
  assert.match(narrow.text, /queue:claim-work:remote\/one/);
  assert.match(narrow.text, /queue:worker-id:g\/w/);
  const elsewhere = await refusal({ clientId: 'static/tests/other-queue' });
  assert.equal(elsewhere.code, 4);
  await end(await connected({ clientId: 'static/tests/other-queue', taskQueueId: 'remote/other' }),
    'SIGTERM');
});

test('names that claimWork refuses are refused', async () => {
  const { code, text } = await refusal({ taskQueueId: 'remote/No Such' });
  assert.equal(code, 2);
  assert.match(text, /taskQueueId/);
  const long = await refusal({ id: 'x'.repeat(39) });
  assert.equal(long.code, 2);
});

test('without certificates of the server nobody is let in', async () => {
  const connect = ['--connect', server.info.cafAddress];
  const none = await refusal({ args: connect });
  assert.equal(none.code, 2);
  assert.match(none.text, /--tls-cert/);
  const missing = await refusal({ args: [...connect, '--tls', '/no/such/directory'] });
  assert.equal(missing.code, 2);
  assert.match(missing.text, /\/no\/such\/directory\/worker\.crt/);
  const other = await Server.start();
  try {
    const theirs = path.join(other.data, 'tls');
    const ours = path.join(server.data, 'tls');
    const foreign = await refusal({ args: [...connect, '--tls', theirs] });
    assert.equal(foreign.code, 4);
    assert.match(foreign.text, /is not one of the TLS authority/);
    // It trusts us, but comes with a certificate of theirs.
    const stranger = await refusal({ args: [...connect, '--tls', theirs,
      '--tls-ca', path.join(ours, 'ca.crt')] });
    assert.equal(stranger.code, 4);
    assert.match(stranger.text, /does not take the TLS certificate of this worker/);
    const mixed = await refusal({ args: [...connect, '--tls', theirs,
      '--tls-cert', path.join(ours, 'worker.crt')] });
    assert.equal(mixed.code, 2);
    assert.match(mixed.text, /TLS key/);
  } finally {
    await other.stop();
  }
});

test('a port that is not said well, or where nobody is, is told', async () => {
  for (const wrong of ['nowhere', 'host:', ':5703', 'host:port', 'host:70000'])
    assert.equal((await refusal({ args: ['--connect', wrong, '--tls', path.join(server.data, 'tls')] }))
      .code, 2, wrong);
  const waiting = startWorker({ args: ['--connect', '127.0.0.1:1', '--tls',
    path.join(server.data, 'tls')] });
  await waiting.says(/127\.0\.0\.1:1 cannot be reached/);
  assert.equal((await end(waiting, 'SIGTERM')).code, 0);
});

const garbage = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => {
    socket.write(Buffer.alloc(70000, 'x'));
    setTimeout(() => socket.destroy(), 200);
  });
  socket.on('error', resolve);
  socket.on('close', resolve);
});

const openTls = (files, bytes) => new Promise((resolve) => {
  const directory = path.join(server.data, 'tls');
  const read = (name) => fs.readFileSync(path.join(directory, name));
  const socket = tls.connect({ host: '127.0.0.1', port: server.cafPort, ca: read('ca.crt'),
    checkServerIdentity: () => undefined,
    ...(files ? { cert: read('worker.crt'), key: read('worker.key') } : {}) }, () => {
    if (bytes) socket.write(bytes);
  });
  let got = 0;
  let error;
  socket.on('data', (data) => { got += data.length; });
  socket.on('error', (e) => { error = e; });
  socket.on('close', () => resolve({ got, error }));
  setTimeout(() => socket.destroy(), 3000).unref();
});

test('whatever comes to the port, the server and its workers go on', async () => {
  const worker = await connected({ id: 'steady' });
  for (let i = 0; i < 3; ++i) await garbage(server.cafPort);
  const stranger = await openTls(false);
  assert.equal(stranger.got, 0);
  assert.match(String(stranger.error), /certificate required|alert/i);
  // With a certificate the server speaks first, and hangs up on nonsense.
  const nonsense = await openTls(true, Buffer.alloc(4096, 0xff));
  assert.ok(nonsense.got > 0);
  for (let i = 0; i < 20; ++i) net.connect(server.cafPort, '127.0.0.1').on('error', () => {}).destroy();
  const taskId = slugid();
  await q.createTask(taskId, script('true'));
  const { runs } = await resolved(taskId);
  assert.equal(runs[0].workerId, 'steady');
  assert.equal(connections('steady'), 1);
  await end(worker, 'SIGTERM');
});

test('there are no more workers than may be', async () => {
  const small = await Server.start({ 'max-remote-workers': 1, 'worker-grace': 0 });
  try {
    const first = await connected({ id: 'first', args: small.cafArguments });
    const second = startWorker({ id: 'second', args: small.cafArguments });
    await second.says(/as many remote workers as max-remote-workers allows/);
    assert.ok(isRunning(second));
    await end(first, 'SIGTERM');
    await second.says(/connected to/);
    await end(second, 'SIGTERM');
  } finally {
    await small.stop();
  }
});

test('calls of a worker are logged as all calls are', async () => {
  const worker = await connected({ id: 'logged' });
  const taskId = slugid();
  await q.createTask(taskId, script('true'));
  await resolved(taskId);
  await end(worker, 'SIGTERM');
  const record = await until('the report is logged', () => server.log.split('\n').find((line) =>
    line.includes('"name":"reportCompleted"') && line.includes(taskId)));
  const { Fields } = JSON.parse(record);
  assert.match(Fields.clientId, new RegExp(`^task-client/${taskId}/0/on/g/logged/`));
  assert.equal(Fields.statusCode, 200);
  assert.equal(Fields.sourceIp, '127.0.0.1');
});

test('the server ends in order with workers connected', async () => {
  const own = await Server.start();
  const worker = await connected({ id: 'left-alone', args: own.cafArguments });
  await sleep(200);
  assert.equal((await own.kill('SIGTERM')).code, 0);
  await worker.says(/connection to the server is lost/);
  assert.ok(isRunning(worker));
  assert.equal((await end(worker, 'SIGTERM')).code, 0);
  await own.stop();
});

