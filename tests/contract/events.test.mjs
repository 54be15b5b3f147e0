// The event bus over ZeroMQ: the contract of events, sections 1, 2 and 8, and the example programs
// that listen to it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Publisher, Router } from 'zeromq';
import { root, Server, subscriberProgram, until } from './support/server.mjs';
import { Feed, replay } from './support/events.mjs';
import { assertValid } from './support/schemas.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server;
let q;
let feed;
let number = 0;

before(async () => {
  server = await Server.start();
  q = queue(server);
  feed = await Feed.open(server);
});
after(async () => {
  feed?.close();
  await server?.stop();
});

const names = new taskcluster.QueueEvents({ rootUrl: 'http://127.0.0.1' });
const exchangeOf = (name) => names[name]({}).exchange;
const fresh = (overrides) => definition({ taskQueueId: `events/q${number++}`, ...overrides });
const worker = { workerGroup: 'g', workerId: 'w' };

// A whole life with everything that is told of it; the names of its events in order.
async function completeLife() {
  const taskId = slugid();
  const def = fresh({ routes: ['index.a.b', 'notify.é "x"'] });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, worker);
  await q.createArtifact(taskId, 0, 'public/a', { storageType: 'reference',
    url: 'https://example.com/a', contentType: 'text/plain', expires: inSeconds(600) });
  await q.reportCompleted(taskId, 0);
  await feed.wait(def.taskGroupId, 'task-group-resolved');
  return { taskId, def };
}

const lifeEvents = ['task-defined', 'task-pending', 'task-running', 'artifact-created',
  'task-completed'];

test('all events of a life cycle arrive in order, valid by their schemas', async () => {
  const { taskId, def } = await completeLife();
  assert.deepEqual(feed.of(taskId).map((e) => e.name), lifeEvents);
  const failed = slugid();
  const canceled = slugid();
  const second = fresh();
  await q.createTask(failed, second);
  await q.claimWork(second.taskQueueId, worker);
  await q.reportFailed(failed, 0);
  await q.createTask(canceled, second);
  await q.cancelTask(canceled);
  await feed.wait(canceled, 'task-exception');
  assert.deepEqual(feed.of(failed).map((e) => e.name),
    ['task-defined', 'task-pending', 'task-running', 'task-failed']);
  assert.deepEqual(feed.of(canceled).map((e) => e.name),
    ['task-defined', 'task-pending', 'task-exception']);
  const all = [taskId, failed, canceled, def.taskGroupId].flatMap((id) => feed.of(id));
  for (const event of all) assertValid(event);
});

