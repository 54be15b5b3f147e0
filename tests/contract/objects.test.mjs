// Objects that are not of artifacts: the object contract, sections 2 to 4.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import taskcluster from 'taskcluster-client';
import { Server, until } from './support/server.mjs';
import { failure, inSeconds, slugid } from './support/tasks.mjs';

let server;
let objects;

before(async () => {
  server = await Server.start({ 'expiration-delay': 0 });
  objects = service();
});
after(async () => { await server?.stop(); });

function service(scopes, on = server) {
  return new taskcluster.Object({ rootUrl: on.rootUrl, credentials: on.credentials, retries: 0,
    ...(scopes ? { authorizedScopes: scopes } : {}) });
}

const later = () => inSeconds(3600);
const hashes = (data) => ({ sha256: createHash('sha256').update(data).digest('hex'),
  sha512: createHash('sha512').update(data).digest('hex') });
const putUrl = (data, contentType = 'text/plain') => ({ putUrl: { contentType, contentLength: data.length } });
const inline = (data, contentType = 'text/plain') =>
  ({ dataInline: { contentType, objectData: Buffer.from(data).toString('base64') } });
const opening = (proposedUploadMethods = {}, rest = {}) =>
  ({ projectId: 'p', uploadId: slugid(), expires: later(), proposedUploadMethods, ...rest });
const closing = ({ projectId, uploadId }, given) => ({ projectId, uploadId, ...(given ? { hashes: given } : {}) });
const put = async (method, body) => {
  const answer = await fetch(method.putUrl.url, { method: 'PUT', headers: method.putUrl.headers, body });
  assert.equal(answer.status, 200, await answer.text());
};

async function upload(name, data, object = objects, rest = {}) {
  await taskcluster.upload({ projectId: 'p', name, contentType: 'text/plain', contentLength: data.length,
    uploadId: slugid(), expires: later(), streamFactory: async () => Readable.from([Buffer.from(data)]),
    object, ...rest });
}

async function download(name, object = objects) {
  let pieces = [];
  await taskcluster.download({ name, object, streamFactory: async () => {
    pieces = [];
    return new Writable({ write(chunk, _, done) { pieces.push(chunk); done(); } });
  } });
  return Buffer.concat(pieces);
}

const simple = { acceptDownloadMethods: { simple: true } };
const getUrl = { acceptDownloadMethods: { getUrl: true } };

test('the stock client uploads and downloads small and large objects of any name', async () => {
  for (const [name, size] of [['a/small', 5], ['empty', 0], ['just inline', 8192], ['not inline', 8193],
    ['large', 3_000_000], ['with spaces, % and + ?&#"\\~{}', 100], ['t/not-of-a-task', 7], ['/', 3], ['x'.repeat(2000), 2]]) {
    const data = randomBytes(size);
    await upload(name, data);
    assert.deepEqual(await download(name), data, name);
    assert.deepEqual((await objects.object(name)).hashes, hashes(data));
  }
});

test('section 2 a call without the scope, for another project or another name is refused', async () => {
  const upper = service(['object:upload:p:mine/*']);
  const body = opening();
  assert.equal((await failure(() => upper.createUpload('yours', body))).code, 'InsufficientScopes');
  assert.equal((await failure(() => upper.createUpload('mine/x', { ...body, projectId: 'q' }))).code, 'InsufficientScopes');
  assert.equal((await failure(() => upper.startDownload('mine/x', simple))).code, 'InsufficientScopes');
  assert.equal((await failure(() => upper.object('mine/x'))).code, 'InsufficientScopes');
  assert.equal((await failure(() => upper.download('mine/x'))).code, 'InsufficientScopes');
  await upper.createUpload('mine/x', opening(inline('x')));
  assert.equal((await failure(() => service(['object:upload:p:yours']).finishUpload('mine/x', closing(body)))).code, 'InsufficientScopes');
  const wrong = await failure(() => objects.finishUpload('mine/x', { ...closing(body), projectId: 'q' }));
  assert.equal(wrong.statusCode, 400);
});

test('section 2.1 repeated createUpload with equal input succeeds, anything else is a conflict', async () => {
  const body = opening(putUrl('hello'));
  const first = await objects.createUpload('repeated', body);
  assert.equal(first.uploadId, body.uploadId);
  assert.equal(first.projectId, 'p');
  assert.equal(first.expires, body.expires);
  const again = await objects.createUpload('repeated', body);
  await put(first.uploadMethod, 'hello');
  await put(again.uploadMethod, 'hello');
  for (const change of [{ uploadId: slugid() }, { projectId: 'q' }, { expires: inSeconds(7200) }]) {
    const error = await failure(() => objects.createUpload('repeated', { ...body, ...change }));
    assert.equal(error.code, 'RequestConflict');
    assert.match(error.message, /Object already exists/);
  }
  assert.equal((await failure(() => objects.createUpload('another', body))).code, 'RequestConflict'); // its uploadId
  await objects.finishUpload('repeated', closing(body));
  assert.equal((await failure(() => objects.createUpload('repeated', body))).code, 'RequestConflict');
});

