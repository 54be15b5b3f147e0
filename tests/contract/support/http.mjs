// Requests as no well-behaved client would send them, and what a good answer to them looks like.
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import net from 'node:net';

// Sends bytes over a connection of its own and gives all that comes back until the server closes,
// or, with `enough`, until it is satisfied.
export function exchange(server, bytes, { enough, half = false } = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.rootUrl);
    const socket = net.connect(Number(port), hostname);
    let got = Buffer.alloc(0);
    const limit = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`));
    }, 60000);
    const finish = () => {
      clearTimeout(limit);
      socket.destroy();
      resolve(got.toString('latin1'));
    };
    socket.on('connect', () => (half ? socket.end(bytes) : socket.write(bytes)));
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      if (enough?.(got.toString('latin1'))) finish();
    });
    socket.on('close', finish);
    socket.on('error', () => {}); // a reset is an end, too
  });
}

// Takes one answer apart.
export function answerOf(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status: Number(first.split(' ')[1]), headers, lines, body: text.slice(end + 4) };
}

const hasWholeAnswer = (text) => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end));
  return text.length >= end + 4 + Number(length?.[1] ?? 0);
};

// One request of which every byte is given, over a connection of its own.
export async function raw(server, bytes) {
  return answerOf(await exchange(server, Buffer.from(bytes, 'latin1'), { enough: hasWholeAnswer }));
}

const normalized = (kind, { ts, nonce, method, resource, host, port, hash = '', ext = '' }) =>
  `hawk.1.${kind}\n${ts}\n${nonce}\n${method}\n${resource}\n${host}\n${port}\n${hash}\n${ext}\n`;

// An Authorization header; every part of it can be made wrong.
export function hawk(server, method, resource, change = {}) {
  const { hostname, port } = new URL(server.rootUrl);
  const parts = { ts: Math.floor(Date.now() / 1000), nonce: randomBytes(4).toString('hex'),
    method, resource, host: hostname, port, ...change };
  const id = change.id ?? server.credentials.clientId;
  const key = change.key ?? server.credentials.accessToken;
  const mac = change.mac ??
    createHmac('sha256', key).update(normalized('header', parts)).digest('base64');
  const optional = ['hash', 'ext'].filter((name) => parts[name] !== undefined)
    .map((name) => `, ${name}="${change[`${name}Sent`] ?? parts[name]}"`).join('');
  return `Hawk id="${id}", ts="${parts.ts}", nonce="${parts.nonce}", mac="${mac}"${optional}`;
}

export function payloadHash(text, type = 'application/json') {
  return createHash('sha256').update(`hawk.1.payload\n${type}\n${text}\n`).digest('base64');
}

export function bewit(server, resource, { seconds = 600, id, key, ext = '' } = {}) {
  const { hostname, port } = new URL(server.rootUrl);
  const ts = Math.floor(Date.now() / 1000) + seconds;
  const mac = createHmac('sha256', key ?? server.credentials.accessToken)
    .update(normalized('bewit', { ts, nonce: '', method: 'GET', resource, host: hostname, port, ext }))
    .digest('base64');
  return Buffer.from(`${id ?? server.credentials.clientId}\\${ts}\\${mac}\\${ext}`).toString('base64url');
}

// A signed request through fetch. `body` is sent as it is.
export function signed(server, method, resource, body, headers = {}, change = {}) {
  return fetch(server.rootUrl + resource, { method, body, redirect: 'manual',
    headers: { Authorization: hawk(server, method, resource, change),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers } });
}

const slashes = '\n\n---\n\n';

// The error is the contract's, whole: API-28, API-31, ER-1, ER-2.
export async function expectError(response, status, code, text) {
  const body = typeof response.body === 'string' ? response.body : await response.text();
  const header = (name) => response.headers.get?.(name) ?? response.headers[name];
  assert.equal(response.status, status, body.slice(0, 500));
  assert.equal(header('content-type'), 'application/json; charset=utf-8');
  assert.equal(header('cache-control'), 'no-store no-cache must-revalidate');
  const error = JSON.parse(body);
  assert.deepEqual(Object.keys(error), ['code', 'message', 'requestInfo']);
  assert.equal(error.code, code, error.message);
  const { requestInfo } = error;
  assert.deepEqual(Object.keys(requestInfo), ['method', 'params', 'payload', 'time']);
  const at = error.message.lastIndexOf(slashes);
  assert.equal(error.message.slice(at), `${slashes}* method:     ${requestInfo.method}\n` +
    `* errorCode:  ${code}\n* statusCode: ${status}\n* time:       ${requestInfo.time}`);
  const said = error.message.slice(0, at);
  if (text instanceof RegExp) assert.match(said, text);
  else if (text !== undefined) assert.equal(said, text);
  if (status === 401) assert.equal(header('www-authenticate'), 'hawk');
  return { ...error, said };
}
