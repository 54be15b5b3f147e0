// Starts the real binary with a private Redis on free ports, and ends both.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../../..');
export const binary = process.env.TROUPE_BINARY ?? path.join(root, 'build/release/app/troupe');
export const subscriberProgram = process.env.TROUPE_SUBSCRIBER ??
  path.join(root, 'build/release/examples/zeromq-subscriber/zeromq_subscriber');
export const rootToken = 'root-access-token-of-the-contract-tests-0000';

// How many lanes the servers get; those of the machine unless said.
const lanes = Number(process.env.TROUPE_TEST_LANES ?? 0);

// What workers of the tests speak: `http`, or `caf` by mutual TLS.
const transport = process.env.TROUPE_TEST_TRANSPORT ?? 'http';

// Nothing that was started outlives the tests, whatever becomes of them: what is still there when
// the process ends is killed, and what it leaves behind when it is killed itself dies with it.
const started = new Set();
const directories = new Set();
// A program that is killed leaves its temporary directory behind; all of them are below this one.
process.env.TMPDIR = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-run-'));
directories.add(process.env.TMPDIR);
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true });
});

export function launch(program, args, options) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], options);
  started.add(child);
  child.ended = new Promise((resolve) => {
    const end = (code, signal) => {
      started.delete(child);
      resolve({ code, signal });
    };
    child.on('close', end);
    child.on('error', (error) => end(error.message, null));
  });
  return child;
}

export const isRunning = (child) => started.has(child);

// Ends it, and if it does not end within the limit, makes an end and says so.
export async function end(child, signal, limitMs = 60000) {
  if (!isRunning(child)) return child.ended;
  child.kill(signal);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitMs);
  const result = await child.ended;
  clearTimeout(timer);
  if (late) throw new Error(`${child.spawnargs.slice(3, 5).join(' ')} did not end after ${signal}`);
  return result;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Waits until the condition gives something; the bound is for failures only. `what` may be a
// function, which tells what is known at the end.
export async function until(what, condition, limitMs = 20000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end)
      throw new Error(`waited in vain until ${typeof what === 'function' ? what() : what}`);
    await sleep(20);
  }
}

// Sends one command; the raw beginning of the reply.
function tellRedis(socketPath, ...words) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    socket.on('connect', () => {
      socket.write(`*${words.length}\r\n${
        words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    });
    socket.on('data', (data) => { socket.destroy(); resolve(data.toString()); });
    socket.on('error', reject);
  });
}

const connects = (socketPath) => tellRedis(socketPath, 'PING')
  .then((reply) => reply.startsWith('+PONG'), () => false);

export class Redis {
  constructor(directory, fsync = 'everysec') {
    this.directory = directory;
    this.fsync = fsync;
    this.socket = path.join(directory, 'redis.sock');
    this.address = `unix:${this.socket}`;
  }

  async start() {
    fs.mkdirSync(this.directory, { recursive: true });
    this.process = launch('redis-server', ['--port', '0', '--unixsocket', this.socket, '--dir',
      this.directory, '--save', '', '--appendonly', 'yes', '--appendfsync', this.fsync],
    { stdio: 'ignore' });
    await until('Redis answers', () => {
      if (!isRunning(this.process)) throw new Error('redis-server did not start');
      return connects(this.socket);
    });
  }

  // One command with a short reply; fails when Redis refuses it.
  async command(...words) {
    const reply = await tellRedis(this.socket, ...words);
    if (reply.startsWith('-')) throw new Error(`Redis answered ${words[0]} with ${reply}`);
    return reply;
  }

  async kill() {
    if (this.process) await end(this.process, 'SIGKILL');
  }
}

export class Server {
  // `options` are settings by their flag names, e.g. {'claim-timeout': 1}; `clients` and `anonymous`
  // go into the configuration file, `fsync` is that of Redis.
  constructor(options = {}) {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-test-'));
    directories.add(this.directory);
    this.options = options;
    this.redis = new Redis(path.join(this.directory, 'redis'), options.fsync);
    this.data = path.join(this.directory, 'data');
    this.log = '';
  }

  static async start(options = {}) {
    const server = new Server(options);
    try {
      await server.redis.start();
      await server.launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  configFile() {
    const file = path.join(this.directory, 'config.yml');
    const clients = [
      { clientId: 'static/taskcluster/root', accessToken: rootToken, scopes: ['*'],
        description: 'root of the tests' },
      { clientId: 'static/tests/narrow', accessToken: rootToken, scopes: ['queue:ping-only'],
        description: 'may do nothing of interest' },
      ...(this.options.clients ?? [])];
    fs.writeFileSync(file, JSON.stringify({
      'static-clients': clients,
      'anonymous-scopes': this.options.anonymous ?? [],
    }));
    return file;
  }

  async launch() {
    const flags = { redis: this.redis.address, data: this.data, 'http-port': this.httpPort ?? 0,
      'zmq-pub-port': this.pubPort ?? 0, 'zmq-router-port': this.routerPort ?? 0,
      'caf-port': this.cafPort ?? 0, 'metrics-port': 0, 'log-format': 'json',
      config: this.configFile(), ...(lanes ? { lanes } : {}), ...this.options };
    delete flags.clients;
    delete flags.fsync;
    delete flags.anonymous;
    const info = path.join(this.data, 'up.json');
    fs.rmSync(info, { force: true });
    const args = ['serve', ...Object.entries(flags).flatMap(([k, v]) => [`--${k}`, String(v)])];
    this.process = launch(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text) => { this.log += text; };
    this.process.stdout.on('data', keep);
    this.process.stderr.on('data', keep);
    this.exited = this.process.ended;
    await until('the server is ready', async () => {
      if (!isRunning(this.process)) {
        const { code, signal } = await this.exited;
        throw new Error(`the server ended with ${code ?? signal}:\n${this.log}`);
      }
      return fs.existsSync(info) && fs.statSync(info).size > 0;
    }, 60000);
    this.info = JSON.parse(fs.readFileSync(info, 'utf8'));
    this.rootUrl = this.info.rootUrl;
    this.httpPort = Number(new URL(this.rootUrl).port);
    this.pubPort = this.info.zmqPubPort;
    this.routerPort = this.info.zmqRouterPort;
    this.cafPort = this.info.cafPort;
  }

  // Arguments by which a worker reaches the CAF port.
  get cafArguments() {
    return ['--connect', this.info.cafAddress, '--tls', path.join(this.data, 'tls')];
  }

  // Arguments by which a worker speaks what workers of the tests speak.
  get workerArguments() {
    return transport === 'caf' ? this.cafArguments : [];
  }

  get credentials() {
    return { clientId: 'static/taskcluster/root', accessToken: rootToken };
  }

  async kill(signal = 'SIGKILL') {
    return this.process ? end(this.process, signal) : undefined;
  }

  async restart(signal = 'SIGKILL') {
    await this.kill(signal);
    const before = this.log.length;
    // Its ports were free for a moment, in which a connection of some other test may have got one.
    for (const patience = Date.now() + 30000; ;)
      try {
        return await this.launch();
      } catch (failed) {
        if (!this.log.slice(before).includes('cannot listen') || Date.now() > patience) throw failed;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
  }

  // The end of a test. A server that is still there must end well: a sanitizer speaks last.
  async stop() {
    const runs = this.process && isRunning(this.process);
    try {
      const result = await this.kill('SIGTERM');
      if (runs && result.code !== 0)
        throw new Error(`the server ended with ${result.code ?? result.signal}:\n${this.log}`);
      return result;
    } finally {
      await this.redis.kill();
      fs.rmSync(this.directory, { recursive: true, force: true });
    }
  }
}
