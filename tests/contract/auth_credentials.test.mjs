// Credentials for other systems: the auth contract, section 13, against stand-ins on loopback.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import taskcluster from 'taskcluster-client';
import { binary, Server, until } from './support/server.mjs';
import { hawk } from './support/http.mjs';
import { failure } from './support/tasks.mjs';

const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const tunnelSecret = 'a secret of tunnels';
const azureKey = crypto.randomBytes(64);
const aws = { id: 'AKIDTEST', secret: 'a secret of AWS' };

let fake; // answers for all systems: `fake.serve(request, body)` gives [status, body, headers]
let server;
let bare; // nothing is configured
let auth;

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha = (text) => crypto.createHash('sha256').update(text).digest('hex');
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
let Auth; // made of the server's own reference, as the published client lacks githubRepoToken
const authOf = (...scopes) => new Auth({ rootUrl: server.rootUrl,
  credentials: server.credentials, retries: 0, authorizedScopes: scopes });
const bareAuth = () => new Auth({ rootUrl: bare.rootUrl, credentials: bare.credentials, retries: 0 });
const statusOf = async (call) => (await failure(call)).statusCode;

// The claims of a token that RS256 signed with our key.
function appClaims(token) {
  const [head, claims, signature] = token.split('.');
  assert.equal(decoded(head).alg, 'RS256');
  assert.ok(crypto.verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
  return decoded(claims);
}

// What Signature Version 4 says of a request, worked out anew.
function assertSigV4(request, body) {
  const [, date, region, names, signature] = request.headers.authorization
    .match(/^AWS4-HMAC-SHA256 Credential=AKIDTEST\/(\d+)\/([^/]+)\/sts\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(.+)$/);
  const canonical = [request.method, '/', '', ...names.split(';').map((n) => `${n}:${request.headers[n]}`), '', names, sha(body)].join('\n');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], `${date}/${region}/sts/aws4_request`, sha(canonical)].join('\n');
  const key = [date, region, 'sts', 'aws4_request'].reduce(hmac, `AWS4${aws.secret}`);
  assert.equal(hmac(key, text).toString('hex'), signature);
}

