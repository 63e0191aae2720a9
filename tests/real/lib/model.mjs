// A model for tests: the real services' interfaces on a loopback port, with every answer laid down by the test. A
// prompt carries the name of a play; each step of the play is what the model says next. So the main agent and its
// subagents each follow the play that their own prompt names, in any order.
//
// It is also the proxy that everything else would have to pass: what tries to leave the machine is refused and
// remembered in `strays`.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { sendJson } from './send.mjs';
import * as chat from './chat_api.mjs';
import * as gemini from './gemini_api.mjs';
import * as messages from './messages_api.mjs';
import * as responses from './responses_api.mjs';

const NAMED = /<<play ([\w-]+)>>/;
const APIS = [messages, gemini, responses, chat];
const TICK_MS = 10;

/** One call of a tool: a step is one of these, or several in an array. */
export const tool = (name, input) => ({ name, input });
export const shell = (command, more = {}) => tool('Bash', { command, description: 'a step of the test', ...more });

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// Where a conversation stands: the play of its newest prompt, and how many steps were answered since.
function placeOf(turns) {
  let name = null;
  let done = 0;
  for (const turn of turns) {
    const named = turn.isModel ? null : NAMED.exec(turn.text);
    if (named) [name, done] = [named[1], 0];
    else if (turn.isModel && turn.calls) done++;
  }
  return { name, done };
}

export class Model {
  plays = new Map();
  results = []; // {id, text, isError, at}: what the model was told of its calls, each once
  answers = []; // {play, step, calls, at}
  strays = [];
  known = new Set(); // what is tried in any case, refused all the same, and no stray
  heads = []; // headers of the requests for an answer
  told = []; // what each answer told of tokens
  says = {}; // headers of the answers
  #refusals = { status: 0, left: 0 };
  #cuts = 0;
  #stalls = 0;
  stalled = []; // answers that begin and come to no end: {ended}, the time of it
  #closed = null; // while a promise: answers wait for it
  #open = null;
  #server = http.createServer((request, response) => {
    this.#serve(request, response).catch((error) => response.destroy(error));
  });

  static async start() {
    const model = new Model();
    model.#server.on('connect', (request, socket) => {
      if (!model.known.has(request.url)) model.strays.push(request.url);
      socket.on('error', () => socket.destroy()); // who is refused may go away first
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

  /** The next so many requests for an answer are refused with this HTTP status. */
  refuse(status, times) {
    this.#refusals = { status, left: times };
  }

  /** The next so many answers break off before anything is said. */
  cut(times) {
    this.#cuts = times;
  }

  /** The next so many answers begin, go on and on, and come to no end. */
  stall(times) {
    this.#stalls = times;
  }

  get refusalsLeft() {
    return this.#refusals.left;
  }

  answersOf(play) {
    return this.answers.filter((answer) => answer.play === play);
  }

  async #serve(request, response) {
    const { pathname } = new URL(request.url, this.url);
    if (!request.url.startsWith('/')) this.strays.push(request.url);
    const body = await bodyOf(request);
    const api = APIS.find((one) => one.serves(pathname));
    if (!api) sendJson(response, request.method === 'HEAD' ? 200 : 404, {});
    else if (!this.#beside(api, response, pathname, body)) await this.#turn(api, request, response, pathname, body);
  }

  #beside(api, response, pathname, body) {
    const told = api.aside(response, pathname, body);
    if (told) this.told.push(told);
    return told;
  }

  async #turn(api, request, response, pathname, body) {
    this.heads.push(request.headers);
    for (const [name, value] of Object.entries(this.says)) response.setHeader(name, value);
    if (this.#refusals.left > 0) this.#refuse(response);
    else if (this.#cuts > 0) this.#cut(response);
    else if (this.#stalls > 0) this.#stall(api, response, pathname, JSON.parse(body));
    else await this.#answer(api, response, pathname, JSON.parse(body));
  }

  #cut(response) {
    this.#cuts--;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': begun\n\n', () => response.destroy());
  }

  #stall(api, response, pathname, body) {
    this.#stalls--;
    const say = api.begin(response, pathname, body);
    const stalled = { ended: 0, told: api.TOLD_BEGUN };
    const timer = setInterval(() => say('and so on '), TICK_MS);
    this.stalled.push(stalled);
    response.on('close', () => {
      clearInterval(timer);
      stalled.ended = performance.now();
    });
  }

  #refuse(response) {
    const { status } = this.#refusals;
    this.#refusals.left--;
    const error = { type: status === 529 ? 'overloaded_error' : 'invalid_request_error', message: 'refused by the test' };
    sendJson(response, status, { type: 'error', error });
  }

  async #answer(api, response, pathname, body) {
    const turns = api.turnsOf(body);
    const { name, done } = placeOf(turns);
    const step = this.plays.get(name)?.[done] ?? 'That is all.';
    this.#hear(turns);
    if (typeof step !== 'string') await this.#closed;
    const content = [step].flat().map((one) => typeof one === 'string' ? { type: 'text', text: one }
      : { type: 'tool_use', id: `toolu_${randomUUID().replaceAll('-', '').slice(0, 24)}`, ...one });
    this.answers.push({ play: name, step: done, calls: content, at: Date.now() });
    this.told.push(api.send(response, pathname, body, content));
  }

  // Every request repeats the whole conversation: what was heard before is not heard again.
  #hear(turns) {
    const known = new Set(this.results.map((result) => result.id));
    for (const result of turns.flatMap((turn) => turn.results)) {
      if (!known.has(result.id)) this.results.push({ ...result, at: Date.now() });
    }
  }
}
