// A WebSocket client with headers of its own, over TCP or a Unix socket: text frames, whole ones only.
import { randomBytes } from 'node:crypto';
import http from 'node:http';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

function header(opcode, bytes) {
  if (bytes < 126) return Buffer.from([0x80 | opcode, 0x80 | bytes]);
  const long = Buffer.alloc(bytes < 65536 ? 4 : 10);
  long[0] = 0x80 | opcode;
  long[1] = 0x80 | (bytes < 65536 ? 126 : 127);
  if (bytes < 65536) long.writeUInt16BE(bytes, 2);
  else long.writeBigUInt64BE(BigInt(bytes), 2);
  return long;
}

/** The first frame of these bytes: {opcode, final, payload, rest}; null when it is not whole yet. */
export function frameOf(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const from = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < from) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < from + length) return null;
  return { opcode: bytes[0] & 0x0f, final: (bytes[0] & 0x80) !== 0, payload: bytes.subarray(from, from + length),
    rest: bytes.subarray(from + length) };
}

export class WebSocketClient {
  #socket;
  #bytes = Buffer.alloc(0);
  #parts = [];

  /** `where` is what http.request() takes: {host, port} or {socketPath}. */
  static open(where, { headers = {}, onText, onClose = () => {} }) {
    return new Promise((done, fail) => {
      const request = http.request({ ...where, headers: { Connection: 'Upgrade', Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), ...headers } });
      request.on('error', fail);
      request.on('response', (response) => fail(new Error(`HTTP ${response.statusCode}`)));
      request.on('upgrade', (response, socket, head) => done(new WebSocketClient(socket, head, onText, onClose)));
      request.end();
    });
  }

  constructor(socket, head, onText, onClose) {
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', onClose);
    const take = (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      for (let frame; (frame = frameOf(this.#bytes)); ) {
        this.#bytes = frame.rest;
        this.#frame(frame, onText);
      }
    };
    socket.on('data', take);
    take(head);
  }

  #frame({ opcode, final, payload }, onText) {
    if (opcode === PING) this.#write(PONG, payload);
    else if (opcode === CLOSE) this.#socket.end();
    else if (opcode !== PONG) {
      this.#parts.push(payload);
      if (!final) return;
      const text = Buffer.concat(this.#parts).toString();
      this.#parts = [];
      onText(text);
    }
  }

  #write(opcode, payload) {
    const mask = randomBytes(4);
    const masked = Buffer.from(payload).map((byte, i) => byte ^ mask[i & 3]);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([header(opcode, masked.length), mask, masked]));
  }

  send(text) {
    this.#write(TEXT, Buffer.from(text));
  }

  /** As when the other program dies: no frame says so. */
  drop() {
    this.#socket.destroy();
  }
}
