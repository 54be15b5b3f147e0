// The secrets service with the stock client.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { expectError, signed } from './support/http.mjs';
import { ask } from './support/redis.mjs';
import { binary, launch, Server, sleep, until } from './support/server.mjs';
import { failure, inSeconds } from './support/tasks.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

const client = (scopes, of = server) => new taskcluster.Secrets({ rootUrl: of.rootUrl, retries: 0,
  credentials: of.credentials, ...(scopes ? { authorizedScopes: scopes } : {}) });
const canary = 'canary-sings-in-the-mine';
const payload = (secret = { message: 'keep this secret!!' }, expires = inSeconds(3600)) =>
  ({ secret, expires });
const setter = () => client(['secrets:set:captain:*']);
const getter = () => client(['secrets:get:captain:*']);

test('ping', async () => { assert.ok((await client().ping()).alive); });

test('SEC-1 setting twice overwrites', async () => {
  assert.deepEqual(await setter().set('captain:twice', payload()), {});
  assert.deepEqual(await setter().set('captain:twice', payload({ other: [1, 2.5, null] })), {});
  assert.deepEqual((await getter().get('captain:twice')).secret, { other: [1, 2.5, null] });
});

test('SEC-2 outside of the scopes: 403, and the value is omitted', async () => {
  const error = await failure(() => setter().set('tennille:hidden', payload({ canary })));
  assert.equal(error.statusCode, 403);
  assert.equal(error.body.requestInfo.payload.secret, '(OMITTED)');
  assert.ok(!JSON.stringify(error.body).includes(canary));
});

test('SEC-3 set and get have scopes of their own', async () => {
  const first = payload({ a: { b: ['ü', 1e3] } });
  await setter().set('captain:own', first);
  assert.equal((await failure(() => setter().get('captain:own'))).statusCode, 403);
  assert.deepEqual(await getter().get('captain:own'), first);
  const second = payload({});
  await setter().set('captain:own', second);
  assert.deepEqual(await getter().get('captain:own'), second);
  assert.equal((await failure(() => getter().remove('captain:own'))).statusCode, 403);
});

test('SEC-4 remove, also what is not there', async () => {
  await setter().set('captain:gone', payload());
  assert.deepEqual(await setter().remove('captain:gone'), {});
  assert.equal((await failure(() => getter().get('captain:gone'))).statusCode, 404);
  assert.deepEqual(await setter().remove('captain:gone'), {});
});

test('SEC-5 missing and expired ones read 404', async () => {
  for (const expires of [undefined, inSeconds(-7200)]) {
    if (expires) await setter().set('captain:nothing', payload({}, expires));
    const error = await failure(() => getter().get('captain:nothing'));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /^Secret not found/);
  }
});

const audits = (name) => server.log.split('\n').filter((line) => line.includes('audit-event'))
  .map((line) => JSON.parse(line)).filter((record) => record.Fields.entityId === name);

test('SEC-6 what has expired is deleted, and audited', async () => {
  await setter().set('captain:stays', payload());
  await setter().set('captain:expires', payload({ canary }, inSeconds(0.3)));
  await until('it is deleted', () =>
    ask(server.redis, 'HGET', 'troupe:{secrets}:secrets', 'captain:expires') === null);
  await until('the log has it', () => audits('captain:expires').length >= 2);
  assert.deepEqual(audits('captain:expires').map((record) => record.Fields.action),
    ['created', 'expired']);
  assert.equal(audits('captain:expires')[1].Fields.clientId, 'static/taskcluster/secrets');
  assert.deepEqual(await getter().get('captain:stays').then((s) => s.secret), payload().secret);
});

test('SEC-7 list', async () => {
  const all = client();
  for (const name of (await all.list()).secrets) await all.remove(name);
  assert.deepEqual(await all.list(), { secrets: [] });
  await all.set('captain:foo/1', payload());
  await all.set('captain:foo/2', payload());
  await all.set('captain:foo/0', payload({}, inSeconds(-10)));
  assert.deepEqual((await all.list()).secrets.sort(), ['captain:foo/1', 'captain:foo/2']);
  const page = await all.list({ limit: 1 });
  assert.deepEqual(page.secrets, ['captain:foo/1']);
  assert.deepEqual(await all.list({ limit: 1, continuationToken: page.continuationToken }),
    { secrets: ['captain:foo/2'] });
  assert.equal((await failure(() => all.list({ continuationToken: 'this-is-rubbish' }))).statusCode, 400);
  assert.equal((await failure(() => client([]).list())).statusCode, 403);
});

test('SEC-8 without scope 403, whether it exists or not', async () => {
  await client().set('exists', payload());
  for (const name of ['exists', 'does-not'])
    assert.equal((await failure(() => client(['secrets:get:other']).get(name))).statusCode, 403);
});

