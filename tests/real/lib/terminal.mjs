// A terminal of its own for a full-screen program: tmux on a private socket, keys in, screen out.
import { execFileSync } from 'node:child_process';
import { Missing } from './install.mjs';
import { until } from './until.mjs';

export class Terminal {
  #socket;
  #env;

  constructor(sandbox, name, { cols, rows, command, env = {}, cwd = sandbox.project }) {
    this.#socket = sandbox.path(`${name}.tmux`);
    this.#env = { ...sandbox.env, TERM: 'xterm-256color' };
    const inside = { ...sandbox.env, ...env, TERM: 'screen-256color' };
    const words = Object.entries(inside).map(([key, value]) => `${key}=${value}`);
    try {
      this.#tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'test', '-x', `${cols}`, '-y', `${rows}`, '-c', cwd,
        'env', '-i', ...words, ...command);
    } catch (error) {
      throw error.code === 'ENOENT' ? new Missing('tmux is not installed') : error;
    }
    this.#tmux('set-option', '-g', 'remain-on-exit', 'on');
  }

  #tmux(...args) {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8', env: this.#env, stdio: 'pipe' });
  }

  /** The rows of the screen as text. */
  screen() {
    return this.#tmux('capture-pane', '-p', '-t', 'test');
  }

  /** Keys by tmux's names: 'a', 'Enter', 'Escape'. */
  press(...keys) {
    this.#tmux('send-keys', '-t', 'test', ...keys);
  }

  type(text) {
    this.#tmux('send-keys', '-t', 'test', '-l', '--', text);
  }

  async shows(what, { ms, every = 20 } = {}) {
    const wanted = what instanceof RegExp ? (text) => what.exec(text) : (text) => text.includes(what);
    try {
      return await until(`the screen shows ${what}`, () => wanted(this.screen()), { ms, every });
    } catch (error) {
      throw new Error(`${error.message}\n${this.screen()}`);
    }
  }

  /** Presses the key until the screen shows what it is for: a key on a row that has just appeared is not taken. */
  async insist(key, what) {
    await until(`"${key}" shows ${what}`, async () => {
      const before = this.screen();
      if (before.includes(what)) return true;
      this.press(key);
      await until('the screen changes', () => this.screen() !== before);
      return false;
    }, { every: 300 });
  }

  close() {
    try {
      this.#tmux('kill-server');
    } catch {
      // it has ended by itself
    }
  }
}
