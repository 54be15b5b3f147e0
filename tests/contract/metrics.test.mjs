// The door of those who watch: /metrics and /health at their own port. Queue contract 9.7,
// operations contract 3.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ 'claim-wait': 20, 'deadline-grace': 60, 'claim-timeout': 2,
    'expiration-delay': 60 });
  q = queue(server);
});
after(() => server?.stop());

const url = (path) => `http://127.0.0.1:${server.info.metricsPort}${path}`;
const get = (path, accept) => fetch(url(path), accept ? { headers: { accept } } : {});

// The samples of a text by name and labels, each a number.
function samples(text) {
  const found = new Map();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const end = line.lastIndexOf(' ');
    const key = line.slice(0, end);
    assert.ok(!found.has(key), `${key} stands there twice`);
    found.set(key, Number(line.slice(end + 1)));
  }
  return found;
}

const scrape = async () => samples(await (await get('/metrics')).text());

// What is told of one queue: pending, claimed, workers, quarantined, running, idle.
async function figures(queueId) {
  const all = await scrape();
  const [provisioner, type] = queueId.split('/');
  return Object.fromEntries(['pending_tasks', 'claimed_tasks', 'workers_total',
    'quarantined_workers', 'running_workers', 'idle_workers'].map((name) => [name,
    all.get(`queue_${name}{provisionerId="${provisioner}",workerType="${type}"}`)]));
}

const row = (pending, claimed, workers, quarantined, idle) => ({ pending_tasks: pending,
  claimed_tasks: claimed, workers_total: workers, quarantined_workers: quarantined,
  running_workers: claimed, idle_workers: idle });
const none = Object.fromEntries(Object.keys(row()).map((name) => [name, undefined]));

const create = async (queueId, overrides = {}) => {
  const id = slugid();
  await q.createTask(id, definition({ taskQueueId: queueId, ...overrides }));
  return id;
};
const claim = (queueId, worker, tasks = 1) =>
  q.claimWork(queueId, { workerGroup: 'g', workerId: worker, tasks });
const quarantine = (queueId, worker, seconds) => q.quarantineWorker(...queueId.split('/'), 'g',
  worker, { quarantineUntil: inSeconds(seconds) });
const declare = (queueId, worker, seconds) => q.declareWorker(...queueId.split('/'), 'g', worker,
  { expires: inSeconds(seconds) });

test('MX-1: a queue has a row of its own if there are only pending runs', async () => {
  await create('metrics/pending');
  await create('metrics/pending');
  assert.deepEqual(await figures('metrics/pending'), row(2, 0, 0, 0, 0));
});

test('MX-1: a queue has a row of its own if there are only workers, and the quarantined are among them', async () => {
  for (const worker of ['a', 'b', 'c']) await declare('metrics/workers', worker, 600);
  await quarantine('metrics/workers', 'b', 600);
  assert.deepEqual(await figures('metrics/workers'), row(0, 0, 3, 1, 2));
  await quarantine('metrics/workers', 'b', -1);
  assert.deepEqual(await figures('metrics/workers'), row(0, 0, 3, 0, 3));
});

test('MX-1: a claimed run counts until it ends, and its worker is busy', async () => {
  const id = await create('metrics/claimed');
  await claim('metrics/claimed', 'w');
  assert.deepEqual(await figures('metrics/claimed'), row(0, 1, 1, 0, 0));
  await q.reportCompleted(id, 0);
  assert.deepEqual(await figures('metrics/claimed'), row(0, 0, 1, 0, 1));
});

test('MX-1: a claim that has run out does not count', async () => {
  await create('metrics/elapsed', { retries: 0 });
  await claim('metrics/elapsed', 'w');
  await until('the claim has run out', async () =>
    (await figures('metrics/elapsed')).claimed_tasks === 0);
});

test('MX-1: a run past its deadline does not count, also while its task is not resolved', async () => {
  const id = await create('metrics/deadline', { deadline: inSeconds(2) });
  await create('metrics/deadline');
  assert.deepEqual(await figures('metrics/deadline'), row(2, 0, 0, 0, 0));
  assert.equal((await q.taskQueueCounts('metrics/deadline')).pendingTasks, 2);
  await until('the deadline has passed', async () =>
    (await figures('metrics/deadline')).pending_tasks === 1);
  assert.equal((await q.taskQueueCounts('metrics/deadline')).pendingTasks, 1);
  assert.equal((await q.status(id)).status.state, 'pending');
});

test('MX-1: a worker that has expired does not count', async () => {
  await declare('metrics/expired', 'stays', 600);
  await declare('metrics/expired', 'goes', 1);
  await until('one has expired', async () =>
    (await figures('metrics/expired')).workers_total === 1);
});

test('MX-1: a queue that only its record knows has zeros, and one that nobody knows has no row', async () => {
  const id = await create('metrics/record');
  await q.claimTask(id, 0, { workerGroup: 'g', workerId: 'w' });
  await q.reportCompleted(id, 0);
  assert.deepEqual(await figures('metrics/record'), row(0, 0, 0, 0, 0));
  assert.deepEqual(await figures('metrics/unknown'), none);
});

test('a claim that waits is told of', async () => {
  const waiting = claim('metrics/waiting', 'w');
  const key = 'tcx_claim_waiters{provisionerId="metrics",workerType="waiting"}';
  await until('it waits', async () => (await scrape()).get(key) === 1);
  await create('metrics/waiting');
  assert.equal((await waiting).tasks.length, 1);
  assert.equal((await scrape()).get(key), 0);
});

