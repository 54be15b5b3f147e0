// Collects events from the server's ZeroMQ feed, one of each id.
import { Dealer, Subscriber } from 'zeromq';
import { until } from './server.mjs';

export class Events {
  constructor(server, prefix = 'exchange/') {
    this.events = [];
    this.seen = new Set();
    this.socket = new Subscriber();
    this.socket.connect(`tcp://127.0.0.1:${server.pubPort}`);
    this.socket.subscribe(prefix);
    this.reading = this.read();
  }

  // A subscription needs a moment to reach the publisher; `probe` must cause an event.
  static async open(server, probe) {
    const events = new Events(server);
    await until('the subscription works', async () => {
      await probe();
      return events.events.length > 0;
    });
    return events;
  }

  async read() {
    try {
      for await (const [topic, meta, payload] of this.socket) {
        if (!payload) continue;
        const about = JSON.parse(meta.toString());
        this.topics ??= [];
        this.topics.push(topic.toString());
        if (this.seen.has(about.id)) continue;
        this.seen.add(about.id);
        this.events.push({ ...about, name: about.exchange.split('/').pop(),
          payload: JSON.parse(payload.toString()) });
      }
    } catch {
      // closed
    }
  }

  of(taskId, name) {
    return this.events.filter((e) => (!name || e.name === name) &&
      (e.payload.status?.taskId === taskId || e.payload.taskGroupId === taskId));
  }

  names(taskId) {
    return this.of(taskId).map((e) => e.name);
  }

  wait(taskId, name, count = 1) {
    return until(`${count} ${name} of ${taskId} came`, () => {
      const found = this.of(taskId, name);
      return found.length >= count ? found : undefined;
    });
  }

  close() {
    this.socket.close();
  }
}

// Everything that the feed sends, frame by frame, and one of each id as an event.
export class Feed {
  // The subscription stands when a heartbeat came, which was subscribed to after the rest.
  static async open(server, prefixes = ['exchange/']) {
    const feed = new Feed();
    feed.messages = [];
    feed.events = [];
    feed.seen = new Set();
    feed.socket = new Subscriber({ receiveHighWaterMark: 0 });
    feed.socket.connect(`tcp://127.0.0.1:${server.pubPort}`);
    feed.socket.subscribe(...prefixes, 'heartbeat|');
    feed.reading = feed.read();
    await until('a heartbeat comes', () => feed.messages.length > 0);
    return feed;
  }

  async read() {
    try {
      for await (const frames of this.socket) {
        const [topic, meta, body] = frames.map((frame) => frame.toString());
        const message = { topic, meta: JSON.parse(meta), body };
        this.messages.push(message);
        if (topic !== 'heartbeat|') this.take(message);
      }
    } catch (error) {
      if (!this.socket.closed) throw error;
    }
  }

  take({ meta, body }) {
    if (this.seen.has(meta.id)) return;
    this.seen.add(meta.id);
    this.events.push({ ...meta, meta, body, name: meta.exchange.split('/').pop(),
      payload: JSON.parse(body) });
  }

  of(id, name) {
    return this.events.filter((e) => (!name || e.name === name) &&
      (e.payload.status?.taskId === id || e.payload.taskGroupId === id));
  }

  wait(id, name) {
    return until(`${name} of ${id} came`, () => this.of(id, name).length > 0);
  }

  close() {
    this.socket.close();
  }
}

// Asks for a replay: its messages and end, or the error.
export async function replay(server, request) {
  const socket = new Dealer({ linger: 0, receiveTimeout: 20000 });
  socket.connect(`tcp://127.0.0.1:${server.routerPort}`);
  await socket.send(['REPLAY', JSON.stringify(request)]);
  const messages = [];
  try {
    for (;;) {
      const [kind, ...rest] = (await socket.receive()).map((frame) => frame.toString());
      if (kind === 'ERROR') return { error: JSON.parse(rest[0]) };
      if (kind === 'END') return { messages, end: JSON.parse(rest[0]) };
      messages.push({ topic: rest[0], meta: JSON.parse(rest[1]), body: rest[2] });
    }
  } finally {
    socket.close();
  }
}
