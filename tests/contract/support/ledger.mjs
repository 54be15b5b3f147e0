// Keeps what a server acknowledged, and holds the server to it afterwards.
import assert from 'node:assert/strict';
import { loggedEvents, storedTasks } from './redis.mjs';
import { until } from './server.mjs';
import { definition, queue, slugid } from './tasks.mjs';

const pick = (list) => list[Math.floor(Math.random() * list.length)];

const eventOf = { completed: 'task-completed', failed: 'task-failed', exception: 'task-exception' };

// The events that led to a status, in order.
function eventsThatLedTo(status) {
  const names = ['task-defined'];
  for (const run of status.runs) {
    if (run.reasonCreated !== 'exception') names.push(`task-pending ${run.runId}`);
    if (run.started) names.push(`task-running ${run.runId}`);
    if (eventOf[run.state]) names.push(`${eventOf[run.state]} ${run.runId}`);
  }
  return names;
}

export class Ledger {
  // `more` makes further members of a task's definition.
  constructor(server, { queueId, group = slugid(), repeat = false, more = () => ({}) }) {
    this.server = server;
    this.more = more;
    this.queueId = queueId;
    this.group = group;
    this.repeat = repeat; // what failed is asked for again until it is answered
    this.tasks = new Map(); // acknowledged, by id
    this.asked = new Map(); // all that was asked for, with its definition
    this.claims = new Map(); // by `<task>/<run>`: the worker and its credentials
    this.unanswered = new Set(); // workers of whose calls one had no answer
    this.reported = new Map(); // by `<task>/<run>`: the reason
    this.reporting = new Set(); // asked for, and not answered
    this.chosen = new Set(); // to be canceled, once
    this.canceled = new Set();
    this.canceling = new Set();
    this.refused = 0;
    this.stopped = false;
  }

  get root() { return queue(this.server); }

