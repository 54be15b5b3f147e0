// The stock programs of the Go client's repository, which script/bootstrap builds for each list of
// versions, and stock workers that run in a directory of their own.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { end, isRunning, launch, root, until } from './server.mjs';

const sources = path.join(root, 'tests/contract/go');

// The same number as in script/bootstrap: of all files, by name.
function fingerprint() {
  const hash = createHash('sha256');
  for (const name of fs.readdirSync(sources, { recursive: true }).sort()) {
    const file = path.join(sources, name);
    if (fs.statSync(file).isFile()) hash.update(`${name}\n`).update(fs.readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
const place = path.join(cache, 'troupe', `go-programs-${fingerprint()}`);

export function program(name) {
  if (!fs.existsSync(path.join(place, 'complete')))
    throw new Error(`the stock Go programs are not in ${place}; script/bootstrap builds them`);
  return path.join(place, name);
}

export const workerScopes = (pool) => [`queue:claim-work:${pool}`, 'queue:worker-id:*',
  `purge-cache:purge-requests::${pool}`, 'auth:expand-scopes'];

let count = 0;

// generic-worker as it comes, with the configuration of docs/workers.md for a pool of its own.
export class StockWorker {
  constructor(server, more = {}) {
    this.server = server;
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'generic-worker-'));
    this.workerId = `gw-${++count}`;
    this.provisionerId = 'stock';
    this.workerType = `pool-${count}`;
    this.queueId = `${this.provisionerId}/${this.workerType}`;
    // Ports of its own, below those that the system gives away.
    const base = 20000 + (process.pid * 240) % 11000 + count * 12;
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
  start({ runner = false } = {}) {
    const args = ['run', '--config', this.writeConfig(), ...(runner ? ['--with-worker-runner'] : [])];
    this.process = launch(program('generic-worker'), args,
      { cwd: this.directory, stdio: [runner ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
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

  async stop() {
    if (this.process && isRunning(this.process)) await end(this.process, 'SIGKILL');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
