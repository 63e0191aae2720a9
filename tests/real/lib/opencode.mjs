// The real opencode in a sandbox: its own home, a key that is worth nothing, the scripted model as its service and as the
// proxy for everything else. Its catalogue of models is the one that it carries.
import fs from 'node:fs';
import path from 'node:path';
import { headless, proxied } from './headless.mjs';

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
      ...proxied(this.#model),
    };
  }

  /** A headless run of one prompt, under the words of `wrap`. */
  start(prompt, { args = [], wrap = [], cwd } = {}) {
    const words = [...wrap, this.binary, 'run', '--format', 'json', ...args, prompt];
    return headless(this.#sandbox, words, { cwd, env: this.env, ms: 120000 });
  }
}