  // One call; undefined when its outcome is not known, an error only for what should not be.
  async call(what, onLoss = () => {}) {
    for (;;) {
      try {
        return await what();
      } catch (error) {
        if (error.statusCode >= 400 && error.statusCode < 500) throw error;
        ++this.refused;
        onLoss();
        if (!this.repeat || this.stopped) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async create() {
    const id = slugid();
    const known = [...this.tasks.keys()];
    const dependencies = known.length && Math.random() < 0.4
      ? [...new Set([pick(known), pick(known.slice(-10))])] : [];
    const def = definition({ taskQueueId: this.queueId, taskGroupId: this.group, dependencies,
      retries: 3, priority: pick(['low', 'medium', 'high']), ...this.more() });
    this.asked.set(id, def);
    const answer = await this.call(() => this.root.createTask(id, def));
    if (answer) this.tasks.set(id, def);
  }

  async work(worker) {
    const answer = await this.call(() => this.root.claimWork(this.queueId,
      { workerGroup: 'g', workerId: worker, tasks: 1 + Math.floor(Math.random() * 4) }),
    () => this.unanswered.add(worker));
    if (!answer) return;
    for (const claim of answer.tasks) {
      this.take(claim, worker);
      if (Math.random() < 0.7) await this.report(claim.status.taskId, claim.runId);
    }
  }

  async report(taskId, runId, reason = pick(
    ['completed', 'completed', 'completed', 'failed', 'worker-shutdown', 'internal-error'])) {
    const run = `${taskId}/${runId}`;
    const client = queue(this.server, null, this.claims.get(run).credentials);
    this.reporting.add(run);
    try {
      const answer = await this.call(() => {
        if (reason === 'completed') return client.reportCompleted(taskId, runId);
        if (reason === 'failed') return client.reportFailed(taskId, runId);
        return client.reportException(taskId, runId, { reason });
      });
      if (!answer) return;
      this.reported.set(run, reason);
    } catch (error) {
      assert.equal(error.statusCode, 409, error.message); // canceled meanwhile
      if (this.repeat) return; // or taken by an attempt that had no answer, and more came after it
    }
    this.reporting.delete(run);
  }

  // Each task once: a second time would only repeat the event.
  async cancel() {
    const id = pick([...this.tasks.keys()].filter((one) => !this.chosen.has(one)));
    if (!id) return;
    this.chosen.add(id);
    this.canceling.add(id);
    const answer = await this.call(() => this.root.cancelTask(id));
    if (!answer) return;
    this.canceling.delete(id);
    if (answer.status.runs.at(-1).reasonResolved === 'canceled') this.canceled.add(id);
  }

  // Everything at once, until `stop`.
  load({ creators = 6, workers = 4, cancelers = 1 } = {}) {
    this.stopped = false;
    const loop = async (step) => {
      while (!this.stopped) {
        const refused = this.refused;
        await step();
        if (this.refused > refused && !this.repeat) return; // the server is gone
      }
    };
    const number = this.loads = (this.loads ?? 0) + 1;
    this.loops = Promise.all([
      ...Array.from({ length: creators }, () => loop(() => this.create())),
      ...Array.from({ length: workers }, (_, i) => loop(() => this.work(`w${number}-${i}`))),
      ...Array.from({ length: cancelers }, () => loop(async () => {
        await this.cancel();
        await new Promise((resolve) => setTimeout(resolve, 30));
      })),
    ]);
  }

  async stop() {
    this.stopped = true;
    await this.loops;
  }

  async allStatuses() {
    const ids = [...this.asked.keys()];
    const all = new Map();
    const ask = async () => {
      for (let id; (id = ids.pop()) !== undefined;)
        try {
          all.set(id, (await this.root.status(id)).status);
        } catch (error) {
          assert.equal(error.statusCode, 404, `${id}: ${error.stack} ${error.cause}`);
        }
    };
    await Promise.all(Array.from({ length: 16 }, ask));
    return all;
  }

  // Nothing that was acknowledged is lost, and nothing happened that nobody asked for.
  async check() {
    const statuses = await this.allStatuses();
    for (const id of this.tasks.keys()) assert.ok(statuses.has(id), `task ${id} is lost`);
    for (const [run, { worker }] of this.claims) {
      const [id, number] = run.split('/');
      const found = statuses.get(id).runs[Number(number)];
      assert.equal(found?.workerId, worker, `claim of ${run}`);
    }
    for (const [run, reason] of this.reported) {
      const [id, number] = run.split('/');
      const found = statuses.get(id).runs[Number(number)];
      assert.equal(found.reasonResolved, reason, `report of ${run}`);
    }
    for (const [id, status] of statuses) this.checkOne(id, status);
    await this.checkGroup(statuses);
    this.checkEvents(statuses);
    return statuses;
  }

  checkOne(id, status) {
    if (this.canceled.has(id)) assert.equal(status.runs.at(-1).reasonResolved, 'canceled', id);
    status.runs.forEach((run, i) => {
      const name = `run ${id}/${i}`;
      assert.equal(run.runId, i);
      if (i + 1 < status.runs.length) assert.equal(run.reasonResolved, 'worker-shutdown', name);
      if (run.workerId && !this.claims.has(`${id}/${i}`))
        assert.ok(this.unanswered.has(run.workerId), `${name} was claimed, but nobody asked for it`);
      const reason = run.reasonResolved;
      if (reason === 'canceled')
        assert.ok(this.canceled.has(id) || this.canceling.has(id), `nobody canceled ${name}`);
      else if (reason && !this.reported.has(`${id}/${i}`))
        // A claim that could not be delivered is given back.
        assert.ok(this.reporting.has(`${id}/${i}`) ||
          (reason === 'worker-shutdown' && !this.claims.has(`${id}/${i}`)), `nobody reported ${name}`);
    });
    const retried = status.runs.filter((run) => run.reasonCreated === 'retry').length;
    assert.equal(status.retriesLeft, 3 - retried, id);
  }

  async checkGroup(statuses) {
    const listed = [];
    for (let continuationToken; ;) {
      const page = await this.root.listTaskGroup(this.group,
        { limit: 400, ...(continuationToken ? { continuationToken } : {}) });
      listed.push(...page.tasks);
      continuationToken = page.continuationToken;
      if (!continuationToken) break;
    }
    assert.deepEqual(listed.map((t) => t.status.taskId).sort(), [...statuses.keys()].sort());
    for (const { status } of listed) assert.deepEqual(status, statuses.get(status.taskId));
  }

  // A row and its events are one commit: each status is what its events say, in their order.
  checkEvents(statuses) {
    const byTask = new Map();
    for (const event of loggedEvents(this.server.redis)) {
      if (event.payload.taskGroupId || !this.asked.has(event.about)) continue;
      const name = event.payload.runId === undefined ? event.name
        : `${event.name} ${event.payload.runId}`;
      const names = byTask.get(event.about) ?? byTask.set(event.about, []).get(event.about);
      names.push(name);
    }
    for (const [id, status] of statuses) {
      let names = byTask.get(id);
      const expected = eventsThatLedTo(status);
      // A call that was repeated repeats its event.
      if (this.repeat) {
        assert.deepEqual(new Set(names), new Set(expected), `events of ${id}`);
        names = names.filter((name, i) => names.indexOf(name) === i);
      }
      assert.deepEqual(names, expected, `events of ${id}`);
    }
    for (const id of byTask.keys()) assert.ok(statuses.has(id), `events of ${id}, which is not there`);
  }

  // What waits is handed out by priority, then by age.
  async checkOrder() {
    const ranks = { low: 3, medium: 4, high: 5 };
    const waiting = [...storedTasks(this.server.redis)].filter(([, { status }]) =>
      status.state === 'pending' && status.taskQueueId === this.queueId);
    waiting.sort(([a, x], [b, y]) => ranks[y.status.priority] - ranks[x.status.priority]
      || x.enqueuedUs - y.enqueuedUs || (a < b ? -1 : 1));
    const claimed = [];
    while (claimed.length < waiting.length) {
      const { tasks } = await this.root.claimWork(this.queueId,
        { workerGroup: 'g', workerId: 'orderly', tasks: 32 });
      assert.ok(tasks.length > 0);
      for (const claim of tasks) this.take(claim, 'orderly');
      claimed.push(...tasks.map((claim) => claim.status.taskId));
    }
    assert.deepEqual(claimed, waiting.map(([id]) => id));
  }

  take(claim, worker) {
    const run = `${claim.status.taskId}/${claim.runId}`;
    assert.ok(!this.claims.has(run), `run ${run} was handed out twice`);
    this.claims.set(run, { worker, credentials: claim.credentials });
  }

  async workOff() {
    const { tasks } = await this.root.claimWork(this.queueId,
      { workerGroup: 'g', workerId: 'last', tasks: 32 });
    for (const claim of tasks) this.take(claim, 'last');
    await Promise.all(tasks.map((claim) =>
      this.report(claim.status.taskId, claim.runId, 'completed')));
  }

  // Brings everything to its end: what runs is reported, what waits is claimed. Every task whose
  // dependencies completed must have been freed.
  async finish() {
    const open = new Set();
    for (const [id, status] of await this.allStatuses()) {
      const last = status.runs.at(-1);
      if (last?.state !== 'running') continue;
      const run = `${id}/${last.runId}`;
      if (this.claims.has(run)) await this.report(id, last.runId, 'completed');
      else open.add(id);
    }
    // Whose claim got lost on its way to the worker waits for the claim to expire; not we.
    for (const id of open) {
      this.chosen.add(id);
      this.canceling.add(id);
      await this.root.cancelTask(id);
      this.canceled.add(id);
    }
    // What a report frees may be on another lane, and reach its queue after the report's answer.
    await until('everything has come to its end', async () => {
      while ((await this.root.taskQueueCounts(this.queueId)).pendingTasks > 0) await this.workOff();
      const statuses = await this.allStatuses();
      const moves = ([id, { state }]) => state === 'pending' || (state === 'unscheduled' &&
        this.asked.get(id).dependencies.every((other) => statuses.get(other).state === 'completed'));
      return ![...statuses].some(moves);
    });
    const statuses = await this.check();
    for (const [id, status] of statuses) {
      const needs = this.asked.get(id).dependencies.map((other) => statuses.get(other).state);
      if (needs.every((state) => state === 'completed'))
        assert.notEqual(status.state, 'unscheduled', `${id} was not freed`);
      assert.ok(['completed', 'failed', 'exception', 'unscheduled'].includes(status.state), id);
    }
    const { pendingTasks, claimedTasks } = await this.root.taskQueueCounts(this.queueId);
    assert.deepEqual([pendingTasks, claimedTasks], [0, 0]);
    return statuses;
  }
}
