// HTTPS: the same API behind a certificate that can be renewed while the server runs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import WebSocket from 'ws';
import { makeCertificate, runStockClient } from './support/https.mjs';
import { Server, binary, launch, until } from './support/server.mjs';
import { claim, definition, queue, slugid } from './support/tasks.mjs';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-https-'));
const certificateFile = path.join(directory, 'cert.pem');
const keyFile = path.join(directory, 'key.pem');

// As programs that renew certificates do it: the new file takes the name of the old one.
function put(file, bytes) {
  fs.writeFileSync(`${file}.new`, bytes);
  fs.renameSync(`${file}.new`, file);
}

let server;
let current = makeCertificate(directory, 'first');
const port = () => server.info.httpsPort;
const url = () => `https://localhost:${port()}`;

before(async () => {
  put(certificateFile, current.certificate);
  put(keyFile, current.key);
  server = await Server.start({ 'tls-certificate': certificateFile, 'tls-key': keyFile,
    'https-port': 0, anonymous: ['queue:get-artifact:public/*', 'web:read-pulse'] });
});

after(async () => {
  await server?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

const request = (target, { method = 'GET', body, headers = {}, agent } = {}) =>
  new Promise((resolve, reject) => {
    const asked = https.request(url() + target,
      { method, headers, ca: current.certificate, agent }, (answer) => {
        const pieces = [];
        answer.on('data', (piece) => pieces.push(piece));
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers,
          body: Buffer.concat(pieces) }));
      });
    asked.on('error', reject);
    asked.end(body);
  });

const connect = (options = {}) => new Promise((resolve, reject) => {
  const socket = tls.connect({ host: 'localhost', port: port(), ca: current.certificate, ...options },
    () => resolve(socket));
  socket.once('error', reject);
});

test('the stock client works over HTTPS, with the port in the signature', async () => {
  const said = await runStockClient(`
    const made = await queue.createTask(values.id, values.task);
    const found = await queue.status(values.id);
    console.log(made.status.state, found.status.state);`, { rootUrl: url(), certificateFile,
    credentials: server.credentials, values: { id: slugid(), task: definition() } });
  assert.equal(said, 'pending pending\n');
});

test('a connection is kept, requests that come together are answered in order', async () => {
  const socket = await connect();
  let text = '';
  socket.on('data', (data) => { text += data; });
  const ask = (target) => `GET ${target} HTTP/1.1\r\nHost: localhost:${port()}\r\n\r\n`;
  socket.write(ask('/api/queue/v1/ping') + ask('/nowhere') + ask('/api/queue/v1/ping'));
  await until('all are answered', () => (text.match(/HTTP\/1\.1/g) ?? []).length === 3);
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  socket.write(ask('/api/queue/v1/ping').slice(0, 20));
  socket.write(ask('/api/queue/v1/ping').slice(20));
  await until('it is answered again', () => (text.match(/HTTP\/1\.1/g) ?? []).length === 4);
  socket.destroy();
});

test('large bodies pass in both directions, and arrive as they were', async () => {
  const root = queue(server);
  const taskId = slugid();
  await root.createTask(taskId, definition());
  const claimed = (await claim(root, 10)).find((one) => one.status.taskId === taskId);
  const worker = queue(server, null, claimed.credentials);
  const { putUrl } = await worker.createArtifact(taskId, 0, 'public/big', { storageType: 's3',
    expires: claimed.task.expires, contentType: 'application/octet-stream' });
  const bytes = Buffer.alloc(20 * 1024 * 1024 + 17);
  for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32LE(i, Math.min(i, bytes.length - 4));
  const { pathname, search } = new URL(putUrl);
  const sent = await request(pathname + search, { method: 'PUT', body: bytes,
    headers: { 'content-type': 'application/octet-stream', 'content-length': bytes.length } });
  assert.equal(sent.status, 200);
  const { url: location } = await root.artifact(taskId, 0, 'public/big');
  const from = new URL(location);
  const got = await request(from.pathname + from.search);
  assert.equal(got.status, 200);
  assert.ok(bytes.equals(got.body));
});

