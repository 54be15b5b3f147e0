// Whatever goes wrong, nothing that must stay secret is in the log, in answers to others, or in Redis
// in clear: many kinds of requests with values that are looked for everywhere afterwards.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import taskcluster from 'taskcluster-client';
import { Server, rootToken, sleep } from './support/server.mjs';
import { claim, definition, inSeconds, queue, slugid, temporary } from './support/tasks.mjs';

const hawk = createRequire(import.meta.url)('hawk');

let server;
const canaries = new Map([['the token of root', rootToken]]);
const answers = [];

// Remembers what must not be seen; gives it back.
function hide(name, value) {
  assert.ok(typeof value === 'string' && value.length >= 16, name);
  canaries.set(name, value);
  return value;
}

const own = (Service, credentials = server.credentials) =>
  new Service({ rootUrl: server.rootUrl, credentials, retries: 0 });

// The answer is for others, so it is looked at.
async function shown(call) {
  try {
    answers.push(JSON.stringify(await call()));
  } catch (error) {
    answers.push(JSON.stringify({ message: error.message, body: error.body }));
  }
}

async function raw(method, target, body, headers = {}) {
  const answer = await fetch(server.rootUrl + target, { method, body, headers });
  answers.push(await answer.text());
}

function signature(method, target, credentials, ext) {
  return hawk.client.header(server.rootUrl + target, method, { ext,
    credentials: { id: credentials.clientId, key: credentials.accessToken, algorithm: 'sha256' } })
    .header;
}

before(async () => {
  server = await Server.start({ 'log-level': 'debug', 'claim-wait': 1, 'claim-timeout': 2 });
});
after(() => server?.stop());

test('secrets: good and bad requests', async () => {
  const secrets = own(taskcluster.Secrets);
  const secret = { deep: { value: hide('a secret', `canary-secret-${slugid()}`) } };
  await secrets.set('canary/one', { secret, expires: inSeconds(3600) });
  await secrets.get('canary/one');
  await shown(() => secrets.set('canary/one', { secret, expires: 'never' }));
  await shown(() => secrets.set('canary/one', { secret: secret.deep.value, expires: inSeconds(1) }));
  await shown(() => own(taskcluster.Secrets, temporary({ scopes: [] }))
    .set('canary/one', { secret, expires: inSeconds(3600) }));
  await raw('PUT', '/api/secrets/v1/secret/canary', `{"secret": {"a": "${secret.deep.value}"`,
    { 'content-type': 'application/json' });
  await raw('PUT', '/api/secrets/v1/secret/canary', JSON.stringify({ secret }),
    { 'content-type': 'application/json',
      authorization: signature('PUT', '/api/secrets/v1/secret/canary', server.credentials) });
  await shown(() => secrets.list());
});

test('clients: their tokens, old and new', async () => {
  const auth = own(taskcluster.Auth);
  const about = { description: 'a canary', expires: inSeconds(3600), scopes: ['canary:*'] };
  const made = await auth.createClient('canary/one', about);
  hide('a token', made.accessToken);
  const named = { clientId: 'canary/one', accessToken: made.accessToken };
  await shown(() => own(taskcluster.Auth, named).client('canary/one'));
  // The sender gets back what he sent; nobody else may see it.
  await auth.createClient('canary/one', { ...about, accessToken: made.accessToken }).catch(() => {});
  hide('another token', (await auth.resetAccessToken('canary/one')).accessToken);
  await shown(() => own(taskcluster.Auth, named).resetAccessToken('canary/one'));
  await shown(() => auth.updateClient('canary/one', { ...about, description: 'else' }));
  await shown(() => auth.listClients());
  await shown(() => auth.getEntityHistory('client', 'canary/one'));
  await shown(() => auth.disableClient('canary/one'));
  await shown(() => own(taskcluster.Auth, named).currentScopes());
});

