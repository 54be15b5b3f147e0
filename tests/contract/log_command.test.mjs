// `troupe log`: the log of a task on the terminal, now or as it comes.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { Server, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

let server;
let place;
let q;
let worker;

before(async () => {
  server = await Server.start({});
  place = new Place();
  q = queue(server);
  worker = place.run(['worker', '--data', server.data, '--queue', 'log/one', '--group', 'g', '--id',
    'w', '--capacity', '4']);
});
after(async () => {
  await worker?.kill('SIGTERM');
  await place?.clear();
  await server?.stop();
});

const log = (...args) => place.run(['log', '--data', server.data, ...args]);
const state = async (taskId) => (await q.status(taskId)).status.state;

// A task that writes a line, and another one when `go` is called.
async function begin(more = '') {
  const taskId = slugid();
  const flag = path.join(server.directory, taskId);
  await q.createTask(taskId, definition({ taskQueueId: 'log/one', payload: { maxRunTime: 300,
    command: [['/bin/sh', '-c',
      `echo early $RUN_ID; until [ -e ${flag} ]; do sleep 0.05; done; echo late; ${more}`]] } }));
  return { taskId, go: () => fs.writeFileSync(flag, '') };
}

const says = (taskId, what) => until(`the log has ${what}`, async () => {
  const program = log(taskId);
  await program.ended;
  return what.test(program.out) ? program : undefined;
});

test('-f follows to the end of the task, without it there is what has come', async () => {
  const { taskId, go } = await begin();
  const follower = log('-f', taskId);
  await follower.says(/^early 0$/m);
  const now = await says(taskId, /^early 0$/m);
  assert.equal((await now.ended).code, 0);
  assert.doesNotMatch(now.out, /^late$/m);
  assert.equal(await state(taskId), 'running');
  go();
  assert.equal((await follower.ended).code, 0, follower.err);
  assert.match(follower.out, /^late$/m);
  const whole = log(taskId);
  assert.equal((await whole.ended).code, 0);
  assert.equal(whole.out, follower.out);
});

test('the log of a run that is over is read from its artifact when it is live no more', async () => {
  const { taskId, go } = await begin();
  go();
  await until('it is completed', async () => await state(taskId) === 'completed');
  const live = log(taskId);
  await live.ended;
  for (const name of fs.readdirSync(path.join(server.data, 'logs')))
    fs.rmSync(path.join(server.data, 'logs', name));
  await server.restart('SIGTERM');
  const kept = log('-f', taskId);
  assert.equal((await kept.ended).code, 0, kept.err);
  assert.equal(kept.out, live.out);
});

test('--run names one, -f goes on with the next', async () => {
  const { taskId, go } = await begin('exit 7');
  const follower = log('-f', taskId);
  await follower.says(/^early 0$/m);
  const none = log('--run', '1', taskId);
  assert.equal((await none.ended).code, 3);
  assert.match(none.err, /has 1 runs/);
  go();
  await follower.ended;
  assert.equal(await state(taskId), 'failed');
  const first = log('--run', '0', taskId);
  assert.equal((await first.ended).code, 0);
  assert.match(first.out, /^early 0$/m);
});

test('Ctrl-C ends the reading and not the task', async () => {
  const { taskId, go } = await begin();
  const follower = log('-f', taskId);
  await follower.says(/^early 0$/m);
  await follower.kill('SIGINT');
  assert.equal(await state(taskId), 'running');
  go();
  await until('it is completed', async () => await state(taskId) === 'completed');
});

test('exit codes: 2 usage, 3 no such task or log, 5 no server', async () => {
  const wrong = log('nonsense');
  assert.equal((await wrong.ended).code, 2);
  const unknown = log(slugid());
  assert.equal((await unknown.ended).code, 3);
  const taskId = slugid();
  await q.createTask(taskId, definition({ taskQueueId: 'log/nobody' }));
  const pending = log(taskId);
  assert.equal((await pending.ended).code, 3);
  assert.match(pending.err, /is pending and has no log yet/);
  const nowhere = place.run(['log', '--root-url', 'http://127.0.0.1:9', '--client-id', 'c',
    '--access-token', 't', taskId]);
  assert.equal((await nowhere.ended).code, 5);
});
