// `troupe up`: everything on one machine, and nothing of it left behind.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Place } from './support/programs.mjs';
import { sleep, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';

function placeTest(name, body) {
  test(name, async () => {
    const place = new Place();
    try {
      await body(place);
    } finally {
      await place.clear();
    }
  });
}

const queueOf = (up, data) => new taskcluster.Queue({ rootUrl: up.rootUrl, retries: 0,
  credentials: JSON.parse(fs.readFileSync(path.join(data, 'root-credentials'), 'utf8')) });

const command = (script) => {
  const now = Date.now();
  return { taskQueueId: 'local/default', created: new Date(now).toJSON(),
    deadline: new Date(now + 3600_000).toJSON(),
    payload: { command: [['/bin/sh', '-c', script]], maxRunTime: 600 },
    metadata: { name: 'task of a test', description: '', owner: 'tests@example.com',
      source: 'https://example.com/tests' } };
};

placeTest('up --once runs the hello task, tells its story and leaves nothing', async (place) => {
  const up = await place.up('--once');
  const { code } = await up.ended;
  assert.equal(code, 0, up.err);
  const story = [/^Troupe is up at http:\/\/127\.0\.0\.1:\d+$/, /^ {2}root credentials {2}\S+$/,
    /^ {2}events {12}tcp:\/\/127\.0\.0\.1:\d+ \(ZeroMQ PUB\), replay at \d+$/,
    /^ {2}metrics {11}http:\/\/127\.0\.0\.1:\d+\/metrics$/,
    /^ {2}remote workers {4}127\.0\.0\.1:\d+ \(CAF by mutual TLS\), certificates in \S+\/tls$/,
    /^ {2}data {14}temporary; keep them with --data DIR$/,
    /^hello task \S{22} at http:\/\/127\.0\.0\.1:\d+\/tasks\/\S{22}$/,
    /^hello task completed$/, /^stopping$/];
  const lines = up.err.trimEnd().split('\n');
  assert.equal(lines.length, story.length, up.err);
  story.forEach((line, i) => assert.match(lines[i], line));
  const log = up.out.split('\n');
  for (const line of ['Hello from a Troupe task.', 'line 1', 'line 2', 'line 3'])
    assert.equal(log.filter((l) => l === line).length, 1, up.out);
  await place.nothingIsLeft();
  assert.deepEqual(fs.readdirSync(place.temporary), []);
  assert.deepEqual(fs.readdirSync(path.join(place.directory, 'troupe')), []);
});

placeTest('a proxy in the environment does not stand between the parts on one machine',
  async (place) => {
    const proxy = 'http://127.0.0.1:1';
    Object.assign(place.env, { http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy });
    delete place.env.no_proxy;
    delete place.env.NO_PROXY;
    const up = await place.up('--once');
    assert.equal((await up.ended).code, 0, up.err);
  });

placeTest('Ctrl-C ends all in order while a task runs, and the next start retries the task',
  async (place) => {
    const first = await place.up('--no-hello', '--data', place.data);
    const taskId = slugid();
    await queueOf(first, place.data).createTask(taskId,
      command('if [ "$RUN_ID" = 0 ]; then echo begun; sleep 300; fi; echo again'));
    await until('the task runs', () => place.processes().some((p) => / sleep 300 /.test(p)));
    first.process.kill('SIGINT');
    assert.deepEqual(await first.ended, { code: 0, signal: null }, first.err);
    assert.match(first.err, /^stopping$/m);
    await place.nothingIsLeft();
    const second = await place.up('--no-hello', '--data', place.data);
    const q = queueOf(second, place.data);
    const status = await until('the task is resolved', async () => {
      const found = (await q.status(taskId)).status;
      return found.state === 'completed' ? found : undefined;
    });
    assert.deepEqual(status.runs.map((run) => run.reasonResolved), ['worker-shutdown', 'completed']);
    second.process.kill('SIGTERM');
    assert.equal((await second.ended).code, 0);
    await place.nothingIsLeft();
  });

placeTest('Ctrl-C during the hello task of --once ends with 1', async (place) => {
  const up = await place.up('--once');
  await up.says(/^line 1$/m);
  up.process.kill('SIGINT');
  assert.deepEqual(await up.ended, { code: 1, signal: null }, up.err);
  await place.nothingIsLeft();
});

placeTest('kill -9 leaves no Redis, no worker and no task behind', async (place) => {
  const up = await place.up('--no-hello', '--data', place.data);
  await queueOf(up, place.data).createTask(slugid(), command('sleep 300'));
  await until('the task runs', () => place.processes().some((p) => / sleep 300 /.test(p)));
  await up.kill('SIGKILL');
  await place.nothingIsLeft(30000);
  // What it left in files keeps nobody from going on.
  const run = place.run(['run', '--', 'true']);
  assert.equal((await run.ended).code, 5);
  assert.match(run.err, /^troupe: no troupe runs here; start one with 'troupe up'/);
  const next = await place.up('--once', '--data', place.data);
  assert.equal((await next.ended).code, 0, next.err);
});

placeTest('a start right after kill -9 waits for the Redis that is still about to end',
  async (place) => {
    const redises = () => place.processes().filter((line) => /^\d+ redis-server .*redis\.sock/.test(line))
      .map((line) => Number(line.split(' ')[0]));
    const first = await place.up('--no-hello', '--data', place.data);
    const taskId = slugid();
    await queueOf(first, place.data).createTask(taskId,
      { ...command('true'), taskQueueId: 'nobodys/queue' });
    const [redis] = redises();
    process.kill(redis, 'SIGSTOP');
    await first.kill('SIGKILL');
    const second = place.run(['up', '--no-hello', '--http-port', '0', '--zmq-pub-port', '0',
      '--zmq-router-port', '0', '--caf-port', '0', '--metrics-port', '0', '--data', place.data]);
    await until('the second has begun', () => place.processes().some((p) => / up --no-hello /.test(p)));
    await sleep(700);  // time enough to start another one, if it did not wait
    assert.deepEqual(redises(), [redis]);
    assert.doesNotMatch(second.err, /is up/);
    process.kill(redis, 'SIGCONT');
    const [, rootUrl] = await second.says(/Troupe is up at (\S+)/);
    assert.equal((await queueOf({ rootUrl }, place.data).status(taskId)).status.state, 'pending');
  });

placeTest('a standard port in use is replaced, and the other subcommands find the newest server',
  async (place) => {
    const occupant = net.createServer();
    // When somebody else has the port already, that is as good.
    await new Promise((resolve) => {
      occupant.on('error', resolve);
      occupant.listen(8080, '127.0.0.1', resolve);
    });
    try {
      const first = place.run(['up', '--no-hello']);
      const [, url] = await first.says(/Troupe is up at (\S+)/);
      assert.notEqual(new URL(url).port, '8080');
      assert.match(first.err, /^port 8080 is in use; http-port is any free one$/m);
      const second = await place.up('--no-hello');
      const through = async (what) => {
        const run = place.run(['run', '--', 'true']);
        assert.equal((await run.ended).code, 0, run.err);
        assert.ok(run.err.includes(what), run.err);
      };
      await through(second.rootUrl);
      second.process.kill('SIGINT');
      await second.ended;
      await through(url);
    } finally {
      occupant.close();
    }
  });

placeTest('what cannot work is told in one line, with what to do', async (place) => {
  const first = await place.up('--no-hello', '--data', place.data);
  const { port } = new URL(first.rootUrl);
  const refusals = [
    [['--data', place.data], {}, /is used by another troupe; stop that one first/],
    [['--http-port', port], {}, new RegExp(`${port}.*or choose another with --http-port`)],
    [['--zmq-pub-port', port], {}, new RegExp(`${port}.*choose another with --zmq-pub-port`)],
    [['--data', '/dev/null/data'], {}, /cannot write to the data directory .*--data DIR/],
    [['--http-port', 'many'], {}, /http-port.*'many'/],
    [['--redis', 'unix:/nonexistent/redis.sock'], {}, /start it, or name another/],
    [[], { PATH: '/nonexistent' }, /redis-server is not installed; run script\/bootstrap/],
  ];
  for (const [args, env, text] of refusals) {
    const ports = ['http', 'zmq-pub', 'zmq-router'].filter((p) => !args.includes(`--${p}-port`))
      .flatMap((p) => [`--${p}-port`, '0']);
    const up = place.run(['up', ...ports, ...args], { env });
    assert.equal((await up.ended).code, 2, up.err);
    assert.match(up.err, text);
    assert.equal(up.err.trimEnd().split('\n').length, 1, up.err);
  }
  first.process.kill('SIGINT');
  await first.ended;
  await place.nothingIsLeft();
});
