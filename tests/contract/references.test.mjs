// References, schemas and the manifest, as programs use them that know nothing else of a server.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import taskcluster from 'taskcluster-client';
import { Server } from './support/server.mjs';
import { definition, queueId, slugid } from './support/tasks.mjs';

const require = createRequire(import.meta.url);
const draft6 = JSON.parse(fs.readFileSync(require.resolve('ajv/dist/refs/json-schema-draft-06.json')));

let server, manifest;
const documents = new Map();
const get = async (url, headers = {}) => fetch(url, { headers });
const fetched = async (url) => {
  const answer = await get(url);
  assert.equal(answer.status, 200, url);
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  return answer.json();
};

before(async () => {
  server = await Server.start();
  manifest = await fetched(`${server.rootUrl}/references/manifest.json`);
  for (const { filename } of await fetched(`${server.rootUrl}/references/references.json`))
    documents.set(filename, await fetched(`${server.rootUrl}/${filename}`));
});
after(() => server?.stop());

const references = (file) => [...documents].filter(([name]) => name.endsWith(`/${file}`));

test('REF-1 the manifest leads to all references, and ids and names are as they should be', async () => {
  const root = server.rootUrl;
  assert.equal(manifest.$schema, `${root}/schemas/common/manifest-v3.json#`);
  assert.deepEqual(manifest.references, [...documents.keys()].filter((name) =>
    name.startsWith('references/') && name !== 'references/manifest.json')
    .map((name) => `${root}/${name}`).sort());
  for (const service of ['auth', 'index', 'object', 'purge-cache', 'queue', 'secrets', 'troupe'])
    assert.ok(manifest.references.includes(`${root}/references/${service}/v1/api.json`));
  for (const url of manifest.references) {
    const reference = await fetched(url);
    assert.ok(reference.$schema.startsWith(`${root}/schemas/common/`));
    const { metadata } = await fetched(reference.$schema.replace(/#$/, ''));
    assert.equal(metadata.version, 0);
    assert.ok(url.endsWith(`/${metadata.name}.json`));
  }
  for (const [name, content] of documents)
    if (name.startsWith('schemas/')) assert.equal(content.$id, `${root}/${name}#`);
  for (const name of ['action-schema-v1', 'api-reference-v0', 'exchanges-reference-v0',
    'logs-reference-v0', 'metrics-reference-v0', 'manifest-v2', 'manifest-v3',
    'metadata-metaschema', 'metaschema'])
    assert.ok(documents.has(`schemas/common/${name}.json`), name);
  const abstract = await fetched(`${root}/references/references.json`);
  const own = abstract.find((one) => one.filename === 'references/queue/v1/api.json').content;
  assert.equal(own.$schema, '/schemas/common/api-reference-v0.json#');
  const kept = abstract.find((one) => one.filename === 'references/manifest.json').content;
  assert.ok(kept.references.includes('/references/queue/v1/api.json'));
});

function* nested(value) {
  if (value === null || typeof value !== 'object') return;
  yield value;
  for (const inner of Object.values(value)) yield* nested(inner);
}

test('REF-2 every document is valid by its schema, and what it refers to is there', () => {
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: true });
  addFormats(ajv);
  ajv.addMetaSchema(draft6);
  for (const [name, { $schema, ...content }] of documents)
    if (name.startsWith('schemas/')) ajv.addSchema(content);
  const reach = (of) => of === 'http://json-schema.org/draft-06/schema#' ? null
    : new URL(of).pathname.slice(1);
  for (const [name, content] of documents) {
    const validate = ajv.getSchema(content.$schema);
    assert.ok(validate, `${name}: ${content.$schema}`);
    // The schema of the manifest knows all of it but this.
    const { $schema, ...rest } = content;
    const checked = name === 'references/manifest.json' ? rest : content;
    assert.ok(validate(checked), `${name}: ${ajv.errorsText(validate.errors)}`);
    // The chain of schemas ends.
    for (let at = content.$schema, steps = 0; reach(at); ++steps) {
      assert.ok(steps < 5);
      at = documents.get(reach(at)).$schema;
    }
    if (name.startsWith('schemas/common/') || !name.startsWith('schemas/')) continue;
    for (const { $ref } of nested(content))
      if (typeof $ref === 'string' && !$ref.startsWith('#')) {
        assert.ok(!$ref.startsWith('/') && !$ref.includes('://'), `${name}: ${$ref}`);
        const target = new URL($ref, content.$id).pathname.slice(1);
        assert.ok(documents.has(target), `${name}: ${$ref}`);
        assert.equal(target.split('/')[1], name.split('/')[1], 'of the same service');
      }
  }
  for (const [name, { serviceName, entries }] of [...references('api.json'),
    ...references('exchanges.json')])
    for (const entry of entries)
      for (const of of ['input', 'output', 'schema'])
        if (entry[of] && entry[of] !== 'blob')
          assert.ok(documents.has(`schemas/${serviceName}/${entry[of].replace(/#$/, '')}`),
            `${name}: ${entry.name}: ${entry[of]}`);
});

