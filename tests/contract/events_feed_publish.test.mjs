// What others publish over the event feed, and when events are there. Dev-mode contract section 2.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import hawk from 'hawk';
import { Feed, replay } from './support/events.mjs';
import { Reader, all, feedPath } from './support/readers.mjs';
import { Server, rootToken } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

const publishers = [
  { clientId: 'static/tests/publisher', accessToken: rootToken, description: 'publishes',
    scopes: ['events:publish:exchange/mine/*'] },
  { clientId: 'static/tests/reader', accessToken: rootToken, description: 'reads',
    scopes: ['web:read-pulse'] },
];
let server;
let q;

before(async () => {
  server = await Server.start({ clients: publishers });
  q = queue(server);
});
after(() => server?.stop());

async function signedIn(id = 'static/taskcluster/root') {
  const reader = await Reader.open(server);
  const { header } = hawk.client.header(`${server.rootUrl}${feedPath}`, 'GET',
    { credentials: { id, key: rootToken, algorithm: 'sha256' } });
  reader.send({ authorization: header });
  await reader.next('authorized');
  return reader;
}

async function subscribed(selection = all) {
  const reader = await signedIn();
  await reader.subscribe(selection);
  return reader;
}

const thing = { exchange: 'exchange/mine/v1/thing', routingKey: 'primary.a.b',
  routes: ['index.x', 'y'], payload: { deep: [1, { ü: null }] } };
const told = ({ id, ...event }) => {
  assert.match(id, /^\d+-published\.\d+$/);
  return event;
};
const wanted = { exchange: thing.exchange, routingKey: thing.routingKey,
  cc: ['route.index.x', 'route.y'], payload: thing.payload };

test('dev mode 2 what is published reaches every subscriber before it is answered', async () => {
  const reader = await subscribed();
  const other = await subscribed([{ exchange: 'exchange/mine/#', routingKey: 'route.index.#' }]);
  const bus = await Feed.open(server, ['exchange/mine/']);
  reader.send({ publish: thing, id: 7 });
  assert.deepEqual(await reader.next('published'), { published: 7 });
  const before = reader.texts.slice(0, reader.texts.findIndex((text) => 'published' in text))
    .filter((text) => text.exchange);
  assert.deepEqual(before.map(told), [wanted]);
  assert.deepEqual((await other.events()).map(told), [wanted]);
  const [again] = (await replay(server, { exchange: thing.exchange })).messages;
  assert.equal(again.meta.id, before[0].id);
  assert.deepEqual(JSON.parse(again.body), thing.payload);
  await other.subscribe(all, { after: `${Number(before[0].id.split('-')[0]) - 1}-published.0` });
  assert.ok((await other.events()).some(({ id }) => id === before[0].id));
  bus.close();
  await reader.close();
  await other.close();
});

test('dev mode 2 what was published survives a crash, and numbers go on', async () => {
  const reader = await subscribed();
  const ids = async (from) => {
    for (let id = 0; id < 20; ++id) from.send({ publish: { ...thing, payload: { id } }, id });
    const events = (await from.events()).filter(({ exchange }) => exchange === thing.exchange);
    while (from.texts.filter((text) => 'published' in text).length < 20) await from.events();
    return [...events, ...(await from.events())].map(({ id }) => id);
  };
  await ids(reader);
  await server.restart('SIGKILL');
  q = queue(server);
  const next = await subscribed();
  await ids(next);
  const { messages, end } = await replay(server, { exchange: thing.exchange });
  assert.equal(end.gap, false);
  const primary = messages.filter(({ meta }) => meta.cc.length === 2);
  const numbers = primary.map(({ meta }) => Number(meta.id.split('.')[1]));
  assert.deepEqual(numbers, numbers.map((_, i) => i + 1));
  assert.ok(end.newest.some((id) => /-published\.\d+$/.test(id)));
  await next.close();
});

