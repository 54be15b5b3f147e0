// The event feed: GET /api/events/v1/connect as WebSocket and as server-sent events. Dev-mode
// contract section 2, events contract section 4.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import hawk from 'hawk';
import { Reader as FeedReader, all, feedPath as path } from './support/readers.mjs';
import { Server, rootToken, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start({ anonymous: ['web:read-pulse'], 'claim-wait': 0 });
  q = queue(server);
});
after(() => server?.stop());

// Of this file's server, unless said.
class Reader extends FeedReader {
  static open(of = server, target = path) { return FeedReader.open(of, target); }
  static subscribed(selection = all, extra = {}) {
    return FeedReader.subscribed(server, selection, extra);
  }
}

const name = (event) => event.exchange.split('/').pop();
const create = async (overrides = {}) => {
  const id = slugid();
  await q.createTask(id, definition(overrides));
  return id;
};

test('a subscription is answered, and the events of a request are there before its answer', async () => {
  const reader = await Reader.open();
  assert.deepEqual(await reader.subscribe(all), all);
  const route = `index.feed.${slugid()}`;
  const id = await create({ routes: [route] });
  const events = (await reader.events()).filter((event) => event.payload.status?.taskId === id);
  assert.deepEqual(events.map(name), ['task-defined', 'task-pending']);
  for (const event of events) {
    assert.match(event.id, /^\d+-\d+\.\d+$/);
    assert.ok(event.routingKey.startsWith(`primary.${id}.`));
    assert.deepEqual(event.cc, [`route.${route}`]);
    assert.deepEqual(Object.keys(event).sort(), ['cc', 'exchange', 'id', 'payload', 'routingKey']);
  }
  await reader.close();
});

test('patterns of exchange and routing key select, also by routes, and a new subscription replaces the old', async () => {
  const reader = await Reader.subscribed([{ exchange: 'exchange/taskcluster-queue/v1/task-defined' }]);
  const first = await create();
  await reader.subscribe([{ exchange: 'exchange/*/v1/task-pending', routingKey: 'route.index.mine.#' }]);
  await create();
  const mine = await create({ routes: ['index.mine.x'] });
  const events = await reader.events();
  assert.deepEqual(events.map((event) => [name(event), event.payload.status.taskId]),
    [['task-defined', first], ['task-pending', mine]]);
  await reader.close();
});

test('events of a task come in order over its whole life', async () => {
  const id = slugid();
  const reader = await Reader.subscribed([
    { exchange: 'exchange/taskcluster-queue/v1/*', routingKey: `primary.${id}.#` }]);
  await q.createTask(id, definition({ taskQueueId: 'feed/life' }));
  await q.claimWork('feed/life', { workerGroup: 'g', workerId: 'w', tasks: 1 });
  await q.reportCompleted(id, 0);
  assert.deepEqual((await reader.events()).map(name),
    ['task-defined', 'task-pending', 'task-running', 'task-completed']);
  await reader.close();
});

test('a repeated call publishes its events again', async () => {
  const id = slugid();
  const reader = await Reader.subscribed([{ exchange: 'exchange/#', routingKey: `primary.${id}.#` }]);
  const task = definition();
  await q.createTask(id, task);
  await q.createTask(id, task);
  assert.deepEqual((await reader.events()).map(name),
    ['task-defined', 'task-pending', 'task-defined', 'task-pending']);
  await reader.close();
});

test('who comes back names the last event it had and misses none', async () => {
  const group = slugid();
  const selection = [{ exchange: 'exchange/taskcluster-queue/v1/task-defined',
    routingKey: `primary.*.*.*.*.*.*.*.${group}.#` }];
  const ids = [];
  const add = async (count) => {
    for (let i = 0; i < count; ++i) ids.push(await create({ taskGroupId: group }));
  };
  let reader = await Reader.subscribed(selection);
  await add(3);
  const last = (await reader.events()).at(-1);
  await reader.close();
  await add(50);
  reader = await Reader.subscribed(selection, { after: last.id });
  await add(3);
  const events = await reader.events();
  const known = new Set();
  for (const event of events) known.add(event.payload.status.taskId);
  for (const id of ids.slice(3)) assert.ok(known.has(id), `${id} is missing`);
  const uniqueIds = new Set(events.map((event) => event.id));
  assert.equal(uniqueIds.size, events.length, 'an event came twice');
  await reader.close();
});

test('a replay goes on while events come, and the order within a shard stays', async () => {
  const reader = await Reader.subscribed();
  await create();
  const start = (await reader.events())[0].id;
  await reader.close();
  for (let i = 0; i < 20; ++i) await Promise.all(Array.from({ length: 20 }, () => create()));
  const back = await Reader.open();
  back.send({ subscribe: all, after: start });
  const late = [];
  for (let i = 0; i < 20; ++i)
    late.push(...await Promise.all(Array.from({ length: 10 }, () => create())));
  const events = await back.events();
  const last = new Map();
  for (const { id } of events) {
    const [, shard, n] = id.match(/-(\d+)\.(\d+)$/);
    assert.ok(Number(n) > (last.get(shard) ?? 0), `${id} comes too late`);
    last.set(shard, Number(n));
  }
  const known = new Set(events.map((event) => event.payload.status?.taskId));
  for (const id of late) assert.ok(known.has(id));
  await back.close();
});

