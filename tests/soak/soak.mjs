// A load that does not stop: creates with dependencies, claims, reports, cancels, reruns, listings,
// artifacts, 200 claims that wait, 500 readers of events; in rounds, at the end of each of which
// everything is held against Redis, past the server. Memory must stay as it is after the beginning.
//   node soak.mjs [seconds]
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ledger } from '../contract/support/ledger.mjs';
import { ask } from '../contract/support/redis.mjs';
import { Server, launch, sleep, until } from '../contract/support/server.mjs';
import { inSeconds, queue, slugid } from '../contract/support/tasks.mjs';

const hawk = createRequire(new URL('../contract/package.json', import.meta.url))('hawk');
const here = path.dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 600);
const roundSeconds = Math.min(10, seconds / 2);
const routes = 25;
const readerCount = 500;
const waitingClaims = 200;

const say = (text) => console.log(text);
const pick = (list) => list[Math.floor(Math.random() * list.length)];

const server = await Server.start({ anonymous: ['web:read-pulse', 'queue:get-artifact:public/*'],
  'claim-wait': 10, 'claim-timeout': 90, 'expiration-delay': 5, fsync: 'everysec' });
const root = queue(server);

const megabytes = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  .match(/VmRSS:\s+(\d+)/)[1]) / 1024;

// -- what goes on all the time ------------------------------------------------------------------

let over = false;
const failures = [];
const loops = [];

// Calls that are refused for a reason the load itself makes are part of it.
function forever(step) {
  loops.push((async () => {
    while (!over) {
      try {
        await step();
      } catch (error) {
        if (![404, 409].includes(error.statusCode)) failures.push(error);
        if (failures.length > 5) over = true;
      }
    }
  })());
}

