// Tokens for a websocktunnel, taken by the stock server of that name, and by the stock worker that
// offers its live log through it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import WebSocket from 'ws';
import { program } from './support/go.mjs';
import { Server, end, launch, until } from './support/server.mjs';
import { StockWorker, reservePorts } from './support/stock_bench.mjs';
import { definition, failure, inSeconds, queue, slugid, temporary } from './support/tasks.mjs';

const secret = 'a-secret-that-the-tunnel-has-too';
const audience = 'test-tunnel';
let server, tunnel, tunnelUrl, worker, directory;

before(async () => {
  await reservePorts();
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-tunnel-'));
  const file = path.join(directory, 'providers.json');
  fs.writeFileSync(file, JSON.stringify({ websocktunnel: { secret } }), { mode: 0o600 });
  server = await Server.start({ 'credential-providers': file, 'claim-wait': 1,
    anonymous: ['queue:status:*', 'queue:get-artifact:public/*'] });
  const port = await new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
  tunnelUrl = `http://127.0.0.1:${port}`;
  tunnel = launch(program('websocktunnel'), [], { stdio: 'ignore', env: { PATH: process.env.PATH,
    URL_PREFIX: tunnelUrl, PORT: String(port), AUDIENCE: audience,
    TASKCLUSTER_PROXY_SECRET_A: secret, TASKCLUSTER_PROXY_SECRET_B: 'another secret of the tunnel' } });
  await until('the tunnel listens', async () =>
    fetch(`${tunnelUrl}/__lbheartbeat__`).then(() => true, () => false));
});

after(async () => {
  await worker?.stop();
  if (tunnel) await end(tunnel, 'SIGKILL');
  await server?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

const auth = (credentials = server.credentials) =>
  new taskcluster.Auth({ rootUrl: server.rootUrl, credentials, retries: 0 });

function* decoded(token) {
  for (const part of token.split('.').slice(0, 2))
    yield JSON.parse(Buffer.from(part, 'base64url'));
}

test('WST-1 a token has all claims, and is signed', async () => {
  const asked = Math.floor(Date.now() / 1000);
  const named = temporary({ clientId: 'static/taskcluster/root/tunnel',
    scopes: ['auth:websocktunnel-token:test-tunnel/worker.*'] });
  const { wstClient, wstAudience, token, expires } =
    await auth(named).websocktunnelToken(audience, 'worker.one~1');
  assert.deepEqual([wstClient, wstAudience], ['worker.one~1', audience]);
  const [header, { iat, exp, nbf, ...claims }] = decoded(token);
  assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' });
  assert.deepEqual(claims, { tid: 'worker.one~1', aud: audience,
    sub: 'static/taskcluster/root/tunnel', iss: 'taskcluster-auth' });
  assert.ok(iat >= asked && iat <= asked + 60);
  assert.deepEqual([exp - iat, iat - nbf], [96 * 3600, 900]);
  assert.equal(new Date(expires).getTime(), exp * 1000);
  const [text, signature] = [token.slice(0, token.lastIndexOf('.')),
    token.slice(token.lastIndexOf('.') + 1)];
  assert.equal(signature, createHmac('sha256', secret).update(text).digest('base64url'));
});

test('WST-1 only who has the scope gets one, for names that are names', async () => {
  const narrow = auth(temporary({ scopes: ['auth:websocktunnel-token:test-tunnel/mine'] }));
  await narrow.websocktunnelToken(audience, 'mine');
  assert.equal((await failure(() => narrow.websocktunnelToken(audience, 'other'))).statusCode, 403);
  assert.equal((await failure(() => auth().websocktunnelToken('no/audience', 'x'))).statusCode, 400);
});

test('WST-1 the stock tunnel takes it, and no other', async () => {
  const { token } = await auth().websocktunnelToken(audience, 'somebody');
  const connect = (id, bearer) => new Promise((resolve) => {
    const socket = new WebSocket(tunnelUrl.replace('http', 'ws'), { headers: {
      authorization: `Bearer ${bearer}`, 'x-websocktunnel-id': id,
      'x-websocktunnel-version': '0' } });
    socket.on('open', () => resolve('open') ?? socket.terminate());
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
    socket.on('error', () => {});
  });
  assert.equal(await connect('somebody', token), 'open');
  assert.notEqual(await connect('somebody-else', token), 'open');
  assert.notEqual(await connect('somebody', `${token}x`), 'open');
});

test('the stock worker offers its live log through the tunnel', async () => {
  worker = new StockWorker(server, { numberOfTasksToRun: 1, wstServerURL: tunnelUrl,
    wstAudience: audience });
  const id = slugid();
  const root = queue(server);
  await root.createTask(id, definition({ taskQueueId: worker.queueId, expires: inSeconds(86400),
    payload: { maxRunTime: 60, command: [['/bin/bash', '-c', 'echo through the tunnel; sleep 600']] } }));
  worker.start();
  const place = await until('the log is offered', async () => {
    const answer = await fetch(`${server.rootUrl}/api/queue/v1/task/${id}/artifacts/` +
      'public%2Flogs%2Flive.log', { redirect: 'manual' });
    return answer.status === 303 && answer.headers.get('location');
  }, 60000);
  assert.ok(place.startsWith(`${tunnelUrl}/`), place);
  const reader = (await fetch(place)).body.getReader();
  let text = '';
  await until('the words come', async () => {
    text += Buffer.from((await reader.read()).value ?? []).toString();
    return text.includes('through the tunnel');
  }, 60000);
  await reader.cancel();
});