test('section 2.1 no proposals reserve the name, and nothing was uploaded then', async () => {
  const body = opening();
  assert.deepEqual((await objects.createUpload('reserved', body)).uploadMethod, {});
  const error = await failure(() => objects.finishUpload('reserved', closing(body)));
  assert.equal(error.statusCode, 400);
  assert.match(error.message, /Nothing was uploaded/);
  await objects.createUpload('reserved', { ...body, proposedUploadMethods: inline('now') });
  await objects.finishUpload('reserved', closing(body));
  assert.equal((await failure(() => objects.createUpload('t/x', opening({ other: {} })))).code, 'InputValidationError');
});

test('section 2.2 repeated finishUpload succeeds, finished objects never change', async () => {
  assert.equal((await failure(() => objects.finishUpload('nowhere', closing(opening())))).statusCode, 404);
  const body = opening(putUrl('hello'));
  const { uploadMethod } = await objects.createUpload('finished', body);
  await put(uploadMethod, 'hello');
  assert.equal((await failure(() => objects.finishUpload('finished', { ...closing(body), uploadId: slugid() }))).code, 'RequestConflict');
  await objects.finishUpload('finished', closing(body, { sha256: hashes('hello').sha256 }));
  await objects.finishUpload('finished', closing(body));
  await objects.finishUpload('finished', { ...closing(body, { sha256: hashes('hello').sha256 }), uploadId: slugid() });
  for (const given of [{ sha256: hashes('other').sha256 }, { sha512: hashes('hello').sha512 }])
    assert.equal((await failure(() => objects.finishUpload('finished', closing(body, given)))).code, 'RequestConflict');
  await put(uploadMethod, 'other'); // the URL is good, and leads nowhere
  await objects.finishUpload('finished', closing(body));
  const { url } = await objects.startDownload('finished', getUrl);
  assert.equal(await (await fetch(url)).text(), 'hello');
});

test('section 2.3 hash conflicts in createUpload and in finishUpload', async () => {
  const body = opening(putUrl('hello'), { hashes: { sha256: hashes('hello').sha256, md7: 'whatever' } });
  const { uploadMethod } = await objects.createUpload('hashed', body);
  await objects.createUpload('hashed', { ...body, hashes: { sha512: hashes('hello').sha512 } });
  for (const given of [{ sha256: hashes('other').sha256 }, { md7: 'other' }]) {
    const error = await failure(() => objects.createUpload('hashed', { ...body, hashes: given }));
    assert.equal(error.code, 'RequestConflict');
    assert.match(error.message, /Content hash '\w+' already exists with a different value/);
    assert.equal((await failure(() => objects.finishUpload('hashed', closing(body, given)))).code, 'RequestConflict');
  }
  await put(uploadMethod, 'hello');
  await objects.finishUpload('hashed', closing(body, { more: 'x' }));
  const expected = { ...hashes('hello'), md7: 'whatever', more: 'x' };
  assert.deepEqual((await objects.object('hashed')).hashes, expected);
  assert.deepEqual((await objects.startDownload('hashed', getUrl)).hashes, expected);
});

test('section 2.3 the server compares hashes with what it has seen, by URL and inline', async () => {
  const body = opening(putUrl('hello'), { hashes: hashes('other') });
  const { uploadMethod } = await objects.createUpload('seen', body);
  await put(uploadMethod, 'hello');
  const error = await failure(() => objects.finishUpload('seen', closing(body)));
  assert.equal(error.code, 'InputError');
  assert.ok(error.message.includes(hashes('hello').sha256) && error.message.includes(hashes('other').sha256));
  assert.equal((await failure(() => objects.object('seen'))).statusCode, 404);
  await put(uploadMethod, 'other');
  await objects.finishUpload('seen', closing(body));
  assert.deepEqual((await download('seen')).toString(), 'other');

  const here = opening(inline('hello'), { hashes: { sha512: hashes('other').sha512 } });
  const refused = await failure(() => objects.createUpload('seen inline', here));
  assert.equal(refused.code, 'InputError');
  assert.ok(refused.message.includes(hashes('hello').sha512));
  delete here.hashes;
  assert.deepEqual((await objects.createUpload('seen inline', here)).uploadMethod, { dataInline: true });
  assert.equal((await failure(() => objects.finishUpload('seen inline', closing(here, hashes('other'))))).code, 'InputError');
  await objects.finishUpload('seen inline', closing(here, hashes('hello')));
});

