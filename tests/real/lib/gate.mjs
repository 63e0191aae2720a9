// The daemon as a user runs it, and the command line that goes with it. Socket, token, record and rules are
// where checkrein puts them by itself; only the port is chosen, so that tests can run side by side.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { isAlive } from './sandbox.mjs';
import { until, within } from './until.mjs';

const PORTS = { from: 20000, count: 12000 }; // below the range that the kernel hands out by itself

const LOOK_MS = 60;

/** One section of an ini file. */
export function section(name, pairs) {
  const lines = Object.entries(pairs).map(([key, value]) => `${key} = ${value}`);
  return [`[${name}]`, ...lines, '', ''].join('\n');
}

function isFree(port) {
  return new Promise((done) => {
    const probe = net.createServer().once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

export async function freePort() {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return port;
  }
}

export class Gate {
  #sandbox;
  #daemon = null;

  constructor(sandbox, checkrein, source) {
    this.#sandbox = sandbox;
    this.checkrein = checkrein;
    this.config = path.join(sandbox.env.XDG_CONFIG_HOME, 'checkrein/checkrein.ini');
    this.policy = path.join(sandbox.env.XDG_CONFIG_HOME, 'checkrein/policy.ini');
    this.record = path.join(sandbox.env.XDG_STATE_HOME, 'checkrein/daemon');
    this.socket = path.join(sandbox.env.XDG_RUNTIME_DIR, 'checkrein/checkrein.sock');
    this.themes = path.join(source, 'themes');
    /** What consoles and verbs connect to. */
    this.backend = { kind: 'checkrein', url: `unix:${this.socket}` };
  }

  get pid() {
    return this.#daemon?.pid;
  }

  get log() {
    return this.#daemon?.seen.err ?? '';
  }

  async configure({ rules } = {}) {
    this.port ??= await freePort();
    fs.writeFileSync(this.config, section('serve', { hook_port: this.port }) + this.#backend());
    if (rules !== undefined) fs.writeFileSync(this.policy, rules);
  }

  #backend() {
    return section('backend gate', this.backend);
  }

  /** The configuration of one console: each keeps a record of its own. */
  consoleConfig(name, options) {
    const journal = this.#sandbox.path('home/.local/state', name);
    const own = section('console', { theme: path.join(this.themes, 'dark.ini'), journal, ...options });
    return this.#sandbox.write(`home/.config/checkrein/${name}.ini`, own + this.#backend());
  }

  /** Starts the daemon and waits until its doors are open. */
  async serve() {
    const daemon = this.#sandbox.start(this.checkrein, ['serve', '--ready-fd', '3'], {
      cwd: this.#sandbox.root, stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const ready = new Promise((done) => daemon.child.stdio[3].on('data', () => done(true)));
    this.#daemon = daemon;
    const came = await within('the daemon is ready', Promise.race([ready, daemon.ended]));
    assert.equal(came, true, `the daemon ended at once: ${this.log}`);
  }

  signal(name) {
    process.kill(this.pid, name);
  }

  /** Ends the daemon with this signal; gives how it ended. */
  async end(signal) {
    this.signal(signal);
    return within(`the daemon ends by ${signal}`, this.#daemon.ended);
  }

  /** Whatever a test did to it: a daemon that still runs ends cleanly when it is told to, and nothing ran undecided. */
  async finish() {
    if (this.#daemon && isAlive(this.pid)) {
      const { code, err } = await this.end('SIGTERM');
      assert.equal(code, 0, `the daemon did not end cleanly: ${err}`);
    }
    if (fs.existsSync(this.record)) await this.verify();
  }

  run(...args) {
    return this.#sandbox.run(this.checkrein, args, { cwd: this.#sandbox.root });
  }

  async done(...args) {
    const ran = await this.run(...args);
    assert.equal(ran.code, 0, `checkrein ${args.join(' ')}: ${ran.code}: ${ran.out}${ran.err}`);
    return ran.out;
  }

  async status() {
    return JSON.parse(await this.done('status', '--json'));
  }

  /** The first waiting request that fits. */
  approval(what, fits = () => true) {
    return until(what, async () => (await this.status()).approvals.find(fits), { every: LOOK_MS });
  }

  asked(command) {
    return this.approval(`"${command}" is asked for`, (request) => inputOf(request).command === command);
  }

  agent(what, fits) {
    return until(what, async () => (await this.status()).agents.find(fits), { every: LOOK_MS });
  }

  approve(request, ...more) {
    return this.run('approve', request['approval.id'], '--digest', request['action.digest'], ...more);
  }

  deny(request, reason) {
    return this.run('deny', request['approval.id'], '--reason', reason);
  }

  /** Events as they come, on a connection of its own: their data, with their type. */
  async watch() {
    const { seen } = this.#sandbox.start(this.checkrein, ['watch', '--json'], { cwd: this.#sandbox.root });
    const told = () => seen.out.split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line))
      .map(({ type, data }) => ({ type: type.replace('dev.checkrein.', ''), ...data }));
    const watch = {
      told,
      of: (type) => told().filter((event) => event.type === type),
      event: (what, type, fits = () => true) => until(what, () => watch.of(type).find(fits)),
    };
    await watch.event('the connection is live', 'backend.link', (event) => event['backend.link'] === 'live');
    return watch;
  }

  /** All lines of the daemon's record, in order. */
  lines() {
    const segments = fs.readdirSync(this.record).filter((name) => name.endsWith('.jsonl')).sort();
    const text = segments.map((name) => fs.readFileSync(path.join(this.record, name), 'utf8')).join('');
    return text.split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
  }

  /** Events of the record of this type: their data, with the time. */
  events(type) {
    return this.lines().filter((line) => line.k === 'event' && line.event.type === `dev.checkrein.${type}`)
      .map((line) => ({ at: Date.parse(line.t), ...line.event.data }));
  }

  event(what, type, fits = () => true) {
    return until(what, () => this.events(type).find(fits));
  }

  /** The record proves itself: no line was changed, and what the daemon signed is whole. */
  verify() {
    return this.done('verify', this.record);
  }
}

/** The input that a request would run with, from the exact text that is approved. */
export const inputOf = (request) => JSON.parse(request.action).input;
