// Signatures that are stale, forged or missing, and bytes that are hardly HTTP: api-conventions 14,
// auth 2 to 4.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { isRunning, Server } from './support/server.mjs';
import { bewit, exchange, expectError, hawk, payloadHash, raw, signed } from './support/http.mjs';
import { definition, failure, inSeconds, queue, slugid, temporary } from './support/tasks.mjs';
import taskcluster from 'taskcluster-client';

const api = '/api/queue/v1';

let server;
let q;
let taskId;

before(async () => {
  server = await Server.start();
  q = queue(server);
  taskId = slugid();
  await q.createTask(taskId, definition());
});
after(() => server?.stop());
afterEach(async () => {
  assert.ok(isRunning(server.process), server.log);
  assert.equal((await q.status(taskId)).status.state, 'pending');
});

const statusOf = (change, headers) => signed(server, 'GET', `${api}/task/${taskId}/status`, undefined, headers, change);
const refused = async (change, said) => expectError(await statusOf(change), 401, 'AuthenticationFailed', said);

test('HT-1 HT-2 API-44 who is known may, who is nobody may not, who pretends is found out', async () => {
  assert.equal((await statusOf({})).status, 200);
  const url = `${server.rootUrl}${api}/task/${taskId}/status`;
  await expectError(await fetch(url), 403, 'InsufficientScopes', /^This request requires Taskcluster credentials/);
  await expectError(await fetch(url, { headers: { Authorization: '' } }), 403, 'InsufficientScopes');
  await refused({ id: 'nobody' });
  await refused({ key: 'another-key' }, /Bad mac/);
});

test('HWK-3 HWK-4 a signature is good for one request and a quarter of an hour', async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const ts of [now - 3600, now + 3600, now - 910, now + 910, 0, 99999999999]) await refused({ ts });
  for (const ts of [now - 800, now + 800]) assert.equal((await statusOf({ ts })).status, 200);
  const resource = `${api}/task/${taskId}/status`;
  for (const change of [{ method: 'POST' }, { resource: `${resource}?limit=1` }, { resource: resource.replace('status', 'statu') },
    { host: 'example.com' }, { port: '1' }, { mac: 'AAAA' }, { mac: '' }, { hash: payloadHash(''), hashSent: payloadHash('x') },
    { ext: 'e30=', extSent: 'e30' }]) await refused(change);
});

