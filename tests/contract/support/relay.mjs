import net from 'node:net';

// A way to the CAF port that can be cut, or falls silent.
export class Relay {
  async open(port) {
    this.pairs = new Set();
    this.said = 0; // bytes of those who came, and of whom they came to
    this.listener = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1');
      const pair = { near, far };
      this.pairs.add(pair);
      const over = () => {
        near.destroy();
        far.destroy();
        this.pairs.delete(pair);
      };
      const carry = (from, to) => from.on('data', (data) => {
        this.said += data.length;
        if (!pair.silent) to.write(data);
      });
      carry(near, far);
      carry(far, near);
      for (const side of [near, far]) {
        side.on('error', () => { if (!pair.silent) over(); });
        side.on('close', () => { if (!pair.silent) over(); });
      }
    });
    await new Promise((resolve) => { this.listener.listen(0, '127.0.0.1', resolve); });
    this.address = `127.0.0.1:${this.listener.address().port}`;
    return this;
  }

  cut() {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
  }

  silence() {
    for (const pair of this.pairs) pair.silent = true;
  }

  close() {
    this.silence();
    this.cut();
    this.listener.close();
  }
}
