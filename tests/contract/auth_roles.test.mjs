// Roles, scopes and signatures: the auth contract, sections 4, 5, 7, 8, 10, 11 and 13.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { Events } from './support/events.mjs';
import { failure, inSeconds, slugid } from './support/tasks.mjs';
import { hawk } from './support/http.mjs';
import { assertAgrees } from './support/schemas.mjs';

let server;
let auth;
let events;

const authOf = (credentials, authorizedScopes) => new taskcluster.Auth({ rootUrl: server.rootUrl,
  credentials, retries: 0, ...(authorizedScopes ? { authorizedScopes } : {}) });
const of = (...scopes) => ({ scopes, description: 'of a test' });
const fresh = (name = '') => `thing:${slugid()}${name}`;
const statusOf = async (call) => (await failure(call)).statusCode;
const told = (name, roleId) => until(`${name} of ${roleId} came`, () =>
  events.events.find((e) => e.name === name && e.payload.roleId === roleId));
const client = async (...scopes) => {
  const clientId = `test/${slugid()}`;
  const { accessToken } = await auth.createClient(clientId, { expires: inSeconds(3600), description: '', scopes });
  return { clientId, accessToken };
};

before(async () => {
  server = await Server.start({ anonymous: ['everybody:may'] });
  auth = authOf(server.credentials);
  events = await Events.open(server, () => auth.deleteRole('probe'));
});
after(async () => {
  events?.close();
  await server?.stop();
});

test('ROL-1 ROL-3 a role is created, told of, gives its scopes at once, and is repeated exactly', async () => {
  const roleId = fresh('/test ?test=1');
  const own = authOf(await client(`assume:${roleId}`, 'auth:current-scopes'));
  const made = await auth.createRole(roleId, of('b:*', 'a:1'));
  assertAgrees('get-role-response', made, 'auth');
  assert.deepEqual(made.scopes, ['a:1', 'b:*']);
  assert.deepEqual(made.expandedScopes, ['a:1', `assume:${roleId}`, 'b:*']);
  assert.ok((await own.currentScopes()).scopes.includes('a:1'));
  assert.deepEqual(await auth.createRole(roleId, of('a:1', 'b:*')), made);
  assert.deepEqual(await auth.role(roleId), made);
  const event = await told('role-created', roleId);
  assert.deepEqual([event.payload, event.exchange, event.routingKey ?? '_'],
    [{ version: 1, roleId }, 'exchange/taskcluster-auth/v1/role-created', '_']);
});

test('ROL-2 a role for a prefix is created by whoever has its scopes through a role', async () => {
  const [giver, roleId] = [fresh(), fresh('/*')];
  await auth.createRole(giver, of('given:*'));
  const own = authOf(await client('auth:create-role:*', `assume:${giver}`));
  const made = await own.createRole(roleId, of('given:1'));
  assert.ok(made.expandedScopes.includes(`assume:${roleId}`));
  assert.equal(await statusOf(() => own.createRole(fresh(), of('other:1'))), 403);
});

