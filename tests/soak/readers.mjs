// 500 readers of the event feed in a process of their own, each of one of 25 routes, and one of all
// events. Started by soak.mjs, which tells it to stop by closing its input; prints what each heard.
const [rootUrl, count, routes] = process.argv.slice(2);
const url = `${rootUrl.replace(/^http/, 'ws')}/api/events/v1/connect`;

const delays = [];
const counts = new Map(); // events by route, as the reader of all has seen them
const last = new Map(); // the newest number of each shard
const problems = [];

function complain(text) {
  if (problems.length < 20) problems.push(text);
}

// `{"id":"<ms>-<stream>.<n>",...`
const idOf = (text) => text.slice(7, text.indexOf('"', 7));

function hearAll(text) {
  const id = idOf(text);
  const [, ms, shard, n] = id.match(/^(\d+)-([\w-]+)\.(\d+)$/);
  const before = last.get(shard);
  if (before !== undefined && Number(n) !== before + 1)
    complain(`shard ${shard}: after event ${before} comes ${n}`);
  last.set(shard, Number(n));
  delays.push(Date.now() - Number(ms));
  const { cc } = JSON.parse(text);
  for (const route of cc) counts.set(route, (counts.get(route) ?? 0) + 1);
}

function open(selection, hear) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const reader = { heard: 0, socket };
    socket.onopen = () => socket.send(JSON.stringify({ subscribe: selection }));
    socket.onerror = () => reject(new Error('a reader was not let in'));
    socket.onclose = ({ code }) => complain(`a reader was closed with ${code}`);
    socket.onmessage = ({ data }) => {
      if (data.startsWith('{"id":')) {
        ++reader.heard;
        hear(data);
      } else if (data.startsWith('{"subscribed":')) {
        resolve(reader);
      } else if (data.startsWith('{"pong":')) {
        reader.pong();
      } else {
        complain(data.slice(0, 200));
      }
    };
  });
}

const all = await open([{ exchange: 'exchange/#' }], hearAll);
const readers = [];
for (let i = 0; i < Number(count); ++i) {
  const route = `route.soak.${i % Number(routes)}`;
  const reader = await open([{ exchange: 'exchange/taskcluster-queue/v1/*', routingKey: route }],
    (text) => i % 50 === 0 && delays.push(Date.now() - Number(idOf(text).split('-')[0])));
  readers.push({ route, reader });
}
console.log('ready');

process.stdin.resume();
await new Promise((resolve) => process.stdin.on('end', resolve));
// What was published before is there before the answer to a ping.
for (const reader of [all, ...readers.map((entry) => entry.reader)])
  await new Promise((resolve) => {
    reader.pong = resolve;
    reader.socket.send('{"ping":1}');
  });
for (const { route, reader } of readers)
  if (reader.heard !== (counts.get(route) ?? 0))
    complain(`a reader of ${route} heard ${reader.heard} events of ${counts.get(route) ?? 0}`);
delays.sort((a, b) => a - b);
const percentile = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
console.log(JSON.stringify({ problems, events: all.heard, deliveries: all.heard +
  readers.reduce((sum, { reader }) => sum + reader.heard, 0),
delayMs: { p50: percentile(0.5), p99: percentile(0.99), most: delays.at(-1) } }));
process.exit(0);
