// Workers by the CAF port that only wait: they say little, and are not in the way when they are gone.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Relay } from './support/relay.mjs';
import { binary, end, launch, rootToken, Server, until } from './support/server.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

const queueId = 'remote/quiet';
let server;
let q;
const started = [];

async function connected(id, address = `127.0.0.1:${server.cafPort}`) {
  const worker = launch(binary, ['worker', '--queue', queueId, '--group', 'g', '--id', id,
    '--connect', address, '--tls', path.join(server.data, 'tls')],
  { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env,
    TASKCLUSTER_CLIENT_ID: server.credentials.clientId, TASKCLUSTER_ACCESS_TOKEN: rootToken } });
  started.push(worker);
  let text = '';
  for (const stream of [worker.stdout, worker.stderr])
    stream.on('data', (more) => { text += more; });
  await until(() => `the worker is connected; it says ${text}`, () => /connected to/.test(text), 60000);
  return worker;
}

async function run() {
  const taskId = slugid();
  await q.createTask(taskId, definition({ taskQueueId: queueId, deadline: inSeconds(600),
    payload: { command: [['/bin/true']], maxRunTime: 300 } }));
  return until('the task is completed', async () => {
    const { status } = await q.status(taskId);
    return status.state === 'completed' ? status.runs[0].workerId : undefined;
  }, 60000);
}

const claims = () => server.log.split('\n').filter((line) => line.includes('"name":"claimWork"')).length;

before(async () => {
  server = await Server.start({ 'claim-wait': 1, 'log-level': 'debug' });
  q = queue(server);
});
after(async () => {
  for (const worker of started) await end(worker, 'SIGKILL');
  await server?.stop();
});

test('a claim that waits long is made again on the server, not by the worker', async () => {
  const relay = await new Relay().open(server.cafPort);
  const worker = await connected('quiet', relay.address);
  await until('its claim has waited', () => claims() > 0, 60000);
  const [said, made] = [relay.said, claims()];
  await until('and was made again', () => claims() >= made + 3, 60000);
  // Whatever CAF has to say meanwhile is less than one claim and its answer.
  assert.ok(relay.said - said < 1000, `${relay.said - said} bytes`);
  assert.equal(await run(), 'quiet');
  assert.equal(await run(), 'quiet');
  assert.equal((await end(worker, 'SIGTERM')).code, 0);
  relay.close();
});

test('who comes in the name of one that waits and is frozen gets its place', async () => {
  const frozen = await connected('same');
  assert.equal(await run(), 'same');
  frozen.kill('SIGSTOP');
  const next = await connected('same');
  assert.equal(await run(), 'same');
  assert.equal((await end(next, 'SIGTERM')).code, 0);
});
