// Clients and roles while Redis takes nothing: a change is its commit, which has row and event. As
// long as it cannot be made the change does not count for anybody, and if it never is, nothing has
// changed. The auth contract, sections 9 and 10.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { ask, entriesOf } from './support/redis.mjs';
import { failure, inSeconds, slugid } from './support/tasks.mjs';

let server;
let auth;

const authOf = (credentials) => new taskcluster.Auth({ rootUrl: server.rootUrl, credentials, retries: 0 });
const statusOf = async (call) => (await failure(call)).statusCode;
const client = (change = {}) => ({ expires: inSeconds(86400), description: 'of a test',
  scopes: ['auth:current-scopes'], ...change });
const role = (change = {}) => ({ scopes: ['given:by-role'], description: 'of a test', ...change });

// What the log of auth events has of one, in order.
const eventsOf = (id) => entriesOf(server.redis, 'troupe:{auth}:events')
  .filter(({ payload }) => [payload.clientId, payload.roleId].includes(id))
  .map(({ exchange }) => exchange.split('/').pop());

// What the log of the server says of calls of a method about an id that failed.
const reported = (method, id) => server.log.split('\n').filter((line) => line.includes('monitor.apiMethod'))
  .map((line) => JSON.parse(line).Fields)
  .filter((fields) => fields.name === method && fields.statusCode >= 500 &&
    decodeURIComponent(fields.resource).includes(id));

before(async () => {
  server = await Server.start({ 'answer-timeout': 1 });
});
after(() => server?.stop());
beforeEach(() => { auth = authOf(server.credentials); });

const refuseWrites = () => ask(server.redis, 'CONFIG', 'SET', 'maxmemory', '1');
const takeWrites = () => ask(server.redis, 'CONFIG', 'SET', 'maxmemory', '0');

// All of them fail, each with one report of it.
const areRefused = (at, ...sets) => Promise.all(sets.flatMap((changes) => Object.entries(changes(at))
  .map(([method, [what, call]]) => isRefused(method, at[what], call))));

async function isRefused(method, id, call) {
  const before = reported(method, id).length;
  const error = await failure(call);
  assert.equal(error.statusCode, 503, method);
  await until(`${method} is reported`, () => reported(method, id).length > before);
  assert.equal(reported(method, id).length, before + 1, method);
}

// Clients and roles, with what is to become of each: made before, and one that is new.
async function stage() {
  const name = (what) => `failing/${slugid()}/${what}`;
  const at = { created: name('created'), updated: name('updated'), deleted: name('deleted'),
    reset: name('reset'), tokens: {}, form: client(), role: role() };
  for (const what of ['updated', 'deleted', 'reset']) {
    at.tokens[what] = (await auth.createClient(at[what], at.form)).accessToken;
    await auth.createRole(at[what], at.role);
  }
  return at;
}

const asClient = (at, what) => authOf({ clientId: at[what], accessToken: at.tokens[what] }).currentScopes();

const changesOfClients = (at) => ({
  createClient: ['created', () => auth.createClient(at.created, at.form)],
  updateClient: ['updated', () => auth.updateClient(at.updated, { ...at.form, description: 'other' })],
  deleteClient: ['deleted', () => auth.deleteClient(at.deleted)],
  resetAccessToken: ['reset', () => auth.resetAccessToken(at.reset)],
});
const changesOfRoles = (at) => ({
  createRole: ['created', () => auth.createRole(at.created, at.role)],
  updateRole: ['updated', () => auth.updateRole(at.updated, { ...at.role, description: 'other' })],
  deleteRole: ['deleted', () => auth.deleteRole(at.deleted)],
});

async function succeed(at, ...sets) {
  for (const changes of sets)
    for (const [, [, call]] of Object.entries(changes(at))) await call();
}

const eventOf = { created: 'created', updated: 'updated', deleted: 'deleted', reset: 'updated' };

