// The stock generic-worker where something ends before its time: claims, workers, the server.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { StockBench, bash } from './support/stock_bench.mjs';
import { end } from './support/server.mjs';
import { inSeconds } from './support/tasks.mjs';

// The worker renews three minutes before the end of a claim, by its own clock. One whose clock is
// behind by most of that needs no claim of minutes for it.
const claimTimeout = 45;
const behind = 168;

let bench;
before(async () => {
  bench = await StockBench.start({ 'claim-timeout': claimTimeout, 'deadline-grace': 1 });
});
after(() => bench?.stop());

// Passes everything on and makes the ends of claims what they look like to a clock that is behind.
async function slowClock(target) {
  const later = (text) => text.replace(/("takenUntil":")([^"]+)"/g, (_, key, time) =>
    `${key}${new Date(Date.parse(time) + behind * 1000).toJSON()}"`);
  const front = http.createServer((request, response) => {
    const onward = http.request(target + request.url,
      { method: request.method, headers: { ...request.headers, 'accept-encoding': 'identity' } },
      (answer) => {
        const pieces = [];
        answer.on('data', (piece) => pieces.push(piece));
        answer.on('end', () => {
          const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers;
          const body = Buffer.concat(pieces);
          const json = /json/.test(headers['content-type']);
          response.writeHead(answer.statusCode, headers);
          response.end(json ? later(body.toString()) : body);
        });
      });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => { front.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${front.address().port}`,
    close() { front.close(); front.closeAllConnections(); } };
}

describe('the stock generic-worker and ends', { concurrency: 8 }, () => {
  test('a task runs on beyond its first claim, and its proxy has the new credentials', async () => {
    const front = await slowClock(bench.server.rootUrl);
    try {
      const of = bench.worker(1, { rootURL: front.url });
      const own = '$TASKCLUSTER_PROXY_URL/api/queue/v1/task/$TASK_ID/runs/$RUN_ID/artifacts';
      const body = JSON.stringify({ storageType: 'reference', contentType: 'text/html',
        url: 'https://example.com/', expires: inSeconds(3600) });
      const id = await bench.create(of, { maxRunTime: 300, features: { taskclusterProxy: true },
        command: bash(`sleep ${claimTimeout + 5}; curl -s -H 'content-type: application/json' ` +
          `-d '${body}' -w 'status %{http_code}' "${own}/public%2Fby-proxy"`) });
      of.start();
      const { runs: [{ takenUntil }] } = await bench.reaches(id, 'running');
      assert.equal(await of.ended(), 0, of.said.slice(-3000));
      const { state, runs } = await bench.status(id);
      assert.equal(state, 'completed', await bench.log(id));
      assert.equal(runs.length, 1);
      assert.ok(runs[0].resolved > takenUntil, 'it was still the run of its worker');
      assert.match(await bench.log(id), /status 200/);
      assert.equal((await bench.names(id))['public/by-proxy'], 'reference');
    } finally {
      front.close();
    }
  });

  for (const signal of ['SIGKILL', 'SIGTERM'])
    test(`the task of a worker that ${signal} ended is run by another after its claim`, async () => {
      const first = bench.worker(0);
      // It ends with its worker, which would leave it behind.
      const command = bash('[ "$RUN_ID" != 0 ] || while kill -0 $PPID; do sleep 0.1; done');
      const id = await bench.create(first, { command, features: { liveLog: false } });
      first.start();
      await bench.reaches(id, 'running');
      await end(first.process, signal);
      const second = bench.worker(1, { workerType: first.workerType });
      assert.equal(await second.start().ended(), 0);
      const { state, runs } = await bench.status(id);
      assert.equal(state, 'completed');
      assert.deepEqual(runs.map((one) => [one.workerId, one.reasonCreated, one.reasonResolved]),
        [[first.workerId, 'scheduled', 'claim-expired'], [second.workerId, 'retry', 'completed']]);
    });

  test('a deadline that passes ends the run, and its worker takes the next task', async () => {
    const of = bench.worker(2);
    const id = await bench.create(of, { command: bash('echo too slow; sleep 8') },
      { deadline: inSeconds(4) });
    of.start();
    await bench.reaches(id, 'exception');
    const next = await bench.create(of, { command: bash('true') });
    assert.equal(await of.ended(), 0, of.said.slice(-3000));
    const { runs } = await bench.status(id);
    assert.deepEqual(runs.map((one) => one.reasonResolved), ['deadline-exceeded']);
    assert.match(await bench.log(id), /^too slow$/m);
    assert.equal((await bench.status(next)).state, 'completed');
  });

  test('a worker that is interrupted finishes its task first', async () => {
    const of = bench.worker(0);
    const id = await bench.create(of, { command: bash('echo begun; sleep 1') });
    of.start();
    await bench.liveLogSays(id, 'begun');
    of.process.kill('SIGINT');
    assert.equal(await of.ended(), 71);
    assert.equal((await bench.status(id)).state, 'completed');
  });

  test('a worker in quarantine gets nothing, and leaves when it was idle for long enough', async () => {
    const of = bench.worker(0, { idleTimeoutSecs: 1 });
    const id = await bench.create(of, { command: bash('true') });
    await bench.root.declareWorker(of.provisionerId, of.workerType, 'stock', of.workerId,
      { expires: inSeconds(3600) });
    await bench.root.quarantineWorker(of.provisionerId, of.workerType, 'stock', of.workerId,
      { quarantineUntil: inSeconds(3600) });
    assert.equal(await of.start().ended(), 68);
    assert.equal((await bench.status(id)).state, 'pending');
  });

  test('the server may be killed while a task runs, and again while nobody asks', async () => {
    const own = await StockBench.start({ durability: 'always', fsync: 'always' });
    try {
      const of = own.worker(2);
      const id = await own.create(of, { artifacts: [
        { type: 'file', path: 'a', name: 'public/a' }],
      command: bash('echo begun; until [ -e go ]; do sleep 0.1; done; echo ended | tee a') });
      of.start();
      await own.liveLogSays(id, 'begun');
      await own.server.kill();
      const { place } = /(?<place>\/\S*\/tasks\/task_\d+)/.exec(of.said).groups;
      fs.writeFileSync(`${place}/go`, '');
      await own.server.launch();
      const { runs } = await own.reaches(id, 'completed');
      assert.equal(runs.length, 1);
      assert.equal(await own.artifact(id, 'public/a'), 'ended\n');
      assert.match(await own.log(id), /begun[^]*ended/);
      await own.server.restart();
      const next = await own.create(of, { command: bash('true') });
      assert.equal(await of.ended(), 0, of.said.slice(-3000));
      assert.equal((await own.status(next)).state, 'completed');
    } finally {
      await own.stop();
    }
  });

  test('workers of one pool share a graph of tasks, each of which is run once', async () => {
    const workers = [bench.worker(3)];
    while (workers.length < 4)
      workers.push(bench.worker(3, { workerType: workers[0].workerType }));
    for (const one of workers) one.start();
    const layers = [];
    for (const number of [0, 1, 2]) {
      const dependencies = layers.at(-1) ?? [];
      const mounts = dependencies.map((taskId) =>
        ({ content: { taskId, artifact: 'public/made' }, file: `from/${taskId}` }));
      layers.push(await Promise.all([0, 1, 2, 3].map((place) => bench.create(workers[0],
        { mounts, command: bash(`cat from/* > made 2>/dev/null; echo ${number}${place} >> made`),
          artifacts: [{ type: 'file', path: 'made', name: 'public/made' }] }, { dependencies }))));
    }
    for (const one of workers) assert.equal(await one.ended(), 0, one.said.slice(-3000));
    for (const id of layers.flat()) {
      const { state, runs } = await bench.status(id);
      assert.deepEqual([state, runs.length], ['completed', 1]);
    }
    const made = (await bench.artifact(layers[2][0], 'public/made')).trim().split('\n');
    const count = (words) => made.filter((one) => one.startsWith(words)).length;
    assert.deepEqual([count('0'), count('1'), count('2')], [16, 4, 1]);
  });
});
