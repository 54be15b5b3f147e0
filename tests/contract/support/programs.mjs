// The program's everyday subcommands, each in an environment that has a mark of its own: all
// processes that come of it inherit the mark, so that none can hide.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { binary, until } from './server.mjs';

export class Program {
  constructor(file, args, options = {}) {
    this.out = '';
    this.err = '';
    this.process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.process.stdout.on('data', (text) => { this.out += text; });
    this.process.stderr.on('data', (text) => { this.err += text; });
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => resolve({ code, signal }));
    });
  }

  async says(what, limitMs) {
    return until(() => `${what} is said; so far: ${this.out}${this.err}`,
      () => what.exec(this.out) ?? what.exec(this.err), limitMs);
  }

  async kill(signal = 'SIGKILL') {
    if (this.process.exitCode === null && this.process.signalCode === null)
      this.process.kill(signal);
    return this.ended;
  }
}

// A place where programs run that know nothing of the machine's other servers.
export class Place {
  constructor() {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-place-'));
    this.temporary = path.join(this.directory, 'tmp');
    this.data = path.join(this.directory, 'data');
    fs.mkdirSync(this.temporary);
    this.env = { ...process.env, TMPDIR: this.temporary, XDG_RUNTIME_DIR: this.directory };
    for (const name of Object.keys(this.env))
      if (/^(TASKCLUSTER|TROUPE)_/.test(name)) delete this.env[name];
    this.started = [];
  }

  run(args, options = {}) {
    return this.start(binary, args, options);
  }

  start(file, args, { env, ...options } = {}) {
    const program = new Program(file, args, { env: { ...this.env, ...env }, ...options });
    this.started.push(program);
    return program;
  }

  // `troupe up` on free ports; resolves when it is up.
  async up(...args) {
    const program = this.run(['up', '--http-port', '0', '--zmq-pub-port', '0',
      '--zmq-router-port', '0', '--caf-port', '0', '--metrics-port', '0', ...args]);
    const [, url] = await program.says(/Troupe is up at (\S+)/);
    program.rootUrl = url;
    return program;
  }

  // Processes that came of programs of this place, dead ones left out.
  processes() {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
      try {
        // Redis writes its title over its environment; its title names its socket.
        return ['environ', 'cmdline'].some((file) =>
          fs.readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(this.directory));
      } catch {
        return false;
      }
    }).map((pid) => {
      try {
        return `${pid} ${fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').replace(/\0/g, ' ')}`;
      } catch {
        return '';
      }
    }).filter((line) => line.trim());
  }

  async nothingIsLeft(limitMs) {
    let left;
    await until(() => `no process is left of ${JSON.stringify(left)}`, () => {
      left = this.processes();
      return left.length === 0;
    }, limitMs);
  }

  async clear() {
    for (const program of this.started) await program.kill();
    for (const line of this.processes()) {
      try {
        process.kill(Number(line.split(' ')[0]), 'SIGKILL');
      } catch {
        // gone by now
      }
    }
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
