// The stock Go client through a task's life, artifacts, listings, errors and other services.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { program } from './support/go.mjs';
import { Server } from './support/server.mjs';

let server;
before(async () => { server = await Server.start({ 'claim-wait': 1 }); });
after(() => server?.stop());

test('the stock Go client leads a task through its life', async () => {
  const { stdout } = await promisify(execFile)(program('queue-client'),
    [server.rootUrl, server.credentials.clientId, server.credentials.accessToken]);
  const { named, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {
    created: 'pending', dependent: 'unscheduled', claimed: 1, reclaimed: true, put: 200,
    completed: 'completed', freed: 'pending', canceled: 'exception',
    text: { size: 5, contentType: 'text/plain' },
    object: { size: 5000, contentType: 'application/x-thing' },
    group: { pages: 2, tasks: 2 }, artifacts: 2, dependents: 1, sealed: true, workers: 1,
    signed: 200, unknown: 404, other: 409, anonymous: 403, wrong: 401, narrow: 403,
    indexed: true, secret: { deep: 'secret' },
    counts: { taskQueueId: 'go-tests/queue', provisionerId: 'go-tests', workerType: 'queue',
      pendingTasks: 0, claimedTasks: 1 }, claims: 1, pending: 1, 'group canceled': true,
    'go/small': true, 'go/large/one': true,
    reasons: ['scheduled failed', 'rerun worker-shutdown', 'retry canceled'],
    statuses: 1, tasks: 1, 'too late': 409, 'public/none': true, 'public/link': true, info: 'link',
    expanded: 2, 'not purged': 403, purges: 1, gone: 401,
  });
  assert.ok(named.includes('go:*'));
});