test('ROL-4 RLV-5 cycles and double stars are refused in create and update', async () => {
  const [a, b] = [fresh('-a:*'), fresh('-b:*')];
  const bare = (id) => id.slice(0, -1);
  await auth.createRole(a, of(`assume:${bare(b)}prefix-<..>/some-suffix`));
  await auth.createRole(b, of());
  const refused = await failure(() => auth.updateRole(b, of(`assume:${bare(a)}prefix/<..>#some-suffix`)));
  assert.equal(refused.statusCode, 400);
  assert.match(refused.message, /Roles may not contain dependency cycles, found: 'assume:/);
  const self = fresh();
  assert.equal(await statusOf(() => auth.createRole(self, of(`assume:${self}`))), 400);
  for (const call of ['createRole', 'updateRole'])
    assert.equal(await statusOf(() => auth[call](b, of('foo:***'))), 400);
});

test('ROL-5 ROL-11 the same role may be created twice, also at once, and is listed once', async () => {
  const roleId = fresh();
  await Promise.all([1, 2, 3, 4].map(() => auth.createRole(roleId, of('x', 'y'))));
  assert.equal(await statusOf(() => auth.createRole(roleId, of('x'))), 409);
  assert.equal((await auth.listRoles()).filter((role) => role.roleId === roleId).length, 1);
  const all = [...Array(12)].map(() => fresh());
  await Promise.all(all.map((id) => auth.createRole(id, of(`of:${id}`))));
  const { roleIds } = await auth.listRoleIds();
  assert.ok(all.every((id) => roleIds.includes(id)));
});

test('ROL-7 roles are read with scopes only, deleted twice, and their changes are told', async () => {
  const roleId = fresh();
  await auth.createRole(roleId, of());
  const nobody = authOf(server.credentials, []);
  for (const call of [() => nobody.role(roleId), () => nobody.listRoles(), () => nobody.listRoles2(), () => nobody.listRoleIds()])
    assert.equal(await statusOf(call), 403);
  await auth.updateRole(roleId, of('x'));
  await auth.deleteRole(roleId);
  await auth.deleteRole(roleId);
  assert.equal(await statusOf(() => auth.role(roleId)), 404);
  await told('role-updated', roleId);
  await told('role-deleted', roleId);
});

test('ROL-8 roles are listed in pages, each once, and made-up tokens are refused', async () => {
  for (let i = 0; i < 3; ++i) await auth.createRole(fresh(), of());
  for (const [call, key] of [['listRoles2', 'roles'], ['listRoleIds', 'roleIds']]) {
    const all = (await auth[call]())[key];
    assertAgrees(call === 'listRoles2' ? 'list-roles2-response' : 'list-role-ids-response', { [key]: all }, 'auth');
    const found = [];
    for (let token; ;) {
      const page = await auth[call]({ limit: 1, ...(token ? { continuationToken: token } : {}) });
      found.push(...page[key]);
      if (!(token = page.continuationToken)) break;
    }
    assert.deepEqual(found, all);
    for (const continuationToken of ['FOOBAR', '@@something##'])
      assert.equal(await statusOf(() => auth[call]({ continuationToken })), 400);
  }
});

test('ROL-9 ROL-10 a role is given what it gives already or its editor has, and nothing else', async () => {
  const [sub, roleId] = [fresh('-sub'), fresh()];
  await auth.createRole(sub, of('scope:sub-role-has:*'));
  const before = of('scope:role-has:*', `assume:${sub}`);
  const made = await auth.createRole(roleId, before);
  const own = authOf(await client('auth:update-role:*', 'scope:role-has:a', 'scope:caller-has:a', 'scope:caller-has:b*'));
  let last = made;
  for (const scope of ['scope:caller-has:a', 'scope:caller-has:b1', 'scope:role-has:*', `assume:${sub}`, 'scope:sub-role-has:xyz', 'scope:role-has:x']) {
    const now = await own.updateRole(roleId, of(...new Set([...before.scopes, scope])));
    assert.ok(now.scopes.includes(scope));
    assert.ok(now.lastModified > last.lastModified);
    assert.equal(now.created, made.created);
    last = now;
  }
  assert.equal(await statusOf(() => own.updateRole(roleId, of('nobody-has-this'))), 403);
  assert.deepEqual((await own.updateRole(roleId, of())).scopes, []);
  assert.equal(await statusOf(() => auth.updateRole(fresh(), of())), 404);
});

test('TST-1 scopes are expanded with the scope for it only', async () => {
  const [a, b] = [fresh(), fresh()];
  await auth.createRole(a, of(`assume:${b}`));
  await auth.createRole(b, of('deep'));
  assert.deepEqual(await auth.expandScopes({ scopes: [] }), { scopes: [] });
  assert.deepEqual(await auth.expandScopes({ scopes: ['x'] }), { scopes: ['x'] });
  assert.deepEqual((await auth.expandScopes({ scopes: [`assume:${a}`] })).scopes.sort(), [`assume:${a}`, `assume:${b}`, 'deep'].sort());
  assert.equal(await statusOf(() => authOf(server.credentials, []).expandScopes({ scopes: [] })), 403);
});

test('TST-2 AZS-1 everybody learns what the request at hand may do', async () => {
  assert.deepEqual(await auth.currentScopes(), { scopes: ['*'] });
  const everybody = ['assume:anonymous', 'everybody:may'];
  const given = ['auth:current-scopes', 'x:y'];
  const sorted = [...given, ...everybody].sort();
  assert.deepEqual((await authOf(server.credentials, given).currentScopes()).scopes, sorted);
  const temporary = taskcluster.createTemporaryCredentials({ scopes: ['auth:*', 'x:*'], start: new Date(),
    expiry: new Date(Date.now() + 60_000), credentials: server.credentials });
  assert.deepEqual((await authOf(temporary).currentScopes()).scopes, ['assume:anonymous', 'auth:*', 'everybody:may', 'x:*']);
  assert.deepEqual((await authOf(temporary, given).currentScopes()).scopes, sorted);
});

test('TST-3 TST-4 BWT-3 the stock test methods judge a pretended client', async () => {
  const tester = (scopes, accessToken = 'no-secret') => authOf({ clientId: 'tester', accessToken }, scopes);
  const ask = (required, own = ['test-scope:*'], api = tester()) =>
    api.testAuthenticate({ clientScopes: own, requiredScopes: required });
  assert.deepEqual(await ask(['test-scope:*']), { clientId: 'tester', scopes: ['assume:anonymous', 'test-scope:*'] });
  await ask(['test-scope:a']);
  const codeOf = async (call) => (await failure(call)).body.code;
  assert.equal(await codeOf(() => ask(['test-scope:*'], ['test-scope'])), 'InsufficientScopes');
  assert.equal(await codeOf(() => ask([], [], tester(undefined, 'wrong'))), 'AuthenticationFailed');
  await ask(['test-scope:1'], ['test-scope:*'], tester(['test-scope:1', 'test-scope:2']));
  assert.equal(await codeOf(() => ask(['test-scope:3'], ['test-scope:*'], tester(['test-scope:1']))), 'InsufficientScopes');
  assert.equal(await codeOf(() => ask([], ['test-scope:1'], tester(['test-scope:*']))), 'AuthenticationFailed');
  const specific = await ask(['scopes:specific'], ['scopes:*'], tester(['scopes:specific', 'scopes:another']));
  assert.deepEqual(specific.scopes, ['assume:anonymous', 'scopes:specific', 'scopes:another']);
  assert.equal((await tester().testAuthenticateGet()).clientId, 'tester');
  assert.equal(await codeOf(() => tester(['test:scopes-abc']).testAuthenticateGet()), 'InsufficientScopes');
  assert.equal(await codeOf(() => tester(undefined, 'wrong').testAuthenticateGet()), 'AuthenticationFailed');
  const url = tester().buildSignedUrl(tester().testAuthenticateGet);
  assert.equal((await (await fetch(url)).json()).clientId, 'tester');
  const nobody = new taskcluster.Auth({ rootUrl: server.rootUrl, retries: 0 });
  assert.deepEqual(await nobody.testAuthenticate({ clientScopes: [], requiredScopes: [] }),
    { clientId: 'auth-failed:no-auth', scopes: ['assume:anonymous'] });
});

test('HWK-1 authenticateHawk tells foreign services what a signature is worth', async () => {
  const url = new URL(server.rootUrl);
  const asked = (authorization) => auth.authenticateHawk({ method: 'get', resource: '/x/y?z', host: url.hostname,
    port: Number(url.port), ...(authorization ? { authorization } : {}) });
  const good = await asked(hawk(server, 'GET', '/x/y?z'));
  assertAgrees('authenticate-hawk-response', good, 'auth');
  assert.deepEqual([good.status, good.scheme, good.clientId, good.scopes], ['auth-success', 'hawk', 'static/taskcluster/root', ['*']]);
  assert.deepEqual(await asked(hawk(server, 'GET', '/other')), { status: 'auth-failed', message: 'Unauthorized: Bad mac' });
  const none = await asked();
  assert.deepEqual([none.status, none.scheme, none.scopes], ['no-auth', 'none', ['assume:anonymous', 'everybody:may']]);
  assert.equal(await statusOf(() => auth.authenticateHawk({ method: 'GET', resource: '/', host: 'a', port: 80 })), 400);
});

test('credentials of systems that are not configured are 404, after 403', async () => {
  const nobody = authOf(server.credentials, []);
  const calls = [
    [(a) => a.awsS3Credentials('read-write', 'some-bucket', 'a/b/'), /No credentials available for bucket some-bucket/],
    [(a) => a.azureTables('account'), /Account 'account' not found, can't delegate access/],
    [(a) => a.azureTableSAS('account', 'table', 'read-only'), /Account 'account' not found/],
    [(a) => a.azureContainerSAS('account', 'container', 'read-write'), /can't delegate access\./],
    [(a) => a.sentryDSN('project'), /Sentry credentials not found/],
    [(a) => a.gcpCredentials('project', 'account'), /GCP credentials are not available/],
    [(a) => a.websocktunnelToken('audience', 'client'), /not available/]];
  for (const [call, text] of calls) {
    const missing = await failure(() => call(auth));
    assert.equal(missing.statusCode, 404);
    assert.match(missing.message, text);
    assert.equal(await statusOf(() => call(nobody)), 403);
  }
  assert.deepEqual(await auth.azureAccounts(), { accounts: [] });
});
