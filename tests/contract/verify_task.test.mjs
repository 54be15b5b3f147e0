// `troupe verify-task`: the chain of trust of a task, the workers contract, section 4, steps 1 to 3.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Place } from './support/programs.mjs';
import { Server } from './support/server.mjs';
import { slugid } from './support/tasks.mjs';
import { WorkerBench } from './support/worker_bench.mjs';

let server;
let bench;
let place;
let keys; // by name: public keys in base64, whose private halves are in files

function makeKey(name) {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const text = (part) => Buffer.from(part, 'base64url').toString('base64');
  fs.writeFileSync(path.join(place.directory, name), text(d), { mode: 0o600 });
  return text(x);
}

// A file of the keys that are trusted.
function trusting(...names) {
  const file = path.join(place.directory, `trusted-${names.join('-')}`);
  fs.writeFileSync(file, ['# trusted workers', ...names.map((name) => `${keys[name]} ${name}`), '']
    .join('\n'));
  return file;
}

before(async () => {
  server = await Server.start({ anonymous: ['queue:get-artifact:public/*', 'queue:status:*'] });
  place = new Place();
  keys = { one: makeKey('one'), other: makeKey('other') };
  bench = new WorkerBench(server, 'work/one');
  for (const name of ['one', 'other'])
    bench.startWorker(`work/${name}`, name, {}, ['--chain-of-trust-key', path.join(place.directory, name)]);
});
after(async () => {
  await bench?.stop();
  await place?.clear();
  await server?.stop();
});

// A task that makes an artifact of the text, of other tasks.
async function make(text, dependencies = [], { features = { chainOfTrust: true }, queue = 'work/one',
  payload = {} } = {}) {
  const { taskId, status } = await bench.run(bench.script(`printf %s '${text}' > made`, { features,
    artifacts: [{ type: 'file', path: 'made', name: 'public/made', contentEncoding: 'identity' }], ...payload },
  { dependencies, taskQueueId: queue }));
  assert.equal(status.state, 'completed', await bench.log(taskId));
  return taskId;
}

async function verify(taskId, keyFile, code, ...more) {
  const program = place.run(['verify-task', taskId, '--keys', keyFile, '--data', server.data, ...more]);
  assert.equal((await program.ended).code, code, program.out + program.err);
  return program.out || program.err;
}

test('workers 4: a task is trusted when it and all that it was made of are signed by known keys', async () => {
  const first = await make('first', [], { queue: 'work/other' });
  const second = await make('second', [first]);
  const third = await make('third', [first, second]);
  const said = await verify(third, trusting('one', 'other'), 0);
  assert.deepEqual(said.trim().split('\n'), [[third, 'one'], [first, 'other'], [second, 'one']].map(
    ([id, key]) => `good ${id}/0: signed by ${keys[key]}, artifacts as signed: 2`));
  const { trusted, tasks } = JSON.parse(await verify(second, trusting('one', 'other'), 0, '--json'));
  assert.ok(trusted);
  assert.deepEqual(tasks[0], { taskId: second, runId: 0, trusted: true, key: keys.one,
    artifacts: ['public/logs/certified.log', 'public/made'] });
  assert.deepEqual(tasks.map(({ taskId }) => taskId), [second, first]);
  // A key that is not known makes all that was made of it worth nothing.
  assert.match(await verify(third, trusting('one'), 1),
    new RegExp(`^good ${third}[^]*^bad  ${first}/0: .*not signed by a key that is known$`, 'm'));
  assert.match(await verify(third, trusting('one', 'other'), 1, '--max-tasks', '2'), /longer than 2 tasks/);
});

test('workers 4: artifacts that are not what was signed are found out', async () => {
  const mark = slugid();
  const taskId = await make(mark);
  await verify(taskId, trusting('one'), 0);
  const files = fs.readdirSync(server.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes('/logs/') && fs.readFileSync(file, 'latin1').includes(mark));
  // The certificate and the log have the text, too, in the command.
  files.sort((a, b) => fs.statSync(a).size - fs.statSync(b).size);
  fs.writeFileSync(files[0], fs.readFileSync(files[0], 'latin1').replace(mark, slugid()), 'latin1');
  assert.match(await verify(taskId, trusting('one'), 1), /artifact public\/made is not what was signed/);
});

test('workers 4: what has no certificate, is not completed, or had shells is not trusted', async () => {
  const plain = await make('plain', [], { features: {} });
  assert.match(await verify(plain, trusting('one'), 1), /there is no artifact public\/chain-of-trust\.json/);
  const open = await make('open', [], { features: { chainOfTrust: true, interactive: true } });
  assert.match(await verify(open, trusting('one'), 1), /had shells/);
  const pending = slugid();
  await bench.q.createTask(pending, { ...bench.script('true'), taskQueueId: 'work/nobody' });
  assert.match(await verify(pending, trusting('one'), 1), /the task is pending, not completed/);
});

test('what is wrong with the question is said', async () => {
  assert.match(await verify(slugid(), trusting('one'), 3), /there is no .*status/);
  const bad = path.join(place.directory, 'bad');
  fs.writeFileSync(bad, `${keys.one}\nshort\n`);
  assert.match(await verify(slugid(), bad, 2), /bad:2 must begin with the base64 of 32 bytes/);
  fs.writeFileSync(bad, '# none\n');
  assert.match(await verify(slugid(), bad, 2), /has no key/);
  assert.match(await verify(slugid(), `${bad}-missing`, 2), /cannot be read/);
});
