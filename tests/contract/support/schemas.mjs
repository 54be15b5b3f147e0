// The schemas of the protocol, for what answers and events must look like.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { root } from './server.mjs';

const ajv = new Ajv({ strict: false, validateSchema: false });
addFormats(ajv);
const schemas = JSON.parse(fs.readFileSync(path.join(root, 'messages/api/schemas.json'), 'utf8'));
for (const { $schema, ...schema } of Object.values(schemas)) ajv.addSchema(schema);

// `name` as in `schemas/<service>/v1/<name>.json`.
export function assertAgrees(name, value, service = 'queue') {
  const validate = ajv.getSchema(`/schemas/${service}/v1/${name}.json#`);
  assert.ok(validate(value), `${name}: ${ajv.errorsText(validate.errors)}`);
}

export function assertValid(event) {
  const name = event.name.startsWith('task-group-') && event.name !== 'task-group-priority-changed'
    ? 'task-group-changed' : event.name;
  assertAgrees(`${name}-message`, event.payload);
}
