// The stock generic-worker, each in a directory and on ports of its own, and what its tests share.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { program } from './go.mjs';
import { Server, end, isRunning, launch, root, until } from './server.mjs';
import { definition, inSeconds, queue, slugid } from './tasks.mjs';

// What docs/workers.md says workers need of a server: tests take it at its word.
function documented() {
  const text = fs.readFileSync(path.join(root, 'docs/workers.md'), 'utf8');
  const [, clientId, client] = /createClient (\S+) <<'JSON'\n([^]*?)\n *JSON\n/.exec(text);
  const [, anonymous] = /--anonymous-scopes '([^']+)'/.exec(text);
  return { clientId, client: JSON.parse(client), anonymous: anonymous.split(',') };
}

let count = 0;

// Each thread has its own children.
function descendants(pid) {
  let children;
  try {
    const tasks = `/proc/${pid}/task`;
    children = fs.readdirSync(tasks).flatMap((thread) =>
      fs.readFileSync(`${tasks}/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
  } catch {
    return [];  // It ended meanwhile.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}

// Ports for the workers of this process, below those that the system gives away: twelve for each
// worker, and a first one, which this process holds as long as it lives, so that no other takes them.
const portsOfWorker = 12;
const portsOfProcess = 50 * portsOfWorker;
let firstPort;

export async function reservePorts() {
  for (let base = 20000 + portsOfWorker; !firstPort && base < 32000; base += portsOfProcess) {
    const guard = net.createServer().unref();
    const held = await new Promise((resolve) => {
      guard.once('error', () => resolve(false));
      guard.listen(base, '127.0.0.1', () => resolve(true));
    });
    if (held) firstPort = base;
  }
  assert.ok(firstPort, 'there are ports for workers');
}

// generic-worker as it comes, with the configuration of docs/workers.md for a pool of its own.
export class StockWorker {
  constructor(server, more = {}) {
    this.server = server;
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'generic-worker-'));
    this.workerId = `gw-${++count}`;
    this.provisionerId = 'stock';
    this.workerType = `pool-${count}`;
    this.queueId = `${this.provisionerId}/${this.workerType}`;
    assert.ok(firstPort && count * portsOfWorker < portsOfProcess, 'ports are reserved for it');
    const base = firstPort + (count - 1) * portsOfWorker + 1;
    this.config = {
      ...JSON.parse(fs.readFileSync(path.join(root, 'examples/generic-worker/config.json'), 'utf8')),
      rootURL: server.rootUrl, ...server.credentials, provisionerId: this.provisionerId,
      workerType: this.workerType, workerGroup: 'stock', workerId: this.workerId,
      livelogExecutable: program('livelog'), livelogPortBase: base,
      taskclusterProxyExecutable: program('taskcluster-proxy'), taskclusterProxyPort: base + 4,
      interactivePort: base + 8, tasksDir: path.join(this.directory, 'tasks'),
      cachesDir: path.join(this.directory, 'caches'),
      downloadsDir: path.join(this.directory, 'downloads'), requiredDiskSpaceMegabytes: 100,
      disableOOMProtection: true, ...more,
    };
    this.said = '';
  }

  // As a child of worker-runner it takes what `tell` says.
  start({ runner = false, env = {} } = {}) {
    const args = ['run', '--config', this.writeConfig(), ...(runner ? ['--with-worker-runner'] : [])];
    this.process = launch(program('generic-worker'), args,
      { cwd: this.directory, stdio: [runner ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env } });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on('data', (data) => { this.said += data; });
    if (runner) this.tell({ type: 'welcome', capabilities: ['graceful-termination'] });
    return this;
  }

  // By start-worker, which makes the worker's configuration out of its own.
  startByRunner() {
    const { rootURL, clientId, accessToken, workerGroup, workerId, certificate, provisionerId,
      workerType, ...config } = this.config;
    let text = fs.readFileSync(path.join(root, 'examples/generic-worker/runner.yml'), 'utf8');
    const written = { rootURL, clientID: clientId, accessToken, workerPoolID: this.queueId,
      workerGroup, workerID: workerId, path: program('generic-worker'),
      configPath: path.join(this.directory, 'generated.json') };
    for (const [key, value] of Object.entries(written))
      text = text.replace(new RegExp(`^(  ${key}:) .*$`, 'm'), `$1 ${value}`);
    text = text.replace(/^workerConfig:\n(  .*\n)*/m, `workerConfig: ${JSON.stringify(config)}\n`);
    const file = path.join(this.directory, 'runner.yml');
    fs.writeFileSync(file, text);
    this.process = launch(program('start-worker'), [file],
      { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on('data', (data) => { this.said += data; });
    return this;
  }

  tell(message) { this.process.stdin.write(`~${JSON.stringify(message)}\n`); }

  writeConfig() {
    const file = path.join(this.directory, 'config.json');
    fs.writeFileSync(file, JSON.stringify(this.config));
    return file;
  }

  // How it ended by itself.
  async ended(limitMs = 120000) {
    await until('the worker ends', () => !isRunning(this.process), limitMs).catch((error) => {
      throw new Error(`${error.message}\n${this.said.slice(-5000)}`);
    });
    return (await this.process.ended).code;
  }

  // A worker that is killed would leave its helpers and tasks behind.
  async stop() {
    if (this.process && isRunning(this.process)) {
      const family = descendants(this.process.pid);
      await end(this.process, 'SIGKILL');
      for (const pid of family) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
    }
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

export const bash = (text) => [['/bin/bash', '-c', text]];

// A server, a client with the scopes that the documentation says workers need, and stock workers with
// pools of their own.
export class StockBench {
  static async start(options = {}) {
    await reservePorts();
    const bench = new StockBench();
    bench.workers = [];
    const { clientId, client, anonymous } = documented();
    bench.server = await Server.start({ 'claim-wait': 1, anonymous, ...options });
    bench.root = queue(bench.server);
    const { accessToken } = await bench.service('Auth').createClient(clientId, { ...client,
      scopes: client.scopes.map((scope) => scope.replace('ci/linux', 'stock/*')) });
    bench.credentials = { clientId, accessToken };
    return bench;
  }

  async stop() {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.server.stop();
  }

  // A stock client of any service, as root.
  service(name) {
    return new taskcluster[name]({ rootUrl: this.server.rootUrl, retries: 0,
      credentials: this.server.credentials });
  }

  // A worker that ends after so many tasks; of none, when it is told to.
  worker(numberOfTasksToRun = 1, more = {}) {
    const made = new StockWorker(this.server, { ...this.credentials, numberOfTasksToRun, ...more });
    this.workers.push(made);
    return made;
  }

  async create(of, payload, more = {}) {
    const id = slugid();
    await this.root.createTask(id, definition({ taskQueueId: of.queueId,
      expires: inSeconds(86400), retries: 1, payload: { maxRunTime: 60, ...payload }, ...more }));
    return id;
  }

  // Runs one task to its end and gives its status.
  async run(payload, more = {}, config = {}) {
    const of = this.worker(1, config);
    const id = await this.create(of, payload, more);
    assert.equal(await of.start().ended(), 0, of.said.slice(-3000));
    return { id, of, ...await this.status(id) };
  }

  async status(id) { return (await this.root.status(id)).status; }

  async reaches(id, state) {
    let last;
    return until(() => `the task is ${state}, not ${JSON.stringify(last)}`, async () => {
      last = await this.status(id);
      return last.state === state && last;
    }, 60000);
  }

  artifactUrl(id, name) {
    const encoded = name.split('/').map(encodeURIComponent).join('/');
    return `${this.server.rootUrl}/api/queue/v1/task/${id}/artifacts/${encoded}`;
  }

  // As anybody gets it.
  async artifact(id, name) { return (await fetch(this.artifactUrl(id, name))).text(); }

  log(id) { return this.artifact(id, 'public/logs/live_backing.log'); }

  async names(id) {
    const { artifacts } = await this.root.listLatestArtifacts(id);
    return Object.fromEntries(artifacts.map((one) => [one.name, one.storageType]));
  }

  // Reads the log where the worker offers it until it has the words.
  async liveLogSays(id, words) {
    const place = await until('the log is offered', async () => {
      const answer = await fetch(this.artifactUrl(id, 'public/logs/live.log'),
        { redirect: 'manual' });
      return answer.status === 303 && answer.headers.get('location');
    }, 60000);
    assert.match(place, /^http:\/\/127\.0\.0\.1:\d+\/log\//);
    const reader = (await fetch(place)).body.getReader();
    let text = '';
    await until(() => `the log says ${words}, not ${text}`, async () => {
      const { value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      return text.includes(words);
    }, 60000);
    await reader.cancel();
  }
}