test('section 3 dataInline goes before putUrl, up to 8192 bytes of good base64', async () => {
  const body = opening({ ...putUrl('hello'), ...inline('hello') });
  assert.deepEqual((await objects.createUpload('inline', body)).uploadMethod, { dataInline: true });
  await objects.finishUpload('inline', closing(body, hashes('hello')));
  assert.equal((await download('inline')).toString(), 'hello');
  const bad = (objectData) => failure(() => objects.createUpload('bad', opening({ dataInline: { contentType: 'a/b', objectData } })));
  assert.match((await bad('#?')).message, /not base64/);
  assert.match((await bad(Buffer.alloc(8193).toString('base64'))).message, /up to 8192 bytes, and these are 8193/);
  assert.equal((await bad(Buffer.alloc(8200).toString('base64'))).code, 'InputValidationError');
  assert.equal((await failure(() => objects.createUpload('bad', opening(putUrl('x', 'a\nb'))))).statusCode, 400);
});

test('section 3 no data inline beside a putUrl for some are no proposal: so the Go client asks for large ones', async () => {
  const none = { dataInline: { contentType: '', objectData: '' } };
  const body = opening({ ...none, ...putUrl('hello') });
  const { uploadMethod } = await objects.createUpload('by Go', body);
  await put(uploadMethod, 'hello');
  await objects.finishUpload('by Go', closing(body, hashes('hello')));
  assert.equal((await download('by Go')).toString(), 'hello');
  for (const proposed of [none, { ...none, ...putUrl('') }])
    assert.deepEqual((await objects.createUpload(slugid(), opening(proposed))).uploadMethod, { dataInline: true });
});

test('section 3 uploads are to be made with the headers of the answer, HTML as an attachment', async () => {
  const { uploadMethod } = await objects.createUpload('page', opening(putUrl('<p>', 'text/html; charset=utf-8')));
  assert.deepEqual(uploadMethod.putUrl.headers, { 'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': '3', 'Content-Encoding': 'identity', 'Content-Disposition': 'attachment' });
  const body = opening(inline('<p>', 'text/html'));
  await objects.createUpload('page2', body);
  await objects.finishUpload('page2', closing(body));
  const { url } = await objects.startDownload('page2', simple);
  const page = await fetch(url);
  assert.equal(page.headers.get('content-type'), 'text/html');
  assert.equal(page.headers.get('content-disposition'), 'attachment');
});

test('section 4 download before finish 404; getUrl before simple; unknown methods 406', async () => {
  const body = opening(inline('hello'));
  await objects.createUpload('methods', body);
  for (const read of [() => objects.startDownload('methods', simple), () => objects.startDownload('methods', { acceptDownloadMethods: {} }),
    () => objects.object('methods'), () => objects.download('methods')])
    assert.equal((await failure(read)).statusCode, 404);
  await objects.finishUpload('methods', closing(body));
  const both = await objects.startDownload('methods', { acceptDownloadMethods: { simple: true, getUrl: true } });
  assert.equal(both.method, 'getUrl');
  assert.deepEqual(both.hashes, {});
  assert.ok(Date.parse(both.expires) > Date.now());
  const { method, url } = await objects.startDownload('methods', simple);
  assert.equal(method, 'simple');
  assert.equal(await (await fetch(url, { headers: { Range: 'bytes=1-2' } })).text(), 'el');
  const none = await failure(() => objects.startDownload('methods', { acceptDownloadMethods: {} }));
  assert.equal(none.statusCode, 406);
  assert.equal(none.code, 'NoMatchingMethod');
  assert.match(none.message, /getUrl, simple/);
  const answer = await fetch(objects.buildSignedUrl(objects.download, 'methods'), { redirect: 'manual' });
  assert.equal(answer.status, 303);
  assert.equal(await answer.text(), '');
  assert.equal(await (await fetch(answer.headers.get('location'))).text(), 'hello');
});

test('section 2 names may stand in URLs with raw slashes, and are printable ASCII', async () => {
  await upload('raw/slashes/in it', 'hello');
  const signed = new URL(objects.buildSignedUrl(objects.download, 'raw/slashes/in it'));
  const bewit = signed.search;
  const raw = await fetch(`${server.rootUrl}/api/object/v1/download/raw/slashes/in%20it`, { redirect: 'manual' });
  assert.equal(raw.status, 403);
  assert.equal((await fetch(signed, { redirect: 'manual' })).status, 303);
  assert.ok(bewit.length > 0);
  assert.equal((await failure(() => objects.object('ümlaut'))).code, 'InvalidRequestArguments');
});