test('signatures: wrong ones, broken ones, signed URLs', async () => {
  const target = '/api/queue/v1/task-queues';
  const wrong = hide('a wrong token', `wrong-${slugid()}`);
  await raw('GET', target, undefined, { authorization: signature('GET', target,
    { ...server.credentials, accessToken: wrong }) });
  const made = temporary({ scopes: ['queue:*'], clientId: 'static/taskcluster/root/named' });
  hide('a temporary token', made.accessToken);
  hide('a certificate', made.certificate);
  hide('the seed of a certificate', JSON.parse(made.certificate).seed);
  for (const certificate of [JSON.parse(made.certificate), { ...JSON.parse(made.certificate),
    scopes: ['*'] }])
    await raw('GET', target, undefined, { authorization: signature('GET', target, made,
      Buffer.from(JSON.stringify({ certificate })).toString('base64')) });
  await raw('GET', target, undefined, { authorization: `Hawk id="root", key="${rootToken}"` });
  await raw('GET', target, undefined, { authorization: `Bearer ${rootToken}` });
  const root = queue(server);
  const id = slugid();
  await root.createTask(id, definition());
  const signed = root.buildSignedUrl(root.status, id, { expiration: 60 });
  hide('a signed URL', new URL(signed).searchParams.get('bewit'));
  await fetch(signed);
  await raw('GET', new URL(signed).pathname.replace('status', 'nothing') + new URL(signed).search);
  await raw('GET', `${new URL(signed).pathname}${new URL(signed).search}x`);
});

test('tasks: credentials of claims, places of artifacts, claims that end', async () => {
  const root = queue(server);
  const ids = [slugid(), slugid()];
  for (const id of ids) await root.createTask(id, definition());
  const claimed = (await claim(root, 10)).filter((one) => ids.includes(one.status.taskId));
  for (const { credentials } of claimed) {
    hide('a token of a claim', credentials.accessToken);
    hide('a certificate of a claim', credentials.certificate);
  }
  const [one, two] = claimed;
  const worker = queue(server, null, one.credentials);
  hide('a token of a renewed claim',
    (await worker.reclaimTask(one.status.taskId, 0)).credentials.accessToken);
  const { putUrl } = await worker.createArtifact(one.status.taskId, 0, 'private/x',
    { storageType: 's3', contentType: 'text/plain', expires: one.task.expires });
  hide('a place for an artifact', new URL(putUrl).searchParams.get('signature'));
  await fetch(putUrl, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/plain' } });
  await fetch(`${putUrl}x`, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/plain' } });
  await worker.reportCompleted(one.status.taskId, 0);
  await shown(() => worker.reportFailed(one.status.taskId, 0));
  await shown(() => root.status(two.status.taskId));
  await sleep(3000);
  await shown(() => queue(server, null, two.credentials).reportCompleted(two.status.taskId, 0));
});

test('none of it is in the log, in what others were told, or in Redis', async () => {
  await server.kill('SIGTERM');
  const redis = (...words) => execFileSync('redis-cli', ['-s', server.redis.socket, ...words],
    { encoding: 'latin1', maxBuffer: 1 << 30 });
  redis('save');
  const places = new Map([['the log', server.log], ['answers', answers.join('\n')]]);
  // Not compressed, so what stands in it can be read.
  const folder = redis('config', 'get', 'dir').trim().split('\n')[1];
  for (const name of fs.readdirSync(folder, { recursive: true }))
    if (fs.statSync(path.join(folder, name)).isFile())
      places.set(`Redis's ${name}`, fs.readFileSync(path.join(folder, name), 'latin1'));
  assert.ok(server.log.length > 10000 && places.size > 2);
  for (const [name, value] of canaries)
    for (const [place, text] of places)
      for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) {
        // A wrong signature shows what was wrong with it, but never by what key.
        const at = text.indexOf(form);
        assert.equal(at, -1, `${name} is in ${place}: ${text.slice(Math.max(0, at - 300), at + 100)}`);
      }
});
