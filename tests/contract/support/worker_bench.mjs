// A queue of its own with workers of its own, and what tests ask of them.
import { spawn } from 'node:child_process';
import { binary, until } from './server.mjs';
import { definition, inSeconds, queue, slugid } from './tasks.mjs';

export class WorkerBench {
  constructor(server, queueId) {
    this.server = server;
    this.queueId = queueId;
    this.q = queue(server);
    this.workers = [];
  }

  startWorker(queueId = this.queueId, id = 'w', env = {}, more = [], as = {}) {
    const child = spawn(binary, ['worker', '--queue', queueId, '--group', 'g', '--id', id,
      '--capacity', '4', ...this.server.workerArguments, ...more], {
      stdio: ['ignore', 'inherit', 'inherit'], ...as,
      env: { ...process.env, TASKCLUSTER_ROOT_URL: this.server.rootUrl,
        TASKCLUSTER_CLIENT_ID: this.server.credentials.clientId,
        TASKCLUSTER_ACCESS_TOKEN: this.server.credentials.accessToken, ...env },
    });
    child.ended = new Promise((resolve) => child.on('exit', resolve));
    this.workers.push(child);
    return child;
  }

  async stop() {
    for (const worker of this.workers) {
      if (worker.exitCode === null && worker.signalCode === null) worker.kill('SIGTERM');
      await worker.ended;
    }
  }

  // A task that runs the text in a shell.
  script(text, overrides = {}, task = {}) {
    return definition({ taskQueueId: this.queueId, deadline: inSeconds(600),
      payload: { command: [['/bin/sh', '-c', text]], maxRunTime: 60, ...overrides }, ...task });
  }

  // Creates the task and waits until it is resolved.
  async run(def, taskId = slugid()) {
    await this.q.createTask(taskId, def);
    const status = await until('the task is resolved', async () => {
      const s = (await this.q.status(taskId)).status;
      return ['completed', 'failed', 'exception'].includes(s.state) ? s : undefined;
    });
    return { taskId, status, run: status.runs.at(-1) };
  }

  async artifact(taskId, name) {
    const response = await fetch(
      `${this.server.rootUrl}/api/queue/v1/task/${taskId}/artifacts/${name}`,
      { redirect: 'follow' });
    return { status: response.status, text: await response.text(),
      type: response.headers.get('content-type') };
  }

  async log(taskId) {
    return (await this.artifact(taskId, 'public/logs/live.log')).text;
  }

  // Which of the names are artifacts of the run.
  async present(taskId, names, runId = 0) {
    const found = await Promise.all(names.map(async (name) => {
      const { status } = await fetch(`${this.server.rootUrl}/api/queue/v1/task/${taskId}/runs/` +
        `${runId}/artifacts/${name}`, { redirect: 'manual' });
      return status !== 404;
    }));
    return names.filter((name, at) => found[at]);
  }
}
