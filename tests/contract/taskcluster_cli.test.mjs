// The stock command line, as people use it: by TASKCLUSTER_ROOT_URL and credentials in the environment.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { program } from './support/go.mjs';
import { Server } from './support/server.mjs';
import { claim, definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server, root;
before(async () => {
  server = await Server.start({ 'claim-wait': 1,
    anonymous: ['queue:get-artifact:public/*', 'queue:get-task:*', 'queue:status:*',
      'queue:list-artifacts:*', 'queue:list-task-group:*'] });
  root = queue(server);
});
after(() => server?.stop());

function run(args, { input = '', credentials = server.credentials } = {}) {
  const child = spawn(program('client-shell'), args, { env: { PATH: process.env.PATH,
    HOME: server.directory, TASKCLUSTER_ROOT_URL: server.rootUrl,
    ...(credentials ? { TASKCLUSTER_CLIENT_ID: credentials.clientId,
      TASKCLUSTER_ACCESS_TOKEN: credentials.accessToken } : {}) } });
  child.stdin.end(input);
  let out = '', err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

async function ok(...args) {
  const last = typeof args.at(-1) === 'object' ? args.pop() : {};
  const { code, out, err } = await run(args, last);
  assert.equal(code, 0, `${args.join(' ')}: ${out}${err}`);
  return out;
}

// A task that was run by hand: log and one artifact.
async function finished(more = {}) {
  const id = slugid();
  await root.createTask(id, definition({ expires: inSeconds(86400), ...more }));
  const mine = (await claim(root, 10)).find((one) => one.status.taskId === id);
  const worker = queue(server, null, mine.credentials);
  for (const [name, text] of [['public/logs/live.log', 'one line\nanother\n'],
    ['public/a.txt', 'of the task']]) {
    const { putUrl } = await worker.createArtifact(id, 0, name, { storageType: 's3',
      contentType: 'text/plain', expires: mine.task.expires });
    await fetch(putUrl, { method: 'PUT', body: text, headers: { 'content-type': 'text/plain' } });
  }
  await worker.reportCompleted(id, 0);
  return id;
}

test('api: methods with arguments, a body from the input, a query', async () => {
  const id = slugid();
  const made = JSON.parse(await ok('api', 'queue', 'createTask', id,
    { input: JSON.stringify(definition({ taskGroupId: id })) }));
  assert.equal(made.status.state, 'pending');
  assert.equal(JSON.parse(await ok('api', 'queue', 'status', id)).status.taskId, id);
  const page = JSON.parse(await ok('api', 'queue', 'listTaskGroup', id, '--limit', '1'));
  assert.equal(page.tasks.length, 1);
  await ok('api', 'secrets', 'set', 'cli/one',
    { input: JSON.stringify({ secret: { a: 1 }, expires: inSeconds(3600) }) });
  assert.deepEqual(JSON.parse(await ok('api', 'secrets', 'get', 'cli/one')).secret, { a: 1 });
  await ok('api', 'index', 'insertTask', 'cli.tests.one', { input: JSON.stringify({ taskId: id,
    rank: 1, data: {}, expires: inSeconds(3600) }) });
  assert.equal(JSON.parse(await ok('api', 'index', 'findTask', 'cli.tests.one')).taskId, id);
  const roles = JSON.parse(await ok('api', 'auth', 'listRoles'));
  assert.ok(Array.isArray(roles));
});

test('api: errors are shown and end with a failure', async () => {
  const unknown = await run(['api', 'queue', 'status', slugid()]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.out + unknown.err, /404|ResourceNotFound/);
  const nobody = await run(['api', 'queue', 'cancelTask', slugid()], { credentials: null });
  assert.notEqual(nobody.code, 0);
});

test('task: status, name, group, definition, artifacts, log', async () => {
  const id = await finished();
  assert.match(await ok('task', 'status', id), /completed/);
  assert.match(await ok('task', 'name', id), /Unit testing task/);
  assert.match(await ok('task', 'group', id), /^[\w-]{22}$/m);
  assert.deepEqual(JSON.parse(await ok('task', 'def', id)).payload, { hello: 'world' });
  assert.deepEqual((await ok('task', 'artifacts', id)).trim().split('\n').sort(),
    ['public/a.txt', 'public/logs/live.log']);
  assert.equal(await ok('task', 'log', id), 'one line\nanother\n');
});

test('task: cancel, rerun, retrigger', async () => {
  const id = slugid();
  await root.createTask(id, definition());
  await ok('task', 'cancel', id);
  assert.equal((await root.status(id)).status.runs[0].reasonResolved, 'canceled');
  await ok('task', 'rerun', id);
  assert.equal((await root.status(id)).status.state, 'pending');
  const [again] = /[\w-]{22}/.exec(await ok('task', 'retrigger', id));
  assert.notEqual(again, id);
  assert.equal((await root.status(again)).status.state, 'pending');
});

test('group: list, status, cancel', async () => {
  const taskGroupId = slugid();
  const ids = [slugid(), slugid(), slugid()];
  for (const id of ids) await root.createTask(id, definition({ taskGroupId }));
  const listed = await ok('group', 'list', '--all', taskGroupId);
  for (const id of ids) assert.ok(listed.includes(id), listed);
  assert.match(await ok('group', 'status', taskGroupId), /3/);
  await ok('group', 'cancel', '--force', taskGroupId);
  for (const id of ids) assert.equal((await root.status(id)).status.state, 'exception');
});

test('download: an artifact, of the latest run and of a named one', async () => {
  const id = await finished();
  const file = path.join(server.directory, 'downloaded');
  await ok('download', 'artifact', id, 'public/a.txt', file);
  assert.equal(fs.readFileSync(file, 'utf8'), 'of the task');
  await ok('download', 'artifact', id, '0', 'public/a.txt', file);
  assert.equal(fs.readFileSync(file, 'utf8'), 'of the task');
});
