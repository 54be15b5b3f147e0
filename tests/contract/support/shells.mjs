// A shell in a running task, as whoever has its address sees it: protocol v2 of the workers contract, 6.5.
import WebSocket from 'ws';
import { until } from './server.mjs';

export const shellArtifact = 'private/generic-worker/shell.html';

export class Shell {
  constructor(url) {
    this.said = '';
    this.bytes = 0;
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => {
      this.bytes += data.length;
      this.said = (this.said + data).slice(-200000);
    });
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', resolve);
      this.socket.on('unexpected-response', (request, response) => reject(
        Object.assign(new Error(`answered ${response.statusCode}`), { status: response.statusCode })));
      this.socket.on('error', reject);
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(url) {
    const shell = new Shell(url);
    await shell.opened;
    return shell;
  }

  type(text) {
    this.socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(text)]));
  }

  resize(rows, columns) {
    this.socket.send(Buffer.from([2, rows & 255, rows >> 8, columns & 255, columns >> 8]));
  }

  // What is typed is shown, too: what is waited for should not be in it.
  shows(what) {
    return until(() => `the shell shows ${what}; so far: ${this.said}`, () => what.exec(this.said), 60000);
  }
}

// Where the shells of a task are, of those who may know.
export async function shellUrl(q, taskId) {
  const { url } = await until('shells are offered', () =>
    q.latestArtifact(taskId, shellArtifact).catch((error) => {
      if (error.statusCode !== 404) throw error;
    }), 60000);
  return url;
}

export const socketUrl = async (q, taskId) =>
  new URL(await shellUrl(q, taskId)).searchParams.get('socketUrl');