test('dev mode 2 bad exchanges, keys and payloads are answered with what is wrong', async () => {
  const reader = await subscribed();
  const long = 'x'.repeat(256);
  const bad = [
    [7, /"publish"/], [{}, /exchange/], [{ exchange: 7 }, /exchange/],
    [{ exchange: 'elsewhere/x' }, /exchange.*elsewhere/], [{ exchange: 'exchange/' }, /exchange/],
    [{ exchange: 'exchange/a//b' }, /empty/], [{ exchange: 'exchange/a|b' }, /exchange/],
    [{ exchange: 'exchange/#' }, /#/], [{ exchange: `exchange/${long}` }, /255/],
    [{ exchange: 'exchange/a\nb' }, /exchange/],
    [{ ...thing, routingKey: 7 }, /routingKey/], [{ ...thing, routingKey: long }, /255.*256/],
    [{ ...thing, routingKey: 'a\u0001' }, /control/], [{ ...thing, routes: 'x' }, /routes/],
    [{ ...thing, routes: [7] }, /routes/], [{ ...thing, routes: [long] }, /routes.*255/],
    [{ ...thing, routes: Array(65).fill('x') }, /64/], [{ ...thing, payload: [] }, /payload/],
    [{ ...thing, payload: 'x' }, /payload/], [{ ...thing, cc: [] }, /cc/],
  ];
  bad.forEach(([publish], id) => reader.send({ publish, id }));
  await reader.events();
  for (const [id, [, why]] of bad.entries()) {
    const answer = reader.texts.find((text) => text.error && text.id === id);
    assert.equal(answer?.error.code, 'InputError', `${id}`);
    assert.match(answer.error.message, why);
  }
  assert.deepEqual((await reader.events()), []);
  reader.send({ publish: { exchange: 'exchange/alone' }, id: 'only' });
  await reader.next('published');
  assert.deepEqual((await reader.events()).map(told),
    [{ exchange: 'exchange/alone', routingKey: '', cc: [], payload: {} }]);
  await reader.close();
});

test('dev mode 2 publishing needs the scope of the exchange', async () => {
  const publisher = await signedIn('static/tests/publisher');
  publisher.send({ publish: thing, id: 1 });
  assert.deepEqual(await publisher.next('published'), { published: 1 });
  publisher.send({ publish: { ...thing, exchange: 'exchange/other' }, id: 2 });
  const refused = await publisher.next('error');
  assert.equal(refused.id, 2);
  assert.equal(refused.error.code, 'InsufficientScopes');
  assert.match(refused.error.message, /events:publish:exchange\/other/);
  // It may not read.
  publisher.send({ subscribe: all });
  assert.equal((await publisher.closed).code, 4403);
  const reader = await signedIn('static/tests/reader');
  reader.send({ publish: thing, id: 3 });
  assert.equal((await reader.next('error')).error.code, 'InsufficientScopes');
  await reader.subscribe(all);
  await reader.close();
  const nobody = await Reader.open(server);
  nobody.send({ publish: thing, id: 4 });
  assert.equal((await nobody.closed).code, 4403);
});

test('dev mode 2 what others say of a task changes nothing', async () => {
  const reader = await subscribed();
  const id = slugid();
  await q.createTask(id, definition({ taskQueueId: 'feed/foreign' }));
  reader.send({ publish: { exchange: 'exchange/taskcluster-queue/v1/task-exception',
    routingKey: `primary.${id}.0.g.w.feed.foreign.-.${id}._`, payload: { status: 7 } }, id: 1 });
  await reader.next('published');
  assert.equal((await q.status(id)).status.state, 'pending');
  await reader.close();
});

test('dev mode 2 the events of a request are there before its answer, and those before a ping before its pong', async () => {
  const reader = await subscribed();
  for (let i = 0; i < 50; ++i) {
    const id = slugid();
    await q.createTask(id, definition());
    const names = (await reader.events())
      .filter(({ payload }) => payload.status?.taskId === id)
      .map(({ exchange }) => exchange.split('/').pop());
    assert.deepEqual(names, ['task-defined', 'task-pending']);
    await q.cancelTask(id);
    assert.ok((await reader.events()).some(({ exchange, payload }) =>
      exchange.endsWith('/task-exception') && payload.status.taskId === id));
  }
  await reader.close();
});

test('dev mode 2 a repeated idempotent call publishes its events again', async () => {
  const reader = await subscribed();
  const id = slugid();
  const task = definition();
  await q.createTask(id, task);
  await q.createTask(id, task);
  await q.cancelTask(id);
  await q.cancelTask(id);
  const names = (await reader.events())
    .filter(({ payload }) => payload.status?.taskId === id)
    .map(({ exchange }) => exchange.split('/').pop());
  assert.deepEqual(names, ['task-defined', 'task-pending', 'task-defined', 'task-pending',
    'task-exception', 'task-exception']);
  await reader.close();
});
