// The worker program against the server: the workers contract, sections 1, 3 and 7.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let q;

before(async () => {
  server = await Server.start({ 'claim-timeout': 4,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/one');
  q = queue(server);
  bench.startWorker('work/one', 'w', { SECRET_OF_THE_WORKER: 'do not show' });
});
after(async () => {
  await bench?.stop();
  await server?.stop();
});

const script = (...args) => bench.script(...args);
const run = (...args) => bench.run(...args);
const artifact = (...args) => bench.artifact(...args);

test('a task runs, its output is its log, and its environment is its own', async () => {
  const { taskId, status } = await run(script(
    'echo hello $TASK_ID $RUN_ID; echo "secret=$SECRET_OF_THE_WORKER token=$TASKCLUSTER_ACCESS_TOKEN"; echo err >&2',
    { env: { GREETING: 'hi' } }));
  assert.equal(status.state, 'completed');
  const log = await artifact(taskId, 'public/logs/live.log');
  assert.equal(log.status, 200);
  assert.match(log.text, new RegExp(`hello ${taskId} 0`));
  assert.match(log.text, /secret= token=\n/);
  assert.match(log.text, /^err$/m);
  assert.equal(log.type, 'text/plain; charset=utf-8');
});

test('exit codes, signals and missing commands fail the task, retry codes repeat it', async () => {
  assert.equal((await run(script('exit 3'))).status.state, 'failed');
  assert.equal((await run(script('kill -9 $$'))).status.state, 'failed');
  const missing = await run(definition({ taskQueueId: 'work/one',
    payload: { command: [['/no/such/program']], maxRunTime: 10 } }));
  assert.equal(missing.status.state, 'failed');
  const retried = await run(script('exit 7', { onExitStatus: { retry: [7] } }, { retries: 1 }));
  assert.equal(retried.status.state, 'exception');
  assert.equal(retried.status.runs.length, 2);
  assert.equal(retried.status.runs[1].reasonCreated, 'task-retry');
});

test('a payload that is not understood is malformed, and the log says why', async () => {
  const { taskId, status } = await run(definition({ taskQueueId: 'work/one',
    payload: { command: 'echo', colour: 'red', onExitStatus: { retry: [0] } } }));
  assert.equal(status.runs[0].reasonResolved, 'malformed-payload');
  const { text } = await artifact(taskId, 'public/logs/live.log');
  assert.match(text, /\[taskcluster:error\].*colour/);
  assert.match(text, /maxRunTime/);
  assert.match(text, /onExitStatus.retry.0: Must be greater than or equal to 1/);
});

test('maxRunTime fails the task and reaches a grandchild in a session of its own', async () => {
  const mark = slugid();
  const { status } = await run(script(
    `setsid sh -c 'exec -a ${mark} sleep 300' & exec sleep 300`.replace("sh -c 'exec -a", "bash -c 'exec -a"),
    { maxRunTime: 1 }));
  assert.equal(status.state, 'failed');
  const { execSync } = await import('node:child_process');
  assert.equal(execSync(`ps ax | grep ${mark} | grep -v grep | wc -l`).toString().trim(), '0');
});

test('artifacts are uploaded, directories whole, and what is missing fails the task', async () => {
  const { taskId, status } = await run(script(
    'mkdir -p out/deep; echo one > out/one.txt; echo two > out/deep/two.json; : > out/empty', {
      artifacts: [{ type: 'directory', path: 'out', name: 'public/out' },
        { type: 'file', path: 'nothing', name: 'public/nothing', optional: true }] }));
  assert.equal(status.state, 'completed');
  assert.equal((await artifact(taskId, 'public/out/one.txt')).text, 'one\n');
  const two = await artifact(taskId, 'public/out/deep/two.json');
  assert.equal(two.type, 'application/json');
  assert.equal((await artifact(taskId, 'public/out/empty')).text, '');
  assert.equal((await artifact(taskId, 'public/nothing')).status, 424);
  const lacking = await run(script('true', {
    artifacts: [{ type: 'file', path: 'nothing', name: 'public/nothing' }] }));
  assert.equal(lacking.status.state, 'failed');
});

test('a task reads the artifact of its dependency', async () => {
  const first = slugid();
  const def = script('echo made by the first > result.txt', {
    artifacts: [{ type: 'file', path: 'result.txt', name: 'public/result.txt' }] });
  await q.createTask(first, def);
  const { taskId, status } = await run(script('grep first input.txt', {
    mounts: [{ file: 'input.txt', content: { taskId: first, artifact: 'public/result.txt' } }] },
  { dependencies: [first], taskGroupId: def.taskGroupId }));
  assert.equal(status.state, 'completed');
  assert.match((await artifact(taskId, 'public/logs/live.log')).text, /made by the first/);
});

test('the log can be followed while the task runs', async () => {
  const taskId = slugid();
  await q.createTask(taskId, script('echo early; sleep 3; echo late'));
  await until('it runs', async () => (await q.status(taskId)).status.state === 'running');
  const { url } = await until('the log is there', async () => {
    try { return await q.buildUrl ? { url: `${server.rootUrl}/api/troupe/v1/log/${taskId}/0` } : 0; } catch { return 0; }
  });
  const response = await until('the log answers', async () => {
    const r = await fetch(url);
    return r.ok ? r : undefined;
  });
  const reader = response.body.getReader();
  let text = '';
  while (!text.includes('early')) text += new TextDecoder().decode((await reader.read()).value);
  assert.ok(!text.includes('\nlate'));
  assert.equal((await q.status(taskId)).status.state, 'running');
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  assert.match(text, /^late$/m);
});

test('a WebSocket follows the log and resumes by offset', async () => {
  const { default: WebSocket } = await import('ws');
  const taskId = slugid();
  await q.createTask(taskId, script('for i in 1 2 3 4 5 6; do echo line $i; sleep 0.2; done'));
  const read = (offset, most) => new Promise((resolve, reject) => {
    const socket = new WebSocket(
      `${server.rootUrl.replace('http', 'ws')}/api/troupe/v1/log/${taskId}/0?offset=${offset}`);
    let text = Buffer.alloc(0);
    socket.on('message', (data) => {
      text = Buffer.concat([text, data]);
      if (text.length >= most) socket.terminate();
    });
    socket.on('close', (code) => resolve({ text, code }));
    socket.on('error', reject);
  });
  await until('the log is there', async () =>
    (await fetch(`${server.rootUrl}/api/troupe/v1/log/${taskId}/0`, { method: 'HEAD' })).status !== 404
    || (await q.status(taskId)).status.state === 'running');
  const first = await until('the first bytes came', async () => {
    const r = await read(0, 100).catch(() => undefined);
    return r && r.text.length >= 100 ? r : undefined;
  });
  const rest = await read(first.text.length, Infinity);
  assert.equal(rest.code, 1000);
  const all = Buffer.concat([first.text, rest.text]).toString();
  for (let i = 1; i <= 6; ++i) assert.match(all, new RegExp(`^line ${i}$`, 'm'));
});

test('a canceled task is stopped when the claim is renewed', async () => {
  const taskId = slugid();
  await q.createTask(taskId, script('echo begun; sleep 300'));
  await until('it runs', async () => (await q.status(taskId)).status.state === 'running');
  await sleep(300);
  await q.cancelTask(taskId);
  const { text } = await until('the log is kept', async () => {
    const a = await artifact(taskId, 'public/logs/live_backing.log');
    return a.status === 200 ? a : undefined;
  });
  assert.match(text, /claim of this run was lost/);
  assert.equal((await q.status(taskId)).status.runs[0].reasonResolved, 'canceled');
});

test('within a task the proxy makes tasks with the scopes of the task', async () => {
  const child = slugid();
  const body = JSON.stringify(script('echo child', {}, { schedulerId: '-', taskGroupId: child }));
  const { taskId, status } = await run(script(
    `curl -sf -X PUT -H 'Content-Type: application/json' -d "$BODY" $TASKCLUSTER_PROXY_URL/api/queue/v1/task/${child}`,
    { env: { BODY: body }, features: { taskclusterProxy: true } },
    { scopes: ['queue:create-task:lowest:work/one', 'queue:scheduler-id:-', 'queue:create-task:project:none'] }));
  assert.equal(status.state, 'completed', (await artifact(taskId, 'public/logs/live.log')).text);
  await until('the child ran', async () => (await q.status(child)).status.state === 'completed');
  const refused = await run(script(
    `curl -sf -X PUT -H 'Content-Type: application/json' -d "$BODY" $TASKCLUSTER_PROXY_URL/api/queue/v1/task/${slugid()}`,
    { env: { BODY: body }, features: { taskclusterProxy: true } }));
  assert.equal(refused.status.state, 'failed');
});

test('a task outlives a crash of the server, and its result and log arrive', async () => {
  const taskId = slugid();
  await q.createTask(taskId, script('echo before; sleep 2; echo after'));
  await until('it runs', async () => (await q.status(taskId)).status.state === 'running');
  await sleep(300);
  await server.restart('SIGKILL');
  await until('it is completed', async () => (await q.status(taskId)).status.state === 'completed');
  const { text } = await artifact(taskId, 'public/logs/live.log');
  assert.match(text, /^before$/m);
  assert.match(text, /^after$/m);
});

test('SIGTERM at any moment leaves no run behind that nobody has', async () => {
  for (let round = 0; round < 40; ++round) {
    const taskQueueId = `work/moment-${round}`;
    const taskId = slugid();
    const worker = bench.startWorker(taskQueueId, 'w');
    await until('it claims', async () => (await q.taskQueueCounts(taskQueueId)) && (await q.listWorkers('work',
      `moment-${round}`).catch(() => undefined)));
    await q.createTask(taskId, script('sleep 300', {}, { taskQueueId }));
    await new Promise(setImmediate);
    worker.kill('SIGTERM');
    await worker.ended;
    const { status } = await q.status(taskId);
    assert.equal(status.state, 'pending', JSON.stringify(status.runs));
    if (status.runs.length > 1) assert.equal(status.runs[0].reasonResolved, 'worker-shutdown');
  }
});

test('SIGTERM gives running tasks back, and they are retried', async () => {
  const second = bench.startWorker('work/two', 'w2');
  const taskId = slugid();
  await q.createTask(taskId, script('sleep 300', {}, { taskQueueId: 'work/two' }));
  await until('it runs', async () => (await q.status(taskId)).status.state === 'running');
  second.kill('SIGTERM');
  await second.ended;
  const { status } = await q.status(taskId);
  assert.equal(status.runs[0].reasonResolved, 'worker-shutdown');
  assert.equal(status.runs[1].state, 'pending');
});
