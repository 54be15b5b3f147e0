import http from 'node:http';
import net from 'node:net';

// A proxy that wants a name and a password, and alone knows where the host `troupe.test` is.
export class ForwardProxy {
  async open(port) {
    this.asked = []; // `GET http://...` and `CONNECT host:port`, of those who may
    this.refused = 0;
    const secret = `Basic ${Buffer.from('worker:pass word').toString('base64')}`;
    const mayPass = (request) => {
      const may = request.headers['proxy-authorization'] === secret;
      if (may) this.asked.push(`${request.method} ${request.url}`);
      else this.refused += 1;
      return may;
    };
    const placeOf = (host) => (host.startsWith('troupe.test') ? { host: '127.0.0.1', port } : undefined);
    this.listener = http.createServer((request, response) => {
      if (!mayPass(request)) return response.writeHead(407, { 'Proxy-Authenticate': 'Basic' }).end();
      const { host, pathname, search } = new URL(request.url);
      const place = placeOf(host);
      if (!place) return response.writeHead(502).end();
      const { 'proxy-authorization': ignored, 'proxy-connection': other, ...headers } = request.headers;
      const onward = http.request({ ...place, method: request.method, path: pathname + search, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      return request.pipe(onward);
    });
    this.tunnels = new Set();
    this.listener.on('connect', (request, near, head) => {
      near.on('error', () => near.destroy());
      const place = placeOf(request.url);
      if (!mayPass(request)) return near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      if (!place) return near.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      const far = net.connect(place, () => {
        near.write('HTTP/1.1 200 Connection established\r\n\r\n');
        far.write(head);
        near.pipe(far);
        far.pipe(near);
      });
      this.tunnels.add(near);
      far.on('error', () => near.destroy());
      near.on('close', () => { far.destroy(); this.tunnels.delete(near); });
      return undefined;
    });
    await new Promise((resolve) => { this.listener.listen(0, '127.0.0.1', resolve); });
    this.url = `http://worker:pass%20word@127.0.0.1:${this.listener.address().port}`;
    return this;
  }

  close() {
    for (const near of this.tunnels) near.destroy();
    this.listener.close();
    this.listener.closeAllConnections();
  }
}