test('SEC-9 a slash and its escape are one', async () => {
  const narrow = client(['secrets:set:a/b', 'secrets:get:a/b']);
  await narrow.set('a/b', payload({ way: 'client' }));
  const base = '/api/secrets/v1/secret/';
  for (const name of ['a/b', 'a%2Fb']) {
    const read = await signed(server, 'GET', base + name);
    assert.deepEqual((await read.json()).secret, { way: 'client' });
  }
  assert.equal((await signed(server, 'DELETE', `${base}a/b`)).status, 200);
  assert.equal((await signed(server, 'GET', `${base}a%2Fb`)).status, 404);
  for (const name of ['', 'with blank', 'ünï', '../x'].map(encodeURIComponent)) {
    assert.equal((await signed(server, 'PUT', base + name, JSON.stringify(payload()))).status, 200);
    assert.equal((await signed(server, 'GET', base + name)).status, 200);
  }
  for (const name of ['x'.repeat(1025), 'a\nb'].map(encodeURIComponent))
    await expectError(await signed(server, 'PUT', base + name, JSON.stringify(payload())), 400, 'InputError');
});

test('API-30 bad bodies tell nothing of the value', async () => {
  const put = (body) => signed(server, 'PUT', '/api/secrets/v1/secret/bad', body);
  for (const [body, code] of [
    [`{"secret": {"x": "${canary}"}`, 'MalformedPayload'],
    [JSON.stringify({ secret: canary, expires: inSeconds(1) }), 'InputValidationError'],
    [JSON.stringify({ secret: [canary], expires: inSeconds(1) }), 'InputValidationError'],
    [JSON.stringify({ secret: { canary }, expires: 'tomorrow' }), 'InputValidationError'],
    [JSON.stringify({ secret: { canary } }), 'InputValidationError']]) {
    const error = await expectError(await put(body), 400, code);
    assert.ok(!JSON.stringify(error).includes(canary), JSON.stringify(error));
    assert.ok([error.requestInfo.payload, error.requestInfo.payload.secret].includes('(OMITTED)'));
  }
});

test('after a crash all are there, and none of them in clear anywhere', async () => {
  const all = client();
  for (let i = 0; i < 50; ++i) await all.set(`many/${i}`, payload({ canary: `${canary}-${i}` }));
  await server.restart();
  for (let i = 0; i < 50; ++i)
    assert.deepEqual((await client().get(`many/${i}`)).secret, { canary: `${canary}-${i}` });
  assert.ok(!server.log.includes(canary));
  assert.ok(!JSON.stringify(ask(server.redis, 'HGETALL', 'troupe:{secrets}:secrets')).includes(canary));
  const files = [server.redis.directory, server.data].flatMap((directory) =>
    fs.readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)));
  assert.ok(files.some((file) => file.includes('appendonly')));
  for (const file of files)
    assert.ok(!fs.readFileSync(file).includes(canary), file);
  assert.equal(fs.statSync(path.join(server.data, 'secrets-keys')).mode & 0o777, 0o600);
});

const cli = (...words) => execFileSync(binary, ['secrets', ...words], { encoding: 'utf8' });

test('rotation: a new key seals, and what older ones have sealed goes over to it', async () => {
  await client().set('rotated', payload({ canary }));
  const keyOf = (name) => JSON.parse(ask(server.redis, 'HGET', 'troupe:{secrets}:secrets', name)).sealed.split('.')[1];
  const old = keyOf('rotated');
  cli('rotate-key', '--data', server.data);
  await server.restart('SIGTERM');
  await until('all are sealed with the new key', () =>
    Object.keys(ask(server.redis, 'HGETALL', 'troupe:{secrets}:secrets')).every((name) => keyOf(name) !== old));
  await until('the log says so', () => server.log.includes('all secrets are sealed with the newest key'));
  cli('drop-old-keys', '--data', server.data);
  await server.restart('SIGTERM');
  assert.deepEqual((await client().get('rotated')).secret, { canary });
});

test('a server without the key of its secrets says so and ends', async () => {
  await client().set('locked', payload({ canary }));
  await server.kill('SIGTERM');
  const file = path.join(server.data, 'secrets-keys');
  const kept = fs.readFileSync(file);
  fs.rmSync(file);
  const child = launch(binary, ['serve', '--redis', server.redis.address, '--data', server.data,
    ...['http', 'zmq-pub', 'zmq-router', 'caf', 'metrics'].flatMap((door) => [`--${door}-port`, '0'])],
  { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => { said += text; });
  const { code } = await child.ended;
  assert.notEqual(code, 0);
  assert.match(said, /secrets sealed with a key .*--secrets-key-file/);
  fs.writeFileSync(file, kept);
  await server.launch();
  assert.deepEqual((await client().get('locked')).secret, { canary });
});