test('a WebSocket goes through TLS, also with long messages and pings', async () => {
  const socket = new WebSocket(`wss://localhost:${port()}/api/events/v1/connect`,
    { ca: current.certificate });
  const heard = [];
  socket.on('message', (data) => heard.push(JSON.parse(data)));
  await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
  socket.send(JSON.stringify({ subscribe: [{ exchange: 'exchange/*/v1/task-defined' }] }));
  await until('it is subscribed', () => heard.some((one) => 'subscribed' in one));
  let ponged = false;
  socket.on('pong', () => { ponged = true; });
  socket.ping('x'.repeat(100));
  const count = 50;
  for (let i = 0; i < count; ++i)
    await queue(server).createTask(slugid(), definition({ routes: Array.from({ length: 60 },
      (_, n) => `https.${'r'.repeat(150)}.${n}`) }));
  await until('all events are there', () =>
    heard.filter((one) => one.exchange).length >= count);
  assert.ok(ponged);
  const closed = new Promise((resolve) => { socket.on('close', resolve); });
  socket.close(1000);
  assert.equal(await closed, 1000);
});

test('who speaks HTTP to the port is told, other noise is dropped, the server stays', async () => {
  const clear = await new Promise((resolve, reject) => {
    http.get(`http://localhost:${port()}/api/queue/v1/ping`, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    }).on('error', reject);
  });
  assert.equal(clear.status, 400);
  assert.match(JSON.parse(clear.text).error, /HTTPS only/);
  for (const noise of ['\0\0\0\0\0\0', 'SSH-2.0-x\r\n', '\x16\x03\x01\xff\xff'.padEnd(70000, 'a')])
    await new Promise((resolve) => {
      const socket = net.connect(port(), 'localhost', () => socket.end(noise, 'latin1'));
      socket.on('error', resolve).on('close', resolve).resume();
    });
  assert.equal((await request('/api/queue/v1/ping')).status, 200);
});

test('old versions of TLS are refused', async () => {
  await assert.rejects(connect({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0' }));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await connect({ maxVersion: version, minVersion: version,
      ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.getProtocol(), version);
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
  }
});

test('a renewed certificate is used by the next connection, open ones go on', async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await request('/api/queue/v1/ping', { agent })).status, 200);
  const former = current;
  const renewed = makeCertificate(directory, 'second');
  put(certificateFile, renewed.certificate);
  // Between the two files they do not belong together: the former certificate stays.
  const between = await connect();
  assert.equal(between.getPeerCertificate().subject.CN, 'first');
  between.destroy();
  put(keyFile, renewed.key);
  current = renewed;
  const socket = await connect();
  assert.equal(socket.getPeerCertificate().subject.CN, 'second');
  socket.destroy();
  await assert.rejects(connect({ ca: former.certificate }));
  assert.equal((await request('/api/queue/v1/ping', { agent })).status, 200);
  agent.destroy();
  assert.match(server.log, /a new certificate is used for HTTPS/);
  put(certificateFile, 'nothing of the kind');
  const still = await connect();
  assert.equal(still.getPeerCertificate().subject.CN, 'second');
  still.destroy();
  await until('the log tells', () => /'.*cert\.pem' cannot be used/.test(server.log));
  put(certificateFile, renewed.certificate);
});

test('the end of the server ends connections properly', async () => {
  const socket = await connect();
  let end = '';
  socket.on('end', () => { end = 'said'; }).on('error', (error) => { end = error.code; }).resume();
  await server.restart('SIGTERM');
  await until('the end is known', () => end !== '');
  assert.equal(end, 'said');
  assert.equal((await request('/api/queue/v1/ping')).status, 200);
});

test('a certificate that cannot be used, or without key, is an error at the start', async () => {
  const tell = async (flags) => {
    let text = '';
    const started = launch(binary, ['serve', '--redis', server.redis.address, '--data',
      path.join(directory, 'other'), '--http-port', '0', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (data) => { text += data; });
    const { code } = await started.ended;
    return { code, text };
  };
  const alone = await tell(['--tls-certificate', certificateFile]);
  assert.notEqual(alone.code, 0);
  assert.match(alone.text, /tls-certificate: HTTPS needs the certificate and its key, tls-key/);
});
