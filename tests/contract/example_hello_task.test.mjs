// examples/hello-task with the stock clients.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { python } from './support/python.mjs';
import { root } from './support/server.mjs';

// Runs the example as `start` does it, in a place where the program is up.
async function saysHello(start) {
  const place = new Place();
  try {
    await place.up('--no-hello', '--data', place.data);
    const hello = start(place);
    assert.equal((await hello.ended).code, 0, hello.err);
    assert.match(hello.out, /^Hello from the stock client\.$/m);
  } finally {
    await place.clear();
  }
}

test('hello.mjs runs a task and prints its log', () => saysHello((place) => {
  // Where its README says `npm install`.
  fs.copyFileSync(path.join(root, 'examples/hello-task/hello.mjs'),
    path.join(place.directory, 'hello.mjs'));
  fs.symlinkSync(path.join(root, 'tests/contract/node_modules'),
    path.join(place.directory, 'node_modules'));
  return place.start(process.execPath, [path.join(place.directory, 'hello.mjs'), place.data]);
}));

test('hello.py runs a task and prints its log', () => saysHello((place) =>
  place.start(python(), [path.join(root, 'examples/hello-task/hello.py'), place.data])));
