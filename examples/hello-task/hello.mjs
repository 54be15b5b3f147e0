// Runs a task and prints its log, with the stock JavaScript client:
//   npm install taskcluster-client && node hello.mjs DATA    (DATA: the directory that `troupe up` names)
import fs from 'node:fs';
import taskcluster from 'taskcluster-client';

const read = (name) => JSON.parse(fs.readFileSync(`${process.argv[2]}/${name}`));
const queue = new taskcluster.Queue({
  rootUrl: read('up.json').rootUrl, credentials: read('root-credentials') });

const taskId = taskcluster.slugid();
await queue.createTask(taskId, {
  taskQueueId: 'local/default',
  created: taskcluster.fromNowJSON(),
  deadline: taskcluster.fromNowJSON('1 hour'),
  payload: { command: [['echo', 'Hello from the stock client.']], maxRunTime: 60 },
  metadata: { name: 'hello', description: 'Says hello.', owner: 'nobody@example.com',
    source: 'https://example.com/hello-task' },
});

let state;
do {
  await new Promise((resolve) => setTimeout(resolve, 100));
  ({ status: { state } } = await queue.status(taskId));
} while (['unscheduled', 'pending', 'running'].includes(state));

const log = await fetch(
  queue.buildSignedUrl(queue.getLatestArtifact, taskId, 'public/logs/live.log'));
process.stdout.write(await log.text());
process.exitCode = state === 'completed' ? 0 : 1;