test('events survive a crash of the server', async () => {
  const own = await Server.start({ anonymous: ['web:read-pulse'] });
  try {
    const id = slugid();
    let reader = await Reader.open(own);
    await reader.subscribe(all);
    await queue(own).createTask(slugid(), definition());
    const [first] = await reader.events();
    await queue(own).createTask(id, definition());
    await own.restart('SIGKILL');
    reader = await Reader.open(own);
    await reader.subscribe(all, { after: first.id });
    const events = await reader.events();
    assert.deepEqual(events.filter((event) => event.payload.status?.taskId === id).map(name),
      ['task-defined', 'task-pending']);
    await reader.close();
  } finally {
    await own.stop();
  }
});

test('an event that is kept no longer is answered by gap', async () => {
  const own = await Server.start({ anonymous: ['web:read-pulse'] });
  try {
    for (let i = 0; i < 4; ++i) {
      const id = slugid();
      await queue(own).createTask(id, definition());
      await queue(own).cancelTask(id);
    }
    for (let shard = 0; shard < 64; ++shard)
      await own.redis.command('XTRIM', `troupe:{${String(shard).padStart(2, '0')}}:events`,
        'MAXLEN', '1');
    const reader = await Reader.open(own);
    await reader.subscribe(all, { after: '1000-3.1' });
    assert.deepEqual((await reader.next('gap')).gap, { after: '1000-3.1' });
    assert.ok((await reader.events()).length > 0);
    await reader.close();
  } finally {
    await own.stop();
  }
});

test('a reader that is too slow is told how much it missed, and nobody waits for it', async () => {
  const { port } = new URL(server.rootUrl);
  const { default: net } = await import('node:net');
  const slow = net.connect(port, '127.0.0.1');
  slow.write(`GET ${path}?bindings=${encodeURIComponent(JSON.stringify({ bindings: all }))} HTTP/1.1\r\n` +
    `Host: 127.0.0.1:${port}\r\n\r\n`);
  let text = '';
  const hear = (data) => { text += data; };
  slow.on('data', hear);
  await until('it reads', () => text.includes('event: ready'));
  slow.pause();
  const tags = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, 'x'.repeat(200)]));
  const group = slugid();
  for (let i = 0; i < 60; ++i)
    await Promise.all(Array.from({ length: 50 }, () => create({ tags, taskGroupId: group })));
  slow.resume();
  const last = await create();
  await until('the last one comes', () => text.includes(last), 60000);
  const gaps = [...text.matchAll(/event: gap\r?\ndata: {"dropped":(\d+)}/g)];
  assert.ok(gaps.length > 0, 'there was no gap');
  const dropped = gaps.reduce((sum, [, count]) => sum + Number(count), 0);
  const told = text.split('event: message').length - 1;
  assert.ok(dropped > 0 && told > 900, `${dropped} dropped, ${told} told`);
  slow.destroy();
});

test('what is said wrongly is answered and does no harm', async () => {
  const reader = await Reader.open();
  const wrong = ['no JSON', '[]', '{"subscribe":{}}', '{"subscribe":[{"routingKey":"#"}]}',
    '{"subscribe":[{"exchange":1}]}', `{"subscribe":[{"exchange":"${'x'.repeat(256)}"}]}`,
    '{"subscribe":[],"after":"x"}', '{"unknown":1}',
    JSON.stringify({ subscribe: Array(257).fill(all[0]) })];
  for (const text of wrong) reader.send(text);
  reader.send({ ping: 'end' });
  await reader.next('pong');
  const errors = reader.texts.filter((text) => text.error);
  assert.equal(errors.length, wrong.length);
  for (const { error } of errors) {
    assert.ok(['InputError', 'InvalidRequestArguments'].includes(error.code), error.code);
    assert.ok(error.message.length > 10);
  }
  assert.deepEqual(await reader.subscribe([]), []);
  reader.socket.send('x'.repeat(300 * 1024));
  await reader.closed;
  await (await Reader.subscribed()).close();
});

