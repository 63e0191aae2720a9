// The real Gemini CLI in a sandbox: its own home, a key that is worth nothing, the scripted model as its service and
// as the proxy for everything else.
import fs from 'node:fs';
import path from 'node:path';
import { tool } from './model.mjs';
import { Terminal } from './terminal.mjs';
import { until, within } from './until.mjs';

export const KEY = 'not-a-key-of-anybody-0000000000000000000';
/** A call of its shell. */
export const command = (line, more = {}) =>
  tool('run_shell_command', { command: line, description: 'a step of the test', ...more });

const MODEL = ['-m', 'gemini-2.5-flash'];

// What a person has set: nothing leaves the machine, and the folder is one that was said to be trusted.
const SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' } },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  ui: { hideTips: true },
};

export class Gemini {
  #sandbox;
  #model;

  constructor(sandbox, model, { binary, version, node }) {
    this.#sandbox = sandbox;
    this.#model = model;
    this.version = version;
    this.config = sandbox.path('home/.gemini');
    this.settings = path.join(this.config, 'settings.json');
    this.policy = path.join(this.config, 'policies/checkrein.toml');
    // Both for the client and for `checkrein connect`, which asks the installed client for its version.
    this.binary = sandbox.path('bin/gemini');
    fs.mkdirSync(path.dirname(this.binary));
    fs.writeFileSync(this.binary, `#!/bin/sh\nexec '${node}' '${binary}' "$@"\n`, { mode: 0o755 });
    sandbox.env.PATH = `${path.dirname(this.binary)}:${sandbox.env.PATH}`;
    fs.mkdirSync(this.config, { mode: 0o700 });
    fs.writeFileSync(this.settings, `${JSON.stringify(SETTINGS, null, 2)}\n`);
    this.trust(sandbox.project);
  }

  /** What `connect` would find out by starting it, which takes two seconds of a processor; that it does is tested once. */
  get told() {
    return ['--runtime-version', this.version];
  }

  /** What the client writes when its question whether a folder is trusted was answered. */
  trust(folder, level = 'TRUST_FOLDER') {
    const file = path.join(this.config, 'trustedFolders.json');
    const known = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};
    fs.writeFileSync(file, JSON.stringify({ ...known, [folder]: level }));
  }

  get env() {
    return {
      GEMINI_API_KEY: KEY,
      GOOGLE_GEMINI_BASE_URL: this.#model.url,
      GEMINI_CLI_NO_RELAUNCH: 'true', // else the client is a child of what was started
      HTTP_PROXY: this.#model.url,
      HTTPS_PROXY: this.#model.url,
      NO_PROXY: '127.0.0.1,localhost',
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. `finished()` gives {code, signal, err, result}. */
  start(prompt, { args = [], wrap = [], cwd, env = {} } = {}) {
    const [program, ...all] = [...wrap, this.binary, ...MODEL, '-p', prompt, '--output-format', 'json', ...args];
    const started = this.#sandbox.start(program, all, { cwd, env: { ...this.env, ...env } });
    const finished = async (ms = 60000) => {
      const ended = await within('the agent has finished', started.ended, ms);
      const [json] = /^\{\n[^]*?\n\}$/m.exec(ended.out) ?? ['null']; // warnings may stand before and after it
      return { ...ended, result: JSON.parse(json) };
    };
    return { pid: started.pid, ended: started.ended, seen: started.seen, finished };
  }

  /** A headless run from its start to its end. */
  run(prompt, options) {
    return this.start(prompt, options).finished();
  }

  /** The client's own full screen. */
  async screen({ args = [], cols = 120, rows = 40 } = {}) {
    const command = [this.binary, ...MODEL, ...args];
    const terminal = new Terminal(this.#sandbox, 'gemini', { cols, rows, command, env: this.env });
    await terminal.shows('Type your message');
    return terminal;
  }

  /** Types a prompt into that screen and sends it: Enter right after letters is taken for a line of a pasted text. */
  async ask(terminal, prompt) {
    terminal.type(prompt);
    await terminal.shows(prompt.slice(0, 30));
    const [, play] = prompt.match(/<<play ([\w-]+)>>/);
    await until('the prompt is sent', () => {
      if (this.#model.answersOf(play).length) return true;
      terminal.press('Enter'); // not once it was sent: that would answer the client's own question
      return false;
    }, { every: 1500 });
  }
}
