// The stock Python client (its version: python/requirements.txt): each program of python/ is a test.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { launch, Server } from './support/server.mjs';
import { programs, python } from './support/python.mjs';

let server;

before(async () => {
  server = await Server.start({ 'claim-wait': 0, anonymous: ['queue:get-artifact:public/*'] });
});
after(() => server?.stop());

// What these programs get to know: the server, and nothing of a Taskcluster this may run in.
function environment() {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1',
    TROUPE_TEST_SERVER: JSON.stringify({ rootUrl: server.rootUrl, credentials: server.credentials }) };
  for (const name of Object.keys(env))
    if (/^(TASKCLUSTER_|TASK_ID$|RUN_ID$|PYTHONPATH$|PYTHONHOME$|.*_proxy$)/i.test(name)) delete env[name];
  return env;
}

const files = fs.readdirSync(programs).filter((name) => /^test_.*\.py$/.test(name)).sort();
assert.ok(files.length > 0, `no tests in ${programs}`);

for (const file of files)
  test(`API-52 the stock Python client: ${file}`, async () => {
    const child = launch(python(), ['-m', 'unittest', '-v', file],
      { cwd: programs, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => { said += text; });
    const { code, signal } = await child.ended;
    assert.equal(code, 0, `${file} ended with ${code ?? signal}:\n${said}`);
    assert.match(said, /^Ran [1-9]\d* tests? in /m, said);
    assert.match(said, /^OK$/m, `${file} left something out:\n${said}`);
  });