test('CLI-5 a change of a client that cannot be committed fails, and a repeat of it succeeds', async () => {
  const at = await stage();
  refuseWrites();
  try {
    await areRefused(at, changesOfClients);
    // Nobody goes by any of it meanwhile.
    for (const what of ['updated', 'deleted', 'reset'])
      assert.deepEqual((await asClient(at, what)).scopes, ['assume:anonymous', 'auth:current-scopes']);
    assert.deepEqual(eventsOf(at.created), []);
  } finally {
    takeWrites();
  }
  await succeed(at, changesOfClients);
  const made = await auth.createClient(at.created, at.form);
  at.tokens.created = made.accessToken;
  await asClient(at, 'created');
  assert.equal((await auth.client(at.updated)).description, 'other');
  for (const what of ['deleted', 'reset']) assert.equal(await statusOf(() => asClient(at, what)), 401);
  for (const [what, event] of Object.entries(eventOf)) {
    const events = eventsOf(at[what]).filter((name) => name.startsWith('client-'));
    assert.ok(events.includes(`client-${event}`), `${what}: ${events}`);
  }
});

test('ROL-6 a change of a role that cannot be committed fails, and a repeat of it succeeds', async () => {
  const at = await stage();
  const holder = `failing/${slugid()}`;
  const { accessToken } = await auth.createClient(holder,
    client({ scopes: ['auth:current-scopes', `assume:${at.created}`, `assume:${at.deleted}`] }));
  const has = async () => (await authOf({ clientId: holder, accessToken }).currentScopes()).scopes.includes('given:by-role');
  assert.ok(await has());
  refuseWrites();
  try {
    await areRefused(at, changesOfRoles);
    assert.ok(await has());
    assert.deepEqual(eventsOf(at.created), []);
  } finally {
    takeWrites();
  }
  await succeed(at, changesOfRoles);
  assert.ok(await has());
  assert.deepEqual((await auth.role(at.created)).scopes, at.role.scopes);
  assert.equal((await auth.role(at.updated)).description, 'other');
  assert.equal(await statusOf(() => auth.role(at.deleted)), 404);
  const { roleIds } = await auth.listRoleIds();
  assert.equal(roleIds.filter((id) => id === at.created).length, 1);
  for (const what of ['created', 'updated', 'deleted'])
    assert.ok(eventsOf(at[what]).includes(`role-${what}`), what);
});

test('CLI-5 ROL-6 of a change that was never committed there is neither a record nor an event', async () => {
  const at = await stage();
  const events = Object.fromEntries(['created', 'updated', 'deleted', 'reset'].map((what) => [what, eventsOf(at[what])]));
  refuseWrites();
  try {
    await areRefused(at, changesOfClients, changesOfRoles);
    await server.kill('SIGKILL');
  } finally {
    takeWrites();
  }
  await server.launch();
  auth = authOf(server.credentials);
  assert.equal(await statusOf(() => auth.client(at.created)), 404);
  assert.equal(await statusOf(() => auth.role(at.created)), 404);
  for (const what of ['updated', 'deleted', 'reset']) {
    assert.equal((await auth.client(at[what])).description, 'of a test');
    assert.equal((await auth.role(at[what])).description, 'of a test');
    await asClient(at, what);
  }
  for (const [what, before] of Object.entries(events)) assert.deepEqual(eventsOf(at[what]), before, what);
  await succeed(at, changesOfClients, changesOfRoles);
});

test('CLI-5 ROL-6 a Redis that is away is no other thing', async () => {
  const at = await stage();
  await server.redis.kill();
  try {
    await areRefused(at, changesOfClients, changesOfRoles);
    for (const what of ['updated', 'deleted', 'reset']) await asClient(at, what);
  } finally {
    await server.redis.start();
  }
  await succeed(at, changesOfClients, changesOfRoles);
  assert.equal((await auth.client(at.created)).clientId, at.created);
  assert.equal(await statusOf(() => auth.client(at.deleted)), 404);
});
