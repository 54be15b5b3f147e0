// What is no good request gets the contract's error, changes nothing, and the server goes on:
// api-conventions 5 to 9, queue 1.2 and 10.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { isRunning, Server } from './support/server.mjs';
import { expectError, raw, signed } from './support/http.mjs';
import { definition, inSeconds, queue, slugid } from './support/tasks.mjs';

const api = '/api/queue/v1';

let server;
let q;

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*'] });
  q = queue(server);
});
after(() => server?.stop());

// Whatever came before, the server still serves.
afterEach(async () => {
  assert.ok(isRunning(server.process), server.log);
  const taskId = slugid();
  await q.createTask(taskId, definition());
  assert.equal((await q.cancelTask(taskId)).status.state, 'exception');
});

const put = (body, headers, taskId = slugid()) =>
  signed(server, 'PUT', `${api}/task/${taskId}`, body, headers);
const text = (overrides) => JSON.stringify(definition(overrides));

test('API-17 a body that is no JSON is MalformedPayload, and shown as it came', async () => {
  for (const body of ['{', '{"a":1,}', 'nul', '{"a":\u0001}', "{'a':1}", '[1,2', '{"a":01}', '{} {}']) {
    const error = await expectError(await put(body), 400, 'MalformedPayload', /^Failed to parse JSON: /);
    assert.equal(error.requestInfo.payload, body);
    assert.equal(error.requestInfo.method, 'createTask');
  }
});

test('JSON that is neither object nor array is MalformedPayload', async () => {
  for (const body of ['null', 'true', '17', '"text"'])
    await expectError(await put(body), 400, 'MalformedPayload', 'Failed to parse JSON: Must be an object or array');
  await expectError(await put('[]'), 400, 'InputValidationError');
});

test('API-17 a method with input wants JSON, and says what it got instead', async () => {
  const wanted = 'Payload must be JSON with content-type: application/json got content-type: ';
  for (const type of ['text/x-json', 'application/vnd.x+json', 'text/plain'])
    await expectError(await put(text(), { 'Content-Type': type }), 400, 'MalformedPayload', wanted + type);
  const taskId = slugid();
  await expectError(await signed(server, 'PUT', `${api}/task/${taskId}`), 400, 'MalformedPayload', `${wanted}null`);
  for (const type of ['application/JSON', 'application/json; charset=UTF-8'])
    assert.equal((await put(text(), { 'Content-Type': type })).status, 200);
});

test('a body on a method without input is ignored unless it is broken JSON', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition({ dependencies: [taskId] }));
  const schedule = (body, headers) =>
    signed(server, 'POST', `${api}/task/${taskId}/schedule`, body, headers);
  await expectError(await schedule('{'), 400, 'MalformedPayload');
  assert.equal((await q.status(taskId)).status.state, 'unscheduled');
  assert.equal((await schedule('whatever', { 'Content-Type': 'text/plain' })).status, 200);
  assert.equal((await schedule('{"unknown":1}')).status, 200);
});

test('API-35 what violates the schema is listed, all of it', async () => {
  const def = definition({ retries: 50, unknown: 1, priority: 'normal', routes: ['a', 'a'] });
  delete def.payload;
  const error = await expectError(await put(JSON.stringify(def)), 400, 'InputValidationError');
  const { said } = error;
  assert.ok(said.startsWith('\nSchema Validation Failed!\nRejecting Schema: ' +
    `${server.rootUrl}/schemas/queue/v1/create-task-request.json#\nErrors:\n`), said);
  // A missing payload becomes the useless default of the schema first.
  for (const problem of ['data/payload must be object',
    'data must NOT have additional properties: "unknown"', 'data/retries must be <= 49',
    'data/priority must be equal to one of the allowed values',
    'data/routes must NOT have duplicate items (items ## 1 and 0 are identical)'])
    assert.ok(said.includes(`\n  * ${problem}`), `${problem} in ${said}`);
  assert.equal(error.requestInfo.payload.schedulerId, 'my-scheduler');
  assert.equal(error.requestInfo.payload.requires, 'all-completed'); // defaults are filled in
});

test('values of a wrong type are refused, each where it stands', async () => {
  for (const [member, value] of [['payload', 'text'], ['payload', null], ['payload', []], ['tags', { a: 1 }],
    ['retries', 1.5], ['retries', '5'], ['retries', 1e300], ['retries', -1], ['scopes', 'a'], ['scopes', [1]],
    ['scopes', ['\u00e9']], ['routes', ['']], ['created', 17], ['created', 'yesterday'],
    ['deadline', '2026-02-30T00:00:00Z'], ['deadline', '2026-01-01'], ['deadline', '2026-01-01T00:00:60Z'],
    ['dependencies', ['-']], ['taskGroupId', 'short'], ['metadata', {}], ['extra', 'x'],
    ['taskQueueId', 'a/b/c'], ['taskQueueId', '/b'], ['projectId', 'a b'], ['schedulerId', '']]) {
    const response = await put(text({ [member]: value }));
    const { said } = await expectError(response, 400, 'InputValidationError');
    assert.ok(said.includes(`data/${member}`), `${member}: ${said}`);
  }
});