test('REF-2 schemas say what they take, and each is used', () => {
  // As the protocol has them.
  const unused = ['schemas/index/v1/list-namespaces-request.json',
    'schemas/queue/v1/poll-task-urls-response.json'];
  const repeating = ['auditHistory', 'repositories'];
  const used = new Set();
  const use = (name) => {
    if (used.has(name)) return;
    used.add(name);
    const content = documents.get(name);
    for (const { $ref } of nested(content))
      if (typeof $ref === 'string' && !$ref.startsWith('#'))
        use(new URL($ref, content.$id).pathname.slice(1));
  };
  const services = new Set();
  for (const [, { serviceName, entries }] of [...references('api.json'),
    ...references('exchanges.json')]) {
    services.add(serviceName);
    for (const { input, output, schema } of entries)
      for (const of of [input, output, schema])
        if (of && of !== 'blob') use(`schemas/${serviceName}/${of.replace(/#$/, '')}`);
  }
  const ours = [...documents].filter(([name]) => services.has(/^schemas\/([^/]+)/.exec(name)?.[1]));
  assert.deepEqual(ours.map(([name]) => name).filter((name) => !used.has(name)), unused);
  const check = (name, at, key) => {
    if (at === null || typeof at !== 'object') return;
    if (key !== 'properties' && at.properties && !Array.isArray(at))
      assert.ok('type' in at && 'additionalProperties' in at, `${name}: ${key}`);
    if (key !== 'properties' && at.items && !repeating.includes(key))
      assert.ok('type' in at && 'uniqueItems' in at, `${name}: ${key}`);
    for (const [inner, value] of Object.entries(at)) check(name, value, inner);
  };
  for (const [name, content] of ours) check(name, content, name);
});

test('REF-3 the schema of actions takes tasks and hooks, and nothing else', async () => {
  const ajv = new Ajv({ strict: false, validateSchema: false });
  addFormats(ajv);
  ajv.addMetaSchema(draft6);
  const { $schema, ...schema } = documents.get('schemas/common/action-schema-v1.json');
  const validate = ajv.compile(schema);
  const actions = (...list) => ({ version: 1, variables: {}, actions: list });
  const about = { name: 'n', title: 't', description: 'd', context: [] };
  const task = { ...about, kind: 'task', task: {} };
  const hook = { ...about, kind: 'hook', hookGroupId: 'g', hookId: 'h', hookPayload: {} };
  assert.ok(validate(actions()));
  assert.ok(validate(actions(task, hook)), ajv.errorsText(validate.errors));
  assert.ok(validate(actions({ ...task, extra: { actionPerm: 'x' } })));
  assert.ok(!validate(actions({ ...task, kind: 'bogus' })));
});