async function startReaders() {
  const readers = launch(process.execPath, [path.join(here, 'readers.mjs'), server.rootUrl,
    String(readerCount), String(routes)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  readers.stdout.on('data', (data) => { text += data; });
  await until('the readers listen', () => text.includes('ready\n'), 60000);
  return async () => {
    readers.stdin.end();
    await readers.ended;
    return JSON.parse(text.split('\n')[1]);
  };
}

// Claims that wait for what never comes. The stock client opens a hundred connections at most, so
// these go without it.
function startWaiting() {
  const url = `${server.rootUrl}/api/queue/v1/claim-work/soak%2Fnothing`;
  const credentials = { id: server.credentials.clientId, key: server.credentials.accessToken,
    algorithm: 'sha256' };
  const contentType = 'application/json';
  for (let i = 0; i < waitingClaims; ++i)
    forever(async () => {
      const body = JSON.stringify({ workerGroup: 'idle', workerId: `w${i}`, tasks: 1 });
      const { header } = hawk.client.header(url, 'POST', { credentials, payload: body, contentType });
      const answer = await fetch(url, { method: 'POST', body,
        headers: { authorization: header, 'content-type': contentType } });
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { tasks: [] });
    });
}

let present;
const someTask = () => pick([...present.tasks.keys()]);

function startReading() {
  forever(async () => {
    const id = someTask();
    if (!id) return sleep(20);
    await root.status(id);
    await root.task(id);
    await root.listDependentTasks(id, { limit: 10 });
    return sleep(5);
  });
  forever(async () => {
    await root.listTaskGroup(present.group, { limit: 50 });
    await root.taskQueueCounts(present.queueId);
    await root.listPendingTasks(present.queueId, { limit: 20 });
    await root.listWorkers('soak', 'load', { limit: 20 });
    await (await fetch(`http://127.0.0.1:${server.info.metricsPort}/metrics`)).text();
    await sleep(100);
  });
}

// A task of its own: artifacts, the end of its run, another run, its end.
function startArtifacts() {
  let number = 0;
  forever(async () => {
    const id = slugid();
    const queueId = 'soak/artifacts';
    await root.createTask(id, { ...taskOf(queueId), retries: 0 });
    const { tasks } = await root.claimWork(queueId, { workerGroup: 'g', workerId: 'a', tasks: 1 });
    if (tasks.length === 0) return;
    const claim = tasks[0];
    const worker = queue(server, null, claim.credentials);
    const { taskId } = claim.status;
    // What is claimed may have waited behind others, so only the task tells how long it stays.
    const { expires } = claim.task;
    const bytes = Buffer.alloc(1024 * (1 + number++ % 64), number % 256);
    const { putUrl } = await worker.createArtifact(taskId, claim.runId, 'public/data',
      { storageType: 's3', expires, contentType: 'application/octet-stream' });
    const put = await fetch(putUrl, { method: 'PUT', body: bytes,
      headers: { 'content-type': 'application/octet-stream' } });
    assert.equal(put.status, 200);
    await worker.createArtifact(taskId, claim.runId, 'public/link',
      { storageType: 'link', expires, contentType: 'application/octet-stream',
        artifact: 'public/data' });
    const got = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/${claim.runId}` +
      '/artifacts/public/link');
    assert.deepEqual(Buffer.from(await got.arrayBuffer()), bytes);
    await root.listArtifacts(taskId, claim.runId);
    await worker.reportFailed(taskId, claim.runId);
    if (claim.runId === 0) await root.rerunTask(taskId);
  });
}

const taskOf = (queueId) => ({ taskQueueId: queueId, schedulerId: 'soak', created: inSeconds(0),
  deadline: inSeconds(90), expires: inSeconds(100), payload: {}, metadata: { name: 'soak',
    description: 'a task of the load', owner: 'soak@example.com', source: 'https://example.com/' } });

// -- rounds -------------------------------------------------------------------------------------

// Only what the next round writes is to be read at its end.
function forgetEvents() {
  for (let shard = 0; shard < 64; ++shard)
    ask(server.redis, 'XTRIM', `troupe:{${String(shard).padStart(2, '0')}}:events`, 'MAXLEN', '0');
}

async function round() {
  const ledger = new Ledger(server, { queueId: 'soak/load', more: () => ({ expires: inSeconds(150),
    deadline: inSeconds(100), routes: [`soak.${Math.floor(Math.random() * routes)}`] }) });
  present = ledger;
  ledger.load({ creators: 8, workers: 8, cancelers: 1 });
  await sleep(roundSeconds * 1000);
  await ledger.stop();
  await ledger.finish();
  const figures = { tasks: ledger.tasks.size, claims: ledger.claims.size,
    serverMb: megabytes(server.process.pid), redisMb: megabytes(server.redis.process.pid) };
  forgetEvents();
  readLog();
  return figures;
}

// What the server logged is looked at after each round and dropped: a text of hours has no place.
const complaints = [];
function readLog() {
  const lines = server.log.split('\n');
  server.log = lines.pop();
  complaints.push(...lines.filter((line) => {
    try {
      return JSON.parse(line).Severity <= 3;
    } catch {
      return line !== '';
    }
  }));
}

async function checkEnd(rounds) {
  // Everything has expired: nothing is left but what says so.
  await until('all tasks are removed', () =>
    ask(server.redis, 'KEYS', 'troupe:*:task:*').length === 0, 240000);
  // Groups stay for days after their last task.
  for (const what of ['edges:*', 'artifacts:*'])
    assert.deepEqual(ask(server.redis, 'KEYS', `troupe:*:${what}`), [], what);
  for (let shard = 0; shard < 64; ++shard)
    assert.deepEqual(ask(server.redis, 'HLEN', `troupe:{${String(shard).padStart(2, '0')}}:live`), 0);
  // The first rounds fill what is kept for reuse and what expires later.
  const settled = rounds.slice(Math.ceil(rounds.length / 2));
  if (seconds < 300) return;
  const grown = settled.at(-1).serverMb / settled[0].serverMb;
  assert.ok(grown < 1.1, `the server grew by ${Math.round((grown - 1) * 100)} % in the last half`);
}

const endReaders = await startReaders();
const rounds = [];
try {
  startWaiting();
  const end = Date.now() + seconds * 1000;
  present = { tasks: new Map(), group: slugid(), queueId: 'soak/load' };
  startReading();
  startArtifacts();
  while (Date.now() < end && failures.length === 0) {
    rounds.push(await round());
    const { tasks, claims, serverMb, redisMb } = rounds.at(-1);
    say(`round ${rounds.length}: ${tasks} tasks, ${claims} claims, server ${serverMb.toFixed(0)} MB, ` +
      `Redis ${redisMb.toFixed(0)} MB`);
  }
  over = true;
  await Promise.all(loops);
  assert.deepEqual(failures.map((error) => error.stack), []);
  const heard = await endReaders();
  say(`events: ${heard.events}, ${heard.deliveries} deliveries, after ${JSON.stringify(heard.delayMs)} ms`);
  assert.deepEqual(heard.problems, []);
  assert.ok(heard.events > 100);
  await checkEnd(rounds);
  readLog();
  assert.deepEqual(complaints, []);
} finally {
  over = true;
  await server.stop();
}
say('everything holds');
process.exit(0);
