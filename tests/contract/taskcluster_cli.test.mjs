// The stock command line, as people use it: by TASKCLUSTER_ROOT_URL and credentials in the environment.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { program } from './support/go.mjs';
import { Server, until } from './support/server.mjs';
import { claim, definition, inSeconds, queue, slugid } from './support/tasks.mjs';

let server, root;
before(async () => {
  server = await Server.start({ 'claim-wait': 1,
    anonymous: ['queue:get-artifact:public/*', 'queue:get-task:*', 'queue:status:*',
      'queue:list-artifacts:*', 'queue:list-task-group:*'] });
  root = queue(server);
});
after(() => server?.stop());

// `heard` is told all that was said so far.
function run(args, { input = '', credentials = server.credentials, heard = () => {} } = {}) {
  const child = spawn(program('client-shell'), args, { env: { PATH: process.env.PATH,
    HOME: server.directory, TASKCLUSTER_ROOT_URL: server.rootUrl,
    ...(credentials ? { TASKCLUSTER_CLIENT_ID: credentials.clientId,
      TASKCLUSTER_ACCESS_TOKEN: credentials.accessToken } : {}) } });
  child.stdin.on('error', () => {});  // who reads no input may end before it was given any
  child.stdin.end(input);
  let out = '', err = '';
  child.stdout.on('data', (data) => { heard(out += data); });
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

test('download: an object, by its artifact and by its name', async () => {
  const id = slugid();
  await root.createTask(id, definition({ taskQueueId: 'cli/object', expires: inSeconds(86400) }));
  const { tasks: [mine] } = await root.claimWork('cli/object', { workerGroup: 'g', workerId: 'w' });
  const worker = queue(server, null, mine.credentials);
  const made = await worker.createArtifact(id, 0, 'public/object', { storageType: 'object',
    contentType: 'text/plain', expires: inSeconds(3600) });
  const object = new taskcluster.Object({ rootUrl: server.rootUrl, retries: 0,
    credentials: made.credentials });
  await taskcluster.upload({ object, projectId: made.projectId, name: made.name,
    uploadId: made.uploadId, contentType: 'text/plain', contentLength: 9, expires: made.expires,
    streamFactory: async () => Readable.from(Buffer.from('an object')) });
  await worker.finishArtifact(id, 0, 'public/object', { uploadId: made.uploadId });
  const file = path.join(server.directory, 'object');
  for (const words of [['object', made.name], ['artifact', id, 'public/object']]) {
    await ok('download', ...words, file);
    assert.equal(fs.readFileSync(file, 'utf8'), 'an object');
    fs.rmSync(file);
  }
});

test('task: run makes one, complete claims and completes it', async () => {
  const said = await ok('task', 'run', '--provisioner', 'cli', '--worker-type', 'docker',
    '--env', 'A=b', '--name', 'by the command line', 'debian:12', '--', 'echo', 'hello');
  const [id] = /[\w-]{22}/.exec(said);
  const { payload, metadata, taskQueueId } = await root.task(id);
  assert.equal(taskQueueId, 'cli/docker');
  assert.equal(metadata.name, 'by the command line');
  assert.deepEqual(payload, { image: 'debian:12', command: ['echo', 'hello'], env: { A: 'b' },
    maxRunTime: 7200 });
  await ok('task', 'complete', id);
  const { runs: [run] } = (await root.status(id)).status;
  assert.deepEqual([run.workerId, run.reasonResolved], ['taskcluster-cli', 'completed']);
});

test('task: log waits for the end of a task that runs', async () => {
  const id = slugid();
  await root.createTask(id, definition({ taskQueueId: 'cli/log', expires: inSeconds(86400) }));
  const { tasks: [mine] } = await root.claimWork('cli/log', { workerGroup: 'g', workerId: 'w' });
  const worker = queue(server, null, mine.credentials);
  const log = http.createServer((request, response) => {
    response.write('first\n');
    until('it was read', () => said.includes('first'))
      .then(() => response.end('last\n'), () => response.destroy());
  });
  await new Promise((resolve) => { log.listen(0, '127.0.0.1', resolve); });
  let said = '';
  try {
    await worker.createArtifact(id, 0, 'public/logs/live.log', { storageType: 'reference',
      url: `http://127.0.0.1:${log.address().port}/log`, contentType: 'text/plain',
      expires: inSeconds(3600) });
    const { code } = await run(['task', 'log', id], { heard: (text) => { said = text; } });
    assert.equal(code, 0);
    assert.equal(said, 'first\nlast\n');
  } finally {
    log.closeAllConnections();
    log.close();
  }
});

test('what needs no server: slugid, from-now, version', async () => {
  const slug = (await ok('slugid', 'generate')).trim();
  assert.match(slug, /^[\w-]{22}$/);
  const uuid = (await ok('slugid', 'decode', slug)).trim();
  assert.equal((await ok('slugid', 'encode', uuid)).trim(), slug);
  const later = Date.parse((await ok('from-now', '1 day')).trim()) - Date.now();
  assert.ok(Math.abs(later - 86400e3) < 3600e3);
  // What the definition of a task takes as it comes.
  const id = slugid();
  await ok('api', 'queue', 'createTask', id, { input: JSON.stringify(definition({
    deadline: (await ok('from-now', '1 hour')).trim() })) });
  assert.match(await ok('version'), /83\.5\.6/);
});
