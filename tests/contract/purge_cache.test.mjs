// The purge-cache service with the stock client.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { expectError, signed } from './support/http.mjs';
import { Server, sleep } from './support/server.mjs';
import { failure } from './support/tasks.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

const client = (scopes) => new taskcluster.PurgeCache({ rootUrl: server.rootUrl, retries: 0,
  credentials: server.credentials, ...(scopes ? { authorizedScopes: scopes } : {}) });

test('PCH-1 ping, and 403 without scopes', async () => {
  assert.ok((await client().ping()).alive);
  for (const call of [() => client([]).allPurgeRequests(), () => client([]).purgeRequests('pp/wt')]) {
    const error = await failure(call);
    assert.equal(error.statusCode, 403);
    assert.equal(error.code, 'InsufficientScopes');
  }
});

test('PCH-7 an unknown pool has no requests', async () => {
  assert.deepEqual(await client().purgeRequests('dummy-provisioner/dummy-worker'), { requests: [] });
});

test('PCH-2 requests replace those of the same name, and are listed by pool and name', async () => {
  const pc = client();
  assert.deepEqual(await pc.allPurgeRequests(), { requests: [] });
  const ask = (pool, cacheName) => pc.purgeCache(pool, { cacheName });
  assert.equal(await ask('pp/wt', 'my-test-cache'), undefined);
  const [first] = (await pc.allPurgeRequests()).requests;
  assert.deepEqual({ ...first, before: 0 },
    { provisionerId: 'pp', workerType: 'wt', cacheName: 'my-test-cache', before: 0 });
  await ask('pp/wt', 'my-test-cache');
  const { requests, ...rest } = await pc.allPurgeRequests();
  assert.deepEqual(rest, {});
  assert.equal(requests.length, 1);
  assert.ok(requests[0].before > first.before);
  await ask('pp/wt', 'my-test-cache-2');
  assert.equal((await pc.allPurgeRequests()).requests.length, 2);
  await ask('pp2/wt', 'my-test-cache');
  await ask('pp/wt2', 'my-test-cache');
  const all = (await pc.allPurgeRequests()).requests;
  assert.deepEqual(all.map((r) => `${r.provisionerId}/${r.workerType} ${r.cacheName}`),
    ['pp/wt my-test-cache', 'pp/wt my-test-cache-2', 'pp/wt2 my-test-cache', 'pp2/wt my-test-cache']);

  const pages = [];
  let token;
  do {
    const page = await pc.allPurgeRequests({ limit: 1, ...(token ? { continuationToken: token } : {}) });
    assert.equal(page.requests.length, 1);
    pages.push(...page.requests);
    token = page.continuationToken;
  } while (token);
  assert.deepEqual(pages, all);
  assert.equal((await failure(() => pc.allPurgeRequests({ continuationToken: '!!' }))).statusCode, 400);
});

test('PCH-3 requests of a pool, and since', async () => {
  const pc = client();
  for (const cacheName of ['a', 'b']) await pc.purgeCache('since/one', { cacheName });
  await pc.purgeCache('since/two', { cacheName: 'a' });
  const of = async (pool, query) => (await pc.purgeRequests(pool, query)).requests;
  assert.equal((await of('since/two')).length, 1);
  const requests = await of('since/one');
  assert.deepEqual(requests.map((r) => r.cacheName), ['a', 'b']);
  assert.ok(requests[1].before > requests[0].before);
  assert.equal((await of('since/one', { since: requests[0].before })).length, 2);
  assert.equal((await of('since/one', { since: requests[1].before })).length, 1);
  await sleep(5);
  assert.equal((await of('since/one', { since: new Date().toJSON() })).length, 0);
  for (const since of ['2020-11-22', new Date(0).toJSON(), '2020-11-22T02:00:00+01:00',
    new Date(1606010400000).toString(), new Date(1606010400000).toUTCString()])
    assert.equal((await of('since/one', { since })).length, 2, since);
  const error = await expectError(await signed(server, 'GET',
    '/api/purge-cache/v1/purge-cache/since%2Fone?since=yesterday'), 400, 'InvalidRequestArguments',
  'Query-string parameter: since="yesterday" is not valid, error: Invalid Date');
  assert.equal(error.requestInfo.method, 'purgeRequests');
});

test('PCH-4 what was asked for is seen at once, however often it is read', async () => {
  const pc = client();
  for (let i = 0; i < 5; ++i) {
    await pc.purgeCache('seen/at-once', { cacheName: `cache-${i}` });
    for (let again = 0; again < 3; ++again)
      assert.equal((await pc.purgeRequests('seen/at-once')).requests.length, i + 1);
  }
});

test('PCH-6 bad pool ids and bodies', async () => {
  for (const pool of ['pp', 'pp%2Fwt%2Fx', 'list']) {
    await expectError(await signed(server, 'POST', `/api/purge-cache/v1/purge-cache/${pool}`, '{"cacheName":"c"}'),
      400, 'InvalidRequestArguments');
  }
  const narrow = client([]);
  assert.equal((await failure(() => narrow.purgeCache('pp/wt', {}))).code, 'InputValidationError');
  assert.equal((await failure(() => narrow.purgeCache('pp/wt', { cacheName: 'c' }))).statusCode, 403);
  await client(['purge-cache:pp/wt:c']).purgeCache('pp/wt', { cacheName: 'c' });
  await client().purgeCache('pp/wt', { cacheName: '' });
});

test('requests survive a crash', async () => {
  const before = await client().allPurgeRequests();
  assert.ok(before.requests.length > 5);
  await server.restart();
  assert.deepEqual(await client().allPurgeRequests(), before);
});
