// The real client in a sandbox: its own configuration folder, a key that is worth nothing, the scripted model
// as its service and as the proxy for everything else.
import fs from 'node:fs';
import path from 'node:path';
import { Terminal } from './terminal.mjs';
import { within } from './until.mjs';

// The client's own permissions let everything run that the plays ask for: what holds a call is the gate alone.
const ALLOWED = ['--allowedTools', 'Bash', 'Write', 'Edit', 'Read', 'Agent'];
const KEY = 'sk-ant-test-0000000000000000000000000000';

export class Claude {
  #sandbox;
  #model;

  constructor(sandbox, model, { binary, version }) {
    this.#sandbox = sandbox;
    this.#model = model;
    this.version = version;
    this.binary = sandbox.path('bin/claude');
    this.config = sandbox.path('home/.claude');
    this.settings = path.join(this.config, 'settings.json');
    fs.mkdirSync(path.dirname(this.binary));
    fs.symlinkSync(binary, this.binary);
    fs.mkdirSync(this.config);
    // Both for the client and for `checkrein connect`, which asks the installed client for its version.
    sandbox.env.PATH = `${path.dirname(this.binary)}:${sandbox.env.PATH}`;
    sandbox.env.CLAUDE_CONFIG_DIR = this.config;
  }

  get env() {
    return {
      CLAUDE_CODE_TMPDIR: this.#sandbox.path('tmp'),
      ANTHROPIC_BASE_URL: this.#model.url,
      ANTHROPIC_API_KEY: KEY,
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
      HTTP_PROXY: this.#model.url,
      HTTPS_PROXY: this.#model.url,
      NO_PROXY: '127.0.0.1,localhost',
      IS_SANDBOX: '1', // lets the test of bypassPermissions run as root
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. `finished()` gives {code, signal, err, result}. */
  start(prompt, { args = [], wrap = [], cwd } = {}) {
    const [program, ...all] = [...wrap, this.binary, '-p', prompt, '--output-format', 'json', ...ALLOWED, ...args];
    const started = this.#sandbox.start(program, all, { cwd, env: this.env });
    const finished = async (ms = 60000) => {
      const ended = await within('the agent has finished', started.ended, ms);
      return { ...ended, result: ended.out.trim() ? JSON.parse(ended.out) : null };
    };
    return { pid: started.pid, ended: started.ended, seen: started.seen, finished };
  }

  /** A headless run from its start to its end. */
  run(prompt, options) {
    return this.start(prompt, options).finished();
  }

  /** The client's own full screen, past all questions of a first start. */
  async screen({ args = [], cols = 120, rows = 40 } = {}) {
    const { project } = this.#sandbox;
    fs.writeFileSync(path.join(this.config, '.claude.json'), JSON.stringify({
      hasCompletedOnboarding: true,
      lastOnboardingVersion: this.version,
      theme: 'dark',
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    }));
    const command = [this.binary, ...ALLOWED, ...args];
    const terminal = new Terminal(this.#sandbox, 'claude', { cols, rows, command, env: this.env });
    await terminal.shows(/^\s*[❯>]/m);
    return terminal;
  }

  /** Types a prompt into that screen and sends it. */
  async ask(terminal, prompt) {
    terminal.type(prompt);
    await terminal.shows(prompt.slice(0, 30));
    terminal.press('Enter');
  }
}
