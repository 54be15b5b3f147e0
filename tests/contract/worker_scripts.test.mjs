// Scripts on Troupe's own worker: the workers contract, sections 4 and 7.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, binary, root, until } from './support/server.mjs';
import { definition, inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let scratch;
let keys; // by name: of whoever signs

const limit = { signal: AbortSignal.timeout(500000) };
const at = (name) => path.join(scratch, name);

function makeKey(name) {
  const pair = generateKeyPairSync('ed25519');
  const { d, x } = pair.privateKey.export({ format: 'jwk' });
  const text = (part) => Buffer.from(part, 'base64url').toString('base64');
  fs.writeFileSync(at(name), text(d), { mode: 0o600 });
  fs.writeFileSync(at(`${name}.trusted`), `${text(x)} ${name}\n`);
  return { publicKey: pair.publicKey, text: text(x) };
}

// It does what the payload's `words` say, one after the other.
const script = `
say() { printf '%s\\n' "$1"; }
credentials() { cat /proc/self/fd/3 | tr -d ' '; }
eval "$(sed -n 's/.*"words":"\\([^"]*\\)".*/\\1/p' task.json)"
`;

const payloadSchema = { type: 'object', required: ['words'], additionalProperties: false, properties: {
  words: { type: 'string' }, maxRunTime: { type: 'integer' }, script: { type: 'string' },
  upstreamArtifacts: { type: 'array' } } };

const command = () => ['/bin/sh', at('script.sh'), '{config}'];
const configs = () => ({
  one: { scopePrefixes: ['project:sign:'], scripts: { sign: { command: command(), schema: payloadSchema,
    config: { verbose: true }, env: { GREETING: 'hello' }, maxRunTime: 60,
    exitCodes: { 17: 'intermittent-task' } } } },
  two: { scripts: { sign: { command: command(), schema: 'schema.json', config: {}, scopes: ['project:sign:it'] },
    late: { command: command(), schema: 'schema.json', config: {}, maxRunTime: 1, timeoutResult: 'intermittent-task',
      taskclusterProxy: true } } },
  trusting: { chainOfTrust: { keys: 'maker.trusted', taskQueues: ['work/m*'] }, scripts: { sign: { command: command(), config: {},
    schema: payloadSchema } } },
});

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'scripts-'));
  keys = { maker: makeKey('maker'), other: makeKey('other'), signer: makeKey('signer') };
  fs.writeFileSync(at('script.sh'), script);
  fs.writeFileSync(at('schema.json'), JSON.stringify(payloadSchema));
  for (const [name, config] of Object.entries(configs()))
    fs.writeFileSync(at(`${name}.json`), JSON.stringify(config));
  // Claims are renewed while tests run; no worker is lost because the machine is busy.
  server = await Server.start({ 'claim-timeout': 10, 'worker-grace': 60, anonymous: ['queue:get-artifact:public/*', 'queue:status:*',
    'queue:get-task:*', 'queue:list-artifacts:*'] });
  bench = new WorkerBench(server, 'work/one');
  const start = (name, engines, more = []) => bench.startWorker(`work/${name}`, name, { MINE_ALONE: 'x' },
    ['--engine', engines, '--script-config', at(`${name}.json`), ...more]);
  start('one', 'script', ['--chain-of-trust-key', at('signer')]);
  start('two', 'process,script');
  start('trusting', 'script');
  for (const [name, key] of [['maker', 'maker'], ['other', 'other'], ['test', 'maker']])
    bench.startWorker(`work/${name}`, name, {}, ['--chain-of-trust-key', at(key)]);
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const task = (words, payload = {}, more = {}) => definition({ taskQueueId: 'work/one', deadline: inSeconds(600),
  retries: 0, payload: { words, maxRunTime: 50, ...payload }, ...more });

