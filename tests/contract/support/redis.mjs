// What a server wrote into its Redis, read past the server.
import { execFileSync } from 'node:child_process';

const shards = 64;

export function ask(redis, ...command) {
  const text = execFileSync('redis-cli', ['-s', redis.socket, '--json', ...command],
    { maxBuffer: 1 << 30, encoding: 'utf8' });
  return JSON.parse(text);
}

const shardKey = (shard, what) => `troupe:{${String(shard).padStart(2, '0')}}:${what}`;

// The texts of an entry of an event log: one value, whose head says how many bytes each has.
function textsOf([, value]) {
  const bytes = Buffer.from(value);
  const [head, exchange, key, cc] = value.match(/^\d+ (\d+) (\d+) (\d+) /);
  let at = head.length;
  const next = (size) => bytes.subarray(at, at += Number(size)).toString();
  return { exchange: next(exchange), key: next(key), cc: next(cc), payload: JSON.parse(next(bytes.length)) };
}

// The events of a log, in order.
export const entriesOf = (redis, key) => ask(redis, 'XRANGE', key, '-', '+')
  .map(([id, fields]) => ({ id, ...textsOf(fields) }));

// All events of all shards, each shard's in order, and their numbers without a gap.
export function loggedEvents(redis) {
  const events = [];
  for (let shard = 0; shard < shards; ++shard) {
    let before;
    for (const { id, exchange, key, payload } of entriesOf(redis, shardKey(shard, 'events'))) {
      const [ms, n] = id.split('-').map(Number);
      if (before !== undefined && (n !== before.n + 1 || ms < before.ms))
        throw new Error(`shard ${shard}: after event ${before.ms}-${before.n} comes ${id}`);
      before = { ms, n };
      events.push({ shard, n, name: exchange.split('/').pop(), key, payload,
        about: payload.taskGroupId ?? payload.status.taskId });
    }
  }
  return events;
}

// The rows of all tasks, by id: place in the queue, and status.
export function storedTasks(redis) {
  const keys = ask(redis, 'KEYS', 'troupe:*:task:*');
  const commands = keys.map((key) => `HMGET ${key} x status\n`).join('');
  const lines = execFileSync('redis-cli', ['-s', redis.socket, '--json'],
    { input: commands, maxBuffer: 1 << 30, encoding: 'utf8' }).trim().split('\n');
  return new Map(keys.map((key, i) => {
    const [internal, status] = JSON.parse(lines[i]);
    return [key.slice(key.lastIndexOf(':') + 1),
      { enqueuedUs: JSON.parse(internal).enqueuedUs, status: JSON.parse(status) }];
  }));
}
