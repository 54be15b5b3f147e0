// Logs that lost workers left, when the store, or the server, is away just then: the workers
// contract, section 6.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { S3Store } from './support/s3_store.mjs';
import { Server, until } from './support/server.mjs';
import { queue, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let store;
let server;
let bench;
let q;

before(async () => {
  store = await S3Store.start();
  server = await Server.start({ 'claim-timeout': 3, 'worker-grace': 1, ...store.settings,
    's3-sign-public-urls': true, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'left/one');
  q = queue(server);
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  await store?.stop();
});

const logs = () => path.join(server.data, 'logs');

const left = (taskId) => fs.readdirSync(logs()).filter((name) => name.startsWith(taskId));

test('workers 6: a log that cannot be uploaded becomes an artifact later, also after a kill',
  async () => {
    const worker = bench.startWorker('left/one', 'killed');
    const taskId = slugid();
    await q.createTask(taskId, bench.script('echo begun; [ "$RUN_ID" != 0 ] || sleep 300'));
    const live = `${server.rootUrl}/api/troupe/v1/log/${taskId}/0`;
    const followed = await until('there is a log', async () => {
      const response = await fetch(live);
      if (response.ok) return response;
      await response.body.cancel();
      return undefined;
    });
    const decoder = new TextDecoder();
    let text = '';
    const reader = followed.body.getReader();
    while (!/^begun$/m.test(text)) text += decoder.decode((await reader.read()).value);
    store.answer = 503;
    worker.kill('SIGKILL');
    await worker.ended;
    for (let read = await reader.read(); !read.done; read = await reader.read())
      text += decoder.decode(read.value);
    assert.match(text, /^\[taskcluster:error\] The worker did not end this log/m);
    const puts = () => store.requests.filter(
      (request) => request.startsWith(`PUT /pub/${taskId}/0/public/logs/live_backing.log`)).length;
    await until('an upload was refused', () => puts() > 0);
    const before = puts();
    let held = false;
    store.gate = (request) => {
      if (request.method !== 'PUT') return Promise.resolve();
      held = true;
      return new Promise(() => {});
    };
    store.answer = undefined;
    await until('it is tried again', () => held && puts() > before, 60000);
    await server.kill('SIGKILL');
    store.gate = undefined;
    await server.launch();
    const kept = await until('the log is an artifact', async () => {
      const response = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/` +
        'artifacts/public%2Flogs%2Flive.log');
      const body = await response.text();
      return response.ok && response.url.startsWith(store.endpoint) ? body : undefined;
    }, 60000);
    assert.equal(kept, text);
    await until('nothing waits for it any more', () => !left(taskId).some(
      (name) => name.endsWith('.keep')));
    await q.cancelTask(taskId);
  });

test('workers 6: what was left of runs that are gone is removed after a restart', async () => {
  const [ended, open] = [slugid(), slugid()];
  await server.kill('SIGKILL');
  fs.mkdirSync(logs(), { recursive: true });
  for (const name of [`${ended}-0.log`, `${ended}-0.log.keep`, `${ended}-0.log.done`,
    `${open}-1.log`]) fs.writeFileSync(path.join(logs(), name), name.endsWith('.log') ? 'text\n' : '');
  await server.launch();
  await until('they are removed', () => left(ended).length === 0 && left(open).length === 0);
});
