// `troupe run -- COMMAND`: a command as a task, its log in the terminal, its result as exit code.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Place } from './support/programs.mjs';
import { binary, Server, until } from './support/server.mjs';
import { queue } from './support/tasks.mjs';

let server;
let place;
let q;
let worker;

const startWorker = (queueId, id) => place.run(
  ['worker', '--data', server.data, '--queue', queueId, '--group', 'g', '--id', id]);

before(async () => {
  server = await Server.start({ 'claim-timeout': 4 });
  place = new Place();
  q = queue(server);
  worker = startWorker('local/default', 'w');
});
after(async () => {
  await worker?.kill('SIGTERM');
  await place?.clear();
  await server?.stop();
});

const run = (...args) => place.run(['run', '--data', server.data, ...args]);
const idOf = async (program) => (await program.says(/^task (\S{22}) at /m))[1];
const stateOf = async (taskId) => (await q.status(taskId)).status;

test('the log goes to stdout, progress to stderr, words arrive as they were given', async () => {
  const program = run('--', 'printf', '<%s>\\n', 'a b', '$HOME', '', 'é"\\');
  assert.equal((await program.ended).code, 0, program.err);
  for (const word of ['<a b>', '<$HOME>', '<>', '<é"\\>'])
    assert.ok(program.out.split('\n').includes(word), program.out);
  const taskId = await idOf(program);
  assert.equal(program.err, `task ${taskId} at ${server.rootUrl}/tasks/${taskId}\n` +
    `task ${taskId} completed\n`);
  assert.equal((await q.task(taskId)).metadata.name, 'printf <%s>\\n a b $HOME  é"\\');
});

test('progress has colours on a terminal only, and NO_COLOR is respected', async () => {
  const inTerminal = async (env) => {
    const program = place.start('script', ['-qec', `${binary} run --data ${server.data} -- true`,
      '/dev/null'], { env });
    assert.equal((await program.ended).code, 0, program.out);
    return program.out;
  };
  assert.match(await inTerminal({ NO_COLOR: undefined }), /\x1b\[32mtask \S{22} completed\x1b\[0m/);
  assert.doesNotMatch(await inTerminal({ NO_COLOR: '1' }), /\x1b/);
});

test('lines come while the task runs', async () => {
  const program = run('--', 'sh', '-c', 'echo early; sleep 2; echo late');
  await program.says(/^early$/m);
  assert.equal((await stateOf(await idOf(program))).state, 'running');
  assert.equal((await program.ended).code, 0);
  assert.match(program.out, /^late$/m);
});

test('a task that fails is 1; --json has the result on stdout and the log on stderr', async () => {
  const program = run('--json', '--', 'sh', '-c', 'echo words; exit 3');
  assert.equal((await program.ended).code, 1, program.err);
  const result = JSON.parse(program.out);
  assert.equal(result.state, 'failed');
  assert.equal((await stateOf(result.taskId)).state, 'failed');
  assert.match(program.err, /^words$/m);
  assert.equal((await run('--', '/no/such/program').ended).code, 1);
  const slow = run('--max-run-time', '1', '--', 'sleep', '60');
  assert.equal((await slow.ended).code, 1);
  assert.match(slow.out, /longer than its maxRunTime of 1 s/);
});

test('Ctrl-C cancels the task', async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const program = run('--', 'sh', '-c', 'echo begun; sleep 300');
    await program.says(/^begun$/m);
    program.process.kill(signal);
    assert.deepEqual(await program.ended, { code: 1, signal: null }, program.err);
    assert.match(program.err, /^task \S{22} canceled$/m);
    const { state, runs } = await stateOf(await idOf(program));
    assert.equal(state, 'exception');
    assert.equal(runs[0].reasonResolved, 'canceled');
  }
  await until('the worker has stopped them', () =>
    !place.processes().some((line) => / sleep 300 /.test(line)));
});

test('it says when no worker comes, and Ctrl-C cancels a task that waits', async () => {
  const program = run('-q', 'nobody/here', '--', 'true');
  await program.says(/^waiting for a worker of nobody\/here$/m);
  program.process.kill('SIGINT');
  assert.equal((await program.ended).code, 1);
  assert.equal((await stateOf(await idOf(program))).runs[0].reasonResolved, 'canceled');
});

test('when a worker gives the run back the next run is followed', async () => {
  const first = startWorker('run/again', 'w1');
  const program = run('-q', 'run/again', '--', 'sh', '-c',
    'echo "begun $RUN_ID"; [ "$RUN_ID" != 0 ] || sleep 300');
  await program.says(/^begun 0$/m);
  await first.kill('SIGTERM');
  const second = startWorker('run/again', 'w2');
  assert.equal((await program.ended).code, 0, program.err);
  assert.match(program.out, /^begun 0$[^]*the task is given back[^]*^begun 1$/m);
  assert.match(program.err, /run 1 follows/);
  await second.kill('SIGTERM');
});

test('a server that is killed and comes back does not end it, and no line is lost or doubled',
  async () => {
    const program = run('--', 'sh', '-c',
      'for i in $(seq 1 40); do echo "line $i"; sleep 0.1; done');
    await program.says(/^line 5$/m);
    await server.restart('SIGKILL');
    assert.equal((await program.ended).code, 0, program.err);
    const lines = program.out.split('\n').filter((line) => /^line \d+$/.test(line));
    assert.deepEqual(lines, Array.from({ length: 40 }, (_, i) => `line ${i + 1}`));
  });

test('exit codes: 2 usage, 4 not authorised, 5 no server', async () => {
  const outcome = async (program, code, text) => {
    assert.equal((await program.ended).code, code, program.err);
    assert.match(program.err, text);
    assert.equal(program.out, '');
  };
  await outcome(run(), 2, /command is required/);
  await outcome(run('-q', 'nowhere', '--', 'true'), 2, /must be <provisionerId>\/<workerType>/);
  await outcome(run('-q', 'no/$$$', '--', 'true'), 2, /taskQueueId/);
  await outcome(run('--max-run-time', '0', '--', 'true'), 2, /--max-run-time/);
  const at = (url, ...args) => place.run(['run', '--root-url', url, ...args, '--', 'true']);
  const token = ['--access-token', server.credentials.accessToken];
  await outcome(at(server.rootUrl), 4, /give --client-id and --access-token/);
  await outcome(at(server.rootUrl, '--client-id', 'nobody', ...token), 4, /^troupe: /);
  await outcome(at(server.rootUrl, '--client-id', 'static/tests/narrow', ...token), 4,
    /queue:create-task/);
  await outcome(at('http://127.0.0.1:1', '--client-id', 'x', ...token), 5,
    /http:\/\/127\.0\.0\.1:1 does not answer/);
  await outcome(place.run(['run', '--data', place.directory, '--', 'true']), 5,
    /no troupe runs here; start one with 'troupe up'/);
});
