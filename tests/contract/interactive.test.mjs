// Shells in tasks that run on Troupe's own worker: the workers contract, section 6.5. The worker is
// not reached by anybody: it comes to the server, and so do those who want a shell.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { hawk } from './support/http.mjs';
import { Server, until } from './support/server.mjs';
import { Shell, shellArtifact, shellUrl, socketUrl } from './support/shells.mjs';
import { queue, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

const sandboxWorks = spawnSync('bwrap', ['--unshare-user', '--unshare-pid', '--ro-bind', '/', '/',
  '--dev', '/dev', '--proc', '/proc', 'true']).status === 0;

let server;
let bench;
let scratch;

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'interactive-'));
  // Workers by HTTP hear of a cancellation when they renew their claim.
  server = await Server.start({ 'claim-timeout': 4, anonymous: ['queue:get-artifact:public/*', 'queue:status:*'],
    clients: [{ clientId: 'static/tests/shell', accessToken: 'token-of-who-may-have-shells-0000',
      scopes: [`queue:get-artifact:${shellArtifact}`], description: 'may have shells' }] });
  bench = new WorkerBench(server, 'work/interactive');
  // Start-up files of the machine's shells are none of the tests'.
  bench.startWorker(undefined, undefined, { HOME: scratch });
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const untilGo = 'echo begun; until [ -e go ]; do sleep 0.05; done';

async function start(script = untilGo, payload = {}, task = {}) {
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.script(script, { features: { interactive: true }, ...payload }, task));
  return taskId;
}

const resolved = (taskId) => until('the task is resolved', async () => {
  const { status } = await bench.q.status(taskId);
  return ['completed', 'failed', 'exception'].includes(status.state) ? status : undefined;
}, 60000);

const openShell = async (taskId) => Shell.open(await socketUrl(bench.q, taskId));

const isThere = (pid) => fs.existsSync(`/proc/${pid}`);

test('workers 2.5: the address of the shells is a private artifact, for those who hold its scope', async () => {
  const taskId = await start();
  const holder = queue(server, undefined,
    { clientId: 'static/tests/shell', accessToken: 'token-of-who-may-have-shells-0000' });
  const address = new URL(await shellUrl(holder, taskId));
  assert.equal(address.origin + address.pathname, `${server.rootUrl}/shell/`);
  const { v, socketUrl: socket, ...rest } = Object.fromEntries(address.searchParams);
  assert.deepEqual([v, rest], ['2', { taskId, runId: '0' }]);
  const [, secret] = /^ws:\/\/[^/]+\/shell\/([\w-]{22})$/.exec(socket);
  assert.equal(new URL(socket).host, new URL(server.rootUrl).host);
  const artifactUrl = `${server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/${shellArtifact}`;
  assert.equal((await fetch(artifactUrl)).status, 403);
  const { artifacts } = await bench.q.listLatestArtifacts(taskId);
  const { storageType, contentType } = artifacts.find(({ name }) => name === shellArtifact);
  assert.deepEqual({ storageType, contentType }, { storageType: 'reference', contentType: 'text/html' });
  (await openShell(taskId)).type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
  for (const log of [await bench.log(taskId), server.log]) assert.ok(!log.includes(secret));
});

test('workers 6.5: a shell has a terminal, the directory and the environment of the task', async () => {
  const taskId = await start(`echo here > made; ${untilGo}`, { env: { OF_TASK: 'its own' } });
  const shell = await openShell(taskId);
  shell.resize(33, 101);
  shell.type('until [ -e made ]; do sleep 0.05; done\n');
  shell.type('echo "[$(stty size)] [$TERM] [$TASK_ID] [$OF_TASK] [$(cat made)] [$0]"; tty\n');
  await shell.shows(new RegExp(`\\[33 101\\] \\[xterm-256color\\] \\[${taskId}\\] \\[its own\\] \\[here\\] \\[bash\\]`));
  await shell.shows(/\/dev\/pts\/\d+/);
  shell.resize(300, 400);
  shell.type('stty size\n');
  await shell.shows(/^300 400/m);
  // What is typed is signals, too: the shell goes on after an interrupt.
  shell.type('echo sleeping; sleep 600\n');
  await shell.shows(/^sleeping/m);
  shell.type('\x03');
  shell.type('echo "after $((40 + 2))"; env | grep -c ACCESS_TOKEN\n');
  await shell.shows(/^after 42\r\n0\r/m);
  shell.type('exit\n');
  assert.deepEqual(await shell.closed, { code: 1000, reason: 'the shell has ended' });
  (await openShell(taskId)).type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
  assert.match(await bench.log(taskId), /^begun$/m);
  assert.doesNotMatch(await bench.log(taskId), /after 42/);
});

