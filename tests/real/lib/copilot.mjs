// The real Copilot CLI in a sandbox, offline: its own home, a key that is worth nothing, the scripted model as its
// service and as the proxy for everything else. What a person starts is a script of Node, and the client its child.
import fs from 'node:fs';
import path from 'node:path';
import { headless, proxied } from './headless.mjs';

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
      ...proxied(this.#model),
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. */
  start(prompt, { args = [], wrap = [], cwd } = {}) {
    const words = [...wrap, this.binary, '-p', prompt, '--allow-all', '--output-format', 'json', ...args];
    return headless(this.#sandbox, words, { cwd, env: this.env, ms: 60000 });
  }
}