test('resolved tasks are counted by queue and reason', async () => {
  const labels = 'provisionerId="metrics",workerType="resolved"';
  const [completed, failed, exception] = [await create('metrics/resolved'),
    await create('metrics/resolved'), await create('metrics/resolved')];
  const canceled = await create('metrics/resolved');
  await q.cancelTask(canceled);
  assert.equal((await claim('metrics/resolved', 'w', 3)).tasks.length, 3);
  await q.reportCompleted(completed, 0);
  await q.reportFailed(failed, 0);
  await q.reportException(exception, 0, { reason: 'malformed-payload' });
  const all = await scrape();
  assert.equal(all.get(`queue_completed_tasks{${labels}}`), 1);
  assert.equal(all.get(`queue_failed_tasks{${labels},reasonResolved="failed"}`), 1);
  assert.equal(all.get(`queue_exception_tasks{${labels},reasonResolved="malformed-payload"}`), 1);
  assert.equal(all.get(`queue_exception_tasks{${labels},reasonResolved="canceled"}`), 1);
});

test('API calls are counted by method and status, with the time they took', async () => {
  const before = await scrape();
  const labels = (status) => `method="GET",name="status",status="${status}",service="queue"`;
  const id = await create('metrics/calls');
  for (let i = 0; i < 3; ++i) await q.status(id);
  await assert.rejects(() => q.status(slugid()));
  const all = await scrape();
  const more = (key) => all.get(key) - (before.get(key) ?? 0);
  assert.equal(more(`http_requests_total{${labels(200)}}`), 3);
  assert.equal(more(`http_requests_total{${labels(404)}}`), 1);
  const bucket = (le) =>
    all.get(`http_request_duration_seconds_bucket{${labels(200)},le="${le}"}`);
  const bounds = ['0.01', '0.05', '0.1', '0.5', '1', '5', '10', '+Inf'];
  const buckets = bounds.map(bucket);
  assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b));
  assert.equal(bucket('+Inf'), all.get(`http_request_duration_seconds_count{${labels(200)}}`));
  assert.ok(all.get(`http_request_duration_seconds_sum{${labels(200)}}`) > 0);
});

test('good and refused credentials are counted', async () => {
  const before = await scrape();
  await create('metrics/credentials');
  const stranger = queue(server, undefined, { clientId: 'nobody', accessToken: 'x'.repeat(44) });
  await assert.rejects(() => stranger.createTask(slugid(), definition()));
  const all = await scrape();
  const good = 'auth_success_total{scheme="hawk",clientId="static/taskcluster/root"}';
  assert.ok(all.get(good) > (before.get(good) ?? 0));
  assert.equal(all.get('auth_failure_total{scheme="hawk",reason="credentials"}'), 1);
});

test('the process and the program are told of', async () => {
  const all = await scrape();
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes',
    'process_start_time_seconds', 'process_open_fds', 'process_max_fds', 'tcx_redis_commits_total',
    'tcx_events_published_total'])
    assert.ok(all.get(name) > 0, name);
  assert.ok(Math.abs(all.get('process_start_time_seconds') - Date.now() / 1000) < 3600);
  assert.equal([...all.keys()].filter((key) => key.startsWith('build_info{')).length, 1);
});

test('metrics come in the text format, and as OpenMetrics when they are asked for so', async () => {
  const plain = await get('/metrics');
  assert.equal(plain.status, 200);
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await plain.text();
  assert.match(text, /^# TYPE http_requests_total counter$/m);
  assert.match(text, /^# TYPE queue_completed_tasks counter$/m);
  assert.doesNotMatch(text, /# EOF/);
  const open = await get('/metrics', 'application/openmetrics-text; version=1.0.0');
  assert.match(open.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
  const openText = await open.text();
  assert.match(openText, /^# TYPE http_requests counter$/m);
  assert.match(openText, /^http_requests_total\{/m);
  assert.match(openText, /^# TYPE queue_completed_tasks unknown$/m);
  assert.ok(openText.endsWith('# EOF\n'));
});

test('the door serves nothing else, and the API does not serve metrics', async () => {
  for (const path of ['/', '/api/queue/v1/ping', '/tasks/x', '/__version__'])
    assert.equal((await get(path)).status, 404, path);
  assert.equal((await fetch(`${server.rootUrl}/metrics`)).status, 404);
  assert.equal((await fetch(url('/metrics'), { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(url('/metrics'), { method: 'POST' })).status, 404);
});

test('many who ask at once are all answered', async () => {
  const texts = await Promise.all(Array.from({ length: 40 }, () => get('/metrics').then((r) => r.text())));
  for (const text of texts) assert.match(text, /queue_pending_tasks/);
});

test('health tells whether the server can work', async () => {
  // A Redis that is killed must not have lost what it had answered.
  const own = await Server.start({ 'metrics-prefix': 'ci', fsync: 'always' });
  try {
    const health = async () =>
      (await fetch(`http://127.0.0.1:${own.info.metricsPort}/health`)).status;
    assert.equal(await health(), 200);
    await own.redis.kill();
    await until('it is not well', async () => await health() === 503, 60000);
    const text = await (await fetch(`http://127.0.0.1:${own.info.metricsPort}/metrics`)).text();
    assert.match(text, /^ci_process_cpu_seconds_total /m);
    for (const line of text.split('\n'))
      if (line !== '' && !line.startsWith('#')) assert.match(line, /^ci_/);
    await own.redis.start();
    await until('it is well again', async () => await health() === 200, 60000);
  } finally {
    await own.stop();
  }
});
