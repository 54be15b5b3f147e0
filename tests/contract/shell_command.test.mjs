// `troupe shell` in a real terminal, and with its input from elsewhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeCertificate } from './support/https.mjs';
import { Place } from './support/programs.mjs';
import { Server, binary, until } from './support/server.mjs';
import { shellArtifact, shellUrl, socketUrl } from './support/shells.mjs';
import { inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

const helper = path.join(import.meta.dirname, 'support', 'in_terminal.py');

let server;
let bench;
let place;

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  place = new Place();
  bench = new WorkerBench(server, 'work/shell');
  bench.startWorker(undefined, undefined, { HOME: place.directory });
});
after(async () => {
  await bench?.stop();
  await place?.clear();
  await server?.stop();
});

async function start() {
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.script('until [ -e go ]; do sleep 0.05; done',
    { features: { interactive: true } }));
  await shellUrl(bench.q, taskId);
  return taskId;
}

const completed = (taskId) => until('the task is completed', async () =>
  (await bench.q.status(taskId)).status.state === 'completed', 60000);

const open = (taskId, ...more) => place.start('python3',
  [helper, binary, 'shell', taskId, '--data', server.data, ...more], { stdio: ['pipe', 'pipe', 'pipe'] });

const type = (program, text) => program.process.stdin.write(text);

test('workers 6.5: in a terminal, a shell is as if it were there', async () => {
  const taskId = await start();
  const shell = open(taskId);
  await shell.says(/connected; Ctrl-\] leaves/, 60000);
  type(shell, 'echo "[$(stty size)] [$TASK_ID] $(tty)"\n');
  await shell.says(new RegExp(`\\[30 90\\] \\[${taskId}\\] /dev/pts/`), 60000);
  // Keys that mean something here mean it there.
  type(shell, 'echo going; sleep 600\n');
  await shell.says(/^going/m, 60000);
  type(shell, '\x03echo "after $?"\n');
  await shell.says(/^after 130/m, 60000);
  shell.process.kill('SIGUSR1');
  type(shell, 'until [ "$(stty size)" = "50 120" ]; do sleep 0.05; done; echo "re""sized"\n');
  await shell.says(/^resized/m, 60000);
  type(shell, 'exit\n');
  assert.equal((await shell.ended).code, 0, shell.out + shell.err);
  assert.match(shell.out, /terminal restored: True/);
  const other = open(taskId);
  await other.says(/connected/, 60000);
  type(other, 'touch go\n');
  assert.equal((await other.ended).code, 0);
  assert.match(other.out, /terminal restored: True/);
  await completed(taskId);
});

test('a shell that does not answer is left by a key, and by a signal', async () => {
  const taskId = await start();
  const shell = open(taskId);
  await shell.says(/connected/, 60000);
  type(shell, 'echo "pid=$$"; exec sleep 600\n');
  const pid = (await shell.says(/^pid=(\d+)/m, 60000))[1];
  type(shell, '\x1d');
  assert.equal((await shell.ended).code, 0);
  assert.match(shell.out, /terminal restored: True/);
  await until('the shell has gone', () => !fs.existsSync(`/proc/${pid}`));
  const other = open(taskId);
  await other.says(/connected/, 60000);
  const children = () => spawnSync('pgrep', ['-P', String(other.process.pid)]).stdout.toString().trim();
  process.kill(Number(await until('it runs', children)), 'SIGTERM');
  assert.equal((await other.ended).code, 0);
  assert.match(other.out, /terminal restored: True/);
  assert.equal((await bench.q.status(taskId)).status.state, 'running');
  await bench.q.cancelTask(taskId);
});

test('input may come from a file, and ends the shell with its end', async () => {
  const taskId = await start();
  const commands = path.join(place.directory, 'commands');
  fs.writeFileSync(commands, 'echo "$((40 + 2)) in $TASK_ID"\n');
  const input = fs.openSync(commands);
  const shell = place.run(['shell', taskId, '--data', server.data], { stdio: [input, 'pipe', 'pipe'] });
  assert.equal((await shell.ended).code, 0, shell.err);
  assert.match(shell.out, new RegExp(`^42 in ${taskId}`, 'm'));
  assert.doesNotMatch(shell.err, /Ctrl/);
  assert.equal((await bench.q.status(taskId)).status.state, 'running');
  fs.closeSync(input);
  await bench.q.cancelTask(taskId);
});

// As the artifact of another worker would lead there.
test('a shell may be behind TLS, if its certificate is good', async () => {
  const { certificate, key } = makeCertificate(place.directory, 'localhost');
  const [certificateFile, keyFile] = ['cert.pem', 'key.pem'].map((name) => path.join(place.directory, name));
  fs.writeFileSync(certificateFile, certificate);
  fs.writeFileSync(keyFile, key);
  const own = await Server.start({ 'https-port': 0, 'tls-certificate': certificateFile, 'tls-key': keyFile });
  const of = new WorkerBench(own, 'work/tls');
  try {
    of.startWorker(undefined, undefined, { HOME: place.directory });
    const [taskId, other] = [slugid(), slugid()];
    await of.q.createTask(taskId, of.script('until [ -e go ]; do sleep 0.05; done',
      { features: { interactive: true } }));
    const behind = (await socketUrl(of.q, taskId)).replace(/^ws:.*:\d+/, `wss://localhost:${own.info.httpsPort}`);
    await of.q.createTask(other, { ...of.script('true'), taskQueueId: 'work/other' });
    await of.q.claimWork('work/other', { tasks: 1, workerGroup: 'g', workerId: 'other' });
    await of.q.createArtifact(other, 0, shellArtifact, { storageType: 'reference', contentType: 'text/html',
      expires: inSeconds(600), url: `https://localhost/shell/?v=2&socketUrl=${encodeURIComponent(behind)}` });
    const commands = path.join(place.directory, 'tls-commands');
    fs.writeFileSync(commands, 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo "by $((40 + 2))"; touch go\n');
    const run = (env) => place.run(['shell', other, '--data', own.data],
      { env, stdio: [fs.openSync(commands), 'pipe', 'pipe'] });
    const refused = run({});
    assert.equal((await refused.ended).code, 5);
    assert.match(refused.err, /its certificate is not accepted/);
    const shell = run({ SSL_CERT_FILE: certificateFile });
    assert.equal((await shell.ended).code, 0, shell.err);
    assert.match(shell.out, /x{300000}\r\nby 42\r/);
  } finally {
    await of.stop();
    await own.stop();
  }
});

test('why there is no shell is said, with the exit code for it', async () => {
  const ends = async (args, code, what) => {
    const shell = place.run(['shell', ...args]);
    assert.equal((await shell.ended).code, code, shell.err);
    assert.match(shell.err, what);
  };
  const local = ['--data', server.data];
  await ends([slugid(), ...local], 3, /has no shell: it must be running.*"interactive"/);
  const { taskId: plain } = await bench.run(bench.script('true'));
  await ends([plain, ...local], 3, /has no shell/);
  await ends(['short', ...local], 2, /slugid of 22 characters/);
  const over = await bench.run(bench.script('true', { features: { interactive: true } }));
  await ends([over.taskId, ...local], 3, /the task has ended/);
  const narrow = ['--root-url', server.rootUrl, '--client-id', 'static/tests/narrow',
    '--access-token', server.credentials.accessToken];
  await ends([over.taskId, ...narrow], 4, new RegExp(shellArtifact));
  await ends([over.taskId, '--root-url', 'http://127.0.0.1:1', '--client-id', 'a', '--access-token',
    'b'], 5, /does not answer/);
});