before(async () => {
  fake = { requests: [], serve: () => [500, ''] };
  fake.server = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    fake.requests.push(`${request.method} ${request.url}`);
    let told;
    try {
      told = fake.serve(request, body);
    } catch (error) {
      fake.error = error;
      told = [418, error.message];
    }
    const [status, answer, headers = {}] = told;
    response.writeHead(status, headers).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${fake.server.address().port}`;
  fake.file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-providers-')), 'accounts.json');
  fs.writeFileSync(fake.file, JSON.stringify({
    websocktunnel: { secret: tunnelSecret },
    aws: [{ accessKeyId: aws.id, secretAccessKey: aws.secret, endpoint, buckets: ['the-bucket'] }],
    azure: { gone: { key: 'AAAA', tableEndpoint: 'http://127.0.0.1:1', blobEndpoint: 'http://127.0.0.1:1' }, theaccount: { key: azureKey.toString('base64'), tableEndpoint: endpoint, blobEndpoint: endpoint } },
    sentry: { endpoint, token: 'sentry-token', organization: 'org', team: 'team', keyPrefix: 'tests' },
    gcp: { project: 'the-project', clientEmail: 'us@example.com', privateKey, tokenEndpoint: `${endpoint}/token`,
      iamEndpoint: endpoint, allowedServiceAccounts: ['good@example.com'] },
    github: { app: { appId: '123', privateKey, endpoint } },
  }), { mode: 0o600 });
  server = await Server.start({ 'credential-providers': fake.file });
  bare = await Server.start();
  Auth = taskcluster.createClient(await (await fetch(`${server.rootUrl}/references/auth/v1/api.json`)).json());
  auth = new Auth({ rootUrl: server.rootUrl, credentials: server.credentials, retries: 0 });
});
after(async () => {
  await server?.stop();
  await bare?.stop();
  fake?.server.close();
  fake?.server.closeAllConnections();
  fs.rmSync(path.dirname(fake.file), { recursive: true, force: true });
});

test('WST-1 a websocktunnel token has all claims', async () => {
  const made = await auth.websocktunnelToken('aud', 'client.x~y');
  const [head, claims, signature] = made.token.split('.');
  assert.equal(decoded(head).alg, 'HS256');
  assert.equal(hmac(tunnelSecret, `${head}.${claims}`).toString('base64url'), signature);
  const { iat, ...rest } = decoded(claims);
  assert.deepEqual(rest, { tid: 'client.x~y', aud: 'aud', sub: 'static/taskcluster/root', exp: iat + 96 * 3600,
    nbf: iat - 900, iss: 'taskcluster-auth' });
  assert.deepEqual([made.wstClient, made.wstAudience, Date.parse(made.expires)], ['client.x~y', 'aud', rest.exp * 1000]);
  assert.equal(await statusOf(() => authOf('auth:websocktunnel-token:aud/other').websocktunnelToken('aud', 'client')), 403);
});

// Whether a policy allows it, as AWS reads one: `*` stands for anything.
const allows = (policy, action, key) => policy.Statement.some((s) => s.Effect === 'Allow' && s.Action.includes(action)
  && s.Resource.some((r) => new RegExp(`^${r.split('*').map((t) => t.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(`arn:aws:s3:::the-bucket/${key}`)));

test('S3-1 AWS credentials come by a signed call with the policy of the level', async () => {
  let policy;
  fake.serve = (request, body) => {
    assertSigV4(request, body);
    const asked = new URLSearchParams(body);
    assert.deepEqual([asked.get('Action'), asked.get('Name'), asked.get('DurationSeconds')],
      ['GetFederationToken', 'TemporaryS3ReadWriteCredentials', '3600']);
    policy = JSON.parse(asked.get('Policy'));
    return [200, '<R><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>s&amp;t</SecretAccessKey>'
      + '<SessionToken>token</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></R>'];
  };
  const made = await auth.awsS3Credentials('read-write', 'the-bucket', 'a/b/');
  assert.deepEqual(made, { credentials: { accessKeyId: 'id', secretAccessKey: 's&t', sessionToken: 'token' }, expires: '2030-01-01T00:00:00.000Z' });
  assert.deepEqual(policy.Statement[0].Action, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']);
  assert.deepEqual(policy.Statement[0].Resource, ['arn:aws:s3:::the-bucket/a/b/*']);
  assert.deepEqual(policy.Statement[1].Condition, { StringLike: { 's3:prefix': ['a/b/*'] } });
  for (const action of ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']) {
    assert.ok(allows(policy, action, 'a/b/key'));
    assert.ok(!allows(policy, action, 'a/other'));
  }
  await auth.awsS3Credentials('read-write', 'the-bucket', '');
  assert.ok(allows(policy, 's3:PutObject', 'any'));
  const compat = await authOf('auth:aws-s3:read-only:the-bucket/').awsS3Credentials('read-only', 'the-bucket', '', { format: 'iam-role-compat' });
  assert.deepEqual(policy.Statement[0].Action, ['s3:GetObject']);
  assert.deepEqual(policy.Statement[0].Resource, ['arn:aws:s3:::the-bucket/*']);
  assert.ok(allows(policy, 's3:GetObject', 'any') && !allows(policy, 's3:PutObject', 'any'));
  assert.deepEqual([compat.Code, compat.Type, compat.AccessKeyId, compat.Token], ['Success', 'AWS-HMAC', 'id', 'token']);
  assert.equal(await statusOf(() => authOf('auth:aws-s3:read-only:the-bucket/*').awsS3Credentials('read-write', 'the-bucket', 'x')), 403);
  const missing = await failure(() => auth.awsS3Credentials('read-only', 'other-bucket', 'x'));
  assert.deepEqual([missing.statusCode, /No credentials available for bucket other-bucket/.test(missing.message)], [404, true]);
  const slash = await failure(() => auth.awsS3Credentials('read-only', 'the-bucket', '/x'));
  assert.deepEqual([slash.statusCode, slash.body.code], [400, 'InputError']);
  assert.match(slash.message, /The `prefix` may not start with a slash `\/`; got `\/x`/);
  fake.serve = () => [403, '<E><Code>AccessDenied</Code><Message>not {{you}}</Message></E>'];
  const refused = await failure(() => auth.awsS3Credentials('read-only', 'the-bucket', 'x'));
  assert.deepEqual([refused.statusCode, /AccessDenied: not/.test(refused.message)], [503, true]);
});

test('GCP-1 tokens of allowed service accounts of the project, and none without an account', async () => {
  fake.serve = (request, body) => {
    if (request.url === '/token') {
      const claims = appClaims(new URLSearchParams(body).get('assertion'));
      assert.deepEqual([claims.iss, claims.exp - claims.iat], ['us@example.com', 3600]);
      return [200, { access_token: 'own' }];
    }
    assert.equal(request.url, '/v1/projects/-/serviceAccounts/good%40example.com:generateAccessToken');
    assert.equal(request.headers.authorization, 'Bearer own');
    assert.deepEqual(JSON.parse(body), { delegates: [], scope: ['https://www.googleapis.com/auth/cloud-platform'], lifetime: '3600s' });
    return [200, { accessToken: 'sometoken', expireTime: '2030-01-01T00:00:00Z' }];
  };
  assert.deepEqual(await auth.gcpCredentials('the-project', 'good@example.com'), { accessToken: 'sometoken', expireTime: '2030-01-01T00:00:00Z' });
  const bad = await failure(() => auth.gcpCredentials('the-project', 'bad@example.com'));
  assert.deepEqual([bad.statusCode, bad.body.code], [400, 'InvalidRequestArguments']);
  assert.match(bad.message, /The service account bad@example.com isn't allowed/);
  const other = await failure(() => auth.gcpCredentials('other', 'good@example.com'));
  assert.deepEqual([other.statusCode, /The projectId other is not configured/.test(other.message)], [404, true]);
  fake.serve = (request) => (request.url === '/token' ? [200, { access_token: 'own' }] : [403, { error: { message: 'No permission' } }]);
  const refused = await failure(() => auth.gcpCredentials('the-project', 'good@example.com'));
  assert.deepEqual([refused.statusCode, /No permission/.test(refused.message)], [404, true]);
  const none = await failure(() => bareAuth().gcpCredentials('the-project', 'good@example.com'));
  assert.deepEqual([none.statusCode, /GCP credentials are not available/.test(none.message)], [404, true]);
});

test('a DSN of Sentry is reused while it lives long enough', async () => {
  const keys = [];
  let exists = false;
  fake.serve = (request, body) => {
    assert.equal(request.headers.authorization, 'Bearer sentry-token');
    if (request.url === '/api/0/teams/org/team/projects/') return exists = true, [201, {}];
    assert.equal(request.url, '/api/0/projects/org/proj/keys/');
    if (!exists) return [404, { detail: 'no' }];
    if (request.method === 'GET') return [200, keys];
    keys.push({ id: 'k', label: JSON.parse(body).name, dsn: { secret: 'https://a:b@s/1', public: 'https://a@s/1' } });
    return [201, keys.at(-1)];
  };
  const first = await auth.sentryDSN('proj');
  assert.deepEqual(first.dsn, { secret: 'https://a:b@s/1', public: 'https://a@s/1' });
  assert.equal(keys[0].label, `tests managed (expires-at:${first.expires})`);
  assert.deepEqual(await auth.sentryDSN('proj'), first);
  assert.equal(keys.length, 1);
  keys[0].label = `tests managed (expires-at:${new Date(Date.now() + 24 * 3600e3).toISOString()})`;
  await auth.sentryDSN('proj');
  assert.equal(keys.length, 2);
  fake.serve = () => [400, { detail: 'Sentry says so' }];
  assert.match((await failure(() => auth.sentryDSN('proj'))).message, /Sentry says so/);
});

async function expireKeys(on) {
  const route = '/api/troupe/v1/maintenance';
  const answer = await fetch(on.rootUrl + route, { method: 'POST', body: JSON.stringify({ job: 'expire-sentry-keys' }),
    headers: { authorization: hawk(on, 'POST', route), 'content-type': 'application/json' } });
  const told = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(told));
  return told.removed;
}

test('SEN-1 a DSN comes of a fake, the purge deletes only what expired, and without an account there is none', async () => {
  const label = (minutes) => `tests managed (expires-at:${new Date(Date.now() + minutes * 60e3).toISOString()})`;
  const dsn = { secret: 'https://a:b@s/1', public: 'https://a@s/1' };
  const labels = { over: label(-20), graced: label(-10), alive: label(48 * 60), plain: 'by hand', other: label(-20).replace('tests', 'others') };
  const deleted = [];
  fake.serve = (request) => {
    if (request.url === '/api/0/organizations/org/projects/') return [200, [{ slug: 'proj' }]];
    if (request.method === 'GET') return [200, Object.entries(labels).map(([id, name]) => ({ id, label: name, dsn }))];
    deleted.push(request.url);
    return [204, ''];
  };
  assert.deepEqual((await auth.sentryDSN('proj')).dsn, dsn);
  assert.equal(await expireKeys(server), 1);
  assert.deepEqual(deleted, ['/api/0/projects/org/proj/keys/over/']);
  assert.equal(await statusOf(() => bareAuth().sentryDSN('proj')), 404);
  assert.equal(await expireKeys(bare), 0);
});

test('GHB-1 scopes, owners, limits and refusals of tokens for repositories', async () => {
  const scope = (...rest) => rest.map((r) => `auth:github-repo-token:app/org/${r}`);
  const ask = (api = auth, { app = 'app', owner = 'org', repositories = ['A'], permissions = { contents: 'read' } } = {}) =>
    api.githubRepoToken(app, owner, { repositories, permissions });
  const codeOf = async (call) => (await failure(call)).body.code;
  let lookup = () => [200, { id: 7, account: { login: 'Org' } }];
  let token = () => [201, { token: 'gh', expires_at: '2030-01-01T00:00:00Z' }];
  let wanted;
  fake.serve = (request, body) => {
    if (request.method === 'GET') return lookup(request.url);
    wanted = JSON.parse(body);
    return token();
  };
  assert.equal(await codeOf(() => ask(authOf())), 'InsufficientScopes');
  assert.equal(await codeOf(() => ask(authOf(), { app: 'unknown' })), 'InsufficientScopes');
  assert.equal(await codeOf(() => ask(auth, { app: 'unknown' })), 'ResourceNotFound');
  const both = { repositories: ['A', 'b'], permissions: { contents: 'read', checks: 'write' } };
  const all = scope('a:contents:read', 'a:checks:write', 'b:contents:read', 'b:checks:write');
  assert.equal((await ask(authOf(...all), both)).token, 'gh');
  assert.deepEqual(wanted, { ...both, repositories: ['a', 'b'] });
  for (const missing of all) assert.equal(await codeOf(() => ask(authOf(...all.filter((x) => x !== missing)), both)), 'InsufficientScopes');
  for (const [have, level] of [['write', 'read'], ['read', 'write']])
    assert.equal(await codeOf(() => ask(authOf(...scope(`a:contents:${have}`)), { permissions: { contents: level } })), 'InsufficientScopes');
  for (const permissions of [{ nonsense: 'read' }, { contents: 'admin' }, {}])
    assert.equal(await codeOf(() => ask(auth, { permissions })), 'InputValidationError');
  const limits = [[429, {}], [403, { message: 'a secondary rate limit' }], [403, {}, { 'retry-after': '7' }],
    [403, {}, { 'x-ratelimit-remaining': '0' }]];
  for (const limit of limits) {
    token = () => limit;
    assert.equal(await codeOf(() => ask()), 'TooManyRequests');
    lookup = () => limit;
    assert.equal(await codeOf(() => ask(auth, { owner: 'busy' })), 'TooManyRequests');
  }
  token = () => [403, { message: 'plainly-refused' }];
  assert.equal(await codeOf(() => ask()), 'InternalServerError');
  const reports = () => server.log.split('\n').filter((line) => line.includes('plainly-refused')).length;
  await until('it is reported', () => reports() > 0);
  assert.equal(reports(), 1);
  token = () => [422, { message: 'no access' }];
  assert.equal(await codeOf(() => ask()), 'InputError');
  token = () => [404, {}];
  assert.equal(await codeOf(() => ask()), 'ResourceNotFound');
  fake.requests = [];
  lookup = () => [404, {}];
  assert.equal(await codeOf(() => ask()), 'ResourceNotFound'); // it is looked up again
  assert.deepEqual(fake.requests, ['GET /orgs/org/installation', 'GET /users/org/installation']);
  lookup = () => [200, { id: 8 }];
  assert.equal(await codeOf(() => ask()), 'InputError');
  lookup = () => [200, { id: 8, account: { login: 'renamed' } }];
  assert.equal(await codeOf(() => ask()), 'InputError');
});

test('GHB-1 a token for repositories of GitHub is asked of the installation, which is looked up once', async () => {
  const call = (owner, api = auth) => api.githubRepoToken('app', owner, { repositories: ['Repo'], permissions: { contents: 'read' } });
  let login = 'Owner';
  let refusal;
  fake.serve = (request, body) => {
    assert.equal(appClaims(request.headers.authorization.slice(7)).iss, '123');
    if (refusal) return refusal;
    if (request.url === '/orgs/owner/installation') return [404, {}];
    if (request.url === '/users/owner/installation') return [200, { id: 7, account: { login } }];
    assert.equal(request.url, '/app/installations/7/access_tokens');
    assert.deepEqual(JSON.parse(body), { repositories: ['repo'], permissions: { contents: 'read' } });
    return [201, { token: 'gh', expires_at: '2030-01-01T00:00:00Z' }];
  };
  fake.requests = [];
  assert.deepEqual(await call('Owner'), { token: 'gh', expires: '2030-01-01T00:00:00.000Z' });
  await call('oWNER');
  assert.equal(fake.requests.filter((r) => r.includes('/installation') && r.startsWith('GET')).length, 2);
  assert.equal(await statusOf(() => call('owner', authOf('auth:github-repo-token:app/owner/repo:contents:write'))), 403);
  for (const limit of [[429, {}], [403, { message: 'You exceeded a secondary rate limit' }], [403, {}, { 'retry-after': '7' }], [403, {}, { 'x-ratelimit-remaining': '0' }]]) {
    refusal = limit;
    assert.equal((await failure(() => call('owner'))).body.code, 'TooManyRequests');
  }
  refusal = [403, { message: 'no' }];
  assert.equal(await statusOf(() => call('owner')), 500);
  refusal = [422, { message: 'no such repository' }];
  const rejected = await failure(() => call('owner'));
  assert.deepEqual([rejected.statusCode, /Github rejected the request: no such repository/.test(rejected.message)], [400, true]);
  refusal = [404, {}];
  assert.match((await failure(() => call('owner'))).message, /Application with name `app` is not installed on `owner`/);
  refusal = undefined;
  login = 'renamed';
  assert.equal((await failure(() => call('owner'))).body.code, 'InputError');
});

test('Azure: signatures made here, and signed calls', async () => {
  assert.deepEqual(await auth.azureAccounts(), { accounts: ['gone', 'theaccount'] });
  const gone = await failure(() => auth.azureTables('gone'));
  assert.deepEqual([gone.statusCode, /127.0.0.1:1 cannot be reached/.test(gone.message)], [503, true]);
  fake.requests = [];
  const shared = (request, text) => assert.equal(request.headers.authorization,
    `SharedKey theaccount:${hmac(azureKey, text).toString('base64')}`);
  fake.serve = (request) => {
    const date = request.headers['x-ms-date'];
    if (request.url.startsWith('/Tables')) {
      shared(request, `${request.method}\n\n${request.headers['content-type'] ?? ''}\n${date}\n/theaccount/Tables`);
      return request.method === 'POST' ? [409, ''] : [200, { value: [{ TableName: 'T1' }] }, { 'x-ms-continuation-NextTableName': 'next' }];
    }
    shared(request, `GET${'\n'.repeat(12)}x-ms-date:${date}\nx-ms-version:2018-11-09\n/theaccount/\ncomp:list`);
    return [200, '<L><Containers><Container><Name>c1</Name></Container></Containers><NextMarker/></L>'];
  };
  assert.deepEqual(await auth.azureTables('theaccount'), { tables: ['T1'], continuationToken: 'next' });
  assert.deepEqual(await auth.azureContainers('theaccount'), { containers: ['c1'] });
  const { sas, expiry } = await auth.azureTableSAS('theaccount', 'Table', 'read-write');
  await auth.azureTableSAS('theaccount', 'Table', 'read-write');
  assert.equal(fake.requests.filter((r) => r === 'POST /Tables').length, 1);
  const q = new URLSearchParams(sas);
  assert.equal(q.get('sig'), hmac(azureKey, ['raud', q.get('st'), q.get('se'), '/table/theaccount/table', '', '', '', q.get('sv'), '', '', '', ''].join('\n')).toString('base64'));
  assert.equal(Date.parse(expiry) - Date.parse(q.get('st')), 40 * 60e3);
  const blob = new URLSearchParams((await auth.azureContainerSAS('theaccount', 'container', 'read-only')).sas);
  assert.equal(blob.get('sig'), hmac(azureKey, ['rl', blob.get('st'), blob.get('se'), '/blob/theaccount/container', '', '', '', blob.get('sv'), 'c', '', '', '', '', '', ''].join('\n')).toString('base64'));
});

test('SEN-1 an account of Sentry that lacks something is an error at the start, which shows no secret', () => {
  const file = path.join(path.dirname(fake.file), 'partial.json');
  fs.writeFileSync(file, JSON.stringify({ sentry: { token: 'very-secret' } }));
  const ended = spawnSync(binary, ['serve', '--credential-providers', file, '--redis', 'unix:/nowhere'], { encoding: 'utf8' });
  assert.equal(ended.status, 2);
  assert.match(ended.stderr, /sentry needs the member 'organization'/);
  assert.doesNotMatch(ended.stderr, /very-secret/);
});