test('frames are topic, meta and payload, one copy for each key, all with the same id', async () => {
  const { taskId, def } = await completeLife();
  for (const event of feed.of(taskId)) {
    const copies = feed.messages.filter((m) => m.meta?.id === event.id);
    const keys = [event.routingKey, ...def.routes.map((route) => `route.${route}`)];
    assert.deepEqual(copies.map((m) => m.topic), keys.map((key) => `${event.exchange}|${key}.`));
    assert.equal(event.exchange, `exchange/taskcluster-queue/v1/${event.name}`);
    assert.deepEqual(event.cc, keys.slice(1));
    for (const { meta, body } of copies) {
      assert.deepEqual(meta, copies[0].meta);
      assert.equal(body, copies[0].body);
      assert.deepEqual(Object.keys(meta),
        ['id', 'seq', 'exchange', 'routingKey', 'cc', 'time', 'redelivered']);
      assert.equal(meta.seq, meta.id);
      assert.equal(meta.redelivered, false);
      assert.match(meta.id, /^\d+-\d+\.\d+$/);
      assert.match(meta.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  }
});

test('routing keys have the fields of the reference in its order', async () => {
  const { taskId, def } = await completeLife();
  const [event] = feed.of(taskId, 'task-running');
  const pattern = names.taskRunning({ taskId, runId: 0, workerGroup: 'g', workerId: 'w',
    provisionerId: 'events', schedulerId: def.schedulerId, taskGroupId: def.taskGroupId });
  assert.equal(pattern.exchange, event.exchange);
  const words = event.routingKey.split('.');
  const wanted = pattern.routingKeyPattern.split('.');
  assert.equal(words.length, wanted.length);
  wanted.forEach((word, i) => { if (!'*#'.includes(word)) assert.equal(words[i], word); });
  assert.equal(words.at(-1), '_');
});

test('events are numbered without gaps within a shard, and their times never decrease', async () => {
  await completeLife();
  const newest = new Map();
  for (const { id } of feed.events) {
    const [ms, shard, n] = id.split(/[-.]/).map(Number);
    const last = newest.get(shard);
    if (last) {
      assert.equal(n, last.n + 1);
      assert.ok(ms >= last.ms);
    }
    newest.set(shard, { n, ms });
  }
});

test('a subscription gets whole words only, and one to nothing disturbs nobody', async () => {
  const prefix = `${exchangeOf('taskDefined')}|route.word.`;
  const some = await Feed.open(server, [prefix, 'exchange/of-nobody/v1/nothing|']);
  const [right, wrong] = [slugid(), slugid()];
  await q.createTask(wrong, fresh({ routes: ['words.a'] }));
  await q.createTask(right, fresh({ routes: ['word.a'] }));
  await some.wait(right, 'task-defined');
  assert.deepEqual(some.events.map((e) => e.payload.status.taskId), [right]);
  some.close();
});

test('REPLAY gives what came after an event, marked, with the same ids and bytes', async () => {
  const { taskId } = await completeLife();
  const sent = feed.of(taskId);
  const all = await replay(server, { after: sent[0].id });
  assert.equal(all.end.gap, false);
  assert.equal(all.end.events, all.messages.length);
  for (const event of sent) {
    const again = all.messages.filter((m) => m.meta.id === event.id);
    assert.equal(again.length, 1);
    assert.equal(again[0].topic, `${event.exchange}|${event.routingKey}.`);
    assert.deepEqual(again[0].meta, { ...event.meta, redelivered: true });
    assert.equal(again[0].body, event.body);
  }
  const some = await replay(server, { after: sent[0].id, exchange: exchangeOf('taskCompleted'),
    pattern: `primary.${taskId}.#` });
  assert.deepEqual(some.messages.map((m) => m.meta.id), [sent.at(-1).id]);
  const byRoute = await replay(server, { after: sent[0].id, exchange: exchangeOf('taskPending'),
    pattern: '#.index.#' });
  assert.ok(byRoute.messages.some((m) => m.meta.id === sent[1].id));
});

test('CT-13 a route is one key whatever it holds, live and in a replay', async () => {
  const taskId = slugid();
  const routes = ['a\nb', 'c\\nd\\', 'e f'];
  await q.createTask(taskId, fresh({ routes }));
  await feed.wait(taskId, 'task-defined');
  const [live] = feed.of(taskId, 'task-defined');
  assert.deepEqual(live.meta.cc, routes.map((route) => `route.${route}`));
  const { messages } = await replay(server, { after: live.id });
  const [again] = messages.filter((m) => m.meta.id === live.id);
  assert.deepEqual(again.meta, { ...live.meta, redelivered: true });
});

test('after kill -9 numbers go on, and a replay has the events of before', async () => {
  const { taskId } = await completeLife();
  const sent = feed.of(taskId);
  await server.restart('SIGKILL');
  feed.close();
  feed = await Feed.open(server);
  const { messages, end } = await replay(server, { after: sent[0].id });
  assert.equal(end.gap, false);
  const ids = messages.map((m) => m.meta.id);
  for (const { id } of sent) assert.ok(ids.includes(id), id);
  const perShard = new Map();
  for (const id of ids) {
    const [, shard, n] = id.split(/[-.]/).map(Number);
    if (perShard.has(shard)) assert.equal(n, perShard.get(shard) + 1);
    perShard.set(shard, n);
  }
});

test('a log that was cut since then says so by gap, requests that make no sense get a reason',
  async () => {
    const { taskId } = await completeLife();
    const [first] = feed.of(taskId);
    // As if it were long ago; the log is cut by age and size.
    const [ms, rest] = first.id.split('-');
    const shard = rest.split('.')[0].padStart(2, '0');
    await server.redis.command('XTRIM', `troupe:{${shard}}:events`, 'MAXLEN', '1');
    const { end } = await replay(server, { after: `${Number(ms) - 60_000}-${rest}` });
    assert.equal(end.gap, true);
    const { error } = await replay(server, { after: 'yesterday' });
    assert.match(error.message, /yesterday.*<ms>-<stream>\.<n>/);
  });

// -- the example programs -------------------------------------------------------------------------

// A connection between a program and the server that can be cut.
class Cable {
  static async to(port) {
    const cable = new Cable();
    cable.ends = new Set();
    cable.server = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1');
      for (const end of [near, far]) {
        cable.ends.add(end);
        end.on('close', () => { near.destroy(); far.destroy(); });
        end.on('error', () => {});
      }
      near.pipe(far).pipe(near);
    });
    await cable.mend();
    return cable;
  }

  async mend() {
    await new Promise((resolve) => this.server.listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const end of this.ends) end.destroy();
    await closed;
  }
}

