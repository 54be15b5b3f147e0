// How Troupe's own worker uploads: several artifacts at a time, and logs up to a bound. The workers
// contract, sections 2.5 and 6.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { S3Store } from './support/s3_store.mjs';
import { Server } from './support/server.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;

const scopes = ['generic-worker:run-task-as-current-user:work/uploads'];

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/uploads');
  bench.startWorker('work/uploads', 'uploads', {}, ['--max-log', '1']);
});
after(async () => {
  await bench?.stop();
  await server?.stop();
});

async function run(text, payload = {}) {
  const { taskId, status, run: last } = await bench.run(bench.script(text, payload, { scopes }));
  return { taskId, state: status.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

test('section 2.5 many artifacts of a directory are all there, each with its own bytes', async () => {
  const { taskId, state, log } = await run(
    'mkdir d; for i in $(seq 1 60); do head -c $((i * 3000)) /dev/zero | tr "\\0" "x" > d/$i; echo $i >> d/$i; done',
    { artifacts: [{ type: 'directory', path: 'd', name: 'public/d' }] });
  assert.equal(state, 'completed', log);
  const { artifacts } = await bench.q.listLatestArtifacts(taskId);
  assert.equal(artifacts.filter(({ name }) => name.startsWith('public/d/')).length, 60);
  for (let i = 1; i <= 60; ++i)
    assert.equal((await bench.artifact(taskId, `public/d/${i}`)).text, `${'x'.repeat(i * 3000)}${i}\n`);
});

test('section 2.5 several artifacts are on their way at the same time, and never more than four', async () => {
  const store = await S3Store.start();
  const other = await Server.start({ ...store.settings, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  const there = new WorkerBench(other, 'work/uploads');
  try {
    there.startWorker('work/uploads', 'parallel');
    let open = 0;
    let most = 0;
    const waiting = [];
    // Nobody gets in before four are at the door; the log, which comes last, finds it open.
    store.gate = (request) => {
      if (request.method !== 'PUT' || !request.url.includes('/public/d/')) return Promise.resolve();
      most = Math.max(most, ++open);
      return new Promise((resolve) => {
        waiting.push(() => { open -= 1; resolve(); });
        if (waiting.length === 4) for (const enter of waiting.splice(0)) enter();
      });
    };
    const { status } = await there.run(there.script('mkdir d; for i in 1 2 3 4 5 6 7 8; do echo $i > d/$i; done',
      { artifacts: [{ type: 'directory', path: 'd', name: 'public/d' }] }, { scopes }));
    assert.equal(status.state, 'completed');
    assert.equal(most, 4);
  } finally {
    store.gate = undefined;
    await there.stop();
    await other.stop();
    await store.stop();
  }
});

test('section 2.5 what cannot be uploaded is said in the order of the payload, and the first decides', async () => {
  const { taskId, state, log } = await run('echo a > a; echo b > b; echo c > c', { artifacts: [
    { type: 'file', path: 'a', name: 'public/a' },
    { type: 'file', path: 'b', name: 'public/same' },
    { type: 'file', path: 'lost', name: 'public/lost' },
    { type: 'file', path: 'c', name: 'public/same' }] });
  assert.equal(state, 'failed', log);
  assert.equal((await bench.artifact(taskId, 'public/a')).text, 'a\n');
  assert.equal((await bench.artifact(taskId, 'public/same')).text, 'b\n');
  assert.equal((await bench.artifact(taskId, 'public/lost')).status, 424);
  assert.match(log, /public\/lost[^]*public\/same is wanted of/);
});

test('section 6 a log that is too long is cut, says so, and the task goes on', async () => {
  const { taskId, state, log } = await run('head -c 3000000 /dev/zero | tr "\\0" "y"; echo; echo late; echo done > f',
    { artifacts: [{ type: 'file', path: 'f', name: 'public/f' }] });
  assert.equal(state, 'completed');
  assert.equal(/y+/g.exec(log.replace(/^[^]*?\n(?=y{100})/, ''))[0].length, 1024 * 1024);
  assert.match(log, /The task has written more than 1048576 bytes/);
  assert.doesNotMatch(log, /^late$/m);
  assert.match(log, /=== Task Finished ===/);
  assert.equal((await bench.artifact(taskId, 'public/f')).text, 'done\n');
});

test('section 6 a log as long as it may be is whole', async () => {
  const { state, log } = await run('head -c 1000000 /dev/zero | tr "\\0" "z"; echo; echo last');
  assert.equal(state, 'completed');
  assert.match(log, /^last$/m);
  assert.doesNotMatch(log, /is not kept/);
});