async function run(words, payload, more) {
  const { taskId, status, run: last } = await bench.run(task(words, payload, more));
  return { taskId, status, state: last.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

async function malformed(words, message, payload, more) {
  const done = await run(words, payload, more);
  assert.equal(done.reason, 'malformed-payload', done.log);
  assert.match(done.log, message);
  return done;
}

const text = async (taskId, name) => (await bench.artifact(taskId, name)).text;

// A resolved task of a worker of processes, with an artifact for each name.
async function make(names, queue = 'work/maker', features = { chainOfTrust: true }, dependencies = []) {
  const { taskId, status } = await bench.run(bench.script(
    names.map((name) => `mkdir -p $(dirname o/${name}); printf %s '${name}' > 'o/${name}'`).join('; '),
    { features, artifacts: [{ type: 'directory', path: 'o', name: 'public' }] },
    { taskQueueId: queue, dependencies }));
  assert.equal(status.state, 'completed', await bench.log(taskId));
  return taskId;
}

describe('a script', limit, () => {
  test('workers 4: has its context, and all files of its artifact directory are uploaded', async () => {
    const { taskId, state, log } = await run(
      'say here; pwd; cat current_task_info.json; say $GREETING-$TASK_ID-$RUN_ID-$MINE_ALONE; ' +
      'cp $1 $TASK_ARTIFACTDIR/config; mkdir -p $TASK_ARTIFACTDIR/public/deep; cp task.json $TASK_ARTIFACTDIR/public; ' +
      'say made > $TASK_ARTIFACTDIR/public/deep/made.txt; env | sort > $TASK_ARTIFACTDIR/public/env; ' +
      'say errors >&2; cat; say end');
    assert.equal(state, 'completed', log);
    assert.match(log, new RegExp(`^here\\n/.*/work\\n\\{"taskId":"${taskId}","runId":0\\}hello-${taskId}-0-x\\nerrors\\nend$`, 'm'));
    assert.equal(await text(taskId, 'public/deep/made.txt'), 'made\n');
    const given = JSON.parse(await text(taskId, 'public/task.json'));
    assert.deepEqual(given, await bench.q.task(taskId));
    // Nothing of the worker's own.
    const env = await text(taskId, 'public/env');
    assert.match(env, new RegExp(`^TASKCLUSTER_ROOT_URL=${server.rootUrl}$`, 'm'));
    assert.doesNotMatch(env, /ACCESS_TOKEN|TROUPE_|CLIENT_ID/);
    const { artifacts } = await bench.q.listLatestArtifacts(taskId);
    assert.deepEqual(artifacts.map(({ name }) => name).filter((name) => !name.startsWith('public/')), ['config']);
    assert.match(log, /^\[taskcluster [^\]]*\] Exit Code: 0$/m);
  });

  test('workers 4: its own configuration says where its directories are', async () => {
    const { log } = await run('cat $1; say; say $PWD:$TASK_ARTIFACTDIR');
    const [, config, work, made] = /^(\{.*\})\n(\S+):(\S+)$/m.exec(log);
    assert.deepEqual(JSON.parse(config), { verbose: true, work_dir: work, artifact_dir: made });
    await until('the directories are gone', () => !fs.existsSync(path.dirname(work)));
  });

  test('workers 4: has the credentials of the task open', async () => {
    const { taskId, state, log } = await run('say fd-$TASKCLUSTER_CREDENTIALS_FD; credentials', {},
      { scopes: ['project:sign:it'] });
    assert.equal(state, 'completed', log);
    assert.match(log, /^fd-3$/m);
    const credentials = JSON.parse(/^\{"clientId".*\}$/m.exec(log)[0]);
    assert.match(credentials.clientId, new RegExp(`^task-client/${taskId}/0/on/g/one/until/`));
    assert.ok(JSON.parse(credentials.certificate).scopes.includes('project:sign:it'));
  });

  test('workers 4: says by its exit code what becomes of the task, with its artifacts', async () => {
    const said = [[1, 'failed'], [8, 'failed'], [2, 'worker-shutdown'], [3, 'malformed-payload'],
      [4, 'resource-unavailable'], [5, 'internal-error'], [6, 'failed'], [7, 'intermittent-task'],
      [245, 'intermittent-task'], [241, 'intermittent-task'], [17, 'intermittent-task']];
    await Promise.all(said.map(async ([code, reason]) => {
      const done = await run(`say kept > $TASK_ARTIFACTDIR/public-${code}; exit ${code}`);
      assert.equal(done.reason, reason, `${code}: ${done.log}`);
      assert.deepEqual(await bench.present(done.taskId, [`public-${code}`]), [`public-${code}`]);
      assert.match(done.log, new RegExp(`Exit Code: ${code}$`, 'm'));
    }));
    const killed = await run('kill -9 $$');
    assert.equal(killed.reason, 'failed');
    assert.match(killed.log, /Killed by signal 9/);
  });

  test('workers 4: a script that asks for it is run again', async () => {
    const { status, log } = await run('say run-$RUN_ID; [ $RUN_ID = 1 ] || exit 7', {}, { retries: 2 });
    assert.deepEqual(status.runs.map(({ reasonResolved }) => reasonResolved), ['intermittent-task', 'completed']);
    assert.match(log, /^run-1$/m);
  });

  test('workers 4: a script that takes too long is ended, by the lesser of two limits', async () => {
    const payload = await run('say kept > $TASK_ARTIFACTDIR/kept; while :; do sleep 0.1; done', { maxRunTime: 1 });
    assert.equal(payload.reason, 'failed');
    assert.match(payload.log, /longer than its maxRunTime of 1 s/);
    assert.deepEqual(await bench.present(payload.taskId, ['kept']), ['kept']);
    const own = await run('while :; do sleep 0.1; done', { script: 'late' }, { taskQueueId: 'work/two' });
    assert.equal(own.reason, 'intermittent-task', own.log);
  });

  test('workers 4: nothing of it outlives the task', async () => {
    const mark = `mark-${slugid()}`;
    const { state, log } = await run(`setsid sh -c ': ${mark}; touch begun; sleep 600' & ` +
      'while [ ! -e begun ]; do sleep 0.05; done');
    assert.equal(state, 'completed', log);
    assert.notEqual(spawnSync('pgrep', ['-f', mark]).status, 0);
  });

  test('workers 4: has credentials that hold, also when its claim was renewed', async () => {
    const { taskId, state, log } = await run('first=$(credentials); say $first; ' +
      'while [ $(credentials) = $first ]; do sleep 0.1; done; credentials');
    assert.equal(state, 'completed', log);
    const [first, last] = log.match(/^\{"clientId".*\}$/mg).map((line) => JSON.parse(line));
    const end = ({ clientId }) => Number(/until\/([\d.]+)$/.exec(clientId)[1]);
    assert.ok(end(last) > end(first));
    assert.match(last.clientId, new RegExp(`^task-client/${taskId}/0/`));
    assert.notEqual(last.accessToken, first.accessToken);
  });

  test('workers 1.3: a canceled task ends its script, and is not reported', async () => {
    const taskId = slugid();
    const mark = at(`running-${taskId}`);
    await bench.q.createTask(taskId, task(`say begun; touch ${mark}; : ${taskId}; sleep 600`));
    await until('the script runs', () => fs.existsSync(mark));
    await bench.q.cancelTask(taskId);
    const { text: kept } = await until('the log is kept', async () => {
      const found = await bench.artifact(taskId, 'public/logs/live_backing.log');
      return found.status === 200 ? found : undefined;
    }, 60000);
    assert.match(kept, /^begun$/m);
    assert.match(kept, /claim of this run was lost/);
    assert.equal((await bench.q.status(taskId)).status.runs[0].reasonResolved, 'canceled');
  });
});

describe('payloads', limit, () => {
  test('workers 4: are data for the script, by its schema', async () => {
    const { log } = await malformed('true', /^\[taskcluster:error\]   .*colour/m, { colour: 'red' });
    assert.match(log, /"required":\["words"\]/);
    assert.doesNotMatch(log, /Exit Code/);
    await malformed(7, /words/);
    await malformed('true', /maxRunTime: must be a whole number/, { maxRunTime: 0 });
    await malformed('true', /script: must be the name of a script of this worker: sign/, { script: 'other' });
  });

  test('workers 4: several problems are told at once, and name no path outside', async () => {
    const { log } = await malformed('true', /upstreamArtifacts\.0\.paths\.0: must not have '\.\.'/, { upstreamArtifacts: [
      { taskId: slugid(), paths: ['public/../../x', '/etc/passwd', 'public/*', 'fine'] }, { taskId: '..', paths: [] }] });
    for (const message of [/paths\.1: must not begin with '\/'/, /paths\.2: may have a '\*' only/, /1\.taskId: must be/])
      assert.match(log, message);
  });

  test('workers 4: scopes are within what is configured, and those that a script needs', async () => {
    await malformed('true', /scope 'secrets:get:x' is not one/, {}, { scopes: ['project:sign:x', 'secrets:get:x'] });
    const of = (scopes) => [{ script: 'sign' }, { taskQueueId: 'work/two', scopes }];
    await malformed('true', /needs the scope project:sign:it/, ...of(['project:sign:else']));
    assert.equal((await run('true', ...of(['project:sign:*']))).state, 'completed');
  });

  test('an engine is chosen by the shape of the payload, a script by its name', async () => {
    const process = await bench.run(bench.script('echo as a process', {}, { taskQueueId: 'work/two' }));
    assert.equal(process.status.state, 'completed');
    const named = await run('say proxy-$TASKCLUSTER_PROXY_URL', { script: 'late' }, { taskQueueId: 'work/two' });
    assert.equal(named.state, 'completed', named.log);
    assert.match(named.log, /^proxy-http:\/\/127/m);
    await malformed('true', /script: must be the name of a script of this worker: late, sign/, {},
      { taskQueueId: 'work/two' });
  });
});

describe('upstream artifacts', limit, () => {
  const upstream = (taskId, paths, more = {}) => ({ upstreamArtifacts: [
    { taskId, taskType: 'build', formats: ['x'], paths, ...more }] });

  test('workers 4: are where the script looks for them', async () => {
    const made = await make(['a.txt', 'b/c.txt', 'b/d.bin']);
    const { state, log } = await run('cd cot; find . -type f | sort; cat */public/b/c.txt',
      upstream(made, ['public/a.txt', 'public/b/c.txt']), { dependencies: [made] });
    assert.equal(state, 'completed', log);
    assert.match(log, new RegExp(`^\\./${made}/public/a.txt\\n\\./${made}/public/b/c.txt\\nb/c.txt`, 'm'));
    const stars = await run('cd cot; find . -type f | sort',
      upstream(made, ['public/b/*', 'public/none'], { optional: true }));
    assert.equal(stars.state, 'completed', stars.log);
    assert.match(stars.log, new RegExp(`^\\./${made}/public/b/c.txt\\n\\./${made}/public/b/d.bin$`, 'm'));
    const missing = await run('true', upstream(made, ['public/none']));
    assert.equal(missing.reason, 'resource-unavailable', missing.log);
    assert.match(missing.log, /public\/none of task .* cannot be had/);
    const unknown = await run('true', upstream(slugid(), ['public/*'], { optional: true }));
    assert.equal(unknown.reason, 'resource-unavailable', unknown.log);
  });

  test('workers 4: are of trusted tasks only, where that is configured, and what was signed', async () => {
    const queue = { taskQueueId: 'work/trusting' };
    const made = await make(['a.txt']);
    const good = await run('cat cot/*/public/a.txt', upstream(made, ['public/a.txt']), queue);
    assert.equal(good.state, 'completed', good.log);
    assert.match(good.log, new RegExp(`\\[chain-of-trust\\] ${made}/0: signed by .*`, 'm'));
    assert.match(good.log, /^a\.txt/m);
    await malformed('true', /public\/chain-of-trust\.json of task .* is not in the certificate/,
      upstream(made, ['public/chain-of-trust.json']), queue);
    const signed = await run('cd cot; find . -type f | sort',
      upstream(made, ['public/*', 'public/none'], { optional: true }), queue);
    assert.match(signed.log, new RegExp(`^\\./${made}/public/a.txt\\n\\./${made}/public/logs/certified.log$`, 'm'));
    const plain = await make(['a.txt'], 'work/maker', {});
    await malformed('true', /is not trusted: there is no artifact public\/chain-of-trust\.json/,
      upstream(plain, ['public/a.txt']), queue);
    const other = await make(['a.txt'], 'work/other');
    await malformed('true', /is not trusted: .*not signed by a key that is known/, upstream(other, ['public/a.txt']),
      queue);
    const tried = await make(['a.txt'], 'work/test');
    await malformed('true', /is not trusted: its queue work\/test is not one that is trusted/,
      upstream(tried, ['public/a.txt']), queue);
    // Also what that was made of.
    const of = await make(['a.txt'], 'work/maker', { chainOfTrust: true }, [other]);
    await malformed('true', new RegExp(`${other}/0 is not trusted`), upstream(of, ['public/a.txt']), queue);
    await malformed('true', /is not trusted/, {}, { ...queue, dependencies: [plain] });
  });
});

test('workers 4: a script\'s task has a certificate of what it made', limit, async () => {
  const { taskId, state, log } = await run('mkdir $TASK_ARTIFACTDIR/public; say signed > $TASK_ARTIFACTDIR/public/made; ' +
    'mkdir $TASK_ARTIFACTDIR/public/logs; touch $TASK_ARTIFACTDIR/public/logs/live_backing.log');
  assert.equal(state, 'completed', log);
  assert.match(log, /Artifact public\/logs\/live_backing\.log is skipped/);
  const certificate = await text(taskId, 'public/chain-of-trust.json');
  const { url } = await bench.q.latestArtifact(taskId, 'public/chain-of-trust.json.sig');
  const signature = Buffer.from(await (await fetch(url)).arrayBuffer());
  assert.ok(verify(null, Buffer.from(certificate), keys.signer.publicKey, signature));
  const { artifacts, task: certified } = JSON.parse(certificate);
  assert.equal(artifacts['public/made'].sha256, createHash('sha256').update('signed\n').digest('hex'));
  assert.deepEqual(certified, await bench.q.task(taskId));
});

test('workers 1.7: a worker that ends gives its script back', limit, async () => {
  const worker = bench.startWorker('work/ending', 'ending', {},
    ['--engine', 'script', '--script-config', at('one.json')]);
  const taskId = slugid();
  const mark = at(`running-${taskId}`);
  await bench.q.createTask(taskId, task(`touch ${mark}; while :; do sleep 0.1; done`, {}, { taskQueueId: 'work/ending' }));
  await until('the script runs', () => fs.existsSync(mark));
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.equal((await bench.q.status(taskId)).status.runs[0].reasonResolved, 'worker-shutdown');
});

test('workers 7: nothing of a script outlives its worker, however that ends', limit, async () => {
  const worker = bench.startWorker('work/killed', 'killed', {},
    ['--engine', 'script', '--script-config', at('one.json')]);
  const taskId = slugid();
  const mark = at(`running-${taskId}`);
  await bench.q.createTask(taskId, task(`setsid sh -c ': outside-${taskId}; touch ${mark}; sleep 600' & sleep 600`, {},
    { taskQueueId: 'work/killed' }));
  await until('the script runs', () => fs.existsSync(mark));
  const runs = () => spawnSync('pgrep', ['-f', `outside-${taskId}`]).status === 0;
  assert.ok(runs());
  worker.kill('SIGKILL');
  await until('its processes are gone', () => !runs(), 60000);
});

test('the script of examples/script-worker makes sums of artifacts', limit, async () => {
  bench.startWorker('release/checksums', 'example', {},
    ['--engine', 'script', '--script-config', path.join(root, 'examples/script-worker/scripts.json')]);
  const made = await make(['a.txt', 'b/c.txt']);
  const example = (upstreamArtifacts) => bench.run(definition({ taskQueueId: 'release/checksums',
    deadline: inSeconds(600), dependencies: [made], scopes: ['project:release:checksums'],
    payload: { maxRunTime: 60, upstreamArtifacts } }));
  const { taskId, status } = await example([{ taskId: made, taskType: 'build', paths: ['public/a.txt', 'public/b/c.txt'],
    formats: [] }]);
  assert.equal(status.state, 'completed', await bench.log(taskId));
  const sum = (name) => createHash('sha256').update(name).digest('hex');
  assert.equal(await text(taskId, 'public/SHA256SUMS'), ['a.txt', 'b/c.txt'].map(
    (name) => `${sum(name)}  ${made}/public/${name}\n`).join(''));
  const none = await example([{ taskId: made, taskType: 'build', paths: ['public/none'], formats: [], optional: true }]);
  assert.equal(none.run.reasonResolved, 'malformed-payload', await bench.log(none.taskId));
});

test('what is wrong with a configuration is said when the worker starts', limit, () => {
  const start = (...words) => {
    const { status, stderr } = spawnSync(binary, ['worker', '--root-url', server.rootUrl, '--client-id', 'x',
      '--access-token', 'y', '--engine', 'script', ...words]);
    assert.equal(status, 2);
    return stderr.toString();
  };
  assert.match(start(), /--engine script needs --script-config/);
  assert.match(start('--script-config', at('missing')), /cannot read '.*missing'/);
  fs.writeFileSync(at('bad.json'), JSON.stringify({ scripts: { s: { command: ['./script.sh'], schema: {} } } }));
  assert.match(start('--script-config', at('bad.json')),
    /bad\.json': scripts\.s\.command\.0: there is no program '.*\/script\.sh' that can be run/);
});
