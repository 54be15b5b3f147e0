// Troupe behind nginx and behind Caddy, with the configurations of examples/front.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { makeCertificate, runStockClient } from './support/https.mjs';
import { Server, end, launch, root, until } from './support/server.mjs';
import { definition, queue, slugid } from './support/tasks.mjs';

const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
const program = (name) => path.join(cache, 'troupe/fronts/usr', name);
const example = (name) => fs.readFileSync(path.join(root, 'examples/front', name), 'utf8');

const freePort = () => new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

const answers = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy() && true));
  socket.on('error', () => resolve(false));
});

// What is put into the place of what an operator would write.
function replaced(text, pairs) {
  for (const [from, to] of pairs) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  return text;
}

const fronts = {
  nginx: (at) => {
    const file = path.join(at.directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${at.directory}/${name};`).join(' ');
    fs.writeFileSync(file, `daemon off; pid ${at.directory}/pid; error_log stderr;\n${
      process.getuid() === 0 ? 'user root;\n' : ''}${replaced(example('nginx.conf'), [
      ['127.0.0.1:8080', `127.0.0.1:${at.backend}`], ['listen 443', `listen 127.0.0.1:${at.port}`],
      ['ci.example.com;', 'localhost;'], ['/etc/ssl/ci.example.com/fullchain.pem', at.certificateFile],
      ['/etc/ssl/ci.example.com/privkey.pem', at.keyFile],
      ['http {', `http { access_log off; ${temporary}`]])}`);
    return launch(program('sbin/nginx'), ['-p', at.directory, '-e', 'stderr', '-c', file],
      { stdio: ['ignore', 'pipe', 'pipe'] });
  },
  caddy: (at) => {
    const file = path.join(at.directory, 'Caddyfile');
    fs.writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${
      replaced(example('Caddyfile'), [['127.0.0.1:8080', `127.0.0.1:${at.backend}`],
        ['ci.example.com {', `localhost:${at.port} {\n\ttls ${at.certificateFile} ${at.keyFile}`]])}`);
    return launch(program('bin/caddy'), ['run', '--config', file, '--adapter', 'caddyfile'],
      { stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, HOME: at.directory, XDG_DATA_HOME: at.directory,
          XDG_CONFIG_HOME: at.directory } });
  },
};

for (const [name, start] of Object.entries(fronts))
  describe(`behind ${name}`, () => {
    const at = { directory: fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-front-')) };
    let front, said = '', server;

    before(async () => {
      at.port = await freePort();
      at.url = `https://localhost:${at.port}`;
      at.certificateFile = path.join(at.directory, 'cert.pem');
      at.keyFile = path.join(at.directory, 'key.pem');
      const made = makeCertificate(at.directory, 'front');
      fs.writeFileSync(at.certificateFile, made.certificate);
      fs.writeFileSync(at.keyFile, made.key);
      at.ca = made.certificate;
      server = await Server.start({ 'root-url': at.url, 'claim-wait': 1,
        anonymous: ['queue:get-artifact:public/*', 'web:read-pulse'] });
      at.backend = server.info.httpPort;
      // Tests of ours that make the calls of a client go past the front.
      server.rootUrl = `http://127.0.0.1:${at.backend}`;
      front = start(at);
      for (const stream of [front.stdout, front.stderr])
        stream.on('data', (data) => { said += data; });
      await until('the front listens', () => answers(at.port), 20000).catch((error) => {
        throw new Error(`${error.message}\n${said}`);
      });
    });

    after(async () => {
      if (front) await end(front, 'SIGTERM');
      await server?.stop();
      fs.rmSync(at.directory, { recursive: true, force: true });
    });

    test('the stock client, artifacts with slashes in their names, and a claim that waits', async () => {
      const text = await runStockClient(`
        const { id, task } = values;
        await queue.createTask(id, task);
        const worker = { workerGroup: 'g', workerId: 'w', tasks: 1 };
        const { tasks: [claim] } = await queue.claimWork(task.taskQueueId, worker);
        const own = new taskcluster.Queue({ rootUrl: queue._options.rootUrl, retries: 0,
          credentials: claim.credentials });
        const name = 'public/a/b c/e+%2F&?.bin';
        const { putUrl } = await own.createArtifact(id, 0, name, { storageType: 's3',
          expires: claim.task.expires, contentType: 'application/octet-stream' });
        const bytes = Buffer.alloc(3 * 1024 * 1024, 'x');
        const put = await fetch(putUrl, { method: 'PUT', body: bytes,
          headers: { 'content-type': 'application/octet-stream' } });
        const link = await queue.artifact(id, 0, name);
        const got = Buffer.from(await (await fetch(link.url)).arrayBuffer());
        await own.reportCompleted(id, 0);
        const none = await queue.claimWork(task.taskQueueId, worker);
        const signed = queue.buildSignedUrl(queue.status, id, { expiration: 60 });
        console.log(JSON.stringify({ put: put.status, same: got.equals(bytes), none,
          from: new URL(putUrl).origin, signed: (await (await fetch(signed)).json()).status.state }));`,
      { rootUrl: at.url, certificateFile: at.certificateFile, credentials: server.credentials,
        values: { id: slugid(), task: definition() } });
      assert.deepEqual(JSON.parse(text), { put: 200, same: true, none: { tasks: [] },
        from: at.url, signed: 'completed' });
    });

    test('events by WebSocket come through as they happen', async () => {
      const socket = new WebSocket(`${at.url.replace('https', 'wss')}/api/events/v1/connect`,
        { ca: at.ca });
      const heard = [];
      socket.on('message', (data) => heard.push(JSON.parse(data)));
      await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
      socket.send(JSON.stringify({ subscribe: [{ exchange: 'exchange/*/v1/task-defined' }] }));
      await until('it is subscribed', () => heard.some((one) => 'subscribed' in one));
      await queue(server).createTask(slugid(), definition());
      await until('the event comes', () => heard.some((one) => one.exchange));
      socket.terminate();
    });

    test('the log has the address of who asked', async () => {
      const status = await new Promise((resolve, reject) => {
        https.get(`${at.url}/api/queue/v1/ping`, { ca: at.ca, headers: {
          'x-taskcluster-trace-id': 'front-00-trace-0000000' } }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode));
        }).on('error', reject);
      });
      assert.equal(status, 200);
      await until('the request is logged', () => server.log.split('\n').some((line) =>
        line.includes('front-00-trace') && /127\.0\.0\.1|::1/.test(line)));
    });
  });
