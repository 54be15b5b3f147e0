// Clients: the auth contract, sections 9 and 12.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import taskcluster from 'taskcluster-client';
import { Server, sleep, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { ask } from './support/redis.mjs';
import { failure, inSeconds, slugid } from './support/tasks.mjs';
import { assertAgrees } from './support/schemas.mjs';

let server;
let auth;
let events;

const authOf = (credentials, authorizedScopes) => new taskcluster.Auth({ rootUrl: server.rootUrl,
  credentials, retries: 0, ...(authorizedScopes ? { authorizedScopes } : {}) });
const form = (change = {}) => ({ expires: inSeconds(86400), description: 'of a test', ...change });
const fresh = (name = '') => `test/${slugid()}${name}`;
const statusOf = async (call) => (await failure(call)).statusCode;
const told = (name, clientId) => until(`${name} of ${clientId} came`, () =>
  events.events.find((e) => e.name === name && e.payload.clientId === clientId));

before(async () => {
  server = await Server.start({ 'client-use-interval': 1, 'expiration-delay': 0,
    anonymous: ['auth:get-client:static/taskcluster/root'],
    clients: [{ clientId: 'static/tests/ci', accessToken: slugid() + slugid(), scopes: ['b:*', 'a'], description: 'ci' }] });
  auth = authOf(server.credentials);
  events = await Events.open(server, () => auth.deleteClient('test/probe'));
});
after(async () => {
  events?.close();
  await server?.stop();
});

test('CLI-1 root is read by root and, as the role anonymous says, by everybody, and not without scopes', async () => {
  assert.equal((await auth.ping()).alive, true);
  const root = await auth.client('static/taskcluster/root');
  assert.deepEqual(root.scopes, ['*']);
  assert.equal(root.accessToken, undefined);
  const anonymous = new taskcluster.Auth({ rootUrl: server.rootUrl, retries: 0 });
  assert.equal((await anonymous.client('static/taskcluster/root')).clientId, 'static/taskcluster/root');
  assert.equal(await statusOf(() => anonymous.client('static/taskcluster/queue')), 403);
  assert.equal(await statusOf(() => authOf(server.credentials, []).client('static/taskcluster/queue')), 403);
});

test('CLI-2 a client that is not there is deleted with success, but not by whoever is not let in', async () => {
  const clientId = fresh();
  await auth.deleteClient(clientId);
  await told('client-deleted', clientId);
  const other = fresh();
  const wrong = { ...server.credentials, accessToken: 'w'.repeat(44) };
  assert.equal(await statusOf(() => authOf(wrong).deleteClient(other)), 401);
  assert.equal(await statusOf(() => authOf({ ...wrong, clientId: 'nobody' }).deleteClient(other)), 401);
  await auth.createClient(clientId, form());
  await auth.deleteClient(clientId);
  assert.equal(await statusOf(() => auth.client(clientId)), 404);
  await auth.deleteClient(clientId);
  assert.ok(!events.events.some((e) => e.payload.clientId === other));
});

test('CLI-3 CLI-4 a client is created, told of, and created again by the same call only', async () => {
  const clientId = fresh();
  const given = form();
  const made = await auth.createClient(clientId, given);
  assert.match(made.accessToken, /^[a-zA-Z0-9_-]{44}$/);
  assert.deepEqual(made.expandedScopes, []);
  assert.equal(made.expires, given.expires);
  assertAgrees('create-client-response', made, 'auth');
  assert.equal((await auth.client(clientId)).accessToken, undefined);
  await told('client-created', clientId);
  assert.equal((await auth.createClient(clientId, given)).accessToken, made.accessToken);
  const refused = await failure(() => auth.createClient(clientId, form({ description: 'other' })));
  assert.equal(refused.statusCode, 409);
  assert.match(refused.message, /Client already exists/);
  const scoped = await auth.createClient(fresh(), form({ scopes: ['s:b', 's:a*'] }));
  assert.deepEqual(scoped.scopes, ['s:a*', 's:b']);
  assert.deepEqual(scoped.expandedScopes, ['s:a*', 's:b']);
});

test('CLI-6 two stars are refused in create and in update, before anything is looked up', async () => {
  for (const call of ['createClient', 'updateClient']) {
    const refused = await failure(() => auth[call](fresh(), form({ scopes: ['scope1:**'] })));
    assert.equal(refused.statusCode, 400);
    assert.equal(refused.body.code, 'InputError');
  }
  assert.equal(await statusOf(() => auth.updateClient(fresh(), form())), 404);
  assert.equal(await statusOf(() => auth.updateClient('static/taskcluster/root', form())), 400);
});

test('CLI-7 a new token takes the place of the old one at once', async () => {
  const clientId = fresh();
  const made = await auth.createClient(clientId, form({ scopes: ['auth:current-scopes'] }));
  const old = authOf({ clientId, accessToken: made.accessToken });
  assert.deepEqual((await old.currentScopes()).scopes.includes('auth:current-scopes'), true);
  const reset = await auth.resetAccessToken(clientId);
  assert.notEqual(reset.accessToken, made.accessToken);
  assert.ok(reset.lastRotated > made.lastRotated);
  assert.equal(reset.lastRotated, reset.lastModified);
  await told('client-updated', clientId);
  assert.equal(await statusOf(() => old.currentScopes()), 401);
  await authOf({ clientId, accessToken: reset.accessToken }).currentScopes();
});

test('CLI-8 use of a client is noted once in a while', async () => {
  const clientId = fresh();
  const made = await auth.createClient(clientId, form({ scopes: ['auth:current-scopes'] }));
  const own = authOf({ clientId, accessToken: made.accessToken });
  await own.currentScopes();
  assert.equal((await auth.client(clientId)).lastDateUsed, made.lastDateUsed);
  await sleep(1100);
  await own.currentScopes();
  const used = await until('the use is noted', async () => {
    const { lastDateUsed } = await auth.client(clientId);
    return lastDateUsed > made.lastDateUsed ? lastDateUsed : undefined;
  });
  await own.currentScopes();
  assert.equal((await auth.client(clientId)).lastDateUsed, used);
});

test('CLI-9 an update without scopes keeps them, with scopes replaces them', async () => {
  const clientId = fresh();
  await auth.createClient(clientId, form({ scopes: ['s:1', 's:2'] }));
  const kept = await auth.updateClient(clientId, form({ description: 'new' }));
  assert.deepEqual(kept.scopes, ['s:1', 's:2']);
  assert.ok(kept.lastModified > kept.lastRotated);
  assert.equal(kept.accessToken, undefined);
  assert.equal(kept.description, 'new');
  const replaced = await auth.updateClient(clientId, form({ scopes: ['s:3'] }));
  assert.deepEqual(replaced.expandedScopes, ['s:3']);
  assert.ok(replaced.lastModified > kept.lastModified);
  await told('client-updated', clientId);
});

test('CLI-10 a disabled client is refused until it is enabled, each twice if need be', async () => {
  const clientId = fresh();
  const { accessToken } = await auth.createClient(clientId, form({ scopes: ['auth:current-scopes'] }));
  const own = authOf({ clientId, accessToken });
  for (let i = 0; i < 2; ++i) {
    assert.equal((await auth.disableClient(clientId)).disabled, true);
    assert.equal(await statusOf(() => own.currentScopes()), 401);
  }
  for (let i = 0; i < 2; ++i) assert.equal((await auth.enableClient(clientId)).disabled, false);
  await own.currentScopes();
});

test('CLI-11 clients are listed by prefix and in pages, each once', async () => {
  const base = fresh();
  const ids = ['/aa', '/bb', '/bb/1', '/bb/2'].map((end) => base + end);
  for (const id of ids) await auth.createClient(id, form());
  const list = async (query) => {
    const found = [];
    for (let token; ;) {
      const page = await auth.listClients({ ...query, ...(token ? { continuationToken: token } : {}) });
      found.push(...page.clients.map((c) => c.clientId));
      if (!(token = page.continuationToken)) return found;
    }
  };
  assert.ok((await list({})).includes('static/taskcluster/root'));
  assert.deepEqual(await list({ prefix: `${base}/bb` }), ids.slice(1));
  assert.deepEqual(await list({ prefix: `${base}/bb/`, limit: 1 }), ids.slice(2));
  assert.deepEqual(await list({ prefix: `${base}/cc` }), []);
  const all = await list({ limit: 1 });
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(await list({}), all);
  assert.equal(await statusOf(() => authOf(server.credentials, []).listClients()), 403);
});

test('CLI-12 only an expired client that asks for it goes, with one entry in its history', async () => {
  const [stays, kept, goes] = [fresh(), fresh(), fresh()];
  await auth.createClient(stays, form({ deleteOnExpiration: true }));
  await auth.createClient(kept, form({ expires: inSeconds(-10) }));
  await auth.createClient(goes, form({ expires: inSeconds(-10), deleteOnExpiration: true }));
  await until('it is gone', async () => (await failure(() => auth.client(goes)))?.statusCode === 404);
  await auth.client(stays);
  await auth.client(kept);
  const { auditHistory } = await auth.getEntityHistory('client', goes);
  assert.deepEqual(auditHistory.map((e) => e.actionType), ['created', 'expired']);
});

test('CLI-13 charlene passes on what she has and nothing else', async () => {
  const idp = fresh('/idp');
  const base = `test-users/${slugid()}`;
  const roleOf = (name) => `test-role:${slugid()}-${name}`;
  const [r1, r2, r3] = ['role1', 'role2', 'role3'].map(roleOf);
  for (const role of [r1, r2]) await auth.createRole(role, { scopes: ['scope-of:*'], description: role });
  const rights = ['create', 'update', 'delete', 'enable', 'disable'].map((what) => `auth:${what}-client:${base}/*`);
  const made = await auth.createClient(idp, form({ scopes: [...rights, `auth:reset-access-token:${base}/*`, 'assume:test-role:*'] }));
  const charlene = authOf(taskcluster.createTemporaryCredentials({ clientId: `${base}/charlene`,
    start: new Date(Date.now() - 1000), expiry: new Date(Date.now() + 3600_000),
    scopes: [...rights, `assume:${r1}`, `assume:${r2}`],
    credentials: { clientId: idp, accessToken: made.accessToken } }));
  const clientId = `${base}/charlene/perm`;
  const { accessToken } = await charlene.createClient(clientId, form({ expires: inSeconds(864000), scopes: [`assume:${r1}`] }));
  await charlene.updateClient(clientId, form({ scopes: [`assume:${r1}`, `assume:${r2}`] }));
  await charlene.updateClient(clientId, form({ scopes: [`assume:${r2}`] }));
  assert.equal(await statusOf(() => charlene.updateClient(clientId, form({ scopes: [`assume:${r2}`, `assume:${r3}`] }))), 403);
  await auth.updateClient(clientId, form({ scopes: [`assume:${r2}`, `assume:${r3}`, 'auth:current-scopes'] }));
  await charlene.updateClient(clientId, form({ scopes: [`assume:${r2}`, 'scope-of:3a', 'auth:current-scopes'] }));
  const own = authOf({ clientId, accessToken });
  await own.currentScopes();
  await charlene.disableClient(clientId);
  assert.equal(await statusOf(() => own.currentScopes()), 401);
  await charlene.enableClient(clientId);
  await own.currentScopes();
});

test('CLI-14 a slash of an id is escaped in paths', async () => {
  const raw = await fetch(`${server.rootUrl}/api/auth/v1/clients/static/taskcluster/root`);
  assert.equal(raw.status, 404);
  const escaped = await fetch(`${server.rootUrl}/api/auth/v1/clients/static%2Ftaskcluster%2Froot`);
  assert.equal(escaped.status, 200);
});

test('HWK-6 whoever is unknown, has a wrong token or has expired is refused', async () => {
  const clientId = fresh();
  const { accessToken } = await auth.createClient(clientId, form({ expires: inSeconds(-5), scopes: ['*'] }));
  const expired = await failure(() => authOf({ clientId, accessToken }).currentScopes());
  assert.equal(expired.statusCode, 401);
  assert.match(expired.message, /has expired/);
  assert.equal(await statusOf(() => authOf({ clientId: 'nobody', accessToken }).currentScopes()), 401);
  assert.equal(await statusOf(() => new taskcluster.Auth({ rootUrl: server.rootUrl, retries: 0 }).currentScopes()), 403);
});

test('AUD-1 AUD-2 what was done is listed by client and by whoever did it', async () => {
  const actor = fresh();
  const { accessToken } = await auth.createClient(actor, form({ scopes: ['auth:create-client:*', 'auth:update-client:*'] }));
  const clientId = fresh('/with/slashes');
  const own = authOf({ clientId: actor, accessToken });
  await own.createClient(clientId, form());
  await own.updateClient(clientId, form({ description: 'again' }));
  assert.equal(await statusOf(() => own.deleteClient(clientId)), 403);
  const expected = [[actor, 'created'], [actor, 'updated']];
  const short = ({ auditHistory }) => auditHistory.map((e) => [e.clientId, e.actionType]);
  const history = await auth.getEntityHistory('client', clientId);
  assertAgrees('get-entity-history-response', history, 'auth');
  assert.deepEqual(short(history), expected);
  assert.deepEqual(short(await auth.listAuditHistory(actor)), expected);
  const logged = server.log.split('\n').filter((line) => line.includes('audit-event')
    && line.includes(clientId)).map((line) => JSON.parse(line));
  assert.deepEqual(logged.map(({ Type, Severity, Fields }) => [Type, Severity, Fields]),
    ['created', 'updated'].map((action) => ['audit-event', 5,
      { service: 'auth', entity: 'client', entityId: clientId, clientId: actor, action, v: 1 }]));
  const first = await auth.getEntityHistory('client', clientId, { limit: 1 });
  assert.deepEqual(short(first), expected.slice(0, 1));
  const { continuationToken } = first;
  assert.deepEqual(short(await auth.getEntityHistory('client', clientId, { limit: 1, continuationToken })), expected.slice(1));
});

test('STC-1 a configured client has its scopes, and is gone when it is not configured any more', async () => {
  const { scopes, description } = await auth.client('static/tests/ci');
  assert.deepEqual(scopes, ['a', 'b:*']);
  assert.match(description, /^ci\n---\n\nThis is a \*\*static client\*\*/);
  assert.equal(await statusOf(() => auth.client('static/tests/other')), 404);
  for (const call of ['deleteClient', 'disableClient', 'resetAccessToken'])
    assert.equal(await statusOf(() => auth[call]('static/tests/ci')), 400);
  const clients = server.options.clients;
  server.options.clients = [];
  await server.restart('SIGTERM');
  auth = authOf(server.credentials);
  assert.equal(await statusOf(() => auth.client('static/tests/ci')), 404);
  server.options.clients = clients;
});

test('clients and roles are there after a crash, and no token is written down in clear', async () => {
  const clientId = fresh();
  const given = form({ scopes: ['auth:current-scopes', `assume:crash:${clientId}`] });
  const { accessToken } = await auth.createClient(clientId, given);
  await auth.createRole(`crash:${clientId}`, { scopes: ['after:crash'], description: '' });
  await server.restart();
  auth = authOf(server.credentials);
  const { scopes } = await authOf({ clientId, accessToken }).currentScopes();
  assert.ok(scopes.includes('after:crash'));
  const { auditHistory } = await auth.getEntityHistory('client', clientId);
  assert.equal(auditHistory.length, 1);
  const rows = JSON.stringify(ask(server.redis, 'HGETALL', 'troupe:{auth}:clients'));
  assert.ok(rows.includes(clientId) && !rows.includes(accessToken));
  assert.ok(!server.log.includes(accessToken));
});
