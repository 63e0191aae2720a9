// A loopback port between a client and the gateway: what passes is timed where the client reads it. The client is told the
// gateway's address by `checkrein run`, in its environment, its words and a file that these name; a script under its name
// puts the tap's in its place, and then is the client.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const KEPT = 4096; // of an answer
const REQUEST = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/;
const STATUS = /^HTTP\/1\.1 (\d+)/;

const scriptOf = (behind, from, to) => `#!/usr/bin/env python3
import os, sys
def moved(text):
    return text.replace(${JSON.stringify(from)}, ${JSON.stringify(to)})
for file in filter(os.path.isfile, sys.argv[1:]):
    with open(file, encoding='latin1') as f:
        text = f.read()
    if moved(text) != text:
        with open(file, 'w', encoding='latin1') as f:
            f.write(moved(text))
os.execve(${JSON.stringify(behind)}, [sys.argv[0], *map(moved, sys.argv[1:])], {name: moved(value) for name, value in os.environ.items()})
`;

export class Tap {
  exchanges = []; // {path, sent, status, answered, last, closed, text}: times by performance.now()
  #server;
  #to;

  static async open(gatewayPort) {
    const tap = new Tap();
    tap.#to = gatewayPort;
    tap.#server = net.createServer((client) => tap.#pass(client)).listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    tap.url = `http://127.0.0.1:${tap.#server.address().port}`;
    return tap;
  }

  /** From now on this program is behind the tap. */
  before(program) {
    const behind = path.join(path.dirname(program), 'behind', path.basename(program));
    fs.mkdirSync(path.dirname(behind));
    fs.renameSync(program, behind);
    const from = `http://127.0.0.1:${this.#to}/`;
    fs.writeFileSync(program, scriptOf(behind, from, `${this.url}/`), { mode: 0o755 });
  }

  /** Requests that were sent since this time. */
  since(time) {
    return this.exchanges.filter((one) => one.sent > time);
  }

  #pass(client) {
    const server = net.connect(this.#to, '127.0.0.1');
    const mine = [];
    for (const one of [client, server]) one.setNoDelay(true);
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      const [, asked] = REQUEST.exec(text) ?? [];
      if (asked) this.exchanges.push(mine[mine.push({ path: asked, sent: performance.now(), text: '' }) - 1]);
      server.write(asked ? Buffer.from(this.#addressed(text), 'latin1') : bytes);
    });
    server.on('data', (bytes) => {
      this.#answered(mine.at(-1), bytes.toString('latin1'));
      client.write(bytes);
    });
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on('error', () => to.destroy());
      from.on('end', () => to.end());
      from.on('close', () => to.destroy());
    }
    client.on('close', () => mine.forEach((one) => (one.closed ??= performance.now())));
  }

  /** The gateway wants to be called by its own name. */
  #addressed(head) {
    return head.replace(/^(host: 127\.0\.0\.1:)\d+/im, `$1${this.#to}`);
  }

  #answered(one, text) {
    if (!one) return;
    one.last = performance.now();
    if (!one.status) [one.status, one.answered] = [Number(STATUS.exec(text)?.[1]), one.last];
    one.text = (one.text + text).slice(0, KEPT);
  }

  close() {
    this.#server.close();
  }
}
