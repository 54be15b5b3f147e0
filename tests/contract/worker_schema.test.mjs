// The schema of its payloads that a worker publishes: the workers contract, section 5.1.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { binary, root } from './support/server.mjs';

let scratch;

before(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'schema-'));
  fs.writeFileSync(path.join(scratch, 'two.json'), JSON.stringify({ scripts: {
    sign: { command: ['true'], maxRunTime: 500, schema: { $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object', required: ['what'], properties: { what: { $ref: '#/definitions/word' } },
      definitions: { word: { enum: ['a', 'b'] } } } },
    told: { contract: 'standard-input', command: ['true'], maxRunTime: 50, schema: { properties: { what: { $ref:
      '#/definitions/word' } }, definitions: { word: { type: 'integer' } } } } } }));
});
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const print = (...flags) => spawnSync(binary, ['worker', '--print-schema', ...flags], { encoding: 'utf8' });

// What a worker with these flags says of payloads.
function takes(...flags) {
  const { stdout, stderr, status } = print(...flags);
  assert.equal(status, 0, stderr);
  const { $schema, ...schema } = JSON.parse(stdout);
  assert.equal($schema, 'http://json-schema.org/draft-06/schema#');
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  return ajv.compile(schema);
}

const process = { command: [['true']], maxRunTime: 60 };
const container = { image: 'debian:12', command: ['true'], maxRunTime: 60 };

function expect(validate, fine, wrong) {
  for (const each of fine) assert.ok(validate(each), `${JSON.stringify(each)}: ${JSON.stringify(validate.errors)}`);
  for (const each of wrong) assert.ok(!validate(each), JSON.stringify(each));
}

test('workers 5.1: a worker prints the schema of its payloads', () => {
  expect(takes(), [process, { ...process, features: { liveLog: false } }],
    [container, {}, 1, { ...process, colour: 'red' }, { ...process, maxRunTime: 0 }]);
  expect(takes('--engine', 'container'), [container], [process, { ...container, cache: 1 }]);
  expect(takes('--max-run-time', '60'), [process], [{ ...process, maxRunTime: 61 }]);
});

test('workers 5.1: with several engines each payload is of one', () => {
  for (const engines of ['process,container', 'container,process'])
    expect(takes('--engine', engines), [process, container],
      [{}, { ...process, image: 'debian:12' }, { ...container, colour: 'red' }, { maxRunTime: 60 }]);
});

test('workers 5.1: scripts have theirs, by their names where there are several', () => {
  const two = ['--script-config', path.join(scratch, 'two.json')];
  const sign = { script: 'sign', what: 'a', maxRunTime: 60 };
  const told = { script: 'told', what: 7 };
  expect(takes('--engine', 'script', ...two), [sign, told, { ...told, maxRunTime: 5 }],
    [process, { ...sign, script: 'other' }, { ...sign, what: 7 }, { ...told, what: 'a' }, { script: 'sign', what: 'a' },
      { what: 'a', maxRunTime: 60 }, { ...told, maxRunTime: 'x' }]);
  expect(takes('--engine', 'process,script', ...two), [process, sign, told, { ...told, image: 'x' }],
    [{ ...process, colour: 'red' }, { ...sign, command: [['true']] }, { maxRunTime: 60 }]);
  expect(takes('--engine', 'script,process', ...two), [process, sign, { ...sign, command: [['true']] }], [{ maxRunTime: 60 }]);
  expect(takes('--engine', 'script', '--max-run-time', '100', ...two), [sign, told], [{ ...sign, maxRunTime: 101 }]);
});

test('workers 5.1: the example of a worker for scripts has one', () => {
  const place = path.join(root, 'examples/script-worker');
  const validate = takes('--engine', 'script', '--script-config', path.join(place, 'scripts.json'));
  expect(validate, [{ maxRunTime: 60, upstreamArtifacts: [{ taskId: 'A'.repeat(22), taskType: 'build',
    paths: ['public/program'], formats: [] }] }], [{}, process]);
});

test('a worker that would not start does not print either', () => {
  const { stderr, status, stdout } = print('--engine', 'script', '--script-config', '/nowhere.json');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /cannot read '\/nowhere\.json'/);
  assert.match(print('--engine', 'script').stderr, /needs --script-config/);
});
