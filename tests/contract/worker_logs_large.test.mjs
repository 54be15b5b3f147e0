// Logs that many follow, and large ones: the workers contract, section 6.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { Server, until } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

const patience = 240000;
const mib = 1 << 20;
let server;
let bench;
let scratch;

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'large-logs-'));
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'logs/large');
  bench.startWorker();
});
after(async () => {
  await bench?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const logUrl = (taskId) => `${server.rootUrl}/api/troupe/v1/log/${taskId}/0`;

// What came of a log: its length and its hash, and whether it ended as it should. `took` is told of
// each piece.
function reading(took = () => {}) {
  const hash = createHash('sha256');
  const read = { size: 0, ended: false };
  read.take = (piece) => {
    hash.update(piece);
    read.size += piece.length;
    took(piece, read);
  };
  read.end = (how) => {
    read.ended = true;
    read.how = how;
    read.sha256 = hash.digest('hex');
  };
  return read;
}

function followByHttp(url, took) {
  const read = reading(took);
  http.get(url, { agent: false }, (response) => {
    read.status = response.statusCode;
    response.on('data', read.take);
    response.on('close', () => read.end(response.complete && response.statusCode === 200 ? 'good' : 'broken'));
  }).on('error', (error) => read.end(error.message));
  return read;
}

function followBySocket(url, took) {
  const read = reading(took);
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false });
  socket.on('message', read.take);
  socket.on('error', (error) => { read.error = error.message; });
  socket.on('close', (code) => read.end(code === 1000 ? 'good' : `closed with ${code} ${read.error ?? ''}`));
  return read;
}

const runs = (taskId) => until('there is a log', async () =>
  (await fetch(logUrl(taskId), { method: 'HEAD' })).ok, patience);

const completed = (taskId) => until('the task is completed', async () => {
  const { status } = await bench.q.status(taskId);
  assert.ok(!['failed', 'exception'].includes(status.state), status.state);
  return status.state === 'completed';
}, patience);

async function artifact(taskId, took) {
  const response = await fetch(`${server.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/` +
    'public%2Flogs%2Flive_backing.log');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  const read = reading(took);
  for await (const piece of response.body) read.take(piece);
  read.end('good');
  return read;
}

test('workers 6: a thousand followers of a log get every byte of it in order while its task ends',
  async () => {
    const go = path.join(scratch, 'go');
    const taskId = slugid();
    await bench.q.createTask(taskId, bench.script(
      `seq 1 2000; until [ -e ${go} ]; do sleep 0.1; done; seq 2001 8000`, { maxRunTime: 600 }));
    await runs(taskId);
    const followers = [];
    for (let i = 0; i < 1000; ++i)
      followers.push((i % 2 ? followByHttp : followBySocket)(logUrl(taskId)));
    const begun = followers.filter.bind(followers);
    await until(() => `all follow, of whom ${begun((f) => f.size === 0).length} have nothing; one says ${
      followers.find((f) => f.ended)?.how}`, () => begun((f) => f.size > 0).length === 1000, patience);
    fs.writeFileSync(go, '');
    await until(() => `all heard the end, of whom ${begun((f) => !f.ended).length} have not`,
      () => followers.every((f) => f.ended), patience);
    await completed(taskId);
    let text = '';
    const whole = await artifact(taskId, (piece) => { text += Buffer.from(piece).toString(); });
    assert.deepEqual(text.split('\n').filter((line) => /^\d+$/.test(line)),
      Array.from({ length: 8000 }, (_, i) => String(i + 1)));
    for (const follower of followers) {
      assert.equal(follower.how, 'good');
      assert.equal(follower.size, whole.size);
      assert.equal(follower.sha256, whole.sha256);
    }
  });

test('workers 6: a log of 100 MB passes, and becomes the artifact byte for byte', async () => {
  const size = 100 * mib;
  const output = `seq 1 20000000 | head -c ${size}`;
  const expected = execFileSync('sh', ['-c', `(echo begin; ${output}) | sha256sum`]).toString().slice(0, 64);
  const taskId = slugid();
  await bench.q.createTask(taskId, bench.script(`echo begin; ${output}; echo; echo end`,
    { maxRunTime: 600 }));
  await runs(taskId);
  // What the task wrote stands between lines of the worker; its hash is taken as it comes.
  const written = createHash('sha256');
  let left = size + 'begin\n'.length;
  let head = Buffer.alloc(0);
  const take = (piece) => {
    let now = piece;
    if (head) {
      head = Buffer.concat([head, piece]);
      const at = head.indexOf('\nbegin\n');
      if (at < 0) return;
      now = head.subarray(at + 1);
      head = undefined;
    }
    const part = now.subarray(0, left);
    written.update(part);
    left -= part.length;
  };
  const live = followByHttp(logUrl(taskId), take);
  const socket = followBySocket(logUrl(taskId));
  await until('both heard the end', () => live.ended && socket.ended, patience);
  assert.equal(live.how, 'good');
  assert.equal(left, 0);
  assert.equal(written.digest('hex'), expected);
  assert.deepEqual([socket.how, socket.size, socket.sha256], ['good', live.size, live.sha256]);
  await completed(taskId);
  const kept = await artifact(taskId);
  assert.deepEqual([kept.size, kept.sha256], [live.size, live.sha256]);
});
