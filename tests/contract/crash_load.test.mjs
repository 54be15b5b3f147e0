// The server is killed at some moment under a mixed load: creates with dependencies, claims,
// reports, cancels. What was acknowledged holds, and row, events, queue and group agree.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Server, sleep } from './support/server.mjs';
import { Ledger } from './support/ledger.mjs';

let server;

before(async () => {
  server = await Server.start({ 'claim-wait': 1 });
});
after(() => server?.stop());

const moment = () => 100 + Math.random() * 900;

test('IV-1 IV-2 IV-4 IV-6 IV-7 EV-8 kill -9 under load loses nothing that was acknowledged', async () => {
  const ledger = new Ledger(server, { queueId: 'crash/load' });
  for (let round = 0; round < 5; ++round) {
    ledger.load();
    await sleep(moment());
    await server.kill('SIGKILL');
    await ledger.stop();
    await server.launch();
    await ledger.check();
  }
  assert.ok(ledger.tasks.size > 100 && ledger.claims.size > 20 && ledger.reported.size > 10);
  await ledger.checkOrder();
  await ledger.finish();
});

test('a server that is killed while it comes back loses nothing either', async () => {
  const ledger = new Ledger(server, { queueId: 'crash/again' });
  ledger.load();
  await sleep(1000);
  await server.kill('SIGKILL');
  await ledger.stop();
  for (let round = 0; round < 5; ++round) {
    const coming = server.launch().catch(() => {});
    await sleep(Math.random() * 60);
    await server.kill('SIGKILL');
    await coming;
  }
  await server.launch();
  await ledger.check();
  await ledger.finish();
});

test('SIGTERM under load finishes what is under way, and the next server goes on', async () => {
  const ledger = new Ledger(server, { queueId: 'crash/term' });
  for (let round = 0; round < 3; ++round) {
    ledger.load();
    await sleep(moment());
    assert.equal((await server.kill('SIGTERM')).code, 0);
    await ledger.stop();
    await server.launch();
    await ledger.check();
  }
  await ledger.checkOrder();
  await ledger.finish();
});

test('IV-8 without any crash each run has one winner, and the log tells the same story', async () => {
  const ledger = new Ledger(server, { queueId: 'crash/none' });
  ledger.load({ creators: 4, workers: 8, cancelers: 6 });
  await sleep(2000);
  await ledger.stop();
  assert.equal(ledger.refused, 0);
  await ledger.check();
  await ledger.checkOrder();
  await ledger.finish();
});