test('the stock client made of a served reference makes real calls', async () => {
  const made = (service) => {
    const Client = taskcluster.createClient(documents.get(`references/${service}/v1/api.json`));
    return new Client({ rootUrl: server.rootUrl, credentials: server.credentials, retries: 0 });
  };
  const queue = made('queue');
  const id = slugid();
  await queue.createTask(id, definition());
  assert.equal((await queue.status(id)).status.state, 'pending');
  await queue.changeTaskPriority(id, { newPriority: 'high' });
  const { tasks } = await queue.claimWork(queueId, { workerGroup: 'g', workerId: 'w', tasks: 1 });
  assert.equal(tasks[0].status.taskId, id);
  assert.equal((await queue.listTaskGroup(tasks[0].status.taskGroupId, { limit: 1 })).tasks.length, 1);
  const secrets = made('secrets');
  await secrets.set('a/b', { secret: { x: 1 }, expires: new Date(Date.now() + 60000).toJSON() });
  assert.deepEqual((await secrets.get('a/b')).secret, { x: 1 });
  assert.ok((await made('auth').listRoleIds()).roleIds);
  for (const service of ['queue', 'auth', 'secrets', 'index', 'purge-cache', 'object'])
    assert.deepEqual(await made(service).ping().then(({ alive }) => alive), true);
});

