// What is refused at the start, in one line that says what to do, and without harm to others.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { Server } from './support/server.mjs';
import { definition, failure, queue, slugid } from './support/tasks.mjs';

let server;
let q;

before(async () => {
  server = await Server.start();
  q = queue(server);
});
after(() => server?.stop());

// Starts one more server, which must not come up, and gives what it said.
async function refusal(options, change = () => {}) {
  const another = new Server(options);
  change(another);
  try {
    const error = await failure(() => another.launch());
    assert.deepEqual(await another.exited, { code: 2, signal: null });
    assert.match(another.log, /^troupe: [^\n]+\n$/);
    return error.message;
  } finally {
    await another.kill();
  }
}

test('a second server on the same data is refused with one line', async () => {
  const said = await refusal({}, (another) => {
    another.data = server.data;
    another.redis = server.redis;
  });
  assert.match(said, /used by another troupe/);
});

test('a Redis that is not there is refused with one line', async () => {
  assert.match(await refusal({ redis: 'unix:/nonexistent/redis.sock' }), /start it, or name another/);
});

test('a port in use is refused with one line, and the server that has it goes on', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition());
  for (const [option, port] of [['http-port', server.httpPort], ['zmq-pub-port', server.pubPort],
    ['zmq-router-port', server.routerPort]]) {
    const said = await refusal({ [option]: port }, (another) => { another.redis = server.redis; });
    assert.ok(said.includes(String(port)), said);
    assert.ok(said.includes(`--${option}`), said);
  }
  // The server that was there first still has its data.
  assert.equal((await q.status(taskId)).status.state, 'pending');
  await q.cancelTask(taskId);
  assert.ok(!server.log.includes('another server has taken over'));
});

test('a port of another program is refused, too', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.on('listening', resolve));
  try {
    const { port } = other.address();
    assert.match(await refusal({ 'http-port': port }, (another) => {
      another.redis = server.redis;
    }), new RegExp(`${port}.*choose another`));
  } finally {
    other.close();
  }
});

test('a taken-over server ends by itself, and the one that took over has everything', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition());
  const successor = new Server();
  successor.redis = server.redis;
  try {
    await successor.launch();
    const { code } = await server.exited;
    assert.equal(code, 5);
    assert.match(server.log, /another server has taken over this data/);
    assert.equal((await queue(successor).status(taskId)).status.state, 'pending');
  } finally {
    await successor.kill('SIGTERM');
  }
});