test('who may not read events is closed with the reason, unless it signs its first message', async () => {
  const own = await Server.start();
  try {
    let reader = await Reader.open(own);
    reader.send({ subscribe: all });
    const closed = await reader.closed;
    assert.equal(closed.code, 4403);
    assert.match(closed.reason, /web:read-pulse|scopes/);

    const sign = (id) => hawk.client.header(`${own.rootUrl}${path}`, 'GET',
      { credentials: { id, key: rootToken, algorithm: 'sha256' } }).header;
    reader = await Reader.open(own);
    reader.send({ authorization: sign('static/taskcluster/root') });
    assert.deepEqual(await reader.next('authorized'), { authorized: 'static/taskcluster/root' });
    assert.deepEqual(await reader.subscribe(all), all);
    await reader.close();

    reader = await Reader.open(own);
    reader.send({ authorization: sign('static/tests/narrow') });
    assert.equal((await reader.closed).code, 4403);
    reader = await Reader.open(own);
    reader.send({ authorization: 'Hawk id="x"' });
    assert.equal((await reader.closed).code, 4401);

    const bewit = hawk.client.getBewit(`${own.rootUrl}${path}`, { ttlSec: 60,
      credentials: { id: 'static/taskcluster/root', key: rootToken, algorithm: 'sha256' } });
    reader = await Reader.open(own, `${path}?bewit=${bewit}`);
    assert.deepEqual(await reader.subscribe(all), all);
    await reader.close();
    assert.equal((await fetch(`${own.rootUrl}${path}?taskId=${slugid()}`)).status, 403);
  } finally {
    await own.stop();
  }
});

// -- server-sent events ---------------------------------------------------------------------------

// Reads a stream until `enough` says so; the events as objects.
async function read(target, enough, headers = {}) {
  const response = await fetch(`${server.rootUrl}${target}`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.match(response.headers.get('cache-control'), /no-cache/);
  let text = '';
  const events = [];
  for await (const piece of response.body) {
    text += Buffer.from(piece).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = {};
      for (const line of text.slice(0, end).split('\n')) {
        const [, field, value] = line.match(/^(\w+): (.*)$/);
        event[field] = value;
      }
      event.data = JSON.parse(event.data);
      events.push(event);
      text = text.slice(end + 2);
      if (await enough(events)) return events;
    }
  }
  throw new Error('the stream ended');
}

const bindings = (list) => `${path}?bindings=${encodeURIComponent(JSON.stringify({ bindings: list }))}`;

test('server-sent events begin with ready, and carry messages with their routes', async () => {
  const route = `index.sse.${slugid()}`;
  let id;
  const events = await read(bindings([{ exchange: 'exchange/taskcluster-queue/v1/task-defined',
    routingKeyPattern: `route.${route}` }]), async (list) => {
    if (list.length === 1) id = await create({ routes: [route] });
    return list.length === 2;
  });
  assert.deepEqual([events[0].event, events[0].data], ['ready', {}]);
  assert.equal(events[1].event, 'message');
  assert.match(events[1].id, /^\d+-\d+\.\d+$/);
  const { payload, ...rest } = events[1].data;
  assert.equal(payload.status.taskId, id);
  assert.deepEqual({ ...rest, routingKey: '' }, { exchange: 'exchange/taskcluster-queue/v1/task-defined',
    routingKey: '', redelivered: false, routes: [route] });
});

test('server-sent events go on after Last-Event-ID', async () => {
  const id = slugid();
  let first;
  await read(`${path}/?taskId=${id}`, async (list) => {
    if (list.length === 1) await q.createTask(id, definition({ taskQueueId: 'feed/sse' }));
    first = list.find((event) => event.event === 'message');
    return first !== undefined;
  });
  await q.cancelTask(id);
  const events = await read(`${path}/?taskId=${id}`, (list) =>
    list.some((event) => event.data.exchange?.endsWith('task-exception')), { 'last-event-id': first.id });
  assert.deepEqual(events.slice(1).map((event) => event.data.exchange.split('/').pop()),
    ['task-pending', 'task-exception']);
});

test('the events of a task group are those of its tasks and its own', async () => {
  const group = slugid();
  const names = [];
  await read(`${path}?taskGroupId=${group}`, async (list) => {
    if (list.length === 1) {
      await create();
      const id = await create({ taskGroupId: group });
      await q.cancelTask(id);
      await q.sealTaskGroup(group);
    }
    names.splice(0, Infinity, ...list.slice(1).map((event) => event.data.exchange.split('/').pop()));
    return names.includes('task-group-sealed');
  });
  for (const wanted of ['task-defined', 'task-pending', 'task-exception', 'task-group-resolved'])
    assert.ok(names.includes(wanted), wanted);
});

test('a stream without a selection, or with a wrong one, is refused', async () => {
  for (const target of [path, `${path}?bindings=x`, `${path}?bindings=${encodeURIComponent('{}')}`,
    `${path}?taskId=x`, `${path}?taskId=${slugid()}&after=x`]) {
    const response = await fetch(`${server.rootUrl}${target}`);
    assert.equal(response.status, 400, target);
    assert.equal((await response.json()).code, 'InvalidRequestArguments');
  }
});

test('a server that stops says good-bye', async () => {
  const own = await Server.start({ anonymous: ['web:read-pulse'] });
  const reader = await Reader.open(own);
  await reader.subscribe(all);
  const stream = await fetch(`${own.rootUrl}${path}?taskId=${slugid()}`);
  const rest = stream.text();
  await own.stop();
  assert.equal((await reader.closed).code, 1001);
  assert.match(await rest, /event: ready/);
});
