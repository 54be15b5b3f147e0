// Task definitions and clients for the tests.
import taskcluster from 'taskcluster-client';
import { rootToken } from './server.mjs';

export const slugid = taskcluster.slugid;
export const inSeconds = (s) => new Date(Date.now() + s * 1000).toJSON();

export const queueId = 'test-provisioner/test-worker';

export function definition(overrides = {}) {
  return {
    taskQueueId: queueId,
    schedulerId: 'my-scheduler',
    taskGroupId: slugid(),
    routes: [],
    retries: 5,
    created: inSeconds(0),
    deadline: inSeconds(3600),
    scopes: [],
    payload: { hello: 'world' },
    metadata: {
      name: 'Unit testing task',
      description: 'Task made by a test',
      owner: 'tests@example.com',
      source: 'https://example.com/tests',
    },
    tags: { purpose: 'taskcluster-testing' },
    ...overrides,
  };
}

// What the stock client of this version has no method for yet; it makes clients of any reference.
const change = (name, route, arg) => ({ type: 'function', method: 'post', name, route, args: [arg],
  query: [], input: 'v1/change-task-priority-request.json#', stability: 'experimental',
  output: 'v1/any.json#', title: name, description: name, category: 'Tasks' });
const NewerQueue = taskcluster.createClient({ serviceName: 'queue', apiVersion: 'v1',
  title: 'Queue', description: 'Newer methods of the queue', entries: [
    change('changeTaskPriority', '/task/<taskId>/priority', 'taskId'),
    change('changeTaskGroupPriority', '/task-group/<taskGroupId>/priority', 'taskGroupId'),
  ] }, 'Queue');

// A queue client; without scopes it may do everything.
export function queue(server, scopes, credentials = server.credentials) {
  const options = {
    rootUrl: server.rootUrl,
    credentials,
    retries: 0,
    ...(scopes ? { authorizedScopes: scopes } : {}),
  };
  const client = new taskcluster.Queue(options);
  const newer = new NewerQueue(options);
  for (const name of ['changeTaskPriority', 'changeTaskGroupPriority'])
    client[name] ??= newer[name].bind(newer);
  return client;
}

export function anonymousQueue(server) {
  return new taskcluster.Queue({ rootUrl: server.rootUrl, retries: 0 });
}

export const temporary = (options) => taskcluster.createTemporaryCredentials({
  start: new Date(Date.now() - 60_000),
  expiry: new Date(Date.now() + 3600_000),
  credentials: { clientId: 'static/taskcluster/root', accessToken: rootToken },
  ...options,
});

export async function claim(q, n = 1, worker = 'my-worker') {
  return (await q.claimWork(queueId, {
    workerGroup: 'my-worker-group', workerId: worker, tasks: n,
  })).tasks;
}

// Runs the call and gives its error; fails when there is none.
export async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('the call was expected to fail');
}