test('HT-7 HT-8 ids of a wrong form are refused by their pattern, not looked up', async () => {
  const slug = slugid();
  for (const path of [`/task/-`, `/task/${slug}x`, `/task/${slug.slice(1)}`, `/task/${slug}%2F`,
    '/task/..%2F..%2Fetc', '/task/%00', `/task/${slug}/runs/x/artifacts/a`, `/task/${slug}/runs/-1/artifacts/a`,
    `/task/${slug}/runs/0/artifacts/`, `/task/${slug}/runs/0/artifacts/%0d%0aX: y`, '/task-queues/1%2F1/counts',
    '/task-queues/a/b/c/counts', `/task-queues/${'a'.repeat(39)}/b/counts`, '/task-group/x/list']) {
    const response = await signed(server, 'GET', api + path);
    await expectError(response, 400, 'InvalidRequestArguments', /^Invalid URL patterns:\nURL parameter '/);
  }
});

test('API-33 API-34 queries that a method does not know are refused', async () => {
  const group = `${api}/task-group/${slugid()}/list`;
  for (const [query, said] of [['x=1', 'Query-string parameter: x is not supported!'],
    ['limit=1&limit=2', 'Query-string parameter: limit must be a string!'],
    ['limit[]=1', 'Query-string parameter: limit must be a string!'],
    ['limit=', 'Query-string parameter: limit="" does not match expression: /^[0-9]+$/'],
    ['limit=-1', 'Query-string parameter: limit="-1" does not match expression: /^[0-9]+$/'],
    ['continuationToken=', 'Query-string parameter: continuationToken="" does not match expression: /./']])
    await expectError(await signed(server, 'GET', `${group}?${query}`), 400, 'InvalidRequestArguments', said);
  // A number that is too large to read is as good as the largest page.
  await expectError(await signed(server, 'GET', `${group}?limit=99999999999999999999999`), 404, 'ResourceNotFound');
});

test('API-10 paths and queries that cannot be decoded are refused', async () => {
  for (const target of ['/task/%zz', '/task/%', '/task/%f', '/task/%ff%fe', '/task/%c3'])
    await expectError(await signed(server, 'GET', api + target), 400, 'InvalidRequestArguments');
  await expectError(await signed(server, 'GET', `${api}/task-group/${slugid()}/list?limit=%zz`), 400,
    'InvalidRequestArguments');
});

test('API-7 unknown routes and verbs are a plain 404', async () => {
  for (const [method, path] of [['GET', '/nothing'], ['GET', '/'], ['GET', '/task'], ['PATCH', '/ping'],
    ['DELETE', `/task/${slugid()}`], ['POST', `/task/${slugid()}`], ['GET', `/TASK/${slugid()}`],
    ['GET', `/task/${slugid()}/status/more`], ['PUT', '/claim-work/a/b'], ['GET', '/ping/ping']]) {
    const response = await signed(server, method, api + path);
    assert.equal(response.status, 404, `${method} ${path}`);
    assert.deepEqual(await response.json(), { error: 'Not found' });
    assert.equal(response.headers.get('cache-control'), 'no-store no-cache must-revalidate');
  }
});

test('QUIRK-11 a body of more than 10 MB is 413, however it comes', async () => {
  const filler = 'x'.repeat(1024 * 1024);
  const large = text({ payload: { filler: Array(11).fill(filler) } });
  await expectError(await put(large), 413, 'InputTooLarge');
  const chunks = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(large));
      controller.close();
    },
  });
  const taskId = slugid();
  const resource = `${api}/task/${taskId}`;
  const { hawk } = await import('./support/http.mjs');
  await expectError(await fetch(server.rootUrl + resource, { method: 'PUT', body: chunks, duplex: 'half',
    headers: { Authorization: hawk(server, 'PUT', resource), 'Content-Type': 'application/json' } }),
  413, 'InputTooLarge');
  // A small body that unpacks to 200 MB.
  const bomb = zlib.gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
  await expectError(await put(bomb, { 'Content-Encoding': 'gzip' }), 413, 'InputTooLarge');
  const packed = zlib.gzipSync(text());
  assert.equal((await put(packed, { 'Content-Encoding': 'gzip' })).status, 200);
  const almost = text({ payload: { filler: Array(9).fill(filler) } });
  assert.equal((await put(almost)).status, 200);
});

