// A model for tests: the Messages API of the real service on a loopback port, with every answer laid down by
// the test. A prompt carries the name of a play; each step of the play is what the model says next. So the
// main agent and its subagents each follow the play that their own prompt names, in any order.
//
// It is also the proxy that everything else would have to pass: what tries to leave the machine is refused and
// remembered in `strays`.
import http from 'node:http';
import { randomUUID } from 'node:crypto';

const NAMED = /<<play ([\w-]+)>>/;
const USAGE = {
  input_tokens: 1000, cache_creation_input_tokens: 200, cache_read_input_tokens: 3000, output_tokens: 50,
};

/** One call of a tool: a step is one of these, or several in an array. */
export const tool = (name, input) => ({ name, input });
export const shell = (command, more = {}) => tool('Bash', { command, description: 'a step of the test', ...more });

const parts = (message, type) =>
  Array.isArray(message.content) ? message.content.filter((part) => part.type === type) : [];
const textOf = (message) =>
  typeof message.content === 'string' ? message.content : parts(message, 'text').map((part) => part.text).join('\n');

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

// Where a conversation stands: the play of its newest prompt, and how many steps were answered since.
function placeOf(messages) {
  let name = null;
  let done = 0;
  for (const message of messages) {
    const named = message.role === 'user' ? NAMED.exec(textOf(message)) : null;
    if (named) [name, done] = [named[1], 0];
    else if (message.role === 'assistant' && parts(message, 'tool_use').length) done++;
  }
  return { name, done };
}

function contentOf(step) {
  const calls = Array.isArray(step) ? step : [step];
  return calls.map((call) => typeof call === 'string' ? { type: 'text', text: call }
    : { type: 'tool_use', id: `toolu_${randomUUID().replaceAll('-', '').slice(0, 24)}`, ...call });
}

function streamed(response, message, content) {
  const send = (type, data) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${randomUUID()}` });
  send('message_start', { message: { ...message, usage: { ...USAGE, output_tokens: 1 } } });
  content.forEach((block, index) => {
    const isText = block.type === 'text';
    const delta = isText ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    send('content_block_start', { index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } });
    send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
  });
  const stop_reason = content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
  send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: USAGE.output_tokens } });
  send('message_stop', {});
  response.end();
}

export class Model {
  plays = new Map();
  results = []; // {id, text, isError, at}: what the model was told of its calls, each once
  answers = []; // {play, step, calls, at}
  strays = [];
  #closed = null; // while a promise: answers wait for it
  #open = null;
  #server = http.createServer((request, response) => {
    this.#serve(request, response).catch((error) => response.destroy(error));
  });

  static async start() {
    const model = new Model();
    model.#server.on('connect', (request, socket) => {
      model.strays.push(request.url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise((done) => model.#server.listen(0, '127.0.0.1', done));
    model.url = `http://127.0.0.1:${model.#server.address().port}`;
    return model;
  }

  stop() {
    this.release();
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }

  /** Lays down what is said next, step by step; gives the prompt that asks for it. */
  play(name, ...steps) {
    this.plays.set(name, steps);
    return `Please do <<play ${name}>>.`;
  }

  /** From now on the model thinks until it is released: its next answer does not come before. */
  think() {
    this.#closed = new Promise((open) => {
      this.#open = open;
    });
  }

  release() {
    this.#open?.();
    this.#closed = null;
  }

  answersOf(play) {
    return this.answers.filter((answer) => answer.play === play);
  }

  async #serve(request, response) {
    const { pathname } = new URL(request.url, this.url);
    if (!request.url.startsWith('/')) this.strays.push(request.url);
    const body = await bodyOf(request);
    if (!pathname.startsWith('/v1/messages')) sendJson(response, request.method === 'HEAD' ? 200 : 404, {});
    else if (pathname.endsWith('/count_tokens')) sendJson(response, 200, { input_tokens: 1000 });
    else await this.#answer(response, JSON.parse(body));
  }

  async #answer(response, { messages, model, stream }) {
    const { name, done } = placeOf(messages);
    const step = this.plays.get(name)?.[done] ?? 'That is all.';
    this.#hear(messages);
    if (typeof step !== 'string') await this.#closed;
    const content = contentOf(step);
    const message = {
      id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model, content: [],
      stop_reason: null, stop_sequence: null,
    };
    this.answers.push({ play: name, step: done, calls: content, at: Date.now() });
    if (stream) streamed(response, message, content);
    else sendJson(response, 200, { ...message, content, stop_reason: 'end_turn', usage: USAGE });
  }

  // Every request repeats the whole conversation: what was heard before is not heard again.
  #hear(messages) {
    const known = new Set(this.results.map((result) => result.id));
    for (const result of messages.flatMap((message) => parts(message, 'tool_result'))) {
      if (known.has(result.tool_use_id)) continue;
      const text = textOf(result);
      this.results.push({ id: result.tool_use_id, text, isError: result.is_error === true, at: Date.now() });
    }
  }
}
