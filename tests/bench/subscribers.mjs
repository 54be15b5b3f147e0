// Readers of the event feed and subscribers of the ZeroMQ socket in a process of their own, each of
// the events of one of the queues <name>0, <name>1, ... Says `ready` when all are listening, and
// after its input ends what they heard and how late.
//   node subscribers.mjs <root URL> <ZeroMQ port> <readers> <subscribers> <provisioner> <name> <queues>
import { createRequire } from 'node:module';

const { Subscriber } = createRequire(new URL('../contract/package.json', import.meta.url))('zeromq');
const [rootUrl, port, readers, subscribers, provisioner, name, queues] = process.argv.slice(2);
const kinds = ['task-defined', 'task-pending'];

const delays = { feed: [], zeromq: [] };
const heard = [];
const fail = (text) => {
  console.log(JSON.stringify({ error: text }));
  process.exit(1);
};
// The clock of both is this machine's; an id begins with the milliseconds of the commit.
const late = (list, id) => list.push(Date.now() - Number(id.slice(0, id.indexOf('-'))));

function read(index) {
  const mine = { heard: 0, kind: 'feed' };
  heard.push(mine);
  return new Promise((resolve) => {
    const socket = new WebSocket(`${rootUrl.replace(/^http/, 'ws')}/api/events/v1/connect`);
    const routingKey = `primary.*.*.*.*.${provisioner}.${name}${index % queues}.#`;
    socket.onopen = () => socket.send(JSON.stringify({ subscribe: kinds.map((kind) =>
      ({ exchange: `exchange/taskcluster-queue/v1/${kind}`, routingKey })) }));
    socket.onerror = () => fail('a reader was not let in');
    socket.onclose = ({ code }) => fail(`a reader was closed with ${code}`);
    socket.onmessage = ({ data }) => {
      if (data.startsWith('{"id":"')) {
        ++mine.heard;
        late(delays.feed, data.slice(7, 40));
      } else if (data.startsWith('{"subscribed":')) {
        resolve();
      } else {
        fail(data.slice(0, 300));
      }
    };
  });
}

// ZeroMQ matches by the beginning of a topic, which says nothing of the queue: each subscriber has
// the tasks whose ids begin with one certain letter, which is one event in 50 or so. One more has
// all, and says how many each should have heard.
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef';
const published = new Map();

async function subscribe(letter, hear) {
  const socket = new Subscriber({ receiveHighWaterMark: 0 });
  socket.connect(`tcp://127.0.0.1:${port}`);
  for (const kind of kinds)
    socket.subscribe(`exchange/taskcluster-queue/v1/${kind}|primary.${letter}`);
  for await (const [topic, meta] of socket) hear(topic.toString(), meta.toString());
}

subscribe('', (topic) => {
  const letter = topic.split('|primary.')[1][0];
  published.set(letter, (published.get(letter) ?? 0) + 1);
});
for (let i = 0; i < subscribers; ++i) {
  const mine = { heard: 0, kind: 'zeromq', letter: letters[i % letters.length] };
  heard.push(mine);
  subscribe(mine.letter, (topic, meta) => {
    ++mine.heard;
    late(delays.zeromq, JSON.parse(meta).id);
  });
}
for (let i = 0; i < readers; ++i) await read(i);
console.log('ready');
process.stdin.resume();
await new Promise((resolve) => process.stdin.on('end', resolve));

function summary(kind) {
  const list = delays[kind].sort((a, b) => a - b);
  const at = (share) => list[Math.min(list.length - 1, Math.floor(list.length * share))];
  return { delivered: list.length, p50: at(0.5), p99: at(0.99), most: list.at(-1) };
}
const lost = heard.filter((one) => one.letter)
  .reduce((sum, { letter, heard: got }) => sum + Math.abs((published.get(letter) ?? 0) - got), 0);
console.log(JSON.stringify({ feed: summary('feed'), zeromq: { ...summary('zeromq'), lost } }));
process.exit(0);
