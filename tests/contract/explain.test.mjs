// Why does a task not run? GET /api/troupe/v1/task/<taskId>/explain and `troupe explain`.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Place } from './support/programs.mjs';
import { rootToken, Server, until } from './support/server.mjs';
import { definition, failure, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let place;
let q;
let number = 0;

before(async () => {
  server = await Server.start({ 'claim-wait': 20 });
  place = new Place();
  q = queue(server);
});
after(async () => {
  await place?.clear();
  await server?.stop();
});

// The stock client makes a method of any reference.
const Explainer = taskcluster.createClient({ serviceName: 'troupe', apiVersion: 'v1',
  title: 'Troupe', description: 'What Troupe has besides', entries: [{ type: 'function',
    method: 'get', name: 'explain', route: '/task/<taskId>/explain', args: ['taskId'], query: [],
    stability: 'experimental', output: 'v1/any.json#', title: 'explain', description: 'explain',
    category: 'Tasks' }] }, 'Troupe');
const explainer = (scopes, credentials = server.credentials) => new Explainer({
  rootUrl: server.rootUrl, retries: 0, ...(credentials ? { credentials } : {}),
  ...(scopes ? { authorizedScopes: scopes } : {}) });
const explain = (taskId) => explainer().explain(taskId);

// Each test has a queue of its own.
const fresh = () => `explain/q${number++}`;
const claim = (taskQueueId, worker = 'w', tasks = 1) =>
  q.claimWork(taskQueueId, { workerGroup: 'g', workerId: worker, tasks });
async function create(overrides = {}) {
  const taskId = slugid();
  await q.createTask(taskId, definition(overrides));
  return taskId;
}
const codes = (answer) => answer.reasons.map((reason) => reason.code);
const reasonOf = (answer, code) => {
  const found = answer.reasons.find((reason) => reason.code === code);
  assert.ok(found, `no ${code} in ${JSON.stringify(answer)}`);
  return found;
};

function wellFormed(answer, taskId) {
  assert.deepEqual(Object.keys(answer),
    ['taskId', 'state', 'runnable', 'summary', 'reasons', 'facts']);
  assert.equal(answer.taskId, taskId);
  assert.ok(answer.reasons.length > 0);
  for (const reason of answer.reasons) {
    assert.deepEqual(Object.keys(reason), ['code', 'importance', 'text', 'change', 'details']);
    assert.match(reason.text, /^[A-Z0-9].*\.$/);
    assert.match(reason.change, /^[A-Z0-9].*\.$/);
  }
  const order = ['blocking', 'delaying', 'note'];
  const ranks = answer.reasons.map((reason) => order.indexOf(reason.importance));
  assert.ok(!ranks.includes(-1));
  assert.deepEqual(ranks, [...ranks].sort());
  const [first] = answer.reasons;
  assert.ok(answer.summary.toLowerCase().endsWith(first.text.toLowerCase()), answer.summary);
}

async function told(taskId, state, ...wanted) {
  const answer = await explain(taskId);
  wellFormed(answer, taskId);
  assert.equal(answer.state, state);
  assert.deepEqual(codes(answer), wanted, JSON.stringify(answer, null, 1));
  return answer;
}

test('a task that waits for dependencies says for which, and in which state each is', async () => {
  const taskQueueId = fresh();
  const [done, runs, waits] = [await create({ taskQueueId }), await create({ taskQueueId }),
    await create({ taskQueueId, priority: 'lowest' })];
  const behind = await create({ taskQueueId, dependencies: [waits] });
  const taskId = await create({ taskQueueId, dependencies: [done, runs, waits, behind] });
  await claim(taskQueueId, 'w', 2);
  await q.reportCompleted(done, 0);
  const answer = await until('the first is told', async () => {
    const given = await told(taskId, 'unscheduled', 'dependencies-open');
    return given.reasons[0].details.open === 3 && given;
  });
  assert.equal(answer.runnable, false);
  const [reason] = answer.reasons;
  assert.equal(reason.importance, 'blocking');
  assert.equal(reason.text, 'It waits for 3 of its 4 dependencies ' +
    '(1 unscheduled, 1 pending, 1 running).');
  assert.equal(reason.details.requires, 'all-completed');
  assert.deepEqual(Object.fromEntries(reason.details.dependencies.map((d) => [d.taskId, d.state])),
    { [runs]: 'running', [waits]: 'pending', [behind]: 'unscheduled' });
  assert.deepEqual(answer.facts.task.status, (await q.status(taskId)).status);
  assert.equal(answer.facts.task.dependencies, 4);
  await q.scheduleTask(taskId);
  await told(taskId, 'pending', 'waiting-in-queue', 'workers-busy');
});

test('a dependency that failed, or depends on itself, frees nobody', async () => {
  const taskQueueId = fresh();
  const [failed, canceled, open] = [await create({ taskQueueId }), await create({ taskQueueId }),
    await create({ taskQueueId })];
  const strict = await create({ taskQueueId, dependencies: [failed, canceled, open] });
  const lenient = await create({ taskQueueId, dependencies: [failed, open],
    requires: 'all-resolved' });
  await claim(taskQueueId);
  await q.reportFailed(failed, 0);
  await q.cancelTask(canceled);
  const answer = await told(strict, 'unscheduled', 'dependency-failed', 'dependencies-open');
  const [hopeless, other] = answer.reasons;
  assert.equal(hopeless.text, '2 of its 3 dependencies ended without success ' +
    '(1 failed, 1 exception), and it requires all of them to be completed.');
  assert.deepEqual([...hopeless.details.dependencies].sort((a, b) => a.state < b.state ? -1 : 1), [
    { taskId: canceled, state: 'exception', reasonResolved: 'canceled' },
    { taskId: failed, state: 'failed', reasonResolved: 'failed' }]);
  assert.match(hopeless.change, /rerunTask.*scheduleTask/);
  assert.equal(other.details.open, 1);
  await until('the lenient one waits for one', async () =>
    (await told(lenient, 'unscheduled', 'dependencies-open')).reasons[0].details.open === 1);
  const itself = slugid();
  await q.createTask(itself, definition({ taskQueueId, dependencies: [itself] }));
  await told(itself, 'unscheduled', 'depends-on-itself');
});

test('of many dependencies the first hundred are asked', async () => {
  const taskQueueId = fresh();
  const dependencies = await Promise.all(Array.from({ length: 130 },
    () => create({ taskQueueId })));
  const taskId = await create({ taskQueueId, dependencies });
  const { reasons: [reason] } = await told(taskId, 'unscheduled', 'dependencies-open');
  assert.equal(reason.text,
    'It waits for 130 of its 130 dependencies (of the first 100: 100 pending).');
  assert.equal(reason.details.dependencies.length, 100);
});

test('the place in the queue goes by priority and age', async () => {
  const taskQueueId = fresh();
  const make = (priority) => create({ taskQueueId, priority });
  const first = await make('low');
  const taskId = await make('low');
  await make('low');
  await make('very-low');
  await make('high');
  await make('highest');
  await make('high');
  const answer = await told(taskId, 'pending', 'no-workers', 'waiting-in-queue');
  const { details, text } = reasonOf(answer, 'waiting-in-queue');
  assert.deepEqual(details, { taskQueueId, priority: 'low', ahead: 4, aheadOfHigherPriority: 3,
    pending: 7 });
  assert.equal(text, `4 of the 7 runs that wait in queue ${taskQueueId} go first, ` +
    '3 by a higher priority.');
  assert.deepEqual(answer.facts.queue.aheadByPriority, { highest: 1, high: 2, low: 1 });
  assert.equal(answer.runnable, true);
  await q.cancelTask(first);
  await q.changeTaskPriority(taskId, { newPriority: 'very-high' });
  const { details: now } = reasonOf(await explain(taskId), 'waiting-in-queue');
  assert.equal(now.ahead, 1);
  assert.equal(now.pending, 6);
});

test('a queue without workers says so, and since when', async () => {
  const taskQueueId = fresh();
  const taskId = await create({ taskQueueId });
  const { reasons: [none] } = await told(taskId, 'pending', 'no-workers', 'waiting-in-queue');
  assert.equal(none.importance, 'blocking');
  assert.equal(none.text,
    `No worker of queue ${taskQueueId} is known, and none has asked for work.`);
  assert.match(none.change, new RegExp(`troupe worker --queue ${taskQueueId}`));
  // A worker that has gone away again.
  await claim(taskQueueId);
  await q.reportException(taskId, 0, { reason: 'worker-shutdown' });
  const { reasons: [gone] } = await told(taskId, 'pending', 'no-worker-asking',
    'waiting-in-queue');
  assert.equal(gone.details.known, 1);
  assert.ok(Date.now() - new Date(gone.details.lastActive).getTime() < 60_000);
});

test('when all workers are in quarantine that comes first, when some are it is a note',
  async () => {
    const taskQueueId = fresh();
    const [provisionerId, workerType] = taskQueueId.split('/');
    const first = await create({ taskQueueId });
    await claim(taskQueueId, 'a');
    const taskId = await create({ taskQueueId });
    const quarantine = (worker, seconds) => q.quarantineWorker(provisionerId, workerType, 'g',
      worker, { quarantineUntil: inSeconds(seconds) });
    await quarantine('a', 600);
    const { reasons: [all] } = await until('the register knows', async () => {
      const given = await explain(taskId);
      return given.reasons[0].code === 'workers-quarantined' && given;
    });
    assert.equal(all.importance, 'blocking');
    assert.equal(all.text,
      `The only known worker of queue ${taskQueueId} is in quarantine and given no work.`);
    await told(taskId, 'pending', 'workers-quarantined', 'workers-busy', 'waiting-in-queue');
    // One that may have work takes the other run.
    await q.claimWork(taskQueueId, { workerGroup: 'g', workerId: 'b', tasks: 1 });
    const other = await create({ taskQueueId });
    const some = await until('the register knows', async () => {
      const given = await explain(other);
      return given.reasons.at(-1).code === 'workers-quarantined' && given;
    });
    assert.deepEqual(codes(some), ['workers-busy', 'waiting-in-queue', 'workers-quarantined']);
    assert.equal(some.reasons[2].importance, 'note');
    await quarantine('a', -1);
    await until('the quarantine has ended', async () =>
      !codes(await explain(other)).includes('workers-quarantined'));
    assert.equal((await explain(first)).state, 'running');
  });

test('busy workers are told with what they run', async () => {
  const taskQueueId = fresh();
  for (let i = 0; i < 3; ++i) await create({ taskQueueId });
  await claim(taskQueueId, 'a', 2);
  await claim(taskQueueId, 'b');
  const taskId = await create({ taskQueueId });
  const answer = await told(taskId, 'pending', 'workers-busy', 'waiting-in-queue');
  const busy = reasonOf(answer, 'workers-busy');
  assert.equal(busy.importance, 'delaying');
  assert.equal(busy.text,
    `2 workers of queue ${taskQueueId} have claimed 3 runs, and none asks for more.`);
  assert.equal(busy.details.known, 2);
  assert.equal(busy.details.working, 2);
  assert.equal(reasonOf(answer, 'waiting-in-queue').text,
    `It is the only run that waits in queue ${taskQueueId}.`);
  // What goes first counts for more than who is busy.
  await create({ taskQueueId, priority: 'highest' });
  await told(taskId, 'pending', 'waiting-in-queue', 'workers-busy');
});

test('a task that runs says where and until when, one that is resolved how and when', async () => {
  const taskQueueId = fresh();
  const taskId = await create({ taskQueueId });
  const { tasks: [{ takenUntil }] } = await claim(taskQueueId);
  const running = await told(taskId, 'running', 'running');
  const { started } = (await q.status(taskId)).status.runs[0];
  assert.deepEqual(running.reasons[0].details,
    { runId: 0, worker: 'g/w', started, takenUntil, retriesLeft: 5 });
  assert.equal(running.summary, `The task is running: run 0 runs on worker g/w since ${started}.`);
  assert.equal(running.runnable, true);
  await q.reportCompleted(taskId, 0);
  const resolved = await told(taskId, 'completed', 'resolved');
  const { resolved: at } = (await q.status(taskId)).status.runs[0];
  assert.equal(resolved.summary,
    `The task is resolved: run 0 ended as completed at ${at} on worker g/w.`);
  assert.equal(resolved.runnable, false);
  assert.match(resolved.reasons[0].change, /rerunTask/);
  const canceled = await create({ taskQueueId });
  await q.cancelTask(canceled);
  const { reasons: [reason] } = await told(canceled, 'exception', 'resolved');
  assert.match(reason.text, /^Run 0 ended as exception \(canceled\) at \S+Z\.$/);
});

test('a deadline that is near or has passed is told', async () => {
  const taskQueueId = fresh();
  const near = await create({ taskQueueId, created: inSeconds(-600), deadline: inSeconds(40) });
  const { reasons } = await told(near, 'pending', 'no-workers', 'waiting-in-queue',
    'deadline-near');
  assert.ok(reasons[2].details.secondsLeft > 10 && reasons[2].details.secondsLeft <= 40);
  const past = await create({ taskQueueId, deadline: inSeconds(0.5) });
  const answer = await until('the deadline has passed', async () => {
    const given = await explain(past);
    return given.reasons[0].code === 'deadline-passed' && given;
  });
  wellFormed(answer, past);
  assert.equal(answer.runnable, false);
  assert.equal(answer.reasons.length, 1);
  // One that waits for another does not hide it either.
  const behind = await create({ taskQueueId, dependencies: [near], deadline: inSeconds(0.5) });
  await until('the deadline has passed', async () =>
    codes(await explain(behind)).join() === 'deadline-passed,dependencies-open');
});

test('a sealed group is a note', async () => {
  const taskQueueId = fresh();
  const taskGroupId = slugid();
  const taskId = await create({ taskQueueId, taskGroupId });
  const { sealed } = await q.sealTaskGroup(taskGroupId);
  const answer = await told(taskId, 'pending', 'no-workers', 'waiting-in-queue', 'group-sealed');
  assert.deepEqual(answer.reasons[2].details, { taskGroupId, sealed });
});

test('it is for who may see the status, and only of tasks there are', async () => {
  const taskId = await create({ taskQueueId: fresh() });
  assert.equal((await explainer([`queue:status:${taskId}`]).explain(taskId)).taskId, taskId);
  for (const scope of ['queue:status:' + slugid(), 'queue:get-task:*']) {
    const refused = await failure(() => explainer([scope]).explain(taskId));
    assert.equal(refused.statusCode, 403);
    assert.equal(refused.code, 'InsufficientScopes');
    assert.match(refused.message, new RegExp(`queue:status:${taskId}`));
  }
  const anonymous = await failure(() => explainer(undefined, null).explain(taskId));
  assert.equal(anonymous.statusCode, 403);
  const unknown = await failure(() => explain(slugid()));
  assert.equal(unknown.statusCode, 404);
  assert.equal(unknown.code, 'ResourceNotFound');
  const malformed = await failure(() => explain('not-a-slugid'));
  assert.equal(malformed.statusCode, 400);
  assert.equal(malformed.code, 'InvalidRequestArguments');
  const forged = await failure(() => explainer(undefined,
    { clientId: 'static/taskcluster/root', accessToken: `${rootToken}x` }).explain(taskId));
  assert.equal(forged.statusCode, 401);
});

test('an expired task is not explained', async () => {
  const taskId = await create({ taskQueueId: fresh(), deadline: inSeconds(0.6),
    expires: inSeconds(0.7) });
  await until('it has expired', async () =>
    explain(taskId).then(() => false, (error) => error.statusCode === 404));
});

test('troupe explain prints what the server says, and --json the answer itself', async () => {
  const run = (...args) => place.run(['explain', '--data', server.data, ...args]);
  const taskQueueId = fresh();
  const taskId = await create({ taskQueueId });
  const plain = run(taskId);
  assert.equal((await plain.ended).code, 0, plain.err);
  const answer = await explain(taskId);
  assert.equal(plain.out, `${answer.summary}\n` +
    `  What would change it: ${answer.reasons[0].change}\n` +
    `Also: ${answer.reasons[1].text}\n` +
    `  What would change it: ${answer.reasons[1].change}\n`);
  assert.match(plain.out, /^The task is pending: no worker of queue /);
  const whole = run('--json', taskId);
  assert.equal((await whole.ended).code, 0, whole.err);
  assert.deepEqual(JSON.parse(whole.out), answer);
  const remote = place.run(['explain', taskId], { env: { TASKCLUSTER_ROOT_URL: server.rootUrl,
    TASKCLUSTER_CLIENT_ID: 'static/taskcluster/root', TASKCLUSTER_ACCESS_TOKEN: rootToken } });
  assert.equal((await remote.ended).code, 0, remote.err);
  assert.equal(remote.out, plain.out);

  const refusedBy = async (program, code, says) => {
    assert.equal((await program.ended).code, code, program.err);
    assert.equal(program.out, '');
    assert.match(program.err, says);
  };
  await refusedBy(run(slugid()), 3, /^troupe: Task \S{22} does not exist\. .*\n$/);
  await refusedBy(run('--json', slugid()), 3, /^troupe: Task \S{22} does not exist\. /);
  await refusedBy(run('--client-id', 'static/tests/narrow', '--access-token', rootToken, taskId), 4,
    new RegExp(`^troupe: [^]*queue:status:${taskId}`));
  await refusedBy(run('--client-id', 'nobody', '--access-token', 'x'.repeat(44), taskId), 4,
    /^troupe: /);
  await refusedBy(run('../../ping'), 2, /must be a slugid/);
  await refusedBy(run(), 2, /taskId is required/);
  await refusedBy(place.run(['explain', taskId]), 5, /^troupe: /);
});

test('a worker pool says that it is full, or that its workers do not stay', async () => {
  const home = new Place();
  try {
    const up = await home.up('--no-hello', '--data', home.data, '--local-workers-max', '1',
      '--capacity', '1');
    const credentials = JSON.parse(
      fs.readFileSync(path.join(home.data, 'root-credentials'), 'utf8'));
    const options = { rootUrl: up.rootUrl, credentials, retries: 0 };
    const local = new taskcluster.Queue(options);
    const ask = (taskId) => new Explainer(options).explain(taskId);
    const make = async () => {
      const taskId = slugid();
      await local.createTask(taskId, definition({ taskQueueId: 'local/default', retries: 40,
        payload: { command: [['sleep', '300']], maxRunTime: 600 } }));
      return taskId;
    };
    const first = await make();
    await until('it runs', async () => (await ask(first)).state === 'running');
    const second = await make();
    const full = await ask(second);
    wellFormed(full, second);
    assert.deepEqual(codes(full), ['pool-at-limit', 'workers-busy', 'waiting-in-queue']);
    assert.equal(full.reasons[0].text, 'The worker pool has 1 of at most 1 worker.');
    assert.deepEqual(full.facts.pool, { starting: 0, running: 1, stopping: 0, maxWorkers: 1,
      capacityPerWorker: 1, failures: 0 });
    // Whatever worker comes is killed, so that the pauses between them become long.
    const failing = await until('the pool waits before its next start', async () => {
      for (const line of home.processes())
        if (/ worker --queue /.test(line)) {
          try {
            process.kill(Number(line.split(' ')[0]), 'SIGKILL');
          } catch {
            // it has ended meanwhile
          }
        }
      const answer = await ask(second);
      return answer.reasons[0].code === 'pool-start-failing' &&
        answer.reasons[0].importance === 'blocking' && answer;
    });
    wellFormed(failing, second);
    const { details, text } = failing.reasons[0];
    assert.match(text, /^The worker pool of queue local\/default had \d+ failures? in a row, the last one: signal 9 \(Killed\)\.$/);
    assert.ok(details.failures > 0);
    assert.ok(!Number.isNaN(Date.parse(details.nextStart)));
  } finally {
    await home.clear();
  }
});

test('after a restart it knows the same', async () => {
  const taskQueueId = fresh();
  const first = await create({ taskQueueId });
  const second = await create({ taskQueueId });
  const behind = await create({ taskQueueId, dependencies: [first, second] });
  await claim(taskQueueId);
  const known = await Promise.all([second, behind].map(explain));
  await server.restart('SIGKILL');
  const known2 = await Promise.all([second, behind].map(explain));
  for (const answer of [...known, ...known2]) delete answer.facts.workers?.lastActive;
  assert.deepEqual(known2.map(codes), known.map(codes));
  assert.deepEqual(known2[0].facts.queue, known[0].facts.queue);
  assert.deepEqual(known2[1].reasons, known[1].reasons);
});
