// One test: a sandbox, a model, the daemon, a connected client; cleaned up however it ends.
//
//   CHECKREIN_BINARY   the executable under test
//   CHECKREIN_CACHE    where the pinned clients are kept
//   CHECKREIN_KEEP     set: the sandbox of a failed test is left for a look
//
// Exit codes: 0 passed, 1 failed, 77 skipped because something that is not ours is missing here.
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Claude } from './claude.mjs';
import { Codex } from './codex.mjs';
import { Copilot } from './copilot.mjs';
import { Gemini } from './gemini.mjs';
import { Gate } from './gate.mjs';
import { client, Missing, Unable } from './install.mjs';
import { Model } from './model.mjs';
import { Oauth, Oidc } from './oidc.mjs';
import { Opencode } from './opencode.mjs';
import { Sandbox } from './sandbox.mjs';
import { Terminal } from './terminal.mjs';
import { within } from './until.mjs';

const SOURCE = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const SCENARIO_MS = 120000;
const EXIT_SKIPPED = 77;

const CLIENTS = { gemini: Gemini, codex: Codex, opencode: Opencode, copilot: Copilot, oidc: Oidc, oauth: Oauth };

class World {
  #terminals = [];

  static async open({ pin = 'current' } = {}) {
    const installed = client(pin);
    const world = new World();
    world.sandbox = new Sandbox();
    world.model = await Model.start();
    world.client = CLIENTS[pin] ? pin : 'claude';
    const Client = CLIENTS[pin] ?? Claude;
    world[world.client] = new Client(world.sandbox, world.model, installed);
    world.gate = new Gate(world.sandbox, path.resolve(process.env.CHECKREIN_BINARY ?? 'checkrein'), SOURCE);
    return world;
  }

  /** What a new user does: start the daemon, connect the installed client. */
  async govern({ rules, connect = [] } = {}) {
    await this.gate.configure({ rules });
    await this.gate.serve();
    return this.gate.done('connect', this.client, ...(this[this.client].told ?? []), ...connect);
  }

  /** The console in a terminal of this size, with these options, showing the daemon as connected. */
  async console({ cols, rows, ...options }) {
    const name = `console-${cols}x${rows}`;
    const command = [this.gate.checkrein, '--config', this.gate.consoleConfig(name, options)];
    const terminal = new Terminal(this.sandbox, name, { cols, rows, command, cwd: this.sandbox.root });
    this.#terminals.push(terminal);
    await terminal.shows('LIVE');
    return terminal;
  }

  async screen(options) {
    return this.#keep(await this[this.client].screen(options));
  }

  /** Codex's, on the server of the test. */
  async remoteScreen() {
    return this.#keep(await this.codex.remote());
  }

  #keep(terminal) {
    this.#terminals.push(terminal);
    return terminal;
  }

  report() {
    const told = [`daemon: ${this.gate.log}`, `model: ${JSON.stringify(this.model.answers)}`,
      `told to the model: ${JSON.stringify(this.model.results)}`];
    for (const terminal of this.#terminals) {
      try {
        told.push(terminal.screen());
      } catch {
        told.push('(a screen is gone)');
      }
    }
    return told.join('\n');
  }

  async close({ failed }) {
    for (const terminal of this.#terminals) terminal.close();
    await this.sandbox.close({ keep: failed && process.env.CHECKREIN_KEEP });
    await this.model.stop();
  }
}

let worst = 0;
let waiting = 0;
let before = Promise.resolve();
let open = null; // the world of the test that runs now

async function run(name, body, options) {
  const from = Date.now();
  let failed = true;
  try {
    open = await World.open(options);
    await within(`scenario "${name}"`, body(open), options?.ms ?? SCENARIO_MS);
    await open.gate.finish();
    assert.deepEqual(open.model.strays, [], 'the client tried to leave the machine');
    failed = false;
    console.log(`ok    ${name} (${Date.now() - from} ms)`);
  } catch (error) {
    if (error instanceof Unable || (error instanceof Missing && process.env.CI !== 'true')) {
      console.log(`skip  ${name}: ${error.message}`);
      worst ||= EXIT_SKIPPED;
    } else {
      console.log(`FAIL  ${name}: ${error.stack}\n${open?.report() ?? ''}`);
      worst = 1;
    }
  }
  await open?.close({ failed });
  open = null;
  if (--waiting === 0) process.exit(worst);
}

/** Registers one test; those of a file run one after the other. Options: {pin, ms} */
export function scenario(name, body, options) {
  waiting++;
  before = before.then(() => run(name, body, options));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    await open?.close({ failed: false });
    process.exit(1);
  });
}
