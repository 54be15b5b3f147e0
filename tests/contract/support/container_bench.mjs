// Workers with containers on a server of their own, and tasks for them in images of the test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Server, until } from './server.mjs';
import { definition, inSeconds, slugid } from './tasks.mjs';
import { WorkerBench } from './worker_bench.mjs';

export class ContainerBench extends WorkerBench {
  static async start(queueId, options = {}) {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'containers-'));
    const server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'], ...options });
    const made = new ContainerBench(server, queueId);
    made.scratch = scratch;
    return made;
  }

  get own() { return path.join(this.scratch, 'caches/containers'); }

  // Resolves when the worker claims tasks.
  async startContainers(queueId, more = [], env = {}, engines = 'container') {
    const id = `w${this.workers.length}`;
    const owners = path.join(this.own, 'workers');
    const before = fs.existsSync(owners) ? fs.readdirSync(owners) : [];
    const worker = this.startWorker(queueId, id, env, ['--engine', engines, '--work-dir',
      path.join(this.scratch, `work-${id}`), '--cache-dir', path.join(this.scratch, 'caches'), ...more]);
    await until('the worker works', () => {
      if (worker.exitCode !== null) throw new Error('the worker did not start');
      return fs.existsSync(owners) && fs.readdirSync(owners).some((name) => !before.includes(name));
    });
    return worker;
  }

  // A task with the artifacts, resolved.
  async taskWith(artifacts) {
    const taskId = slugid();
    await this.q.createTask(taskId, definition({ taskQueueId: 'work/maker', deadline: inSeconds(600) }));
    const { tasks: [claim] } = await this.q.claimWork('work/maker', { workerGroup: 'g', workerId: 'maker', tasks: 1 });
    const by = new taskcluster.Queue({ rootUrl: this.server.rootUrl, credentials: claim.credentials, retries: 0 });
    for (const [name, bytes] of Object.entries(artifacts)) {
      const { putUrl } = await by.createArtifact(taskId, 0, name, { storageType: 's3',
        contentType: 'application/octet-stream', expires: inSeconds(3600) });
      const { status } = await fetch(putUrl, { method: 'PUT', body: bytes,
        headers: { 'content-type': 'application/octet-stream' } });
      assert.equal(status, 200);
    }
    await by.reportCompleted(taskId, 0);
    return taskId;
  }

  // The image of tasks from now on.
  async useImage(saved) {
    this.image = { type: 'task-image', path: 'public/image.tar', taskId: await this.taskWith({ 'public/image.tar': saved.bytes }) };
  }

  // A task whose command is the text in the shell of the image.
  shell(text, payload = {}, task = {}) {
    return definition({ taskQueueId: this.queueId, deadline: inSeconds(600), payload: { image: this.image,
      command: ['/bin/sh', '-c', text], maxRunTime: 120, ...payload }, ...task });
  }

  async result(def) {
    const { taskId, status, run: last } = await this.run(def);
    return { taskId, state: status.state, reason: last.reasonResolved, runs: status.runs,
      log: (await this.log(taskId)).replaceAll('\r\n', '\n') };
  }

  async completes(text, payload, task) {
    const done = await this.result(this.shell(text, payload, task));
    assert.equal(done.state, 'completed', done.log);
    return done;
  }

  async malformed(payload, message, task) {
    const done = await this.result(this.shell('echo begun', payload, task));
    assert.equal(done.reason, 'malformed-payload', done.log);
    assert.match(done.log, message);
    assert.doesNotMatch(done.log, /^begun$/m);
    return done;
  }

  // The workers' podman, asked from outside.
  podman(...words) {
    const live = fs.readlinkSync(`${this.own}/live`);
    const storage = fs.existsSync(`${this.own}/overlay`) ? 'overlay' : 'vfs';
    const answer = spawnSync('podman', ['--cgroup-manager=cgroupfs', `--storage-driver=${storage}`,
      `--root=${this.own}/${storage}`, `--runroot=${live}/run`, `--tmpdir=${live}/tmp`, ...words],
    { env: { ...process.env, CONTAINERS_CONF: `${this.own}/containers.conf` } });
    assert.equal(answer.status, 0, answer.stderr.toString());
    return answer.stdout.toString();
  }

  async stop() {
    await super.stop();
    await this.server.stop();
    if (fs.existsSync(`${this.own}/live`)) {
      this.podman('rm', '--all', '--force');
      fs.rmSync(fs.readlinkSync(`${this.own}/live`), { recursive: true, force: true });
    }
    fs.rmSync(this.scratch, { recursive: true, force: true });
  }
}