test('charsets and encodings that are not understood are 415, broken ones 400', async () => {
  await expectError(await put(text(), { 'Content-Type': 'application/json; charset=x-none' }), 415, 'MalformedPayload');
  await expectError(await put(text(), { 'Content-Encoding': 'x-none' }), 415, 'MalformedPayload');
  for (const coding of ['gzip', 'deflate', 'br']) {
    const response = await put('this is not compressed', { 'Content-Encoding': coding });
    assert.ok([400, 415].includes(response.status), `${coding}: ${response.status}`);
    await expectError(response, response.status, 'MalformedPayload');
  }
});

test('texts that are no UTF-8 are refused', async () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0xaf]]) {
    const body = Buffer.concat([Buffer.from('{"payload":{"a":"'), Buffer.from(bytes), Buffer.from('"}}')]);
    await expectError(await put(body), 400, 'MalformedPayload', /^Failed to parse JSON: /);
  }
});

test('NUL and other odd characters in strings go through unharmed; in JSON itself they are refused', async () => {
  const taskId = slugid();
  const odd = '\u0000\u0001\u001f\u007f\u2028\ud83d\ude00 "\\/\b\f\n\r\t';
  const def = definition({ payload: { [odd]: odd }, tags: { [odd]: odd }, extra: { odd },
    routes: [odd, `a\nb`], metadata: { ...definition().metadata, description: odd } });
  await q.createTask(taskId, def);
  for (let i = 0; i < 2; ++i) {
    const task = await q.task(taskId);
    for (const member of ['payload', 'tags', 'extra', 'routes', 'metadata'])
      assert.deepEqual(task[member], def[member], member);
    await q.createTask(taskId, def); // still the same definition
    await server.restart('SIGKILL');
  }
  await expectError(await put(`{"a":"\u0000"}`), 400, 'MalformedPayload');
  await expectError(await put(text({ scopes: ['a\u0000b'] })), 400, 'InputValidationError');
});

test('of several members of one name the last one counts', async () => {
  const taskId = slugid();
  const body = text({ payload: { a: 1 } }).replace('"a":1', '"a":1,"a":2').replace(/}$/, ',"retries":3}');
  assert.equal((await put(body, {}, taskId)).status, 200);
  const task = await q.task(taskId);
  assert.deepEqual(task.payload, { a: 2 });
  assert.equal(task.retries, 3);
});

test('deep nesting is taken up to a limit, kept as it is, and refused beyond', async () => {
  const nested = (levels) => '['.repeat(levels) + ']'.repeat(levels);
  const taskId = slugid();
  const body = text({ payload: { deep: 17 } }).replace('"deep":17', `"deep":${nested(120)}`);
  const response = await put(body, {}, taskId);
  assert.equal(response.status, 200, await response.text());
  await server.restart('SIGKILL');
  assert.equal((await q.status(taskId)).status.state, 'pending');
  assert.equal(JSON.stringify((await q.task(taskId)).payload.deep), nested(120));
  assert.equal((await put(body, {}, taskId)).status, 200);
  for (const levels of [200, 10000, 1000000])
    await expectError(await put(text({ payload: { deep: 17 } }).replace('"deep":17', `"deep":${nested(levels)}`)), 400,
      'MalformedPayload', /^Failed to parse JSON: /);
});

test('TK-1 numbers are kept to the last bit, and those that nothing can hold are refused', async () => {
  const numbers = [0.1, -0.3, 1e308, 5e-324, 1.7976931348623157e308, 249.77792341670946, 94.24894744531231,
    9007199254740991, -9007199254740991, 1e21, 123456789.12345678, 0];
  const taskId = slugid();
  await q.createTask(taskId, definition({ payload: { numbers } }));
  await server.restart('SIGKILL');
  assert.deepEqual((await q.task(taskId)).payload.numbers, numbers);
  for (const huge of ['1e400', '-1e400', '9'.repeat(400), '1e99999999999999999999'])
    await expectError(await put(text({ payload: { a: 17 } }).replace('"a":17', `"a":${huge}`)), 400, 'MalformedPayload');
  // 5 is 5.0.
  const other = slugid();
  const def = text({ retries: 5 });
  assert.equal((await put(def, {}, other)).status, 200);
  assert.equal((await put(def.replace('"retries":5', '"retries":5.0'), {}, other)).status, 200);
});