test('headers that are hardly Hawk are refused', async () => {
  const resource = `${api}/task/${taskId}/status`;
  const good = hawk(server, 'GET', resource);
  for (const header of ['Hawk', 'Hawk ', 'Basic dXNlcjpwYXNz', 'Bearer x', 'hawk', good.replace('mac=', 'mca='), `${good}, mac="x"`,
    good.replace(/ts="\d+"/, 'ts="soon"'), good.replace(/id="[^"]*"/, 'id=""'), `${good}, ext="${'A'.repeat(20000)}"`,
    good.replaceAll('"', ''), `${good}"`, good.replace(/nonce="[^"]*", /, '')]) {
    const response = await fetch(server.rootUrl + resource, { headers: { Authorization: header } });
    await expectError(response, 401, 'AuthenticationFailed');
  }
});

test('HT-5 a signed payload hash that does not fit is refused, and nothing is done', async () => {
  const id = slugid();
  const resource = `${api}/task/${id}`;
  const body = JSON.stringify(definition());
  const send = (hash) => signed(server, 'PUT', resource, body, {}, { hash });
  await expectError(await send(payloadHash('{}')), 401, 'AuthenticationFailed', /^Invalid payload hash: /);
  await expectError(await send('short'), 401, 'AuthenticationFailed');
  await expectError(await signed(server, 'GET', resource), 404, 'ResourceNotFound');
  assert.equal((await send(payloadHash(body))).status, 200);
});

test('HT-2 two ways to authenticate at once are one too many', async () => {
  const resource = `${api}/task/${taskId}/status`;
  const both = `${resource}?bewit=${bewit(server, resource)}`;
  await expectError(await signed(server, 'GET', both), 401, 'AuthenticationFailed',
    /^Cannot use two authentication schemes at once/);
});

test('HT-4 BWT-2 BWT-4 a bewit opens GET until it expires, and only what it was made for', async () => {
  const resource = `${api}/task/${taskId}/status`;
  const get = (token, path = resource, init) => fetch(`${server.rootUrl}${path}?bewit=${token}`, init);
  assert.equal((await get(bewit(server, resource))).status, 200);
  assert.equal((await get(bewit(server, resource), resource, { method: 'HEAD' })).status, 200);
  await expectError(await get(bewit(server, resource, { seconds: -1 })), 401, 'AuthenticationFailed', /expired/);
  await expectError(await get(bewit(server, `${api}/task/${slugid()}/status`)), 401, 'AuthenticationFailed', /Bad mac/);
  await expectError(await get(bewit(server, resource, { key: 'other' })), 401, 'AuthenticationFailed', /Bad mac/);
  await expectError(await get(bewit(server, resource, { id: 'nobody' })), 401, 'AuthenticationFailed');
  for (const token of [slugid(), 'x', '%00', Buffer.from('a\\b\\c\\d').toString('base64url')])
    await expectError(await get(token), 401, 'AuthenticationFailed');
  const cancel = `${api}/task/${taskId}/cancel`;
  await expectError(await get(bewit(server, cancel), cancel, { method: 'POST' }), 401, 'AuthenticationFailed');
});

test('TMP-3 TMP-8 API-45 temporary credentials give what their certificate says, and no more', async () => {
  const with_ = (scopes, authorizedScopes, change = {}) => new taskcluster.Queue({ rootUrl: server.rootUrl,
    retries: 0, credentials: temporary({ scopes, ...change }), ...(authorizedScopes ? { authorizedScopes } : {}) });
  const outcome = async (client) => {
    try {
      await client.status(taskId);
      return 200;
    } catch (error) {
      return error.statusCode;
    }
  };
  assert.equal(await outcome(with_(['queue:status:*'])), 200);
  assert.equal(await outcome(with_(['queue:status--'])), 403);
  assert.equal(await outcome(with_(['queue:status:*'], [`queue:status:${taskId}`])), 200);
  assert.equal(await outcome(with_(['queue:status:*'], ['queue:status:-'])), 403);
  assert.equal(await outcome(with_(['queue:status:*'], ['queue:*'])), 401);
  assert.equal(await outcome(with_(['queue:status:*'], undefined,
    { start: new Date(Date.now() - 7200e3), expiry: new Date(Date.now() - 3600e3) })), 401);
  assert.equal(await outcome(with_(['queue:status:*'], undefined,
    { start: new Date(Date.now() + 3600e3), expiry: new Date(Date.now() + 7200e3) })), 401);
  const forged = temporary({ scopes: ['queue:status:-'] });
  const certificate = JSON.parse(forged.certificate);
  certificate.scopes = ['queue:status:*'];
  const client = new taskcluster.Queue({ rootUrl: server.rootUrl, retries: 0,
    credentials: { ...forged, certificate: JSON.stringify(certificate) } });
  assert.equal(await outcome(client), 401);
});

test('HT-6 a 403 names every scope that is missing and every scope that is needed', async () => {
  const narrow = queue(server, ['queue:scheduler-id:my-scheduler']);
  const error = await failure(() => narrow.createTask(slugid(), definition({ scopes: ['a:b', 'c:d'], routes: ['r'] })));
  assert.equal(error.statusCode, 403);
  for (const scope of ['a:b', 'c:d', 'queue:route:r', 'queue:create-task:project:none', 'queue:scheduler-id:my-scheduler',
    'queue:create-task:highest:test-provisioner/test-worker', 'queue:create-task:lowest:test-provisioner/test-worker'])
    assert.ok(error.message.includes(scope), scope);
  const [missing] = error.message.split('This request requires the client to satisfy');
  assert.ok(!missing.includes('queue:scheduler-id:my-scheduler'));
});

test('API-18 API-19 API-20 which error wins, and that a refused call does nothing', async () => {
  const anonymous = (method, path, body, type = 'application/json') =>
    fetch(server.rootUrl + api + path, { method, body, headers: body === undefined ? {} : { 'Content-Type': type } });
  // Scopes that stand in the URL are asked for first, but after the body was read.
  await expectError(await anonymous('GET', '/task/-/status'), 403, 'InsufficientScopes');
  await expectError(await anonymous('GET', `/task-group/${taskId}/list?x=1`), 403, 'InsufficientScopes');
  await expectError(await anonymous('POST', `/task/${taskId}/runs/0/exception`, '{}'), 403, 'InsufficientScopes');
  await expectError(await anonymous('POST', `/task/${taskId}/runs/0/exception`, '{'), 400, 'MalformedPayload');
  // Others wait until the request is known to make sense.
  await expectError(await anonymous('PUT', '/task/-', JSON.stringify(definition())), 400, 'InvalidRequestArguments');
  await expectError(await anonymous('PUT', `/task/${slugid()}`, '{}'), 400, 'InputValidationError');
  await expectError(await anonymous('POST', `/task/${slugid()}/cancel`), 404, 'ResourceNotFound');
  await expectError(await anonymous('POST', `/task/${taskId}/cancel`), 403, 'InsufficientScopes');
  const late = JSON.stringify(definition({ created: inSeconds(-7200) }));
  await expectError(await anonymous('PUT', `/task/${slugid()}`, late), 403, 'InsufficientScopes');
});

test('API-12 API-23 public methods do not look at credentials', async () => {
  for (const path of ['/ping', '/__lbheartbeat__', '/__version__'])
    for (const header of ['Hawk rubbish', 'Basic x']) {
      const response = await fetch(`${server.rootUrl}${api}${path}`, { headers: { Authorization: header } });
      assert.equal(response.status, 200);
    }
});

const host = () => new URL(server.rootUrl).host;

test('bytes that are no HTTP are answered 400 or dropped', async () => {
  for (const bytes of ['\r\n\r\n\r\n', 'hello\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\u0000\u0001\u0002\u0003', 'GET /\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n',
    'GET / HTTP/1.1\r\nHost a\r\n\r\n', 'GET / HTTP/1.1\nHost: a\n\n', 'GET /a b HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n']) {
    const text = await exchange(server, Buffer.from(bytes, 'latin1'), { half: true });
    if (text !== '') assert.match(text, /^HTTP\/1\.1 (400|404|431) /, JSON.stringify(bytes));
  }
});

test('lengths that contradict each other, or themselves, are refused', async () => {
  const head = `POST ${api}/task/${taskId}/cancel HTTP/1.1\r\nHost: ${host()}\r\n`;
  for (const lines of ['Content-Length: -1\r\n', 'Content-Length: x\r\n', 'Content-Length: 99999999999999999999999\r\n',
    'Content-Length: 1\r\nContent-Length: 2\r\n', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n']) {
    const text = await exchange(server, Buffer.from(`${head}${lines}\r\n0\r\n\r\n`), { half: true });
    assert.ok(text === '' || /^HTTP\/1\.1 4\d\d /.test(text), `${lines}: ${text.slice(0, 100)}`);
  }
  for (const chunk of ['x\r\n', '-1\r\n', 'ffffffffffffffffffff\r\n', '5\r\nab']) {
    const text = await exchange(server, Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`), { half: true });
    assert.ok(text === '' || /^HTTP\/1\.1 4\d\d /.test(text), `${chunk}: ${text.slice(0, 100)}`);
  }
});

test('heads that are too large are refused', async () => {
  const target = `GET ${api}/ping?${'a'.repeat(100000)} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`;
  assert.equal((await raw(server, target)).status, 431);
  const header = `GET ${api}/ping HTTP/1.1\r\nHost: ${host()}\r\nX: ${'a'.repeat(100000)}\r\n\r\n`;
  assert.equal((await raw(server, header)).status, 431);
  const many = `GET ${api}/ping HTTP/1.1\r\nHost: ${host()}\r\n${'A: b\r\n'.repeat(20000)}\r\n`;
  assert.equal((await raw(server, many)).status, 431);
});

test('what stands around chunks is limited, too', async () => {
  const head = `PUT ${api}/task/${taskId} HTTP/1.1\r\nHost: ${host()}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  for (const rest of [`0\r\n${'A: b\r\n'.repeat(20000)}`, `5;${'a'.repeat(100000)}`,
    `5\r\nabcde\r\n0\r\nX: ${'a'.repeat(100000)}`])
    assert.equal((await raw(server, head + rest)).status, 431);
});

test('requests that follow each other without waiting are answered in their order', async () => {
  const one = (path) => `GET ${path} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`;
  const text = await exchange(server, Buffer.from(one(`${api}/ping`) + one('/nothing') + one(`${api}/task/-/status`) +
    `GET ${api}/ping HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`));
  assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map((m) => m[1]), ['200', '404', '403', '200']);
});

test('connections that are dropped at any point leave nothing behind', async () => {
  const body = JSON.stringify(definition());
  const resource = `${api}/task/${slugid()}`;
  const whole = `PUT ${resource} HTTP/1.1\r\nHost: ${host()}\r\nContent-Type: application/json\r\n` +
    `Authorization: ${hawk(server, 'PUT', resource)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const net = await import('node:net');
  const { hostname, port } = new URL(server.rootUrl);
  await Promise.all(Array.from({ length: 100 }, (_, i) => new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname, () => {
      socket.write(whole.slice(0, Math.floor(whole.length * i / 100)), () => {
        if (i % 2) socket.resetAndDestroy();
        else socket.destroy();
      });
    });
    socket.on('close', resolve);
    socket.on('error', () => {});
  })));
  await expectError(await signed(server, 'GET', resource), 404, 'ResourceNotFound');
});

test('a good request that was changed at random never brings the server down', async () => {
  const resource = `${api}/task/${slugid()}`;
  const body = JSON.stringify(definition());
  const good = Buffer.from(`PUT ${resource} HTTP/1.1\r\nHost: ${host()}\r\nContent-Type: application/json\r\n` +
    `Authorization: ${hawk(server, 'PUT', resource)}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const random = (n) => Math.floor(Math.random() * n);
  const change = () => {
    let bytes = Buffer.from(good);
    for (let i = 0; i <= random(4); ++i) {
      const at = random(bytes.length);
      const kind = random(4);
      if (kind === 0) bytes[at] = random(256);
      if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(20))]);
      if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)]);
      if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1), at), bytes.subarray(at)]);
    }
    return bytes;
  };
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let i = 0; i < 60; ++i) {
      const bytes = change();
      const text = await exchange(server, bytes, { half: true });
      assert.ok(text === '' || /^HTTP\/1\.1 (200|4\d\d) /.test(text),
        `${JSON.stringify(bytes.toString('latin1'))}: ${text.slice(0, 300)}`);
    }
  }));
});

