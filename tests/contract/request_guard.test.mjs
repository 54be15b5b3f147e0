// Limits of requests, and signatures that count once: only where the operator asks for them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { Server, rootToken, sleep } from './support/server.mjs';
import { definition, queue, slugid, temporary } from './support/tasks.mjs';

const hawk = createRequire(import.meta.url)('hawk');
const credentials = { id: 'static/taskcluster/root', key: rootToken, algorithm: 'sha256' };

const problemOf = (call) => call.then(() => null, (error) => error);

const until200 = async (ask, limit = 100) => {
  for (let i = 0; i < limit; ++i) {
    const answer = await ask();
    if (answer.status !== 429) return answer;
    await sleep(50);
  }
  throw new Error('still refused');
};

describe('limits', () => {
  let server;
  before(async () => {
    server = await Server.start({ 'client-rate-limit': 5, 'address-rate-limit': 5,
      'rate-limit-burst': 2, clients: [{ clientId: 'static/tests/busy', accessToken: rootToken,
        scopes: ['*'], description: 'asks too much' }] });
  });
  after(() => server?.stop());

  const busy = () => ({ clientId: 'static/tests/busy', accessToken: rootToken });

  test('a client that asks too much gets 429 with Retry-After, others go on', async () => {
    const own = queue(server, null, busy());
    const problems = await Promise.all(Array.from({ length: 30 }, () =>
      problemOf(own.listTaskQueues())));
    const refused = problems.filter(Boolean);
    assert.ok(refused.length >= 15, `${refused.length} refused`);
    for (const error of refused) {
      assert.equal(error.statusCode, 429);
      assert.equal(error.code, 'TooManyRequests');
      assert.match(error.message, /The client static\/tests\/busy may make 5 requests a second/);
    }
    // Other names of temporary credentials share the limit of who issued them.
    const named = taskcluster.createTemporaryCredentials({ clientId: 'static/tests/busy/other',
      start: new Date(Date.now() - 60_000), expiry: new Date(Date.now() + 3600_000),
      scopes: ['*'], credentials: busy() });
    const more = await Promise.all(Array.from({ length: 12 }, () =>
      problemOf(queue(server, null, named).listTaskQueues())));
    assert.ok(more.some((error) => error?.statusCode === 429));
    await queue(server, null, temporary({ scopes: ['*'] })).listTaskQueues();

    const url = `${server.rootUrl}/api/queue/v1/task-queues`;
    let answer;
    do {
      const { header } = hawk.client.header(url, 'GET',
        { credentials: { ...credentials, id: 'static/tests/busy' } });
      answer = await fetch(url, { headers: { authorization: header } });
      await answer.text();
    } while (answer.status !== 429);
    const wait = Number(answer.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 3, `${wait}`);
    await sleep(wait * 1000);
    await own.listTaskQueues();
  });

  test('an address that asks too much is refused before it is asked who it is', async () => {
    const from = (address, target = '/api/queue/v1/ping', headers = {}) =>
      fetch(server.rootUrl + target, { headers: { 'x-forwarded-for': address, ...headers } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => from('203.0.113.7')));
    const refused = answers.filter((answer) => answer.status === 429);
    assert.ok(refused.length >= 15);
    assert.ok(Number(refused[0].headers.get('retry-after')) >= 1);
    const { code, message } = await refused[0].json();
    assert.equal(code, 'TooManyRequests');
    assert.match(message, /The address 203\.0\.113\.7 may make 5 requests a second/);
    // So are doors that are no API methods; other addresses and this machine are served.
    assert.equal((await from('203.0.113.7', '/tasks/x')).status, 429);
    assert.equal((await from('203.0.113.8')).status, 200);
    for (let i = 0; i < 30; ++i)
      assert.equal((await fetch(`${server.rootUrl}/api/queue/v1/ping`)).status, 200);
    assert.equal((await until200(() => from('203.0.113.7'))).status, 200);
  });

  test('who shows wrong credentials is refused much sooner', async () => {
    const url = `${server.rootUrl}/api/queue/v1/task-queues`;
    const seen = [];
    for (let i = 0; i < 5; ++i) {
      const { header } = hawk.client.header(url, 'GET',
        { credentials: { ...credentials, key: `wrong-${i}` } });
      seen.push((await fetch(url, { headers: { authorization: header,
        'x-forwarded-for': '203.0.113.9' } })).status);
    }
    assert.equal(seen[0], 401);
    assert.ok(seen.includes(429), seen.join());
  });
});

describe('a memory of signatures', () => {
  let server;
  before(async () => {
    server = await Server.start({ 'nonce-memory': true });
  });
  after(() => server?.stop());

  const send = (url, method, header, body) => fetch(url, { method, body, headers: {
    authorization: header, ...(body ? { 'content-type': 'application/json' } : {}) } });

  test('what changes something is refused when it comes again, whoever sends it', async () => {
    const id = slugid();
    const url = `${server.rootUrl}/api/queue/v1/task/${id}`;
    const body = JSON.stringify(definition());
    const { header } = hawk.client.header(url, 'PUT', { credentials, payload: body,
      contentType: 'application/json' });
    assert.equal((await send(url, 'PUT', header, body)).status, 200);
    const again = await send(url, 'PUT', header, body);
    assert.equal(again.status, 401);
    assert.match((await again.json()).message, /Invalid nonce/);
    // The same parts in another order are the same signature.
    const parts = header.slice(5).split(', ').reverse().join(', ');
    assert.equal((await send(url, 'PUT', `Hawk ${parts}`, body)).status, 401);
    const { header: fresh } = hawk.client.header(url, 'PUT', { credentials, payload: body,
      contentType: 'application/json' });
    assert.equal((await send(url, 'PUT', fresh, body)).status, 200);
  });

  test('reading may be repeated, and so may signed URLs', async () => {
    const url = `${server.rootUrl}/api/queue/v1/task-queues`;
    const { header } = hawk.client.header(url, 'GET', { credentials });
    for (let i = 0; i < 3; ++i) assert.equal((await send(url, 'GET', header)).status, 200);
    const root = queue(server);
    const id = slugid();
    await root.createTask(id, definition());
    const signed = root.buildSignedUrl(root.status, id, { expiration: 60 });
    for (let i = 0; i < 3; ++i) assert.equal((await fetch(signed)).status, 200);
  });

  test('the stock client signs each call anew, so it does not notice', async () => {
    const root = queue(server);
    const id = slugid();
    const task = definition();
    for (let i = 0; i < 5; ++i) await root.createTask(id, task);
    await root.cancelTask(id);
    await root.cancelTask(id);
  });
});
