// The real Copilot CLI in a sandbox, offline: its own home, a key that is worth nothing, the scripted model as its
// service and as the proxy for everything else. What a person starts is a script of Node, and the client its child.
import fs from 'node:fs';
import path from 'node:path';
import { tool } from './model.mjs';
import { within } from './until.mjs';

/** A call of its shell. */
export const bash = (command) => tool('bash', { command, description: 'a step of the test' });

export class Copilot {
  #sandbox;
  #model;

  constructor(sandbox, model, { binary, version, node }) {
    this.#sandbox = sandbox;
    this.#model = model;
    this.version = version;
    this.home = sandbox.path('home/.copilot');
    this.binary = sandbox.path('bin/copilot');
    fs.mkdirSync(path.dirname(this.binary));
    fs.writeFileSync(this.binary, `#!/bin/sh\nexec '${node}' '${binary}' "$@"\n`, { mode: 0o755 });
  }

  get env() {
    return {
      COPILOT_HOME: this.home,
      COPILOT_AUTO_UPDATE: 'false',
      COPILOT_MODEL: 'gpt-4.1',
      HTTP_PROXY: this.#model.url,
      HTTPS_PROXY: this.#model.url,
      NO_PROXY: '127.0.0.1,localhost',
      TERM: 'xterm-256color',
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. `finished()` gives {code, signal, out, err}. */
  start(prompt, { args = [], wrap = [], cwd } = {}) {
    const [program, ...all] = [...wrap, this.binary, '-p', prompt, '--allow-all', '--output-format', 'json', ...args];
    const started = this.#sandbox.start(program, all, { cwd, env: this.env });
    return { ...started, finished: () => within('the agent has finished', started.ended, 60000) };
  }
}