test('workers 6.5: a wrong secret is 401, and a page is no shell', async () => {
  const taskId = await start();
  const url = await socketUrl(bench.q, taskId);
  for (const wrong of [url.replace(/.{22}$/, slugid()), `${url}x`, url.slice(0, -1)])
    assert.equal(await new Shell(wrong).opened.catch((error) => error.status), 401);
  assert.equal((await fetch(url.replace('ws:', 'http:'))).status, 404);
  const shell = await Shell.open(url);
  shell.type('touch go\n');
  await resolved(taskId);
  await shell.closed;
  // Readers are told before the worker has closed what it still offers.
  await until('nothing is offered any more', () =>
    new Shell(url).opened.then(() => false, (error) => error.status === 401));
});

test('several shells at once are shells of their own', async () => {
  const taskId = await start();
  const url = await socketUrl(bench.q, taskId);
  const shells = await Promise.all(Array.from({ length: 5 }, () => Shell.open(url)));
  shells.forEach((shell, at) => { shell.type(`own=${at}0\n`); });
  shells.forEach((shell) => { shell.type('echo "mine: ${own}1"\n'); });
  for (const [at, shell] of shells.entries()) await shell.shows(new RegExp(`^mine: ${at}01`, 'm'));
  shells[0].type('touch go\n');
  for (const shell of shells) assert.equal((await shell.closed).code, 1000);
  assert.equal((await resolved(taskId)).state, 'completed');
});

test('a shell and what it has started end with the task, and with its reader', async () => {
  const taskId = await start();
  const [shell, other] = [await openShell(taskId), await openShell(taskId)];
  const pidOf = async (of) => Number((await of.shows(/^pid=(\d+)\r/m))[1]);
  shell.type('(setsid sleep 600 & echo "pid=$!"; trap "" HUP TERM; wait)\n');
  const left = await pidOf(shell);
  other.type('echo "pid=$$"\n');
  const its = await pidOf(other);
  assert.ok(isThere(left) && isThere(its));
  other.socket.terminate();
  await until('the shell of who left has gone', () => !isThere(its));
  assert.ok(isThere(left));
  fs.writeFileSync(path.join(fs.readlinkSync(`/proc/${left}/cwd`), 'go'), '');
  assert.deepEqual(await shell.closed, { code: 1000, reason: 'the task has ended' });
  assert.equal((await resolved(taskId)).state, 'completed');
  assert.ok(!isThere(left));
});

test('a canceled task and one that takes too long take their shells along', async () => {
  const canceled = await start();
  const shell = await openShell(canceled);
  shell.type('echo "pid=$$"\n');
  const pid = Number((await shell.shows(/^pid=(\d+)/m))[1]);
  await bench.q.cancelTask(canceled);
  await shell.closed;
  await until('it is gone', () => !isThere(pid));
  const late = await start(untilGo, { maxRunTime: 2 });
  assert.equal((await (await openShell(late)).closed).code, 1000);
  assert.equal((await resolved(late)).state, 'failed');
});

test('all that is shown arrives, and all that is typed', async () => {
  const taskId = await start();
  const shell = await openShell(taskId);
  shell.type('stty -echo -onlcr; PS1= exec sh\n');
  shell.type('PS1=; echo re""ady\n');
  await shell.shows(/ready\n$/);
  const before = shell.bytes;
  shell.type('head -c 20000000 /dev/zero | tr "\\0" x; echo; echo do""ne\n');
  await shell.shows(/x\ndone\n$/);
  assert.equal(shell.bytes - before, 20000000 + '\ndone\n'.length);
  // More than a terminal holds, sent at once to a program that takes its time.
  const lines = Array.from({ length: 30000 }, (_, n) => `line ${n} of many\n`).join('');
  shell.type('sleep 1; sed /^END/q | cksum\n');
  shell.type(`${lines}END\n`);
  const sum = spawnSync('cksum', { input: `${lines}END\n` }).stdout.toString().trim();
  await shell.shows(new RegExp(`^${sum}$`, 'm'));
  shell.type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
});

