// What a payload may ask of the worker, and what comes of it: the workers contract, sections 3.1 and 7.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { Server, until } from './support/server.mjs';
import { definition, inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;

before(async () => {
  server = await Server.start({ 'claim-timeout': 4,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/payloads');
  bench.startWorker();
});
after(async () => {
  await bench?.stop();
  await server?.stop();
});

const script = (...args) => bench.script(...args);
const run = (...args) => bench.run(...args);
const file = (path, name = `public/${path}`, more = {}) => ({ type: 'file', path, name, ...more });

async function malformed(def, message) {
  const { taskId, run: last } = await run(def);
  assert.equal(last.reasonResolved, 'malformed-payload');
  assert.match(await bench.log(taskId), message);
  return taskId;
}

// -- commands -------------------------------------------------------------------------------------

test('workers 7: commands run in order until one fails; its code decides about a retry', async () => {
  const { taskId, status } = await run(definition({ taskQueueId: 'work/payloads', retries: 1,
    payload: { maxRunTime: 60, onExitStatus: { retry: [7] }, command: [
      ['/bin/sh', '-c', 'echo one > made.txt'],
      ['/bin/sh', '-c', 'cat made.txt; [ $RUN_ID = 1 ] || exit 7'],
      ['/bin/sh', '-c', 'echo three; exit 3'],
      ['/bin/sh', '-c', 'echo four']],
    artifacts: [file('made.txt')] } }));
  assert.deepEqual(status.runs.map((r) => r.reasonResolved), ['intermittent-task', 'failed']);
  // Uploaded before the exception was reported.
  assert.deepEqual(await bench.present(taskId, ['public/made.txt'], 0), ['public/made.txt']);
  const log = await bench.log(taskId);
  assert.match(log, /^one\n/m);
  assert.match(log, /^three\n/m);
  assert.doesNotMatch(log, /^four$/m);
});

test('workers 7: a task killed by maxRunTime failed, with its artifacts, whatever onExitStatus says',
  async () => {
    const { taskId, status } = await run(script('echo kept > kept.txt; trap "exit 7" TERM; ' +
      'while :; do sleep 0.05; done',
    { maxRunTime: 1, onExitStatus: { retry: [7] }, artifacts: [file('kept.txt')] }));
    assert.deepEqual(status.runs.map((r) => r.reasonResolved), ['failed']);
    assert.equal((await bench.artifact(taskId, 'public/kept.txt')).text, 'kept\n');
    assert.match(await bench.log(taskId), /longer than its maxRunTime of 1 s/);
  });

test('several tasks run at once, each in a directory of its own', async () => {
  const group = Array.from({ length: 3 }, slugid);
  const meet = `/tmp/troupe-meeting-${slugid()}`;
  const results = await Promise.all(group.map((taskId) => run(script(
    `mkdir -p ${meet}; touch ${meet}/$TASK_ID mine-$TASK_ID; ` +
    `until [ $(ls ${meet} | wc -l) = 3 ]; do sleep 0.02; done; ls; pwd; echo $TASK_WORKDIR`), taskId)));
  for (const { taskId, status } of results) {
    assert.equal(status.state, 'completed');
    const log = await bench.log(taskId);
    assert.deepEqual(log.match(/^mine-.*$/mg), [`mine-${taskId}`]);
    const places = log.match(/^\/.*task_.*$/mg);
    assert.equal(places.length, 2);
    assert.equal(places[0], places[1]);
  }
  await run(script(`rm -r ${meet}`));
});

// -- artifacts ------------------------------------------------------------------------------------

test('workers 7: a bad artifact does not keep the others', async () => {
  const { taskId, status } = await run(script('echo a > a; mkfifo pipe; mkdir folder; echo z > z', {
    artifacts: [file('a'), file('pipe'), file('missing'), file('folder'),
      { type: 'directory', path: 'z', name: 'public/z-folder' }, file('z')] }));
  assert.equal(status.state, 'failed');
  assert.equal((await bench.artifact(taskId, 'public/a')).text, 'a\n');
  assert.equal((await bench.artifact(taskId, 'public/z')).text, 'z\n');
  for (const [name, reason] of [['pipe', 'invalid-resource-on-worker'],
    ['missing', 'file-missing-on-worker'], ['folder', 'invalid-resource-on-worker'],
    ['z-folder', 'invalid-resource-on-worker']]) {
    const { status: code, text } = await bench.artifact(taskId, `public/${name}`);
    assert.equal(code, 424);
    assert.equal(JSON.parse(text).reason, reason);
  }
});

test('workers 7: a directory artifact with no files, and an empty file, are fine', async () => {
  const { taskId, status } = await run(script('mkdir -p none/deep; : > empty', { artifacts: [
    { type: 'directory', path: 'none', name: 'public/none' }, file('empty')] }));
  assert.equal(status.state, 'completed');
  assert.deepEqual(await bench.present(taskId, ['public/none', 'public/none/deep']), []);
  assert.equal((await bench.artifact(taskId, 'public/empty')).text, '');
});

test('workers 7: identical entries of one artifact are a schema error', async () => {
  await malformed(script('true', { artifacts: [file('a'), file('b'), file('a')] }),
    /artifacts\.2: .*unique/);
});

test('workers 7: one name for two contents is malformed; the first upload and the logs stay',
  async () => {
    const taskId = await malformed(script('echo first > a; echo second, longer > b; echo c > c', {
      artifacts: [file('a', 'public/same'), file('b', 'public/same'), file('c')] }),
    /public\/same/);
    assert.equal((await bench.artifact(taskId, 'public/same')).text, 'first\n');
    assert.equal((await bench.artifact(taskId, 'public/c')).text, 'c\n');
  });

test('workers 7: one file as file and through a directory is fine', async () => {
  const { taskId, status } = await run(script('mkdir d; echo x > d/x.txt', { artifacts: [
    file('d/x.txt', 'public/d/x.txt'), { type: 'directory', path: 'd', name: 'public/d' }] }));
  assert.equal(status.state, 'completed', await bench.log(taskId));
  assert.equal((await bench.artifact(taskId, 'public/d/x.txt')).text, 'x\n');
});

test('workers 7: artifacts do not clobber the logs of the task', async () => {
  const { taskId, status } = await run(script(
    'mkdir -p public/logs; echo fake > public/logs/live_backing.log; echo fake > public/logs/live.log; ' +
    'echo other > public/logs/other.log; echo the real one', { artifacts: [
      { type: 'directory', path: 'public', name: 'public' },
      file('nothing', 'public/logs/live.log')] }));
  assert.equal(status.state, 'completed');
  for (const name of ['live.log', 'live_backing.log']) {
    const { text } = await bench.artifact(taskId, `public/logs/${name}`);
    assert.match(text, /^the real one$/m);
    assert.match(text, /live_backing.log is skipped/);
  }
  assert.equal((await bench.artifact(taskId, 'public/logs/other.log')).text, 'other\n');
});

test('workers 7: artifacts expire between the deadline and the expiry of the task', async () => {
  const deadline = inSeconds(600);
  const expires = inSeconds(86400);
  for (const when of [deadline, inSeconds(3600), expires, undefined]) {
    const { taskId, status } = await run(script('echo a > a',
      { artifacts: [file('a', 'public/a', when ? { expires: when } : {})] }, { deadline, expires }));
    assert.equal(status.state, 'completed', await bench.log(taskId));
    assert.equal((await bench.artifact(taskId, 'public/a')).text, 'a\n');
  }
  for (const when of [inSeconds(500), inSeconds(2 * 86400)])
    await malformed(script('echo a > a', { artifacts: [file('a', 'public/a', { expires: when })] },
      { deadline, expires }), /artifacts\.0\.expires: /);
});

// -- mounts ---------------------------------------------------------------------------------------

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

test('workers 7: mounts: texts, sums, and what is done when one cannot be had', async () => {
  const made = slugid();
  const def = script('printf content > made', { artifacts: [file('made')] });
  await run(def, made);
  const mount = (content, more = {}) => ({ file: 'in/put', content, ...more });
  const artifact = { taskId: made, artifact: 'public/made' };
  const withMounts = (mounts, text = 'cat in/put', task = {}) =>
    script(text, { mounts }, { dependencies: [made], ...task });
  for (const [content, expected] of [[{ raw: 'raw text' }, 'raw text'],
    [{ base64: Buffer.from('decoded').toString('base64') }, 'decoded'],
    [artifact, 'content'],
    [{ ...artifact, sha256: sha256('content') }, 'content']]) {
    const { taskId, status } = await run(withMounts([mount(content)]));
    assert.equal(status.state, 'completed', await bench.log(taskId));
    assert.ok((await bench.log(taskId)).includes(`\n${expected}[taskcluster `), await bench.log(taskId));
  }
  for (const content of [{ ...artifact, sha256: sha256('other') },
    { taskId: made, artifact: 'public/missing' }, { url: `${server.rootUrl}/no/such/page` }]) {
    const { taskId, status } = await run(withMounts([mount(content)], 'echo begun'));
    assert.equal(status.state, 'failed');
    const log = await bench.log(taskId);
    assert.match(log, /\[taskcluster:error\] \[mounts\] /);
    assert.doesNotMatch(log, /^begun$/m);
  }
  await malformed(withMounts([mount(artifact)], 'true', { dependencies: [] }),
    /mounts\.0\.content\.taskId: .*depend/);
  await malformed(withMounts([mount({ base64: '***' })]), /mounts\.0\.content\.base64/);
  await malformed(withMounts([mount({ raw: 'x' }, { format: 'zip' })]), /mounts\.0\.format/);
  await malformed(withMounts([{ directory: 'd', cacheName: 'c' }]), /generic-worker:cache:c/);
});

test('a run that waits for a mount is given back when its worker ends', async () => {
  let asked;
  const waiting = new Promise((resolve) => { asked = resolve; });
  const silent = http.createServer(() => asked());
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const worker = bench.startWorker('work/mounts', 'ends');
  const taskId = slugid();
  await bench.q.createTask(taskId, script('true', { mounts: [{ file: 'x',
    content: { url: `http://127.0.0.1:${silent.address().port}/` } }] },
  { taskQueueId: 'work/mounts' }));
  await waiting;
  worker.kill('SIGTERM');
  await worker.ended;
  const { status } = await bench.q.status(taskId);
  assert.equal(status.runs[0].reasonResolved, 'worker-shutdown');
  silent.closeAllConnections();
  silent.close();
});

// -- features and logs ----------------------------------------------------------------------------

test('features that are not offered are malformed, those that are need not be used', async () => {
  for (const features of [{ chainOfTrust: true }, { loopbackVideo: true }, { loopbackAudio: true },
    { teleport: true }, { liveLog: 'yes' }])
    await malformed(script('true', { features }), /features\.\w+: /);
  const { taskId, status } = await run(script('true', { features: { interactive: false,
    resourceMonitor: true, taskclusterProxy: false, liveLog: true, backingLog: true } }));
  assert.equal(status.state, 'completed', await bench.log(taskId));
});

const logNames = ['public/my.log', 'public/my_backing.log', 'public/logs/live.log',
  'public/logs/live_backing.log'];

test('logs have the names that the payload gives them, or are left out', async () => {
  const named = await run(script('echo named',
    { logs: { live: 'public/my.log', backing: 'public/my_backing.log' } }));
  assert.deepEqual(await bench.present(named.taskId, logNames), logNames.slice(0, 2));
  assert.match((await bench.artifact(named.taskId, 'public/my.log')).text, /^named$/m);
  const backing = await run(script('echo backing', { features: { liveLog: false } }));
  assert.deepEqual(await bench.present(backing.taskId, logNames), ['public/logs/live_backing.log']);
  const live = await run(script('echo live', { features: { backingLog: false } }));
  assert.deepEqual(await bench.present(live.taskId, logNames), ['public/logs/live.log']);
  assert.match(await bench.log(live.taskId), /^live$/m);
});

// -- the proxy ------------------------------------------------------------------------------------

test('the proxy hands redirects on, with where they lead', async () => {
  const made = slugid();
  await run(script('printf content > made', { artifacts: [file('made')] }), made);
  const { taskId, status } = await run(script(
    `url=$TASKCLUSTER_PROXY_URL/api/queue/v1/task/${made}/artifacts/public%2Fmade; ` +
    'curl -sS -o body -w "%{http_code} <%{redirect_url}>\\n" $url; cat body; curl -sSfL --compressed $url',
    { features: { taskclusterProxy: true } }, { scopes: ['queue:get-artifact:public/made'] }));
  const log = await bench.log(taskId);
  assert.equal(status.state, 'completed', log);
  assert.match(log, /^303 <http.*>$/m);
  assert.match(log, /"storageType":\s*"s3"/);
  assert.match(log, /content\[taskcluster /);
});

test('workers 7: through the proxy a task makes artifacts of its run without any scope', async () => {
  const body = JSON.stringify({ storageType: 'reference', url: 'https://example.com/x',
    contentType: 'text/plain', expires: inSeconds(3000) });
  const { taskId, status } = await run(script(
    'curl -sSf -X POST -H "Content-Type: application/json" -d "$BODY" ' +
    '$TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID/runs/$RUN_ID/artifacts/public%2Fx; ' +
    'curl -sS -X POST -H "Content-Type: application/json" -d "$BODY" ' +
    '$TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID/runs/1/artifacts/public%2Fx',
    { env: { BODY: body }, features: { taskclusterProxy: true } }));
  const log = await bench.log(taskId);
  assert.equal(status.state, 'completed', log);
  assert.match(log, /InsufficientScopes/);
  assert.deepEqual(await bench.present(taskId, ['public/x']), ['public/x']);
});

test('workers 7: the proxy uses the credentials of the last reclaim', async () => {
  // The first ones end with the first claim, after 4 s.
  const { taskId, status } = await run(script(
    'call() { curl -sSf $TASKCLUSTER_PROXY_URL/api/auth/v1/scopes/current; echo; }; ' +
    'sleep 6; call', { features: { taskclusterProxy: true } }));
  assert.equal(status.state, 'completed', await bench.log(taskId));
});

test('workers 7: a canceled run keeps its log, and is not reported', async () => {
  const taskId = slugid();
  await bench.q.createTask(taskId, script('echo begun; sleep 300'));
  await until('it has begun', async () => {
    const response = await fetch(`${server.rootUrl}/api/troupe/v1/log/${taskId}/0?tail=5`);
    const reader = response.ok ? response.body.getReader() : undefined;
    const first = reader && new TextDecoder().decode((await reader.read()).value);
    await reader?.cancel();
    return /^begun$/m.test(first ?? '');  // the line of the task, not that of its command
  });
  await bench.q.cancelTask(taskId);
  const { text } = await until('the log is kept', async () => {
    const kept = await bench.artifact(taskId, 'public/logs/live_backing.log');
    return kept.status === 200 ? kept : undefined;
  });
  assert.match(text, /^begun$/m);
  const { status } = await bench.q.status(taskId);
  assert.deepEqual(status.runs.map((r) => r.reasonResolved), ['canceled']);
});