test('section 2.3 exactly one of several uploaders of one name wins', async () => {
  for (let round = 0; round < 5; ++round) {
    const name = `raced/${round}`;
    const all = await Promise.all([...Array(10).keys()].map((n) => {
      const body = opening(inline(`data ${n}`));
      return objects.createUpload(name, body).then(() => ({ n, body }), (e) => ({ n, code: e.code }));
    }));
    const winners = all.filter((one) => one.body);
    assert.equal(winners.length, 1);
    assert.ok(all.every((one) => one.body || one.code === 'RequestConflict'));
    const [{ n, body }] = winners;
    await Promise.all([...Array(5)].map(() => objects.finishUpload(name, closing(body, hashes(`data ${n}`)))));
    assert.equal((await download(name)).toString(), `data ${n}`);
  }
});

test('section 2.2 finishUpload and uploads at once: what was finished stays as it was', async () => {
  const body = opening(putUrl('hello'));
  const { uploadMethod } = await objects.createUpload('busy', body);
  await put(uploadMethod, 'hello');
  const results = await Promise.all([...Array(20).keys()].map((n) => n % 2
    ? put(uploadMethod, `HELL${n % 10}`)
    : objects.finishUpload('busy', closing(body))));
  assert.ok(results.length === 20);
  const read = async () => (await fetch((await objects.startDownload('busy', getUrl)).url)).text();
  const first = await read();
  await put(uploadMethod, 'after');
  await objects.finishUpload('busy', closing(body));
  assert.equal(await read(), first);
});

test('uploads and objects survive the death of the server between any two calls', async () => {
  const body = opening(putUrl('hello'), { hashes: { sha256: hashes('hello').sha256 } });
  await objects.createUpload('survivor', body);
  await server.restart();
  objects = service();
  const { uploadMethod } = await objects.createUpload('survivor', body);
  assert.equal((await failure(() => objects.createUpload('survivor', { ...body, uploadId: slugid() }))).code, 'RequestConflict');
  await put(uploadMethod, 'hello');
  await server.restart();
  objects = service();
  await objects.finishUpload('survivor', closing(body, hashes('hello')));
  await server.restart();
  objects = service();
  await objects.finishUpload('survivor', closing(body));
  assert.equal((await download('survivor')).toString(), 'hello');
  assert.equal((await failure(() => objects.createUpload('survivor2', body))).code, 'RequestConflict');
});

test('names of artifacts belong to their tasks', async () => {
  const name = `t/${slugid()}/0/public/x`;
  assert.equal((await failure(() => objects.createUpload(name, opening(inline('x'))))).statusCode, 404);
  assert.equal((await failure(() => objects.finishUpload(name, closing(opening())))).statusCode, 404);
  assert.equal((await failure(() => objects.object(name))).statusCode, 404);
});

const files = () => fs.readdirSync(path.join(server.data, 'artifacts'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).length;

test('section 5.4 what expired is not shown, and goes with its data; so does an upload that was given up', async () => {
  const before = files();
  await upload('short', 'hello', objects, { expires: inSeconds(2) });
  const expires = inSeconds(2);
  await objects.createUpload('shorter', opening(inline('hello'), { expires }));
  await upload('stays', 'hello');
  assert.equal((await failure(() => objects.createUpload('past', opening(inline('x'), { expires: inSeconds(-5) })))).statusCode, 400);
  for (const name of ['short', 'shorter'])
    await until(`${name} is gone`, () => objects.object(name).then(() => false, (e) => e.statusCode === 404));
  await until('their data are gone', () => files() === before + 1);
  await upload('short', 'again');
  assert.equal((await download('short')).toString(), 'again');
  assert.equal((await download('stays')).toString(), 'hello');
});

test('section 5.4 expire-objects removes what has expired as of a time, uploads of a day, too', async () => {
  const other = await Server.start({ 'dev-mode': true });
  try {
    const here = service(undefined, other);
    await here.createUpload('open', opening(inline('x'), { expires: inSeconds(90000) }));
    await upload('done', 'hello', here, { expires: inSeconds(90000) });
    const maintain = async (asOf) => {
      const answer = await fetch(`${other.rootUrl}/api/dev/v1/maintenance`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ job: 'expire-objects', asOf }) });
      return (await answer.json()).removed;
    };
    assert.equal(await maintain(inSeconds(86000)), 0);
    assert.equal(await maintain(inSeconds(86500)), 1);
    assert.equal((await failure(() => here.finishUpload('open', closing(opening())))).statusCode, 404);
    assert.equal((await download('done', here)).toString(), 'hello');
    assert.equal(await maintain(inSeconds(90500)), 1);
    assert.equal((await failure(() => here.object('done'))).statusCode, 404);
  } finally {
    await other.stop();
  }
});
