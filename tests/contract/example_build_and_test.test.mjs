// examples/build-and-test with real git, compiler, proxy, artifacts: the command of its README.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { root, until } from './support/server.mjs';
import taskcluster from 'taskcluster-client';

let place;
let up;
let q;

before(async () => {
  place = new Place();
  up = await place.up('--no-hello', '--data', place.data);
  q = new taskcluster.Queue({ rootUrl: up.rootUrl,
    credentials: JSON.parse(fs.readFileSync(path.join(place.data, 'root-credentials'))) });
});
after(async () => {
  await up?.kill('SIGTERM');
  await place?.clear();
});

// The checkout may belong to another user.
function git(...args) {
  const settings = path.join(place.directory, 'gitconfig');
  fs.writeFileSync(settings,
    '[safe]\n\tdirectory = *\n[user]\n\tname = test\n\temail = tests@example.com\n');
  return execFileSync('git', args, { env: { ...place.env, GIT_CONFIG_GLOBAL: settings } });
}

const example = (...args) => place.start(path.join(root, 'examples/build-and-test/run'), args);

async function groupOf(program) {
  const [, decision] = await program.says(/^decision task (\S{22}) at /m);
  const { tasks } = await q.listTaskGroup(decision);
  return Object.fromEntries(tasks.map(({ task, status }) => [task.metadata.name, status]));
}

test('it builds from git, tests the artifacts in other tasks, and sums up', async () => {
  const program = example();
  assert.equal((await program.ended).code, 0, program.err + program.out);
  const group = await groupOf(program);
  assert.deepEqual(Object.keys(group).sort(), ['build runtime_crypto', 'build runtime_events',
    'decision', 'summary', 'test runtime_crypto', 'test runtime_events']);
  for (const status of Object.values(group)) assert.equal(status.state, 'completed');
  assert.match(program.out, /^# All is well$/m);
  assert.match(program.out, /^\| test runtime_crypto \| completed \| [\d.]+ \| [1-9]\d* \| 0 \|$/m);
  const task = await q.task(group['test runtime_crypto'].taskId);
  assert.ok(task.dependencies.includes(group['build runtime_crypto'].taskId));
  const { url } = await q.getLatestArtifact(group.summary.taskId, 'public/summary.json');
  const summary = await (await fetch(url)).json();
  assert.equal(summary.good, true);
  assert.deepEqual(summary.tasks.map((t) => `${t.does} ${t.library}`), ['build runtime_crypto',
    'test runtime_crypto', 'build runtime_events', 'test runtime_events']);
});

// A clone as a CI service makes it: one commit, no branch, HEAD detached; with a test that fails.
function brokenClone() {
  const clone = path.join(place.directory, 'clone');
  git('init', '--quiet', clone);
  git('-C', clone, 'fetch', '--quiet', '--depth', '1', '--update-shallow', root, 'HEAD');
  git('-C', clone, 'checkout', '--quiet', '--detach', 'FETCH_HEAD');
  const file = path.join(clone, 'tests/unit/runtime/crypto/sha256_test.cpp');
  fs.appendFileSync(file, '\nTEST_CASE("one and one") { CHECK(1 + 1 == 3); }\n');
  git('-C', clone, 'commit', '--quiet', '--all', '--message', 'tests: one that fails');
  return clone;
}

test('a shallow clone with detached HEAD will do; a failing test is told and ends with 1',
  async () => {
    const clone = brokenClone();
    const program = example('--repository', clone, '--library', 'runtime_crypto');
    assert.equal((await program.ended).code, 1, program.err + program.out);
    const group = await groupOf(program);
    assert.equal(group['build runtime_crypto'].state, 'completed');
    assert.equal(group['test runtime_crypto'].state, 'failed');
    assert.equal(group.summary.state, 'failed');
    assert.match(program.out, /^# Something failed$/m);
    assert.match(program.out, /^\| test runtime_crypto \| failed \| [\d.]+ \| [1-9]\d* \| 1 \|$/m);
  });

test('a build that fails leaves its test without artifact, and the summary still comes',
  async () => {
    const program = example('--library', 'runtime_nothing');
    assert.equal((await program.ended).code, 1, program.err + program.out);
    const group = await groupOf(program);
    for (const name of ['build runtime_nothing', 'test runtime_nothing', 'summary'])
      assert.equal(group[name].state, 'failed');
    assert.match(program.out, /^\| build runtime_nothing \| failed \| [\d.]+ \|  \|  \|$/m);
  });

test('a repository that is not there fails the decision, Ctrl-C cancels all', async () => {
  const missing = example('--repository', path.join(place.directory, 'nothing'));
  assert.equal((await missing.ended).code, 1);
  assert.match(missing.err, /decision failed; its log is at http/);
  const program = example();
  await program.says(/^decision +completed/m);
  program.process.kill('SIGINT');
  assert.equal((await program.ended).code, 1);
  const group = await groupOf(program);
  assert.equal(group.summary.runs.at(-1).reasonResolved, 'canceled');
  await until('all are resolved', async () => Object.values(await groupOf(program))
    .every(({ state }) => ['completed', 'failed', 'exception'].includes(state)));
});

test('without a server it says what to do', async () => {
  const nowhere = new Place();
  try {
    const program = nowhere.start(path.join(root, 'examples/build-and-test/run'), []);
    assert.equal((await program.ended).code, 5);
    assert.match(program.err, /no troupe runs here; start one with 'troupe up'/);
  } finally {
    await nowhere.clear();
  }
});
