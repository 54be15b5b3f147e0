// examples/hello-task with the stock JavaScript client.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Place } from './support/programs.mjs';
import { root } from './support/server.mjs';

test('hello.mjs runs a task and prints its log', async () => {
  const place = new Place();
  try {
    await place.up('--no-hello', '--data', place.data);
    // Where its README says `npm install`.
    fs.copyFileSync(path.join(root, 'examples/hello-task/hello.mjs'),
      path.join(place.directory, 'hello.mjs'));
    fs.symlinkSync(path.join(root, 'tests/contract/node_modules'),
      path.join(place.directory, 'node_modules'));
    const hello = place.start(process.execPath, [path.join(place.directory, 'hello.mjs'),
      place.data]);
    assert.equal((await hello.ended).code, 0, hello.err);
    assert.match(hello.out, /^Hello from the stock client\.$/m);
  } finally {
    await place.clear();
  }
});
