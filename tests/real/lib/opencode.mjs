// The real opencode in a sandbox: its own home, a key that is worth nothing, the scripted model as its service and as the
// proxy for everything else. Its catalogue of models is the one that it carries.
import fs from 'node:fs';
import path from 'node:path';
import { tool } from './model.mjs';
import { Terminal } from './terminal.mjs';
import { within } from './until.mjs';

/** A call of its shell. */
export const bash = (command) => tool('bash', { command, description: 'a step of the test' });

export class Opencode {
  #sandbox;
  #model;

  constructor(sandbox, model, { binary, version }) {
    this.#sandbox = sandbox;
    this.#model = model;
    this.version = version;
    this.binary = sandbox.path('bin/opencode');
    this.config = sandbox.path('home/.config/opencode');
    this.logins = sandbox.path('home/.local/share/opencode/auth.json');
    for (const file of [this.binary, this.logins, path.join(this.config, 'x')]) fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.symlinkSync(binary, this.binary);
    model.known.add('registry.npmjs.org:443'); // its plugins' library: no setting switches that off
    this.configure({ model: 'anthropic/claude-sonnet-4-5' });
  }

  /** What a person has set. */
  configure(settings) {
    const given = { autoupdate: false, share: 'disabled', permission: { '*': 'allow' }, ...settings };
    fs.writeFileSync(path.join(this.config, 'opencode.json'), JSON.stringify({ small_model: given.model, ...given }));
  }

  get env() {
    return {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      HTTP_PROXY: this.#model.url,
      HTTPS_PROXY: this.#model.url,
      NO_PROXY: '127.0.0.1,localhost',
      TERM: 'xterm-256color',
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. `finished()` gives {code, signal, out, err}. */
  start(prompt, { args = [], wrap = [], cwd } = {}) {
    const [program, ...all] = [...wrap, this.binary, 'run', '--format', 'json', ...args, prompt];
    const started = this.#sandbox.start(program, all, { cwd, env: this.env });
    return { ...started, finished: () => within('the agent has finished', started.ended, 120000) };
  }
}