test('ER-3 API-29 a definition that was changed at random is taken or refused, never an accident', async () => {
  const junk = [null, true, 0, -1, 1e308, '', 'x', '\u0000', [], {}, [[]], 'a'.repeat(5000), [1, '2', null], { a: { b: [] } }];
  const random = (list) => structuredClone(list[Math.floor(Math.random() * list.length)]);
  const change = (def) => {
    const at = random(Object.keys(def));
    const inner = def[at];
    if (inner && typeof inner === 'object' && Math.random() < 0.6 && Object.keys(inner).length) change(inner);
    else if (Math.random() < 0.2) delete def[at];
    else if (Math.random() < 0.2) def[random(['more', '__proto__x', '', '\u0000'])] = random(junk);
    else def[at] = random(junk);
  };
  const seen = new Set();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let i = 0; i < 60; ++i) {
      const def = definition({ routes: ['a'], scopes: ['b'], extra: { c: [1] } });
      change(def);
      if (Math.random() < 0.5) change(def);
      const id = slugid();
      const response = await signed(server, 'PUT', `${api}/task/${id}`, JSON.stringify(def));
      const answer = await response.text();
      assert.ok([200, 400].includes(response.status), `${response.status} ${answer}: ${JSON.stringify(def)}`);
      seen.add(response.status);
      const found = await signed(server, 'GET', `${api}/task/${id}`);
      assert.equal(found.status, response.status === 200 ? 200 : 404);
      await found.text();
    }
  }));
  assert.deepEqual([...seen].sort(), [200, 400]);
  assert.ok(!server.log.includes('monitor.error'), server.log);
});
