// The real Codex in a sandbox: its own home, a key that is worth nothing, the scripted model as its service and as the
// proxy for everything else. Its server is ended by SIGKILL: told by SIGTERM, it first waits for its turns.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tool } from './model.mjs';
import { Terminal } from './terminal.mjs';
import { until, within } from './until.mjs';
import { WebSocketClient } from './websocket.mjs';

const PORTS = { from: 20000, count: 12000 }; // below the range that the kernel hands out by itself
const MCP_SERVER = fileURLToPath(new URL('mcp_server.mjs', import.meta.url));
const KEY = 'not-a-key-of-anybody-0000000000000000000';

/** A command that leaves the sandbox, and so asks. */
export const command = (cmd, more = {}) => tool('exec_command', {
  cmd, login: false, yield_time_ms: 20000, sandbox_permissions: 'require_escalated', justification: 'a step of the test', ...more,
});
/** A command that stays inside the sandbox, and so does not ask. */
export const inside = (cmd, more = {}) => tool('exec_command', { cmd, login: false, yield_time_ms: 20000, ...more });
export const patch = (...lines) => tool('apply_patch', ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n'));

/** Of the server of tools that ASKING names. */
export const mcp = (name, input = {}) => ({ ...tool(name, input), namespace: 'mcp__lab' });
/** What asks more of a person than an ordinary Codex: questions, permissions, and a server of tools. */
export const ASKING = {
  features: 'request_permissions_tool = true\ndefault_mode_request_user_input = true\nexec_permission_approvals = true',
  more: `[mcp_servers.lab]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(MCP_SERVER)}]`,
};

/** A request for this command, as checkrein shows it. */
export const asked = (gate, cmd) => gate.approval(`"${cmd}" is asked for`, (request) => request['action.summary'] === cmd);
/** Steps of an agent that has a helper with this task; the model that can is HELPED. Its helper's commands are run by a
 * script. */
export const HELPED = 'gpt-6-sol';
const from = (namespace, call) => ({ ...call, namespace });
export const helper = (task) => [
  from('collaboration', tool('spawn_agent', { task_name: 'a_helper', message: task, fork_turns: 'none' })),
  from('collaboration', tool('wait_agent', { timeout_ms: 60000 })),
];
export const scripted = (call) => from('functions', tool('exec', `text(await tools.exec_command(${JSON.stringify(call.input)}));`));
export const ACCEPT = { decision: 'accept' };
export const DECLINE = { decision: 'decline' };
export const isApproval = (message) => /requestApproval$/.test(message.method);

const threadOf = (message) => message.params?.threadId;

/** One connection of a program of the user's: it starts threads and turns, and hears what its threads are asked. */
export class User {
  asks = []; // requests of the server
  seen = []; // its notifications
  #socket;
  #id = 0;
  #answers = new Map();

  static async open(where, headers, name = 'a-client-of-the-user') {
    const user = new User();
    user.#socket = await WebSocketClient.open(where, { headers, onText: (text) => user.#take(JSON.parse(text)) });
    await user.call('initialize', { clientInfo: { name, title: name, version: '1' }, capabilities: { experimentalApi: true } });
    user.#send({ method: 'initialized' });
    return user;
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #take(message) {
    if (message.method) (message.id === undefined ? this.seen : this.asks).push(message);
    else this.#answers.get(message.id)?.(message);
  }

  async call(method, params = {}) {
    const id = ++this.#id;
    const answer = new Promise((done) => this.#answers.set(id, done));
    this.#send({ id, method, params });
    const { result, error } = await within(`an answer to ${method}`, answer);
    assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async thread(cwd, more = {}) {
    return (await this.call('thread/start', { cwd, ...more })).thread.id;
  }

  async turn(threadId, text, more = {}) {
    return (await this.call('turn/start', { threadId, input: [{ type: 'text', text }], ...more })).turn.id;
  }

  note(what, method, fits = () => true) {
    return until(what, () => this.seen.find((one) => one.method === method && fits(one.params)));
  }

  /** How a turn ended: "completed", "interrupted", "failed". */
  async ended(turnId) {
    const { params } = await this.note('the turn ends', 'turn/completed', ({ turn }) => turn.id === turnId);
    return params.turn.status;
  }

  isOpen(ask) {
    return !this.seen.some(({ method, params }) => method === 'serverRequest/resolved' && params.requestId === ask.id);
  }

  ask(what, fits = () => true) {
    return until(what, () => this.asks.find((one) => this.isOpen(one) && fits(one)));
  }

  answer(ask, result) {
    this.#send({ id: ask.id, result });
  }

  /** Tells the server whose request it was, and what became of it. */
  closed(ask) {
    return this.note('the request is closed', 'serverRequest/resolved', ({ requestId, threadId }) =>
      requestId === ask.id && threadId === threadOf(ask));
  }

  drop() {
    this.#socket.drop();
  }
}

/** A loopback port before the server's: what passes can be cut, and what a client greets with is kept. */
export class Relay {
  heads = [];
  onBytes = null; // what the server sends
  #pairs = new Set();

  static async open(port) {
    const relay = new Relay();
    relay.#server = net.createServer((client) => relay.#pass(client, port)).listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    relay.port = relay.#server.address().port;
    return relay;
  }

  #server;

  #pass(client, port) {
    const server = net.connect(port, '127.0.0.1');
    this.#pairs.add(client);
    client.once('data', (bytes) => this.heads.push(bytes.toString('latin1')));
    for (const [from, to] of [[client, server], [server, client]]) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    server.on('data', (bytes) => this.onBytes?.(bytes));
    client.on('close', () => this.#pairs.delete(client));
  }

  cut() {
    for (const client of this.#pairs) client.destroy();
  }

  close() {
    this.cut();
    this.#server.close();
  }
}

async function freePort() {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const isFree = await new Promise((done) => {
      const probe = net.createServer().once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (isFree) return port;
  }
}

export class Codex {
  #sandbox;
  #model;
  #server = null;

  constructor(sandbox, model, { binary, version }) {
    this.#sandbox = sandbox;
    this.#model = model;
    this.binary = binary;
    this.version = version;
    this.home = sandbox.path('home/.codex');
    this.tokenFile = sandbox.write('home/.config/checkrein/codex.token', 'a-token-of-this-test\n');
    fs.chmodSync(this.tokenFile, 0o600);
    fs.mkdirSync(this.home, { mode: 0o700 });
    this.configure();
  }

  /** What a person has set: nothing leaves the machine, and what leaves the sandbox is asked for. */
  configure({ key = `env_key = "FAKE_KEY"`, features = '', more = '' } = {}) {
    fs.writeFileSync(path.join(this.home, 'config.toml'), `
model = "gpt-5.5"
model_provider = "fake"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
check_for_update_on_startup = false
[sandbox_workspace_write]
exclude_slash_tmp = true
exclude_tmpdir_env_var = true
[analytics]
enabled = false
[tui]
show_tooltips = false
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
[features]
plugins = false
apps = false
${features}
[model_providers.fake]
name = "Fake"
base_url = "${this.#model.url}/v1"
wire_api = "responses"
supports_websockets = false
${key}
request_max_retries = 1
stream_max_retries = 1
[projects."${this.#sandbox.project}"]
trust_level = "trusted"
${more}
`);
  }

  get env() {
    return {
      CODEX_HOME: this.home,
      FAKE_KEY: KEY,
      HTTP_PROXY: this.#model.url,
      HTTPS_PROXY: this.#model.url,
      NO_PROXY: '127.0.0.1,localhost',
      TERM: 'xterm-256color',
    };
  }

  get pid() {
    return this.#server?.pid;
  }

  get log() {
    return this.#server?.seen.err ?? '';
  }

  /** For checkrein.ini. */
  get backend() {
    return this.socket ? { kind: 'codex', url: `unix:${this.socket}` }
      : { kind: 'codex', url: `ws://127.0.0.1:${this.port}/`, token_file: this.tokenFile };
  }

  async #start(listen, isUp) {
    this.#server = this.#sandbox.start(this.binary, ['app-server', ...listen], { env: this.env });
    const up = until('the server listens', isUp);
    const came = await Promise.race([up, this.#server.ended]);
    assert.equal(came, true, `the server ended at once: ${this.log}`);
  }

  /** Its server on a loopback port, behind a token. */
  async serve() {
    this.port ??= await freePort();
    const listen = ['--listen', `ws://127.0.0.1:${this.port}`, '--ws-auth', 'capability-token', '--ws-token-file', this.tokenFile];
    await this.#start(listen, () => fetch(`http://127.0.0.1:${this.port}/readyz`).then(({ ok }) => ok, () => false));
  }

  /** Its server on a Unix socket, as its own clients use it. */
  async serveUnix() {
    this.socket = this.#sandbox.path('run/codex.sock');
    await this.#start(['--listen', `unix://${this.socket}`], () => fs.existsSync(this.socket));
  }

  /** What its background server would be reached at. */
  get controlSocket() {
    return path.join(this.home, 'app-server-control/app-server-control.sock');
  }

  /** Its server, what checkrein is told of it, and a client of the user's. */
  async begin(gate, options = {}) {
    this.configure(options);
    await this.serve();
    gate.backend = this.backend;
    await gate.configure();
    return this.user();
  }

  async kill() {
    process.kill(this.pid, 'SIGKILL');
    await within('the server is gone', this.#server.ended);
  }

  user(name) {
    const where = this.socket ? { socketPath: this.socket } : { host: '127.0.0.1', port: this.port };
    const token = fs.readFileSync(this.tokenFile, 'utf8').trim();
    return User.open(where, { Authorization: `Bearer ${token}` }, name);
  }

  /** The client's own full screen. */
  async screen({ args = [], cols = 120, rows = 40 } = {}) {
    const env = { ...this.env, CODEX_TOKEN: fs.readFileSync(this.tokenFile, 'utf8').trim() };
    this.#model.known.add('raw.githubusercontent.com:443'); // what is new: no setting switches that off
    const terminal = new Terminal(this.#sandbox, 'codex', { cols, rows, command: [this.binary, ...args], env });
    await terminal.shows(this.#sandbox.project); // its greeting is complete
    return terminal;
  }

  /** On the server of this test. */
  remote() {
    return this.screen({ args: ['--remote', `ws://127.0.0.1:${this.port}`, '--remote-auth-token-env', 'CODEX_TOKEN'] });
  }

  /** Types a prompt into that screen and sends it. */
  async ask(terminal, prompt) {
    terminal.type(prompt);
    await terminal.shows(prompt.slice(0, 30));
    terminal.press('Enter');
  }
}