test('a reader who does not read is not sent more than fits in between', async () => {
  const taskId = await start();
  const [slow, quick] = [await openShell(taskId), await openShell(taskId)];
  slow.socket.pause();
  slow.type('while :; do echo flood; done\n');
  quick.type('for i in 1 2 3; do echo "still $i"; sleep 0.3; done\n');
  await quick.shows(/^still 3/m);
  quick.type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
  slow.socket.terminate();
});

test('shells are there again after the server was', async () => {
  const taskId = await start();
  const url = await socketUrl(bench.q, taskId);
  const shell = await Shell.open(url);
  await server.restart();
  await shell.closed;
  const again = await until('a shell is had', () => Shell.open(url).catch(() => undefined), 60000);
  again.type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
});

test('who may not write a run cannot offer shells of it, and nobody those of others', async () => {
  const taskId = await start();
  const url = await socketUrl(bench.q, taskId);
  const secret = url.slice(-22);
  const offer = (id, run, headers, change = {}) => new Promise((resolve) => {
    const target = `/api/troupe/v1/shell/${id}/${run}`;
    const socket = new WebSocket(`${server.rootUrl.replace('http', 'ws')}${target}`,
      { headers: { ...headers, Authorization: hawk(server, 'GET', target, change) } });
    socket.on('unexpected-response', (request, response) => resolve(response.statusCode));
    socket.on('close', (code) => resolve(code));
    socket.on('error', () => {});
  });
  const narrow = { id: 'static/tests/narrow' };
  assert.equal(await offer(taskId, 0, { 'X-Troupe-Shell': slugid() }, narrow), 403);
  assert.equal(await offer(taskId, 0, {}), 400);
  assert.equal(await offer(taskId, 0, { 'X-Troupe-Shell': 'short' }), 400);
  assert.equal(await offer('x', 0, { 'X-Troupe-Shell': slugid() }), 400);
  assert.equal(await offer(taskId, 'x', { 'X-Troupe-Shell': slugid() }), 400);
  assert.equal(await offer(slugid(), 0, { 'X-Troupe-Shell': secret }), 4409);
  const shell = await Shell.open(url);
  shell.type('touch go\n');
  assert.equal((await resolved(taskId)).state, 'completed');
});

test('a task that does not ask has no shells, and their name is the worker\'s otherwise', async () => {
  const plain = await bench.run(bench.script('true'));
  const { artifacts } = await bench.q.listLatestArtifacts(plain.taskId);
  assert.ok(!artifacts.some(({ name }) => name === shellArtifact));
  const named = await bench.run(bench.script('echo x > x', { features: { interactive: true },
    artifacts: [{ type: 'file', path: 'x', name: shellArtifact }] }));
  assert.equal(named.status.state, 'completed');
  assert.match(await bench.log(named.taskId), /shell\.html is skipped/);
});

describe('in the sandbox', { skip: !sandboxWorks && 'bubblewrap does not work here' }, () => {
  test('a shell is in the sandbox of its task', async () => {
    const work = path.join(scratch, 'work');
    bench.startWorker('work/boxed', 'boxed', {}, ['--sandbox', 'bubblewrap', '--work-dir', work]);
    const taskId = slugid();
    await bench.q.createTask(taskId, bench.script(`echo of the task > /tmp/its; ${untilGo}`,
      { features: { interactive: true } }, { taskQueueId: 'work/boxed' }));
    const shell = await openShell(taskId);
    const mark = `/usr/${slugid()}`;
    shell.resize(20, 90);
    shell.type(`touch ${mark}; cat /tmp/its; ls ${work}; echo "size $(stty size)"; echo "$((40 + 2)) seen"\n`);
    await shell.shows(/^42 seen/m);
    assert.match(shell.said, /^of the task/m);
    assert.match(shell.said, /^size 20 90/m);
    assert.match(shell.said, /Read-only file system/);
    assert.ok(!fs.existsSync(mark));
    shell.type('touch go\n');
    assert.equal((await resolved(taskId)).state, 'completed');
    assert.equal((await shell.closed).code, 1000);
  });
});
