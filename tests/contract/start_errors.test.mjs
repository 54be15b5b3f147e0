// What is wrong at the start is said in one line that says what to do, and ends with code 2.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { until } from './support/server.mjs';

function placeTest(name, body) {
  test(name, async () => {
    const place = new Place();
    try {
      await body(place);
    } finally {
      await place.clear();
    }
  });
}

const freePorts = ['--http-port', '0', '--zmq-pub-port', '0', '--zmq-router-port', '0',
  '--caf-port', '0', '--metrics-port', '0'];

async function refused(place, args, text, options) {
  const program = place.run(args, options);
  assert.deepEqual(await program.ended, { code: 2, signal: null }, program.err);
  assert.match(program.err, /^troupe: [^\n]+\n$/);
  assert.match(program.err, text);
  await place.nothingIsLeft();
}

// Something that answers as a Redis of that version would, as far as anybody asks.
function oldRedis(version) {
  return net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const word of data.toString().split('\r\n')) {
        const info = `# Server\r\nredis_version:${version}\r\n`;
        if (/^INFO$/i.test(word)) socket.write(`$${info.length}\r\n${info}\r\n`);
        if (/^PING$/i.test(word)) socket.write('+PONG\r\n');
      }
    });
  });
}

placeTest('a Redis that is too old', async (place) => {
  const redis = oldRedis('5.0.14').listen(0, '127.0.0.1');
  await new Promise((resolve) => redis.on('listening', resolve));
  try {
    const address = `redis://127.0.0.1:${redis.address().port}`;
    for (const subcommand of ['up', 'serve'])
      await refused(place, [subcommand, ...freePorts, '--data', place.data, '--redis', address],
        /is version 5\.0\.14; troupe needs 6\.2 or newer/);
  } finally {
    redis.close();
  }
});

placeTest('a redis-server in the PATH that is too old, missing, or no Redis', async (place) => {
  const bin = path.join(place.directory, 'bin');
  fs.mkdirSync(bin);
  const program = path.join(bin, 'redis-server');
  const withOwn = { env: { PATH: bin } };
  const up = ['up', ...freePorts, '--data', place.data];
  await refused(place, up, /redis-server is not installed; run script\/bootstrap/, withOwn);
  fs.writeFileSync(program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  await refused(place, up, /redis-server ended at once; its log .*redis\.log says why/, withOwn);
  // It listens where it is told to, and says that it is old.
  fs.writeFileSync(program, `#!${process.execPath}
const net = require('node:net');
const oldRedis = ${oldRedis.toString()};
oldRedis('4.0.9').listen(process.argv[process.argv.indexOf('--unixsocket') + 1]);
`, { mode: 0o755 });
  await refused(place, up, /is version 4\.0\.9; troupe needs 6\.2 or newer/, withOwn);
});

placeTest('Ctrl-C while Redis does not answer yet', async (place) => {
  const bin = path.join(place.directory, 'bin');
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, 'redis-server'), '#!/bin/sh\nexec /bin/sleep 300\n',
    { mode: 0o755 });
  const up = place.run(['up', ...freePorts], { env: { PATH: bin } });
  await until('it waits', () => place.processes().some((p) => /sleep 300/.test(p)));
  up.process.kill('SIGINT');
  assert.deepEqual(await up.ended, { code: 2, signal: null }, up.err);
  assert.match(up.err, /^troupe: [^\n]*ended before redis-server answered[^\n]*\n$/);
  await place.nothingIsLeft();
});

placeTest('bad settings, wherever they come from', async (place) => {
  const up = ['up', ...freePorts];
  await refused(place, [...up, '--local-workers-min', '3'],
    /local-workers-min: 3 is more than local-workers-max, which is 1; raise that one, too/);
  await refused(place, [...up, '--local-worker-idle', 'soon'], /local-worker-idle: 'soon' is not/);
  await refused(place, [...up, '--secrets-keys', 'too-short'],
    /secrets-keys: a key of secrets is 32 bytes in base64.*troupe secrets new-key/);
  await refused(place, [...up, '--secrets-key-file', '/none'], /cannot read the keys of secrets in '\/none'/);
  await refused(place, ['serve', '--redis', 'unix:/none'], /serve seals secrets with a key that has to outlive it/);
  await refused(place, [...up, '--capacity', '0'], /local-worker-capacity: '0' is not a whole/);
  await refused(place, [...up, '--worker-sandbox', 'sand'], /worker-sandbox: 'sand'/);
  await refused(place, up, /lanes: 'many' is not a whole number.*environment TROUPE_LANES/,
    { env: { TROUPE_LANES: 'many' } });
  const file = path.join(place.directory, 'troupe.yml');
  fs.writeFileSync(file, 'htp-port: 1\n');
  await refused(place, [...up, '--config', file], /unknown setting 'htp-port'/);
  fs.writeFileSync(file, 'http-port: [\n');
  await refused(place, [...up, '--config', file], /troupe\.yml' line \d+/);
  await refused(place, [...up, '--config', `${file}.no`], /cannot read .*troupe\.yml\.no/);
});

placeTest('clients and roles that cannot be', async (place) => {
  const client = (overrides) => JSON.stringify([{ clientId: 'static/tests/x',
    accessToken: 'long-enough-for-a-token-of-a-test', scopes: ['a'], ...overrides }]);
  for (const [settings, text] of [
    [['--static-clients', client({ scopes: ['a:**'] })], /static\/tests\/x.*`\*\*`/],
    [['--static-clients', client({ accessToken: 'short' })], /accessToken of 'static\/tests\/x'/],
    [['--static-clients', client({ clientId: 'static/taskcluster/queue' })],
      /'static\/taskcluster\/queue' is given twice, or is one that every server has/],
    [['--static-clients', 'nobody'], /static-clients: not a list of clients/],
    [['--anonymous-scopes', 'queue:**'], /role 'anonymous' has the scope 'queue:\*\*'/],
  ])
    await refused(place, ['up', ...freePorts, '--data', place.data, ...settings], text);
});

placeTest('a data directory that is a file, or below one', async (place) => {
  const file = path.join(place.directory, 'file');
  fs.writeFileSync(file, '');
  for (const data of [file, path.join(file, 'data')])
    await refused(place, ['up', ...freePorts, '--data', data],
      /cannot write to the data directory .*; name a writable one with --data DIR/);
});