test('REF-1 who knows the root URL only makes clients of all services, by the manifest', async () => {
  const made = {};
  for (const url of manifest.references) {
    const reference = await fetched(url);
    // What a document is, its schema says; others than these are for others.
    const { metadata } = await fetched(reference.$schema.replace(/#$/, ''));
    if (!['api', 'exchanges'].includes(metadata.name)) {
      assert.ok(['logs', 'metrics'].includes(metadata.name), url);
      continue;
    }
    const Client = taskcluster.createClient(reference);
    const client = new Client({ rootUrl: server.rootUrl, credentials: server.credentials });
    made[`${reference.serviceName}/${metadata.name}`] = client;
    for (const { name } of reference.entries) assert.equal(typeof client[name], 'function', name);
    for (const { input, output, schema } of reference.entries)
      for (const of of [input, output, schema])
        if (of && of !== 'blob')
          await fetched(`${server.rootUrl}/schemas/${reference.serviceName}/${of.replace(/#$/, '')}`);
  }
  assert.ok(made['queue/exchanges'].taskDefined().routingKeyPattern);
  for (const [kind, client] of Object.entries(made))
    if (kind.endsWith('/api') && client.ping) assert.ok((await client.ping()).alive, kind);
});

test('the stock client makes patterns of routing keys by a served reference', () => {
  const Events = taskcluster.createClient(documents.get('references/queue/v1/exchanges.json'));
  const events = new Events({ rootUrl: server.rootUrl });
  const bound = events.taskCompleted({ taskGroupId: 'group' });
  assert.equal(bound.exchange, 'exchange/taskcluster-queue/v1/task-completed');
  assert.equal(bound.routingKeyPattern, 'primary.*.*.*.*.*.*.*.group.#');
  const Auth = taskcluster.createClient(documents.get('references/auth/v1/exchanges.json'));
  assert.equal(new Auth({ rootUrl: server.rootUrl }).roleCreated().routingKeyPattern, '#');
});

test('REF-4 what a reference names is served, and nothing else', async () => {
  for (const [, { serviceName, entries }] of references('api.json'))
    for (const { method, route, name } of entries) {
      const path = route.replace(/<[^>]+>/g, 'x');
      const answer = await fetch(`${server.rootUrl}/api/${serviceName}/v1${path}`,
        { method: method.toUpperCase() });
      const text = await answer.text();
      assert.ok(text === '' || !/^\{"error":"Not found/.test(text), `${serviceName}.${name}: ${text}`);
    }
  for (const path of ['/api/queue/v1/nothing', '/api/nothing/v1/ping'])
    assert.equal((await get(server.rootUrl + path)).status, 404);
});

test('documents are compressed, kept for a while, and not sent again unless they changed', async () => {
  const url = `${server.rootUrl}/references/references.json`;
  const answer = await get(url);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  assert.match(answer.headers.get('cache-control'), /max-age=\d+/);
  const again = await get(url, { 'if-none-match': answer.headers.get('etag') });
  assert.equal(again.status, 304);
  for (const path of ['/references/nothing.json', '/schemas/queue/v1/nothing.json', '/schemas/',
    '/references/../up.json'])
    assert.equal((await get(server.rootUrl + path)).status, 404, path);
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.status, 200);
});

test('REF-4 what Troupe has besides is called by its reference, and keeps to its schemas', async () => {
  const ajv = new Ajv({ strict: false, validateSchema: false });
  addFormats(ajv);
  const validate = (name) => {
    const { $schema, $id, ...schema } = documents.get(`schemas/troupe/v1/${name}.json`);
    const check = ajv.compile(schema);
    return (value) => assert.ok(check(value), `${name}: ${ajv.errorsText(check.errors)}`);
  };
  const reference = documents.get('references/troupe/v1/api.json');
  const Troupe = taskcluster.createClient(reference);
  const troupe = new Troupe({ rootUrl: server.rootUrl, credentials: server.credentials, retries: 0 });
  const id = slugid();
  const made = {
    createTaskGraph: [{ key: id, tasks: { [id]: definition({ taskQueueId: 'refs/none' }) } }],
    explain: [id],
    why: [{ service: 'queue', method: 'cancelTask', params: [id], scopes: ['a'] }],
    maintenance: [{ job: 'expire-artifacts' }],
  };
  assert.deepEqual(Object.keys(made).sort(), reference.entries.map(({ name }) => name).sort());
  const bare = (schema) => schema.replace(/^v1\/|\.json#$/g, '');
  for (const [name, args] of Object.entries(made)) {
    const { input, output } = reference.entries.find((entry) => entry.name === name);
    if (input) validate(bare(input))(args.at(-1));
    validate(bare(output))(await troupe[name](...args));
  }
  const answers = [['secrets', 'get', ['x']], ['queue', 'ping', []],
    ['queue', 'createTask', [slugid()], definition({ routes: ['r'] })]];
  for (const [service, method, params, payload] of answers)
    for (const of of [{}, { scopes: [] }])
      validate('why-response')(await troupe.why({ service, method, params, payload, ...of }));
});

test('REF-1 what metrics and records of the log there are, references say', async () => {
  const told = await (await get(`http://127.0.0.1:${server.info.metricsPort}/metrics`)).text();
  const known = new Map();
  for (const [, { metrics }] of references('metrics.json'))
    for (const metric of metrics) known.set(metric.name, metric);
  const families = [...told.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  assert.deepEqual(families.map(([, name]) => name).sort(), [...known.keys()].sort());
  for (const [, name, type] of families) assert.equal(type, known.get(name).type, name);
  for (const [, name, labels] of told.matchAll(/^(\w+?)(?:_bucket|_sum|_count)?\{(.*)\} /gm)) {
    const named = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label)
      .filter((label) => label !== 'le').sort();
    assert.deepEqual(named, Object.keys((known.get(name) ?? known.get(`${name}_count`)).labels).sort());
  }
  const records = new Map();
  for (const [, { serviceName, types }] of references('logs.json'))
    for (const type of types) records.set(`${serviceName} ${type.type}`, type);
  const seen = new Set();
  for (const line of server.log.split('\n').filter((text) => text.startsWith('{'))) {
    const { Type, Logger, Fields, Severity } = JSON.parse(line);
    const service = /^taskcluster\.([^.]+)/.exec(Logger)?.[1];
    const type = records.get(`${service} ${Type}`) ?? records.get(`queue ${Type}`);
    assert.ok(type, line);
    seen.add(Type);
    for (const name of Object.keys(Fields)) assert.ok(name === 'v' || name in type.fields, line);
    const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
    if (type.level !== 'any') assert.equal(levels[Severity], type.level, line);
    if (Fields.v !== undefined) assert.equal(Fields.v, type.version, line);
  }
  for (const one of ['monitor.apiMethod', 'task-defined', 'task-claimed', 'audit-event'])
    assert.ok(seen.has(one), one);
});
