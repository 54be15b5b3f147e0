// A reader of the event feed by WebSocket.
import { until } from './server.mjs';

export const feedPath = '/api/events/v1/connect';
export const all = [{ exchange: 'exchange/#' }];

// `texts` has all that came, parsed.
export class Reader {
  static async open(of, target = feedPath) {
    const reader = new Reader();
    reader.socket = new WebSocket(of.rootUrl.replace(/^http/, 'ws') + target);
    reader.texts = [];
    reader.socket.onmessage = ({ data }) => reader.texts.push(JSON.parse(data));
    reader.closed = new Promise((resolve) => { reader.socket.onclose = resolve; });
    await new Promise((resolve, reject) => {
      reader.socket.onopen = resolve;
      reader.socket.onerror = () => reject(new Error('the socket was not opened'));
    });
    return reader;
  }

  static async subscribed(of, selection = all, extra = {}) {
    const reader = await Reader.open(of);
    await reader.subscribe(selection, extra);
    return reader;
  }

  send(what) { this.socket.send(typeof what === 'string' ? what : JSON.stringify(what)); }

  async next(what, limitMs) {
    return until(`${JSON.stringify(what)} comes`, () =>
      this.texts.find((text) => what in text), limitMs);
  }

  async subscribe(selection, extra = {}) {
    this.send({ subscribe: selection, ...extra });
    return (await this.next('subscribed')).subscribed;
  }

  // All events that were published before this was called.
  async events() {
    const number = Math.random();
    this.send({ ping: number });
    await until('the pong comes', () => this.texts.some((text) => text.pong === number));
    const end = this.texts.findIndex((text) => text.pong === number);
    return this.texts.slice(0, end).filter((text) => text.exchange);
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}
