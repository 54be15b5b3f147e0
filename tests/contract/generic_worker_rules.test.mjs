// What a worker has to hold to (contract of workers, section 7), by the stock generic-worker: these
// are combinations of calls that nobody else makes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { makeCertificate } from './support/https.mjs';
import { StockBench, bash } from './support/stock_bench.mjs';
import { until } from './support/server.mjs';
import { inSeconds } from './support/tasks.mjs';

let bench;
before(async () => { bench = await StockBench.start(); });
after(() => bench?.stop());

const file = (from, name, more = {}) => ({ type: 'file', path: from, name, ...more });

describe('the stock generic-worker by the rules', { concurrency: 8 }, () => {
  test('one artifact of two contents is malformed; the first and the logs stay', async () => {
    const { id, state, runs } = await bench.run({ command: bash('echo one > 1; echo two > 2'),
      artifacts: [file('1', 'public/same', { contentType: 'text/plain' }),
        file('2', 'public/same', { contentType: 'text/html' })] });
    assert.equal(state, 'exception');
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
    assert.match(await bench.artifact(id, 'public/same'), /^(one|two)\n$/);
    assert.match(await bench.log(id), /public\/same/);
  });

  test('a file that comes by itself and with its directory is one artifact', async () => {
    const { id, state } = await bench.run({ command: bash('mkdir d; echo x > d/x.txt'),
      artifacts: [file('d/x.txt', 'public/d/x.txt'),
        { type: 'directory', path: 'd', name: 'public/d' }] });
    assert.equal(state, 'completed', await bench.log(id));
    assert.equal(await bench.artifact(id, 'public/d/x.txt'), 'x\n');
  });

  test('a directory that holds the name of the log does not replace the log', async () => {
    const { id, state } = await bench.run({ command: bash('echo the real one; ' +
      'mkdir -p p/logs; echo false > p/logs/live_backing.log; echo beside > p/logs/x'),
    artifacts: [{ type: 'directory', path: 'p', name: 'public' }] });
    assert.equal(state, 'completed');
    assert.match(await bench.log(id), /^the real one$/m);
    assert.equal(await bench.artifact(id, 'public/logs/x'), 'beside\n');
  });

  test('empty files, plain and packed, and a directory without files', async () => {
    const { id, state } = await bench.run({ command: bash('mkdir d; touch e e.zip'), artifacts: [
      { type: 'directory', path: 'd', name: 'public/d' }, file('e', 'public/e'),
      file('e.zip', 'public/e.zip')] });
    assert.equal(state, 'completed', await bench.log(id));
    for (const name of ['public/e', 'public/e.zip']) {
      const answer = await fetch(bench.artifactUrl(id, name));
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), '');
    }
  });

  test('a file that cannot be had does not stop the others, many at once', async () => {
    const many = Array.from({ length: 40 }, (_, n) => `f${n}`);
    const { id, state } = await bench.run({
      command: bash(`for f in ${many.join(' ')}; do echo $f > $f; done; mkdir directory`),
      artifacts: [file('none', 'public/none'), file('directory', 'public/directory'),
        ...many.map((name) => file(name, `public/%2F&+${name}?`))] });
    assert.equal(state, 'failed');
    for (const name of many)
      assert.equal(await bench.artifact(id, `public/%2F&+${name}?`), `${name}\n`);
    const names = await bench.names(id);
    assert.equal(Object.keys(names).length, many.length + 4);
    assert.deepEqual([names['public/none'], names['public/directory']], ['error', 'error']);
  });

  test('artifacts end between deadline and end of their task', async () => {
    const [deadline, between, expires] = [3600, 7200, 86400].map(inSeconds);
    const { id, state } = await bench.run({ command: bash('touch x'),
      artifacts: [deadline, between, expires].map((end, n) =>
        file('x', `public/${n}`, { expires: end })) }, { deadline, expires });
    assert.equal(state, 'completed', await bench.log(id));
    const { artifacts } = await bench.root.listLatestArtifacts(id);
    assert.equal(artifacts.find((one) => one.name === 'public/1').expires, between);
    const { runs } = await bench.run({ command: bash('touch x'),
      artifacts: [file('x', 'public/x', { expires: inSeconds(60) })] });
    assert.equal(runs[0].reasonResolved, 'malformed-payload');
  });

  test('a command that dies of a signal fails; the worker keeps its credentials', async () => {
    const { id, state, of } = await bench.run({ command: bash('env; kill -9 $$') });
    assert.equal(state, 'failed');
    const log = await bench.log(id);
    assert.match(log, new RegExp(`^TASK_ID=${id}$`, 'm'));
    assert.ok(log.includes(`TASKCLUSTER_ROOT_URL=${bench.server.rootUrl}`));
    assert.ok(!log.includes(of.config.accessToken));
  });

  test('mounts that cannot be had fail; what is not a dependency is malformed', async () => {
    const made = await bench.run({ command: bash('echo content > f'),
      artifacts: [file('f', 'public/f')] });
    const attempt = (content, more = { dependencies: [made.id] }, as = { file: 'here' }) =>
      bench.run({ command: bash('true'), mounts: [{ content, ...as }] }, more);
    const of = { artifact: 'public/f', taskId: made.id };
    const sha256 = createHash('sha256').update('other').digest('hex');
    const [missing, wrong, corrupt, stranger] = await Promise.all([
      attempt({ ...of, artifact: 'public/none' }), attempt({ ...of, sha256 }),
      attempt(of, undefined, { directory: 'here', format: 'zip' }), attempt(of, {})]);
    for (const { id, state } of [missing, wrong, corrupt])
      assert.equal(state, 'failed', await bench.log(id));
    assert.equal(stranger.runs[0].reasonResolved, 'malformed-payload');
    assert.match(await bench.log(stranger.id), /dependenc/);
  });

  test('mounts by the index, private ones by the scopes of the task, of objects too', async () => {
    const made = await bench.run({ command: bash('echo plain > f; echo closed > p'),
      artifacts: [file('f', 'public/f'), file('p', 'private/p')] }, {},
    { createObjectArtifacts: true });
    assert.equal(made.state, 'completed', await bench.log(made.id));
    await bench.service('Index').insertTask('stock.latest.one', { taskId: made.id, rank: 1, data: {},
      expires: inSeconds(3600) });
    const mounts = [{ content: { namespace: 'stock.latest.one', artifact: 'public/f' }, file: 'f' },
      { content: { taskId: made.id, artifact: 'private/p' }, file: 'p' }];
    const command = bash('cat f p');
    const dependencies = [made.id];
    const scopes = ['index:find-task:stock.latest.one', 'queue:get-artifact:private/p'];
    const { id, state } = await bench.run({ command, mounts }, { dependencies, scopes });
    assert.equal(state, 'completed', await bench.log(id));
    assert.match(await bench.log(id), /^plain\nclosed$/m);
    const without = await bench.run({ command, mounts: mounts.slice(1) }, { dependencies });
    assert.equal(without.state, 'failed', JSON.stringify(without.runs));
  });

  test('an exit code purges caches, whose scopes may come by a role', async () => {
    await bench.service('Auth').createRole('project:stock:caches', { description: 'of these tests',
      scopes: ['generic-worker:cache:by-role-*'] });
    const of = bench.worker(2);
    const payload = { mounts: [{ cacheName: 'by-role-1', directory: 'cache' }],
      command: bash('echo "cache has: $(ls cache)"; touch cache/kept; exit 9'),
      onExitStatus: { purgeCaches: [9] } };
    const scopes = ['assume:project:stock:caches'];
    const ids = [await bench.create(of, payload, { scopes }),
      await bench.create(of, payload, { scopes })];
    assert.equal(await of.start().ended(), 0);
    for (const id of ids) assert.match(await bench.log(id), /^cache has: $/m);
  });

  test('an interactive shell is where its artifact leads', async () => {
    const of = bench.worker();
    const id = await bench.create(of, { features: { interactive: true },
      command: bash('echo begun; until [ -e go ]; do sleep 0.1; done') });
    of.start();
    await bench.liveLogSays(id, 'begun');
    const name = 'private/generic-worker/shell.html';
    assert.equal((await fetch(bench.artifactUrl(id, name))).status, 403);
    const { url } = await bench.root.latestArtifact(id, name);
    assert.ok(url.startsWith(`${bench.server.rootUrl}/shell/?`), url);
    const asked = new URL(url).searchParams;
    assert.deepEqual([asked.get('taskId'), asked.get('runId')], [id, '0']);
    const socket = new WebSocket(asked.get('socketUrl'));
    let said = '';
    socket.on('message', (data) => { said += data; });
    await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
    socket.send(Buffer.concat([Buffer.from([1]), Buffer.from('touch go; echo by $((40 + 2))\n')]));
    await until(() => `the shell answers, not ${said}`, () => said.includes('by 42'), 60000);
    socket.terminate();
    assert.equal(await of.ended(), 0, of.said.slice(-3000));
    assert.equal((await bench.status(id)).state, 'completed');
  });

  test('a space in a name is a plus, which the Go client makes of it everywhere', async () => {
    const { id } = await bench.run({ command: bash('echo x > x'),
      artifacts: [file('x', 'public/with space')] });
    assert.equal(await bench.artifact(id, 'public/with+space'), 'x\n');
  });

  test('logs have the names that the task gives them, or are not there at all', async () => {
    const named = await bench.run({ command: bash('echo here'),
      logs: { live: 'public/own.log', backing: 'public/own_backing.log' } });
    assert.equal(named.state, 'completed');
    assert.deepEqual(await bench.names(named.id),
      { 'public/own.log': 'link', 'public/own_backing.log': 's3' });
    assert.match(await bench.artifact(named.id, 'public/own.log'), /^here$/m);
    const quiet = await bench.run({ command: bash('echo here'),
      features: { liveLog: false, backingLog: false } });
    assert.equal(quiet.state, 'completed');
    assert.deepEqual(await bench.names(quiet.id), {});
  });

  test('all of it by HTTPS: claims, artifacts, mounts, the task proxy', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'https-'));
    const { certificate, key } = makeCertificate(directory, 'localhost');
    const [certificateFile, keyFile] = ['cert.pem', 'key.pem'].map((one) => path.join(directory, one));
    fs.writeFileSync(certificateFile, certificate);
    fs.writeFileSync(keyFile, key);
    const own = await StockBench.start({ 'https-port': 0, 'tls-certificate': certificateFile,
      'tls-key': keyFile });
    try {
      const rootURL = `https://localhost:${own.server.info.httpsPort}`;
      const of = own.worker(2, { rootURL });
      const first = await own.create(of, { command: bash('echo made > x'),
        artifacts: [file('x', 'public/x')] });
      const second = await own.create(of, { features: { taskclusterProxy: true },
        mounts: [{ content: { taskId: first, artifact: 'public/x' }, file: 'x' }],
        command: bash('cat x; curl -sf "$TASKCLUSTER_PROXY_URL/api/queue/v1/task/$TASK_ID/status"') },
      { dependencies: [first], scopes: ['queue:status:*'] });
      assert.equal(await of.start({ env: { SSL_CERT_FILE: certificateFile } }).ended(), 0, of.said);
      assert.ok(of.said.includes(`${rootURL}/`), 'links are by HTTPS');
      const log = await own.log(second);
      assert.equal((await own.status(second)).state, 'completed', log);
      assert.match(log, /^made$[^]*"running"/m);
    } finally {
      await own.stop();
      fs.rmSync(directory, { recursive: true, force: true });
    }
  });
});