test('QUIRK-18 runs with numbers beyond all reason are not found', async () => {
  const taskId = slugid();
  await q.createTask(taskId, definition());
  for (const run of ['1', '4294967295', '4294967296', '99999999999999999999']) {
    for (const verb of ['reclaim', 'completed', 'failed'])
      await expectError(await signed(server, 'POST', `${api}/task/${taskId}/runs/${run}/${verb}`), 404, 'ResourceNotFound');
    await expectError(await signed(server, 'GET', `${api}/task/${taskId}/runs/${run}/artifacts/public/a`), 404,
      'ResourceNotFound');
  }
});

async function running() {
  const taskId = slugid();
  const def = definition({ taskQueueId: `bad/q${taskId.toLowerCase().replace(/[^a-z]/g, '')}` });
  await q.createTask(taskId, def);
  await q.claimWork(def.taskQueueId, { workerGroup: 'g', workerId: 'w' });
  return taskId;
}

test('claimWork: what is wrong is refused, and takes no task', async () => {
  const taskId = slugid();
  const def = definition({ taskQueueId: 'bad/claims' });
  await q.createTask(taskId, def);
  const claim = (body, queueId = 'bad/claims') =>
    signed(server, 'POST', `${api}/claim-work/${encodeURIComponent(queueId)}`, JSON.stringify(body));
  for (const body of [{}, { workerGroup: 'g' }, { workerGroup: 'g', workerId: 'a b' }, { workerGroup: 'g', workerId: 'w', tasks: 0 },
    { workerGroup: 'g', workerId: 'w', tasks: 33 }, { workerGroup: 'g', workerId: 'w', tasks: 1.5 },
    { workerGroup: 'g', workerId: 'w', tasks: '1' }, { workerGroup: 'g', workerId: 'w', more: 1 },
    { workerGroup: 'g'.repeat(39), workerId: 'w' }])
    await expectError(await claim(body), 400, 'InputValidationError');
  await expectError(await claim({ workerGroup: 'g', workerId: 'w' }, 'bad'), 400, 'InvalidRequestArguments');
  assert.equal((await q.taskQueueCounts('bad/claims')).pendingTasks, 1);
});

test('reportException: only the five reasons, and nothing happens otherwise', async () => {
  const taskId = await running();
  for (const body of [{}, { reason: 'canceled' }, { reason: 'claim-expired' }, { reason: 'deadline-exceeded' },
    { reason: 'superseded' }, { reason: 1 }, { reason: 'internal-error', more: 1 }])
    await expectError(await signed(server, 'POST', `${api}/task/${taskId}/runs/0/exception`, JSON.stringify(body)), 400,
      'InputValidationError');
  assert.equal((await q.status(taskId)).status.state, 'running');
});

test('createArtifact: what is wrong is refused with advice', async () => {
  const taskId = await running();
  const create = (body, name = 'public/a') => signed(server, 'POST',
    `${api}/task/${taskId}/runs/0/artifacts/${encodeURIComponent(name)}`, JSON.stringify(body));
  const reference = { storageType: 'reference', url: 'https://example.com/a', contentType: 'text/plain', expires: inSeconds(60) };
  for (const change of [{ storageType: 'none' }, { url: 'not a uri' }, { url: undefined }, { expires: 'soon' },
    { contentType: 'x'.repeat(256) }, { more: 1 }, { storageType: 's3' }])
    await expectError(await create({ ...reference, ...change }), 400, 'InputValidationError');
  await expectError(await create(reference, '\u00e4'), 400, 'InvalidRequestArguments');
  await expectError(await create({ storageType: 's3', contentType: 'text/plain', expires: inSeconds(60),
    contentLength: 1e300 }), 400, 'InputError');
  for (const [id, run] of [[slugid(), 0], [taskId, 1]])
    await expectError(await signed(server, 'POST', `${api}/task/${id}/runs/${run}/artifacts/public%2Fa`,
      JSON.stringify(reference)), 400, 'InputError');
});

test('a content type cannot smuggle headers into a download', async () => {
  const taskId = await running();
  const contentType = 'text/plain\r\nX-Smuggled: yes\r\n\r\n<script>';
  const made = await q.createArtifact(taskId, 0, 'public/a', { storageType: 's3', contentType, expires: inSeconds(60) });
  const stored = await fetch(made.putUrl, { method: 'PUT', body: 'data', headers: { 'Content-Type': 'text/plain' } });
  assert.equal(stored.status, 200);
  const { url } = await (await fetch(`${server.rootUrl}${api}/task/${taskId}/runs/0/artifacts/public/a`,
    { redirect: 'manual' })).json();
  const { host, pathname, search } = new URL(url);
  const answer = await raw(server, `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-smuggled'], undefined);
  assert.equal(answer.body, 'data');
});
