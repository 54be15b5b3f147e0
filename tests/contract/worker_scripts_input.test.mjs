// Scripts that are told by their standard input: the workers contract, section 5.4.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, until } from './support/server.mjs';
import { definition, inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let scratch;

const limit = { signal: AbortSignal.timeout(300000) };
const at = (name) => path.join(scratch, name);

// It does what the payload's `words` say.
const script = `
payload=$(cat)
say() { printf '%s\\n' "$1"; }
give() { printf %s "$payload"; }
eval "$(printf %s "$payload" | sed -n 's/.*"words":"\\([^"]*\\)".*/\\1/p')"
`;

const payloadSchema = { type: 'object', required: ['words'], additionalProperties: false, properties: {
  words: { type: 'string' }, maxRunTime: { type: 'integer' }, more: {} } };

const startWorker = (name, more = []) => bench.startWorker(`work/${name}`, name, {},
  ['--engine', 'script', '--script-config', at('scripts.json'), ...more]);

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'scripts-'));
  fs.writeFileSync(at('script.sh'), script);
  fs.writeFileSync(at('scripts.json'), JSON.stringify({ scripts: { told: { contract: 'standard-input',
    command: ['/bin/sh', at('script.sh')], schema: payloadSchema, maxRunTime: 60 } } }));
  server = await Server.start({ 'claim-timeout': 60, 'worker-grace': 60,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*', 'queue:get-task:*'] });
  bench = new WorkerBench(server, 'work/told');
  startWorker('told');
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const task = (words, payload = {}, more = {}) => definition({ taskQueueId: 'work/told', deadline: inSeconds(600),
  retries: 0, payload: { words, ...payload }, ...more });

async function run(words, payload, more) {
  const { taskId, status, run: last } = await bench.run(task(words, payload, more));
  return { taskId, status, state: last.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

describe('a script that is told by its input', limit, () => {
  test('workers 5.4: reads the payload, and its files below artifacts/ are uploaded', async () => {
    const more = { text: 'ä\n', list: [1, null], long: 'x'.repeat(100000) };
    const { taskId, state, log } = await run('pwd; ls -A; give > artifacts/given; ' +
      'mkdir -p artifacts/public/deep; echo made > artifacts/public/deep/made.txt; cat; say end', { more });
    assert.equal(state, 'completed', log);
    assert.match(log, /^\/.*\/work\nartifacts\nend$/m);
    assert.equal((await bench.artifact(taskId, 'public/deep/made.txt')).text, 'made\n');
    const given = await bench.q.latestArtifact(taskId, 'given');
    assert.deepEqual(await (await fetch(given.url)).json(), (await bench.q.task(taskId)).payload);
  });

  test('workers 5.4: its output is the log as it is, its errors are marked', async () => {
    const { state, log } = await run('printf no-end; sleep 0.1; say; say [worker:error]; ' +
      'say wrong >&2; say; printf worse >&2');
    assert.equal(state, 'completed', log);
    assert.match(log, /^no-end$/m);
    assert.match(log, /^\[worker:error\] wrong$/m);
    assert.match(log, /^\[worker:error\] worse\n\[taskcluster [^\]]*\] Exit Code: 0$/m);
  });

  test('workers 5.4: says by its exit code what becomes of the task', async () => {
    const said = [[0, 'completed'], [1, 'failed'], [2, 'malformed-payload'], [3, 'internal-error']];
    await Promise.all(said.map(async ([code, reason]) => {
      const done = await run(`say kept > artifacts/kept-${code}; exit ${code}`);
      assert.equal(done.reason, reason, `${code}: ${done.log}`);
      assert.deepEqual(await bench.present(done.taskId, [`kept-${code}`]), [`kept-${code}`]);
    }));
    assert.equal((await run('kill -9 $$')).reason, 'internal-error');
  });

  test('workers 5.4: the payload is the script\'s own, within its schema and its time', async () => {
    const wrong = await run('true', { colour: 'red' });
    assert.equal(wrong.reason, 'malformed-payload', wrong.log);
    assert.match(wrong.log, /colour/);
    const late = await run('while :; do sleep 0.1; done', { maxRunTime: 1 });
    assert.equal(late.reason, 'failed', late.log);
    assert.match(late.log, /longer than its maxRunTime of 1 s/);
  });
});

for (const [name, code] of [['four', 4], ['reserved', 9]])
  test(`workers 5.4: a worker whose script says so ends (${code}), and gives back all else`, limit, async () => {
    const worker = startWorker(name);
    const queue = { taskQueueId: `work/${name}` };
    const other = slugid();
    const mark = at(`running-${other}`);
    await bench.q.createTask(other, task(`touch ${mark}; while :; do sleep 0.1; done`, {}, queue));
    await until('the other script runs', () => fs.existsSync(mark));
    const { reason, log } = await run(`exit ${code}`, {}, queue);
    assert.equal(reason, 'internal-error', log);
    assert.match(log, /this worker must not go on/);
    assert.equal(await worker.ended, 1);
    assert.equal((await bench.q.status(other)).status.runs[0].reasonResolved, 'worker-shutdown');
  });

test('workers 5.3: a worker can be told to end after any error of its own', limit, async () => {
  const worker = startWorker('strict', ['--stop-on-error']);
  const queue = { taskQueueId: 'work/strict' };
  for (const code of [0, 1, 2]) await run(`exit ${code}`, {}, queue);
  assert.equal((await run('exit 3', {}, queue)).reason, 'internal-error');
  assert.equal(await worker.ended, 1);
});
