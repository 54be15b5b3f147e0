// The keys that seal access tokens in Redis: the auth contract, section 12 (storage).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { Server, binary, end, launch, sleep, until } from './support/server.mjs';
import { ask } from './support/redis.mjs';
import { inSeconds } from './support/tasks.mjs';

const rows = 'troupe:{auth}:clients';
let server;
const tokens = {};

const authOf = (credentials) => new taskcluster.Auth({ rootUrl: server.rootUrl, credentials, retries: 0 });
const row = (id) => JSON.parse(ask(server.redis, 'HGET', rows, id));
const keyOf = (id) => row(id).token.split('.')[1];
const all = () => Object.keys(ask(server.redis, 'HGETALL', rows));
const isGood = (id) => authOf({ clientId: id, accessToken: tokens[id] }).currentScopes();
const cli = (...words) => execFileSync(binary, ['secrets', ...words], { encoding: 'utf8', stdio: 'pipe' });
const logged = () => until('the log says so', () =>
  /all access tokens are sealed with the newest key; older ones are no longer needed/.test(server.log));

async function restart() {
  await server.kill('SIGTERM');
  server.log = '';
  await server.launch();
}

before(async () => {
  server = await Server.start();
  const auth = authOf(server.credentials);
  for (let i = 0; i < 250; ++i)
    tokens[`sealed/${i}`] = (await auth.createClient(`sealed/${i}`, { expires: inSeconds(86400),
      description: '', scopes: ['auth:current-scopes'] })).accessToken;
});
after(() => server?.stop());

test('access tokens in Redis are sealed, each for its client only', async () => {
  const text = JSON.stringify(ask(server.redis, 'HGETALL', rows));
  for (const token of Object.values(tokens)) assert.ok(!text.includes(token));
  assert.match(row('sealed/0').token, /^1\.[0-9a-f]{8}\./);
});

test('a new key seals all access tokens at the next start, and then the older one may go', async () => {
  const old = keyOf('sealed/0');
  cli('rotate-key', '--data', server.data);
  await restart();
  await logged();
  assert.ok(all().every((id) => keyOf(id) !== old));
  cli('drop-old-keys', '--data', server.data);
  await restart();
  assert.ok(!server.log.includes('older ones are no longer needed'));
  for (const id of ['sealed/0', 'sealed/117', 'sealed/249']) await isGood(id);
  assert.equal((await authOf(server.credentials).ping()).alive, true);
});

test('tokens that were sealed before there was a ring of keys go over to it', async () => {
  const id = 'sealed/1';
  await server.kill('SIGTERM');
  const key = crypto.createHmac('sha256', fs.readFileSync(path.join(server.data, 'server-key')))
    .update('access-tokens').digest();
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id));
  const sealed = Buffer.concat([nonce, cipher.update(tokens[id]), cipher.final(), cipher.getAuthTag()]);
  ask(server.redis, 'HSET', rows, id, JSON.stringify({ ...row(id), token: `1:${sealed.toString('base64url')}` }));
  server.log = '';
  await server.launch();
  await logged();
  assert.equal(keyOf(id), keyOf('sealed/2'));
  await isGood(id);
});

// What a server says that does not start.
async function refusal() {
  const child = launch(binary, ['serve', '--redis', server.redis.address, '--data', server.data,
    ...['http', 'zmq-pub', 'zmq-router', 'caf', 'metrics'].flatMap((door) => [`--${door}-port`, '0'])],
  { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => { said += text; });
  const { code } = await Promise.race([child.ended, sleep(30000).then(() => end(child, 'SIGTERM'))]);
  assert.notEqual(code, 0, said);
  return said;
}

test('a server without the key of its access tokens, or with changed ones, says so and ends', async () => {
  await server.kill('SIGTERM');
  const file = path.join(server.data, 'secrets-keys');
  const kept = fs.readFileSync(file);
  const clients = all().filter((id) => !id.startsWith('static/')).length;
  fs.rmSync(file);
  assert.match(await refusal(), new RegExp(`${clients} access tokens sealed with a key \\([0-9a-f]{8}\\).*--secrets-key-file.*redis-cli`));
  fs.writeFileSync(file, kept);
  const before = JSON.stringify(row('sealed/3'));
  ask(server.redis, 'HSET', rows, 'sealed/3', JSON.stringify({ ...row('sealed/3'), token: row('sealed/4').token }));
  assert.match(await refusal(), /access token of client 'sealed\/3' cannot be opened/);
  ask(server.redis, 'HSET', rows, 'sealed/3', before);
  await server.launch();
  for (const id of ['sealed/3', 'sealed/4']) await isGood(id);
});