class Program {
  constructor(command, pub, router, ...args) {
    this.out = '';
    this.err = '';
    const [file, ...first] = command;
    this.process = spawn(file, [...first, '--pub', `tcp://127.0.0.1:${pub}`, '--router',
      `tcp://127.0.0.1:${router}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (text) => { this.out += text; });
    this.process.stderr.on('data', (text) => { this.err += text; });
    this.ended = new Promise((resolve) => this.process.on('exit', resolve));
  }

  get lines() {
    return this.out.split('\n').slice(0, -1);
  }

  of(taskId) {
    return this.lines.filter((line) => line.includes(taskId));
  }

  async end() {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

// Debian's python3-zmq is for Debian's Python, which need not be the first in the PATH.
function pythonWithZmq() {
  const found = ['python3', '/usr/bin/python3'].find((python) =>
    spawnSync(python, ['-c', 'import zmq']).status === 0);
  if (!found) throw new Error('no Python with zmq; script/bootstrap installs python3-zmq');
  return found;
}

const programs = {
  'subscriber.cpp': [subscriberProgram],
  'subscriber.py': [pythonWithZmq(), '-B',
    path.join(root, 'examples/zeromq-subscriber/subscriber.py')],
};

for (const [name, command] of Object.entries(programs)) {
  test(`${name} prints each event once, and what passed while it was cut off`, async () => {
    const cable = await Cable.to(server.pubPort);
    const program = new Program(command, cable.port, server.routerPort);
    try {
      await until('its subscription works', async () => {
        await q.createTask(slugid(), fresh());
        return program.lines.length > 0;
      });
      const live = slugid();
      await q.createTask(live, fresh({ routes: ['a', 'b'] }));
      await until('the live events are there', () => program.of(live).length === 2);
      await cable.cut();
      const missed = Array.from({ length: 5 }, () => slugid());
      for (const taskId of missed) await q.createTask(taskId, fresh());
      await cable.mend();
      await until('the missed events are there', () =>
        missed.every((taskId) => program.of(taskId).length >= 2), 30000);
      for (const taskId of missed) {
        assert.deepEqual(program.of(taskId).map((line) => line.split(' ')[1]),
          ['task-defined', 'task-pending']);
        for (const line of program.of(taskId)) assert.match(line, / \(replayed\)$/);
      }
      const ids = program.lines.map((line) => line.split(' ')[0]);
      assert.equal(new Set(ids).size, ids.length);
    } finally {
      await program.end();
      await cable.cut();
    }
  });

  test(`${name} takes one exchange and a pattern, an event with two matching keys once`,
    async () => {
      const cable = await Cable.to(server.pubPort);
      const program = new Program(command, cable.port, server.routerPort,
        exchangeOf('taskDefined'), 'route.wanted.*.#.x');
      try {
        const wanted = (...routes) => fresh({ routes });
        await until('its subscription works', async () => {
          await q.createTask(slugid(), wanted('wanted.a.x'));
          return program.lines.length > 0;
        });
        const [twice, never, missed, last] = Array.from({ length: 4 }, () => slugid());
        await q.createTask(never, wanted('wanted.a.y', 'wanted.x', 'other.a.x'));
        await q.createTask(twice, wanted('wanted.a.x', 'wanted.b.c.d.x'));
        await until('the wanted one is there', () => program.of(twice).length > 0);
        await cable.cut();
        await q.createTask(missed, wanted('wanted.é.x'));
        await cable.mend();
        await until('the missed one is there', () => program.of(missed).length > 0, 30000);
        await q.createTask(last, wanted('wanted.a.x'));
        await until('it is live again', () => program.of(last).length > 0, 30000);
        assert.equal(program.of(twice).length, 1);
        assert.equal(program.of(missed).length, 1);
        assert.equal(program.of(never).length, 0);
        assert.ok(program.lines.every((line) => line.split(' ')[1] === 'task-defined'));
      } finally {
        await program.end();
        await cable.cut();
      }
    });

  test(`${name} asks for a replay when numbers are passed over, and tells what is lost`,
    async () => {
      // A server that loses a message on its way.
      const [pub, router] = [new Publisher(), new Router()];
      await pub.bind('tcp://127.0.0.1:*');
      await router.bind('tcp://127.0.0.1:*');
      const port = (socket) => Number(socket.lastEndpoint.split(':').pop());
      const program = new Program(command, port(pub), port(router));
      const frames = (n, redelivered = false) => {
        const id = `${1764000000000 + n}-7.${n}`;
        return [`exchange/x|key.${n}.`, JSON.stringify({ id, seq: id, exchange: 'exchange/x',
          routingKey: `key.${n}`, cc: [], time: '2026-01-01T00:00:00.000Z', redelivered }), '{}'];
      };
      try {
        await until('it listens', async () => {
          await pub.send(frames(1));
          return program.lines.length > 0;
        });
        await pub.send(frames(2));
        await pub.send(frames(4));
        const [client, word, request] = await router.receive();
        assert.equal(word.toString(), 'REPLAY');
        assert.deepEqual(JSON.parse(request), { after: '1764000000001-7.1' });
        await router.send([client, 'MSG', ...frames(3, true)]);
        await router.send([client, 'MSG', ...frames(4, true)]);
        await router.send([client, 'END',
          JSON.stringify({ events: 2, gap: true, newest: ['1764000000004-7.4'] })]);
        await until('it tells', () => /lost: /.test(program.err));
        assert.match(program.err, /gap: /);
        assert.deepEqual(program.lines.map((line) => line.split(' ')[2]),
          ['key.1', 'key.2', 'key.4', 'key.3']);
      } finally {
        await program.end();
        pub.close();
        router.close();
      }
    });
}
