// A worker that reaches its server by an HTTP proxy only: calls, logs and shells.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ForwardProxy } from './support/forward_proxy.mjs';
import { Server, until } from './support/server.mjs';
import { Shell, socketUrl } from './support/shells.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let proxy;

before(async () => {
  server = await Server.start({ 'claim-timeout': 60, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  proxy = await new ForwardProxy().open(server.httpPort);
  bench = new WorkerBench(server, 'work/behind');
  bench.startWorker(undefined, undefined, { TASKCLUSTER_ROOT_URL: 'http://troupe.test',
    http_proxy: proxy.url, no_proxy: 'elsewhere.test', NO_PROXY: '' });
});
after(async () => {
  await bench?.stop();
  proxy?.close();
  await server?.stop();
});

const limit = { signal: AbortSignal.timeout(120000) };

test('workers 6.5: shells are offered by way of a proxy, and the log grows by it', limit, async () => {
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.script('echo begun; until [ -e go ]; do sleep 0.05; done',
    { features: { interactive: true } }));
  const offered = new URL(await socketUrl(bench.q, taskId));
  assert.equal(offered.host, 'troupe.test');
  const shell = await Shell.open(server.rootUrl.replace('http', 'ws') + offered.pathname);
  shell.type('echo $((6*7))-answer\n');
  await shell.shows(/42-answer/);
  shell.type('touch go\n');
  const status = await until('the task is resolved', async () => {
    const found = (await bench.q.status(taskId)).status;
    return ['completed', 'failed', 'exception'].includes(found.state) ? found : undefined;
  });
  assert.equal(status.state, 'completed');
  assert.match(await bench.log(taskId), /^begun$/m);
  assert.ok(proxy.asked.includes('CONNECT troupe.test:80'), proxy.asked.join('\n'));
  assert.ok(proxy.asked.some((line) => /^PUT http:\/\/troupe\.test\/.*log/.test(line)), proxy.asked.join('\n'));
  assert.equal(proxy.refused, 0);
});
