// What Troupe's own worker mounts: the workers contract, sections 3.1.2 and 7.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { inSeconds, slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let files;
let scratch;

// Serves files by name, and remembers what it was asked for.
class Files {
  static async start() {
    const made = new Files();
    made.asked = [];
    made.answers = new Map();
    made.server = http.createServer((request, response) => {
      made.asked.push(request.url);
      made.answers.get(request.url.split('?')[0])(request, response);
    });
    await new Promise((resolve) => made.server.listen(0, '127.0.0.1', resolve));
    made.url = `http://127.0.0.1:${made.server.address().port}`;
    return made;
  }

  put(name, bytes, headers = {}) {
    this.answers.set(`/${name}`, (request, response) => {
      if (headers.etag && request.headers['if-none-match'] === headers.etag)
        return response.writeHead(304, headers).end();
      return response.writeHead(200, headers).end(bytes);
    });
    return `${this.url}/${name}`;
  }

  count(name) { return this.asked.filter((one) => one.startsWith(`/${name}`)).length; }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'mounts-'));
  server = await Server.start({ 'claim-timeout': 4,
    anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  bench = new WorkerBench(server, 'work/mounts');
  bench.startWorker();
  files = await Files.start();
});
after(async () => {
  await bench?.stop();
  files?.stop();
  await server?.stop();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const service = (name) => new taskcluster[name]({ rootUrl: server.rootUrl, retries: 0,
  credentials: server.credentials });
const scopes = ['generic-worker:cache:*'];
const cache = (cacheName, more = {}) => ({ directory: 'cache', cacheName, ...more });
const peek = 'echo "cache has: $(ls cache | tr "\\n" " ")"; touch cache/kept-$RUN_ID';

async function run(text, mounts, { payload = {}, ...task } = {}) {
  const { taskId, status, run: last } = await bench.run(
    bench.script(text, { mounts, ...payload }, { scopes, ...task }));
  return { taskId, state: status.state, reason: last.reasonResolved, log: await bench.log(taskId) };
}

const found = ({ log }) => /^cache has: (.*)$/m.exec(log)?.[1].trim();

async function completes(text, mounts, more) {
  const done = await run(text, mounts, more);
  assert.equal(done.state, 'completed', done.log);
  return done;
}

async function fails(mounts, message, more) {
  const done = await run('echo begun', mounts, more);
  assert.equal(done.state, 'failed', done.log);
  assert.match(done.log, /\[taskcluster:error\] \[mounts\] /);
  assert.match(done.log, message);
  assert.doesNotMatch(done.log, /^begun$/m);
}

async function malformed(mounts, message, more) {
  const done = await run('echo begun', mounts, more);
  assert.equal(done.reason, 'malformed-payload', done.log);
  assert.match(done.log, message);
}

// Bytes of a file that a program makes.
function made(name, ...command) {
  const file = path.join(scratch, name);
  execFileSync(command[0], command.slice(1), { cwd: scratch });
  return fs.readFileSync(file);
}

function tree() {
  const place = path.join(scratch, 'tree');
  fs.mkdirSync(path.join(place, 'deep'), { recursive: true });
  fs.writeFileSync(path.join(place, 'deep/file.txt'), 'of the archive\n');
  fs.writeFileSync(path.join(place, 'run.sh'), '#!/bin/sh\necho it runs\n', { mode: 0o755 });
}

describe('caches', () => {
  test('workers 7: caches survive between tasks, also those that failed', async () => {
    const mounts = [cache('kept')];
    const outcomes = [];
    for (const end of ['true', 'exit 1', 'kill -9 $$', 'true']) {
      const done = await run(`${peek}; touch cache/by-$(ls cache | wc -l); ${end}`, mounts);
      outcomes.push([done.state, found(done).split(' ').filter((one) => one).length]);
    }
    assert.deepEqual(outcomes, [['completed', 0], ['failed', 2], ['failed', 3], ['completed', 4]]);
  });

  test('workers 7: two tasks never hold one writable copy together', async () => {
    const meet = path.join(scratch, 'meet');
    fs.mkdirSync(meet);
    const command = `touch ${meet}/$TASK_ID; until [ $(ls ${meet} | grep -vc wrote) = 2 ]; do sleep 0.02; done; ` +
      `touch cache/$TASK_ID ${meet}/$TASK_ID-wrote; ` +
      `until [ $(ls ${meet} | grep -c wrote) = 2 ]; do sleep 0.02; done; ` +
      'echo "cache has: $(ls cache | wc -l)"';
    const both = await Promise.all([1, 2].map(() => completes(command, [cache('twice')])));
    assert.deepEqual(both.map(found), ['1', '1']);
    // Both copies are kept; the next task has one of them.
    assert.equal(found(await completes('echo "cache has: $(ls cache | wc -l)"', [cache('twice')])), '1');
  });

  test('workers 3.1.2: a cache needs its scope, which may come by a role', async () => {
    await malformed([cache('closed')], /generic-worker:cache:closed/, { scopes: [] });
    await service('Auth').createRole('project:mounts', { description: 'of these tests',
      scopes: ['generic-worker:cache:by-role'] });
    await completes(peek, [cache('by-role')], { scopes: ['assume:project:mounts'] });
    await malformed([cache('other')], /generic-worker:cache:other/,
      { scopes: ['assume:project:mounts'] });
  });

  test('workers 3.1.2: content loads a cache only when it is new', async () => {
    tree();
    const url = files.put('load.tar.gz', made('load.tar.gz', 'tar', 'czf', 'load.tar.gz', '-C', 'tree', '.'));
    const mounts = [cache('loaded', { content: { url }, format: 'tar.gz' })];
    const command = `${peek}; cat cache/deep/file.txt; rm cache/run.sh`;
    assert.equal(found(await completes(command, mounts)), 'deep run.sh');
    assert.equal(found(await completes('cat cache/deep/file.txt; ' + peek, mounts)), 'deep kept-0');
    assert.equal(files.count('load.tar.gz'), 1);
    await malformed([cache('half', { content: { url } })], /together/);
    // One that cannot be loaded is not there for the next task either.
    const bad = files.put('bad.tar.gz', 'nothing of the kind');
    await fails([cache('spoilt', { content: { url: bad }, format: 'tar.gz' })], /cache: as tar\.gz/);
    assert.equal(found(await completes(peek, [cache('spoilt')])), '');
  });

  test('workers 3.1.2: a run that is aborted drops its caches', async () => {
    await completes(peek, [cache('dropped')]);
    const taskId = slugid();
    await bench.q.createTask(taskId, bench.script('echo holds it; sleep 300',
      { mounts: [cache('dropped')] }, { scopes }));
    await until('it holds the cache', async () => {
      const text = await fetch(`${server.rootUrl}/api/troupe/v1/log/${taskId}/0?tail=9`)
        .then(async (response) => {
          const { value } = await response.body.getReader().read();
          return Buffer.from(value ?? []).toString();
        });
      return text.includes('holds it');
    });
    await bench.q.cancelTask(taskId);
    await until('its log is kept', async () =>
      (await bench.artifact(taskId, 'public/logs/live_backing.log')).status === 200);
    assert.equal(found(await completes(peek, [cache('dropped')])), '');
    // One that took too long failed; its cache is kept.
    const late = await run(`${peek}; sleep 300`, [cache('late')], { payload: { maxRunTime: 1 } });
    assert.equal(late.state, 'failed');
    assert.equal(found(await completes(peek, [cache('late')])), 'kept-0');
  });

  test('a cache that the task took away fails the task', async () => {
    const gone = await run('mv cache elsewhere', [cache('taken')]);
    assert.equal(gone.state, 'failed');
    assert.match(gone.log, /\[taskcluster:error\] \[mounts\] .*'taken'/);
    const led = await run('rmdir cache; ln -s /etc cache', [cache('led')]);
    assert.equal(led.state, 'failed');
    assert.ok(fs.existsSync('/etc/passwd'));
  });

  test('caches within caches come apart again, in the reverse order', async () => {
    const mounts = [cache('outer'), { directory: 'cache/inner', cacheName: 'inner' }];
    await completes('touch cache/a cache/inner/b', mounts);
    assert.equal(found(await completes(peek, [cache('inner')])), 'b');
    assert.equal(found(await completes(peek, [cache('outer')])), 'a');
    await completes('ls cache/inner/b', mounts);
  });
});

describe('purging', () => {
  test('workers 7: a cache that was purged is empty for the next task', async () => {
    const mounts = [cache('purged')];
    assert.equal(found(await completes(peek, mounts)), '');
    assert.equal(found(await completes(peek, mounts)), 'kept-0');
    await service('PurgeCache').purgeCache('work/mounts', { cacheName: 'purged' });
    assert.equal(found(await completes(peek, mounts)), '');
    // The same request does not purge what was made after it.
    assert.equal(found(await completes(peek, mounts)), 'kept-0');
  });

  test('workers 3.1.2: caches in use are dropped when they are released', async () => {
    const [go, holds] = ['go', 'holds'].map((name) => path.join(scratch, name));
    const busy = bench.run(bench.script(`${peek}; touch ${holds}; until [ -e ${go} ]; do sleep 0.02; done`,
      { mounts: [cache('busy')] }, { scopes }));
    await until('it holds the cache', () => fs.existsSync(holds));
    await service('PurgeCache').purgeCache('work/mounts', { cacheName: 'busy' });
    assert.equal(found(await completes(peek, [cache('busy-other')])), '');
    fs.writeFileSync(go, '');
    await busy;
    assert.equal(found(await completes(peek, [cache('busy')])), '');
  });

  test('workers 3.1.2: an exit code purges the caches of the task', async () => {
    const payload = { onExitStatus: { purgeCaches: [0, 9] } };
    const codes = [];
    for (const code of [3, 9, 3, 0, 3]) {
      const done = await run(`${peek}; exit ${code}`, [cache('by-code')], { payload });
      codes.push(found(done));
    }
    assert.deepEqual(codes, ['', 'kept-0', '', 'kept-0', '']);
    await malformed([], /onExitStatus\.purgeCaches\.0: Must be greater than or equal to 0/,
      { payload: { onExitStatus: { purgeCaches: [-1] } } });
  });
});

describe('files and archives', () => {
  test('workers 3.1.2: archives become directories', async () => {
    tree();
    const archives = {
      tar: made('a.tar', 'tar', 'cf', 'a.tar', '-C', 'tree', '.'),
      'tar.gz': made('a.tgz', 'tar', 'czf', 'a.tgz', '-C', 'tree', '.'),
      'tar.bz2': made('a.tbz', 'tar', 'cjf', 'a.tbz', '-C', 'tree', '.'),
      'tar.xz': made('a.txz', 'tar', 'cJf', 'a.txz', '-C', 'tree', '.'),
      zip: made('a.zip', 'python3', '-c', 'import shutil; shutil.make_archive("a", "zip", "tree")'),
    };
    archives['tar.br'] = zlib.brotliCompressSync(archives.tar);
    archives['tar.zz'] = zlib.deflateSync(archives.tar);
    const mounts = Object.entries(archives).map(([format, bytes]) => (
      { directory: `in/${format}`, content: { url: files.put(`a.${format}`, bytes) }, format }));
    const { log } = await completes('for one in in/*; do cat $one/deep/file.txt; done; ./in/tar.gz/run.sh', mounts);
    assert.equal(log.match(/^of the archive$/mg).length, mounts.length);
    assert.match(log, /^it runs$/m);
  });

  test('workers 3.1.2: packed files are unpacked', async () => {
    const bytes = Buffer.from('what was packed\n');
    const packed = { gz: zlib.gzipSync(bytes), br: zlib.brotliCompressSync(bytes), zz: zlib.deflateSync(bytes),
      sz: Buffer.from('ff060000734e61507059011400009f1f240b7768617420776173207061636b65640a', 'hex') };
    const mounts = Object.entries(packed).map(([format, one]) => (
      { file: `in/${format}`, content: { base64: one.toString('base64') }, format }));
    const { log } = await completes('cat in/*', mounts);
    assert.equal(log.match(/^what was packed$/mg).length, mounts.length);
    await fails([{ file: 'f', content: { raw: 'plain' }, format: 'gz' }], /f: .*gz/);
    await malformed([{ file: 'f', content: { raw: 'plain' }, format: 'mz' }], /mounts\.0\.format/);
  });

  test('workers 7: mount failures are failed, and what was mounted before is undone', async () => {
    tree();
    const zip = files.put('corrupt.zip', 'PK\x03\x04 nothing');
    const text = files.put('text', 'text');
    await completes(peek, [cache('before')]);
    await fails([cache('before'), { directory: 'd', content: { url: zip }, format: 'zip' }], /d: as zip/);
    assert.equal(found(await completes(peek, [cache('before')])), 'kept-0');
    await fails([{ file: 'f', content: { url: text, sha256: sha256('other') } }], /SHA-256/);
    await fails([{ file: 'f', content: { namespace: 'no.such.task', artifact: 'public/x' } }],
      /index has no task/);
    files.answers.set('/missing', (request, response) => response.writeHead(404).end('no such thing'));
    await fails([{ file: 'f', content: { url: `${files.url}/missing` } }], /404 no such thing/);
    assert.equal(files.count('missing'), 1);
  });

  test('archives that would write elsewhere are refused', async () => {
    const outside = path.join(scratch, 'outside');
    fs.mkdirSync(outside);
    made('up.tar', 'python3', '-c', `
import io, tarfile
def add(to, name, **more):
    info = tarfile.TarInfo(name)
    for key, value in more.items(): setattr(info, key, value)
    info.size = 0 if 'linkname' in more else 1
    to.addfile(info, None if 'linkname' in more else io.BytesIO(b'x'))
with tarfile.open('up.tar', 'w') as to: add(to, '../../up')
with tarfile.open('absolute.tar', 'w') as to: add(to, '${outside}/absolute')
with tarfile.open('link.tar', 'w') as to:
    add(to, 'link', type=tarfile.SYMTYPE, linkname='${outside}')
    add(to, 'link/through')
with tarfile.open('only.tar', 'w') as to: add(to, 'link', type=tarfile.SYMTYPE, linkname='${outside}')
`);
    for (const name of ['up', 'absolute', 'link']) {
      const url = files.put(`${name}.tar`, fs.readFileSync(path.join(scratch, `${name}.tar`)));
      await fails([{ directory: 'd', content: { url }, format: 'tar' }], /d: as tar: /);
    }
    // Nor does a later mount go where a link leads.
    const url = files.put('only.tar', fs.readFileSync(path.join(scratch, 'only.tar')));
    await fails([{ directory: 'd', content: { url }, format: 'tar' },
      { file: 'd/link/file', content: { raw: 'x' } }], /beyond a symbolic link/);
    assert.deepEqual(fs.readdirSync(outside), []);
    await malformed([{ file: '../f', content: { raw: 'x' } }], /mounts\.0\.file/);
  });
});

describe('downloads', () => {
  test('workers 3.1.2: a download with its sum is kept, others are asked for again', async () => {
    const mounts = [{ file: 'sum', content: { url: files.put('sum', 'one'), sha256: sha256('one') } },
      { file: 'tag', content: { url: files.put('tag', 'first', { etag: '"1"' }) } },
      { file: 'bare', content: { url: files.put('bare', 'bare one') } }];
    const command = 'cat sum; echo; cat tag; echo; cat bare; echo';
    assert.match((await completes(command, mounts)).log, /^one\nfirst\nbare one$/m);
    files.put('bare', 'bare two');
    assert.match((await completes(command, mounts)).log, /^one\nfirst\nbare two$/m);
    files.put('tag', 'second', { etag: '"2"' });
    assert.match((await completes(command, mounts)).log, /^one\nsecond\nbare two$/m);
    assert.deepEqual(['sum', 'tag', 'bare'].map((name) => files.count(name)), [1, 3, 3]);
    // Another sum: what is kept is not what is wanted.
    files.put('sum', 'two');
    mounts[0].content.sha256 = sha256('two');
    assert.match((await completes(command, mounts)).log, /^two\nsecond\n/m);
  });

  test('workers 3.1.2: what fails for a while is tried again, and not for ever', async () => {
    let calls = 0;
    files.answers.set('/flaky', (request, response) => {
      calls += 1;
      if (calls === 1) return request.socket.destroy();
      if (calls === 2) return response.writeHead(503).end();
      if (calls === 3) return response.writeHead(200, { 'content-length': 100 }).end('cut off', () =>
        request.socket.destroy());
      return response.writeHead(200).end('at last');
    });
    const { log } = await completes('cat f; echo', [{ file: 'f', content: { url: `${files.url}/flaky` } }]);
    assert.match(log, /^at last$/m);
    assert.equal(calls, 4);
    files.answers.set('/broken', (request, response) => response.writeHead(500).end('out of order'));
    await fails([{ file: 'f', content: { url: `${files.url}/broken` } }], /500 out of order/);
    assert.ok(files.count('broken') > 3);
  });

  // An artifact that is a reference to a file of ours, whose downloads can be counted.
  async function indexed(name, text) {
    const url = files.put(name, text);
    const body = JSON.stringify({ storageType: 'reference', url, contentType: 'text/plain',
      expires: inSeconds(3000) });
    const { taskId } = await completes('curl -sSf -X POST -H "Content-Type: application/json" ' +
      '-d "$BODY" $TASKCLUSTER_PROXY_URL/queue/v1/task/$TASK_ID/runs/$RUN_ID/artifacts/public%2Fx', [],
    { payload: { env: { BODY: body }, features: { taskclusterProxy: true } } });
    await service('Index').insertTask('mounts.latest', { taskId, rank: 1, data: {},
      expires: inSeconds(3600) });
    return taskId;
  }

  test('workers 7: an indexed mount is downloaded again only when the namespace points to another task',
    async () => {
      const mounts = [{ file: 'f', content: { namespace: 'mounts.latest', artifact: 'public/x' } }];
      const more = { scopes: ['index:find-task:mounts.latest'] };
      await indexed('indexed-1', 'of the first');
      for (let i = 0; i < 2; ++i)
        assert.match((await completes('cat f; echo', mounts, more)).log, /^of the first$/m);
      assert.equal(files.count('indexed-1'), 1);
      await indexed('indexed-2', 'of the second');
      assert.match((await completes('cat f; echo', mounts, more)).log, /^of the second$/m);
      assert.deepEqual([files.count('indexed-1'), files.count('indexed-2')], [1, 1]);
    });

  test('a private artifact needs its scope, also when it was downloaded before', async () => {
    const first = await completes('echo closed > p', [], { payload: { artifacts: [
      { type: 'file', path: 'p', name: 'private/p' }] } });
    const mounts = [{ file: 'p', content: { taskId: first.taskId, artifact: 'private/p' } }];
    const dependencies = [first.taskId];
    const open = await completes('cat p', mounts,
      { dependencies, scopes: ['queue:get-artifact:private/p'] });
    assert.match(open.log, /^closed$/m);
    await fails(mounts, /private\/p of task .* cannot be had: 403/, { dependencies, scopes: [] });
  });
});

describe('the place of the caches', () => {
  const place = (name) => path.join(scratch, name);
  const worker = (id, ...more) => {
    const child = bench.startWorker('work/place', id, {}, ['--work-dir', place(`work-${id}`), ...more]);
    return child;
  };
  const task = (text, mounts) => run(text, mounts, { taskQueueId: 'work/place' });

  test('workers 7: caches outlive their worker, and workers share them', async () => {
    for (const [id, expected] of [['one', ''], ['two', 'kept-0']]) {
      const child = worker(id, '--cache-dir', place('caches'));
      assert.equal(found(await task(peek, [cache('shared')])), expected);
      child.kill('SIGTERM');
      await child.ended;
    }
    // A worker that is killed while a task has the cache takes it along; no half of it comes back.
    const child = worker('three', '--cache-dir', place('caches'));
    const taskId = slugid();
    const holding = path.join(scratch, 'holding');
    await bench.q.createTask(taskId, bench.script(`touch ${holding}; sleep 300`,
      { mounts: [cache('shared')] }, { scopes, taskQueueId: 'work/place', retries: 0 }));
    await until('it holds the cache', () => fs.existsSync(holding));
    child.kill('SIGKILL');
    await child.ended;
    await bench.q.cancelTask(taskId);
    const next = worker('four', '--cache-dir', place('caches'));
    assert.equal(found(await task(peek, [cache('shared')])), '');
    next.kill('SIGTERM');
    await next.ended;
  });

  test('workers 3.1.2: caches go when the disk is to have more room', async () => {
    const child = worker('full', '--min-free-disk', '100000000');
    const url = files.put('for-full', 'text');
    const mounts = [cache('crowded'), { file: 'f', content: { url, sha256: sha256('text') } }];
    for (let i = 0; i < 2; ++i)
      assert.equal(found(await task(`${peek}; cat f`, mounts)), '');
    assert.equal(files.count('for-full'), 2);
    child.kill('SIGTERM');
    await child.ended;
  });
});
